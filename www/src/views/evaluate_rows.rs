//! Rows of the table by their number: those of a cell of the confusion matrix, and the oddest.

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ChartDocMsg, ColumnKind, Request, RowsMsg};

use crate::actions;
use crate::client::{self, Beside};
use crate::format;
use crate::state::{App, app, effect};
use crate::text::shortened;
use crate::widgets::Views;

/// Columns of the rows listed.
const N_COLUMNS: usize = 7;

/// A column before the others: its name and one text a row.
pub(super) type Before = Option<(String, Vec<String>)>;

/// The rows with these numbers; one that is pressed is handed to `choose`.
pub(super) fn rows_table(
    app: App,
    rows: &RowsMsg,
    numbers: &[u32],
    before: Before,
    choose: Callback<usize>,
) -> AnyView {
    let Some(trained) = app.result.model.get() else { return ().into_any() };
    // Of each column that the model reads, whether its cells are numbers.
    let read = |at: usize| {
        let input = trained.model.features.iter().find(|input| input.name == rows.columns[at])?;
        Some((at, input.kind == ColumnKind::Numeric))
    };
    let shown: Vec<(usize, bool)> = (0..rows.columns.len()).filter_map(read).take(N_COLUMNS).collect();
    let can_choose = actions::is_current(app, &trained.model);
    let selected = app.data.selected_row.get();
    let (head_before, before) = before.unzip();
    let head_before = head_before.map(|name| view! { <th scope="col" class="numeric">{name}</th> });
    let head = shown.iter().map(|&(at, is_number)| view! { <th scope="col" class:numeric=is_number>{shortened(&rows.columns[at], 24)}</th> }).views();
    let body = rows.cells.iter().zip(numbers).enumerate().map(|(at, (cells, &row))| {
        let row = row as usize;
        let values = shown.iter().map(|&(at, is_number)| view! { <td class:numeric=is_number>{shortened(&format::cell(&cells[at]), 24)}</td> }).views();
        let before = before.as_ref().map(|texts| view! { <td class="numeric">{texts[at].clone()}</td> });
        let is_selected = selected == Some(row);
        view! {
            <tr class:selected=is_selected>
                <th scope="row">
                    <button class="link" disabled=!can_choose aria-pressed=is_selected.to_string() on:click:target=move |_| choose.run(row)>
                        {format::count(row + 1)}
                    </button>
                </th>
                {before}
                {values}
            </tr>
        }
    });
    view! {
        <table class="numbers metrics">
            <thead><tr><th scope="col">{app.text().row}</th>{head_before}{head}</tr></thead>
            <tbody>{body.views()}</tbody>
        </table>
    }
    .into_any()
}

/// The rows with the lowest scores, as they are in the table; one that is pressed is selected everywhere.
#[component]
pub(super) fn Oddest(doc: Signal<Option<ChartDocMsg>>) -> impl IntoView {
    let app = app();
    let table = RwSignal::new(None::<RowsMsg>);
    let listed = Memo::new(move |_| {
        app.result.evaluation.with(|evaluation| {
            let evaluation = evaluation.as_ref()?;
            let series = evaluation.charts.get("oddest")?.first()?;
            Some((evaluation.table.clone(), series.rows.clone(), series.y.clone()))
        })
    });
    effect(move || {
        table.set(None);
        let Some((id, rows, _)) = listed.get() else { return };
        spawn_local(async move {
            let request = Request::ReadTable { id, start: 0, end: 0, rows: Some(rows) };
            // A project without its table has scores of rows that are not here.
            if let Ok((rows, _)) = client::ask::<RowsMsg>(request, Beside::default()).await {
                table.try_set(Some(rows));
            }
        });
    });
    let words = move |pick: fn(&ChartDocMsg) -> &vitrine_protocol::TextMsg| {
        move || doc.get().map_or(String::new(), |doc| app.lang.get().pick(pick(&doc)))
    };
    let (title, summary, score) = (words(|doc| &doc.title), words(|doc| &doc.summary), words(|doc| &doc.y));
    let choose = Callback::new(move |row| app.data.selected_row.set(Some(row)));
    let rows = move || {
        let ((_, numbers, scores), rows) = (listed.get()?, table.get()?);
        let scores = scores.into_iter().map(|score| format::fixed(score, 3)).collect();
        Some(rows_table(app, &rows, &numbers, Some((score(), scores)), choose))
    };
    view! {
        <section class="figure" data-testid="oddest">
            <figcaption><div><h2>{title}</h2><p class="quiet">{summary}</p></div></figcaption>
            <div class="sheet oddest" tabindex="0" role="region" aria-label=title>{rows}</div>
        </section>
    }
}
