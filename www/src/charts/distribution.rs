//! The small drawing on a column's card: how its values lie.

use vitrine_protocol::{ColumnKind, ColumnMsg};

use super::Palette;
use super::svg::{Anchor, Drawing, Svg, Type, fit};
use crate::format;

const WIDTH: f64 = 220.0;
const HEIGHT: f64 = 72.0;

/// A histogram with the quartile box under it for numbers and times; the most frequent values as bars for the rest.
pub(crate) fn distribution(column: &ColumnMsg, n_rows: usize, palette: &Palette) -> Drawing {
    match column.kind {
        ColumnKind::Numeric | ColumnKind::Datetime if !column.histogram.is_empty() => histogram(column, palette),
        _ => frequencies(column, n_rows, palette),
    }
}

fn histogram(column: &ColumnMsg, palette: &Palette) -> Drawing {
    let mut svg = Svg::default();
    let ground = 54.0;
    let tallest = column.histogram.iter().map(|bin| bin.count).max().unwrap_or(1).max(1) as f64;
    let bar_width = WIDTH / column.histogram.len() as f64;
    for (position, bin) in column.histogram.iter().enumerate() {
        if bin.count == 0 {
            continue;
        }
        let height = (bin.count as f64 / tallest * 50.0).max(1.5);
        svg.open("");
        svg.title(&format!("{} – {}: {}", edge(column, bin.start), edge(column, bin.end), format::count(bin.count)));
        let place = [position as f64 * bar_width + 0.5, ground - height, bar_width - 1.0, height];
        svg.rect(place, palette.of(0), r#"rx="1" opacity="0.85""#);
        svg.close();
    }
    svg.line([0.0, ground + 0.5, WIDTH, ground + 0.5], &palette.line, "");
    if let (Some(min), Some(q1), Some(median), Some(q3), Some(max)) =
        (column.min, column.q1, column.median, column.q3, column.max)
        && max > min
    {
        let at = |value: f64| (value - min) / (max - min) * WIDTH;
        let middle = 64.5;
        svg.line([0.0, middle, WIDTH, middle], &palette.muted, r#"stroke-width="1""#);
        let boxed = [at(q1), middle - 4.0, (at(q3) - at(q1)).max(1.0), 8.0];
        svg.rect(boxed, &palette.surface, &format!(r#"stroke="{}" rx="2""#, palette.muted));
        svg.line([at(median), middle - 4.0, at(median), middle + 4.0], &palette.accent, r#"stroke-width="2""#);
    }
    svg.finish(WIDTH, HEIGHT)
}

fn frequencies(column: &ColumnMsg, n_rows: usize, palette: &Palette) -> Drawing {
    let mut svg = Svg::default();
    let shown = column.top_values.len().min(4);
    let largest = column.top_values.first().map_or(1, |top| top.count).max(1) as f64;
    for (position, top) in column.top_values.iter().take(shown).enumerate() {
        let y = position as f64 * 18.0;
        let width = top.count as f64 / largest * (WIDTH - 4.0);
        svg.open("");
        let share = format::percent(top.count as f64 / n_rows.max(1) as f64);
        svg.title(&format!("{}: {} ({share})", top.value, format::count(top.count)));
        svg.rect([0.0, y + 1.0, width.max(2.0), 15.0], palette.of(0), r#"rx="2" opacity="0.22""#);
        let look = Type { anchor: Anchor::Start, size: 11.0, fill: &palette.ink, bold: false };
        svg.text(5.0, y + 12.5, look, &fit(&top.value, 11.0, WIDTH - 60.0));
        let look = Type { anchor: Anchor::End, fill: &palette.muted, ..look };
        svg.text(WIDTH - 4.0, y + 12.5, look, &format::count(top.count));
        svg.close();
    }
    svg.finish(WIDTH, HEIGHT)
}

fn edge(column: &ColumnMsg, value: f64) -> String {
    if column.kind == ColumnKind::Datetime { format::date(value) } else { format::number(value) }
}

#[cfg(test)]
mod tests {
    use vitrine_protocol::{BinMsg, TopValueMsg};

    use super::*;

    fn column(kind: ColumnKind) -> ColumnMsg {
        ColumnMsg {
            name: "x".to_owned(),
            kind,
            n_missing: 0,
            n_distinct: 2,
            mean: Some(1.0),
            std: Some(1.0),
            min: Some(0.0),
            q1: Some(0.5),
            median: Some(1.0),
            q3: Some(1.5),
            max: Some(2.0),
            top_values: vec![TopValueMsg { value: "<b>".to_owned(), count: 3 }],
            histogram: vec![BinMsg { start: 0.0, end: 1.0, count: 1 }, BinMsg { start: 1.0, end: 2.0, count: 3 }],
        }
    }

    #[test]
    fn the_tallest_bin_fills_the_height() {
        let drawing = distribution(&column(ColumnKind::Numeric), 4, &Palette::default());
        assert!(drawing.body.contains(r#"height="50""#), "{}", drawing.body);
    }

    #[test]
    fn names_are_drawn_as_text() {
        let drawing = distribution(&column(ColumnKind::Categorical), 4, &Palette::default());
        assert!(drawing.body.contains("&lt;b&gt;") && drawing.body.contains("(75%)"), "{}", drawing.body);
    }
}
