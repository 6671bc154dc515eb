//! A model of many trees: which of them is drawn, and what each says about the selected row.

use leptos::prelude::*;
use vitrine_protocol::StructureMsg;

use super::explain_tree::{classes, is_sum};
use crate::actions::{follow_votes, show_tree};
use crate::charts::votes;
use crate::format;
use crate::state::{App, app, effect, said};
use crate::text::fill;
use crate::widgets::Plot;

/// Which of many trees; nothing for a single one.
#[component]
pub(super) fn TreePicker() -> impl IntoView {
    let app = app();
    let n_trees = Memo::new(move |_| {
        app.result.model.with(|trained| match trained.as_ref()?.model.structure {
            StructureMsg::Trees { n_trees, .. } => Some(n_trees),
            _ => None,
        })
    });
    effect(move || {
        if n_trees.get().is_some() && app.result.shown_tree.with(Option::is_none) {
            show_tree(app, 0);
        }
    });
    let number = move || app.result.shown_tree.with(|tree| tree.as_ref().map_or(1, |tree| tree.index + 1));
    let words = move || {
        let all = format::count(n_trees.get().unwrap_or(0));
        let which = fill(app.text().tree_of, &[("n", &format::count(number())), ("all", &all)]);
        match summed_class(app, number() - 1) {
            Some(class) => format!("{which} → {class}"),
            None => which,
        }
    };
    move || {
        n_trees.get().map(|n_trees| {
            view! {
                <div class="field tree-picker">
                    <label for="which-tree">{words}</label>
                    <input
                        type="range" id="which-tree" data-testid="which-tree" min="1" max=n_trees.to_string() step="1"
                        prop:value=move || number().to_string()
                        on:change:target=move |event| {
                            if let Ok(number) = event.target().value().parse::<usize>() {
                                show_tree(app, number.saturating_sub(1));
                            }
                        }
                    />
                </div>
            }
        })
    }
}

/// What each tree says about the selected row; pressing one shows it.
#[component]
pub(super) fn Votes() -> impl IntoView {
    let app = app();
    follow_votes(app);
    let drawing = Memo::new(move |_| {
        let told = app.result.votes.get()?;
        let shown = app.result.shown_tree.with(|tree| tree.as_ref().map(|tree| tree.index));
        Some(app.palette.with(|palette| votes(&told.votes, told.n_by_class.is_some(), shown, palette)))
    });
    let has_votes = Memo::new(move |_| drawing.with(Option::is_some));
    let drawn = Signal::derive(move || drawing.get().unwrap_or_default());
    let title = said(app, |texts| texts.votes);
    move || {
        has_votes.get().then(|| {
            let pick = ("data-tree", Callback::new(move |tree| show_tree(app, tree)));
            view! {
                <div class="votes">
                    <p class="quiet">{title}</p>
                    <Plot drawing=drawn label=title pick testid="votes"/>
                    <p class="quiet">{votes_words(app)}</p>
                </div>
            }
        })
    }
}

/// How many trees say each class.
fn votes_words(app: App) -> Signal<String> {
    Signal::derive(move || {
        let counts = app.result.votes.with(|told| told.as_ref().and_then(|told| told.n_by_class.clone()));
        let names = classes(app).unwrap_or_default();
        let each =
            names.iter().zip(counts.unwrap_or_default()).map(|(name, n)| format!("{name}: {}", format::count(n)));
        each.collect::<Vec<String>>().join(", ")
    })
}

/// The class that a tree of a sum speaks for: one per tree in turn, or the second of two.
fn summed_class(app: App, tree: usize) -> Option<String> {
    app.result
        .model
        .with(|trained| {
            let classes = trained.as_ref()?.model.classes.as_ref()?;
            let class = if classes.len() == 2 { 1 } else { tree % classes.len().max(1) };
            classes.get(class).cloned()
        })
        .filter(|_| is_sum(app))
}
