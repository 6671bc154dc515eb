//! Data: choose it, see what it is, correct what was sniffed.

use leptos::prelude::*;
use vitrine_protocol::{Encoding, LoadOptionsMsg, TableMsg};

use super::data_columns::Columns;
use super::data_source::Source;
use crate::actions;
use crate::format;
use crate::state::{Stage, app, tr};
use crate::text::{Texts, fill, shortened};
use crate::widgets::{Grid, Heading, Icon, Issues, Views};

/// The stage.
#[component]
pub(crate) fn Data() -> impl IntoView {
    let app = app();
    let shows_table = Memo::new(move |_| app.data.table.with(Option::is_some) && !app.data.choosing.get());
    move || if shows_table.get() { view! { <Table/> }.into_any() } else { view! { <Source/> }.into_any() }
}

#[component]
fn Table() -> impl IntoView {
    let app = app();
    let title = Signal::derive(move || {
        app.data.table.with(|table| table.as_ref().map_or(String::new(), |table| shortened(&table.name, 60)))
    });
    let lead = Signal::derive(move || {
        app.data.table.with(|table| {
            table.as_ref().map_or(String::new(), |table| {
                let values = [
                    ("rows", format::count(table.n_rows)),
                    ("columns", format::count(table.columns.len())),
                    ("size", format::bytes(table.size_bytes)),
                    ("time", format::millis(table.load_ms)),
                ];
                fill(app.text().table_lead, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
            })
        })
    });
    let issues = Signal::derive(move || {
        app.data.table.with(|table| table.as_ref().map_or(Vec::new(), |table| table.issues.clone()))
    });
    view! {
        <Heading title lead>
            <button data-testid="other-data" on:click:target=move |_| app.data.choosing.set(true)>{tr!(app, other_data)}</button>
            <button class="primary" data-testid="go-train" on:click:target=move |_| app.go(Stage::Train)>
                {tr!(app, go_train)}<Icon name="arrow"/>
            </button>
        </Heading>
        <Dialect/>
        <Issues issues/>
        <Columns/>
        <section class="block">
            <h2>{tr!(app, rows_title)}</h2>
            <Grid/>
        </section>
    }
}

/// What was sniffed, as chips that can be changed; a change reads the file again.
#[component]
fn Dialect() -> impl IntoView {
    let app = app();
    let chip = move |name: &'static str,
                     label: fn(&Texts) -> &'static str,
                     options: Vec<(String, String)>,
                     now: String,
                     change: fn(&mut LoadOptionsMsg, &str)| {
        // A value nobody offered still has to be shown.
        let known = options.iter().any(|(value, _)| *value == now);
        let extra = (!known).then(|| (now.clone(), format!("“{now}”")));
        let id = format!("dialect-{name}");
        let testid = id.clone();
        view! {
            <label class="chip-select" for=id.clone()>
                <span>{move || label(app.text())}</span>
                <select
                    id=id.clone() data-testid=testid disabled=move || !app.data.can_be_read_again.get()
                    on:change:target=move |event| {
                        let value = event.target().value();
                        actions::reload(app, |options| change(options, &value));
                    }
                >
                    {extra.into_iter().chain(options).map(|(value, words)| {
                        let selected = value == now;
                        view! { <option value=value selected=selected>{words}</option> }
                    }).views()}
                </select>
            </label>
        }
    };
    let pairs =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let chips = move |table: &TableMsg| {
        let texts = app.text();
        let delimiters = pairs(&[
            (",", texts.mark_comma),
            (";", texts.mark_semicolon),
            ("\t", texts.mark_tab),
            ("|", "|"),
            (" ", texts.mark_space),
        ]);
        let quotes = pairs(&[("\"", "\""), ("'", "'"), ("", texts.none)]);
        let decimals = pairs(&[(".", "1.5"), (",", "1,5")]);
        let headers = pairs(&[("true", texts.header_yes), ("false", texts.header_no)]);
        let encodings = ENCODINGS.map(|(_, name)| (name, name));
        let encoding = ENCODINGS.iter().find(|(encoding, _)| *encoding == table.encoding).map_or("", |(_, name)| name);
        view! {
            {chip("delimiter", |t| t.delimiter, delimiters, table.delimiter.clone(),
                |options, value| options.delimiter = Some(value.to_owned()))}
            {chip("quote", |t| t.quote, quotes, table.quote.clone(),
                |options, value| options.quote = Some(value.to_owned()))}
            {chip("decimal", |t| t.decimal, decimals, table.decimal.clone(),
                |options, value| options.decimal = Some(value.to_owned()))}
            {chip("header", |t| t.header, headers, table.has_header.to_string(),
                |options, value| options.has_header = Some(value == "true"))}
            {chip("encoding", |t| t.encoding, pairs(&encodings), encoding.to_owned(), |options, value| {
                options.encoding = ENCODINGS.iter().find(|(_, name)| *name == value).map(|(encoding, _)| *encoding);
            })}
        }
    };
    view! {
        <div class="dialect" role="group" aria-label=tr!(app, dialect)>
            {move || app.data.table.get().map(|table| chips(&table))}
        </div>
    }
}

const ENCODINGS: [(Encoding, &str); 5] = [
    (Encoding::Utf8, "UTF-8"),
    (Encoding::Utf16Le, "UTF-16 LE"),
    (Encoding::Utf16Be, "UTF-16 BE"),
    (Encoding::Gb18030, "GB18030"),
    (Encoding::Windows1252, "Windows-1252"),
];
