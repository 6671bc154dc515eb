//! Laws that every model obeys which takes weights or missing cells, after scikit-learn's `check_estimator`
//! (`check_sample_weight_equivalence_on_dense_data`, `check_sample_weights_not_overwritten`), and how a request says so.

use serde_json::{Value, json};
use vitrine::model::REGISTRY;
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target, Task};
use vitrine::random::Seed;
use vitrine::train::FitInput;

use crate::cases::{fit, flat, input, is_fitted_here};
use crate::conversation::Script;

/// Two features and two labels of some rows, without pattern.
fn rows(n_rows: usize) -> (Matrix, [Target; 2]) {
    let mut random = Seed(11).rng();
    let columns: Vec<Vec<f64>> =
        (0..2).map(|_| (0..n_rows).map(|_| (random.uniform() * 40.0).floor()).collect()).collect();
    let codes = (0..n_rows).map(|row| u32::from(columns[0][row] + columns[1][row] > 40.0)).collect();
    let values = (0..n_rows).map(|row| columns[0][row] - columns[1][row]).collect();
    (Matrix::from_columns(columns), [Target::Classes { codes, n_classes: 2 }, Target::Values(values)])
}

fn answers(kind: &str, params: Value, input: FitInput, x: &Matrix) -> Vec<f64> {
    let params: ParamMap = serde_json::from_value(params).unwrap();
    let (fitted, ..) = fit(kind, &params, input).unwrap();
    flat(&fitted.predict(x)).to_vec()
}

#[test]
fn a_weight_is_a_number_of_copies_and_zero_is_no_row() {
    let (x, targets) = rows(60);
    let copies: Vec<u32> = (0..60).flat_map(|row| std::iter::repeat_n(row, row as usize % 4)).collect();
    let weights: Vec<f64> = (0..60).map(|row| f64::from(row % 4)).collect();
    for kind in ["decision_tree", "extra_trees"] {
        for y in &targets {
            let params = if kind == "extra_trees" { json!({ "n_estimators": 5 }) } else { json!({}) };
            let weighted = FitInput { sample_weight: Some(weights.clone()), ..input(&x, y, Seed(3)) };
            let copied = input(&x.take_rows(&copies), &y.take_rows(&copies), Seed(3));
            let (weighted, copied) = (answers(kind, params.clone(), weighted, &x), answers(kind, params, copied, &x));
            // Sums in another order.
            for (a, b) in weighted.iter().zip(&copied) {
                assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{kind}: {a} {b}");
            }
        }
    }
}

/// A net sees rows in batches, of which one is all here; its numbers are f32, and added up in another order. Blocks of
/// filters standardise over a batch's rows, whatever these weigh: there all weigh the same, and what is left is that the
/// variance of 60 rows is taken as 60/59 of what it is.
#[cfg(feature = "tensors")]
#[test]
fn a_weight_is_a_number_of_copies_to_a_net_too() {
    let (x, targets) = rows(60);
    let x = Matrix::from_columns(x.features().iter().map(|x| x.iter().map(|x| x / 20.0 - 1.0).collect()).collect());
    let common =
        json!({ "max_iter": 30, "batch_size": 200, "alpha": 0.5, "l1": 0.01, "learning_rate_init": 0.01, "tol": 0 });
    let kinds =
        [("mlp", json!({})), ("cnn", json!({ "image_height": 1, "filters": [3] })), ("rnn", json!({ "n_steps": 2 }))];
    for (kind, own) in kinds {
        let (weight, tolerance): (fn(u32) -> u32, f64) =
            if kind == "cnn" { (|_| 2, 0.01) } else { (|row| row % 4, 1e-4) };
        let copies: Vec<u32> = (0..60).flat_map(|row| std::iter::repeat_n(row, weight(row) as usize)).collect();
        let weights: Vec<f64> = (0..60).map(|row| f64::from(weight(row))).collect();
        let mut params = common.clone();
        params.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        for y in &targets {
            let with = |weights: &[f64]| FitInput { sample_weight: Some(weights.to_vec()), ..input(&x, y, Seed(3)) };
            let copied = input(&x.take_rows(&copies), &y.take_rows(&copies), Seed(3));
            let given = answers(kind, params.clone(), with(&weights), &x);
            let expected = answers(kind, params.clone(), copied, &x);
            let plain = answers(kind, params.clone(), input(&x, y, Seed(3)), &x);
            let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            let size = expected.iter().fold(1.0f64, |size, x| size.max(x.abs()));
            assert!(apart(&given, &expected) < tolerance * size, "{kind}: {} of {size}", apart(&given, &expected));
            assert!(apart(&given, &plain) > 1e-3 * size, "{kind}: weights do something");
        }
    }
}

/// Whatever unit weights are in, without penalties: also those of rows that are held back.
#[cfg(feature = "tensors")]
#[test]
fn weights_of_another_unit_are_the_same_to_a_net() {
    let (x, targets) = rows(60);
    let params = json!({ "max_iter": 40, "alpha": 0, "early_stopping": true, "validation_fraction": 0.3,
                         "n_iter_no_change": 3, "batch_size": 20, "learning_rate_init": 0.01 });
    let params: ParamMap = serde_json::from_value(params).unwrap();
    let weights = |unit: f64| (0..60).map(|row| unit * f64::from(row % 4)).collect::<Vec<f64>>();
    for y in &targets {
        let losses = |sample_weight: Option<Vec<f64>>| {
            let (fitted, _, steps) = fit("mlp", &params, FitInput { sample_weight, ..input(&x, y, Seed(3)) }).unwrap();
            let told =
                steps.into_iter().filter_map(|step| step.epoch).map(|epoch| (epoch.train_loss, epoch.valid_loss));
            (fitted.state(), told.collect::<Vec<_>>())
        };
        let one = losses(Some(weights(1.0)));
        for power in [120, -120] {
            assert_eq!(one, losses(Some(weights(2f64.powi(power)))), "{power}");
        }
        // Rows that count nothing are none: their labels are nobody's.
        let mut other = y.clone();
        match &mut other {
            Target::Classes { codes, .. } => codes.iter_mut().step_by(4).for_each(|code| *code = 1 - *code),
            Target::Values(values) => values.iter_mut().step_by(4).for_each(|value| *value *= 1e30),
        }
        let input = FitInput { sample_weight: Some(weights(1.0)), ..input(&x, &other, Seed(3)) };
        assert_eq!(one.0, fit("mlp", &params, input).unwrap().0.state());
        // What is held back counts as its weights say.
        let heavier = (0..60).map(|row| f64::from(row % 4) * if row % 3 == 0 { 1e6 } else { 1.0 }).collect();
        assert_ne!(one.1[0].1, losses(Some(heavier)).1[0].1);
    }
}

/// Every model that takes weights, with each target it can learn.
fn each_kind(takes: fn(&vitrine::model::ModelKind) -> bool, check: impl Fn(&str, &Target, &Matrix)) {
    let (x, targets) = rows(60);
    let mut n_checked = 0;
    for kind in REGISTRY.iter().filter(|kind| takes(kind) && is_fitted_here(kind)) {
        for y in targets.iter().filter(|y| kind.tasks.contains(&y.task())) {
            check(kind.kind, y, &x);
            n_checked += 1;
        }
    }
    assert!(n_checked >= 6);
}

fn defaults(kind: &vitrine::model::ModelKind) -> ParamMap {
    (kind.check)(&ParamMap::new()).unwrap()
}

#[test]
fn extreme_weights_give_answers_that_are_numbers() {
    each_kind(
        |kind| (kind.takes_weights)(&defaults(kind)),
        |kind, y, x| {
            for weight in [
                |_| 1e-50,
                |_| 1e50,
                |row| if row % 2 == 0 { 1e50 } else { 1e-50 },
                |row| f64::from(u8::from(row == 7)),
            ] as [fn(usize) -> f64; 4]
            {
                let sample_weight = Some((0..60).map(weight).collect());
                let params = match kind {
                    "mlp" | "rnn" => json!({ "max_iter": 5 }),
                    "cnn" => json!({ "max_iter": 5, "image_height": 1 }),
                    _ => json!({}),
                };
                let given = answers(kind, params, FitInput { sample_weight, ..input(x, y, Seed(0)) }, x);
                assert!(given.iter().all(|answer| answer.is_finite()), "{kind}");
            }
        },
    );
}

#[test]
fn missing_cells_of_every_kind_give_answers_that_are_numbers() {
    let nan = f64::NAN;
    each_kind(
        |kind| (kind.takes_missing)(&defaults(kind)),
        |kind, y, x| {
            let with = |column: Vec<f64>| Matrix::from_columns(vec![x.feature(0).to_vec(), column]);
            let all: Vec<f64> = vec![nan; 60];
            let constant = (0..60).map(|row| if row % 3 == 0 { nan } else { 1.0 }).collect();
            let one = (0..60).map(|row| if row == 5 { 2.0 } else { nan }).collect();
            let large = (0..60).map(|row| [nan, f64::MAX, f64::MIN, 1e-300][row % 4]).collect();
            let holes = [with(all.clone()), with(constant), with(one), with(large), Matrix::from_columns(vec![all])];
            for x in holes {
                let given = answers(kind, json!({}), input(&x, y, Seed(0)), &x);
                assert!(given.iter().all(|answer| answer.is_finite()), "{kind}");
            }
            // One row; and missing cells where none was learned from.
            let one_row = (x.take_rows(&[0]), y.take_rows(&[0]));
            let unseen = Matrix::from_columns(vec![vec![nan], vec![nan]]);
            for (x, y) in [(&one_row.0, &one_row.1), (x, y)] {
                let given = answers(kind, json!({}), input(x, y, Seed(0)), &unseen);
                assert!(given.iter().all(|answer| answer.is_finite()), "{kind}");
            }
        },
    );
}

#[test]
fn classes_of_very_different_sizes_are_balanced() {
    let x = Matrix::from_columns(vec![vec![1.0; 10]]);
    let y = Target::Classes { codes: (0..10).map(|row| u32::from(row == 9)).collect(), n_classes: 2 };
    for kind in ["decision_tree", "extra_trees"] {
        let given = answers(kind, json!({ "class_weight": "balanced" }), input(&x, &y, Seed(0)), &x);
        assert!((given[0] - 0.5).abs() < 1e-12, "{kind}");
    }
    let numbers = Target::Values(vec![1.0; 10]);
    let params: ParamMap = serde_json::from_value(json!({ "class_weight": "balanced" })).unwrap();
    for kind in REGISTRY.iter().filter(|kind| kind.tasks.contains(&Task::Regression)) {
        if (kind.docs)().iter().any(|doc| doc.name == "class_weight") {
            let error = fit(kind.kind, &params, input(&x, &numbers, Seed(0))).err().unwrap();
            assert_eq!(error.code(), "train.class_weight_of_numbers");
        }
    }
}

const WEIGHTED: &str = "x,w,t,y\n1,1,u,a\n2,0,u,a\n,2,v,b\n4,-1,v,b\n5,,v,b\n";

fn train(extra: Value) -> Value {
    let mut request = json!({
        "type": "train", "id": "m", "table": "t", "target": "y", "split": { "test_fraction": 0 },
        "model": { "kind": "decision_tree" },
    });
    request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    request
}

#[track_caller]
fn check_error(csv: &str, extra: Value, code: &str) {
    let talk = Script::new().load("t", csv).ask(train(extra)).run();
    assert_eq!(talk.error_code(2), code);
}

#[test]
fn weights_that_are_none_are_refused_with_their_place() {
    check_error(WEIGHTED, json!({ "sample_weight": "w" }), "preprocess.bad_weight");
    check_error(WEIGHTED, json!({ "sample_weight": "t" }), "preprocess.weight_not_numeric");
    check_error(WEIGHTED, json!({ "sample_weight": "y" }), "preprocess.weight_used_twice");
    check_error(WEIGHTED, json!({ "sample_weight": "w", "features": ["x", "w"] }), "preprocess.weight_used_twice");
    check_error(WEIGHTED, json!({ "sample_weight": "z" }), "table.no_such_column");
    check_error("x,w,y\n1,0,a\n2,0,b\n", json!({ "sample_weight": "w" }), "preprocess.weights_all_zero");
    let model = json!({ "kind": "k_nearest_neighbors" });
    check_error(WEIGHTED, json!({ "sample_weight": "w", "model": model }), "train.takes_no_weights");
}

#[test]
fn a_tree_learns_from_missing_cells_and_weights_and_says_so() {
    let csv = "x,w,y\n1,1,a\n2,1,a\n3,0,b\n,1,b\n,2,b\n";
    let request = train(json!({ "sample_weight": "w" }));
    let row =
        |cells: Value| json!({ "type": "explain", "id": "m", "explain": { "kind": "decision_path", "row": cells } });
    let talk = Script::new()
        .load("t", csv)
        .ask(request)
        .ask(row(json!({ "x": null })))
        .ask(row(json!({ "x": 7 })))
        .ask(json!({ "type": "explain", "id": "m", "explain": { "kind": "pruning_path" } }))
        .run();
    let model = talk.json(2);
    assert_eq!(model["feature_names"], json!(["x"]));
    let root = &model["structure"]["nodes"][0];
    assert_eq!((&root["threshold"], &root["missing_go_to_left"]), (&Value::Null, &json!(false)));
    assert_eq!((&root["n_samples"], &root["weighted_n_samples"]), (&json!(4), &json!(5.0)));
    assert_eq!(model["structure"]["nodes"][1]["missing_go_to_left"], Value::Null);
    assert_eq!(talk.json(3)["sentence"], "x missing → b");
    assert_eq!(talk.json(3)["path"][0]["value"], Value::Null);
    assert_eq!(talk.json(4)["sentence"], "x 7 known → a");
    let path = talk.json(5);
    assert_eq!((&path["n_leaves"], &path["depths"], &path["chosen"]), (&json!([2, 1]), &json!([1, 0]), &json!(0)));
    // All rows, each once: the one that weighs nothing is answered wrong.
    assert_eq!((&path["train_scores"], &path["metric"]), (&json!([0.8, 0.6]), &json!("accuracy")));
}

#[test]
fn a_forest_has_no_pruning_path() {
    let model = json!({ "kind": "random_forest", "n_estimators": 2 });
    let talk = Script::new()
        .load("t", "x,y\n1,a\n2,b\n")
        .ask(train(json!({ "model": model })))
        .ask(json!({ "type": "explain", "id": "m", "explain": { "kind": "pruning_path" } }))
        .run();
    assert_eq!(talk.error_code(3), "explain.not_a_tree");
}

#[test]
fn a_model_that_takes_missing_cells_still_imputes_categories() {
    let talk = Script::new().load("t", "x,c,y\n1,u,a\n,u,a\n3,,b\n4,v,b\n5,v,b\n").ask(train(json!({}))).run();
    let recipe = &talk.json(2)["recipe"];
    assert_eq!(recipe[0]["columns"], json!(["c"]));
}
