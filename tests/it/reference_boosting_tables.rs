//! Agreement of gradient boosting with scikit-learn's on tables as they are: missing cells, categories and weights, tree
//! for tree. Exponentials are rounded to f32 as in `reference_boosting`; weights are halves, so that sums stay exact.

use serde_json::Value;
use vitrine::model::{Structure, Trees};
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;
use vitrine::train::FitInput;

use crate::cases::{self, assert_close, fit, flat, input, integers, numbers};

/// What is asked for is 1e-6; where all trees are the same there is nothing but the order of sums.
const SAME_TREES: f64 = 1e-12;

/// Rows in which null is a missing cell.
fn matrix(rows: &Value) -> Matrix {
    let rows: Vec<Vec<f64>> = rows.as_array().expect("rows").iter().map(cells).collect();
    Matrix::from_row_major(&rows.concat(), rows[0].len())
}

fn cells(row: &Value) -> Vec<f64> {
    row.as_array().expect("a row").iter().map(|cell| cell.as_f64().unwrap_or(f64::NAN)).collect()
}

fn learned_from(table: &Value, case: &Value) -> FitInput {
    let x = matrix(&table["x"]);
    let mut is_categorical = vec![false; x.n_features()];
    integers(&table["categories"]).iter().for_each(|&feature| is_categorical[feature as usize] = true);
    let labels = table["y"].as_array().expect("labels");
    let y = match labels[0].as_str() {
        None => Target::Values(numbers(&table["y"])),
        Some(_) => cases::classes(&labels.iter().map(|label| label.as_str().unwrap().to_owned()).collect::<Vec<_>>()),
    };
    let sample_weight = case["sample_weight"].is_array().then(|| numbers(&case["sample_weight"]));
    FitInput { sample_weight, ..input(&x.with_categorical(is_categorical), &y, Seed(1)) }
}

fn check_trees(name: &str, case: &Value, trees: &dyn Trees) {
    let features = case["feature"].as_array().expect("trees");
    assert_eq!(trees.n_trees(), features.len(), "{name}");
    for tree in 0..trees.n_trees() {
        let nodes = trees.nodes(tree);
        let given: Vec<i64> = nodes.iter().map(|node| node.split.map_or(-1, |split| split.feature as i64)).collect();
        assert_eq!(given, integers(&features[tree]), "{name}: features of tree {tree}");
        let given: Vec<i64> = nodes.iter().map(|node| node.n_samples as i64).collect();
        assert_eq!(given, integers(&case["n_samples"][tree]), "{name}: rows of tree {tree}");
        let sides = (0..nodes.len()).filter_map(|node| {
            let codes = trees.categories(tree, node)?.codes().map(i64::from).collect();
            Some((node as i64, codes))
        });
        let expected = case["sides"][tree].as_array().expect("nodes").iter();
        let expected: Vec<(i64, Vec<i64>)> =
            expected.map(|side| (side[0].as_i64().unwrap(), integers(&side[1]))).collect();
        assert_eq!(sides.collect::<Vec<_>>(), expected, "{name}: categories of tree {tree}");
    }
    for (at, &tree) in integers(&case["told"]).iter().enumerate() {
        let nodes = trees.nodes(tree as usize);
        for (node, expected) in cells(&case["threshold"][at]).into_iter().enumerate().filter(|(_, x)| !x.is_nan()) {
            assert_eq!(nodes[node].split.map(|split| split.threshold), Some(expected), "{name}: tree {tree}");
        }
        let given: Vec<f64> = nodes.iter().filter(|node| node.split.is_none()).map(|node| node.value[0]).collect();
        assert_close(&format!("{name}: leaves of tree {tree}"), &given, &numbers(&case["value"][at]), SAME_TREES);
    }
}

#[test]
fn tables_as_they_are_are_learned_as_scikit_learn_does() {
    let reference = cases::reference("gradient_boosting_tables");
    let all = reference["cases"].as_array().expect("cases");
    assert!(all.len() >= 11);
    for case in all {
        let name = case["name"].as_str().expect("a name");
        let table = &reference["tables"][case["table"].as_str().expect("a table")];
        let input = learned_from(table, case);
        let is_regression = matches!(input.y, Target::Values(_));
        let (fitted, issues, steps) =
            fit("gradient_boosting", &cases::params(&case["params"]), input).expect("it can be fitted");
        assert!(issues.is_empty(), "{name}");
        let Structure::Trees(trees) = fitted.structure() else { panic!("many trees") };
        check_trees(name, case, trees);
        let expected: Vec<f64> = case["answers"].as_array().expect("rows").iter().flat_map(numbers_or_one).collect();
        assert_close(name, flat(&fitted.predict(&matrix(&case["asked"]))), &expected, SAME_TREES);
        // scikit-learn halves squared errors.
        let factor = if is_regression { 2.0 } else { 1.0 };
        let losses: Vec<f64> =
            steps.iter().filter_map(|step| step.epoch).map(|epoch| epoch.train_loss / factor).collect();
        assert_close(&format!("{name}: losses"), &losses, &numbers(&case["losses"]), SAME_TREES);
        // What is saved answers the same.
        let loaded = (vitrine::model::find("gradient_boosting").unwrap().load)(&fitted.state()).unwrap();
        assert_eq!(loaded.state(), fitted.state(), "{name}");
    }
}

fn numbers_or_one(value: &Value) -> Vec<f64> {
    value.as_f64().map_or_else(|| numbers(value), |x| vec![x])
}

/// scikit-learn's `check_sample_weight_equivalence_on_dense_data`: a weight of 2 is a row that is there twice, and one of 0
/// a row that is not there. Bins with few values and leaves of one row count rows as little as anything can.
#[test]
fn a_weight_is_a_number_of_rows() {
    let mut rng = Seed(5).rng();
    let columns: Vec<Vec<f64>> = (0..3).map(|_| (0..60).map(|_| rng.below(6) as f64).collect()).collect();
    let x = Matrix::from_columns(columns);
    let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 3)).collect();
    let repeated: Vec<u32> = (0..60).flat_map(|row| vec![row; weights[row as usize] as usize]).collect();
    let sum = |row: usize| x.features().iter().map(|feature| feature[row]).sum::<f64>();
    for y in [
        Target::Values((0..60).map(|row| sum(row) * sum(row)).collect()),
        Target::Classes { codes: (0..60).map(|row| (sum(row) / 6.0) as u32).collect(), n_classes: 3 },
    ] {
        let params = cases::params(&serde_json::json!({ "max_iter": 10, "min_samples_leaf": 1, "max_depth": 2 }));
        let weighted = FitInput { sample_weight: Some(weights.clone()), ..input(&x, &y, Seed(1)) };
        let (weighted, ..) = fit("gradient_boosting", &params, weighted).unwrap();
        let (twice, ..) =
            fit("gradient_boosting", &params, input(&x.take_rows(&repeated), &y.take_rows(&repeated), Seed(1)))
                .unwrap();
        assert_close("twice", flat(&weighted.predict(&x)), flat(&twice.predict(&x)), 1e-6);
    }
}

#[test]
fn early_stopping_is_on_by_itself_beyond_ten_thousand_rows() {
    for (n_rows, stops) in [(10_000, false), (10_001, true)] {
        let x = Matrix::from_columns(vec![(0..n_rows).map(|row| f64::from(row % 100)).collect()]);
        let y = Target::Values((0..n_rows).map(|row| f64::from(u8::from(row % 100 >= 50))).collect());
        let params = cases::params(&serde_json::json!({ "max_iter": 300, "max_leaf_nodes": 2, "tol": 1e-6 }));
        let (_, _, steps) = fit("gradient_boosting", &params, input(&x, &y, Seed(1))).unwrap();
        let epochs: Vec<_> = steps.iter().filter_map(|step| step.epoch).collect();
        assert_eq!((epochs.len() < 300, epochs[0].valid_loss.is_some()), (stops, stops), "{n_rows}");
    }
}
