//! The features that tell most are kept.

use crate::Error;
use crate::preprocess::frame::{Feature, Group};
use crate::preprocess::learned::Learned;
use crate::preprocess::step::Selection;
use crate::preprocess::{Labels, PreprocessError, Target, mutual_information, stats};

/// Scores one feature by the rows where it is known. What cannot be scored (a constant, a feature without any number)
/// scores 0.
pub(super) fn learn(method: Selection, feature: &Feature, numbers: &[f64], labels: Option<&Labels>) -> Learned {
    let known: Vec<u32> = (0..numbers.len() as u32).filter(|&row| numbers[row as usize].is_finite()).collect();
    let x: Vec<f64> = known.iter().map(|&row| numbers[row as usize]).collect();
    let target = labels.map(|labels| labels.target.take_rows(&known));
    let score = match (method, target) {
        (Selection::Variance { .. }, _) => {
            // Rounding gives a constant a little variance.
            let is_constant = stats::min_max(&x).is_none_or(|(min, max)| min == max);
            if is_constant { 0.0 } else { stats::mean_std(&x).map_or(0.0, |(_, std)| std * std) }
        }
        (Selection::MutualInformation { .. }, Some(target)) => {
            mutual_information::shared(&x, feature.origin.group == Group::Categorical, &target)
        }
        (Selection::FTest { .. }, Some(Target::Values(y))) => f_of_correlation(&x, &y),
        (Selection::FTest { .. }, Some(Target::Classes { codes, n_classes })) => f_of_classes(&x, &codes, n_classes),
        (Selection::MutualInformation { .. } | Selection::FTest { .. }, None) => 0.0,
    };
    let score = if score.is_nan() { 0.0 } else { score.min(f64::MAX) };
    Learned::Selected { score, is_kept: true }
}

/// Decides which of the features at `met` stay, once all are scored, and drops the others. Among equals the later one
/// stays, as scikit-learn's `SelectKBest` has it.
///
/// **Errors** `preprocess.nothing_selected` when no feature at all would be left.
pub(super) fn decide(
    method: Selection,
    learned: &mut [(String, Learned)],
    features: &mut Vec<Feature>,
    met: &[usize],
    (step, name): (usize, &str),
) -> Result<(), Error> {
    let scores: Vec<f64> = learned
        .iter()
        .map(|(_, learned)| match learned {
            Learned::Selected { score, .. } => *score,
            _ => 0.0,
        })
        .collect();
    let mut keep = vec![false; scores.len()];
    match method {
        Selection::Variance { threshold } => {
            keep.iter_mut().zip(&scores).for_each(|(keep, &score)| *keep = score > threshold);
        }
        Selection::MutualInformation { k } | Selection::FTest { k } => {
            let mut order: Vec<usize> = (0..scores.len()).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(b.cmp(&a)));
            order.into_iter().take(k).for_each(|idx| keep[idx] = true);
        }
    }
    for ((_, learned), &is_kept) in learned.iter_mut().zip(&keep) {
        if let Learned::Selected { is_kept: kept, .. } = learned {
            *kept = is_kept;
        }
    }
    let mut stays = vec![true; features.len()];
    met.iter().zip(&keep).for_each(|(&at, &is_kept)| stays[at] = is_kept);
    if !stays.contains(&true) {
        return Err(PreprocessError::NothingSelected { step, name: name.to_owned() }.into());
    }
    let mut stays = stays.into_iter();
    features.retain(|_| stays.next().unwrap_or(true));
    Ok(())
}

/// The variance between classes over the variance within them, each by its degrees of freedom (scikit-learn's
/// `f_classif`); the largest number where no class varies.
fn f_of_classes(x: &[f64], codes: &[u32], n_classes: usize) -> f64 {
    let mut by_class = vec![Vec::new(); n_classes];
    x.iter().zip(codes).for_each(|(&x, &code)| by_class[code as usize].push(x));
    by_class.retain(|class| !class.is_empty());
    let (n_rows, n_classes) = (x.len(), by_class.len());
    let Some(overall) = stats::mean(x) else { return 0.0 };
    if n_classes < 2 || n_rows <= n_classes {
        return 0.0;
    }
    let (mut between, mut within) = (0.0, 0.0);
    for class in &by_class {
        let (mean, std) = stats::mean_std(class).unwrap_or((overall, 0.0));
        between += class.len() as f64 * (mean - overall) * (mean - overall);
        within += class.len() as f64 * std * std;
    }
    ratio(between / (n_classes - 1) as f64, within / (n_rows - n_classes) as f64)
}

/// `r² / (1 - r²) · (n - 2)` of the correlation `r` (scikit-learn's `f_regression`).
fn f_of_correlation(x: &[f64], y: &[f64]) -> f64 {
    let (Some((x_mean, x_std)), Some((y_mean, y_std))) = (stats::mean_std(x), stats::mean_std(y)) else { return 0.0 };
    if x.len() < 3 || x_std == 0.0 || y_std == 0.0 {
        return 0.0;
    }
    let products: Vec<f64> = x.iter().zip(y).map(|(x, y)| (x - x_mean) / x_std * ((y - y_mean) / y_std)).collect();
    let r = stats::mean(&products).unwrap_or(0.0);
    ratio(r * r * (x.len() - 2) as f64, (1.0 - r * r).max(0.0))
}

fn ratio(part: f64, of: f64) -> f64 {
    match (part == 0.0, of == 0.0) {
        (true, _) => 0.0,
        (false, true) => f64::MAX,
        (false, false) => part / of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::frame::{Origin, Values};

    #[test]
    fn f_is_that_of_hand_computed_tables() {
        // Means 2 and 5 around 3.5: 13.5 between; 1 + 1 within each, by 4 degrees of freedom.
        assert!((f_of_classes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[0, 0, 0, 1, 1, 1], 2) - 13.5).abs() < 1e-12);
        // r = 0.5 of three points.
        assert!((f_of_correlation(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(f_of_classes(&[1.0, 1.0, 2.0, 2.0], &[0, 0, 1, 1], 2), f64::MAX);
        assert_eq!(f_of_correlation(&[1.0, 1.0, 1.0], &[1.0, 3.0, 2.0]), 0.0);
    }

    fn decided(method: Selection, scores: &[f64]) -> Result<Vec<String>, Error> {
        let make = |idx: usize| Feature {
            name: idx.to_string(),
            origin: Origin::raw("x", Group::Numeric),
            values: Values::Numbers(vec![1.0]),
        };
        let mut features: Vec<Feature> = (0..scores.len()).map(make).collect();
        let learn = |(idx, &score): (usize, &f64)| (idx.to_string(), Learned::Selected { score, is_kept: true });
        let mut learned: Vec<(String, Learned)> = scores.iter().enumerate().map(learn).collect();
        let met: Vec<usize> = (0..scores.len()).collect();
        decide(method, &mut learned, &mut features, &met, (1, "select_features"))?;
        Ok(features.into_iter().map(|feature| feature.name).collect())
    }

    #[test]
    fn the_best_are_kept_in_their_order_and_the_later_among_equals() {
        assert_eq!(decided(Selection::FTest { k: 2 }, &[3.0, 1.0, 3.0, 3.0]).unwrap(), ["2", "3"]);
        assert_eq!(decided(Selection::Variance { threshold: 1.0 }, &[3.0, 1.0]).unwrap(), ["0"]);
        assert_eq!(decided(Selection::FTest { k: 9 }, &[3.0, 1.0]).unwrap(), ["0", "1"]);
    }

    #[test]
    fn nothing_left_is_an_error_with_its_place() {
        let error = decided(Selection::Variance { threshold: 5.0 }, &[3.0]).unwrap_err();
        assert_eq!(error.code(), "preprocess.nothing_selected");
        assert_eq!(error.place().unwrap().step, Some(1));
    }
}
