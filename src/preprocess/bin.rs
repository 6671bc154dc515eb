//! Numbers become the position of the bin they fall in (scikit-learn's `KBinsDiscretizer(encode="ordinal")`).

use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::learned::Learned;
use crate::preprocess::step::Learning;
use crate::preprocess::{PreprocessIssue, stats};

/// A bin of many rows that is no wider than this is joined with the next, as scikit-learn does.
const NARROW: f64 = 1e-8;

/// Learns the inner edges. Fewer bins than asked for are reported.
pub(super) fn learn(
    n_bins: usize,
    is_uniform: bool,
    name: &str,
    numbers: &[f64],
    learning: &mut Learning<'_>,
) -> Learned {
    let mut edges = match stats::min_max(numbers) {
        // A constant has one bin.
        None => Vec::new(),
        Some((min, max)) if min == max => Vec::new(),
        Some((min, max)) if is_uniform => {
            // Halves cannot overflow, and halving is exact.
            let half_width = (max / 2.0 - min / 2.0) / n_bins as f64;
            (1..n_bins).map(|idx| (min / 2.0 + idx as f64 * half_width) * 2.0).collect()
        }
        Some((min, max)) => {
            let mut edges = averaged_quantiles(numbers, n_bins);
            // The outer edges take part in the joining: a narrow first bin takes its edge with it.
            edges.push(max);
            let mut last = min;
            edges.retain(|&edge| {
                let is_wide = edge - last > NARROW;
                last = edge;
                is_wide
            });
            edges.pop();
            edges
        }
    };
    edges.dedup();
    let n_made = edges.len() + 1;
    if n_made < n_bins && !numbers.is_empty() {
        let (column, n_asked) = (name.to_owned(), n_bins);
        learning.issues.push(PreprocessIssue::FewerBins { column, n_bins: n_made, n_asked });
    }
    Learned::Bin(edges)
}

/// The inner edges of `n_bins` bins of equally many rows: an order statistic, or the mean of two where the share falls
/// between them (Hyndman and Fan's type 2, numpy's `averaged_inverted_cdf`).
fn averaged_quantiles(numbers: &[f64], n_bins: usize) -> Vec<f64> {
    let mut present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
    present.sort_unstable_by(f64::total_cmp);
    let quantile = |idx: usize| {
        let (at, rest) = (idx * present.len() / n_bins, idx * present.len() % n_bins);
        if rest == 0 && at > 0 { present[at - 1] / 2.0 + present[at] / 2.0 } else { present[at] }
    };
    (1..n_bins).map(quantile).collect()
}

/// Positions of bins; a number outside the training rows' range falls in the first or the last.
pub(super) fn apply(edges: &[f64], feature: Feature) -> Feature {
    let Values::Numbers(numbers) = &feature.values else { return feature };
    let position = |&x: &f64| if x.is_nan() { x } else { edges.partition_point(|edge| *edge <= x) as f64 };
    let made = numbers.iter().map(position).collect();
    feature.remade(feature.name.clone(), made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issues;
    use crate::preprocess::frame::{Group, Origin};

    #[track_caller]
    fn check(n_bins: usize, is_uniform: bool, numbers: &[f64], expected: &[f64], n_issues: usize) {
        let mut issues = Issues::new();
        let mut learning = Learning { inputs: &[], labels: None, step: 0, issues: &mut issues };
        assert_eq!(learn(n_bins, is_uniform, "x", numbers, &mut learning), Learned::Bin(expected.to_vec()));
        assert_eq!(issues.iter().count(), n_issues);
    }

    #[test]
    fn edges_lie_between_equal_widths_or_equal_counts() {
        check(4, true, &[0.0, f64::NAN, 8.0, 1.0], &[2.0, 4.0, 6.0], 0);
        check(2, false, &[1.0, 2.0, 3.0, 9.0], &[2.5], 0);
        check(3, false, &[1.0, 1.0, 1.0, 1.0, 5.0, 6.0], &[3.0], 1);
        check(5, false, &[2.0, 2.0], &[], 1);
    }

    #[test]
    fn an_edge_belongs_to_the_bin_above() {
        let values = Values::Numbers(vec![-9.0, 2.0, 3.0, 99.0]);
        let feature = Feature { name: "x".into(), origin: Origin::raw("x", Group::Numeric), values };
        assert_eq!(apply(&[2.0, 4.0], feature).values, Values::Numbers(vec![0.0, 1.0, 1.0, 2.0]));
    }
}
