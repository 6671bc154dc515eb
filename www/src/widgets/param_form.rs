//! A form made from the engine's declaration of parameters: label, help, range, and what is wrong with what was typed.

use std::collections::BTreeMap;

use leptos::prelude::*;
use vitrine_protocol::{ParamDocMsg, ParamKindMsg};

use super::Views;
use crate::params::{self, Trouble};
use crate::state::{App, app};
use crate::text::{fill, spoken};

/// One field. `words` is what is typed, `on_change` hears what becomes of it.
#[component]
pub(crate) fn ParamField(
    /// The declaration.
    param: ParamDocMsg,
    /// Makes ids unique on the page.
    #[prop(into)]
    prefix: String,
    /// What is typed; the default when nothing was.
    #[prop(into)]
    words: Signal<String>,
    /// Hears changes.
    on_change: Callback<String>,
) -> impl IntoView {
    let app = app();
    let id = format!("{prefix}-{}", param.name);
    let help_id = format!("{id}-help");
    let checked = param.clone();
    let trouble =
        Memo::new(move |_| params::parse(&checked, &words.get()).err().map(|why| complaint(app, &checked, why)));
    let short = param.short.clone();
    let help = move || app.lang.get().pick(&short);
    let hint = params::range(&param);
    let label = spoken(&param.name);
    let unit = param.unit.clone();
    let long = param.long.clone();
    let described = help_id.clone();
    let control = match &param.range {
        ParamKindMsg::Boolean => view! {
            <input
                type="checkbox" id=id.clone() class="switch" aria-describedby=described
                prop:checked=move || words.get() == "true"
                on:change:target=move |event| on_change.run(event.target().checked().to_string())
            />
        }
        .into_any(),
        ParamKindMsg::Choice { options } => {
            let options = options.clone();
            view! {
                <select
                    id=id.clone() aria-describedby=described
                    prop:value=move || words.get()
                    on:change:target=move |event| on_change.run(event.target().value())
                >
                    {options.into_iter().map(|option| {
                        let value = option.clone();
                        let selected = move || words.get() == value;
                        view! { <option value=option.clone() selected=selected>{spoken(&option)}</option> }
                    }).views()}
                </select>
            }
            .into_any()
        }
        number => {
            let nullable = matches!(
                number,
                ParamKindMsg::Integer { nullable: true, .. }
                    | ParamKindMsg::Number { nullable: true, .. }
                    | ParamKindMsg::NumberOrWord { nullable: true, .. }
            );
            let mode = if matches!(number, ParamKindMsg::Integers { .. }) { "text" } else { "decimal" };
            view! {
                <input
                    type="text" inputmode=mode autocomplete="off" id=id.clone() aria-describedby=described
                    placeholder=move || if nullable { app.text().none } else { "" }
                    prop:value=move || words.get()
                    aria-invalid=move || trouble.get().is_some().then_some("true")
                    on:input:target=move |event| on_change.run(event.target().value())
                />
            }
            .into_any()
        }
    };
    view! {
        <div class="field" class:field-wrong=move || trouble.get().is_some()>
            <label for=id title=param.name>{label}{(!unit.is_empty()).then(|| format!(" ({unit})"))}</label>
            {control}
            <p class="help" id=help_id title=long>
                {move || match trouble.get() {
                    Some(trouble) => view! { <span class="wrong">{trouble}</span> }.into_any(),
                    None => help().into_any(),
                }}
                {(!hint.is_empty()).then(|| view! { <span class="range">" · "{hint}</span> })}
            </p>
        </div>
    }
}

fn complaint(app: App, param: &ParamDocMsg, why: Trouble) -> String {
    let texts = app.text();
    let words = match why {
        Trouble::NotWhole => texts.wrong_whole,
        Trouble::NotNumber => texts.wrong_number,
        Trouble::Empty => texts.wrong_empty,
        Trouble::OutOfRange => texts.wrong_range,
        Trouble::NotAChoice => texts.wrong_choice,
    };
    fill(words, &[("range", &params::range(param))])
}

/// All parameters of something, over one map of what was typed.
#[component]
pub(crate) fn ParamForm(
    /// The declarations.
    params: Vec<ParamDocMsg>,
    /// Makes ids unique on the page.
    #[prop(into)]
    prefix: String,
    /// What was typed, by name; only what differs from its default.
    typed: RwSignal<BTreeMap<String, String>>,
) -> impl IntoView {
    let fields = params.into_iter().map(|param| {
        let name = param.name.clone();
        let default = params::show(&param.default);
        let words = {
            let (name, default) = (name.clone(), default.clone());
            Signal::derive(move || typed.with(|typed| typed.get(&name).cloned()).unwrap_or_else(|| default.clone()))
        };
        let on_change = Callback::new(move |words: String| {
            typed.update(|typed| {
                if words == default {
                    typed.remove(&name);
                } else {
                    typed.insert(name.clone(), words);
                }
            });
        });
        view! { <ParamField param prefix=prefix.clone() words on_change/> }
    });
    view! { <div class="fields">{fields.views()}</div> }
}
