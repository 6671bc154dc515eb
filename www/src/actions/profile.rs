//! Timing the operations of a net's step, on each device.

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ProfileMsg, Request};

use super::{close_job, open_job};
use crate::client;
use crate::state::{App, JobKind, Profiled};

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
