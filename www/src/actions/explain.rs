//! Evaluate and explain: what follows a selected row, a pair of columns, a model.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use vitrine_protocol::{
    ActivationsMsg, BoundaryMsg, ColumnKind, DecisionPathMsg, EvaluationMsg, ExplainMsg, FrontMsg, ModelMsg,
    PredictMsg, PredictionMsg, Request, RowsMsg, StructureMsg, TreeMsg, VotesMsg,
};

use super::read_rows;
use crate::client::{self, Beside};
use crate::state::{App, Axes, Boundary, NoticeKind, Seen, Trained, effect};

/// Points drawn in a scatter at most: more would be a stain, and each is an element.
const N_POINTS: usize = 1500;

/// Rows of a cell that are listed at most.
const N_CELL_ROWS: usize = 50;

/// Grid points each way of a boundary …
const RESOLUTION: usize = 64;
/// … and where each is an image, whose answer takes a thousand times as long.
const IMAGE_RESOLUTION: usize = 32;

/// Of more numeric columns than this no two say much by themselves.
pub(super) const MANY_COLUMNS: usize = 12;

/// Whether the table that is shown is the one the model was trained on.
pub(crate) fn is_current(app: App, model: &ModelMsg) -> bool {
    app.data.table.with_untracked(|table| table.as_ref().is_some_and(|table| table.id == model.table))
}

/// Measures the model on the rows held back, or on all of its table where there are none, unless that was done.
pub(crate) fn evaluate(app: App) {
    let Some(trained) = app.result.model.get_untracked() else { return };
    if app.result.evaluation.with_untracked(Option::is_some) {
        return;
    }
    let rows = (trained.model.n_test > 0).then(|| "test".to_owned());
    let (id, table) = (trained.model.id.clone(), trained.model.table.clone());
    let request = Request::Evaluate { id, table, rows, resamples: None, seed: None };
    spawn_local(async move {
        match client::ask::<EvaluationMsg>(request, Beside::default()).await {
            Ok((evaluation, buffers)) if is_looked_at(app, &trained) => {
                app.result.measured.set(buffers.positions("rows").unwrap_or_default());
                app.result.evaluation.set(Some(Arc::new(evaluation)));
            }
            Ok(_) => {}
            // A project without its table has nothing to be measured on; what was measured in training is shown.
            Err(error) if error.code.ends_with("no_such_table") => {}
            Err(error) => app.tell(NoticeKind::Error(Box::new(error))),
        }
    });
}

/// Selects a cell of the confusion matrix, by position, and reads the first of its rows.
pub(crate) fn show_cell(app: App, cell: Option<usize>) {
    let rows = cell.and_then(|cell| {
        let evaluation = app.result.evaluation.get_untracked()?;
        // The measured rows stand cell after cell.
        let mut counts = evaluation.confusion.as_ref()?.iter().flatten();
        let start: usize = counts.by_ref().take(cell).sum();
        let n_rows = *counts.next()?;
        app.result.measured.with_untracked(|all| all.get(start..start + n_rows).map(<[u32]>::to_vec))
    });
    let rows = rows.unwrap_or_default();
    let first: Vec<u32> = rows.iter().copied().take(N_CELL_ROWS).collect();
    batch(|| {
        app.result.cell.set(cell);
        app.result.cell_rows.set(rows);
        app.result.cell_table.set(None);
    });
    let Some(trained) = app.result.model.get_untracked().filter(|_| !first.is_empty()) else { return };
    let request = Request::ReadTable { id: trained.model.table.clone(), start: 0, end: 0, rows: Some(first) };
    spawn_local(async move {
        let outcome = client::ask::<RowsMsg>(request, Beside::default()).await;
        match outcome {
            Ok((rows, _)) if app.result.cell.get_untracked() == cell && is_looked_at(app, &trained) => {
                app.result.cell_table.set(Some(Arc::new(rows)));
            }
            Ok(_) => {}
            Err(error) => app.tell(NoticeKind::Error(Box::new(error))),
        }
    });
}

/// Asks for the selected row's way whenever row or model change.
pub(crate) fn follow_row(app: App) {
    effect(move || {
        let (Some(row), Some(trained)) = (app.data.selected_row.get(), app.result.model.get()) else {
            app.result.path.set(None);
            return;
        };
        if !is_current(app, &trained.model) {
            return;
        }
        let tree = app.result.shown_tree.with(|tree| tree.as_ref().map(|tree| tree.index));
        let explain = ExplainMsg::DecisionPath { row: row.into(), tree };
        let request = Request::Explain { id: trained.model.id.clone(), explain };
        spawn_local(async move {
            let outcome = client::ask::<DecisionPathMsg>(request, Beside::default()).await;
            if app.data.selected_row.get_untracked() != Some(row) || !is_looked_at(app, &trained) {
                return;
            }
            match outcome {
                Ok((path, _)) => {
                    app.announcement.set(path.sentence.clone());
                    app.result.path.set(Some(Arc::new(path)));
                }
                Err(error) => app.tell(NoticeKind::Error(Box::new(error))),
            }
        });
    });
}

/// Asks what the filters of a convolutional net answer for the selected row, whenever row or model change.
pub(crate) fn follow_maps(app: App) {
    effect(move || {
        app.result.maps.set(None);
        let Some(trained) = app.result.model.get() else { return };
        // Until somebody selects a row, the first one shows what there is.
        let row = app.data.selected_row.get().unwrap_or(0);
        if !reads_images(&trained.model) || !is_current(app, &trained.model) {
            return;
        }
        let explain = ExplainMsg::Activations { row: row.into() };
        let request = Request::Explain { id: trained.model.id.clone(), explain };
        spawn_local(async move {
            // What goes wrong with a row is said once, by its way.
            let Ok((sizes, buffers)) = client::ask::<ActivationsMsg>(request, Beside::default()).await else { return };
            if app.data.selected_row.get_untracked().unwrap_or(0) == row && is_looked_at(app, &trained) {
                let [image, maps] = ["image", "maps"].map(|name| buffers.numbers(name).unwrap_or_default());
                app.result.maps.set(Some(Arc::new(Seen { sizes, image, maps })));
            }
        });
    });
}

/// Asks what each of many trees says about the selected row, whenever row or model change.
pub(crate) fn follow_votes(app: App) {
    effect(move || {
        app.result.votes.set(None);
        let (Some(row), Some(trained)) = (app.data.selected_row.get(), app.result.model.get()) else { return };
        if !matches!(trained.model.structure, StructureMsg::Trees { .. }) || !is_current(app, &trained.model) {
            return;
        }
        let request = Request::Explain { id: trained.model.id.clone(), explain: ExplainMsg::Votes { row: row.into() } };
        spawn_local(async move {
            // What goes wrong with a row is said once, by its way.
            let Ok((votes, _)) = client::ask::<VotesMsg>(request, Beside::default()).await else { return };
            if app.data.selected_row.get_untracked() == Some(row) && is_looked_at(app, &trained) {
                app.result.votes.set(Some(Arc::new(votes)));
            }
        });
    });
}

/// Looks at one tree of a model that has many.
pub(crate) fn show_tree(app: App, index: usize) {
    let Some(trained) = app.result.model.get_untracked() else { return };
    let request = Request::Explain { id: trained.model.id.clone(), explain: ExplainMsg::Tree { index } };
    spawn_local(async move {
        match client::ask::<TreeMsg>(request, Beside::default()).await {
            Ok((tree, _)) if is_looked_at(app, &trained) => {
                app.result.selected_node.set(None);
                app.result.shown_tree.set(Some(Arc::new(tree)));
            }
            Ok(_) => {}
            Err(error) => app.tell(NoticeKind::Error(Box::new(error))),
        }
    });
}

fn is_looked_at(app: App, trained: &Arc<Trained>) -> bool {
    app.result.model.with_untracked(|model| model.as_ref().is_some_and(|model| Arc::ptr_eq(model, trained)))
}

/// The columns of a model that can be an axis, numbers first.
pub(crate) fn numeric_and_categorical(model: &ModelMsg) -> Vec<String> {
    let of = |wanted: fn(ColumnKind) -> bool| {
        let inputs = model.features.iter().filter(move |input| wanted(input.kind));
        inputs.map(|input| input.name.clone()).collect::<Vec<_>>()
    };
    let mut names = of(|kind| kind == ColumnKind::Numeric);
    names.extend(of(|kind| kind != ColumnKind::Numeric));
    names
}

/// Whether a model reads images: of these no two pixels make a plane.
pub(crate) fn reads_images(model: &ModelMsg) -> bool {
    matches!(&model.structure, StructureMsg::Net { front: Some(FrontMsg::Convolutions { .. }), .. })
}

/// Whether a model can be shown over a projection: of two features that would be these, and without the table there are no
/// rows to find it from.
pub(crate) fn can_project(app: App, model: &ModelMsg) -> bool {
    model.feature_names.len() > 2 && is_current(app, model)
}

/// The plane to begin with. Of columns the ones that the root and the next split ask for; the largest coefficients' ones
/// would be guesses of the page, and where there are many columns it is a projection.
fn first_axes(app: App, model: &ModelMsg) -> Option<Axes> {
    let names = numeric_and_categorical(model);
    let mut order: Vec<&String> = Vec::new();
    if let StructureMsg::Tree { nodes } = &model.structure {
        // A one-hot feature is called `column=category`: only names that are columns count.
        let asked = nodes.iter().filter_map(|node| node.feature_name.as_ref());
        for name in asked.filter_map(|feature| names.iter().find(|name| *name == feature)) {
            if !order.contains(&name) {
                order.push(name);
            }
        }
    }
    let n_numeric = model.features.iter().filter(|input| input.kind == ColumnKind::Numeric).count();
    if order.len() < 2 && n_numeric > MANY_COLUMNS && can_project(app, model) {
        return Some(Axes::Projection);
    }
    let rest: Vec<&String> = names.iter().filter(|name| !order.contains(name)).collect();
    order.extend(rest);
    let x = order.first()?;
    Some(Axes::Columns((*x).clone(), order.get(1).map_or_else(|| (*x).clone(), |y| (*y).clone())))
}

/// Asks for the plane of the chosen axes.
pub(crate) fn load_boundary(app: App) {
    let Some(trained) = app.result.model.get_untracked() else { return };
    let chosen = app.result.axes.get_untracked();
    let chosen = chosen.filter(|axes| *axes != Axes::Projection || can_project(app, &trained.model));
    let Some(axes) = chosen.or_else(|| first_axes(app, &trained.model)) else { return };
    let (x, y, projection) = axes.asked();
    app.result.axes.set(Some(axes.clone()));
    let resolution = Some(if reads_images(&trained.model) { IMAGE_RESOLUTION } else { RESOLUTION });
    let explain = ExplainMsg::Boundary { x, y, projection, resolution, fixed: Default::default() };
    let request = Request::Explain { id: trained.model.id.clone(), explain };
    spawn_local(async move {
        let outcome = client::ask::<BoundaryMsg>(request, Beside::default()).await;
        if app.result.axes.get_untracked() != Some(axes) || !is_looked_at(app, &trained) {
            return;
        }
        match outcome {
            Ok((grid, buffers)) => app.result.boundary.set(Some(Arc::new(Boundary::read(grid, &buffers)))),
            Err(error) => {
                app.result.boundary.set(None);
                app.tell(NoticeKind::Error(Box::new(error)));
            }
        }
    });
}

/// Reads the rows that are drawn as points.
pub(crate) fn follow_points(app: App) {
    let Some(trained) = app.result.model.get_untracked() else { return };
    if !is_current(app, &trained.model) {
        return;
    }
    spawn_local(async move {
        load_points(app, &trained.model.table).await;
        if !trained.model.task.has_target() && app.result.answered.with_untracked(Vec::is_empty) {
            answer_points(app, &trained).await;
        }
    });
}

/// Reads the first rows of the table that is shown, unless that was done.
pub(super) async fn load_points(app: App, table: &str) {
    if app.result.points.with_untracked(Option::is_none) {
        match read_rows(table, 0, N_POINTS).await {
            Ok(rows) => app.result.points.set(Some(Arc::new(rows))),
            Err(error) => app.tell(NoticeKind::Error(Box::new(error))),
        }
    }
}

/// Asks what a model without a target answers to the rows that are drawn: it is what colours them.
async fn answer_points(app: App, trained: &Arc<Trained>) {
    let Some(points) = app.result.points.get_untracked() else { return };
    let is_read = |name: &String| trained.model.features.iter().any(|input| input.name == *name);
    let row = |cells: &Vec<Value>| {
        let cells = points.columns.iter().zip(cells).filter(|(name, _)| is_read(name));
        cells.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let predict = PredictMsg { rows: Some(points.cells.iter().map(row).collect()), ..Default::default() };
    let request = Request::Predict { id: trained.model.id.clone(), predict };
    // Without the answers the points are grey, which is no trouble.
    let Ok((prediction, buffers)) = client::ask::<PredictionMsg>(request, Beside::default()).await else { return };
    if !is_looked_at(app, trained) {
        return;
    }
    let first = |values: Vec<f64>| values.iter().copied().step_by((values.len() / prediction.n_rows).max(1)).collect();
    let answered = buffers.numbers("codes").or_else(|| buffers.numbers("components").map(first));
    app.result.answered.set(answered.unwrap_or_default());
}
