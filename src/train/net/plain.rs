//! A net as plain numbers: what burn's tensors are read back into, and what answers rows without it.
//!
//! Sums are f64 over f32 weights, term by term in one order: a row alone gets the same bits as among
//! others, natively and in the browser. What a layer hands on is kept within ± 1e30, so that no row, however extreme,
//! makes an answer that is not a number.

use super::{Activation, Front};
use crate::preprocess::Matrix;

/// Beyond this nothing is handed on.
const LARGEST: f64 = 1e30;

/// What PyTorch adds to a variance before it divides by its root.
pub(super) const NORM_EPSILON: f64 = 1e-5;

/// Layers, one after the other, behind a front if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    /// What turns a row into what the first layer reads.
    pub front: Option<Front>,
    /// At least one; each reads what the one before makes.
    pub layers: Vec<Layer>,
    /// What the units of all layers but the last make of their sums.
    pub activation: Activation,
}

/// `sum[output] = biases[output] + Σ x[input] · weights[input][output]`
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What it reads.
    pub n_inputs: usize,
    /// What it makes.
    pub n_outputs: usize,
    /// Row-major, `n_inputs × n_outputs`.
    pub weights: Vec<f32>,
    /// One per output.
    pub biases: Vec<f32>,
    /// How its sums are standardised before they are activated.
    pub norm: Option<Norm>,
}

/// `gamma · (sum − mean) / √(variance + 1e-5) + beta`, one of each per output.
#[derive(Clone, Debug, PartialEq)]
pub struct Norm {
    /// What is multiplied with at last.
    pub gamma: Vec<f32>,
    /// What is added at last.
    pub beta: Vec<f32>,
    /// The running mean over the batches.
    pub mean: Vec<f32>,
    /// The running variance over the batches.
    pub variance: Vec<f32>,
}

impl Norm {
    /// One that changes nothing to speak of.
    pub fn identity(n: usize) -> Self {
        Self { gamma: vec![1.0; n], beta: vec![0.0; n], mean: vec![0.0; n], variance: vec![1.0; n] }
    }

    fn of(&self, output: usize, sum: f64) -> f64 {
        standardised([&self.gamma, &self.beta, &self.mean, &self.variance].map(|numbers| numbers[output]), sum)
    }
}

/// A sum standardised by what was running: gamma, beta, mean and variance.
pub(super) fn standardised(numbers: [f32; 4], sum: f64) -> f64 {
    let [gamma, beta, mean, variance] = numbers.map(f64::from);
    gamma * ((sum - mean) / libm::sqrt(variance + NORM_EPSILON)) + beta
}

impl Activation {
    /// What a unit makes of its sum.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Relu => x.max(0.0),
            Self::Tanh => libm::tanh(x),
            Self::Logistic => 1.0 / (1.0 + libm::exp(-x)),
            Self::Gelu => 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Self::Identity => x,
        }
    }
}

impl Net {
    /// Numbers that are learned.
    pub fn n_parameters(&self) -> usize {
        let of = |layer: &Layer| {
            layer.weights.len() + layer.biases.len() + layer.norm.as_ref().map_or(0, |_| 2 * layer.n_outputs)
        };
        let front = self.front.as_ref().map_or(0, |front| front.plan.n_parameters());
        front + self.layers.iter().map(of).sum::<usize>()
    }

    /// What it reads.
    pub fn n_inputs(&self) -> usize {
        let layers = || self.layers.first().map_or(0, |layer| layer.n_inputs);
        self.front.as_ref().map_or_else(layers, Front::n_inputs)
    }

    /// Multiply-adds that a row costs.
    pub fn multiply_adds(&self) -> usize {
        let layers: usize = self.layers.iter().map(|layer| layer.weights.len()).sum();
        layers + self.front.as_ref().map_or(0, |front| front.plan.multiply_adds())
    }

    /// What it makes.
    pub fn n_outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.n_outputs)
    }

    /// What the last layer makes of each row, before it means anything.
    ///
    /// **Shapes** `n_rows × n_outputs`, row-major.
    pub fn scores(&self, x: &Matrix) -> Vec<f64> {
        let mut scores = Vec::with_capacity(x.n_rows() * self.n_outputs());
        self.each_row(x, |layer, made| {
            if layer + 1 == self.layers.len() {
                scores.extend(made);
            }
        });
        scores
    }

    /// How many units of each hidden layer are 0 for every row; 0 of what never is.
    ///
    /// Only units with [`Activation::Relu`] die: below 0 they have no slope, so nothing brings them back.
    pub fn n_dead(&self, x: &Matrix) -> Vec<usize> {
        let n_hidden = self.layers.len() - 1;
        if self.activation != Activation::Relu || x.n_rows() == 0 {
            return vec![0; n_hidden];
        }
        let mut is_dead: Vec<Vec<bool>> =
            self.layers[..n_hidden].iter().map(|layer| vec![true; layer.n_outputs]).collect();
        self.each_row(x, |layer, made| {
            if let Some(dead) = is_dead.get_mut(layer) {
                dead.iter_mut().zip(made).for_each(|(dead, &x)| *dead &= x <= 0.0);
            }
        });
        is_dead.iter().map(|dead| dead.iter().filter(|dead| **dead).count()).collect()
    }

    /// What each hidden unit makes of each row, layer after layer and unit after unit, as bytes: 128 is 0, and what is
    /// largest in size for the unit is 1 or 255.
    pub fn units(&self, x: &Matrix) -> Vec<u8> {
        let (n_rows, n_hidden) = (x.n_rows(), self.layers.len() - 1);
        let starts: Vec<usize> = (self.layers.iter())
            .scan(0, |start, layer| Some(std::mem::replace(start, *start + layer.n_outputs)))
            .collect();
        let mut all = vec![0.0; starts[n_hidden] * n_rows];
        let mut row = 0;
        self.each_row(x, |layer, made| {
            if layer == n_hidden {
                row += 1;
                return;
            }
            made.iter().enumerate().for_each(|(unit, &x)| all[(starts[layer] + unit) * n_rows + row] = x);
        });
        let byte = |x: f64, largest: f64| (128.0 + 127.0 * (x / largest)).round() as u8;
        all.chunks_exact(n_rows.max(1))
            .flat_map(|unit| {
                let largest = unit.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
                unit.iter().map(move |&x| byte(x, largest))
            })
            .collect()
    }

    /// Shows what each layer makes of each row, layer by layer and row by row.
    fn each_row(&self, x: &Matrix, mut show: impl FnMut(usize, &[f64])) {
        let widest = self.layers.iter().map(|layer| layer.n_outputs.max(layer.n_inputs)).max().unwrap_or(0);
        let (mut given, mut made) = (Vec::with_capacity(widest), Vec::with_capacity(widest));
        for row in 0..x.n_rows() {
            given.clear();
            given.extend(x.features().iter().map(|feature| bounded(feature[row])));
            if let Some(front) = &self.front {
                front.features(&given, &mut made);
                made.iter_mut().for_each(|x| *x = bounded(*x));
                std::mem::swap(&mut given, &mut made);
            }
            for (idx, layer) in self.layers.iter().enumerate() {
                layer.sums(&given, &mut made);
                if idx + 1 < self.layers.len() {
                    made.iter_mut().for_each(|x| *x = self.activation.of(*x));
                }
                show(idx, &made);
                std::mem::swap(&mut given, &mut made);
            }
        }
    }
}

/// The number within the limits.
pub(super) fn bounded(x: f64) -> f64 {
    x.clamp(-LARGEST, LARGEST)
}

/// `sums[output] = biases[output] + Σ given[input] · weights[input][output]`, term by term.
pub(super) fn weighted_sums(given: &[f64], weights: &[f32], biases: &[f32], sums: &mut Vec<f64>) {
    sums.clear();
    sums.extend(biases.iter().map(|&bias| f64::from(bias)));
    for (&x, weights) in given.iter().zip(weights.chunks_exact(biases.len())) {
        // Half of what a rectifier hands on is 0.
        if x != 0.0 {
            sums.iter_mut().zip(weights).for_each(|(sum, &weight)| *sum += x * f64::from(weight));
        }
    }
}

impl Layer {
    fn sums(&self, given: &[f64], sums: &mut Vec<f64>) {
        weighted_sums(given, &self.weights, &self.biases, sums);
        if let Some(norm) = &self.norm {
            sums.iter_mut().enumerate().for_each(|(output, sum)| *sum = norm.of(output, *sum));
        }
        sums.iter_mut().for_each(|sum| *sum = bounded(*sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(n_inputs: usize, weights: Vec<f32>, biases: Vec<f32>) -> Layer {
        Layer { n_inputs, n_outputs: biases.len(), weights, biases, norm: None }
    }

    /// |x₁ − x₂| by two rectifiers.
    fn distance() -> Net {
        let layers = vec![layer(2, vec![1.0, -1.0, -1.0, 1.0], vec![0.0, 0.0]), layer(2, vec![1.0, 1.0], vec![0.5])];
        Net { front: None, layers, activation: Activation::Relu }
    }

    #[test]
    fn two_rectifiers_make_a_distance() {
        let x = Matrix::from_columns(vec![vec![3.0, 1.0, 2.0], vec![1.0, 3.0, 2.0]]);
        assert_eq!(distance().scores(&x), [2.5, 2.5, 0.5]);
        assert_eq!(distance().n_parameters(), 9);
    }

    #[test]
    fn units_are_told_as_bytes_around_zero() {
        let x = Matrix::from_columns(vec![vec![3.0, 1.0, 2.0], vec![1.0, 2.0, 2.0]]);
        assert_eq!(distance().units(&x), [255, 128, 128, 128, 255, 128]);
        let even = Net { activation: Activation::Identity, ..distance() };
        assert_eq!(even.units(&x), [255, 65, 128, 1, 192, 128]);
    }

    #[test]
    fn a_unit_that_no_row_wakes_is_dead() {
        let x = Matrix::from_columns(vec![vec![3.0, 2.0], vec![1.0, 1.0]]);
        assert_eq!(distance().n_dead(&x), [1]);
        assert_eq!(Net { activation: Activation::Tanh, ..distance() }.n_dead(&x), [0]);
    }

    #[test]
    fn extreme_rows_are_answered_with_numbers() {
        let x = Matrix::from_columns(vec![vec![f64::MAX, -f64::MAX], vec![-f64::MAX, 1e-310]]);
        for activation in [Activation::Relu, Activation::Gelu, Activation::Identity, Activation::Logistic] {
            let scores = Net { activation, ..distance() }.scores(&x);
            assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
        }
    }

    #[test]
    fn activations_have_their_known_values() {
        assert_eq!(Activation::Logistic.of(0.0), 0.5);
        assert!((Activation::Gelu.of(1.0) - 0.841_344_746_068_542_9).abs() < 1e-15);
        assert!((Activation::Tanh.of(1.0) - 0.761_594_155_955_764_9).abs() < 1e-15);
    }
}
