//! What a support vector machine has learned: the rows that support its margins.

use super::KIND;
use super::kernel::Shape;
use super::shares::{Odds, shares};
use crate::Error;
use crate::model::linear_map::LinearMap;
use crate::model::{Answers, Fitted, ModelError, State, Structure, malformed};
use crate::preprocess::{Matrix, Task};

/// Decisions are not told beyond this, so that they stay numbers.
const FARTHEST: f64 = 1e300;

/// A fitted support vector machine.
///
/// Numbers are laid out as libsvm lays them out: support vectors stand class by class, and each has one coefficient for
/// each other class; pairs of classes are (0, 1), (0, 2), … (1, 2), …, and what decides for the first is positive.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedSvc {
    pub(super) shape: Shape,
    /// The support vectors.
    pub(super) x: Matrix,
    pub(super) n_features: usize,
    /// Support vectors of each class.
    pub(super) n_support: Vec<u32>,
    /// Row-major, `(n_classes − 1) × n_support_vectors`.
    pub(super) coefficients: Vec<f64>,
    /// One per pair of classes.
    pub(super) intercepts: Vec<f64>,
    /// One per pair of classes.
    pub(super) odds: Vec<Odds>,
    /// With a linear kernel, the pairs' decisions as weighted sums. That of only two classes is turned round, so that
    /// what is positive speaks for the second, as everywhere.
    map: Option<LinearMap>,
}

/// What is learned about each pair of classes.
pub(super) struct PairFit {
    /// The classes, and the positions of their support vectors with their coefficients.
    pub(super) sides: [(usize, Vec<(u32, f64)>); 2],
    pub(super) intercept: f64,
    pub(super) odds: Odds,
}

impl FittedSvc {
    /// Puts pairs together.
    ///
    /// **Errors** `train.coefficients_not_finite`.
    pub(super) fn join(shape: Shape, x: &Matrix, n_classes: usize, pairs: &[PairFit]) -> Result<Self, Error> {
        let mut support = vec![std::collections::BTreeSet::new(); n_classes];
        for (class, rows) in pairs.iter().flat_map(|pair| &pair.sides) {
            support[*class].extend(rows.iter().map(|(row, _)| *row));
        }
        let order: Vec<(usize, u32)> =
            support.iter().enumerate().flat_map(|(class, rows)| rows.iter().map(move |&row| (class, row))).collect();
        let n = order.len();
        let mut coefficients = vec![0.0; (n_classes - 1) * n];
        for pair in pairs {
            let other_class = [pair.sides[1].0, pair.sides[0].0];
            for ((class, rows), other) in pair.sides.iter().zip(other_class) {
                // A class has no line for itself.
                let line = if other > *class { other - 1 } else { other };
                for (row, coefficient) in rows {
                    let position = order.binary_search(&(*class, *row)).expect("each was put there");
                    coefficients[line * n + position] = *coefficient;
                }
            }
        }
        let rows: Vec<u32> = order.iter().map(|(_, row)| *row).collect();
        let fitted = Self {
            shape,
            x: x.take_rows(&rows),
            n_features: x.n_features(),
            n_support: support.iter().map(|rows| rows.len() as u32).collect(),
            coefficients,
            intercepts: pairs.iter().map(|pair| pair.intercept).collect(),
            odds: pairs.iter().map(|pair| pair.odds).collect(),
            map: None,
        }
        .with_map();
        let numbers = fitted.coefficients.iter().chain(&fitted.intercepts);
        let sums = fitted.map.iter().flat_map(|map| &map.coefficients);
        if !numbers.chain(sums).all(|x| x.is_finite()) {
            return Err(ModelError::CoefficientsNotFinite {}.into());
        }
        Ok(fitted)
    }

    fn n_classes(&self) -> usize {
        self.n_support.len()
    }

    fn n_vectors(&self) -> usize {
        self.n_support.iter().map(|&n| n as usize).sum()
    }

    /// Calls with each pair of classes: its number, and one after the other its sides' vectors and their coefficients.
    fn each_side(&self, mut side: impl FnMut(usize, std::ops::Range<usize>, &[f64])) {
        let n = self.n_vectors();
        let mut starts = vec![0];
        self.n_support.iter().for_each(|&count| starts.push(starts[starts.len() - 1] + count as usize));
        let mut pair = 0;
        for first in 0..self.n_classes() {
            for second in first + 1..self.n_classes() {
                for (class, line) in [(first, second - 1), (second, first)] {
                    let vectors = starts[class]..starts[class + 1];
                    side(pair, vectors.clone(), &self.coefficients[line * n..][vectors]);
                }
                pair += 1;
            }
        }
    }

    fn with_map(mut self) -> Self {
        if self.shape == Shape::Linear && !self.intercepts.is_empty() {
            let n_features = self.n_features;
            let mut coefficients = vec![0.0; self.intercepts.len() * n_features];
            self.each_side(|pair, vectors, weights| {
                for (feature, sum) in coefficients[pair * n_features..][..n_features].iter_mut().enumerate() {
                    let own = &self.x.feature(feature)[vectors.clone()];
                    *sum += own.iter().zip(weights).map(|(x, weight)| x * weight).sum::<f64>();
                }
            });
            let mut map = LinearMap { coefficients, intercepts: self.intercepts.clone(), n_features };
            if self.n_classes() == 2 {
                map.coefficients.iter_mut().chain(&mut map.intercepts).for_each(|x| *x = -*x);
            }
            self.map = Some(map);
        }
        self
    }

    /// What each pair decides, positive for its first class.
    ///
    /// **Shapes** `n_rows × n_pairs`, row-major.
    fn decisions(&self, x: &Matrix) -> Vec<f64> {
        let mut decisions = match &self.map {
            Some(map) => map.scores(x),
            None => {
                let n_pairs = self.intercepts.len();
                let mut decisions = self.intercepts.repeat(x.n_rows());
                for row in 0..x.n_rows() {
                    let point: Vec<f64> = x.features().iter().map(|feature| feature[row]).collect();
                    let alike = self.shape.alike(&self.x, &point);
                    self.each_side(|pair, vectors, weights| {
                        let sum: f64 = alike[vectors].iter().zip(weights).map(|(alike, weight)| alike * weight).sum();
                        decisions[row * n_pairs + pair] += sum;
                    });
                }
                decisions
            }
        };
        let sign = if self.map.is_some() && self.n_classes() == 2 { -1.0 } else { 1.0 };
        for decision in &mut decisions {
            // Rows far beyond all that was learned from may be neither here nor there.
            let told = if decision.is_nan() { 0.0 } else { sign * *decision };
            *decision = told.clamp(-FARTHEST, FARTHEST);
        }
        decisions
    }

    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let (&[n_features], &[gamma]) = (state.u32("n_features")?, state.f64("gamma")?) else {
            return Err(malformed("n_features and gamma are one number each"));
        };
        let shape = match gamma {
            0.0 => Shape::Linear,
            gamma if gamma > 0.0 && gamma.is_finite() => Shape::Rbf { gamma },
            _ => return Err(malformed("gamma is not a number of 0 or more")),
        };
        let (n_features, n_support) = (n_features as usize, state.u32("n_support")?.to_vec());
        let vectors = state.f64("support_vectors")?;
        let n_vectors = n_support.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n as usize));
        if n_features == 0 || n_vectors.and_then(|n| n.checked_mul(n_features)) != Some(vectors.len()) {
            return Err(malformed("there is not one number per support vector and feature"));
        }
        let (n_classes, n_vectors) = (n_support.len(), vectors.len() / n_features);
        let (coefficients, intercepts) = (state.f64("coefficients")?.to_vec(), state.f64("intercepts")?.to_vec());
        let (slopes, offsets) = (state.f64("slopes")?, state.f64("offsets")?);
        if n_classes == 0 || (n_classes - 1).checked_mul(n_vectors) != Some(coefficients.len()) {
            return Err(malformed("there is not one coefficient per support vector and other class"));
        }
        let n_pairs = n_classes.checked_mul(n_classes - 1).map(|n| n / 2);
        if [&intercepts[..], slopes, offsets].iter().any(|numbers| n_pairs != Some(numbers.len())) {
            return Err(malformed("there is not one intercept, slope and offset per pair of classes"));
        }
        let numbers = vectors.iter().chain(&coefficients).chain(&intercepts).chain(slopes).chain(offsets);
        if !numbers.copied().all(f64::is_finite) {
            return Err(malformed("a number is not finite"));
        }
        let x = Matrix::from_row_major(vectors, n_features);
        let odds = slopes.iter().zip(offsets).map(|(&slope, &offset)| Odds { slope, offset }).collect();
        Ok(Self { shape, x, n_features, n_support, coefficients, intercepts, odds, map: None }.with_map())
    }
}

impl Fitted for FittedSvc {
    fn kind(&self) -> &'static str {
        KIND.kind
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let (n_classes, n_pairs) = (self.n_classes(), self.intercepts.len());
        let decisions = self.decisions(x);
        let probabilities = match n_classes {
            1 => vec![1.0; x.n_rows()],
            _ => decisions.chunks_exact(n_pairs).flat_map(|row| shares(row, &self.odds, n_classes)).collect(),
        };
        Answers::Classes { probabilities, n_classes }
    }

    fn cost_per_row(&self) -> usize {
        match self.shape {
            Shape::Linear => self.n_features * self.intercepts.len().max(1),
            Shape::Rbf { .. } => self.n_vectors() * (self.shape.cost(self.n_features) + self.n_classes()),
        }
    }

    fn structure(&self) -> Structure<'_> {
        match &self.map {
            Some(LinearMap { coefficients, intercepts, .. }) if self.n_classes() == 2 => {
                Structure::Linear { coefficients, intercepts, task: Task::Classification }
            }
            _ => Structure::Plain,
        }
    }

    fn state(&self) -> State {
        let gamma = if let Shape::Rbf { gamma } = self.shape { gamma } else { 0.0 };
        State::default()
            .with_u32("n_features", vec![self.n_features as u32])
            .with_f64("gamma", vec![gamma])
            .with_u32("n_support", self.n_support.clone())
            .with_f64("support_vectors", self.x.to_row_major())
            .with_f64("coefficients", self.coefficients.clone())
            .with_f64("intercepts", self.intercepts.clone())
            .with_f64("slopes", self.odds.iter().map(|odds| odds.slope).collect())
            .with_f64("offsets", self.odds.iter().map(|odds| odds.offset).collect())
    }
}
