//! A forest tells its error while it grows: on rows its trees have not drawn, and on rows held back.

use serde_json::{Value, json};
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;

use crate::cases::{fit, input};
use crate::conversation::{Script, file};

fn grown(csv: &[u8], target: &str, model: Value, test_fraction: f64) -> Value {
    let request = json!({
        "type": "train", "id": "m", "table": "t", "target": target, "recipe": [], "model": model,
        "split": { "test_fraction": test_fraction },
    });
    Script::new().load("t", csv.to_vec()).ask(request).run().json(2)
}

fn near(a: &Value, b: f64) -> bool {
    (a.as_f64().unwrap() - b).abs() < 1e-12
}

/// The first trees of a larger forest are the smaller forest, whose own score is scikit-learn's (`reference_forests`).
#[test]
fn the_curve_is_the_out_of_bag_score_of_as_many_trees() {
    let csv = file("www/samples/iris.csv");
    let forest = |n: usize| json!({ "kind": "random_forest", "n_estimators": n, "oob_score": true });
    let history = grown(&csv, "species", forest(30), 0.25)["history"].clone();
    assert_eq!(history.as_array().unwrap().len(), 30);
    for n in [5, 17, 30] {
        let smaller = grown(&csv, "species", forest(n), 0.25);
        let point = &history[n - 1];
        assert_eq!(point["epoch"], n);
        assert!(near(&point["train_loss"], 1.0 - smaller["metrics"]["train"]["oob_score"].as_f64().unwrap()));
        assert!(near(&point["valid_loss"], 1.0 - smaller["metrics"]["test"]["accuracy"].as_f64().unwrap()));
    }
}

#[test]
fn numbers_are_missed_by_their_mean_square() {
    let csv = file("tests/reference/data/diabetes.csv");
    for kind in ["random_forest", "extra_trees"] {
        let model = grown(&csv, "progression", json!({ "kind": kind, "n_estimators": 12 }), 0.3);
        let last = model["history"].as_array().unwrap().last().unwrap();
        let rmse = |part: &str| model["metrics"][part]["rmse"].as_f64().unwrap();
        assert!((last["valid_loss"].as_f64().unwrap() / rmse("test").powi(2) - 1.0).abs() < 1e-9, "{kind}");
        // Without drawing, no tree is asked about rows it does not know; and it knows them all.
        let known = last["train_loss"].as_f64().unwrap();
        assert!(if kind == "extra_trees" { known < 1e-9 } else { known > rmse("train").powi(2) }, "{kind}: {known}");
    }
}

#[test]
fn a_curve_of_many_trees_is_thinned_and_ends_with_the_last() {
    let csv = file("www/samples/iris.csv");
    let model = json!({ "kind": "random_forest", "n_estimators": 401, "max_depth": 2 });
    let history = grown(&csv, "species", model, 0.0)["history"].clone();
    let epochs: Vec<u64> = history.as_array().unwrap().iter().map(|at| at["epoch"].as_u64().unwrap()).collect();
    assert_eq!((epochs.len(), epochs[0], epochs[133]), (134, 3, 401));
    assert_eq!(history[0]["valid_loss"], Value::Null);
}

#[test]
fn where_every_tree_draws_every_row_there_is_no_curve() {
    let (x, y) = (Matrix::from_columns(vec![vec![1.0]]), Target::Values(vec![2.0]));
    let params = ParamMap::from([("n_estimators".to_owned(), json!(3))]);
    let (_, _, steps) = fit("random_forest", &params, input(&x, &y, Seed(0))).unwrap();
    assert!(steps.iter().all(|step| step.epoch.is_none()));
    // Nor where trees draw none and none are held back.
    let model = json!({ "kind": "extra_trees", "n_estimators": 4 });
    assert_eq!(grown(&file("www/samples/iris.csv"), "species", model, 0.0)["history"], json!([]));
}
