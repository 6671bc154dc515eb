//! A table becomes a feature matrix here, and nowhere else.
//!
//! What comes in: a table, the rows that may be learned from, and a recipe. What goes out: a fitted recipe, which is
//! the one thing that transforms (training rows, test rows and rows to answer alike) and travels with the model.

mod adjust;
mod bin;
mod datetime_parts;
mod defaults;
mod encode;
mod fitting;
mod frame;
mod group_rare;
mod impute;
mod input;
mod lags;
mod learned;
mod matrix;
mod mutual_information;
mod polynomial;
mod recipe;
mod scale;
mod select;
mod smooth;
mod stats;
mod step;
mod target;
mod target_encode;
mod trouble;
mod weights;

pub use defaults::{Needs, default_features, default_recipe, encode_as_codes};
pub use fitting::{Fitting, Prepared};
pub use frame::{Group, Input, Map, Origin, RowSource, category_text};
pub use lags::MOST_LAGS;
pub use learned::Learned;
pub use matrix::{Matrix, Target, Task, Window};
pub use recipe::{FeatureDoc, FittedRecipe, FittedStep, MAX_FEATURES, StepReport, Transforming};
pub use step::{Clipping, DatePart, Encoding, Imputation, Scaling, Select, Selection, Smoothing, Step, TargetEncoding};
pub use target::{Labels, MAX_CLASSES, read_known_labels, read_labels, suggest_task};
pub use target_encode::{TargetMeans, TargetOutput};
pub use trouble::{PreprocessError, PreprocessIssue};
pub use weights::read_weights;
