//! The profile of numbers: moments, quartiles, the most frequent values, a histogram.

use super::order::sort_numbers;
use super::{Bin, ColumnProfile, N_BINS, N_TOP_VALUES};

/// Profiles the present values of a column of `n_rows`; `text` writes a value.
pub(super) fn profile_numbers(
    values: impl Iterator<Item = f64>,
    n_rows: usize,
    text: impl Fn(f64) -> String,
) -> ColumnProfile {
    let mut sorted = Vec::with_capacity(n_rows);
    sorted.extend(values);
    sort_numbers(&mut sorted);
    let n_missing = n_rows - sorted.len();
    let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
        return ColumnProfile { n_missing, ..ColumnProfile::default() };
    };
    let (mean, std) = moments(&sorted, min.abs().max(max.abs()));
    let (n_distinct, top) = runs(&sorted);
    ColumnProfile {
        n_missing,
        n_distinct,
        mean: Some(mean.clamp(min, max)),
        std,
        min: Some(min),
        q1: Some(quantile(&sorted, 0.25)),
        median: Some(quantile(&sorted, 0.5)),
        q3: Some(quantile(&sorted, 0.75)),
        max: Some(max),
        // Adding zero turns −0, which equals 0, into 0.
        top_values: top.into_iter().map(|(value, count)| (text(value + 0.0), count)).collect(),
        histogram: histogram(&sorted, min, max),
    }
}

/// Mean and sample standard deviation in two passes, of values up to `size`.
fn moments(values: &[f64], size: f64) -> (f64, Option<f64>) {
    // Squares beyond 1e±150 leave the range of f64: such columns are measured in units of their largest value.
    let unit = if size > 1e150 || (size < 1e-150 && size > 0.0) { size } else { 1.0 };
    let n = values.len();
    let mean = sum(values, |x| x / unit) / n as f64;
    let squares = sum(values, |x| (x / unit - mean) * (x / unit - mean));
    let std = (n > 1).then(|| ((squares / (n - 1) as f64).sqrt() * unit).min(f64::MAX));
    (mean * unit, std)
}

/// A sum in blocks, the blocks with their rounding error carried along (Neumaier 1974): nearly as good as one sum so
/// computed, and the order of additions is the same everywhere.
fn sum(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    const BLOCK: usize = 64;
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for block in values.chunks(BLOCK) {
        // Several sums side by side: one alone would wait for each of its additions.
        let (quads, rest) = block.as_chunks::<4>();
        let mut lanes = [0.0; 4];
        for quad in quads {
            lanes = std::array::from_fn(|lane| lanes[lane] + of(quad[lane]));
        }
        let block = rest.iter().fold((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]), |sum, &x| sum + of(x));
        let next = sum + block;
        lost += if sum.abs() >= block.abs() { (sum - next) + block } else { (block - next) + sum };
        sum = next;
    }
    sum + lost
}

/// numpy's default quantile: linear between the neighbours of position `q · (n − 1)`.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let (a, b) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    let t = position - below as f64;
    let span = b - a;
    if !span.is_finite() {
        return a * (1.0 - t) + b * t;
    }
    // numpy's `_lerp` counts from the nearer side, so that equal neighbours give exactly themselves.
    if t >= 0.5 { b - span * (1.0 - t) } else { a + span * t }
}

/// How many different values a sorted slice has, and the most frequent ones.
fn runs(sorted: &[f64]) -> (usize, Vec<(f64, usize)>) {
    let mut top: Vec<(f64, usize)> = Vec::with_capacity(N_TOP_VALUES + 1);
    let mut n_distinct = 0;
    for run in sorted.chunk_by(|a, b| a == b) {
        n_distinct += 1;
        // Values come in ascending order: on a tie the earlier one stays ahead.
        if top.len() < N_TOP_VALUES || top[N_TOP_VALUES - 1].1 < run.len() {
            let place = top.partition_point(|(_, count)| *count >= run.len());
            top.insert(place, (run[0], run.len()));
            top.truncate(N_TOP_VALUES);
        }
    }
    (n_distinct, top)
}

/// Bars of equal width: the square root of the number of values, but at least 5 and at most [`N_BINS`].
fn histogram(sorted: &[f64], min: f64, max: f64) -> Vec<Bin> {
    let n_wanted = ((sorted.len() as f64).sqrt().ceil() as usize).clamp(5, N_BINS);
    // Halved, so that the width of a column from −1.7e308 to 1.7e308 is a number.
    let half_width = (max / 2.0 - min / 2.0) / n_wanted as f64;
    let edge = |bin: usize| min + bin as f64 * half_width + bin as f64 * half_width;
    // Neighbouring values may be too close for edges between them.
    let n_bins =
        if (1..n_wanted).all(|bin| edge(bin - 1) < edge(bin)) && edge(n_wanted - 1) < max { n_wanted } else { 1 };
    let mut start_idx = 0;
    (0..n_bins)
        .map(|bin| {
            let is_last = bin + 1 == n_bins;
            let end = if is_last { max } else { edge(bin + 1) };
            let end_idx = if is_last { sorted.len() } else { sorted.partition_point(|&x| x < end) };
            let count = end_idx - start_idx;
            start_idx = end_idx;
            Bin { start: edge(bin), end, count }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(values: &[f64]) -> ColumnProfile {
        profile_numbers(values.iter().copied(), values.len(), |x| x.to_string())
    }

    #[test]
    fn moments_and_quartiles_are_numpys() {
        // numpy: mean 3.0, std(ddof=1) 1.5811388300841898, quantiles 2, 3, 4.
        let five = profile(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!((five.mean, five.std), (Some(3.0), Some(1.581_138_830_084_189_8)));
        assert_eq!((five.q1, five.median, five.q3), (Some(2.0), Some(3.0), Some(4.0)));
        // numpy.quantile([1, 2, 4, 8], [.25, .5, .75]) = [1.75, 3, 5].
        let four = profile(&[8.0, 1.0, 4.0, 2.0]);
        assert_eq!((four.q1, four.median, four.q3), (Some(1.75), Some(3.0), Some(5.0)));
        assert_eq!(profile(&[7.0]).std, None);
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let values: Vec<f64> = (0..1000).map(|idx| 1e9 + f64::from(idx % 2)).collect();
        let profile = profile(&values);
        assert_eq!(profile.mean, Some(1e9 + 0.5));
        assert!((profile.std.unwrap() - (0.25_f64 * 1000.0 / 999.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_ends_of_the_range_stay_finite() {
        let profile = profile(&[f64::MAX, f64::MIN, f64::MAX, 5e-324]);
        assert_eq!((profile.min, profile.max), (Some(f64::MIN), Some(f64::MAX)));
        assert!(profile.mean.unwrap().is_finite() && profile.std.unwrap().is_finite());
        assert_eq!(profile.histogram.iter().map(|bin| bin.count).sum::<usize>(), 4);
        assert!(profile.histogram.iter().all(|bin| bin.start.is_finite() && bin.end.is_finite()));
    }

    #[test]
    fn zeros_are_one_value_and_ties_go_by_value() {
        let profile = profile(&[0.0, -0.0, 3.0, 2.0, 2.0]);
        assert_eq!(profile.n_distinct, 3);
        assert_eq!(profile.top_values, [("0".to_owned(), 2), ("2".to_owned(), 2), ("3".to_owned(), 1)]);
    }

    #[test]
    fn bars_hold_every_value_once() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let bars = profile(&values).histogram;
        assert_eq!((bars.len(), bars[0].start, bars[10].end), (11, 0.0, 100.0));
        assert_eq!(bars.iter().map(|bin| bin.count).sum::<usize>(), 101);
        // 90.9… and 100 bound the last bar, which is closed.
        assert_eq!(bars[10].count, 10);
        assert_eq!(profile(&[4.0, 4.0]).histogram, [Bin { start: 4.0, end: 4.0, count: 2 }]);
        assert_eq!(profile(&[1.0, 1.0 + f64::EPSILON]).histogram.len(), 1);
    }
}
