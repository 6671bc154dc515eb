//! Tables: options in, profiles and rows out.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use vitrine_protocol::{self as wire, BinMsg, ColumnMsg, LoadOptionsMsg, RowsMsg, TopValueMsg};

use crate::Error;
use crate::ingest::{Dialect, Encoding, ReadConfig};
use crate::table::summary::ColumnProfile;
use crate::table::{Cell, Column, ColumnKind, Table, format_datetime};
use crate::worker::RequestError;

/// Reads the options of a request.
///
/// **Errors** `request.malformed` for a delimiter, quote or decimal mark that is not one ASCII character.
pub(in crate::worker) fn core_config(options: &LoadOptionsMsg) -> Result<ReadConfig, Error> {
    Ok(ReadConfig {
        delimiter: options.delimiter.as_deref().map(|text| one_byte("delimiter", text)).transpose()?,
        quote: match options.quote.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => Some(Some(one_byte("quote", text)?)),
        },
        decimal: options.decimal.as_deref().map(decimal).transpose()?,
        has_header: options.has_header,
        encoding: options.encoding.map(|encoding| match encoding {
            wire::Encoding::Utf8 => Encoding::Utf8,
            wire::Encoding::Utf16Le => Encoding::Utf16Le,
            wire::Encoding::Utf16Be => Encoding::Utf16Be,
            wire::Encoding::Gb18030 => Encoding::Gb18030,
            wire::Encoding::Windows1252 => Encoding::Windows1252,
        }),
        column_kinds: options.column_kinds.iter().map(|(name, kind)| (name.clone(), core_kind(*kind))).collect(),
        missing_values: options.missing_values.clone(),
    })
}

fn decimal(text: &str) -> Result<u8, Error> {
    match text {
        "." => Ok(b'.'),
        "," => Ok(b','),
        other => Err(bad_option("decimal", other, "\".\" or \",\"")),
    }
}

fn one_byte(field: &str, text: &str) -> Result<u8, Error> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(bad_option(field, text, "one ASCII character that is not a line end")),
    }
}

fn bad_option(field: &str, given: &str, expected: &str) -> Error {
    RequestError::Malformed { detail: format!("{field} is {given:?}, but must be {expected}") }.into()
}

fn core_kind(kind: wire::ColumnKind) -> ColumnKind {
    match kind {
        wire::ColumnKind::Numeric => ColumnKind::Numeric,
        wire::ColumnKind::Categorical => ColumnKind::Categorical,
        wire::ColumnKind::Datetime => ColumnKind::Datetime,
        wire::ColumnKind::Boolean => ColumnKind::Boolean,
        wire::ColumnKind::Text => ColumnKind::Text,
    }
}

pub(super) fn kind_msg(kind: ColumnKind) -> wire::ColumnKind {
    match kind {
        ColumnKind::Numeric => wire::ColumnKind::Numeric,
        ColumnKind::Categorical => wire::ColumnKind::Categorical,
        ColumnKind::Datetime => wire::ColumnKind::Datetime,
        ColumnKind::Boolean => wire::ColumnKind::Boolean,
        ColumnKind::Text => wire::ColumnKind::Text,
    }
}

/// A dialect in the words of the protocol.
pub(in crate::worker) struct DialectWords {
    pub(in crate::worker) delimiter: String,
    pub(in crate::worker) quote: String,
    pub(in crate::worker) decimal: String,
    pub(in crate::worker) has_header: bool,
    pub(in crate::worker) encoding: wire::Encoding,
}

pub(in crate::worker) fn dialect_words(dialect: &Dialect) -> DialectWords {
    DialectWords {
        delimiter: char::from(dialect.delimiter).to_string(),
        quote: dialect.quote.map(|quote| char::from(quote).to_string()).unwrap_or_default(),
        decimal: char::from(dialect.decimal).to_string(),
        has_header: dialect.has_header,
        encoding: match dialect.encoding {
            Encoding::Utf8 => wire::Encoding::Utf8,
            Encoding::Utf16Le => wire::Encoding::Utf16Le,
            Encoding::Utf16Be => wire::Encoding::Utf16Be,
            Encoding::Gb18030 => wire::Encoding::Gb18030,
            Encoding::Windows1252 => wire::Encoding::Windows1252,
        },
    }
}

/// The columns with their profiles, in order.
pub(in crate::worker) fn table_columns(table: &Table, profiles: Vec<ColumnProfile>) -> Vec<ColumnMsg> {
    table.columns().iter().zip(profiles).map(|(column, profile)| column_msg(column, profile)).collect()
}

fn column_msg(column: &Column, profile: ColumnProfile) -> ColumnMsg {
    ColumnMsg {
        name: column.name.clone(),
        kind: kind_msg(column.kind()),
        n_missing: profile.n_missing,
        n_distinct: profile.n_distinct,
        mean: profile.mean,
        std: profile.std,
        min: profile.min,
        q1: profile.q1,
        median: profile.median,
        q3: profile.q3,
        max: profile.max,
        top_values: profile.top_values.into_iter().map(|(value, count)| TopValueMsg { value, count }).collect(),
        histogram: profile
            .histogram
            .into_iter()
            .map(|bin| BinMsg { start: bin.start, end: bin.end, count: bin.count })
            .collect(),
    }
}

/// Some rows of a table, cut to those it has.
pub(in crate::worker) fn rows_msg(table: &Table, start: usize, end: usize, rows: Option<Vec<u32>>) -> RowsMsg {
    let end = end.min(table.n_rows());
    let start = start.min(end);
    let row = |row: usize| table.columns().iter().map(|column| cell_value(column.cell(row))).collect();
    let known = |rows: Vec<u32>| rows.into_iter().map(|row| row as usize).filter(|&row| row < table.n_rows()).collect();
    let wanted: Vec<usize> = rows.map_or_else(|| (start..end).collect(), known);
    RowsMsg {
        start,
        columns: table.columns().iter().map(|column| column.name.clone()).collect(),
        cells: wanted.into_iter().map(row).collect(),
    }
}

/// A cell as JSON: numbers as numbers, times as ISO 8601 text, missing as `null`.
pub(in crate::worker) fn cell_value(cell: Cell<'_>) -> Value {
    match cell {
        Cell::Missing => Value::Null,
        Cell::Number(x) => number_value(x),
        Cell::Text(text) => Value::from(text),
        Cell::Time(millis) => Value::from(format_datetime(millis)),
        Cell::Flag(flag) => Value::from(flag),
    }
}

/// A number as JSON; whole numbers that JavaScript holds exactly as such.
fn number_value(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() <= 9_007_199_254_740_991.0 { Value::from(x as i64) } else { Value::from(x) }
}

/// Values by name as JSON.
pub(in crate::worker) fn cells_by_name(cells: BTreeMap<&str, Cell<'_>>) -> Map<String, Value> {
    cells.into_iter().map(|(name, cell)| (name.to_owned(), cell_value(cell))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::ColumnData;

    #[test]
    fn options_that_are_no_single_character_are_refused() {
        let options = LoadOptionsMsg { delimiter: Some("::".into()), ..Default::default() };
        let error = core_config(&options).unwrap_err();
        assert_eq!(
            error.message(),
            "the request cannot be read: delimiter is \"::\", but must be one ASCII character that is not a line end"
        );
        let options = LoadOptionsMsg { decimal: Some(";".into()), ..Default::default() };
        assert_eq!(core_config(&options).unwrap_err().code(), "request.malformed");
    }

    #[test]
    fn rows_are_cut_to_those_there_are() {
        let data = ColumnData::Numeric(vec![1.0, f64::NAN, 2.5]);
        let table = Table::new(vec![Column { name: "x".into(), data }]);
        let rows = rows_msg(&table, 1, 99, None);
        assert_eq!(rows.cells, [vec![Value::Null], vec![Value::from(2.5)]]);
        assert!(rows_msg(&table, 7, 3, None).cells.is_empty());
        let named = rows_msg(&table, 0, 0, Some(vec![2, 9, 0]));
        assert_eq!(named.cells, [vec![Value::from(2.5)], vec![Value::from(1)]]);
    }
}
