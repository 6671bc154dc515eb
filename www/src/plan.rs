//! What the plan comes to: what is chosen, where it fits, and what follows from the table where nothing is chosen.

use std::collections::BTreeSet;

use leptos::prelude::*;
use vitrine_protocol::{ColumnKind, TableMsg, Task};

use crate::state::{App, Way};

impl App {
    /// The task at hand: as chosen, or as the target's kind suggests.
    pub(crate) fn task(self) -> Option<Task> {
        if let Some(task) = self.plan.task.get() {
            return Some(task);
        }
        let target = self.plan.target.get()?;
        self.data.table.with(|table| {
            let column = table.as_ref()?.columns.iter().find(|column| column.name == target)?;
            Some(if column.kind == ColumnKind::Numeric { Task::Regression } else { Task::Classification })
        })
    }

    /// Whether what is to be learned has a target. So it is until a table says what there is.
    pub(crate) fn has_target(self) -> bool {
        self.task().is_none_or(Task::has_target)
    }

    /// What the stage Train is for: without a target there is nothing to compare candidates by.
    pub(crate) fn way(self) -> Way {
        if self.has_target() { self.plan.way.get() } else { Way::Train }
    }

    /// The column that weighs the rows, where the model takes weights and the table has it to give.
    pub(crate) fn weight(self) -> Option<String> {
        let name = self.plan.weight.get().filter(|_| self.takes_weights())?;
        let is_free = self.plan.target.with(|target| target.as_ref() != Some(&name));
        let has = |table: &TableMsg| table.columns.iter().any(|column| column.name == name);
        (is_free && self.data.table.with(|table| table.as_ref().is_some_and(|table| has(table)))).then_some(name)
    }

    /// Whether the chosen model counts some rows more than others if told so.
    pub(crate) fn takes_weights(self) -> bool {
        let kind = self.model_kind();
        self.catalog.with(|catalog| {
            let mut models = catalog.iter().flat_map(|catalog| &catalog.models);
            models.any(|model| Some(&model.kind) == kind.as_ref() && model.sample_weight)
        })
    }

    /// The chosen model's kind: as chosen if it fits the task, or the first that does.
    pub(crate) fn model_kind(self) -> Option<String> {
        let task = self.task()?;
        let chosen = self.plan.kind.get();
        self.catalog.with(|catalog| {
            let mut fitting = catalog.as_ref()?.models.iter().filter(|model| model.tasks.contains(&task));
            let first = fitting.clone().next();
            fitting.find(|model| Some(&model.kind) == chosen.as_ref()).or(first).map(|model| model.kind.clone())
        })
    }

    /// The kinds to compare: those that fit the task, less those left out.
    pub(crate) fn compared(self) -> Vec<String> {
        let (task, left_out) = (self.task(), self.plan.not_compared.get());
        self.catalog.with(|catalog| {
            let models = catalog.as_ref().map_or(&[][..], |catalog| &catalog.models);
            let fits = models.iter().filter(|model| task.is_some_and(|task| model.tasks.contains(&task)));
            fits.map(|model| model.kind.clone()).filter(|kind| !left_out.contains(kind)).collect()
        })
    }

    /// The columns to learn from, when the person has chosen; none leaves the choice to the engine.
    pub(crate) fn features(self) -> Option<Vec<String>> {
        let left_out = self.plan.left_out.get();
        let others = [self.plan.target.get(), self.weight()];
        self.data.table.with(|table| {
            let table = table.as_ref()?;
            if default_left_out(table) == left_out && others[1].is_none() {
                return None;
            }
            let names = table.columns.iter().map(|column| column.name.clone());
            Some(names.filter(|name| !left_out.contains(name) && !others.iter().flatten().any(|o| o == name)).collect())
        })
    }
}

/// The columns that are left out until the person puts them back: text, which no model reads as it is.
pub(crate) fn default_left_out(table: &TableMsg) -> BTreeSet<String> {
    let text = table.columns.iter().filter(|column| column.kind == ColumnKind::Text);
    let mut left_out = BTreeSet::new();
    // One by one: `collect` would sort, and a sort is three kilobytes for each type.
    left_out.extend(text.map(|column| column.name.clone()));
    left_out
}
