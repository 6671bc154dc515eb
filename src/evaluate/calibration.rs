//! Whether probabilities mean what they say: of the rows answered with 0.8, are eight in ten right?

use crate::table::quantile;

/// Bins a probability is counted in, as a calibration curve is usually drawn.
pub(super) const N_BINS: usize = 10;

/// How probabilities are cut into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binning {
    /// Bins of one width.
    Uniform,
    /// Bins of one number of rows; ties may make them uneven.
    Quantile,
}

/// A calibration curve: one point per bin that has rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibration {
    /// The mean probability of the bin's rows.
    pub predicted: Vec<f64>,
    /// The share of them that are of the class.
    pub observed: Vec<f64>,
    /// How many they are.
    pub n_rows: Vec<u32>,
}

/// The calibration curve of one class: in each bin of its probabilities, what was said and what was so.
///
/// A probability on an edge belongs to the bin below. `n_bins` edges are equally spaced, or numpy's linear percentiles.
/// `O(n_rows · log(n_rows))`.
///
/// ```
/// use vitrine::evaluate::{Binning, calibration};
/// let curve = calibration(&[0.1, 0.2, 0.9, 0.8], &[false, false, true, false], 2, Binning::Uniform);
/// assert_eq!(curve.observed, [0.0, 0.5]);
/// assert_eq!(curve.n_rows, [2, 2]);
/// ```
///
/// **Reference** scikit-learn's `calibration_curve`, whose numbers these are.
pub fn calibration(probabilities: &[f64], is_inside: &[bool], n_bins: usize, binning: Binning) -> Calibration {
    let edges = match binning {
        Binning::Uniform => inner_edges(n_bins),
        Binning::Quantile if probabilities.is_empty() => Vec::new(),
        Binning::Quantile => {
            let mut sorted = probabilities.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            inner_edges(n_bins).into_iter().map(|share| quantile(&sorted, share)).collect()
        }
    };
    let mut bins = vec![(0.0, 0u32, 0u32); n_bins.max(1)];
    for (&p, &inside) in probabilities.iter().zip(is_inside) {
        let (sum, n_inside, n) = &mut bins[bin_of(p, &edges)];
        *sum += p;
        *n_inside += u32::from(inside);
        *n += 1;
    }
    let mut curve = Calibration::default();
    for (sum, n_inside, n) in bins.into_iter().filter(|bin| bin.2 > 0) {
        curve.predicted.push(sum / f64::from(n));
        curve.observed.push(f64::from(n_inside) / f64::from(n));
        curve.n_rows.push(n);
    }
    curve
}

/// The edges between bins of one width, rounded as numpy's `linspace` rounds them.
pub(super) fn inner_edges(n_bins: usize) -> Vec<f64> {
    let width = 1.0 / n_bins.max(1) as f64;
    (1..n_bins).map(|edge| edge as f64 * width).collect()
}

/// The bin of a probability: as many edges as lie below it.
pub(super) fn bin_of(p: f64, edges: &[f64]) -> usize {
    edges.partition_point(|edge| *edge < p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_belongs_to_the_bin_below() {
        let edges = inner_edges(10);
        assert_eq!([0.0, 0.1, 0.100_001, 0.95, 1.0].map(|p| bin_of(p, &edges)), [0, 0, 1, 9, 9]);
    }

    #[test]
    fn quantile_bins_have_the_same_number_of_rows() {
        let p = [0.1, 0.2, 0.3, 0.9];
        let curve = calibration(&p, &[false, true, true, true], 2, Binning::Quantile);
        assert_eq!((curve.n_rows, curve.observed), (vec![2, 2], vec![0.5, 1.0]));
        assert_eq!(calibration(&[], &[], 5, Binning::Quantile), Calibration::default());
    }
}
