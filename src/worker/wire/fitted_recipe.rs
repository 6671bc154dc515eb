//! Recipes to events: as asked for, and what they learned.

use serde_json::{Map, Value, json};
use vitrine_protocol::{AskedStep, FittedStepMsg, StepColumns, StepMsg};

use crate::preprocess::{
    Clipping, DatePart, Encoding, FittedStep, Imputation, Learned, Scaling, Select, Selection, Smoothing, Step,
    TargetMeans,
};
use crate::table::format_datetime;

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
                Imputation::ForwardFill => ("forward_fill", None),
                Imputation::Linear => ("linear", None),
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
        Step::Clip { method, .. } => {
            let (word, quantiles, factor) = match *method {
                Clipping::Quantiles { lower, upper } => ("quantile", Some((lower, upper)), None),
                Clipping::Iqr { factor } => ("iqr", None, Some(factor)),
                Clipping::ZScore { factor } => ("z_score", None, Some(factor)),
            };
            let (lower_quantile, upper_quantile) = quantiles.unzip();
            let (columns, method) = (Some(columns), Some(word.to_owned()));
            AskedStep::Clip { columns, method, lower_quantile, upper_quantile, factor }
        }
        Step::Log1p { .. } => AskedStep::Log1p { columns: Some(columns) },
        Step::Polynomial { degree, interaction_only, .. } => {
            AskedStep::Polynomial { columns: Some(columns), degree: *degree, interaction_only: *interaction_only }
        }
        Step::Smooth { method, .. } => {
            let (word, window, alpha) = match *method {
                Smoothing::MovingAverage { window } => ("moving_average", Some(window), None),
                Smoothing::Exponential { alpha } => ("exponential", None, Some(alpha)),
            };
            AskedStep::Smooth { columns: Some(columns), method: word.to_owned(), window, alpha }
        }
        Step::Lags { n_steps, horizon, .. } => {
            AskedStep::Lags { columns: Some(columns), n_steps: Some(*n_steps), horizon: Some(*horizon) }
        }
        Step::DatetimeParts { parts, is_cyclic, .. } => {
            let has = |part| Some(parts.contains(&part));
            AskedStep::DatetimeParts {
                columns: Some(columns),
                year: has(DatePart::Year),
                quarter: has(DatePart::Quarter),
                month: has(DatePart::Month),
                day: has(DatePart::Day),
                weekday: has(DatePart::Weekday),
                day_of_year: has(DatePart::DayOfYear),
                hour: has(DatePart::Hour),
                minute: has(DatePart::Minute),
                elapsed_days: has(DatePart::ElapsedDays),
                cyclic: Some(*is_cyclic),
            }
        }
        Step::GroupRare { min_frequency, .. } => {
            AskedStep::GroupRare { columns: Some(columns), min_frequency: *min_frequency }
        }
        Step::TargetEncode { method, .. } => AskedStep::TargetEncode {
            columns: Some(columns),
            smooth: Some(method.smooth.map_or_else(|| Value::from("auto"), Value::from)),
            cv: Some(method.n_folds),
            shuffle: Some(method.random_state.is_some()),
            random_state: method.random_state.map(|seed| seed as u32),
        },
        Step::Bin { n_bins, is_uniform, .. } => {
            let strategy = Some(if *is_uniform { "uniform" } else { "quantile" }.to_owned());
            AskedStep::Bin { columns: Some(columns), n_bins: Some(*n_bins), strategy }
        }
        Step::SelectFeatures { method, .. } => {
            let (word, threshold, k) = match *method {
                Selection::Variance { threshold } => ("variance", Some(threshold), None),
                Selection::MutualInformation { k } => ("mutual_information", None, Some(k)),
                Selection::FTest { k } => ("f_test", None, Some(k)),
            };
            AskedStep::SelectFeatures { columns: Some(columns), method: word.to_owned(), threshold, k }
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
        Select::Datetime => StepColumns::Group("datetime".to_owned()),
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
        sample_of: report.sample_of,
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
        (_, Learned::FillAlong { start, .. }) => json!({ "start": start }),
        (_, Learned::FillCategoryAlong(start)) => json!({ "start": start }),
        (_, Learned::Average(window)) => json!({ "window": window }),
        (_, Learned::Exponential(alpha)) => json!({ "alpha": alpha }),
        (_, Learned::Lags { n_steps, horizon }) => json!({ "n_steps": n_steps, "horizon": horizon }),
        (_, Learned::DatetimeParts { start_millis, .. }) => json!({ "start": format_datetime(*start_millis as i64) }),
        (_, Learned::GroupRare { kept, rest }) => json!({ "kept": kept, "rest": rest }),
        (_, Learned::TargetEncode(means)) => target_means_value(means),
        (_, Learned::Bin(edges)) => json!({ "edges": edges }),
        (_, Learned::Selected { score, is_kept }) => json!({ "score": score, "kept": is_kept }),
    }
}

/// The categories, and their means by class where there are several.
fn target_means_value(means: &TargetMeans) -> Value {
    let mut fields = Map::from_iter([("categories".to_owned(), Value::from(means.categories.clone()))]);
    for output in &means.outputs {
        let name = output.class.clone().unwrap_or_else(|| "mean".to_owned());
        fields.insert(name, Value::from(output.means.clone()));
    }
    Value::Object(fields)
}
