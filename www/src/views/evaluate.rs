//! Evaluate: how good the model is, where it is wrong, and how it stands beside the others of this visit.

use std::sync::Arc;

use leptos::prelude::*;

use super::train_result::{metric_help, metric_name};
use crate::actions;
use crate::charts::{Axis, Colour, Drawing, Point, ScatterSpec, ScatterWords, confusion, scatter};
use crate::format;
use crate::state::{App, Trained, app, said, tr};
use crate::text::fill;
use crate::widgets::{Figure, Heading, Issues, NeedsModel, Plot, Sheet, Views};

/// The stage.
#[component]
pub(crate) fn Evaluate() -> impl IntoView {
    let app = app();
    Effect::new(move || {
        if app.result.model.with(Option::is_some) {
            actions::evaluate(app);
            actions::follow_points(app);
        }
    });
    let has_model = Memo::new(move |_| app.result.model.with(Option::is_some));
    move || if has_model.get() { view! { <Measures/> }.into_any() } else { view! { <NeedsModel/> }.into_any() }
}

#[component]
fn Measures() -> impl IntoView {
    let app = app();
    let is_classification = Memo::new(move |_| {
        app.result.model.with(|model| model.as_ref().is_some_and(|model| model.model.classes.is_some()))
    });
    let issues = Signal::derive(move || {
        app.result
            .evaluation
            .with(|evaluation| evaluation.as_ref().map_or(Vec::new(), |evaluation| evaluation.issues.clone()))
    });
    view! {
        <Heading
            title=said(app, |texts| texts.evaluate_title)
            lead=said(app, |texts| texts.evaluate_lead)
        />
        <Models/>
        <Issues issues/>
        {move || if is_classification.get() { view! { <Confusion/> }.into_any() } else { view! { <Fitted/> }.into_any() }}
    }
}

/// The models of this visit, one row each; the one that is looked at can be changed here.
#[component]
fn Models() -> impl IntoView {
    let app = app();
    let is_shown = move |trained: &Arc<Trained>| {
        app.result.model.with(|model| model.as_ref().is_some_and(|model| Arc::ptr_eq(model, trained)))
    };
    let table = move || {
        let texts = app.text();
        let all = app.result.models.get();
        let task = app.result.model.with(|model| model.as_ref().map(|model| model.model.task));
        let same: Vec<_> = all.iter().filter(|trained| Some(trained.model.task) == task).collect();
        let names: Vec<String> =
            same.first().map_or(Vec::new(), |first| first.model.metrics.train.keys().cloned().collect());
        let head = names.iter().map(|name| {
            view! { <th scope="col" class="numeric" title=metric_help(name, texts)>{metric_name(name, texts)}</th> }
        });
        let rows = same.iter().rev().map(|trained| {
            let model = &trained.model;
            let cells = names.iter().map(|name| {
                let say = |value: Option<f64>| value.map_or("–".to_owned(), |value| format::fixed(value, if value.abs() < 100.0 { 3 } else { 1 }));
                let on_train = say(model.metrics.train.get(name).copied().flatten());
                let on_test = model.metrics.test.as_ref().map(|test| say(test.get(name).copied().flatten()));
                view! {
                    <td class="numeric">
                        {on_test.clone().unwrap_or_else(|| on_train.clone())}
                        {on_test.map(|_| view! { <span class="quiet small-number">{on_train}</span> })}
                    </td>
                }
            });
            let chosen = Arc::clone(trained);
            let shown = is_shown(trained);
            let name = app.kind_title(&model.kind);
            view! {
                <tr class:selected=shown>
                    <th scope="row">
                        <button class="link" aria-pressed=shown.to_string() on:click=move |_| actions::look_at(app, Arc::clone(&chosen))>
                            {name}
                        </button>
                        <span class="quiet">{format!(" → {}", crate::text::shortened(model.target_name(), 24))}</span>
                    </th>
                    {cells.views()}
                </tr>
            }
        });
        view! {
            <table class="numbers metrics" data-testid="measures">
                <thead><tr><th scope="col">{texts.model}</th>{head.views()}</tr></thead>
                <tbody>{rows.views()}</tbody>
            </table>
        }
    };
    view! {
        <section class="block">
            <h2>{tr!(app, models_title)}</h2>
            <p class="quiet">{tr!(app, models_note)}</p>
            <div class="wide">{table}</div>
        </section>
    }
}

#[component]
fn Confusion() -> impl IntoView {
    let app = app();
    let drawing = Memo::new(move |_| {
        let texts = app.text();
        let axes = [texts.true_class, texts.answered_class];
        let drawn = app.result.evaluation.with(|evaluation| {
            let evaluation = evaluation.as_ref()?;
            let (classes, counts) = (evaluation.classes.as_ref()?, evaluation.confusion.as_ref()?);
            Some(app.palette.with(|palette| confusion(classes, counts, axes, palette)))
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
            let head = std::iter::once(app.text().true_class.to_owned()).chain(classes.iter().cloned()).collect();
            let rows = classes.iter().zip(counts).map(|(name, counts)| {
                std::iter::once(name.clone()).chain(counts.iter().map(usize::to_string)).collect()
            });
            std::iter::once(head).chain(rows).collect()
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
    view! {
        <Figure name="confusion" title note drawing sheet>
            <div class="plot-narrow"><Plot drawing label=title/></div>
        </Figure>
    }
}

/// A regression: what was true against what was answered.
#[component]
fn Fitted() -> impl IntoView {
    let app = app();
    let points = Memo::new(move |_| fitted_points(app));
    let drawing = Memo::new(move |_| {
        let texts = app.text();
        let all = points.get();
        let span = |of: fn(&Point) -> f64| {
            all.iter()
                .map(of)
                .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)])
        };
        if all.is_empty() {
            return Drawing::default();
        }
        let axis = |name: &str, span| Axis { name: name.to_owned(), span, categories: Vec::new() };
        let target =
            app.result.model.with(|model| model.as_ref().map_or(String::new(), |model| model.model.target_name().to_owned()));
        let spec = ScatterSpec {
            x: &axis(&format!("{} · {target}", texts.true_value), span(|point| point.x)),
            y: &axis(&format!("{} · {target}", texts.answered_value), span(|point| point.y)),
            points: &all,
            regions: None,
            selected: app.data.selected_row.get(),
            classes: &[texts.train_rows.to_owned(), texts.test_rows.to_owned()],
            span: None,
            diagonal: true,
        };
        app.palette.with(|palette| scatter(&spec, &ScatterWords { legend: "" }, palette))
    });
    let sheet = Signal::derive(move || {
        let texts = app.text();
        let head = vec![texts.row.to_owned(), texts.true_value.to_owned(), texts.answered_value.to_owned()];
        let rows =
            points.get().into_iter().map(|p| vec![(p.row + 1).to_string(), format::plain(p.x), format::plain(p.y)]);
        std::iter::once(head).chain(rows).collect()
    });
    let title = said(app, |texts| texts.fitted_title);
    view! {
        <Figure name="fitted" title note=said(app, |texts| texts.fitted_note) drawing sheet>
            <div class="plot-narrow"><Plot drawing label=title/></div>
        </Figure>
    }
}

fn fitted_points(app: App) -> Vec<Point> {
    let (Some(rows), Some(trained)) = (app.result.points.get(), app.result.model.get()) else { return Vec::new() };
    let Some(column) = rows.columns.iter().position(|name| name == trained.model.target_name()) else { return Vec::new() };
    app.result.fitted.with(|fitted| {
        let pairs = rows.cells.iter().enumerate().filter_map(|(row, cells)| {
            let (x, y) = (cells.get(column)?.as_f64()?, *fitted.get(row)?);
            let is_test = trained.test_rows.binary_search(&(row as u32)).is_ok();
            let words = format!("{} → {}", format::number(x), format::number(y));
            Some(Point { row, x, y, colour: Colour::Class(usize::from(is_test)), words })
        });
        pairs.collect()
    })
}
