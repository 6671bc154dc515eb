//! The frame of every drawing: title, what to read in it, the same numbers as a table, and "save as".

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Views;
use crate::browser;
use crate::charts::Drawing;
use crate::format::Short;
use crate::state::{app, tr};

/// A drawing's numbers: the first row names the columns.
pub(crate) type Sheet = Vec<Vec<String>>;

/// Rows of the text alternative shown on the page; a saved CSV has them all.
const SHEET_ROWS: usize = 200;

/// A drawing by itself. Parts of it that are numbered can be pressed.
#[component]
pub(crate) fn Plot(
    /// What to show.
    #[prop(into)]
    drawing: Signal<Drawing>,
    /// What it shows, in words.
    #[prop(into)]
    label: Signal<String>,
    /// The attribute that numbers its parts, and what to do with the number of the one that is pressed.
    #[prop(optional)]
    pick: Option<(&'static str, Callback<usize>)>,
    /// Names it for tests.
    #[prop(optional)]
    testid: Option<&'static str>,
) -> impl IntoView {
    let frame = move || drawing.with(|drawing| format!("0 0 {} {}", Short(drawing.width), Short(drawing.height)));
    let on_click = move |event: leptos::ev::MouseEvent| {
        if let Some((attribute, pick)) = pick
            && let Some(number) = browser::number_in(event.target(), attribute)
        {
            pick.run(number);
        }
    };
    // Larger than drawn, its letters would shout.
    let widest = move || drawing.with(|drawing| format!("{}px", Short((drawing.width * 1.15).round())));
    view! {
        <svg
            class="plot" role="img" data-testid=testid style:max-width=widest viewBox=frame aria-label=label
            on:click=on_click inner_html=move || drawing.get().body
        ></svg>
    }
}

/// A drawing with all that belongs to it. `children` is the drawing as shown, which may be alive.
#[component]
pub(crate) fn Figure(
    /// Names files and tests.
    name: &'static str,
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// What to read in it.
    #[prop(optional, into)]
    note: Signal<String>,
    /// What is saved.
    #[prop(into)]
    drawing: Signal<Drawing>,
    /// The same as numbers.
    #[prop(into)]
    sheet: Signal<Sheet>,
    /// The drawing as shown.
    children: Children,
) -> impl IntoView {
    let app = app();
    let as_table = RwSignal::new(false);
    let menu = NodeRef::<leptos::html::Details>::new();
    let close_menu = move || {
        if let Some(menu) = menu.get_untracked() {
            let _ = menu.remove_attribute("open");
        }
    };
    let on_menu_key = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Escape" {
            close_menu();
        }
    };
    let file = move || drawing.get_untracked().to_file(&title.get_untracked(), &app.palette.get_untracked().surface);
    let save_svg = move |_| {
        if let Some(blob) = browser::text_blob(&file(), "image/svg+xml") {
            browser::save(&blob, &format!("{name}.svg"));
        }
    };
    let save_png = move |_| {
        let (width, height) = drawing.with_untracked(|drawing| (drawing.width, drawing.height));
        let file = file();
        spawn_local(async move {
            browser::save_png(&file, width, height, &format!("{name}.png")).await;
        });
    };
    let save_csv = move |_| {
        if let Some(blob) = browser::text_blob(&csv(&sheet.get_untracked()), "text/csv") {
            browser::save(&blob, &format!("{name}.csv"));
        }
    };
    view! {
        <figure class="figure" data-testid=format!("figure-{name}")>
            <figcaption>
                <div>
                    <h2>{title}</h2>
                    <p class="quiet">{note}</p>
                </div>
                <div class="figure-actions">
                    <button
                        class="ghost small" aria-pressed=move || as_table.get().to_string()
                        on:click:target=move |_| as_table.update(|shown| *shown = !*shown)
                    >
                        {tr!(app, as_table)}
                    </button>
                    <details class="menu" node_ref=menu on:keydown=on_menu_key on:click=move |event: leptos::ev::MouseEvent| {
                        // A choice ends the choosing; the summary opens and closes by itself.
                        if crate::browser::is_button(event.target()) { close_menu(); }
                    }>
                        <summary class="ghost small" aria-label=tr!(app, save_as)>{tr!(app, save_as)}</summary>
                        <div class="menu-items">
                            <button on:click:target=save_svg>"SVG"</button>
                            <button on:click:target=save_png>"PNG"</button>
                            <button on:click:target=save_csv>"CSV"</button>
                        </div>
                    </details>
                </div>
            </figcaption>
            {children()}
            <Show when=move || as_table.get()>
                <div class="sheet" tabindex="0" role="region" aria-label=title>
                    {move || sheet_table(sheet.get())}
                </div>
            </Show>
        </figure>
    }
}

fn sheet_table(sheet: Sheet) -> impl IntoView {
    let mut rows = sheet.into_iter().take(SHEET_ROWS + 1);
    let head = rows.next().unwrap_or_default();
    view! {
        <table class="numbers">
            <thead><tr>{head.into_iter().map(|name| view! { <th scope="col">{name}</th> }).views()}</tr></thead>
            <tbody>
                {rows.map(|row| view! {
                    <tr>{row.into_iter().map(|cell| view! { <td>{cell}</td> }).views()}</tr>
                }).views()}
            </tbody>
        </table>
    }
}

/// A CSV of a sheet. A cell that a spreadsheet would run as a formula is quoted with an apostrophe.
fn csv(sheet: &Sheet) -> String {
    let cell = |cell: &String| {
        let number = cell.replace('−', "-");
        if crate::format::parse_number(&number).is_some() {
            return number;
        }
        let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let cell = if runs { format!("'{cell}") } else { cell.clone() };
        if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    };
    sheet.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_sheet_runs_no_formulas_and_keeps_numbers() {
        let sheet = vec![vec!["=1+1".to_owned(), "a,\"b\"".to_owned(), "−2.5".to_owned()]];
        assert_eq!(csv(&sheet), "'=1+1,\"a,\"\"b\"\"\",-2.5\r\n");
    }
}
