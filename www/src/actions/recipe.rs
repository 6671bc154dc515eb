//! The recipe's changes, each of which can be undone.

use leptos::prelude::*;
use vitrine_protocol::StepMsg;

use crate::state::{App, History, Recipe};

/// The steps as they stand: the person's, or the ones the engine chose.
pub(crate) fn steps(app: App) -> Vec<StepMsg> {
    app.plan.recipe.get().unwrap_or_else(|| {
        app.plan.prepared.with(|prepared| prepared.as_ref().map_or(Vec::new(), |p| p.recipe.clone()))
    })
}

/// Changes the recipe.
pub(crate) fn change(app: App, recipe: Recipe) {
    let before = app.plan.recipe.get_untracked();
    app.plan.history.update(|history| {
        history.done.push(before);
        history.undone.clear();
    });
    app.plan.recipe.set(recipe);
}

/// Changes the steps.
pub(crate) fn edit(app: App, change_steps: impl FnOnce(&mut Vec<StepMsg>)) {
    let mut all = untrack(move || steps(app));
    change_steps(&mut all);
    change(app, Some(all));
}

/// Goes back to the recipe before the last change, or forth again.
pub(crate) fn travel(app: App, back: bool) {
    let now = app.plan.recipe.get_untracked();
    let to = app.plan.history.try_update(|History { done, undone }| {
        let (from, onto) = if back { (done, undone) } else { (undone, done) };
        let to = from.pop()?;
        onto.push(now);
        Some(to)
    });
    if let Some(Some(to)) = to {
        app.plan.recipe.set(to);
        let texts = app.lang.get_untracked().texts();
        app.announcement.set(if back { texts.undo } else { texts.redo }.to_owned());
    }
}

/// Starts over, for another table or target: a recipe made for one does not fit the other.
pub(crate) fn forget(app: App) {
    app.plan.recipe.set(None);
    app.plan.history.set(History::default());
}
