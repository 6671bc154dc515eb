//! Explain: the model's inside, and the way one row takes through it. One selected row for tree, plane and table.

use leptos::prelude::*;
use vitrine_protocol::StructureMsg;

use super::evaluate_charts::EachChart;
use super::explain_importances::Importances;
use super::explain_linear::{Coefficients, Terms};
use super::explain_maps::Maps;
use super::explain_net::NetFigure;
use super::explain_plane::Plane;
use super::explain_pruning::Pruning;
use super::explain_tree::TreeFigure;
use super::train_result::LossFigure;
use crate::actions;
use crate::format;
use crate::state::{App, app, effect, said, tr};
use crate::text::fill;
use crate::widgets::{Grid, Heading, Icon, NeedsModel};

/// The stage.
#[component]
pub(crate) fn Explain() -> impl IntoView {
    let app = app();
    let has_model = Memo::new(move |_| app.result.model.with(Option::is_some));
    move || if has_model.get() { view! { <Inside/> }.into_any() } else { view! { <NeedsModel/> }.into_any() }
}

#[component]
fn Inside() -> impl IntoView {
    let app = app();
    effect(move || {
        let Some(trained) = app.result.model.get() else { return };
        actions::follow_points(app);
        actions::load_boundary(app);
        if !trained.model.task.has_target() {
            actions::evaluate(app);
        }
    });
    let drawn_as = Memo::new(move |_| {
        app.result.model.with(|model| {
            model.as_ref().map_or(Inner::Nothing, |model| match model.model.structure {
                StructureMsg::Tree { .. } | StructureMsg::Trees { .. } => Inner::Tree,
                StructureMsg::Linear(_) => Inner::Coefficients,
                StructureMsg::Net { .. } => Inner::Net,
                StructureMsg::Components { .. } | StructureMsg::Clusters { .. } => Inner::Parts,
                _ => Inner::Nothing,
            })
        })
    });
    let has_curve = Memo::new(move |_| app.result.curve.with(|curve| curve.len() > 1));
    let title = Signal::derive(move || {
        app.result.model.with(|trained| {
            let Some(trained) = trained else { return String::new() };
            if !trained.model.task.has_target() {
                return app.kind_title(&trained.model.kind);
            }
            let values =
                [("model", app.kind_title(&trained.model.kind)), ("target", trained.model.target_name().to_owned())];
            fill(app.text().explain_title, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
        })
    });
    let is_current = Memo::new(move |_| {
        let shown = app.data.table.with(|table| table.as_ref().map(|table| table.id.clone()));
        app.result.model.with(|model| model.as_ref().is_some_and(|model| Some(&model.model.table) == shown.as_ref()))
    });
    view! {
        <Heading title lead=said(app, |texts| texts.explain_lead)/>
        <Sentence/>
        <div class="explain">
            <div class="explain-main">
                {move || match drawn_as.get() {
                    Inner::Tree => view! { <TreeFigure/><Pruning/><Importances/> }.into_any(),
                    Inner::Parts => view! { <EachChart among=&["components"]/><Coefficients/> }.into_any(),
                    Inner::Coefficients => view! { <Coefficients/><Terms/> }.into_any(),
                    Inner::Net => view! { <Maps/><NetFigure is_live=false/> }.into_any(),
                    Inner::Nothing => ().into_any(),
                }}
                <Plane is_live=false/>
                <Show when=move || has_curve.get()><LossFigure/></Show>
            </div>
            <Show when=move || is_current.get()>
                <section class="figure explain-rows">
                    <div><h2>{tr!(app, pick_row_title)}</h2><p class="quiet">{tr!(app, pick_row_note)}</p></div>
                    <Grid height=384.0/>
                </section>
            </Show>
        </div>
    }
}

/// How a model is drawn by itself.
#[derive(Clone, Copy, PartialEq)]
enum Inner {
    Tree,
    Coefficients,
    Net,
    /// Centres or components, each of which has a number for each feature.
    Parts,
    Nothing,
}

/// The selected row's answer and its reason, in a sentence.
#[component]
fn Sentence() -> impl IntoView {
    let app = app();
    view! {
        <div class="sentence" data-testid="sentence" class:sentence-empty=move || app.result.path.with(Option::is_none)>
            {move || match (app.data.selected_row.get(), app.result.path.get()) {
                (Some(row), Some(path)) => view! {
                    <span class="tag">{fill(app.text().row_number, &[("n", &format::count(row + 1))])}</span>
                    <p>{path.sentence.clone()}</p>
                    <button class="ghost icon-only" aria-label=app.text().deselect on:click:target=move |_| app.data.selected_row.set(None)>
                        <Icon name="close"/>
                    </button>
                }
                .into_any(),
                _ => view! { <Icon name="explain"/><p class="quiet">{app.text().pick_row_hint}</p><SomeRow/> }.into_any(),
            }}
        </div>
    }
}

/// For those who do not know which row to pick.
#[component]
fn SomeRow() -> impl IntoView {
    let app: App = app();
    view! {
        <button class="small" data-testid="first-row" on:click:target=move |_| app.data.selected_row.set(Some(0))>{tr!(app, first_row)}</button>
    }
}
