//! Agreement of logistic regression with corners, of support vectors and of categorical naive Bayes with scikit-learn.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vitrine::evaluate::evaluate;
use vitrine::model::{State, Structure};
use vitrine::preprocess::Matrix;

use crate::cases::{self, assert_close, fit, flat, input, integers, numbers, rows, seed};
use crate::conversation::{Script, file};

/// Both sides are polished by Newton's steps; what is asked for is 1e-6.
const POLISHED: f64 = 1e-8;

/// Sums of logarithms; what is asked for is 1e-9.
const CLOSED_FORM: f64 = 1e-12;

/// libsvm keeps what rows are compared to as f32 (2⁻²⁴ of relative error each), and both sides stop within `tol` 1e-8 of
/// the solution: decisions agree to some 1e-6 of the largest.
const LIBSVM_F32: f64 = 1e-5;

/// How much more surprised by held-back rows our probabilities may be than those of scikit-learn's `probability=True`:
/// its folds are others, it joins pairs otherwise, and it may find a class more probable than the one it answers.
const LIKELY: f64 = 0.03;

/// Rows that are nearly alike share a coefficient, and f32 hardly tells how: raw penguins are 6e-5 apart.
const SHARED: f64 = 2e-4;

fn each_case(file: &str, check: impl Fn(&str, &Value)) {
    let reference = cases::reference(file);
    let all = reference["cases"].as_array().expect("cases");
    assert!(!all.is_empty());
    all.iter().for_each(|case| check(case["name"].as_str().expect("a name"), case));
}

fn lists(value: &Value) -> Vec<f64> {
    value.as_array().expect("lists").iter().flat_map(numbers).collect()
}

fn positions(value: &Value) -> Vec<u32> {
    integers(value).into_iter().map(|row| row as u32).collect()
}

#[test]
fn sparse_logistic_regression_is_scikit_learns() {
    each_case("logistic_sparse", |name, case| {
        let (x, labels) = rows(case);
        let training = input(&x, &cases::classes(&labels), seed(case));
        let mut params = cases::params(&case["params"]);
        params.insert("solver".to_owned(), "saga".into());
        let (fitted, issues, _) = fit("logistic_regression", &params, training).unwrap();
        assert!(issues.is_empty(), "{name}: {issues:?}");
        let Structure::Linear { coefficients, intercepts, .. } = fitted.structure() else { panic!("a linear model") };
        let expected = lists(&case["coefficients"]);
        assert_close(name, coefficients, &expected, POLISHED);
        assert_close(name, intercepts, &numbers(&case["intercepts"]), POLISHED);
        let zeros = |numbers: &[f64]| numbers.iter().map(|x| *x == 0.0).collect::<Vec<_>>();
        assert_eq!(zeros(coefficients), zeros(&expected), "{name}: which coefficients are left out");
        let asked = x.take_rows(&positions(&case["rows"]));
        assert_close(name, flat(&fitted.predict(&asked)), &lists(&case["probabilities"]), POLISHED);
    });
}

/// The lines of a case's numbers, one after the other, for pairs turned so that what is positive speaks for the first.
fn of_pairs(numbers: Vec<f64>, n_classes: usize) -> Vec<f64> {
    // scikit-learn turns the only pair of two classes round.
    if n_classes == 2 { numbers.into_iter().map(|x| -x).collect() } else { numbers }
}

/// The decisions, from the state: kernels are computed here once more, row by row.
fn decisions(state: &State, x: &Matrix) -> Vec<f64> {
    let gamma = state.f64("gamma").unwrap()[0];
    let n_support = state.u32("n_support").unwrap();
    let vectors: Vec<&[f64]> = state.f64("support_vectors").unwrap().chunks(x.n_features()).collect();
    let coefficients = state.f64("coefficients").unwrap();
    let class_of: Vec<usize> = n_support.iter().enumerate().flat_map(|(class, &n)| vec![class; n as usize]).collect();
    let rows = x.to_row_major();
    let mut all = Vec::new();
    for row in rows.chunks(x.n_features()) {
        let alike = |vector: &[f64]| match gamma {
            0.0 => row.iter().zip(vector).map(|(a, b)| a * b).sum::<f64>(),
            _ => (-gamma * row.iter().zip(vector).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()).exp(),
        };
        let alike: Vec<f64> = vectors.iter().map(|vector| alike(vector)).collect();
        let mut intercepts = state.f64("intercepts").unwrap().iter();
        for first in 0..n_support.len() {
            for second in first + 1..n_support.len() {
                let mut decision = *intercepts.next().expect("one per pair");
                for (idx, alike) in alike.iter().enumerate() {
                    let line = match class_of[idx] {
                        class if class == first => second - 1,
                        class if class == second => first,
                        _ => continue,
                    };
                    decision += coefficients[line * vectors.len() + idx] * alike;
                }
                all.push(decision);
            }
        }
    }
    all
}

/// The coefficients of each class and vector: equal rows share theirs as it comes.
fn by_vector(n_support: &[u32], vectors: &[f64], coefficients: &[f64]) -> BTreeMap<(usize, Vec<u64>), Vec<f64>> {
    let class_of = n_support.iter().enumerate().flat_map(|(class, &n)| vec![class; n as usize]);
    let n_vectors = n_support.iter().sum::<u32>() as usize;
    let mut all = BTreeMap::new();
    for ((idx, class), vector) in class_of.enumerate().zip(vectors.chunks(vectors.len() / n_vectors)) {
        let key = (class, vector.iter().map(|x| x.to_bits()).collect());
        let sums = all.entry(key).or_insert_with(|| vec![0.0; n_support.len() - 1]);
        for (line, sum) in sums.iter_mut().enumerate() {
            *sum += coefficients[line * n_vectors + idx];
        }
    }
    all
}

#[test]
fn support_vectors_are_scikit_learns() {
    each_case("svc", |name, case| {
        let (x, labels) = rows(case);
        let y = cases::classes(&labels);
        let (held_out, learned): (Vec<u32>, Vec<u32>) = (0..x.n_rows() as u32).partition(|row| row % 3 == 0);
        let (x_learned, x_held_out) = (x.take_rows(&learned), x.take_rows(&held_out));
        let training = input(&x_learned, &y.take_rows(&learned), seed(case));
        let (fitted, issues, _) = fit("svc", &cases::params(&case["params"]), training).unwrap();
        assert!(issues.is_empty(), "{name}: {issues:?}");
        let state = fitted.state();
        let n_classes = case["classes"].as_array().expect("classes").len();
        assert_eq!(fitted.predict(&x_held_out).codes(), positions(&case["predictions"]), "{name}: answers");
        let loss =
            evaluate(&fitted.predict(&x_held_out), &y.take_rows(&held_out)).metrics["log_loss"].expect("a number");
        let platt = case["log_loss"].as_f64().expect("a number");
        assert!(loss < platt + LIKELY, "{name}: a log-loss of {loss}, and of {platt} with Platt's scaling");
        let intercepts = of_pairs(numbers(&case["intercepts"]), n_classes);
        assert_close(name, state.f64("intercepts").unwrap(), &intercepts, LIBSVM_F32);
        let told = &case["decisions"];
        let expected = of_pairs(if n_classes == 2 { numbers(told) } else { lists(told) }, n_classes);
        assert_close(name, &decisions(&state, &x_held_out), &expected, LIBSVM_F32);
        if case["support"].is_null() {
            if let Structure::Linear { coefficients, .. } = fitted.structure() {
                assert_close(name, coefficients, &lists(&case["coefficients"]), LIBSVM_F32);
            } else {
                assert!(n_classes > 2, "{name}");
            }
        } else {
            let n_support = (state.u32("n_support").unwrap(), &positions(&case["n_support"])[..]);
            let theirs = x_learned.take_rows(&positions(&case["support"]));
            let expected = of_pairs(lists(&case["dual_coefficients"]), n_classes);
            let vectors = (state.f64("support_vectors").unwrap(), &theirs.to_row_major()[..]);
            let mut given = by_vector(n_support.0, vectors.0, state.f64("coefficients").unwrap());
            let mut expected = by_vector(n_support.1, vectors.1, &expected);
            // A row whose coefficient is all but 0 may be there on one side only.
            let nothing = vec![0.0; n_classes - 1];
            let keys: Vec<_> = given.keys().chain(expected.keys()).cloned().collect();
            for key in keys {
                given.entry(key.clone()).or_insert_with(|| nothing.clone());
                expected.entry(key).or_insert_with(|| nothing.clone());
            }
            let numbers = |all: BTreeMap<_, Vec<f64>>| all.into_values().flatten().collect::<Vec<f64>>();
            assert_close(name, &numbers(given), &numbers(expected), SHARED);
        }
    });
}

#[test]
fn categories_are_read_as_codes_and_numbers_in_ranges() {
    let talk = Script::new()
        .load("t", file("www/samples/penguins.csv"))
        .ask(json!({ "type": "train", "id": "m", "table": "t", "target": "species", "model": { "kind": "categorical_nb" } }))
        .run();
    let model = talk.json(2);
    let names: Vec<&str> =
        model["feature_names"].as_array().expect("names").iter().map(|name| name.as_str().expect("a name")).collect();
    assert_eq!(names, ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]);
    assert!(model["metrics"]["test"]["accuracy"].as_f64().expect("a number") > 0.9, "{}", model["metrics"]);
    assert!(model["issues"].as_array().expect("issues").iter().any(|issue| issue["code"] == "cut_into_ranges"));
}

#[test]
fn categorical_naive_bayes_is_scikit_learns() {
    each_case("categorical_nb", |name, case| {
        let (x, labels) = rows(case);
        let training = input(&x, &cases::classes(&labels), seed(case));
        let (fitted, issues, _) = fit("categorical_nb", &cases::params(&case["params"]), training).unwrap();
        assert!(issues.is_empty(), "{name}: {issues:?}");
        let asked = x.take_rows(&positions(&case["rows"]));
        assert_close(name, flat(&fitted.predict(&asked)), &lists(&case["probabilities"]), CLOSED_FORM);
    });
}
