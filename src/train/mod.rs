//! How fitting goes on: one bounded step at a time, on a device, with a seed.
//!
//! What comes in: a matrix and a target. What goes out, step by step: how far the fit is; in the end a fitted model.
//! Models (the next stage) implement [`Session`]; whoever drives one may stop between any two steps and loses nothing.

mod block_on;
pub mod device;
pub mod gradient_descent;
pub mod net;
pub mod search;

use std::future::Future;
use std::pin::Pin;

pub use block_on::block_on;
pub use device::Device;

pub use crate::preprocess::{Target, Task};

use crate::Error;
use crate::error::Issues;
use crate::preprocess::Matrix;
use crate::random::Seed;

/// What a model is fitted to. Every number is finite: preparation has seen to it. Models that take missing cells
/// ([`crate::model::ModelKind::takes_missing`]) may meet NaN in `x` and in the held-back rows; nothing else is ever NaN.
#[derive(Clone, Debug)]
pub struct FitInput {
    /// The training rows, at least one.
    pub x: Matrix,
    /// Their labels.
    pub y: Target,
    /// How much each row counts, one number per row of `x`: as many rows as its weight says. Finite, not negative, and
    /// not all zero ([`crate::preprocess::read_weights`] has seen to it); none counts every row once. Only models that
    /// take weights ([`crate::model::ModelKind::takes_weights`]) are given any.
    pub sample_weight: Option<Vec<f64>>,
    /// Held-back rows, for the validation curve only; nothing is learned from them.
    pub valid: Option<(Matrix, Target)>,
    /// Everything random is derived from it.
    pub seed: Seed,
    /// Where tensors live, for models that use tensors.
    pub device: Device,
}

/// Multiply-adds in one step of a descent: some 20 ms on one CPU thread.
#[cfg(feature = "tensors")]
const FLOPS_PER_STEP: usize = 20_000_000;

/// On a GPU the queue must not grow faster than it is worked off: at most so many batches before a number is awaited.
#[cfg(feature = "tensors")]
const GPU_BATCHES_PER_STEP: usize = 8;

/// How far a fit is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// From 0 to 1, never falling; 1 exactly when the fit is done.
    pub fraction: f64,
    /// The epoch, iteration or level just finished, from 1.
    pub epoch: Option<Epoch>,
}

/// A finished epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// From 1.
    pub number: usize,
    /// How many there will be at most.
    pub of: usize,
    /// The loss on the training rows.
    pub train_loss: f64,
    /// The loss on the held-back rows.
    pub valid_loss: Option<f64>,
}

/// What an asynchronous step gives back.
pub type StepFuture<'a> = Pin<Box<dyn Future<Output = Result<Step, Error>> + 'a>>;

/// A fit under way. A step takes at most some 50 ms of work on the CPU, so that a cancel is heard soon.
pub trait Session<F: ?Sized> {
    /// Does one bounded piece of the work.
    fn step(&mut self) -> StepFuture<'_>;

    /// The fitted model and what was odd, once a step has said that the fit is done.
    ///
    /// **Panics** before that: whoever drives the session has seen `fraction == 1`.
    fn finish(self: Box<Self>) -> (Box<F>, Issues);

    /// The fit as something that can be watched and steered, where it can.
    fn watched(&mut self) -> Option<&mut dyn Watched<F>> {
        None
    }
}

/// A fit that can be looked at while it is under way, and steered.
pub trait Watched<F: ?Sized> {
    /// Remembers epochs to go back to, from now on.
    fn keep_epochs(&mut self);

    /// Lets the next step do one batch only.
    fn one_batch(&mut self);

    /// Whether the next step ends what was begun, a measurement or a batch, rather than begin another batch.
    fn is_amid(&self) -> bool;

    /// Lets the next step end the fit with the model as it is.
    fn stop(&mut self);

    /// Goes back to the end of the last epoch kept at or before this one, 0 being the start; what follows is what
    /// followed then. Gives back which epoch that is. A step's fraction falls with it.
    fn seek(&mut self, epoch: usize) -> usize;

    /// What it is now.
    fn view(&self) -> ViewFuture<'_, F>;

    /// Batches that are done, and how many there will be at most.
    fn n_batches(&self) -> [usize; 2];

    /// All that decides how the fit goes on, as bytes that outlive the device; none while it measures, and where they
    /// would be too many.
    fn checkpoint(&self) -> CheckpointFuture<'_>;

    /// Goes on from a checkpoint of a fit of the same input and parameters, on whatever device that was. Gives back how
    /// many epochs were over then; none, and nothing changes, where it is no such checkpoint.
    fn resume(&mut self, checkpoint: &[u8]) -> Option<usize>;

    /// Learns from the next batch at this learning rate, whatever was set, and gives back the loss it had on that batch
    /// before; not finite once it has diverged, and nothing while the batch is to be gone on with.
    fn batch_at(&mut self, rate: f64) -> LossFuture<'_>;

    /// What a batch is made of, to be timed. Nothing is learned by it.
    fn ops(&self) -> Vec<Op>;
}

/// One operation of a batch, by itself.
pub struct Op {
    /// What it is.
    pub name: &'static str,
    /// Whose it is, from 0.
    pub layer: Option<usize>,
    /// Rows and columns of what it reads.
    pub shapes: Vec<[usize; 2]>,
    /// Multiply-adds of its products.
    pub multiply_adds: usize,
    /// Bytes read and written.
    pub n_bytes: usize,
    /// Does it so many times, and waits until it is done.
    pub repeat: Box<dyn Fn(usize) -> DoneFuture<'static>>,
}

/// What is over when it is awaited.
pub type DoneFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// A model while it is fitted.
pub struct View<F: ?Sized> {
    /// The model as it is.
    pub fitted: Box<F>,
    /// Epochs that are over.
    pub epoch: usize,
    /// Batches that are done, of all epochs.
    pub n_batches: usize,
    /// The length of the last batch's gradient, layer by layer; empty before the first batch.
    pub gradient_norms: Vec<f64>,
    /// Units of each hidden layer that answer no row any more.
    pub n_dead: Vec<usize>,
    /// What it takes of the device's memory.
    pub memory: FitMemory,
}

/// What a fit takes of the device's memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FitMemory {
    /// The rows that are learned from and those that were held back, with their labels.
    pub rows: usize,
    /// The model's numbers.
    pub model: usize,
    /// What the optimiser remembers.
    pub optimizer: usize,
    /// Epochs that can be gone back to.
    pub epochs: usize,
}

/// What looking gives back.
pub type ViewFuture<'a, F> = Pin<Box<dyn Future<Output = Result<View<F>, Error>> + 'a>>;

/// What writing a fit down gives back.
pub type CheckpointFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Vec<u8>>, Error>> + 'a>>;

/// What a batch gives back.
pub type LossFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<f64>, Error>> + 'a>>;

/// A step that has already been done: what sessions without anything to wait for give back.
pub fn ready(result: Result<Step, Error>) -> StepFuture<'static> {
    Box::pin(std::future::ready(result))
}
