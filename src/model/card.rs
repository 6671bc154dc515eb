//! What is known about a trained model besides the model itself.

use std::collections::BTreeMap;

use crate::error::Issue;
use crate::param::ParamMap;
use crate::train::Epoch;

/// Measures by name; `None` where one is not defined for these rows.
pub type Metrics = BTreeMap<String, Option<f64>>;

/// What is known about a trained model: how it was made and how good it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    /// The table it was trained on.
    pub table: String,
    /// Every hyper-parameter, defaults included.
    pub params: ParamMap,
    /// Measures on the training rows.
    pub train_metrics: Metrics,
    /// Measures on the test rows, if any were held back.
    pub test_metrics: Option<Metrics>,
    /// Measures on held-back folds of the training rows, fold by fold; empty when there were none.
    pub fold_metrics: BTreeMap<String, Vec<Option<f64>>>,
    /// The epochs with the time since the fit began, in milliseconds.
    pub history: Vec<(Epoch, f64)>,
    /// Wall time of the fit itself.
    pub fit_millis: f64,
    /// Whether WebGPU fitted it, and the device's name.
    pub device: (bool, String),
    /// Whether it was fitted with numbers of 16 bits.
    pub is_half: bool,
    /// Why that is not the device that was asked for.
    pub fallback_reason: Option<String>,
    /// Rows learned from.
    pub train_rows: Vec<u32>,
    /// Rows held back.
    pub test_rows: Vec<u32>,
    /// What was odd.
    pub issues: Vec<Issue>,
    /// What it was made from.
    pub receipt: Receipt,
}

/// What a model was made from; the same receipt on the same device gives the same model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// SHA-256 of the CSV's bytes.
    pub data_sha256: String,
    /// SHA-256 of the checked request as canonical JSON, ids left out.
    pub spec_sha256: String,
    /// The seed.
    pub seed: u64,
    /// The version of Vitrine.
    pub version: String,
    /// Of a model that was made from another: how, and from which.
    pub made_from: Option<ParamMap>,
}
