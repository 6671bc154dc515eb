//! Where a feature is cut: midpoints of its distinct values if they are few, percentiles otherwise.
//!
//! The thresholds are scikit-learn's to the last bit, so the order of operations is numpy's: its roundings decide where
//! the average of two rows is taken.

/// The numbers between the bins of a feature without missing cells; `numbers` are sorted here.
pub(super) fn thresholds(mut numbers: Vec<f64>, max_bins: usize) -> Vec<f64> {
    numbers.sort_unstable_by(f64::total_cmp);
    between_few(&numbers, max_bins).unwrap_or_else(|| cut(max_bins, |share| percentile(&numbers, share)))
}

/// The same for rows that count differently: a row of weight 2 is two rows, and one of weight 0 is none.
pub(super) fn weighted_thresholds(mut rows: Vec<(f64, f64)>, max_bins: usize) -> Vec<f64> {
    rows.retain(|&(_, weight)| weight > 0.0);
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let numbers: Vec<f64> = rows.iter().map(|&(number, _)| number).collect();
    between_few(&numbers, max_bins).unwrap_or_else(|| {
        let mut sum = 0.0;
        let below: Vec<f64> = rows
            .iter()
            .map(|&(_, weight)| {
                sum += weight;
                sum
            })
            .collect();
        cut(max_bins, |share| weighted_percentile(&numbers, &below, share))
    })
}

fn cut(max_bins: usize, mut percentile: impl FnMut(f64) -> f64) -> Vec<f64> {
    let mut thresholds: Vec<f64> =
        (1..max_bins).map(|idx| percentile(idx as f64 * (100.0 / max_bins as f64) / 100.0)).collect();
    thresholds.dedup();
    thresholds
}

/// The midpoints of the distinct values, unless those are more than the bins.
fn between_few(sorted: &[f64], max_bins: usize) -> Option<Vec<f64>> {
    let mut distinct: Vec<f64> = Vec::with_capacity(max_bins);
    for &number in sorted {
        if distinct.last() != Some(&number) {
            if distinct.len() == max_bins {
                return None;
            }
            distinct.push(number);
        }
    }
    let mut midpoints: Vec<f64> = distinct.windows(2).map(|pair| midpoint(pair[0], pair[1])).collect();
    midpoints.dedup();
    Some(midpoints)
}

fn midpoint(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if sum.is_finite() { sum / 2.0 } else { a / 2.0 + b / 2.0 }
}

/// numpy's `averaged_inverted_cdf` (Hyndman and Fan 1996, definition 2, <https://doi.org/10.1080/00031305.1996.10473566>).
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let position = sorted.len() as f64 * share - 1.0;
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

/// The same by weights; `below` are their sums up to and with each row.
fn weighted_percentile(sorted: &[f64], below: &[f64], share: f64) -> f64 {
    let last = sorted.len() - 1;
    let wanted = share * below[last];
    let here = below.partition_point(|&sum| sum < wanted).min(last);
    if below[here] - wanted > f64::EPSILON {
        return sorted[here];
    }
    midpoint(sorted[here], sorted[(here + 1).min(last)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_cut_at_percentiles() {
        // The quartiles of 1..=8 lie between two rows each: 2.5, 4.5, 6.5.
        assert_eq!(thresholds((1..=8).map(f64::from).collect(), 4), [2.5, 4.5, 6.5]);
        // Of nine rows the first quarter is the third row.
        assert_eq!(thresholds((1..=9).map(f64::from).collect(), 4), [3.0, 5.0, 7.0]);
    }

    #[test]
    fn repeated_percentiles_make_one_threshold() {
        let mut numbers = vec![0.0; 90];
        numbers.extend((1..=10).map(f64::from));
        assert_eq!(thresholds(numbers, 5), [0.0]);
    }

    #[test]
    fn the_largest_numbers_have_a_midpoint() {
        let thresholds = thresholds(vec![f64::MAX, 1.5e308, -f64::MAX], 255);
        assert!(thresholds.len() == 2 && thresholds.iter().all(|threshold| threshold.is_finite()));
    }

    #[test]
    fn a_weight_is_a_number_of_rows() {
        let rows: Vec<(f64, f64)> = (1..=9).map(|i| (f64::from(i), f64::from(i % 3))).collect();
        let repeated = rows.iter().flat_map(|&(number, weight)| vec![number; weight as usize]).collect();
        assert_eq!(weighted_thresholds(rows, 4), thresholds(repeated, 4));
        // Few values that count are cut halfway.
        assert_eq!(weighted_thresholds(vec![(1.0, 0.5), (2.0, 0.0), (4.0, 3.0)], 4), [2.5]);
        assert_eq!(weighted_thresholds(vec![(1.0, 0.0)], 4), [0.0; 0]);
    }
}
