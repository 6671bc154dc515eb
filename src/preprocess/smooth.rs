//! Numbers are smoothed along the order of the rows, looking back only, so that no row sees a later one.
//!
//! A row smoothed alone has no earlier rows and stays as it is. A missing cell gets the mean of the rows that its own
//! would have been part of; before the first number it stays missing.

use crate::Error;
use crate::preprocess::PreprocessError;
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::learned::Learned;
use crate::preprocess::step::Smoothing;

/// Nothing is learned but that the rows are enough for the window.
///
/// **Errors** `preprocess.bad_setting` for a window longer than the rows.
pub(super) fn learn(method: Smoothing, n_rows: usize, step: usize) -> Result<Learned, Error> {
    match method {
        Smoothing::Exponential { alpha } => Ok(Learned::Exponential(alpha)),
        Smoothing::MovingAverage { window } if window <= n_rows => Ok(Learned::Average(window)),
        Smoothing::MovingAverage { window } => Err(PreprocessError::BadSetting {
            step,
            field: "window".to_owned(),
            given: window.to_string(),
            expected: format!("at most the {n_rows} training rows"),
        }
        .into()),
    }
}

/// The mean of the known numbers among a row and the `window - 1` before it (pandas' `rolling` with `min_periods` 1).
///
/// Sums run forwards and backwards in blocks of the window, and two of them make a window: O(n), and nothing is
/// subtracted, so a large number leaves no trace once it has left the window (van Herk 1992,
/// <https://doi.org/10.1016/0167-8655(92)90069-C>).
pub(super) fn average(window: usize, feature: Feature) -> Feature {
    let Values::Numbers(numbers) = &feature.values else { return feature };
    let window = window.max(1);
    let largest = numbers.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    // Numbers whose sum would overflow are summed at a smaller scale.
    let shrink = if largest > f64::MAX / window as f64 { window as f64 } else { 1.0 };
    let known = |x: f64| if x.is_nan() { (0.0, 0.0) } else { (x / shrink, 1.0) };
    let mut from_here: Vec<(f64, f64)> = numbers.iter().map(|&x| known(x)).collect();
    let mut up_to_here = from_here.clone();
    let add = |a: (f64, f64), b: (f64, f64)| (a.0 + b.0, a.1 + b.1);
    for row in 1..numbers.len() {
        if row % window != 0 {
            up_to_here[row] = add(up_to_here[row - 1], up_to_here[row]);
        }
    }
    for row in (1..numbers.len()).rev() {
        if row % window != 0 {
            from_here[row - 1] = add(from_here[row - 1], from_here[row]);
        }
    }
    let mean = |row: usize| {
        let (sum, count) = match (row + 1).checked_sub(window) {
            Some(first) if first % window != 0 => add(from_here[first], up_to_here[row]),
            _ => up_to_here[row],
        };
        (sum / count * shrink).clamp(f64::MIN, f64::MAX)
    };
    let made = (0..numbers.len()).map(mean).collect();
    feature.remade(feature.name.clone(), made)
}

/// The mean of all known numbers up to a row, each weighing `1 - alpha` times the next one (pandas' `ewm`).
///
/// ```text
/// y[t] = (x[t] + (1 - alpha) x[t-1] + (1 - alpha)² x[t-2] + …) / (1 + (1 - alpha) + (1 - alpha)² + …)
/// ```
pub(super) fn exponential(alpha: f64, feature: Feature) -> Feature {
    let Values::Numbers(numbers) = &feature.values else { return feature };
    let (mut mean, mut weight) = (f64::NAN, 0.0);
    let follow = |&x: &f64| {
        weight *= 1.0 - alpha;
        if !x.is_nan() {
            let share = 1.0 / (1.0 + weight);
            mean = if mean.is_nan() { x } else { mean * (1.0 - share) + x * share };
            weight += 1.0;
        }
        mean
    };
    let made = numbers.iter().map(follow).collect();
    feature.remade(feature.name.clone(), made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::frame::{Group, Origin};

    fn numbers(smooth: impl Fn(Feature) -> Feature, cells: &[f64]) -> Vec<f64> {
        let values = Values::Numbers(cells.to_vec());
        match smooth(Feature { name: "x".into(), origin: Origin::raw("x", Group::Numeric), values }).values {
            Values::Numbers(numbers) => numbers,
            Values::Categories { .. } => panic!("numbers"),
        }
    }

    #[test]
    fn the_average_looks_back_only() {
        let cells = [3.0, 5.0, 1.0, f64::NAN, 9.0, 0.0];
        assert_eq!(numbers(|x| average(2, x), &cells), [3.0, 4.0, 3.0, 1.0, 9.0, 4.5]);
        assert_eq!(numbers(|x| average(3, x), &cells), [3.0, 4.0, 3.0, 3.0, 5.0, 4.5]);
        assert_eq!(numbers(|x| average(1, x), &[7.0]), [7.0]);
        assert!(numbers(|x| average(3, x), &[]).is_empty());
    }

    #[test]
    fn a_large_number_leaves_no_trace_and_nothing_overflows() {
        assert_eq!(numbers(|x| average(2, x), &[1e300, 1.0, 2.0])[2], 1.5);
        let made = numbers(|x| average(2, x), &[f64::MAX, f64::MAX, -f64::MAX]);
        assert_eq!(made, [f64::MAX, f64::MAX, 0.0]);
    }

    #[test]
    fn weights_fall_by_half_from_row_to_row() {
        // (2 + 1/2 · 8) / (1 + 1/2) = 4; a gap repeats the mean and halves the weights once more.
        let made = numbers(|x| exponential(0.5, x), &[8.0, 2.0, f64::NAN, 5.0]);
        assert!((made[1] - 4.0).abs() < 1e-15 && made[2] == made[1]);
        assert!((made[3] - (5.0 + 0.25 * 2.0 + 0.125 * 8.0) / 1.375).abs() < 1e-15);
        assert_eq!(numbers(|x| exponential(1.0, x), &[8.0, 2.0]), [8.0, 2.0]);
    }

    #[test]
    fn a_window_longer_than_the_rows_is_refused() {
        let error = learn(Smoothing::MovingAverage { window: 9 }, 4, 1).unwrap_err();
        assert_eq!(error.message(), "step 1 has window 9, but must have at most the 4 training rows");
    }
}
