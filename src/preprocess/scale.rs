//! Numbers are brought to comparable sizes, by what the training rows say.

use crate::error::Issues;
use crate::preprocess::PreprocessIssue;
use crate::preprocess::frame::{Feature, Map, Values};
use crate::preprocess::learned::Learned;
use crate::preprocess::stats;
use crate::preprocess::step::Scaling;

/// Learns offset and scale from the present cells. A constant feature gets scale 1 (so it becomes 0, or keeps its
/// sign under [`Scaling::MaxAbs`]) and is reported, as scikit-learn's scalers do silently.
pub(super) fn learn(method: Scaling, name: &str, numbers: &[f64], issues: &mut Issues) -> Learned {
    let (offset, spread) = match method {
        Scaling::MinMax => {
            let (min, max) = stats::min_max(numbers).unwrap_or((0.0, 1.0));
            (min, max - min)
        }
        Scaling::Standard => stats::mean_std(numbers).unwrap_or((0.0, 1.0)),
        Scaling::Robust => match stats::quantiles(numbers, &[0.25, 0.5, 0.75]) {
            Some(q) => (q[1], q[2] - q[0]),
            None => (0.0, 1.0),
        },
        Scaling::MaxAbs => {
            let (min, max) = stats::min_max(numbers).unwrap_or((0.0, 1.0));
            (0.0, max.abs().max(min.abs()))
        }
    };
    // Rounding leaves a constant feature with a spread of a few units in the last place of its offset.
    let is_constant = spread.is_nan() || spread <= 10.0 * f64::EPSILON * offset.abs().max(f64::MIN_POSITIVE);
    if is_constant {
        issues.push(PreprocessIssue::Constant { column: name.to_owned() });
    }
    Learned::Affine { offset, scale: if is_constant || !spread.is_finite() { 1.0 } else { spread } }
}

/// Scales a feature and notes the way back.
pub(super) fn apply(offset: f64, scale: f64, mut feature: Feature) -> Feature {
    let map = Map::Affine { offset, scale };
    if let Values::Numbers(numbers) = &mut feature.values {
        for x in numbers.iter_mut() {
            *x = map.apply(*x);
        }
        feature.origin.maps.push(map);
    }
    feature
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: Scaling, numbers: &[f64], offset: f64, scale: f64) {
        assert_eq!(learn(method, "x", numbers, &mut Issues::new()), Learned::Affine { offset, scale });
    }

    #[test]
    fn each_method_learns_its_two_numbers() {
        let numbers = [2.0, 4.0, f64::NAN, 4.0, 6.0, -16.0];
        check(Scaling::MinMax, &numbers, -16.0, 22.0);
        check(Scaling::MaxAbs, &numbers, 0.0, 16.0);
        check(Scaling::Robust, &numbers, 4.0, 2.0);
        check(Scaling::Standard, &[1.0, 3.0], 2.0, 1.0);
    }

    #[test]
    fn a_constant_column_scales_to_zero() {
        let mut issues = Issues::new();
        let learned = learn(Scaling::Standard, "x", &[0.1, 0.1, 0.1], &mut issues);
        let Learned::Affine { offset, scale } = learned else { panic!("affine") };
        assert_eq!(scale, 1.0);
        assert!((0.1 - offset).abs() < 1e-16);
        assert_eq!(issues.iter().next().unwrap().code, "constant_column");
    }
}
