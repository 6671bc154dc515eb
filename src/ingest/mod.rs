//! Bytes become a typed table here.
//!
//! What comes in: the bytes of a text file, pushed piece by piece into a [`Reader`]. What goes out: a [`ReadTable`] with
//! the table, the dialect that was found and what was odd. Bad data is never a failure: [`IngestError`] is for files
//! without a table to show, and for options that contradict the file. No I/O happens here.
//!
//! ```
//! use vitrine::ingest::{ReadConfig, read_bytes};
//! use vitrine::table::Cell;
//! let read = read_bytes(b"city;height\nOslo;1,5\nRome;2,25\n", ReadConfig::default()).unwrap();
//! assert_eq!((read.dialect.delimiter, read.dialect.decimal), (b';', b','));
//! assert_eq!(read.table.column("height").unwrap().cell(1), Cell::Number(2.25));
//! ```

use std::collections::BTreeMap;

use crate::error::{Error, Issues, Place};
use crate::table::{ColumnKind, Table};

mod body;
mod decode;
mod encoding;
mod feed;
mod header;
mod lexer;
mod reader;
mod scan;
mod sink;
mod sniff;
pub mod write;

pub use reader::{Reader, read_bytes};

/// Most columns a table may have: beyond this it is no table anyone looks at, and a message serves better.
pub const MAX_COLUMNS: usize = 100_000;

/// What the reader should not find out for itself; everything is sniffed by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadConfig {
    /// The cell separator, an ASCII character that is no letter, digit, quote, decimal point or line end.
    pub delimiter: Option<u8>,
    /// The quote, or `Some(None)` for a file in which quotes mean nothing.
    pub quote: Option<Option<u8>>,
    /// The decimal mark, `b'.'` or `b','`; the other one then groups thousands.
    pub decimal: Option<u8>,
    /// Whether the first record names the columns.
    pub has_header: Option<bool>,
    /// The text encoding.
    pub encoding: Option<Encoding>,
    /// Kinds by column name; a column that is not named is inferred.
    pub column_kinds: BTreeMap<String, ColumnKind>,
    /// The cells that mean "missing", besides empty ones, instead of [`table::MISSING_WORDS`](crate::table::MISSING_WORDS).
    pub missing_values: Option<Vec<String>>,
}

/// A text encoding the reader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    Utf8,
    /// UTF-16, little-endian.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
    /// GB18030, of which GBK and GB2312 are parts.
    Gb18030,
    /// Windows-1252; every byte means something in it.
    Windows1252,
}

/// How a file writes a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The cell separator.
    pub delimiter: u8,
    /// The quote, if quotes mean anything.
    pub quote: Option<u8>,
    /// The decimal mark.
    pub decimal: u8,
    /// Whether the first record names the columns.
    pub has_header: bool,
    /// The text encoding.
    pub encoding: Encoding,
}

/// What [`Reader::settle`] came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// Call again.
    Working {
        /// The share of the settling that is done.
        fraction: f64,
    },
    /// Push all bytes again from the start, then call [`Reader::end`] and settle again; happens at most once.
    Reread,
    /// The table. The reader is spent.
    Done(Box<ReadTable>),
}

/// A table as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadTable {
    /// The typed columns.
    pub table: Table,
    /// How the file writes them.
    pub dialect: Dialect,
    /// Bytes that were pushed.
    pub size_bytes: u64,
    /// What was odd.
    pub issues: Issues,
}

impl ReadConfig {
    /// Whether the options can be followed at all.
    ///
    /// **Errors** `ingest.bad_delimiter`, `ingest.bad_quote`, `ingest.bad_decimal`.
    pub fn check(&self) -> Result<(), Error> {
        let shown =
            |byte: u8| if byte.is_ascii_graphic() { format!("{:?}", char::from(byte)) } else { format!("byte {byte}") };
        if let Some(delimiter) = self.delimiter.filter(|&byte| !is_delimiter(byte)) {
            return Err(IngestError::BadDelimiter { delimiter: shown(delimiter) }.into());
        }
        if let Some(quote) =
            self.quote.flatten().filter(|&byte| !byte.is_ascii_punctuation() || Some(byte) == self.delimiter)
        {
            return Err(IngestError::BadQuote { quote: shown(quote) }.into());
        }
        if let Some(decimal) = self.decimal.filter(|byte| !b".,".contains(byte)) {
            return Err(IngestError::BadDecimal { decimal: shown(decimal) }.into());
        }
        Ok(())
    }
}

impl Encoding {
    /// Its usual name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Gb18030 => "GB18030",
            Self::Windows1252 => "windows-1252",
        }
    }
}

/// Whether a byte can part cells: any ASCII character but those cells and lines are made of.
fn is_delimiter(byte: u8) -> bool {
    let is_part_of_a_cell = byte.is_ascii_alphanumeric() || matches!(byte, b'"' | b'.' | b'-' | b'+' | b'\'');
    byte.is_ascii() && !is_part_of_a_cell && !matches!(byte, 0 | b'\n' | b'\r')
}

crate::trouble! {
    /// Why there is no table to show.
    pub enum IngestError in "ingest" {
        /// The file has no bytes, or nothing but blank lines.
        EmptyFile {} => "empty_file", "the file is empty",
            hint "Choose a file with a line of names and at least one row";
        /// The file has names of columns and nothing below them.
        NoRows { n_columns: usize } => "no_rows", "the file has a header of {n_columns} columns, but no rows",
            hint "Add rows below the header; if the only line is a row, say that there is no header";
        /// The file is no text.
        NotText { looks_like: String } => "not_text", "the file is not a CSV: it looks like {looks_like}",
            hint "Export the table as CSV and choose that file";
        /// The first record has more cells than a table may have columns.
        TooManyColumns { n_columns: usize, limit: usize } => "too_many_columns",
            "the file has {n_columns} columns, but at most {limit} can be read",
            hint "Check the delimiter, or keep only the columns you need",
            place Place::line(1);
        /// The delimiter in the options cannot be one.
        BadDelimiter { delimiter: String } => "bad_delimiter",
            "the delimiter is {delimiter}, but must be one ASCII character that is no letter, digit, quote, point or line end",
            hint "Use \",\" \";\" \"|\" or a tab, or leave it out to have it found",
            place Place::field("delimiter");
        /// The quote in the options cannot be one.
        BadQuote { quote: String } => "bad_quote",
            "the quote is {quote}, but must be an ASCII punctuation mark other than the delimiter",
            hint "Use \" or ', or an empty text for none, or leave it out to have it found",
            place Place::field("quote");
        /// The decimal mark in the options cannot be one.
        BadDecimal { decimal: String } => "bad_decimal", "the decimal mark is {decimal}, but must be \".\" or \",\"",
            hint "Use \".\" or \",\", or leave it out to have it found",
            place Place::field("decimal");
        /// The options name a column the file does not have.
        NoSuchColumn { name: String, known: String } => "no_such_column",
            "column_kinds names {name:?}, but the file has {known}",
            hint "Check the spelling of {name:?}; names are case-sensitive",
            place Place::field("column_kinds").in_column(name.clone());
    }
}

crate::trouble! {
    /// What was odd about a file, though a table came out of it.
    pub enum IngestIssue in "ingest" {
        /// A row has more or fewer cells than the header; missing ones are missing values, extra ones are dropped.
        RaggedRow { line: u64, n_cells: usize, n_columns: usize } => "ragged_row",
            "line {line} has {n_cells} cells, but the header has {n_columns}",
            hint "Check for an unquoted delimiter in line {line}",
            place Place::line(*line);
        /// A row of a file without a header has more or fewer cells than most.
        RaggedRowNoHeader { line: u64, n_cells: usize, n_columns: usize } => "ragged_row_no_header",
            "line {line} has {n_cells} cells, but the table has {n_columns} columns",
            hint "Check for an unquoted delimiter in line {line}",
            place Place::line(*line);
        /// A quote opens a cell and is never closed; it is read as a character of the cell.
        UnclosedQuote { line: u64 } => "unclosed_quote", "line {line} opens a quote that is not closed",
            hint "Close the quote in line {line}, or double it; it was read as a plain character",
            place Place::line(*line);
        /// NUL bytes are dropped.
        NulByte { line: u64 } => "nul_byte", "line {line} has a NUL byte",
            hint "NUL bytes were left out; check how the file was made",
            place Place::line(*line);
        /// Bytes that mean nothing in the encoding became replacement characters.
        BadBytes { line: u64, encoding: String } => "bad_bytes", "line {line} has bytes that are not {encoding}",
            hint "They were read as \u{FFFD}; choose another encoding if text looks wrong",
            place Place::line(*line);
        /// Two columns have one name; the later one got a number.
        DuplicateHeader { name: String, renamed: String } => "duplicate_header",
            "the name {name:?} occurs twice; the later column is now {renamed:?}",
            hint "Give each column its own name",
            place Place::line(1).in_column(renamed.clone());
        /// A column has no name; it got one.
        EmptyHeader { column: usize, renamed: String } => "empty_header",
            "column {column} has no name; it is now {renamed:?}",
            hint "Name every column",
            place Place::line(1).in_column(renamed.clone());
        /// A name is too long and was cut.
        LongHeader { column: usize, n_chars: usize, n_kept: usize, kept: String } => "long_header",
            "the name of column {column} has {n_chars} characters; the first {n_kept} were kept",
            hint "Check that the first line holds names",
            place Place::line(1).in_column(kept.clone());
        /// The header names columns with numbers, which may mean that it is a row.
        NumericHeader { name: String } => "numeric_header",
            "the first line was read as names, but {name:?} is a number",
            hint "If the first line is a row, say that there is no header",
            place Place::line(1);
        /// The rows have one cell more than the header, as R writes row names; the first column got a name.
        RowNames { n_cells: usize, n_columns: usize } => "row_names",
            "the rows have {n_cells} cells, but the header has {n_columns}; the first column was taken for row names",
            hint "Name the first column in the header",
            place Place::line(1);
        /// Per-column issues beyond the listed ones.
        MoreColumns { what: String, n_columns: usize } => "more_columns",
            "{n_columns} more columns have the issue {what:?}",
            hint "Only the first columns are listed";
    }
}
