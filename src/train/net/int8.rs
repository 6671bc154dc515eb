//! A net's weights as whole numbers of eight bits: a quarter of the bytes, and a little of the exactness.
//!
//! ```text
//! scale  = max |weight| / 127, over the weights that share it, rounded to f32
//! code   = weight / scale, rounded half to even                      from −127 to 127
//! weight ≈ code · scale, rounded to f32                              at most scale / 2 away
//! ```
//! Symmetric: 0 stays 0. Of weights alone: intercepts, norms and what a net passes on from layer to layer stay f32, and
//! answers are the f64 sums over the weights above that any net's are. Weights that are all below 1.5e-36 become 0.
//!
//! Reference: Dettmers and Zettlemoyer 2023, <https://arxiv.org/abs/2212.09720>, for weights in blocks.

use super::Net;

/// How many inputs of a unit share a scale, in blocks.
pub const BLOCK_LEN: usize = 32;

/// The largest code.
const LARGEST: f64 = 127.0;

crate::choice! {
    /// Which weights share a scale.
    pub enum Grouping {
        /// All of a layer.
        PerTensor = "per_tensor",
        /// Those of one output.
        PerChannel = "per_channel",
        /// Those of one output for 32 inputs that follow each other; the last block may be shorter.
        PerBlock = "per_block",
    }
}

impl Grouping {
    /// How many scales a list of weights has.
    pub fn n_scales(self, [n_inputs, n_outputs]: [usize; 2]) -> usize {
        match self {
            Self::PerTensor => 1,
            Self::PerChannel => n_outputs,
            Self::PerBlock => n_inputs.div_ceil(BLOCK_LEN).saturating_mul(n_outputs),
        }
    }

    /// Which of them a weight has, `at` being its place in a row-major list.
    fn scale_idx(self, n_outputs: usize, at: usize) -> usize {
        match self {
            Self::PerTensor => 0,
            Self::PerChannel => at % n_outputs,
            Self::PerBlock => at / n_outputs / BLOCK_LEN * n_outputs + at % n_outputs,
        }
    }
}

/// A net's weights as codes and scales, list after list as in [`Net::weights`].
#[derive(Clone, Debug, PartialEq)]
pub struct Int8 {
    /// Which weights share a scale.
    pub grouping: Grouping,
    /// One per weight, from −127 to 127.
    pub codes: Vec<i8>,
    /// Of each list as many as its grouping says, block after block, and in a block output after output. Finite, not
    /// negative.
    pub scales: Vec<f32>,
}

impl Int8 {
    /// Rounds a net's weights. `O(weights)`.
    ///
    /// ```
    /// use vitrine::train::net::{Activation, Grouping, Int8, Layer, Net};
    /// let layer = Layer { n_inputs: 2, n_outputs: 2, weights: vec![127.0, 0.5, 2.5, -1.0], biases: vec![0.0; 2], norm: None };
    /// let mut net = Net { front: None, layers: vec![layer], activation: Activation::Relu };
    /// let int8 = Int8::of(&net, Grouping::PerTensor);
    /// assert_eq!((int8.codes.as_slice(), int8.scales.as_slice()), (&[127, 0, 2, -1][..], &[1.0][..]));
    /// assert!(int8.write_to(&mut net));
    /// assert_eq!(net.layers[0].weights, [127.0, 0.0, 2.0, -1.0]);
    /// ```
    pub fn of(net: &Net, grouping: Grouping) -> Self {
        let mut int8 = Self { grouping, codes: Vec::new(), scales: Vec::new() };
        for (shape, weights) in net.weights() {
            let n_outputs = shape[1];
            let mut scales = vec![0f32; grouping.n_scales(shape)];
            for (at, weight) in weights.iter().enumerate() {
                let largest = &mut scales[grouping.scale_idx(n_outputs, at)];
                *largest = largest.max(weight.abs());
            }
            // A scale with fewer digits than others have could not tell the codes apart.
            let scale = |largest: &f32| Some(largest / LARGEST as f32).filter(|scale| scale.is_normal()).unwrap_or(0.0);
            let scales: Vec<f32> = scales.iter().map(scale).collect();
            int8.codes.extend(weights.iter().enumerate().map(|(at, weight)| {
                match f64::from(scales[grouping.scale_idx(n_outputs, at)]) {
                    0.0 => 0,
                    scale => (f64::from(*weight) / scale).round_ties_even().clamp(-LARGEST, LARGEST) as i8,
                }
            }));
            int8.scales.extend(scales);
        }
        int8
    }

    /// Puts the weights that codes and scales stand for into a net of the same shape; false where there are more or fewer
    /// than it has.
    pub fn write_to(&self, net: &mut Net) -> bool {
        let shapes: Vec<[usize; 2]> = net.weights().iter().map(|(shape, _)| *shape).collect();
        let (mut codes, mut scales) = (self.codes.as_slice(), self.scales.as_slice());
        for (weights, shape) in net.weights_mut().into_iter().zip(shapes) {
            let n_scales = self.grouping.n_scales(shape);
            let Some((own_codes, other_codes)) = codes.split_at_checked(weights.len()) else { return false };
            let Some((own_scales, other_scales)) = scales.split_at_checked(n_scales) else { return false };
            (codes, scales) = (other_codes, other_scales);
            for (at, (weight, code)) in weights.iter_mut().zip(own_codes).enumerate() {
                let scale = own_scales[self.grouping.scale_idx(shape[1], at)];
                *weight = ((f64::from(*code) * f64::from(scale)) as f32).clamp(-f32::MAX, f32::MAX);
            }
        }
        codes.is_empty() && scales.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::net::{Activation, Layer};

    fn net(n_inputs: usize, n_outputs: usize, weights: Vec<f32>) -> Net {
        let layer = Layer { n_inputs, n_outputs, weights, biases: vec![0.0; n_outputs], norm: None };
        Net { front: None, layers: vec![layer], activation: Activation::Relu }
    }

    #[test]
    fn each_group_has_its_own_scale() {
        // Two outputs, 33 inputs: two blocks of each output.
        let mut weights = vec![1.27f32; 66];
        weights[1] = 127.0;
        (weights[64], weights[65]) = (12.7, -1270.0);
        let net = net(33, 2, weights);
        let scales = |grouping| Int8::of(&net, grouping).scales;
        assert_eq!(scales(Grouping::PerTensor), [10.0]);
        assert_eq!(scales(Grouping::PerChannel), [12.7 / 127.0, 10.0]);
        assert_eq!(scales(Grouping::PerBlock), [1.27 / 127.0, 1.0, 12.7 / 127.0, 10.0]);
        let codes = Int8::of(&net, Grouping::PerBlock).codes;
        assert_eq!((codes[0], codes[1], codes[3], codes[64], codes[65]), (127, 127, 1, 127, -127));
    }

    #[test]
    fn extreme_weights_stay_numbers() {
        for weights in [vec![f32::MAX, -f32::MAX], vec![1e-45, -1e-40], vec![0.0, -0.0], vec![f32::MIN_POSITIVE, 1.0]] {
            let mut net = net(1, 2, weights.clone());
            let int8 = Int8::of(&net, Grouping::PerTensor);
            assert!(int8.write_to(&mut net));
            let scale = int8.scales[0];
            for (before, after) in weights.iter().zip(&net.layers[0].weights) {
                assert!(after.is_finite() && (before - after).abs() <= (scale / 2.0).max(1.5e-36), "{weights:?}");
            }
        }
    }

    #[test]
    fn codes_of_another_net_are_refused() {
        let int8 = Int8::of(&net(2, 2, vec![1.0; 4]), Grouping::PerChannel);
        assert!(!int8.write_to(&mut net(2, 1, vec![0.0; 2])));
        assert!(!int8.write_to(&mut net(3, 2, vec![0.0; 6])));
        assert!(!int8.write_to(&mut net(1, 2, vec![0.0; 2])));
    }
}
