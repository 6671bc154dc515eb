//! One step of the recipe: its settings, what it learned, what it changed.

use leptos::prelude::*;
use serde_json::Value;
use vitrine_protocol::{FittedStepMsg, ParamDocMsg, StepMsg};

use crate::actions::recipe::{self, steps};
use crate::state::{App, app, tr};
use crate::text::{fill, shortened, spoken};
use crate::widgets::{Icon, ParamField, Views};
use crate::{browser, format, params};

fn change(app: App, position: usize, field: &str, value: Value) {
    recipe::edit(app, |all| {
        if let Some(step) = all.get_mut(position) {
            step.0.insert(field.to_owned(), value);
        }
    });
}

/// Moves a step, and the focus with it: to the button that moves it on, or back where it can go no further.
fn swap(app: App, position: usize, other: usize) {
    let last = untrack(move || steps(app)).len().saturating_sub(1);
    let goes_up = other < position;
    let way = if other == 0 || (!goes_up && other < last) { "down" } else { "up" };
    browser::focus(&format!("step-{other}-{way}"));
    recipe::edit(app, |all| {
        if position.max(other) < all.len() {
            all.swap(position, other);
        }
    });
}

/// Whether two steps ask for the same: a setting that one of them leaves open is no difference, nor is how a number is
/// written.
fn is_same(one: &StepMsg, other: &StepMsg) -> bool {
    one.0.iter().all(|(name, value)| match other.0.get(name) {
        Some(other) if !value.is_null() && !other.is_null() => params::show(value) == params::show(other),
        _ => true,
    })
}

/// A card of the flow.
#[component]
pub(super) fn StepCard(
    /// Its position.
    position: usize,
    /// As asked for.
    step: StepMsg,
) -> impl IntoView {
    let app = app();
    let name = step.name().to_owned();
    let StepMsg(fields) = step.clone();
    let fitted = move || {
        app.plan.prepared.with(|prepared| {
            let fitted = prepared.as_ref()?.steps.get(position).filter(|fitted| is_same(&fitted.asked, &step))?;
            Some(effect(app, fitted))
        })
    };
    let doc =
        app.catalog.with_untracked(|catalog| catalog.as_ref()?.steps.iter().find(|doc| doc.step == name).cloned());
    let title = doc.as_ref().map(|doc| doc.title.clone());
    let title = Memo::new(move |_| title.as_ref().map_or_else(|| spoken(&name), |title| app.lang.get().pick(title)));
    let summary = doc.as_ref().map(|doc| doc.summary.clone());
    let n_steps = move || steps(app).len();
    let settings = doc.map_or(Vec::new(), |doc| doc.params).into_iter().map(|param: ParamDocMsg| {
        let now = fields.get(&param.name).filter(|value| !value.is_null()).unwrap_or(&param.default);
        let words = params::show(now);
        let field = param.name.clone();
        let checked = param.clone();
        // A value that is wrong stays in the field, with its complaint, until it is right.
        let typed = RwSignal::new(words);
        let on_change = Callback::new(move |words: String| {
            typed.set(words.clone());
            if let Ok(value) = params::parse(&checked, &words) {
                change(app, position, &field, value);
            }
        });
        view! { <ParamField param prefix=format!("step-{position}") words=typed on_change/> }
    });
    let settings = settings.views();
    let columns = fields.get("columns").cloned().unwrap_or(Value::Null);
    let remove = move |_| {
        recipe::edit(app, |all| {
            if position < all.len() {
                all.remove(position);
            }
        });
    };
    let button = move |way: &str| format!("step-{position}-{way}");
    view! {
        <li class="step" data-testid=format!("step-{position}")>
            <header>
                <span class="step-number">{position + 1}</span>
                <div>
                    <h2>{move || title.get()}</h2>
                    <p class="quiet">{move || summary.as_ref().map(|summary| app.lang.get().pick(summary))}</p>
                </div>
                <div class="step-buttons">
                    <button
                        class="ghost icon-only" id=button("up") aria-label=tr!(app, step_up, "step" = title.get())
                        disabled=position == 0 on:click:target=move |_| swap(app, position, position.saturating_sub(1))
                    ><Icon name="up"/></button>
                    <button
                        class="ghost icon-only" id=button("down") aria-label=tr!(app, step_down, "step" = title.get())
                        disabled=move || { position + 1 >= n_steps() } on:click:target=move |_| swap(app, position, position + 1)
                    ><Icon name="down"/></button>
                    <button
                        class="ghost icon-only" id=button("remove") aria-label=tr!(app, step_remove, "step" = title.get())
                        on:click=remove
                    ><Icon name="close"/></button>
                </div>
            </header>
            <div class="step-body">
                <div class="fields">{settings}<ColumnsField position columns/></div>
                {fitted}
            </div>
        </li>
    }
}

/// Where the step works: a group, or columns one by one.
#[component]
fn ColumnsField(
    /// The step's position.
    position: usize,
    /// A group's name, a list of names, or null.
    columns: Value,
) -> impl IntoView {
    let app = app();
    let id = format!("step-{position}-columns");
    let names: Vec<String> = columns.as_array().map_or(Vec::new(), |names| names.iter().map(format::cell).collect());
    let is_list = columns.is_array();
    let group = columns.as_str().unwrap_or_default().to_owned();
    let all = app.data.table.with_untracked(|table| {
        table
            .as_ref()
            .map_or(Vec::new(), |table| table.columns.iter().map(|column| column.name.clone()).take(60).collect())
    });
    let on_change = move |value: String| {
        let value = match value.as_str() {
            "" => Value::Null,
            "list" => Value::Array(Vec::new()),
            group => group.into(),
        };
        change(app, position, "columns", value);
    };
    let option = move |value: &'static str, words: fn(&crate::text::Texts) -> &'static str| {
        let selected = if value == "list" { is_list } else { !is_list && group == value };
        view! { <option value=value selected=selected>{move || words(app.text())}</option> }
    };
    let toggles = is_list.then(|| {
        all.into_iter()
            .enumerate()
            .map(|(idx, name): (usize, String)| {
                let is_in = names.contains(&name);
                let mut others: Vec<String> = names.iter().filter(|other| **other != name).cloned().collect();
                if !is_in {
                    others.push(name.clone());
                }
                view! {
                    <button
                        class="toggle" id=format!("step-{position}-column-{idx}") aria-pressed=is_in.to_string()
                        on:click:target=move |_| change(app, position, "columns", others.clone().into())
                    >{shortened(&name, 40)}</button>
                }
            })
            .views()
    });
    view! {
        <div class="field">
            <label for=id.clone()>{tr!(app, step_columns)}</label>
            <select id=id on:change:target=move |event| on_change(event.target().value())>
                {option("", |t| t.columns_default)}
                {option("numeric", |t| t.columns_numeric)}
                {option("categorical", |t| t.columns_categorical)}
                {option("datetime", |t| t.columns_datetime)}
                {option("all", |t| t.columns_all)}
                {option("list", |t| t.columns_list)}
            </select>
            <div class="tags">{toggles}</div>
        </div>
    }
}

/// What the step did: counts before and after, values before and after, what it learned.
fn effect(app: App, fitted: &FittedStepMsg) -> impl IntoView + use<> {
    let texts = app.text();
    let change = |name: &'static str, [before, after]: [usize; 2]| {
        let (before_words, after_words) = (format::count(before), format::count(after));
        view! {
            <div class="change" class:changed=before != after>
                <dt>{name}</dt>
                <dd>{before_words}<span aria-hidden="true">" → "</span>{after_words}</dd>
            </div>
        }
    };
    let cells = |values: &[Value]| {
        let cells = values.iter().take(5).map(|value| {
            let words = match value {
                Value::Null => "–".to_owned(),
                Value::Number(number) => number.as_f64().map(format::number).unwrap_or_default(),
                other => format::cell(other),
            };
            view! { <span class="sample-cell" class:missing=value.is_null()>{shortened(&words, 18)}</span> }
        });
        cells.views()
    };
    let first = fitted.columns.get(fitted.sample_of).map(|name| shortened(name, 40)).unwrap_or_default();
    let learned = fitted.columns.iter().zip(&fitted.learned).filter(|(_, learned)| !learned.is_null()).take(50);
    let learned: Vec<_> = learned
        .map(|(name, learned)| {
            view! { <tr><th scope="row">{shortened(name, 40)}</th><td>{learned_words(learned)}</td></tr> }
        })
        .collect();
    let n_columns = fitted.columns.len().to_string();
    view! {
        <div class="effect">
            <dl>
                {change(texts.rows, fitted.n_rows)}
                {change(texts.columns, fitted.n_columns)}
                {change(texts.missing, fitted.n_missing)}
            </dl>
            {fitted.sample.iter().any(|values| !values.is_empty()).then(|| view! {
                <div class="before-after">
                    <p class="quiet">{first}</p>
                    <div class="sample-row">{cells(&fitted.sample[0])}</div>
                    <div class="sample-arrow" aria-hidden="true">"↓"</div>
                    <div class="sample-row">{cells(&fitted.sample[1])}</div>
                </div>
            })}
            {(!learned.is_empty()).then(|| view! {
                <details class="learned">
                    <summary>{fill(texts.learned, &[("n", &n_columns)])}</summary>
                    <div class="sheet"><table class="numbers"><tbody>{learned}</tbody></table></div>
                </details>
            })}
        </div>
    }
}

/// `{ "mean": 3.05, "scale": 0.43 }` as `mean 3.05 · scale 0.43`.
fn learned_words(learned: &Value) -> String {
    let one = |value: &Value| match value {
        Value::Number(number) => number.as_f64().map(format::number).unwrap_or_default(),
        Value::Array(values) => {
            let mut words: Vec<String> =
                values.iter().take(8).map(|value| shortened(&format::cell(value), 24)).collect();
            if values.len() > 8 {
                words.push(format!("+{}", values.len() - 8));
            }
            words.join(", ")
        }
        other => shortened(&format::cell(other), 60),
    };
    match learned {
        Value::Object(fields) => {
            let parts = fields.iter().map(|(name, value)| format!("{} {}", spoken(name), one(value)));
            parts.collect::<Vec<_>>().join(" · ")
        }
        other => one(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_left_open_is_no_difference() {
        let step = |fields: Value| StepMsg(fields.as_object().unwrap().clone());
        let asked = step(serde_json::json!({ "step": "smooth", "window": 3.0, "columns": "numeric" }));
        let typed = |window: u32| {
            step(serde_json::json!({ "step": "smooth", "window": window, "alpha": 0.5, "columns": null }))
        };
        assert!(is_same(&asked, &typed(3)));
        assert!(!is_same(&asked, &typed(4)));
    }

    #[test]
    fn what_was_learned_reads_as_words() {
        let learned = serde_json::json!({ "mean": 3.0573333, "scale": 0.4344 });
        assert_eq!(learned_words(&learned), "mean 3.057 · scale 0.4344");
        let learned = serde_json::json!({ "categories": ["a", "b"] });
        assert_eq!(learned_words(&learned), "categories a, b");
    }
}
