//! What happens when something is pressed: a request is asked, and its answer goes into the state.
//!
//! Trouble never loses state: an answer replaces what it replaces only after it is there, and an error becomes a
//! notice.

mod data;
mod explain;
mod live;
mod prepare;
mod profile;
mod project;
mod rates;
pub(crate) mod recipe;
mod search;
mod smaller;
mod train;

use std::cell::{Cell, RefCell};

use leptos::prelude::*;
use vitrine_protocol::{CatalogMsg, ErrorMsg, ProgressMsg, Request};
use web_sys::AbortController;

pub(crate) use data::{
    load_blob, load_images, load_made, load_sample, load_text, make_toy, read_rows, reload, set_kind,
};
pub(crate) use explain::{
    can_project, evaluate, follow_maps, follow_points, follow_row, follow_votes, is_current, load_boundary,
    numeric_and_categorical, reads_images, show_cell, show_tree,
};
pub(crate) use live::{Steer, steer};
pub(crate) use prepare::follow_plan;
pub(crate) use profile::{compare_halves, profile};
pub(crate) use project::{Answer, answer_csv, answer_row, export_project, import_project};
pub(crate) use rates::{try_rates, use_rate};
pub(crate) use search::{search, train_candidate};
pub(crate) use smaller::{compare_precisions, export_weights, import_weights, prune, quantize};
pub(crate) use train::{look_at, train};

use crate::client::{self, Beside, Buffers};
use crate::state::{App, Job, JobKind, NoticeKind};

thread_local! {
    static ABORT: RefCell<Option<AbortController>> = const { RefCell::new(None) };
    static NEXT_ID: Cell<usize> = const { Cell::new(1) };
}

/// Starts the engine, and asks what it can do.
pub(crate) async fn start_engine(app: App) {
    let heard = move |kind: &str| {
        app.device.set(client::device());
        if kind == "restored" {
            app.tell(NoticeKind::Restored);
        }
    };
    if let Err(error) = client::start(heard).await {
        app.tell(NoticeKind::Error(Box::new(error)));
        return;
    }
    app.device.set(client::device());
    match client::ask::<CatalogMsg>(Request::Describe {}, Beside::default()).await {
        Ok((catalog, _)) => app.catalog.set(Some(std::sync::Arc::new(catalog))),
        Err(error) => app.tell(NoticeKind::Error(Box::new(error))),
    }
}

/// The next id for a table or a model: `table-1`, `model-2`.
fn next_id(prefix: &str) -> String {
    let number = NEXT_ID.get();
    NEXT_ID.set(number + 1);
    format!("{prefix}-{number}")
}

/// Opens a foreground job: shows it, lets it be cancelled, and passes its progress on.
fn open_job(app: App, kind: JobKind, payload: Option<wasm_bindgen::JsValue>) -> Beside {
    open_watched_job(app, kind, payload, |_, _| {})
}

fn open_watched_job(
    app: App,
    kind: JobKind,
    payload: Option<wasm_bindgen::JsValue>,
    watch: impl Fn(&ProgressMsg, &Buffers) + 'static,
) -> Beside {
    app.job.set(Some(Job { kind, progress: ProgressMsg::default() }));
    let controller = AbortController::new().ok();
    let signal = controller.as_ref().map(AbortController::signal);
    ABORT.set(controller);
    let on_progress = move |progress: ProgressMsg, buffers: Buffers| {
        watch(&progress, &buffers);
        app.job.update(|job| {
            if let Some(job) = job {
                job.progress = progress;
            }
        });
    };
    Beside { payload, on_progress: Some(Box::new(on_progress)), controls: None, signal }
}

/// Ends the foreground job; an error is told, a cancellation too, but calmly.
fn close_job<T>(app: App, outcome: Result<T, ErrorMsg>) -> Option<T> {
    app.job.set(None);
    ABORT.set(None);
    match outcome {
        Ok(value) => Some(value),
        Err(error) if error.code == "cancelled" => {
            app.tell(NoticeKind::Cancelled);
            None
        }
        Err(error) => {
            app.tell(NoticeKind::Error(Box::new(error)));
            None
        }
    }
}

/// Stops the foreground job.
pub(crate) fn cancel() {
    ABORT.with_borrow(|controller| {
        if let Some(controller) = controller {
            controller.abort();
        }
    });
}

/// A fault on the page's side: a file of ours that did not come.
pub(crate) fn page_error(message: String) -> ErrorMsg {
    ErrorMsg {
        code: "page.file_not_fetched".to_owned(),
        stage: "page".to_owned(),
        message,
        hint: "Check that the page is still being served, and reload it".to_owned(),
        place: None,
        args: Default::default(),
    }
}
