//! New rows are answered.
//!
//! What comes in: rows as values by name, or a table. What goes out: answers in row order, and on wish a CSV of the
//! rows with their answers beside them. Nothing a row holds can stop the others from being answered.

mod rows;
mod table;

pub use rows::rows_source;
pub use table::answered_table;

crate::trouble! {
    /// What can be wrong with a request to predict.
    pub enum PredictError in "predict" {
        /// Not exactly one of rows, table and CSV was given.
        WhichRows { given: usize } => "which_rows",
            "{given} of rows, table and csv are given, but exactly one must be",
            hint "Give rows: [...], or table: id, or csv: source",
            place crate::error::Place::field("rows");
        /// A cell of a row is neither a number, a text, true, false nor null.
        BadCell { row: usize, column: String, given: String } => "bad_cell",
            "row {row} has {given} for {column:?}, but a cell is a number, a text, true, false or null",
            hint "Give a single value for {column:?}",
            place crate::error::Place { row: Some(*row as u64), ..crate::error::Place::column(column.clone()) };
        /// The output asked for is not one there is.
        BadOutput { given: String } => "bad_output",
            "output is {given:?}, but must be \"rows\" or \"csv\"",
            hint "Leave output out for rows",
            place crate::error::Place::field("output");
    }
}
