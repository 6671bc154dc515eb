//! Prepare: the recipe's preview follows target, features and steps.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{PrepareMsg, PreparedMsg, Request};

use crate::client::{self, Beside};
use crate::state::{App, Stage, effect};

/// Keeps the preview fresh while the stage is looked at. One request is under way at a time; what changed meanwhile is
/// asked after it, once.
pub(crate) fn follow_plan(app: App) {
    let under_way = StoredValue::new(false);
    let asked_again = StoredValue::new(false);
    let wanted = Memo::new(move |_| {
        let id = app.data.table.with(|table| table.as_ref().map(|table| table.id.clone()))?;
        let shown = app.stage.get() == Stage::Prepare;
        shown.then(|| PrepareMsg {
            table: id,
            target: app.plan.target.get(),
            task: app.plan.task.get(),
            features: app.features(),
            recipe: app.plan.recipe.get(),
        })
    });
    effect(move || {
        if wanted.with(Option::is_none) {
            return;
        }
        if under_way.get_value() {
            asked_again.set_value(true);
            return;
        }
        under_way.set_value(true);
        spawn_local(async move {
            loop {
                asked_again.set_value(false);
                let Some(request) = wanted.get_untracked() else { break };
                let outcome = client::ask::<PreparedMsg>(Request::Prepare(request.clone()), Beside::default()).await;
                if wanted.get_untracked().as_ref() == Some(&request) {
                    match outcome {
                        Ok((prepared, _)) => {
                            app.plan.prepared.set(Some(Arc::new(prepared)));
                            app.plan.prepare_error.set(None);
                        }
                        Err(error) => app.plan.prepare_error.set(Some(error)),
                    }
                }
                if !asked_again.get_value() {
                    break;
                }
            }
            under_way.set_value(false);
        });
    });
}
