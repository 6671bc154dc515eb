//! The steps of a recipe, as asked for and as learned.
//!
//! A step looks at one feature at a time: [`Step::learn`] sees training rows only, [`Learned::apply`] treats training
//! rows, test rows and rows to answer alike. One file per family of steps holds the arithmetic.

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::{Feature, Group, Values};
use crate::preprocess::{PreprocessError, adjust, encode, impute, scale};

/// The columns a step works on.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// Every column.
    All,
    /// Columns that held numbers, times or yes-or-no in the table.
    Numeric,
    /// Columns that held categories or texts in the table.
    Categorical,
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
    /// Clip numbers to quantiles.
    Clip {
        /// Where.
        columns: Select,
        /// Between 0 and 1.
        lower_quantile: f64,
        /// Between 0 and 1.
        upper_quantile: f64,
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

/// What a step learned about one feature.
#[derive(Clone, Debug, PartialEq)]
pub enum Learned {
    /// Leave it as it is.
    Keep,
    /// Drop it.
    Drop,
    /// Fill missing numbers.
    FillNumber(f64),
    /// Fill missing categories.
    FillCategory(String),
    /// `(x - offset) / scale`.
    Affine {
        /// Subtracted.
        offset: f64,
        /// Divided by; 1 for a constant feature.
        scale: f64,
    },
    /// One feature per category; a last one for missing cells when training had some.
    OneHot {
        /// Sorted.
        categories: Vec<String>,
        /// Whether training rows had missing cells.
        has_missing: bool,
        /// Whether an unseen category is an error.
        refuse_unknown: bool,
    },
    /// Positions in sorted order.
    Ordinal {
        /// Sorted.
        categories: Vec<String>,
        /// Whether an unseen category is an error.
        refuse_unknown: bool,
    },
    /// `lower.max(x).min(upper)`.
    Clip {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// `ln(1 + x)`; numbers at or below -1 are taken as `smallest`.
    Log1p {
        /// The smallest number above -1 that was learned from.
        smallest: f64,
    },
}

/// What applying a step needs to know besides the cells.
pub struct Applying<'a> {
    /// The rows' positions in their source, for issues.
    pub rows: &'a [u32],
    /// Whether filled and unknown cells are reported: when answering, not when training.
    pub report: bool,
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
            | Self::Polynomial { columns, .. } => columns,
        }
    }

    /// Learns from the training rows of one selected feature.
    ///
    /// **Errors** `preprocess.not_numeric` when the step needs numbers and was pointed at categories by name.
    pub fn learn(&self, feature: &Feature, step: usize, issues: &mut Issues) -> Result<Learned, Error> {
        if let (true, Values::Categories { .. }) = (self.needs_numbers(), &feature.values) {
            return Err(PreprocessError::NotNumeric {
                column: feature.name.clone(),
                step,
                name: self.name().to_owned(),
            }
            .into());
        }
        Ok(match (self, &feature.values) {
            (Self::DropColumns { .. }, _) => Learned::Drop,
            (Self::DropMissing { .. } | Self::Polynomial { .. }, _) => Learned::Keep,
            (Self::Impute { strategy, .. }, _) => impute::learn(strategy, feature, step, issues)?,
            (Self::Scale { method, .. }, Values::Numbers(numbers)) => {
                scale::learn(*method, &feature.name, numbers, issues)
            }
            (Self::Encode { method, refuse_unknown, .. }, _) => encode::learn(*method, *refuse_unknown, feature),
            (Self::Clip { lower_quantile, upper_quantile, .. }, Values::Numbers(numbers)) => {
                adjust::learn_clip(*lower_quantile, *upper_quantile, numbers)
            }
            (Self::Log1p { .. }, Values::Numbers(numbers)) => adjust::learn_log1p(numbers),
            (Self::Scale { .. } | Self::Clip { .. } | Self::Log1p { .. }, Values::Categories { .. }) => Learned::Keep,
        })
    }

    fn needs_numbers(&self) -> bool {
        matches!(self, Self::Scale { .. } | Self::Clip { .. } | Self::Log1p { .. } | Self::Polynomial { .. })
    }
}

impl Select {
    /// Whether a feature is selected.
    pub fn includes(&self, feature: &Feature) -> bool {
        match self {
            Self::All => true,
            Self::Numeric => feature.origin.group == Group::Numeric && matches!(feature.values, Values::Numbers(_)),
            Self::Categorical => {
                feature.origin.group == Group::Categorical && matches!(feature.values, Values::Categories { .. })
            }
            Self::Names(names) => names.iter().any(|name| *name == feature.name || *name == feature.origin.column),
        }
    }
}

impl Learned {
    /// Carries the step out on one feature: none, one or several features come back.
    ///
    /// **Errors** `preprocess.unknown_category` when the step was told to refuse one.
    pub fn apply(&self, feature: Feature, applying: &mut Applying<'_>) -> Result<Vec<Feature>, Error> {
        Ok(match self {
            Self::Keep => vec![feature],
            Self::Drop => Vec::new(),
            Self::FillNumber(_) | Self::FillCategory(_) => vec![impute::apply(self, feature, applying)],
            Self::Affine { offset, scale } => vec![scale::apply(*offset, *scale, feature)],
            Self::OneHot { categories, has_missing, refuse_unknown } => {
                encode::one_hot(categories, *has_missing, *refuse_unknown, feature, applying)?
            }
            Self::Ordinal { categories, refuse_unknown } => {
                vec![encode::ordinal(categories, *refuse_unknown, feature)?]
            }
            Self::Clip { lower, upper } => vec![adjust::clip(*lower, *upper, feature)],
            Self::Log1p { smallest } => vec![adjust::log1p(*smallest, feature, applying)],
        })
    }
}
