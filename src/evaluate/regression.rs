//! Measures of answered numbers.

use super::{Evaluation, named};

/// The measures, in the order [`Sheet::measures`] gives them.
pub(super) const NAMES: [&str; 6] = ["r2", "rmse", "mae", "mape", "median_absolute_error", "max_error"];

/// What the measures are made of, row by row; computed once and then weighted.
pub(super) struct Sheet {
    truth: Vec<f64>,
    /// Sizes of the errors.
    sizes: Vec<f64>,
    /// Rows by the size of their error, smallest first.
    by_size: Vec<u32>,
}

impl Sheet {
    pub(super) fn new(answers: &[f64], truth: &[f64]) -> Self {
        let sizes: Vec<f64> = answers.iter().zip(truth).map(|(answer, truth)| (answer - truth).abs()).collect();
        let mut by_size: Vec<u32> = (0..truth.len() as u32).collect();
        by_size.sort_unstable_by(|&a, &b| sizes[a as usize].total_cmp(&sizes[b as usize]).then(a.cmp(&b)));
        Self { truth: truth.to_vec(), sizes, by_size }
    }

    /// The measures of the rows, each counted as often as its weight says, in the order of [`NAMES`].
    pub(super) fn measures(&self, weights: &[u32]) -> [Option<f64>; 6] {
        let n: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        let sum = |of: &dyn Fn(f64, f64) -> f64| {
            // A row that does not count may not even count nothing: its share of a zero truth is infinite.
            let terms = self.sizes.iter().zip(&self.truth).zip(weights).filter(|(_, weight)| **weight > 0);
            terms.fold(0.0, |sum, ((&size, &truth), &weight)| sum + of(size, truth) * f64::from(weight))
        };
        let share = |sum: f64| (n > 0).then(|| sum / n as f64);
        let missed = sum(&|size, _| size * size);
        let has_zero = self.truth.iter().zip(weights).any(|(truth, &weight)| *truth == 0.0 && weight > 0);
        [
            if n < 2 { None } else { self.r2(weights, missed, sum(&|_, truth| truth) / n as f64) },
            share(missed).map(libm::sqrt),
            share(sum(&|size, _| size)),
            // A share of nothing is no number.
            share(sum(&|size, truth| size / truth.abs())).filter(|_| !has_zero),
            self.median_size(weights, n),
            self.by_size.iter().rev().find(|&&row| weights[row as usize] > 0).map(|&row| self.sizes[row as usize]),
        ]
    }

    fn r2(&self, weights: &[u32], missed: f64, centre: f64) -> Option<f64> {
        let present = self.truth.iter().zip(weights).filter(|(_, weight)| **weight > 0);
        let first = *present.clone().next()?.0;
        // The mean of equal numbers may be off by a rounding; equal they are all the same.
        let is_constant = present.clone().all(|(truth, _)| *truth == first);
        let spread = present.fold(0.0, |sum, (y, &weight)| sum + (y - centre) * (y - centre) * f64::from(weight));
        Some(match (is_constant, missed == 0.0) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            (false, _) => 1.0 - missed / spread,
        })
    }

    /// The size in the middle, the mean of the two middle ones when they are even in number.
    fn median_size(&self, weights: &[u32], n: u64) -> Option<f64> {
        let last = n.checked_sub(1)?;
        let mut n_before = 0;
        let mut low = None;
        for &row in &self.by_size {
            n_before += u64::from(weights[row as usize]);
            let size = self.sizes[row as usize];
            if low.is_none() && n_before > last / 2 {
                low = Some(size);
            }
            if let Some(low) = low
                && n_before > n / 2
            {
                return Some(low / 2.0 + size / 2.0);
            }
        }
        None
    }
}

pub(super) fn evaluate(answers: &[f64], truth: &[f64]) -> Evaluation {
    let measures = Sheet::new(answers, truth).measures(&vec![1; truth.len()]);
    Evaluation { metrics: named(&NAMES, &measures), ..Evaluation::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r2(answers: &[f64], truth: &[f64]) -> Option<f64> {
        evaluate(answers, truth).metrics["r2"]
    }

    #[test]
    fn measures_are_those_of_the_textbook() {
        let Evaluation { metrics, confusion, .. } = evaluate(&[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0]);
        assert_eq!(metrics["mae"], Some(2.0 / 3.0));
        assert_eq!(metrics["rmse"], Some((4.0f64 / 3.0).sqrt()));
        // Missed 4, spread 2.
        assert_eq!(metrics["r2"], Some(-1.0));
        // Off by 2 of 3 once in three rows.
        assert_eq!(metrics["mape"], Some(2.0 / 3.0 / 3.0));
        assert_eq!((metrics["median_absolute_error"], metrics["max_error"]), (Some(0.0), Some(2.0)));
        assert_eq!(confusion, None);
    }

    #[test]
    fn the_median_of_four_lies_between_the_middle_two() {
        let Evaluation { metrics, .. } = evaluate(&[1.0, 2.0, 4.0, 9.0], &[0.0; 4]);
        assert_eq!(metrics["median_absolute_error"], Some(3.0));
        assert_eq!(metrics["mape"], None);
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice() {
        let twice = Sheet::new(&[1.0, 1.0, 4.0, 4.5], &[2.0, 2.0, 3.0, 8.0]).measures(&[1; 4]);
        assert_eq!(Sheet::new(&[1.0, 4.0, 7.0, 4.5], &[2.0, 3.0, 0.0, 8.0]).measures(&[2, 1, 0, 1]), twice);
    }

    #[test]
    fn a_constant_truth_is_met_or_not() {
        assert_eq!(r2(&[0.1; 3], &[0.1; 3]), Some(1.0));
        assert_eq!(r2(&[0.1, 0.1, 0.2], &[0.1; 3]), Some(0.0));
        assert_eq!(r2(&[0.1], &[0.1]), None);
    }

    #[test]
    fn a_measure_that_overflows_is_none() {
        let Evaluation { metrics, .. } = evaluate(&[1e300, 0.0], &[-1e300, 1.0]);
        assert_eq!(metrics["rmse"], None);
    }
}
