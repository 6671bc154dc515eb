//! Raw cells become typed columns here.
//!
//! What comes in: columns as the reader inferred them. What goes out: a [`Table`], its profile ([`summary`]) and its
//! partition into training and test rows ([`split`]) or folds ([`folds`]). A missing cell is a value like any other.

mod column;
mod datetime;
pub mod folds;
pub(crate) mod infer;
pub mod split;
pub mod summary;
mod text;
pub mod toy;

pub use column::{Cell, Column, ColumnData, ColumnKind, TextColumn};
pub(crate) use datetime::date_of_days;
pub use datetime::{format_datetime, parse_datetime};
pub use infer::ColumnIssue;
pub(crate) use summary::quantile;
pub use text::{cell_text, number_text};

/// The cells that mean "missing" besides empty ones, spaces around them aside: pandas' words, in pandas' case, and the
/// marks of other programs (`?` of the UCI archive, `-` of tables made for people, `\\N` of MySQL).
///
/// A cell `None` or `NA` is missing also where it was meant as a word: name other `missing_values` then.
pub const MISSING_WORDS: &[&str] = &[
    "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "#N/A", "#N/A N/A", "#NA",
    "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "?", "-", "--", "\\N",
];

/// Typed columns of equal length under unique names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    n_rows: usize,
}

crate::trouble! {
    /// What can be wrong with a request about a table.
    pub enum TableError in "table" {
        /// A column that is named does not exist.
        NoSuchColumn { name: String, known: String } => "no_such_column",
            "there is no column {name:?}; the table has {known}",
            hint "Check the spelling of {name:?}; names are case-sensitive",
            place crate::error::Place::column(name.clone());
    }
}

impl Table {
    /// Puts columns together.
    ///
    /// **Panics** when their lengths differ or a name occurs twice: whoever builds columns keeps both.
    pub fn new(columns: Vec<Column>) -> Self {
        let n_rows = columns.first().map_or(0, Column::n_rows);
        assert!(columns.iter().all(|column| column.n_rows() == n_rows), "columns of one table have one length");
        let names: std::collections::BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names.len(), columns.len(), "names of columns are unique");
        Self { columns, n_rows }
    }

    /// The columns, in the file's order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Rows, the header not among them.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The position of a column.
    ///
    /// **Errors** `table.no_such_column`.
    pub fn column_idx(&self, name: &str) -> Result<usize, crate::Error> {
        self.columns.iter().position(|column| column.name == name).ok_or_else(|| {
            let known: Vec<String> = self.columns.iter().take(20).map(|column| format!("{:?}", column.name)).collect();
            let more = if self.columns.len() > 20 { ", …" } else { "" };
            TableError::NoSuchColumn { name: name.to_owned(), known: known.join(", ") + more }.into()
        })
    }

    /// A column by name.
    ///
    /// **Errors** `table.no_such_column`.
    pub fn column(&self, name: &str) -> Result<&Column, crate::Error> {
        Ok(&self.columns[self.column_idx(name)?])
    }

    /// Bytes the cells take in memory.
    pub fn memory_bytes(&self) -> usize {
        self.columns.iter().map(|column| column.data.memory_bytes()).sum()
    }
}
