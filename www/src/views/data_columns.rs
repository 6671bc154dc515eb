//! The columns with their profiles: what each holds, how it lies, what is missing.

use leptos::prelude::*;
use vitrine_protocol::{ColumnKind, ColumnMsg};

use crate::actions;
use crate::charts::distribution;
use crate::format;
use crate::state::{App, app, tr};
use crate::text::{Texts, fill, shortened};
use crate::widgets::{Plot, Views};

/// Cards shown at first, and added at a time.
const N_CARDS: usize = 24;

pub(super) const KINDS: [(ColumnKind, &str); 5] = [
    (ColumnKind::Numeric, "numeric"),
    (ColumnKind::Categorical, "categorical"),
    (ColumnKind::Datetime, "datetime"),
    (ColumnKind::Boolean, "boolean"),
    (ColumnKind::Text, "text"),
];

/// A kind's name for people.
pub(super) fn kind_name(kind: ColumnKind, texts: &Texts) -> &'static str {
    match kind {
        ColumnKind::Numeric => texts.kind_numeric,
        ColumnKind::Categorical => texts.kind_categorical,
        ColumnKind::Datetime => texts.kind_datetime,
        ColumnKind::Boolean => texts.kind_boolean,
        ColumnKind::Text => texts.kind_text,
    }
}

/// All columns, a page of cards at a time.
#[component]
pub(super) fn Columns() -> impl IntoView {
    let app = app();
    let n_shown = RwSignal::new(N_CARDS);
    let n_columns = move || app.data.table.with(|table| table.as_ref().map_or(0, |table| table.columns.len()));
    let cards = move || {
        let table = app.data.table.get()?;
        let n_rows = table.n_rows;
        let columns = table.columns.iter().take(n_shown.get()).cloned();
        Some(columns.map(|column| view! { <Card column n_rows/> }).views())
    };
    view! {
        <section class="block">
            <h2>{tr!(app, columns_title)}</h2>
            <p class="quiet">{tr!(app, columns_lead)}</p>
            <div class="columns">{cards}</div>
            <Show when=move || { n_columns() > n_shown.get() }>
                <button on:click:target=move |_| n_shown.update(|shown| *shown += N_CARDS)>
                    {move || fill(app.text().more_columns, &[("n", &(n_columns() - n_shown.get()).to_string())])}
                </button>
            </Show>
        </section>
    }
}

#[component]
fn Card(
    /// The column.
    column: ColumnMsg,
    /// Rows of the table.
    n_rows: usize,
) -> impl IntoView {
    let app = app();
    let name = StoredValue::new(column.name.clone());
    let is_target = move || app.plan.target.with(|target| name.with_value(|name| target.as_ref() == Some(name)));
    let missing = column.n_missing as f64 / n_rows.max(1) as f64;
    let kind = column.kind;
    let column = StoredValue::new(column);
    let drawing = Signal::derive(move || column.with_value(|column| distribution(column, n_rows, &app.palette.get())));
    let words = Memo::new(move |_| column.with_value(|column| profile(app, column)));
    let short_name = name.with_value(|name| shortened(name, 48));
    let full_name = name.with_value(|name| shortened(name, 500));
    let testid = format!("column-{short_name}");
    let label = short_name.clone();
    view! {
        <article class="column" class:is-target=is_target data-testid=testid>
            <header>
                <h3 title=full_name>{short_name}</h3>
                <select
                    class="kind" disabled=move || !app.data.can_be_read_again.get() aria-label=move || format!("{}: {label}", app.text().kind)
                    on:change:target=move |event| {
                        let value = event.target().value();
                        if let Some((kind, _)) = KINDS.iter().find(|(_, word)| *word == value) {
                            actions::set_kind(app, name.get_value(), *kind);
                        }
                    }
                >
                    {KINDS.into_iter().map(|(option, word)| view! {
                        <option value=word selected=option == kind>{move || kind_name(option, app.text())}</option>
                    }).views()}
                </select>
            </header>
            <Plot drawing label=Signal::derive(move || words.get().join(", "))/>
            <ul class="profile">{move || words.get().into_iter().map(|words| view! { <li>{words}</li> }).views()}</ul>
            <footer>
                <span class="missing-share" class:some=move || { missing > 0.0 }>
                    {move || if missing > 0.0 {
                        fill(app.text().missing_share, &[("share", &format::percent(missing))])
                    } else {
                        app.text().complete.to_owned()
                    }}
                </span>
                <button
                    class="ghost small" aria-pressed=move || is_target().to_string()
                    on:click:target=move |_| choose_target(app, name.get_value())
                >
                    {move || if is_target() { app.text().is_target } else { app.text().make_target }}
                </button>
            </footer>
        </article>
    }
}

/// Makes a column the target; a recipe or task made for another one no longer fits.
pub(super) fn choose_target(app: App, name: String) {
    batch(|| {
        app.plan.task.set(None);
        actions::recipe::forget(app);
        app.plan.target.set(Some(name));
    });
}

fn profile(app: App, column: &ColumnMsg) -> Vec<String> {
    let texts = app.text();
    let is_time = column.kind == ColumnKind::Datetime;
    let say = |value: f64| if is_time { format::date(value) } else { format::number(value) };
    let mut words = Vec::new();
    if let (Some(min), Some(max)) = (column.min, column.max) {
        words.push(fill(texts.profile_range, &[("min", &say(min)), ("max", &say(max))]));
    }
    if let (Some(q1), Some(median), Some(q3)) = (column.q1, column.median, column.q3) {
        words.push(fill(texts.profile_quartiles, &[("q1", &say(q1)), ("median", &say(median)), ("q3", &say(q3))]));
    }
    if words.is_empty() {
        words.push(fill(texts.profile_distinct, &[("n", &format::count(column.n_distinct))]));
    }
    words
}
