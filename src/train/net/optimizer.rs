//! How gradients become steps. The constants are PyTorch's, and where nothing else is said scikit-learn's too.

use burn::tensor::Tensor;

use super::backward::Pass;
use super::layers::Layers;
use super::{NetConfig, NetSolver};

/// How slowly the mean of Adam's gradients forgets.
const BETA_1: f64 = 0.9;
/// How slowly the mean of their squares forgets.
const BETA_2: f64 = 0.999;
/// How slowly RMSprop's mean of squares forgets.
const ALPHA: f64 = 0.99;
/// What keeps a pace finite.
const EPSILON: f64 = 1e-8;

/// What keeps a clipped gradient's length above 0.
const CLIP_EPSILON: f64 = 1e-6;

/// What an optimiser remembers.
#[derive(Clone)]
pub(super) struct Optimizer {
    n_steps: i32,
    /// Of each of the front's tensors.
    front: Vec<Memory>,
    /// Of each layer, of each of its tensors.
    memories: Vec<Vec<Memory>>,
}

/// Of one tensor: a mean of gradients (or the last step), and a mean of their squares.
#[derive(Clone, Default)]
struct Memory {
    first: Option<Tensor<2>>,
    second: Option<Tensor<2>>,
}

impl Optimizer {
    pub(super) fn new(layers: &Layers) -> Self {
        let of = |n: usize| vec![Memory::default(); n];
        let front = of(layers.front.as_ref().map_or(0, |front| front.learned.len()));
        Self { n_steps: 0, front, memories: layers.each.iter().map(|layer| of(layer.learned.len())).collect() }
    }

    /// Takes one step down the gradients.
    pub(super) fn step(&mut self, layers: &mut Layers, pass: &Pass, config: &NetConfig, rate: f64) {
        self.n_steps = self.n_steps.saturating_add(1);
        let n_steps = self.n_steps;
        let clip = (config.clip_norm > 0.0).then(|| clip_factor(pass, config.clip_norm));
        let one = |tensor: &mut Tensor<2>, gradient: &Tensor<2>, memory: &mut Memory, is_weight: bool| {
            if is_weight && config.solver == NetSolver::AdamW && config.l2 > 0.0 {
                *tensor = tensor.clone() * (1.0 - rate * config.l2);
            }
            let gradient = match &clip {
                Some(factor) => gradient.clone() * factor.clone(),
                None => gradient.clone(),
            };
            let step = memory.step(gradient, config, rate, n_steps);
            *tensor = tensor.clone() - step;
        };
        if let Some(front) = &mut layers.front {
            let is_weight = front.is_weight();
            for (idx, (tensor, gradient)) in front.learned.iter_mut().zip(&pass.front).enumerate() {
                one(tensor, gradient, &mut self.front[idx], is_weight[idx]);
            }
        }
        for ((layer, gradients), memories) in layers.each.iter_mut().zip(&pass.gradients).zip(&mut self.memories) {
            for (idx, (tensor, gradient)) in layer.learned.iter_mut().zip(gradients).enumerate() {
                one(tensor, gradient, &mut memories[idx], idx == 0);
            }
        }
    }
}

/// What shortens the whole gradient to a length, if it is longer; it stays on the device.
fn clip_factor(pass: &Pass, longest: f64) -> Tensor<2> {
    let all = pass.front.iter().chain(pass.gradients.iter().flatten());
    let squares = all.map(|gradient| (gradient.clone() * gradient.clone()).sum()).reduce(|sum, more| sum + more);
    let length = squares.expect("a net has weights").sqrt();
    ((length + CLIP_EPSILON).recip() * longest).clamp_max(1.0).reshape([1, 1])
}

impl Memory {
    fn step(&mut self, gradient: Tensor<2>, config: &NetConfig, rate: f64, n_steps: i32) -> Tensor<2> {
        match config.solver {
            NetSolver::Sgd if config.momentum == 0.0 => gradient * rate,
            NetSolver::Sgd => {
                let velocity = match self.first.take() {
                    Some(velocity) => velocity * config.momentum + gradient,
                    None => gradient,
                };
                self.first = Some(velocity.clone());
                velocity * rate
            }
            NetSolver::Adam | NetSolver::AdamW => {
                let first = mean(self.first.take(), gradient.clone(), BETA_1);
                let second = mean(self.second.take(), gradient.clone() * gradient, BETA_2);
                (self.first, self.second) = (Some(first.clone()), Some(second.clone()));
                let [whole_1, whole_2] = [BETA_1, BETA_2].map(|beta| 1.0 - libm::pow(beta, f64::from(n_steps)));
                first * (rate / whole_1) / (second.sqrt() * (1.0 / libm::sqrt(whole_2)) + EPSILON)
            }
            NetSolver::RmsProp => {
                let second = mean(self.second.take(), gradient.clone() * gradient.clone(), ALPHA);
                self.second = Some(second.clone());
                gradient * rate / (second.sqrt() + EPSILON)
            }
        }
    }
}

/// A mean that forgets, starting at 0.
fn mean(before: Option<Tensor<2>>, new: Tensor<2>, keep: f64) -> Tensor<2> {
    match before {
        Some(before) => before * keep + new * (1.0 - keep),
        None => new * (1.0 - keep),
    }
}
