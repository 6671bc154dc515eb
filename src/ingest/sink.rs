//! Cells find their columns here: short rows are filled up, long ones cut, and both are counted.

use std::ops::Range;

use super::IngestIssue;
use super::lexer::Sink;
use crate::error::Issues;
use crate::table::ColumnData;
use crate::table::infer::{ColumnBuilder, Rules};

/// The columns of a table in the making.
#[derive(Debug)]
pub(super) struct TableSink {
    /// The columns, in order.
    pub(super) slots: Vec<Slot>,
    /// How cells are read.
    pub(super) rules: Rules,
    /// Records above the first row that are still to come.
    pub(super) n_skip: usize,
    /// Rows so far.
    pub(super) n_rows: usize,
    n_ragged: u64,
    /// Line and number of cells of the first row of another length.
    first_ragged: (u64, usize),
}

/// A column.
#[derive(Debug)]
pub(super) enum Slot {
    /// It takes cells.
    Building(Box<ColumnBuilder>),
    /// It has all its cells.
    Done(ColumnData),
    /// It was moved out.
    Taken,
}

impl TableSink {
    pub(super) fn new(builders: impl Iterator<Item = ColumnBuilder>, rules: Rules, n_skip: usize) -> Self {
        let slots = builders.map(|builder| Slot::Building(Box::new(builder))).collect();
        Self { slots, rules, n_skip, n_rows: 0, n_ragged: 0, first_ragged: (0, 0) }
    }

    /// Reports rows of another length.
    pub(super) fn report_ragged(&self, has_header: bool, issues: &mut Issues) {
        let ((line, n_cells), n_columns) = (self.first_ragged, self.slots.len());
        if has_header {
            issues.push_many(IngestIssue::RaggedRow { line, n_cells, n_columns }, self.n_ragged);
        } else {
            issues.push_many(IngestIssue::RaggedRowNoHeader { line, n_cells, n_columns }, self.n_ragged);
        }
    }

    #[cold]
    fn end_ragged(&mut self, n_cells: usize, line: u64) {
        if self.n_ragged == 0 {
            self.first_ragged = (line, n_cells);
        }
        self.n_ragged += 1;
        for slot in self.slots.iter_mut().skip(n_cells) {
            if let Slot::Building(builder) = slot {
                builder.push_missing(&self.rules);
            }
        }
    }
}

impl Sink for TableSink {
    #[inline]
    fn cell(&mut self, idx: usize, text: &str, line: u64) {
        if self.n_skip == 0
            && let Some(Slot::Building(builder)) = self.slots.get_mut(idx)
        {
            builder.push(text, line, &self.rules);
        }
    }

    #[inline]
    fn plain_cell(&mut self, idx: usize, text: &str, cell: Range<usize>, line: u64) {
        if self.n_skip == 0
            && let Some(Slot::Building(builder)) = self.slots.get_mut(idx)
            && builder.push_usual(text.as_bytes(), &cell, &self.rules)
        {
            return;
        }
        self.cell(idx, &text[cell], line);
    }

    #[inline]
    fn end_record(&mut self, n_cells: usize, line: u64) {
        if self.n_skip > 0 {
            self.n_skip -= 1;
            return;
        }
        if n_cells != self.slots.len() {
            self.end_ragged(n_cells, line);
        }
        self.n_rows += 1;
    }
}
