//! What a net draws: its first weights, the order of the rows, and what dropout leaves out.

use super::front::Front;
use super::{Activation, Layer, Net, NetConfig, Norm};
use crate::random::Seed;

impl Net {
    /// A net before it has learned anything: weights even between ± a bound that keeps the sizes of what passes through,
    /// intercepts 0.
    ///
    /// ```text
    /// relu, gelu                √(6 / inputs)               He et al. 2015, https://arxiv.org/abs/1502.01852
    /// others, and the outputs   √(6 / (inputs + outputs))   Glorot and Bengio 2010
    /// ```
    pub fn initial(config: &NetConfig, n_inputs: usize, n_outputs: usize, seed: Seed) -> Self {
        let mut rng = seed.derive("weights").rng();
        let front = config.front.clone().map(|plan| Front::initial(plan, &mut seed.derive("front").rng()));
        let mut sizes = vec![front.as_ref().map_or(n_inputs, Front::n_features)];
        sizes.extend(&config.hidden);
        sizes.push(n_outputs);
        let n_hidden = config.hidden.len();
        let layers = sizes.windows(2).enumerate().map(|(idx, pair)| {
            let (n_in, n_out) = (pair[0], pair[1]);
            let is_bent = idx < n_hidden && matches!(config.activation, Activation::Relu | Activation::Gelu);
            let fan = if is_bent { n_in } else { n_in + n_out };
            let bound = libm::sqrt(6.0 / fan as f64);
            let weights = (0..n_in * n_out).map(|_| ((rng.uniform() * 2.0 - 1.0) * bound) as f32).collect();
            let norm = (config.batch_norm && idx < n_hidden).then(|| Norm::identity(n_out));
            Layer { n_inputs: n_in, n_outputs: n_out, weights, biases: vec![0.0; n_out], norm }
        });
        Self { front, layers: layers.collect(), activation: config.activation }
    }
}

/// The order in which an epoch sees the rows; each epoch's follows from its number alone, so that going back to one
/// takes nothing but that.
#[cfg(feature = "tensors")]
pub(super) fn order(seed: Seed, epoch: usize, n_rows: usize) -> Vec<i32> {
    let mut order: Vec<i32> = (0..n_rows as i32).collect();
    at(seed.derive("batches"), epoch).rng().shuffle(&mut order);
    order
}

/// What a hidden layer's activations are multiplied with: 0 for what is left out, and for the rest what makes up for it.
#[cfg(feature = "tensors")]
pub(super) fn dropout_mask(rng: &mut crate::random::Rng, share: f64, n: usize) -> Vec<f32> {
    let kept = (1.0 / (1.0 - share)) as f32;
    (0..n).map(|_| if rng.uniform() < share { 0.0 } else { kept }).collect()
}

/// The sub-seed of something numbered.
#[cfg(feature = "tensors")]
pub(super) fn at(seed: Seed, number: usize) -> Seed {
    Seed(seed.0.wrapping_add(number as u64)).derive("number")
}
