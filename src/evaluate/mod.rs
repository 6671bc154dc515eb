//! How good a model's answers are, in numbers people compare.
//!
//! What comes in: answers and what is true of the same rows. What goes out: measures by name, scikit-learn's, and the
//! confusion matrix; for what has no truth, what can be said of the answers alone. A measure that is not defined for these rows (one class, one row, a constant target) is `None`,
//! never NaN.

mod classification;
mod regression;
mod unlabelled;

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
    /// Measures by name: `accuracy`, `balanced_accuracy`, `f1_macro`, `log_loss`, `roc_auc` for classes; `r2`, `rmse`,
    /// `mae` for numbers.
    pub metrics: Metrics,
    /// Rows by their class, columns by the class answered; for classes only.
    pub confusion: Option<Vec<Vec<usize>>>,
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
/// | `r2` | 1 − squared error / squared error of the mean; for a constant truth 1 if met exactly, else 0 | fewer than two rows |
/// | `rmse`, `mae` | root of the mean squared error, mean absolute error, in the target's unit | no rows |
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
            classification::evaluate(probabilities, *n_classes, &answers.codes(), codes)
        }
        (Answers::Values(answers), Target::Values(truth)) => {
            assert_eq!(answers.len(), truth.len(), "one answer per label");
            regression::evaluate(answers, truth)
        }
        _ => panic!("classes are compared with classes, and numbers with numbers"),
    }
}

/// Measures with their names.
fn named<const N: usize>(measures: [(&str, Option<f64>); N]) -> Metrics {
    // A sum that overflowed is no measure either.
    measures.into_iter().map(|(name, value)| (name.to_owned(), value.filter(|x| x.is_finite()))).collect()
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
