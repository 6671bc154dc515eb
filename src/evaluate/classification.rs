//! Measures of answered classes.

use super::calibration::{N_BINS, bin_of, inner_edges};
use super::ranking::{Areas, Ranking};
use super::{Evaluation, mean, named};
use crate::model::Metrics;

/// The measures, in the order [`Sheet::measures`] gives them.
pub(super) const NAMES: [&str; 9] = [
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "log_loss",
    "roc_auc",
    "average_precision",
    "matthews_corrcoef",
    "brier_score",
    "expected_calibration_error",
];

/// What the measures are made of, row by row; computed once and then weighted.
pub(super) struct Sheet {
    n_classes: usize,
    answered: Vec<u32>,
    truth: Vec<u32>,
    /// −ln of the true class's probability.
    log_losses: Vec<f64>,
    /// Squared distance of the probabilities from the truth.
    square_losses: Vec<f64>,
    /// The probability of the answered class.
    confidences: Vec<f64>,
    /// Its bin.
    bins: Vec<u8>,
}

impl Sheet {
    pub(super) fn new(probabilities: &[f64], n_classes: usize, answered: Vec<u32>, truth: &[u32]) -> Self {
        let edges = inner_edges(N_BINS);
        let mut sheet = Self {
            n_classes,
            truth: truth.to_vec(),
            log_losses: Vec::with_capacity(truth.len()),
            square_losses: Vec::with_capacity(truth.len()),
            confidences: Vec::with_capacity(truth.len()),
            bins: Vec::with_capacity(truth.len()),
            answered,
        };
        for ((row, &class), &answered) in probabilities.chunks_exact(n_classes.max(1)).zip(truth).zip(&sheet.answered) {
            let p = row.get(class as usize).copied().unwrap_or(0.0);
            sheet.log_losses.push(-libm::log(p.clamp(f64::EPSILON, 1.0 - f64::EPSILON)));
            let square = |(position, p): (usize, &f64)| {
                let off = p - f64::from(u8::from(position == class as usize));
                off * off
            };
            // Of two classes scikit-learn looks at the second only, of more at all.
            let from = if n_classes == 2 { 1 } else { 0 };
            sheet.square_losses.push(row.iter().enumerate().skip(from).map(square).sum());
            let confidence = row[answered as usize];
            sheet.confidences.push(confidence);
            sheet.bins.push(bin_of(confidence, &edges) as u8);
        }
        sheet
    }

    /// Rows by their class, columns by the class answered.
    pub(super) fn confusion(&self, weights: &[u32]) -> Vec<Vec<usize>> {
        let mut counts = vec![vec![0; self.n_classes]; self.n_classes];
        for ((&answered, &truth), &weight) in self.answered.iter().zip(&self.truth).zip(weights) {
            if let Some(row) = counts.get_mut(truth as usize) {
                row[answered as usize] += weight as usize;
            }
        }
        counts
    }

    /// The measures of the rows, each counted as often as its weight says, in the order of [`NAMES`].
    pub(super) fn measures(&self, weights: &[u32], confusion: &[Vec<usize>], areas: &[Areas]) -> [Option<f64>; 9] {
        let n: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        let right: usize = confusion.iter().enumerate().map(|(class, row)| row[class]).sum();
        let weighted = |losses: &[f64]| {
            let sum: f64 = losses.iter().zip(weights).map(|(loss, &weight)| loss * f64::from(weight)).sum();
            (n > 0).then(|| sum / n as f64)
        };
        let over_classes = |pick: fn(&Areas) -> Option<f64>| {
            let areas: Option<Vec<f64>> = areas.iter().map(pick).collect();
            mean(areas?.into_iter())
        };
        let scores = class_scores(confusion);
        [
            (n > 0).then(|| right as f64 / n as f64),
            mean(scores.iter().filter_map(|scores| scores.recall)),
            mean(scores.iter().filter_map(|scores| scores.f1)),
            weighted(&self.log_losses),
            over_classes(|areas| areas.roc_auc),
            over_classes(|areas| areas.average_precision),
            matthews(confusion, n),
            weighted(&self.square_losses),
            self.calibration_error(weights, n),
        ]
    }

    /// `Σ n_bin / n · |share answered right − mean confidence|` over ten bins of the answered class's probability.
    ///
    /// Reference: Guo et al. (2017), <https://proceedings.mlr.press/v70/guo17a.html>.
    fn calibration_error(&self, weights: &[u32], n: u64) -> Option<f64> {
        let mut gaps = [0.0; N_BINS];
        for (row, &weight) in weights.iter().enumerate() {
            let is_right = f64::from(u8::from(self.answered[row] == self.truth[row]));
            gaps[usize::from(self.bins[row])] += f64::from(weight) * (is_right - self.confidences[row]);
        }
        (n > 0).then(|| gaps.iter().map(|gap| gap.abs()).sum::<f64>() / n as f64)
    }
}

/// The classes whose rankings the areas are of: of two the second, of more each against the rest, of one none.
pub(super) fn ranked_classes(n_classes: usize) -> std::ops::Range<usize> {
    match n_classes {
        0 | 1 => 0..0,
        2 => 1..2,
        _ => 0..n_classes,
    }
}

pub(super) fn evaluate(probabilities: &[f64], n_classes: usize, answered: Vec<u32>, truth: &[u32]) -> Evaluation {
    let weights = vec![1; truth.len()];
    // One ranking at a time: those of a thousand classes would not fit.
    let areas: Vec<Areas> = ranked_classes(n_classes)
        .map(|class| Ranking::of_class(probabilities, n_classes, truth, class).areas(&weights))
        .collect();
    let sheet = Sheet::new(probabilities, n_classes, answered, truth);
    let confusion = sheet.confusion(&weights);
    let metrics = named(&NAMES, &sheet.measures(&weights, &confusion, &areas));
    let per_class = class_scores(&confusion).into_iter().map(ClassScores::named).collect();
    Evaluation { metrics, confusion: Some(confusion), per_class: Some(per_class), ..Evaluation::default() }
}

/// Measures of one class.
struct ClassScores {
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
    support: usize,
}

impl ClassScores {
    fn named(self) -> Metrics {
        let Self { precision, recall, f1, support } = self;
        named(&["precision", "recall", "f1", "support"], &[precision, recall, f1, Some(support as f64)])
    }
}

/// `hits / answered`, `hits / true` and `2 · hits / (true + answered)` of each class; none where that divides by nothing.
fn class_scores(confusion: &[Vec<usize>]) -> Vec<ClassScores> {
    let mut n_answered = vec![0usize; confusion.len()];
    for row in confusion {
        row.iter().zip(&mut n_answered).for_each(|(count, sum)| *sum += count);
    }
    let share = |hits: usize, of: usize| (of > 0).then(|| hits as f64 / of as f64);
    let scores = confusion.iter().zip(n_answered).enumerate().map(|(class, (row, n_answered))| {
        let (hits, support) = (row[class], row.iter().sum::<usize>());
        ClassScores {
            precision: share(hits, n_answered),
            recall: share(hits, support),
            f1: share(2 * hits, support + n_answered),
            support,
        }
    });
    scores.collect()
}

/// The correlation of truth and answer for any number of classes; 0 where one of them is always the same.
///
/// Reference: Gorodkin (2004), <https://doi.org/10.1016/j.compbiolchem.2004.09.006>.
fn matthews(confusion: &[Vec<usize>], n: u64) -> Option<f64> {
    let n = (n > 0).then_some(n as f64)?;
    let mut answered = vec![0usize; confusion.len()];
    let (mut hits, mut n_known, mut crossed) = (0.0, 0.0, 0.0);
    for (class, row) in confusion.iter().enumerate() {
        row.iter().zip(&mut answered).for_each(|(count, sum)| *sum += count);
        hits += row[class] as f64;
    }
    let (mut squares_true, mut squares_answered) = (0.0, 0.0);
    for (row, &answered) in confusion.iter().zip(&answered) {
        let of_class = row.iter().sum::<usize>() as f64;
        n_known += of_class;
        crossed += of_class * answered as f64;
        squares_true += of_class * of_class;
        squares_answered += answered as f64 * answered as f64;
    }
    // Rows of classes the model does not know are one class more, never answered; who answered them is in no column.
    let n_unknown = n - n_known;
    squares_true += n_unknown * n_unknown;
    let spread = (n * n - squares_true) * (n * n - squares_answered);
    Some(if spread > 0.0 { (hits * n - crossed) / libm::sqrt(spread) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(given: Option<f64>, expected: f64) {
        let given = given.expect("it is defined");
        assert!((given - expected).abs() < 1e-12, "{given} instead of {expected}");
    }

    #[test]
    fn measures_are_those_of_the_textbook() {
        // Answered 1, 0, 1, 0 where 1, 1, 0, 0 is true: one of each.
        let second = [0.9, 0.4, 0.6, 0.2];
        let probabilities: Vec<f64> = second.iter().flat_map(|p| [1.0 - p, *p]).collect();
        let Evaluation { metrics, per_class, .. } = evaluate(&probabilities, 2, vec![1, 0, 1, 0], &[1, 1, 0, 0]);
        near(metrics["accuracy"], 0.5);
        near(metrics["matthews_corrcoef"], 0.0);
        // (0.1² + 0.6² + 0.6² + 0.2²) / 4.
        near(metrics["brier_score"], (0.01 + 0.36 + 0.36 + 0.04) / 4.0);
        // Confidences 0.9 right, 0.6 wrong twice (one bin), 0.8 right.
        near(metrics["expected_calibration_error"], (0.1 + 1.2 + 0.2) / 4.0);
        near(metrics["roc_auc"], 0.75);
        // Recall ½ at precision 1, then 1 at precision 2/3.
        near(metrics["average_precision"], (1.0 + 2.0 / 3.0) / 2.0);
        let second = &per_class.expect("classes")[1];
        assert_eq!(
            [second["precision"], second["recall"], second["f1"], second["support"]],
            [Some(0.5), Some(0.5), Some(0.5), Some(2.0)]
        );
    }

    #[test]
    fn the_correlation_of_three_classes_is_gorodkins() {
        // Hits 5 of 6, true [2, 2, 2], answered [3, 1, 2]: (5 · 6 − 12) / √((36 − 12)(36 − 14)).
        let confusion = vec![vec![2, 0, 0], vec![1, 1, 0], vec![0, 0, 2]];
        near(matthews(&confusion, 6), (5.0 * 6.0 - 12.0) / ((24.0f64 * 22.0).sqrt()));
    }

    #[test]
    fn one_row_has_measures_but_no_area() {
        let Evaluation { metrics, confusion, .. } = evaluate(&[0.25, 0.75], 2, vec![1], &[1]);
        assert_eq!(metrics["accuracy"], Some(1.0));
        assert_eq!(metrics["f1_macro"], Some(1.0));
        assert_eq!(metrics["roc_auc"], None);
        assert_eq!(confusion, Some(vec![vec![0, 0], vec![0, 1]]));
    }

    #[test]
    fn a_class_that_is_never_answered_has_no_precision() {
        let Evaluation { per_class, .. } = evaluate(&[1.0, 0.0, 1.0, 0.0], 2, vec![0, 0], &[0, 1]);
        let second = &per_class.expect("classes")[1];
        assert_eq!([second["precision"], second["recall"], second["f1"]], [None, Some(0.0), Some(0.0)]);
    }

    #[test]
    fn certainty_that_is_wrong_costs_much_but_not_everything() {
        let Evaluation { metrics, .. } = evaluate(&[1.0, 0.0], 2, vec![0], &[1]);
        assert!((metrics["log_loss"].unwrap() - 36.043_653).abs() < 1e-6);
    }

    #[test]
    fn no_rows_have_no_measures() {
        let Evaluation { metrics, .. } = evaluate(&[], 2, vec![], &[]);
        assert!(metrics.values().all(Option::is_none) && metrics.len() == NAMES.len());
    }

    #[test]
    fn one_class_alone_is_no_trouble() {
        let Evaluation { metrics, .. } = evaluate(&[1.0, 1.0], 1, vec![0, 0], &[0, 0]);
        assert_eq!((metrics["accuracy"], metrics["roc_auc"]), (Some(1.0), None));
        assert_eq!((metrics["matthews_corrcoef"], metrics["brier_score"]), (Some(0.0), Some(0.0)));
    }

    #[test]
    fn a_class_the_model_does_not_know_counts_as_wrong() {
        let Evaluation { metrics, .. } = evaluate(&[1.0, 0.0], 2, vec![0], &[7]);
        assert_eq!(metrics["accuracy"], Some(0.0));
    }
}
