//! Learning a linear map by gradient descent, watched epoch by epoch: own loop on burn, on the CPU or on WebGPU.
//!
//! What comes in: a matrix, labels, and how to descend. What goes out, step by step: epochs with their losses; in the
//! end coefficients. Everything is f32 here. Features are taken as the recipe made them (scale them: one learning rate
//! serves all); numbers to be learned are standardised inside, so that the learning rate means the same whatever their
//! unit is, and losses and coefficients are given in their own unit again.

#[cfg(feature = "tensors")]
mod batches;
#[cfg(feature = "tensors")]
mod descent;
#[cfg(not(feature = "tensors"))]
#[path = "elsewhere.rs"]
mod descent;

#[cfg(feature = "tensors")]
pub(in crate::train) use batches::{Labels, Rows, TargetScale};
pub use descent::Descent;

use crate::error::Place;

crate::trouble! {
    /// What can stop a descent.
    pub enum DescentError in "train" {
        /// The loss stopped being a finite number.
        LossNotFinite { epoch: usize, learning_rate: f64 } => "loss_not_finite",
            "the loss stopped being finite in epoch {epoch} at learning rate {learning_rate}",
            hint "Lower the learning rate, or scale the features",
            place Place::field("model.learning_rate");
    }
}

crate::trouble! {
    /// What can be odd about a descent.
    pub enum DescentIssue in "train" {
        /// Gradient descent ended before the loss had settled.
        NotSettled { max_iter: usize } => "not_settled",
            "the loss had not settled after {max_iter} epochs",
            hint "Raise max_iter or the learning rate, or scale the features";
        /// Gradient descent went uphill.
        LossRose { learning_rate: f64 } => "loss_rose",
            "at learning rate {learning_rate} the loss ended above where it began",
            hint "Lower the learning rate, or scale the features",
            place Place::field("model.learning_rate");
    }
}

crate::choice! {
    /// How a gradient becomes a step.
    pub enum Optimizer {
        /// Each weight has its own pace (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>).
        Adam = "adam",
        /// The same pace for all, with a momentum of 0.9.
        Sgd = "sgd",
    }
}

/// How to descend. What is made small follows from the labels:
///
/// ```text
/// numbers        mean((prediction − y)²)
/// two classes    mean(−ln σ(±score)), one output
/// more classes   mean(−ln softmax(scores)[class]), one output per class
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DescentConfig {
    /// `½ · l2 · Σ coefficient²` is added to the loss.
    pub l2: f64,
    /// Whether there are intercepts; they are not penalised.
    pub fit_intercept: bool,
    /// How far a step goes.
    pub learning_rate: f64,
    /// How often all rows are seen, at most.
    pub n_epochs: usize,
    /// How many rows make one step.
    pub batch_size: usize,
    /// How a gradient becomes a step.
    pub optimizer: Optimizer,
    /// The descent ends when the loss (of held-back rows, if there are any) has not become smaller by more than this
    /// for five epochs; without it, after the last epoch.
    pub tol: Option<f64>,
}

/// What was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// Row-major, `n_outputs × n_features`.
    pub coefficients: Vec<f64>,
    /// One per output.
    pub intercepts: Vec<f64>,
    /// Whether the loss had settled before the last epoch.
    pub has_settled: bool,
    /// Whether the loss ended above that of the weights it began with, all of them 0.
    pub has_risen: bool,
}

impl Weights {
    /// What is odd about how they came to be.
    pub fn issue(&self, config: &DescentConfig) -> Option<DescentIssue> {
        let (max_iter, learning_rate) = (config.n_epochs, config.learning_rate);
        match self {
            Self { has_risen: true, .. } => Some(DescentIssue::LossRose { learning_rate }),
            // Without a tolerance nobody has asked for it to settle.
            Self { has_settled: false, .. } if config.tol.is_some() => Some(DescentIssue::NotSettled { max_iter }),
            _ => None,
        }
    }
}
