//! Watching a net while it is fitted, and steering it.

use std::cell::RefCell;
use std::sync::Arc;

use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ColumnKind, ProgressMsg, WatchBoundaryMsg, WatchMsg};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::actions::explain::MANY_COLUMNS;
use crate::browser;
use crate::client::Buffers;
use crate::state::{App, Axes, Boundary, JobKind, Live};

thread_local! {
    /// The methods that steer the fit that is under way.
    static CONTROLS: RefCell<Option<Object>> = const { RefCell::new(None) };
}

/// Watched slowly, a batch is learned from after so long at least: a step of a net that is held is always drawn, which takes
/// half of that.
const SLOWLY_MILLIS: i32 = 50;

/// Turns of the browser's queue in which a request is made for sure.
const SOON: usize = 100;

/// What a person does with a fit that is under way.
#[derive(Clone, Copy)]
pub(crate) enum Steer {
    /// Hold it, or let it go on.
    Hold(bool),
    /// One batch.
    Step,
    /// Back to the end of an epoch.
    Seek(usize),
    /// End it and keep the model.
    Stop,
    /// A batch at a time, or as fast as it goes.
    Slow(bool),
}

/// Steers the fit.
pub(crate) fn steer(app: App, what: Steer) {
    let is_slow = app.plan.slow.get_untracked();
    match what {
        Steer::Hold(hold) => {
            app.result.held.set(hold);
            // A slow fit waits anyway, between one batch and the next.
            if !is_slow {
                call(if hold { "pause" } else { "resume" }, None);
            }
        }
        Steer::Step => {
            app.result.held.set(true);
            call("step", None);
        }
        Steer::Seek(epoch) => {
            app.result.held.set(true);
            for points in [app.result.curve, app.result.scores] {
                points.update(|points| points.retain(|(at, _, _)| *at <= epoch));
            }
            call("seek", Some(epoch));
        }
        Steer::Stop => call("stop", None),
        Steer::Slow(slow) => {
            app.plan.slow.set(slow);
            if !app.result.held.get_untracked() {
                call(if slow { "pause" } else { "resume" }, None);
            }
        }
    }
}

fn call(name: &str, argument: Option<usize>) {
    CONTROLS.with_borrow(|controls| {
        let Some(controls) = controls else { return };
        if let Some(method) =
            Reflect::get(controls, &name.into()).ok().and_then(|method| method.dyn_into::<Function>().ok())
        {
            let argument = argument.map_or(JsValue::UNDEFINED, |number| JsValue::from_f64(number as f64));
            let _ = method.call1(controls, &argument);
        }
    });
}

/// What to ask a net to show while it is fitted: its weights, and its answers over the plane that is looked at.
pub(super) fn watch(app: App) -> WatchMsg {
    let names = app.data.table.with_untracked(|table| {
        let target = app.plan.target.get_untracked();
        let left_out = app.plan.left_out.get_untracked();
        let columns = table.as_ref().map_or(&[][..], |table| &table.columns);
        let can_be = |kind: ColumnKind| matches!(kind, ColumnKind::Numeric | ColumnKind::Categorical);
        let is_axis = |name: &String| Some(name) != target.as_ref() && !left_out.contains(name);
        let mut names: Vec<(bool, String)> = columns
            .iter()
            .filter(|column| can_be(column.kind) && is_axis(&column.name))
            .map(|column| (column.kind != ColumnKind::Numeric, column.name.clone()))
            .collect();
        names.sort_by_key(|(is_category, _)| *is_category);
        names
    });
    let has = |name: &String| names.iter().any(|(_, of)| of == name);
    let reads_images = app.model_kind().is_some_and(|kind| kind == "cnn");
    let axes = app.result.axes.get_untracked().filter(|axes| match axes {
        Axes::Columns(x, y) => !reads_images && has(x) && has(y),
        Axes::Projection => names.len() > 2,
    });
    let axes = axes.or_else(|| {
        if names.iter().filter(|(is_category, _)| !is_category).count() > MANY_COLUMNS {
            return Some(Axes::Projection);
        }
        let first = &names.first()?.1;
        Some(Axes::Columns(first.clone(), names.get(1).map_or(first, |(_, name)| name).clone()))
    });
    let boundary = axes.map(|axes| {
        let (x, y, projection) = axes.asked();
        app.result.axes.set(Some(axes));
        WatchBoundaryMsg { x, y, projection, resolution: None }
    });
    WatchMsg { boundary, weights: true, units: true, measures: true }
}

/// Makes the object that will steer the fit, and lets a slow one go a batch at a time.
pub(super) fn controls(app: App) -> Object {
    let controls = Object::new();
    let own = controls.clone();
    CONTROLS.set(Some(controls.clone()));
    app.result.held.set(false);
    spawn_local(async move {
        let is_training = || app.job.with_untracked(|job| job.as_ref().is_some_and(|job| job.kind == JobKind::Train));
        let is_same = || CONTROLS.with_borrow(|now| now.as_ref() == Some(&own));
        // The methods are there once the request was made, which is soon; a frame later a small net has ended.
        for _ in 0..SOON {
            if Reflect::has(&own, &"pause".into()).unwrap_or(false) {
                break;
            }
            let _ = JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await;
        }
        if app.plan.slow.get_untracked() {
            call("pause", None);
        }
        while is_training() && is_same() {
            if app.plan.slow.get_untracked() && !app.result.held.get_untracked() {
                call("step", None);
            }
            browser::sleep(SLOWLY_MILLIS).await;
        }
    });
    controls
}

/// Takes over what a progress tells of the net.
pub(super) fn hear(app: App, progress: &ProgressMsg, buffers: &Buffers) {
    let Some(view) = &progress.view else { return };
    let buffers = buffers.of("view");
    let layers = buffers.of("layers");
    let weights = (0..view.layers.len()).map(|at| {
        let layer = layers.of(&at.to_string());
        (layer.numbers("weights").unwrap_or_default(), layer.numbers("biases").unwrap_or_default())
    });
    let answers = buffers.of("boundary");
    let units = (0..view.layers.len()).filter_map(|at| layers.of(&at.to_string()).numbers("units")).flatten().collect();
    let boundary = view.boundary.clone().map(|grid| Arc::new(Boundary { units, ..Boundary::read(grid, &answers) }));
    if let Some((train, valid)) = view.measures.as_ref().and_then(|measures| Some((measures.train?, measures.valid))) {
        app.result.scores.update(|scores| {
            scores.retain(|(at, _, _)| *at < view.epoch);
            scores.push((view.epoch, train, valid));
        });
    }
    let live = Live { view: (**view).clone(), weights: weights.collect(), boundary };
    app.result.live.set(Some(Arc::new(live)));
}
