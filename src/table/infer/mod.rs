//! Cells become typed columns here, while they stream by.
//!
//! What comes in: the cells of one column, in order, to a [`ColumnBuilder`] that guesses the kind from the first rows
//! ([`Facts`]) and stores values, not text. What goes out: a column, or, when later cells contradict the guess, a builder
//! of the right kind that must see the cells once more. So no text is kept for columns of numbers.
//!
//! The kinds, decided over the whole column:
//! - *numeric*: every present cell is a number, but for at most 1 % others (they become missing, with an issue). Cells with
//!   leading zeros among cells of digits only make the column text: `00501` is a name. So 0 and 1 are numbers.
//! - *datetime*: every present cell is a date of one family of forms ([`parse_datetime`](super::parse_datetime)), but for 1 %.
//! - *boolean*: two different words that form a known pair (`yes`/`no`, `true`/`false`, `是`/`否`, …), in one spelling each.
//! - *categorical*: at most 20 different texts, or at most 10,000 that occur four times on average.
//! - *text*: anything else.

mod facts;
mod number;
mod numeric;
mod strings;
mod times;

use std::ops::Range;

use crate::error::{Issues, Place};

use super::{Cell, Column, ColumnData, ColumnKind, MISSING_WORDS, cell_text};
pub(crate) use facts::Facts;
use numeric::NumericBuilder;
use strings::StringsBuilder;
use times::TimesBuilder;

crate::trouble! {
    /// What was odd about a column, though it was read.
    pub enum ColumnIssue in "table" {
        /// A cell is not of its column's kind; it became a missing value.
        BadCell { column: String, line: u64, cell: String, expected: String } => "bad_cell",
            "line {line} has {cell:?} in column {column:?}, which is not {expected}",
            hint "Correct the cell, or choose another kind for {column:?}; it was read as missing",
            place Place::line(*line).in_column(column.clone());
        /// A text of a column that was asked to be yes or no is neither; it became a missing value.
        BadFlag { column: String, cell: String } => "bad_flag", "column {column:?} has {cell:?}, which is neither yes nor no",
            hint "Choose another kind for {column:?}, or write the word as yes or no; it was read as missing",
            place Place::column(column.clone());
        /// A number is infinite or beyond 1.8e308; it became a missing value.
        NotFinite { column: String, line: u64, cell: String } => "not_finite",
            "line {line} has {cell:?} in column {column:?}, which is not a finite number",
            hint "Numbers reach up to 1.8e308; the cell was read as missing",
            place Place::line(*line).in_column(column.clone());
        /// Every date of a column could have day and month exchanged.
        AmbiguousDates { column: String, line: u64, cell: String, read_as: String } => "ambiguous_dates",
            "line {line} has {cell:?} in column {column:?}, and nothing tells day from month; it was read as {read_as}",
            hint "Write dates as 2024-03-05",
            place Place::line(*line).in_column(column.clone());
        /// A column has no value at all.
        AllMissing { column: String } => "all_missing", "column {column:?} has no values",
            hint "Drop {column:?}, or fill it in", place Place::column(column.clone());
        /// Every value of a column is the same.
        Constant { column: String, value: String } => "constant", "column {column:?} has the same value in every row: {value:?}",
            hint "{column:?} tells nothing apart; drop it", place Place::column(column.clone());
    }
}

/// How cells are read, the same for all columns.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The decimal mark.
    pub(crate) decimal: u8,
    /// Whether the decimal mark was seen or given, so that the other mark can only group thousands.
    pub(crate) is_decimal_certain: bool,
    /// Whether a date that leaves it open has the day first.
    pub(crate) is_day_first: bool,
    /// Rows to make room for.
    pub(crate) n_rows_expected: usize,
    missing: Vec<String>,
    /// Whether some missing word begins with a byte.
    begins_missing: [bool; 256],
    n_longest_missing: usize,
}

impl Rules {
    /// Rules with a decimal mark and the words that mean missing ([`MISSING_WORDS`] by default).
    pub(crate) fn new(decimal: u8, missing: Option<&[String]>) -> Self {
        let missing: Vec<String> = match missing {
            Some(words) => words.iter().map(|word| word.trim().to_owned()).collect(),
            None => MISSING_WORDS.iter().map(|&word| word.to_owned()).collect(),
        };
        let mut begins_missing = [false; 256];
        missing.iter().filter_map(|word| word.bytes().next()).for_each(|byte| begins_missing[usize::from(byte)] = true);
        Self {
            decimal,
            is_decimal_certain: false,
            is_day_first: false,
            n_rows_expected: 0,
            n_longest_missing: missing.iter().map(String::len).max().unwrap_or(0),
            missing,
            begins_missing,
        }
    }

    /// Whether a cell means "no value".
    pub(crate) fn is_missing(&self, cell: &str) -> bool {
        let bytes = cell.as_bytes();
        match bytes.first() {
            None => true,
            Some(&first) if !self.begins_missing[usize::from(first)] && !is_outer_blank(first) => false,
            Some(_) => {
                let trimmed = cell.trim();
                trimmed.is_empty()
                    || (trimmed.len() <= self.n_longest_missing && self.missing.iter().any(|word| word == trimmed))
            }
        }
    }
}

/// Whether a text that begins with this byte may begin with white space.
fn is_outer_blank(byte: u8) -> bool {
    byte <= b' ' || byte >= 0xc2
}

/// One column in the making.
#[derive(Debug)]
pub(crate) struct ColumnBuilder {
    name: String,
    /// The kind was asked for: cells that do not fit are missing, however many.
    is_forced: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing but missing cells so far.
    Empty {
        n_rows: usize,
    },
    Numeric(NumericBuilder),
    Times(TimesBuilder),
    Strings(StringsBuilder),
}

/// What became of a column.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its cells.
    Done(ColumnData),
    /// The guess was wrong: this builder must see all cells.
    Retry(ColumnBuilder),
}

/// What a builder is to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    /// The first present cell will tell.
    Unknown,
    /// Numbers.
    Numeric,
    /// Points in time.
    Times,
    /// Categories, text or yes and no: how many there are will tell.
    Strings,
    /// Text.
    Text,
}

impl ColumnBuilder {
    /// A builder by guess, or of the kind that was asked for.
    pub(crate) fn new(name: String, guess: Guess, forced: Option<ColumnKind>, rules: &Rules) -> Self {
        let n_rows = rules.n_rows_expected;
        let state = match (forced, guess) {
            (Some(ColumnKind::Numeric), _) | (None, Guess::Numeric) => State::Numeric(NumericBuilder::new(n_rows)),
            (Some(ColumnKind::Datetime), _) | (None, Guess::Times) => State::Times(TimesBuilder::new(n_rows)),
            (Some(ColumnKind::Text), _) | (None, Guess::Text) => {
                State::Strings(StringsBuilder::new(Some(ColumnKind::Text), n_rows))
            }
            (Some(kind), _) => State::Strings(StringsBuilder::new(Some(kind), n_rows)),
            (None, Guess::Strings) => State::Strings(StringsBuilder::new(None, n_rows)),
            (None, Guess::Unknown) => State::Empty { n_rows: 0 },
        };
        Self { name, is_forced: forced.is_some(), state }
    }

    /// The next cell.
    #[inline]
    pub(crate) fn push(&mut self, cell: &str, line: u64, rules: &Rules) {
        match &mut self.state {
            State::Numeric(numbers) => numbers.push(cell, line, rules),
            State::Strings(strings) => strings.push(cell, rules),
            State::Times(times) => times.push(cell, line, rules),
            State::Empty { n_rows } => {
                if rules.is_missing(cell) {
                    *n_rows += 1;
                } else {
                    let n_rows = *n_rows;
                    self.begin(n_rows, cell, rules);
                    self.push(cell, line, rules);
                }
            }
        }
    }

    /// The next cell, if it is the usual kind of number in a column of numbers, or a short word that was seen in one of words;
    /// whether it was taken.
    #[inline]
    pub(crate) fn push_usual(&mut self, text: &[u8], cell: &Range<usize>, rules: &Rules) -> bool {
        match &mut self.state {
            State::Numeric(numbers) => numbers.push_usual(text, cell, rules),
            State::Strings(strings) => strings.push_usual(text, cell),
            State::Times(_) | State::Empty { .. } => false,
        }
    }

    /// The next cell, which the file does not have.
    pub(crate) fn push_missing(&mut self, rules: &Rules) {
        self.push("", 0, rules);
    }

    /// The first present cell tells what to guess.
    fn begin(&mut self, n_missing: usize, cell: &str, rules: &Rules) {
        let mut facts = Facts::default();
        facts.see(cell, rules);
        let guess = facts.guess();
        let name = std::mem::take(&mut self.name);
        *self = Self::new(name, if guess == Guess::Unknown { Guess::Strings } else { guess }, None, rules);
        (0..n_missing).for_each(|_| self.push_missing(rules));
    }

    /// There are no more cells: `n_rows` of them. Takes time in proportion to them.
    pub(crate) fn settle(self, n_rows: usize, rules: &Rules, issues: &mut Issues) -> Outcome {
        let Self { name, is_forced, state } = self;
        let settled = match state {
            State::Empty { .. } => Ok(ColumnData::Numeric(Vec::new())),
            State::Numeric(numbers) => numbers.settle(&name, is_forced, rules, issues),
            State::Times(times) => times.settle(&name, is_forced, rules, issues),
            State::Strings(strings) => Ok(strings.settle(&name, issues)),
        };
        match settled {
            Ok(mut data) => {
                data.resize(n_rows);
                Outcome::Done(report_values(name, data, issues))
            }
            Err(guess) => Outcome::Retry(Self::new(name, guess, None, rules)),
        }
    }
}

/// Says so when a column tells nothing.
fn report_values(name: String, data: ColumnData, issues: &mut Issues) -> ColumnData {
    let column = Column { name, data };
    let mut present =
        (0..column.n_rows()).map(|row| (row, column.cell(row))).filter(|(_, cell)| *cell != Cell::Missing);
    match present.next() {
        None => issues.push(ColumnIssue::AllMissing { column: column.name.clone() }),
        Some((row, first)) => {
            // One value is always the same.
            if let Some((_, second)) = present.next()
                && first == second
                && present.all(|(_, cell)| cell == first)
            {
                let value = excerpt(&cell_text(&column, row));
                issues.push(ColumnIssue::Constant { column: column.name.clone(), value });
            }
        }
    }
    column.data
}

/// Adds a value, making room by eighths: where the number of rows was guessed right nothing is copied, and where it was
/// not, little is left over.
fn push_value<T>(values: &mut Vec<T>, value: T) {
    if values.len() == values.capacity() {
        values.reserve_exact(values.len() / 8 + 64);
    }
    values.push(value);
}

/// Room for some values, or none when there is no such memory: the number is an estimate.
fn with_room<T>(n: usize) -> Vec<T> {
    let mut values = Vec::new();
    // A failure here is no failure: room is made as values come.
    let _ = values.try_reserve_exact(n);
    values
}

/// A cell for a message.
fn excerpt(cell: &str) -> String {
    /// Enough to recognise it.
    const MAX_CHARS: usize = 80;
    cell.chars().take(MAX_CHARS).collect()
}

/// The first cell of some sort, and how many there were.
#[derive(Clone, Debug, Default)]
struct Seen {
    n: u64,
    line: u64,
    cell: String,
}

impl Seen {
    fn add(&mut self, cell: &str, line: u64) {
        if self.n == 0 {
            (self.line, self.cell) = (line, excerpt(cell.trim()));
        }
        self.n += 1;
    }
}

/// Whether so few cells are no exception to the rule: at most 1 %, and never more than those that fit.
fn are_few(n_bad: u64, n_good: u64) -> bool {
    n_bad * 100 <= n_good + n_bad && n_bad <= n_good
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a column as the reader does: by guess, and once more when the guess was wrong.
    fn read(cells: &[&str], forced: Option<ColumnKind>) -> (Column, Issues) {
        let rules = Rules::new(b'.', None);
        let mut facts = Facts::default();
        cells.iter().take(3).for_each(|cell| facts.see(cell, &rules));
        let mut builder = ColumnBuilder::new("x".to_owned(), facts.guess(), forced, &rules);
        loop {
            let mut issues = Issues::new();
            cells.iter().zip(2..).for_each(|(cell, line)| builder.push(cell, line, &rules));
            match builder.settle(cells.len(), &rules, &mut issues) {
                Outcome::Done(data) => return (Column { name: "x".to_owned(), data }, issues),
                Outcome::Retry(other) => builder = other,
            }
        }
    }

    #[track_caller]
    fn check(cells: &[&str], kind: ColumnKind, expected: &[&str], codes: &[&str]) {
        let (column, issues) = read(cells, None);
        assert_eq!(column.kind(), kind, "{cells:?}");
        let ours: Vec<_> = (0..cells.len()).map(|row| cell_text(&column, row)).collect();
        assert_eq!(ours, expected);
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), codes);
    }

    #[test]
    fn numbers() {
        check(&["1", " 2.5 ", "NA", "-3e2"], ColumnKind::Numeric, &["1", "2.5", "", "-300"], &[]);
        check(&["0", "1", "0"], ColumnKind::Numeric, &["0", "1", "0"], &[]);
        check(&["1", "1e400", "2"], ColumnKind::Numeric, &["1", "", "2"], &["not_finite"]);
        check(&["-1.5", "007", "2"], ColumnKind::Numeric, &["-1.5", "7", "2"], &[]);
        check(&["1,234,567", "89,012"], ColumnKind::Numeric, &["1234567", "89012"], &[]);
        check(&["", "", "", "", "5", "6"], ColumnKind::Numeric, &["", "", "", "", "5", "6"], &[]);
        check(&["", "NA"], ColumnKind::Numeric, &["", ""], &["all_missing"]);
    }

    #[test]
    fn what_only_looks_like_numbers() {
        check(&["12", "7", "3", "007"], ColumnKind::Text, &["12", "7", "3", "007"], &[]);
        check(&["1,234", "5,678"], ColumnKind::Categorical, &["1,234", "5,678"], &[]);
        check(&["1", "2", "3", "x"], ColumnKind::Categorical, &["1", "2", "3", "x"], &[]);
    }

    #[test]
    fn words() {
        check(&["yes", "no", "", "yes"], ColumnKind::Boolean, &["yes", "no", "", "yes"], &[]);
        check(&["是", "否"], ColumnKind::Boolean, &["是", "否"], &[]);
        check(&["True", "True"], ColumnKind::Boolean, &["True", "True"], &["constant"]);
        check(&["yes", "yes"], ColumnKind::Categorical, &["yes", "yes"], &["constant"]);
        check(&["yes", "no", "maybe"], ColumnKind::Categorical, &["yes", "no", "maybe"], &[]);
        let many: Vec<String> = (0..50).map(|idx| format!("remark {idx}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        check(&many, ColumnKind::Text, &many, &[]);
    }

    #[test]
    fn dates_tell_day_from_month_together() {
        check(&["03/02/2024", "15/02/2024"], ColumnKind::Datetime, &["2024-02-03", "2024-02-15"], &[]);
        check(&["03/02/2024", "02/15/2024"], ColumnKind::Datetime, &["2024-03-02", "2024-02-15"], &[]);
        check(&["03/02/2024", "04/02/2024"], ColumnKind::Datetime, &["2024-03-02", "2024-04-02"], &["ambiguous_dates"]);
        check(&["2024年3月5日", "-"], ColumnKind::Datetime, &["2024-03-05", ""], &[]);
        check(&["13/02/2024", "02/13/2024"], ColumnKind::Categorical, &["13/02/2024", "02/13/2024"], &[]);
    }

    #[test]
    fn a_kind_that_was_asked_for_is_kept() {
        let (column, issues) = read(&["1", "x", "007"], Some(ColumnKind::Numeric));
        assert_eq!((column.cell(1), column.cell(2)), (Cell::Missing, Cell::Number(7.0)));
        assert_eq!(issues.iter().next().map(|issue| issue.count), Some(1));
        let (column, _) = read(&["0", "1", "2"], Some(ColumnKind::Boolean));
        assert_eq!((column.cell(1), column.cell(2)), (Cell::Flag(true), Cell::Missing));
        assert_eq!(read(&["1", "2"], Some(ColumnKind::Categorical)).0.cell(1), Cell::Text("2"));
        assert_eq!(read(&["1", "2"], Some(ColumnKind::Datetime)).0.cell(1), Cell::Missing);
    }

    #[test]
    fn a_word_has_one_code_however_it_is_read() {
        let rules = Rules::new(b'.', None);
        let words = ["a", "é", "城市", "exactly sixteen!", "seventeen letters", "ab", "b", "a\u{ff}"];
        let mut builder = ColumnBuilder::new("x".to_owned(), Guess::Strings, None, &rules);
        let mut n_usual = 0;
        for row in 0..4 * words.len() {
            let word = words[row % words.len()];
            // With other bytes before it, with too few, and as text alone.
            let before = ["", "x", "something else than the word: ", "\0\0"][row / words.len()];
            let text = format!("{before}{word}");
            if builder.push_usual(text.as_bytes(), &(before.len()..text.len()), &rules) {
                n_usual += 1;
            } else {
                builder.push(word, 1, &rules);
            }
        }
        let Outcome::Done(ColumnData::Categorical { codes, levels }) = builder.settle(32, &rules, &mut Issues::new())
        else {
            panic!("few words are categories")
        };
        assert_eq!(levels, words);
        assert!(codes.iter().enumerate().all(|(row, &code)| code as usize == row % words.len()), "{codes:?}");
        // Seven short words behind enough bytes, and twice the one that is sixteen bytes of itself.
        assert_eq!(n_usual, 9);
    }

    #[test]
    fn many_different_texts_leave_the_dictionary() {
        let rules = Rules::new(b'.', None);
        let mut builder = ColumnBuilder::new("x".to_owned(), Guess::Strings, None, &rules);
        (0..30_000).for_each(|idx| builder.push(&format!("w{}", idx % 12_000), 1, &rules));
        let Outcome::Done(data) = builder.settle(30_000, &rules, &mut Issues::new()) else { panic!("texts are final") };
        let column = Column { name: "x".to_owned(), data };
        assert_eq!((column.kind(), column.cell(29_999)), (ColumnKind::Text, Cell::Text("w5999")));
    }
}
