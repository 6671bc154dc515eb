//! Pieces that more than one view is made of.

mod figure;
mod grid;
mod icon;
mod issues;
mod notices;
mod param_form;
mod window;

use leptos::prelude::*;

pub(crate) use figure::{Figure, Plot, Sheet};
pub(crate) use grid::Grid;
pub(crate) use icon::{Icon, Logo};
pub(crate) use issues::Issues;
pub(crate) use notices::{ErrorCard, Notices};
pub(crate) use param_form::{ParamField, ParamForm};

use crate::state::{Stage, app};

/// A stage's heading: what it is, and one sentence on what to do.
#[component]
pub(crate) fn Heading(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// What to do here.
    #[prop(into)]
    lead: Signal<String>,
    /// Buttons to the right.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <header class="heading">
            <div>
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
            </div>
            <div class="actions">{children.map(|children| children())}</div>
        </header>
    }
}

/// What a stage shows when an earlier one has not been done: what is missing, and the way there.
#[component]
pub(crate) fn Empty(
    /// What is missing.
    #[prop(into)]
    words: Signal<String>,
    /// The button's words.
    #[prop(into)]
    action: Signal<String>,
    /// Where the button leads.
    to: Stage,
) -> impl IntoView {
    let app = app();
    view! {
        <div class="empty">
            <Logo/>
            <p>{words}</p>
            <button class="primary" on:click=move |_| app.go(to)>{action}</button>
        </div>
    }
}

/// Is there a model to look at? If not, the way to one.
#[component]
pub(crate) fn NeedsModel() -> impl IntoView {
    let app = app();
    let has_table = move || app.data.table.with(Option::is_some);
    move || {
        if has_table() {
            view! {
                <Empty
                    words=Signal::derive(move || app.text().needs_model.to_owned())
                    action=Signal::derive(move || app.text().go_train.to_owned())
                    to=Stage::Train
                />
            }
        } else {
            view! {
                <Empty
                    words=Signal::derive(move || app.text().needs_data.to_owned())
                    action=Signal::derive(move || app.text().go_data.to_owned())
                    to=Stage::Data
                />
            }
        }
    }
}
