//! Train: the plan becomes a request, its progress a curve, its answer the model everybody looks at.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ModelMsg, ModelSpecMsg, ProgressMsg, Request, SplitMsg, TrainMsg};

use super::{close_job, live, next_id, open_watched_job};
use crate::browser;
use crate::client::{self, Buffers};
use crate::params;
use crate::state::{App, Axes, JobKind, Trained};

/// Trains what the plan says, if it says enough.
pub(crate) fn train(app: App) {
    let Some(mut train) = untrack(move || request(app)) else { return };
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    app.result.curve.set(Vec::new());
    app.result.scores.set(Vec::new());
    let is_watched = app.catalog.with_untracked(|catalog| {
        let mut models = catalog.as_ref().map_or(&[][..], |catalog| &catalog.models).iter();
        models.any(|model| model.kind == train.model.kind && model.watchable)
    });
    // Where the result stands below the form, it is shown; and so is what somebody wants to watch.
    if is_watched || browser::is_narrow() {
        browser::show("outcome");
    }
    app.result.live.set(None);
    let watch = move |progress: &ProgressMsg, buffers: &Buffers| {
        live::hear(app, progress, buffers);
        if let (Some(epoch), Some(loss)) = (progress.epoch, progress.train_loss) {
            app.result.curve.update(|curve| {
                if curve.last().is_none_or(|(last, _, _)| *last < epoch) {
                    curve.push((epoch, loss, progress.valid_loss));
                }
            });
        }
    };
    let mut beside = open_watched_job(app, JobKind::Train, None, watch);
    if is_watched {
        train.watch = Some(Box::new(live::watch(app)));
        beside.controls = Some(live::controls(app));
        let table = train.table.clone();
        spawn_local(async move { super::explain::load_points(app, &table).await });
    }
    spawn_local(async move {
        let outcome =
            client::ask::<ModelMsg>(Request::Train { id: next_id("model"), train: Box::new(train) }, beside).await;
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
        app.result.answered.set(Vec::new());
        super::show_cell(app, None);
        app.result.selected_node.set(None);
        app.result.shown_tree.set(None);
        let history = trained.model.history.iter();
        app.result.curve.set(history.map(|at| (at.epoch, at.train_loss, at.valid_loss)).collect());
        // Axes are kept from model to model while their columns are.
        let has = |name: &String| trained.model.features.iter().any(|input| input.name == *name);
        app.result.axes.update(|axes| {
            if matches!(axes, Some(Axes::Columns(x, y)) if !has(x) || !has(y)) {
                *axes = None;
            }
        });
        app.result.live.set(None);
        app.result.made.set(None);
        app.result.precisions.set(Vec::new());
        app.result.model.set(Some(trained));
    });
}

pub(super) fn request(app: App) -> Option<TrainMsg> {
    let table = app.data.table.get()?.id.clone();
    let kind = app.model_kind()?;
    let catalog = app.catalog.get()?;
    let doc = catalog.models.iter().find(|model| model.kind == kind)?;
    let has_target = app.has_target();
    let typed = app.plan.params.get();
    let mut values = BTreeMap::new();
    for param in &doc.params {
        if let Some(words) = typed.get(&param.name) {
            values.insert(param.name.clone(), params::parse(param, words).ok()?);
        }
    }
    Some(TrainMsg {
        table,
        target: if has_target { Some(app.plan.target.get()?) } else { app.plan.target.get() },
        features: app.features(),
        sample_weight: app.weight(),
        task: app.task(),
        recipe: app.plan.recipe.get(),
        model: ModelSpecMsg { kind, params: values },
        // What has no target cannot be wrong about a row: all of them are learned from.
        split: has_target
            .then(|| SplitMsg { test_fraction: Some(app.plan.test_fraction.get()), ..SplitMsg::default() }),
        seed: Some(app.plan.seed.get().trim().parse().ok()?),
        device: Some(app.plan.device.get()),
        fusion: None,
        precision: None,
        watch: None,
        only_trees: None,
        only_folds: None,
        checkpoints: false,
        resume: false,
        known: None,
        grown_trees: false,
    })
}
