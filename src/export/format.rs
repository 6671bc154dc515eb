//! The header of a project file, version 3. These types are the format: change them only with the version.
//!
//! Version 2 added `keeps_missing` to recipes; a file of version 1 has none that do. Version 3 added arrays of f32.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::export::bytes::Span;

/// The newest format this page reads.
pub(super) const VERSION: u32 = 4;

/// What it writes where nothing in the file needs a newer one: 4 is for models that were made from other models.
pub(super) const VERSION_OF_FITS: u32 = 3;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// The version of Vitrine that wrote the file.
    pub(super) written_by: String,
    pub(super) tables: Vec<TableHeader>,
    pub(super) models: Vec<ModelHeader>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableHeader {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) size_bytes: u64,
    pub(super) columns: Vec<ColumnHeader>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnHeader {
    pub(super) name: String,
    pub(super) data: ColumnDataHeader,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ColumnDataHeader {
    Numeric {
        values: Span,
    },
    Categorical {
        codes: Span,
        levels: Vec<String>,
    },
    Datetime {
        millis: Span,
    },
    Boolean {
        flags: Span,
        labels: [String; 2],
    },
    /// `lengths` has one number per row, `u32::MAX` for a missing text.
    Text {
        bytes: Span,
        lengths: Span,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelHeader {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) task: TaskName,
    /// Empty for what is learned without one.
    pub(super) target: String,
    pub(super) classes: Vec<String>,
    pub(super) recipe: RecipeHeader,
    pub(super) state: BTreeMap<String, ArrayHeader>,
    pub(super) card: CardHeader,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TaskName {
    Classification,
    Regression,
    Clustering,
    Projection,
    AnomalyDetection,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum ArrayHeader {
    #[serde(rename = "f64")]
    F64(Span),
    #[serde(rename = "f32")]
    F32(Span),
    #[serde(rename = "u32")]
    U32(Span),
    #[serde(rename = "u8")]
    Bytes(Span),
    #[serde(rename = "text")]
    Text(Vec<String>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipeHeader {
    pub(super) inputs: Vec<InputHeader>,
    pub(super) steps: Vec<FittedStepHeader>,
    pub(super) features: Vec<FeatureHeader>,
    #[serde(default)]
    pub(super) keeps_missing: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputHeader {
    pub(super) name: String,
    pub(super) kind: KindName,
    pub(super) levels: Vec<String>,
    pub(super) span: Option<[f64; 3]>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KindName {
    Numeric,
    Categorical,
    Datetime,
    Boolean,
    Text,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FittedStepHeader {
    pub(super) step: StepHeader,
    pub(super) learned: Vec<(String, LearnedHeader)>,
    pub(super) n_rows: [usize; 2],
    pub(super) n_columns: [usize; 2],
    pub(super) n_missing: [usize; 2],
    pub(super) sample: [Vec<String>; 2],
    #[serde(default)]
    pub(super) sample_of: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum SelectHeader {
    All,
    Numeric,
    Categorical,
    Datetime,
    Names(Vec<String>),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum StepHeader {
    DropMissing { columns: SelectHeader },
    DropColumns { columns: SelectHeader },
    Impute { columns: SelectHeader, strategy: String, fill: Option<String> },
    Scale { columns: SelectHeader, method: String },
    Encode { columns: SelectHeader, method: String, refuse_unknown: bool },
    Clip { columns: SelectHeader, lower_quantile: f64, upper_quantile: f64 },
    Log1p { columns: SelectHeader },
    Polynomial { columns: SelectHeader, degree: usize, interaction_only: bool },
    ClipSpread { columns: SelectHeader, method: String, factor: f64 },
    Average { columns: SelectHeader, window: usize },
    Exponential { columns: SelectHeader, alpha: f64 },
    Lags { columns: SelectHeader, n_steps: usize, horizon: usize },
    DatetimeParts { columns: SelectHeader, parts: Vec<String>, is_cyclic: bool },
    GroupRare { columns: SelectHeader, min_frequency: f64 },
    TargetEncode { columns: SelectHeader, smooth: Option<f64>, n_folds: usize, random_state: Option<u64> },
    Bin { columns: SelectHeader, n_bins: usize, is_uniform: bool },
    SelectVariance { columns: SelectHeader, threshold: f64 },
    SelectBest { columns: SelectHeader, method: String, k: usize },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum LearnedHeader {
    Keep,
    Drop,
    FillNumber(f64),
    FillCategory(String),
    Affine { offset: f64, scale: f64 },
    OneHot { categories: Vec<String>, has_missing: bool, refuse_unknown: bool },
    Ordinal { categories: Vec<String>, refuse_unknown: bool },
    Clip { lower: f64, upper: f64 },
    Log1p { smallest: f64 },
    FillAlong { is_linear: bool, start: f64 },
    FillCategoryAlong(String),
    Average(usize),
    Exponential(f64),
    Lags { n_steps: usize, horizon: usize },
    DatetimeParts { parts: Vec<String>, is_cyclic: bool, start_millis: f64 },
    GroupRare { kept: Vec<String>, rest: Option<String> },
    TargetEncode { categories: Vec<String>, has_missing: bool, outputs: Vec<(Option<String>, Vec<f64>, f64)> },
    Bin(Vec<f64>),
    Selected { score: f64, is_kept: bool },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeatureHeader {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) is_categorical: bool,
    pub(super) maps: Vec<MapHeader>,
    pub(super) level: Option<String>,
    pub(super) is_raw_scale: bool,
    pub(super) fallback: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum MapHeader {
    Affine { offset: f64, scale: f64 },
    Log1p,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardHeader {
    pub(super) table: String,
    pub(super) params: BTreeMap<String, Value>,
    pub(super) train_metrics: BTreeMap<String, Option<f64>>,
    pub(super) test_metrics: Option<BTreeMap<String, Option<f64>>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) fold_metrics: BTreeMap<String, Vec<Option<f64>>>,
    pub(super) history: Vec<EpochHeader>,
    pub(super) fit_millis: f64,
    pub(super) is_webgpu: bool,
    pub(super) device_name: String,
    pub(super) fallback_reason: Option<String>,
    pub(super) train_rows: Span,
    pub(super) test_rows: Span,
    pub(super) data_sha256: String,
    pub(super) spec_sha256: String,
    pub(super) seed: u64,
    pub(super) version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) made_from: Option<BTreeMap<String, Value>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpochHeader {
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) train_loss: f64,
    pub(super) valid_loss: Option<f64>,
    pub(super) elapsed_millis: f64,
}
