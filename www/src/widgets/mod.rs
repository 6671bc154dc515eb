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

use crate::state::{Stage, app, said};

/// Views of one kind made into views of any kind: what holds, updates and drops a list is then compiled once for the
/// whole page and not once for each shape of row.
pub(crate) trait Views {
    /// The views.
    fn views(self) -> Vec<AnyView>;
}

impl<I: Iterator<Item: IntoAny>> Views for I {
    fn views(self) -> Vec<AnyView> {
        self.map(IntoAny::into_any).collect()
    }
}

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
            <button class="primary" on:click:target=move |_| app.go(to)>{action}</button>
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
                    words=said(app, |texts| texts.needs_model)
                    action=said(app, |texts| texts.go_train)
                    to=Stage::Train
                />
            }
        } else {
            view! {
                <Empty
                    words=said(app, |texts| texts.needs_data)
                    action=said(app, |texts| texts.go_data)
                    to=Stage::Data
                />
            }
        }
    }
}
