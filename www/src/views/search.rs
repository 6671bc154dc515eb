//! Compare and search: several candidates on the same folds, then a table of how they did.

use std::sync::Arc;

use leptos::prelude::*;
use vitrine_protocol::{CandidateMsg, ParamDocMsg, SearchedMsg};

use crate::actions;
use crate::format::{self, Short};
use crate::order::order;
use crate::state::{App, app, tr};
use crate::text::{Texts, error_text, fill, spoken};
use crate::widgets::{Icon, Views};

/// Which parameters to vary, and through which values.
#[component]
pub(super) fn Vary(
    /// The model's declarations.
    params: Vec<ParamDocMsg>,
) -> impl IntoView {
    let app = app();
    let names: Vec<AnyView> = params
        .iter()
        .map(|param| {
            let (name, pressed) = (param.name.clone(), param.name.clone());
            let values = crate::params::suggest(param);
            let is_varied = move || app.plan.varied.with(|varied| varied.contains_key(&pressed)).to_string();
            let toggle = move |_| {
                app.plan.varied.update(|varied| {
                    if varied.remove(&name).is_none() {
                        varied.insert(name.clone(), values.clone());
                    }
                });
            };
            view! { <button class="toggle vary" aria-pressed=is_varied on:click=toggle>{spoken(&param.name)}</button> }
                .into_any()
        })
        .collect();
    let which = Memo::new(move |_| app.plan.varied.with(|varied| varied.keys().cloned().collect::<Vec<_>>()));
    let fields = move || {
        let field = |name: &String| {
            let param = params.iter().find(|param| param.name == *name)?.clone();
            let (of, to) = (name.clone(), name.clone());
            let typed = move || app.plan.varied.with(|varied| varied.get(&of).cloned().unwrap_or_default());
            let words = Signal::derive(typed);
            let is_wrong = Memo::new(move |_| crate::params::parse_space(&param, &words.get()).is_none());
            let id = format!("vary-{name}");
            Some(view! {
                <div class="field" class:field-wrong=move || is_wrong.get()>
                    <label for=id.clone()>{spoken(name)}</label>
                    <input
                        type="text" autocomplete="off" id=id.clone() prop:value=move || words.get()
                        aria-invalid=move || is_wrong.get().then_some("true")
                        on:input:target=move |event| {
                            app.plan.varied.update(|varied| { varied.insert(to.clone(), event.target().value()); });
                        }
                    />
                </div>
            })
        };
        which.get().iter().filter_map(field).views()
    };
    view! {
        <section class="plan-part">
            <h2>{tr!(app, vary_title)}</h2>
            <div class="tags">{names}</div>
            <p class="help">{tr!(app, vary_help)}</p>
            <div class="fields">{fields}</div>
        </section>
    }
}

/// A word in requests, and for people.
pub(super) type Choosable = (&'static str, fn(&Texts) -> &'static str);

/// A field of a few words to choose from.
pub(super) fn choice(
    app: App,
    id: &'static str,
    label: fn(&'static Texts) -> &'static str,
    options: &'static [Choosable],
    chosen: RwSignal<String>,
) -> AnyView {
    let option = move |&(value, words): &Choosable| {
        view! { <option value=value selected=move || chosen.get() == value>{move || words(app.text())}</option> }
    };
    view! {
        <div class="field">
            <label for=id>{crate::state::words(app, label)}</label>
            <select id=id on:change:target=move |event| chosen.set(event.target().value())>
                {options.iter().map(option).views()}
            </select>
        </div>
    }
    .into_any()
}

/// What a column shows of a candidate: a text, and for some a number to sort by.
type Cell = (String, Option<f64>);

struct Sheet {
    heads: Vec<String>,
    rows: Vec<(usize, Vec<Cell>)>,
}

/// The columns before the score.
fn sheet(app: App, found: &SearchedMsg) -> Sheet {
    let texts = app.text();
    let names: Vec<&String> = found.candidates.first().map_or(Vec::new(), |row| row.params.keys().collect());
    let mut heads = vec![texts.rank.to_owned()];
    heads.extend(names.iter().map(|name| spoken(name)));
    if names.is_empty() {
        heads.push(texts.model.to_owned());
    }
    heads.extend([app.measure_title(&found.scoring), texts.on_training.to_owned(), texts.fit_time.to_owned()]);
    let number = |value: Option<f64>| (value.map_or("–".to_owned(), |value| format::fixed(value, 3)), value);
    let row = |(at, row): (usize, &CandidateMsg)| {
        let mut cells = vec![(row.rank.to_string(), Some(row.rank as f64))];
        cells.extend(names.iter().map(|name| {
            let value = &row.params[*name];
            (value.as_f64().map_or_else(|| format::cell(value), format::number), value.as_f64())
        }));
        if names.is_empty() {
            cells.push((app.kind_title(&row.model.kind), None));
        }
        cells.extend([number(row.score), number(row.train_score), (format::millis(row.fit_ms), Some(row.fit_ms))]);
        (at, cells)
    };
    Sheet { heads, rows: found.candidates.iter().enumerate().map(row).collect() }
}

/// The candidates, best first until another column is chosen.
#[component]
pub(super) fn Found() -> impl IntoView {
    let app = app();
    // The column, and whether the largest stand first.
    let sorted = RwSignal::new((0usize, false));
    move || app.result.found.get().map(|found| table(app, &found, sorted))
}

fn table(app: App, found: &Arc<SearchedMsg>, sorted: RwSignal<(usize, bool)>) -> AnyView {
    let texts = app.text();
    let Sheet { heads, rows } = sheet(app, found);
    let (by, falls) = sorted.get();
    let positions = order(rows.len(), &|a, b| {
        let cell = |at: usize| &rows[at].1[by.min(rows[at].1.len() - 1)];
        let ((text_a, a), (text_b, b)) = (cell(a), cell(b));
        let order = match (a, b) {
            (Some(a), Some(b)) => a.total_cmp(b),
            _ => a.is_none().cmp(&b.is_none()).then_with(|| text_a.cmp(text_b)),
        };
        if falls { order.reverse() } else { order }
    });
    let score_at = heads.len() - 3;
    let is_number = |at: usize| rows.iter().any(|(_, cells)| cells.get(at).is_some_and(|cell| cell.1.is_some()));
    let head = heads.into_iter().enumerate().map(|(at, name)| {
        let is_sorted = at == by;
        let sort = (is_sorted && falls, is_sorted);
        let aria = match sort {
            (true, _) => "descending",
            (false, true) => "ascending",
            _ => "none",
        };
        let mark = match sort {
            (true, _) => " ↓",
            (false, true) => " ↑",
            _ => "",
        };
        view! {
            <th scope="col" class:numeric=is_number(at) aria-sort=aria>
                <button class="link" on:click:target=move |_| sorted.set((at, is_sorted && !falls))>{name}{mark}</button>
            </th>
        }
    });
    // Where the bars begin and end: the least and the largest of mean ± deviation.
    let ends = found.candidates.iter().filter_map(|row| Some((row.score?, row.score_std?)));
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (mean, std)| {
        (low.min(mean - std), high.max(mean + std))
    });
    let share = move |value: f64| format!("{}%", Short((value - low) / (high - low).max(1e-300) * 100.0));
    let body = positions.into_iter().map(|position| {
        let (at, cells) = rows[position].clone();
        let row = &found.candidates[at];
        let bar = row.score.zip(row.score_std).map(|(mean, std)| {
            let width = format!("{}%", Short(2.0 * std / (high - low).max(1e-300) * 100.0));
            view! {
                <span class="spread" aria-hidden="true">
                    <span style:left=share(mean - std) style:width=width></span>
                    <i style:left=share(mean)></i>
                </span>
            }
        });
        let deviation = row.score_std.map(|std| format!(" ± {}", format::fixed(std, 3)));
        let trouble = row.error.as_ref().map(|error| error_text(app.lang.get(), error).0);
        let (mut bar, mut deviation) = (Some(bar), Some(deviation));
        let cells = cells.into_iter().enumerate().map(|(at, (words, value))| {
            let after = (at == score_at).then(|| view! { <span class="quiet">{deviation.take()}</span>{bar.take()} });
            view! { <td class:numeric=value.is_some()>{words}{after}</td> }
        });
        let model = row.model.clone();
        let is_best = found.best == Some(at);
        view! {
            <tr class:selected=is_best>
                {cells.views()}
                <td>
                    {match trouble {
                        Some(trouble) => view! { <span class="wrong">{trouble}</span> }.into_any(),
                        None => view! {
                            <button class="small" data-testid=is_best.then_some("train-best") on:click:target=move |_| actions::train_candidate(app, &model)>
                                {is_best.then(|| view! { <Icon name="check"/> })}{texts.train_this}
                            </button>
                        }.into_any(),
                    }}
                </td>
            </tr>
        }
    });
    let note = fill(texts.found_note, &[("n", &format::count(found.n_fits)), ("folds", &found.n_folds.to_string())]);
    view! {
        <section class="block found" data-testid="found">
            <h2>{texts.found_title}</h2>
            <p class="quiet">{note}</p>
            <div class="wide" tabindex="0" role="region" aria-label=texts.found_title>
                <table class="numbers">
                    <thead><tr>{head.views()}<td></td></tr></thead>
                    <tbody>{body.views()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
