//! The confusion matrix: rows are what was true, columns what was answered.

use super::Palette;
use super::svg::{Anchor, Drawing, Svg, Type, fit, short};
use crate::format;

const LABEL_WIDTH: f64 = 130.0;

/// A square of cells, shaded by their share of the row's true class; `[true, answered]` name the axes. Each cell has its
/// position as `data-cell`, and the selected one a frame.
pub(crate) fn confusion(
    classes: &[String],
    counts: &[Vec<usize>],
    axes: [&str; 2],
    selected: Option<usize>,
    palette: &Palette,
) -> Drawing {
    let mut svg = Svg::default();
    let n_classes = classes.len().max(1) as f64;
    let cell = (420.0 / n_classes).clamp(26.0, 84.0);
    let (left, top) = (LABEL_WIDTH + 26.0, 56.0);
    let label = Type { anchor: Anchor::End, size: 12.0, fill: &palette.ink, bold: false };
    let axis = Type { anchor: Anchor::Middle, size: 11.0, fill: &palette.muted, bold: false };
    let middle = top + cell * n_classes / 2.0;
    svg.text(left + cell * n_classes / 2.0, 14.0, axis, axes[1]);
    svg.text_with(12.0, middle, axis, axes[0], &format!(r#"transform="rotate(-90 12 {})""#, short(middle)));
    for (row, (name, row_counts)) in classes.iter().zip(counts).enumerate() {
        let y = top + row as f64 * cell;
        let n_row = row_counts.iter().sum::<usize>().max(1) as f64;
        svg.text(left - 8.0, y + cell / 2.0 + 4.0, label, &fit(name, 12.0, LABEL_WIDTH));
        let x = left + (row as f64 + 0.5) * cell;
        let look = Type { anchor: if cell < 50.0 { Anchor::Start } else { Anchor::Middle }, ..label };
        let turned = if cell < 50.0 {
            format!(r#"transform="rotate(-40 {} {})""#, short(x), short(top - 8.0))
        } else {
            String::new()
        };
        svg.text_with(x, top - 8.0, look, &fit(name, 12.0, cell.max(60.0) - 4.0), &turned);
        for (column, count) in row_counts.iter().enumerate() {
            let share = *count as f64 / n_row;
            let x = left + column as f64 * cell;
            let position = row * classes.len() + column;
            svg.open(&format!(r#"data-cell="{position}""#));
            let answered = classes.get(column).map_or("", String::as_str);
            svg.title(&format!("{name} → {answered}: {count} ({})", format::percent(share)));
            let is_selected = selected == Some(position);
            let stroke = if is_selected { &palette.ink } else { "none" };
            let frame = format!(r#"rx="4" stroke="{stroke}" stroke-width="2""#);
            svg.rect([x + 1.0, y + 1.0, cell - 2.0, cell - 2.0], &palette.shade(share * 0.9), &frame);
            let fill = if share > 0.55 { &palette.surface } else { &palette.ink };
            let fill = if *count == 0 { &palette.muted } else { fill };
            let look =
                Type { anchor: Anchor::Middle, size: if cell < 40.0 { 10.0 } else { 14.0 }, fill, bold: row == column };
            svg.text(x + cell / 2.0, y + cell / 2.0 + 5.0, look, &format::count(*count));
            svg.close();
        }
    }
    svg.finish(left + cell * n_classes + 12.0, top + cell * n_classes + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_says_what_was_true_and_what_was_answered() {
        let classes = ["a".to_owned(), "b".to_owned()];
        let drawing =
            confusion(&classes, &[vec![8, 2], vec![0, 5]], ["true", "answered"], Some(3), &Palette::default());
        assert!(drawing.body.contains("a → b: 2 (20%)"), "{}", drawing.body);
        assert!(drawing.body.contains(r#"data-cell="3""#));
        assert_eq!(drawing.body.matches(r##"stroke="#000000""##).count(), 1);
    }
}
