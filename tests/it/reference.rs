//! Agreement with scikit-learn, numpy and NIST: `tests/reference/` says where the numbers come from.

use serde_json::Value;
use vitrine::evaluate::{Evaluation, evaluate};
use vitrine::model::{Answers, Structure, TreeNode};
use vitrine::param::ParamMap;
use vitrine::preprocess::Target;

use crate::cases::{self, assert_close, fit, input, integers, numbers, rows, seed};

/// scikit-learn rounds features to f32 (2⁻²⁴ of relative error each), so thresholds agree to that.
const THRESHOLD_F32: f64 = 1e-6;

/// The files are cut to 13 digits.
const THIRTEEN_DIGITS: f64 = 1e-12;

fn each_case(file: &str, check: impl Fn(&Value)) {
    let reference = cases::reference(file);
    let all = reference["cases"].as_array().expect("cases");
    assert!(!all.is_empty());
    all.iter().for_each(check);
}

fn tree_params(case: &Value, n_features: usize) -> ParamMap {
    let mut params = cases::params(&case["params"]);
    if params.get("max_features").and_then(Value::as_str) == Some("sqrt") {
        params.insert("max_features".to_owned(), ((n_features as f64).sqrt() as u64).into());
    }
    params
}

fn check_tree(case: &Value, y: &Target) {
    let name = case["name"].as_str().expect("a name");
    let (x, _) = rows(case);
    let (fitted, ..) =
        fit("decision_tree", &tree_params(case, x.n_features()), input(&x, y, seed(case))).expect("it can be grown");
    let Structure::Tree(nodes) = fitted.structure() else { panic!("a tree is made of nodes") };
    let split = |number: fn(&TreeNode) -> Option<usize>| -> Vec<i64> {
        nodes.iter().map(|node| number(node).map_or(-1, |n| n as i64)).collect()
    };
    assert_eq!(split(|node| node.split.map(|s| s.feature)), integers(&case["feature"]), "{name}: features");
    assert_eq!(split(|node| node.split.map(|s| s.left)), integers(&case["left"]), "{name}: left children");
    assert_eq!(split(|node| node.split.map(|s| s.right)), integers(&case["right"]), "{name}: right children");
    assert_eq!(split(|node| Some(node.n_samples)), integers(&case["n_samples"]), "{name}: rows");
    for (node, threshold) in nodes.iter().zip(numbers(&case["threshold"])) {
        let given = node.split.map_or(0.0, |split| split.threshold);
        assert!((given - threshold).abs() <= THRESHOLD_F32 * threshold.abs(), "{name}: {given} {threshold}");
    }
    let impurity: Vec<f64> = nodes.iter().map(|node| node.impurity).collect();
    assert_close(name, &impurity, &numbers(&case["impurity"]), THIRTEEN_DIGITS);
    match y {
        Target::Classes { .. } => {
            let counts = case["counts"].as_array().expect("counts");
            for (node, counts) in nodes.iter().zip(counts) {
                let given: Vec<f64> = node.value.iter().map(|share| share * node.n_samples as f64).collect();
                assert_close(name, &given, &numbers(counts), THIRTEEN_DIGITS);
            }
            let codes: Vec<i64> = fitted.predict(&x).codes().into_iter().map(i64::from).collect();
            assert_eq!(codes, integers(&case["predictions"]), "{name}: answers");
        }
        Target::Values(_) => {
            let value: Vec<f64> = nodes.iter().map(|node| node.value[0]).collect();
            assert_close(name, &value, &numbers(&case["value"]), THIRTEEN_DIGITS);
            // The largest cases leave the leaves out.
            if !case["leaf"].is_null() {
                let expected: Vec<f64> = integers(&case["leaf"]).iter().map(|&leaf| value[leaf as usize]).collect();
                assert_eq!(cases::flat(&fitted.predict(&x)), expected, "{name}: answers");
            }
        }
    }
}

#[test]
fn classification_trees_are_scikit_learns_node_for_node() {
    each_case("decision_tree_classification", |case| {
        if case["params"].get("ccp_alpha").is_none() {
            check_tree(case, &cases::classes(&rows(case).1));
        }
    });
}

#[test]
fn regression_trees_are_scikit_learns_node_for_node() {
    each_case("decision_tree_regression", |case| {
        if case["params"].get("ccp_alpha").is_none() {
            check_tree(case, &cases::values(&rows(case).1));
        }
    });
}

/// Coefficients of well-posed problems; what is asked for is 1e-6.
const COEFFICIENTS: f64 = 1e-9;

fn linear_parts(structure: Structure<'_>) -> (Vec<f64>, Vec<f64>) {
    let Structure::Linear { coefficients, intercepts, .. } = structure else { panic!("a linear model") };
    (coefficients.to_vec(), intercepts.to_vec())
}

#[test]
fn linear_regression_is_scikit_learns() {
    each_case("linear_regression", |case| {
        let name = case["name"].as_str().expect("a name");
        let (x, y) = rows(case);
        let (fitted, issues, _) =
            fit("linear_regression", &cases::params(&case["params"]), input(&x, &cases::values(&y), seed(case)))
                .unwrap();
        let (mut given, intercepts) = linear_parts(fitted.structure());
        let mut expected = numbers(&case["coefficients"]);
        given.extend(intercepts);
        expected.push(case["intercept"].as_f64().expect("a number"));
        assert_close(name, &given, &expected, COEFFICIENTS);
        let first = x.take_rows(&(0..x.n_rows().min(20) as u32).collect::<Vec<_>>());
        let predictions = numbers(&case["predictions"]);
        assert_close(name, &cases::flat(&fitted.predict(&first))[..predictions.len()], &predictions, COEFFICIENTS);
        let is_short_of_rank = case["rank"].as_u64() < Some(x.n_features() as u64);
        assert_eq!(issues.iter().any(|issue| issue.code == "collinear_features"), is_short_of_rank, "{name}");
    });
}

/// NIST's certified values (StRD, Longley 1967): each number to nine digits of its own.
#[test]
fn longley_is_solved_to_nine_digits() {
    let reference = cases::reference("linear_regression");
    let longley = &reference["longley"];
    let rows: Vec<Vec<f64>> = longley["x"].as_array().expect("rows").iter().map(numbers).collect();
    let x = vitrine::preprocess::Matrix::from_row_major(&rows.concat(), rows[0].len());
    let y = Target::Values(numbers(&longley["y"]));
    let (fitted, ..) = fit("linear_regression", &ParamMap::new(), input(&x, &y, Default::default())).unwrap();
    let (mut given, intercepts) = linear_parts(fitted.structure());
    let mut expected = numbers(&longley["certified"]["coefficients"]);
    given.extend(intercepts);
    expected.push(longley["certified"]["intercept"].as_f64().expect("a number"));
    for (given, expected) in given.iter().zip(&expected) {
        assert!((given - expected).abs() <= 0.5e-9 * expected.abs(), "{given} instead of {expected}");
    }
}

#[test]
fn logistic_regression_is_scikit_learns() {
    each_case("logistic_regression", |case| {
        let name = case["name"].as_str().expect("a name");
        let (x, y) = rows(case);
        let params = cases::params(&case["params"]);
        let (fitted, issues, _) =
            fit("logistic_regression", &params, input(&x, &cases::classes(&y), seed(case))).unwrap();
        assert!(issues.is_empty(), "{name}: {issues:?}");
        let (coefficients, intercepts) = linear_parts(fitted.structure());
        let expected: Vec<f64> = case["coefficients"].as_array().expect("rows").iter().flat_map(numbers).collect();
        assert_close(name, &coefficients, &expected, COEFFICIENTS);
        assert_close(name, &intercepts, &numbers(&case["intercept"]), COEFFICIENTS);
        let some: Vec<u32> = integers(&case["rows"]).iter().map(|&row| row as u32).collect();
        let expected: Vec<f64> = case["probabilities"].as_array().expect("rows").iter().flat_map(numbers).collect();
        assert_close(name, cases::flat(&fitted.predict(&x.take_rows(&some))), &expected, COEFFICIENTS);
    });
}

/// The measures named are as in the case; the others, `n_all` together, are `reference_measures`' to check.
fn check_measures(case: &Value, names: &[&str], n_all: usize, evaluation: &Evaluation) {
    let case_name = case["name"].as_str().expect("a name");
    assert_eq!(evaluation.metrics.len(), n_all, "{case_name}");
    for name in names {
        let (given, expected) = (evaluation.metrics[*name], case[*name].as_f64());
        let agrees = match (given, expected) {
            (Some(given), Some(expected)) => (given - expected).abs() <= 1e-14 * expected.abs().max(1.0),
            _ => given == expected,
        };
        assert!(agrees, "{case_name}: {name} is {given:?} instead of {expected:?}");
    }
}

#[test]
fn measures_are_scikit_learns() {
    let reference = cases::reference("metrics");
    for case in reference["classification"].as_array().expect("cases") {
        let n_classes = case["classes"].as_array().expect("classes").len();
        let probabilities: Vec<f64> =
            case["probabilities"].as_array().expect("rows").iter().flat_map(numbers).collect();
        let codes = integers(&case["truth"]).iter().map(|&code| code as u32).collect();
        let answers = Answers::Classes { probabilities, n_classes };
        let evaluation = evaluate(&answers, &Target::Classes { codes, n_classes });
        check_measures(case, &["accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc"], 9, &evaluation);
        let confusion: Vec<Vec<i64>> = case["confusion"].as_array().expect("rows").iter().map(integers).collect();
        let given: Vec<Vec<i64>> =
            evaluation.confusion.unwrap().iter().map(|row| row.iter().map(|&n| n as i64).collect()).collect();
        assert_eq!(given, confusion, "{}", case["name"]);
    }
    for case in reference["regression"].as_array().expect("cases") {
        let answers = Answers::Values(numbers(&case["predicted"]));
        let evaluation = evaluate(&answers, &Target::Values(numbers(&case["truth"])));
        check_measures(case, &["r2", "rmse", "mae"], 6, &evaluation);
    }
}
