//! Agreement of the plane through a model's features with scikit-learn's principal components.

use serde_json::{Map, Value, json};
use vitrine_protocol::Buffer;

use crate::cases::{self, assert_close, numbers};
use crate::conversation::{Script, file};

/// Directions are followed until they turn by 1e-10; the rest is the order of additions.
const FOUND: f64 = 1e-9;

/// The model is asked at numbers that were found twice: a tree asks on one side or the other.
const ASKED: f64 = 1e-9;

#[test]
fn planes_are_through_scikit_learns_components() {
    for case in cases::reference("projection")["cases"].as_array().expect("cases") {
        let name = case["name"].as_str().expect("a name");
        let data = &case["data"];
        let features: Vec<&str> = data["features"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let row = |row: &Value| -> Map<String, Value> {
            features.iter().map(|name| (*name).to_owned()).zip(row.as_array().unwrap().iter().cloned()).collect()
        };
        let rows: Vec<Map<String, Value>> = case["rows"].as_array().unwrap().iter().map(row).collect();
        let explain = json!({ "kind": "boundary", "projection": "pca", "resolution": case["resolution"] });
        let talk = Script::new()
            .load("t", file(data["file"].as_str().unwrap()))
            .ask(json!({ "type": "train", "id": "m", "table": "t", "target": data["target"], "features": features,
                         "task": case["task"], "recipe": case["recipe"], "model": case["model"], "split": { "test_fraction": 0 } }))
            .ask(json!({ "type": "explain", "id": "m", "explain": explain }))
            .ask(json!({ "type": "predict", "id": "m", "rows": rows }))
            .run();
        let plane = talk.json(3);
        let projection = &plane["projection"];
        assert_eq!(projection["is_standardised"], case["is_standardised"], "{name}");
        assert_eq!(projection["n_rows"], data["n_rows"], "{name}");
        assert_close(name, &numbers(&projection["shares"]), &numbers(&case["shares"]), FOUND);
        for direction in 0..2 {
            let weights = |loading: &Value| loading["weight"].as_f64().expect("a number");
            let given: Vec<f64> =
                projection["loadings"][direction].as_array().expect("loadings").iter().map(weights).collect();
            assert_close(name, &given, &numbers(&case["loadings"][direction]), FOUND);
        }
        let points = numbers(&case["points"]);
        assert_close(name, &talk.numbers(3, "points")[..points.len()], &points, FOUND);
        for axis in ["x_values", "y_values"] {
            assert_close(name, &numbers(&plane[axis]), &numbers(&case[axis]), FOUND);
        }
        // What is answered on the plane is what these rows are answered.
        if case["task"] == "regression" {
            assert_close(name, talk.numbers(3, "values"), talk.numbers(4, "values"), ASKED);
            continue;
        }
        let (on_plane, alone) = (talk.buffer(3, "codes"), talk.buffer(4, "codes"));
        assert_eq!(on_plane, alone, "{name}");
        let Buffer::U32(codes) = alone else { panic!("codes") };
        assert!(codes.iter().any(|code| *code != codes[0]), "{name}: a plane of one class shows nothing");
        let all = talk.numbers(4, "probabilities");
        let n_classes = all.len() / codes.len();
        let answered = all.chunks_exact(n_classes).zip(codes).map(|(row, &code)| row[code as usize]);
        assert_close(name, talk.numbers(3, "probabilities"), &answered.collect::<Vec<f64>>(), ASKED);
    }
}
