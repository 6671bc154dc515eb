//! Bars to both sides of zero: coefficients, contributions.

use super::Palette;
use super::axis::Scale;
use super::svg::{Anchor, Drawing, Svg, Type, fit};
use crate::format;
use crate::order::order;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// What it belongs to.
    pub(crate) label: String,
    /// Its length, with its sign.
    pub(crate) value: f64,
}

/// Puts the bars in order.
pub(crate) fn largest_first(bars: &mut Vec<Bar>, size: fn(&Bar) -> f64) {
    let positions = order(bars.len(), &|a, b| size(&bars[b]).total_cmp(&size(&bars[a])));
    *bars = positions.into_iter().map(|at| bars[at].clone()).collect();
}

const LABEL_WIDTH: f64 = 190.0;
const BAR_HEIGHT: f64 = 24.0;
const WIDTH: f64 = 640.0;

/// Horizontal bars in the order given, with an axis under them that is named `axis`.
pub(crate) fn bars(bars: &[Bar], axis: &str, palette: &Palette) -> Drawing {
    let mut svg = Svg::default();
    let low = bars.iter().map(|bar| bar.value).fold(0.0, f64::min);
    let high = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    // Room for the numbers beyond the ends of the bars.
    let pad = (high - low) * 0.14;
    let low = if low < 0.0 { low - pad } else { low };
    let high = if high > 0.0 { high + pad } else { high };
    let scale = Scale::new([low, high], [LABEL_WIDTH + 10.0, WIDTH - 12.0]);
    let ground = bars.len() as f64 * BAR_HEIGHT + 6.0;
    let small = Type { anchor: Anchor::Middle, size: 11.0, fill: &palette.muted, bold: false };
    for tick in scale.ticks(6) {
        svg.line([scale.at(tick), 4.0, scale.at(tick), ground], &palette.line, "");
        svg.text(scale.at(tick), ground + 15.0, small, &format::number(tick));
    }
    let zero = scale.at(0.0);
    for (position, bar) in bars.iter().enumerate() {
        let y = position as f64 * BAR_HEIGHT + 6.0;
        let end = scale.at(bar.value);
        let colour = palette.of(usize::from(bar.value < 0.0));
        svg.open("");
        svg.title(&format!("{}: {}", bar.label, format::number(bar.value)));
        let label = Type { anchor: Anchor::End, size: 12.0, fill: &palette.ink, bold: false };
        svg.text(LABEL_WIDTH, y + 14.0, label, &fit(&bar.label, 12.0, LABEL_WIDTH - 4.0));
        svg.rect([zero.min(end), y + 3.0, (end - zero).abs().max(1.0), BAR_HEIGHT - 9.0], colour, r#"rx="2""#);
        let (anchor, x) = if bar.value < 0.0 { (Anchor::End, end - 5.0) } else { (Anchor::Start, end + 5.0) };
        svg.text(x, y + 14.0, Type { anchor, ..small }, &format::number(bar.value));
        svg.close();
    }
    svg.line([zero, 2.0, zero, ground], &palette.muted, "");
    svg.text((LABEL_WIDTH + WIDTH) / 2.0, ground + 33.0, small, axis);
    svg.finish(WIDTH, ground + 42.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_bars_end_where_positive_ones_begin() {
        let given = [Bar { label: "a".to_owned(), value: 1.0 }, Bar { label: "b".to_owned(), value: -1.0 }];
        let drawing = bars(&given, "coefficient", &Palette::default());
        // The plot is from 200 to 628: zero lies in the middle, at 414.
        assert!(drawing.body.contains(r#"<rect x="414" y="9""#), "{}", drawing.body);
        assert!(drawing.body.contains("−1</text>"));
    }

    #[test]
    fn no_bars_are_no_fault() {
        assert!(bars(&[], "x", &Palette::default()).height > 0.0);
    }
}
