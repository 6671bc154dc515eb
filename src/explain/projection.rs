//! A plane through the space of all features, along which the rows vary most.

use crate::Error;
use crate::explain::ExplainError;
use crate::model::LeadingDirections;
use crate::preprocess::{FittedRecipe, Matrix, Step};

/// A direction whose rows vary less than this share of the first one's is none.
const NOTHING: f64 = 1e-20;

/// The first two principal components of the rows as a model sees them.
///
/// ```text
/// value[k](x) = Σ (x[j] − centre[j]) / spread[j] · directions[k][j]
/// x(a, b)[j]  = centre[j] + spread[j] · (a · directions[0][j] + b · directions[1][j])
/// ```
///
/// The plane passes through the middle of the rows, which themselves lie off it: what `shares` lack of 1 is how much of
/// their variance it does not show. Where the recipe scales, its units are what the user chose to compare by, and `spread` is
/// 1; where it does not, as for trees, units are whatever was measured, and features are divided by their standard
/// deviation: a price would be all that varies otherwise. Between one category and another there is nothing: features that
/// are positions of categories stay at the most frequent one. Missing numbers count as the mean.
///
/// **Reference** scikit-learn's `PCA` after its `StandardScaler`; signs as by its `svd_flip`.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Of each feature the mean, or the most frequent category's position.
    pub centre: Vec<f64>,
    /// What each feature is divided by.
    pub spread: Vec<f64>,
    /// Of length 1 and at right angles, 0 for features that stay where they are.
    pub directions: [Vec<f64>; 2],
    /// The share of the variance along each.
    pub shares: [f64; 2],
    /// From the least to the greatest value of the rows along each; 0 lies between.
    pub spans: [[f64; 2]; 2],
    /// Whether features are divided by their standard deviation.
    pub is_standardised: bool,
    /// Rows that it was learned from.
    pub n_rows: usize,
    /// Which features are positions of categories.
    pub is_category: Vec<bool>,
}

/// A projection being found.
pub struct Projecting {
    projection: Projection,
    free: Vec<usize>,
    finding: LeadingDirections,
    total: f64,
}

impl Projecting {
    /// Begins, with rows as the recipe makes them. Where `has_one_unit`, as pixels have, features stay as they are.
    ///
    /// **Errors** `explain.nothing_to_project`.
    pub fn new(recipe: &FittedRecipe, x: &Matrix, has_one_unit: bool) -> Result<Self, Error> {
        let is_standardised =
            !has_one_unit && !recipe.steps.iter().any(|fitted| matches!(fitted.step, Step::Scale { .. }));
        let is_category: Vec<bool> = (0..x.n_features()).map(|feature| recipe.categories(feature).is_some()).collect();
        let (mut centre, mut spread, mut free, mut centred) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (idx, feature) in x.features().iter().enumerate() {
            let known: Vec<f64> = feature.iter().copied().filter(|x| !x.is_nan()).collect();
            let n_known = known.len() as f64;
            if is_category[idx] {
                centre.push(most_frequent(known));
                spread.push(1.0);
                continue;
            }
            let mean = known.iter().sum::<f64>() / n_known;
            let squares: f64 = known.iter().map(|x| (x - mean) * (x - mean)).sum();
            let deviation = libm::sqrt(squares / n_known);
            // What a constant's mean is off by is rounding, and no deviation.
            let varies = deviation > n_known * f64::EPSILON * mean.abs();
            let by = if is_standardised && varies { deviation } else { 1.0 };
            centred.push(feature.iter().map(|x| if x.is_nan() { 0.0 } else { (x - mean) / by }).collect::<Vec<f64>>());
            centre.push(mean);
            spread.push(by);
            free.push(idx);
        }
        if free.is_empty() || x.n_rows() == 0 {
            return Err(ExplainError::NothingToProject { n_directions: 0 }.into());
        }
        let total = centred.iter().flatten().map(|x| x * x).sum();
        let projection = Projection {
            centre,
            spread,
            directions: [0; 2].map(|_| vec![0.0; x.n_features()]),
            shares: [0.0; 2],
            spans: [[0.0; 2]; 2],
            is_standardised,
            n_rows: x.n_rows(),
            is_category,
        };
        Ok(Self { projection, free, finding: LeadingDirections::new(centred), total })
    }

    /// Does a bounded piece; true at the end.
    ///
    /// **Errors** `train.distances_not_finite`.
    pub fn step(&mut self) -> Result<bool, Error> {
        self.finding.step()
    }

    /// The projection, once a step has said that it is found.
    ///
    /// **Errors** `explain.nothing_to_project`.
    pub fn finish(self) -> Result<Projection, Error> {
        let Self { mut projection, free, finding, total } = self;
        let (directions, squares) = finding.found();
        let n_directions = squares.iter().filter(|square| **square > NOTHING * total).count();
        if n_directions < 2 {
            return Err(ExplainError::NothingToProject { n_directions }.into());
        }
        for (whole, found) in projection.directions.iter_mut().zip(directions) {
            free.iter().zip(found).for_each(|(&feature, x)| whole[feature] = *x);
        }
        projection.shares = squares.map(|square| square / total);
        for (span, values) in projection.spans.iter_mut().zip(finding.values()) {
            values.into_iter().for_each(|value| widen(span, value));
        }
        Ok(projection)
    }
}

impl Projection {
    /// Where rows are: of each its values along both directions, one row after the other.
    pub fn values(&self, x: &Matrix) -> Vec<f64> {
        let mut values = vec![0.0; 2 * x.n_rows()];
        for (idx, feature) in x.features().iter().enumerate() {
            let factors = self.directions.each_ref().map(|direction| direction[idx]);
            if factors == [0.0; 2] {
                continue;
            }
            for (values, x) in values.chunks_exact_mut(2).zip(feature).filter(|(_, x)| !x.is_nan()) {
                let differs = (x - self.centre[idx]) / self.spread[idx];
                values.iter_mut().zip(factors).for_each(|(value, factor)| *value += differs * factor);
            }
        }
        values
    }

    /// Lets the spans reach these values, which stand as [`Projection::values`] gives them.
    pub fn reach(&mut self, values: &[f64]) {
        for values in values.chunks_exact(2) {
            self.spans.iter_mut().zip(values).for_each(|(span, value)| widen(span, *value));
        }
    }

    /// The points of the plane at these values along the first direction, and this one along the second.
    ///
    /// **Shapes** One row per value.
    pub fn points(&self, across: &[f64], upwards: f64) -> Matrix {
        let feature = |idx: usize| {
            let [first, second] = self.directions.each_ref().map(|direction| direction[idx]);
            let at = |a: &f64| self.centre[idx] + self.spread[idx] * (a * first + upwards * second);
            across.iter().map(at).collect()
        };
        Matrix::from_columns((0..self.centre.len()).map(feature).collect())
    }

    /// The features that weigh most in a direction, with what they weigh.
    pub fn heaviest(&self, direction: usize, n: usize) -> Vec<(usize, f64)> {
        let mut all: Vec<(usize, f64)> = self.directions[direction].iter().copied().enumerate().collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        all.retain(|(_, weight)| *weight != 0.0);
        all.truncate(n);
        all
    }
}

fn widen([low, high]: &mut [f64; 2], value: f64) {
    (*low, *high) = (low.min(value), high.max(value));
}

/// The most frequent number, of several the least; NaN of none.
fn most_frequent(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let mut best: (usize, f64) = (0, f64::NAN);
    for run in values.chunk_by(|a, b| a == b) {
        if run.len() > best.0 {
            best = (run.len(), run[0]);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_number_is_the_least_of_several() {
        assert_eq!(most_frequent(vec![3.0, 1.0, 3.0, 0.0, 1.0]), 1.0);
        assert!(most_frequent(Vec::new()).is_nan());
    }

    #[test]
    fn a_point_of_the_plane_is_where_it_was_asked_for() {
        let projection = Projection {
            centre: vec![1.0, 2.0, 7.0],
            spread: vec![2.0, 0.5, 1.0],
            directions: [vec![0.6, 0.8, 0.0], vec![0.8, -0.6, 0.0]],
            shares: [0.7, 0.2],
            spans: [[-1.0, 1.0]; 2],
            is_standardised: true,
            n_rows: 3,
            is_category: vec![false, false, true],
        };
        let points = projection.points(&[0.0, 1.0], 0.5);
        assert_eq!(points.feature(0), [1.8, 3.0]);
        assert_eq!(points.feature(2), [7.0, 7.0]);
        let values = projection.values(&points);
        for (given, expected) in values.iter().zip([0.0, 0.5, 1.0, 0.5]) {
            assert!((given - expected).abs() < 1e-15, "{values:?}");
        }
        let mut wider = projection.clone();
        wider.reach(&[3.0, -0.5]);
        assert_eq!(wider.spans, [[-1.0, 3.0], [-1.0, 1.0]]);
        assert_eq!(projection.heaviest(1, 2), [(0, 0.8), (1, -0.6)]);
    }
}
