//! A column of numbers in the making.

use std::ops::Range;

use super::number::{Number, read_number, read_plain, read_tail};
use super::{ColumnIssue, Guess, Rules, Seen, are_few, push_value, with_room};
use crate::error::Issues;
use crate::table::ColumnData;

/// Numbers as they come, and a count of everything that speaks against numbers.
#[derive(Debug)]
pub(super) struct NumericBuilder {
    values: Vec<f64>,
    n_missing: u64,
    bad: Seen,
    infinite: Seen,
    n_padded: u64,
    /// Whether some number was more than digits: then zeros before others are padding.
    has_beyond_digits: bool,
    n_grouped: u64,
    is_grouping_certain: bool,
}

impl NumericBuilder {
    pub(super) fn new(n_rows_expected: usize) -> Self {
        Self {
            values: with_room(n_rows_expected),
            n_missing: 0,
            bad: Seen::default(),
            infinite: Seen::default(),
            n_padded: 0,
            has_beyond_digits: false,
            n_grouped: 0,
            is_grouping_certain: false,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, cell: &str, line: u64, rules: &Rules) {
        let value = match read_plain(cell.as_bytes(), rules.decimal) {
            Some((value, is_digits)) => {
                self.has_beyond_digits |= !is_digits;
                value
            }
            None => self.read_rare(cell, line, rules),
        };
        push_value(&mut self.values, value);
    }

    /// Takes the bytes `cell` of a text if they are a usual number; whether they were.
    #[inline]
    pub(super) fn push_usual(&mut self, text: &[u8], cell: &Range<usize>, rules: &Rules) -> bool {
        let Some(tail) = text[..cell.end].last_chunk() else { return false };
        let Some((value, is_digits)) = read_tail(tail, cell.len(), rules.decimal) else { return false };
        self.has_beyond_digits |= !is_digits;
        push_value(&mut self.values, value);
        true
    }

    #[cold]
    fn read_rare(&mut self, cell: &str, line: u64, rules: &Rules) -> f64 {
        match read_number(cell, rules.decimal) {
            Number::Finite { value, is_digits } => {
                self.has_beyond_digits |= !is_digits;
                return value;
            }
            Number::Padded { value } => {
                self.n_padded += 1;
                return value;
            }
            Number::Grouped { value, is_certain } => {
                self.n_grouped += 1;
                self.is_grouping_certain |= is_certain;
                return value;
            }
            Number::Infinite => self.infinite.add(cell, line),
            Number::None if rules.is_missing(cell) => self.n_missing += 1,
            Number::None => self.bad.add(cell, line),
        }
        f64::NAN
    }

    pub(super) fn settle(
        self,
        name: &str,
        is_forced: bool,
        rules: &Rules,
        issues: &mut Issues,
    ) -> Result<ColumnData, Guess> {
        let n_other = self.n_missing + self.bad.n + self.infinite.n;
        let n_good = self.values.len() as u64 - n_other;
        if !is_forced {
            if self.n_padded > 0 && !self.has_beyond_digits {
                return Err(if self.bad.n == 0 { Guess::Text } else { Guess::Strings });
            }
            let is_grouping_open = self.n_grouped > 0 && !self.is_grouping_certain && !rules.is_decimal_certain;
            if !are_few(self.bad.n, n_good + self.infinite.n) || is_grouping_open {
                return Err(Guess::Strings);
            }
        }
        let Self { values, bad, infinite, .. } = self;
        let column = name.to_owned();
        issues.push_many(ColumnIssue::NotFinite { column, line: infinite.line, cell: infinite.cell }, infinite.n);
        let (column, expected) = (name.to_owned(), "a number".to_owned());
        issues.push_many(ColumnIssue::BadCell { column, line: bad.line, cell: bad.cell, expected }, bad.n);
        Ok(ColumnData::Numeric(values))
    }
}
