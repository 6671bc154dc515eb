//! Export: the work as one file to keep, and back again; with the receipt it can be made again from.

use leptos::html;
use leptos::prelude::*;
use serde_json::Value;

use super::smaller::Smaller;
use crate::actions;
use crate::state::{App, app, said, tr};
use crate::text::spoken;
use crate::widgets::{Heading, Icon, Views};
use crate::{format, params};

/// The stage.
#[component]
pub(crate) fn Export() -> impl IntoView {
    let app = app();
    let with_data = RwSignal::new(true);
    let picker = NodeRef::<html::Input>::new();
    let has_model = move || app.result.model.with(Option::is_some);
    view! {
        <Heading
            title=said(app, |texts| texts.export_title)
            lead=said(app, |texts| texts.export_lead)
        />
        <div class="pair">
            <section class="result">
                <h2>{tr!(app, save_title)}</h2>
                <p class="quiet">{tr!(app, save_note)}</p>
                <label class="check" for="with-data">
                    <input
                        type="checkbox" class="switch" id="with-data" prop:checked=move || with_data.get()
                        on:change:target=move |event| with_data.set(event.target().checked())
                    />
                    {tr!(app, with_data)}
                </label>
                <div class="actions">
                    <button
                        class="primary" data-testid="export" disabled=move || !has_model() || app.is_busy()
                        on:click:target=move |_| actions::export_project(app, with_data.get_untracked())
                    >
                        <Icon name="export"/>{tr!(app, save_project)}
                    </button>
                </div>
                <Show when=move || !has_model()><p class="quiet">{tr!(app, needs_model)}</p></Show>
            </section>
            <section class="result">
                <h2>{tr!(app, open_title)}</h2>
                <p class="quiet">{tr!(app, open_note)}</p>
                <div class="actions">
                    <button
                        data-testid="import-pick" disabled=move || app.is_busy() || app.device.with(Option::is_none)
                        on:click:target=move |_| { if let Some(picker) = picker.get_untracked() { picker.click(); } }
                    >
                        <Icon name="upload"/>{tr!(app, open_project)}
                    </button>
                </div>
                <input
                    type="file" class="unseen" node_ref=picker tabindex="-1" aria-label=tr!(app, open_project) data-testid="import-file"
                    on:change:target=move |event| {
                        if let Some(file) = event.target().files().and_then(|files| files.get(0)) {
                            actions::import_project(app, file.into());
                        }
                        event.target().set_value("");
                    }
                />
            </section>
        </div>
        <Smaller/>
        {move || receipt(app)}
    }
}

/// What the model was made from: enough to make it again, and to see that it is the same.
fn receipt(app: App) -> Option<impl IntoView> {
    let texts = app.text();
    app.result.model.with(|trained| {
        let model = &trained.as_ref()?.model;
        let setting = |value: &Value| if value.is_null() { texts.none.to_owned() } else { params::show(value) };
        let params: Vec<String> =
            model.params.iter().map(|(name, value)| format!("{} = {}", spoken(name), setting(value))).collect();
        let rows = [
            (texts.model, app.kind_title(&model.kind)),
            (texts.target, model.target_name().to_owned()),
            (texts.parameters, params.join(", ")),
            (texts.seed, model.receipt.seed.to_string()),
            (texts.train_rows, format::count(model.n_train)),
            (texts.test_rows, format::count(model.n_test)),
            (texts.receipt_data, model.receipt.data_sha256.clone()),
            (texts.receipt_spec, model.receipt.spec_sha256.clone()),
            (texts.version, model.receipt.version.clone()),
        ];
        Some(view! {
            <section class="block" data-testid="receipt">
                <h2>{texts.receipt_title}</h2>
                <p class="quiet">{texts.receipt_note}</p>
                <dl class="receipt">
                    {rows.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> }).views()}
                </dl>
            </section>
        })
    })
}
