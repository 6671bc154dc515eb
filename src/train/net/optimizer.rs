//! How gradients become steps. The constants are PyTorch's, and where nothing else is said scikit-learn's too.

use burn::tensor::Tensor;

use super::backward::Pass;
use super::layers::Layers;
use super::pace::{NUMBER, Pace};
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

/// Up to so many numbers, a GPU takes about as long to be told of a kernel (0.1 ms in a browser) as to run it.
const NUMBERS_TOGETHER: usize = 1 << 20;

/// What an optimiser remembers.
#[derive(Clone, Default)]
pub(super) struct Optimizer {
    n_steps: i32,
    /// Of each tensor, the front's first; or one of all of them in a row.
    memories: Vec<Memory>,
    is_together: bool,
}

/// A sum of gradients that forgets, and one of their squares.
#[derive(Clone, Default)]
struct Memory {
    first: Option<Tensor<2>>,
    second: Option<Tensor<2>>,
}

impl Optimizer {
    pub(super) fn new(layers: &Layers, is_gpu: bool) -> Self {
        let is_together = is_gpu && layers.n_learned() <= NUMBERS_TOGETHER;
        let front = layers.front.as_ref().map_or(0, |front| front.learned.len());
        let n_tensors = front + layers.each.iter().map(|layer| layer.learned.len()).sum::<usize>();
        Self { n_steps: 0, memories: vec![Memory::default(); if is_together { 1 } else { n_tensors }], is_together }
    }

    /// Takes one step down the gradients.
    pub(super) async fn step(&mut self, layers: &mut Layers, pass: &Pass, config: &NetConfig, rate: f64, pace: &Pace) {
        self.n_steps = self.n_steps.saturating_add(1);
        let mut tensors: Vec<(&mut Tensor<2>, bool)> = Vec::new();
        if let Some(front) = &mut layers.front {
            let is_weight = front.is_weight();
            tensors.extend(front.learned.iter_mut().zip(is_weight));
        }
        for layer in &mut layers.each {
            tensors.extend(layer.learned.iter_mut().enumerate().map(|(idx, tensor)| (tensor, idx == 0)));
        }
        let clip = (config.clip_norm > 0.0).then(|| clip_factor(pass, config.clip_norm));
        let clipped = |gradient: Tensor<2>| match &clip {
            Some(factor) => gradient * factor.clone(),
            None => gradient,
        };
        let gradients = pass.front.iter().chain(pass.gradients.iter().flatten()).cloned();
        let steps = if self.is_together {
            let shapes: Vec<[usize; 2]> = tensors.iter().map(|(tensor, _)| tensor.dims()).collect();
            let step = self.memories[0].step(clipped(in_a_row(gradients)), config, rate, self.n_steps, pace).await;
            apart(&step, &shapes)
        } else {
            let mut steps = Vec::with_capacity(tensors.len());
            for (gradient, memory) in gradients.zip(&mut self.memories) {
                steps.push(memory.step(clipped(gradient), config, rate, self.n_steps, pace).await);
            }
            steps
        };
        for ((tensor, is_weight), step) in tensors.into_iter().zip(steps) {
            if is_weight && config.solver == NetSolver::AdamW && config.l2 > 0.0 {
                *tensor = tensor.clone() * (1.0 - rate * config.l2);
            }
            let n_numbers = step.shape().num_elements();
            *tensor = tensor.clone() - step;
            pace.did(2 * NUMBER * n_numbers).await;
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

/// All numbers of some tensors as one row.
fn in_a_row(tensors: impl Iterator<Item = Tensor<2>>) -> Tensor<2> {
    let rows = tensors.map(|tensor| {
        let [n_rows, n_columns] = tensor.dims();
        tensor.reshape([1, n_rows * n_columns])
    });
    Tensor::cat(rows.collect(), 1)
}

/// The tensors of these shapes that a row was made from.
fn apart(row: &Tensor<2>, shapes: &[[usize; 2]]) -> Vec<Tensor<2>> {
    let mut end = 0;
    let each = shapes.iter().map(|&[n_rows, n_columns]| {
        let start = end;
        end += n_rows * n_columns;
        row.clone().slice([0..1, start..end]).reshape([n_rows, n_columns])
    });
    each.collect()
}

impl Memory {
    async fn step(
        &mut self,
        gradient: Tensor<2>,
        config: &NetConfig,
        rate: f64,
        n_steps: i32,
        pace: &Pace,
    ) -> Tensor<2> {
        let cost = 2 * NUMBER * gradient.shape().num_elements();
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
                let first = forgetting(self.first.take(), gradient.clone(), BETA_1);
                pace.did(cost).await;
                let square = gradient.clone() * gradient;
                pace.did(cost).await;
                let second = forgetting(self.second.take(), square, BETA_2);
                pace.did(cost).await;
                (self.first, self.second) = (Some(first.clone()), Some(second.clone()));
                // What makes of such a sum a mean that does not start at 0.
                let [mean_1, mean_2] =
                    [BETA_1, BETA_2].map(|beta| (1.0 - beta) / (1.0 - libm::pow(beta, f64::from(n_steps))));
                let root = libm::sqrt(mean_2);
                let size = second.sqrt() + EPSILON / root;
                pace.did(cost).await;
                first * (rate * mean_1 / root) / size
            }
            NetSolver::RmsProp => {
                let second = forgetting(self.second.take(), gradient.clone() * gradient.clone(), ALPHA);
                pace.did(cost).await;
                self.second = Some(second.clone());
                let root = libm::sqrt(1.0 - ALPHA);
                gradient * (rate / root) / (second.sqrt() + EPSILON / root)
            }
        }
    }
}

/// A sum of which each step keeps so much: times `1 - keep` it is the mean that forgets, and that factor is cheaper on one
/// number than on a tensor.
fn forgetting(before: Option<Tensor<2>>, new: Tensor<2>, keep: f64) -> Tensor<2> {
    match before {
        Some(before) => before * keep + new,
        None => new,
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::train::net::{Activation, Layer, Net, RateSchedule};
    use crate::train::{Device, block_on};

    fn config(solver: NetSolver) -> NetConfig {
        NetConfig {
            clip_norm: 0.0,
            front: None,
            hidden: vec![3],
            activation: Activation::Relu,
            solver,
            momentum: 0.9,
            l2: 0.1,
            l1: 0.0,
            dropout: 0.0,
            batch_norm: false,
            batch_size: 1,
            learning_rate: 0.1,
            schedule: RateSchedule::Constant,
            n_epochs: 1,
            shuffle: false,
            tol: 0.0,
            patience: 1,
            class_weights: Vec::new(),
        }
    }

    /// What three steps make of a net with layers of different shapes.
    async fn learned(solver: NetSolver, is_together: bool) -> Net {
        let device = Device::cpu();
        let layer = |n_inputs: usize, n_outputs: usize| {
            let numbers = |n: usize| (0..n).map(|at| at as f32 * 0.37 - 1.0).collect::<Vec<f32>>();
            Layer {
                n_inputs,
                n_outputs,
                weights: numbers(n_inputs * n_outputs),
                biases: numbers(n_outputs),
                norm: None,
            }
        };
        let net = Net { front: None, layers: vec![layer(2, 3), layer(3, 1)], activation: Activation::Relu };
        let mut layers = Layers::new(&net, device.tensors());
        let mut optimizer = Optimizer::new(&layers, is_together);
        for step in 1..4 {
            let slopes = |tensor: &Tensor<2>| tensor.clone().sin() * (f64::from(step) * 0.1);
            let gradients = layers.each.iter().map(|layer| layer.learned.iter().map(slopes).collect()).collect();
            let loss_sum = Tensor::from_data(TensorData::new(vec![0.0_f32], [1]), device.tensors());
            let pass = Pass { loss_sum, front: Vec::new(), front_running: Vec::new(), gradients, running: Vec::new() };
            optimizer.step(&mut layers, &pass, &config(solver), 0.1, &Pace::at_once()).await;
        }
        layers.read().await.expect("the CPU can be read")
    }

    #[test]
    fn tensors_in_a_row_learn_what_each_by_itself_learns() {
        for solver in [NetSolver::Sgd, NetSolver::Adam, NetSolver::AdamW, NetSolver::RmsProp] {
            let [each, together] = [false, true].map(|is_together| block_on(learned(solver, is_together)));
            assert_eq!(each, together, "{solver:?}");
        }
    }
}
