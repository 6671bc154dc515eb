//! The best cut of a node that the histogram of one feature shows.
//!
//! Numbers are cut between two bins, and where cells are missing these are sent left once and right once (the
//! sparsity-aware search of Chen and Guestrin 2016, <https://doi.org/10.1145/2939672.2939785>). Categories are put in the
//! order of their mean gradients, and cut as if that were numbers' (Fisher 1958,
//! <https://doi.org/10.1080/01621459.1958.10501479>); a missing cell is one category more, and those with hardly any rows
//! always go right. Order and ties are scikit-learn's.

use super::bins::{Cuts, Grid};
use super::histogram::{Bin, Sums};
use crate::model::CategorySet;

/// A category needs as much as so many rows, and is drawn to the middle by as many.
const MIN_SUPPORT: f64 = 10.0;

/// Which bins go left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Question {
    /// Those up to this one.
    UpTo(u8),
    /// These.
    Among(CategorySet),
}

impl Question {
    /// Whether a bin goes left, unless it is that of missing cells.
    pub(super) fn takes_left(&self, bin: u8) -> bool {
        match self {
            Self::UpTo(last) => bin <= *last,
            Self::Among(bins) => bins.contains(bin),
        }
    }
}

/// A cut of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    /// Twice what the loss falls by.
    pub(super) gain: f64,
    pub(super) feature: usize,
    pub(super) question: Question,
    /// Which way missing cells go, where there are any.
    pub(super) missing_left: bool,
    pub(super) left: Sums,
    pub(super) right: Sums,
}

impl Cut {
    /// For each bin of its feature whether it goes left.
    pub(super) fn goes_left(&self, grid: &Grid) -> [bool; 256] {
        let missing = grid.cuts[self.feature].missing_bin();
        let goes_left = |bin| if bin == missing { self.missing_left } else { self.question.takes_left(bin) };
        std::array::from_fn(|bin| goes_left(bin as u8))
    }
}

/// A node whose cut is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Uncut {
    pub(super) sums: Sums,
    /// What it is worth as it is.
    pub(super) value: f64,
}

/// The histogram of one feature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Histogram<'a> {
    pub(super) feature: usize,
    pub(super) cuts: &'a Cuts,
    /// Bins in their order, that of missing cells last if there are any.
    pub(super) bins: &'a [Bin],
    pub(super) has_missing: bool,
}

/// Where bins that are taken away go.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Left,
    Right,
}

/// Looks for cuts of one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner {
    pub(super) min_samples_leaf: u32,
    pub(super) l2: f64,
}

impl Scanner {
    /// Replaces `best` by the first cut of this feature that gains more than everything before it.
    pub(super) fn scan(&self, of: Histogram<'_>, node: Uncut, best: &mut Option<Cut>) {
        let n = of.bins.len() - usize::from(of.has_missing);
        let cut = |question, missing_left| Cut {
            gain: 0.0,
            feature: of.feature,
            question,
            missing_left,
            left: Sums::default(),
            right: Sums::default(),
        };
        match of.cuts {
            Cuts::Categories(_) => {
                let order = by_mean_gradient(of.bins, node.sums);
                let half = order.len().div_ceil(2);
                // From both ends to the middle: what is taken goes left, all the rest right.
                let n_rising = if order.len() < 2 { 0 } else { half };
                let rising = order[..n_rising].iter().copied();
                let falling = order.iter().rev().copied().take(half.saturating_sub(1));
                let among = |taken: &[u8]| {
                    let set: CategorySet = taken.iter().copied().collect();
                    cut(Question::Among(set), of.has_missing && set.contains(n as u8))
                };
                let taken = |_, n_taken: usize| among(&order[..n_taken]);
                self.take(of.bins, rising, Side::Left, node, best, taken);
                let taken = |_, n_taken: usize| among(&order[order.len() - n_taken..]);
                self.take(of.bins, falling, Side::Left, node, best, taken);
            }
            Cuts::Numbers(_) => {
                // With all bins on the left there would be no right, unless cells are missing.
                let rising = 0..(of.bins.len() - 1) as u8;
                self.take(of.bins, rising, Side::Left, node, best, |bin, _| cut(Question::UpTo(bin), false));
                if of.has_missing && n > 1 {
                    let falling = (1..=(n - 1) as u8).rev();
                    let up_to = |bin: u8, _| cut(Question::UpTo(bin - 1), true);
                    self.take(of.bins, falling, Side::Right, node, best, up_to);
                }
            }
        }
    }

    /// Takes bins away from a node, one after the other: the taken ones go to one side, the rest to the other.
    fn take(
        &self,
        bins: &[Bin],
        order: impl Iterator<Item = u8>,
        side: Side,
        node: Uncut,
        best: &mut Option<Cut>,
        cut: impl Fn(u8, usize) -> Cut,
    ) {
        let uncut = node.sums.gradient * node.value;
        let mut best_gain = best.map_or(0.0, |cut| cut.gain);
        let mut taken = Sums::default();
        let is_too_small = |sums: Sums| sums.n_rows < self.min_samples_leaf || sums.is_flat();
        for (idx, bin) in order.enumerate() {
            let more = &bins[usize::from(bin)];
            taken.n_rows += more.n_rows;
            taken.hessian += more.hessian;
            taken.gradient += more.gradient;
            if is_too_small(taken) {
                continue;
            }
            let rest = node.sums.without(taken);
            if is_too_small(rest) {
                break;
            }
            let (left, right) = if side == Side::Left { (taken, rest) } else { (rest, taken) };
            let gain = uncut - left.gradient * left.value(self.l2) - right.gradient * right.value(self.l2);
            if gain > best_gain {
                best_gain = gain;
                *best = Some(Cut { gain, left, right, ..cut(bin, idx + 1) });
            }
        }
    }
}

/// The bins with enough rows, by what they gain from going left.
fn by_mean_gradient(bins: &[Bin], all: Sums) -> Vec<u8> {
    // Rows per hessian: 1 where every row has a hessian of 1.
    let support = f64::from(all.n_rows) / all.hessian;
    let mut means: Vec<(f64, u8)> = (0..=u8::MAX)
        .zip(bins)
        .filter(|(_, bin)| bin.hessian * support >= MIN_SUPPORT)
        .map(|(idx, bin)| (bin.gradient / (bin.hessian + MIN_SUPPORT), idx))
        .collect();
    // Among equals the last one first: so does the C library's `qsort` with scikit-learn's comparison.
    means.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    means.into_iter().map(|(_, bin)| bin).collect()
}

#[cfg(test)]
mod tests {
    use super::super::histogram::total;
    use super::*;

    /// A bin of as many rows as its hessian.
    fn bin(gradient: f64, n_rows: u32) -> Bin {
        Bin { gradient, hessian: f64::from(n_rows), n_rows }
    }

    fn best(bins: &[Bin], cuts: &Cuts, min_samples_leaf: u32) -> Option<Cut> {
        let mut best = None;
        let has_missing = bins.len() > cuts.n_bins();
        let node = Uncut { sums: total(bins), value: 0.0 };
        Scanner { min_samples_leaf, l2: 0.0 }.scan(Histogram { feature: 5, cuts, bins, has_missing }, node, &mut best);
        best
    }

    fn numbers(n_bins: usize) -> Cuts {
        Cuts::Numbers((1..n_bins).map(|bin| bin as f64).collect())
    }

    #[test]
    fn the_best_cut_separates_the_gradients() {
        // Sides {−4}, {1, 2, 8} gain 16 + 121/3; {−4, 1}, {2, 8} gain 9/2 + 50; {−4, 1, 2}, {8} gain 1/3 + 64.
        let bins = [bin(-4.0, 1), bin(1.0, 1), bin(2.0, 1), bin(8.0, 1)];
        let cut = best(&bins, &numbers(4), 1).unwrap();
        assert_eq!((cut.feature, cut.question), (5, Question::UpTo(2)));
        assert!((cut.gain - (64.0 + 1.0 / 3.0)).abs() < 1e-12);
        // With two rows on each side there is only the middle.
        assert_eq!(best(&bins, &numbers(4), 2).map(|cut| cut.question), Some(Question::UpTo(1)));
        assert_eq!(best(&bins[..1], &numbers(1), 1), None);
    }

    #[test]
    fn missing_cells_go_where_they_gain_more() {
        // Those missing are like the low ones.
        let cut = best(&[bin(-3.0, 1), bin(3.0, 1), bin(-3.0, 1)], &numbers(2), 1).unwrap();
        assert_eq!((cut.question, cut.missing_left), (Question::UpTo(0), true));
        assert_eq!((cut.left.n_rows, cut.right.n_rows, cut.left.gradient), (2, 1, -6.0));
        // Those missing are like the high ones.
        let cut = best(&[bin(-3.0, 1), bin(3.0, 1), bin(3.0, 1)], &numbers(2), 1).unwrap();
        assert_eq!((cut.question, cut.missing_left, cut.left.n_rows), (Question::UpTo(0), false, 1));
        // Those missing are like no others.
        let cut = best(&[bin(-3.0, 1), bin(-3.0, 1), bin(3.0, 1)], &numbers(2), 1).unwrap();
        assert_eq!((cut.question, cut.missing_left, cut.left.n_rows), (Question::UpTo(1), false, 2));
    }

    #[test]
    fn categories_of_like_gradients_go_together() {
        let cuts = Cuts::Categories(vec![0, 1, 2, 3]);
        let bins = [bin(30.0, 20), bin(-30.0, 20), bin(28.0, 20), bin(-31.0, 20)];
        let cut = best(&bins, &cuts, 1).unwrap();
        assert_eq!(cut.question, Question::Among([1, 3].into_iter().collect()));
        assert_eq!((cut.left.n_rows, cut.left.gradient), (40, -61.0));
        // The one that is unlike the others is taken from the other end.
        let bins = [bin(90.0, 20), bin(-30.0, 20), bin(-28.0, 20), bin(-31.0, 20)];
        assert_eq!(best(&bins, &cuts, 1).unwrap().question, Question::Among([0].into_iter().collect()));
    }

    #[test]
    fn categories_with_few_rows_go_right_and_missing_is_one_more() {
        let cuts = Cuts::Categories(vec![0, 1, 2]);
        let bins = [bin(-30.0, 20), bin(-900.0, 9), bin(30.0, 20), bin(-31.0, 20)];
        let cut = best(&bins, &cuts, 1).unwrap();
        let Question::Among(set) = cut.question else { panic!("a set") };
        assert!(!set.contains(1), "{cut:?}");
        assert_eq!(set.contains(3), cut.missing_left);
        // A single category with enough rows is nothing to cut.
        assert_eq!(best(&[bin(-9.0, 9), bin(9.0, 20)], &Cuts::Categories(vec![0, 1]), 1), None);
    }
}
