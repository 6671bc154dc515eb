//! Linear models: their coefficients, and what each feature adds to one row's answer. Centres of clusters and principal
//! components are numbers of the features as well, and are drawn likewise.

use leptos::prelude::*;
use serde_json::Value;
use vitrine_protocol::{CoefficientsMsg, ModelMsg, StructureMsg};

use crate::charts::{Bar, bars, largest_first};
use crate::format;
use crate::state::{App, app, effect, said, tr};
use crate::text::fill;
use crate::widgets::{Figure, Plot, Sheet, Views};

/// Bars shown; the sheet has them all.
const N_BARS: usize = 24;

/// Clusters or components that can be looked at.
const N_SETS: usize = 24;

/// One set of coefficients: of which class, the intercept, and one number per feature. Of a cluster or a component there
/// is no intercept.
struct ClassSet {
    class: Option<String>,
    intercept: Option<f64>,
    coefficients: Vec<f64>,
}

fn sets(model: &ModelMsg, linear: &CoefficientsMsg) -> Vec<ClassSet> {
    let numbers = |value: &Value| match value {
        Value::Array(values) => values.iter().filter_map(Value::as_f64).collect(),
        value => value.as_f64().into_iter().collect::<Vec<f64>>(),
    };
    let intercepts = numbers(&linear.intercept);
    let lists = match &linear.coefficients {
        Value::Array(lists) if lists.iter().all(Value::is_array) && !lists.is_empty() => {
            lists.iter().map(&numbers).collect()
        }
        flat => vec![numbers(flat)],
    };
    let classes = model.classes.as_deref().unwrap_or_default();
    // Two classes have one list, and it is the second's.
    let first_class = if lists.len() == 1 && classes.len() == 2 { 1 } else { 0 };
    let with_class = |(position, coefficients)| ClassSet {
        class: classes.get(first_class + position).cloned(),
        intercept: intercepts.get(position).copied(),
        coefficients,
    };
    lists.into_iter().enumerate().map(with_class).collect()
}

fn with_sets<T>(app: App, with: impl FnOnce(&ModelMsg, Vec<ClassSet>) -> T) -> Option<T> {
    app.result.model.with(|trained| match &trained.as_ref()?.model.structure {
        StructureMsg::Linear(linear) => {
            let model = &trained.as_ref()?.model;
            Some(with(model, sets(model, linear)))
        }
        StructureMsg::Clusters { centers: rows, .. } | StructureMsg::Components { components: rows, .. } => {
            let model = &trained.as_ref()?.model;
            let component = |at: usize| fill(app.text().component, &[("n", &(at + 1).to_string())]);
            let names = app.code_names(model);
            let set = |(at, coefficients): (usize, &Vec<f64>)| ClassSet {
                class: Some(names.get(at).cloned().unwrap_or_else(|| component(at))),
                intercept: None,
                coefficients: coefficients.clone(),
            };
            Some(with(model, rows.iter().take(N_SETS).enumerate().map(set).collect()))
        }
        _ => None,
    })
}

/// What the numbers are: title, note and the axis' name.
fn said_of(app: App) -> [&'static str; 3] {
    let texts = app.text();
    app.result.model.with(|trained| match trained.as_ref().map(|trained| &trained.model.structure) {
        Some(StructureMsg::Clusters { .. }) => [texts.centers_title, texts.parts_note, texts.value],
        Some(StructureMsg::Components { .. }) => [texts.components_title, texts.parts_note, texts.coefficient],
        _ => [texts.coefficients_title, texts.coefficients_note, texts.coefficient_axis],
    })
}

/// The coefficients of a class, as bars, largest first.
#[component]
pub(super) fn Coefficients() -> impl IntoView {
    let app = app();
    let class: RwSignal<usize> = RwSignal::new(0);
    effect(move || {
        app.result.model.track();
        class.set(0);
    });
    let sorted = move || {
        with_sets(app, |model, sets| {
            let set = sets.into_iter().nth(class.get())?;
            let mut all: Vec<Bar> = model
                .feature_names
                .iter()
                .zip(set.coefficients)
                .map(|(label, value)| Bar { label: label.clone(), value })
                .collect();
            largest_first(&mut all, |bar| bar.value.abs());
            Some((all, set.intercept))
        })
        .flatten()
        .unwrap_or_default()
    };
    let drawing = Memo::new(move |_| {
        let (mut all, _) = sorted();
        all.truncate(N_BARS);
        app.palette.with(|palette| bars(&all, said_of(app)[2], palette))
    });
    let sheet = Signal::derive(move || {
        let texts = app.text();
        let (all, intercept) = sorted();
        let head = vec![texts.feature.to_owned(), texts.coefficient.to_owned()];
        let rows = all.into_iter().map(|bar| vec![bar.label, format::plain(bar.value)]);
        let last = intercept.map(|intercept| vec![texts.intercept.to_owned(), format::plain(intercept)]);
        std::iter::once(head).chain(rows).chain(last).collect::<Sheet>()
    });
    let title = Signal::derive(move || said_of(app)[0].to_owned());
    let note = Signal::derive(move || {
        let (all, intercept) = sorted();
        let intercept = intercept.map(format::number).unwrap_or_default();
        let values = [("intercept", intercept), ("n", all.len().to_string())];
        fill(said_of(app)[1], &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    });
    let classes = move || {
        with_sets(app, |_, sets| sets.into_iter().filter_map(|set| set.class).collect::<Vec<_>>()).unwrap_or_default()
    };
    view! {
        <Figure name="coefficients" title note drawing sheet>
            <div class="segments" role="group" aria-label=tr!(app, class)>
                {move || classes().into_iter().enumerate().map(|(position, name)| view! {
                    <button
                        class="segment" aria-pressed=move || (class.get() == position).to_string()
                        on:click:target=move |_| class.set(position)
                    >{crate::text::shortened(&name, 30)}</button>
                }).views()}
            </div>
            <Plot drawing label=title/>
        </Figure>
    }
}

/// What each feature adds to the selected row's answer.
#[component]
pub(super) fn Terms() -> impl IntoView {
    let app = app();
    let terms = move || app.result.path.with(|path| path.as_ref().map_or(Vec::new(), |path| path.terms.clone()));
    let drawing = Memo::new(move |_| {
        let all: Vec<Bar> = terms()
            .into_iter()
            .take(N_BARS)
            .map(|term| Bar { label: term.feature_name, value: term.contribution })
            .collect();
        app.palette.with(|palette| bars(&all, app.text().contribution_axis, palette))
    });
    let sheet = Signal::derive(move || {
        let texts = app.text();
        let head = [texts.feature, texts.value, texts.coefficient, texts.contribution].map(str::to_owned).to_vec();
        let rows = terms().into_iter().map(|term| {
            vec![
                term.feature_name,
                format::plain(term.value),
                format::plain(term.coefficient),
                format::plain(term.contribution),
            ]
        });
        std::iter::once(head).chain(rows).collect::<Sheet>()
    });
    let title = said(app, |texts| texts.terms_title);
    view! {
        <Show when=move || !terms().is_empty()>
            <Figure name="terms" title note=said(app, |texts| texts.terms_note) drawing sheet>
                <Plot drawing label=title/>
            </Figure>
        </Show>
    }
}
