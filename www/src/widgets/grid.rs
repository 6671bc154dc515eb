//! The table: as many rows as the file has, of which only the seen ones are asked for.
//!
//! A click, or the arrow keys, select a row, for every view.

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ColumnKind, RowsMsg};

use super::Views;
use super::window::{ROW_HEIGHT, Window};
use crate::actions::read_rows;
use crate::format::{self, Short};
use crate::state::{NoticeKind, app, effect, tr};
use crate::text::{fill, shortened};

/// Rows asked for beyond the seen ones, each way.
const MARGIN_ROWS: usize = 60;

/// Columns shown at a time: a file may have ten thousand.
const N_COLUMNS: usize = 40;

/// The rows of the current table.
#[component]
pub(crate) fn Grid(
    /// Height at most, in pixels.
    #[prop(default = 420.0)]
    height: f64,
) -> impl IntoView {
    let app = app();
    let scroller = NodeRef::<html::Div>::new();
    let scroll_top = RwSignal::new(0.0);
    let first_column = RwSignal::new(0usize);
    let loaded = RwSignal::new(None::<Arc<RowsMsg>>);
    let id = Memo::new(move |_| app.data.table.with(|table| table.as_ref().map(|table| table.id.clone())));
    let window = Memo::new(move |_| {
        let n_rows = app.data.table.with(|table| table.as_ref().map_or(0, |table| table.n_rows));
        Window { n_rows, view_height: height.min((n_rows as f64 + 1.0) * ROW_HEIGHT) }
    });
    let first = Memo::new(move |_| window.get().first_row(scroll_top.get()));
    effect(move || {
        id.track();
        loaded.set(None);
        first_column.set(0);
        scroll_top.set(0.0);
        if let Some(scroller) = scroller.get() {
            scroller.set_scroll_top(0);
        }
    });
    keep_loaded(id, window, first, loaded);

    let scroll_row_into_view = move |row: usize| {
        if let (Some(scroller), Some(top)) =
            (scroller.get_untracked(), window.get_untracked().scroll_to(row, scroll_top.get_untracked()))
        {
            let share = top / window.get_untracked().scroll_range().max(1.0);
            scroller.set_scroll_top((share * scroll_range(&scroller)).round() as i32);
        }
    };
    // A row selected elsewhere comes into view here.
    effect(move || {
        if let Some(row) = app.data.selected_row.get() {
            scroll_row_into_view(row);
        }
    });
    let on_key = move |event: KeyboardEvent| {
        let step: isize = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        let last = window.get_untracked().n_rows.saturating_sub(1);
        let next = match app.data.selected_row.get_untracked() {
            Some(row) => row.saturating_add_signed(step).min(last),
            None => first.get_untracked().0,
        };
        app.data.selected_row.set(Some(next));
    };

    let header = move || {
        let target = app.plan.target.get();
        app.data.table.with(|table| {
            let columns = table.as_ref().map_or(&[][..], |table| &table.columns);
            let columns = columns.iter().skip(first_column.get()).take(N_COLUMNS);
            columns
                .map(|column| {
                    let is_target = target.as_ref() == Some(&column.name);
                    view! {
                        <th
                            scope="col" class="grid-head" class:numeric=column.kind == ColumnKind::Numeric
                            class:is-target=is_target title=shortened(&column.name, 500)
                        >
                            {shortened(&column.name, 40)}
                        </th>
                    }
                })
                .views()
        })
    };
    let seen = move || {
        let window = window.get();
        let (first, _) = first.get();
        (first..(first + window.n_seen()).min(window.n_rows)).collect::<Vec<_>>()
    };
    let n_columns = move || app.data.table.with(|table| table.as_ref().map_or(0, |table| table.columns.len()));
    let row_view = move |row: usize| {
        let cells = move || {
            let from = first_column.get();
            let n_shown = n_columns().saturating_sub(from).min(N_COLUMNS);
            loaded.with(|loaded| {
                let cells = loaded.as_ref().and_then(|rows| rows.cells.get(row.checked_sub(rows.start)?));
                (from..from + n_shown)
                    .map(|column| match cells.map(|cells| cells.get(column)) {
                        None => view! { <td class="waiting">"·"</td> }.into_any(),
                        Some(None | Some(serde_json::Value::Null)) => view! { <td class="missing">"–"</td> }.into_any(),
                        Some(Some(value)) => {
                            let words = shortened(&format::cell(value), 80);
                            view! { <td class:numeric=value.is_number()>{words}</td> }.into_any()
                        }
                    })
                    .views()
            })
        };
        let is_selected = move || app.data.selected_row.get() == Some(row);
        view! {
            <tr
                aria-rowindex=row + 2 class:selected=is_selected data-row=row
                aria-selected=move || is_selected().to_string()
                on:click:target=move |_| app.data.selected_row.set(Some(row))
            >
                <th scope="row" class="row-number">{format::count(row + 1)}</th>
                {cells}
            </tr>
        }
    };
    view! {
        <div class="grid-frame" data-testid="grid">
            <div
                class="grid" node_ref=scroller tabindex="0" role="region" aria-label=tr!(app, grid_label)
                style:height=move || format!("{}px", Short(window.get().view_height + 12.0))
                on:scroll:target=move |_| {
                    if let Some(scroller) = scroller.get_untracked() {
                        // The hole is a little larger than the window knows: it may hold a scroll bar.
                        let share = f64::from(scroller.scroll_top()) / scroll_range(&scroller).max(1.0);
                        scroll_top.set(share * window.get_untracked().scroll_range());
                    }
                }
                on:keydown=on_key
            >
                <div class="grid-space" style:height=move || format!("{}px", Short(window.get().scroll_height()))>
                    <div class="grid-view" style:height=move || format!("{}px", Short(window.get().view_height))>
                        <table
                            role="grid" aria-label=tr!(app, grid_label)
                            aria-rowcount=move || window.get().n_rows + 1 aria-colcount=move || n_columns() + 1
                        >
                            <thead><tr><th scope="col" class="row-number">"#"</th>{header}</tr></thead>
                            <tbody style:transform=move || format!("translateY(-{}px)", Short(first.get().1))>
                                <For each=seen key=|row| *row children=row_view/>
                            </tbody>
                        </table>
                    </div>
                </div>
            </div>
            <Show when=move || { n_columns() > N_COLUMNS }>
                <div class="grid-pager">
                    <button
                        class="ghost small" disabled=move || first_column.get() == 0
                        on:click:target=move |_| first_column.update(|first| *first = first.saturating_sub(N_COLUMNS))
                    >
                        {tr!(app, columns_before)}
                    </button>
                    <span class="quiet">
                        {move || {
                            let (from, all) = (first_column.get(), n_columns());
                            let (to, from) = ((from + N_COLUMNS).min(all), from + 1);
                            let [from, to, all] = [from, to, all].map(|n| n.to_string());
                            fill(app.text().columns_shown, &[("from", &from), ("to", &to), ("all", &all)])
                        }}
                    </span>
                    <button
                        class="ghost small" disabled=move || { first_column.get() + N_COLUMNS >= n_columns() }
                        on:click:target=move |_| first_column.update(|first| *first += N_COLUMNS)
                    >
                        {tr!(app, columns_after)}
                    </button>
                </div>
            </Show>
        </div>
    }
}

/// How far the element can be scrolled.
fn scroll_range(scroller: &web_sys::HtmlDivElement) -> f64 {
    f64::from(scroller.scroll_height() - scroller.client_height())
}

/// Asks for rows as they come into view: one request at a time, the newest wish next.
fn keep_loaded(
    id: Memo<Option<String>>,
    window: Memo<Window>,
    first: Memo<(usize, f64)>,
    loaded: RwSignal<Option<Arc<RowsMsg>>>,
) {
    let app = app();
    let under_way = StoredValue::new(false);
    // Asked again after every answer: by then the grid may be gone, and what belonged to it with it.
    let missing = move || {
        let table = id.try_get_untracked()??;
        let seen = window.try_get_untracked()?;
        let start = first.try_get_untracked()?.0;
        let end = (start + seen.n_seen()).min(seen.n_rows);
        let is_there = loaded.try_with_untracked(|rows| {
            rows.as_ref().is_some_and(|rows| rows.start <= start && end <= rows.start + rows.cells.len())
        })?;
        (!is_there && start < end).then(|| (table, start.saturating_sub(MARGIN_ROWS), end + MARGIN_ROWS))
    };
    effect(move || {
        id.track();
        first.track();
        loaded.track();
        if under_way.get_value() || missing().is_none() {
            return;
        }
        under_way.set_value(true);
        spawn_local(async move {
            let mut asked = None;
            while let Some(wish) = missing() {
                // An answer that did not bring what was asked would be asked for forever.
                if asked.as_ref() == Some(&wish) {
                    break;
                }
                let (table, start, end) = wish.clone();
                asked = Some(wish);
                match read_rows(&table, start, end).await {
                    Ok(rows) if id.try_get_untracked() == Some(Some(table)) => loaded.set(Some(Arc::new(rows))),
                    Ok(_) => {}
                    Err(error) => {
                        app.tell(NoticeKind::Error(Box::new(error)));
                        break;
                    }
                }
            }
            under_way.try_set_value(false);
        });
    });
}
