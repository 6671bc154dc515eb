//! A fitted recipe and the fitted model behind it: what answers raw rows.

use crate::Error;
use crate::error::Issues;
use crate::model::{Answers, Fitted};
use crate::preprocess::{FittedRecipe, RowSource, Task};

/// A fitted recipe and the fitted model behind it.
pub struct Pipeline {
    /// What the model answers.
    pub task: Task,
    /// The column it predicts.
    pub target: String,
    /// The classes, in the order of their codes; empty for regression.
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
