//! Missing cells are filled with what the training rows say.

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::stats;
use crate::preprocess::step::{Applying, Imputation, Learned};
use crate::preprocess::{PreprocessError, PreprocessIssue};
use crate::table::number_text;

/// Learns what fills a feature. A feature without any value is filled with 0 or `missing`, and reported.
///
/// **Errors** `preprocess.bad_setting` when a constant for numbers is not a number.
pub(super) fn learn(
    strategy: &Imputation,
    feature: &Feature,
    step: usize,
    issues: &mut Issues,
) -> Result<Learned, Error> {
    if feature.values.n_rows() > 0 && feature.values.n_missing() == feature.values.n_rows() {
        issues.push(PreprocessIssue::AllMissing { column: feature.name.clone() });
    }
    Ok(match &feature.values {
        Values::Numbers(numbers) => Learned::FillNumber(match strategy {
            Imputation::Mean => stats::mean(numbers).unwrap_or(0.0),
            Imputation::Median => stats::median(numbers).unwrap_or(0.0),
            Imputation::MostFrequent => stats::most_frequent(numbers).unwrap_or(0.0),
            Imputation::Constant(None) => 0.0,
            Imputation::Constant(Some(text)) => {
                text.trim().parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                    Error::from(PreprocessError::BadSetting {
                        step,
                        field: "fill_value".to_owned(),
                        given: format!("{text:?} for the numbers of {:?}", feature.name),
                        expected: "a finite number".to_owned(),
                    })
                })?
            }
        }),
        Values::Categories { codes, levels } => Learned::FillCategory(match strategy {
            Imputation::Constant(fill) => fill.clone().unwrap_or_else(|| "missing".to_owned()),
            _ => most_frequent_level(codes, levels).unwrap_or_else(|| "missing".to_owned()),
        }),
    })
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
            let code = levels.iter().position(|level| level == fill).unwrap_or_else(|| {
                levels.push(fill.clone());
                levels.len() - 1
            });
            for (row, filled) in codes.iter_mut().enumerate().filter(|(_, code)| **code == Values::MISSING) {
                *filled = code as u32;
                report(&feature.origin.column, row, || format!("{fill:?}"), applying);
            }
        }
        _ => {}
    }
    feature
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
    use crate::preprocess::frame::{Group, Origin};

    fn numbers(cells: &[f64]) -> Feature {
        Feature { name: "x".into(), origin: Origin::raw("x", Group::Numeric), values: Values::Numbers(cells.to_vec()) }
    }

    #[track_caller]
    fn check(strategy: Imputation, cells: &[f64], expected: f64) {
        let learned = learn(&strategy, &numbers(cells), 0, &mut Issues::new()).unwrap();
        assert_eq!(learned, Learned::FillNumber(expected));
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
        let error = learn(&constant, &numbers(&[1.0]), 2, &mut Issues::new()).unwrap_err();
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
