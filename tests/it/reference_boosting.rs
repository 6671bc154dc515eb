//! Agreement of gradient boosting with scikit-learn's HistGradientBoosting, tree for tree.
//!
//! scikit-learn's exponentials and logarithms are those of the C library, ours of `libm`: they differ in the last bit
//! now and then, which rounding to f32 hides but for one gradient in some hundred million. The means agree to the
//! order in which numbers are added.

use serde_json::{Value, json};
use vitrine::evaluate::evaluate;
use vitrine::model::{Structure, Trees};
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;

use crate::cases::{self, assert_close, fit, flat, input, integers, numbers, rows};

/// What is asked for is 1e-6; where all trees are the same there is nothing but the order of sums.
const SAME_TREES: f64 = 1e-12;

fn each_case(file: &str, target: fn(&[String]) -> Target, check: impl Fn(&str, &Value, Matrix, Target)) {
    let reference = cases::reference(file);
    let all = reference["cases"].as_array().expect("cases");
    assert!(all.len() >= 5);
    for case in all {
        let (x, y) = rows(case);
        check(case["name"].as_str().expect("a name"), case, x, target(&y));
    }
}

fn check_trees(name: &str, case: &Value, trees: &dyn Trees) {
    let features = case["feature"].as_array().expect("trees");
    let n_samples = case["n_samples"].as_array().expect("trees");
    assert_eq!(trees.n_trees(), features.len(), "{name}");
    for tree in 0..trees.n_trees() {
        let nodes = trees.nodes(tree);
        let given: Vec<i64> = nodes.iter().map(|node| node.split.map_or(-1, |split| split.feature as i64)).collect();
        assert_eq!(given, integers(&features[tree]), "{name}: features of tree {tree}");
        let given: Vec<i64> = nodes.iter().map(|node| node.n_samples as i64).collect();
        assert_eq!(given, integers(&n_samples[tree]), "{name}: rows of tree {tree}");
    }
    for (at, &tree) in integers(&case["told"]).iter().enumerate() {
        let nodes = trees.nodes(tree as usize);
        let given: Vec<f64> = nodes.iter().map(|node| node.split.map_or(0.0, |split| split.threshold)).collect();
        assert_eq!(given, numbers(&case["threshold"][at]), "{name}: thresholds of tree {tree}");
        let leaves = nodes.iter().filter(|node| node.split.is_none());
        let given: Vec<f64> = leaves.map(|node| node.value[0]).collect();
        assert_close(&format!("{name}: leaves of tree {tree}"), &given, &numbers(&case["value"][at]), SAME_TREES);
    }
}

fn check_fit(name: &str, case: &Value, x: Matrix, y: Target) {
    let (fitted, issues, steps) =
        fit("gradient_boosting", &cases::params(&case["params"]), input(&x, &y, Seed(1))).expect("it can be fitted");
    assert!(issues.is_empty(), "{name}");
    let Structure::Trees(trees) = fitted.structure() else { panic!("many trees") };
    check_trees(name, case, trees);
    let some: Vec<u32> = integers(&case["rows"]).iter().map(|&row| row as u32).collect();
    let expected: Vec<f64> = case["answers"].as_array().expect("rows").iter().flat_map(numbers_or_one).collect();
    assert_close(name, flat(&fitted.predict(&x.take_rows(&some))), &expected, SAME_TREES);
    // scikit-learn halves squared errors.
    let factor = if matches!(y, Target::Values(_)) { 2.0 } else { 1.0 };
    let losses: Vec<f64> = steps.iter().filter_map(|step| step.epoch).map(|epoch| epoch.train_loss / factor).collect();
    assert_close(&format!("{name}: losses"), &losses, &numbers(&case["losses"]), SAME_TREES);
}

fn numbers_or_one(value: &Value) -> Vec<f64> {
    value.as_f64().map_or_else(|| numbers(value), |x| vec![x])
}

fn check_stop(name: &str, case: &Value, x: Matrix, y: Target) {
    let mut params: ParamMap = cases::params(&case["params"]);
    params.extend(cases::params(&case["stopping"]));
    let (_, _, steps) = fit("gradient_boosting", &params, input(&x, &y, Seed(1))).expect("it can be fitted");
    let n_rounds = steps.iter().filter(|step| step.epoch.is_some()).count();
    assert_eq!(json!(n_rounds), case["n_iter_stopped"], "{name}: rounds until it stops");
}

#[test]
fn boosted_numbers_are_scikit_learns_tree_for_tree() {
    each_case("gradient_boosting_regression", cases::values, check_fit);
}

#[test]
fn boosted_classes_are_scikit_learns_tree_for_tree() {
    each_case("gradient_boosting_classification", cases::classes, check_fit);
}

#[test]
fn boosting_stops_early_where_scikit_learn_stops() {
    each_case("gradient_boosting_regression", cases::values, check_stop);
    each_case("gradient_boosting_classification", cases::classes, check_stop);
}

/// Each threshold is found by a tree that may cut wherever there are rows on both sides.
#[test]
fn bins_are_scikit_learns_to_the_last_bit() {
    let reference = cases::reference("gradient_boosting_regression");
    for case in reference["bins"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        let x = Matrix::from_columns(vec![numbers(&case["x"])]);
        // Growing faster and faster, so that every cut gains something.
        let y = Target::Values(numbers(&case["x"]).iter().map(|x| x + x * x * x / 1e3).collect());
        let params =
            json!({ "max_iter": 1, "max_leaf_nodes": null, "min_samples_leaf": 1, "max_bins": case["max_bins"] });
        let (fitted, ..) = fit("gradient_boosting", &cases::params(&params), input(&x, &y, Seed(1))).unwrap();
        let Structure::Trees(trees) = fitted.structure() else { panic!("many trees") };
        let mut given: Vec<f64> = trees.nodes(0).iter().filter_map(|node| Some(node.split?.threshold)).collect();
        given.sort_by(f64::total_cmp);
        assert_eq!(given, numbers(&case["thresholds"]), "{name}");
    }
}

/// The rows that early stopping looks at are drawn by another generator: means over ten seeds agree, not fits.
#[test]
fn boosting_stopped_by_held_out_rows_is_as_good_as_scikit_learns() {
    for (file, target) in [
        ("gradient_boosting_regression", cases::values as fn(&[String]) -> Target),
        ("gradient_boosting_classification", cases::classes),
    ] {
        let reference = cases::reference(file);
        let case = &reference["held_out"];
        let (x, y) = rows(case);
        let y = target(&y);
        let every_other = |first: u32| -> Vec<u32> { (first..x.n_rows() as u32).step_by(2).collect() };
        let (train, test) = (every_other(0), every_other(1));
        let (mut scores, mut rounds) = (Vec::new(), Vec::new());
        for seed in 0..10 {
            let here = input(&x.take_rows(&train), &y.take_rows(&train), Seed(seed));
            let (fitted, _, steps) = fit("gradient_boosting", &cases::params(&case["params"]), here).unwrap();
            let evaluation = evaluate(&fitted.predict(&x.take_rows(&test)), &y.take_rows(&test));
            let measure = if matches!(y, Target::Values(_)) { "r2" } else { "accuracy" };
            scores.push(evaluation.metrics[measure].expect("it is defined"));
            rounds.push(steps.iter().filter(|step| step.epoch.is_some()).count() as f64);
        }
        for (what, given, mean, deviation) in
            [("score", scores, "mean", "deviation"), ("rounds", rounds, "mean_rounds", "deviation_rounds")]
        {
            let given = given.iter().sum::<f64>() / 10.0;
            let (mean, deviation) = (case[mean].as_f64().unwrap(), case[deviation].as_f64().unwrap());
            assert!((given - mean).abs() <= deviation, "{file}: {what} {given} instead of {mean} ± {deviation}");
        }
    }
}
