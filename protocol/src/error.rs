//! Trouble, in the words of the person who has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where in the user's data or request something is; absent parts do not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(default)]
pub struct PlaceMsg {
    /// Line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Row of the table, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Name of the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Byte of the file, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    /// Position of the step in the recipe, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Field of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// The request cannot be carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ErrorMsg {
    /// Stable name, `stage.what`: `ingest.no_rows`, `train.loss_not_finite`, `cancelled`.
    pub code: String,
    /// The stage it happened in: `ingest`, `preprocess`, `train`, …
    pub stage: String,
    /// What is wrong, with both sides of the mismatch.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Where it is.
    pub place: Option<PlaceMsg>,
    /// The values in the message by name, so that a translation can place them.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

/// The data is odd but usable; work went on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct IssueMsg {
    /// Stable name: `ragged_row`, `duplicate_column_name`, …
    pub code: String,
    /// What was found.
    pub message: String,
    /// What was done about it, or what to do.
    pub hint: String,
    /// Where it was found first.
    pub place: Option<PlaceMsg>,
    /// How often.
    #[cfg_attr(feature = "types", ts(type = "number"))]
    pub count: u64,
    /// The values in the message by name, so that a translation can place them.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}
