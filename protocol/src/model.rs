//! Training, models, predictions and their measures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FittedStepMsg, FoldMetricsMsg, IssueMsg, ProjectionMethod, StepMsg, StructureMsg};

/// What is to be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One of several classes.
    Classification,
    /// A number.
    Regression,
    /// Groups of rows that lie close together; there is no target.
    Clustering,
    /// Fewer numbers that keep what varies most; there is no target.
    Projection,
    /// How odd a row is among the others; there is no target.
    AnomalyDetection,
}

impl Task {
    /// Whether it is learned from a target.
    pub fn has_target(self) -> bool {
        matches!(self, Self::Classification | Self::Regression)
    }
}

/// Where arithmetic happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The processor, through burn-flex.
    Cpu,
    /// The graphics processor, through burn-wgpu.
    WebGpu,
}

/// How wide the numbers are that a net's products read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    Float32,
    /// 16 bits; sums, the weights that are learned and what the optimiser remembers have 32.
    Float16,
}

/// The device that answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DeviceMsg {
    /// Which kind.
    pub kind: DeviceKind,
    /// Its name.
    pub name: String,
    /// Why it is not the one that was asked for.
    pub fallback_reason: Option<String>,
    /// Milliseconds of a training step, where devices were tried before one was chosen.
    #[serde(default)]
    pub step_ms: Option<StepMillisMsg>,
    /// `float16` where a net was computed with that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(optional))]
    pub precision: Option<Precision>,
}

/// How long a training step took on each device that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct StepMillisMsg {
    /// On the CPU.
    pub cpu: f64,
    /// On WebGPU.
    pub webgpu: f64,
}

/// What to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields)]
pub struct TrainMsg {
    /// The table's id.
    pub table: String,
    /// The column to predict. Models that learn without one only leave it out of the features.
    #[serde(default)]
    pub target: Option<String>,
    /// The columns to learn from; all but the target (and text) by default.
    #[serde(default)]
    pub features: Option<Vec<String>>,
    /// The column that says how much each row counts while it is learned from; it is no feature. Measures count every
    /// row once.
    #[serde(default)]
    pub sample_weight: Option<String>,
    /// By default the target's kind decides.
    #[serde(default)]
    pub task: Option<Task>,
    /// The preparation; a sensible one for the model when absent.
    #[serde(default)]
    pub recipe: Option<Vec<StepMsg>>,
    /// The model and its hyper-parameters.
    pub model: ModelSpecMsg,
    /// How rows are held back.
    #[serde(default)]
    pub split: Option<SplitMsg>,
    /// Everything random is derived from it; 0 by default.
    #[serde(default)]
    #[cfg_attr(feature = "types", ts(type = "number", optional))]
    pub seed: Option<u64>,
    /// `auto`, `cpu` or `webgpu`; what the library was started with by default.
    #[serde(default)]
    pub device: Option<String>,
    /// Of nets on WebGPU: whether kernels do several operations at once (the default), or each does one.
    #[serde(default)]
    #[cfg_attr(feature = "types", ts(optional))]
    pub fusion: Option<bool>,
    /// Of nets on WebGPU: how wide the numbers are; `float32` by default, and where 16 bits cannot be had.
    #[serde(default)]
    #[cfg_attr(feature = "types", ts(optional))]
    pub precision: Option<Precision>,
    /// What progress shows of the model while it is fitted, of models that can be watched: nets. It also lets epochs be
    /// gone back to.
    #[serde(default)]
    pub watch: Option<Box<WatchMsg>>,
    /// Of a forest: grow only the trees from the first of these numbers to the second (left out), and answer with them.
    // Nothing in Rust asks for parts, and the page has no room for code that would write this.
    #[serde(default, skip_serializing)]
    pub only_trees: Option<[usize; 2]>,
    /// The payload is trees that were grown so, one part after the other; only those that are missing are grown.
    #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
    #[serde(default, skip_serializing)]
    pub grown_trees: bool,
    /// Make only these of the folds that `split.folds` asks for, and answer with what came of them.
    #[serde(default, skip_serializing)]
    pub only_folds: Option<Vec<usize>>,
    /// What came of folds that were made elsewhere, as [`FitMsg`](crate::FitMsg)s: they are not made again.
    #[cfg_attr(feature = "types", ts(type = "FitMsg[]", optional))]
    #[serde(default, skip_serializing)]
    pub known: Option<serde_json::Value>,
    /// Write a net down while it is fitted, every two seconds or less often: progress then brings a `checkpoint` (u8).
    #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
    #[serde(default, skip_serializing)]
    pub checkpoints: bool,
    /// The payload is such a checkpoint of the same fit, made on whatever device: go on from it.
    #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
    #[serde(default, skip_serializing)]
    pub resume: bool,
}

/// What to show of a net while it is fitted, at most ten times a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields, default)]
pub struct WatchMsg {
    /// What it answers over a plane.
    pub boundary: Option<WatchBoundaryMsg>,
    /// Its weights.
    #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
    pub weights: bool,
    /// What each hidden unit makes of the points of the boundary; of nets of up to 64 hidden units.
    #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
    pub units: bool,
    /// What it answers for rows that were learned from, and for rows that were held back.
    #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
    pub measures: bool,
}

/// Two columns, the others at their medians (or most frequent categories), or two directions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields)]
pub struct WatchBoundaryMsg {
    /// The column across.
    #[serde(default)]
    pub x: Option<String>,
    /// The column upwards.
    #[serde(default)]
    pub y: Option<String>,
    /// Directions instead of columns.
    #[serde(default)]
    pub projection: Option<ProjectionMethod>,
    /// Grid points each way; 40 by default.
    #[serde(default)]
    pub resolution: Option<usize>,
}

/// A model's kind and its hyper-parameters by name; each kind declares which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ModelSpecMsg {
    /// `decision_tree`, `linear_regression`, `logistic_regression`, …
    pub kind: String,
    /// The hyper-parameters that differ from their defaults.
    #[serde(flatten)]
    pub params: BTreeMap<String, Value>,
}

/// How rows are held back for testing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields, default)]
pub struct SplitMsg {
    /// The fraction held back, 0.25 by default (0 for what is learned without a target); 0 trains on every row and `metrics.test` is `null`.
    pub test_fraction: Option<f64>,
    /// Keep the classes' proportions in both parts; the default for classification.
    pub stratify: Option<bool>,
    /// Train on every row and test on this other table.
    pub test_table: Option<String>,
    /// Besides, measure on this many folds of the training rows, each learning its own recipe; at least 2.
    pub folds: Option<usize>,
    /// How rows are dealt to folds: `stratified` (the default for classes), `k_fold` or `time_ordered`.
    pub fold_kind: Option<String>,
    /// Whether they are dealt in a random order; not by default, as in scikit-learn.
    pub shuffle: Option<bool>,
}

/// A fitted model. The rows of its split come beside it as [`crate::Buffer`]s `train_rows` and `test_rows`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ModelMsg {
    /// What requests call it.
    pub id: String,
    /// What was learned.
    pub task: Task,
    /// The model's kind.
    pub kind: String,
    /// The table it was trained on.
    pub table: String,
    /// The column it predicts; `null` for what is learned without a target.
    pub target: Option<String>,
    /// The raw columns it reads.
    pub features: Vec<InputMsg>,
    /// What `codes` are called: the classes, sorted; `cluster 0` and so on; `inlier` and `outlier`. `null` for numbers.
    pub classes: Option<Vec<String>>,
    /// The matrix' columns after preparation.
    pub feature_names: Vec<String>,
    /// The fitted recipe.
    pub recipe: Vec<FittedStepMsg>,
    /// Every hyper-parameter, defaults included.
    pub params: BTreeMap<String, Value>,
    /// Measures on both parts.
    pub metrics: BothMetricsMsg,
    /// What the model consists of, by kind.
    pub structure: StructureMsg,
    /// The loss by epoch, for what is iterated.
    pub history: Vec<HistoryMsg>,
    /// Wall time of the fit itself, preparation and evaluation not included.
    pub fit_ms: f64,
    /// The device that fitted it.
    pub device: DeviceMsg,
    /// Training rows.
    pub n_train: usize,
    /// Test rows.
    pub n_test: usize,
    /// What was odd.
    pub issues: Vec<IssueMsg>,
    /// What it was made from, for making it again.
    pub receipt: ReceiptMsg,
}

impl ModelMsg {
    /// The column it predicts; empty for what is learned without one.
    pub fn target_name(&self) -> &str {
        self.target.as_deref().unwrap_or_default()
    }
}

/// A raw column a model reads, as a form needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct InputMsg {
    /// The column's name.
    pub name: String,
    /// What it holds.
    pub kind: crate::ColumnKind,
    /// The categories seen in training, most frequent first; empty for other kinds.
    pub categories: Vec<String>,
    /// Smallest number seen in training.
    pub min: Option<f64>,
    /// Median of the numbers seen in training.
    pub median: Option<f64>,
    /// Largest number seen in training.
    pub max: Option<f64>,
}

/// Measures on the rows learned from and on those held back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct BothMetricsMsg {
    /// On the training rows.
    pub train: MetricsMsg,
    /// On the test rows, if any were held back.
    pub test: Option<MetricsMsg>,
    /// On held-back folds of the training rows, with `split.folds`; the model itself is fitted on all of them.
    pub folds: Option<FoldMetricsMsg>,
}

/// Measures by name; `null` where one is not defined for these rows.
///
/// Classification: `accuracy`, `balanced_accuracy`, `f1_macro`, `log_loss`, `roc_auc`, `average_precision`,
/// `matthews_corrcoef`, `brier_score`, `expected_calibration_error`. Regression: `r2`, `rmse`, `mae`, `mape`,
/// `median_absolute_error`, `max_error`. Clustering: `inertia`, `silhouette`, `davies_bouldin`, `calinski_harabasz`.
/// Projection: `explained_variance_ratio`. Anomaly detection: `outlier_share`, `mean_score` and, of the model, `offset`.
/// The catalog says what each means.
pub type MetricsMsg = BTreeMap<String, Option<f64>>;

/// Measures of a model on a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct EvaluationMsg {
    /// The model's id.
    pub model: String,
    /// The table's id.
    pub table: String,
    /// Rows measured: those whose target is present and known.
    pub n_rows: usize,
    /// The measures.
    pub metrics: MetricsMsg,
    /// The classes, in the order of the confusion matrix.
    pub classes: Option<Vec<String>>,
    /// Rows by true class, columns by predicted class.
    pub confusion: Option<Vec<Vec<usize>>>,
    /// `precision`, `recall`, `f1` and `support` (rows) of each class.
    pub per_class: Option<Vec<MetricsMsg>>,
    /// Bootstrap intervals of 95 % by measure, `[low, high]`; `null` altogether where there are too many rows to
    /// resample, or none were asked for.
    #[cfg_attr(feature = "types", ts(type = "Record<string, [number, number] | null> | null"))]
    pub intervals: Option<BTreeMap<String, Option<[f64; 2]>>>,
    /// From how many resamples.
    pub n_resamples: usize,
    /// What to draw, by chart: `roc`, `precision_recall`, `calibration` and `calibration_quantile` have a series per
    /// class (of many, the largest), `fitted` and `residuals` one. `cluster_sizes` counts rows, `explained_variance` has
    /// each component's share and then the shares added up, `components` the rows along the first two, `scores` the
    /// edges of bins across, and `oddest` the rows with the lowest scores.
    pub charts: BTreeMap<String, Vec<SeriesMsg>>,
    /// What was odd.
    pub issues: Vec<IssueMsg>,
}

/// A line, or a cloud of points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SeriesMsg {
    /// The class as a position in `classes`; `null` for regression.
    pub class: Option<usize>,
    /// The area under it: ROC-AUC, or average precision.
    pub area: Option<f64>,
    /// Across; empty where the curve is not defined.
    pub x: Vec<f64>,
    /// Upwards.
    pub y: Vec<f64>,
    /// Of points, the table's row of each.
    pub rows: Vec<u32>,
    /// Of a calibration curve, of clusters and of scores, how many rows each has.
    pub n_rows: Vec<u32>,
}

/// One epoch or iteration. Forests tell the share answered wrong, or the mean squared error, tree by tree (at 200 of
/// them at most), of up to 4,096 training rows, by the trees that did not draw them where they draw rows, and as many
/// test rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct HistoryMsg {
    /// From 1.
    pub epoch: usize,
    /// The loss on the training rows.
    pub train_loss: f64,
    /// The loss on the test rows, if there are any.
    pub valid_loss: Option<f64>,
    /// Time since the fit began.
    pub elapsed_ms: f64,
}

/// What a model was made from; the same receipt on the same device gives the same model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ReceiptMsg {
    /// SHA-256 of the CSV's bytes.
    pub data_sha256: String,
    /// SHA-256 of the checked request as canonical JSON, ids left out.
    pub spec_sha256: String,
    /// The seed.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub seed: u64,
    /// The version of Vitrine.
    pub version: String,
    /// Of a model that was made from another: `how` (`quantize`, `prune` or `import_weights`) with what was asked for, the
    /// other's `model` and `spec_sha256`, and its own `made_from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "types", ts(type = "Record<string, unknown>", optional))]
    pub made_from: Option<BTreeMap<String, Value>>,
}

/// A model that was made from another, and both beside each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MadeMsg {
    /// The new model.
    pub model: ModelMsg,
    /// The model it was made from.
    pub before: MadeSideMsg,
    /// The new one.
    pub after: MadeSideMsg,
    /// The largest difference between their answers on the test rows (without any, on the training rows): of
    /// probabilities, or of numbers. `null` where the table is gone.
    pub max_difference: Option<f64>,
    /// From how many rows.
    pub n_compared: usize,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MadeSideMsg {
    /// Bytes of its numbers in a project file: weights, scales, intercepts, norms.
    pub size_bytes: usize,
    /// Which share of its weights is 0.
    pub sparsity: f64,
    /// Measured now, on the training rows and the test rows; empty where the table is gone.
    pub metrics: BothMetricsMsg,
    /// What answering 1,000 prepared rows takes here; `null` where the table is gone.
    pub latency_ms: Option<f64>,
}

/// Which rows to answer: exactly one of `rows`, `table` and `csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields, default)]
pub struct PredictMsg {
    /// Rows as objects from column name to value.
    #[cfg_attr(feature = "types", ts(type = "Array<Record<string, Cell>>", optional))]
    pub rows: Option<Vec<Map<String, Value>>>,
    /// A loaded table.
    pub table: Option<String>,
    /// Read the payload as CSV.
    #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
    pub csv: bool,
    /// `rows` (the default), or `csv`: the rows with their answers, as the bytes of a CSV file in the buffer `csv`.
    pub output: Option<String>,
}

/// Answers in row order, as buffers: `codes` (positions in `classes`) and `probabilities` (row-major) for
/// classification; `values` for regression; `codes` and `distances` (from the centre) for clustering; `components`
/// (row-major) for projection; `codes` and `scores` (scikit-learn's `score_samples`: lower is odder) for anomaly
/// detection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PredictionMsg {
    /// Rows answered.
    pub n_rows: usize,
    /// What the codes are called; `null` for numbers.
    pub classes: Option<Vec<String>>,
    /// What was odd: missing and unseen values among it.
    pub issues: Vec<IssueMsg>,
}
