//! A net made smaller, beside what it was; and its weights as a file, there and back.

use leptos::html;
use leptos::prelude::*;
use vitrine_protocol::{MadeMsg, StructureMsg};

use super::search::{Choosable, choice};
use crate::actions;
use crate::format::{self, Short};
use crate::state::{App, app, tr};
use crate::text::fill;
use crate::widgets::{Icon, Views};

const SCHEMES: &[Choosable] =
    &[("per_block", |t| t.scheme_block), ("per_channel", |t| t.scheme_channel), ("per_tensor", |t| t.scheme_tensor)];

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
    let sides = [&made.before, &made.after];
    let measure = if made.model.classes.is_some() { "accuracy" } else { "r2" };
    let title = app.measure_title(measure);
    let score = |metrics: Option<&vitrine_protocol::MetricsMsg>| {
        format::measure(metrics.and_then(|metrics| metrics.get(measure).copied().flatten()))
    };
    let millis = |latency: Option<f64>| latency.map_or("–".to_owned(), format::millis);
    let rows = [
        (texts.smaller_size.to_owned(), sides.map(|side| format::bytes(side.size_bytes as u64))),
        (texts.smaller_zeros.to_owned(), sides.map(|side| format::percent(side.sparsity))),
        (format!("{title} · {}", texts.train_rows), sides.map(|side| score(Some(&side.metrics.train)))),
        (format!("{title} · {}", texts.test_rows), sides.map(|side| score(side.metrics.test.as_ref()))),
        (texts.smaller_latency.to_owned(), sides.map(|side| millis(side.latency_ms))),
    ];
    let row = |(name, [before, after]): (String, [String; 2])| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td class="numeric">{before}</td>
                <td class="numeric">{after}</td>
            </tr>
        }
    };
    let apart = made.max_difference.map(|largest| {
        let values = [("most", &*format::number(largest)), ("n", &*format::count(made.n_compared))];
        fill(texts.smaller_apart, &values.map(|(name, value)| (name, value)))
    });
    view! {
        <table class="numbers" data-testid="smaller-table">
            <thead>
                <tr>
                    <th scope="col"></th>
                    <th scope="col" class="numeric">{texts.before}</th>
                    <th scope="col" class="numeric">{texts.after}</th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(row).views()}</tbody>
        </table>
        <p class="quiet">{apart}</p>
    }
}
