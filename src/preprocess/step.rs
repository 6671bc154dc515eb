//! The steps of a recipe, as asked for.
//!
//! A step looks at one feature at a time: [`Step::learn`] sees training rows only, and their labels where it needs
//! them. One file per family of steps holds the arithmetic.

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::{Feature, Group, Input, Values};
use crate::preprocess::learned::Learned;
use crate::preprocess::{
    Labels, PreprocessError, adjust, bin, datetime_parts, encode, group_rare, impute, lags, scale, select, smooth,
    target_encode,
};

/// The columns a step works on.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// Every column.
    All,
    /// Columns that held numbers, times or yes-or-no in the table.
    Numeric,
    /// Columns that held categories or texts in the table.
    Categorical,
    /// Columns that held dates or times in the table and still do.
    Datetime,
    /// These. A raw column's name selects all features made from it.
    Names(Vec<String>),
}

/// One step of a recipe.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Drop training rows with a missing cell; rows to answer are kept.
    DropMissing {
        /// The cells that count.
        columns: Select,
    },
    /// Drop columns.
    DropColumns {
        /// Which.
        columns: Select,
    },
    /// Fill missing cells.
    Impute {
        /// Where.
        columns: Select,
        /// With what.
        strategy: Imputation,
    },
    /// Scale numbers.
    Scale {
        /// Where.
        columns: Select,
        /// How.
        method: Scaling,
    },
    /// Turn categories into numbers.
    Encode {
        /// Where.
        columns: Select,
        /// How.
        method: Encoding,
        /// Whether an unseen category is an error.
        refuse_unknown: bool,
    },
    /// Clip numbers.
    Clip {
        /// Where.
        columns: Select,
        /// To what.
        method: Clipping,
    },
    /// Take `ln(1 + x)`.
    Log1p {
        /// Where.
        columns: Select,
    },
    /// Add products of numbers.
    Polynomial {
        /// Of which.
        columns: Select,
        /// 2 or 3.
        degree: usize,
        /// Leave out powers of one column.
        interaction_only: bool,
    },
    /// Smooth numbers along the order of the rows, looking back only.
    Smooth {
        /// Where.
        columns: Select,
        /// How.
        method: Smoothing,
    },
    /// Put the numbers of the rows before beside each row's own.
    Lags {
        /// Where.
        columns: Select,
        /// Rows in the window; at least 1.
        n_steps: usize,
        /// How many rows before its own a row's window ends.
        horizon: usize,
    },
    /// Turn dates and times into numbers a model can use.
    DatetimeParts {
        /// Where.
        columns: Select,
        /// Which numbers.
        parts: Vec<DatePart>,
        /// Give the parts that come round as points of a circle.
        is_cyclic: bool,
    },
    /// Make one category of the rare ones.
    GroupRare {
        /// Where.
        columns: Select,
        /// Below 1 a share of the rows, otherwise a number of rows; rarer categories are grouped.
        min_frequency: f64,
    },
    /// Turn a category into the mean of the target among its rows.
    TargetEncode {
        /// Where.
        columns: Select,
        /// How, and how training rows are kept from seeing their own label.
        method: TargetEncoding,
    },
    /// Turn numbers into the position of the bin they fall in.
    Bin {
        /// Where.
        columns: Select,
        /// At least 2.
        n_bins: usize,
        /// Bins of equal width, rather than of equally many rows.
        is_uniform: bool,
    },
    /// Keep the features that tell most.
    SelectFeatures {
        /// Among which.
        columns: Select,
        /// How.
        method: Selection,
    },
}

/// What fills a missing cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Imputation {
    /// The mean; the most frequent category where a mean has no meaning.
    Mean,
    /// The median; the most frequent category where a median has no meaning.
    Median,
    /// The most frequent value, the smallest among equals.
    MostFrequent,
    /// This value: read as a number or taken as a category. `None` is 0, or the category `missing`.
    Constant(Option<String>),
    /// The last known value of an earlier row; before the first one, what [`Imputation::Median`] learns.
    ForwardFill,
    /// Numbers on the line between the known ones before and after; elsewhere as [`Imputation::ForwardFill`].
    Linear,
}

/// What numbers are clipped to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clipping {
    /// Two quantiles of the training rows.
    Quantiles {
        /// Between 0 and 1.
        lower: f64,
        /// Between 0 and 1.
        upper: f64,
    },
    /// The quartiles, moved outwards by so many interquartile ranges.
    Iqr {
        /// Above 0.
        factor: f64,
    },
    /// The mean, give or take so many standard deviations.
    ZScore {
        /// Above 0.
        factor: f64,
    },
}

/// How numbers are smoothed along the rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Smoothing {
    /// The mean of a row and those before it, so many in all.
    MovingAverage {
        /// At least 1.
        window: usize,
    },
    /// A mean whose weights fall by `1 - alpha` from row to row.
    Exponential {
        /// Above 0, at most 1.
        alpha: f64,
    },
}

/// A number read off a date or time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// The year.
    Year,
    /// 1 to 4.
    Quarter,
    /// 1 to 12.
    Month,
    /// Of the month, from 1.
    Day,
    /// 0 is Monday.
    Weekday,
    /// From 1.
    DayOfYear,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// Days since the earliest training row.
    ElapsedDays,
}

/// How a category becomes the mean of the target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetEncoding {
    /// So many rows' weight pulls a category's mean to the mean of all; `None` weighs by the variances.
    pub smooth: Option<f64>,
    /// Parts the training rows are cut into; each is encoded by the others.
    pub n_folds: usize,
    /// Draws the parts; `None` cuts them in the order of the rows.
    pub random_state: Option<u64>,
}

/// How features are chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Selection {
    /// Those that vary more than this (variance, divided by n).
    Variance {
        /// At least 0.
        threshold: f64,
    },
    /// The `k` that share most information with the target.
    MutualInformation {
        /// At least 1.
        k: usize,
    },
    /// The `k` with the largest F statistic: of the variance between classes, or of the correlation.
    FTest {
        /// At least 1.
        k: usize,
    },
}

/// How numbers are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// To 0…1.
    MinMax,
    /// To mean 0, standard deviation 1 (divided by n).
    Standard,
    /// To median 0, interquartile range 1.
    Robust,
    /// To largest absolute value 1.
    MaxAbs,
}

/// How categories become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One 0-or-1 feature per category.
    OneHot,
    /// The category's position in sorted order; unseen is -1.
    Ordinal,
    /// As ordinal.
    Label,
}

/// What a step may learn from besides the cells of its feature.
pub struct Learning<'a> {
    /// The raw columns that were read.
    pub inputs: &'a [Input],
    /// The labels of the training rows, when there are some.
    pub labels: Option<&'a Labels>,
    /// The step's position in the recipe.
    pub step: usize,
    /// Where oddities go.
    pub issues: &'a mut Issues,
}

impl Step {
    /// The step's name in requests.
    pub fn name(&self) -> &'static str {
        match self {
            Self::DropMissing { .. } => "drop_missing",
            Self::DropColumns { .. } => "drop_columns",
            Self::Impute { .. } => "impute",
            Self::Scale { .. } => "scale",
            Self::Encode { .. } => "encode",
            Self::Clip { .. } => "clip",
            Self::Log1p { .. } => "log1p",
            Self::Polynomial { .. } => "polynomial",
            Self::Smooth { .. } => "smooth",
            Self::Lags { .. } => "lags",
            Self::DatetimeParts { .. } => "datetime_parts",
            Self::GroupRare { .. } => "group_rare",
            Self::TargetEncode { .. } => "target_encode",
            Self::Bin { .. } => "bin",
            Self::SelectFeatures { .. } => "select_features",
        }
    }

    /// The columns it works on.
    pub fn columns(&self) -> &Select {
        match self {
            Self::DropMissing { columns }
            | Self::DropColumns { columns }
            | Self::Impute { columns, .. }
            | Self::Scale { columns, .. }
            | Self::Encode { columns, .. }
            | Self::Clip { columns, .. }
            | Self::Log1p { columns }
            | Self::Polynomial { columns, .. }
            | Self::Smooth { columns, .. }
            | Self::Lags { columns, .. }
            | Self::DatetimeParts { columns, .. }
            | Self::GroupRare { columns, .. }
            | Self::TargetEncode { columns, .. }
            | Self::Bin { columns, .. }
            | Self::SelectFeatures { columns, .. } => columns,
        }
    }

    /// Whether it learns from the labels of the training rows.
    pub fn needs_target(&self) -> bool {
        match self {
            Self::TargetEncode { .. } => true,
            Self::SelectFeatures { method, .. } => !matches!(method, Selection::Variance { .. }),
            _ => false,
        }
    }

    /// Whether what it does to a row depends on the rows before it (and, for [`Imputation::Linear`], on the next known
    /// one). These are always rows of the same part: of training rows, of rows held back, or of rows to answer, in the
    /// order they are given.
    pub fn follows_order(&self) -> bool {
        matches!(
            self,
            Self::Smooth { .. }
                | Self::Lags { .. }
                | Self::Impute { strategy: Imputation::ForwardFill | Imputation::Linear, .. }
        )
    }

    /// Learns from the training rows of one selected feature.
    ///
    /// **Errors** `preprocess.not_numeric`, `preprocess.not_categorical` and `preprocess.not_a_time` when the step was
    /// pointed at another kind of feature; `preprocess.no_target` when it needs labels and there are none;
    /// `preprocess.bad_setting` for a setting that these rows do not allow.
    pub fn learn(&self, feature: &Feature, learning: &mut Learning<'_>) -> Result<Learned, Error> {
        self.check_kind(feature, learning)?;
        let numbers = match &feature.values {
            Values::Numbers(numbers) => numbers.as_slice(),
            Values::Categories { .. } => &[],
        };
        Ok(match self {
            Self::DropColumns { .. } => Learned::Drop,
            Self::DropMissing { .. } | Self::Polynomial { .. } => Learned::Keep,
            Self::Impute { strategy, .. } => impute::learn(strategy, feature, learning)?,
            Self::Scale { method, .. } => scale::learn(*method, &feature.name, numbers, learning.issues),
            Self::Encode { method, refuse_unknown, .. } => encode::learn(*method, *refuse_unknown, feature),
            Self::Clip { method, .. } => adjust::learn_clip(*method, numbers),
            Self::Log1p { .. } => adjust::learn_log1p(numbers),
            Self::Smooth { method, .. } => smooth::learn(*method, numbers.len(), learning.step)?,
            Self::Lags { n_steps, horizon, .. } => lags::learn(*n_steps, *horizon, numbers.len(), learning.step)?,
            Self::DatetimeParts { parts, is_cyclic, .. } => {
                datetime_parts::learn(parts, *is_cyclic, &feature.name, numbers, learning.issues)
            }
            Self::GroupRare { min_frequency, .. } => group_rare::learn(*min_frequency, feature, learning.issues),
            Self::TargetEncode { method, .. } => target_encode::learn(*method, feature, learning)?,
            Self::Bin { n_bins, is_uniform, .. } => bin::learn(*n_bins, *is_uniform, &feature.name, numbers, learning),
            Self::SelectFeatures { method, .. } => select::learn(*method, feature, numbers, learning.labels),
        })
    }

    fn check_kind(&self, feature: &Feature, learning: &Learning<'_>) -> Result<(), Error> {
        let is_numeric = matches!(feature.values, Values::Numbers(_));
        let (column, step, name) = (feature.name.clone(), learning.step, self.name().to_owned());
        let takes_categories = matches!(
            self,
            Self::DropMissing { .. }
                | Self::DropColumns { .. }
                | Self::Impute { .. }
                | Self::Encode { .. }
                | Self::GroupRare { .. }
                | Self::TargetEncode { .. }
        );
        match self {
            Self::DatetimeParts { .. } if !feature.is_time(learning.inputs) => {
                Err(PreprocessError::NotATime { column, step, name }.into())
            }
            Self::GroupRare { .. } if is_numeric => Err(PreprocessError::NotCategorical { column, step, name }.into()),
            _ if !takes_categories && !is_numeric => Err(PreprocessError::NotNumeric { column, step, name }.into()),
            _ if self.needs_target() && learning.labels.is_none() => {
                Err(PreprocessError::NoTarget { step, name }.into())
            }
            _ => Ok(()),
        }
    }
}

impl Select {
    /// Whether a feature, made from one of `inputs`, is selected.
    pub fn includes(&self, feature: &Feature, inputs: &[Input]) -> bool {
        match self {
            Self::All => true,
            Self::Datetime => feature.is_time(inputs),
            Self::Numeric => feature.origin.group == Group::Numeric && matches!(feature.values, Values::Numbers(_)),
            Self::Categorical => {
                feature.origin.group == Group::Categorical && matches!(feature.values, Values::Categories { .. })
            }
            Self::Names(names) => names.iter().any(|name| *name == feature.name || *name == feature.origin.column),
        }
    }
}
