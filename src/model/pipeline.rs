//! A fitted recipe and the fitted model behind it: what answers raw rows.

use crate::Error;
use crate::error::Issues;
use crate::model::{Answers, Fitted, Structure};
use crate::preprocess::{FittedRecipe, RowSource, Task};

/// A fitted recipe and the fitted model behind it.
pub struct Pipeline {
    /// What the model answers.
    pub task: Task,
    /// The column it predicts, for tasks that have one.
    pub target: Option<String>,
    /// What the codes it answers are called, in their order; empty for answers that are numbers.
    pub classes: Vec<String>,
    /// How raw rows become a matrix.
    pub recipe: FittedRecipe,
    /// What answers the matrix.
    pub fitted: Box<dyn Fitted>,
}

impl Pipeline {
    /// Answers some rows; the same for a row alone as among others, unless the recipe follows their order
    /// ([`FittedRecipe::follows_order`]).
    ///
    /// **Errors** `preprocess.unknown_category` when the recipe refuses one.
    pub fn answer(&self, source: &dyn RowSource, rows: &[u32], issues: &mut Issues) -> Result<Answers, Error> {
        let x = self.recipe.transform(source, rows, true, issues)?;
        Ok(self.fitted.predict(&x))
    }
}

/// What the codes that a fitted model answers are called: the target's classes, or names for what has no target.
pub fn code_names(task: Task, fitted: &dyn Fitted, classes: Vec<String>) -> Vec<String> {
    match (task, fitted.structure()) {
        (Task::AnomalyDetection, _) => ["inlier", "outlier"].map(str::to_owned).to_vec(),
        (_, Structure::Clusters { sizes, .. }) => (0..sizes.len()).map(|code| format!("cluster {code}")).collect(),
        _ => classes,
    }
}
