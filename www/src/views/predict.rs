//! Predict: a form made from the model's own inputs, answered as it is filled in; and a file in, a file out.

use std::collections::BTreeMap;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use vitrine_protocol::{ColumnKind, ErrorMsg, InputMsg, PredictionMsg};

use crate::actions::{self, Answer};
use crate::format;
use crate::state::{App, app, effect, said, tr};
use crate::text::{fill, shortened};
use crate::widgets::{ErrorCard, Heading, Icon, Issues, NeedsModel, Views};

/// The stage.
#[component]
pub(crate) fn Predict() -> impl IntoView {
    let app = app();
    move || match app.result.model.get() {
        Some(trained) => {
            view! { <Desk inputs=trained.model.features.clone() model=trained.model.id.clone()/> }.into_any()
        }
        None => view! { <NeedsModel/> }.into_any(),
    }
}

/// What is typed, by column; empty means missing.
type Typed = RwSignal<BTreeMap<String, String>>;

#[component]
fn Desk(
    /// What the model reads.
    inputs: Vec<InputMsg>,
    /// The model's id.
    model: String,
) -> impl IntoView {
    let app = app();
    let mut first = BTreeMap::new();
    for input in &inputs {
        first.insert(input.name.clone(), usual(input));
    }
    let typed: Typed = RwSignal::new(first);
    let answer = RwSignal::new(None::<Result<Answer, ErrorMsg>>);
    let kinds: Vec<(String, ColumnKind)> = inputs.iter().map(|input| (input.name.clone(), input.kind)).collect();
    let asked = StoredValue::new(0usize);
    effect(move || {
        let row = typed.with(|typed| {
            let mut row = serde_json::Map::new();
            for (name, kind) in &kinds {
                row.insert(name.clone(), value(typed.get(name).map_or("", String::as_str), *kind));
            }
            row
        });
        let model = model.clone();
        let number = asked.get_value() + 1;
        asked.set_value(number);
        spawn_local(async move {
            // Typing is not asking: the last state of a short moment is.
            crate::browser::sleep(120).await;
            if asked.try_get_value() != Some(number) {
                return;
            }
            let outcome = actions::answer_row(&model, row).await;
            if asked.try_get_value() == Some(number) {
                answer.try_set(Some(outcome));
            }
        });
    });
    let fields = inputs.into_iter().take(200).map(|input| view! { <InputField input typed/> }).views();
    view! {
        <Heading
            title=said(app, |texts| texts.predict_title)
            lead=said(app, |texts| texts.predict_lead)
        />
        <div class="bench">
            <section class="plan"><h2>{tr!(app, new_row)}</h2><div class="fields" data-testid="predict-form">{fields}</div></section>
            <div class="outcome" data-testid="answer" aria-live="polite">
                {move || answer.get().map(|outcome| match outcome {
                    Ok(answer) => answer_view(app, &answer).into_any(),
                    Err(error) => view! { <div class="notice notice-error"><ErrorCard error/></div> }.into_any(),
                })}
            </div>
        </div>
        <FileIn/>
    }
}

/// What a field begins with: the median, or the most frequent category.
fn usual(input: &InputMsg) -> String {
    match input.kind {
        ColumnKind::Numeric => input.median.map(format::typed).unwrap_or_default(),
        _ => input.categories.first().cloned().unwrap_or_default(),
    }
}

/// What the engine gets: nothing for an empty field, a number where one was typed into a numeric field, else the words.
fn value(words: &str, kind: ColumnKind) -> Value {
    let trimmed = words.trim();
    if trimmed.is_empty() {
        return Value::Null;
    }
    match kind {
        ColumnKind::Numeric => format::parse_number(&trimmed.replace(',', "."))
            .and_then(serde_json::Number::from_f64)
            .map_or_else(|| words.into(), Value::Number),
        ColumnKind::Boolean => trimmed.parse::<bool>().map_or_else(|_| words.into(), Value::Bool),
        _ => words.into(),
    }
}

#[component]
fn InputField(
    /// The column.
    input: InputMsg,
    /// All that is typed.
    typed: Typed,
) -> impl IntoView {
    let app = app();
    let InputMsg { name, kind, categories, min, max, .. } = input;
    let id = format!("input-{}", shortened(&name, 60));
    let label = shortened(&name, 60);
    let words = {
        let name = name.clone();
        move || typed.with(|typed| typed.get(&name).cloned().unwrap_or_default())
    };
    let set = {
        let name = name.clone();
        move |words: String| {
            typed.update(|typed| {
                typed.insert(name.clone(), words);
            })
        }
    };
    let has_choice = !categories.is_empty() && categories.len() <= 200;
    let control = if has_choice {
        let options = categories.into_iter().map(|category| {
            let words = words.clone();
            let value = category.clone();
            let selected = move || words() == value;
            view! { <option value=category.clone() selected=selected>{shortened(&category, 60)}</option> }
        });
        let now = words.clone();
        view! {
            <select id=id.clone() data-input=name.clone() on:change:target=move |event| set(event.target().value())>
                {options.views()}
                <option value="" selected=move || now().is_empty()>{tr!(app, missing_value)}</option>
            </select>
        }
        .into_any()
    } else {
        let slide = min.zip(max).filter(|(min, max)| min < max && kind == ColumnKind::Numeric).map(|(min, max)| {
            let (set, words) = (set.clone(), words.clone());
            let label = label.clone();
            view! {
                <input
                    type="range" min=format::typed(min) max=format::typed(max) step="any" tabindex="-1" aria-label=label aria-hidden="true"
                    prop:value=words
                    on:input:target=move |event| {
                        let at = format::parse_number(&event.target().value()).unwrap_or(min);
                        // As many digits as the span deserves.
                        let digits = (3.0 - (max - min).log10()).ceil().clamp(0.0, 8.0) as usize;
                        set(format::typed_to(at, digits));
                    }
                />
            }
        });
        let mode = if kind == ColumnKind::Numeric { "decimal" } else { "text" };
        let hint = min.zip(max).map(|(min, max)| format!("{} – {}", format::number(min), format::number(max)));
        view! {
            <input
                type="text" id=id.clone() data-input=name.clone() inputmode=mode autocomplete="off"
                placeholder=tr!(app, missing_value) prop:value=words
                on:input:target=move |event| set(event.target().value())
            />
            {slide}
            {hint.map(|hint| view! { <p class="help"><span class="range">{hint}</span></p> })}
        }
        .into_any()
    };
    view! { <div class="field"><label for=id title=shortened(&name, 500)>{label}</label>{control}</div> }
}

fn answer_view(app: App, answer: &Answer) -> impl IntoView + use<> {
    let texts = app.text();
    let (classes, target) = app.result.model.with_untracked(|trained| {
        trained.as_ref().map_or_else(Default::default, |t| (app.code_names(&t.model), t.model.target_name().to_owned()))
    });
    let numbers: Vec<String> = answer.components.iter().map(|number| format::number(*number)).collect();
    // The sentence of components is the same numbers again.
    let is_several = !numbers.is_empty();
    let words = if is_several {
        numbers.join(texts.comma)
    } else if classes.is_empty() {
        format::number(answer.value)
    } else {
        classes.get(answer.value as usize).cloned().unwrap_or_default()
    };
    let bars = classes.iter().zip(&answer.probabilities).enumerate().take(30).map(|(position, (class, probability))| {
        let width = format!("{}%", format::Short(probability.clamp(0.0, 1.0) * 100.0));
        view! {
            <li>
                <span class="probability-name">{shortened(class, 40)}</span>
                <span class="meter" aria-hidden="true"><span class=format!("swatch-{}", position % 8 + 1) style:width=width></span></span>
                <span class="numbers">{format::percent(*probability)}</span>
            </li>
        }
    });
    let issues = answer.issues.clone();
    let sentence = answer.sentence.clone();
    view! {
        <section class="result answer">
            <p class="quiet">{target}</p>
            <p class="answer-words" data-testid="answer-words">{words}</p>
            <ul class="probabilities" aria-label=texts.probabilities>{bars.views()}</ul>
            {(!sentence.is_empty() && !is_several).then(|| view! { <p class="answer-why"><b>{texts.why}</b>{sentence}</p> })}
            <Issues issues=Signal::derive(move || issues.clone())/>
        </section>
    }
}

/// A CSV in, the same CSV with answers out.
#[component]
fn FileIn() -> impl IntoView {
    let app = app();
    let picker = NodeRef::<html::Input>::new();
    let (report, set_report) = signal(None::<PredictionMsg>);
    let issues = Signal::derive(move || {
        report.with(|report| report.as_ref().map_or(Vec::new(), |report| report.issues.clone()))
    });
    view! {
        <section class="block">
            <h2>{tr!(app, file_in_title)}</h2>
            <p class="quiet">{tr!(app, file_in_note)}</p>
            <div class="actions">
                <button
                    data-testid="predict-pick" disabled=move || app.is_busy()
                    on:click:target=move |_| { if let Some(picker) = picker.get_untracked() { picker.click(); } }
                >
                    <Icon name="upload"/>{tr!(app, pick_file)}
                </button>
            </div>
            <input
                type="file" class="unseen" node_ref=picker accept=".csv,.tsv,.txt,text/csv" tabindex="-1"
                aria-label=tr!(app, file_in_title) data-testid="predict-file"
                on:change:target=move |event| {
                    if let Some(file) = event.target().files().and_then(|files| files.get(0)) {
                        let name = file.name();
                        actions::answer_csv(app, file.into(), name, set_report);
                    }
                    event.target().set_value("");
                }
            />
            {move || report.get().map(|report| view! {
                <p class="done-words" data-testid="predict-done">
                    <Icon name="check"/>{fill(app.text().file_answered, &[("n", &format::count(report.n_rows))])}
                </p>
            })}
            <Issues issues/>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_what_the_engine_reads() {
        assert_eq!(value("", ColumnKind::Numeric), Value::Null);
        assert_eq!(value("1,5", ColumnKind::Numeric), Value::from(1.5));
        assert_eq!(value("many", ColumnKind::Numeric), Value::from("many"));
        assert_eq!(value("1", ColumnKind::Categorical), Value::from("1"));
        assert_eq!(value("true", ColumnKind::Boolean), Value::from(true));
    }
}
