//! Compare and search: the plan becomes candidates, its answer a table; a row of it becomes a plan again.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use vitrine_protocol::{ModelSpecMsg, ParamDocMsg, Request, SearchMsg, SearchedMsg};

use super::{close_job, open_job, train};
use crate::browser;
use crate::client;
use crate::params;
use crate::state::{App, JobKind, Way};

/// Candidates of a search that draws them.
const N_DRAWN: usize = 20;

/// Fits what the plan says to compare or to vary.
pub(crate) fn search(app: App) {
    let Some(request) = untrack(move || request(app)) else { return };
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    if browser::is_narrow() {
        browser::show("outcome");
    }
    let beside = open_job(app, JobKind::Search, None);
    spawn_local(async move {
        let outcome = client::ask::<SearchedMsg>(Request::Search(Box::new(request)), beside).await;
        let Some((found, _)) = close_job(app, outcome) else { return };
        app.announcement.set(app.lang.get_untracked().texts().said_searched.to_owned());
        app.result.found.set(Some(Arc::new(found)));
    });
}

/// Trains a candidate: its parameters become the plan's.
pub(crate) fn train_candidate(app: App, model: &ModelSpecMsg) {
    batch(|| {
        app.plan.kind.set(Some(model.kind.clone()));
        app.plan.params.set(model.params.iter().map(|(name, value)| (name.clone(), params::show(value))).collect());
        app.plan.varied.set(Default::default());
        app.plan.way.set(Way::Train);
    });
    train(app);
}

fn request(app: App) -> Option<SearchMsg> {
    let train = super::train::request(app)?;
    let mut split = train.split?;
    split.folds = app.plan.folds.get().parse().ok();
    split.shuffle = Some(true);
    let mut search = SearchMsg {
        table: train.table,
        target: train.target?,
        features: train.features,
        task: train.task,
        recipe: train.recipe,
        models: vec![train.model],
        split: Some(split),
        seed: train.seed,
        ..SearchMsg::default()
    };
    if app.way() == Way::Compare {
        let spec = |kind: String| ModelSpecMsg { kind, params: Default::default() };
        search.models = app.compared().into_iter().map(spec).collect();
        return (!search.models.is_empty()).then_some(search);
    }
    let kind = app.model_kind()?;
    let catalog = app.catalog.get()?;
    let doc = catalog.models.iter().find(|model| model.kind == kind)?;
    // What was varied of another model is not this one's.
    let varied = app.plan.varied.get();
    let axis = |param: &ParamDocMsg| {
        let words = varied.get(&param.name)?;
        Some(params::parse_space(param, words).map(|values| (param.name.clone(), values)))
    };
    let mut space = BTreeMap::new();
    for axis in doc.params.iter().filter_map(axis) {
        let (name, values) = axis?;
        space.insert(name, values);
    }
    let method = app.plan.method.get();
    // Of a range there is no every combination: it is drawn from.
    let has_range = space.values().any(Value::is_object);
    search.n_candidates = (method == "random" || has_range).then_some(N_DRAWN);
    search.method = if has_range && method == "grid" { None } else { Some(method) };
    search.space = Some(space);
    Some(search)
}
