//! A column of points in time in the making.

use super::{ColumnIssue, Guess, Rules, Seen, are_few, push_value, with_room};
use crate::error::Issues;
use crate::table::ColumnData;
use crate::table::datetime::{Form, Reads, parse_written, swap_day_and_month};

/// Times as they come. Of `03/04/2024` the month is taken to be first until the whole column has been seen.
#[derive(Debug)]
pub(super) struct TimesBuilder {
    times: Vec<i64>,
    form: Option<Form>,
    n_missing: u64,
    bad: Seen,
    n_month_first: u64,
    n_day_first: u64,
    open: Seen,
}

impl TimesBuilder {
    pub(super) fn new(n_rows_expected: usize) -> Self {
        Self {
            times: with_room(n_rows_expected),
            form: None,
            n_missing: 0,
            bad: Seen::default(),
            n_month_first: 0,
            n_day_first: 0,
            open: Seen::default(),
        }
    }

    pub(super) fn push(&mut self, cell: &str, line: u64, rules: &Rules) {
        // The family of forms is that of the first cell.
        let written = parse_written(cell).filter(|written| *self.form.get_or_insert(written.form) == written.form);
        let time = match written {
            Some(written) => {
                if written.form == Form::Either {
                    match written.reads {
                        Reads::MonthFirst => self.n_month_first += 1,
                        Reads::DayFirst => self.n_day_first += 1,
                        Reads::Both if swap_day_and_month(written.millis) == written.millis => {}
                        Reads::Both => self.open.add(cell, line),
                    }
                }
                written.millis
            }
            None => {
                if rules.is_missing(cell) {
                    self.n_missing += 1;
                } else {
                    self.bad.add(cell, line);
                }
                ColumnData::MISSING_TIME
            }
        };
        push_value(&mut self.times, time);
    }

    pub(super) fn settle(
        mut self,
        name: &str,
        is_forced: bool,
        rules: &Rules,
        issues: &mut Issues,
    ) -> Result<ColumnData, Guess> {
        let n_good = self.times.len() as u64 - self.n_missing - self.bad.n;
        let is_torn = self.n_month_first > 0 && self.n_day_first > 0;
        if !is_forced && (!are_few(self.bad.n, n_good) || is_torn) {
            return Err(Guess::Strings);
        }
        let is_open = self.n_month_first == self.n_day_first;
        let is_day_first = if is_open { rules.is_day_first } else { self.n_day_first > self.n_month_first };
        if self.form == Some(Form::Either) && is_day_first {
            let present = self.times.iter_mut().filter(|time| **time != ColumnData::MISSING_TIME);
            present.for_each(|time| *time = swap_day_and_month(*time));
        }
        let column = name.to_owned();
        if is_open && self.open.n > 0 {
            let read_as = if is_day_first { "day/month/year" } else { "month/day/year" }.to_owned();
            let Seen { n, line, cell } = self.open;
            issues.push_many(ColumnIssue::AmbiguousDates { column: column.clone(), line, cell, read_as }, n);
        }
        let Seen { n, line, cell } = self.bad;
        issues.push_many(ColumnIssue::BadCell { column, line, cell, expected: "a date".to_owned() }, n);
        Ok(ColumnData::Datetime(self.times))
    }
}
