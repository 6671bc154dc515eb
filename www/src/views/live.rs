//! A net while it learns: its weights, what it answers over two columns, and the means to hold it, step it, go back.

use leptos::prelude::*;
use vitrine_protocol::LayerViewMsg;

use super::explain_net::NetFigure;
use super::explain_plane::Plane;
use crate::actions::{self, Steer};
use crate::format;
use crate::state::{app, effect, tr};
use crate::text::fill;
use crate::widgets::{Icon, Views};

/// What is seen while a net is fitted.
#[component]
pub(super) fn Live() -> impl IntoView {
    view! {
        <div class="live" data-testid="live">
            <Controls/>
            <div class="live-figures"><NetFigure is_live=true/><Plane is_live=true/></div>
            <Layers/>
        </div>
    }
}

#[component]
fn Controls() -> impl IntoView {
    let app = app();
    let (held, slow) = (app.result.held, app.plan.slow);
    let epoch = Memo::new(move |_| app.result.live.with(|live| live.as_ref().map_or(0, |live| live.view.epoch)));
    // How far it had come before it was taken back.
    let furthest = Memo::new(move |before: Option<&usize>| epoch.get().max(before.copied().unwrap_or(0)));
    let words = move || {
        let n_epochs = app.job.with(|job| job.as_ref().and_then(|job| job.progress.n_epochs)).unwrap_or(0);
        fill(app.text().live_epoch, &[("n", &format::count(epoch.get())), ("all", &format::count(n_epochs))])
    };
    view! {
        <div class="live-bar" role="group" aria-label=tr!(app, live_controls)>
            <button data-testid="hold" aria-pressed=move || held.get().to_string() on:click:target=move |_| actions::steer(app, Steer::Hold(!held.get_untracked()))>
                {move || if held.get() { app.text().live_resume } else { app.text().live_pause }}
            </button>
            <button data-testid="step" on:click:target=move |_| actions::steer(app, Steer::Step)>{tr!(app, live_step)}</button>
            <button data-testid="keep" on:click:target=move |_| actions::steer(app, Steer::Stop)>{tr!(app, live_stop)}</button>
            <label class="live-slow">
                <input type="checkbox" prop:checked=move || slow.get() on:change:target=move |event| actions::steer(app, Steer::Slow(event.target().checked()))/>
                {tr!(app, live_slow)}
            </label>
            <label class="live-back">
                <span>{words}</span>
                <input
                    type="range" min="0" max=move || furthest.get().to_string() prop:value=move || epoch.get().to_string()
                    aria-label=tr!(app, live_back) data-testid="back"
                    on:change:target=move |event| actions::steer(app, Steer::Seek(event.target().value().parse().unwrap_or_default()))
                />
            </label>
        </div>
    }
}

/// Of each layer how strongly it is pulled, and how many of its units are silent.
#[component]
fn Layers() -> impl IntoView {
    let app = app();
    let row = |(at, layer): (usize, &LayerViewMsg)| {
        view! {
            <tr>
                <th scope="row">{(at + 1).to_string()}</th>
                <td class="numeric">{format::count(layer.n_outputs)}</td>
                <td class="numeric">{layer.gradient_norm.map_or_else(|| "–".to_owned(), format::number)}</td>
                <td class="numeric">{format::count(layer.n_dead)}</td>
            </tr>
        }
    };
    view! {
        <table class="numbers">
            <thead>
                <tr>
                    <th scope="col">{tr!(app, live_layer)}</th>
                    <th scope="col" class="numeric">{tr!(app, live_units)}</th>
                    <th scope="col" class="numeric">{tr!(app, live_gradient)}</th>
                    <th scope="col" class="numeric">{tr!(app, live_dead)}</th>
                </tr>
            </thead>
            <tbody>
                {move || app.result.live.with(|live| {
                    let layers = live.as_ref().map_or(&[][..], |live| &live.view.layers);
                    layers.iter().enumerate().map(row).views()
                })}
            </tbody>
        </table>
    }
}

/// How to watch the next fit, and what came of the last one, in the same places.
#[component]
pub(super) fn Learned() -> impl IntoView {
    let app = app();
    effect(move || {
        if app.result.model.with(Option::is_some) {
            actions::follow_points(app);
            actions::load_boundary(app);
        }
    });
    let again = move |_| {
        app.plan.slow.set(true);
        actions::train(app);
    };
    view! {
        <div class="live">
            <div class="live-bar">
                <button data-testid="watch-slowly" disabled=move || app.is_busy() on:click:target=again>
                    <Icon name="train"/>{tr!(app, live_again)}
                </button>
            </div>
            <div class="live-figures"><NetFigure is_live=false/><Plane is_live=false/></div>
        </div>
    }
}
