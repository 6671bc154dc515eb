//! Statistics of the present (not NaN) numbers of a feature; `None` when there is none.

/// The mean, summed in order with Neumaier's correction so that it does not depend on the magnitude of the first.
pub(super) fn mean(numbers: &[f64]) -> Option<f64> {
    let (mut sum, mut lost, mut n) = (0.0f64, 0.0f64, 0usize);
    for x in numbers.iter().copied().filter(|x| !x.is_nan()) {
        let next = sum + x;
        lost += if sum.abs() >= x.abs() { (sum - next) + x } else { (x - next) + sum };
        sum = next;
        n += 1;
    }
    (n > 0).then(|| (sum + lost) / n as f64)
}

/// The mean and the standard deviation divided by n, in two passes.
pub(super) fn mean_std(numbers: &[f64]) -> Option<(f64, f64)> {
    let mean = mean(numbers)?;
    let squares: Vec<f64> = numbers.iter().filter(|x| !x.is_nan()).map(|x| (x - mean) * (x - mean)).collect();
    let variance = self::mean(&squares)?;
    Some((mean, variance.sqrt()))
}

/// The smallest and the largest.
pub(super) fn min_max(numbers: &[f64]) -> Option<(f64, f64)> {
    numbers.iter().filter(|x| !x.is_nan()).fold(None, |span, &x| match span {
        None => Some((x, x)),
        Some((min, max)) => Some((x.min(min), x.max(max))),
    })
}

/// The median, the mean of the two middle numbers when they are even in number.
pub(super) fn median(numbers: &[f64]) -> Option<f64> {
    Some(quantiles(numbers, &[0.5])?[0])
}

/// Quantiles by linear interpolation between order statistics (numpy's default, Hyndman and Fan's type 7).
pub(super) fn quantiles(numbers: &[f64], fractions: &[f64]) -> Option<Vec<f64>> {
    let mut present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
    if present.is_empty() {
        return None;
    }
    let last = present.len() - 1;
    let quantile = |fraction: &f64| {
        let position = fraction * last as f64;
        let below = (position.floor() as usize).min(last);
        let (_, &mut low, above) = present.select_nth_unstable_by(below, f64::total_cmp);
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
        low + (high - low) * (position - below as f64)
    };
    Some(fractions.iter().map(quantile).collect())
}

/// The most frequent number, the smallest among equals.
pub(super) fn most_frequent(numbers: &[f64]) -> Option<f64> {
    let mut present: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
    present.sort_unstable_by(f64::total_cmp);
    let mut best: Option<(usize, f64)> = None;
    for run in present.chunk_by(|a, b| a == b) {
        if best.is_none_or(|(count, _)| run.len() > count) {
            best = Some((run.len(), run[0]));
        }
    }
    best.map(|(_, x)| x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_numpys() {
        // numpy.percentile([1, 2, 3, 4], [25, 50, 75]) is [1.75, 2.5, 3.25].
        let q = quantiles(&[4.0, 1.0, f64::NAN, 3.0, 2.0], &[0.25, 0.5, 0.75]).unwrap();
        assert_eq!(q, [1.75, 2.5, 3.25]);
    }

    #[test]
    fn nothing_present_is_none() {
        assert_eq!(mean(&[f64::NAN]), None);
        assert_eq!(quantiles(&[], &[0.5]), None);
        assert_eq!(most_frequent(&[]), None);
    }

    #[test]
    fn the_mean_survives_cancellation() {
        assert_eq!(mean(&[1e16, 1.0, -1e16, 1.0]), Some(0.5));
    }
}
