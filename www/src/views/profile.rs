//! Where the time of a net's step goes: each operation by itself, on each device.

use leptos::prelude::*;
use vitrine_protocol::{BothMetricsMsg, DeviceKind, MetricsMsg, OpTimeMsg, ProfileMsg};

use crate::actions;
use crate::format;
use crate::state::{App, Halves, Profiled, app, effect, tr};
use crate::text::{Texts, fill};
use crate::widgets::Views;

/// The button, and what came of it.
#[component]
pub(super) fn Profile() -> impl IntoView {
    let app = app();
    // Of another model or table it would say nothing.
    effect(move || {
        app.model_kind();
        app.data.table.track();
        app.result.profiles.set(Vec::new());
        app.result.halves.set(None);
    });
    view! {
        <section class="plan-part">
            <button class="ghost" data-testid="profile" disabled=move || app.is_busy() on:click:target=move |_| actions::profile(app)>
                {tr!(app, profile_do)}
            </button>
            <button class="ghost" data-testid="halves" disabled=move || app.is_busy() on:click:target=move |_| actions::compare_halves(app)>
                {tr!(app, halves_do)}
            </button>
            {move || app.result.profiles.with(|profiles| (!profiles.is_empty()).then(|| table(app, profiles)))}
            {move || app.result.halves.with(|halves| halves.as_ref().map(|halves| precisions(app, halves)))}
        </section>
    }
}

fn table(app: App, profiles: &[Profiled]) -> impl IntoView + use<> {
    let texts = app.text();
    let name = |profiled: &Profiled| match (&profiled.profile.device.kind, profiled.is_fused) {
        (DeviceKind::Cpu, _) => texts.profile_cpu,
        (DeviceKind::WebGpu, true) => texts.profile_fused,
        (DeviceKind::WebGpu, false) => texts.profile_apart,
    };
    let millis = |millis: Option<f64>| millis.map_or("–".to_owned(), |millis| format::fixed(millis, 3));
    let head = profiles.iter().map(|profiled| view! { <th scope="col" class="numeric">{name(profiled)}</th> }).views();
    let row = |(idx, op): (usize, &OpTimeMsg)| {
        let each = profiles.iter().map(|profiled| profiled.profile.ops.get(idx).map(|op| op.ms));
        let each = each.map(|ms| view! { <td class="numeric">{millis(ms)}</td> }).views();
        view! {
            <tr>
                <th scope="row">{op_name(texts, op)}<span class="quiet shapes">{shapes(op)}</span></th>
                {each}
            </tr>
        }
    };
    // Of what takes no time there is nothing to say.
    let is_seen = |(idx, _): &(usize, &OpTimeMsg)| {
        profiles.iter().any(|profiled| profiled.profile.ops.get(*idx).is_some_and(|op| op.ms >= 0.0005))
    };
    let rows = profiles[0].profile.ops.iter().enumerate().filter(is_seen).map(row).views();
    let whole = profiles.iter().map(|profiled| view! { <td class="numeric">{millis(profiled.profile.step_ms)}</td> });
    view! {
        <table class="numbers costs" data-testid="profile-table">
            <caption class="quiet">{texts.profile_note}</caption>
            <thead><tr><th scope="col">{texts.profile_op}</th>{head}</tr></thead>
            <tbody>{rows}</tbody>
            <tfoot><tr><th scope="row">{texts.profile_step}</th>{whole.views()}</tr></tfoot>
        </table>
    }
}

/// A net with numbers of 32 bits beside the same with 16.
fn precisions(app: App, halves: &Halves) -> impl IntoView + use<> {
    let texts = app.text();
    let measure =
        halves.sides.first().map_or("accuracy", |(_, metrics)| match metrics.train.contains_key("accuracy") {
            true => "accuracy",
            false => "r2",
        });
    let title = app.measure_title(measure);
    let score =
        |metrics: Option<&MetricsMsg>| format::measure(metrics.and_then(|all| all.get(measure).copied().flatten()));
    let names = [texts.scheme_float32, texts.scheme_float16];
    let head = names.iter().zip(&halves.sides).map(|(name, _)| view! { <th scope="col" class="numeric">{*name}</th> });
    let row = |name: String, of: &dyn Fn(&(ProfileMsg, BothMetricsMsg)) -> String| {
        let each = halves.sides.iter().map(|side| view! { <td class="numeric">{of(side)}</td> }).views();
        view! { <tr><th scope="row">{name}</th>{each}</tr> }
    };
    let n_bytes = |profile: &ProfileMsg| profile.ops.iter().map(|op| op.n_bytes as u64).sum();
    let table = (!halves.sides.is_empty()).then(|| {
        view! {
            <table class="numbers costs" data-testid="halves-table">
                <caption class="quiet">{texts.halves_note}</caption>
                <thead><tr><th scope="col"></th>{head.views()}</tr></thead>
                <tbody>
                    {row(texts.halves_bytes.to_owned(), &|(profile, _)| format::bytes(n_bytes(profile)))}
                    {row(texts.halves_step.to_owned(), &|(profile, _)| profile.step_ms.map_or("–".to_owned(), format::millis))}
                    {row(format!("{title} · {}", texts.train_rows), &|(_, metrics)| score(Some(&metrics.train)))}
                    {row(format!("{title} · {}", texts.test_rows), &|(_, metrics)| score(metrics.test.as_ref()))}
                </tbody>
            </table>
        }
    });
    let none =
        (halves.sides.len() < 2).then(|| view! { <p class="quiet" data-testid="halves-none">{texts.halves_none}</p> });
    view! { {table}{none} }
}

fn op_name(texts: &Texts, op: &OpTimeMsg) -> String {
    let words = match op.op.as_str() {
        "pick_rows" => texts.op_pick_rows,
        "front" => texts.op_front,
        "front_and_back" => texts.op_front_and_back,
        "layer" => texts.op_layer,
        "loss" => texts.op_loss,
        "weights_gradient" => texts.op_weights_gradient,
        "slope" => texts.op_slope,
        _ => texts.op_optimizer,
    };
    fill(words, &[("layer", &op.layer.map_or(String::new(), |layer| (layer + 1).to_string()))])
}

/// "64 × 784 · 784 × 128".
fn shapes(op: &OpTimeMsg) -> String {
    let each = op.shapes.iter().map(|[rows, columns]| format!("{rows} × {columns}"));
    each.collect::<Vec<String>>().join(" · ")
}
