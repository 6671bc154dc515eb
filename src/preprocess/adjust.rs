//! Clipping to quantiles and ln(1 + x).

use crate::preprocess::frame::{Feature, Map, Values};
use crate::preprocess::step::{Applying, Learned};
use crate::preprocess::{PreprocessIssue, stats};

/// Learns the two quantiles.
pub(super) fn learn_clip(lower_quantile: f64, upper_quantile: f64, numbers: &[f64]) -> Learned {
    match stats::quantiles(numbers, &[lower_quantile, upper_quantile]) {
        Some(q) => Learned::Clip { lower: q[0], upper: q[1] },
        None => Learned::Keep,
    }
}

/// Clips the present numbers.
pub(super) fn clip(lower: f64, upper: f64, mut feature: Feature) -> Feature {
    if let Values::Numbers(numbers) = &mut feature.values {
        for x in numbers.iter_mut().filter(|x| !x.is_nan()) {
            *x = x.max(lower).min(upper);
        }
    }
    feature
}

/// Learns what stands for numbers whose logarithm is not defined.
pub(super) fn learn_log1p(numbers: &[f64]) -> Learned {
    let defined = numbers.iter().copied().filter(|&x| x > -1.0);
    Learned::Log1p { smallest: defined.min_by(f64::total_cmp).unwrap_or(0.0) }
}

/// Takes logarithms and notes the way back.
pub(super) fn log1p(smallest: f64, mut feature: Feature, applying: &mut Applying<'_>) -> Feature {
    if let Values::Numbers(numbers) = &mut feature.values {
        let mut n_below = 0;
        for x in numbers.iter_mut().filter(|x| !x.is_nan()) {
            if *x <= -1.0 {
                *x = smallest;
                n_below += 1;
            }
            *x = Map::Log1p.apply(*x);
        }
        if n_below > 0 {
            applying.issues.push(PreprocessIssue::Log1pBelow { column: feature.name.clone(), n_cells: n_below });
        }
        feature.origin.maps.push(Map::Log1p);
    }
    feature
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issues;
    use crate::preprocess::frame::{Group, Origin};

    fn feature(cells: &[f64]) -> Feature {
        Feature { name: "x".into(), origin: Origin::raw("x", Group::Numeric), values: Values::Numbers(cells.to_vec()) }
    }

    #[test]
    fn clipping_keeps_what_lies_between_the_quantiles() {
        let numbers: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(learn_clip(0.05, 0.95, &numbers), Learned::Clip { lower: 5.0, upper: 95.0 });
        assert_eq!(clip(5.0, 95.0, feature(&[-3.0, 50.0, 400.0])).values, Values::Numbers(vec![5.0, 50.0, 95.0]));
    }

    #[test]
    fn log1p_outside_its_domain_is_reported_and_finite() {
        let mut issues = Issues::new();
        let mut applying = Applying { rows: &[0, 1], report: false, step: 0, issues: &mut issues };
        let made = log1p(0.0, feature(&[-5.0, 0.0]), &mut applying);
        assert_eq!(made.values, Values::Numbers(vec![0.0, 0.0]));
        assert_eq!(issues.iter().next().unwrap().code, "log1p_out_of_domain");
    }
}
