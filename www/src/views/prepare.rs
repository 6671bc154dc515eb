//! Prepare: from raw table to matrix, step by step, with what each step did.

use leptos::prelude::*;
use vitrine_protocol::{PreparedMsg, StepMsg};

use super::prepare_step::StepCard;
use crate::actions::recipe::{self, steps};
use crate::state::{App, Stage, app, said, tr};
use crate::text::{fill, shortened};
use crate::widgets::{Empty, ErrorCard, Heading, Icon, Issues, Views};
use crate::{browser, format};

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
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let is_undo = (event.ctrl_key() || event.meta_key()) && event.key().eq_ignore_ascii_case("z");
        // A text field undoes its own typing.
        if is_undo && !browser::is_typing() {
            event.prevent_default();
            recipe::travel(app, !event.shift_key());
        }
    });
    on_cleanup(move || keys.remove());
    let travel = move |back: bool, icon: &'static str| {
        let none_left = move || app.plan.history.with(|h| if back { h.done.is_empty() } else { h.undone.is_empty() });
        let words = said(app, if back { |texts| texts.undo } else { |texts| texts.redo });
        let keys = if back { "Control+Z" } else { "Control+Shift+Z" };
        view! {
            <button
                class="ghost icon-only" aria-label=words aria-keyshortcuts=keys title=move || format!("{} ({keys})", words.get())
                disabled=none_left on:click:target=move |_| recipe::travel(app, back)
            ><Icon name=icon/></button>
        }
    };
    // What the preview tells does not make the cards anew, only another recipe does.
    let all = Memo::new(move |_| steps(app));
    view! {
        <Heading
            title=said(app, |texts| texts.prepare_title)
            lead=said(app, |texts| texts.prepare_lead)
        >
            {travel(true, "undo")}
            {travel(false, "redo")}
            <Show when=move || app.plan.recipe.with(Option::is_some)>
                <button on:click:target=move |_| recipe::change(app, None)>{tr!(app, recipe_reset)}</button>
            </Show>
            <button class="primary" on:click:target=move |_| app.go(Stage::Train)>{tr!(app, go_train)}<Icon name="arrow"/></button>
        </Heading>
        <Choice/>
        {move || app.plan.prepare_error.get().map(|error| view! { <div class="notice notice-error" role="alert"><ErrorCard error/></div> })}
        <ol class="flow" data-testid="recipe">
            <li class="flow-end">{move || raw_words(app)}</li>
            {move || {
                browser::keep_focus("add-step");
                all.get().into_iter().enumerate().map(|(position, step)| view! { <StepCard position step/> }).views()
            }}
            <li class="flow-add"><AddStep/></li>
            <li class="flow-end flow-matrix">{move || app.plan.prepared.get().map(|prepared| matrix_view(app, &prepared))}</li>
        </ol>
        <p class="quiet">{tr!(app, prepare_note)}</p>
        <Issues issues/>
    }
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
    let has_target = Memo::new(move |_| app.has_target());
    // Without a target nothing has to be chosen, but what is chosen is not learned from.
    let no_column = move || {
        let is_none = move || app.plan.target.with(Option::is_none);
        (!has_target.get() || is_none()).then(|| view! { <option value="" selected=is_none>{tr!(app, none)}</option> })
    };
    let choose = move |name: String| {
        if has_target.get_untracked() && !name.is_empty() {
            return super::data_columns::choose_target(app, name);
        }
        batch(|| {
            recipe::forget(app);
            app.plan.target.set(Some(name).filter(|name| !name.is_empty()));
        });
    };
    view! {
        <div class="field">
            <label for="target">{move || if has_target.get() { app.text().target } else { app.text().leave_out }}</label>
            <select
                id="target" data-testid="target"
                on:change:target=move |event| choose(event.target().value())
            >
                {no_column}
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
            let columns = if doc.columns == "names" { Vec::<String>::new().into() } else { doc.columns.clone().into() };
            fields.insert("columns".to_owned(), columns);
            Some(StepMsg(fields))
        });
        if let Some(step) = step {
            recipe::edit(app, |all| all.push(step));
        }
    };
    let groups = move || {
        let lang = app.lang.get();
        app.catalog.with(|catalog| {
            let steps = catalog.as_ref().map_or(&[][..], |catalog| &catalog.steps);
            let groups = steps.chunk_by(|one, other| one.group == other.group).map(|group| {
                let steps =
                    group.iter().map(|doc| view! { <option value=doc.step.clone()>{lang.pick(&doc.title)}</option> });
                view! { <optgroup label=lang.pick(&group[0].group)>{steps.views()}</optgroup> }
            });
            groups.views()
        })
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
                {groups}
            </select>
        </label>
    }
}
