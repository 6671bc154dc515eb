//! How good a model's answers are, block by block: against labels where there are some, and of themselves otherwise.

use crate::Error;
use crate::error::Issues;
use crate::evaluate::{Evaluation, Unlabelled, evaluate, report_sample};
use crate::model::Pipeline;
use crate::preprocess::{Labels, RowSource, Target};
use crate::worker::context::Context;
use crate::worker::jobs::{answer_all, block_of, block_rows, transform_all};

/// All rows of a table, without labels.
pub(super) fn all_rows(n_rows: usize) -> Labels {
    Labels { rows: (0..n_rows as u32).collect(), target: Target::none(), classes: Vec::new() }
}

/// Answers rows and measures the answers, telling progress between `from` and `to`.
pub(super) async fn measure(
    context: &Context,
    pipeline: &Pipeline,
    source: &dyn RowSource,
    (rows, truth): (&[u32], &Target),
    (from, to): (f64, f64),
    issues: &mut Issues,
) -> Result<Evaluation, Error> {
    if pipeline.task.has_target() {
        return Ok(evaluate(&answer_all(context, pipeline, source, rows, (from, to), issues).await?, truth));
    }
    let mut unlabelled = Unlabelled::default();
    let half = (from + to) / 2.0;
    let n_block = block_rows(pipeline.fitted.as_ref());
    let ordered = match pipeline.recipe.follows_order() {
        true => Some(transform_all(context, &pipeline.recipe, source, rows, from, Some(&mut *issues)).await?),
        false => None,
    };
    for (idx, block) in rows.chunks(n_block).enumerate() {
        let x = match &ordered {
            None => pipeline.recipe.transform(source, block, true, issues)?,
            Some(x) => block_of(x, idx * n_block, block.len()),
        };
        unlabelled.push(pipeline.fitted.as_ref(), &x);
        let done = (idx * n_block + block.len()) as f64 / rows.len() as f64;
        context.tick("answering", from + (half - from) * done).await;
    }
    let (mut found, clusters) = unlabelled.finish();
    if let Some(mut clusters) = clusters {
        report_sample(rows.len(), issues);
        while !clusters.step() {
            context.tick("measuring", half + (to - half) * clusters.fraction()).await;
        }
        found.metrics.extend(clusters.finish());
    }
    Ok(found)
}
