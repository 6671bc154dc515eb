//! A table becomes a feature matrix here, and nowhere else.
//!
//! What comes in: a table, the rows that may be learned from, and a recipe. What goes out: a fitted recipe, which is
//! the one thing that transforms (training rows, test rows and rows to answer alike) and travels with the model.

mod adjust;
mod defaults;
mod encode;
mod frame;
mod impute;
mod input;
mod matrix;
mod polynomial;
mod recipe;
mod scale;
mod stats;
mod step;
mod target;
mod trouble;
mod weights;

pub use defaults::{Needs, default_features, default_recipe, encode_as_codes};
pub use frame::{Group, Input, Map, Origin, RowSource, category_text};
pub use matrix::{Matrix, Target, Task};
pub use recipe::{FeatureDoc, FittedRecipe, FittedStep, Fitting, MAX_FEATURES, Prepared, StepReport};
pub use step::{Encoding, Imputation, Learned, Scaling, Select, Step};
pub use target::{Labels, MAX_CLASSES, read_known_labels, read_labels, suggest_task};
pub use trouble::{PreprocessError, PreprocessIssue};
pub use weights::read_weights;
