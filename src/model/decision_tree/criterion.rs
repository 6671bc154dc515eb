//! How impure the rows of a node are, and which cut of one feature makes its two sides purest.
//!
//! What is compared are scikit-learn's own expressions in its own order of operations, because their roundings decide
//! between cuts that are equally good on paper. Logarithms come from libm, so that every target computes the same bits.

use super::presort::{Column, Layout, VALUE_GAP};

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

/// What a node's rows are labelled with.
#[derive(Clone, Debug)]
pub(in crate::model) enum Labels {
    /// Codes are packed into the words; here is only how many there are.
    Classes { n_classes: usize },
    /// One number per row.
    Values(Vec<f64>),
}

/// What is known about the labels of a set of rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Totals {
    /// Rows per class.
    Counts(Vec<u32>),
    /// Sum and sum of squares.
    Sums { sum: f64, squares: f64 },
}

impl Totals {
    pub(super) fn of(words: &[u64], layout: Layout, labels: &Labels) -> Self {
        match labels {
            Labels::Classes { n_classes } => {
                let mut counts = vec![0; *n_classes];
                for &word in words {
                    counts[layout.class(word)] += 1;
                }
                Self::Counts(counts)
            }
            Labels::Values(y) => {
                let (mut sum, mut squares) = (0.0, 0.0);
                for &word in words {
                    let y = y[layout.row(word)];
                    sum += y;
                    squares += y * y;
                }
                Self::Sums { sum, squares }
            }
        }
    }

    /// What remains of `self` without `part`.
    fn without(&self, part: &Self) -> Self {
        match (self, part) {
            (Self::Counts(all), Self::Counts(part)) => {
                Self::Counts(all.iter().zip(part).map(|(all, part)| all - part).collect())
            }
            (Self::Sums { sum, squares }, Self::Sums { sum: part_sum, squares: part_squares }) => {
                Self::Sums { sum: sum - part_sum, squares: squares - part_squares }
            }
            _ => unreachable!("both sides of a split are labelled alike"),
        }
    }

    pub(super) fn impurity(&self, n_rows: usize, impurity: Impurity) -> f64 {
        let n = n_rows as f64;
        match (self, impurity) {
            (Self::Counts(counts), Impurity::Entropy) => entropy(counts, n),
            (Self::Counts(counts), _) => {
                let squares: f64 = counts.iter().map(|&count| f64::from(count) * f64::from(count)).sum();
                gini(squares, n)
            }
            (Self::Sums { sum, squares }, _) => {
                let mean = sum / n;
                squares / n - mean * mean
            }
        }
    }
}

fn gini(squares: f64, n: f64) -> f64 {
    1.0 - squares / (n * n)
}

fn entropy(counts: &[u32], n: f64) -> f64 {
    let mut entropy = 0.0;
    for &count in counts {
        if count > 0 {
            let share = f64::from(count) / n;
            entropy -= share * (libm::log(share) / std::f64::consts::LN_2);
        }
    }
    entropy
}

/// A cut of a node, and what it is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// What was compared to find it: the improvement up to a constant.
    pub(super) score: f64,
    pub(super) feature: usize,
    /// How many rows go left.
    pub(super) n_left: usize,
    /// What was drawn; none when it is half way between the neighbours.
    pub(super) threshold: Option<f64>,
}

/// A cut that was drawn at random.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    pub(super) threshold: f64,
    /// How many of the node's words are not above it.
    pub(super) n_left: usize,
}

/// A node's words of one feature, ascending in its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    pub(super) words: &'a [u64],
    pub(super) feature: usize,
    pub(super) column: &'a Column,
    /// The only cut to consider; all of them when there is none.
    pub(super) at: Option<Drawn>,
}

/// The two sides of a cut.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    pub(super) left: Totals,
    pub(super) right: Totals,
    pub(super) impurity_left: f64,
    pub(super) impurity_right: f64,
}

/// The labels on both sides of the cut after `n_left` of a node's rows.
pub(super) fn sides(
    words: &[u64],
    n_left: usize,
    all: &Totals,
    layout: Layout,
    labels: &Labels,
    impurity: Impurity,
) -> Sides {
    let (left_words, right_words) = words.split_at(n_left);
    let left = Totals::of(left_words, layout, labels);
    let rest = all.without(&left);
    let impurity_left = left.impurity(n_left, impurity);
    let impurity_right = rest.impurity(right_words.len(), impurity);
    // Differences of sums are good enough to compare, as scikit-learn does; what goes on to the child is summed anew.
    let right = match labels {
        Labels::Classes { .. } => rest,
        Labels::Values(_) => Totals::of(right_words, layout, labels),
    };
    Sides { left, right, impurity_left, impurity_right }
}

/// Finds the best cuts of one node, feature by feature.
#[derive(Debug)]
pub(super) struct Scanner {
    impurity: Impurity,
    layout: Layout,
    min_samples_leaf: usize,
    has_copies: bool,
    left: Vec<u32>,
    right: Vec<u32>,
    /// `n · log2(n)` by `n`, for entropy only.
    n_log_n: Vec<f64>,
}

impl Scanner {
    pub(super) fn new(
        impurity: Impurity,
        layout: Layout,
        min_samples_leaf: usize,
        has_copies: bool,
        n_rows: usize,
    ) -> Self {
        let n_log_n = match impurity {
            Impurity::Entropy => {
                (0..=n_rows).map(|n| if n == 0 { 0.0 } else { n as f64 * libm::log2(n as f64) }).collect()
            }
            _ => Vec::new(),
        };
        Self { impurity, layout, min_samples_leaf, has_copies, left: Vec::new(), right: Vec::new(), n_log_n }
    }

    /// What scanning a word costs, in words looked at.
    pub(super) fn cost(&self) -> usize {
        match self.impurity {
            Impurity::Gini | Impurity::SquaredError => 1,
            // Looking up logarithms, and now and then computing them.
            Impurity::Entropy => 3,
        }
    }

    /// Replaces `best` by the first cut of this feature that is strictly better than everything before it.
    pub(super) fn scan(&mut self, stretch: &Stretch<'_>, all: &Totals, labels: &Labels, best: &mut Option<Cut>) {
        let (layout, words) = (self.layout, stretch.words);
        let (min_left, max_left) = self.allowed(words);
        let places = Places { stretch, layout, min_left, max_left };
        match (all, labels, self.impurity) {
            (Totals::Sums { sum, .. }, Labels::Values(y), _) => {
                places.scan(best, SquaredErrorScan { y, layout, all: *sum, left: 0.0 });
            }
            (Totals::Counts(counts), _, Impurity::Entropy) => {
                self.start(counts);
                let sum = self.right.iter().map(|&count| self.n_log_n[count as usize]).sum();
                let scan = EntropyScan {
                    layout,
                    left: &mut self.left,
                    right: &mut self.right,
                    n_log_n: &self.n_log_n,
                    // Below any rounding of sums of this size, far above none.
                    slack: 1e-9 * self.n_log_n[words.len()].max(1.0),
                    sum,
                };
                places.scan(best, scan);
            }
            (Totals::Counts(counts), ..) if counts.len() == 2 => {
                let (zeros, ones) = (f64::from(counts[0]), f64::from(counts[1]));
                places.scan(best, TwoClassGiniScan { layout, zeros, ones, left_ones: 0 });
            }
            (Totals::Counts(counts), ..) => {
                self.start(counts);
                let squares_right = counts.iter().map(|&count| u64::from(count) * u64::from(count)).sum();
                let (left, right) = (&mut self.left, &mut self.right);
                places.scan(best, GiniScan { layout, left, right, squares_left: 0, squares_right });
            }
            (Totals::Sums { .. }, Labels::Classes { .. }, _) => unreachable!("sums are made of values"),
        }
    }

    /// The fewest and the most words that may go left, so that each side has rows enough.
    fn allowed(&self, words: &[u64]) -> (usize, usize) {
        let (min_leaf, n_words) = (self.min_samples_leaf, words.len());
        if !self.has_copies || min_leaf == 1 {
            return (min_leaf, n_words.saturating_sub(min_leaf));
        }
        // No cut tears the copies of a row apart, so reaching a row's first word is reaching it.
        let reach = |word_at: &dyn Fn(usize) -> u64| {
            let (mut n_distinct, mut last_row) = (0, None);
            let reached = (0..n_words).position(|position| {
                let row = self.layout.row(word_at(position));
                n_distinct += usize::from(last_row.replace(row) != Some(row));
                n_distinct == min_leaf
            });
            reached.map_or(n_words, |position| position + 1)
        };
        (reach(&|position| words[position]), n_words - reach(&|position| words[n_words - 1 - position]))
    }

    fn start(&mut self, counts: &[u32]) {
        self.left.clear();
        self.left.resize(counts.len(), 0);
        self.right.clear();
        self.right.extend_from_slice(counts);
    }
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

/// One criterion while rows move from the right side to the left one.
trait Scan {
    fn move_left(&mut self, word: u64);
    /// The score if it may be above `best`; anything not above it otherwise.
    fn score(&self, n_left: f64, n_right: f64, best: f64) -> f64;
}

/// The places where one feature can be cut.
struct Places<'a> {
    stretch: &'a Stretch<'a>,
    layout: Layout,
    min_left: usize,
    max_left: usize,
}

impl Places<'_> {
    #[inline]
    fn scan(&self, best: &mut Option<Cut>, mut scan: impl Scan) {
        let Self { stretch, layout, min_left, max_left } = *self;
        let Stretch { words, feature, column, at } = *stretch;
        let (column_values, has_gaps) = (column.values.as_slice(), column.has_gaps);
        let n_rows = words.len();
        let mut best_score = best.map_or(f64::NEG_INFINITY, |cut| cut.score);
        if let Some(Drawn { threshold, n_left }) = at {
            if n_left >= min_left && n_left <= max_left {
                words[..n_left].iter().for_each(|&word| scan.move_left(word));
                let score = scan.score(n_left as f64, (n_rows - n_left) as f64, best_score);
                if score > best_score {
                    *best = Some(Cut { score, feature, n_left, threshold: Some(threshold) });
                }
            }
            return;
        }
        let mut best_n_left = None;
        let Some((&first, rest)) = words.split_first() else { return };
        let mut rank = layout.rank(first);
        scan.move_left(first);
        for (&word, n_left) in rest.iter().zip(1..) {
            let next_rank = layout.rank(word);
            if next_rank != rank {
                let can_cut = n_left >= min_left
                    && n_left <= max_left
                    && (has_gaps || column_values[next_rank] > column_values[rank] + VALUE_GAP);
                if can_cut {
                    let score = scan.score(n_left as f64, (n_rows - n_left) as f64, best_score);
                    if score > best_score {
                        best_score = score;
                        best_n_left = Some(n_left);
                    }
                }
                rank = next_rank;
            }
            scan.move_left(word);
        }
        if let Some(n_left) = best_n_left {
            *best = Some(Cut { score: best_score, feature, n_left, threshold: None });
        }
    }
}

struct TwoClassGiniScan {
    layout: Layout,
    zeros: f64,
    ones: f64,
    left_ones: u32,
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

struct GiniScan<'a> {
    layout: Layout,
    left: &'a mut [u32],
    right: &'a mut [u32],
    squares_left: u64,
    squares_right: u64,
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
struct EntropyScan<'a> {
    layout: Layout,
    left: &'a mut [u32],
    right: &'a mut [u32],
    n_log_n: &'a [f64],
    slack: f64,
    sum: f64,
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
        -n_right * entropy(self.right, n_right) - n_left * entropy(self.left, n_left)
    }
}

struct SquaredErrorScan<'a> {
    y: &'a [f64],
    layout: Layout,
    all: f64,
    left: f64,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impurities_are_those_of_the_textbook() {
        let counts = Totals::Counts(vec![2, 2]);
        assert_eq!(counts.impurity(4, Impurity::Gini), 0.5);
        assert_eq!(counts.impurity(4, Impurity::Entropy), 1.0);
        assert_eq!(Totals::Counts(vec![4, 0]).impurity(4, Impurity::Entropy), 0.0);
        // 1, 2, 3: mean 2, variance 2/3.
        let sums = Totals::Sums { sum: 6.0, squares: 14.0 };
        assert!((sums.impurity(3, Impurity::SquaredError) - 2.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn three_classes_by_running_squares_are_as_two_classes_by_definition() {
        // The same four rows, once with an empty third class.
        let cut = |n_classes: usize| {
            let layout = Layout::new(4, n_classes).unwrap();
            let mut presort = super::super::presort::Presort::new(layout, 1);
            let x = crate::preprocess::Matrix::from_columns(vec![vec![1.0, 2.0, 3.0, 4.0]]);
            while !presort.pass(&x, |row| [0, 0, 0, 1][row]) {}
            let columns = presort.into_columns();
            let mut counts = vec![0; n_classes];
            (counts[0], counts[1]) = (3, 1);
            let labels = Labels::Classes { n_classes };
            let mut best = None;
            let stretch = Stretch { words: &columns[0].words, feature: 0, column: &columns[0], at: None };
            let all = Totals::Counts(counts);
            Scanner::new(Impurity::Gini, layout, 1, false, 4).scan(&stretch, &all, &labels, &mut best);
            best
        };
        assert_eq!(cut(2), Some(Cut { score: 0.0, feature: 0, n_left: 3, threshold: None }));
        assert_eq!(cut(3), cut(2));
    }

    #[test]
    fn copies_do_not_make_a_leaf_large_enough() {
        // Rows 0, 0, 0, 1, 2, 3: two rows on each side leave the places between rows 1 and 2 only.
        let layout = Layout::new(4, 1).unwrap();
        let scanner = Scanner::new(Impurity::Gini, layout, 2, true, 6);
        assert_eq!(scanner.allowed(&[0, 0, 0, 0b01_01, 0b10_10, 0b11_11]), (4, 4));
        assert_eq!(Scanner::new(Impurity::Gini, layout, 2, false, 4).allowed(&[0, 1, 2, 3]), (2, 2));
        let (min_left, max_left) = scanner.allowed(&[0, 0, 0]);
        assert!(min_left > max_left);
    }
}
