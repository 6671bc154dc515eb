//! Features cut into at most 255 bins: what boosting reads instead of numbers.
//!
//! What comes in: the features. What goes out: one byte per row and feature, feature by feature, and the thresholds
//! between the bins in the features' own units, so that a tree grown on bytes answers numbers. A number is in bin `b`
//! exactly if `thresholds[b - 1] < x <= thresholds[b]`; the thresholds are scikit-learn's to the last bit.

use crate::preprocess::Matrix;
use crate::random::Seed;

/// Thresholds are found on so many rows, drawn with replacement, where there are more.
const SAMPLE_ROWS: usize = 200_000;

/// Rows that get their bins between two looks at the clock.
const ROWS_PER_CHUNK: usize = 65_536;

/// What finding a row's bin costs, in rows added to a histogram.
const COST_OF_SEARCH: usize = 8;

/// What sorting a row costs.
const COST_OF_SORT: usize = 32;

/// The features as bins.
#[derive(Debug, Default)]
pub(super) struct Binned {
    bins: Vec<u8>,
    n_rows: usize,
    thresholds: Vec<Vec<f64>>,
}

impl Binned {
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    pub(super) fn n_features(&self) -> usize {
        self.thresholds.len()
    }

    /// One byte per row.
    pub(super) fn column(&self, feature: usize) -> &[u8] {
        &self.bins[feature * self.n_rows..][..self.n_rows]
    }

    /// The upper ends of all bins but the last.
    pub(super) fn thresholds(&self, feature: usize) -> &[f64] {
        &self.thresholds[feature]
    }

    pub(super) fn n_bins(&self, feature: usize) -> usize {
        self.thresholds[feature].len() + 1
    }
}

/// Cuts the features one after the other.
#[derive(Debug)]
pub(super) struct Binner {
    x: Matrix,
    max_bins: usize,
    sample: Option<Vec<u32>>,
    binned: Binned,
}

impl Binner {
    pub(super) fn new(x: Matrix, n_rows: usize, max_bins: usize, seed: Seed) -> Self {
        let sample = (n_rows > SAMPLE_ROWS).then(|| {
            let mut rng = seed.derive("bins").rng();
            (0..SAMPLE_ROWS).map(|_| rng.below(n_rows) as u32).collect()
        });
        let bins = Vec::with_capacity(n_rows * x.n_features());
        Self { x, max_bins, sample, binned: Binned { bins, n_rows, thresholds: Vec::new() } }
    }

    /// Does about `budget` of work. True when every row has its bins.
    pub(super) fn advance(&mut self, budget: usize) -> bool {
        let mut touched = 0;
        while touched < budget {
            let n_rows = self.binned.n_rows;
            let n_cut = self.binned.thresholds.len();
            let done = self.binned.bins.len();
            if done == n_cut * n_rows {
                if n_cut == self.x.n_features() {
                    return true;
                }
                touched += self.find_thresholds(n_cut);
            } else {
                let feature = n_cut - 1;
                let next_row = done - feature * n_rows;
                let chunk = &self.x.feature(feature)[next_row..n_rows.min(next_row + ROWS_PER_CHUNK)];
                let thresholds = &self.binned.thresholds[feature];
                self.binned.bins.extend(chunk.iter().map(|&x| bin(thresholds, x)));
                touched += chunk.len() * COST_OF_SEARCH;
            }
        }
        false
    }

    fn find_thresholds(&mut self, feature: usize) -> usize {
        let column = self.x.feature(feature);
        let mut values = match &self.sample {
            Some(rows) => rows.iter().map(|&row| column[row as usize]).collect(),
            None => column.to_vec(),
        };
        values.sort_unstable_by(f64::total_cmp);
        self.binned.thresholds.push(thresholds(&values, self.max_bins));
        values.len() * COST_OF_SORT
    }

    /// The share of the work that is done.
    pub(super) fn fraction(&self) -> f64 {
        self.binned.bins.len() as f64 / (self.binned.n_rows * self.x.n_features()).max(1) as f64
    }

    pub(super) fn into_binned(self) -> Binned {
        self.binned
    }
}

fn bin(thresholds: &[f64], x: f64) -> u8 {
    thresholds.partition_point(|&threshold| threshold < x) as u8
}

/// The numbers between the bins of a sorted feature: midpoints of its distinct values if they are few, percentiles
/// otherwise.
fn thresholds(sorted: &[f64], max_bins: usize) -> Vec<f64> {
    let mut distinct = sorted.to_vec();
    distinct.dedup();
    let mut thresholds: Vec<f64> = if distinct.len() <= max_bins {
        distinct.windows(2).map(|pair| midpoint(pair[0], pair[1])).collect()
    } else {
        (1..max_bins).map(|idx| percentile(sorted, idx as f64 * (100.0 / max_bins as f64))).collect()
    };
    thresholds.dedup();
    thresholds
}

fn midpoint(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if sum.is_finite() { sum / 2.0 } else { a / 2.0 + b / 2.0 }
}

/// numpy's `averaged_inverted_cdf` (Hyndman and Fan 1996, definition 2, <https://doi.org/10.1080/00031305.1996.10473566>),
/// in its order of operations, because the roundings decide where the average is taken.
fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let position = sorted.len() as f64 * (percent / 100.0) - 1.0;
    let below = position.floor();
    let last = sorted.len() - 1;
    let at = |position: f64| sorted[(position.max(0.0) as usize).min(last)];
    let (low, high) = (at(below), at(below + 1.0));
    if position > below {
        return high;
    }
    let gap = high - low;
    if gap.is_finite() { high - gap * 0.5 } else { midpoint(low, high) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binned(values: Vec<f64>, max_bins: usize) -> Binned {
        let n_rows = values.len();
        let mut binner = Binner::new(Matrix::from_columns(vec![values]), n_rows, max_bins, Seed(0));
        while !binner.advance(1) {}
        binner.into_binned()
    }

    #[test]
    fn few_values_are_cut_halfway_and_a_threshold_belongs_to_the_left() {
        let binned = binned(vec![3.0, 1.0, 2.0, 1.0], 255);
        assert_eq!(binned.thresholds(0), [1.5, 2.5]);
        assert_eq!(binned.column(0), [2, 0, 1, 0]);
        assert_eq!(bin(binned.thresholds(0), 1.5), 0);
    }

    #[test]
    fn many_values_are_cut_at_percentiles() {
        // The quartiles of 1..=8 lie between two rows each: 2.5, 4.5, 6.5.
        let eight = binned((1..=8).map(f64::from).collect(), 4);
        assert_eq!(eight.thresholds(0), [2.5, 4.5, 6.5]);
        assert_eq!(eight.column(0), [0, 0, 1, 1, 2, 2, 3, 3]);
        // Of nine rows the first quarter is the third row.
        assert_eq!(binned((1..=9).map(f64::from).collect(), 4).thresholds(0), [3.0, 5.0, 7.0]);
    }

    #[test]
    fn repeated_percentiles_make_one_threshold() {
        let mut values = vec![0.0; 90];
        values.extend((1..=10).map(f64::from));
        let thresholds = thresholds(&values, 5);
        assert_eq!(thresholds, [0.0]);
    }

    #[test]
    fn a_constant_has_one_bin_and_zeros_are_one_value() {
        assert_eq!(binned(vec![-0.0, 0.0, 0.0], 255).n_bins(0), 1);
    }

    #[test]
    fn bins_of_many_rows_are_found_on_a_sample() {
        let n_rows = SAMPLE_ROWS + 1;
        let many = binned((0..n_rows).map(|row| row as f64).collect(), 4);
        // A quarter of the rows each, up to the error of the sample: five standard deviations of its quartiles.
        let error = 5.0 * (0.25 * 0.75 / SAMPLE_ROWS as f64).sqrt() * n_rows as f64;
        for (threshold, share) in many.thresholds(0).iter().zip([0.25, 0.5, 0.75]) {
            assert!((threshold - share * n_rows as f64).abs() < 1.2 * error, "{threshold}");
        }
        assert_eq!((many.n_bins(0), many.column(0).len()), (4, n_rows));
    }

    #[test]
    fn the_largest_numbers_have_a_midpoint() {
        let binned = binned(vec![f64::MAX, 1.5e308, -f64::MAX], 255);
        assert!(binned.thresholds(0).iter().all(|threshold| threshold.is_finite()));
        assert_eq!(binned.column(0), [2, 1, 0]);
    }
}
