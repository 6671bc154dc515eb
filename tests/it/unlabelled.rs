//! What is learned without a target, through the worker: from the table to answers, measures, the plane and the file.

use serde_json::{Value, json};

use crate::conversation::{Conversation, Script, file};

fn asked(model: Value, extra: Value) -> Value {
    let mut request = json!({ "type": "train", "id": "m", "table": "t", "model": model });
    request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    request
}

fn trained(model: Value, extra: Value) -> Script {
    Script::new().load("t", file("www/samples/iris.csv")).ask(asked(model, extra))
}

fn code_of(talk: &Conversation, at: u32) -> String {
    talk.json(at)["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn clusters_are_found_answered_and_measured() {
    let talk = trained(json!({ "kind": "k_means", "n_clusters": 3 }), json!({ "target": "species" }))
        .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
        .ask(json!({ "type": "evaluate", "id": "m", "table": "t" }))
        .ask(json!({ "type": "explain", "id": "m",
            "explain": { "kind": "boundary", "x": "petal_length", "y": "petal_width", "resolution": 5 } }))
        .ask(json!({ "type": "explain", "id": "m", "explain": { "kind": "decision_path", "row": 0 } }))
        .run();
    let model = talk.json(2);
    // A target that nothing is learned from is no feature, and nothing is held back.
    assert_eq!((&model["task"], &model["target"]), (&json!("clustering"), &Value::Null));
    assert_eq!(model["features"].as_array().unwrap().len(), 4);
    assert_eq!((model["n_train"].as_u64(), model["n_test"].as_u64()), (Some(150), Some(0)));
    assert_eq!(model["classes"], json!(["cluster 0", "cluster 1", "cluster 2"]));
    assert_eq!(model["structure"]["sizes"].as_array().unwrap().len(), 3);
    let names: Vec<&str> = talk.end(3).buffers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["codes", "distances"]);
    assert_eq!(talk.json(4)["metrics"], model["metrics"]["train"]);
    for measure in ["inertia", "silhouette", "davies_bouldin", "calinski_harabasz"] {
        assert!(model["metrics"]["train"][measure].as_f64().unwrap() > 0.0, "{measure}");
    }
    assert_eq!(talk.end(5).buffers[0].0, "codes");
    assert!(talk.json(6)["sentence"].as_str().unwrap().starts_with("cluster "));
}

#[test]
fn components_and_odd_rows_are_answered_as_numbers() {
    let talk =
        trained(json!({ "kind": "pca", "n_components": 2 }), json!({ "features": ["petal_length", "petal_width"] }))
            .ask(json!({ "type": "predict", "id": "m", "table": "t", "output": "csv" }))
            .ask(asked(
                json!({ "kind": "isolation_forest", "n_estimators": 10, "contamination": 0.1 }),
                json!({ "split": { "test_fraction": 0.2 } }),
            ))
            .run();
    let model = talk.json(2);
    assert!((model["metrics"]["train"]["explained_variance_ratio"].as_f64().unwrap() - 1.0).abs() < 1e-12);
    assert_eq!((&model["classes"], &model["task"]), (&Value::Null, &json!("projection")));
    assert_eq!(model["structure"]["components"].as_array().unwrap().len(), 2);
    let odd = talk.json(4);
    assert_eq!(odd["classes"], json!(["inlier", "outlier"]));
    assert_eq!(odd["n_test"], 30);
    let share = odd["metrics"]["train"]["outlier_share"].as_f64().unwrap();
    assert!((0.05..=0.11).contains(&share), "{share}");
}

#[test]
fn what_needs_a_target_says_so_and_what_needs_none_takes_no_task_of_one() {
    let talk = trained(json!({ "kind": "decision_tree" }), json!({})).run();
    assert_eq!(code_of(&talk, 2), "train.target_needed");
    let talk = trained(json!({ "kind": "k_means" }), json!({ "task": "regression" })).run();
    assert_eq!(code_of(&talk, 2), "train.wrong_task");
    let talk = trained(json!({ "kind": "k_means", "n_clusters": 151 }), json!({})).run();
    assert_eq!(code_of(&talk, 2), "train.fewer_rows_than_clusters");
}

#[test]
fn folds_need_a_target() {
    for kind in ["k_means", "pca", "isolation_forest"] {
        let search = json!({ "type": "search", "table": "t", "target": "species", "models": [{ "kind": kind }] });
        let talk = trained(json!({ "kind": kind }), json!({ "split": { "folds": 3 } })).ask(search).run();
        assert_eq!([code_of(&talk, 2), code_of(&talk, 3)], ["train.folds_need_target"; 2], "{kind}");
    }
}

#[test]
fn a_saved_model_without_a_target_comes_back() {
    for kind in ["k_means", "pca", "isolation_forest"] {
        let talk = trained(json!({ "kind": kind }), json!({}))
            .ask(json!({ "type": "export", "id": "m", "format": "project" }))
            .run();
        let (_, bytes) = &talk.end(3).buffers[0];
        let vitrine_protocol::Buffer::U8(bytes) = bytes else { panic!("bytes") };
        let project = vitrine::export::read_project(bytes).unwrap();
        let pipeline = &project.models[0].pipeline;
        assert_eq!((pipeline.fitted.kind(), &pipeline.target), (kind, &None));
    }
}
