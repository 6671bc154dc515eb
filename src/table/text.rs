//! A cell as text: what a row reader shows and a CSV writer writes, such that reading it back gives the same cell.

use std::borrow::Cow;

use super::{Cell, Column, ColumnData, format_datetime};

/// A cell as text; a missing one is empty, a yes or no is the file's own word.
///
/// **Panics** when there is no such row.
///
/// ```
/// use vitrine::table::{Column, ColumnData, cell_text};
/// let flags = ColumnData::Boolean { flags: vec![1, 255], labels: ["否".into(), "是".into()] };
/// let column = Column { name: "直辖市".into(), data: flags };
/// assert_eq!((&*cell_text(&column, 0), &*cell_text(&column, 1)), ("是", ""));
/// ```
pub fn cell_text(column: &Column, row: usize) -> Cow<'_, str> {
    match column.cell(row) {
        Cell::Missing => Cow::Borrowed(""),
        Cell::Number(x) => Cow::Owned(number_text(x)),
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Time(millis) => Cow::Owned(format_datetime(millis)),
        Cell::Flag(flag) => match &column.data {
            ColumnData::Boolean { labels, .. } => Cow::Borrowed(&labels[usize::from(flag)]),
            _ => Cow::Borrowed(if flag { "true" } else { "false" }),
        },
    }
}

/// The shortest text that reads back as the same number; powers of ten only where the plain form has a long tail of zeros.
///
/// ```
/// use vitrine::table::number_text;
/// assert_eq!([1500.0, 0.1, 1e21, -0.0].map(number_text), ["1500", "0.1", "1e21", "-0"]);
/// ```
pub fn number_text(x: f64) -> String {
    let size = x.abs();
    // JavaScript's bounds, so that a file and the page show one text.
    if size == 0.0 || (1e-6..1e21).contains(&size) { format!("{x}") } else { format!("{x:e}") }
}
