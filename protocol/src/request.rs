//! What the page asks of a worker.

use serde::{Deserialize, Serialize};

use crate::{ExplainMsg, LoadOptionsMsg, PredictMsg, PrepareMsg, SearchMsg, TrainMsg};

/// Identifies one request; every event about it carries the same number.
pub type JobId = u32;

/// One message to a worker.
///
/// Bulk input (the bytes of a file) is not in it: it is posted beside it as the *payload*, a `Blob`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RequestMsg {
    /// The job this request starts.
    pub job: JobId,
    /// What to do.
    pub request: Request,
}

/// The requests, imperative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Read the payload as CSV and keep it as table `id`.
    LoadCsv {
        /// The name the table will have.
        id: String,
        /// What not to sniff.
        #[cfg_attr(feature = "types", ts(type = "LoadOptionsMsg", optional))]
        #[serde(default)]
        options: LoadOptionsMsg,
    },
    /// Make up rows, columns `x`, `y` and `class`, and keep them as table `id`: the same rows for the same request.
    MakeToy {
        /// The name the table will have.
        id: String,
        /// `circle`, `xor`, `gaussian`, `spiral`, `moons` or `spirals_3`.
        kind: String,
        /// How many; 200 by default.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        n_rows: Option<usize>,
        /// From 0 to 1, how far points stray; 0.1 by default.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        noise: Option<f64>,
        /// Decides the rows; 0 by default.
        #[cfg_attr(feature = "types", ts(type = "number", optional))]
        #[serde(default)]
        seed: Option<u64>,
    },
    /// Read rows `start..end` of a table, cut to the rows it has.
    ReadTable {
        /// Which table.
        id: String,
        /// First row.
        start: usize,
        /// One past the last row.
        end: usize,
        /// These rows instead, in this order; those the table does not have are left out.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        rows: Option<Vec<u32>>,
    },
    /// Fit a recipe on a whole table and show the matrix.
    Prepare(PrepareMsg),
    /// Split, prepare, fit and evaluate; keep the result as model `id`.
    Train {
        /// The name the model will have.
        id: String,
        /// What to train.
        #[serde(flatten)]
        train: Box<TrainMsg>,
    },
    /// Try learning rates out: a net learns from one batch after the other, each at a higher rate.
    TestRates(Box<TrainMsg>),
    /// Say what takes memory in this worker, also while something else is done.
    Memory {},
    /// Begin a fit of a net to see how long a step takes on this worker's device.
    TimeSteps(Box<TrainMsg>),
    /// Time each operation of a net's step by itself, on the device that is asked for.
    ProfileSteps(Box<TrainMsg>),
    /// Fit candidates on the same folds, each fold with a recipe of its own, and rank them.
    Search(Box<SearchMsg>),
    /// Round a net's weights to eight bits, or to 16, and keep that as model `id`.
    Quantize {
        /// The name the new model will have.
        id: String,
        /// The net.
        model: String,
        /// Which weights share a scale: `per_tensor` (all of a layer), `per_channel` (those of an output) or `per_block`
        /// (those of an output for 32 inputs; the default). Or `float16`: 16 bits each, and no scales.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        scheme: Option<String>,
    },
    /// Set the smallest of a net's weights to 0, fit the others on, and keep that as model `id`.
    Prune {
        /// The name the new model will have.
        id: String,
        /// The net.
        model: String,
        /// Which share of all its weights is 0 then, from 0 to 1.
        sparsity: f64,
        /// For how many epochs it is fitted on, with its own parameters and on its own rows, each counting once; 10 by default.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        fine_tune_epochs: Option<usize>,
        /// `auto`, `cpu` or `webgpu`.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        device: Option<String>,
    },
    /// Put the payload, weights in a safetensors file, in the place of those of a net, and keep that as model `id`.
    ImportWeights {
        /// The name the new model will have.
        id: String,
        /// The net, of the same shape.
        model: String,
    },
    /// Answer new rows. With `csv: true` the payload is read as CSV and is what is answered.
    Predict {
        /// Which model.
        id: String,
        /// Which rows.
        #[serde(flatten)]
        predict: PredictMsg,
    },
    /// Measure a model on another loaded table.
    Evaluate {
        /// Which model.
        id: String,
        /// Which table.
        table: String,
        /// Which of its rows: `all` (the default), or those `train` or `test` of the model's own table.
        #[serde(default)]
        rows: Option<String>,
        /// How many resamples the intervals are made from: 1000 by default, at most 10,000, fewer where there are many
        /// rows; 0 for no intervals.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        resamples: Option<usize>,
        /// Decides the resamples and the points that are drawn; 0 by default.
        #[cfg_attr(feature = "types", ts(type = "number", optional))]
        #[serde(default)]
        seed: Option<u64>,
    },
    /// Say why a model answers as it does.
    Explain {
        /// Which model.
        id: String,
        /// Which explanation.
        explain: ExplainMsg,
    },
    /// Write a model as bytes.
    Export {
        /// Which model.
        id: String,
        /// In which format.
        format: ExportFormat,
        /// Whether the project carries its table too.
        #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
        #[serde(default)]
        include_data: bool,
    },
    /// Read the payload as a project file and keep what is in it.
    ImportProject {
        /// Put before the ids of what is imported when those ids are taken.
        #[cfg_attr(feature = "types", ts(optional))]
        #[serde(default)]
        prefix: Option<String>,
    },
    /// Free a table or a model.
    Release {
        /// Which one.
        id: String,
    },
    /// Stop a job; it ends with `Cancelled` unless it had already ended.
    Cancel {
        /// Which job.
        target: JobId,
    },
    /// Change how a job that fits a model goes on. It has no event of its own, as a cancel has none.
    Control {
        /// Which job.
        target: JobId,
        /// How it goes on.
        action: ControlAction,
    },
    /// List the models, the steps, their parameters and the error codes.
    Describe {},
}

/// How a fit goes on. Any fit can be paused and resumed; the rest is for models that can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ControlAction {
    /// Wait, without computing.
    Pause,
    /// Go on.
    Resume,
    /// Do one batch, then wait.
    Step,
    /// Go back to the end of the last epoch kept at or before this one (0 is the start), then wait. About forty epochs
    /// are kept, evenly spread, with what the optimiser remembers: what follows is what followed then.
    Seek(usize),
    /// End the fit now, and keep the model as it is.
    Stop,
}

/// The formats a model can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Vitrine's own, versioned: recipe, model, receipt and, if asked, the table.
    Project,
    /// A net's weights alone, as PyTorch would name them (<https://github.com/huggingface/safetensors>).
    Safetensors,
}

/// What an imported project brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ProjectMsg {
    /// Its tables.
    pub tables: Vec<crate::TableMsg>,
    /// Its models.
    pub models: Vec<crate::ModelMsg>,
}
