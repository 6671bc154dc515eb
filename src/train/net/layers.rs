//! A net on a device: its numbers there and back, and what it answers.

use burn::tensor::{Tensor, TensorData, Transaction};

use super::front::FrontTensors;
use super::pace::Pace;
use super::plain::NORM_EPSILON;
use super::weighed::Weighed;
use super::{Activation, Front, Layer, Net, NetConfig, Norm};
use crate::Error;
use crate::preprocess::{Matrix, Target};
use crate::train::device::{Bend, Ops, bent};
use crate::train::gradient_descent::Labels;
use crate::train::{Device, device};

/// A net's numbers as tensors.
#[derive(Clone)]
pub(super) struct Layers {
    pub(super) front: Option<FrontTensors>,
    pub(super) each: Vec<LayerTensors>,
    pub(super) activation: Activation,
    /// How they are computed with.
    pub(super) ops: Ops,
}

/// One layer: what is learned (weights and intercepts, then gamma and beta), and the running mean and variance.
#[derive(Clone)]
pub(super) struct LayerTensors {
    pub(super) learned: Vec<Tensor<2>>,
    pub(super) running: Option<[Tensor<2>; 2]>,
}

/// Some rows with their labels and how much each counts.
pub(super) struct Part {
    pub(super) x: Tensor<2>,
    pub(super) y: Labels,
    pub(super) weights: Option<Tensor<2>>,
    /// What the rows count together.
    pub(super) weight: f64,
    /// As how many rows they count, whatever their classes: what penalties are shared out among.
    pub(super) count: f64,
}

impl Layers {
    pub(super) fn new(net: &Net, on: &burn::tensor::Device, ops: Ops) -> Self {
        let row = |values: &[f32]| Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len()]), on);
        let layer = |layer: &Layer| {
            let weights = TensorData::new(layer.weights.clone(), [layer.n_inputs, layer.n_outputs]);
            let mut learned = vec![Tensor::from_data(weights, on), row(&layer.biases)];
            learned.extend(layer.norm.iter().flat_map(|norm| [row(&norm.gamma), row(&norm.beta)]));
            LayerTensors { learned, running: layer.norm.as_ref().map(|norm| [row(&norm.mean), row(&norm.variance)]) }
        };
        let front = net.front.as_ref().map(|front| FrontTensors::new(front, on, ops));
        Self { front, each: net.layers.iter().map(layer).collect(), activation: net.activation, ops }
    }

    /// The numbers themselves.
    ///
    /// **Errors** `environment.device_lost`.
    pub(super) async fn read(&self) -> Result<Net, Error> {
        let numbers =
            device::read(self.all().fold(Transaction::default(), |all, tensor| all.register(tensor.clone()))).await?;
        let mut numbers = numbers.into_iter();
        let mut next = || numbers.next().expect("as many were read as were registered");
        let front = self.front.as_ref().map(|front| front.read(&mut next));
        let layers = self.each.iter().map(|layer| {
            let [n_inputs, n_outputs] = layer.learned[0].dims();
            let (weights, biases) = (next(), next());
            let norm = layer.running.as_ref().map(|_| {
                let [gamma, beta, mean, variance] = [next(), next(), next(), next()];
                Norm { gamma, beta, mean, variance }
            });
            Layer { n_inputs, n_outputs, weights, biases, norm }
        });
        Ok(Net { front, layers: layers.collect(), activation: self.activation })
    }

    /// Every number, the front's first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Tensor<2>> {
        let layers = self.each.iter().flat_map(|layer| layer.learned.iter().chain(layer.running.iter().flatten()));
        self.front.iter().flat_map(FrontTensors::all).chain(layers)
    }

    /// The same tensors with other numbers, those of [`Layers::all`] one behind the other; none where there are more or
    /// fewer.
    pub(super) fn with_numbers(&self, mut numbers: &[f32]) -> Option<Self> {
        let mut layers = self.clone();
        let front = layers.front.iter_mut().flat_map(|front| front.learned.iter_mut().chain(&mut front.running));
        let each = layers.each.iter_mut();
        let each = each.flat_map(|layer| layer.learned.iter_mut().chain(layer.running.iter_mut().flatten()));
        for tensor in front.chain(each) {
            *tensor = taken(&mut numbers, tensor.dims(), &tensor.device())?;
        }
        numbers.is_empty().then_some(layers)
    }

    /// How many there are, the front counting for as many as it costs.
    pub(super) fn depth(&self) -> usize {
        self.each.len() + self.front.as_ref().map_or(0, |front| front.plan.depth())
    }

    /// 1 for each weight of a net that is not 0, and 0 for each that is, list after list.
    pub(super) fn kept(&self, net: &Net) -> Vec<Tensor<2>> {
        let on = self.each[0].learned[0].device();
        let kept = |(shape, weights): ([usize; 2], &[f32])| {
            let kept: Vec<f32> = weights.iter().map(|weight| f32::from(u8::from(*weight != 0.0))).collect();
            Tensor::from_data(TensorData::new(kept, shape), &on)
        };
        net.weights().into_iter().map(kept).collect()
    }

    /// Multiplies each list of weights with what says which are kept.
    pub(super) fn hold(&mut self, kept: &[Tensor<2>]) {
        let front = self.front.iter_mut().flat_map(|front| {
            let is_weight = front.is_weight();
            front.learned.iter_mut().zip(is_weight).filter(|(_, is_weight)| *is_weight).map(|(weights, _)| weights)
        });
        let layers = self.each.iter_mut().map(|layer| &mut layer.learned[0]);
        front.chain(layers).zip(kept).for_each(|(weights, kept)| *weights = weights.clone() * kept.clone());
    }

    /// Numbers that are learned.
    pub(super) fn n_learned(&self) -> usize {
        let layers = self.each.iter().flat_map(|layer| &layer.learned);
        let learned = self.front.iter().flat_map(|front| &front.learned).chain(layers);
        learned.map(|tensor| tensor.shape().num_elements()).sum()
    }

    /// All its numbers.
    pub(super) fn n_numbers(&self) -> usize {
        self.all().map(|tensor| tensor.shape().num_elements()).sum()
    }

    /// A number that is finite exactly when all of them are.
    pub(super) fn finiteness(&self) -> Tensor<1> {
        let sums = self.all().map(|tensor| (tensor.clone() * 0.0).sum());
        sums.reduce(|sum, more| sum + more).expect("a net has weights")
    }

    /// What the last layer makes of rows that nothing is learned from.
    pub(super) fn answer(&self, mut x: Tensor<2>) -> Tensor<2> {
        if let Some(front) = &self.front {
            x = front.answer(x);
        }
        let last = self.each.len() - 1;
        for (idx, layer) in self.each.iter().enumerate() {
            x = self.ops.layer(x, layer.learned[0].clone(), layer.learned[1].clone(), Bend::Identity);
            if let Some([mean, variance]) = &layer.running {
                x = standardised(x - mean.clone(), variance.clone(), &layer.learned);
            }
            if idx < last {
                x = activated(x, self.activation);
            }
        }
        x
    }
}

/// The losses of the rows, each as often as it counts, added up.
pub(super) fn loss_sum(y: Labels, weights: Option<Tensor<2>>, scores: Tensor<2>) -> Tensor<1> {
    let is_value = matches!(y, Labels::Values(_));
    let losses = y.losses(scores);
    let sum = match weights {
        Some(weights) => (losses * weights).sum(),
        None => losses.sum(),
    };
    if is_value { sum * 0.5 } else { sum }
}

pub(super) fn standardised(centred: Tensor<2>, variance: Tensor<2>, learned: &[Tensor<2>]) -> Tensor<2> {
    centred / (variance + NORM_EPSILON).sqrt() * learned[2].clone() + learned[3].clone()
}

/// What units make of their sums.
pub(super) fn activated(x: Tensor<2>, by: Activation) -> Tensor<2> {
    match by.bend() {
        Some(bend) => bent(x, bend),
        None => (x.clone() * std::f64::consts::FRAC_1_SQRT_2).erf() * x.clone() * 0.5 + x * 0.5,
    }
}

impl Activation {
    /// As a device knows it, if its slope follows from its value: all but GELU.
    pub(super) fn bend(self) -> Option<Bend> {
        match self {
            Self::Relu => Some(Bend::Relu),
            Self::Tanh => Some(Bend::Tanh),
            Self::Logistic => Some(Bend::Logistic),
            Self::Identity => Some(Bend::Identity),
            Self::Gelu => None,
        }
    }
}

/// The loss of some rows and its slopes.
#[derive(Clone, Debug, PartialEq)]
pub struct NetGradients {
    /// The mean loss, penalties left out.
    pub loss: f64,
    /// The front's, likewise.
    pub front: Option<Front>,
    /// In the place of each number its slope, penalties in it; in that of running means and variances what they are after
    /// the batch.
    pub layers: Vec<Layer>,
}

/// What one batch would teach a net: what a descent does with a batch before it takes its step, without dropout.
///
/// **Shapes** `x`: `n_rows × net.n_inputs()`; `y` and `sample_weight` as long. Numbers to be learned are taken as they are.
///
/// **Errors** `environment.device_lost`.
pub async fn gradients(
    net: &Net,
    (x, y, sample_weight): (&Matrix, &Target, Option<&[f64]>),
    config: &NetConfig,
    on: &Device,
) -> Result<NetGradients, Error> {
    let weights = (config.class_weights.as_slice(), sample_weight);
    let weighed = Weighed::new((x, y), net.n_outputs(), weights, on.tensors());
    let layers = Layers::new(net, on.tensors(), Ops::on(on));
    let pass = layers.pass(weighed.all(), config, &[], &Pace::at_once(layers.ops)).await;
    let loss_sum = device::read(Transaction::default().register(pass.loss_sum)).await?[0][0];
    let each = pass.gradients.into_iter().zip(pass.running);
    let each = each.map(|(learned, running)| LayerTensors { learned, running }).collect();
    let front = layers.front.map(|front| FrontTensors { learned: pass.front, running: pass.front_running, ..front });
    let read = Layers { front, each, ..layers }.read().await?;
    Ok(NetGradients { loss: f64::from(loss_sum) / weighed.weight, front: read.front, layers: read.layers })
}

/// How much each row counts, where rows or classes do not count the same. Only ratios matter: weights of rows come with
/// the largest from 1 to 2, whatever it was, and divided by a power of two, which rounds nothing.
pub(super) fn row_weights(y: &Target, class_weights: &[f64], sample_weight: Option<&[f64]>) -> Option<Vec<f32>> {
    let of_class: Option<Vec<f64>> = match y {
        Target::Classes { codes, .. } if !class_weights.is_empty() => {
            Some(codes.iter().map(|&code| class_weights[code as usize]).collect())
        }
        _ => None,
    };
    let Some(own) = sample_weight else {
        return of_class.map(|weights| weights.into_iter().map(|weight| weight as f32).collect());
    };
    let mut weights = own.to_vec();
    if let Some(of_class) = of_class {
        weights.iter_mut().zip(of_class).for_each(|(weight, of_class)| *weight *= of_class);
    }
    let largest = weights.iter().fold(0.0f64, |largest, weight| largest.max(*weight));
    let down = if largest > 0.0 { -libm::ilogb(largest) } else { 0 };
    Some(weights.into_iter().map(|weight| libm::scalbn(weight, down) as f32).collect())
}

/// A tensor of the first of some numbers, which are taken from there; none where there are too few.
pub(super) fn taken(numbers: &mut &[f32], shape: [usize; 2], on: &burn::tensor::Device) -> Option<Tensor<2>> {
    let own = numbers.split_off(..shape[0] * shape[1])?;
    Some(Tensor::from_data(TensorData::new(own.to_vec(), shape), on))
}

/// One number per row.
pub(super) fn column(values: &[f32], on: &burn::tensor::Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1]), on)
}
