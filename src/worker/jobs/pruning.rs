//! What pruning makes of a decision tree, measured on its rows.

use vitrine_protocol::{Event, ExplanationMsg, PruningPathMsg};

use crate::Error;
use crate::error::Issues;
use crate::explain::{ExplainError, PruningPoint, PruningScores};
use crate::model::Structure;
use crate::preprocess::{Labels, Task, read_known_labels};
use crate::worker::Reply;
use crate::worker::context::Context;
use crate::worker::jobs::ROWS_PER_TICK;
use crate::worker::workspace::ModelEntry;

/// Words of pruning between two ticks: some milliseconds.
const WORDS_PER_TICK: usize = 200_000;

/// **Errors** `explain.not_a_tree`; `request.no_such_table` when the rows are gone.
pub(super) async fn pruning_path(context: &Context, entry: &ModelEntry) -> Result<Reply, Error> {
    let (pipeline, card) = (&entry.pipeline, &entry.card);
    let nodes = match (pipeline.fitted.unpruned(), pipeline.fitted.structure()) {
        (Some(nodes), _) | (None, Structure::Tree(nodes)) => nodes,
        _ => return Err(ExplainError::NotATree { kind: pipeline.fitted.kind().to_owned() }.into()),
    };
    let table = context.workspace.borrow().table(&card.table)?.table.clone();
    let mut quiet = Issues::new();
    let target = pipeline.target.as_deref().unwrap_or_default();
    let all = read_known_labels(table.as_ref(), target, &pipeline.classes, &mut quiet)?;
    let part = |wanted: &[u32]| {
        let mut part = all.clone();
        part.keep_rows(wanted);
        part
    };
    // Rows to test on may be another table's: then every row of this one was learned from.
    let is_learned = |row: &u32| card.train_rows.binary_search(row).is_ok();
    let held_back: Vec<u32> = card.test_rows.iter().copied().filter(|row| !is_learned(row)).collect();
    let mut scores = PruningScores::new(nodes);
    for (is_train, labels) in [(true, part(&card.train_rows)), (false, part(&held_back))] {
        let Labels { rows, target, .. } = labels;
        for (idx, block) in rows.chunks(ROWS_PER_TICK).enumerate() {
            let x = pipeline.recipe.transform(table.as_ref(), block, false, &mut quiet)?;
            let start = (idx * ROWS_PER_TICK) as u32;
            let positions: Vec<u32> = (start..start + block.len() as u32).collect();
            let y = target.take_rows(&positions);
            if is_train {
                scores.add_train(&x, &y)
            } else {
                scores.add_test(&x, &y)
            }
            context.tick("explaining", 0.5).await;
        }
    }
    while !scores.walk(WORDS_PER_TICK) {
        context.tick("explaining", 0.9).await;
    }
    let points = scores.points();
    let ccp_alpha = card.params.get("ccp_alpha").and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let chosen = points.iter().rposition(|point| point.ccp_alpha <= ccp_alpha).unwrap_or(0);
    let msg = path_msg(&points, chosen, pipeline.task);
    Ok(Event::Explained(ExplanationMsg::PruningPath(msg)).into())
}

fn path_msg(points: &[PruningPoint], chosen: usize, task: Task) -> PruningPathMsg {
    PruningPathMsg {
        ccp_alphas: points.iter().map(|point| point.ccp_alpha).collect(),
        impurities: points.iter().map(|point| point.impurity).collect(),
        n_leaves: points.iter().map(|point| point.n_leaves).collect(),
        depths: points.iter().map(|point| point.depth).collect(),
        train_scores: points.iter().map(|point| point.train_score).collect(),
        test_scores: points.iter().map(|point| point.test_score).collect(),
        chosen,
        metric: match task {
            Task::Classification => "accuracy",
            _ => "r2",
        }
        .to_owned(),
    }
}
