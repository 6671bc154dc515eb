//! Timing the operations of a net's step, on each device.

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ModelMsg, Precision, ProfileMsg, Request};

use super::{close_job, next_id, open_job};
use crate::client;
use crate::state::{App, Halves, JobKind, Profiled};

/// The CPU, WebGPU, and WebGPU with one operation a kernel.
const PLACES: [(&str, bool); 3] = [("cpu", true), ("webgpu", true), ("webgpu", false)];

/// Times the net that the plan says, on every device that there is.
pub(crate) fn profile(app: App) {
    let Some(request) = untrack(move || super::train::request(app)) else { return };
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    app.result.profiles.set(Vec::new());
    spawn_local(async move {
        for (device, is_fused) in PLACES {
            let beside = open_job(app, JobKind::Profile, None);
            let mut request = request.clone();
            (request.device, request.fusion) = (Some(device.to_owned()), Some(is_fused));
            let outcome = client::ask::<ProfileMsg>(Request::ProfileSteps(Box::new(request)), beside).await;
            // Without WebGPU there is the CPU.
            if let Err(error) = &outcome
                && device == "webgpu"
                && error.code.starts_with("environment.")
            {
                app.job.set(None);
                return;
            }
            let Some((profile, _)) = close_job(app, outcome) else { return };
            app.result.profiles.update(|profiles| profiles.push(Profiled { profile, is_fused }));
        }
    });
}

/// Trains the net that the plan says on WebGPU, with numbers of 32 bits and with 16, and times its steps.
pub(crate) fn compare_halves(app: App) {
    let Some(mut request) = untrack(move || super::train::request(app)) else { return };
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    app.result.halves.set(None);
    request.device = Some("webgpu".to_owned());
    spawn_local(async move {
        let mut halves = Halves::default();
        for precision in [Precision::Float32, Precision::Float16] {
            request.precision = Some(precision);
            let beside = open_job(app, JobKind::Profile, None);
            let outcome = client::ask::<ProfileMsg>(Request::ProfileSteps(Box::new(request.clone())), beside).await;
            let is_here = match &outcome {
                Ok((profile, _)) => precision == Precision::Float32 || profile.device.precision == Some(precision),
                Err(error) => !error.code.starts_with("environment."),
            };
            if !is_here {
                app.job.set(None);
                break;
            }
            let Some((profile, _)) = close_job(app, outcome) else { return };
            let beside = open_job(app, JobKind::Train, None);
            let id = next_id("model");
            let train = Request::Train { id: id.clone(), train: Box::new(request.clone()) };
            let Some((model, _)) = close_job(app, client::ask::<ModelMsg>(train, beside).await) else { return };
            // Gone or not, nothing shows it.
            let _ = client::ask::<serde::de::IgnoredAny>(Request::Release { id }, client::Beside::default()).await;
            halves.sides.push((profile, model.metrics));
        }
        app.result.halves.set(Some(std::sync::Arc::new(halves)));
    });
}
