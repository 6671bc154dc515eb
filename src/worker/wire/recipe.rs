//! Recipes: from requests, checked; and to events, fitted.

use serde_json::{Value, json};
use vitrine_protocol::{AskedStep, FittedStepMsg, StepColumns, StepMsg};

use crate::Error;
use crate::preprocess::{Encoding, FittedStep, Imputation, Learned, PreprocessError, Scaling, Select, Step};
use crate::table::number_text;
use crate::worker::inbox::unread;

/// Reads the steps of a request.
///
/// **Errors** `preprocess.bad_setting` with the step's position, for the first setting that is not one;
/// `request.unknown_field` and `request.malformed` for a step that is none.
pub(in crate::worker) fn core_recipe(steps: &[StepMsg]) -> Result<Vec<Step>, Error> {
    steps.iter().enumerate().map(|(idx, step)| core_step(step, idx)).collect()
}

fn core_step(step: &StepMsg, idx: usize) -> Result<Step, Error> {
    let asked = step.read().map_err(|error| unread(&error.to_string()))?;
    let bad = |field: &str, given: String, expected: &str| -> Error {
        let (field, expected) = (field.to_owned(), expected.to_owned());
        PreprocessError::BadSetting { step: idx, field, given, expected }.into()
    };
    let select = |columns: &Option<StepColumns>, default: Select| match columns {
        None => Ok(default),
        Some(columns) => core_select(columns).ok_or_else(|| {
            bad("columns", format!("{columns:?}"), "a list of names, \"numeric\", \"categorical\" or \"all\"")
        }),
    };
    Ok(match &asked {
        AskedStep::DropMissing { columns } => Step::DropMissing { columns: select(columns, Select::All)? },
        AskedStep::DropColumns { columns } => {
            Step::DropColumns { columns: select(&Some(columns.clone()), Select::All)? }
        }
        AskedStep::Impute { columns, strategy, fill_value } => Step::Impute {
            columns: select(columns, Select::All)?,
            strategy: match strategy.as_str() {
                "mean" => Imputation::Mean,
                "median" => Imputation::Median,
                "most_frequent" => Imputation::MostFrequent,
                "constant" => Imputation::Constant(
                    fill_text(fill_value).map_err(|given| bad("fill_value", given, "a number or a text"))?,
                ),
                other => {
                    let expected = "\"mean\", \"median\", \"most_frequent\" or \"constant\"";
                    return Err(bad("strategy", format!("{other:?}"), expected));
                }
            },
        },
        AskedStep::Scale { columns, method } => Step::Scale {
            columns: select(columns, Select::Numeric)?,
            method: match method.as_str() {
                "min_max" => Scaling::MinMax,
                "standard" => Scaling::Standard,
                "robust" => Scaling::Robust,
                "max_abs" => Scaling::MaxAbs,
                other => {
                    let expected = "\"min_max\", \"standard\", \"robust\" or \"max_abs\"";
                    return Err(bad("method", format!("{other:?}"), expected));
                }
            },
        },
        AskedStep::Encode { columns, method, handle_unknown } => Step::Encode {
            columns: select(columns, Select::Categorical)?,
            method: match method.as_str() {
                "one_hot" => Encoding::OneHot,
                "ordinal" => Encoding::Ordinal,
                "label" => Encoding::Label,
                other => {
                    return Err(bad("method", format!("{other:?}"), "\"one_hot\", \"ordinal\" or \"label\""));
                }
            },
            refuse_unknown: match handle_unknown.as_deref() {
                None | Some("ignore") => false,
                Some("error") => true,
                Some(other) => {
                    return Err(bad("handle_unknown", format!("{other:?}"), "\"ignore\" or \"error\""));
                }
            },
        },
        AskedStep::Clip { columns, lower_quantile, upper_quantile } => {
            let (lower_quantile, upper_quantile) = (*lower_quantile, *upper_quantile);
            if !(0.0 <= lower_quantile && lower_quantile < upper_quantile && upper_quantile <= 1.0) {
                let given = format!("{lower_quantile} and upper_quantile {upper_quantile}");
                return Err(bad("lower_quantile", given, "0 ≤ lower_quantile < upper_quantile ≤ 1"));
            }
            Step::Clip { columns: select(columns, Select::Numeric)?, lower_quantile, upper_quantile }
        }
        AskedStep::Log1p { columns } => Step::Log1p { columns: select(columns, Select::Numeric)? },
        AskedStep::Polynomial { columns, degree, interaction_only } => {
            if !(2..=3).contains(degree) {
                return Err(bad("degree", degree.to_string(), "2 or 3"));
            }
            let columns = select(columns, Select::Numeric)?;
            Step::Polynomial { columns, degree: *degree, interaction_only: *interaction_only }
        }
    })
}

fn core_select(columns: &StepColumns) -> Option<Select> {
    match columns {
        StepColumns::Names(names) => Some(Select::Names(names.clone())),
        StepColumns::Group(group) => match group.as_str() {
            "all" => Some(Select::All),
            "numeric" => Some(Select::Numeric),
            "categorical" => Some(Select::Categorical),
            _ => None,
        },
    }
}

/// The constant as text, which is read as a number where the column holds numbers; `Err` tells what was given.
fn fill_text(fill: &Option<Value>) -> Result<Option<String>, String> {
    match fill {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(Value::Number(x)) => Ok(x.as_f64().map(number_text)),
        Some(other) => Err(other.to_string()),
    }
}

/// A step as requests write it.
fn step_msg(step: &Step) -> StepMsg {
    StepMsg::from(&asked_step(step))
}

fn asked_step(step: &Step) -> AskedStep {
    let columns = columns_msg(step.columns());
    match step {
        Step::DropMissing { .. } => AskedStep::DropMissing { columns: Some(columns) },
        Step::DropColumns { .. } => AskedStep::DropColumns { columns },
        Step::Impute { strategy, .. } => {
            let (word, fill_value) = match strategy {
                Imputation::Mean => ("mean", None),
                Imputation::Median => ("median", None),
                Imputation::MostFrequent => ("most_frequent", None),
                Imputation::Constant(fill) => ("constant", fill.clone().map(Value::from)),
            };
            AskedStep::Impute { columns: Some(columns), strategy: word.to_owned(), fill_value }
        }
        Step::Scale { method, .. } => {
            let word = match method {
                Scaling::MinMax => "min_max",
                Scaling::Standard => "standard",
                Scaling::Robust => "robust",
                Scaling::MaxAbs => "max_abs",
            };
            AskedStep::Scale { columns: Some(columns), method: word.to_owned() }
        }
        Step::Encode { method, refuse_unknown, .. } => {
            let word = match method {
                Encoding::OneHot => "one_hot",
                Encoding::Ordinal => "ordinal",
                Encoding::Label => "label",
            };
            let handle_unknown = if *refuse_unknown { "error" } else { "ignore" };
            AskedStep::Encode {
                columns: Some(columns),
                method: word.to_owned(),
                handle_unknown: Some(handle_unknown.to_owned()),
            }
        }
        Step::Clip { lower_quantile, upper_quantile, .. } => {
            AskedStep::Clip { columns: Some(columns), lower_quantile: *lower_quantile, upper_quantile: *upper_quantile }
        }
        Step::Log1p { .. } => AskedStep::Log1p { columns: Some(columns) },
        Step::Polynomial { degree, interaction_only, .. } => {
            AskedStep::Polynomial { columns: Some(columns), degree: *degree, interaction_only: *interaction_only }
        }
    }
}

/// Steps as requests write them.
pub(in crate::worker) fn recipe_msg(steps: &[Step]) -> Vec<StepMsg> {
    steps.iter().map(step_msg).collect()
}

fn columns_msg(select: &Select) -> StepColumns {
    match select {
        Select::All => StepColumns::Group("all".to_owned()),
        Select::Numeric => StepColumns::Group("numeric".to_owned()),
        Select::Categorical => StepColumns::Group("categorical".to_owned()),
        Select::Names(names) => StepColumns::Names(names.clone()),
    }
}

/// A fitted step for the page.
pub(in crate::worker) fn fitted_step_msg(fitted: &FittedStep) -> FittedStepMsg {
    let texts = |cells: &[String]| cells.iter().map(|cell| sample_value(cell)).collect();
    let report = &fitted.report;
    FittedStepMsg {
        asked: step_msg(&fitted.step),
        columns: fitted.learned.iter().map(|(name, _)| name.clone()).collect(),
        learned: fitted.learned.iter().map(|(_, learned)| learned_value(&fitted.step, learned)).collect(),
        n_rows: report.n_rows,
        n_columns: report.n_columns,
        n_missing: report.n_missing,
        sample: [texts(&report.sample[0]), texts(&report.sample[1])],
    }
}

/// A sampled cell: a missing one is empty in the report and `null` on the wire.
fn sample_value(cell: &str) -> Value {
    if cell.is_empty() {
        return Value::Null;
    }
    cell.parse::<f64>().map_or_else(|_| Value::from(cell), Value::from)
}

/// What a step learned about one column, under the names the field uses.
fn learned_value(step: &Step, learned: &Learned) -> Value {
    match (step, learned) {
        (_, Learned::Keep) => json!({}),
        (_, Learned::Drop) => json!({ "dropped": true }),
        (_, Learned::FillNumber(fill)) => json!({ "fill": fill }),
        (_, Learned::FillCategory(fill)) => json!({ "fill": fill }),
        (Step::Scale { method, .. }, Learned::Affine { offset, scale }) => match method {
            Scaling::MinMax => json!({ "min": offset, "max": offset + scale, "scale": scale }),
            Scaling::Standard => json!({ "mean": offset, "scale": scale }),
            Scaling::Robust => json!({ "median": offset, "iqr": scale, "scale": scale }),
            Scaling::MaxAbs => json!({ "max_abs": scale, "scale": scale }),
        },
        (_, Learned::Affine { offset, scale }) => json!({ "offset": offset, "scale": scale }),
        (_, Learned::OneHot { categories, has_missing, .. }) => {
            json!({ "categories": categories, "has_missing": has_missing })
        }
        (_, Learned::Ordinal { categories, .. }) => json!({ "categories": categories }),
        (_, Learned::Clip { lower, upper }) => json!({ "lower": lower, "upper": upper }),
        (_, Learned::Log1p { smallest }) => json!({ "smallest": smallest }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_refused(step: Value, message: &str) {
        let steps: Vec<StepMsg> = serde_json::from_value(json!([{ "step": "log1p" }, step])).unwrap();
        let error = core_recipe(&steps).unwrap_err();
        assert_eq!(error.message(), message);
        assert_eq!(error.place().unwrap().step, Some(1));
    }

    #[test]
    fn settings_that_do_not_exist_are_refused_with_their_place() {
        check_refused(
            json!({ "step": "scale", "method": "minmax" }),
            "step 1 has method \"minmax\", but must have \"min_max\", \"standard\", \"robust\" or \"max_abs\"",
        );
        check_refused(
            json!({ "step": "clip", "lower_quantile": 0.9, "upper_quantile": 0.1 }),
            "step 1 has lower_quantile 0.9 and upper_quantile 0.1, \
             but must have 0 ≤ lower_quantile < upper_quantile ≤ 1",
        );
        check_refused(
            json!({ "step": "encode", "method": "one_hot", "handle_unknown": "warn" }),
            "step 1 has handle_unknown \"warn\", but must have \"ignore\" or \"error\"",
        );
    }

    #[test]
    fn steps_survive_the_way_there_and_back() {
        let steps: Vec<StepMsg> = serde_json::from_value(json!([
            { "step": "drop_missing", "columns": ["a"] },
            { "step": "impute", "columns": "all", "strategy": "constant", "fill_value": "3" },
            { "step": "scale", "columns": "numeric", "method": "robust" },
            { "step": "encode", "columns": "categorical", "method": "label", "handle_unknown": "error" },
            { "step": "polynomial", "columns": "numeric", "degree": 2, "interaction_only": true },
        ]))
        .unwrap();
        assert_eq!(recipe_msg(&core_recipe(&steps).unwrap()), steps);
    }
}
