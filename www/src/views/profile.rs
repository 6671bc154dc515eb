//! Where the time of a net's step goes: each operation by itself, on each device.

use leptos::prelude::*;
use vitrine_protocol::{DeviceKind, OpTimeMsg};

use crate::actions;
use crate::format;
use crate::state::{App, Profiled, app, effect, tr};
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
    });
    view! {
        <section class="plan-part">
            <button class="ghost" data-testid="profile" disabled=move || app.is_busy() on:click:target=move |_| actions::profile(app)>
                {tr!(app, profile_do)}
            </button>
            {move || app.result.profiles.with(|profiles| (!profiles.is_empty()).then(|| table(app, profiles)))}
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
    let rows = profiles[0].profile.ops.iter().enumerate().map(row).views();
    let whole = profiles.iter().map(|profiled| view! { <td class="numeric">{millis(profiled.profile.step_ms)}</td> });
    view! {
        <table class="numbers profile" data-testid="profile-table">
            <caption class="quiet">{texts.profile_note}</caption>
            <thead><tr><th scope="col">{texts.profile_op}</th>{head}</tr></thead>
            <tbody>{rows}</tbody>
            <tfoot><tr><th scope="row">{texts.profile_step}</th>{whole.views()}</tr></tfoot>
        </table>
    }
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
