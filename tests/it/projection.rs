//! Planes through all of a model's features, in conversation.

use serde_json::{Value, json};

use crate::conversation::{Conversation, Script, file};

fn explain(more: Value) -> Value {
    let mut explain = json!({ "kind": "boundary", "resolution": 4 });
    explain.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "type": "explain", "id": "m", "explain": explain })
}

fn plane_of(csv: impl Into<Vec<u8>>, target: &str, model: Value) -> Conversation {
    let train = json!({ "type": "train", "id": "m", "table": "t", "target": target, "model": model,
                        "split": { "test_fraction": 0 } });
    Script::new().load("t", csv).ask(train).ask(explain(json!({ "projection": "pca" }))).run()
}

#[test]
fn a_plane_is_of_columns_or_of_a_projection() {
    let train =
        json!({ "type": "train", "id": "m", "table": "t", "target": "species", "model": { "kind": "decision_tree" } });
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(train)
        .ask(explain(json!({})))
        .ask(explain(json!({ "x": "petal_length" })))
        .ask(explain(json!({ "x": "petal_length", "y": "petal_width", "projection": "pca" })))
        .ask(explain(json!({ "projection": "pca", "fixed": { "petal_width": 1 } })))
        .ask(explain(json!({ "projection": "pca", "resolution": 1 })))
        .run();
    for (job, given) in [(3, "nothing"), (4, "x"), (5, "x, y, projection"), (6, "projection, fixed")] {
        assert_eq!(talk.error_code(job), "explain.which_plane");
        let message = talk.json(job)["message"].as_str().unwrap().to_owned();
        assert!(message.ends_with(&format!("here by {given}")), "{message}");
    }
    assert_eq!(talk.error_code(7), "explain.bad_resolution");
    let unknown = serde_json::from_value::<vitrine_protocol::Request>(explain(json!({ "projection": "tsne" })));
    assert!(unknown.unwrap_err().to_string().contains("unknown variant `tsne`"));
}

#[test]
fn rows_in_a_line_have_no_plane() {
    for csv in
        ["a,y\n1,u\n2,v\n3,u\n4,v\n", "a,b,y\n1,0.1,u\n2,0.1,v\n3,0.1,u\n4,0.1,v\n", "a,b,y\n1,2,u\n2,4,v\n4,8,u\n"]
    {
        let talk = plane_of(csv, "y", json!({ "kind": "decision_tree" }));
        assert_eq!(talk.error_code(3), "explain.nothing_to_project", "{csv}");
    }
}

#[test]
fn positions_of_categories_stay_at_the_most_frequent_one() {
    let mut csv = "a,b,colour,y\n".to_owned();
    for row in 0..40 {
        let colour = ["red", "green", "green", "blue"][row % 4];
        // Every ninth number is missing.
        let a = if row % 9 == 8 { String::new() } else { format!("{}", row * row % 17) };
        csv += &format!("{a},{},{colour},{}\n", row * 7 % 11, row % 2);
    }
    let talk = plane_of(csv, "y", json!({ "kind": "gradient_boosting", "max_iter": 3 }));
    let talk = if talk.json(2)["type"] == "failed" { panic!("{}", talk.json(2)) } else { talk };
    let plane = talk.json(3);
    assert_eq!(plane["fixed"], json!({ "colour": "green" }), "{plane}");
    let named: Vec<&str> = plane["projection"]["loadings"][0]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["feature"].as_str())
        .collect();
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(talk.numbers(3, "points").iter().all(|x| x.is_finite()));
    assert_eq!(talk.numbers(3, "points").len(), 80);
}

#[test]
fn a_model_without_its_table_has_no_rows_to_project() {
    let train =
        json!({ "type": "train", "id": "m", "table": "t", "target": "species", "model": { "kind": "decision_tree" } });
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(train)
        .ask(json!({ "type": "release", "id": "t" }))
        .ask(explain(json!({ "projection": "pca" })))
        .ask(explain(json!({ "x": "petal_length", "y": "petal_width" })))
        .run();
    assert_eq!(talk.error_code(4), "request.no_such_table");
    assert_eq!(talk.json(5)["projection"], Value::Null);
}

#[test]
fn any_model_that_answers_rows_has_a_plane() {
    for model in [
        json!({ "kind": "k_means", "n_clusters": 3 }),
        json!({ "kind": "pca" }),
        json!({ "kind": "isolation_forest", "n_estimators": 5 }),
    ] {
        let train = json!({ "type": "train", "id": "m", "table": "t", "model": model });
        let talk = Script::new()
            .load("t", file("tests/reference/data/wine.csv"))
            .ask(train)
            .ask(explain(json!({ "projection": "pca" })))
            .run();
        let name = if model["kind"] == "pca" { "values" } else { "codes" };
        talk.buffer(3, name);
        assert_eq!(talk.numbers(3, "points").len(), 2 * 178);
    }
}

#[cfg(feature = "tensors")]
#[test]
fn a_net_is_watched_over_the_plane_that_is_drawn_at_last() {
    use vitrine_protocol::{Buffer, Event};

    let train = json!({ "type": "train", "id": "m", "table": "t", "target": "species", "seed": 1,
                        "model": { "kind": "mlp", "hidden_layer_sizes": [5], "max_iter": 10, "batch_size": 40 },
                        "watch": { "boundary": { "projection": "pca", "resolution": 4 }, "units": true } });
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(train)
        .ask(explain(json!({ "projection": "pca" })))
        .run();
    let view = talk.said.iter().rev().find_map(|said| match &said.event.event {
        Event::Progressed(progress) => Some((said, progress.view.as_ref()?.boundary.clone()?)),
        _ => None,
    });
    let (said, plane) = view.expect("it was watched");
    let buffer = |name: &str| &said.buffers.iter().find(|(known, _)| *known == name).expect("the buffer is there").1;
    assert_eq!(buffer("points"), &Buffer::F64(talk.numbers(3, "points").to_vec()));
    assert!(matches!(buffer("units"), Buffer::U8(units) if units.len() == 5 * 16));
    let explained = talk.json(3);
    assert_eq!(json!(plane.projection), explained["projection"]);
    assert_eq!(json!(plane.x_values), explained["x_values"]);
    assert_eq!(explained["projection"]["is_standardised"], false, "the recipe has scaled");
}

#[cfg(feature = "tensors")]
#[test]
fn a_net_that_has_no_plane_is_fitted_all_the_same() {
    let train = json!({ "type": "train", "id": "m", "table": "t", "target": "y",
                        "model": { "kind": "mlp", "hidden_layer_sizes": [2], "max_iter": 3 },
                        "watch": { "boundary": { "projection": "pca" }, "units": true, "weights": true } });
    let csv = "a,y\n".to_owned() + &(0..40).map(|row| format!("{row},{}\n", row % 2)).collect::<String>();
    let talk = Script::new().load("t", csv).ask(train).run();
    assert_eq!(talk.json(2)["type"], "model_fitted");
}
