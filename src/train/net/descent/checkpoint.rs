//! A descent under way as bytes, which outlive the device it is on, and the descent that goes on from them.
//!
//! ```text
//! epochs over, rows of the next one seen, steps of the optimiser, epochs without a better loss      u32 each
//! the best loss                                                                                      f64
//! the sum of the epoch's losses so far                                                               f32
//! weights · the best weights · what the optimiser remembers, first and second                        u32, then f32s each
//! ```
//! All is little-endian. The order of an epoch's rows is drawn from the seed, as is what dropout leaves out.

use burn::tensor::{Tensor, TensorData, Transaction};

use super::{NetDescent, Phase};
use crate::Error;
use crate::train::device;

/// What has more numbers is not written down: 32 MB.
const MOST_NUMBERS: usize = 8_000_000;

impl NetDescent {
    /// All that decides how the descent goes on, for [`NetDescent::resume`]; none while it measures or is done, of a net
    /// whose weights are too many, and where something remembered is not finite.
    ///
    /// **Errors** `environment.device_lost`.
    pub async fn checkpoint(&self) -> Result<Option<Vec<u8>>, Error> {
        // Weights, the best ones, and two memories of each.
        if self.is_amid() || self.learned.is_some() || 4 * self.layers.n_learned() > MOST_NUMBERS {
            return Ok(None);
        }
        let best = self.best_layers.iter().flat_map(|layers| layers.all());
        let [first, second] = self.optimizer.memories();
        let lists: [Vec<&Tensor<2>>; 4] = [self.layers.all().collect(), best.collect(), first, second];
        let all = Transaction::default().register(self.loss_sum.clone());
        let all = lists.iter().flatten().fold(all, |all, tensor| all.register((*tensor).clone()));
        let mut read = device::read(all).await?.into_iter();
        let loss_sum = read.next().and_then(|sum| sum.first().copied()).unwrap_or(f32::NAN);
        let counts = [self.epoch, self.next_row, self.optimizer.n_steps as usize, self.n_stale];
        let mut bytes: Vec<u8> = counts.into_iter().flat_map(|count| (count as u32).to_le_bytes()).collect();
        bytes.extend(self.best.to_le_bytes());
        bytes.extend(loss_sum.to_le_bytes());
        for list in lists {
            let numbers: Vec<f32> = read.by_ref().take(list.len()).flatten().collect();
            if !numbers.iter().all(|x| x.is_finite()) {
                return Ok(None);
            }
            bytes.extend((numbers.len() as u32).to_le_bytes());
            bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
        }
        Ok(Some(bytes))
    }

    /// Goes on from a checkpoint of the same rows, configuration and seed, whatever device it was made on; epochs kept so
    /// far stay. Gives back how many epochs were over then, or none, and changes nothing, where it is no such checkpoint.
    pub fn resume(&mut self, mut bytes: &[u8]) -> Option<usize> {
        let bytes = &mut bytes;
        let counts: Vec<usize> = (0..4).map_while(|_| count(bytes)).collect();
        let [epoch, next_row, n_steps, n_stale] = *counts.as_slice() else { return None };
        let best = f64::from_le_bytes(take(bytes)?);
        let loss_sum = f32::from_le_bytes(take(bytes)?);
        let lists: Vec<Vec<f32>> = (0..4).map_while(|_| numbers(bytes)).collect();
        let [weights, best_weights, first, second] = lists.as_slice() else { return None };
        let batch_size = self.config.batch_size.min(self.rows.rows.n_rows);
        let is_within = epoch < self.config.n_epochs && next_row < self.rows.rows.n_rows;
        if !bytes.is_empty()
            || !is_within
            || !next_row.is_multiple_of(batch_size)
            || !loss_sum.is_finite()
            || best.is_nan()
        {
            return None;
        }
        let layers = self.layers.with_numbers(weights)?;
        let best_layers = match best_weights.is_empty() {
            true => None,
            false => Some(self.layers.with_numbers(best_weights)?),
        };
        let optimizer = self.optimizer.with_memories(&layers, i32::try_from(n_steps).ok()?, [first, second])?;
        let on = self.loss_sum.device();
        (self.layers, self.optimizer, self.best_layers) = (layers, optimizer, best_layers);
        self.last_finite = self.layers.clone();
        (self.epoch, self.next_row, self.n_stale, self.best) = (epoch, next_row, n_stale, best);
        self.n_batches = epoch * self.rows.rows.n_rows.div_ceil(batch_size) + next_row / batch_size;
        self.loss_sum = Tensor::from_data(TensorData::new(vec![loss_sum], [1]), &on);
        self.phase = Phase::Batches;
        self.gradients.clear();
        if next_row > 0 {
            self.put_in_order(batch_size);
        } else {
            self.remember();
        }
        Some(epoch)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    bytes.split_off(..N)?.try_into().ok()
}

fn count(bytes: &mut &[u8]) -> Option<usize> {
    take(bytes).map(|bytes| u32::from_le_bytes(bytes) as usize)
}

/// A list of numbers that are finite.
fn numbers(bytes: &mut &[u8]) -> Option<Vec<f32>> {
    let len = count(bytes)?.checked_mul(4)?;
    let (own, _) = bytes.split_off(..len)?.as_chunks::<4>();
    let numbers: Vec<f32> = own.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    numbers.iter().all(|x| x.is_finite()).then_some(numbers)
}
