//! Epochs to go back to: evenly thinned, so that a long descent keeps no more of them than a short one.

use super::layers::Layers;
use super::optimizer::Optimizer;

/// At most so many are kept …
const MOST: usize = 40;
/// … and at most so many numbers in all of them together: 64 MB.
const MOST_NUMBERS: usize = 16_000_000;

/// All that decides how a descent goes on from an epoch's end; tensors are shared until they change, so that one costs
/// the memory of its numbers and no time.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) epoch: usize,
    pub(super) n_batches: usize,
    pub(super) layers: Layers,
    pub(super) optimizer: Optimizer,
    pub(super) best: f64,
    pub(super) n_stale: usize,
    pub(super) best_layers: Option<Layers>,
}

/// The epochs kept, in their order.
pub(super) struct Snapshots {
    kept: Vec<Snapshot>,
    most: usize,
    /// Epochs whose number is a multiple of it are kept.
    stride: usize,
}

impl Snapshots {
    /// None yet, of a net with so many numbers.
    pub(super) fn new(n_parameters: usize) -> Self {
        // Weights, two memories of each, and the best weights so far.
        let most = (MOST_NUMBERS / (4 * n_parameters.max(1))).clamp(3, MOST);
        Self { kept: Vec::new(), most, stride: 1 }
    }

    pub(super) fn push(&mut self, snapshot: Snapshot) {
        if !snapshot.epoch.is_multiple_of(self.stride) {
            return;
        }
        self.kept.push(snapshot);
        if self.kept.len() > self.most {
            self.stride *= 2;
            self.kept.retain(|kept| kept.epoch.is_multiple_of(self.stride));
        }
    }

    /// The last one at or before an epoch; what came after it is forgotten.
    pub(super) fn back_to(&mut self, epoch: usize) -> Option<Snapshot> {
        self.kept.retain(|kept| kept.epoch <= epoch);
        self.kept.last().cloned()
    }
}
