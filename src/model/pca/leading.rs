//! The two directions in which rows vary most, where all of them would take too long.
//!
//! Subspace iteration (Halko, Martinsson, Tropp 2011, <https://doi.org/10.1137/090771806>, section 4.5) on some directions
//! more than are wanted. In the space that these span the directions are found exactly ([`Svd`]), again and again, until
//! the first two no longer turn. With no more features than that, the first time is the last.

use super::svd::Svd;
use crate::Error;
use crate::model::linear_map::{add_scaled, dot};
use crate::preprocess::Matrix;
use crate::random::Seed;

/// Directions that are followed: each time, what is not yet right of the second shrinks by the share that the variance of
/// the ninth has of its own.
const FOLLOWED: usize = 8;

/// When neither direction, of length 1, has moved farther than this, both are found: what is left is less than a
/// millionth unless the ninth direction varies like the second.
const STILL: f64 = 1e-10;

/// Directions that have not come to rest by now have others that are as good.
const STEPS_MAX: usize = 100;

/// The two directions of most variance being found.
///
/// ```
/// use vitrine::model::LeadingDirections;
/// // Points on (3, 4) · t, and half of that across it.
/// let mut finding = LeadingDirections::new(vec![vec![-3.0, 3.0, -2.0, 2.0], vec![-4.0, 4.0, 1.5, -1.5]]);
/// while !finding.step()? {}
/// let ([first, _], squares) = finding.found();
/// assert!((first[0] - 0.6).abs() < 1e-12 && (first[1] - 0.8).abs() < 1e-12);
/// assert!((squares[0] - 50.0).abs() < 1e-12 && (squares[1] - 12.5).abs() < 1e-12);
/// # Ok::<(), vitrine::Error>(())
/// ```
pub struct LeadingDirections {
    centred: Vec<Vec<f64>>,
    basis: Vec<Vec<f64>>,
    found: [Vec<f64>; 2],
    squares: [f64; 2],
    n_steps: usize,
}

impl LeadingDirections {
    /// **Shapes** `centred`: of each feature, what its rows differ from their mean; at least one feature.
    pub fn new(centred: Vec<Vec<f64>>) -> Self {
        let n_features = centred.len();
        let mut basis = vec![vec![0.0; n_features]; n_features.min(FOLLOWED)];
        if n_features <= FOLLOWED {
            basis.iter_mut().enumerate().for_each(|(idx, direction)| direction[idx] = 1.0);
        } else {
            let mut rng = Seed(0).derive("directions").rng();
            basis.iter_mut().flatten().for_each(|x| *x = rng.uniform() - 0.5);
            straighten(&mut basis);
        }
        Self { centred, basis, found: [Vec::new(), Vec::new()], squares: [0.0; 2], n_steps: 0 }
    }

    /// Comes closer; true once both directions are found. A step looks at every number sixteen times.
    ///
    /// **Errors** `train.distances_not_finite`.
    pub fn step(&mut self) -> Result<bool, Error> {
        let values: Vec<Vec<f64>> = self.basis.iter().map(|direction| along(&self.centred, direction)).collect();
        let n_followed = values.len();
        let mut svd = Svd::new(&Matrix::from_columns(values.clone()), &vec![0.0; n_followed])?;
        while svd.advance() < 1.0 {}
        let (lengths, turns) = svd.into_parts();
        let mut moved: f64 = 0.0;
        for idx in 0..lengths.len().min(2) {
            let mut direction = vec![0.0; self.centred.len()];
            for (turn, of) in turns[idx * n_followed..].iter().zip(&self.basis) {
                add_scaled(&mut direction, *turn, of);
            }
            let largest =
                direction.iter().fold(0.0, |largest: f64, &x| if x.abs() > largest.abs() { x } else { largest });
            if largest < 0.0 {
                direction.iter_mut().for_each(|x| *x = -*x);
            }
            let before = &self.found[idx];
            let differs = before.iter().zip(&direction).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            moved = moved.max(if before.is_empty() { f64::INFINITY } else { libm::sqrt(differs) });
            self.found[idx] = direction;
            self.squares[idx] = lengths[idx] * lengths[idx];
        }
        self.n_steps += 1;
        if self.centred.len() <= FOLLOWED || moved <= STILL || self.n_steps == STEPS_MAX {
            return Ok(true);
        }
        for (direction, values) in self.basis.iter_mut().zip(&values) {
            *direction = self.centred.iter().map(|feature| dot(feature, values)).collect();
        }
        straighten(&mut self.basis);
        Ok(false)
    }

    /// The directions, of length 1 and at right angles, the largest number of each positive, and the sum of the squares of
    /// the rows' values along each: 0, and a direction of no meaning, where there are fewer.
    pub fn found(&self) -> (&[Vec<f64>; 2], [f64; 2]) {
        (&self.found, self.squares)
    }

    /// The rows' values along both directions.
    pub fn values(&self) -> [Vec<f64>; 2] {
        self.found.each_ref().map(|direction| along(&self.centred, direction))
    }
}

/// The values of the rows along a direction.
fn along(centred: &[Vec<f64>], direction: &[f64]) -> Vec<f64> {
    let mut values = vec![0.0; centred[0].len()];
    for (feature, &factor) in centred.iter().zip(direction) {
        add_scaled(&mut values, factor, feature);
    }
    values
}

/// Makes directions of length 1 and at right angles (Gram and Schmidt, twice for what rounding leaves); nothing remains of
/// one that lies among those before it.
fn straighten(basis: &mut [Vec<f64>]) {
    for idx in 0..basis.len() {
        let (before, rest) = basis.split_at_mut(idx);
        let direction = &mut rest[0];
        let whole = libm::sqrt(dot(direction, direction));
        for _ in 0..2 {
            for other in before.iter() {
                let along = dot(direction, other);
                add_scaled(direction, -along, other);
            }
        }
        let length = libm::sqrt(dot(direction, direction));
        let factor = if length > whole * 1e-12 { 1.0 / length } else { 0.0 };
        direction.iter_mut().for_each(|x| *x *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_directions_of_many_features_are_those_of_all() {
        // Rows that vary along two diagonals, and by noise.
        let mut rng = Seed(3).rng();
        let n_features = 30;
        let mut columns = vec![Vec::new(); n_features];
        for _ in 0..200 {
            let [a, b] = [0; 2].map(|_| rng.uniform() - 0.5);
            for (idx, column) in columns.iter_mut().enumerate() {
                let sign = if idx % 2 == 0 { 1.0 } else { -1.0 };
                column.push(5.0 * a + 3.0 * b * sign + rng.uniform() - 0.5);
            }
        }
        for column in &mut columns {
            let mean = column.iter().sum::<f64>() / 200.0;
            column.iter_mut().for_each(|x| *x -= mean);
        }
        let mut svd = Svd::new(&Matrix::from_columns(columns.clone()), &vec![0.0; n_features]).unwrap();
        while svd.advance() < 1.0 {}
        let (lengths, directions) = svd.into_parts();
        let mut finding = LeadingDirections::new(columns);
        while !finding.step().unwrap() {}
        assert!(finding.n_steps < STEPS_MAX, "{}", finding.n_steps);
        let (found, squares) = finding.found();
        for idx in 0..2 {
            assert!((squares[idx] / (lengths[idx] * lengths[idx]) - 1.0).abs() < 1e-12);
            for (given, expected) in found[idx].iter().zip(&directions[idx * n_features..]) {
                assert!((given - expected).abs() < 1e-9, "{given} instead of {expected}");
            }
        }
    }

    #[test]
    fn rows_that_are_the_same_have_no_direction() {
        let mut finding = LeadingDirections::new(vec![vec![0.0; 5]; 12]);
        while !finding.step().unwrap() {}
        assert_eq!(finding.found().1, [0.0, 0.0]);
    }

    #[test]
    fn what_is_too_far_is_refused() {
        assert!(LeadingDirections::new(vec![vec![1e300, -1e300]; 2]).step().is_err());
    }
}
