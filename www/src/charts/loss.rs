//! The loss curve, drawn with plotters while a model learns and after; and the scores of pruned trees, likewise.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters_backend::{BackendColor, BackendCoord, DrawingErrorKind};

use super::axis::Scale;
use super::svg::{Anchor, Svg, Type, fit, short};
use super::{Drawing, Palette, rgb};
use crate::format;
use crate::state::LossPoint;

/// The words of the drawing.
pub(crate) struct LossWords<'a> {
    /// Names the axis across.
    pub(crate) epoch: &'a str,
    /// Names the axis upwards.
    pub(crate) loss: &'a str,
    /// The legend's first line.
    pub(crate) train: &'a str,
    /// The legend's second line; empty where there is none.
    pub(crate) valid: &'a str,
}

const SIZE: [f64; 2] = [500.0, 230.0];
/// Room for the axes and the legend.
const LEFT: f64 = 64.0;
const TOP: f64 = 26.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 42.0;

/// Both losses by epoch; nothing until there are two finite points.
pub(crate) fn loss(points: &[LossPoint], words: &LossWords<'_>, palette: &Palette) -> Drawing {
    let finite: Vec<&LossPoint> = points.iter().filter(|(_, train, _)| train.is_finite()).collect();
    let [Some(first), Some(last)] = [finite.first(), finite.last()] else { return Drawing::default() };
    if first.0 == last.0 {
        return Drawing::default();
    }
    let values = finite.iter().flat_map(|(_, train, valid)| std::iter::once(*train).chain(*valid));
    let values = values.filter(|value| value.is_finite());
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let room = ((high - low) * 0.08).max(high.abs() * 1e-6).max(1e-12);
    let spans = [[first.0 as f64, last.0 as f64], [low - room, high + room]];

    let mut svg = Svg::default();
    let train = finite.iter().map(|(epoch, train, _)| (*epoch as f64, *train)).collect();
    let valid = finite.iter().filter_map(|(epoch, _, valid)| Some((*epoch as f64, (*valid)?)));
    let valid: Vec<(f64, f64)> = valid.filter(|(_, loss)| loss.is_finite()).collect();
    let named = if valid.is_empty() { "" } else { words.valid };
    draw_axes(&mut svg, spans, &LossWords { valid: named, ..*words }, palette);
    svg.raw(&curves(vec![train, valid], spans, palette).unwrap_or_default());
    svg.finish(SIZE[0], SIZE[1])
}

/// A tree on the pruning path: `ccp_alpha`, the score on training rows, and on test rows.
pub(crate) type PruningPoint = (f64, f64, Option<f64>);

/// Both scores by `ccp_alpha`, as steps: a tree stays until the next alpha. A line marks the chosen one. The root alone,
/// far out on the right, ends the drawing.
pub(crate) fn pruning(points: &[PruningPoint], chosen: usize, words: &LossWords<'_>, palette: &Palette) -> Drawing {
    let Some(end) = points.last().map(|point| point.0).filter(|end| *end > 0.0) else { return Drawing::default() };
    let before = points.len().checked_sub(2).map_or(0.0, |at| points[at].0);
    let end = end.min(if before > 0.0 { before * 1.25 } else { end });
    let steps = |score: fn(&PruningPoint) -> Option<f64>| {
        let mut line: Vec<(f64, f64)> = Vec::new();
        for point in points {
            let Some(score) = score(point) else { return Vec::new() };
            let alpha = point.0.max(0.0).min(end);
            line.extend(line.last().map(|last| (alpha, last.1)));
            line.push((alpha, score));
        }
        line
    };
    let lines = vec![steps(|point| Some(point.1)), steps(|point| point.2)];
    let low = lines.iter().flatten().map(|point| point.1).fold(1.0, f64::min);
    let spans = [[0.0, end], [low - 0.05 * (1.0 - low), 1.0 + 0.05 * (1.0 - low)]];
    let mut svg = Svg::default();
    draw_axes(&mut svg, spans, words, palette);
    svg.raw(&curves(lines, spans, palette).unwrap_or_default());
    let x = Scale::new(spans[0], [LEFT, SIZE[0] - RIGHT]).at(points.get(chosen).map_or(0.0, |point| point.0.min(end)));
    svg.line([x, TOP, x, SIZE[1] - BOTTOM], &palette.accent, r#"stroke-width="2" stroke-dasharray="4 3""#);
    svg.finish(SIZE[0], SIZE[1])
}

/// The loss and its smoothed course by the learning rate, which runs by powers of ten; a line marks the one suggested.
pub(crate) fn rates(
    [rates, losses, smoothed]: [&[f64]; 3],
    suggested: Option<f64>,
    words: &LossWords<'_>,
    palette: &Palette,
) -> Drawing {
    let (Some(first), Some(last)) = (rates.first(), rates.last()) else { return Drawing::default() };
    let across = [first.log10(), last.log10()];
    // Batches that went astray would press all others flat.
    let (low, high) =
        smoothed.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let room = ((high - low) * 0.15).max(1e-12);
    let upwards = [low - room, high + room];
    let line = |of: &[f64]| {
        rates
            .iter()
            .zip(of)
            .map(|(rate, loss)| (rate.log10(), loss.max(upwards[0]).min(upwards[1])))
            .collect::<Vec<_>>()
    };
    let mut svg = Svg::default();
    draw_axes(&mut svg, [across, upwards], words, palette);
    svg.raw(&curves(vec![line(losses), line(smoothed)], [across, upwards], palette).unwrap_or_default());
    if let Some(rate) = suggested {
        let x = Scale::new(across, [LEFT, SIZE[0] - RIGHT]).at(rate.log10());
        svg.line([x, TOP, x, SIZE[1] - BOTTOM], &palette.accent, r#"stroke-width="2" stroke-dasharray="4 3""#);
    }
    svg.finish(SIZE[0], SIZE[1])
}

/// The lines, by plotters. It is given no text to draw: axes and legend are in the letters of the other drawings.
fn curves(series: Vec<Vec<(f64, f64)>>, [x, y]: [[f64; 2]; 2], palette: &Palette) -> Option<String> {
    let mut lines = String::new();
    {
        let area = Lines(&mut lines).into_drawing_area();
        let pixels = (LEFT as i32..(SIZE[0] - RIGHT) as i32, (SIZE[1] - BOTTOM) as i32..TOP as i32);
        let area =
            area.apply_coord_spec(Cartesian2d::<RangedCoordf64, RangedCoordf64>::new(x[0]..x[1], y[0]..y[1], pixels));
        for (position, line) in series.into_iter().enumerate() {
            let [r, g, b] = rgb(palette.of(position))?;
            area.draw(&PathElement::new(line, RGBColor(r, g, b).stroke_width(2))).ok()?;
        }
        area.present().ok()?;
    }
    Some(lines)
}

/// Where plotters' lines go: elements of a drawing of ours. Its own SVG is a whole file, and more code.
struct Lines<'a>(&'a mut String);

impl DrawingBackend for Lines<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (SIZE[0] as u32, SIZE[1] as u32)
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_path<S: plotters_backend::BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let ((r, g, b), width) = (style.color().rgb, style.stroke_width());
        let colour = format!("#{r:02x}{g:02x}{b:02x}");
        let _ = write!(self.0, r#"<polyline fill="none" stroke="{colour}" stroke-width="{width}" points=""#);
        for (x, y) in path {
            let _ = write!(self.0, "{x},{y} ");
        }
        self.0.push_str(r#""/>"#);
        Ok(())
    }
}

fn draw_axes(svg: &mut Svg, [x, y]: [[f64; 2]; 2], words: &LossWords<'_>, palette: &Palette) {
    let (right, bottom) = (SIZE[0] - RIGHT, SIZE[1] - BOTTOM);
    let (x_scale, y_scale) = (Scale::new(x, [LEFT, right]), Scale::new(y, [bottom, TOP]));
    let small = Type { anchor: Anchor::Middle, size: 11.0, fill: &palette.muted, bold: false };
    // Epochs and powers are whole; a span within the ones is of something else.
    let (is_whole, is_power) = (x[1] > 1.0 || x[0] < 0.0, x[0] < 0.0);
    for tick in x_scale.ticks(8).into_iter().filter(|tick| !is_whole || tick.fract() == 0.0) {
        let words = if is_power { format!("1e{}", tick as i32) } else { format::number(tick) };
        svg.text(x_scale.at(tick), bottom + 17.0, small, &words);
    }
    for tick in y_scale.ticks(5) {
        svg.line([LEFT, y_scale.at(tick), right, y_scale.at(tick)], &palette.line, "");
        let look = Type { anchor: Anchor::End, ..small };
        svg.text(LEFT - 7.0, y_scale.at(tick) + 4.0, look, &format::number(tick));
    }
    svg.line([LEFT, bottom, right, bottom], &palette.muted, r#"opacity="0.6""#);
    let named = Type { fill: &palette.ink, size: 12.0, ..small };
    svg.text((LEFT + right) / 2.0, SIZE[1] - 8.0, named, words.epoch);
    let middle = (TOP + bottom) / 2.0;
    let turned = format!(r#"transform="rotate(-90 13 {})""#, short(middle));
    svg.text_with(13.0, middle, named, words.loss, &turned);
    // The legend, above the curves.
    let mut at = LEFT;
    for (position, name) in [words.train, words.valid].into_iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        let name = fit(name, 11.5, 160.0);
        svg.line([at, 12.0, at + 16.0, 12.0], palette.of(position), r#"stroke-width="2""#);
        svg.text(at + 22.0, 16.0, Type { anchor: Anchor::Start, size: 11.5, ..small }, &name);
        at += 22.0 + super::svg::text_width(&name, 11.5) + 20.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: LossWords<'_> = LossWords { epoch: "epoch", loss: "loss", train: "training", valid: "test" };

    #[test]
    fn two_lines_and_a_legend_without_inline_styles() {
        let drawing = loss(&[(1, 1.0, Some(1.2)), (2, 0.5, Some(0.9))], &WORDS, &Palette::default());
        assert_eq!(drawing.body.matches("<polyline").count(), 2, "{}", drawing.body);
        assert!(drawing.body.contains("training") && !drawing.body.contains("style="), "{}", drawing.body);
        let drawing = loss(&[(1, 1.0, None), (2, 0.5, None)], &WORDS, &Palette::default());
        assert!(!drawing.body.contains("test"), "{}", drawing.body);
    }

    #[test]
    fn pruned_trees_are_two_lines_of_steps_and_a_mark() {
        let points = [(0.0, 1.0, Some(0.8)), (0.1, 0.9, Some(0.85)), (0.4, 0.5, Some(0.5))];
        let drawing = pruning(&points, 1, &WORDS, &Palette::default());
        assert_eq!(drawing.body.matches("<polyline").count(), 2, "{}", drawing.body);
        assert!(drawing.body.contains("stroke-dasharray"), "{}", drawing.body);
        assert!(pruning(&points[..1], 0, &WORDS, &Palette::default()).body.is_empty());
    }

    #[test]
    fn rates_run_by_powers_of_ten() {
        let losses = [1.0, 0.5, 9.0];
        let drawing = rates([&[1e-4, 1e-2, 1.0], &losses, &losses], Some(1e-3), &WORDS, &Palette::default());
        assert_eq!(drawing.body.matches("<polyline").count(), 2, "{}", drawing.body);
        assert!(drawing.body.contains(">1e-4<") && drawing.body.contains("stroke-dasharray"), "{}", drawing.body);
        assert!(rates([&[], &[], &[]], None, &WORDS, &Palette::default()).body.is_empty());
    }

    #[test]
    fn one_point_or_none_that_is_finite_draws_nothing() {
        assert!(loss(&[(1, 1.0, None)], &WORDS, &Palette::default()).body.is_empty());
        assert!(loss(&[(1, f64::NAN, None), (2, f64::INFINITY, None)], &WORDS, &Palette::default()).body.is_empty());
    }
}
