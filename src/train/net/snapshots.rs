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
        let most = (MOST_NUMBERS / (4 * n_parameters.max(1))).clamp(1, MOST);
        Self { kept: Vec::new(), most, stride: 1 }
    }

    pub(super) fn push(&mut self, snapshot: Snapshot) {
        if !snapshot.epoch.is_multiple_of(self.stride) {
            return;
        }
        self.kept.push(snapshot);
        // The start is a multiple of everything, and stays.
        while self.kept.len() > self.most {
            self.stride *= 2;
            self.kept.retain(|kept| kept.epoch.is_multiple_of(self.stride));
        }
    }

    /// Numbers in all of them; the best so far are those of an epoch, and count with it.
    pub(super) fn n_numbers(&self) -> usize {
        self.kept.iter().map(|kept| kept.layers.n_numbers() + kept.optimizer.n_numbers()).sum()
    }

    /// The last one at or before an epoch; what came after it is forgotten.
    pub(super) fn back_to(&mut self, epoch: usize) -> Option<Snapshot> {
        self.kept.retain(|kept| kept.epoch <= epoch);
        self.kept.last().cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Device;
    use crate::train::device::Ops;
    use crate::train::net::{Activation, Layer, Net};

    fn snapshot(epoch: usize) -> Snapshot {
        let layer = Layer { n_inputs: 1, n_outputs: 1, weights: vec![1.0], biases: vec![0.0], norm: None };
        let net = Net { front: None, layers: vec![layer], activation: Activation::Relu };
        let layers = Layers::new(&net, Device::cpu().tensors(), Ops::on(&Device::cpu()));
        let optimizer = Optimizer::new(&layers);
        Snapshot { epoch, n_batches: 0, layers, optimizer, best: 0.0, n_stale: 0, best_layers: None }
    }

    fn kept(n_parameters: usize, n_epochs: usize) -> Vec<usize> {
        let mut snapshots = Snapshots::new(n_parameters);
        (0..=n_epochs).for_each(|epoch| snapshots.push(snapshot(epoch)));
        snapshots.kept.iter().map(|kept| kept.epoch).collect()
    }

    #[test]
    fn many_epochs_are_thinned_out_evenly() {
        let epochs = kept(2, 1000);
        assert_eq!((epochs.len(), epochs[0], epochs[1]), (32, 0, 32));
        assert!(epochs.windows(2).all(|pair| pair[1] - pair[0] == 32));
        assert_eq!(kept(2, 30).len(), 31);
    }

    #[test]
    fn of_a_large_net_the_start_alone_is_kept() {
        assert_eq!(kept(20_000_000, 100), [0]);
    }

    #[test]
    fn going_back_forgets_what_came_after() {
        let mut snapshots = Snapshots::new(2);
        (0..10).for_each(|epoch| snapshots.push(snapshot(epoch)));
        assert_eq!(snapshots.back_to(4).map(|kept| kept.epoch), Some(4));
        assert_eq!(snapshots.kept.len(), 5);
    }
}
