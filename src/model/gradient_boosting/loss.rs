//! What boosting makes smaller: the loss of scores, its gradients, and the answers that scores stand for.
//!
//! ```text
//! numbers       loss = ½ · (score − y)²               answer = score
//! two classes   loss = ln(1 + e^score) − y · score    p(second) = 1 / (1 + e^−score)
//! more          loss = ln Σ e^score − score[class]    p(class) = e^score[class] / Σ e^score
//! ```
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
    pub(super) fn slopes(self, n_rows: usize) -> Slopes {
        let numbers = || vec![vec![0.0; n_rows]; self.n_outputs()];
        let hessians = if self == Self::SquaredError { Vec::new() } else { numbers() };
        Slopes { gradients: numbers(), hessians }
    }

    /// The best scores that are the same for all rows.
    pub(super) fn baseline(self, labels: &Labels) -> Vec<f64> {
        match (self, labels) {
            (Self::SquaredError, Labels::Values(y)) => vec![mean(y)],
            (Self::Logistic, Labels::Codes(codes)) => {
                let ones = codes.iter().filter(|&&code| code == 1).count();
                let share = within(ones as f64 / codes.len() as f64, 10.0 * f64::EPSILON);
                vec![libm::log(share / (1.0 - share))]
            }
            (Self::Softmax(n_classes), Labels::Codes(codes)) => {
                let mut counts = vec![0usize; n_classes];
                codes.iter().for_each(|&code| counts[code as usize] += 1);
                let share = |&count: &usize| within(count as f64 / codes.len() as f64, f64::EPSILON);
                let shares: Vec<f64> = counts.iter().map(share).collect();
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
        labels: &Labels,
        scores: &[Vec<f64>],
        rows: Range<usize>,
        slopes: Option<&mut Slopes>,
    ) -> f64 {
        match (self, labels) {
            (Self::SquaredError, Labels::Values(y)) => squared_error(y, &scores[0], rows, slopes),
            (Self::Logistic, Labels::Codes(codes)) => logistic(codes, &scores[0], rows, slopes),
            (Self::Softmax(_), Labels::Codes(codes)) => softmax(codes, scores, rows, slopes),
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
fn mean(y: &[f64]) -> f64 {
    let n = y.len() as f64;
    let about = y.iter().sum::<f64>() / n;
    about + y.iter().map(|y| y - about).sum::<f64>() / n
}

fn within(share: f64, margin: f64) -> f64 {
    share.clamp(margin, 1.0 - margin)
}

fn squared_error(y: &[f64], scores: &[f64], rows: Range<usize>, slopes: Option<&mut Slopes>) -> f64 {
    let mut sum = 0.0;
    let mut slopes = slopes;
    for row in rows {
        let gradient = scores[row] - y[row];
        sum += 0.5 * gradient * gradient;
        if let Some(slopes) = &mut slopes {
            slopes.gradients[0][row] = finite(gradient, &mut sum);
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

fn logistic(codes: &[u32], scores: &[f64], rows: Range<usize>, mut slopes: Option<&mut Slopes>) -> f64 {
    let (mut sum, mut product) = (0.0, Product::default());
    for row in rows {
        let (score, y) = (scores[row], f64::from(codes[row]));
        let (gradient, hessian);
        if score > LOWEST_SCORE {
            let e = libm::exp(-score);
            gradient = ((1.0 - y) - y * e) / (1.0 + e);
            hessian = e / ((1.0 + e) * (1.0 + e));
            sum += (1.0 - y) * score;
            product.times(1.0 + e);
        } else {
            hessian = libm::exp(score);
            gradient = hessian - y;
            sum += hessian - y * score;
        }
        if let Some(slopes) = &mut slopes {
            slopes.gradients[0][row] = gradient as f32;
            slopes.hessians[0][row] = hessian as f32;
        }
    }
    sum + product.log()
}

fn softmax(codes: &[u32], scores: &[Vec<f64>], rows: Range<usize>, mut slopes: Option<&mut Slopes>) -> f64 {
    let (mut sum, mut product) = (0.0, Product::default());
    let mut here = vec![0.0; scores.len()];
    for row in rows {
        here.iter_mut().zip(scores).for_each(|(here, scores)| *here = scores[row]);
        let code = codes[row] as usize;
        let own = here[code];
        let (largest, all) = exponentials(&mut here);
        sum += largest - own;
        product.times(all);
        if let Some(slopes) = &mut slopes {
            for (class, e) in here.iter().enumerate() {
                let p = e / all;
                slopes.gradients[class][row] = (p - f64::from(u8::from(class == code))) as f32;
                slopes.hessians[class][row] = (p * (1.0 - p)) as f32;
            }
        }
    }
    sum + product.log()
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

/// The logarithm of a product of many factors, with few logarithms.
struct Product {
    factors: f64,
    n_factors: usize,
    log: f64,
}

impl Default for Product {
    fn default() -> Self {
        Self { factors: 1.0, n_factors: 0, log: 0.0 }
    }
}

impl Product {
    #[inline]
    fn times(&mut self, factor: f64) {
        self.factors *= factor;
        self.n_factors += 1;
        if self.n_factors == FACTORS_PER_LOG {
            self.log += libm::log(self.factors);
            (self.factors, self.n_factors) = (1.0, 0);
        }
    }

    fn log(self) -> f64 {
        self.log + libm::log(self.factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(given: f64, expected: f64) {
        assert!((given - expected).abs() < 1e-12 * expected.abs().max(1.0), "{given} instead of {expected}");
    }

    #[test]
    fn squared_error_is_halved_and_its_gradient_is_the_difference() {
        let loss = Loss::of(0);
        let mut slopes = loss.slopes(2);
        let labels = Labels::Values(vec![1.0, 5.0]);
        assert_eq!(loss.baseline(&labels), [3.0]);
        assert_eq!(loss.assess(&labels, &[vec![3.0, 3.0]], 0..2, Some(&mut slopes)), 4.0);
        assert_eq!(slopes.gradients, [[2.0, -2.0]]);
        assert!(slopes.hessians.is_empty());
    }

    #[test]
    fn the_logistic_loss_is_that_of_the_textbook() {
        let loss = Loss::of(2);
        let labels = Labels::Codes(vec![1, 0, 1, 1]);
        close(loss.baseline(&labels)[0], 3.0_f64.ln());
        let mut slopes = loss.slopes(4);
        // Scores whose odds are 3, 1, 1 / 3 and next to nothing.
        let scores = vec![3.0_f64.ln(), 0.0, -(3.0_f64.ln()), -100.0];
        let sum = loss.assess(&labels, std::slice::from_ref(&scores), 0..4, Some(&mut slopes));
        close(sum, (4.0_f64 / 3.0).ln() + 2.0_f64.ln() + 4.0_f64.ln() + 100.0);
        assert_eq!(slopes.gradients[0], [-0.25, 0.5, -0.75, -1.0]);
        assert_eq!(slopes.hessians[0][..3], [0.1875, 0.25, 0.1875]);
        let Answers::Classes { probabilities, .. } = loss.answers(vec![scores]) else { panic!("classes") };
        close(probabilities[1], 0.75);
    }

    #[test]
    fn three_classes_share_their_probability() {
        let loss = Loss::of(3);
        let labels = Labels::Codes(vec![0, 1, 2, 2]);
        let baseline = loss.baseline(&labels);
        close(baseline.iter().sum(), 0.0);
        close(baseline[2] - baseline[0], 2.0_f64.ln());
        let scores: Vec<Vec<f64>> = baseline.iter().map(|&score| vec![score; 4]).collect();
        let mut slopes = loss.slopes(4);
        close(loss.assess(&labels, &scores, 0..4, Some(&mut slopes)), 6.0 * 2.0_f64.ln());
        assert_eq!(slopes.gradients.iter().map(|g| g[0]).collect::<Vec<_>>(), [-0.75, 0.25, 0.5]);
        assert_eq!(slopes.hessians[2][0], 0.25);
        let Answers::Classes { probabilities, .. } = loss.answers(scores) else { panic!("classes") };
        close(probabilities[0], 0.25);
    }

    #[test]
    fn many_large_factors_are_no_overflow() {
        let loss = Loss::of(2);
        let labels = Labels::Codes(vec![1; 100]);
        close(loss.assess(&labels, &[vec![-36.0; 100]], 0..100, None), 3_600.0);
    }

    #[test]
    fn a_gradient_beyond_f32_spoils_the_loss() {
        let loss = Loss::of(0);
        let labels = Labels::Values(vec![0.0]);
        assert!(loss.assess(&labels, &[vec![1e39]], 0..1, Some(&mut loss.slopes(1))).is_nan());
    }
}
