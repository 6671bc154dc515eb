//! Trying learning rates out.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{RatesMsg, Request};

use super::{close_job, open_job};
use crate::client;
use crate::format;
use crate::state::{App, JobKind};

/// The parameter that is tried out.
const RATE: &str = "learning_rate_init";

/// Tries the rates of the net that the plan says.
pub(crate) fn try_rates(app: App) {
    let Some(request) = untrack(move || super::train::request(app)) else { return };
    if app.job.with_untracked(Option::is_some) {
        return;
    }
    let beside = open_job(app, JobKind::Rates, None);
    spawn_local(async move {
        let outcome = client::ask::<RatesMsg>(Request::TestRates(Box::new(request)), beside).await;
        app.result.rates.set(close_job(app, outcome).map(|(rates, _)| Arc::new(rates)));
    });
}

/// Makes a rate the plan's.
pub(crate) fn use_rate(app: App, rate: f64) {
    app.plan.params.update(|typed| {
        typed.insert(RATE.to_owned(), format::typed(rate));
    });
}
