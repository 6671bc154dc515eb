//! The confusion matrix; a cell that is selected lists its rows, and a row leads to why.

use leptos::prelude::*;

use super::evaluate_rows::rows_table;
use crate::actions;
use crate::charts::confusion;
use crate::format;
use crate::state::{Stage, app, said};
use crate::text::{fill, shortened};
use crate::widgets::{Figure, Plot, Sheet, Views};

/// Cells offered in the list at most: the largest matrices have a million.
const N_CELLS: usize = 200;
/// A confusion matrix as rows of a table.
pub(super) fn confusion_sheet(corner: &str, classes: &[String], counts: &[Vec<usize>]) -> Sheet {
    let head = std::iter::once(corner.to_owned()).chain(classes.iter().cloned()).collect();
    let rows = classes
        .iter()
        .zip(counts)
        .map(|(name, counts)| std::iter::once(name.clone()).chain(counts.iter().map(usize::to_string)).collect());
    std::iter::once(head).chain(rows).collect()
}

/// The figure.
#[component]
pub(super) fn Confusion() -> impl IntoView {
    let app = app();
    let drawing = Memo::new(move |_| {
        let texts = app.text();
        let axes = [texts.true_class, texts.answered_class];
        let selected = app.result.cell.get();
        let drawn = app.result.evaluation.with(|evaluation| {
            let evaluation = evaluation.as_ref()?;
            let (classes, counts) = (evaluation.classes.as_ref()?, evaluation.confusion.as_ref()?);
            Some(app.palette.with(|palette| confusion(classes, counts, axes, selected, palette)))
        });
        drawn.unwrap_or_default()
    });
    let sheet = Signal::derive(move || {
        app.result.evaluation.with(|evaluation| {
            let Some((classes, counts)) =
                evaluation.as_ref().and_then(|e| Some((e.classes.as_ref()?, e.confusion.as_ref()?)))
            else {
                return Sheet::new();
            };
            confusion_sheet(app.text().true_class, classes, counts)
        })
    });
    let title = said(app, |texts| texts.confusion_title);
    let note = Signal::derive(move || {
        let n_rows =
            app.result.evaluation.with(|evaluation| evaluation.as_ref().map_or(0, |evaluation| evaluation.n_rows));
        let has_test =
            app.result.model.with(|trained| trained.as_ref().is_some_and(|trained| trained.model.n_test > 0));
        let texts = app.text();
        let words = if has_test { texts.confusion_note } else { texts.confusion_note_all };
        fill(words, &[("n", &format::count(n_rows))])
    });
    let select = Callback::new(move |cell| {
        // Pressed again, a cell is let go.
        let cell = Some(cell).filter(|cell| app.result.cell.get_untracked() != Some(*cell));
        actions::show_cell(app, cell);
    });
    view! {
        <Figure name="confusion" title note drawing sheet>
            <div class="plot-narrow"><Plot drawing label=title pick=("data-cell", select) testid="confusion"/></div>
            <CellRows/>
        </Figure>
    }
}

/// Which cell, for the keyboard too, and the first of its rows.
#[component]
fn CellRows() -> impl IntoView {
    let app = app();
    let options = move || {
        let now = app.result.cell.get();
        let evaluation = app.result.evaluation.get();
        let Some((classes, counts)) =
            evaluation.as_ref().and_then(|e| Some((e.classes.as_ref()?, e.confusion.as_ref()?)))
        else {
            return Vec::new();
        };
        let cells = counts.iter().flatten().enumerate().filter(|(_, count)| **count > 0).take(N_CELLS);
        let option = |(cell, count): (usize, &usize)| {
            let [truth, answered] =
                [cell / classes.len(), cell % classes.len()].map(|class| shortened(&classes[class], 24));
            let words = format!("{truth} → {answered} ({})", format::count(*count));
            view! { <option value=cell.to_string() selected=now == Some(cell)>{words}</option> }
        };
        cells.map(option).views()
    };
    let list = move || {
        let rows = app.result.cell_table.get()?;
        let numbers = app.result.cell_rows.get();
        let counts = [("n", &*format::count(numbers.len())), ("shown", &*format::count(rows.cells.len()))];
        let note = fill(app.text().cell_note, &counts);
        let explain = Callback::new(move |row| {
            app.data.selected_row.set(Some(row));
            app.go(Stage::Explain);
        });
        Some(view! {
            <p class="quiet">{note}</p>
            <div class="sheet" tabindex="0" role="region" aria-label=app.text().cell_rows data-testid="cell-rows">
                {rows_table(app, &rows, &numbers, None, explain)}
            </div>
        })
    };
    view! {
        <div class="axes">
            <label class="chip-select" for="cell">
                <span>{move || app.text().cell_rows}</span>
                <select id="cell" on:change:target=move |event| actions::show_cell(app, event.target().value().parse().ok())>
                    <option value="">"–"</option>
                    {options}
                </select>
            </label>
        </div>
        {list}
    }
}
