//! Columns on their way to a matrix.
//!
//! What comes in: the raw cells of the columns a recipe reads, from a table or from rows to answer. What goes out:
//! [`Feature`]s, numbers or categories, each of which knows the raw column it came from and the way back to its units.

use std::collections::BTreeMap;

use crate::error::Issues;
use crate::preprocess::PreprocessIssue;
use crate::table::{Cell, Column, ColumnData, ColumnKind, cell_text, parse_datetime};

/// A column on its way to a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// Its name: the raw column's, or `species=Adelie` for one category, or `a*b` for a product.
    pub name: String,
    /// Where it came from.
    pub origin: Origin,
    /// Its cells.
    pub values: Values,
}

/// The cells of a [`Feature`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// NaN is a missing cell.
    Numbers(Vec<f64>),
    /// Positions in `levels`, or [`Values::MISSING`], or [`Values::UNSEEN`].
    Categories {
        /// One per row.
        codes: Vec<u32>,
        /// The names.
        levels: Vec<String>,
    },
}

/// Where a feature came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The raw column, or the first of several.
    pub column: String,
    /// What kind of cells the raw column has.
    pub group: Group,
    /// The way the numbers went from the raw units, in order.
    pub maps: Vec<Map>,
    /// The category a one-hot feature stands for.
    pub level: Option<String>,
    /// Whether the number means the raw column's number, so that a threshold can be said in its units.
    pub is_raw_scale: bool,
}

/// The groups a step can select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Numbers, times and yes-or-no.
    Numeric,
    /// Categories and texts.
    Categorical,
}

/// A strictly increasing map of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Map {
    /// `(x - offset) / scale`, `scale > 0`.
    Affine {
        /// Subtracted.
        offset: f64,
        /// Divided by.
        scale: f64,
    },
    /// `ln(1 + x)`.
    Log1p,
}

impl Map {
    /// The mapped number.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Affine { offset, scale } => (x - offset) / scale,
            Self::Log1p => libm::log1p(x),
        }
    }

    /// The number that was mapped.
    pub fn invert(self, y: f64) -> f64 {
        match self {
            Self::Affine { offset, scale } => y * scale + offset,
            Self::Log1p => libm::expm1(y),
        }
    }
}

impl Origin {
    /// The raw column itself.
    pub fn raw(column: &str, group: Group) -> Self {
        Self { column: column.to_owned(), group, maps: Vec::new(), level: None, is_raw_scale: group == Group::Numeric }
    }

    /// A prepared number in the raw column's units; itself where it has none.
    pub fn raw_from_prepared(&self, x: f64) -> f64 {
        self.maps.iter().rev().fold(x, |x, map| map.invert(x))
    }
}

impl Feature {
    /// Whether its numbers are points in time, as they were read from one of `inputs`.
    pub fn is_time(&self, inputs: &[Input]) -> bool {
        let is_read = |input: &Input| input.kind == ColumnKind::Datetime && input.name == self.origin.column;
        self.origin.is_raw_scale && self.origin.maps.is_empty() && inputs.iter().any(is_read)
    }

    /// A feature made from this one whose numbers mean something else.
    pub(super) fn remade(&self, name: String, numbers: Vec<f64>) -> Self {
        let origin = Origin { maps: Vec::new(), is_raw_scale: false, ..self.origin.clone() };
        Self { name, origin, values: Values::Numbers(numbers) }
    }
}

impl Values {
    /// The code of a missing cell.
    pub const MISSING: u32 = u32::MAX;
    /// The code of a category no training row held.
    pub const UNSEEN: u32 = u32::MAX - 1;

    /// Rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Categories { codes, .. } => codes.len(),
        }
    }

    /// Missing cells.
    pub fn n_missing(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.iter().filter(|x| x.is_nan()).count(),
            Self::Categories { codes, .. } => codes.iter().filter(|&&code| code == Self::MISSING).count(),
        }
    }

    /// Whether a cell is missing.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(numbers) => numbers[row].is_nan(),
            Self::Categories { codes, .. } => codes[row] == Self::MISSING,
        }
    }

    /// Keeps the rows for which `keep` is true.
    pub fn retain_rows(&mut self, keep: &[bool]) {
        let mut rows = keep.iter();
        let mut next = || *rows.next().expect("one flag per row");
        match self {
            Self::Numbers(numbers) => numbers.retain(|_| next()),
            Self::Categories { codes, .. } => codes.retain(|_| next()),
        }
    }
}

/// A raw column that a fitted recipe reads, by name and kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The raw column's name.
    pub name: String,
    /// What it held in training.
    pub kind: ColumnKind,
    /// The categories of the training rows, most frequent first; the words for no and yes of a boolean.
    pub levels: Vec<String>,
    /// Smallest, median and largest number of the training rows, if there was one.
    pub span: Option<[f64; 3]>,
}

impl Input {
    /// The group a step selects it by.
    pub fn group(&self) -> Group {
        match self.kind {
            ColumnKind::Numeric | ColumnKind::Datetime | ColumnKind::Boolean => Group::Numeric,
            ColumnKind::Categorical | ColumnKind::Text => Group::Categorical,
        }
    }
}

/// Rows a recipe can read: a table's, or rows to answer.
pub trait RowSource {
    /// Rows.
    fn n_rows(&self) -> usize;
    /// The column of that name, if there is one.
    fn column(&self, name: &str) -> Option<&Column>;
}

impl RowSource for crate::table::Table {
    fn n_rows(&self) -> usize {
        crate::table::Table::n_rows(self)
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns().iter().find(|column| column.name == name)
    }
}

/// Reads some rows of a raw column as the kind it had in training.
///
/// A cell of another kind is read as what it was in training where it can be (`"3.5"` as a number), and is missing
/// otherwise, with an issue that names it. `rows` are positions in the source; issues name them.
pub(super) fn read_input(input: &Input, source: &dyn RowSource, rows: &[u32], issues: &mut Issues) -> Feature {
    let origin = Origin::raw(&input.name, input.group());
    let values = match (source.column(&input.name), input.group()) {
        (None, group) => {
            issues.push(PreprocessIssue::MissingColumn { column: input.name.clone() });
            missing(group, &input.levels, rows.len())
        }
        (Some(column), Group::Numeric) => Values::Numbers(read_numbers(input, column, rows, issues)),
        (Some(column), Group::Categorical) => {
            Values::Categories { codes: read_codes(input, column, rows, issues), levels: input.levels.clone() }
        }
    };
    Feature { name: input.name.clone(), origin, values }
}

fn missing(group: Group, levels: &[String], n_rows: usize) -> Values {
    match group {
        Group::Numeric => Values::Numbers(vec![f64::NAN; n_rows]),
        Group::Categorical => Values::Categories { codes: vec![Values::MISSING; n_rows], levels: levels.to_vec() },
    }
}

fn read_numbers(input: &Input, column: &Column, rows: &[u32], issues: &mut Issues) -> Vec<f64> {
    if let ColumnData::Numeric(values) = &column.data
        && input.kind == ColumnKind::Numeric
    {
        return rows.iter().map(|&row| values[row as usize]).collect();
    }
    let mut read = |row: u32| match column.cell(row as usize) {
        Cell::Missing => f64::NAN,
        Cell::Number(x) => x,
        Cell::Time(millis) => millis as f64,
        Cell::Flag(flag) => f64::from(u8::from(flag)),
        Cell::Text(text) => match number_of_text(input, text) {
            Some(x) => x,
            None => {
                issues.push(PreprocessIssue::NotANumber {
                    column: input.name.clone(),
                    row: row as usize,
                    text: text.chars().take(80).collect(),
                });
                f64::NAN
            }
        },
    };
    rows.iter().map(|&row| read(row)).collect()
}

fn number_of_text(input: &Input, text: &str) -> Option<f64> {
    let text = text.trim();
    if input.kind == ColumnKind::Boolean {
        return match input.levels.iter().position(|level| level == text) {
            Some(idx) => Some(idx as f64),
            None => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(1.0),
                "false" | "no" | "0" => Some(0.0),
                _ => None,
            },
        };
    }
    if input.kind == ColumnKind::Datetime
        && let Some(millis) = parse_datetime(text)
    {
        return Some(millis as f64);
    }
    text.parse().ok().filter(|x: &f64| x.is_finite())
}

fn read_codes(input: &Input, column: &Column, rows: &[u32], issues: &mut Issues) -> Vec<u32> {
    let known: BTreeMap<&str, u32> =
        input.levels.iter().enumerate().map(|(code, level)| (level.as_str(), code as u32)).collect();
    let unseen = |row: u32, category: &str, issues: &mut Issues| {
        issues.push(PreprocessIssue::UnseenCategory {
            column: input.name.clone(),
            row: row as usize,
            category: category.chars().take(80).collect(),
        });
        Values::UNSEEN
    };
    if let ColumnData::Categorical { codes, levels } = &column.data {
        let translated: Vec<Option<u32>> = levels.iter().map(|level| known.get(level.as_str()).copied()).collect();
        return rows
            .iter()
            .map(|&row| match codes[row as usize] {
                ColumnData::MISSING_CODE => Values::MISSING,
                code => match translated[code as usize] {
                    Some(code) => code,
                    None => unseen(row, &levels[code as usize], issues),
                },
            })
            .collect();
    }
    rows.iter()
        .map(|&row| match category_text(column, row as usize) {
            None => Values::MISSING,
            Some(text) => match known.get(text.as_ref()) {
                Some(&code) => code,
                None => unseen(row, &text, issues),
            },
        })
        .collect()
}

/// A cell as the name of a category, in the file's words; `None` when it is missing.
pub fn category_text(column: &Column, row: usize) -> Option<std::borrow::Cow<'_, str>> {
    (column.cell(row) != Cell::Missing).then(|| cell_text(column, row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn input(name: &str, kind: ColumnKind, levels: &[&str]) -> Input {
        Input { name: name.into(), kind, levels: levels.iter().map(|l| (*l).to_owned()).collect(), span: None }
    }

    fn texts(name: &str, cells: &[&str]) -> Table {
        let levels: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        let codes = (0..cells.len() as u32).collect();
        Table::new(vec![Column { name: name.into(), data: ColumnData::Categorical { codes, levels } }])
    }

    #[test]
    fn texts_are_read_as_numbers_where_training_had_numbers() {
        let mut issues = Issues::new();
        let input = input("x", ColumnKind::Numeric, &[]);
        let feature = read_input(&input, &texts("x", &["1.5", "abc", " 2 "]), &[0, 1, 2], &mut issues);
        let Values::Numbers(numbers) = feature.values else { panic!("numbers") };
        assert_eq!((numbers[0], numbers[2]), (1.5, 2.0));
        assert!(numbers[1].is_nan());
        assert_eq!(issues.iter().next().unwrap().code, "not_a_number");
    }

    #[test]
    fn an_unseen_category_is_reported_with_its_row() {
        let mut issues = Issues::new();
        let input = input("c", ColumnKind::Categorical, &["b", "a"]);
        let feature = read_input(&input, &texts("c", &["a", "zebra", "b"]), &[0, 1, 2], &mut issues);
        let Values::Categories { codes, .. } = feature.values else { panic!("categories") };
        assert_eq!(codes, [1, Values::UNSEEN, 0]);
        assert_eq!(issues.iter().next().unwrap().place.as_ref().unwrap().row, Some(1));
    }

    #[test]
    fn a_column_that_is_not_there_is_missing_everywhere() {
        let mut issues = Issues::new();
        let feature = read_input(&input("y", ColumnKind::Numeric, &[]), &texts("x", &["1"]), &[0], &mut issues);
        assert_eq!(feature.values.n_missing(), 1);
        assert_eq!(issues.iter().next().unwrap().code, "missing_column");
    }

    #[test]
    fn thresholds_come_back_to_raw_units() {
        let mut origin = Origin::raw("x", Group::Numeric);
        origin.maps = vec![Map::Log1p, Map::Affine { offset: 2.0, scale: 0.5 }];
        let prepared = origin.maps.iter().fold(7.0, |x, map| map.apply(x));
        assert!((origin.raw_from_prepared(prepared) - 7.0).abs() < 1e-12);
    }
}
