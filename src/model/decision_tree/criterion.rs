//! How impure the rows of a node are.
//!
//! What is computed are scikit-learn's own expressions in its own order of operations, because their roundings decide
//! between cuts that are equally good on paper. Logarithms come from libm, so that every target computes the same bits.

use super::presort::Layout;
use crate::preprocess::Target;

/// Beyond this, labels are shifted before their squares are summed: their mean, in standard deviations, squared.
const SHIFT_FROM: f64 = 1e8;

/// What is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Impurity {
    /// `1 − Σ share²`
    Gini,
    /// `−Σ share · log2(share)`
    Entropy,
    /// `mean(y²) − mean(y)²`
    SquaredError,
}

/// What the rows are labelled with, and how much each counts.
#[derive(Clone, Debug)]
pub(in crate::model) struct Labels {
    pub(super) of: LabelKind,
    /// One number per row, at most 2; none when every row counts once.
    pub(super) weights: Option<Vec<f64>>,
    /// What was taken from every number before the sums, to keep their digits.
    pub(super) shift: f64,
    /// What the weights were multiplied with: a power of two, so that squares and products of their sums are numbers.
    pub(super) weight_scale: f64,
}

#[derive(Clone, Debug)]
pub(super) enum LabelKind {
    /// Codes are packed into the words; here is only how many there are.
    Classes { n_classes: usize },
    /// One number per row.
    Values(Vec<f64>),
}

impl Labels {
    /// Reads a target.
    ///
    /// The variance is computed from sums of squares, as in scikit-learn, which loses its digits when the labels are all
    /// large and alike (years, say, or sums of money). Only then is a whole number near their mean taken away.
    pub(in crate::model) fn new(y: &Target, weights: Option<Vec<f64>>) -> Self {
        let (of, shift) = match y {
            Target::Classes { n_classes, .. } => (LabelKind::Classes { n_classes: *n_classes }, 0.0),
            Target::Values(values) => {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let variance = values.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n;
                let shift = if mean * mean > SHIFT_FROM * variance { mean.round() } else { 0.0 };
                (LabelKind::Values(values.iter().map(|y| y - shift).collect()), shift)
            }
        };
        let largest = weights.iter().flatten().fold(0.0, |largest: f64, weight| largest.max(*weight));
        let weight_scale = if largest > 0.0 { libm::ldexp(1.0, -libm::ilogb(largest)) } else { 1.0 };
        let scaled = |weights: Vec<f64>| weights.into_iter().map(|weight| weight * weight_scale).collect();
        Self { of, weights: weights.map(scaled), shift, weight_scale }
    }

    /// Whether a row counts at all; one that does not is not looked at.
    pub(in crate::model) fn counts(&self, row: usize) -> bool {
        self.weights.as_ref().is_none_or(|weights| weights[row] > 0.0)
    }
}

/// What is known about the labels of a set of rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Totals {
    /// The weights of the rows added up; their number when each counts once.
    pub(super) weight: f64,
    pub(super) sums: Sums,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sums {
    /// Rows per class.
    Counts(Vec<u32>),
    /// Weight per class.
    Weights(Vec<f64>),
    /// Weighted sum of the numbers and of their squares.
    Moments { sum: f64, squares: f64 },
}

impl Totals {
    /// Of the rows of some words, and of some more.
    pub(super) fn of(words: &[u64], more: &[u64], layout: Layout, labels: &Labels) -> Self {
        let n_rows = (words.len() + more.len()) as f64;
        let words = words.iter().chain(more);
        match (&labels.of, &labels.weights) {
            (LabelKind::Classes { n_classes }, None) => {
                let mut counts = vec![0; *n_classes];
                words.for_each(|&word| counts[layout.class(word)] += 1);
                Self { weight: n_rows, sums: Sums::Counts(counts) }
            }
            (LabelKind::Classes { n_classes }, Some(weights)) => {
                let (mut total, mut by_class) = (0.0, vec![0.0; *n_classes]);
                for &word in words {
                    let weight = weights[layout.row(word)];
                    by_class[layout.class(word)] += weight;
                    total += weight;
                }
                Self { weight: total, sums: Sums::Weights(by_class) }
            }
            (LabelKind::Values(y), None) => {
                let (mut sum, mut squares) = (0.0, 0.0);
                for &word in words {
                    let y = y[layout.row(word)];
                    sum += y;
                    squares += y * y;
                }
                Self { weight: n_rows, sums: Sums::Moments { sum, squares } }
            }
            (LabelKind::Values(y), Some(weights)) => {
                let (mut total, mut sum, mut squares) = (0.0, 0.0, 0.0);
                for &word in words {
                    let row = layout.row(word);
                    let (y, weight) = (y[row], weights[row]);
                    sum += weight * y;
                    squares += weight * y * y;
                    total += weight;
                }
                Self { weight: total, sums: Sums::Moments { sum, squares } }
            }
        }
    }

    /// What remains of `self` without `part`, for rows that count once each.
    fn without(&self, part: &Self) -> Self {
        let sums = match (&self.sums, &part.sums) {
            (Sums::Counts(all), Sums::Counts(part)) => {
                Sums::Counts(all.iter().zip(part).map(|(all, part)| all - part).collect())
            }
            (Sums::Moments { sum, squares }, Sums::Moments { sum: part_sum, squares: part_squares }) => {
                Sums::Moments { sum: sum - part_sum, squares: squares - part_squares }
            }
            _ => unreachable!("both sides of a split are labelled alike"),
        };
        Self { weight: self.weight - part.weight, sums }
    }

    pub(super) fn impurity(&self, impurity: Impurity) -> f64 {
        let n = self.weight;
        match (&self.sums, impurity) {
            (Sums::Counts(counts), Impurity::Entropy) => entropy(counts.iter().map(|&count| f64::from(count)), n),
            (Sums::Counts(counts), _) => gini(squares(counts.iter().map(|&count| f64::from(count))), n),
            (Sums::Weights(weights), Impurity::Entropy) => entropy(weights.iter().copied(), n),
            (Sums::Weights(weights), _) => gini(squares(weights.iter().copied()), n),
            (Sums::Moments { sum, squares }, _) => {
                let mean = sum / n;
                squares / n - mean * mean
            }
        }
    }

    /// The shares of the classes, or the mean.
    pub(super) fn value(&self, shift: f64) -> Vec<f64> {
        match &self.sums {
            Sums::Counts(counts) => counts.iter().map(|&count| f64::from(count) / self.weight).collect(),
            Sums::Weights(weights) => weights.iter().map(|weight| weight / self.weight).collect(),
            Sums::Moments { sum, .. } => vec![shift + sum / self.weight],
        }
    }
}

pub(super) fn squares(counts: impl Iterator<Item = f64>) -> f64 {
    counts.map(|count| count * count).sum()
}

pub(super) fn gini(squares: f64, n: f64) -> f64 {
    1.0 - squares / (n * n)
}

pub(super) fn entropy(counts: impl Iterator<Item = f64>, n: f64) -> f64 {
    let mut entropy = 0.0;
    for count in counts {
        if count > 0.0 {
            let share = count / n;
            entropy -= share * (libm::log(share) / std::f64::consts::LN_2);
        }
    }
    entropy
}

/// The two sides of a cut.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    pub(super) left: Totals,
    pub(super) right: Totals,
    pub(super) impurity_left: f64,
    pub(super) impurity_right: f64,
}

impl Sides {
    /// The labels on both sides of a cut, each given as two stretches of words.
    pub(super) fn of(
        [left, right]: [[&[u64]; 2]; 2],
        all: &Totals,
        layout: Layout,
        labels: &Labels,
        impurity: Impurity,
    ) -> Self {
        let anew = |[words, more]: [&[u64]; 2]| Totals::of(words, more, layout, labels);
        let left = anew(left);
        let impurity_left = left.impurity(impurity);
        if labels.weights.is_some() {
            // Where weights are of very different sizes, a difference of sums would be nothing but rounding.
            let right = anew(right);
            return Self { impurity_left, impurity_right: right.impurity(impurity), left, right };
        }
        let rest = all.without(&left);
        let impurity_right = rest.impurity(impurity);
        // Differences of sums are good enough to compare, as scikit-learn does; what goes on to the child is summed anew.
        let right = match rest.sums {
            Sums::Moments { .. } => anew(right),
            Sums::Counts(_) | Sums::Weights(_) => rest,
        };
        Self { left, right, impurity_left, impurity_right }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impurities_are_those_of_the_textbook() {
        let counts = |counts| Totals { weight: 4.0, sums: Sums::Counts(counts) };
        assert_eq!(counts(vec![2, 2]).impurity(Impurity::Gini), 0.5);
        assert_eq!(counts(vec![2, 2]).impurity(Impurity::Entropy), 1.0);
        assert_eq!(counts(vec![4, 0]).impurity(Impurity::Entropy), 0.0);
        // 1, 2, 3: mean 2, variance 2/3.
        let moments = Totals { weight: 3.0, sums: Sums::Moments { sum: 6.0, squares: 14.0 } };
        assert!((moments.impurity(Impurity::SquaredError) - 2.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice() {
        let layout = Layout::new(2, 1).unwrap();
        let labels = |weights| Labels::new(&Target::Values(vec![1.0, 4.0]), weights);
        let weighted = Totals::of(&[0, 1], &[], layout, &labels(Some(vec![2.0, 1.0])));
        let copied = Totals::of(&[0, 0], &[1], layout, &labels(None));
        assert_eq!(weighted.impurity(Impurity::SquaredError), copied.impurity(Impurity::SquaredError));
        assert_eq!((weighted.value(0.0), copied.value(0.0)), (vec![2.0], vec![2.0]));
    }

    #[test]
    fn weights_are_scaled_by_a_power_of_two() {
        let labels = Labels::new(&Target::Values(vec![1.0; 3]), Some(vec![3e-40, 0.0, 1e-40]));
        let weights = labels.weights.clone().unwrap();
        assert!(weights[0] >= 1.0 && weights[0] < 2.0);
        assert_eq!(weights[0] / labels.weight_scale, 3e-40);
        assert!(labels.counts(0) && !labels.counts(1));
    }
}
