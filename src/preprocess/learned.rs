//! The steps of a recipe, as learned.
//!
//! [`Learned::apply`] treats training rows, test rows and rows to answer alike, but for target means: training rows
//! get theirs out of fold, so that none sees its own label.

use crate::Error;
use crate::error::Issues;
use crate::preprocess::frame::Feature;
use crate::preprocess::step::DatePart;
use crate::preprocess::target_encode::TargetMeans;
use crate::preprocess::{adjust, bin, datetime_parts, encode, group_rare, impute, lags, scale, smooth, target_encode};

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
    /// Fill missing numbers along the rows.
    FillAlong {
        /// On the line between the known neighbours, rather than with the one before.
        is_linear: bool,
        /// Before the first known number.
        start: f64,
    },
    /// Fill missing categories with the last known one; before the first, with this.
    FillCategoryAlong(String),
    /// The mean of this many rows, looking back.
    Average(usize),
    /// The exponentially weighted mean, looking back, with this `alpha`.
    Exponential(f64),
    /// The numbers of the rows before beside each row's own.
    Lags {
        /// Rows in the window.
        n_steps: usize,
        /// How many rows before its own a row's window ends.
        horizon: usize,
    },
    /// Numbers read off points in time.
    DatetimeParts {
        /// Which.
        parts: Vec<DatePart>,
        /// Whether those that come round are points of a circle.
        is_cyclic: bool,
        /// Elapsed days count from this, in milliseconds.
        start_millis: f64,
    },
    /// One category for all but these.
    GroupRare {
        /// The frequent ones, sorted.
        kept: Vec<String>,
        /// The name of the rest; `None` when training rows had no rest, and then an unseen category stays unseen.
        rest: Option<String>,
    },
    /// Means of the target.
    TargetEncode(TargetMeans),
    /// Positions among these inner edges, ascending; a number on an edge is above it.
    Bin(Vec<f64>),
    /// Keep it or drop it.
    Selected {
        /// What it was judged by.
        score: f64,
        /// Whether it is kept.
        is_kept: bool,
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
            Self::FillAlong { .. } | Self::FillCategoryAlong(_) => vec![impute::apply_along(self, feature, applying)],
            Self::Average(window) => vec![smooth::average(*window, feature)],
            Self::Exponential(alpha) => vec![smooth::exponential(*alpha, feature)],
            Self::Lags { n_steps, horizon } => lags::apply(*n_steps, *horizon, &feature),
            Self::DatetimeParts { parts, is_cyclic, start_millis } => {
                datetime_parts::apply(parts, *is_cyclic, *start_millis, &feature)
            }
            Self::GroupRare { kept, rest } => vec![group_rare::apply(kept, rest.as_deref(), feature)],
            Self::TargetEncode(means) => target_encode::apply(means, &feature, applying)?,
            Self::Bin(edges) => vec![bin::apply(edges, feature)],
            Self::Selected { is_kept: true, .. } => vec![feature],
            Self::Selected { is_kept: false, .. } => Vec::new(),
        })
    }
}
