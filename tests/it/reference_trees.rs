//! Agreement of trees and forests with scikit-learn where cells are missing, rows have weights, or branches are pruned:
//! `tests/reference/trees.py` says where the numbers come from.

use serde_json::Value;
use vitrine::explain::PruningScores;
use vitrine::model::{Fitted, Structure, TreeNode};
use vitrine::preprocess::{Matrix, Target};
use vitrine::train::FitInput;

use crate::cases::{self, assert_close, fit, input, integers, numbers, rows, seed};

/// Thresholds are cut to nine digits.
const NINE_DIGITS: f64 = 1e-8;

/// Sums of weights, answers and gains, in other orders.
const SUMS: f64 = 1e-11;

/// Differences of sums: an alpha is the small difference of two impurities.
const DIFFERENCES: f64 = 1e-9;

/// The rows as scikit-learn sees them, rounded to f32, with the holes that a rule makes.
fn rows_with_holes(case: &Value, rule: &str) -> (Matrix, Vec<String>) {
    let (x, labels) = rows(case);
    let n_rows = x.n_rows();
    let is_missing = |row: usize, column: usize| match rule {
        "scattered" => (row * 31 + column * 17).is_multiple_of(9),
        "telling" => (column == 1 && row < n_rows / 3) || (row * 7 + column).is_multiple_of(5),
        _ => false,
    };
    let cell = |row: usize, column: usize| {
        if is_missing(row, column) { f64::NAN } else { f64::from(x.get(row, column) as f32) }
    };
    let columns = (0..x.n_features()).map(|column| (0..n_rows).map(|row| cell(row, column)).collect());
    (Matrix::from_columns(columns.collect()), labels)
}

fn weights(case: &Value, n_rows: usize) -> Option<Vec<f64>> {
    let quarters = (0..n_rows).map(|row| (row * 37 % 8) as f64 / 4.0);
    (case["weights"] == "quarters").then(|| quarters.collect())
}

fn target(case: &Value, labels: &[String]) -> Target {
    let is_numbers = ["progression", "rings"].contains(&case["data"]["target"].as_str().expect("a target"));
    if is_numbers { cases::values(labels) } else { cases::classes(labels) }
}

fn trees(fitted: &dyn Fitted) -> Vec<Vec<TreeNode>> {
    match fitted.structure() {
        Structure::Tree(nodes) => vec![nodes.to_vec()],
        Structure::Trees(trees) => (0..trees.n_trees()).map(|tree| trees.nodes(tree)).collect(),
        _ => panic!("made of trees"),
    }
}

/// The same tree, node for node. `weight_tolerance`: forests keep weights in f32.
fn check_tree(name: &str, nodes: &[TreeNode], expected: &Value, weight_tolerance: f64) {
    let split = |number: fn(&TreeNode) -> Option<usize>| -> Vec<i64> {
        nodes.iter().map(|node| number(node).map_or(-1, |n| n as i64)).collect()
    };
    assert_eq!(split(|node| node.split.map(|s| s.feature)), integers(&expected["feature"]), "{name}: features");
    assert_eq!(split(|node| node.split.map(|s| s.left)), integers(&expected["left"]), "{name}: left children");
    assert_eq!(split(|node| node.split.map(|s| s.right)), integers(&expected["right"]), "{name}: right children");
    let missing_left = split(|node| node.split.map(|s| usize::from(s.missing_go_to_left)));
    assert_eq!(missing_left, integers(&expected["missing_left"]), "{name}: ways of missing cells");
    let thresholds = expected["threshold"].as_array().expect("thresholds");
    for (node, threshold) in nodes.iter().zip(thresholds) {
        let given = node.split.map_or(0.0, |split| split.threshold);
        match threshold.as_f64() {
            Some(threshold) => {
                assert!((given - threshold).abs() <= NINE_DIGITS * threshold.abs(), "{name}: {given} {threshold}");
            }
            None => assert_eq!(given, f64::INFINITY, "{name}"),
        }
    }
    let weight: Vec<f64> = nodes.iter().map(|node| node.weighted_n_samples).collect();
    assert_close(name, &weight, &numbers(&expected["weight"]), weight_tolerance);
}

#[test]
fn missing_cells_and_weights_make_scikit_learns_trees() {
    let reference = cases::reference("missing_and_weighted_trees");
    let all = reference["cases"].as_array().expect("cases");
    assert!(all.len() >= 30);
    let mut n_asking_for_missing = 0;
    for case in all {
        let (name, kind) = (case["name"].as_str().expect("a name"), case["kind"].as_str().expect("a kind"));
        let rule = case["holes"].as_str().unwrap_or_default();
        let (x, labels) = rows_with_holes(case, rule);
        let y = target(case, &labels);
        let input = FitInput { sample_weight: weights(case, x.n_rows()), ..input(&x, &y, seed(case)) };
        let (fitted, ..) = fit(kind, &cases::params(&case["params"]), input).expect("it can be grown");
        let trees = trees(fitted.as_ref());
        let expected = case["trees"].as_array().expect("trees");
        assert_eq!(trees.len(), expected.len(), "{name}");
        // A sum of weights in f32 has seven digits.
        let weight_tolerance = if kind == "decision_tree" { SUMS } else { 1e-7 };
        for (nodes, expected) in trees.iter().zip(expected) {
            check_tree(name, nodes, expected, weight_tolerance);
            let is_infinite = |node: &&TreeNode| node.split.is_some_and(|split| split.threshold == f64::INFINITY);
            n_asking_for_missing += nodes.iter().filter(is_infinite).count();
        }
        let other = if rule == "scattered" { "telling" } else { "scattered" };
        let some: Vec<u32> = integers(&case["rows"]).iter().map(|&row| row as u32).collect();
        let asked = rows_with_holes(case, other).0.take_rows(&some);
        assert_close(name, cases::flat(&fitted.predict(&asked)), &numbers(&case["answers"]), SUMS);
        if let Ok(importances) = fitted.state().f64("importances") {
            assert_close(name, importances, &numbers(&case["importances"]), SUMS);
        }
        if let Some(expected) = case["oob_score"].as_f64() {
            assert_close(name, &[fitted.measures()[0].1], &[expected], SUMS);
        }
        let again = (vitrine::model::find(kind).unwrap().load)(&fitted.state()).expect("what was saved can be read");
        assert_eq!(again.predict(&asked), fitted.predict(&asked), "{name}");
    }
    assert!(n_asking_for_missing > 0, "some question is only whether a cell is missing");
}

#[test]
fn pruning_is_scikit_learns_from_the_whole_tree_to_its_root() {
    let reference = cases::reference("pruned_trees");
    for case in reference["cases"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        let (x, labels) = rows_with_holes(case, "none");
        let y = target(case, &labels);
        let (held_back, learned): (Vec<u32>, Vec<u32>) = (0..x.n_rows() as u32).partition(|row| row % 4 == 3);
        let part = |rows: &[u32]| (x.take_rows(rows), y.take_rows(rows));
        let (train, test) = (part(&learned), part(&held_back));
        let weights = weights(case, x.n_rows())
            .map(|weights| learned.iter().map(|&row| weights[row as usize]).collect::<Vec<f64>>());
        let mut params = cases::params(&case["params"]);
        params.insert("ccp_alpha".to_owned(), case["chosen"].clone());
        let input = FitInput { sample_weight: weights, ..input(&train.0, &train.1, seed(case)) };
        let (fitted, ..) = fit("decision_tree", &params, input).expect("it can be grown");
        check_tree(name, &trees(fitted.as_ref())[0], &case["tree"], SUMS);

        let mut scores = PruningScores::new(fitted.unpruned().expect("it was pruned"));
        scores.add_train(&train.0, &train.1);
        scores.add_test(&test.0, &test.1);
        while !scores.walk(1000) {}
        let path = scores.points();
        let list = |number: fn(&vitrine::explain::PruningPoint) -> f64| path.iter().map(number).collect::<Vec<f64>>();
        assert_close(name, &list(|at| at.ccp_alpha), &numbers(&case["ccp_alphas"]), DIFFERENCES);
        assert_close(name, &list(|at| at.impurity), &numbers(&case["impurities"]), SUMS);
        // Of branches with the same alpha, a refit takes all off at once, and roundings decide which come first: sizes and
        // scores are compared where the next alpha is clearly another one.
        let alphas = list(|at| at.ccp_alpha);
        let is_last = |idx: usize| alphas.get(idx + 1).is_none_or(|next| next - alphas[idx] > DIFFERENCES * next);
        let last: Vec<usize> = (0..alphas.len()).filter(|&idx| is_last(idx)).collect();
        assert!(last.len() >= 3, "{name}");
        let expected = |key: &str| -> Vec<f64> {
            let all = numbers(&case[key]);
            last.iter().map(|&idx| all[idx]).collect()
        };
        let given = |number: fn(&vitrine::explain::PruningPoint) -> f64| -> Vec<f64> {
            last.iter().map(|&idx| number(&path[idx])).collect()
        };
        assert_eq!(given(|at| at.n_leaves as f64), expected("n_leaves"), "{name}");
        assert_eq!(given(|at| at.depth as f64), expected("depths"), "{name}");
        assert_close(name, &given(|at| at.train_score.unwrap()), &expected("train"), DIFFERENCES);
        assert_close(name, &given(|at| at.test_score.unwrap()), &expected("test"), DIFFERENCES);
    }
}
