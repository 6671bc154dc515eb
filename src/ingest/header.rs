//! Whether the first record names the columns, and what the columns are called.
//!
//! What comes in: the first records. What goes out: a [`Layout`]: every column has a name, no two have the same.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::Sink;
use super::sniff::Decimals;
use super::{IngestError, IngestIssue, MAX_COLUMNS};
use crate::error::{Error, Issues};
use crate::table::infer::{Facts, Guess, Rules};

/// Longest name of a column, in characters.
const MAX_NAME: usize = 200;
/// Records that are looked at.
const MAX_RECORDS: usize = 1_000;
/// Cells that are looked at; wide tables get fewer records.
const MAX_CELLS: usize = 2_000_000;
/// Rows below this many say nothing about row names.
const MIN_ROWS_FOR_ROW_NAMES: usize = 3;

/// The first cells, kept as text.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstRecords {
    /// Records to pass over.
    n_skip: usize,
    records: Vec<Vec<String>>,
    n_cells: usize,
    record: Vec<String>,
}

impl Sink for FirstRecords {
    fn cell(&mut self, _idx: usize, text: &str, _line: u64) {
        let is_wanted = self.n_skip == 0 && self.records.len() < MAX_RECORDS;
        if is_wanted && (self.n_cells < MAX_CELLS || self.records.len() < 2) {
            self.record.push(text.to_owned());
            self.n_cells += 1;
        }
    }

    fn end_record(&mut self, n_cells: usize, _line: u64) {
        if self.n_skip > 0 {
            self.n_skip -= 1;
        } else if self.record.len() == n_cells {
            self.records.push(std::mem::take(&mut self.record));
        }
        self.record.clear();
    }
}

/// The columns of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// Whether the first record names them.
    pub(super) has_header: bool,
    /// Their names.
    pub(super) names: Vec<String>,
    /// What they seem to hold.
    pub(super) guesses: Vec<Guess>,
}

impl FirstRecords {
    /// Keeps the first records behind `n_skip` others.
    pub(super) fn new(n_skip: usize) -> Self {
        Self { n_skip, ..Self::default() }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The evidence for the decimal mark.
    pub(super) fn decimals(&self) -> Decimals {
        let mut decimals = Decimals::default();
        self.records.iter().flatten().for_each(|cell| decimals.see(cell));
        decimals
    }

    /// Names the columns.
    pub(super) fn layout(&self, has_header: Option<bool>, rules: &Rules, issues: &mut Issues) -> Result<Layout, Error> {
        let Some((first, rest)) = self.records.split_first() else { return Err(IngestError::EmptyFile {}.into()) };
        let facts = facts(rest, rules);
        // One cell more in every row than in the first record: R writes row names so.
        let is_shifted = rest.len() >= MIN_ROWS_FOR_ROW_NAMES
            && rest.iter().all(|record| record.len() == first.len() + 1)
            && facts.last().is_some_and(|last| last.n_present() > 0);
        let has_header = has_header.unwrap_or_else(|| is_shifted || is_header(first, rest, &facts, rules));
        let n_columns = match has_header {
            true => first.len() + usize::from(is_shifted),
            false => most_frequent_width(&self.records),
        };
        if n_columns > MAX_COLUMNS {
            return Err(IngestError::TooManyColumns { n_columns, limit: MAX_COLUMNS }.into());
        }
        let mut given: Vec<&str> = if has_header { first.iter().map(String::as_str).collect() } else { Vec::new() };
        if has_header && is_shifted {
            given.insert(0, "");
            issues.push(IngestIssue::RowNames { n_cells: n_columns, n_columns: first.len() });
        }
        let mut guesses = Vec::with_capacity(n_columns);
        for idx in 0..n_columns {
            let mut facts = facts.get(idx).cloned().unwrap_or_default();
            if let (false, Some(cell)) = (has_header, first.get(idx)) {
                facts.see(cell, rules);
            }
            guesses.push(facts.guess());
        }
        if has_header && let Some(name) = first.iter().find(|cell| is_number(cell, rules)) {
            issues.push(IngestIssue::NumericHeader { name: name.trim().chars().take(MAX_NAME).collect() });
        }
        given.resize(n_columns, "");
        Ok(Layout { has_header, names: names(&given, has_header, issues), guesses })
    }
}

fn facts(records: &[Vec<String>], rules: &Rules) -> Vec<Facts> {
    let n_columns = records.iter().map(Vec::len).max().unwrap_or(0);
    let mut facts = vec![Facts::default(); n_columns];
    records.iter().for_each(|record| record.iter().zip(&mut facts).for_each(|(cell, facts)| facts.see(cell, rules)));
    facts
}

fn most_frequent_width(records: &[Vec<String>]) -> usize {
    let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
    records.iter().for_each(|record| *widths.entry(record.len()).or_default() += 1);
    widths.into_iter().max_by_key(|(_, n)| *n).map_or(0, |(width, _)| width)
}

fn is_number(cell: &str, rules: &Rules) -> bool {
    let mut facts = Facts::default();
    facts.see(cell, rules);
    facts.is_typed()
}

/// Whether the first record names the columns.
///
/// Columns vote. In a column of numbers or dates, a word above them is a name and a number is not; in a column of words,
/// a first cell that occurs again below is not a name. Names win ties that have any vote for them, so that
/// `150,4,setosa,versicolor,virginica` above rows of numbers (scikit-learn's iris) is not read as a row: it would spoil
/// three columns; the names 150 and 4 are reported. Whole years above numbers that are no years are names. With no vote
/// at all the first record is a header when it has something in it, as people usually write one; a file of a single
/// record has a header when some cell of it is a word.
fn is_header(first: &[String], rest: &[Vec<String>], facts: &[Facts], rules: &Rules) -> bool {
    let is_missing = |cell: &String| rules.is_missing(cell);
    if first.iter().all(is_missing) {
        return false;
    }
    if rest.is_empty() {
        return first.iter().any(|cell| !is_missing(cell) && !is_number(cell, rules));
    }
    let (mut n_for, mut n_against) = (0, 0);
    let is_year = |cell: &str| cell.len() == 4 && matches!(cell.parse(), Ok(1900..=2100_u32));
    for (idx, (cell, facts)) in first.iter().zip(facts).enumerate().filter(|(_, (cell, _))| !is_missing(cell)) {
        let mut below = rest.iter().filter_map(|record| record.get(idx));
        if facts.is_typed() {
            if !is_number(cell, rules) {
                n_for += 1;
            } else if !is_year(cell.trim()) || below.any(|cell| is_year(cell.trim())) {
                n_against += 1;
            }
        } else if facts.n_present() > 0 && below.any(|other| other == cell) {
            n_against += 1;
        }
    }
    n_for > 0 || n_against == 0
}

/// A name for every column: blanks around it cut off, long ones cut, empty ones and second ones numbered.
fn names(given: &[&str], has_header: bool, issues: &mut Issues) -> Vec<String> {
    let trimmed: Vec<&str> = given.iter().map(|name| name.trim()).collect();
    let all: BTreeSet<&str> = trimmed.iter().copied().collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut next_number: BTreeMap<String, usize> = BTreeMap::new();
    let mut names = Vec::with_capacity(given.len());
    for (idx, &name) in trimmed.iter().enumerate() {
        let n_chars = name.chars().count();
        let base = match n_chars {
            0 => format!("column_{}", idx + 1),
            _ => name.chars().take(MAX_NAME).collect(),
        };
        // A made name meets neither a made one nor a given one.
        let is_free = |name: &str, is_made: bool| !(taken.contains(name) || is_made && all.contains(name));
        let unique = if is_free(&base, n_chars == 0 || n_chars > MAX_NAME) {
            base.clone()
        } else {
            let number = next_number.entry(base.clone()).or_insert(2);
            loop {
                let numbered = format!("{base}_{number}");
                *number += 1;
                if is_free(&numbered, true) {
                    break numbered;
                }
            }
        };
        let column = idx + 1;
        // Wide tables of nameless columns are reported once.
        if has_header && issues.len() < MAX_HEADER_ISSUES {
            if n_chars == 0 {
                issues.push(IngestIssue::EmptyHeader { column, renamed: unique.clone() });
            } else if n_chars > MAX_NAME {
                issues.push(IngestIssue::LongHeader { column, n_chars, n_kept: MAX_NAME, kept: unique.clone() });
            } else if unique != base {
                issues.push(IngestIssue::DuplicateHeader { name: base, renamed: unique.clone() });
            }
        }
        taken.insert(unique.clone());
        names.push(unique);
    }
    names
}

/// Most issues a header gives.
const MAX_HEADER_ISSUES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::lexer::Lexer;

    fn layout(text: &str) -> (Layout, Issues) {
        let mut first = FirstRecords::default();
        Lexer::new(b',', Some(b'"')).lex(text, true, &mut first);
        let mut issues = Issues::new();
        let layout = first.layout(None, &Rules::new(b'.', None), &mut issues).unwrap();
        (layout, issues)
    }

    #[track_caller]
    fn check(text: &str, has_header: bool) {
        assert_eq!(layout(text).0.has_header, has_header, "{text:?}");
    }

    #[test]
    fn what_is_a_header() {
        check("a,b\n1,2\n", true);
        check("1,2\n3,4\n", false);
        check("5.1,yes\n4.9,no\n4.7,yes\n", false);
        check("name,city\nAnn,Oslo\nBob,Rome\n", true);
        check("Ann,Oslo\nBob,Rome\nCy,Oslo\n", false);
        check("country,2019,2020\nA,1.5,1.7\nB,0.2,0.3\n", true);
        check("150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0.2,0\n5.4,3.9,1.7,0.4,0\n", true);
        check("day,n\n2024-01-02,1\n", true);
        check("2024-01-01,x\n2024-01-02,y\n", false);
        check("a,b\n,\n", true);
        check(",\n,\n", false);
        check("1,2\n", false);
        check("a,2\n", true);
        check("007,x\n008,y\n", false);
    }

    #[test]
    fn made_names_meet_no_given_ones() {
        let (layout, issues) = layout("a,a,a_2, a ,,column_5\n1,2,3,4,5,6\n");
        assert_eq!(layout.names, ["a", "a_3", "a_2", "a_4", "column_5_2", "column_5"]);
        let codes: Vec<&str> = issues.iter().map(|issue| issue.code).collect();
        assert_eq!(codes, ["duplicate_header", "duplicate_header", "empty_header"]);
    }

    #[test]
    fn row_names_of_r_get_a_column() {
        let (layout, _) = layout("x,y\na,1,2\nb,3,4\nc,5,6\n");
        assert_eq!(layout.names, ["column_1", "x", "y"]);
        assert!(layout.has_header);
    }
}
