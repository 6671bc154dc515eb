//! Coefficients and intercepts: what linear models have in common once they are fitted.

use crate::Error;
use crate::model::{Answers, Fitted, ModelError, State, Structure, malformed};
use crate::preprocess::{Matrix, Task};

/// `score[output] = intercepts[output] + Σ coefficients[output][feature] · x[feature]`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LinearMap {
    /// Row-major, `n_outputs × n_features`.
    pub(super) coefficients: Vec<f64>,
    /// One per output.
    pub(super) intercepts: Vec<f64>,
    pub(super) n_features: usize,
}

impl LinearMap {
    /// The scores of every row. Features are added in their order, so a row alone gets the same bits as among others.
    ///
    /// **Shapes** `n_rows × n_outputs`, row-major.
    pub(super) fn scores(&self, x: &Matrix) -> Vec<f64> {
        let n_outputs = self.intercepts.len();
        let mut scores = self.intercepts.repeat(x.n_rows());
        for output in 0..n_outputs {
            let coefficients = &self.coefficients[output * self.n_features..][..self.n_features];
            for (feature, &coefficient) in x.features().iter().zip(coefficients) {
                let outputs = scores.iter_mut().skip(output).step_by(n_outputs);
                for (score, &value) in outputs.zip(feature) {
                    *score += coefficient * value;
                }
            }
        }
        scores
    }

    /// **Errors** `train.coefficients_not_finite` when one of them cannot be written down.
    pub(super) fn check_finite(&self) -> Result<(), Error> {
        if self.coefficients.iter().chain(&self.intercepts).all(|x| x.is_finite()) {
            return Ok(());
        }
        Err(ModelError::CoefficientsNotFinite {}.into())
    }

    pub(super) fn save(&self, state: State) -> State {
        state
            .with_u32("n_features", vec![self.n_features as u32])
            .with_f64("coefficients", self.coefficients.clone())
            .with_f64("intercepts", self.intercepts.clone())
    }

    /// **Errors** `export.malformed_model`.
    pub(super) fn load(state: &State) -> Result<Self, Error> {
        let &[n_features] = state.u32("n_features")? else {
            return Err(malformed("n_features is one number"));
        };
        let (coefficients, intercepts) = (state.f64("coefficients")?, state.f64("intercepts")?);
        let expected = (n_features as usize).checked_mul(intercepts.len());
        if intercepts.is_empty() || expected != Some(coefficients.len()) {
            return Err(malformed("there is not one coefficient per output and feature"));
        }
        if !coefficients.iter().chain(intercepts).all(|x| x.is_finite()) {
            return Err(malformed("a coefficient is not finite"));
        }
        let (coefficients, intercepts) = (coefficients.to_vec(), intercepts.to_vec());
        Ok(Self { coefficients, intercepts, n_features: n_features as usize })
    }
}

/// A fitted linear model of a number, however its coefficients were found.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedLinear {
    pub(super) kind: &'static str,
    pub(super) map: LinearMap,
}

impl FittedLinear {
    /// Reads [`Fitted::state`] back as the kind it was saved as.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(kind: &'static str, state: &State) -> Result<Box<dyn Fitted>, Error> {
        let map = LinearMap::load(state)?;
        if map.intercepts.len() != 1 {
            return Err(malformed("a linear model of a number has one intercept"));
        }
        Ok(Box::new(Self { kind, map }))
    }
}

impl Fitted for FittedLinear {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn n_features(&self) -> usize {
        self.map.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        Answers::Values(self.map.scores(x))
    }

    fn structure(&self) -> Structure<'_> {
        let LinearMap { coefficients, intercepts, .. } = &self.map;
        Structure::Linear { coefficients, intercepts, task: Task::Regression }
    }

    fn state(&self) -> State {
        self.map.save(State::default())
    }
}

/// Turns each row's scores into probabilities: `e^score / Σ e^score`, without overflow.
pub(super) fn softmax_rows(mut scores: Vec<f64>, n_classes: usize) -> Vec<f64> {
    for row in scores.chunks_exact_mut(n_classes) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|score| *score = libm::exp(*score - largest));
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
    }
    scores
}

/// The sum of products, in eight running sums: as fast as the machine's vectors allow, with the same bits on each.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest
}

/// `target += factor · other`
pub(super) fn add_scaled(target: &mut [f64], factor: f64, other: &[f64]) {
    for (target, other) in target.iter_mut().zip(other) {
        *target += factor * other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_sums_of_products() {
        let map = LinearMap { coefficients: vec![1.0, 2.0, 0.0, -1.0], intercepts: vec![0.5, 0.0], n_features: 2 };
        let x = Matrix::from_row_major(&[1.0, 10.0, 2.0, 20.0], 2);
        assert_eq!(map.scores(&x), [21.5, -10.0, 42.5, -20.0]);
        assert_eq!(LinearMap::load(&map.save(State::default())).unwrap(), map);
    }

    #[test]
    fn dot_products_include_the_odd_end() {
        let a: Vec<f64> = (1..=11).map(f64::from).collect();
        assert_eq!(dot(&a, &a), 506.0);
    }
}
