//! Steps that follow the rows, cut, group, take apart, learn from the target or choose agree with pandas and
//! scikit-learn.

use std::rc::Rc;

use serde_json::Value;
use vitrine::Issues;
use vitrine::ingest::{ReadConfig, read_bytes};
use vitrine::preprocess::{
    Clipping, DatePart, Encoding, Fitting, Imputation, Labels, Learned, Matrix, Prepared, Select, Selection, Smoothing,
    Step, TargetEncoding, Task, read_labels,
};
use vitrine::table::{Column, ColumnData, Table};

use crate::cases::{numbers, reference};
use crate::conversation::file;

/// Both sides are f64 and sum in other orders, and the file has 12 digits.
const F64_SUMS: f64 = 1e-11;

/// Mutual information of one set of rows moves with the noise that sets ties apart: by as many of scikit-learn's own
/// standard deviations over ten seeds, and by this much where those are nearly nothing.
const N_STD: f64 = 5.0;
const NOISE_LEFT: f64 = 2e-3;

fn rows(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as u32).collect()
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|x| x.as_str().unwrap().to_owned()).collect()
}

fn flags(value: &Value) -> Vec<bool> {
    value.as_array().unwrap().iter().map(|x| x.as_bool().unwrap()).collect()
}

/// The case's file, with its cells in `gaps` taken out.
fn load(case: &Value) -> Rc<Table> {
    let path = case["data"]["file"].as_str().unwrap();
    let table = read_bytes(&file(path), ReadConfig::default()).unwrap().table;
    let Some(gaps) = case["gaps"].as_array() else { return Rc::new(table) };
    let mut columns = table.columns().to_vec();
    for (name, gaps) in names(&case["data"]["columns"]).iter().zip(gaps) {
        let column = columns.iter_mut().find(|column| column.name == *name).unwrap();
        let ColumnData::Numeric(values) = &mut column.data else { panic!("numbers") };
        rows(gaps).into_iter().for_each(|row| values[row as usize] = f64::NAN);
    }
    Rc::new(Table::new(columns))
}

fn step(case: &Value) -> Step {
    let asked = &case["step"];
    let columns = Select::All;
    let number = |name: &str| asked[name].as_f64().unwrap();
    match (asked["step"].as_str().unwrap(), asked["method"].as_str().unwrap_or_default()) {
        ("impute", _) if asked["strategy"] == "linear" => Step::Impute { columns, strategy: Imputation::Linear },
        ("impute", _) => Step::Impute { columns, strategy: Imputation::ForwardFill },
        ("smooth", "exponential") => {
            Step::Smooth { columns, method: Smoothing::Exponential { alpha: number("alpha") } }
        }
        ("smooth", _) => {
            Step::Smooth { columns, method: Smoothing::MovingAverage { window: number("window") as usize } }
        }
        ("clip", "iqr") => Step::Clip { columns, method: Clipping::Iqr { factor: number("factor") } },
        ("clip", _) => Step::Clip { columns, method: Clipping::ZScore { factor: number("factor") } },
        ("bin", _) => {
            Step::Bin { columns, n_bins: number("n_bins") as usize, is_uniform: asked["strategy"] == "uniform" }
        }
        ("group_rare", _) => Step::GroupRare { columns, min_frequency: number("min_frequency") },
        ("target_encode", _) => {
            let method = TargetEncoding { smooth: asked["smooth"].as_f64(), n_folds: 5, random_state: None };
            Step::TargetEncode { columns, method }
        }
        (other, _) => panic!("no step {other}"),
    }
}

/// The labels of the case's training rows, if it has a target.
fn labels(case: &Value, table: &Table) -> Option<Labels> {
    let column = table.column(case["target"].as_str()?).unwrap();
    let task = if case["task"] == "regression" { Task::Regression } else { Task::Classification };
    let mut labels = read_labels(column, task, &mut Issues::new()).unwrap();
    labels.keep_rows(&rows(&case["train_rows"]));
    Some(labels)
}

fn prepare(case: &Value, table: &Rc<Table>, steps: Vec<Step>) -> Prepared {
    let columns = names(&case["data"]["columns"]);
    let mut fitting = Fitting::new(table.clone(), rows(&case["train_rows"]), &columns, steps).unwrap();
    if let Some(labels) = labels(case, table) {
        fitting = fitting.with_labels(labels);
    }
    while !fitting.step().unwrap() {}
    fitting.finish().unwrap()
}

#[track_caller]
fn check_matrix(what: &str, actual: &Matrix, expected: &Value) {
    let expected = expected.as_array().unwrap();
    assert_eq!(actual.n_rows(), expected.len(), "{what}");
    for (row, expected) in expected.iter().map(numbers).enumerate() {
        assert_eq!(actual.n_features(), expected.len(), "{what}");
        for (feature, expected) in expected.into_iter().enumerate() {
            let actual = actual.get(row, feature);
            let is_near = (actual - expected).abs() <= F64_SUMS * expected.abs().max(1.0);
            assert!(is_near, "{what}, row {row}, feature {feature}: {actual} instead of {expected}");
        }
    }
}

#[test]
fn steps_agree_on_training_rows_and_on_others() {
    let reference = reference("preparation");
    let cases = reference["cases"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let what = format!("{} of {}", case["step"], case["data"]);
        let table = load(case);
        let mut steps = vec![step(case)];
        match &steps[0] {
            // What is still missing at the start is taken as the training median of what came out.
            Step::Smooth { .. } => steps.push(Step::Impute { columns: Select::All, strategy: Imputation::Median }),
            Step::GroupRare { .. } => {
                let (columns, method) = (Select::All, Encoding::OneHot);
                steps.push(Step::Encode { columns, method, refuse_unknown: false });
            }
            _ => {}
        }
        let prepared = prepare(case, &table, steps);
        check_learned(&what, case, &prepared);
        check_matrix(&format!("{what}, train"), &prepared.matrix, &case["train"]);
        let test = rows(&case["test_rows"]);
        let test = prepared.recipe.transform(table.as_ref(), &test, true, &mut Issues::new()).unwrap();
        check_matrix(&format!("{what}, test"), &test, &case["test"]);
    }
}

#[track_caller]
fn check_learned(what: &str, case: &Value, prepared: &Prepared) {
    let learned = prepared.recipe.steps[0].learned.iter().map(|(_, learned)| learned);
    for (idx, learned) in learned.enumerate() {
        match learned {
            Learned::Bin(edges) => {
                let expected = numbers(&case["edges"][idx]);
                assert_eq!(edges.len(), expected.len(), "{what}");
                let is_near = edges.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= F64_SUMS * b.abs().max(1.0));
                assert!(is_near, "{what}: {edges:?} instead of {expected:?}");
            }
            Learned::GroupRare { kept, rest } => {
                let rare = names(&case["rare"][idx]);
                assert_eq!(rest.is_some(), !rare.is_empty(), "{what}");
                assert!(rare.iter().all(|name| !kept.contains(name)), "{what}: {kept:?} and {rare:?}");
            }
            _ => {}
        }
    }
}

#[test]
fn the_parts_of_a_date_are_pandas() {
    let reference = reference("preparation");
    let dates = &reference["dates"];
    let texts = names(&dates["texts"]);
    let csv = format!("t\n{}\n", texts.join("\n"));
    let table = Rc::new(read_bytes(csv.as_bytes(), ReadConfig::default()).unwrap().table);
    let parts = DatePart::ALL.map(|(part, _)| part).to_vec();
    let step = Step::DatetimeParts { columns: Select::Datetime, parts, is_cyclic: false };
    let all = (0..texts.len() as u32).collect();
    let mut fitting = Fitting::new(table, all, &["t".to_owned()], vec![step]).unwrap();
    while !fitting.step().unwrap() {}
    let prepared = fitting.finish().unwrap();
    for (idx, (_, name)) in DatePart::ALL.iter().enumerate() {
        let expected = numbers(&dates["parts"][name]);
        let actual = prepared.matrix.feature(idx);
        let is_near = actual.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= F64_SUMS * b.abs().max(1.0));
        assert!(is_near, "{name}: {actual:?} instead of {expected:?}");
    }
}

fn scores(prepared: &Prepared) -> (Vec<f64>, Vec<bool>) {
    let learned = prepared.recipe.steps[0].learned.iter();
    learned
        .map(|(_, learned)| match learned {
            Learned::Selected { score, is_kept } => (*score, *is_kept),
            other => panic!("a score, not {other:?}"),
        })
        .unzip()
}

#[test]
fn features_are_scored_and_kept_as_scikit_learn_does() {
    let reference = reference("preparation");
    let cases = reference["selections"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let table = load(case);
        let select = |method| {
            let step = Step::SelectFeatures { columns: Select::All, method };
            scores(&prepare(case, &table, vec![step]))
        };
        let threshold = case["threshold"].as_f64().unwrap();
        let exact = [
            (select(Selection::Variance { threshold }), "variances", "by_variance"),
            (select(Selection::FTest { k: 4 }), "f", "by_f"),
        ];
        for ((scores, kept), expected, expected_kept) in exact {
            let expected = numbers(&case[expected]);
            for (actual, expected) in scores.iter().zip(&expected) {
                // Squares of sums lose twice the digits.
                assert!((actual - expected).abs() <= 1e-9 * expected.abs(), "{actual} instead of {expected}");
            }
            assert_eq!(kept, flags(&case[expected_kept]), "{expected:?}");
        }
        let (scores, _) = select(Selection::MutualInformation { k: 4 });
        let (means, stds) = (numbers(&case["information_mean"]), numbers(&case["information_std"]));
        for (idx, score) in scores.iter().enumerate() {
            let apart = (score - means[idx]).abs();
            let what = format!("feature {idx} of {}: {score} instead of {}", case["data"]["file"], means[idx]);
            assert!(apart <= N_STD * stds[idx] + NOISE_LEFT, "{what} ± {}", stds[idx]);
        }
    }
}

/// scikit-learn's `test_estimators_nan_inf` and `check_fit1d` in spirit: odd columns are an error or finite numbers.
#[test]
fn odd_columns_never_become_nan() {
    let column = |values: Vec<f64>| Column { name: "x".to_owned(), data: ColumnData::Numeric(values) };
    let selected = |method| Step::SelectFeatures { columns: Select::All, method };
    let steps = [
        Step::Impute { columns: Select::All, strategy: Imputation::ForwardFill },
        Step::Impute { columns: Select::All, strategy: Imputation::Linear },
        Step::Smooth { columns: Select::All, method: Smoothing::MovingAverage { window: 1 } },
        Step::Smooth { columns: Select::All, method: Smoothing::Exponential { alpha: 0.1 } },
        Step::Clip { columns: Select::All, method: Clipping::Iqr { factor: 1.5 } },
        Step::Clip { columns: Select::All, method: Clipping::ZScore { factor: 3.0 } },
        Step::Bin { columns: Select::All, n_bins: 5, is_uniform: false },
        Step::Bin { columns: Select::All, n_bins: 5, is_uniform: true },
        Step::TargetEncode {
            columns: Select::All,
            method: TargetEncoding { smooth: None, n_folds: 2, random_state: Some(1) },
        },
        selected(Selection::FTest { k: 1 }),
        selected(Selection::MutualInformation { k: 1 }),
        selected(Selection::Variance { threshold: 0.0 }),
    ];
    let tables = [
        vec![f64::NAN; 6],
        vec![2.0; 6],
        vec![1.0],
        vec![f64::MAX, f64::MIN, f64::MAX, 0.0, f64::MIN_POSITIVE, 1.0],
        vec![f64::NAN, 1.0, f64::NAN, 1e-300, 1e300, f64::NAN],
    ];
    for values in tables {
        let n_rows = values.len();
        let table = Rc::new(Table::new(vec![column(values)]));
        for step in &steps {
            for huge in [1.0, 1e300] {
                let y = Column {
                    name: "y".to_owned(),
                    data: ColumnData::Numeric((0..n_rows).map(|row| row as f64 * huge).collect()),
                };
                let labels = read_labels(&y, Task::Regression, &mut Issues::new()).unwrap();
                let all: Vec<u32> = (0..n_rows as u32).collect();
                let steps = vec![step.clone(), Step::Impute { columns: Select::All, strategy: Imputation::Median }];
                let fitting = Fitting::new(table.clone(), all.clone(), &["x".to_owned()], steps).unwrap();
                let mut fitting = fitting.with_labels(labels);
                let outcome = loop {
                    match fitting.step() {
                        Ok(true) => break fitting.finish(),
                        Ok(false) => {}
                        Err(error) => break Err(error),
                    }
                };
                let Ok(prepared) = outcome else { continue };
                let again = prepared.recipe.transform(table.as_ref(), &all, true, &mut Issues::new()).unwrap();
                for x in [&prepared.matrix, &again] {
                    let is_finite = x.features().iter().flatten().all(|x| x.is_finite());
                    assert!(is_finite, "{step:?} of {:?}", table.column("x").unwrap());
                }
            }
        }
    }
}
