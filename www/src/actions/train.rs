//! Train: the plan becomes a request, its progress a curve, its answer the model everybody looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ModelMsg, ModelSpecMsg, ProgressMsg, Request, SplitMsg, TrainMsg};

use super::{close_job, next_id, open_watched_job};
use crate::browser;
use crate::client;
use crate::params;
use crate::state::{App, JobKind, Trained};

/// Trains what the plan says, if it says enough.
pub(crate) fn train(app: App) {
    let Some(train) = untrack(move || request(app)) else { return };
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    app.result.curve.set(Vec::new());
    // Where the result stands below the form, it is shown.
    if browser::is_narrow() {
        browser::show("outcome");
    }
    let watch = move |progress: &ProgressMsg| {
        if let (Some(epoch), Some(loss)) = (progress.epoch, progress.train_loss) {
            app.result.curve.update(|curve| {
                if curve.last().is_none_or(|(last, _, _)| *last < epoch) {
                    curve.push((epoch, loss, progress.valid_loss));
                }
            });
        }
    };
    let beside = open_watched_job(app, JobKind::Train, None, watch);
    spawn_local(async move {
        let outcome = client::ask::<ModelMsg>(Request::Train { id: next_id("model"), train }, beside).await;
        let Some((model, buffers)) = close_job(app, outcome) else { return };
        let test_rows = buffers.positions("test_rows").unwrap_or_default();
        app.announcement.set(app.lang.get_untracked().texts().said_trained.to_owned());
        app.device.set(client::device());
        let trained = Arc::new(Trained { model, test_rows });
        app.result.models.update(|models| models.push(Arc::clone(&trained)));
        look_at(app, trained);
    });
}

/// Makes a model the one that is looked at.
pub(crate) fn look_at(app: App, trained: Arc<Trained>) {
    batch(|| {
        app.result.evaluation.set(None);
        app.result.boundary.set(None);
        app.result.path.set(None);
        super::show_cell(app, None);
        app.result.selected_node.set(None);
        app.result.shown_tree.set(None);
        let history = trained.model.history.iter();
        app.result.curve.set(history.map(|at| (at.epoch, at.train_loss, at.valid_loss)).collect());
        // Axes are kept from model to model while their columns are.
        let has = |name: &String| trained.model.features.iter().any(|input| input.name == *name);
        app.result.axes.update(|axes| {
            if axes.as_ref().is_some_and(|(x, y)| !has(x) || !has(y)) {
                *axes = None;
            }
        });
        app.result.model.set(Some(trained));
    });
}

pub(super) fn request(app: App) -> Option<TrainMsg> {
    let table = app.data.table.get()?.id.clone();
    let kind = app.model_kind()?;
    let catalog = app.catalog.get()?;
    let doc = catalog.models.iter().find(|model| model.kind == kind)?;
    let typed = app.plan.params.get();
    let mut values = BTreeMap::new();
    for param in &doc.params {
        if let Some(words) = typed.get(&param.name) {
            values.insert(param.name.clone(), params::parse(param, words).ok()?);
        }
    }
    Some(TrainMsg {
        table,
        target: Some(app.plan.target.get()?),
        features: app.features(),
        sample_weight: None,
        task: app.task(),
        recipe: app.plan.recipe.get(),
        model: ModelSpecMsg { kind, params: values },
        split: Some(SplitMsg { test_fraction: Some(app.plan.test_fraction.get()), ..SplitMsg::default() }),
        seed: Some(app.plan.seed.get().trim().parse().ok()?),
        device: Some(app.plan.device.get()),
        only_trees: None,
        grown_trees: false,
    })
}
