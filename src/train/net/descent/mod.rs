//! The descent itself, in a worker that has tensors.

mod batch;
mod checkpoint;

use std::rc::Rc;

use burn::tensor::{Tensor, Transaction};

use super::layers::{Layers, loss_sum};
use super::optimizer::Optimizer;
use super::pace::Pace;
use super::snapshots::{Snapshot, Snapshots};
use super::weighed::Weighed;
use super::{Doctor, Learned, Net, NetConfig, NetIssue, NetView};
use crate::Error;
use crate::error::Issues;
use crate::preprocess::{Matrix, Target};
use crate::random::Seed;
use crate::train::device::Ops;
use crate::train::{Epoch, FLOPS_PER_STEP, FitInput, FitMemory, Step, device};
use batch::Batch;

/// So many training rows decide which units are dead …
const ROWS_FOR_DEAD: usize = 256;
/// … and fewer where that would be more multiply-adds than this, some 50 ms.
const FLOPS_FOR_DEAD: usize = 50_000_000;

/// A descent under way.
pub struct NetDescent {
    pub(super) config: NetConfig,
    is_gpu: bool,
    loss_factor: f64,
    seed: Seed,
    pub(super) rows: Rc<Weighed>,
    /// The rows of the validation curve.
    held: Option<Weighed>,
    /// Whether these decide when to stop.
    stops_early: bool,
    doctor: Doctor,
    sample: Matrix,
    pub(super) layers: Layers,
    /// Of one row, forward.
    multiply_adds: usize,
    optimizer: Optimizer,
    /// 1 for each weight that may change and 0 for those that stay 0, list after list; none where all may.
    kept: Option<Vec<Tensor<2>>>,
    pub(super) pace: Pace,
    /// The batch that is being learned from, where that takes more than a step.
    under_way: Option<Batch>,
    pub(super) order: Vec<i32>,
    epoch: usize,
    next_row: usize,
    n_batches: usize,
    /// The sum of the epoch's losses so far, over its rows.
    loss_sum: Tensor<1>,
    phase: Phase,
    best: f64,
    n_stale: usize,
    best_layers: Option<Layers>,
    last_finite: Layers,
    gradients: Vec<Vec<Tensor<2>>>,
    most_batches: Option<usize>,
    is_stopped: bool,
    snapshots: Option<Snapshots>,
    issues: Issues,
    learned: Option<Learned>,
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

impl NetDescent {
    /// Prepares a descent. `input.valid` are the rows of the validation curve; with `stops_early` they decide when to stop,
    /// each counting as `held_weight` says. Of `input.sample_weight` there are no zeros.
    /// Numbers to be learned are standardised, and what losses are multiplied with to be in their own unit is given.
    ///
    /// **Errors** None here; `environment.no_tensors` in a build without tensors.
    pub fn new(
        input: &FitInput,
        config: NetConfig,
        (stops_early, held_weight): (bool, Option<&[f64]>),
        loss_factor: f64,
        doctor: Doctor,
    ) -> Result<Self, Error> {
        let on = input.device.tensors();
        let n_outputs = match input.y {
            Target::Classes { n_classes, .. } if n_classes > 2 => n_classes,
            _ => 1,
        };
        let weighed = |part: (&Matrix, &Target), weights: Option<&[f64]>| {
            Weighed::new(part, n_outputs, (&config.class_weights, weights), on)
        };
        let net = Net::initial(&config, input.x.n_features(), n_outputs, input.seed);
        let layers = Layers::new(&net, input.device.tensors(), Ops::on(&input.device));
        let n_sample = (FLOPS_FOR_DEAD / net.multiply_adds().max(1)).clamp(1, ROWS_FOR_DEAD);
        let sample: Vec<u32> = (0..input.x.n_rows().min(n_sample) as u32).collect();
        Ok(Self {
            is_gpu: input.device.is_webgpu(),
            loss_factor,
            seed: input.seed,
            rows: Rc::new(weighed((&input.x, &input.y), input.sample_weight.as_deref())),
            held: input.valid.as_ref().filter(|(x, _)| x.n_rows() > 0).map(|(x, y)| weighed((x, y), held_weight)),
            stops_early,
            doctor,
            sample: input.x.take_rows(&sample),
            multiply_adds: net.multiply_adds(),
            optimizer: Optimizer::new(&layers),
            kept: None,
            pace: Pace::on(&input.device),
            under_way: None,
            order: (0..input.x.n_rows() as i32).collect(),
            epoch: 0,
            next_row: 0,
            n_batches: 0,
            loss_sum: Tensor::zeros([1], input.device.tensors()),
            phase: Phase::Batches,
            best: f64::INFINITY,
            n_stale: 0,
            best_layers: None,
            last_finite: layers.clone(),
            gradients: Vec::new(),
            most_batches: None,
            is_stopped: false,
            snapshots: None,
            issues: Issues::new(),
            learned: None,
            layers,
            config,
        })
    }

    /// Begins at a net, of the shape that was described, instead of at random weights. Weights that are 0 stay 0.
    pub fn begin_at(&mut self, net: &Net) {
        let on = self.rows.rows.x.device();
        self.layers = Layers::new(net, &on, self.layers.ops);
        self.last_finite = self.layers.clone();
        self.kept = Some(self.layers.kept(net));
    }

    /// Does a bounded number of batches or a bounded part of one, or measures some of the held-back rows.
    ///
    /// **Errors** `environment.device_lost`.
    pub async fn step(&mut self) -> Result<Step, Error> {
        if self.learned.is_some() {
            return Ok(Step { fraction: 1.0, epoch: None });
        }
        if self.is_stopped {
            let last = self.layers.clone();
            self.end(&last).await?;
            return Ok(Step { fraction: 1.0, epoch: None });
        }
        match self.phase {
            Phase::Batches => self.batches().await?,
            Phase::Validate { train_loss, next_row, sum } => self.validate(train_loss, next_row, sum).await?,
        }
        let is_measured = matches!(&self.phase, Phase::Validate { next_row, .. } if *next_row >= self.n_held());
        let epoch = if is_measured && self.learned.is_none() { Some(self.end_epoch().await?) } else { None };
        let seen = self.epoch as f64 + self.next_row as f64 / self.rows.rows.n_rows.max(1) as f64;
        let fraction = if self.learned.is_some() { 1.0 } else { (seen / self.config.n_epochs as f64).min(0.999) };
        Ok(Step { fraction, epoch })
    }

    /// What was learned, once a step has said that the descent is done.
    pub fn into_learned(self) -> Option<Learned> {
        self.learned
    }

    /// Remembers epochs to go back to, from now on.
    pub fn keep_snapshots(&mut self) {
        if self.snapshots.is_none() {
            self.snapshots = Some(Snapshots::new(self.layers.n_learned()));
            self.remember();
        }
    }

    /// Lets the next step do one batch only.
    pub fn one_batch(&mut self) {
        self.most_batches = Some(1);
    }

    /// Batches that are done, and how many there will be at most.
    pub fn n_batches(&self) -> [usize; 2] {
        [self.n_batches, self.rows.rows.n_rows.div_ceil(self.config.batch_size) * self.config.n_epochs]
    }

    /// Learns from the next batch at this learning rate, and gives back the loss it had on that batch before; nothing
    /// while the batch takes longer than a step: then it goes on when it is asked again.
    ///
    /// **Errors** `environment.device_lost`.
    pub async fn batch_at(&mut self, rate: f64) -> Result<Option<f64>, Error> {
        (self.config.learning_rate, self.config.schedule) = (rate, super::RateSchedule::Constant);
        let n_rows = self.rows.rows.n_rows;
        let batch_size = self.config.batch_size.min(n_rows);
        if self.next_row == n_rows {
            (self.next_row, self.epoch) = (0, self.epoch + 1);
        }
        self.begin_epoch(batch_size);
        self.loss_sum = self.loss_sum.zeros_like();
        self.pace.begin();
        let Some(weight) = self.batch(batch_size) else { return Ok(None) };
        let told = device::read(Transaction::default().register(self.loss_sum.clone())).await?;
        let loss = told[0].first().map_or(f64::NAN, |&x| f64::from(x));
        Ok(Some(loss / weight * self.loss_factor))
    }

    /// Whether the next step ends what was begun: a measurement, or a batch.
    pub fn is_amid(&self) -> bool {
        matches!(self.phase, Phase::Validate { .. }) || self.under_way.is_some()
    }

    /// Lets the next step end the descent with the weights as they are.
    pub fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Goes back to the end of the last epoch kept at or before this one, 0 being the start: weights, and what the
    /// optimiser remembers. What follows is what followed then. Gives back which epoch that is.
    pub fn seek(&mut self, epoch: usize) -> usize {
        let Some(snapshot) = self.snapshots.as_mut().and_then(|kept| kept.back_to(epoch)) else { return self.epoch };
        self.epoch = snapshot.epoch;
        self.n_batches = snapshot.n_batches;
        self.layers = snapshot.layers;
        self.last_finite = self.layers.clone();
        self.optimizer = snapshot.optimizer;
        self.under_way = None;
        (self.best, self.n_stale, self.best_layers) = (snapshot.best, snapshot.n_stale, snapshot.best_layers);
        self.next_row = 0;
        self.most_batches = None;
        self.loss_sum = self.loss_sum.zeros_like();
        self.phase = Phase::Batches;
        self.gradients.clear();
        self.epoch
    }

    /// What the net is now.
    ///
    /// **Errors** `environment.device_lost`.
    pub async fn view(&self) -> Result<NetView, Error> {
        let net = self.layers.read().await?;
        let squares = |gradients: &Vec<Tensor<2>>| {
            let squares = gradients.iter().map(|gradient| (gradient.clone() * gradient.clone()).sum());
            squares.reduce(|sum, more| sum + more).expect("a layer has weights")
        };
        let mut gradient_norms = Vec::new();
        if !self.gradients.is_empty() {
            let all = self.gradients.iter().map(squares).fold(Transaction::default(), Transaction::register);
            let squares = device::read(all).await?;
            gradient_norms = squares.iter().map(|square| libm::sqrt(f64::from(square[0]))).collect();
        }
        let n_dead = net.n_dead(&self.sample);
        let memory = self.memory();
        Ok(NetView { net, epoch: self.epoch, n_batches: self.n_batches, gradient_norms, n_dead, memory })
    }

    /// What the descent takes of the device's memory, all numbers being of four bytes.
    fn memory(&self) -> FitMemory {
        let rows = self.rows.n_numbers() + self.held.as_ref().map_or(0, Weighed::n_numbers);
        let epochs = self.snapshots.as_ref().map_or(0, Snapshots::n_numbers);
        let numbers = [rows, self.layers.n_numbers(), self.optimizer.n_numbers(), epochs];
        let [rows, model, optimizer, epochs] = numbers.map(|n| n * size_of::<f32>());
        FitMemory { rows, model, optimizer, epochs }
    }

    fn n_held(&self) -> usize {
        self.held.as_ref().map_or(0, |held| held.rows.n_rows)
    }

    /// Multiply-adds of learning from so many rows: forward, and backward twice as much.
    fn flops(&self, n_rows: usize) -> usize {
        3 * n_rows * self.multiply_adds
    }

    async fn validate(&mut self, train_loss: f64, next_row: usize, sum: f64) -> Result<(), Error> {
        let Some(held) = &self.held else { return Ok(()) };
        let end = held.rows.n_rows.min(next_row + (FLOPS_PER_STEP / self.flops(1).max(1)).max(1));
        let rows: Vec<i32> = (next_row as i32..end as i32).collect();
        let part = held.part(&rows);
        let scores = self.layers.answer(part.x);
        let loss = loss_sum(part.y, part.weights, scores);
        let loss = device::read(Transaction::default().register(loss)).await?;
        let sum = sum + loss[0].first().map_or(f64::NAN, |&x| f64::from(x));
        self.phase = Phase::Validate { train_loss, next_row: end, sum };
        Ok(())
    }

    async fn end_epoch(&mut self) -> Result<Epoch, Error> {
        let Phase::Validate { train_loss, sum, .. } = std::mem::replace(&mut self.phase, Phase::Batches) else {
            unreachable!("an epoch ends when it is measured")
        };
        // Rows that were held back may be beyond what the net can say a number about.
        let valid_loss = self.held.as_ref().map(|held| sum / held.weight).filter(|loss| loss.is_finite());
        self.epoch += 1;
        self.next_row = 0;
        self.loss_sum = self.loss_sum.zeros_like();
        let watched = if self.stops_early { valid_loss.unwrap_or(f64::INFINITY) } else { train_loss };
        self.n_stale = if watched <= self.best - self.config.tol { 0 } else { self.n_stale + 1 };
        if watched < self.best {
            self.best = watched;
            self.best_layers = self.stops_early.then(|| self.layers.clone());
        }
        self.remember();
        let has_settled = self.n_stale > self.config.patience;
        if has_settled || self.epoch == self.config.n_epochs {
            // Who goes on from a net has said for how long.
            let is_whole = self.kept.is_none() && self.config.schedule == super::RateSchedule::Constant;
            if !has_settled && self.n_stale == 0 && is_whole {
                self.issues.push(NetIssue::EpochsUsedUp { max_iter: self.config.n_epochs });
            }
            let last = self.best_layers.take().unwrap_or_else(|| self.layers.clone());
            self.end(&last).await?;
        }
        let told = |loss: f64| (loss * self.loss_factor).min(f64::MAX);
        let (train_loss, valid_loss) = (told(train_loss), valid_loss.map(told));
        Ok(Epoch { number: self.epoch, of: self.config.n_epochs, train_loss, valid_loss })
    }

    fn remember(&mut self) {
        let Some(snapshots) = &mut self.snapshots else { return };
        snapshots.push(Snapshot {
            epoch: self.epoch,
            n_batches: self.n_batches,
            layers: self.layers.clone(),
            optimizer: self.optimizer.clone(),
            best: self.best,
            n_stale: self.n_stale,
            best_layers: self.best_layers.clone(),
        });
    }

    async fn end(&mut self, layers: &Layers) -> Result<(), Error> {
        let mut net = layers.read().await?;
        if self.kept.is_some() {
            // What is below 0 and was held at 0 is the zero below 0.
            net.weights_mut().into_iter().flatten().for_each(|weight| *weight += 0.0);
        }
        self.learned = Some(Learned { net, issues: std::mem::take(&mut self.issues) });
        Ok(())
    }
}
