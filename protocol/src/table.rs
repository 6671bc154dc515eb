//! Tables as the page sees them: a schema, a profile, and rows when asked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::IssueMsg;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers.
    Numeric,
    /// A small set of names.
    Categorical,
    /// Points in time, kept as milliseconds since 1970-01-01T00:00:00Z.
    Datetime,
    /// Yes or no.
    Boolean,
    /// Anything else, identifiers with leading zeros among it.
    Text,
}

/// A text encoding the reader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, little-endian.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, big-endian.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// GB18030, of which GBK and GB2312 are parts.
    #[serde(rename = "gb18030")]
    Gb18030,
    /// Windows-1252, the Western European default; every byte means something in it.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// What a reader should not sniff; every field is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields, default)]
pub struct LoadOptionsMsg {
    /// What to call the table.
    pub name: Option<String>,
    /// The cell separator, one ASCII character.
    pub delimiter: Option<String>,
    /// The quote, one ASCII character, or empty for none.
    pub quote: Option<String>,
    /// The decimal mark, `.` or `,`.
    pub decimal: Option<String>,
    /// Whether the first record names the columns.
    pub has_header: Option<bool>,
    /// The text encoding.
    pub encoding: Option<Encoding>,
    /// Kinds by column name.
    #[cfg_attr(feature = "types", ts(type = "Record<string, ColumnKind>", optional))]
    pub column_kinds: BTreeMap<String, ColumnKind>,
    /// The cells that mean "missing", instead of the usual ones (empty, `NA`, `NaN`, `null`, …).
    pub missing_values: Option<Vec<String>>,
}

/// A loaded table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TableMsg {
    /// What requests call it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Rows, the header not among them.
    pub n_rows: usize,
    /// The cell separator that was used.
    pub delimiter: String,
    /// The quote that was used; empty for none.
    pub quote: String,
    /// The decimal mark that was used.
    pub decimal: String,
    /// Whether the first record named the columns.
    pub has_header: bool,
    /// The text encoding that was used.
    pub encoding: Encoding,
    /// Bytes of the source.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub size_bytes: u64,
    /// Bytes the typed columns take.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub memory_bytes: u64,
    /// Wall time of the reading.
    pub load_ms: f64,
    /// The columns with their profiles.
    pub columns: Vec<ColumnMsg>,
    /// What was odd.
    pub issues: Vec<IssueMsg>,
}

/// A column and its profile. Statistics of numbers are `null` for other kinds and where nothing is present.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ColumnMsg {
    /// Its name, made unique.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Cells without a value.
    pub n_missing: usize,
    /// Different values among the present ones.
    pub n_distinct: usize,
    /// Mean of the present values.
    pub mean: Option<f64>,
    /// Sample standard deviation (divided by n − 1).
    pub std: Option<f64>,
    /// Smallest value.
    pub min: Option<f64>,
    /// Lower quartile, linearly interpolated.
    pub q1: Option<f64>,
    /// Median, linearly interpolated.
    pub median: Option<f64>,
    /// Upper quartile, linearly interpolated.
    pub q3: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// The most frequent values, most frequent first; ties in order of the value.
    pub top_values: Vec<TopValueMsg>,
    /// Equal-width bins between `min` and `max`, for numbers and times.
    pub histogram: Vec<BinMsg>,
}

/// A value and how often it occurs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TopValueMsg {
    /// The value as text.
    pub value: String,
    /// Its cells.
    pub count: usize,
}

/// One bar of a histogram: `start ≤ x < end`, the last one closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct BinMsg {
    /// Left edge.
    pub start: f64,
    /// Right edge.
    pub end: f64,
    /// Cells in it.
    pub count: usize,
}

/// Rows of a table: numbers as numbers, booleans as booleans, missing cells as `null`, times as ISO 8601 text.
///
/// Cells travel as lists and not as objects, so that a column called `__proto__` is a column like any other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RowsMsg {
    /// The first row read.
    pub start: usize,
    /// The columns' names, in order.
    pub columns: Vec<String>,
    /// One list per row, one cell per column.
    pub cells: Vec<Vec<Value>>,
}
