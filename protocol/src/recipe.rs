//! Recipes: ordered preparation steps, as asked for and as fitted.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{IssueMsg, Task};

/// Fit a recipe on a whole table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(deny_unknown_fields)]
pub struct PrepareMsg {
    /// The table's id.
    pub table: String,
    /// The column to predict, kept out of the matrix.
    #[serde(default)]
    pub target: Option<String>,
    /// What the target is to be learned as, where steps learn from it; what its values suggest by default.
    #[serde(default)]
    pub task: Option<Task>,
    /// The columns to use; all but the target (and text) by default.
    #[serde(default)]
    pub features: Option<Vec<String>>,
    /// The steps; a sensible recipe is built when absent.
    #[serde(default)]
    pub recipe: Option<Vec<StepMsg>>,
}

/// The columns a step works on: names, or `numeric`, `categorical`, `datetime`, `all`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum StepColumns {
    /// A group: `numeric`, `categorical`, `datetime` or `all`.
    Group(String),
    /// Names of columns.
    Names(Vec<String>),
}

/// One step of a recipe as it travels: the JSON of an [`AskedStep`].
///
/// The page edits steps field by field as the catalog declares them and never needs to know what each means; only the
/// worker does, and calls [`StepMsg::read`]. So the page carries no code that reads every kind of step.
///
/// ```
/// use vitrine_protocol::{AskedStep, StepMsg};
/// let step: StepMsg = serde_json::from_str(r#"{ "step": "log1p" }"#).unwrap();
/// assert_eq!(step.read().unwrap(), AskedStep::Log1p { columns: None });
/// assert_eq!(StepMsg::from(&AskedStep::Log1p { columns: None }).name(), "log1p");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepMsg(pub Map<String, Value>);

impl StepMsg {
    /// What kind of step it is; empty when it does not say.
    pub fn name(&self) -> &str {
        self.0.get("step").and_then(Value::as_str).unwrap_or_default()
    }

    /// What it asks for.
    ///
    /// # Errors
    /// - serde's, when there is no such step or it has no such field.
    pub fn read(&self) -> Result<AskedStep, serde_json::Error> {
        AskedStep::deserialize(Value::Object(self.0.clone()))
    }
}

impl From<&AskedStep> for StepMsg {
    fn from(step: &AskedStep) -> Self {
        match serde_json::to_value(step) {
            Ok(Value::Object(fields)) => Self(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
            _ => unreachable!("a tagged enum is an object"),
        }
    }
}

/// In the declarations a step is what it says, not how it travels.
#[cfg(feature = "types")]
impl ts_rs::TS for StepMsg {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(config: &ts_rs::Config) -> String {
        AskedStep::name(config)
    }

    fn inline(config: &ts_rs::Config) -> String {
        AskedStep::inline(config)
    }

    fn visit_generics(visitor: &mut impl ts_rs::TypeVisitor)
    where
        Self: 'static,
    {
        visitor.visit::<AskedStep>();
    }
}

/// What one step of a recipe asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields, rename = "StepMsg"))]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum AskedStep {
    /// Drop training rows in which a used cell is missing; rows to predict are kept and reported.
    DropMissing {
        /// The cells that count; `all` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
    },
    /// Drop columns.
    DropColumns {
        /// Which.
        columns: StepColumns,
    },
    /// Fill missing cells.
    Impute {
        /// Where; `all` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// `mean`, `median`, `most_frequent`, `constant`, `forward_fill` or `linear`; the last two go along the rows.
        /// Categories take `most_frequent` where a mean has no meaning, and `forward_fill` for `linear`.
        strategy: String,
        /// The value of `constant`.
        #[serde(default)]
        fill_value: Option<Value>,
    },
    /// Scale numbers.
    Scale {
        /// Where; `numeric` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// `min_max`, `standard`, `robust` or `max_abs`.
        method: String,
    },
    /// Turn categories into numbers.
    Encode {
        /// Where; `categorical` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// `one_hot`, `ordinal` or `label`.
        method: String,
        /// What an unseen category does: `ignore` (the default) or `error`.
        #[serde(default)]
        handle_unknown: Option<String>,
    },
    /// Clip numbers to what the training rows say is usual.
    Clip {
        /// Where; `numeric` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// `quantile` (the default), `iqr` or `z_score`.
        #[serde(default)]
        method: Option<String>,
        /// Of `quantile`: between 0 and 1; 0.01 by default.
        #[serde(default)]
        lower_quantile: Option<f64>,
        /// Of `quantile`: between 0 and 1, above the lower one; 0.99 by default.
        #[serde(default)]
        upper_quantile: Option<f64>,
        /// So many interquartile ranges from the quartiles (1.5), or standard deviations from the mean (3).
        #[serde(default)]
        factor: Option<f64>,
    },
    /// Take ln(1 + x) of numbers.
    Log1p {
        /// Where; `numeric` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
    },
    /// Add products of numbers up to a degree.
    Polynomial {
        /// Where; `numeric` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// 2 or 3.
        degree: usize,
        /// Leave out powers of a single column.
        #[cfg_attr(feature = "types", ts(type = "boolean", optional))]
        #[serde(default)]
        interaction_only: bool,
    },
    /// Smooth numbers along the order of the rows, looking back only.
    Smooth {
        /// Where; `numeric` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// `moving_average` or `exponential`.
        method: String,
        /// Of `moving_average`: rows that are averaged, the row itself included; 3 by default.
        #[serde(default)]
        window: Option<usize>,
        /// Of `exponential`: above 0, at most 1; 0.5 by default.
        #[serde(default)]
        alpha: Option<f64>,
    },
    /// Put the numbers of the rows before beside each row's own, oldest first: `x t-2`, `x t-1`, `x t`. Rows of one part
    /// only, in the order they are given; before the first row that one is repeated.
    Lags {
        /// Where; `numeric` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// Rows in the window, the row itself included; 5 by default.
        #[serde(default)]
        n_steps: Option<usize>,
        /// How many rows before its own a row's window ends, to predict so far ahead; 0 by default.
        #[serde(default)]
        horizon: Option<usize>,
    },
    /// Turn dates and times into numbers. By default year, month, day, weekday and elapsed days.
    DatetimeParts {
        /// Where; `datetime` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// The year.
        #[serde(default)]
        year: Option<bool>,
        /// 1 to 4.
        #[serde(default)]
        quarter: Option<bool>,
        /// 1 to 12.
        #[serde(default)]
        month: Option<bool>,
        /// The day of the month.
        #[serde(default)]
        day: Option<bool>,
        /// 0 is Monday.
        #[serde(default)]
        weekday: Option<bool>,
        /// From 1.
        #[serde(default)]
        day_of_year: Option<bool>,
        /// 0 to 23, UTC.
        #[serde(default)]
        hour: Option<bool>,
        /// 0 to 59.
        #[serde(default)]
        minute: Option<bool>,
        /// Days since the earliest training row.
        #[serde(default)]
        elapsed_days: Option<bool>,
        /// Sine and cosine instead of numbers that begin again.
        #[serde(default)]
        cyclic: Option<bool>,
    },
    /// Make one category of the rare ones.
    GroupRare {
        /// Where; `categorical` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// Below 1 a share of the rows, otherwise a number of rows.
        min_frequency: f64,
    },
    /// Turn a category into the mean of the target; training rows get theirs out of fold.
    TargetEncode {
        /// Where; `categorical` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// `auto` (the default) or a number of rows that pull to the mean of all.
        #[serde(default)]
        smooth: Option<Value>,
        /// Parts the training rows are cut into; 5 by default.
        #[serde(default)]
        cv: Option<usize>,
        /// Whether the parts are drawn (the default) or cut in the order of the rows.
        #[serde(default)]
        shuffle: Option<bool>,
        /// Draws them; 0 by default.
        #[serde(default)]
        random_state: Option<u32>,
    },
    /// Turn numbers into the position of the bin they fall in.
    Bin {
        /// Where; `numeric` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// At least 2; 5 by default.
        #[serde(default)]
        n_bins: Option<usize>,
        /// `quantile` (the default) or `uniform`.
        #[serde(default)]
        strategy: Option<String>,
    },
    /// Keep the features that tell most.
    SelectFeatures {
        /// Among which; `all` by default.
        #[serde(default)]
        columns: Option<StepColumns>,
        /// `variance`, `mutual_information` or `f_test`.
        method: String,
        /// Of `variance`: features that vary no more are dropped; 0 by default.
        #[serde(default)]
        threshold: Option<f64>,
        /// Of the others: how many are kept; 10 by default.
        #[serde(default)]
        k: Option<usize>,
    },
}

/// A step after it has learned from the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct FittedStepMsg {
    /// The step as asked for.
    pub asked: StepMsg,
    /// The columns it worked on.
    pub columns: Vec<String>,
    /// What it learned, by column: `{ "fill": 43.9 }`, `{ "mean": …, "scale": … }`, `{ "categories": [ … ] }`.
    pub learned: Vec<Value>,
    /// Rows before and after.
    pub n_rows: [usize; 2],
    /// Columns before and after.
    pub n_columns: [usize; 2],
    /// Missing cells before and after.
    pub n_missing: [usize; 2],
    /// A few values before and after of the first column touched.
    pub sample: [Vec<Value>; 2],
    /// The position of that column in `columns`.
    pub sample_of: usize,
}

/// What a model would see. The matrix and the target come beside it as [`crate::Buffer`]s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PreparedMsg {
    /// The matrix' columns.
    pub feature_names: Vec<String>,
    /// The matrix' rows.
    pub n_rows: usize,
    /// The recipe, the built one when none was given.
    pub recipe: Vec<StepMsg>,
    /// Its steps after fitting.
    pub steps: Vec<FittedStepMsg>,
    /// The target of each row, when there is one.
    pub target: Option<Vec<Value>>,
    /// What was odd.
    pub issues: Vec<IssueMsg>,
}
