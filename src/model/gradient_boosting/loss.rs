//! What boosting makes smaller: the loss of scores, its gradients, and the answers that scores stand for.
//!
//! ```text
//! numbers       loss = ½ · (score − y)²               answer = score
//! two classes   loss = ln(1 + e^score) − y · score    p(second) = 1 / (1 + e^−score)
//! more          loss = ln Σ e^score − score[class]    p(class) = e^score[class] / Σ e^score
//! ```
//! Each row counts as often as its weight says: its loss, gradient and hessian are multiplied by it.
//! Gradients and hessians are rounded to f32, as scikit-learn does; [`super::histogram`] says what that is good for.

use std::ops::Range;

use crate::model::Answers;

/// Below this score `1 + e^−score` has lost its 1.
const LOWEST_SCORE: f64 = -37.0;

/// So many factors `1 + e^−score` or `Σ e^score` are multiplied before one logarithm is taken: none is above e³⁷.
const FACTORS_PER_LOG: usize = 16;

/// What the rows are labelled with.
#[derive(Clone, Debug)]
pub(super) enum Labels {
    /// Numbers.
    Values(Vec<f64>),
    /// Classes.
    Codes(Vec<u32>),
}

impl Labels {
    pub(super) fn n_rows(&self) -> usize {
        match self {
            Self::Values(y) => y.len(),
            Self::Codes(codes) => codes.len(),
        }
    }
}

/// Labelled rows, and how much each counts: once, where there are no weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows<'a> {
    pub(super) labels: &'a Labels,
    pub(super) weights: Option<&'a [f64]>,
}

impl Rows<'_> {
    /// What a row counts.
    #[inline]
    fn weight(self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// What all rows count together.
    pub(super) fn total_weight(self) -> f64 {
        self.weights.map_or(self.labels.n_rows() as f64, |weights| weights.iter().sum())
    }
}

/// Which loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    SquaredError,
    Logistic,
    /// Of so many classes, one score each.
    Softmax(usize),
}

/// The gradients of every row, score by score.
#[derive(Debug, Default)]
pub(super) struct Slopes {
    pub(super) gradients: Vec<Vec<f32>>,
    /// Empty where all are 1.
    pub(super) hessians: Vec<Vec<f32>>,
}

impl Loss {
    /// For a number of classes; 0 in regression.
    pub(super) fn of(n_classes: usize) -> Self {
        match n_classes {
            0 => Self::SquaredError,
            2 => Self::Logistic,
            n => Self::Softmax(n),
        }
    }

    /// Scores per row.
    pub(super) fn n_outputs(self) -> usize {
        match self {
            Self::SquaredError | Self::Logistic => 1,
            Self::Softmax(n_classes) => n_classes,
        }
    }

    /// What a loss is multiplied by to be shown: squared errors whole, as everywhere else.
    pub(super) fn shown(self) -> f64 {
        if self == Self::SquaredError { 2.0 } else { 1.0 }
    }

    /// Room for the gradients of so many rows.
    pub(super) fn slopes(self, n_rows: usize, are_weighted: bool) -> Slopes {
        let numbers = || vec![vec![0.0; n_rows]; self.n_outputs()];
        let hessians = if self == Self::SquaredError && !are_weighted { Vec::new() } else { numbers() };
        Slopes { gradients: numbers(), hessians }
    }

    /// The best scores that are the same for all rows.
    pub(super) fn baseline(self, of: Rows<'_>) -> Vec<f64> {
        let all = of.total_weight();
        match (self, of.labels) {
            (Self::SquaredError, Labels::Values(y)) => vec![mean(y, of, all)],
            (Self::Logistic, Labels::Codes(codes)) => {
                let share = within(class_weights(codes, of, 2)[1] / all, 10.0 * f64::EPSILON);
                vec![libm::log(share / (1.0 - share))]
            }
            (Self::Softmax(n_classes), Labels::Codes(codes)) => {
                let share = |weight: f64| within(weight / all, f64::EPSILON);
                let shares: Vec<f64> = class_weights(codes, of, n_classes).into_iter().map(share).collect();
                // Centred: the scores' sum is 0.
                let mean = shares.iter().map(|&share| libm::log(share)).sum::<f64>() / n_classes as f64;
                let middle = libm::exp(mean);
                shares.iter().map(|share| libm::log(share / middle)).collect()
            }
            _ => unreachable!("the loss is chosen by the labels"),
        }
    }

    /// The sum of the losses of some rows, and their gradients where there is room for them. Not a number when a
    /// gradient is too large for f32.
    ///
    /// **Shapes** `scores`: one list of all rows per output.
    pub(super) fn assess(
        self,
        of: Rows<'_>,
        scores: &[Vec<f64>],
        rows: Range<usize>,
        slopes: Option<&mut Slopes>,
    ) -> f64 {
        match (self, of.labels) {
            (Self::SquaredError, Labels::Values(y)) => squared_error(y, of, &scores[0], rows, slopes),
            (Self::Logistic, Labels::Codes(codes)) => logistic(codes, of, &scores[0], rows, slopes),
            (Self::Softmax(_), Labels::Codes(codes)) => softmax(codes, of, scores, rows, slopes),
            _ => unreachable!("the loss is chosen by the labels"),
        }
    }

    /// What the scores of some rows say.
    ///
    /// **Shapes** `scores`: one list per output.
    pub(super) fn answers(self, mut scores: Vec<Vec<f64>>) -> Answers {
        let n_rows = scores[0].len();
        match self {
            Self::SquaredError => Answers::Values(std::mem::take(&mut scores[0])),
            Self::Logistic => {
                let second = scores[0].iter().map(|&score| 1.0 / (1.0 + libm::exp(-score)));
                Answers::Classes { probabilities: second.flat_map(|p| [1.0 - p, p]).collect(), n_classes: 2 }
            }
            Self::Softmax(n_classes) => {
                let mut probabilities = Vec::with_capacity(n_rows * n_classes);
                for row in 0..n_rows {
                    probabilities.extend(scores.iter().map(|scores| scores[row]));
                    let here = &mut probabilities[row * n_classes..];
                    let (_, sum) = exponentials(here);
                    here.iter_mut().for_each(|p| *p /= sum);
                }
                Answers::Classes { probabilities, n_classes }
            }
        }
    }
}

/// In two passes: the second one takes away the roundings of the first, so that the order of the rows hardly matters.
fn mean(y: &[f64], of: Rows<'_>, all: f64) -> f64 {
    let sum = |number: &dyn Fn(f64) -> f64| -> f64 {
        y.iter().enumerate().map(|(row, &y)| of.weight(row) * number(y)).sum::<f64>() / all
    };
    let about = sum(&|y| y);
    about + sum(&|y| y - about)
}

/// What the rows of each class count together.
fn class_weights(codes: &[u32], of: Rows<'_>, n_classes: usize) -> Vec<f64> {
    let mut weights = vec![0.0; n_classes];
    codes.iter().enumerate().for_each(|(row, &code)| weights[code as usize] += of.weight(row));
    weights
}

fn within(share: f64, margin: f64) -> f64 {
    share.clamp(margin, 1.0 - margin)
}

fn squared_error(y: &[f64], of: Rows<'_>, scores: &[f64], rows: Range<usize>, slopes: Option<&mut Slopes>) -> f64 {
    let mut sum = 0.0;
    let mut slopes = slopes;
    for row in rows {
        let (distance, weight) = (scores[row] - y[row], of.weight(row));
        sum += 0.5 * distance * distance * weight;
        if let Some(slopes) = &mut slopes {
            slopes.gradients[0][row] = finite(distance * weight, &mut sum);
            if let Some(hessians) = slopes.hessians.first_mut() {
                hessians[row] = weight as f32;
            }
        }
    }
    sum
}

/// Rounds; a gradient that is too large spoils the sum.
fn finite(gradient: f64, sum: &mut f64) -> f32 {
    let rounded = gradient as f32;
    if !rounded.is_finite() {
        *sum = f64::NAN;
    }
    rounded
}

fn logistic(codes: &[u32], of: Rows<'_>, scores: &[f64], rows: Range<usize>, mut slopes: Option<&mut Slopes>) -> f64 {
    let mut sum = LogSum::default();
    for row in rows {
        let (score, y, weight) = (scores[row], f64::from(codes[row]), of.weight(row));
        let (gradient, hessian);
        if score > LOWEST_SCORE {
            let e = libm::exp(-score);
            gradient = ((1.0 - y) - y * e) / (1.0 + e);
            hessian = e / ((1.0 + e) * (1.0 + e));
            sum.add((1.0 - y) * score, 1.0 + e, weight);
        } else {
            hessian = libm::exp(score);
            gradient = hessian - y;
            sum.add(hessian - y * score, 1.0, weight);
        }
        if let Some(slopes) = &mut slopes {
            slopes.gradients[0][row] = (gradient * weight) as f32;
            slopes.hessians[0][row] = (hessian * weight) as f32;
        }
    }
    sum.total()
}

fn softmax(
    codes: &[u32],
    of: Rows<'_>,
    scores: &[Vec<f64>],
    rows: Range<usize>,
    mut slopes: Option<&mut Slopes>,
) -> f64 {
    let mut sum = LogSum::default();
    let mut here = vec![0.0; scores.len()];
    for row in rows {
        here.iter_mut().zip(scores).for_each(|(here, scores)| *here = scores[row]);
        let (code, weight) = (codes[row] as usize, of.weight(row));
        let own = here[code];
        let (largest, all) = exponentials(&mut here);
        sum.add(largest - own, all, weight);
        if let Some(slopes) = &mut slopes {
            for (class, e) in here.iter().enumerate() {
                let p = e / all;
                slopes.gradients[class][row] = ((p - f64::from(u8::from(class == code))) * weight) as f32;
                slopes.hessians[class][row] = (p * (1.0 - p) * weight) as f32;
            }
        }
    }
    sum.total()
}

/// Replaces scores by `e^(score − largest)`. Gives the largest, and the sum of what is there now.
fn exponentials(scores: &mut [f64]) -> (f64, f64) {
    let largest = scores.iter().fold(f64::NEG_INFINITY, |largest: f64, &score| largest.max(score));
    let mut sum = 0.0;
    for score in scores {
        *score = libm::exp(*score - largest);
        sum += *score;
    }
    (largest, sum)
}

/// A sum of numbers and logarithms, with few logarithms: where rows count once, one of many factors' product is taken.
struct LogSum {
    sum: f64,
    factors: f64,
    n_factors: usize,
}

impl Default for LogSum {
    fn default() -> Self {
        Self { sum: 0.0, factors: 1.0, n_factors: 0 }
    }
}

impl LogSum {
    /// Adds `weight · (number + ln factor)`.
    #[inline]
    fn add(&mut self, number: f64, factor: f64, weight: f64) {
        if weight != 1.0 {
            self.sum += weight * (number + libm::log(factor));
            return;
        }
        self.sum += number;
        self.factors *= factor;
        self.n_factors += 1;
        if self.n_factors == FACTORS_PER_LOG {
            self.sum += libm::log(self.factors);
            (self.factors, self.n_factors) = (1.0, 0);
        }
    }

    fn total(self) -> f64 {
        self.sum + libm::log(self.factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(given: f64, expected: f64) {
        assert!((given - expected).abs() < 1e-12 * expected.abs().max(1.0), "{given} instead of {expected}");
    }

    fn once(labels: &Labels) -> Rows<'_> {
        Rows { labels, weights: None }
    }

    #[test]
    fn squared_error_is_halved_and_its_gradient_is_the_difference() {
        let loss = Loss::of(0);
        let mut slopes = loss.slopes(2, false);
        let labels = &Labels::Values(vec![1.0, 5.0]);
        assert_eq!(loss.baseline(once(labels)), [3.0]);
        assert_eq!(loss.assess(once(labels), &[vec![3.0, 3.0]], 0..2, Some(&mut slopes)), 4.0);
        assert_eq!(slopes.gradients, [[2.0, -2.0]]);
        assert!(slopes.hessians.is_empty());
    }

    #[test]
    fn the_logistic_loss_is_that_of_the_textbook() {
        let loss = Loss::of(2);
        let labels = &Labels::Codes(vec![1, 0, 1, 1]);
        close(loss.baseline(once(labels))[0], 3.0_f64.ln());
        let mut slopes = loss.slopes(4, false);
        // Scores whose odds are 3, 1, 1 / 3 and next to nothing.
        let scores = vec![3.0_f64.ln(), 0.0, -(3.0_f64.ln()), -100.0];
        let sum = loss.assess(once(labels), std::slice::from_ref(&scores), 0..4, Some(&mut slopes));
        close(sum, (4.0_f64 / 3.0).ln() + 2.0_f64.ln() + 4.0_f64.ln() + 100.0);
        assert_eq!(slopes.gradients[0], [-0.25, 0.5, -0.75, -1.0]);
        assert_eq!(slopes.hessians[0][..3], [0.1875, 0.25, 0.1875]);
        let Answers::Classes { probabilities, .. } = loss.answers(vec![scores]) else { panic!("classes") };
        close(probabilities[1], 0.75);
    }

    #[test]
    fn three_classes_share_their_probability() {
        let loss = Loss::of(3);
        let labels = &Labels::Codes(vec![0, 1, 2, 2]);
        let baseline = loss.baseline(once(labels));
        close(baseline.iter().sum(), 0.0);
        close(baseline[2] - baseline[0], 2.0_f64.ln());
        let scores: Vec<Vec<f64>> = baseline.iter().map(|&score| vec![score; 4]).collect();
        let mut slopes = loss.slopes(4, false);
        close(loss.assess(once(labels), &scores, 0..4, Some(&mut slopes)), 6.0 * 2.0_f64.ln());
        assert_eq!(slopes.gradients.iter().map(|g| g[0]).collect::<Vec<_>>(), [-0.75, 0.25, 0.5]);
        assert_eq!(slopes.hessians[2][0], 0.25);
        let Answers::Classes { probabilities, .. } = loss.answers(scores) else { panic!("classes") };
        close(probabilities[0], 0.25);
    }

    #[test]
    fn many_large_factors_are_no_overflow() {
        let loss = Loss::of(2);
        let labels = &Labels::Codes(vec![1; 100]);
        close(loss.assess(once(labels), &[vec![-36.0; 100]], 0..100, None), 3_600.0);
    }

    #[test]
    fn a_gradient_beyond_f32_spoils_the_loss() {
        let loss = Loss::of(0);
        let labels = &Labels::Values(vec![0.0]);
        assert!(loss.assess(once(labels), &[vec![1e39]], 0..1, Some(&mut loss.slopes(1, false))).is_nan());
    }

    #[test]
    fn a_weight_is_a_number_of_rows() {
        let cases: [(usize, Labels, Labels); 3] = [
            (0, Labels::Values(vec![1.0, 4.0, 9.0]), Labels::Values(vec![4.0, 4.0, 9.0])),
            (2, Labels::Codes(vec![1, 0, 1]), Labels::Codes(vec![0, 0, 1])),
            (3, Labels::Codes(vec![0, 1, 2]), Labels::Codes(vec![1, 1, 2])),
        ];
        for (n_classes, labels, repeated) in cases {
            let loss = Loss::of(n_classes);
            let weighted = Rows { labels: &labels, weights: Some(&[0.0, 2.0, 1.0]) };
            let baseline = loss.baseline(weighted);
            assert_eq!(baseline, loss.baseline(once(&repeated)));
            let scores: Vec<Vec<f64>> = baseline.iter().map(|&score| vec![score + 0.5; 3]).collect();
            let mut slopes = loss.slopes(3, true);
            let sum = loss.assess(weighted, &scores, 0..3, Some(&mut slopes));
            close(sum, loss.assess(once(&repeated), &scores, 0..3, None));
            assert_eq!((slopes.gradients[0][0], slopes.hessians[0][0]), (0.0, 0.0));
            assert!(slopes.hessians[0][1] > 0.0);
        }
    }
}
