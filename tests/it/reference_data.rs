//! Preparation, profiles and measures agree with scikit-learn, numpy and pandas.

use std::rc::Rc;

use serde_json::Value;
use vitrine::Issues;
use vitrine::evaluate::evaluate;
use vitrine::ingest::{ReadConfig, read_bytes};
use vitrine::model::Answers;
use vitrine::preprocess::{Clipping, Encoding, Fitting, Imputation, Learned, Matrix, Scaling, Select, Step, Target};
use vitrine::table::summary::profile;
use vitrine::table::{Column, ColumnData, Table};

use crate::cases::{numbers, reference};
use crate::conversation::file;

/// Both sides are f64 and sum in other orders: some units in the last place.
const F64_SUMS: f64 = 1e-12;

fn rows(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as u32).collect()
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|x| x.as_str().unwrap().to_owned()).collect()
}

#[track_caller]
fn check_near(what: &str, actual: f64, expected: f64) {
    let is_near = (actual - expected).abs() <= F64_SUMS * expected.abs().max(1.0);
    assert!(is_near, "{what}: {actual} instead of {expected}");
}

fn load(data: &Value) -> (Rc<Table>, Vec<String>) {
    let columns = names(&data["columns"]);
    if let Some(path) = data["file"].as_str() {
        return (Rc::new(read_bytes(&file(path), ReadConfig::default()).unwrap().table), columns);
    }
    let rows: Vec<Vec<f64>> = data["x"].as_array().unwrap().iter().map(numbers).collect();
    let column = |idx: usize| rows.iter().map(|row| row[idx]).collect();
    let made = columns.iter().enumerate();
    let made = made.map(|(idx, name)| Column { name: name.clone(), data: ColumnData::Numeric(column(idx)) });
    (Rc::new(Table::new(made.collect())), columns)
}

fn step(case: &Value) -> Step {
    let params = &case["params"];
    let word = |name: &str| params[name].as_str().unwrap_or_default();
    let number = |name: &str| params[name].as_f64().unwrap();
    match case["step"].as_str().unwrap() {
        "impute" => Step::Impute {
            columns: Select::All,
            strategy: match word("strategy") {
                "mean" => Imputation::Mean,
                "median" => Imputation::Median,
                "most_frequent" => Imputation::MostFrequent,
                _ => Imputation::Constant(Some(match &params["fill_value"] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })),
            },
        },
        "scale" => Step::Scale {
            columns: Select::All,
            method: match word("method") {
                "min_max" => Scaling::MinMax,
                "standard" => Scaling::Standard,
                "robust" => Scaling::Robust,
                _ => Scaling::MaxAbs,
            },
        },
        "encode" => Step::Encode {
            columns: Select::All,
            method: if word("method") == "one_hot" { Encoding::OneHot } else { Encoding::Ordinal },
            refuse_unknown: false,
        },
        "log1p" => Step::Log1p { columns: Select::All },
        "polynomial" => Step::Polynomial {
            columns: Select::All,
            degree: number("degree") as usize,
            interaction_only: params["interaction_only"].as_bool().unwrap(),
        },
        "clip" => Step::Clip {
            columns: Select::All,
            method: Clipping::Quantiles { lower: number("lower_quantile"), upper: number("upper_quantile") },
        },
        other => panic!("no step {other}"),
    }
}

#[track_caller]
fn check_matrix(what: &str, actual: &Matrix, expected: &Value) {
    let expected = expected.as_array().unwrap();
    assert_eq!(actual.n_rows(), expected.len(), "{what}");
    for (row, cells) in expected.iter().enumerate() {
        let cells = cells.as_array().unwrap();
        assert_eq!(actual.n_features(), cells.len(), "{what}");
        // A missing cell stays missing in scikit-learn; here a last step fills it.
        for (feature, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_null()) {
            check_near(
                &format!("{what}, row {row}, feature {feature}"),
                actual.get(row, feature),
                cell.as_f64().unwrap(),
            );
        }
    }
}

#[test]
fn steps_agree_with_scikit_learn() {
    for case in reference("preprocess")["cases"].as_array().unwrap() {
        let what = format!("{} {} of {}", case["step"], case["params"], case["data"]["columns"]);
        let (table, columns) = load(&case["data"]);
        let is_text = case["train"][0].as_array().unwrap().iter().any(Value::is_string);
        let mut steps = vec![step(case)];
        if is_text {
            steps.push(Step::Encode { columns: Select::All, method: Encoding::Ordinal, refuse_unknown: false });
        }
        steps.push(Step::Impute { columns: Select::All, strategy: Imputation::Constant(None) });
        let mut fitting = Fitting::new(table.clone(), rows(&case["train_rows"]), &columns, steps).unwrap();
        while !fitting.step().unwrap() {}
        let prepared = fitting.finish().unwrap();
        if is_text {
            let fills = case["fitted"]["fill"].as_array().unwrap();
            for ((_, learned), fill) in prepared.recipe.steps[0].learned.iter().zip(fills) {
                assert_eq!(*learned, Learned::FillCategory(fill.as_str().unwrap().to_owned()), "{what}");
            }
            continue;
        }
        check_matrix(&format!("{what}, train"), &prepared.matrix, &case["train"]);
        let test = rows(&case["test_rows"]);
        let test = prepared.recipe.transform(table.as_ref(), &test, true, &mut Issues::new()).unwrap();
        check_matrix(&format!("{what}, test"), &test, &case["test"]);
    }
}

#[test]
fn profiles_agree_with_numpy_and_pandas() {
    for case in reference("quantiles")["cases"].as_array().unwrap() {
        let what = case["name"].as_str().unwrap();
        let column = match case["data"]["file"].as_str() {
            Some(path) => {
                let table = read_bytes(&file(path), ReadConfig::default()).unwrap().table;
                table.column(case["data"]["column"].as_str().unwrap()).unwrap().clone()
            }
            None => {
                let cells = case["data"]["x"].as_array().unwrap();
                let values = cells.iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect();
                Column { name: "x".to_owned(), data: ColumnData::Numeric(values) }
            }
        };
        let profile = profile(&column);
        assert_eq!(Some(profile.n_missing as u64), case["n_missing"].as_u64(), "{what}");
        assert_eq!(Some(profile.n_distinct as u64), case["n_distinct"].as_u64(), "{what}");
        let measured = [
            ("mean", profile.mean),
            ("std", profile.std),
            ("min", profile.min),
            ("q1", profile.q1),
            ("median", profile.median),
            ("q3", profile.q3),
            ("max", profile.max),
        ];
        for (name, actual) in measured {
            match (actual, case[name].as_f64()) {
                (Some(actual), Some(expected)) => check_near(&format!("{what}, {name}"), actual, expected),
                // Where pandas overflows to infinity, which JSON writes as null, ours may still be finite.
                (Some(actual), None) => assert!(actual.is_finite(), "{what}, {name}: {actual}"),
                (None, expected) => assert_eq!(expected, None, "{what}, {name}"),
            }
        }
    }
}

#[track_caller]
fn check_metrics(case: &Value, answers: &Answers, target: &Target, measures: &[&str]) {
    let evaluation = evaluate(answers, target);
    for name in measures {
        let what = format!("{}, {name}", case["name"]);
        match (evaluation.metrics[*name], case[*name].as_f64()) {
            (Some(actual), Some(expected)) => check_near(&what, actual, expected),
            (actual, expected) => assert_eq!(actual, expected, "{what}"),
        }
    }
}

#[test]
fn measures_agree_with_scikit_learn() {
    let reference = reference("metrics");
    for case in reference["classification"].as_array().unwrap() {
        let n_classes = case["classes"].as_array().unwrap().len();
        let probabilities = case["probabilities"].as_array().unwrap().iter().flat_map(numbers).collect();
        let answers = Answers::Classes { probabilities, n_classes };
        assert_eq!(answers.codes(), rows(&case["predicted"]), "{}", case["name"]);
        let target = Target::Classes { codes: rows(&case["truth"]), n_classes };
        let measures = ["accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc"];
        check_metrics(case, &answers, &target, &measures);
        let confusion = serde_json::to_value(evaluate(&answers, &target).confusion).unwrap();
        assert_eq!(confusion, case["confusion"], "{}", case["name"]);
    }
    for case in reference["regression"].as_array().unwrap() {
        let answers = Answers::Values(numbers(&case["predicted"]));
        check_metrics(case, &answers, &Target::Values(numbers(&case["truth"])), &["r2", "rmse", "mae"]);
    }
}
