//! Missing cells are filled with what the training rows say.

use crate::Error;
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::learned::{Applying, Learned};
use crate::preprocess::stats;
use crate::preprocess::step::{Imputation, Learning};
use crate::preprocess::{PreprocessError, PreprocessIssue};
use crate::table::number_text;

/// Learns what fills a feature. A feature without any value is filled with 0 or `missing`, and reported; so is a gap
/// that has no known row before it, when the fill is taken from the row before.
///
/// **Errors** `preprocess.bad_setting` when a constant for numbers is not a number.
pub(super) fn learn(strategy: &Imputation, feature: &Feature, learning: &mut Learning<'_>) -> Result<Learned, Error> {
    let n_rows = feature.values.n_rows();
    let n_missing = feature.values.n_missing();
    if n_rows > 0 && n_missing == n_rows {
        learning.issues.push(PreprocessIssue::AllMissing { column: feature.name.clone() });
    }
    let is_along = matches!(strategy, Imputation::ForwardFill | Imputation::Linear);
    let learned = match &feature.values {
        Values::Numbers(numbers) => {
            let fill = match strategy {
                Imputation::Mean => stats::mean(numbers).unwrap_or(0.0),
                Imputation::Median | Imputation::ForwardFill | Imputation::Linear => {
                    stats::median(numbers).unwrap_or(0.0)
                }
                Imputation::MostFrequent => stats::most_frequent(numbers).unwrap_or(0.0),
                Imputation::Constant(None) => 0.0,
                Imputation::Constant(Some(text)) => {
                    text.trim().parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                        Error::from(PreprocessError::BadSetting {
                            step: learning.step,
                            field: "fill_value".to_owned(),
                            given: format!("{text:?} for the numbers of {:?}", feature.name),
                            expected: "a finite number".to_owned(),
                        })
                    })?
                }
            };
            if is_along {
                Learned::FillAlong { is_linear: *strategy == Imputation::Linear, start: fill }
            } else {
                Learned::FillNumber(fill)
            }
        }
        Values::Categories { codes, levels } => {
            let fill = match strategy {
                Imputation::Constant(fill) => fill.clone(),
                _ => most_frequent_level(codes, levels),
            };
            let fill = fill.unwrap_or_else(|| "missing".to_owned());
            if is_along { Learned::FillCategoryAlong(fill) } else { Learned::FillCategory(fill) }
        }
    };
    let n_cells = (0..n_rows).take_while(|&row| feature.values.is_missing(row)).count();
    if is_along && n_cells > 0 && n_cells < n_rows {
        let filled_with = match &learned {
            Learned::FillAlong { start, .. } => number_text(feature.origin.raw_from_prepared(*start)),
            Learned::FillCategoryAlong(fill) => format!("{fill:?}"),
            _ => String::new(),
        };
        learning.issues.push(PreprocessIssue::GapAtStart { column: feature.name.clone(), n_cells, filled_with });
    }
    Ok(learned)
}

fn most_frequent_level(codes: &[u32], levels: &[String]) -> Option<String> {
    let mut counts = vec![0usize; levels.len()];
    for &code in codes.iter().filter(|&&code| code < Values::UNSEEN) {
        counts[code as usize] += 1;
    }
    let largest = counts.iter().copied().max().filter(|&count| count > 0)?;
    let tied = levels.iter().zip(&counts).filter(|&(_, &count)| count == largest);
    tied.map(|(level, _)| level).min().cloned()
}

/// Fills a feature, reporting each filled cell when asked to.
pub(super) fn apply(learned: &Learned, mut feature: Feature, applying: &mut Applying<'_>) -> Feature {
    match (learned, &mut feature.values) {
        (Learned::FillNumber(fill), Values::Numbers(numbers)) => {
            // The value in the words of the raw column, also after a scaling step.
            let raw = feature.origin.raw_from_prepared(*fill);
            for (row, x) in numbers.iter_mut().enumerate().filter(|(_, x)| x.is_nan()) {
                *x = *fill;
                report(&feature.origin.column, row, || number_text(raw), applying);
            }
        }
        (Learned::FillCategory(fill), Values::Categories { codes, levels }) => {
            let code = level_code(fill, levels);
            for (row, filled) in codes.iter_mut().enumerate().filter(|(_, code)| **code == Values::MISSING) {
                *filled = code;
                report(&feature.origin.column, row, || format!("{fill:?}"), applying);
            }
        }
        _ => {}
    }
    feature
}

/// Fills a feature along its rows, reporting each filled cell when asked to.
///
/// Before the first known cell stands what was learned; on the line between two known cells stand numbers of
/// [`Imputation::Linear`]; everywhere else the last known cell is repeated.
pub(super) fn apply_along(learned: &Learned, mut feature: Feature, applying: &mut Applying<'_>) -> Feature {
    match (learned, &mut feature.values) {
        (Learned::FillAlong { is_linear, start }, Values::Numbers(numbers)) => {
            let mut at = 0;
            while at < numbers.len() {
                if !numbers[at].is_nan() {
                    at += 1;
                    continue;
                }
                let end = (at..numbers.len()).find(|&row| !numbers[row].is_nan()).unwrap_or(numbers.len());
                let before = at.checked_sub(1).map(|row| numbers[row]);
                let after = numbers.get(end).copied();
                for (row, cell) in numbers.iter_mut().enumerate().take(end).skip(at) {
                    *cell = match (before, after) {
                        (None, _) => *start,
                        (Some(before), Some(after)) if *is_linear => {
                            let share = (row + 1 - at) as f64 / (end + 1 - at) as f64;
                            before * (1.0 - share) + after * share
                        }
                        (Some(before), _) => before,
                    };
                    let raw = feature.origin.raw_from_prepared(*cell);
                    report(&feature.origin.column, row, || number_text(raw), applying);
                }
                at = end;
            }
        }
        (Learned::FillCategoryAlong(start), Values::Categories { codes, levels }) => {
            let code = level_code(start, levels);
            let mut last = code;
            for (row, cell) in codes.iter_mut().enumerate() {
                if *cell == Values::MISSING {
                    *cell = last;
                    let name = levels.get(last as usize).cloned().unwrap_or_default();
                    report(&feature.origin.column, row, || format!("{name:?}"), applying);
                }
                last = *cell;
            }
        }
        _ => {}
    }
    feature
}

/// The code of a category, which is added where it is not known.
fn level_code(level: &str, levels: &mut Vec<String>) -> u32 {
    let known = levels.iter().position(|known| known == level);
    known.unwrap_or_else(|| {
        levels.push(level.to_owned());
        levels.len() - 1
    }) as u32
}

/// Reports a cell that was filled while answering.
pub(super) fn report(column: &str, row: usize, fill: impl Fn() -> String, applying: &mut Applying<'_>) {
    if applying.report {
        applying.issues.push(PreprocessIssue::MissingValue {
            column: column.to_owned(),
            row: applying.rows[row] as usize,
            filled_with: fill(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issues;
    use crate::preprocess::frame::{Group, Origin};

    fn numbers(cells: &[f64]) -> Feature {
        Feature { name: "x".into(), origin: Origin::raw("x", Group::Numeric), values: Values::Numbers(cells.to_vec()) }
    }

    #[track_caller]
    fn check(strategy: Imputation, cells: &[f64], expected: f64) {
        assert_eq!(learned(&strategy, cells, 0).unwrap(), Learned::FillNumber(expected));
    }

    fn learned(strategy: &Imputation, cells: &[f64], step: usize) -> Result<Learned, Error> {
        let mut learning = Learning { inputs: &[], labels: None, step, issues: &mut Issues::new() };
        learn(strategy, &numbers(cells), &mut learning)
    }

    #[track_caller]
    fn check_along(is_linear: bool, cells: &[f64], expected: &[f64]) {
        let rows: Vec<u32> = (0..cells.len() as u32).collect();
        let mut issues = Issues::new();
        let mut applying = Applying { rows: &rows, report: true, step: 0, issues: &mut issues };
        let made = apply_along(&Learned::FillAlong { is_linear, start: 9.0 }, numbers(cells), &mut applying);
        assert_eq!(made.values, Values::Numbers(expected.to_vec()));
    }

    #[test]
    fn a_gap_is_filled_from_the_rows_around_it() {
        let nan = f64::NAN;
        check_along(false, &[nan, 1.0, nan, nan, 4.0, nan], &[9.0, 1.0, 1.0, 1.0, 4.0, 4.0]);
        check_along(true, &[nan, 1.0, nan, nan, 4.0, nan], &[9.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
        check_along(true, &[nan, nan], &[9.0, 9.0]);
        check_along(true, &[], &[]);
    }

    #[test]
    fn a_category_is_repeated_until_the_next_known_one() {
        let levels = vec!["a".to_owned(), "b".to_owned()];
        let codes = vec![Values::MISSING, 1, Values::MISSING, 0];
        let values = Values::Categories { codes, levels: levels.clone() };
        let feature = Feature { name: "c".into(), origin: Origin::raw("c", Group::Categorical), values };
        let mut applying = Applying { rows: &[0, 1, 2, 3], report: false, step: 0, issues: &mut Issues::new() };
        let made = apply_along(&Learned::FillCategoryAlong("a".into()), feature, &mut applying);
        assert_eq!(made.values, Values::Categories { codes: vec![0, 1, 1, 0], levels });
    }

    #[test]
    fn each_strategy_learns_its_number_from_present_cells() {
        let cells = [1.0, f64::NAN, 2.0, 2.0, 7.0];
        check(Imputation::Mean, &cells, 3.0);
        check(Imputation::Median, &cells, 2.0);
        check(Imputation::MostFrequent, &cells, 2.0);
        check(Imputation::Constant(Some("9".into())), &cells, 9.0);
        check(Imputation::Median, &[f64::NAN], 0.0);
    }

    #[test]
    fn a_constant_that_is_no_number_is_refused_with_its_place() {
        let constant = Imputation::Constant(Some("abc".into()));
        let error = learned(&constant, &[1.0], 2).unwrap_err();
        assert_eq!(error.code(), "preprocess.bad_setting");
        assert_eq!(error.place().unwrap().step, Some(2));
    }

    #[test]
    fn the_most_frequent_category_is_the_first_among_equals() {
        let levels = ["b".to_owned(), "a".to_owned()];
        assert_eq!(most_frequent_level(&[0, 1, Values::MISSING], &levels).as_deref(), Some("a"));
        assert_eq!(most_frequent_level(&[Values::MISSING], &levels), None);
    }
}
