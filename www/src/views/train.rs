//! Train: what to learn, with which model, and then watching it learn.

use std::collections::BTreeMap;

use leptos::prelude::*;
use vitrine_protocol::{ColumnKind, ColumnMsg, ModelDocMsg, Task};

use super::prepare::TargetSelect;
use super::profile::Profile;
use super::rates::Rates;
use super::search::{Choosable, Found, Vary, choice};
use super::train_result::Outcome;
use crate::actions;
use crate::format::{self, Short};
use crate::state::{Stage, Way, app, said, tr};
use crate::text::{fill, shortened};
use crate::widgets::{Empty, Heading, Icon, ParamForm, Views};

/// The stage.
#[component]
pub(crate) fn Train() -> impl IntoView {
    let app = app();
    let has_table = Memo::new(move |_| app.data.table.with(Option::is_some));
    move || {
        if has_table.get() {
            view! { <Bench/> }.into_any()
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
fn Bench() -> impl IntoView {
    let app = app();
    let way = Memo::new(move |_| app.way());
    let has_target = Memo::new(move |_| app.has_target());
    let cannot = move || {
        app.is_busy()
            || app.model_kind().is_none()
            || (has_target.get() && app.plan.target.with(Option::is_none))
            || has_wrong(app)
            || (way.get() == Way::Search && app.plan.varied.with(BTreeMap::is_empty))
    };
    let go = move |_| if way.get_untracked() == Way::Train { actions::train(app) } else { actions::search(app) };
    let words = move || {
        let texts = app.text();
        match way.get() {
            _ if app.is_busy() => texts.training,
            Way::Train => texts.train_now,
            Way::Compare => texts.compare_now,
            Way::Search => texts.search_now,
        }
    };
    let option = move |this: Way, words: fn(&crate::text::Texts) -> &'static str| {
        view! {
            <button class="segment" aria-pressed=move || (way.get() == this).to_string() on:click:target=move |_| app.plan.way.set(this)>
                {move || words(app.text())}
            </button>
        }
    };
    view! {
        <Heading
            title=said(app, |texts| texts.train_title)
            lead=said(app, |texts| texts.train_lead)
        >
            <button class="primary large" data-testid="train" disabled=cannot on:click=go>
                <Icon name="train"/>{words}
            </button>
        </Heading>
        <Show when=move || has_target.get()>
            <div class="segments" role="group" aria-label=tr!(app, way) data-testid="way">
                {option(Way::Train, |t| t.way_train)}
                {option(Way::Compare, |t| t.compare_now)}
                {option(Way::Search, |t| t.way_search)}
            </div>
        </Show>
        <div class="bench">
            <div class="plan">
                <div class="fields"><TaskChoice/><TargetSelect/></div>
                <ModelChoice/>
                <Parameters/>
                <Split/>
            </div>
            {move || if way.get() == Way::Train { view! { <Outcome/> }.into_any() } else {
                view! { <div class="outcome" id="outcome"><Found/></div> }.into_any()
            }}
        </div>
    }
}

/// Whether something typed is not a value; the fields say which.
fn has_wrong(app: crate::state::App) -> bool {
    let kind = app.model_kind();
    let seed_is_wrong = app.plan.seed.with(|seed| seed.trim().parse::<u64>().is_err());
    seed_is_wrong
        || app.catalog.with(|catalog| {
            let doc = catalog.as_ref().and_then(|c| c.models.iter().find(|model| Some(&model.kind) == kind.as_ref()));
            doc.is_some_and(|doc| {
                let is_wrong = |(name, words): (&String, &String)| {
                    let param = doc.params.iter().find(|param| param.name == *name);
                    param.is_some_and(|param| crate::params::parse_space(param, words).is_none())
                };
                app.plan.varied.with(|varied| varied.iter().any(is_wrong))
                    || app.plan.params.with(|typed| {
                        doc.params.iter().any(|param| {
                            typed.get(&param.name).is_some_and(|words| crate::params::parse(param, words).is_err())
                        })
                    })
            })
        })
}

#[component]
fn TaskChoice() -> impl IntoView {
    let app = app();
    let task = Memo::new(move |_| app.task());
    let option = move |this: Task, words: fn(&crate::text::Texts) -> &'static str| {
        view! {
            <button
                class="segment" aria-pressed=move || (task.get() == Some(this)).to_string()
                on:click:target=move |_| app.plan.task.set(Some(this))
            >{move || words(app.text())}</button>
        }
    };
    view! {
        <div class="field across" role="group" aria-label=tr!(app, task)>
            <span class="field-name">{tr!(app, task)}</span>
            <div class="segments" data-testid="task">
                {option(Task::Classification, |t| t.task_classification)}
                {option(Task::Regression, |t| t.task_regression)}
                {option(Task::Clustering, |t| t.task_clustering)}
                {option(Task::Projection, |t| t.task_projection)}
                {option(Task::AnomalyDetection, |t| t.task_anomaly)}
            </div>
        </div>
    }
}

#[component]
fn ModelChoice() -> impl IntoView {
    let app = app();
    let chosen = Memo::new(move |_| app.model_kind());
    let fitting = Memo::new(move |_| {
        let task = app.task();
        app.catalog.with(|catalog| {
            let models = catalog.as_ref().map_or(&[][..], |catalog| &catalog.models);
            models
                .iter()
                .filter(|model| task.is_some_and(|task| model.tasks.contains(&task)))
                .cloned()
                .collect::<Vec<ModelDocMsg>>()
        })
    });
    let card = move |model: ModelDocMsg| {
        let ModelDocMsg { kind, title, summary, webgpu, .. } = model;
        let is_several = move || app.way() == Way::Compare;
        let is_chosen = {
            let kind = kind.clone();
            move || match is_several() {
                true => app.plan.not_compared.with(|left_out| !left_out.contains(&kind)),
                false => chosen.get().as_ref() == Some(&kind),
            }
        };
        let testid = format!("model-{kind}");
        let value = kind.clone();
        view! {
            <label class="model" class:chosen=is_chosen.clone() data-testid=testid>
                <input
                    type=move || if is_several() { "checkbox" } else { "radio" } name="model" value=value prop:checked=is_chosen.clone()
                    on:change:target=move |_| {
                        if is_several() {
                            return app.plan.not_compared.update(|left_out| {
                                if !left_out.remove(&kind) {
                                    left_out.insert(kind.clone());
                                }
                            });
                        }
                        app.plan.params.set(Default::default());
                        app.plan.varied.set(Default::default());
                        app.plan.kind.set(Some(kind.clone()));
                    }
                />
                <span class="model-title">{move || app.lang.get().pick(&title)}{webgpu.then(|| view! { <span class="tag">"WebGPU"</span> })}</span>
                <span class="model-words">{move || app.lang.get().pick(&summary)}</span>
            </label>
        }
    };
    view! {
        <fieldset class="models">
            <legend>{tr!(app, model)}</legend>
            {move || fitting.get().into_iter().map(card).views()}
        </fieldset>
    }
}

#[component]
fn Parameters() -> impl IntoView {
    let app = app();
    let doc = Memo::new(move |_| {
        let kind = app.model_kind()?;
        app.catalog.with(|catalog| catalog.as_ref()?.models.iter().find(|model| model.kind == kind).cloned())
    });
    move || {
        let way = app.way();
        doc.get().filter(|doc| way != Way::Compare && !doc.params.is_empty()).map(|doc| {
            let vary = (way == Way::Search).then(|| view! { <Vary params=doc.params.clone()/> });
            view! {
                {vary}
                <section class="plan-part">
                    <div class="plan-title">
                        <h2>{app.text().parameters}</h2>
                        <Show when=move || app.plan.params.with(|typed| !typed.is_empty())>
                            <button class="ghost small" on:click:target=move |_| app.plan.params.set(Default::default())>
                                {tr!(app, parameters_reset)}
                            </button>
                        </Show>
                    </div>
                    <ParamForm params=doc.params prefix="param" typed=app.plan.params/>
                </section>
                {(doc.watchable && way == Way::Train).then(|| view! { <Rates/><Profile/> })}
            }
        })
    }
}

const FOLDS: &[Choosable] = &[("3", |_| "3"), ("5", |_| "5"), ("10", |_| "10")];

const METHODS: &[Choosable] =
    &[("grid", |t| t.method_grid), ("random", |t| t.method_random), ("halving", |t| t.method_halving)];

#[component]
fn Split() -> impl IntoView {
    let app = app();
    let share = move || app.plan.test_fraction.get();
    let seed_is_wrong = move || app.plan.seed.with(|seed| seed.trim().parse::<u64>().is_err());
    let option = move |value: &'static str, words: fn(&crate::text::Texts) -> &'static str| {
        view! {
            <option value=value selected=move || app.plan.device.get() == value>{move || words(app.text())}</option>
        }
    };
    let search_fields = move || {
        let way = app.way();
        let folds = (way != Way::Train).then(|| choice(app, "folds", |t| t.folds, FOLDS, app.plan.folds));
        let method = (way == Way::Search).then(|| choice(app, "method", |t| t.method, METHODS, app.plan.method));
        (folds, method)
    };
    let has_target = Memo::new(move |_| app.has_target());
    let weighs = Memo::new(move |_| app.way() == Way::Train && app.takes_weights());
    view! {
        <section class="plan-part">
            <Show when=move || has_target.get()>
                <h2>{tr!(app, split_title)}</h2>
                <div class="split-bar" aria-hidden="true">
                    <span class="split-train" style:width=move || format!("{}%", Short(100.0 - share() * 100.0))>{tr!(app, train_rows)}</span>
                    <span class="split-test" style:width=move || format!("{}%", Short(share() * 100.0))>{tr!(app, test_rows)}</span>
                </div>
            </Show>
            <div class="fields">
                <Show when=move || has_target.get()>
                    <div class="field">
                        <label for="test-fraction">{move || fill(app.text().test_share, &[("share", &format::percent(share()))])}</label>
                        <input
                            type="range" id="test-fraction" min="0" max="0.9" step="0.05" prop:value=move || Short(share()).to_string()
                            on:input:target=move |event| {
                                if let Some(share) = format::parse_number(&event.target().value()) {
                                    app.plan.test_fraction.set(share);
                                }
                            }
                        />
                        <p class="help">{tr!(app, split_help)}</p>
                    </div>
                </Show>
                {search_fields}
                <div class="field" class:field-wrong=seed_is_wrong>
                    <label for="seed">{tr!(app, seed)}</label>
                    <input
                        type="text" inputmode="numeric" id="seed" autocomplete="off" prop:value=move || app.plan.seed.get()
                        aria-invalid=move || seed_is_wrong().then_some("true")
                        on:input:target=move |event| app.plan.seed.set(event.target().value())
                    />
                    <p class="help">
                        {move || if seed_is_wrong() {
                            view! { <span class="wrong">{fill(app.text().wrong_whole, &[("range", "≥ 0")])}</span> }.into_any()
                        } else {
                            app.text().seed_help.into_any()
                        }}
                    </p>
                </div>
                <div class="field">
                    <label for="device">{tr!(app, device)}</label>
                    <select id="device" on:change:target=move |event| app.plan.device.set(event.target().value())>
                        {option("auto", |t| t.device_auto)}
                        {option("cpu", |t| t.device_cpu)}
                        {option("webgpu", |_| "WebGPU")}
                    </select>
                    <p class="help">{tr!(app, device_help)}</p>
                </div>
                <Show when=move || weighs.get()><Weight/></Show>
            </div>
        </section>
    }
}

/// The choice of the column that weighs the rows.
#[component]
fn Weight() -> impl IntoView {
    let app = app();
    let options = move || {
        let (chosen, target) = (app.weight(), app.plan.target.get());
        app.data.table.with(|table| {
            let columns = table.as_ref().map_or(&[][..], |table| &table.columns).iter();
            let can = |column: &&ColumnMsg| column.kind == ColumnKind::Numeric && Some(&column.name) != target.as_ref();
            let option = |column: &ColumnMsg| {
                let selected = chosen.as_ref() == Some(&column.name);
                view! { <option value=column.name.clone() selected=selected>{shortened(&column.name, 60)}</option> }
            };
            columns.filter(can).map(option).views()
        })
    };
    view! {
        <div class="field">
            <label for="weight">{tr!(app, weight)}</label>
            <select
                id="weight" data-testid="weight"
                on:change:target=move |event| app.plan.weight.set(Some(event.target().value()).filter(|name| !name.is_empty()))
            >
                <option value="">{tr!(app, none)}</option>
                {options}
            </select>
            <p class="help">{tr!(app, weight_help)}</p>
        </div>
    }
}
