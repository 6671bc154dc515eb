//! Agreement of the penalised linear models, of nearest neighbours and of naive Bayes with scikit-learn.

use serde_json::Value;
use vitrine::model::Structure;

use crate::cases::{self, assert_close, fit, flat, input, integers, numbers, rows, seed};

/// Closed forms; what is asked for is 1e-6.
const CLOSED_FORM: f64 = 1e-9;

/// Coordinate descent, to a tolerance of 1e-12 or with scikit-learn's very sweeps; what is asked for is 1e-6.
const CONVERGED: f64 = 1e-9;

fn each_case(file: &str, check: impl Fn(&str, &Value)) {
    let reference = cases::reference(file);
    let all = reference["cases"].as_array().expect("cases");
    assert!(!all.is_empty());
    all.iter().for_each(|case| check(case["name"].as_str().expect("a name"), case));
}

fn check_linear(kind: &str, tolerance: f64) {
    each_case(kind, |name, case| {
        let (x, y) = rows(case);
        let params = cases::params(&case["params"]);
        let (fitted, issues, _) = fit(kind, &params, input(&x, &cases::values(&y), seed(case))).unwrap();
        assert!(issues.is_empty(), "{name}: {issues:?}");
        let Structure::Linear { coefficients, intercepts, .. } = fitted.structure() else { panic!("a linear model") };
        let expected = numbers(&case["coefficients"]);
        assert_close(&format!("{kind}, {name}"), coefficients, &expected, tolerance);
        let intercept = case["intercept"].as_f64().expect("a number");
        assert!((intercepts[0] - intercept).abs() <= tolerance * intercept.abs().max(1.0), "{kind}, {name}");
        if kind != "ridge" {
            let zeros = |numbers: &[f64]| numbers.iter().map(|x| *x == 0.0).collect::<Vec<_>>();
            assert_eq!(zeros(coefficients), zeros(&expected), "{kind}, {name}: which features are left out");
        }
        let predictions = numbers(&case["predictions"]);
        assert_close(name, &flat(&fitted.predict(&x))[..predictions.len()], &predictions, tolerance);
    });
}

#[test]
fn ridge_is_scikit_learns() {
    check_linear("ridge", CLOSED_FORM);
}

#[test]
fn lasso_and_elastic_net_are_scikit_learns() {
    check_linear("lasso", CONVERGED);
    check_linear("elastic_net", CONVERGED);
}

#[test]
fn nearest_neighbours_are_scikit_learns() {
    each_case("k_nearest_neighbors", |name, case| {
        let (x, labels) = rows(case);
        let is_regression = case["classes"].is_null();
        let y = if is_regression { cases::values(&labels) } else { cases::classes(&labels) };
        let learned: Vec<u32> = (0..x.n_rows() as u32).filter(|row| row % 3 != 0).collect();
        let asked: Vec<u32> = integers(&case["asked"]).iter().map(|&row| row as u32).collect();
        let training = input(&x.take_rows(&learned), &y.take_rows(&learned), seed(case));
        let (fitted, issues, _) = fit("k_nearest_neighbors", &cases::params(&case["params"]), training).unwrap();
        assert!(issues.is_empty(), "{name}: {issues:?}");
        let expected: Vec<f64> = match is_regression {
            true => numbers(&case["predictions"]),
            false => case["probabilities"].as_array().expect("rows").iter().flat_map(numbers).collect(),
        };
        assert_close(name, flat(&fitted.predict(&x.take_rows(&asked))), &expected, CLOSED_FORM);
    });
}

#[test]
fn naive_bayes_is_scikit_learns() {
    each_case("naive_bayes", |name, case| {
        let (x, labels) = rows(case);
        let training = input(&x, &cases::classes(&labels), seed(case));
        let (fitted, ..) = fit("naive_bayes", &cases::params(&case["params"]), training).unwrap();
        let lists = |key: &str| -> Vec<f64> { case[key].as_array().expect("lists").iter().flat_map(numbers).collect() };
        let state = fitted.state();
        assert_close(name, state.f64("means").unwrap(), &lists("means"), CLOSED_FORM);
        for (given, expected) in state.f64("variances").unwrap().iter().zip(lists("variances")) {
            assert!((given - expected).abs() <= CLOSED_FORM * expected, "{name}: {given} instead of {expected}");
        }
        let asked: Vec<u32> = integers(&case["rows"]).iter().map(|&row| row as u32).collect();
        assert_close(name, flat(&fitted.predict(&x.take_rows(&asked))), &lists("probabilities"), CLOSED_FORM);
    });
}
