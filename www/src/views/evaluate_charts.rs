//! The charts of the evaluation: which there are, what they are called and what they show is the engine's.

use leptos::prelude::*;
use vitrine_protocol::{ChartDocMsg, ModelMsg, SeriesMsg, StructureMsg, TextMsg};

use super::evaluate_rows::Oddest;
use crate::charts::{Axis, Colour, Column, Drawing, Point, ScatterSpec, ScatterWords, scatter};
use crate::format;
use crate::state::{App, app};
use crate::widgets::{Figure, Plot, Sheet, Views};

/// The charts of what has no truth, each by itself.
const ALONE: [&str; 5] = ["cluster_sizes", "explained_variance", "components", "scores", "oddest"];

/// Features whose arrows are drawn at most.
const N_ARROWS: usize = 20;

/// Components whose shares are drawn at most.
const N_COMPONENTS: usize = 24;

/// The charts of the evaluation, in the catalog's order.
fn docs(app: App) -> Vec<ChartDocMsg> {
    app.result.evaluation.with(|evaluation| {
        let charts = evaluation.as_ref().map(|evaluation| &evaluation.charts);
        let has = |doc: &&ChartDocMsg| charts.is_some_and(|charts| charts.contains_key(&doc.name));
        app.catalog.with(|catalog| catalog.iter().flat_map(|c| &c.charts).filter(has).cloned().collect())
    })
}

/// One figure, and the choice of what it shows.
#[component]
pub(super) fn Charts() -> impl IntoView {
    let app = app();
    let chosen = RwSignal::new(String::new());
    let docs = Memo::new(move |_| docs(app));
    let doc = Memo::new(move |_| {
        docs.with(|docs| docs.iter().find(|doc| doc.name == chosen.get()).or(docs.first()).cloned())
    });
    let options = move || {
        let now = doc.get().map(|doc| doc.name);
        let option = |doc: ChartDocMsg| {
            let selected = now.as_ref() == Some(&doc.name);
            view! { <option value=doc.name selected=selected>{app.lang.get().pick(&doc.title)}</option> }
        };
        docs.get().into_iter().map(option).views()
    };
    view! {
        <Chart name="evaluation" doc=doc.into()>
            <div class="axes">
                <label class="chip-select" for="chart">
                    <span>{move || app.text().chart}</span>
                    <select id="chart" on:change:target=move |event| chosen.set(event.target().value())>{options}</select>
                </label>
            </div>
        </Chart>
    }
}

/// The charts of what has no truth, `among` them those of the model that is looked at.
#[component]
pub(super) fn EachChart(#[prop(default = &ALONE)] among: &'static [&'static str]) -> impl IntoView {
    let app = app();
    let docs = Memo::new(move |_| docs(app));
    let chart = move |&name: &&'static str| {
        let doc = docs.with(|docs| docs.iter().find(|doc| doc.name == name).cloned())?;
        let doc = Signal::stored(Some(doc));
        Some(if name == "oddest" { view! { <Oddest doc/> }.into_any() } else { view! { <Chart name doc/> }.into_any() })
    };
    move || among.iter().filter_map(chart).collect::<Vec<AnyView>>()
}

/// One chart.
#[component]
fn Chart(
    name: &'static str,
    doc: Signal<Option<ChartDocMsg>>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let app = app();
    let drawing = Memo::new(move |_| doc.get().and_then(|doc| draw(app, &doc)).unwrap_or_default());
    let sheet = Signal::derive(move || doc.get().map_or(Sheet::new(), |doc| sheet(app, &doc)));
    let words = move |pick: fn(&ChartDocMsg) -> &TextMsg| {
        Signal::derive(move || doc.get().map_or(String::new(), |doc| app.lang.get().pick(pick(&doc))))
    };
    let title = words(|doc| &doc.title);
    let select = Callback::new(move |row| app.data.selected_row.set(Some(row)));
    view! {
        <Figure name title note=words(|doc| &doc.summary) drawing sheet>
            {children.map(|children| children())}
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
    if ALONE.contains(&&*doc.name) {
        return draw_alone(app, doc, &all);
    }
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
    let (x, y, points) = (axis(&doc.x, spans[0]), axis(&doc.y, spans[1]), points.collect::<Vec<_>>());
    let spec = ScatterSpec {
        selected: app.data.selected_row.get(),
        classes: &classes,
        guide: match &*doc.name {
            "precision_recall" => None,
            "residuals" => Some(0.0),
            _ => Some(1.0),
        },
        lines: &lines,
        ..ScatterSpec::new(&x, &y, &points)
    };
    Some(app.palette.with(|palette| scatter(&spec, &ScatterWords { legend: "" }, palette)))
}

/// What has no truth: columns of counts or shares, or rows along two components with the features' arrows.
fn draw_alone(app: App, doc: &ChartDocMsg, all: &[(String, SeriesMsg)]) -> Option<Drawing> {
    let trained = app.result.model.get()?;
    let (lang, model) = (app.lang.get(), &trained.model);
    let first = &all.first()?.1;
    let n_rows: Vec<f64> = first.n_rows.iter().map(|&n| f64::from(n)).collect();
    let heights = if n_rows.is_empty() { &first.y } else { &n_rows };
    let axis = |name, span, categories: Vec<String>| Axis { name: lang.pick(name), span, categories };
    if doc.name == "components" {
        return draw_components(
            app,
            axis(&doc.x, ends(&first.x), Vec::new()),
            axis(&doc.y, ends(&first.y), Vec::new()),
            first,
            model,
        );
    }
    let is_binned = doc.name == "scores";
    let is_shares = doc.name == "explained_variance";
    let heights = &heights[..heights.len().min(if is_shares { N_COMPONENTS } else { usize::MAX })];
    let names = match is_shares {
        _ if is_binned => Vec::new(),
        true => (1..=heights.len()).map(|number| number.to_string()).collect(),
        false => (0..heights.len()).map(|code| code.to_string()).collect(),
    };
    let columns = heights.iter().enumerate().map(|(at, &height)| {
        let place = at as f64;
        let across = if is_binned { [first.x[at], first.x[at + 1]] } else { [place - 0.4, place + 0.4] };
        let of = if is_binned { across.map(format::number).join(" – ") } else { names[at].clone() };
        let said = if is_shares { format::percent(height) } else { format::count(height as usize) };
        // Only groups have a colour of their own.
        let colour = Colour::Class(if is_binned || is_shares { 0 } else { at });
        Column { across, height, colour, words: format!("{of}: {said}") }
    });
    let columns: Vec<Column> = columns.collect();
    let span = if is_binned { ends(&first.x) } else { [-0.5, heights.len() as f64 - 0.5] };
    let highest = if is_shares { 1.0 } else { heights.iter().copied().fold(1.0, f64::max) * 1.04 };
    let (x, y) = (axis(&doc.x, span, names), axis(&doc.y, [0.0, highest], Vec::new()));
    let added_up = all.get(1).map_or(Vec::new(), |(_, series)| {
        series.y.iter().take(heights.len()).enumerate().map(|(at, y)| [at as f64, *y]).collect()
    });
    let texts = app.text();
    let spec = ScatterSpec {
        columns: &columns,
        upright: model.metrics.train.get("offset").copied().flatten().filter(|_| is_binned),
        // The line is the second series, and has its colour.
        lines: &[Vec::new(), added_up],
        classes: &if is_shares { vec![texts.each.to_owned(), texts.added_up.to_owned()] } else { Vec::new() },
        ..ScatterSpec::new(&x, &y, &[])
    };
    Some(app.palette.with(|palette| scatter(&spec, &ScatterWords { legend: "" }, palette)))
}

fn draw_components(app: App, x: Axis, y: Axis, rows: &SeriesMsg, model: &ModelMsg) -> Option<Drawing> {
    let StructureMsg::Components { components, .. } = &model.structure else { return None };
    let word = app.text().row;
    let point = |(at, &row): (usize, &u32)| {
        let words = format!("{word} {}", row + 1);
        Point { row: Some(row as usize), x: rows.x[at], y: rows.y[at], colour: Colour::Class(0), words }
    };
    let points: Vec<Point> = rows.rows.iter().enumerate().map(point).collect();
    // Only directions and lengths among them count: the longest reaches most of the way to the nearest edge.
    let along = |axis: usize, at: usize| components.get(axis).and_then(|all| all.get(at)).copied().unwrap_or_default();
    let ends = (0..model.feature_names.len()).map(|at| [along(0, at), along(1, at)]);
    let longest = ends.clone().flatten().fold(f64::MIN_POSITIVE, |longest, part| longest.max(part.abs()));
    let room = x.span.iter().chain(&y.span).fold(f64::INFINITY, |room, end| room.min(end.abs()));
    let arrow = |(name, end): (&String, [f64; 2])| (name.clone(), end.map(|part| 0.9 * room * part / longest));
    let arrows: Vec<_> = model.feature_names.iter().zip(ends).take(N_ARROWS).map(arrow).collect();
    let spec =
        ScatterSpec { selected: app.data.selected_row.get(), arrows: &arrows, ..ScatterSpec::new(&x, &y, &points) };
    Some(app.palette.with(|palette| scatter(&spec, &ScatterWords { legend: "" }, palette)))
}

/// From where to where numbers reach; a little around one that is alone.
fn ends(values: &[f64]) -> [f64; 2] {
    let ends = [f64::INFINITY, f64::NEG_INFINITY];
    let [low, high] = values.iter().fold(ends, |[low, high], value| [low.min(*value), high.max(*value)]);
    if high > low { [low, high] } else { [low - 0.5, low + 0.5] }
}

/// Every point as a row: its class and how many rows it stands for, or the row it is, as the chart has them.
fn sheet(app: App, doc: &ChartDocMsg) -> Sheet {
    let (texts, lang) = (app.text(), app.lang.get());
    let mut sheet = vec![vec![texts.class.to_owned(), lang.pick(&doc.x), lang.pick(&doc.y), texts.row.to_owned()]];
    for (name, mut series) in series(app, &doc.name) {
        if series.y.is_empty() {
            // Counts alone: they are what is upwards.
            series.y = std::mem::take(&mut series.n_rows).into_iter().map(f64::from).collect();
        }
        for (at, (x, y)) in series.x.iter().zip(&series.y).enumerate() {
            let row = series.rows.get(at).map(|row| (row + 1).to_string());
            let n_rows = series.n_rows.get(at).map(|n| format!("n = {n}"));
            let last = row.or(n_rows).unwrap_or_default();
            sheet.push(vec![name.clone(), format::plain(*x), format::plain(*y), last]);
        }
    }
    sheet
}
