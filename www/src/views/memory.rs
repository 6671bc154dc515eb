//! What takes memory, worker by worker, looked at while the panel is open.

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{HeldMsg, TensorMsg};
use wasm_bindgen::JsCast;

use crate::browser;
use crate::client::{self, WorkerMemory};
use crate::format;
use crate::state::{App, app, tr};
use crate::text::fill;
use crate::widgets::Views;

/// It is asked again after so long.
const EVERY_MILLIS: i32 = 1000;

/// The word in the status line, and the panel above it.
#[component]
pub(crate) fn Memory() -> impl IntoView {
    let app = app();
    let is_open = RwSignal::new(false);
    let workers = RwSignal::new(Vec::<WorkerMemory>::new());
    let look = move || {
        spawn_local(async move {
            while is_open.get_untracked() {
                if let Some(told) = client::memory().await {
                    workers.set(told);
                }
                browser::sleep(EVERY_MILLIS).await;
            }
        });
    };
    let on_toggle = move |event: leptos::ev::Event| {
        let details = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlDetailsElement>().ok());
        let opens = details.is_some_and(|details| details.open());
        if opens && !is_open.get_untracked() {
            is_open.set(true);
            look();
        } else {
            is_open.set(opens);
        }
    };
    view! {
        <details class="memory" data-testid="memory" on:toggle=on_toggle>
            <summary>{tr!(app, memory)}</summary>
            <div class="memory-panel">
                <p class="quiet">{tr!(app, memory_note)}</p>
                {move || workers.with(|workers| workers.iter().map(|worker| view_of(app, worker)).views())}
                {move || fit(app)}
            </div>
        </details>
    }
}

fn view_of(app: App, told: &WorkerMemory) -> impl IntoView + use<> {
    let texts = app.text();
    let name = match told.worker.as_str() {
        "cpu" => texts.memory_cpu,
        "tensors" => texts.memory_tensors,
        "webgpu" => texts.memory_webgpu,
        _ => texts.memory_helper,
    };
    let pool = told.pool.as_ref().map(|pool| {
        let values = [
            ("used", &*format::bytes(pool.in_use_bytes)),
            ("all", &*format::bytes(pool.reserved_bytes)),
            ("n", &*pool.n_pieces.to_string()),
        ];
        let words = fill(texts.memory_pool, &values);
        let (used, all) = (pool.in_use_bytes.to_string(), pool.reserved_bytes.to_string());
        view! { <p>{words}</p><meter min="0" max=all value=used aria-label=texts.memory_pool_share></meter> }
    });
    let held = told.tables.iter().chain(&told.models).map(held).views();
    view! {
        <section>
            <h3>{name}<span class="numeric">{told.heap_bytes.map(format::bytes)}</span></h3>
            {pool}
            <ul>{held}</ul>
        </section>
    }
}

fn held(held: &HeldMsg) -> AnyView {
    let line = view! { <span>{held.name.clone()}</span><span class="numeric">{format::bytes(held.bytes)}</span> };
    if held.tensors.is_empty() {
        return view! { <li class="held">{line}</li> }.into_any();
    }
    let tensor = |tensor: &TensorMsg| {
        let sizes: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
        let shape = format!("{} · {}", tensor.name, sizes.join(" × "));
        view! { <li class="held"><span>{shape}</span><span class="numeric">{format::bytes(tensor.bytes as u64)}</span></li> }
    };
    view! { <li><details><summary class="held">{line}</summary><ul>{held.tensors.iter().map(tensor).views()}</ul></details></li> }
        .into_any()
}

/// Of the net that learns, what it takes.
fn fit(app: App) -> Option<AnyView> {
    let memory = app.result.live.with(|live| live.as_ref().map(|live| live.view.memory))?;
    let texts = app.text();
    let parts = [
        (texts.memory_rows, memory.rows_bytes),
        (texts.memory_net, memory.net_bytes),
        (texts.memory_optimizer, memory.optimizer_bytes),
        (texts.memory_epochs, memory.epochs_bytes),
    ];
    let row = |(name, bytes): (&'static str, usize)| {
        view! { <li class="held"><span>{name}</span><span class="numeric">{format::bytes(bytes as u64)}</span></li> }
    };
    Some(
        view! { <section><h3>{texts.memory_fit}</h3><ul>{parts.map(row).into_iter().views()}</ul></section> }
            .into_any(),
    )
}
