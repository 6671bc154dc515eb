//! One criterion while rows move from the right side of a cut to the left one.

use super::super::criterion::{Impurity, entropy, gini, squares};
use super::super::presort::Layout;

/// Sums of both sides, kept while rows move.
pub(super) trait Scan {
    fn move_left(&mut self, word: u64);
    /// The score if it may be above `best`; anything not above it otherwise.
    fn score(&self, n_left: f64, n_right: f64, best: f64) -> f64;
}

/// A score is computed, with its divisions, only if a product says that it may be the best; the product may be wrong by
/// its roundings, so it is given this much more.
const SLACK: f64 = 1.0 - 1e-10;

/// Whether `left / n_left + right / n_right` may be above a value.
#[inline]
fn may_exceed(left: f64, n_left: f64, right: f64, n_right: f64, value: f64) -> bool {
    left * n_right + right * n_left > value * n_left * n_right * SLACK
}

/// The score of a Gini cut: `−n_right · gini(right) − n_left · gini(left)`, from the sums of squares.
#[inline]
fn gini_score(squares_left: f64, n_left: f64, squares_right: f64, n_right: f64, best: f64) -> f64 {
    // On paper it is Σ squares / n − n.
    if !may_exceed(squares_left, n_left, squares_right, n_right, best + (n_left + n_right)) {
        return f64::NEG_INFINITY;
    }
    -n_right * gini(squares_right, n_right) - n_left * gini(squares_left, n_left)
}

pub(super) struct TwoClassGiniScan {
    pub(super) layout: Layout,
    pub(super) zeros: f64,
    pub(super) ones: f64,
    pub(super) left_ones: u32,
}

impl Scan for TwoClassGiniScan {
    #[inline]
    fn move_left(&mut self, word: u64) {
        self.left_ones += self.layout.class(word) as u32;
    }

    #[inline]
    fn score(&self, n_left: f64, n_right: f64, best: f64) -> f64 {
        let left_ones = f64::from(self.left_ones);
        let left_zeros = n_left - left_ones;
        let (right_ones, right_zeros) = (self.ones - left_ones, self.zeros - left_zeros);
        let squares_left = left_zeros * left_zeros + left_ones * left_ones;
        let squares_right = right_zeros * right_zeros + right_ones * right_ones;
        gini_score(squares_left, n_left, squares_right, n_right, best)
    }
}

pub(super) struct GiniScan<'a> {
    pub(super) layout: Layout,
    pub(super) left: &'a mut [u32],
    pub(super) right: &'a mut [u32],
    pub(super) squares_left: u64,
    pub(super) squares_right: u64,
}

impl Scan for GiniScan<'_> {
    #[inline]
    fn move_left(&mut self, word: u64) {
        // (k + 1)² = k² + 2k + 1
        let class = self.layout.class(word);
        self.squares_left += 2 * u64::from(self.left[class]) + 1;
        self.left[class] += 1;
        self.right[class] -= 1;
        self.squares_right -= 2 * u64::from(self.right[class]) + 1;
    }

    #[inline]
    fn score(&self, n_left: f64, n_right: f64, best: f64) -> f64 {
        gini_score(self.squares_left as f64, n_left, self.squares_right as f64, n_right, best)
    }
}

/// Entropy needs two logarithms per class. A running sum of `n · log2(n)` from a table tells within `slack` what the
/// score will be; only what may be the best is computed in full.
pub(super) struct EntropyScan<'a> {
    pub(super) layout: Layout,
    pub(super) left: &'a mut [u32],
    pub(super) right: &'a mut [u32],
    pub(super) n_log_n: &'a [f64],
    pub(super) slack: f64,
    pub(super) sum: f64,
}

impl Scan for EntropyScan<'_> {
    #[inline]
    fn move_left(&mut self, word: u64) {
        let class = self.layout.class(word);
        let (left, right) = (self.left[class] as usize, self.right[class] as usize);
        self.sum += (self.n_log_n[left + 1] - self.n_log_n[left]) - (self.n_log_n[right] - self.n_log_n[right - 1]);
        self.left[class] += 1;
        self.right[class] -= 1;
    }

    #[inline]
    fn score(&self, n_left: f64, n_right: f64, best: f64) -> f64 {
        let about = self.sum - self.n_log_n[n_left as usize] - self.n_log_n[n_right as usize];
        if about + self.slack <= best {
            return f64::NEG_INFINITY;
        }
        let share = |counts: &[u32], n| entropy(counts.iter().map(|&count| f64::from(count)), n);
        -n_right * share(self.right, n_right) - n_left * share(self.left, n_left)
    }
}

pub(super) struct SquaredErrorScan<'a> {
    pub(super) y: &'a [f64],
    pub(super) layout: Layout,
    pub(super) all: f64,
    pub(super) left: f64,
}

impl Scan for SquaredErrorScan<'_> {
    #[inline]
    fn move_left(&mut self, word: u64) {
        self.left += self.y[self.layout.row(word)];
    }

    #[inline]
    fn score(&self, n_left: f64, n_right: f64, best: f64) -> f64 {
        let right = self.all - self.left;
        let (squares_left, squares_right) = (self.left * self.left, right * right);
        if !may_exceed(squares_left, n_left, squares_right, n_right, best) {
            return f64::NEG_INFINITY;
        }
        squares_left / n_left + squares_right / n_right
    }
}

pub(super) struct WeightedClassScan<'a> {
    pub(super) impurity: Impurity,
    pub(super) layout: Layout,
    pub(super) weights: &'a [f64],
    pub(super) all: &'a [f64],
    pub(super) weight: f64,
    pub(super) left: &'a mut [f64],
    pub(super) weight_left: f64,
}

impl Scan for WeightedClassScan<'_> {
    #[inline]
    fn move_left(&mut self, word: u64) {
        let weight = self.weights[self.layout.row(word)];
        self.left[self.layout.class(word)] += weight;
        self.weight_left += weight;
    }

    fn score(&self, _: f64, _: f64, _: f64) -> f64 {
        let (left, weight_left, weight_right) = (&*self.left, self.weight_left, self.weight - self.weight_left);
        // What is left of a large sum may be nothing but its rounding.
        if weight_right <= 0.0 {
            return f64::NEG_INFINITY;
        }
        let right = self.all.iter().zip(left).map(|(all, left)| all - left);
        let left = left.iter().copied();
        let (impurity_left, impurity_right) = match self.impurity {
            Impurity::Entropy => (entropy(left, weight_left), entropy(right, weight_right)),
            _ => (gini(squares(left), weight_left), gini(squares(right), weight_right)),
        };
        -weight_right * impurity_right - weight_left * impurity_left
    }
}

pub(super) struct WeightedSquaredErrorScan<'a> {
    pub(super) y: &'a [f64],
    pub(super) weights: &'a [f64],
    pub(super) layout: Layout,
    pub(super) all: f64,
    pub(super) weight: f64,
    pub(super) left: f64,
    pub(super) weight_left: f64,
}

impl Scan for WeightedSquaredErrorScan<'_> {
    #[inline]
    fn move_left(&mut self, word: u64) {
        let row = self.layout.row(word);
        self.left += self.weights[row] * self.y[row];
        self.weight_left += self.weights[row];
    }

    fn score(&self, _: f64, _: f64, _: f64) -> f64 {
        let (right, weight_right) = (self.all - self.left, self.weight - self.weight_left);
        if weight_right <= 0.0 {
            return f64::NEG_INFINITY;
        }
        self.left * self.left / self.weight_left + right * right / weight_right
    }
}
