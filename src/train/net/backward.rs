//! A batch's loss and its gradients, forward and then backward through the layers.
//!
//! The backward pass is written out: of a small net's, two thirds would be what autodiff keeps in its books
//! (`benches/nets.rs`). What it says is held to PyTorch and to finite differences.

use burn::tensor::{Int, Tensor, activation};

use super::layers::{Layers, Part, activated};
use super::norm::Standardised;
use super::pace::Pace;
use super::{Activation, NetConfig, NetSolver};
use crate::train::gradient_descent::Labels;

/// Bending a sum costs about as much as so many multiply-adds.
pub(super) const BENDING: usize = 10;

/// What came of one batch.
pub(super) struct Pass {
    /// The losses of the rows, each as often as it counts, added up; penalties left out.
    pub(super) loss_sum: Tensor<1>,
    /// As `learned` of the front; penalties are in them.
    pub(super) front: Vec<Tensor<2>>,
    /// The front's running means and variances after the batch.
    pub(super) front_running: Vec<Tensor<2>>,
    /// As `learned` of each layer; penalties are in them.
    pub(super) gradients: Vec<Vec<Tensor<2>>>,
    /// The running mean and variance of each layer after the batch.
    pub(super) running: Vec<Option<[Tensor<2>; 2]>>,
}

/// What the way back needs of the way there.
struct Passed {
    /// What the layer read.
    given: Tensor<2>,
    /// How the sums were standardised.
    standardised: Option<Standardised>,
    /// What was activated.
    sums: Tensor<2>,
    /// What it was activated to.
    made: Tensor<2>,
}

impl Layers {
    /// Learns from a batch, but takes no step. `masks` are what dropout multiplies each hidden layer with, if it does.
    pub(super) async fn pass(&self, part: Part, config: &NetConfig, masks: &[Tensor<2>], pace: &Pace) -> Pass {
        let [n_rows, _] = part.x.dims();
        let last = self.each.len() - 1;
        let mut running = Vec::with_capacity(self.each.len());
        let mut passed = Vec::with_capacity(self.each.len());
        let mut x = part.x;
        let mut front_running = Vec::new();
        let mut to_front = None;
        if let Some(front) = &self.front {
            let forward = front.forward(x, pace).await;
            (x, front_running) = (forward.features, forward.running);
            to_front = Some((front, forward.backward));
        }
        for (idx, layer) in self.each.iter().enumerate() {
            let mut sums = pace.product(x.clone(), layer.learned[0].clone()).await + layer.learned[1].clone();
            let mut standardised = None;
            let mut after = None;
            if let Some(running) = &layer.running {
                let (made, kept, both) = Standardised::new(sums, &layer.learned, running, pace).await;
                (sums, standardised, after) = (made, Some(kept), Some(both));
            }
            running.push(after);
            let made = if idx < last { activated(sums.clone(), self.activation) } else { sums.clone() };
            let read = match masks.get(idx) {
                Some(mask) if idx < last => made.clone() * mask.clone(),
                _ => made.clone(),
            };
            passed.push(Passed { given: x, standardised, sums, made });
            x = read;
            pace.did(n_rows * layer.learned[0].dims()[1] * BENDING).await;
        }
        let (losses, mut slope) = losses_and_slope(part.y, part.weights, part.weight, x);
        let mut gradients = Vec::with_capacity(self.each.len());
        for (idx, (layer, passed)) in self.each.iter().zip(passed).enumerate().rev() {
            if idx < last {
                if let Some(mask) = masks.get(idx) {
                    slope = slope * mask.clone();
                }
                slope = slope_of(self.activation, passed.sums, passed.made, slope);
            }
            let mut norm = Vec::new();
            if let Some(standardised) = passed.standardised {
                let (before, learned) = standardised.backward(slope, layer.learned[2].clone(), pace).await;
                (slope, norm) = (before, learned.to_vec());
            }
            pace.did(n_rows * layer.learned[0].dims()[1] * BENDING).await;
            let weights = pace.product(passed.given.transpose(), slope.clone()).await;
            let mut layer_gradients = vec![penalised(weights, &layer.learned[0], config, n_rows)];
            layer_gradients.push(slope.clone().sum_dim(0));
            layer_gradients.extend(norm);
            gradients.push(layer_gradients);
            if idx > 0 || to_front.is_some() {
                slope = pace.product(slope, layer.learned[0].clone().transpose()).await;
            }
        }
        gradients.reverse();
        let mut front = Vec::new();
        if let Some((tensors, backward)) = to_front {
            let each = backward(slope).await.into_iter().zip(&tensors.learned).zip(tensors.is_weight());
            front.extend(each.map(|((gradient, weights), is_weight)| match is_weight {
                true => penalised(gradient, weights, config, n_rows),
                false => gradient,
            }));
        }
        Pass { loss_sum: total(losses), front, front_running, gradients, running }
    }
}

/// The losses of some rows, each as often as it counts, and the slope of their mean at each score.
fn losses_and_slope(y: Labels, weights: Option<Tensor<2>>, weight: f64, scores: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
    let (losses, slope) = match y {
        Labels::Values(y) => {
            let error = scores - y;
            (error.clone() * error.clone() * 0.5, error)
        }
        Labels::TwoClasses(y) => {
            let losses = -activation::log_sigmoid(scores.clone() * (y.clone() * 2.0 - 1.0));
            (losses, activation::sigmoid(scores) - y)
        }
        Labels::Classes(y) => {
            let [_, n_classes] = scores.dims();
            let logs = activation::log_softmax(scores, 1);
            let classes = Tensor::<1, Int>::arange(0..n_classes as i64, &y.device()).reshape([1, n_classes]);
            let is_class = y.clone().equal(classes).float();
            (-logs.clone().gather(1, y), logs.exp() - is_class)
        }
    };
    match weights {
        Some(weights) => (losses * weights.clone(), slope * (weights / weight)),
        None => (losses, slope / weight),
    }
}

/// The sum of a column. A GPU adds up along one axis after the other, and so far a column has two.
fn total(column: Tensor<2>) -> Tensor<1> {
    let [n_rows, _] = column.dims();
    column.reshape([n_rows]).sum()
}

/// The slope before an activation, from that behind it.
pub(super) fn slope_of(by: Activation, sums: Tensor<2>, made: Tensor<2>, slope: Tensor<2>) -> Tensor<2> {
    match by {
        Activation::Relu => slope.mask_fill(made.lower_equal_elem(0.0), 0.0),
        Activation::Tanh => slope * (made.clone() * made * -1.0 + 1.0),
        Activation::Logistic => slope * (made.clone() * (made * -1.0 + 1.0)),
        Activation::Gelu => {
            let below = (sums.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
            let density = (sums.clone() * sums.clone() * -0.5).exp()
                * (0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
            slope * (below + sums * density)
        }
        Activation::Identity => slope,
    }
}

/// The gradient with what holds the weights back.
fn penalised(mut gradient: Tensor<2>, weights: &Tensor<2>, config: &NetConfig, n_rows: usize) -> Tensor<2> {
    if config.l2 > 0.0 && config.solver != NetSolver::AdamW {
        gradient = gradient + weights.clone() * (config.l2 / n_rows as f64);
    }
    if config.l1 > 0.0 {
        gradient = gradient + weights.clone().sign() * (config.l1 / n_rows as f64);
    }
    gradient
}
