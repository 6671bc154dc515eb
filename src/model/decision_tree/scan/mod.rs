//! Which cut of one feature makes the two sides of a node purest.
//!
//! What is compared are scikit-learn's own expressions in its own order of operations, because their roundings decide
//! between cuts that are equally good on paper. Rows whose cell is missing go all to one side: both are tried, the right
//! one first.

mod moving;

use super::criterion::{Impurity, LabelKind, Labels, Sums, Totals};
use super::presort::{Column, Layout, VALUE_GAP};
use moving::{
    EntropyScan, GiniScan, Scan, SquaredErrorScan, TwoClassGiniScan, WeightedClassScan, WeightedSquaredErrorScan,
};

/// A cut of a node, and what it is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// What was compared to find it: the improvement up to a constant.
    pub(super) score: f64,
    pub(super) feature: usize,
    /// How many rows go left.
    pub(super) n_left: usize,
    /// Where the rows go whose cell is missing, if there are any.
    pub(super) missing_left: bool,
    /// What was drawn; none when it is half way between the neighbours.
    pub(super) threshold: Option<f64>,
}

/// A cut that was drawn at random.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    pub(super) threshold: f64,
    /// How many of the node's words are not above it.
    pub(super) n_left: usize,
    pub(super) missing_left: bool,
}

/// A node's words of one feature, ascending in its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    pub(super) present: &'a [u64],
    /// Of rows whose cell is missing.
    pub(super) missing: &'a [u64],
    pub(super) feature: usize,
    pub(super) column: &'a Column,
    /// The only cut to consider; all of them when there is none.
    pub(super) at: Option<Drawn>,
}

impl Stretch<'_> {
    fn n_words(&self) -> usize {
        self.present.len() + self.missing.len()
    }

    /// The words in the order in which they go left.
    fn word(&self, position: usize, missing_left: bool) -> u64 {
        let [first, then] = if missing_left { [self.missing, self.present] } else { [self.present, self.missing] };
        first.get(position).copied().unwrap_or_else(|| then[position - first.len()])
    }
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
    weights_left: Vec<f64>,
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
        let (left, right, weights_left) = Default::default();
        Self { impurity, layout, min_samples_leaf, has_copies, left, right, weights_left, n_log_n }
    }

    /// What scanning a word costs, in words looked at.
    pub(super) fn cost(&self, labels: &Labels) -> usize {
        match (&labels.of, &labels.weights, self.impurity) {
            // Every class is looked at for every cut.
            (LabelKind::Classes { n_classes }, Some(_), _) => 1 + n_classes / 2,
            // Looking up logarithms, and now and then computing them.
            (_, _, Impurity::Entropy) => 3,
            (_, _, Impurity::Gini | Impurity::SquaredError) => 1,
        }
    }

    /// Replaces `best` by the first cut of this feature that is strictly better than everything before it.
    pub(super) fn scan(&mut self, stretch: &Stretch<'_>, all: &Totals, labels: &Labels, best: &mut Option<Cut>) {
        match stretch.at {
            Some(drawn) => self.scan_side(stretch, drawn.missing_left, all, labels, best),
            None => {
                self.scan_side(stretch, false, all, labels, best);
                if !stretch.missing.is_empty() {
                    self.scan_side(stretch, true, all, labels, best);
                }
            }
        }
    }

    /// With what is missing on one side.
    fn scan_side(
        &mut self,
        stretch: &Stretch<'_>,
        missing_left: bool,
        all: &Totals,
        labels: &Labels,
        best: &mut Option<Cut>,
    ) {
        let layout = self.layout;
        let (min_left, max_left) = self.allowed(stretch, missing_left);
        let places = Places { stretch, layout, missing_left, min_left, max_left };
        match (&all.sums, &labels.of, &labels.weights) {
            (Sums::Moments { sum, .. }, LabelKind::Values(y), None) => {
                places.scan(best, SquaredErrorScan { y, layout, all: *sum, left: 0.0 });
            }
            (Sums::Moments { sum, .. }, LabelKind::Values(y), Some(weights)) => {
                let (weight, sum) = (all.weight, *sum);
                let scan =
                    WeightedSquaredErrorScan { y, weights, layout, all: sum, weight, left: 0.0, weight_left: 0.0 };
                places.scan(best, scan);
            }
            (Sums::Weights(by_class), _, Some(weights)) => {
                self.weights_left.clear();
                self.weights_left.resize(by_class.len(), 0.0);
                let (impurity, left) = (self.impurity, &mut self.weights_left);
                let weight = all.weight;
                places.scan(
                    best,
                    WeightedClassScan { impurity, layout, weights, all: by_class, weight, left, weight_left: 0.0 },
                );
            }
            (Sums::Counts(counts), ..) if self.impurity == Impurity::Entropy => {
                self.start(counts);
                let sum = self.right.iter().map(|&count| self.n_log_n[count as usize]).sum();
                let scan = EntropyScan {
                    layout,
                    left: &mut self.left,
                    right: &mut self.right,
                    n_log_n: &self.n_log_n,
                    // Below any rounding of sums of this size, far above none.
                    slack: 1e-9 * self.n_log_n[stretch.n_words()].max(1.0),
                    sum,
                };
                places.scan(best, scan);
            }
            (Sums::Counts(counts), ..) if counts.len() == 2 => {
                let (zeros, ones) = (f64::from(counts[0]), f64::from(counts[1]));
                places.scan(best, TwoClassGiniScan { layout, zeros, ones, left_ones: 0 });
            }
            (Sums::Counts(counts), ..) => {
                self.start(counts);
                let squares_right = counts.iter().map(|&count| u64::from(count) * u64::from(count)).sum();
                let (left, right) = (&mut self.left, &mut self.right);
                places.scan(best, GiniScan { layout, left, right, squares_left: 0, squares_right });
            }
            _ => unreachable!("sums are made of what the rows are labelled with"),
        }
    }

    /// The fewest and the most words that may go left, so that each side has rows enough.
    fn allowed(&self, stretch: &Stretch<'_>, missing_left: bool) -> (usize, usize) {
        let (min_leaf, n_words) = (self.min_samples_leaf, stretch.n_words());
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
        let word = |position| stretch.word(position, missing_left);
        (reach(&word), n_words - reach(&|position| word(n_words - 1 - position)))
    }

    fn start(&mut self, counts: &[u32]) {
        self.left.clear();
        self.left.resize(counts.len(), 0);
        self.right.clear();
        self.right.extend_from_slice(counts);
    }
}

/// The places where one feature can be cut.
struct Places<'a> {
    stretch: &'a Stretch<'a>,
    layout: Layout,
    missing_left: bool,
    min_left: usize,
    max_left: usize,
}

impl Places<'_> {
    #[inline]
    fn scan(&self, best: &mut Option<Cut>, mut scan: impl Scan) {
        let Self { stretch, layout, missing_left, min_left, max_left } = *self;
        let Stretch { present, missing, feature, column, at } = *stretch;
        let (column_values, has_gaps) = (column.values.as_slice(), column.has_gaps);
        let n_rows = present.len() + missing.len();
        let mut best_score = best.map_or(f64::NEG_INFINITY, |cut| cut.score);
        let mut n_before = 0;
        if missing_left {
            missing.iter().for_each(|&word| scan.move_left(word));
            n_before = missing.len();
        }
        if let Some(Drawn { threshold, n_left, .. }) = at {
            let n_left_all = n_before + n_left;
            if n_left_all >= min_left && n_left_all <= max_left {
                present[..n_left].iter().for_each(|&word| scan.move_left(word));
                let score = scan.score(n_left_all as f64, (n_rows - n_left_all) as f64, best_score);
                if score > best_score {
                    let threshold = Some(threshold);
                    *best = Some(Cut { score, feature, n_left: n_left_all, missing_left, threshold });
                }
            }
            return;
        }
        let mut best_n_left = None;
        let Some((&first, rest)) = present.split_first() else { return };
        let mut rank = layout.rank(first);
        scan.move_left(first);
        for (&word, n_left) in rest.iter().zip(n_before + 1..) {
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
        let n_present = present.len();
        // All that is known against all that is missing.
        if !missing_left && !missing.is_empty() && n_present >= min_left && n_present <= max_left {
            let score = scan.score(n_present as f64, missing.len() as f64, best_score);
            if score > best_score {
                best_score = score;
                best_n_left = Some(n_present);
            }
        }
        if let Some(n_left) = best_n_left {
            *best = Some(Cut { score: best_score, feature, n_left, missing_left, threshold: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::{Matrix, Target};

    #[test]
    fn three_classes_by_running_squares_are_as_two_classes_by_definition() {
        // The same four rows, once with an empty third class.
        let cut = |n_classes: usize| {
            let layout = Layout::new(4, n_classes).unwrap();
            let mut presort = crate::model::decision_tree::presort::Presort::new(layout, 1);
            let x = Matrix::from_columns(vec![vec![1.0, 2.0, 3.0, 4.0]]);
            while !presort.pass(&x, |row| [0, 0, 0, 1][row]) {}
            let columns = presort.into_columns();
            let mut counts = vec![0; n_classes];
            (counts[0], counts[1]) = (3, 1);
            let labels = Labels::new(&Target::Classes { codes: vec![0, 0, 0, 1], n_classes }, None);
            let mut best = None;
            let stretch =
                Stretch { present: &columns[0].words, missing: &[], feature: 0, column: &columns[0], at: None };
            let all = Totals { weight: 4.0, sums: Sums::Counts(counts) };
            Scanner::new(Impurity::Gini, layout, 1, false, 4).scan(&stretch, &all, &labels, &mut best);
            best
        };
        assert_eq!(cut(2), Some(Cut { score: 0.0, feature: 0, n_left: 3, missing_left: false, threshold: None }));
        assert_eq!(cut(3), cut(2));
    }

    #[test]
    fn copies_do_not_make_a_leaf_large_enough() {
        // Rows 0, 0, 0, 1, 2, 3: two rows on each side leave the places between rows 1 and 2 only.
        let layout = Layout::new(4, 1).unwrap();
        let scanner = Scanner::new(Impurity::Gini, layout, 2, true, 6);
        let column = Column::default();
        let allowed = |scanner: &Scanner, present: &[u64], missing: &[u64], missing_left| {
            scanner.allowed(&Stretch { present, missing, feature: 0, column: &column, at: None }, missing_left)
        };
        let words = [0, 0, 0, 0b01_01, 0b10_10, 0b11_11];
        assert_eq!(allowed(&scanner, &words, &[], false), (4, 4));
        // With rows 1, 2 and 3 missing, and going left, the copies are the last three.
        assert_eq!(allowed(&scanner, &words[..3], &words[3..], true), (2, 2));
        assert_eq!(allowed(&Scanner::new(Impurity::Gini, layout, 2, false, 4), &[0, 1, 2, 3], &[], false), (2, 2));
        let (min_left, max_left) = allowed(&scanner, &[0, 0, 0], &[], false);
        assert!(min_left > max_left);
    }
}
