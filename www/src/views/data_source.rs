//! Where data comes from: a dropped or picked file, pasted text, a sample.

use leptos::ev::DragEvent;
use leptos::html;
use leptos::prelude::*;
use web_sys::FileList;

use super::parts::{Fetched, toys};
use crate::actions;
use crate::format;
use crate::state::{App, Sample, app, tr};
use crate::text::fill;
use crate::widgets::{Icon, Logo, Views};

/// The first thing a newcomer sees.
#[component]
pub(super) fn Source() -> impl IntoView {
    let app = app();
    let is_over = RwSignal::new(false);
    let picker = NodeRef::<html::Input>::new();
    let on_drop = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        take(app, event.data_transfer().and_then(|transfer| transfer.files()));
    };
    let on_over = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(true);
    };
    let has_table = move || app.data.table.with(Option::is_some);
    view! {
        <div class="welcome">
            <h1>{tr!(app, welcome_title)}</h1>
            <p class="lead">{tr!(app, welcome_lead)}</p>
        </div>
        <div
            class="case" class:case-over=move || is_over.get() data-testid="drop-zone"
            on:drop=on_drop on:dragover=on_over on:dragleave:target=move |_| is_over.set(false)
        >
            <Logo/>
            <p class="case-words">{tr!(app, drop_here)}</p>
            <div class="actions">
                <button
                    class="primary" data-testid="pick" disabled=move || app.is_busy()
                    on:click:target=move |_| { if let Some(picker) = picker.get_untracked() { picker.click(); } }
                >
                    <Icon name="upload"/>{tr!(app, pick_file)}
                </button>
                <Show when=has_table>
                    <button on:click:target=move |_| app.data.choosing.set(false)>{tr!(app, back_to_table)}</button>
                </Show>
            </div>
            <input
                type="file" class="unseen" node_ref=picker accept=".csv,.tsv,.txt,text/csv,image/*" multiple=true tabindex="-1"
                aria-label=tr!(app, pick_file) data-testid="file"
                on:change:target=move |event| {
                    take(app, event.target().files());
                    event.target().set_value("");
                }
            />
            <Paste/>
        </div>
        <section class="block">
            <h2>{tr!(app, samples_title)}</h2>
            <div class="samples">
                {move || app.samples.get().into_iter().map(|sample| view! { <SampleCard sample/> }).views()}
            </div>
        </section>
        <Make/>
    }
}

/// Data that is made here, opened when it is wanted.
#[component]
fn Make() -> impl IntoView {
    let app = app();
    let is_open = RwSignal::new(false);
    view! {
        <section class="block">
            <button
                class="ghost small start" data-testid="paint" aria-expanded=move || is_open.get().to_string()
                on:click:target=move |_| is_open.update(|open| *open = !*open)
            >
                <Icon name="plus"/>{tr!(app, paint_title)}
            </button>
            {move || is_open.get().then(|| view! { <Fetched load=toys/> })}
        </section>
    }
}

fn take(app: App, files: Option<FileList>) {
    let Some((files, file)) = files.and_then(|files| Some((files.clone(), files.get(0)?))) else { return };
    if file.type_().starts_with("image/") {
        return actions::load_images(app, files);
    }
    let name = file.name();
    actions::load_blob(app, file.into(), name);
}

#[component]
fn Paste() -> impl IntoView {
    let app = app();
    let words = RwSignal::new(String::new());
    view! {
        <details class="paste">
            <summary>{tr!(app, paste_instead)}</summary>
            <textarea
                rows="5" spellcheck="false" aria-label=tr!(app, paste_instead) data-testid="paste"
                placeholder="x,y\n1,2\n2,4" prop:value=move || words.get()
                on:input:target=move |event| words.set(event.target().value())
            ></textarea>
            <button
                data-testid="read-pasted" disabled=move || words.with(String::is_empty)
                on:click:target=move |_| actions::load_text(app, &words.get_untracked())
            >
                {tr!(app, read_pasted)}
            </button>
        </details>
    }
}

#[component]
fn SampleCard(
    /// The sample.
    sample: Sample,
) -> impl IntoView {
    let app = app();
    let Sample { file, title, description, rows, columns, source, licence, licence_url, .. } = sample;
    let size = move || fill(app.text().size, &[("rows", &format::count(rows)), ("columns", &columns.to_string())]);
    let testid = format!("sample-{}", file.trim_end_matches(".csv"));
    view! {
        <article class="sample">
            <button
                class="sample-open" data-testid=testid disabled=move || app.is_busy() || app.device.with(Option::is_none)
                on:click:target=move |_| actions::load_sample(app, file.clone(), None)
            >
                <span class="sample-title">{move || app.lang.get().pick(&title)}</span>
                <span class="sample-words">{move || app.lang.get().pick(&description)}</span>
                <span class="tag">{size}</span>
            </button>
            <p class="sample-source">
                {source}" · "
                <a href=licence_url target="_blank" rel="noreferrer">{licence}</a>
            </p>
        </article>
    }
}
