//! Parameters that came later agree with scikit-learn: distances of any power, given priors, trees that draw some rows.

use serde_json::json;
use vitrine::preprocess::Matrix;
use vitrine::train::FitInput;

use crate::cases::{self, assert_close, fit, flat, input, integers, numbers, rows, seed};
use crate::conversation::{Script, file};

/// Sums in another order, and powers and logarithms of another library.
const CLOSED_FORM: f64 = 1e-9;

/// scikit-learn's forests see features in f32.
fn rounded(x: &Matrix) -> Matrix {
    let round = |feature: &Vec<f64>| feature.iter().map(|&x| f64::from(x as f32)).collect();
    Matrix::from_columns(x.features().iter().map(round).collect())
}

#[test]
fn models_with_these_parameters_answer_as_scikit_learns() {
    let reference = cases::reference("parameters");
    let all = reference["cases"].as_array().unwrap();
    assert!(all.len() > 30);
    for case in all {
        let (kind, name) = (case["kind"].as_str().unwrap(), case["name"].as_str().unwrap());
        let (mut x, labels) = rows(case);
        if ["random_forest", "extra_trees"].contains(&kind) {
            x = rounded(&x);
        }
        let y = if case["classify"] == true { cases::classes(&labels) } else { cases::values(&labels) };
        let positions = |key: &str| integers(&case[key]).iter().map(|&row| row as u32).collect::<Vec<_>>();
        let (learned, asked) = (positions("learned"), positions("asked"));
        let quarters = || learned.iter().map(|row| f64::from(row * 37 % 8) / 4.0).collect();
        let training = FitInput {
            sample_weight: (case["weights"] == "quarters").then(quarters),
            ..input(&x.take_rows(&learned), &y.take_rows(&learned), seed(case))
        };
        let (fitted, ..) = fit(kind, &cases::params(&case["params"]), training).unwrap();
        let name = format!("{kind}, {name}");
        assert_close(&name, flat(&fitted.predict(&x.take_rows(&asked))), &numbers(&case["answers"]), CLOSED_FORM);
        if let Some(expected) = case["oob_score"].as_f64() {
            assert_close(&name, &[fitted.measures()[0].1], &[expected], CLOSED_FORM);
        }
        // What is saved answers the same.
        let again = (vitrine::model::find(kind).unwrap().load)(&fitted.state()).unwrap();
        assert_eq!(again.predict(&x), fitted.predict(&x), "{name}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (model, code) in [
        (json!({ "kind": "extra_trees", "max_samples": 0.5 }), "train.samples_without_bootstrap"),
        (json!({ "kind": "naive_bayes", "priors": { "setosa": 0.5, "rose": 0.5 } }), "train.unknown_class"),
        (json!({ "kind": "naive_bayes", "priors": { "setosa": 0.5, "virginica": 0.5 } }), "train.priors_not_whole"),
        (json!({ "kind": "k_nearest_neighbors", "p": 0.5 }), "train.parameter_out_of_range"),
    ] {
        let request = json!({ "type": "train", "id": "m", "table": "t", "target": "species", "model": model });
        let talk = Script::new().load("t", file("www/samples/iris.csv")).ask(request).run();
        assert_eq!(talk.error_code(2), code);
    }
}
