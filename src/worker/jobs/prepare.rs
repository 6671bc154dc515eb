//! A recipe is fitted on a whole table, to be looked at.

use std::rc::Rc;

use serde_json::Value;
use vitrine_protocol::{Buffer, Event, PrepareMsg, PreparedMsg, StepMsg};

use crate::Error;
use crate::error::Issues;
use crate::preprocess::{
    Fitting, Labels, Needs, Prepared, PreprocessError, Step, default_features, default_recipe, read_labels,
    suggest_task,
};
use crate::table::Table;
use crate::worker::context::Context;
use crate::worker::{Reply, wire};

pub(super) async fn prepare(context: Context, request: PrepareMsg) -> Result<Reply, Error> {
    let entry = context.workspace.borrow().table(&request.table)?;
    let table = entry.table.clone();
    let mut issues = Issues::new();
    let target = request.target.as_deref();
    let needs = Needs { scaling: true, ..Needs::default() };
    let features = choose_features(&table, target, None, request.features, &mut issues)?;
    let steps = choose_steps(&table, &features, request.recipe.as_deref(), needs, &mut issues)?;
    let labels = match target {
        // Only steps that learn from the target leave out the rows without one.
        Some(name) if steps.iter().any(Step::needs_target) => {
            let column = table.column(name)?;
            let task = request.task.map_or_else(|| suggest_task(column), wire::core_task);
            Some(read_labels(column, task, &mut issues)?)
        }
        _ => None,
    };
    let rows = labels.as_ref().map_or_else(|| (0..table.n_rows() as u32).collect(), |labels| labels.rows.clone());
    let known = (rows, labels);
    let prepared = fit_recipe(&context, table.clone(), known, &features, steps.clone(), false, (0.0, 0.9)).await?;
    issues.extend(prepared.issues);
    let target_cells = match target {
        None => None,
        Some(name) => {
            let column = table.column(name)?;
            Some(prepared.rows.iter().map(|&row| wire::cell_value(column.cell(row as usize))).collect::<Vec<Value>>())
        }
    };
    let msg = PreparedMsg {
        feature_names: prepared.recipe.feature_names(),
        n_rows: prepared.matrix.n_rows(),
        recipe: wire::recipe_msg(&steps),
        steps: prepared.recipe.steps.iter().map(wire::fitted_step_msg).collect(),
        target: target_cells,
        issues: wire::issue_msgs(&issues),
    };
    let matrix = Buffer::F64(prepared.matrix.to_row_major());
    Ok(Reply { event: Event::Prepared(msg), buffers: vec![("matrix", matrix)] })
}

/// The features asked for, or all that can be learned from.
///
/// **Errors** `preprocess.target_is_feature`, `preprocess.weight_used_twice`, `preprocess.no_features`, `table.no_such_column`.
pub(super) fn choose_features(
    table: &Table,
    target: Option<&str>,
    weight: Option<&str>,
    asked: Option<Vec<String>>,
    issues: &mut Issues,
) -> Result<Vec<String>, Error> {
    if let Some(target) = target {
        table.column_idx(target)?;
    }
    let features = match asked {
        None => {
            let mut names = default_features(table, target, issues);
            names.retain(|name| Some(name.as_str()) != weight);
            names
        }
        Some(names) => {
            for (idx, name) in names.iter().enumerate() {
                table.column_idx(name)?;
                if Some(name.as_str()) == target {
                    return Err(PreprocessError::TargetIsFeature { target: name.clone() }.into());
                }
                if Some(name.as_str()) == weight {
                    return Err(PreprocessError::WeightUsedTwice { column: name.clone(), also: "a feature" }.into());
                }
                if names[..idx].contains(name) {
                    return Err(PreprocessError::RepeatedFeature { column: name.clone() }.into());
                }
            }
            names
        }
    };
    if features.is_empty() {
        return Err(PreprocessError::NoFeatures { target: target.unwrap_or_default().to_owned() }.into());
    }
    Ok(features)
}

/// The steps asked for, checked, or a sensible recipe.
///
/// **Errors** `preprocess.bad_setting`.
pub(super) fn choose_steps(
    table: &Table,
    features: &[String],
    asked: Option<&[StepMsg]>,
    needs: Needs,
    issues: &mut Issues,
) -> Result<Vec<Step>, Error> {
    match asked {
        Some(steps) => wire::core_recipe(steps),
        None => Ok(default_recipe(table, features, needs, issues)),
    }
}

/// Fits a recipe on rows and, where they are known, their labels, telling progress between `from` and `to`.
pub(super) async fn fit_recipe(
    context: &Context,
    table: Rc<Table>,
    (rows, labels): (Vec<u32>, Option<Labels>),
    features: &[String],
    steps: Vec<Step>,
    keeps_missing: bool,
    (from, to): (f64, f64),
) -> Result<Prepared, Error> {
    let mut fitting = Fitting::new(table, rows, features, steps)?.keeping_missing(keeps_missing);
    if let Some(labels) = labels {
        fitting = fitting.with_labels(labels);
    }
    while !fitting.step()? {
        context.tick("preparing", from + (to - from) * fitting.fraction()).await;
    }
    fitting.finish()
}
