//! Between the engine's types and the protocol's: the only place where both are named.

mod catalog;
mod fitted_recipe;
mod model;
mod recipe;
mod steps;
mod search;
mod table;

pub(super) use catalog::catalog_msg;
pub(super) use fitted_recipe::{fitted_step_msg, recipe_msg};
pub(super) use model::{classes_msg, device_msg, epoch_progress, model_msg, prediction_buffers, tree_nodes};
pub(super) use recipe::core_recipe;
pub(super) use search::{by_measure, fold_metrics_msg};
pub(super) use table::{cell_value, cells_by_name, core_config, dialect_words, rows_msg, table_columns};

use vitrine_protocol::{ErrorMsg, IssueMsg, PlaceMsg};

use crate::Error;
use crate::error::{Issue, Issues, Place};
use crate::preprocess::Task;

/// What is to be learned, as asked for.
pub(super) fn core_task(task: vitrine_protocol::Task) -> Task {
    match task {
        vitrine_protocol::Task::Classification => Task::Classification,
        vitrine_protocol::Task::Regression => Task::Regression,
        vitrine_protocol::Task::Clustering => Task::Clustering,
        vitrine_protocol::Task::Projection => Task::Projection,
        vitrine_protocol::Task::AnomalyDetection => Task::AnomalyDetection,
    }
}

fn place_msg(place: &Place) -> PlaceMsg {
    let Place { line, row, column, byte, step, field } = place.clone();
    PlaceMsg { line, row, column, byte, step, field }
}

pub(super) fn error_msg(error: &Error) -> ErrorMsg {
    ErrorMsg {
        code: error.code().to_owned(),
        stage: error.stage().to_owned(),
        message: error.message().to_owned(),
        hint: error.hint().to_owned(),
        place: error.place().map(place_msg),
        args: error.args().clone(),
    }
}

fn issue_msg(issue: &Issue) -> IssueMsg {
    IssueMsg {
        code: issue.code.to_owned(),
        message: issue.message.clone(),
        hint: issue.hint.clone(),
        place: issue.place.as_ref().map(place_msg),
        count: issue.count,
        args: issue.args.clone(),
    }
}

pub(super) fn issue_msgs(issues: &Issues) -> Vec<IssueMsg> {
    issues.iter().map(issue_msg).collect()
}
