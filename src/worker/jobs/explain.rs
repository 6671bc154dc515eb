//! Why a model answers as it does.

use std::rc::Rc;

use serde_json::Value;
use vitrine_protocol::{
    ActivationsMsg, Buffer, DecisionPathMsg, Event, ExplainMsg, ExplanationMsg, MapsMsg, PathStepMsg, TermMsg, TreeMsg,
    VotesMsg,
};

use crate::Error;
use crate::error::Issues;
use crate::explain::{Activations, DecisionPath, ExplainError, activations, decision_path, vote};
use crate::model::{Answers, Pipeline, Structure};
use crate::predict::rows_source;
use crate::preprocess::Task;
use crate::table::Table;
use crate::worker::context::Context;
use crate::worker::jobs::plane::{AskedPlane, Plane, Space, answer_matrix, boundary_buffers, plan_matrix, shown_units};
use crate::worker::jobs::pruning::pruning_path;
use crate::worker::workspace::ModelEntry;
use crate::worker::{Reply, wire};

/// Grid points each way when the request does not say.
const RESOLUTION: usize = 60;

pub(super) async fn explain(context: Context, id: String, request: ExplainMsg) -> Result<Reply, Error> {
    let entry = context.workspace.borrow().model(&id)?;
    match request {
        ExplainMsg::DecisionPath { row, tree } => {
            let (table, row) = find_row(&context, &entry, row)?;
            let pipeline = &entry.pipeline;
            let path = decision_path(pipeline, table.as_ref(), row, tree, &mut Issues::new())?;
            Ok(Event::Explained(ExplanationMsg::DecisionPath(path_msg(pipeline, path))).into())
        }
        ExplainMsg::Tree { index } => {
            let nodes = wire::tree_nodes(&entry.pipeline, index)?;
            Ok(Event::Explained(ExplanationMsg::Tree(TreeMsg { index, nodes })).into())
        }
        ExplainMsg::Votes { row } => {
            let (table, row) = find_row(&context, &entry, row)?;
            votes(&context, &entry.pipeline, table.as_ref(), row).await
        }
        ExplainMsg::Activations { row } => {
            let (table, row) = find_row(&context, &entry, row)?;
            let x = entry.pipeline.recipe.transform(table.as_ref(), &[row], true, &mut Issues::new())?;
            let Activations { image, blocks, maps } = activations(entry.pipeline.fitted.as_ref(), &x)?;
            let sizes = |[height, width, n_maps]: [usize; 3]| MapsMsg { height, width, n_maps };
            let msg = ActivationsMsg { blocks: blocks.into_iter().map(sizes).collect() };
            let buffers = vec![("image", Buffer::F32(image)), ("maps", Buffer::F32(maps))];
            Ok(Reply { event: Event::Explained(ExplanationMsg::Activations(msg)), buffers })
        }
        ExplainMsg::PruningPath {} => pruning_path(&context, &entry).await,
        ExplainMsg::Boundary { x, y, projection, resolution, fixed } => {
            let resolution = resolution.unwrap_or(RESOLUTION);
            boundary(&context, &entry, AskedPlane { x, y, projection, resolution, fixed }).await
        }
    }
}

/// A row by its position in the model's table, or given as an object.
fn find_row(context: &Context, entry: &ModelEntry, row: Value) -> Result<(Rc<Table>, u32), Error> {
    if let Value::Object(cells) = row {
        return Ok((Rc::new(rows_source(&entry.pipeline.recipe.inputs, &[cells])?), 0));
    }
    let table = context.workspace.borrow().table(&entry.card.table)?.table.clone();
    let n_rows = table.n_rows();
    match row.as_u64().filter(|&row| row < n_rows as u64) {
        Some(row) => Ok((table, row as u32)),
        None => Err(ExplainError::NoSuchRow { row: row.to_string(), n_rows }.into()),
    }
}

fn path_msg(pipeline: &Pipeline, path: DecisionPath) -> DecisionPathMsg {
    let features = &pipeline.recipe.features;
    let (prediction, probabilities) = match &path.answers {
        Answers::Classes { probabilities, .. } => {
            let class = pipeline.classes[path.answers.codes()[0] as usize].clone();
            (Value::from(class), Some(probabilities.clone()))
        }
        Answers::Values(values) => (Value::from(values[0]), None),
        Answers::Components { values, .. } => (Value::from(values.clone()), None),
        Answers::Clusters { .. } | Answers::Scores { .. } => {
            (Value::from(pipeline.classes[path.answers.codes()[0] as usize].as_str()), None)
        }
    };
    DecisionPathMsg {
        path: path
            .steps
            .into_iter()
            .map(|step| PathStepMsg {
                node: step.node,
                feature_name: features[step.feature].name.clone(),
                value: Value::from(step.value),
                threshold: step.threshold,
                went: if step.went_left { "left" } else { "right" }.to_owned(),
                n_samples: step.n_samples,
                value_here: step.value_here,
            })
            .collect(),
        leaf: path.leaf,
        terms: path
            .terms
            .iter()
            .map(|term| TermMsg {
                feature_name: term.feature.map_or("intercept".to_owned(), |idx| features[idx].name.clone()),
                value: term.value,
                coefficient: term.coefficient,
                contribution: term.contribution(),
            })
            .collect(),
        prediction,
        probabilities,
        sentence: path.sentence,
    }
}

/// What each tree says about a row.
async fn votes(context: &Context, pipeline: &Pipeline, table: &Table, row: u32) -> Result<Reply, Error> {
    let Structure::Trees(trees) = pipeline.fitted.structure() else {
        return Err(ExplainError::NotTrees { kind: pipeline.fitted.kind().to_owned() }.into());
    };
    let x = pipeline.recipe.transform(table, &[row], true, &mut Issues::new())?;
    let n_trees = trees.n_trees();
    let mut votes = Vec::with_capacity(n_trees);
    for tree in 0..n_trees {
        votes.push(vote(trees, tree, &x)?);
        context.tick("explaining", tree as f64 / n_trees as f64).await;
    }
    let says_classes = pipeline.task == Task::Classification && !trees.is_sum();
    let n_by_class = says_classes.then(|| {
        let of = |class: usize| votes.iter().filter(|&&vote| vote as usize == class).count();
        (0..pipeline.classes.len()).map(of).collect()
    });
    Ok(Event::Explained(ExplanationMsg::Votes(VotesMsg { votes, n_by_class })).into())
}

async fn boundary(context: &Context, entry: &ModelEntry, asked: AskedPlane) -> Result<Reply, Error> {
    let pipeline = &entry.pipeline;
    let (recipe, fitted) = (&pipeline.recipe, pipeline.fitted.as_ref());
    let space = Space {
        recipe,
        kind: fitted.kind(),
        train_rows: &entry.card.train_rows,
        table: context.workspace.borrow().table(&entry.card.table).map(|entry| entry.table.clone()),
        classes: wire::classes_msg(pipeline),
    };
    let plane = Plane::new(context, space, asked).await?;
    let plan = &plane.plan;
    let mut all = None;
    for idx in 0..plan.n_rows() {
        all = answer_matrix(context, fitted, &plan.row(recipe, idx, &mut Issues::new())?, all).await;
        context.tick("explaining", idx as f64 / plan.n_rows() as f64).await;
    }
    let mut buffers = all.map(boundary_buffers).unwrap_or_default();
    buffers.extend(plane.points());
    if let Some(net) = shown_units(fitted) {
        buffers.push(("units", Buffer::U8(net.units(&plan_matrix(context, recipe, plan).await?))));
    }
    Ok(Reply { event: Event::Explained(ExplanationMsg::Boundary(plane.msg)), buffers })
}
