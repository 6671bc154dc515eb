//! What the first cells of a column are, to guess its kind.

use super::number::{Number, read_number};
use super::{Guess, Rules};
use crate::table::datetime::parse_written;

/// Counts over the first cells of a column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    n_missing: u64,
    n_numbers: u64,
    n_padded: u64,
    n_beyond_digits: u64,
    n_times: u64,
    n_others: u64,
}

impl Facts {
    /// Counts a cell in.
    pub(crate) fn see(&mut self, cell: &str, rules: &Rules) {
        match read_number(cell, rules.decimal) {
            Number::Finite { is_digits, .. } => {
                self.n_numbers += 1;
                self.n_beyond_digits += u64::from(!is_digits);
            }
            Number::Padded { .. } => self.n_padded += 1,
            Number::Grouped { .. } | Number::Infinite => self.n_numbers += 1,
            Number::None if rules.is_missing(cell) => self.n_missing += 1,
            Number::None if parse_written(cell).is_some() => self.n_times += 1,
            Number::None => self.n_others += 1,
        }
    }

    /// Cells with a value.
    pub(crate) fn n_present(&self) -> u64 {
        self.n_numbers + self.n_padded + self.n_times + self.n_others
    }

    /// Whether the column is one of numbers, of digits or of dates.
    pub(crate) fn is_typed(&self) -> bool {
        let n_typed = (self.n_numbers + self.n_padded).max(self.n_times);
        n_typed * 10 >= self.n_present() * 9 && n_typed > 0
    }

    /// The kind to try. Half of the cells are enough: what it comes to is decided over all of them.
    pub(crate) fn guess(&self) -> Guess {
        let n_present = self.n_present();
        if n_present == 0 {
            Guess::Unknown
        } else if self.n_padded > 0 && self.n_beyond_digits == 0 && self.n_others + self.n_times == 0 {
            Guess::Text
        } else if (self.n_numbers + self.n_padded) * 2 >= n_present {
            Guess::Numeric
        } else if self.n_times * 2 >= n_present {
            Guess::Times
        } else {
            Guess::Strings
        }
    }
}
