//! The target: what the rows are labelled with.

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::{RowSource, category_text};
use crate::preprocess::{PreprocessError, PreprocessIssue, Target, Task};
use crate::table::{Cell, Column, ColumnKind, number_text};

/// The most classes a target may have.
pub const MAX_CLASSES: usize = 1_000;

/// A numeric target with at most this many different whole numbers is taken as classes.
const MAX_CLASS_NUMBERS: usize = 10;

/// The labelled rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    /// The rows that have a label, in order.
    pub rows: Vec<u32>,
    /// Their labels.
    pub target: Target,
    /// The names of the classes, sorted: numbers by size, names by code point. Empty for regression.
    pub classes: Vec<String>,
}

impl Labels {
    /// Keeps those of some rows, given in order.
    pub fn keep_rows(&mut self, wanted: &[u32]) {
        let is_wanted = |row: &u32| wanted.binary_search(row).is_ok();
        let kept: Vec<u32> = (0..self.rows.len() as u32).filter(|&at| is_wanted(&self.rows[at as usize])).collect();
        self.target = self.target.take_rows(&kept);
        self.rows.retain(is_wanted);
    }
}

/// The task a target suggests: categories, texts and yes-or-no are classes; numbers are a regression, unless they are
/// at most ten different whole numbers.
pub fn suggest_task(column: &Column) -> Task {
    if column.kind() != ColumnKind::Numeric {
        return if column.kind() == ColumnKind::Datetime { Task::Regression } else { Task::Classification };
    }
    let mut seen: Vec<f64> = Vec::new();
    for row in 0..column.n_rows() {
        if let Cell::Number(x) = column.cell(row)
            && !seen.contains(&x)
        {
            if x.fract() != 0.0 || seen.len() == MAX_CLASS_NUMBERS {
                return Task::Regression;
            }
            seen.push(x);
        }
    }
    Task::Classification
}

/// Reads the labels of the rows that have one.
///
/// **Errors** `preprocess.target_missing`, `preprocess.one_class`, `preprocess.too_many_classes`,
/// `preprocess.target_not_numeric`.
pub fn read_labels(column: &Column, task: Task, issues: &mut Issues) -> Result<Labels, Error> {
    let name = &column.name;
    let n_rows = column.n_rows();
    let rows: Vec<u32> = (0..n_rows as u32).filter(|&row| column.cell(row as usize) != Cell::Missing).collect();
    if rows.is_empty() {
        return Err(PreprocessError::TargetMissing { target: name.clone(), n_rows }.into());
    }
    if rows.len() < n_rows {
        issues.push(PreprocessIssue::TargetMissing { target: name.clone(), n_rows: n_rows - rows.len() });
    }
    match task {
        Task::Classification => {
            let classes = sorted_classes(column, &rows)?;
            if let [class] = classes.as_slice() {
                return Err(PreprocessError::OneClass { target: name.clone(), class: class.clone() }.into());
            }
            let codes = class_codes(column, &rows, &classes).into_iter().map(|code| code.unwrap_or(0)).collect();
            Ok(Labels { rows, target: Target::Classes { codes, n_classes: classes.len() }, classes })
        }
        _ => {
            let values = rows.iter().map(|&row| number(column, row)).collect::<Option<Vec<f64>>>();
            let values = values.ok_or_else(|| PreprocessError::TargetNotNumeric {
                target: name.clone(),
                kind: format!("{:?}", column.kind()).to_lowercase(),
            })?;
            Ok(Labels { rows, target: Target::Values(values), classes: Vec::new() })
        }
    }
}

/// Reads the labels of another table's rows in terms of a model's classes; rows without a (known) label are left out.
///
/// **Errors** `preprocess.target_missing` when no row has a label the model knows.
pub fn read_known_labels(
    source: &dyn RowSource,
    target: &str,
    classes: &[String],
    issues: &mut Issues,
) -> Result<Labels, Error> {
    let n_rows = source.n_rows();
    let missing = || Error::from(PreprocessError::TargetMissing { target: target.to_owned(), n_rows });
    let column = source.column(target).ok_or_else(missing)?;
    let all: Vec<u32> = (0..n_rows as u32).collect();
    let (rows, labels) = if classes.is_empty() {
        let labelled = all.iter().filter_map(|&row| Some((row, number(column, row)?)));
        let (rows, values): (Vec<u32>, Vec<f64>) = labelled.unzip();
        (rows, Target::Values(values))
    } else {
        let codes = class_codes(column, &all, classes);
        let labelled = all.iter().zip(codes).filter_map(|(&row, code)| Some((row, code?)));
        let (rows, codes): (Vec<u32>, Vec<u32>) = labelled.unzip();
        (rows, Target::Classes { codes, n_classes: classes.len() })
    };
    if rows.is_empty() {
        return Err(missing());
    }
    if rows.len() < n_rows {
        issues.push(PreprocessIssue::TargetMissing { target: target.to_owned(), n_rows: n_rows - rows.len() });
    }
    Ok(Labels { rows, target: labels, classes: classes.to_vec() })
}

fn number(column: &Column, row: u32) -> Option<f64> {
    match column.cell(row as usize) {
        Cell::Number(x) => Some(x),
        Cell::Time(millis) => Some(millis as f64),
        Cell::Flag(flag) => Some(f64::from(u8::from(flag))),
        Cell::Text(text) => text.trim().parse().ok().filter(|x: &f64| x.is_finite()),
        Cell::Missing => None,
    }
}

fn sorted_classes(column: &Column, rows: &[u32]) -> Result<Vec<String>, Error> {
    let too_many =
        |n_classes| PreprocessError::TooManyClasses { target: column.name.clone(), n_classes, limit: MAX_CLASSES };
    if column.kind() == ColumnKind::Numeric {
        let mut numbers: Vec<f64> = rows.iter().filter_map(|&row| number(column, row)).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        numbers.dedup();
        if numbers.len() > MAX_CLASSES {
            return Err(too_many(numbers.len()).into());
        }
        return Ok(numbers.into_iter().map(number_text).collect());
    }
    let mut names = std::collections::BTreeSet::new();
    for text in rows.iter().filter_map(|&row| category_text(column, row as usize)) {
        if !names.contains(text.as_ref()) {
            names.insert(text.into_owned());
        }
    }
    if names.len() > MAX_CLASSES {
        return Err(too_many(names.len()).into());
    }
    Ok(names.into_iter().collect())
}

fn class_codes(column: &Column, rows: &[u32], classes: &[String]) -> Vec<Option<u32>> {
    let positions: std::collections::BTreeMap<&str, u32> =
        classes.iter().enumerate().map(|(code, class)| (class.as_str(), code as u32)).collect();
    let code = |&row: &u32| positions.get(category_text(column, row as usize)?.as_ref()).copied();
    rows.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::ColumnData;

    fn numeric(values: &[f64]) -> Column {
        Column { name: "y".into(), data: ColumnData::Numeric(values.to_vec()) }
    }

    #[test]
    fn few_whole_numbers_are_classes_and_others_a_regression() {
        assert_eq!(suggest_task(&numeric(&[0.0, 1.0, 2.0, f64::NAN])), Task::Classification);
        assert_eq!(suggest_task(&numeric(&[0.0, 1.5])), Task::Regression);
        assert_eq!(suggest_task(&numeric(&(0..11).map(f64::from).collect::<Vec<_>>())), Task::Regression);
    }

    #[test]
    fn numeric_classes_are_sorted_by_size() {
        let labels = read_labels(&numeric(&[10.0, 9.0, f64::NAN]), Task::Classification, &mut Issues::new()).unwrap();
        assert_eq!(labels.classes, ["9", "10"]);
        assert_eq!(labels.rows, [0, 1]);
        assert_eq!(labels.target, Target::Classes { codes: vec![1, 0], n_classes: 2 });
    }

    #[test]
    fn one_class_is_an_error_that_names_it() {
        let error = read_labels(&numeric(&[3.0, 3.0]), Task::Classification, &mut Issues::new()).unwrap_err();
        assert_eq!(error.code(), "preprocess.one_class");
        assert_eq!(error.message(), "the target \"y\" has a single class, \"3\"");
    }

    #[test]
    fn labels_a_model_does_not_know_are_left_out() {
        let table = crate::table::Table::new(vec![numeric(&[1.0, 7.0, 2.0])]);
        let classes = ["1".to_owned(), "2".to_owned()];
        let labels = read_known_labels(&table, "y", &classes, &mut Issues::new()).unwrap();
        assert_eq!(labels.rows, [0, 2]);
    }
}
