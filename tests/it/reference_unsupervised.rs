//! Agreement of what is learned without a target with scikit-learn.

use serde_json::Value;
use vitrine::evaluate::ClusterMeasures;
use vitrine::model::{Answers, Structure};
use vitrine::preprocess::{Matrix, Target};

use crate::cases::{self, Fit, assert_close, fit, input, integers, numbers, rows, seed};

/// Closed forms, and clusters whose rows are the same: only the order of additions differs.
const EXACT: f64 = 1e-9;

fn cases_of(kind: &str) -> Vec<Value> {
    let all = cases::reference(kind)["cases"].as_array().expect("cases").clone();
    assert!(all.len() >= 3);
    all
}

fn lists(list: &Value) -> Vec<f64> {
    list.as_array().expect("lists").iter().flat_map(numbers).collect()
}

fn fitted(kind: &str, x: &Matrix, run: &Value) -> Fit {
    fit(kind, &cases::params(&run["params"]), input(x, &Target::none(), seed(run))).unwrap()
}

#[test]
fn k_means_finds_scikit_learns_clusters() {
    for case in cases_of("k_means") {
        let (x, _) = rows(&case);
        for run in case["runs"].as_array().expect("runs") {
            let name = format!("{}, {}", case["name"], run["params"]);
            let (model, issues, _) = fitted("k_means", &x, run);
            assert!(issues.is_empty(), "{name}: {issues:?}");
            let Answers::Clusters { codes, distances } = model.predict(&x) else { panic!("clusters") };
            let inertia: f64 = distances.iter().map(|distance| distance * distance).sum();
            let expected = run["inertia"].as_f64().expect("a number");
            let labels: Vec<u32> = integers(&run["labels"]).iter().map(|&label| label as u32).collect();
            // First centres are drawn from numpy's numbers, so the clusters are the same, and not only as good.
            assert_eq!(codes, labels, "{name}");
            assert!((inertia - expected).abs() <= EXACT * expected, "{name}: {inertia} instead of {expected}");
            if !run["silhouette"].is_null() {
                let mut measures = ClusterMeasures::new(x.clone(), labels);
                while !measures.step() {}
                for (measure, value) in measures.finish() {
                    assert_close(
                        &format!("{name}: {measure}"),
                        &[value.unwrap()],
                        &[run[&measure].as_f64().unwrap()],
                        EXACT,
                    );
                }
            }
        }
    }
}

#[test]
fn components_are_scikit_learns() {
    for case in cases_of("pca") {
        let name = case["name"].as_str().expect("a name");
        let (x, _) = rows(&case);
        let (model, issues, _) = fitted("pca", &x, &case);
        assert!(issues.is_empty(), "{name}: {issues:?}");
        let Structure::Components(pca) = model.structure() else { panic!("components") };
        assert_close(name, &pca.components, &lists(&case["components"]), EXACT);
        for (given, key) in [
            (&pca.explained_variance, "explained_variance"),
            (&pca.explained_variance_ratio, "explained_variance_ratio"),
            (&pca.singular_values, "singular_values"),
        ] {
            // Each number by itself, as the last ones are small.
            for (given, expected) in given.iter().zip(numbers(&case[key])) {
                assert!((given - expected).abs() <= EXACT * expected, "{name}: {key} {given} instead of {expected}");
            }
        }
        let expected = lists(&case["values"]);
        let first: Vec<u32> = (0..case["values"].as_array().expect("rows").len() as u32).collect();
        let Answers::Components { values, .. } = model.predict(&x.take_rows(&first)) else { panic!("components") };
        assert_close(name, &values, &expected, EXACT);
    }
}

/// As unsupervised.py plants them: every 25th row is moved, and all are rounded to f32.
fn planted(x: &Matrix, shift: &[f64]) -> Matrix {
    let moved = |(feature, values): (usize, &Vec<f64>)| {
        let move_row = |(row, &value): (usize, &f64)| {
            let sign = if (row + feature) % 2 == 0 { 1.0 } else { -1.0 };
            let moved = if row % 25 == 0 { value + shift[feature] * sign } else { value };
            f64::from(moved as f32)
        };
        values.iter().enumerate().map(move_row).collect()
    };
    Matrix::from_columns(x.features().iter().enumerate().map(moved).collect())
}

/// The share of pairs of a moved row and another in which the moved one is the odder.
fn roc_auc(scores: &[f64]) -> f64 {
    let (mut won, mut n) = (0.0, 0.0);
    for odd in scores.iter().step_by(25) {
        for (_, other) in scores.iter().enumerate().filter(|(row, _)| row % 25 != 0) {
            won += if odd < other {
                1.0
            } else if odd == other {
                0.5
            } else {
                0.0
            };
            n += 1.0;
        }
    }
    won / n
}

#[test]
fn isolation_forests_are_scikit_learns() {
    for case in cases_of("isolation_forest") {
        let (x, _) = rows(&case);
        let x = planted(&x, &numbers(&case["shift"]));
        for run in case["runs"].as_array().expect("runs") {
            let name = format!("{}, {}", case["name"], run["params"]);
            let (model, ..) = fitted("isolation_forest", &x, run);
            let answers = model.predict(&x);
            let n_outliers: u32 = answers.codes().iter().sum();
            let Answers::Scores { scores, offset } = answers else { panic!("scores") };
            let expected = numbers(&run["scores"]);
            assert_close(&name, &scores[..expected.len()], &expected, EXACT);
            assert_close(
                &name,
                &[offset, roc_auc(&scores)],
                &[run["offset"].as_f64().unwrap(), run["roc_auc"].as_f64().unwrap()],
                EXACT,
            );
            // A row whose score is the offset itself may be on either side by a rounding.
            assert!(i64::from(n_outliers).abs_diff(run["n_outliers"].as_i64().unwrap()) <= 1, "{name}: {n_outliers}");
        }
    }
}
