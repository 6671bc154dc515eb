//! The descent itself, in a worker that has tensors.

use std::ops::Range;

use burn::tensor::{Tensor, Transaction};

use super::batches::{Labels, Rows, TargetScale};
use super::{DescentConfig, DescentError, Optimizer, Weights};
use crate::Error;
use crate::preprocess::Target;
use crate::random::Rng;
use crate::train::device::{Bend, Ops};
use crate::train::net::{Memory, Pace, adam, finished, momentum};
use crate::train::{Epoch, FLOPS_PER_STEP, FitInput, GPU_BATCHES_PER_STEP, Step, device};

/// Small batches cost their overhead: at most so many in one step.
const BATCHES_PER_STEP: usize = 64;

/// How much of the sum of gradients a step keeps, without Adam.
const MOMENTUM: f64 = 0.9;

/// So many epochs without a better loss end the descent.
const PATIENCE: usize = 5;

/// A descent under way.
pub struct Descent {
    config: DescentConfig,
    ops: Ops,
    is_gpu: bool,
    scale: TargetScale,
    /// The loss of weights that are all 0.
    start_loss: f64,
    rows: Rows,
    valid: Option<Rows>,
    model: Model,
    rng: Rng,
    order: Vec<i32>,
    epoch: usize,
    next_row: usize,
    /// The sum of the epoch's losses so far, over its rows.
    loss_sum: Tensor<1>,
    phase: Phase,
    best: f64,
    n_stale: usize,
    weights: Option<Weights>,
}

enum Phase {
    Batches,
    /// The rows of the epoch are seen; its loss is known.
    Validate {
        train_loss: f64,
        next_row: usize,
        sum: f64,
    },
}

impl Descent {
    /// Prepares a descent. The weights start at 0: the problem has one minimum.
    ///
    /// **Errors** None here; `environment.no_tensors` in a build without tensors.
    pub fn new(input: &FitInput, config: DescentConfig) -> Result<Self, Error> {
        let on = input.device.tensors();
        let scale = TargetScale::of(&input.y, config.fit_intercept);
        let n_outputs = match input.y {
            Target::Classes { n_classes, .. } if n_classes > 2 => n_classes,
            _ => 1,
        };
        let start_loss = match input.y {
            Target::Classes { n_classes, .. } => libm::log(n_classes.max(2) as f64),
            Target::Values(_) => scale.loss_factor(),
        };
        let n_features = input.x.n_features();
        Ok(Self {
            config,
            ops: Ops::on(&input.device),
            is_gpu: input.device.is_webgpu(),
            scale,
            start_loss,
            rows: Rows::new(&input.x, &input.y, scale, n_outputs, on),
            valid: input.valid.as_ref().map(|(x, y)| Rows::new(x, y, scale, n_outputs, on)),
            model: Model {
                coefficients: Tensor::zeros([n_features, n_outputs], on),
                intercepts: Tensor::zeros([1, n_outputs], on),
                memories: Default::default(),
                n_steps: 0,
            },
            rng: input.seed.derive("batches").rng(),
            order: (0..input.x.n_rows() as i32).collect(),
            epoch: 0,
            next_row: 0,
            loss_sum: Tensor::zeros([1], on),
            phase: Phase::Batches,
            best: f64::INFINITY,
            n_stale: 0,
            weights: None,
        })
    }

    /// Does a bounded number of batches, or measures some of the held-back rows.
    ///
    /// **Errors** `train.loss_not_finite`, `environment.device_lost`.
    pub async fn step(&mut self) -> Result<Step, Error> {
        if self.weights.is_some() {
            return Ok(Step { fraction: 1.0, epoch: None });
        }
        match self.phase {
            Phase::Batches => self.batches().await?,
            Phase::Validate { train_loss, next_row, sum } => self.validate(train_loss, next_row, sum).await?,
        }
        let is_measured = matches!(&self.phase, Phase::Validate { next_row, .. } if *next_row >= self.n_valid());
        let epoch = if is_measured { Some(self.end_epoch().await?) } else { None };
        let seen = self.epoch as f64 + self.next_row as f64 / self.rows.n_rows.max(1) as f64;
        let fraction = if self.weights.is_some() { 1.0 } else { (seen / self.config.n_epochs as f64).min(0.999) };
        Ok(Step { fraction, epoch })
    }

    /// What was learned, once a step has said that the descent is done.
    pub fn into_weights(self) -> Option<Weights> {
        self.weights
    }

    fn n_valid(&self) -> usize {
        self.valid.as_ref().map_or(0, |rows| rows.n_rows)
    }

    fn flops(&self, n_rows: usize) -> usize {
        let [n_features, n_outputs] = self.model.coefficients.dims();
        // Forward, and backward twice as much.
        3 * n_rows * n_features.max(1) * n_outputs
    }

    async fn batches(&mut self) -> Result<(), Error> {
        let n_rows = self.rows.n_rows;
        if self.next_row == 0 && self.config.batch_size < n_rows {
            self.rng.shuffle(&mut self.order);
        }
        let batch_size = self.config.batch_size.min(n_rows);
        let most = if self.is_gpu { GPU_BATCHES_PER_STEP } else { BATCHES_PER_STEP };
        let n_batches = (FLOPS_PER_STEP / self.flops(batch_size).max(1)).clamp(1, most);
        for _ in 0..n_batches {
            let end = n_rows.min(self.next_row + batch_size);
            self.batch(self.next_row..end);
            self.next_row = end;
            if end == n_rows {
                break;
            }
        }
        // Awaiting this number is also what keeps a GPU's queue short.
        let loss = device::read(Transaction::default().register(self.loss_sum.clone())).await?;
        let loss_sum = loss.first().and_then(|numbers| numbers.first()).map_or(f64::NAN, |&x| f64::from(x));
        self.check_finite(loss_sum)?;
        if self.next_row == n_rows {
            let train_loss = loss_sum / n_rows as f64 * self.scale.loss_factor();
            self.phase = Phase::Validate { train_loss, next_row: 0, sum: 0.0 };
        }
        Ok(())
    }

    fn batch(&mut self, range: Range<usize>) {
        let n_rows = range.len();
        let (x, y) = if n_rows == self.rows.n_rows {
            (self.rows.x.clone(), self.rows.y.clone())
        } else {
            self.rows.select(&self.order[range])
        };
        let (ops, coefficients) = (self.ops, self.model.coefficients.clone());
        let scores = ops.layer(x.clone(), coefficients.clone(), self.model.intercepts.clone(), Bend::Identity);
        let counted = (None, n_rows as f64);
        let [losses, slope] = match y {
            // Of half the squared errors; it is the whole that is made small.
            Labels::Values(y) => ops.loss_of_one(scores, y, counted, false).map(|half| half * 2.0),
            Labels::TwoClasses(y) => ops.loss_of_one(scores, y, counted, true),
            Labels::Classes(y) => ops.loss_of_classes(scores, y, counted),
        };
        self.loss_sum = self.loss_sum.clone() + losses.sum();
        let gradient = ops.weights_gradient(x, slope.clone(), &coefficients, [0.0, self.config.l2]);
        self.model.step(ops, &self.config, gradient, self.config.fit_intercept.then(|| slope.sum_dim(0)));
    }

    async fn validate(&mut self, train_loss: f64, next_row: usize, sum: f64) -> Result<(), Error> {
        let Some(rows) = &self.valid else { return Ok(()) };
        let end = rows.n_rows.min(next_row + (FLOPS_PER_STEP / self.flops(1).max(1)).max(1));
        let order: Vec<i32> = (next_row as i32..end as i32).collect();
        let (x, y) = rows.select(&order);
        let scores = x.matmul(self.model.coefficients.clone()) + self.model.intercepts.clone();
        let loss = device::read(Transaction::default().register(y.loss_sum(scores))).await?;
        let sum = sum + loss.first().and_then(|numbers| numbers.first()).map_or(f64::NAN, |&x| f64::from(x));
        self.phase = Phase::Validate { train_loss, next_row: end, sum };
        Ok(())
    }

    async fn end_epoch(&mut self) -> Result<Epoch, Error> {
        let Phase::Validate { train_loss, sum, .. } = std::mem::replace(&mut self.phase, Phase::Batches) else {
            unreachable!("an epoch ends when it is measured")
        };
        let n_valid = self.n_valid();
        let valid_loss = (n_valid > 0).then(|| sum / n_valid as f64 * self.scale.loss_factor());
        if let Some(loss) = valid_loss {
            self.check_finite(loss)?;
        }
        self.epoch += 1;
        self.next_row = 0;
        self.loss_sum = self.loss_sum.zeros_like();
        let watched = valid_loss.unwrap_or(train_loss);
        self.n_stale = if watched < self.best - self.config.tol.unwrap_or(0.0) { 0 } else { self.n_stale + 1 };
        self.best = self.best.min(watched);
        let has_settled = self.config.tol.is_some() && self.n_stale >= PATIENCE;
        if has_settled || self.epoch == self.config.n_epochs {
            self.weights = Some(self.read_weights(has_settled, train_loss > self.start_loss).await?);
        }
        Ok(Epoch { number: self.epoch, of: self.config.n_epochs, train_loss, valid_loss })
    }

    fn check_finite(&self, loss: f64) -> Result<(), Error> {
        if loss.is_finite() {
            return Ok(());
        }
        let learning_rate = self.config.learning_rate;
        Err(DescentError::LossNotFinite { epoch: self.epoch + 1, learning_rate }.into())
    }

    async fn read_weights(&self, has_settled: bool, has_risen: bool) -> Result<Weights, Error> {
        // One row per output, which is what everybody else expects.
        let coefficients = self.model.coefficients.clone().transpose();
        let both = Transaction::default().register(coefficients).register(self.model.intercepts.clone());
        let both = device::read(both).await?;
        let [coefficients, intercepts] = both.as_slice() else { unreachable!("two tensors were read") };
        let TargetScale { mean, deviation } = self.scale;
        let weights = Weights {
            coefficients: coefficients.iter().map(|&x| f64::from(x) * deviation).collect(),
            intercepts: intercepts.iter().map(|&x| f64::from(x) * deviation + mean).collect(),
            has_settled,
            has_risen,
        };
        let last = weights.coefficients.iter().chain(&weights.intercepts).fold(0.0, |sum, x| sum + x * 0.0);
        self.check_finite(last)?;
        Ok(weights)
    }
}

/// The weights and what the optimiser remembers of them.
struct Model {
    coefficients: Tensor<2>,
    intercepts: Tensor<2>,
    memories: [Memory; 2],
    n_steps: i32,
}

impl Model {
    /// Takes a step down the gradients of the coefficients and of the intercepts, as far as these are learned.
    fn step(&mut self, ops: Ops, config: &DescentConfig, coefficients: Tensor<2>, intercepts: Option<Tensor<2>>) {
        self.n_steps = self.n_steps.saturating_add(1);
        let (rate, pace) = (config.learning_rate, Pace::at_once(ops));
        let stride = Some(match config.optimizer {
            Optimizer::Adam => adam(rate, self.n_steps),
            Optimizer::Sgd => momentum(rate, MOMENTUM),
        });
        let [of_coefficients, of_intercepts] = &mut self.memories;
        finished(of_coefficients.step(ops, &mut self.coefficients, coefficients, stride, rate, &pace));
        if let Some(gradient) = intercepts {
            finished(of_intercepts.step(ops, &mut self.intercepts, gradient, stride, rate, &pace));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::DescentIssue;
    use super::*;
    use crate::preprocess::Matrix;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    const CONFIG: DescentConfig = DescentConfig {
        l2: 0.0,
        fit_intercept: true,
        learning_rate: 0.05,
        n_epochs: 300,
        batch_size: 4,
        optimizer: Optimizer::Adam,
        tol: None,
    };

    fn input(x: Vec<f64>, y: Target) -> FitInput {
        FitInput {
            x: Matrix::from_columns(vec![x]),
            y,
            sample_weight: None,
            valid: None,
            seed: Seed(1),
            device: Device::cpu(),
        }
    }

    fn descend(input: &FitInput, config: DescentConfig) -> Result<(Weights, Vec<Epoch>), Error> {
        let mut descent = Descent::new(input, config)?;
        let mut epochs = Vec::new();
        let mut fraction = 0.0;
        while fraction < 1.0 {
            let step = block_on(descent.step())?;
            assert!(step.fraction >= fraction);
            fraction = step.fraction;
            epochs.extend(step.epoch);
        }
        Ok((descent.into_weights().unwrap(), epochs))
    }

    fn line() -> FitInput {
        let x: Vec<f64> = (-5..5).map(f64::from).collect();
        let y = x.iter().map(|x| 1000.0 + 30.0 * x).collect();
        input(x, Target::Values(y))
    }

    #[test]
    fn a_line_is_learned_in_its_own_unit() {
        for (optimizer, learning_rate) in [(Optimizer::Adam, 0.05), (Optimizer::Sgd, 0.005)] {
            let (weights, epochs) = descend(&line(), DescentConfig { optimizer, learning_rate, ..CONFIG }).unwrap();
            assert!((weights.coefficients[0] - 30.0).abs() < 0.1, "{optimizer:?} {weights:?}");
            assert!((weights.intercepts[0] - 1000.0).abs() < 0.5, "{optimizer:?} {weights:?}");
            assert!(epochs[0].train_loss > 100.0 && epochs.last().unwrap().train_loss < 1.0);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_and_another_seed_does_not() {
        let config = DescentConfig { n_epochs: 3, ..CONFIG };
        let first = descend(&line(), config).unwrap().0;
        assert_eq!(first, descend(&line(), config).unwrap().0);
        let other = FitInput { seed: Seed(2), ..line() };
        assert_ne!(first, descend(&other, config).unwrap().0);
    }

    #[test]
    fn two_classes_are_learned_with_one_output_and_three_with_three() {
        let x: Vec<f64> = (-5..5).map(f64::from).collect();
        let two = Target::Classes { codes: x.iter().map(|&x| u32::from(x >= 0.0)).collect(), n_classes: 2 };
        let (weights, epochs) = descend(&input(x.clone(), two), CONFIG).unwrap();
        assert_eq!(weights.intercepts.len(), 1);
        assert!(weights.coefficients[0] > 1.0, "{weights:?}");
        // The first epoch starts where both classes are as likely: ln 2.
        assert!(epochs[0].train_loss < std::f64::consts::LN_2 && epochs[0].train_loss > 0.3);
        let three = Target::Classes { codes: x.iter().map(|&x| ((x + 5.0) / 3.4) as u32).collect(), n_classes: 3 };
        let (weights, _) = descend(&input(x, three), CONFIG).unwrap();
        assert!(weights.coefficients[0] < weights.coefficients[1] && weights.coefficients[1] < weights.coefficients[2]);
    }

    #[test]
    fn the_penalty_holds_the_coefficients_back() {
        let free = descend(&line(), CONFIG).unwrap().0.coefficients[0];
        let held = descend(&line(), DescentConfig { l2: 10.0, ..CONFIG }).unwrap().0.coefficients[0];
        assert!(held > 0.0 && held < 0.9 * free, "{held} {free}");
    }

    #[test]
    fn a_learning_rate_that_is_too_high_is_named() {
        let config = DescentConfig { learning_rate: 1e6, optimizer: Optimizer::Sgd, ..CONFIG };
        let error = descend(&line(), config).unwrap_err();
        assert_eq!(error.code(), "train.loss_not_finite");
        assert_eq!(error.args()["learning_rate"], "1000000");
    }

    #[test]
    fn a_descent_that_goes_uphill_says_so() {
        let classes = input(vec![-2.0, -1.0, 1.0, 2.0], Target::Classes { codes: vec![0, 1, 0, 1], n_classes: 2 });
        let up = DescentConfig { learning_rate: 1e4, n_epochs: 20, ..CONFIG };
        let (weights, epochs) = descend(&classes, up).unwrap();
        assert!(weights.has_risen && epochs.last().unwrap().train_loss > 1.0);
        assert_eq!(weights.issue(&up), Some(DescentIssue::LossRose { learning_rate: 1e4 }));
        let (weights, _) = descend(&classes, CONFIG).unwrap();
        assert_eq!(weights.issue(&CONFIG), None);
    }

    #[test]
    fn held_back_rows_are_measured_and_a_settled_loss_ends_the_descent() {
        let valid = (Matrix::from_columns(vec![vec![10.0]]), Target::Values(vec![1300.0]));
        let input = FitInput { valid: Some(valid), ..line() };
        let (weights, epochs) = descend(&input, DescentConfig { tol: Some(1e-3), n_epochs: 5000, ..CONFIG }).unwrap();
        assert!(weights.has_settled && epochs.len() < 5000);
        assert!(epochs[0].valid_loss.unwrap() > epochs.last().unwrap().valid_loss.unwrap());
    }
}
