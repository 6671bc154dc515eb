//! Prepare: from raw table to matrix, step by step, with what each step did.

use leptos::prelude::*;
use vitrine_protocol::{PreparedMsg, StepMsg};

use super::prepare_step::{StepCard, step_names};
use crate::state::{App, Stage, app, said, tr};
use crate::text::{fill, shortened};
use crate::widgets::{Empty, ErrorCard, Heading, Icon, Issues, Views};
use crate::{format, params};

/// The stage.
#[component]
pub(crate) fn Prepare() -> impl IntoView {
    let app = app();
    let has_table = Memo::new(move |_| app.data.table.with(Option::is_some));
    move || {
        if has_table.get() {
            view! { <Flow/> }.into_any()
        } else {
            view! {
                <Empty
                    words=said(app, |texts| texts.needs_data)
                    action=said(app, |texts| texts.go_data)
                    to=Stage::Data
                />
            }
            .into_any()
        }
    }
}

#[component]
fn Flow() -> impl IntoView {
    let app = app();
    let issues = Signal::derive(move || {
        app.plan.prepared.with(|prepared| prepared.as_ref().map_or(Vec::new(), |p| p.issues.clone()))
    });
    view! {
        <Heading
            title=said(app, |texts| texts.prepare_title)
            lead=said(app, |texts| texts.prepare_lead)
        >
            <Show when=move || app.plan.recipe.with(Option::is_some)>
                <button on:click:target=move |_| app.plan.recipe.set(None)>{tr!(app, recipe_reset)}</button>
            </Show>
            <button class="primary" on:click:target=move |_| app.go(Stage::Train)>{tr!(app, go_train)}<Icon name="arrow"/></button>
        </Heading>
        <Choice/>
        {move || app.plan.prepare_error.get().map(|error| view! { <div class="notice notice-error" role="alert"><ErrorCard error/></div> })}
        <ol class="flow" data-testid="recipe">
            <li class="flow-end">{move || raw_words(app)}</li>
            {move || steps(app).into_iter().enumerate().map(|(position, step)| {
                let fitted = app.plan.prepared.with(|prepared| {
                    prepared.as_ref()?.steps.get(position).filter(|fitted| is_same(&fitted.asked, &step)).cloned()
                });
                view! { <StepCard position step fitted/> }
            }).views()}
            <li class="flow-add"><AddStep/></li>
            <li class="flow-end flow-matrix">{move || app.plan.prepared.get().map(|prepared| matrix_view(app, &prepared))}</li>
        </ol>
        <p class="quiet">{tr!(app, prepare_note)}</p>
        <Issues issues/>
    }
}

/// Whether two steps ask for the same: a setting left out or null is no difference, nor is how a number is written.
fn is_same(one: &StepMsg, other: &StepMsg) -> bool {
    let setting = |step: &StepMsg, name: &str| step.0.get(name).map(params::show).unwrap_or_default();
    one.0.keys().chain(other.0.keys()).all(|name| setting(one, name) == setting(other, name))
}

/// The steps as they stand: the person's, or the ones the engine chose.
pub(super) fn steps(app: App) -> Vec<StepMsg> {
    app.plan.recipe.get().unwrap_or_else(|| {
        app.plan.prepared.with(|prepared| prepared.as_ref().map_or(Vec::new(), |p| p.recipe.clone()))
    })
}

fn raw_words(app: App) -> impl IntoView {
    app.data.table.with(|table| {
        let table = table.as_ref()?;
        let values = [("rows", format::count(table.n_rows)), ("columns", format::count(table.columns.len()))];
        let size = fill(app.text().size, &values.each_ref().map(|(name, value)| (*name, value.as_str())));
        Some(view! { <b>{app.text().raw_table}</b><span class="quiet">{size}</span> })
    })
}

fn matrix_view(app: App, prepared: &PreparedMsg) -> impl IntoView + use<> {
    let values = [("rows", format::count(prepared.n_rows)), ("columns", format::count(prepared.feature_names.len()))];
    let size = fill(app.text().size, &values.each_ref().map(|(name, value)| (*name, value.as_str())));
    let names =
        prepared.feature_names.iter().take(40).map(|name| view! { <span class="tag">{shortened(name, 40)}</span> });
    let rest = prepared.feature_names.len().saturating_sub(40);
    view! {
        <b>{app.text().matrix}</b>
        <span class="quiet">{size}</span>
        <div class="tags">{names.views()}{(rest > 0).then(|| format!("+{rest}"))}</div>
    }
}

/// The target and the features.
#[component]
fn Choice() -> impl IntoView {
    let app = app();
    let columns = move || {
        app.data.table.with(|table| {
            table
                .as_ref()
                .map_or(Vec::new(), |table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>())
        })
    };
    let toggles = move || {
        let target = app.plan.target.get();
        let all = columns();
        let many = all.len() > 60;
        let buttons = all.into_iter().filter(|name| Some(name) != target.as_ref()).take(60).map(|name| {
            let is_used = {
                let name = name.clone();
                move || app.plan.left_out.with(|left_out| !left_out.contains(&name))
            };
            let words = shortened(&name, 40);
            let toggle = move |_| {
                app.plan.left_out.update(|left_out| {
                    if !left_out.remove(&name) {
                        left_out.insert(name.clone());
                    }
                });
            };
            view! {
                <button class="toggle" aria-pressed=move || is_used().to_string() on:click:target=toggle>{words}</button>
            }
        });
        view! { {buttons.views()}{many.then_some("…")} }
    };
    view! {
        <div class="choice">
            <TargetSelect/>
            <div class="field features" role="group" aria-label=tr!(app, features)>
                <span class="field-name">{tr!(app, features)}</span>
                <div class="tags">{toggles}</div>
            </div>
        </div>
    }
}

/// The choice of the column to predict.
#[component]
pub(super) fn TargetSelect() -> impl IntoView {
    let app = app();
    let options =
        move || {
            let target = app.plan.target.get();
            app.data.table.with(|table| {
                let columns = table.as_ref().map_or(&[][..], |table| &table.columns);
                columns.iter().map(|column| {
                let selected = target.as_ref() == Some(&column.name);
                view! { <option value=column.name.clone() selected=selected>{shortened(&column.name, 60)}</option> }
            }).views()
            })
        };
    view! {
        <div class="field">
            <label for="target">{tr!(app, target)}</label>
            <select
                id="target" data-testid="target"
                on:change:target=move |event| super::data_columns::choose_target(app, event.target().value())
            >
                {options}
            </select>
        </div>
    }
}

/// Adds a step at the end, with the engine's own defaults.
#[component]
fn AddStep() -> impl IntoView {
    let app = app();
    let add = move |name: String| {
        let step = app.catalog.with_untracked(|catalog| {
            let doc = catalog.as_ref()?.steps.iter().find(|doc| doc.step == name)?;
            let mut fields = serde_json::Map::new();
            fields.insert("step".to_owned(), name.clone().into());
            for param in doc.params.iter().filter(|param| !param.default.is_null()) {
                fields.insert(param.name.clone(), param.default.clone());
            }
            fields.insert("columns".to_owned(), doc.columns.clone().into());
            Some(StepMsg(fields))
        });
        if let Some(step) = step {
            let mut all = untrack(move || steps(app));
            all.push(step);
            app.plan.recipe.set(Some(all));
        }
    };
    view! {
        <label class="chip-select" for="add-step">
            <Icon name="plus"/>
            <select
                id="add-step" data-testid="add-step" aria-label=tr!(app, add_step)
                on:change:target=move |event| {
                    add(event.target().value());
                    event.target().set_value("");
                }
            >
                <option value="">{tr!(app, add_step)}</option>
                {move || step_names(app).into_iter().map(|(name, title)| view! { <option value=name>{title}</option> }).views()}
            </select>
        </label>
    }
}
