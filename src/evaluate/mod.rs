//! How good a model's answers are, in numbers people compare.
//!
//! What comes in: answers and what is true of the same rows. What goes out: measures by name, scikit-learn's, and the
//! confusion matrix; for what has no truth, what can be said of the answers alone. A measure that is not defined for
//! these rows (one class, one row, a constant target) is `None`, never NaN.

mod bootstrap;
mod calibration;
mod charts;
mod classification;
mod docs;
mod ranking;
mod regression;
mod unlabelled;
mod unlabelled_charts;

pub use bootstrap::{Bootstrap, Intervals, N_RESAMPLES, N_RESAMPLES_MAX};
pub use calibration::{Binning, Calibration, calibration};
pub use charts::{N_CLASSES_MAX, Series, class_charts, drawn_classes, value_charts};
pub use docs::{CHARTS, ChartDoc, Group, MEASURES, MeasureDoc};
pub use unlabelled::{ClusterMeasures, SILHOUETTE_ROWS, Unlabelled, report_sample};

use crate::model::{Answers, Metrics};
use crate::preprocess::Target;

crate::trouble! {
    /// What can be wrong with a request to evaluate.
    pub enum EvaluateError in "evaluate" {
        /// The model has no such rows in that table.
        NoSuchRows { given: String } => "no_such_rows",
            "rows is {given:?}, but must be \"all\", or \"train\" or \"test\" with the table the model was split on",
            hint "Leave rows out to measure the whole table",
            place crate::error::Place::field("rows");
        /// More resamples are asked for than are ever drawn.
        TooManyResamples { n_resamples: usize, most: usize } => "too_many_resamples",
            "resamples is {n_resamples}, but may be {most} at most",
            hint "Leave resamples out for as many as the rows allow",
            place crate::error::Place::field("resamples");
    }
}

crate::trouble! {
    /// What can be odd about measures.
    pub enum EvaluateIssue in "evaluate" {
        /// There are too many rows to compare each with all others.
        SilhouetteSampled { n_rows: usize, n_sampled: usize } => "silhouette_sampled",
            "the silhouette is that of {n_sampled} rows drawn from {n_rows}",
            hint "Measure fewer rows for an exact one";
    }
}

/// How good some answers are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Measures by name; see [`evaluate`].
    pub metrics: Metrics,
    /// Rows by their class, columns by the class answered; for classes only.
    pub confusion: Option<Vec<Vec<usize>>>,
    /// `precision`, `recall`, `f1` and `support` (how many rows) of each class; for classes only.
    pub per_class: Option<Vec<Metrics>>,
    /// What to draw, by chart; of answers without a truth only, others are drawn by [`class_charts`] and [`value_charts`].
    pub charts: Vec<(&'static str, Series)>,
}

/// Whether less of a measure is better, by its name: losses, errors and clusters that are wide or alike are what one wants
/// little of.
///
/// ```
/// use vitrine::evaluate::smaller_is_better;
/// assert!(smaller_is_better("log_loss") && smaller_is_better("rmse") && !smaller_is_better("r2"));
/// ```
pub fn smaller_is_better(measure: &str) -> bool {
    let short = ["mae", "mape", "mse", "msle", "rmse", "rmsle", "smape", "brier_score", "inertia", "davies_bouldin"];
    measure.ends_with("loss") || measure.ends_with("error") || measure.ends_with("deviance") || short.contains(&measure)
}

/// Compares answers with the truth, row by row.
///
/// | measure | meaning | not defined |
/// |---|---|---|
/// | `accuracy` | share of rows answered right | no rows |
/// | `balanced_accuracy` | mean share of each true class that is answered right | no rows |
/// | `f1_macro` | mean F1 of the classes that are true or answered | no rows |
/// | `log_loss` | mean −ln p(true class), p kept 2.2e-16 away from 0 and 1 | no rows |
/// | `roc_auc` | the chance that a row of a class gets a higher probability of it than another row; mean over the classes when there are more than two | a class without rows, or with all |
/// | `average_precision` | precision averaged over recall, without interpolation; of two classes that of the second, of more the mean | a class without rows |
/// | `matthews_corrcoef` | correlation of truth and answer; 0 where one of them is always the same | no rows |
/// | `brier_score` | mean squared error of the probabilities: of the second class for two, summed over all for more | no rows |
/// | `expected_calibration_error` | mean gap between the answered class's probability and how often it is right, in ten bins | no rows |
/// | `r2` | 1 − squared error / squared error of the mean; for a constant truth 1 if met exactly, else 0 | fewer than two rows |
/// | `rmse`, `mae` | root of the mean squared error, mean absolute error, in the target's unit | no rows |
/// | `median_absolute_error`, `max_error` | the error in the middle, and the largest | no rows |
/// | `mape` | mean of absolute error / size of the truth | a truth is 0 |
///
/// Of each class, `precision` is not defined where it is never answered, `recall` where it is never true.
///
/// **Panics** when there are not as many answers as labels. Classes that the model does not know count as wrong.
/// `O(n_rows · log(n_rows) · n_classes)`.
///
/// ```
/// use vitrine::evaluate::evaluate;
/// use vitrine::model::Answers;
/// use vitrine::preprocess::Target;
/// let answers = Answers::Classes { probabilities: vec![0.9, 0.1, 0.2, 0.8, 0.6, 0.4], n_classes: 2 };
/// let truth = Target::Classes { codes: vec![0, 1, 1], n_classes: 2 };
/// let evaluation = evaluate(&answers, &truth);
/// assert_eq!(evaluation.metrics["accuracy"], Some(2.0 / 3.0));
/// assert_eq!(evaluation.confusion, Some(vec![vec![1, 0], vec![1, 1]]));
/// ```
pub fn evaluate(answers: &Answers, truth: &Target) -> Evaluation {
    match (answers, truth) {
        (Answers::Classes { probabilities, n_classes }, Target::Classes { codes, .. }) => {
            assert_eq!(probabilities.len(), codes.len() * n_classes, "one answer per label");
            classification::evaluate(probabilities, *n_classes, answers.codes(), codes)
        }
        (Answers::Values(answers), Target::Values(truth)) => {
            assert_eq!(answers.len(), truth.len(), "one answer per label");
            regression::evaluate(answers, truth)
        }
        _ => panic!("classes are compared with classes, and numbers with numbers"),
    }
}

/// Row numbers, cell after cell of the confusion matrix (row by row), in their order within each.
///
/// The rows of the cell `(true, answered)` begin after as many as the cells before it count.
///
/// ```
/// use vitrine::evaluate::rows_by_cell;
/// // Rows 10, 11, 12 of class 0, 1, 0, answered 1, 1, 0: the cells (0, 0), (0, 1), (1, 1) have one each.
/// assert_eq!(rows_by_cell(&[10, 11, 12], &[0, 1, 0], &[1, 1, 0], 2), [12, 10, 11]);
/// ```
pub fn rows_by_cell(rows: &[u32], truth: &[u32], answered: &[u32], n_classes: usize) -> Vec<u32> {
    let cell = |at: u32| truth[at as usize] as usize * n_classes + answered[at as usize] as usize;
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|&at| cell(at));
    order.into_iter().map(|at| rows[at as usize]).collect()
}

/// Measures with their names.
fn named(names: &[&str], measures: &[Option<f64>]) -> Metrics {
    // A sum that overflowed is no measure either.
    let finite = measures.iter().map(|value| value.filter(|x| x.is_finite()));
    names.iter().map(|name| (*name).to_owned()).zip(finite).collect()
}

/// The mean; none of nothing.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut n) = (0.0, 0usize);
    for value in values {
        sum += value;
        n += 1;
    }
    (n > 0).then(|| sum / n as f64)
}
