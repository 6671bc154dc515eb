//! What the engine can do, declared by itself: the page makes its forms from this, and the manual its tables.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Task;

/// A text in both languages of the interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TextMsg {
    /// English.
    pub en: String,
    /// Simplified Chinese.
    pub zh: String,
}

/// Everything declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CatalogMsg {
    /// The models of the registry.
    pub models: Vec<ModelDocMsg>,
    /// The preparation steps.
    pub steps: Vec<StepDocMsg>,
    /// The measures, in the order they are listed.
    pub measures: Vec<MeasureDocMsg>,
    /// The charts of an evaluation, in the order they are offered.
    pub charts: Vec<ChartDocMsg>,
    /// The error codes.
    pub errors: Vec<ErrorDocMsg>,
}

/// A kind of model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ModelDocMsg {
    /// Its name in requests.
    pub kind: String,
    /// Its name for people.
    pub title: TextMsg,
    /// What it does, in a sentence or two.
    pub summary: TextMsg,
    /// What it can learn.
    pub tasks: Vec<Task>,
    /// Whether it can use WebGPU, and with which parameters.
    pub webgpu: bool,
    /// Whether rows may have weights, unless its parameters say otherwise.
    pub sample_weight: bool,
    /// Whether it shows itself while it is fitted, and can be steered.
    pub watchable: bool,
    /// Its hyper-parameters.
    pub params: Vec<ParamDocMsg>,
}

/// A hyper-parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ParamDocMsg {
    /// Its name, scikit-learn's where it has one.
    pub name: String,
    /// What it is when not given.
    pub default: Value,
    /// What it may be.
    pub range: ParamKindMsg,
    /// Its unit; empty for none.
    pub unit: String,
    /// One line.
    pub short: TextMsg,
    /// More, for who asks; may be empty.
    pub long: String,
}

/// What a hyper-parameter may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case", from = "AnyParamKind")]
pub enum ParamKindMsg {
    /// A whole number.
    Integer {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// Whether `null` is allowed.
        nullable: bool,
    },
    /// A number.
    Number {
        /// Lower end.
        min: f64,
        /// Upper end.
        max: f64,
        /// Whether the lower end itself is out.
        min_excluded: bool,
        /// Whether `null` is allowed.
        nullable: bool,
    },
    /// A number, or a word for one that depends on the data.
    NumberOrWord {
        /// Lower end.
        min: f64,
        /// Upper end.
        max: f64,
        /// Whether the lower end itself is out.
        min_excluded: bool,
        /// Whether `null` is allowed.
        nullable: bool,
        /// The words.
        options: Vec<String>,
    },
    /// Yes or no.
    Boolean,
    /// One of several words.
    Choice {
        /// The words.
        options: Vec<String>,
    },
    /// Whole numbers in a list, at least one; typed as `16, 8`.
    Integers {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
        /// How many there are at most.
        most: usize,
    },
}

/// Any kind, read without a pass to find its tag first: that pass is a second reader of all the fields.
#[derive(Deserialize)]
struct AnyParamKind {
    r#type: String,
    #[serde(default)]
    min: f64,
    #[serde(default)]
    max: f64,
    #[serde(default)]
    min_excluded: bool,
    #[serde(default)]
    nullable: bool,
    #[serde(default)]
    options: Vec<String>,
    #[serde(default)]
    most: usize,
}

impl From<AnyParamKind> for ParamKindMsg {
    fn from(any: AnyParamKind) -> Self {
        let AnyParamKind { r#type, min, max, min_excluded, nullable, options, most } = any;
        match r#type.as_str() {
            "integer" => Self::Integer { min, max, nullable },
            "number" => Self::Number { min, max, min_excluded, nullable },
            "number_or_word" => Self::NumberOrWord { min, max, min_excluded, nullable, options },
            "boolean" => Self::Boolean,
            "integers" => Self::Integers { min, max, most },
            _ => Self::Choice { options },
        }
    }
}

/// A preparation step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct StepDocMsg {
    /// Its name in requests.
    pub step: String,
    /// The steps it is listed among; those of one group follow each other.
    pub group: TextMsg,
    /// Its name for people.
    pub title: TextMsg,
    /// What it does.
    pub summary: TextMsg,
    /// The columns it works on by default.
    pub columns: String,
    /// Its settings.
    pub params: Vec<ParamDocMsg>,
}

/// A measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MeasureDocMsg {
    /// Its name in messages.
    pub name: String,
    /// Its name for people.
    pub title: TextMsg,
    /// What it says, in a line.
    pub summary: TextMsg,
    /// What it measures.
    pub tasks: Vec<Task>,
    /// `main` for the first to look at, `more` for a closer look, `class` for those of each class.
    pub group: String,
    /// Whether it lies between 0 and 1 as a rule and more is better.
    pub is_share: bool,
}

/// A chart of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ChartDocMsg {
    /// Its name in messages.
    pub name: String,
    /// Its title.
    pub title: TextMsg,
    /// What to read in it.
    pub summary: TextMsg,
    /// The axis across.
    pub x: TextMsg,
    /// The axis upwards.
    pub y: TextMsg,
    /// Of which task it is.
    pub task: Task,
}

/// An error code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ErrorDocMsg {
    /// The stable code.
    pub code: String,
    /// When it happens.
    pub meaning: String,
}
