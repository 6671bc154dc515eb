//! Products of numbers up to a degree, in scikit-learn's order.

use crate::Error;
use crate::preprocess::PreprocessError;
use crate::preprocess::frame::{Feature, Origin, Values};
use crate::preprocess::recipe::MAX_FEATURES;

/// The products of degree 2 to `degree` of the selected features, each a non-decreasing list of positions.
///
/// ```text
/// degree 2 of a, b:  a², a·b, b²        interaction_only:  a·b
/// ```
pub(super) fn products(n_selected: usize, degree: usize, interaction_only: bool) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut last: Vec<Vec<usize>> = (0..n_selected).map(|idx| vec![idx]).collect();
    for _ in 2..=degree {
        let extend = |product: &Vec<usize>| {
            let from = product.last().map_or(0, |&idx| idx + usize::from(interaction_only));
            let longer = |idx| product.iter().copied().chain([idx]).collect();
            (from..n_selected).map(longer).collect::<Vec<Vec<usize>>>()
        };
        last = last.iter().flat_map(extend).collect();
        all.extend(last.iter().cloned());
        if all.len() > MAX_FEATURES {
            break;
        }
    }
    all
}

/// Appends the products of the selected features to all features.
///
/// **Errors** `preprocess.too_many_features` before anything large is made.
pub(super) fn append(
    features: &mut Vec<Feature>,
    selected: &[usize],
    degree: usize,
    interaction_only: bool,
    step: usize,
) -> Result<(), Error> {
    let products = products(selected.len(), degree, interaction_only);
    if features.len() + products.len() > MAX_FEATURES {
        let n_features = features.len() + products.len();
        return Err(PreprocessError::TooManyFeatures { n_features, limit: MAX_FEATURES, step }.into());
    }
    let made: Vec<Feature> = products
        .iter()
        .map(|product| {
            let factors: Vec<&Feature> = product.iter().map(|&idx| &features[selected[idx]]).collect();
            multiply(&factors)
        })
        .collect();
    features.extend(made);
    Ok(())
}

fn multiply(factors: &[&Feature]) -> Feature {
    let names: Vec<&str> = factors.iter().map(|feature| feature.name.as_str()).collect();
    let mut numbers = vec![1.0; factors[0].values.n_rows()];
    for factor in factors {
        if let Values::Numbers(cells) = &factor.values {
            for (product, x) in numbers.iter_mut().zip(cells) {
                *product *= x;
            }
        }
    }
    let origin = Origin { is_raw_scale: false, maps: Vec::new(), ..factors[0].origin.clone() };
    Feature { name: names.join("*"), origin, values: Values::Numbers(numbers) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_come_in_scikit_learns_order() {
        assert_eq!(products(2, 2, false), [vec![0, 0], vec![0, 1], vec![1, 1]]);
        assert_eq!(products(3, 2, true), [vec![0, 1], vec![0, 2], vec![1, 2]]);
        assert_eq!(products(2, 3, false).len(), 7);
    }
}
