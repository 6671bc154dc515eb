//! How gradients become steps. The constants are PyTorch's, and where nothing else is said scikit-learn's too.

use burn::tensor::Tensor;

use super::layers::{Layers, taken};
use super::pace::{NUMBER, Pace};
use super::{NetConfig, NetSolver};
use crate::train::device::{Ops, Rule, Stride};

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

/// The gradients of a batch: the front's, and those of each layer.
pub(super) type Gradients<'a> = (&'a [Tensor<2>], &'a [Vec<Tensor<2>>]);

fn all<'a>((front, layers): Gradients<'a>) -> impl Iterator<Item = &'a Tensor<2>> {
    front.iter().chain(layers.iter().flatten())
}

/// What an optimiser remembers.
#[derive(Clone, Default)]
pub(super) struct Optimizer {
    pub(super) n_steps: i32,
    /// Of each tensor, the front's first.
    memories: Vec<Memory>,
}

/// A sum of gradients that forgets, and one of their squares.
#[derive(Clone, Default)]
pub(in crate::train) struct Memory {
    first: Option<Tensor<2>>,
    second: Option<Tensor<2>>,
}

impl Optimizer {
    pub(super) fn new(layers: &Layers) -> Self {
        let front = layers.front.as_ref().map_or(0, |front| front.learned.len());
        let n_tensors = front + layers.each.iter().map(|layer| layer.learned.len()).sum::<usize>();
        Self { n_steps: 0, memories: vec![Memory::default(); n_tensors] }
    }

    /// All numbers that it remembers.
    pub(super) fn n_numbers(&self) -> usize {
        self.memories().iter().flatten().map(|tensor| tensor.shape().num_elements()).sum()
    }

    /// What it remembers: the first and the second of each memory, as far as there are any.
    pub(super) fn memories(&self) -> [Vec<&Tensor<2>>; 2] {
        let first = self.memories.iter().filter_map(|memory| memory.first.as_ref());
        [first.collect(), self.memories.iter().filter_map(|memory| memory.second.as_ref()).collect()]
    }

    /// The optimiser of such layers after so many steps, with the numbers of what it remembers then; none where these do
    /// not fit.
    pub(super) fn with_memories(&self, layers: &Layers, n_steps: i32, numbers: [&[f32]; 2]) -> Option<Self> {
        let front = layers.front.iter().flat_map(|front| &front.learned);
        let learned = front.chain(layers.each.iter().flat_map(|layer| &layer.learned));
        let on = layers.each[0].learned[0].device();
        let shapes: Vec<[usize; 2]> = learned.map(|tensor| tensor.dims()).collect();
        let mut optimizer = Self { n_steps, memories: vec![Memory::default(); shapes.len()] };
        for (which, mut numbers) in numbers.into_iter().enumerate() {
            // Not every solver remembers both.
            if numbers.is_empty() {
                continue;
            }
            for (memory, shape) in optimizer.memories.iter_mut().zip(&shapes) {
                let tensor = taken(&mut numbers, *shape, &on)?;
                *(if which == 0 { &mut memory.first } else { &mut memory.second }) = Some(tensor);
            }
            if !numbers.is_empty() {
                return None;
            }
        }
        Some(optimizer)
    }

    /// Takes one step down the gradients.
    pub(super) async fn step(
        &mut self,
        layers: &mut Layers,
        gradients: Gradients<'_>,
        config: &NetConfig,
        rate: f64,
        pace: &Pace,
    ) {
        self.n_steps = self.n_steps.saturating_add(1);
        let ops = layers.ops;
        let mut tensors: Vec<(&mut Tensor<2>, bool)> = Vec::new();
        if let Some(front) = &mut layers.front {
            let is_weight = front.is_weight();
            tensors.extend(front.learned.iter_mut().zip(is_weight));
        }
        for layer in &mut layers.each {
            tensors.extend(layer.learned.iter_mut().enumerate().map(|(idx, tensor)| (tensor, idx == 0)));
        }
        let clip = (config.clip_norm > 0.0).then(|| clip_factor(gradients, config.clip_norm));
        let clipped = |gradient: Tensor<2>| match &clip {
            Some(factor) => gradient * factor.clone(),
            None => gradient,
        };
        let gradients = all(gradients).cloned().map(clipped);
        for (((tensor, is_weight), gradient), memory) in tensors.into_iter().zip(gradients).zip(&mut self.memories) {
            let shrink = if is_weight && config.solver == NetSolver::AdamW { 1.0 - rate * config.l2 } else { 1.0 };
            let stride = stride(config, rate, shrink, self.n_steps);
            memory.step(ops, tensor, gradient, stride, rate, pace).await;
        }
    }
}

/// What shortens the whole gradient to a length, if it is longer; it stays on the device.
fn clip_factor(gradients: Gradients<'_>, longest: f64) -> Tensor<2> {
    let squares =
        all(gradients).map(|gradient| (gradient.clone() * gradient.clone()).sum()).reduce(|sum, more| sum + more);
    let length = squares.expect("a net has weights").sqrt();
    ((length + CLIP_EPSILON).recip() * longest).clamp_max(1.0).reshape([1, 1])
}

impl Memory {
    /// Takes a step with one tensor, and remembers.
    pub(in crate::train) async fn step(
        &mut self,
        ops: Ops,
        tensor: &mut Tensor<2>,
        gradient: Tensor<2>,
        stride: Option<Stride>,
        rate: f64,
        pace: &Pace,
    ) {
        let cost = 2 * NUMBER * gradient.shape().num_elements();
        let Some(stride) = stride else {
            *tensor = tensor.clone() - gradient * rate;
            pace.did(cost).await;
            return;
        };
        if let Some(made) = ops.optimizer_step(tensor, &gradient, [self.first.as_ref(), self.second.as_ref()], stride) {
            let [weights, first, second] = made;
            *tensor = weights;
            (self.first, self.second) = (Some(first), Some(second));
            return;
        }
        if stride.shrink != 1.0 {
            *tensor = tensor.clone() * stride.shrink;
        }
        let down = self.down(gradient, stride, cost, pace).await;
        *tensor = tensor.clone() - down;
        pace.did(cost).await;
    }

    /// What the weights go down by; `cost` is that of an operation on all of them.
    async fn down(&mut self, gradient: Tensor<2>, stride: Stride, cost: usize, pace: &Pace) -> Tensor<2> {
        let Stride { rule, keep, factor, floor, .. } = stride;
        match rule {
            Rule::Momentum => {
                let velocity = forgetting(self.first.take(), gradient, keep[0]);
                self.first = Some(velocity.clone());
                velocity * factor
            }
            Rule::Adam => {
                let first = forgetting(self.first.take(), gradient.clone(), keep[0]);
                pace.did(cost).await;
                let square = gradient.clone() * gradient;
                pace.did(cost).await;
                let second = forgetting(self.second.take(), square, keep[1]);
                pace.did(cost).await;
                (self.first, self.second) = (Some(first.clone()), Some(second.clone()));
                let size = second.sqrt() + floor;
                pace.did(cost).await;
                first * factor / size
            }
            Rule::RmsProp => {
                let second = forgetting(self.second.take(), gradient.clone() * gradient.clone(), keep[1]);
                pace.did(cost).await;
                self.second = Some(second.clone());
                gradient * factor / (second.sqrt() + floor)
            }
        }
    }
}

/// What the step of this number is made with, the weights being multiplied with `shrink` before; nothing where it is the
/// gradient alone.
fn stride(config: &NetConfig, rate: f64, shrink: f64, n_steps: i32) -> Option<Stride> {
    match config.solver {
        NetSolver::Sgd if config.momentum == 0.0 => None,
        NetSolver::Sgd => Some(Stride { shrink, ..momentum(rate, config.momentum) }),
        NetSolver::Adam | NetSolver::AdamW => Some(Stride { shrink, ..adam(rate, n_steps) }),
        NetSolver::RmsProp => {
            let root = libm::sqrt(1.0 - ALPHA);
            let (factor, floor) = (rate / root, EPSILON / root);
            Some(Stride { rule: Rule::RmsProp, keep: [0.0, ALPHA], factor, floor, shrink })
        }
    }
}

/// Adam's step of this number, from 1.
pub(in crate::train) fn adam(rate: f64, n_steps: i32) -> Stride {
    // What makes of such a sum a mean that does not start at 0.
    let [mean_1, mean_2] = [BETA_1, BETA_2].map(|beta| (1.0 - beta) / (1.0 - libm::pow(beta, f64::from(n_steps))));
    let root = libm::sqrt(mean_2);
    let (factor, floor) = (rate * mean_1 / root, EPSILON / root);
    Stride { rule: Rule::Adam, keep: [BETA_1, BETA_2], factor, floor, shrink: 1.0 }
}

/// A step with so much momentum.
pub(in crate::train) fn momentum(rate: f64, keep: f64) -> Stride {
    Stride { rule: Rule::Momentum, keep: [keep, 0.0], factor: rate, floor: 0.0, shrink: 1.0 }
}

/// A sum of which each step keeps so much: times `1 - keep` it is the mean that forgets, and that factor is cheaper on one
/// number than on a tensor.
fn forgetting(before: Option<Tensor<2>>, new: Tensor<2>, keep: f64) -> Tensor<2> {
    match before {
        Some(before) => before * keep + new,
        None => new,
    }
}
