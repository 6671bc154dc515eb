//! Measures of answered numbers.

use super::{Evaluation, mean, named};

pub(super) fn evaluate(answers: &[f64], truth: &[f64]) -> Evaluation {
    let errors = || answers.iter().zip(truth).map(|(answer, truth)| answer - truth);
    let metrics = named([
        ("r2", r2(answers, truth)),
        ("rmse", mean(errors().map(|error| error * error)).map(libm::sqrt)),
        ("mae", mean(errors().map(f64::abs))),
    ]);
    Evaluation { metrics, confusion: None }
}

fn r2(answers: &[f64], truth: &[f64]) -> Option<f64> {
    if truth.len() < 2 {
        return None;
    }
    let centre = mean(truth.iter().copied())?;
    let missed: f64 = answers.iter().zip(truth).map(|(answer, truth)| (truth - answer) * (truth - answer)).sum();
    let spread: f64 = truth.iter().map(|truth| (truth - centre) * (truth - centre)).sum();
    // The mean of equal numbers may be off by a rounding; equal they are all the same.
    let is_constant = truth.iter().all(|y| *y == truth[0]);
    match (is_constant, missed == 0.0) {
        (true, true) => Some(1.0),
        (true, false) => Some(0.0),
        (false, _) => Some(1.0 - missed / spread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_those_of_the_textbook() {
        let Evaluation { metrics, confusion } = evaluate(&[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0]);
        assert_eq!(metrics["mae"], Some(2.0 / 3.0));
        assert_eq!(metrics["rmse"], Some((4.0f64 / 3.0).sqrt()));
        // Missed 4, spread 2.
        assert_eq!(metrics["r2"], Some(-1.0));
        assert_eq!(confusion, None);
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
