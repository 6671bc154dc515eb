//! A batch's loss and its gradients, forward and then backward through the layers.
//!
//! The backward pass is written out: of a small net's, two thirds would be what burn's autodiff keeps in its books, and
//! without that the worker is a tenth smaller. What it says is held to PyTorch and to finite differences.

use burn::tensor::Tensor;

use super::layers::{LayerTensors, Layers, Part, activated};
use super::norm::Standardised;
use super::pace::Pace;
use super::{Activation, NetConfig, NetSolver};
use crate::train::device::{Bend, Ops, penalised, slope_before, widened, widened_slope};
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
        let count = part.count;
        let last = self.each.len() - 1;
        let mut running = Vec::with_capacity(self.each.len());
        let mut passed_layers = Vec::with_capacity(self.each.len());
        let mut x = part.x;
        let mut front_running = Vec::new();
        let mut to_front = None;
        if let Some(front) = &self.front {
            let forward = front.forward(x, pace).await;
            (x, front_running) = (forward.features, forward.running);
            to_front = Some((front, forward.backward));
        }
        let narrowed: Vec<LayerTensors> = self.each.iter().map(|layer| layer.narrowed(self.ops)).collect();
        for (idx, layer) in narrowed.iter().enumerate() {
            let by = if idx < last { self.activation } else { Activation::Identity };
            x = self.ops.narrowed(x);
            let (sums, made, standardised, after) = self.layer(layer, x.clone(), by, pace).await;
            running.push(after);
            let read = match masks.get(idx) {
                Some(mask) if idx < last => widened(made.clone()) * mask.clone(),
                _ => made.clone(),
            };
            passed_layers.push(Passed { given: x, standardised, sums, made });
            x = read;
            pace.did(n_rows * layer.learned[0].dims()[1] * BENDING).await;
        }
        let counted = (part.weights, part.weight);
        let [losses, mut slope] = match part.y {
            Labels::Values(y) => self.ops.loss_of_one(x, y, counted, false),
            Labels::TwoClasses(y) => self.ops.loss_of_one(x, y, counted, true),
            Labels::Classes(y) => self.ops.loss_of_classes(x, y, counted),
        };
        let penalties = config.penalties(count);
        let mut gradients = Vec::with_capacity(self.each.len());
        // Whether the slope is already that before the layer's activation.
        let mut is_before = true;
        for (idx, layer) in self.each.iter().enumerate().rev() {
            let passed = passed_layers.pop().expect("each layer was passed");
            if !is_before {
                slope = widened_slope(slope);
                if let Some(mask) = masks.get(idx) {
                    slope = slope * mask.clone();
                }
                slope = slope_of(self.activation, widened(passed.sums), widened(passed.made), slope);
            }
            let mut norm = Vec::new();
            if let Some(standardised) = passed.standardised {
                let scale = layer.learned[2].clone();
                let (before, learned) = standardised.backward(widened_slope(slope), scale, pace).await;
                (slope, norm) = (before, learned.to_vec());
            }
            slope = self.ops.narrowed_slope(slope);
            pace.did(n_rows * layer.learned[0].dims()[1] * BENDING).await;
            let weights = &layer.learned[0];
            let gradient = pace.weights_gradient(passed.given, slope.clone(), weights, penalties).await;
            let mut layer_gradients = vec![gradient];
            layer_gradients.push(widened_slope(slope.clone()).sum_dim(0));
            layer_gradients.extend(norm);
            gradients.push(layer_gradients);
            let weights = &narrowed[idx].learned[0];
            let below = passed_layers.last().filter(|_| masks.is_empty());
            (slope, is_before) = match below.zip(self.activation.bend()) {
                Some((below, bend)) => {
                    (pace.slope_through(slope, weights.clone(), below.made.clone(), bend).await, true)
                }
                None if idx > 0 || to_front.is_some() => {
                    (pace.product(slope, weights.clone().transpose()).await, false)
                }
                None => (slope, false),
            };
        }
        gradients.reverse();
        let mut front = Vec::new();
        if let Some((tensors, backward)) = to_front {
            let each = backward(widened_slope(slope)).await.into_iter().zip(&tensors.learned).zip(tensors.is_weight());
            front.extend(each.map(|((gradient, weights), is_weight)| match is_weight {
                true => penalised(gradient, weights, penalties),
                false => gradient,
            }));
        }
        Pass { loss_sum: total(losses), front, front_running, gradients, running }
    }

    /// What a layer makes of what it reads: its sums, these activated, how they were standardised, and the running mean and
    /// variance after that.
    pub(super) async fn layer(&self, layer: &LayerTensors, x: Tensor<2>, by: Activation, pace: &Pace) -> Layered {
        let [weights, intercepts] = [0, 1].map(|idx| layer.learned[idx].clone());
        let Some(running) = &layer.running else {
            return match by.bend() {
                // Its slope follows from what it made.
                Some(bend) => {
                    let made = pace.layer(x, weights, intercepts, bend).await;
                    (made.clone(), made, None, None)
                }
                None => {
                    let sums = widened(pace.layer(x, weights, intercepts, Bend::Identity).await);
                    (sums.clone(), activated(sums, by), None, None)
                }
            };
        };
        let sums = widened(pace.layer(x, weights, intercepts, Bend::Identity).await);
        let (sums, kept, after) = Standardised::new(sums, &layer.learned, running, pace).await;
        (sums.clone(), activated(sums, by), Some(kept), Some(after))
    }
}

impl LayerTensors {
    /// With weights as products read them.
    pub(super) fn narrowed(&self, ops: Ops) -> Self {
        let mut layer = self.clone();
        layer.learned[0] = ops.narrowed(layer.learned[0].clone());
        layer
    }
}

/// Sums, what was made of them, how they were standardised, and the running mean and variance after that.
pub(super) type Layered = (Tensor<2>, Tensor<2>, Option<Standardised>, Option<[Tensor<2>; 2]>);

/// The sum of a column. A GPU adds up along one axis after the other, and so far a column has two.
fn total(column: Tensor<2>) -> Tensor<1> {
    let [n_rows, _] = column.dims();
    column.reshape([n_rows]).sum()
}

/// The slope before an activation, from that behind it.
pub(super) fn slope_of(by: Activation, sums: Tensor<2>, made: Tensor<2>, slope: Tensor<2>) -> Tensor<2> {
    match by.bend() {
        Some(bend) => slope_before(slope, made, bend),
        None => {
            let below = (sums.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
            let density = (sums.clone() * sums.clone() * -0.5).exp()
                * (0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2);
            slope * (below + sums * density)
        }
    }
}

impl NetConfig {
    /// What the gradient of weights gets besides, for a batch that counts so many rows: times their signs, and times themselves.
    pub(super) fn penalties(&self, count: f64) -> [f64; 2] {
        let l2 = if self.solver == NetSolver::AdamW { 0.0 } else { self.l2 };
        [self.l1 / count, l2 / count]
    }
}
