//! Recipes from requests, checked.

use serde_json::Value;
use vitrine_protocol::{AskedStep, StepColumns, StepMsg};

use crate::Error;
use crate::preprocess::{
    Clipping, DatePart, Encoding, Imputation, MOST_LAGS, PreprocessError, Scaling, Select, Selection, Smoothing, Step,
    TargetEncoding,
};
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
            let expected = "a list of names, \"numeric\", \"categorical\", \"datetime\" or \"all\"";
            bad("columns", format!("{columns:?}"), expected)
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
                "forward_fill" => Imputation::ForwardFill,
                "linear" => Imputation::Linear,
                other => {
                    let expected =
                        "\"mean\", \"median\", \"most_frequent\", \"constant\", \"forward_fill\" or \"linear\"";
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
        AskedStep::Clip { columns, method, lower_quantile, upper_quantile, factor } => {
            let factor_or = |usual: f64| match factor.unwrap_or(usual) {
                factor if factor > 0.0 && factor.is_finite() => Ok(factor),
                factor => Err(bad("factor", factor.to_string(), "a number above 0")),
            };
            let method = match method.as_deref().unwrap_or("quantile") {
                "quantile" => {
                    let (lower, upper) = (lower_quantile.unwrap_or(0.01), upper_quantile.unwrap_or(0.99));
                    if !(0.0 <= lower && lower < upper && upper <= 1.0) {
                        let given = format!("{lower} and upper_quantile {upper}");
                        return Err(bad("lower_quantile", given, "0 ≤ lower_quantile < upper_quantile ≤ 1"));
                    }
                    Clipping::Quantiles { lower, upper }
                }
                "iqr" => Clipping::Iqr { factor: factor_or(1.5)? },
                "z_score" => Clipping::ZScore { factor: factor_or(3.0)? },
                other => return Err(bad("method", format!("{other:?}"), "\"quantile\", \"iqr\" or \"z_score\"")),
            };
            Step::Clip { columns: select(columns, Select::Numeric)?, method }
        }
        AskedStep::Log1p { columns } => Step::Log1p { columns: select(columns, Select::Numeric)? },
        AskedStep::Polynomial { columns, degree, interaction_only } => {
            if !(2..=3).contains(degree) {
                return Err(bad("degree", degree.to_string(), "2 or 3"));
            }
            let columns = select(columns, Select::Numeric)?;
            Step::Polynomial { columns, degree: *degree, interaction_only: *interaction_only }
        }
        AskedStep::Smooth { columns, method, window, alpha } => {
            let method = match method.as_str() {
                "moving_average" => match window.unwrap_or(3) {
                    0 => return Err(bad("window", "0".to_owned(), "at least 1 row")),
                    window => Smoothing::MovingAverage { window },
                },
                "exponential" => match alpha.unwrap_or(0.5) {
                    alpha if alpha > 0.0 && alpha <= 1.0 => Smoothing::Exponential { alpha },
                    alpha => return Err(bad("alpha", alpha.to_string(), "a number above 0, at most 1")),
                },
                other => return Err(bad("method", format!("{other:?}"), "\"moving_average\" or \"exponential\"")),
            };
            Step::Smooth { columns: select(columns, Select::Numeric)?, method }
        }
        AskedStep::Lags { columns, n_steps, horizon } => {
            let (n_steps, horizon) = (n_steps.unwrap_or(5), horizon.unwrap_or(0));
            if !(1..=MOST_LAGS).contains(&n_steps) {
                return Err(bad("n_steps", n_steps.to_string(), "1 to 1000 rows"));
            }
            if horizon > MOST_LAGS {
                return Err(bad("horizon", horizon.to_string(), "0 to 1000 rows"));
            }
            Step::Lags { columns: select(columns, Select::Numeric)?, n_steps, horizon }
        }
        AskedStep::DatetimeParts {
            columns,
            year,
            quarter,
            month,
            day,
            weekday,
            day_of_year,
            hour,
            minute,
            elapsed_days,
            cyclic,
        } => {
            let asked = [year, quarter, month, day, weekday, day_of_year, hour, minute, elapsed_days];
            let usual = [true, false, true, true, true, false, false, false, true];
            let all = DatePart::ALL.iter().zip(asked).zip(usual);
            let parts: Vec<DatePart> =
                all.filter(|((_, asked), usual)| asked.unwrap_or(*usual)).map(|(((part, _), _), _)| *part).collect();
            if parts.is_empty() {
                return Err(bad("year", "false, and so have the other parts".to_owned(), "true for at least one part"));
            }
            let is_cyclic = cyclic.unwrap_or(false);
            Step::DatetimeParts { columns: select(columns, Select::Datetime)?, parts, is_cyclic }
        }
        AskedStep::GroupRare { columns, min_frequency } => {
            if !(*min_frequency > 0.0 && min_frequency.is_finite()) {
                let expected = "a share of the rows above 0, or a number of rows";
                return Err(bad("min_frequency", min_frequency.to_string(), expected));
            }
            Step::GroupRare { columns: select(columns, Select::Categorical)?, min_frequency: *min_frequency }
        }
        AskedStep::TargetEncode { columns, smooth, cv, shuffle, random_state } => {
            let n_folds = cv.unwrap_or(5);
            if !(2..=100).contains(&n_folds) {
                return Err(bad("cv", n_folds.to_string(), "2 to 100 parts"));
            }
            let smooth = match smooth {
                None | Some(Value::Null) => None,
                Some(Value::String(word)) if word == "auto" => None,
                Some(other) => match other.as_f64().filter(|smooth| *smooth >= 0.0) {
                    Some(smooth) => Some(smooth),
                    None => return Err(bad("smooth", other.to_string(), "\"auto\" or a number from 0")),
                },
            };
            let random_state = shuffle.unwrap_or(true).then_some(u64::from(random_state.unwrap_or(0)));
            let method = TargetEncoding { smooth, n_folds, random_state };
            Step::TargetEncode { columns: select(columns, Select::Categorical)?, method }
        }
        AskedStep::Bin { columns, n_bins, strategy } => {
            let n_bins = n_bins.unwrap_or(5);
            if !(2..=1000).contains(&n_bins) {
                return Err(bad("n_bins", n_bins.to_string(), "2 to 1000"));
            }
            let is_uniform = match strategy.as_deref().unwrap_or("quantile") {
                "quantile" => false,
                "uniform" => true,
                other => return Err(bad("strategy", format!("{other:?}"), "\"quantile\" or \"uniform\"")),
            };
            Step::Bin { columns: select(columns, Select::Numeric)?, n_bins, is_uniform }
        }
        AskedStep::SelectFeatures { columns, method, threshold, k } => {
            let k = k.unwrap_or(10);
            if k == 0 {
                return Err(bad("k", "0".to_owned(), "at least 1 feature"));
            }
            let method = match method.as_str() {
                "variance" => match threshold.unwrap_or(0.0) {
                    threshold if threshold >= 0.0 && threshold.is_finite() => Selection::Variance { threshold },
                    threshold => return Err(bad("threshold", threshold.to_string(), "a number from 0")),
                },
                "mutual_information" => Selection::MutualInformation { k },
                "f_test" => Selection::FTest { k },
                other => {
                    let expected = "\"variance\", \"mutual_information\" or \"f_test\"";
                    return Err(bad("method", format!("{other:?}"), expected));
                }
            };
            Step::SelectFeatures { columns: select(columns, Select::All)?, method }
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
            "datetime" => Some(Select::Datetime),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::worker::wire::recipe_msg;

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
        check_refused(
            json!({ "step": "smooth", "method": "exponential", "alpha": 0 }),
            "step 1 has alpha 0, but must have a number above 0, at most 1",
        );
        check_refused(json!({ "step": "lags", "n_steps": 0 }), "step 1 has n_steps 0, but must have 1 to 1000 rows");
        check_refused(
            json!({ "step": "lags", "horizon": 1001 }),
            "step 1 has horizon 1001, but must have 0 to 1000 rows",
        );
        check_refused(
            json!({ "step": "target_encode", "smooth": -1 }),
            "step 1 has smooth -1, but must have \"auto\" or a number from 0",
        );
        check_refused(
            json!({ "step": "datetime_parts", "year": false, "month": false, "day": false, "weekday": false,
                "elapsed_days": false }),
            "step 1 has year false, and so have the other parts, but must have true for at least one part",
        );
        check_refused(
            json!({ "step": "select_features", "method": "f_test", "k": 0 }),
            "step 1 has k 0, but must have at least 1 feature",
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
            { "step": "impute", "columns": "all", "strategy": "forward_fill" },
            { "step": "impute", "columns": "all", "strategy": "linear" },
            { "step": "clip", "columns": "all", "method": "quantile", "lower_quantile": 0.1, "upper_quantile": 0.9 },
            { "step": "clip", "columns": "all", "method": "iqr", "factor": 2.0 },
            { "step": "clip", "columns": "all", "method": "z_score", "factor": 3.0 },
            { "step": "smooth", "columns": "numeric", "method": "moving_average", "window": 4 },
            { "step": "smooth", "columns": "numeric", "method": "exponential", "alpha": 0.25 },
            { "step": "lags", "columns": ["a", "b"], "n_steps": 7, "horizon": 1 },
            { "step": "datetime_parts", "columns": "datetime", "year": false, "quarter": true, "month": true,
              "day": false, "weekday": false, "day_of_year": true, "hour": false, "minute": false,
              "elapsed_days": false, "cyclic": true },
            { "step": "group_rare", "columns": "categorical", "min_frequency": 0.05 },
            { "step": "target_encode", "columns": "categorical", "smooth": "auto", "cv": 5, "shuffle": true,
              "random_state": 7 },
            { "step": "target_encode", "columns": "categorical", "smooth": 2.5, "cv": 3, "shuffle": false },
            { "step": "bin", "columns": "numeric", "n_bins": 4, "strategy": "uniform" },
            { "step": "select_features", "columns": "all", "method": "variance", "threshold": 0.5 },
            { "step": "select_features", "columns": "all", "method": "mutual_information", "k": 3 },
            { "step": "select_features", "columns": "all", "method": "f_test", "k": 3 },
        ]))
        .unwrap();
        assert_eq!(recipe_msg(&core_recipe(&steps).unwrap()), steps);
    }
}
