//! Candidates fitted on folds: cross-validation, search over parameters, comparing models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ErrorMsg, IssueMsg, MetricsMsg, ModelSpecMsg, SplitMsg, StepMsg, Task};

/// Which candidates to fit on which folds.
///
/// One model without a space is cross-validated; with a space its parameters are searched; several models are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields, default)]
pub struct SearchMsg {
    /// The table's id.
    pub table: String,
    /// The column to predict.
    pub target: String,
    /// The columns to learn from; all but the target (and text) by default.
    pub features: Option<Vec<String>>,
    /// By default the target's kind decides.
    pub task: Option<Task>,
    /// A column that says how much each row counts, as `train` takes it. Each fit learns from its fold's rows by their
    /// weights; measures count every held-back row once, as scikit-learn's `cross_validate` does.
    pub sample_weight: Option<String>,
    /// The preparation, learned anew in each fold; a sensible one for each model when absent.
    pub recipe: Option<Vec<StepMsg>>,
    /// The models, each with the parameters that are not varied.
    pub models: Vec<ModelSpecMsg>,
    /// What to vary, for a single model: a list of values by parameter, or for a number `{ low, high, log? }`.
    #[cfg_attr(
        feature = "types",
        ts(type = "Record<string, unknown[] | { low: number; high: number; log?: boolean }>")
    )]
    pub space: Option<BTreeMap<String, Value>>,
    /// `grid`, `random` or `halving`; `grid` by default, `random` where the space has a range.
    pub method: Option<String>,
    /// How many candidates are drawn; 10 by default. For `random`, and for `halving` unless every combination begins.
    pub n_candidates: Option<usize>,
    /// The folds. With `folds` they are made of the training rows, and nothing is held back by default; without, the
    /// candidates are measured on the one test part.
    pub split: Option<SplitMsg>,
    /// The measure to go by: `accuracy` by default for classes, `r2` for numbers.
    pub scoring: Option<String>,
    /// Everything random is derived from it; 0 by default.
    #[cfg_attr(feature = "types", ts(type = "number", optional))]
    pub seed: Option<u64>,
    /// What came of fits that were made elsewhere, as [`FitMsg`]s: they are not made again.
    #[cfg_attr(feature = "types", ts(type = "FitMsg[]", optional))]
    pub known: Option<Value>,
    /// Make only these fits, each `[round, candidate, fold]`; with an empty list say which can be made next.
    pub only: Option<Vec<[usize; 3]>>,
    /// Begin no fit after this time; what was made by then and what can be made next comes back, unless all was made.
    // As `TrainMsg::only_trees`.
    #[serde(skip_serializing)]
    pub within_ms: Option<f64>,
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SearchedMsg {
    /// The measure that was gone by.
    pub scoring: String,
    /// Whether less of it is better.
    pub smaller_is_better: bool,
    /// How many folds; 1 where the candidates were measured on one test part.
    pub n_folds: usize,
    /// How many fits were made.
    pub n_fits: usize,
    /// The rounds: one, or those of halving.
    pub rounds: Vec<RoundMsg>,
    /// The candidates, in the order in which they were listed or drawn.
    pub candidates: Vec<CandidateMsg>,
    /// The position of the best one; `null` when all failed.
    pub best: Option<usize>,
    /// What was odd.
    pub issues: Vec<IssueMsg>,
}

/// A round of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RoundMsg {
    /// How many candidates took part.
    pub n_candidates: usize,
    /// How many rows were used, training and held-back ones together.
    pub n_rows: usize,
}

/// A candidate and how it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CandidateMsg {
    /// The model, as `train` takes it.
    pub model: ModelSpecMsg,
    /// What was varied, by name.
    #[cfg_attr(feature = "types", ts(type = "Record<string, unknown>"))]
    pub params: BTreeMap<String, Value>,
    /// From 1; equals share one, and who failed comes last.
    pub rank: usize,
    /// The mean of the measure that was gone by, over the folds held back.
    pub score: Option<f64>,
    /// Its standard deviation.
    pub score_std: Option<f64>,
    /// Its mean on the rows learned from.
    pub train_score: Option<f64>,
    /// Mean wall time of a fit.
    pub fit_ms: f64,
    /// Every measure on the folds held back.
    pub metrics: FoldMetricsMsg,
    /// The last round it took part in, from 0.
    pub round: usize,
    /// Why it has no score.
    pub error: Option<ErrorMsg>,
}

/// Measures over folds, by name.
pub type FoldMetricsMsg = BTreeMap<String, SpreadMsg>;

/// A measure over folds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SpreadMsg {
    /// The mean; `null` when a fold has none.
    pub mean: Option<f64>,
    /// The standard deviation, dividing by the number of folds.
    pub std: Option<f64>,
    /// Fold by fold.
    pub folds: Vec<Option<f64>>,
}

/// What came of one fit of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct FitMsg {
    /// Round, candidate and fold.
    pub fit: [usize; 3],
    /// Measures on the fold held back.
    pub metrics: MetricsMsg,
    /// The measure that is gone by, on the rows learned from.
    pub train_score: Option<f64>,
    /// Wall time of the fit itself.
    pub fit_ms: f64,
    /// Why there are no measures.
    pub error: Option<ErrorMsg>,
}
