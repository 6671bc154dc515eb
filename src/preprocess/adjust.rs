//! Clipping and ln(1 + x).

use crate::preprocess::frame::{Feature, Map, Values};
use crate::preprocess::learned::{Applying, Learned};
use crate::preprocess::step::Clipping;
use crate::preprocess::{PreprocessIssue, stats};

/// Learns the two ends.
pub(super) fn learn_clip(method: Clipping, numbers: &[f64]) -> Learned {
    let ends = match method {
        Clipping::Quantiles { lower, upper } => {
            stats::quantiles(numbers, &[lower, upper]).map(|ends| [ends[0], ends[1]])
        }
        Clipping::Iqr { factor } => stats::quantiles(numbers, &[0.25, 0.75])
            .map(|ends| [ends[0] - factor * (ends[1] - ends[0]), ends[1] + factor * (ends[1] - ends[0])]),
        Clipping::ZScore { factor } => {
            stats::mean_std(numbers).map(|(mean, std)| [mean - factor * std, mean + factor * std])
        }
    };
    match ends {
        // Extreme numbers may have no finite spread; then nothing is extreme.
        Some([lower, upper]) if lower.is_finite() && upper.is_finite() => Learned::Clip { lower, upper },
        _ => Learned::Keep,
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
        let quantiles = Clipping::Quantiles { lower: 0.05, upper: 0.95 };
        assert_eq!(learn_clip(quantiles, &numbers), Learned::Clip { lower: 5.0, upper: 95.0 });
        assert_eq!(clip(5.0, 95.0, feature(&[-3.0, 50.0, 400.0])).values, Values::Numbers(vec![5.0, 50.0, 95.0]));
    }

    #[test]
    fn the_ends_lie_outside_the_quartiles_or_around_the_mean() {
        // Quartiles 25 and 75; mean 2 and standard deviation 1.
        let numbers: Vec<f64> = (0..=100).map(f64::from).collect();
        let iqr = Clipping::Iqr { factor: 1.5 };
        assert_eq!(learn_clip(iqr, &numbers), Learned::Clip { lower: -50.0, upper: 150.0 });
        let z_score = Clipping::ZScore { factor: 3.0 };
        assert_eq!(learn_clip(z_score, &[1.0, 3.0, f64::NAN]), Learned::Clip { lower: -1.0, upper: 5.0 });
        assert_eq!(learn_clip(z_score, &[f64::MAX, -f64::MAX]), Learned::Keep);
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
