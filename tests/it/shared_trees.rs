//! Forests and folds that several workers make are those that one makes, bit for bit; and what is no such thing is
//! refused.

use std::fmt::Write as _;

use serde_json::{Value, json};
use vitrine::export::read_project;
use vitrine::model::State;
use vitrine::random::Seed;

use crate::conversation::{Conversation, Script, file};

/// Rows with a class, a number, a weight, and some missing cells.
fn csv(n_rows: usize) -> String {
    let mut random = Seed(5).rng();
    let mut text = "a,b,c,kind,value,weight\n".to_owned();
    for row in 0..n_rows {
        let x: Vec<f64> = (0..3).map(|_| (random.uniform() * 1000.0).round() / 8.0).collect();
        let missing = random.uniform() < 0.2;
        let b = if missing { String::new() } else { x[1].to_string() };
        let noise = random.uniform() * 30.0;
        let class = ["north", "south", "west"][((x[0] + x[1] + noise) / 100.0) as usize % 3];
        writeln!(text, "{},{b},{},{class},{},{}", x[0], x[2], x[0] * 0.5 - x[2] + noise, row % 3 + 1).unwrap();
    }
    text
}

fn train(target: &str, model: &Value, changes: &Value) -> Value {
    let mut request = json!({ "type": "train", "id": "m", "table": "t", "target": target, "model": model, "seed": 3,
        "features": ["a", "b", "c"] });
    for (key, value) in changes.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

/// Some trees, as another worker would grow them.
fn grown(csv: &str, request: &Value, [start, end]: [usize; 2]) -> Vec<u8> {
    let mut request = request.clone();
    request["only_trees"] = json!([start, end]);
    let talk = Script::new().load("t", csv).ask(request).run();
    assert_eq!(talk.json(2), json!({ "type": "trees_grown", "start": start, "end": end }));
    talk.bytes(2, "trees").to_vec()
}

/// The model with the given trees known.
fn with_trees(csv: &str, request: &Value, trees: Vec<u8>) -> (Value, State) {
    let script = Script::new().load("t", csv);
    let script = if trees.is_empty() { script.ask(request.clone()) } else { script.ask_with(given(request), trees) };
    told(&script.ask(json!({ "type": "export", "id": "m", "format": "project" })).run())
}

/// The request, with trees for payload.
fn given(request: &Value) -> Value {
    let mut request = request.clone();
    request["grown_trees"] = json!(true);
    request
}

/// What a model says of itself without wall times, and all its numbers.
fn told(talk: &Conversation) -> (Value, State) {
    let mut model = talk.json(2);
    model["fit_ms"] = Value::Null;
    for epoch in model["history"].as_array_mut().unwrap() {
        epoch["elapsed_ms"] = Value::Null;
    }
    let project = read_project(talk.bytes(3, "bytes")).unwrap();
    (model, project.models[0].pipeline.fitted.state())
}

fn forests() -> Vec<(&'static str, Value, Value)> {
    let forest = |changes: Value| {
        let mut model = json!({ "kind": "random_forest", "n_estimators": 11 });
        model.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        model
    };
    let extra = json!({ "kind": "extra_trees", "n_estimators": 11, "max_depth": 6 });
    vec![
        ("kind", forest(json!({ "oob_score": true })), json!({})),
        ("value", forest(json!({ "oob_score": true })), json!({})),
        ("kind", forest(json!({ "class_weight": "balanced", "max_depth": 4 })), json!({})),
        ("kind", forest(json!({ "oob_score": true })), json!({ "sample_weight": "weight" })),
        ("value", forest(json!({ "oob_score": true, "max_leaf_nodes": 9 })), json!({ "sample_weight": "weight" })),
        ("value", forest(json!({ "ccp_alpha": 20.0 })), json!({ "split": { "folds": 3 } })),
        ("kind", extra.clone(), json!({ "sample_weight": "weight" })),
        ("value", extra, json!({ "recipe": [] })),
    ]
}

#[test]
fn trees_grown_elsewhere_make_the_same_forest() {
    let csv = csv(150);
    for (target, model, changes) in forests() {
        let request = train(target, &model, &changes);
        let whole = with_trees(&csv, &request, Vec::new());
        assert_eq!(whole.0["type"], "model_fitted", "{request} {}", whole.0);
        // In whatever order parts come; where one never came, its trees are grown.
        for ranges in [&[[0, 4], [4, 8], [8, 11]][..], &[[7, 11], [0, 7]], &[[4, 8]], &[[0, 4], [8, 11]]] {
            let trees: Vec<u8> = ranges.iter().flat_map(|&range| grown(&csv, &request, range)).collect();
            let (told, state) = with_trees(&csv, &request, trees);
            assert!(state == whole.1, "{request}: another forest from {ranges:?}");
            assert_eq!(told, whole.0, "{request} {ranges:?}");
        }
    }
}

#[test]
fn real_tables_make_the_same_forest() {
    for (path, target) in [("penguins", "species"), ("abalone", "rings")] {
        let csv = String::from_utf8(file(&format!("www/samples/{path}.csv"))).unwrap();
        let request = json!({ "type": "train", "id": "m", "table": "t", "target": target,
            "model": { "kind": "random_forest", "n_estimators": 6, "oob_score": true } });
        let trees = [[3, 6], [0, 3]].into_iter().flat_map(|range| grown(&csv, &request, range)).collect();
        assert!(with_trees(&csv, &request, trees) == with_trees(&csv, &request, Vec::new()), "{path}");
    }
}

#[test]
fn folds_made_elsewhere_are_those_of_one_worker() {
    let csv = csv(90);
    for (target, model) in [("kind", json!({ "kind": "naive_bayes" })), ("value", json!({ "kind": "ridge" }))] {
        let asked = |changes: Value| {
            let mut request = train(target, &model, &json!({ "split": { "folds": 4 } }));
            request.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            request
        };
        let fits = |folds: Value| {
            let talk = Script::new().load("t", csv.as_str()).ask(asked(json!({ "only_folds": folds }))).run();
            talk.json(2)["fits"].as_array().expect("fits").clone()
        };
        let whole = with_trees(&csv, &asked(json!({})), Vec::new());
        let measure = if target == "kind" { "accuracy" } else { "r2" };
        assert_eq!(whole.0["metrics"]["folds"][measure]["folds"].as_array().map(Vec::len), Some(4));
        // In whatever order they come; one that never came is made.
        for known in [[fits(json!([3, 1])), fits(json!([0, 2]))].concat(), fits(json!([2]))] {
            assert_eq!(with_trees(&csv, &asked(json!({ "known": known })), Vec::new()), whole, "{target}");
        }
        let refused = Script::new().load("t", csv.as_str()).ask(asked(json!({ "only_folds": [4] }))).run();
        assert_eq!(refused.error_code(2), "request.malformed");
        // So many that a list of them would be all memory there is.
        for folds in [json!(1_000_000_000u64), json!(10_001)] {
            let endless =
                Script::new().load("t", csv.as_str()).ask(asked(json!({ "split": { "folds": folds } }))).run();
            assert_eq!(endless.error_code(2), "train.too_many_fits");
        }
    }
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let csv = csv(40);
    let forest = json!({ "kind": "random_forest", "n_estimators": 4 });
    let code = |request: Value, trees: &[u8]| {
        let script = Script::new().load("t", csv.as_str());
        let script = if trees.is_empty() { script.ask(request) } else { script.ask_with(given(&request), trees) };
        script.run().error_code(2)
    };
    let asked = |model: &Value, changes: Value| train("value", model, &changes);
    for model in [json!({ "kind": "decision_tree" }), json!({ "kind": "gradient_boosting" })] {
        assert_eq!(code(asked(&model, json!({ "only_trees": [0, 1] })), &[]), "request.malformed");
        assert_eq!(code(asked(&model, json!({})), &[1, 2, 3]), "request.malformed");
    }
    assert_eq!(code(asked(&forest, json!({ "grown_trees": true })), &[]), "request.no_payload");
    assert_eq!(code(asked(&forest, json!({ "only_trees": [2, 2] })), &[]), "request.malformed");
    assert_eq!(code(asked(&forest, json!({ "only_trees": [3, 1] })), &[]), "request.malformed");
    let trees = grown(&csv, &asked(&forest, json!({})), [0, 2]);
    let with = |changes: Value, trees: &[u8]| code(asked(&forest, changes), trees);
    assert_eq!(with(json!({}), &trees[..trees.len() - 1]), "export.malformed_model");
    assert_eq!(with(json!({ "features": ["a"] }), &trees), "export.malformed_model");
    let classes = train("kind", &forest, &json!({}));
    assert_eq!(code(classes, &trees), "export.malformed_model");
    // Beyond the last tree there is nothing to grow.
    let request = asked(&forest, json!({}));
    let beyond = grown(&csv, &request, [2, 9]);
    assert!(with_trees(&csv, &request, beyond).1 == with_trees(&csv, &request, Vec::new()).1);
    assert_eq!(code(request.clone(), &grown(&csv, &request, [7, 9])), "export.malformed_model");
}
