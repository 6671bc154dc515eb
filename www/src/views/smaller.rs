//! A net made smaller, beside what it was; and its weights as a file, there and back.

use leptos::html;
use leptos::prelude::*;
use vitrine_protocol::{MadeMsg, MadeSideMsg, StructureMsg};

use super::search::{Choosable, choice};
use crate::actions;
use crate::format::{self, Short};
use crate::state::{App, app, tr};
use crate::text::fill;
use crate::widgets::{Icon, Views};

const SCHEMES: &[Choosable] = &[
    ("per_block", |t| t.scheme_block),
    ("per_channel", |t| t.scheme_channel),
    ("per_tensor", |t| t.scheme_tensor),
    ("float16", |t| t.scheme_float16),
];

/// The part of the stage Export that nets have.
#[component]
pub(super) fn Smaller() -> impl IntoView {
    let app = app();
    let is_net = Memo::new(move |_| {
        let is_net = |model: &vitrine_protocol::ModelMsg| matches!(model.structure, StructureMsg::Net { .. });
        app.result.model.with(|trained| trained.as_ref().is_some_and(|trained| is_net(&trained.model)))
    });
    let scheme = RwSignal::new("per_block".to_owned());
    let sparsity = RwSignal::new(0.8);
    let picker = NodeRef::<html::Input>::new();
    let zeros = move || fill(app.text().smaller_share, &[("share", &format::percent(sparsity.get()))]);
    let fields = move || {
        view! {
            <div class="pair">
                <section class="result">
                    <h2>{tr!(app, smaller_round)}</h2>
                    <p class="quiet">{tr!(app, smaller_round_note)}</p>
                    {choice(app, "scheme", |t| t.scheme, SCHEMES, scheme)}
                    <div class="actions">
                        <button data-testid="quantize" disabled=move || app.is_busy() on:click:target=move |_| actions::quantize(app, scheme.get_untracked())>
                            {tr!(app, smaller_round_do)}
                        </button>
                        <button class="ghost" data-testid="precisions" disabled=move || app.is_busy() on:click:target=move |_| actions::compare_precisions(app)>
                            {tr!(app, smaller_all)}
                        </button>
                    </div>
                </section>
                <section class="result">
                    <h2>{tr!(app, smaller_prune)}</h2>
                    <p class="quiet">{tr!(app, smaller_prune_note)}</p>
                    <div class="field">
                        <label for="sparsity">{zeros}</label>
                        <input
                            type="range" id="sparsity" min="0.1" max="0.95" step="0.05" prop:value=move || Short(sparsity.get()).to_string()
                            on:input:target=move |event| {
                                if let Some(share) = format::parse_number(&event.target().value()) {
                                    sparsity.set(share);
                                }
                            }
                        />
                    </div>
                    <div class="actions">
                        <button data-testid="prune" disabled=move || app.is_busy() on:click:target=move |_| actions::prune(app, sparsity.get_untracked())>
                            {tr!(app, smaller_prune_do)}
                        </button>
                    </div>
                </section>
            </div>
            {move || app.result.precisions.with(|sides| (!sides.is_empty()).then(|| precisions(app, sides)))}
            {move || app.result.made.with(|made| made.as_ref().map(|made| compared(app, made)))}
            <div class="actions">
                <button class="ghost" data-testid="safetensors" disabled=move || app.is_busy() on:click:target=move |_| actions::export_weights(app)>
                    <Icon name="export"/>{tr!(app, weights_save)}
                </button>
                <button
                    class="ghost" disabled=move || app.is_busy()
                    on:click:target=move |_| { if let Some(picker) = picker.get_untracked() { picker.click(); } }
                >
                    <Icon name="upload"/>{tr!(app, weights_open)}
                </button>
                <input
                    type="file" class="unseen" node_ref=picker tabindex="-1" accept=".safetensors" aria-label=tr!(app, weights_open)
                    data-testid="weights-file"
                    on:change:target=move |event| {
                        if let Some(file) = event.target().files().and_then(|files| files.get(0)) {
                            actions::import_weights(app, file.into());
                        }
                        event.target().set_value("");
                    }
                />
            </div>
        }
    };
    view! {
        <Show when=move || is_net.get()>
            <section class="block" data-testid="smaller">
                <h2>{tr!(app, smaller_title)}</h2>
                <p class="quiet">{tr!(app, smaller_note)}</p>
                {fields}
            </section>
        </Show>
    }
}

/// The model beside the one it was made from.
fn compared(app: App, made: &MadeMsg) -> impl IntoView + use<> {
    let texts = app.text();
    let apart = made.max_difference.map(|largest| {
        let values = [("most", &*format::number(largest)), ("n", &*format::count(made.n_compared))];
        fill(texts.smaller_apart, &values.map(|(name, value)| (name, value)))
    });
    let sides = [(texts.before, &made.before), (texts.after, &made.after)];
    view! {
        {table(app, "smaller-table", made.model.classes.is_some(), &sides)}
        <p class="quiet">{apart}</p>
    }
}

/// The net's weights in every precision.
fn precisions(app: App, sides: &[(String, MadeMsg)]) -> impl IntoView + use<> {
    let texts = app.text();
    let name = |scheme: &str| SCHEMES.iter().find(|(word, _)| *word == scheme).map_or("", |(_, name)| name(texts));
    let mut columns = vec![(texts.scheme_float32, &sides[0].1.before)];
    columns.extend(sides.iter().map(|(scheme, made)| (name(scheme), &made.after)));
    table(app, "precisions-table", sides[0].1.model.classes.is_some(), &columns)
}

fn table(
    app: App,
    testid: &'static str,
    has_classes: bool,
    sides: &[(&'static str, &MadeSideMsg)],
) -> impl IntoView + use<> {
    let texts = app.text();
    let measure = if has_classes { "accuracy" } else { "r2" };
    let title = app.measure_title(measure);
    let score = |metrics: Option<&vitrine_protocol::MetricsMsg>| {
        format::measure(metrics.and_then(|metrics| metrics.get(measure).copied().flatten()))
    };
    let row = |name: String, of: &dyn Fn(&MadeSideMsg) -> String| {
        let each = sides.iter().map(|(_, side)| view! { <td class="numeric">{of(side)}</td> }).views();
        view! { <tr><th scope="row">{name}</th>{each}</tr> }
    };
    let head = sides.iter().map(|(name, _)| view! { <th scope="col" class="numeric">{*name}</th> }).views();
    view! {
        <table class="numbers" data-testid=testid>
            <thead><tr><th scope="col"></th>{head}</tr></thead>
            <tbody>
                {row(texts.smaller_size.to_owned(), &|side| format::bytes(side.size_bytes as u64))}
                {row(texts.smaller_zeros.to_owned(), &|side| format::percent(side.sparsity))}
                {row(format!("{title} · {}", texts.train_rows), &|side| score(Some(&side.metrics.train)))}
                {row(format!("{title} · {}", texts.test_rows), &|side| score(side.metrics.test.as_ref()))}
                {row(texts.smaller_latency.to_owned(), &|side| side.latency_ms.map_or("–".to_owned(), format::millis))}
            </tbody>
        </table>
    }
}
