//! The header of a project file, version 3. These types are the format: change them only with the version.
//!
//! Version 2 added `keeps_missing` to recipes; a file of version 1 has none that do. Version 3 added arrays of f32.
//!
//! They are here, and not with what writes and reads files, because this crate is compiled for its size; the engine's
//! `export` alone uses them.

#![expect(missing_docs, reason = "each type and field is the engine's of the same name")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an array is, and how many bytes it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub start: usize,
    pub len: usize,
}

/// The newest format this page reads.
pub const VERSION: u32 = 4;

/// What it writes where nothing in the file needs a newer one: 4 is for models that were made from other models.
pub const VERSION_OF_FITS: u32 = 3;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of Vitrine that wrote the file.
    pub written_by: String,
    pub tables: Vec<TableHeader>,
    pub models: Vec<ModelHeader>,
}

impl Header {
    /// The header as JSON.
    ///
    /// # Panics
    /// - Never: it is plain data with text keys.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a header is plain data with text keys")
    }

    /// Reads [`Header::to_json`] back.
    ///
    /// # Errors
    /// - It is no JSON, or no header; the text says where.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableHeader {
    pub id: String,
    pub name: String,
    pub sha256: String,
    pub size_bytes: u64,
    pub columns: Vec<ColumnHeader>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnHeader {
    pub name: String,
    pub data: ColumnDataHeader,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ColumnDataHeader {
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
pub struct ModelHeader {
    pub id: String,
    pub kind: String,
    pub task: TaskName,
    /// Empty for what is learned without one.
    pub target: String,
    pub classes: Vec<String>,
    pub recipe: RecipeHeader,
    pub state: BTreeMap<String, ArrayHeader>,
    pub card: CardHeader,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskName {
    Classification,
    Regression,
    Clustering,
    Projection,
    AnomalyDetection,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ArrayHeader {
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
pub struct RecipeHeader {
    pub inputs: Vec<InputHeader>,
    pub steps: Vec<FittedStepHeader>,
    pub features: Vec<FeatureHeader>,
    #[serde(default)]
    pub keeps_missing: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputHeader {
    pub name: String,
    pub kind: KindName,
    pub levels: Vec<String>,
    pub span: Option<[f64; 3]>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindName {
    Numeric,
    Categorical,
    Datetime,
    Boolean,
    Text,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedStepHeader {
    pub step: StepHeader,
    pub learned: Vec<(String, LearnedHeader)>,
    pub n_rows: [usize; 2],
    pub n_columns: [usize; 2],
    pub n_missing: [usize; 2],
    pub sample: [Vec<String>; 2],
    #[serde(default)]
    pub sample_of: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SelectHeader {
    All,
    Numeric,
    Categorical,
    Datetime,
    Names(Vec<String>),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum StepHeader {
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
pub enum LearnedHeader {
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
pub struct FeatureHeader {
    pub name: String,
    pub column: String,
    pub is_categorical: bool,
    pub maps: Vec<MapHeader>,
    pub level: Option<String>,
    pub is_raw_scale: bool,
    pub fallback: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MapHeader {
    Affine { offset: f64, scale: f64 },
    Log1p,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardHeader {
    pub table: String,
    pub params: BTreeMap<String, Value>,
    pub train_metrics: BTreeMap<String, Option<f64>>,
    pub test_metrics: Option<BTreeMap<String, Option<f64>>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fold_metrics: BTreeMap<String, Vec<Option<f64>>>,
    pub history: Vec<EpochHeader>,
    pub fit_millis: f64,
    pub is_webgpu: bool,
    pub device_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_half: Option<bool>,
    pub fallback_reason: Option<String>,
    pub train_rows: Span,
    pub test_rows: Span,
    pub data_sha256: String,
    pub spec_sha256: String,
    pub seed: u64,
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_from: Option<BTreeMap<String, Value>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochHeader {
    pub number: usize,
    pub of: usize,
    pub train_loss: f64,
    pub valid_loss: Option<f64>,
    pub elapsed_millis: f64,
}
