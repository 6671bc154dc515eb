//! A table becomes CSV here (RFC 4180).
//!
//! What comes in: a table. What goes out: CSV text, row by row, that [`read_bytes`](super::read_bytes) reads back as the
//! same table. With [`WriteConfig::formula_safe`] no cell of text can start a formula in a spreadsheet.

use crate::table::{Cell, Column, Table, cell_text};

/// How to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteConfig {
    /// The cell separator.
    pub delimiter: u8,
    /// Whether a text or a name that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets a `'` before it, as
    /// [OWASP](https://owasp.org/www-community/attacks/CSV_Injection) advises. Numbers are never touched.
    pub formula_safe: bool,
}

impl Default for WriteConfig {
    /// Commas, and safe to open in a spreadsheet.
    fn default() -> Self {
        Self { delimiter: b',', formula_safe: true }
    }
}

/// The whole table as CSV, header first, lines ended by `\n`.
///
/// ```
/// use vitrine::ingest::write::{WriteConfig, csv_text};
/// use vitrine::ingest::{ReadConfig, read_bytes};
/// let read = read_bytes(b"n,text\n-1,=1+1\n2,\"a,b\"\n", ReadConfig::default()).unwrap();
/// assert_eq!(csv_text(&read.table, WriteConfig::default()), "n,text\n-1,'=1+1\n2,\"a,b\"\n");
/// ```
pub fn csv_text(table: &Table, config: WriteConfig) -> String {
    let mut out = String::new();
    write_header(table, config, &mut out);
    write_rows(table, 0..table.n_rows(), config, &mut out);
    out
}

/// Appends the header line.
pub fn write_header(table: &Table, config: WriteConfig, out: &mut String) {
    let is_only = table.columns().len() == 1;
    for (idx, column) in table.columns().iter().enumerate() {
        if idx > 0 {
            out.push(config.delimiter as char);
        }
        write_text(&column.name, is_only, config, out);
    }
    out.push('\n');
}

/// Appends rows, so that a large table can be written a bounded step at a time.
///
/// **Panics** when a row does not exist.
pub fn write_rows(table: &Table, rows: std::ops::Range<usize>, config: WriteConfig, out: &mut String) {
    let is_only = table.columns().len() == 1;
    for row in rows {
        for (idx, column) in table.columns().iter().enumerate() {
            if idx > 0 {
                out.push(config.delimiter as char);
            }
            write_cell(column, row, is_only, config, out);
        }
        out.push('\n');
    }
}

fn write_cell(column: &Column, row: usize, is_only: bool, config: WriteConfig, out: &mut String) {
    match column.cell(row) {
        // A blank line would be skipped by readers: the missing cell of an only column is written as a quoted nothing.
        Cell::Missing if is_only => out.push_str("\"\""),
        Cell::Missing => {}
        // The words of a yes-or-no column are text of the file as well.
        Cell::Text(_) | Cell::Flag(_) => write_text(&cell_text(column, row), is_only, config, out),
        Cell::Number(_) | Cell::Time(_) => out.push_str(&cell_text(column, row)),
    }
}

fn write_text(text: &str, is_only: bool, config: WriteConfig, out: &mut String) {
    let starts_formula = matches!(text.as_bytes().first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
    let guard = if config.formula_safe && starts_formula { "'" } else { "" };
    let is_special = |byte: u8| matches!(byte, b'"' | b'\n' | b'\r') || byte == config.delimiter;
    // Outer spaces and a byte-order mark survive only inside quotes.
    let is_padded = text.trim() != text || text.starts_with('\u{feff}');
    if text.bytes().any(is_special) || is_padded || (is_only && text.is_empty()) {
        out.push('"');
        out.push_str(guard);
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(guard);
        out.push_str(text);
    }
}
