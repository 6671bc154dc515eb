//! What a descent learns from: batches of rows, in an order of each epoch's own.

use burn::tensor::{Tensor, Transaction};

use super::{NetDescent, Phase};
use crate::Error;
use crate::train::net::backward::Pass;
use crate::train::net::layers::Layers;
use crate::train::net::optimizer::Optimizer;
use crate::train::net::pace::{Paced, go_on};
use crate::train::net::random;
use crate::train::{FLOPS_PER_STEP, GPU_BATCHES_PER_STEP, device};

/// Small batches cost their overhead, layer by layer: at most so many layers of batches in one step.
const LAYERS_PER_STEP: usize = 96;

/// A batch that is being learned from.
pub(super) struct Batch {
    /// The row of the epoch behind it.
    end: usize,
    /// What its rows count together.
    weight: f64,
    work: Paced<'static, Taught>,
}

/// What came of a batch.
struct Taught {
    pass: Pass,
    layers: Layers,
    optimizer: Optimizer,
}

impl NetDescent {
    pub(super) async fn batches(&mut self) -> Result<(), Error> {
        let n_rows = self.rows.rows.n_rows;
        let batch_size = self.config.batch_size.min(n_rows);
        self.begin_epoch(batch_size);
        let most = if self.is_gpu { GPU_BATCHES_PER_STEP } else { (LAYERS_PER_STEP / self.layers.depth()).max(1) };
        let most = self.most_batches.take().unwrap_or(most);
        let n_batches = (FLOPS_PER_STEP / self.flops(batch_size).max(1)).clamp(1, most);
        self.pace.begin();
        for _ in 0..n_batches {
            if self.batch(batch_size).is_none() {
                return Ok(());
            }
            if self.next_row == n_rows {
                break;
            }
        }
        // Awaiting these numbers is also what keeps a GPU's queue short.
        let told = Transaction::default().register(self.loss_sum.clone()).register(self.layers.finiteness());
        let told = device::read(told).await?;
        let [loss_sum, finiteness] = [0, 1].map(|idx| told[idx].first().map_or(f64::NAN, |&x| f64::from(x)));
        if !(loss_sum + finiteness).is_finite() {
            self.doctor.diagnose(self.epoch + 1, &mut self.issues);
            let last_finite = self.last_finite.clone();
            return self.end(&last_finite).await;
        }
        self.last_finite = self.layers.clone();
        if self.next_row == n_rows {
            let train_loss = loss_sum / self.rows.weight;
            self.phase = Phase::Validate { train_loss, next_row: 0, sum: 0.0 };
        }
        Ok(())
    }

    /// Puts the rows into the order of an epoch that begins.
    pub(super) fn begin_epoch(&mut self, batch_size: usize) {
        if self.next_row == 0 && self.under_way.is_none() {
            self.put_in_order(batch_size);
        }
    }

    pub(super) fn put_in_order(&mut self, batch_size: usize) {
        let n_rows = self.rows.rows.n_rows;
        if self.config.shuffle && batch_size < n_rows {
            self.order = random::order(self.seed, self.epoch, n_rows);
        }
    }

    /// Learns from the next rows, or goes on with it; gives back what they count together once that is done.
    pub(super) fn batch(&mut self, batch_size: usize) -> Option<f64> {
        let mut batch = self.under_way.take().unwrap_or_else(|| self.begin_batch(batch_size));
        // A batch of rows that all count nothing teaches nothing.
        if batch.weight > 0.0 {
            let Some(Taught { pass, layers, optimizer }) = go_on(batch.work.as_mut()) else {
                self.under_way = Some(batch);
                return None;
            };
            self.loss_sum = self.loss_sum.clone() + pass.loss_sum;
            (self.layers, self.optimizer) = (layers, optimizer);
            if let Some(kept) = &self.kept {
                self.layers.hold(kept);
            }
            if let Some(front) = &mut self.layers.front {
                front.running = pass.front_running;
            }
            for (layer, running) in self.layers.each.iter_mut().zip(pass.running) {
                layer.running = running;
            }
            self.gradients = pass.gradients;
        }
        self.n_batches += 1;
        self.next_row = batch.end;
        Some(batch.weight)
    }

    fn begin_batch(&mut self, batch_size: usize) -> Batch {
        let end = self.rows.rows.n_rows.min(self.next_row + batch_size);
        let part = self.rows.part(&self.order[self.next_row..end]);
        let weight = part.weight;
        let n_each = self.rows.rows.n_rows.div_ceil(self.config.batch_size);
        let (n_epochs, n_all) = (self.config.n_epochs, n_each * self.config.n_epochs);
        let factor = self.config.schedule.factor((self.epoch, n_epochs), (self.n_batches, n_all));
        let masks = self.masks(end - self.next_row);
        let (config, rate, pace) = (self.config.clone(), self.config.learning_rate * factor, self.pace.clone());
        let mut layers = self.layers.clone();
        let mut optimizer = if weight > 0.0 { std::mem::take(&mut self.optimizer) } else { Optimizer::default() };
        let work = async move {
            let pass = layers.pass(part, &config, &masks, &pace).await;
            optimizer.step(&mut layers, (&pass.front, &pass.gradients), &config, rate, &pace).await;
            Taught { pass, layers, optimizer }
        };
        Batch { end, weight, work: Box::pin(work) }
    }

    fn masks(&self, n_rows: usize) -> Vec<Tensor<2>> {
        if self.config.dropout == 0.0 {
            return Vec::new();
        }
        let mut rng = random::at(self.seed.derive("dropout"), self.n_batches).rng();
        let on = self.rows.rows.x.device();
        let mask = |&n_units: &usize| {
            let mask = random::dropout_mask(&mut rng, self.config.dropout, n_rows * n_units);
            Tensor::from_data(burn::tensor::TensorData::new(mask, [n_rows, n_units]), &on)
        };
        self.config.hidden.iter().map(mask).collect()
    }
}
