//! What a worker tells the page.

use serde::{Deserialize, Serialize};

use crate::{
    BoundaryMsg, CatalogMsg, DeviceMsg, ErrorMsg, EvaluationMsg, ExplanationMsg, FitMsg, JobId, MadeMsg, ModelMsg,
    PredictionMsg, PreparedMsg, ProjectMsg, RowsMsg, SearchedMsg, TableMsg,
};

/// One message from a worker; [`Buffer`]s are posted beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct EventMsg {
    /// The job it is about; `null` for `ready` and `crashed`.
    pub job: Option<JobId>,
    /// What happened.
    pub event: Event,
}

/// The events, past tense. All but `Ready`, `Progressed` and `Crashed` are terminal: each job gets exactly one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The first message of a worker.
    Ready(ReadyMsg),
    /// A job went on; at most twenty a second. Buffers of a view: see [`ViewMsg`].
    Progressed(ProgressMsg),
    /// A CSV was read.
    TableLoaded(TableMsg),
    /// Rows were read.
    RowsRead(RowsMsg),
    /// A recipe was fitted. Buffers: `matrix` (f64, row-major).
    Prepared(PreparedMsg),
    /// A model was fitted. Buffers: `train_rows`, `test_rows` (u32).
    ModelFitted(Box<ModelMsg>),
    /// Learning rates were tried out.
    RatesTested(RatesMsg),
    /// Steps of a fit were timed.
    StepsTimed {
        /// Milliseconds of a batch; `null` where the first step was the only one.
        step_ms: Option<f64>,
        /// How many batches the fit would have at most.
        n_steps: usize,
    },
    /// What takes memory in this worker.
    MemoryTold(MemoryMsg),
    /// The operations of a step were timed.
    StepsProfiled(ProfileMsg),
    /// A model was made from another. Buffers: `train_rows`, `test_rows` (u32).
    ModelMade(Box<MadeMsg>),
    /// Candidates were fitted on folds, and ranked.
    Searched(SearchedMsg),
    /// Some fits of a search were made, for a search that several workers share.
    FitsMade {
        /// What came of them, in the order asked for.
        fits: Vec<FitMsg>,
        /// The fits that can be made next, each `[round, candidate, fold]`; none where some were asked for by name.
        open: Vec<[usize; 3]>,
        /// How many fits the whole search has.
        n_fits: usize,
        /// The best mean score so far, of what is known and what was made.
        best_score: Option<f64>,
    },
    /// Some trees of a forest were grown, for a forest that several workers share. Buffers: `trees` (u8).
    TreesGrown {
        /// The first.
        start: usize,
        /// One past the last.
        end: usize,
    },
    /// Rows were answered. Buffers: `codes` and `probabilities`, or `values`; or `csv`.
    Predicted(PredictionMsg),
    /// A model was measured. Buffers: `rows` (u32), the rows measured; of a classification cell after cell of the
    /// confusion matrix (row by row), so that a cell's rows begin after as many as the cells before it count.
    Evaluated(EvaluationMsg),
    /// An explanation was found. Buffers of a boundary: `codes` and `probabilities`, or `values`.
    Explained(ExplanationMsg),
    /// A model was written. Buffers: `bytes`.
    Exported {
        /// A name for the file.
        file_name: String,
    },
    /// A project was read.
    ProjectImported(ProjectMsg),
    /// A table or a model was freed.
    Released {
        /// Which one.
        id: String,
    },
    /// The catalog was listed.
    Described(CatalogMsg),
    /// The request could not be carried out.
    Failed(ErrorMsg),
    /// The job was stopped.
    Cancelled,
    /// The worker is gone; a new one is needed.
    Crashed {
        /// The panic's message and place.
        message: String,
    },
}

impl Event {
    /// Whether this event ends its job.
    ///
    /// ```
    /// use vitrine_protocol::Event;
    /// assert!(Event::Cancelled.is_terminal());
    /// assert!(!Event::Crashed { message: String::new() }.is_terminal());
    /// ```
    pub fn is_terminal(&self) -> bool {
        !matches!(self, Event::Ready(_) | Event::Progressed(_) | Event::Crashed { .. })
    }
}

/// A worker's first words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ReadyMsg {
    /// [`crate::PROTOCOL_VERSION`] as the worker was built.
    pub protocol: u32,
    /// [`crate::BUILD`] as the worker was built.
    pub build: String,
    /// The version of Vitrine.
    pub version: String,
    /// The device it works on.
    pub device: DeviceMsg,
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ProgressMsg {
    /// From 0 to 1, never falling.
    pub fraction: f64,
    /// The last finished epoch, iteration or tree level, for what is iterated; in a search the fits that are done.
    pub epoch: Option<usize>,
    /// How many there will be at most.
    pub n_epochs: Option<usize>,
    /// The loss on the training rows.
    pub train_loss: Option<f64>,
    /// The loss on the test rows.
    pub valid_loss: Option<f64>,
    /// In a search, the best mean score so far.
    pub best_score: Option<f64>,
    /// Estimated time to the end.
    pub eta_ms: Option<f64>,
    /// What is being done: `reading`, `preparing`, `fitting`, `paused`, `evaluating`, `searching`.
    pub message: String,
    /// What the net is now, with `watch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub view: Option<Box<ViewMsg>>,
}

/// A net while it is fitted. Buffers beside it: `weights` (f32: of each layer its weights, `n_inputs × n_outputs`
/// row-major, then its intercepts) where they were asked for, those of the boundary, and `units`: of each hidden unit, layer
/// after layer, what it makes of each point of the boundary, as bytes. 128 is 0, and the largest size is 1 or 255.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ViewMsg {
    /// Epochs that are over.
    pub epoch: usize,
    /// Batches that are done, of all epochs.
    pub n_batches: usize,
    /// Its layers, the last being the outputs.
    pub layers: Vec<LayerViewMsg>,
    /// The grid it is asked over, where one was asked for.
    pub boundary: Option<BoundaryMsg>,
    /// What it answers for rows, where that was asked for.
    pub measures: Option<ViewMeasuresMsg>,
    /// What it takes of memory.
    pub memory: FitMemoryMsg,
}

/// What a net's loss was at each learning rate, one batch at each, from 1e-6 up to 10 or to where it goes astray.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RatesMsg {
    /// The rates, ascending.
    pub rates: Vec<f64>,
    /// The loss on each batch, before it was learned from.
    pub losses: Vec<f64>,
    /// The losses, smoothed.
    pub smoothed: Vec<f64>,
    /// Where the smoothed loss has come half of its way down, and at most a tenth of the rate at which it is least; `null`
    /// where it hardly falls.
    pub suggested: Option<f64>,
}

/// What takes memory in a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MemoryMsg {
    /// WebAssembly's memory: it grows with what was held at once, and never shrinks while the worker lives. `null` natively.
    #[cfg_attr(feature = "types", ts(type = "number | null"))]
    pub heap_bytes: Option<u64>,
    /// What of a GPU's memory is taken; `null` in a worker that computes on the CPU.
    pub pool: Option<PoolMsg>,
    /// The tables it holds.
    pub tables: Vec<HeldMsg>,
    /// The models it holds.
    pub models: Vec<HeldMsg>,
}

/// A GPU's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PoolMsg {
    /// Bytes of tensors that are alive.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub in_use_bytes: u64,
    /// Bytes taken from the GPU, with what is kept for tensors to come.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub reserved_bytes: u64,
    /// Pieces that are handed out, to tensors and to what kernels are told.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub n_pieces: u64,
}

/// A table or a model that a worker holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct HeldMsg {
    /// Its id.
    pub id: String,
    /// A table's name, a model's kind.
    pub name: String,
    /// Bytes of a table's cells in memory; of a model's numbers as a file has them.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub bytes: u64,
    /// Of a net, its tensors.
    pub tensors: Vec<TensorMsg>,
}

/// One tensor of a net.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TensorMsg {
    /// As in a safetensors file of the net: `layers.0.weight`.
    pub name: String,
    /// As there.
    pub shape: Vec<usize>,
    /// Its bytes in memory: four a number, and of weights of eight bits their codes and scales too.
    pub bytes: usize,
}

/// What a net takes while it learns, on the device that it learns on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct FitMemoryMsg {
    /// The rows that it learns from and those that were held back, with their labels.
    pub rows_bytes: usize,
    /// Its numbers.
    pub net_bytes: usize,
    /// What the optimiser remembers of each.
    pub optimizer_bytes: usize,
    /// Epochs that can be gone back to: numbers and memories of each.
    pub epochs_bytes: usize,
}

/// Where the time of a net's step goes, on one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ProfileMsg {
    /// The device that was timed.
    pub device: DeviceMsg,
    /// Milliseconds of a batch, one after the other as in a fit; `null` where a fit has one batch only.
    pub step_ms: Option<f64>,
    /// The operations of a batch, in their order.
    pub ops: Vec<OpTimeMsg>,
}

/// An operation of a net's step, done by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct OpTimeMsg {
    /// `pick_rows`, `front`, `front_and_back`, `layer`, `loss`, `weights_gradient`, `slope` or `optimizer`.
    pub op: String,
    /// The layer, from 0; `null` of what is no layer's.
    pub layer: Option<usize>,
    /// Rows and columns of what it reads.
    pub shapes: Vec<[usize; 2]>,
    /// Multiply-adds of its products.
    pub multiply_adds: usize,
    /// Bytes read and written.
    pub n_bytes: usize,
    /// Milliseconds of one, the median of several rounds.
    pub ms: f64,
}

/// What a net answers while it is fitted: for up to 500 rows that are learned from and as many that were held back, evenly
/// spread over all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ViewMeasuresMsg {
    /// `accuracy`, or `r2` for numbers.
    pub measure: String,
    /// On rows that are learned from; `null` where it is not defined.
    pub train: Option<f64>,
    /// On rows that were held back.
    pub valid: Option<f64>,
    /// Rows by their class, columns by the class answered: of the rows held back, or else of those learned from.
    pub confusion: Option<Vec<Vec<usize>>>,
}

/// A layer while it is fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LayerViewMsg {
    /// What it reads.
    pub n_inputs: usize,
    /// Its units.
    pub n_outputs: usize,
    /// The length of the last batch's gradient; `null` before the first.
    pub gradient_norm: Option<f64>,
    /// Units that are 0 for each of the first training rows (up to 256), of hidden layers of rectifiers; otherwise 0.
    pub n_dead: usize,
}

/// A bulk of numbers that travels beside an event, by name.
#[derive(Clone, Debug, PartialEq)]
pub enum Buffer {
    /// Becomes a `Float64Array`.
    F64(Vec<f64>),
    /// Becomes a `Float32Array`.
    F32(Vec<f32>),
    /// Becomes a `Uint32Array`.
    U32(Vec<u32>),
    /// Becomes a `Uint8Array`.
    U8(Vec<u8>),
}
