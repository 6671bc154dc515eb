//! Evaluate: how good the model is, where it is wrong, and how it stands beside the others of this visit.

use std::sync::Arc;

use leptos::prelude::*;
use vitrine_protocol::{MetricsMsg, Task};

use super::evaluate_charts::{Charts, EachChart};
use super::evaluate_confusion::Confusion;
use crate::actions;
use crate::format;
use crate::state::{Trained, app, effect, said, tr};
use crate::widgets::{Heading, Issues, NeedsModel, Views};

/// The stage.
#[component]
pub(crate) fn Evaluate() -> impl IntoView {
    let app = app();
    effect(move || {
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
    let task = Memo::new(move |_| app.result.model.with(|model| model.as_ref().map(|model| model.model.task)));
    let has_truth = move || task.get().is_none_or(Task::has_target);
    let has_evaluation = Memo::new(move |_| app.result.evaluation.with(Option::is_some));
    let has_others = Memo::new(move |_| {
        let task = app.result.model.with(|model| model.as_ref().map(|model| model.model.task));
        app.result.models.with(|models| models.iter().filter(|other| Some(other.model.task) == task).count() > 1)
    });
    let issues = Signal::derive(move || {
        app.result
            .evaluation
            .with(|evaluation| evaluation.as_ref().map_or(Vec::new(), |evaluation| evaluation.issues.clone()))
    });
    view! {
        <Heading
            title=said(app, |texts| texts.evaluate_title)
            lead=Signal::derive(move || {
                let texts = app.text();
                if has_truth() { texts.evaluate_lead } else { texts.evaluate_lead_no_truth }.to_owned()
            })
        />
        <Show when=move || has_others.get()><Models/></Show>
        <Issues issues/>
        <Table/>
        <Show when=move || has_evaluation.get()>
            <div class="pair">
                {move || match task.get() {
                    Some(Task::Classification) => view! { <Confusion/><Charts/> }.into_any(),
                    Some(Task::Regression) => view! { <Charts/> }.into_any(),
                    _ => view! { <EachChart/> }.into_any(),
                }}
            </div>
        </Show>
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
        let lang = app.lang.get();
        let docs = same.first().map_or(Vec::new(), |first| app.measures(&first.model.metrics.train, &["main"]));
        let head = docs.iter().map(|doc| {
            view! { <th scope="col" class="numeric" title=lang.pick(&doc.summary)>{lang.pick(&doc.title)}</th> }
        });
        let rows = same.iter().rev().map(|trained| {
            let model = &trained.model;
            let cells = docs.iter().map(|doc| {
                let of = |metrics: &MetricsMsg| format::measure(metrics.get(&doc.name).copied().flatten());
                let on_train = of(&model.metrics.train);
                let on_test = model.metrics.test.as_ref().map(of);
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
                        <button class="link" aria-pressed=shown.to_string() on:click:target=move |_| actions::look_at(app, Arc::clone(&chosen))>
                            {name}
                        </button>
                        <span class="quiet">{model.target.as_deref().map(|target| format!(" → {}", crate::text::shortened(target, 24)))}</span>
                    </th>
                    {cells.views()}
                </tr>
            }
        });
        view! {
            <table class="numbers metrics" data-testid="models">
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

/// Every measure of the model that is looked at: on both parts, and how sure it is.
#[component]
fn Table() -> impl IntoView {
    let app = app();
    let table = move || {
        let trained = app.result.model.get()?;
        let (texts, lang) = (app.text(), app.lang.get());
        let metrics = &trained.model.metrics;
        let has_truth = trained.model.task.has_target();
        let evaluation = app.result.evaluation.get();
        let intervals = evaluation.as_ref().and_then(|evaluation| evaluation.intervals.as_ref());
        let rows = app.measures(&metrics.train, &["main", "more"]).into_iter().map(|doc| {
            let of = |metrics: &MetricsMsg| format::measure(metrics.get(&doc.name).copied().flatten());
            let ends = intervals.and_then(|intervals| *intervals.get(&doc.name)?);
            let interval = ends.map(|ends| ends.map(|end| format::measure(Some(end))).join(" … "));
            let on_test = metrics.test.as_ref().map(|test| view! { <td class="numeric">{of(test)}</td> });
            view! {
                <tr>
                    <th scope="row">{lang.pick(&doc.title)}<span class="quiet small-number">{lang.pick(&doc.summary)}</span></th>
                    <td class="numeric">{of(&metrics.train)}</td>
                    {on_test}
                    {has_truth.then(|| view! { <td class="numeric">{interval.unwrap_or_else(|| "–".to_owned())}</td> })}
                </tr>
            }
        });
        Some(view! {
            <table class="numbers metrics" data-testid="measures">
                <thead>
                    <tr>
                        <th scope="col">{texts.measure}</th>
                        <th scope="col" class="numeric">{texts.train_rows}</th>
                        {metrics.test.as_ref().map(|_| view! { <th scope="col" class="numeric">{texts.test_rows}</th> })}
                        {has_truth.then(|| view! { <th scope="col" class="numeric">{texts.interval}</th> })}
                    </tr>
                </thead>
                <tbody>{rows.views()}</tbody>
            </table>
        })
    };
    let drawn = move || {
        let n = app.result.evaluation.with(|evaluation| evaluation.as_ref().map_or(0, |e| e.n_resamples));
        format::count(n)
    };
    // What cannot be wrong about a row has no interval either.
    let has_truth = Memo::new(move |_| {
        app.result.model.with(|trained| trained.as_ref().is_some_and(|trained| trained.model.task.has_target()))
    });
    view! {
        <section class="block">
            <h2>{tr!(app, measures_title)}</h2>
            <Show when=move || has_truth.get()>
                <p class="quiet">{move || crate::text::fill(app.text().measures_note, &[("n", &drawn())])}</p>
            </Show>
            <div class="wide">{table}</div>
            <Show when=move || app.result.evaluation.with(|e| e.as_ref().is_some_and(|e| e.per_class.is_some()))>
                <details>
                    <summary>{tr!(app, by_class)}</summary>
                    <div class="wide">{by_class}</div>
                </details>
            </Show>
        </section>
    }
}

/// The measures of each class.
fn by_class() -> impl IntoView {
    let app = app();
    move || {
        let evaluation = app.result.evaluation.get()?;
        let lang = app.lang.get();
        let per_class = evaluation.per_class.as_ref()?;
        let docs = app.measures(per_class.first()?, &["class"]);
        let head = docs.iter().map(|doc| {
            view! { <th scope="col" class="numeric" title=lang.pick(&doc.summary)>{lang.pick(&doc.title)}</th> }
        });
        let rows = per_class.iter().zip(evaluation.classes.iter().flatten()).map(|(measures, class)| {
            let cells = docs.iter().map(|doc| {
                let value = measures.get(&doc.name).copied().flatten();
                let is_count = value.filter(|_| !doc.is_share).map(|n| format::count(n as usize));
                view! { <td class="numeric">{is_count.unwrap_or_else(|| format::measure(value))}</td> }
            });
            view! { <tr><th scope="row">{crate::text::shortened(class, 40)}</th>{cells.views()}</tr> }
        });
        Some(view! {
            <table class="numbers metrics">
                <thead><tr><th scope="col">{app.text().class}</th>{head.views()}</tr></thead>
                <tbody>{rows.views()}</tbody>
            </table>
        })
    }
}
