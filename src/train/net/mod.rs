//! Learning the weights of a net by gradient descent, watched epoch by epoch: own loop on burn, on the CPU or on WebGPU.
//!
//! What comes in: a matrix, labels, and how to descend. What goes out, step by step: epochs with their losses; in the
//! end a [`Net`] of plain f32 numbers that answers rows without burn. Initial weights, the order of the rows and what
//! dropout leaves out are drawn from our own seed, so that they are the same on every device.
//!
//! When something stops being finite the descent ends with the last weights that were, and says what is the likely cause.

#[cfg(feature = "tensors")]
mod backward;
mod cost;
#[cfg(feature = "tensors")]
mod descent;
#[cfg(not(feature = "tensors"))]
#[path = "elsewhere.rs"]
mod descent;
mod front;
mod half;
mod int8;
#[cfg(feature = "tensors")]
mod layers;
#[cfg(feature = "tensors")]
mod norm;
#[cfg(feature = "tensors")]
mod optimizer;
#[cfg(feature = "tensors")]
mod pace;
mod plain;
#[cfg(feature = "tensors")]
mod profile;
mod random;
#[cfg(feature = "tensors")]
mod snapshots;
mod trouble;
#[cfg(feature = "tensors")]
mod weighed;
mod weights;

pub(crate) use cost::check_cost;
pub use descent::NetDescent;
pub use front::{Block, BlockSizes, Cell, Convolutions, Embeddings, Front, FrontPlan, PixelScale, Recurrent};
pub use half::{LARGEST_HALF, from_half, to_half};
pub use int8::{BLOCK_LEN, Grouping, Int8};
#[cfg(feature = "tensors")]
pub use layers::{NetGradients, gradients};
#[cfg(feature = "tensors")]
pub(in crate::train) use optimizer::{Memory, adam, momentum};
#[cfg(feature = "tensors")]
pub(in crate::train) use pace::{Pace, finished};
pub use plain::{Layer, Net, Norm};
pub use trouble::{Doctor, NetError, NetIssue};

use crate::error::Issues;
use crate::train::FitMemory;

crate::choice! {
    /// What a hidden unit makes of its sum.
    pub enum Activation {
        /// `max(0, x)`.
        Relu = "relu",
        /// `tanh x`.
        Tanh = "tanh",
        /// `1 / (1 + e^−x)`.
        Logistic = "logistic",
        /// `x · Φ(x)`, Φ being the normal distribution's (Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>).
        Gelu = "gelu",
        /// `x` itself: all layers together are one linear map.
        Identity = "identity",
    }
}

crate::choice! {
    /// How a gradient becomes a step.
    pub enum NetSolver {
        /// Each weight has its own pace (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>).
        Adam = "adam",
        /// The same pace for all, with momentum.
        Sgd = "sgd",
        /// Adam whose weights shrink apart from the gradient (Loshchilov and Hutter 2019,
        /// <https://arxiv.org/abs/1711.05101>).
        AdamW = "adamw",
        /// Each weight's pace follows the size of its last gradients (Tieleman and Hinton 2012).
        RmsProp = "rmsprop",
    }
}

crate::choice! {
    /// How the learning rate changes from epoch to epoch.
    pub enum RateSchedule {
        /// Not at all.
        Constant = "constant",
        /// A tenth after half of the epochs, and a tenth of that after three quarters.
        Step = "step",
        /// Down to 0 along half a cosine (Loshchilov and Hutter 2017, <https://arxiv.org/abs/1608.03983>).
        Cosine = "cosine",
        /// From a 25th up for three tenths of the batches, then down to almost 0 (Smith and Topin 2019,
        /// <https://arxiv.org/abs/1708.07120>).
        OneCycle = "one_cycle",
    }
}

#[cfg(any(feature = "tensors", test))]
impl RateSchedule {
    /// What the learning rate is multiplied with, `batch` being the number of batches done before of `n_batches`.
    fn factor(self, (epoch, n_epochs): (usize, usize), (batch, n_batches): (usize, usize)) -> f64 {
        let cosine =
            |from: f64, to: f64, share: f64| to + (from - to) / 2.0 * (1.0 + libm::cos(std::f64::consts::PI * share));
        match self {
            Self::Constant => 1.0,
            Self::Step => match (epoch as f64) / (n_epochs as f64) {
                share if share >= 0.75 => 0.01,
                share if share >= 0.5 => 0.1,
                _ => 1.0,
            },
            Self::Cosine => cosine(1.0, 0.0, epoch as f64 / n_epochs as f64),
            Self::OneCycle => {
                let (low, lowest) = (1.0 / 25.0, 1.0 / 25e4);
                let (batch, last) = (batch as f64, (n_batches as f64 - 1.0).max(1.0));
                let peak = (0.3 * n_batches as f64 - 1.0).max(0.0);
                match batch <= peak && peak > 0.0 {
                    true => cosine(low, 1.0, batch / peak),
                    false => cosine(1.0, lowest, ((batch - peak) / (last - peak).max(1.0)).min(1.0)),
                }
            }
        }
    }
}

/// How to descend. What is made small is, over the rows of a batch, each counting as much as its class and its own weight:
///
/// ```text
/// numbers        mean(½ (prediction − y)²), y standardised
/// two classes    mean(−ln σ(±score)), one output
/// more classes   mean(−ln softmax(scores)[class]), one output per class
/// besides        (½ · l2 · Σ weight² + l1 · Σ |weight|) / rows of the batch; intercepts are left alone
/// ```
/// A row of weight 3 is there three times: it counts as three rows of the batch, too. To batch norm a row is a row.
/// With [`NetSolver::AdamW`] `l2` is instead the share of itself that each weight loses per step and learning rate.
#[derive(Clone, Debug, PartialEq)]
pub struct NetConfig {
    /// What stands before the layers.
    pub front: Option<FrontPlan>,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// What a hidden unit makes of its sum.
    pub activation: Activation,
    /// How a gradient becomes a step.
    pub solver: NetSolver,
    /// How much of the last step is kept, with [`NetSolver::Sgd`].
    pub momentum: f64,
    /// What holds the squares of the weights back.
    pub l2: f64,
    /// What holds the sizes of the weights back.
    pub l1: f64,
    /// The share of hidden units that a batch leaves out (Srivastava et al. 2014).
    pub dropout: f64,
    /// Whether sums are standardised over the batch before they are activated (Ioffe and Szegedy 2015,
    /// <https://arxiv.org/abs/1502.03167>).
    pub batch_norm: bool,
    /// How many rows make one step.
    pub batch_size: usize,
    /// How far a step goes.
    pub learning_rate: f64,
    /// How that changes.
    pub schedule: RateSchedule,
    /// How often all rows are seen, at most.
    pub n_epochs: usize,
    /// Whether each epoch sees the rows in another order.
    pub shuffle: bool,
    /// The descent ends when the watched loss has not become smaller by more than this …
    pub tol: f64,
    /// … for more than so many epochs.
    pub patience: usize,
    /// The gradient's length is at most this; 0 leaves it as it is (Pascanu et al. 2013,
    /// <https://arxiv.org/abs/1211.5063>).
    pub clip_norm: f64,
    /// How much each class counts; empty where all count the same.
    pub class_weights: Vec<f64>,
}

/// A net while it learns.
#[derive(Clone, Debug)]
pub struct NetView {
    /// Its weights now.
    pub net: Net,
    /// Epochs that are over.
    pub epoch: usize,
    /// Batches that are done, of all epochs.
    pub n_batches: usize,
    /// The length of the last batch's gradient, layer by layer, without the front's; empty before the first batch.
    pub gradient_norms: Vec<f64>,
    /// Units of each hidden layer that are 0 for each of the first training rows (up to 256), with rectifiers.
    pub n_dead: Vec<usize>,
    /// What it takes of the device's memory.
    pub memory: FitMemory,
}

/// What came of a descent.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The weights.
    pub net: Net,
    /// What was odd.
    pub issues: Issues,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_begin_and_end_where_they_should() {
        let at = |schedule: RateSchedule, epoch| schedule.factor((epoch, 8), (epoch * 10, 80));
        assert_eq!([0, 3, 4, 6].map(|epoch| at(RateSchedule::Step, epoch)), [1.0, 1.0, 0.1, 0.01]);
        assert_eq!(at(RateSchedule::Cosine, 0), 1.0);
        assert!((at(RateSchedule::Cosine, 4) - 0.5).abs() < 1e-15);
        let cycle = |batch| RateSchedule::OneCycle.factor((0, 8), (batch, 80));
        assert!((cycle(0) - 0.04).abs() < 1e-15 && (cycle(23) - 1.0).abs() < 1e-15);
        assert!((cycle(79) - 4e-6).abs() < 1e-15);
    }
}
