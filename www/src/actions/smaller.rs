//! Nets made smaller, and their weights as a file.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ExportFormat, MadeMsg, Request};
use web_sys::Blob;

use super::project::save_export;
use super::{close_job, look_at, next_id, open_job};
use crate::client;
use crate::state::{App, JobKind, Trained};

/// Rounds the net that is looked at to eight bits.
pub(crate) fn quantize(app: App, scheme: String) {
    let Some(model) = looked_at(app) else { return };
    make(app, Request::Quantize { id: next_id("model"), model, scheme: Some(scheme) }, None);
}

/// Every precision but the one that a net is trained in.
const SCHEMES: [&str; 4] = ["float16", "per_block", "per_channel", "per_tensor"];

/// Measures the net that is looked at in every precision; the models that are made for it are thrown away.
pub(crate) fn compare_precisions(app: App) {
    let Some(model) = looked_at(app) else { return };
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    app.result.precisions.set(Vec::new());
    spawn_local(async move {
        for scheme in SCHEMES.map(str::to_owned) {
            let beside = open_job(app, JobKind::Smaller, None);
            let id = next_id("model");
            let request = Request::Quantize { id: id.clone(), model: model.clone(), scheme: Some(scheme.clone()) };
            let outcome = client::ask::<MadeMsg>(request, beside).await;
            let Some((made, _)) = close_job(app, outcome) else { return };
            // Gone or not, nothing shows it.
            let _ = client::ask::<serde::de::IgnoredAny>(Request::Release { id }, client::Beside::default()).await;
            app.result.precisions.update(|sides| sides.push((scheme, made)));
        }
    });
}

/// Sets the smallest weights of the net that is looked at to 0, and fits the others on.
pub(crate) fn prune(app: App, sparsity: f64) {
    let Some(model) = looked_at(app) else { return };
    let device = Some(app.plan.device.get_untracked());
    make(app, Request::Prune { id: next_id("model"), model, sparsity, fine_tune_epochs: None, device }, None);
}

/// Puts the weights of a file in the place of those of the net that is looked at.
pub(crate) fn import_weights(app: App, blob: Blob) {
    let Some(model) = looked_at(app) else { return };
    make(app, Request::ImportWeights { id: next_id("model"), model }, Some(blob));
}

/// Gives the person the weights as a file.
pub(crate) fn export_weights(app: App) {
    let Some(id) = looked_at(app) else { return };
    save_export(app, Request::Export { id, format: ExportFormat::Safetensors, include_data: false });
}

fn looked_at(app: App) -> Option<String> {
    app.result.model.with_untracked(|trained| Some(trained.as_ref()?.model.id.clone()))
}

fn make(app: App, request: Request, payload: Option<Blob>) {
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    let beside = open_job(app, JobKind::Smaller, payload.map(Into::into));
    spawn_local(async move {
        let outcome = client::ask::<MadeMsg>(request, beside).await;
        let Some((made, buffers)) = close_job(app, outcome) else { return };
        let test_rows = buffers.positions("test_rows").unwrap_or_default();
        let trained = Arc::new(Trained { model: made.model.clone(), test_rows });
        app.result.models.update(|models| models.push(Arc::clone(&trained)));
        look_at(app, trained);
        app.result.made.set(Some(Arc::new(made)));
    });
}
