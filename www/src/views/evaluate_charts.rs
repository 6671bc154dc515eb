//! One chart of the evaluation at a time: which there are, what they are called and what they show is the engine's.

use leptos::prelude::*;
use vitrine_protocol::{ChartDocMsg, SeriesMsg, TextMsg};

use crate::charts::{Axis, Colour, Drawing, Point, ScatterSpec, ScatterWords, scatter};
use crate::format;
use crate::state::{App, app};
use crate::widgets::{Figure, Plot, Sheet, Views};

/// The figure, and the choice of what it shows.
#[component]
pub(super) fn Charts() -> impl IntoView {
    let app = app();
    let chosen = RwSignal::new(String::new());
    let docs = Memo::new(move |_| {
        app.result.evaluation.with(|evaluation| {
            let charts = evaluation.as_ref().map(|evaluation| &evaluation.charts);
            let has = |doc: &&ChartDocMsg| charts.is_some_and(|charts| charts.contains_key(&doc.name));
            app.catalog.with(|catalog| catalog.iter().flat_map(|c| &c.charts).filter(has).cloned().collect::<Vec<_>>())
        })
    });
    let doc = Memo::new(move |_| {
        docs.with(|docs| docs.iter().find(|doc| doc.name == chosen.get()).or(docs.first()).cloned())
    });
    let drawing = Memo::new(move |_| doc.get().and_then(|doc| draw(app, &doc)).unwrap_or_default());
    let sheet = Signal::derive(move || doc.get().map_or(Sheet::new(), |doc| sheet(app, &doc)));
    let words = move |pick: fn(&ChartDocMsg) -> &TextMsg| {
        Signal::derive(move || doc.get().map_or(String::new(), |doc| app.lang.get().pick(pick(&doc))))
    };
    let title = words(|doc| &doc.title);
    let select = Callback::new(move |row| app.data.selected_row.set(Some(row)));
    let options = move || {
        let now = doc.get().map(|doc| doc.name);
        let option = |doc: ChartDocMsg| {
            let selected = now.as_ref() == Some(&doc.name);
            view! { <option value=doc.name selected=selected>{app.lang.get().pick(&doc.title)}</option> }
        };
        docs.get().into_iter().map(option).views()
    };
    view! {
        <Figure name="evaluation" title note=words(|doc| &doc.summary) drawing sheet>
            <div class="axes">
                <label class="chip-select" for="chart">
                    <span>{move || app.text().chart}</span>
                    <select id="chart" on:change:target=move |event| chosen.set(event.target().value())>{options}</select>
                </label>
            </div>
            <div class="plot-narrow"><Plot drawing label=title pick=("data-row", select) testid="chart"/></div>
        </Figure>
    }
}

/// The series of a chart, each with its name.
fn series(app: App, chart: &str) -> Vec<(String, SeriesMsg)> {
    app.result.evaluation.with(|evaluation| {
        let Some(evaluation) = evaluation else { return Vec::new() };
        let all = evaluation.charts.get(chart).into_iter().flatten();
        let name = |series: &SeriesMsg| {
            let class = evaluation.classes.as_ref().zip(series.class).and_then(|(classes, class)| classes.get(class));
            class.cloned().unwrap_or_default()
        };
        all.map(|series| (name(series), series.clone())).collect()
    })
}

fn draw(app: App, doc: &ChartDocMsg) -> Option<Drawing> {
    let lang = app.lang.get();
    let all = series(app, &doc.name);
    let is_of_numbers = all.first()?.1.class.is_none();
    let ends = |of: fn(&SeriesMsg) -> &Vec<f64>| {
        let values = all.iter().flat_map(|(_, series)| of(series)).copied();
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)])
    };
    // Shares and probabilities have the whole of their span, so that charts can be compared.
    let spans = if is_of_numbers { [ends(|series| &series.x), ends(|series| &series.y)] } else { [[0.0, 1.0]; 2] };
    if spans.iter().any(|[low, high]| low > high) {
        return None;
    }
    let axis = |name, span| Axis { name: lang.pick(name), span, categories: Vec::new() };
    let line = |series: &SeriesMsg| series.x.iter().zip(&series.y).map(|(x, y)| [*x, *y]).collect::<Vec<_>>();
    let lines: Vec<_> = if is_of_numbers { Vec::new() } else { all.iter().map(|(_, series)| line(series)).collect() };
    let points = all.iter().enumerate().flat_map(|(position, (_, series))| {
        // A line's points say how many rows they stand for, or nothing and are not drawn.
        let numbers = if is_of_numbers { &series.rows } else { &series.n_rows };
        line(series).into_iter().zip(numbers).map(move |([x, y], &number)| {
            let words = format!("{} · {}", format::number(x), format::number(y));
            let words = if is_of_numbers { words } else { format!("{words} (n = {number})") };
            let row = is_of_numbers.then_some(number as usize);
            Point { row, x, y, colour: Colour::Class(position), words }
        })
    });
    // The area first: what a legend cuts off is the end.
    let names = all.iter().map(|(name, series)| match series.area {
        Some(area) => format!("{} {name}", format::fixed(area, 2)),
        None => name.clone(),
    });
    let classes: Vec<String> = if is_of_numbers { Vec::new() } else { names.collect() };
    let spec = ScatterSpec {
        x: &axis(&doc.x, spans[0]),
        y: &axis(&doc.y, spans[1]),
        points: &points.collect::<Vec<_>>(),
        regions: None,
        selected: app.data.selected_row.get(),
        classes: &classes,
        span: None,
        guide: match &*doc.name {
            "precision_recall" => None,
            "residuals" => Some(0.0),
            _ => Some(1.0),
        },
        lines: &lines,
        marked: &[],
    };
    Some(app.palette.with(|palette| scatter(&spec, &ScatterWords { legend: "" }, palette)))
}

/// Every point as a row: its class and how many rows it stands for, or the row it is, as the chart has them.
fn sheet(app: App, doc: &ChartDocMsg) -> Sheet {
    let (texts, lang) = (app.text(), app.lang.get());
    let mut sheet = vec![vec![texts.class.to_owned(), lang.pick(&doc.x), lang.pick(&doc.y), texts.row.to_owned()]];
    for (name, series) in series(app, &doc.name) {
        for (at, (x, y)) in series.x.iter().zip(&series.y).enumerate() {
            let row = series.rows.get(at).map(|row| (row + 1).to_string());
            let n_rows = series.n_rows.get(at).map(|n| format!("n = {n}"));
            let last = row.or(n_rows).unwrap_or_default();
            sheet.push(vec![name.clone(), format::plain(*x), format::plain(*y), last]);
        }
    }
    sheet
}
