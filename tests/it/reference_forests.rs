//! Agreement of the forests with scikit-learn, tree for tree: `tests/reference/forests.py` says where the numbers come
//! from.

use serde_json::Value;
use vitrine::model::{Fitted, Structure, TreeNode};
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;

use crate::cases::{self, assert_close, fit, input, integers, numbers, rows, seed};

/// Thresholds are cut to nine digits.
const NINE_DIGITS: f64 = 1e-8;

/// Sums of a forest's answers and gains, in other orders.
const SUMS: f64 = 1e-11;

/// The rows as scikit-learn sees them: a row that a tree has not drawn may lie on a threshold, and then the last digit
/// of its number decides.
fn rows_f32(case: &Value) -> (Matrix, Vec<String>) {
    let (x, labels) = rows(case);
    let rounded = x.features().iter().map(|feature| feature.iter().map(|&value| f64::from(value as f32)).collect());
    (Matrix::from_columns(rounded.collect()), labels)
}

fn forest(kind: &str, params: &ParamMap, x: &Matrix, y: &Target, seed: Seed) -> Box<dyn Fitted> {
    fit(kind, params, input(x, y, seed)).expect("it can be grown").0
}

fn target(case: &Value, labels: &[String]) -> Target {
    let is_classes = labels.iter().any(|label| label.parse::<f64>().is_err());
    let is_classes = is_classes || case["data"]["target"] == "class";
    if is_classes { cases::classes(labels) } else { cases::values(labels) }
}

fn check_tree(name: &str, nodes: &[TreeNode], expected: &Value) {
    let split = |number: fn(&TreeNode) -> Option<usize>| -> Vec<i64> {
        nodes.iter().map(|node| number(node).map_or(-1, |n| n as i64)).collect()
    };
    assert_eq!(split(|node| node.split.map(|s| s.feature)), integers(&expected["feature"]), "{name}: features");
    assert_eq!(split(|node| node.split.map(|s| s.right)), integers(&expected["right"]), "{name}: right children");
    assert_eq!(split(|node| Some(node.n_samples)), integers(&expected["n_samples"]), "{name}: rows");
    for (node, threshold) in nodes.iter().zip(numbers(&expected["threshold"])) {
        let given = node.split.map_or(0.0, |split| split.threshold);
        assert!((given - threshold).abs() <= NINE_DIGITS * threshold.abs(), "{name}: {given} {threshold}");
    }
}

fn check_case(kind: &str, case: &Value) {
    let name = format!("{kind}, {}", case["name"].as_str().expect("a name"));
    let (x, labels) = rows_f32(case);
    let y = target(case, &labels);
    let fitted = forest(kind, &cases::params(&case["params"]), &x, &y, seed(case));
    let Structure::Trees(trees) = fitted.structure() else { panic!("a forest is made of trees") };
    let expected = case["trees"].as_array().expect("trees");
    assert_eq!(trees.n_trees(), expected.len(), "{name}");
    for (idx, expected) in expected.iter().enumerate() {
        let nodes = trees.nodes(idx);
        assert_eq!(trees.n_nodes(idx), nodes.len());
        check_tree(&format!("{name}, tree {idx}"), &nodes, expected);
    }
    let some: Vec<u32> = integers(&case["rows"]).iter().map(|&row| row as u32).collect();
    let answers = fitted.predict(&x.take_rows(&some));
    assert_close(&name, cases::flat(&answers), &numbers(&case["answers"]), SUMS);
    let state = fitted.state();
    assert_close(&name, state.f64("importances").expect("importances"), &numbers(&case["importances"]), SUMS);
    match case["oob_score"].as_f64() {
        Some(expected) => assert_close(&name, &[fitted.measures()[0].1], &[expected], SUMS),
        None => assert!(fitted.measures().is_empty()),
    }
}

fn check_scores(kind: &str, case: &Value) {
    let name = format!("{kind}, {}", case["name"].as_str().expect("a name"));
    let (x, labels) = rows_f32(case);
    let y = target(case, &labels);
    let all = 0..x.n_rows() as u32;
    let (held_back, learned): (Vec<u32>, Vec<u32>) = all.partition(|row| row % 4 == 3);
    let (x_test, y_test) = (x.take_rows(&held_back), y.take_rows(&held_back));
    let (x, y) = (x.take_rows(&learned), y.take_rows(&learned));
    let measure = if matches!(y, Target::Classes { .. }) { "accuracy" } else { "r2" };
    let expected = numbers(&case["scores"]);
    let scores: Vec<f64> = (0..expected.len() as u64)
        .map(|seed| {
            let fitted = forest(kind, &cases::params(&case["params"]), &x, &y, Seed(seed));
            vitrine::evaluate::evaluate(&fitted.predict(&x_test), &y_test).metrics[measure].expect("it is measured")
        })
        .collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let (expected_mean, std) = (case["mean"].as_f64().expect("a number"), case["std"].as_f64().expect("a number"));
    // More is claimed than a mean within a standard deviation: each seed gives scikit-learn's own forest.
    assert!((mean - expected_mean).abs() <= std.max(SUMS), "{name}: {mean} instead of {expected_mean} ± {std}");
    assert_close(&name, &scores, &expected, SUMS);
}

fn check_all(kind: &str) {
    let reference = cases::reference(kind);
    for (list, check) in [("cases", check_case as fn(&str, &Value)), ("scores", check_scores)] {
        let cases = reference[list].as_array().expect("cases");
        assert!(cases.len() >= 4);
        cases.iter().for_each(|case| check(kind, case));
    }
}

#[test]
fn random_forests_are_scikit_learns_tree_for_tree() {
    check_all("random_forest");
}

#[test]
fn extra_trees_are_scikit_learns_tree_for_tree() {
    check_all("extra_trees");
}
