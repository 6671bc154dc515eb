//! What a net has learned: weights that answer rows.

use super::packed::{Storage, pack, unpack};
use crate::Error;
use crate::model::linear_map::softmax_rows;
use crate::model::logistic_regression::sigmoid;
use crate::model::{Answers, Array, Fitted, State, Structure, malformed};
use crate::param::ParamValue as _;
use crate::preprocess::{Matrix, Target};
use crate::train::net::{Activation, Front, FrontPlan, Grouping, Int8, Layer, Net, Norm};

/// A fitted net.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedNet {
    /// As in the registry.
    pub(super) kind: &'static str,
    pub(super) net: Net,
    /// 0 for numbers.
    pub(super) n_classes: usize,
    pub(super) scale: Scale,
    /// What stands for the weights, where they were rounded to it.
    pub(super) int8: Option<Int8>,
}

/// What numbers to be learned were shifted and divided by; nothing for classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The mean over the rows learned from.
    pub mean: f64,
    /// The standard deviation over them; 0 where all are the same.
    pub deviation: f64,
}

impl Scale {
    /// Each row counts as its weight says, where there are weights.
    pub(super) fn of(y: &Target, sample_weight: Option<&[f64]>) -> Self {
        let Target::Values(values) = y else { return Self { mean: 0.0, deviation: 1.0 } };
        let n: f64 = sample_weight.map_or(values.len() as f64, |weights| weights.iter().sum());
        let part = |(row, y): (usize, f64)| match sample_weight {
            Some(weights) => y * (weights[row] / n),
            None => y / n,
        };
        let mean: f64 = values.iter().copied().enumerate().map(part).sum();
        // Divided by the largest first: squares of what is barely a number would be none.
        let largest = values.iter().fold(0.0f64, |largest, y| largest.max((y / 2.0 - mean / 2.0).abs()));
        if values.iter().all(|y| *y == values[0]) || largest == 0.0 {
            return Self { mean: values[0], deviation: 0.0 };
        }
        let square = |y: &f64| {
            let share = (y / 2.0 - mean / 2.0) / largest;
            share * share
        };
        let variance: f64 = values.iter().map(square).enumerate().map(part).sum();
        let deviation = 2.0 * (largest * libm::sqrt(variance));
        Self { mean, deviation: deviation.min(f64::MAX) }
    }

    pub(super) fn is_constant(self) -> bool {
        self.deviation == 0.0
    }

    pub(super) fn standardised(self, y: Target) -> Target {
        match y {
            Target::Values(values) => {
                let scaled = |y: f64| (y / self.deviation) - self.mean / self.deviation;
                Target::Values(values.into_iter().map(scaled).collect())
            }
            classes => classes,
        }
    }

    /// What a loss over standardised numbers is multiplied with.
    pub(super) fn loss_factor(self) -> f64 {
        (self.deviation * self.deviation).min(f64::MAX)
    }

    fn raw(self, score: f64) -> f64 {
        (self.mean + self.deviation * score).clamp(-f64::MAX, f64::MAX)
    }
}

impl FittedNet {
    /// The layers.
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The same net with its weights rounded to eight bits.
    pub fn quantized(&self, grouping: Grouping) -> Self {
        let mut quantized = self.clone();
        let int8 = Int8::of(&self.net, grouping);
        let fits = int8.write_to(&mut quantized.net);
        debug_assert!(fits, "codes of a net fit it");
        Self { int8: Some(int8), ..quantized }
    }

    /// The same net with its weights rounded to 16 bits.
    pub fn halved(&self) -> Self {
        let mut halved = self.clone();
        halved.net.round_to_half();
        halved
    }

    /// The same net with the smallest of its weights set to 0 ([`Net::prune`]); rounded ones are f32 again.
    pub fn pruned(&self, sparsity: f64) -> Self {
        let mut pruned = Self { int8: None, ..self.clone() };
        pruned.net.prune(sparsity);
        pruned
    }

    /// The same net with other numbers, of the same shape.
    pub(crate) fn with_weights(&self, net: Net, int8: Option<Int8>) -> Self {
        Self { kind: self.kind, net, n_classes: self.n_classes, scale: self.scale, int8 }
    }

    /// What stands for its weights, where they were rounded to eight bits.
    pub fn int8(&self) -> Option<&Int8> {
        self.int8.as_ref()
    }

    /// How a file holds its weights.
    pub fn storage(&self) -> Storage {
        Storage::of(&self.net, self.int8.as_ref())
    }

    /// What answers that are numbers are put back with.
    pub fn scale(&self) -> Option<Scale> {
        (self.n_classes == 0).then_some(self.scale)
    }

    /// What the last layer's sums become: a share of each class, or the number itself.
    pub fn output_activation(&self) -> &'static str {
        match self.n_classes {
            0 => "identity",
            1 | 2 => "logistic",
            _ => "softmax",
        }
    }

    /// Reads [`Fitted::state`] of a net of that kind back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(kind: &'static str, state: &State) -> Result<Self, Error> {
        let (state, int8) = unpack(state)?;
        let sizes: Vec<usize> = state.u32("sizes")?.iter().map(|size| *size as usize).collect();
        let &[n_classes, has_norm] = state.u32("classes_and_norm")? else {
            return Err(malformed("classes_and_norm is two numbers"));
        };
        let &[mean, deviation] = state.f64("target_scale")? else {
            return Err(malformed("target_scale is two numbers"));
        };
        if !mean.is_finite() || !(0.0..=f64::MAX).contains(&deviation) {
            return Err(malformed("target_scale is no scale"));
        }
        let activation = match state.0.get("activation") {
            Some(Array::Text(words)) if words.len() == 1 => Activation::read(&words[0].as_str().into()),
            _ => None,
        };
        let activation = activation.ok_or_else(|| malformed("the activation is none"))?;
        if sizes.len() < 2 || sizes.contains(&0) || has_norm > 1 {
            return Err(malformed("the layers have no sizes"));
        }
        let norms = if has_norm == 1 { state.f32("norms")? } else { &[] };
        let (weights, biases) = (state.f32("weights")?, state.f32("biases")?);
        let [weights, biases, mut norms] = [weights, biases, norms].map(Taking);
        let mut layers = Vec::with_capacity(sizes.len() - 1);
        let (mut weights, mut biases) = (weights, biases);
        for (idx, pair) in sizes.windows(2).enumerate() {
            let (n_inputs, n_outputs) = (pair[0], pair[1]);
            let n_weights = n_inputs.checked_mul(n_outputs).ok_or_else(|| malformed("a layer is too large"))?;
            let (weights, biases) = (weights.take(n_weights)?, biases.take(n_outputs)?);
            let norm = match has_norm == 1 && idx + 2 < sizes.len() {
                false => None,
                true => {
                    let mut next = || norms.take(n_outputs);
                    Some(Norm { gamma: next()?, beta: next()?, mean: next()?, variance: next()? })
                }
            };
            if norm.as_ref().is_some_and(|norm| norm.variance.iter().any(|variance| *variance < 0.0)) {
                return Err(malformed("a variance is below 0"));
            }
            layers.push(Layer { n_inputs, n_outputs, weights, biases, norm });
        }
        if [weights, biases, norms].iter().any(|rest| !rest.0.is_empty()) {
            return Err(malformed("there are more weights than the layers have"));
        }
        let front = match state.0.contains_key("front") {
            false => None,
            true => {
                let plan = FrontPlan::read(state.u32("front")?).ok_or_else(|| malformed("the front has no sizes"))?;
                if plan.n_features() != sizes[0] {
                    return Err(malformed("the front does not fit the layers"));
                }
                let mut numbers = Taking(state.f32("front_numbers")?);
                let numbers = numbers.take(numbers.0.len())?;
                Some(Front::from_flat(plan, &numbers).ok_or_else(|| malformed("the front's numbers do not fit it"))?)
            }
        };
        let (mut net, n_classes) = (Net { front, layers, activation }, n_classes as usize);
        if int8.as_ref().is_some_and(|int8| !int8.write_to(&mut net)) {
            return Err(malformed("the scales do not fit the layers"));
        }
        if net.n_outputs() != if n_classes > 2 { n_classes } else { 1 } {
            return Err(malformed(format!("{n_classes} classes do not fit {} outputs", net.n_outputs())));
        }
        Ok(Self { kind, net, n_classes, scale: Scale { mean, deviation }, int8 })
    }
}

/// Numbers taken off the front.
#[derive(Clone, Copy)]
struct Taking<'a>(&'a [f32]);

impl Taking<'_> {
    fn take(&mut self, n: usize) -> Result<Vec<f32>, Error> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or_else(|| malformed("there are too few weights"))?;
        self.0 = rest;
        match taken.iter().all(|x| x.is_finite()) {
            true => Ok(taken.to_vec()),
            false => Err(malformed("a weight is no number")),
        }
    }
}

impl Fitted for FittedNet {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn n_features(&self) -> usize {
        self.net.n_inputs()
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let probabilities = match self.n_classes {
            0 => {
                let scores = self.net.scores(x);
                return Answers::Values(scores.into_iter().map(|score| self.scale.raw(score)).collect());
            }
            1 => vec![1.0; x.n_rows()],
            2 => self.net.scores(x).into_iter().flat_map(|score| [sigmoid(-score), sigmoid(score)]).collect(),
            n_classes => softmax_rows(self.net.scores(x), n_classes),
        };
        Answers::Classes { probabilities, n_classes: self.n_classes }
    }

    fn cost_per_row(&self) -> usize {
        self.net.multiply_adds()
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Net(self)
    }

    fn state(&self) -> State {
        let layers = &self.net.layers;
        let mut sizes = vec![layers[0].n_inputs as u32];
        sizes.extend(layers.iter().map(|layer| layer.n_outputs as u32));
        let norms: Vec<f32> = layers
            .iter()
            .filter_map(|layer| layer.norm.as_ref())
            .flat_map(|norm| [&norm.gamma, &norm.beta, &norm.mean, &norm.variance])
            .flatten()
            .copied()
            .collect();
        let has_norm = !norms.is_empty();
        let mut state = State::default()
            .with_u32("sizes", sizes)
            .with_u32("classes_and_norm", vec![self.n_classes as u32, u32::from(has_norm)])
            .with_f64("target_scale", vec![self.scale.mean, self.scale.deviation])
            .with_f32("weights", layers.iter().flat_map(|layer| layer.weights.clone()).collect())
            .with_f32("biases", layers.iter().flat_map(|layer| layer.biases.clone()).collect());
        state.0.insert("activation".to_owned(), Array::Text(vec![self.net.activation.word().to_owned()]));
        if has_norm {
            state = state.with_f32("norms", norms);
        }
        if let Some(front) = &self.net.front {
            state = state.with_u32("front", front.plan.words()).with_f32("front_numbers", front.flat());
        }
        pack(state, &self.net, self.int8.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(n_classes: usize) -> FittedNet {
        let layer = Layer { n_inputs: 1, n_outputs: 1, weights: vec![2.0], biases: vec![-2.0], norm: None };
        let net = Net { front: None, layers: vec![layer], activation: Activation::Relu };
        FittedNet { kind: "mlp", net, n_classes, scale: Scale { mean: 10.0, deviation: 3.0 }, int8: None }
    }

    #[test]
    fn numbers_are_put_back_into_their_unit() {
        let x = Matrix::from_columns(vec![vec![1.0, 2.0]]);
        assert_eq!(fitted(0).predict(&x), Answers::Values(vec![10.0, 16.0]));
    }

    #[test]
    fn what_is_saved_is_loaded_bit_for_bit_and_checked() {
        for n_classes in [0, 1, 2] {
            let mut saved = fitted(n_classes);
            assert_eq!(FittedNet::load("mlp", &saved.state()).unwrap(), saved);
            let hidden = Layer { n_inputs: 3, n_outputs: 1, weights: vec![0.1; 3], biases: vec![-0.0], norm: None };
            let hidden = Layer { norm: Some(Norm::identity(1)), ..hidden };
            saved.net.layers.insert(0, hidden);
            let again = FittedNet::load("mlp", &saved.state()).unwrap();
            assert_eq!((again.state(), again.n_features()), (saved.state(), 3));
            saved.net.layers[0].norm = Some(Norm { variance: vec![-1.0], ..Norm::identity(1) });
            assert!(FittedNet::load("mlp", &saved.state()).is_err());
        }
        assert!(FittedNet::load("mlp", &fitted(3).state()).is_err(), "three classes are no single output");
    }

    #[test]
    fn two_classes_are_odds() {
        let x = Matrix::from_columns(vec![vec![1.0 + 3f64.ln() / 2.0]]);
        let Answers::Classes { probabilities, .. } = fitted(2).predict(&x) else { panic!("it answers classes") };
        assert!((probabilities[1] - 0.75).abs() < 1e-15, "{probabilities:?}");
    }

    #[test]
    fn a_scale_is_the_mean_and_the_deviation_of_any_numbers() {
        assert_eq!(Scale::of(&Target::Values(vec![1.0, 3.0]), None), Scale { mean: 2.0, deviation: 1.0 });
        assert_eq!(Scale::of(&Target::Values(vec![42.5; 3]), None), Scale { mean: 42.5, deviation: 0.0 });
        let scale = Scale::of(&Target::Values(vec![-1.5e308, 1.5e308]), None);
        assert_eq!(scale.standardised(Target::Values(vec![-1.5e308, 1.5e308])), Target::Values(vec![-1.0, 1.0]));
    }
}
