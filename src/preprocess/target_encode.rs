//! A category becomes the mean of the target among its rows, pulled to the mean of all where it has few.
//!
//! A training row must not see its own label: training rows are cut into parts, and each is encoded by what the others
//! say ([`out_of_fold`]). Rows to answer get what all training rows say ([`apply`]).

use crate::Error;
use crate::preprocess::encode::{Position, categories, positions};
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::impute::report;
use crate::preprocess::learned::{Applying, Learned};
use crate::preprocess::step::{Learning, TargetEncoding};
use crate::preprocess::{Labels, PreprocessError, PreprocessIssue, Target, stats};
use crate::random::Seed;
use crate::table::number_text;

/// What was learned about one feature.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetMeans {
    /// The categories, sorted.
    pub categories: Vec<String>,
    /// Whether training rows had missing cells: they are a category of their own, after the others.
    pub has_missing: bool,
    /// One per feature that comes out: a single one, or one for each of several classes.
    pub outputs: Vec<TargetOutput>,
}

/// One feature that comes out of a target encoding.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetOutput {
    /// The class whose share it is; `None` for a mean, and for the share of the second of two classes.
    pub class: Option<String>,
    /// One per category.
    pub means: Vec<f64>,
    /// The mean of all rows, for a category no training row held.
    pub overall: f64,
}

/// Learns from all training rows.
///
/// **Errors** `preprocess.bad_setting` when there are fewer rows than parts to cut them into.
pub(super) fn learn(method: TargetEncoding, feature: &Feature, learning: &mut Learning<'_>) -> Result<Learned, Error> {
    let labels = learning.labels.expect("a step that needs labels is refused without them");
    let n_rows = labels.rows.len();
    if n_rows < method.n_folds {
        return Err(PreprocessError::BadSetting {
            step: learning.step,
            field: "cv".to_owned(),
            given: method.n_folds.to_string(),
            expected: format!("at most the {n_rows} training rows"),
        }
        .into());
    }
    let categories = categories(feature);
    let has_missing = feature.values.n_missing() > 0;
    let at = category_positions(&categories, has_missing, feature);
    let n_categories = categories.len() + usize::from(has_missing);
    let outputs = numbers_of(labels).into_iter().map(|(class, y)| {
        let (means, overall) = encodings(&at, n_categories, &y, method.smooth, |_| true);
        TargetOutput { class, means, overall }
    });
    Ok(Learned::TargetEncode(TargetMeans { outputs: outputs.collect(), categories, has_missing }))
}

/// The features of the training rows: each row is encoded by the parts it is not in.
pub(super) fn out_of_fold(method: TargetEncoding, feature: &Feature, labels: &Labels) -> Vec<Feature> {
    let categories = categories(feature);
    let has_missing = feature.values.n_missing() > 0;
    let at = category_positions(&categories, has_missing, feature);
    let n_categories = categories.len() + usize::from(has_missing);
    let folds = folds(method, &labels.target);
    let outputs = numbers_of(labels).into_iter().map(|(class, y)| {
        let mut made = vec![0.0; y.len()];
        for fold in 0..method.n_folds {
            let (means, _) = encodings(&at, n_categories, &y, method.smooth, |row| folds[row] != fold);
            for (row, x) in made.iter_mut().enumerate().filter(|(row, _)| folds[*row] == fold) {
                // Every training row's category is known.
                *x = means[at[row].unwrap_or(0)];
            }
        }
        feature.remade(name(feature, class.as_deref()), made)
    });
    outputs.collect()
}

/// The features of rows to answer.
///
/// A category no training row held gets the mean of all and is reported, and so does a missing cell where training rows
/// had none.
///
/// **Errors** none of its own.
pub(super) fn apply(
    means: &TargetMeans,
    feature: &Feature,
    applying: &mut Applying<'_>,
) -> Result<Vec<Feature>, Error> {
    let found = positions(&means.categories, false, feature)?;
    for (row, position) in found.iter().enumerate() {
        match (position, &feature.values) {
            (Position::Missing, _) if !means.has_missing => {
                report(&feature.origin.column, row, || "none of the known categories".to_owned(), applying);
            }
            // Categories were compared when the cells were read.
            (Position::Unknown, Values::Numbers(numbers)) if applying.report => {
                applying.issues.push(PreprocessIssue::UnseenCategory {
                    column: feature.origin.column.clone(),
                    row: applying.rows[row] as usize,
                    category: number_text(numbers[row]),
                });
            }
            _ => {}
        }
    }
    let at = category_positions(&means.categories, means.has_missing, feature);
    let make = |output: &TargetOutput| {
        let mean = |at: &Option<usize>| at.and_then(|at| output.means.get(at)).copied().unwrap_or(output.overall);
        feature.remade(name(feature, output.class.as_deref()), at.iter().map(mean).collect())
    };
    Ok(means.outputs.iter().map(make).collect())
}

fn name(feature: &Feature, class: Option<&str>) -> String {
    match class {
        None => feature.name.clone(),
        Some(class) => format!("{}_{class}", feature.name),
    }
}

/// Each row's category; a missing cell has the one after the last, if that is one.
fn category_positions(categories: &[String], has_missing: bool, feature: &Feature) -> Vec<Option<usize>> {
    let position = |position| match position {
        Position::At(at) => Some(at),
        Position::Missing => has_missing.then_some(categories.len()),
        Position::Unknown => None,
    };
    let found = positions(categories, false, feature).unwrap_or_default();
    found.into_iter().map(position).collect()
}

/// The labels as numbers: the values themselves, whether it is the second of two classes, or one flag per class.
fn numbers_of(labels: &Labels) -> Vec<(Option<String>, Vec<f64>)> {
    match &labels.target {
        Target::Values(values) => vec![(None, values.clone())],
        Target::Classes { codes, n_classes } => {
            let flags = |class: usize| codes.iter().map(|&code| f64::from(u8::from(code as usize == class))).collect();
            if *n_classes <= 2 {
                return vec![(None, flags(1))];
            }
            let name = |class: usize| labels.classes.get(class).cloned().unwrap_or_else(|| class.to_string());
            (0..*n_classes).map(|class| (Some(name(class)), flags(class))).collect()
        }
    }
}

/// The mean of each category among the counted rows, pulled to the mean of all of them; and that mean.
///
/// ```text
/// smooth m:     (Σ y + m · overall) / (n + m)
/// by variance:  λ · mean + (1 - λ) · overall,   λ = n · var(y) / (n · var(y) + var(y in the category))
/// ```
///
/// **Reference** Micci-Barreca 2001, <https://doi.org/10.1145/507533.507538>, equations 5 to 7, with scikit-learn's
/// variances: both divided by n.
fn encodings(
    at: &[Option<usize>],
    n_categories: usize,
    y: &[f64],
    smooth: Option<f64>,
    counts: impl Fn(usize) -> bool,
) -> (Vec<f64>, f64) {
    let counted: Vec<usize> = (0..y.len()).filter(|&row| counts(row)).collect();
    let values: Vec<f64> = counted.iter().map(|&row| y[row]).collect();
    let (overall, std) = stats::mean_std(&values).unwrap_or((0.0, 0.0));
    let variance = std * std;
    let mut n = vec![0.0; n_categories];
    let mut mean = vec![0.0; n_categories];
    let mut squares = vec![0.0; n_categories];
    // Differences from the mean of all, updated one by one, neither cancel nor overflow (Welford 1962,
    // https://doi.org/10.1080/00401706.1962.10490022).
    for &row in &counted {
        if let Some(at) = at[row] {
            let before = y[row] - mean[at];
            n[at] += 1.0;
            mean[at] += before / n[at];
            squares[at] += before * (y[row] - mean[at]);
        }
    }
    let encoding = |at: usize| match smooth {
        _ if n[at] == 0.0 => overall,
        Some(smooth) => mean[at] * (n[at] / (n[at] + smooth)) + overall * (smooth / (n[at] + smooth)),
        None => {
            let share = n[at] * variance / (n[at] * variance + squares[at] / n[at]);
            // Neither the target nor the category varies, or both vary beyond all numbers.
            if share.is_nan() { overall } else { mean[at] * share + overall * (1.0 - share) }
        }
    };
    ((0..n_categories).map(encoding).collect(), overall)
}

/// The part each row is in: of equal size for numbers, and with each class's share in each part for classes
/// (scikit-learn's `KFold` and `StratifiedKFold`, whose parts these are where nothing is drawn).
fn folds(method: TargetEncoding, target: &Target) -> Vec<usize> {
    let n_folds = method.n_folds.max(1);
    let mut rng = method.random_state.map(|seed| Seed(seed).derive("target_encode").rng());
    match target {
        Target::Values(values) => {
            let n_rows = values.len();
            let (size, n_longer) = (n_rows / n_folds, n_rows % n_folds);
            let mut folds: Vec<usize> =
                (0..n_folds).flat_map(|fold| std::iter::repeat_n(fold, size + usize::from(fold < n_longer))).collect();
            if let Some(rng) = &mut rng {
                rng.shuffle(&mut folds);
            }
            folds
        }
        Target::Classes { codes, n_classes } => {
            // Classes in the order they first occur take turns: the rows of one class, dealt out, follow those of the
            // class before.
            let mut order: Vec<usize> = Vec::new();
            let mut rows_of = vec![Vec::new(); *n_classes];
            for (row, &code) in codes.iter().enumerate() {
                let rows: &mut Vec<usize> = &mut rows_of[code as usize];
                if rows.is_empty() {
                    order.push(code as usize);
                }
                rows.push(row);
            }
            let mut folds = vec![0; codes.len()];
            let mut n_dealt = 0;
            for class in order {
                let rows = &rows_of[class];
                let mut dealt: Vec<usize> = (n_dealt..n_dealt + rows.len()).map(|card| card % n_folds).collect();
                dealt.sort_unstable();
                n_dealt += rows.len();
                if let Some(rng) = &mut rng {
                    rng.shuffle(&mut dealt);
                }
                for (&row, fold) in rows.iter().zip(dealt) {
                    folds[row] = fold;
                }
            }
            folds
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issues;
    use crate::preprocess::frame::{Group, Origin};

    const PLAIN: TargetEncoding = TargetEncoding { smooth: Some(1.0), n_folds: 2, random_state: None };

    fn feature(codes: &[u32]) -> Feature {
        let levels = ["b", "a"].map(str::to_owned).to_vec();
        let values = Values::Categories { codes: codes.to_vec(), levels };
        Feature { name: "c".into(), origin: Origin::raw("c", Group::Categorical), values }
    }

    fn labels(values: &[f64]) -> Labels {
        let rows = (0..values.len() as u32).collect();
        Labels { rows, target: Target::Values(values.to_vec()), classes: Vec::new() }
    }

    fn learned(method: TargetEncoding, feature: &Feature, labels: &Labels) -> Result<TargetMeans, Error> {
        let mut learning = Learning { inputs: &[], labels: Some(labels), step: 3, issues: &mut Issues::new() };
        match learn(method, feature, &mut learning)? {
            Learned::TargetEncode(means) => Ok(means),
            _ => panic!("means"),
        }
    }

    #[test]
    fn a_mean_is_pulled_to_the_mean_of_all() {
        // Of all 4; of a (2 + 4 + 1·4) / 3, of b (6 + 1·4) / 2.
        let means = learned(PLAIN, &feature(&[1, 1, 0]), &labels(&[2.0, 4.0, 6.0])).unwrap();
        assert_eq!(means.categories, ["a", "b"]);
        assert!((means.outputs[0].means[0] - 10.0 / 3.0).abs() < 1e-15);
        assert_eq!((means.outputs[0].means[1], means.outputs[0].overall), (5.0, 4.0));
    }

    #[test]
    fn a_training_row_does_not_see_its_own_label() {
        let codes = [0, 0, 0, 0];
        let made = |values: &[f64]| out_of_fold(PLAIN, &feature(&codes), &labels(values)).remove(0).values;
        let (Values::Numbers(one), Values::Numbers(other)) =
            (made(&[1.0, 2.0, 3.0, 4.0]), made(&[1.0, 99.0, 3.0, 4.0]))
        else {
            panic!("numbers")
        };
        assert!(one[..2].iter().all(|x| (x - 3.5).abs() < 1e-14));
        assert_eq!(one[..2], other[..2]);
        assert_ne!(one[2..], other[2..]);
    }

    #[test]
    fn an_unseen_category_gets_the_mean_of_all() {
        let means = learned(PLAIN, &feature(&[1, 1, 0]), &labels(&[2.0, 4.0, 6.0])).unwrap();
        let mut issues = Issues::new();
        let mut applying = Applying { rows: &[0, 1], report: true, step: 0, issues: &mut issues };
        let made = apply(&means, &feature(&[Values::UNSEEN, Values::MISSING]), &mut applying).unwrap();
        assert_eq!(made[0].values, Values::Numbers(vec![4.0, 4.0]));
        assert_eq!(issues.iter().next().unwrap().code, "missing_value");
    }

    #[test]
    fn more_parts_than_rows_are_refused() {
        let error = learned(PLAIN, &feature(&[1]), &labels(&[2.0])).unwrap_err();
        assert_eq!(error.message(), "step 3 has cv 2, but must have at most the 1 training rows");
    }

    #[test]
    fn parts_are_drawn_by_seed_and_hold_each_class_in_proportion() {
        let target = Target::Classes { codes: (0..40).map(|row| u32::from(row % 4 == 0)).collect(), n_classes: 2 };
        let drawn = |seed| folds(TargetEncoding { n_folds: 5, random_state: Some(seed), ..PLAIN }, &target);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        for fold in 0..5 {
            let rows: Vec<usize> = (0..40).filter(|&row| drawn(1)[row] == fold).collect();
            assert_eq!((rows.len(), rows.iter().filter(|&&row| row % 4 == 0).count()), (8, 2));
        }
    }
}
