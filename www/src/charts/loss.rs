//! The loss curve, drawn with plotters while a model learns and after.

use plotters::prelude::*;

use super::{Drawing, Palette, rgb, svg};
use crate::state::LossPoint;

/// The words of the drawing.
pub(crate) struct LossWords<'a> {
    /// Names the axis across.
    pub(crate) epoch: &'a str,
    /// Names the axis upwards.
    pub(crate) loss: &'a str,
    /// The legend's first line.
    pub(crate) train: &'a str,
    /// The legend's second line.
    pub(crate) valid: &'a str,
}

const SIZE: (u32, u32) = (500, 230);

/// Both losses by epoch; nothing until there are two finite points.
pub(crate) fn loss(points: &[LossPoint], words: &LossWords<'_>, palette: &Palette) -> Drawing {
    let finite: Vec<&LossPoint> = points.iter().filter(|(_, train, _)| train.is_finite()).collect();
    let mut body = String::new();
    if finite.len() > 1 && draw(&mut body, &finite, words, palette).is_none() {
        body.clear();
    }
    // plotters writes a whole file; the page puts the elements into a frame of its own.
    let inner = body.find("<svg").and_then(|start| {
        let from = start + body[start..].find('>')? + 1;
        Some(body[from..body.rfind("</svg>")?].to_owned())
    });
    let body =
        inner.unwrap_or_default().replace("font-family=\"sans-serif\"", &format!("font-family=\"{}\"", svg::FONT));
    Drawing { width: f64::from(SIZE.0), height: f64::from(SIZE.1), body }
}

fn draw(out: &mut String, points: &[&LossPoint], words: &LossWords<'_>, palette: &Palette) -> Option<()> {
    let colour = |hex: &str| rgb(hex).map(|[r, g, b]| RGBColor(r, g, b));
    let (ink, muted, line) = (colour(&palette.ink)?, colour(&palette.muted)?, colour(&palette.line)?);
    let values = points.iter().flat_map(|(_, train, valid)| std::iter::once(*train).chain(*valid));
    let values = values.filter(|value| value.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let room = ((high - low) * 0.08).max(high.abs() * 1e-6).max(1e-12);
    let (first, last) = (points.first()?.0 as f64, points.last()?.0 as f64);

    let root = SVGBackend::with_string(out, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(10)
        .x_label_area_size(38)
        .y_label_area_size(58)
        .build_cartesian_2d(first..last, (low - room)..(high + room))
        .ok()?;
    // plotters takes the size of a whole line; the letters come out at four fifths of it.
    let text = ("sans-serif", 14).into_font().color(&muted);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(8)
        .y_labels(5)
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .y_label_formatter(&|loss| crate::format::number(*loss))
        .light_line_style(TRANSPARENT)
        .bold_line_style(line)
        .axis_style(line)
        .label_style(text.clone())
        .axis_desc_style(text)
        .x_desc(words.epoch)
        .y_desc(words.loss)
        .draw()
        .ok()?;
    let series = [
        (words.train, 0, points.iter().map(|(epoch, train, _)| (*epoch as f64, Some(*train))).collect::<Vec<_>>()),
        (words.valid, 1, points.iter().map(|(epoch, _, valid)| (*epoch as f64, *valid)).collect()),
    ];
    for (name, position, line) in series {
        let colour = colour(palette.of(position))?;
        let line = line.into_iter().filter_map(|(epoch, loss)| Some((epoch, loss.filter(|loss| loss.is_finite())?)));
        let mut line = line.peekable();
        if line.peek().is_none() {
            continue;
        }
        let drawn = chart.draw_series(LineSeries::new(line, colour.stroke_width(2))).ok()?;
        drawn.label(name).legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .border_style(TRANSPARENT)
        .background_style(colour(&palette.surface)?.mix(0.8))
        .label_font(("sans-serif", 15).into_font().color(&ink))
        .draw()
        .ok()?;
    root.present().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: LossWords<'_> = LossWords { epoch: "epoch", loss: "loss", train: "training", valid: "test" };

    #[test]
    fn two_lines_and_a_legend_without_inline_styles() {
        let drawing = loss(&[(1, 1.0, Some(1.2)), (2, 0.5, Some(0.9))], &WORDS, &Palette::default());
        // Each series once in the plot and once in the legend; the axes are thinner.
        let n_lines =
            drawing.body.matches("<polyline").count() - drawing.body.matches("stroke-width=\"1\" points").count();
        assert_eq!(n_lines, 4, "{}", drawing.body);
        assert!(drawing.body.contains("training") && !drawing.body.contains("style="), "{}", drawing.body);
    }

    #[test]
    fn one_point_or_none_that_is_finite_draws_nothing() {
        assert!(loss(&[(1, 1.0, None)], &WORDS, &Palette::default()).body.is_empty());
        assert!(loss(&[(1, f64::NAN, None), (2, f64::INFINITY, None)], &WORDS, &Palette::default()).body.is_empty());
    }
}
