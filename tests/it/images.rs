//! A net that reads images, from outside: what it is told as, what its filters answer, and its file.
#![cfg(feature = "tensors")]

use serde_json::{Value, json};
use vitrine_protocol::Buffer;

use crate::conversation::{Conversation, Script, file};

fn digits(model: Value, features: &[&str]) -> Script {
    let mut request = json!({ "type": "train", "id": "m", "table": "t", "target": "digit", "task": "classification",
        "split": { "test_fraction": 0.9 }, "model": model });
    if !features.is_empty() {
        request["features"] = json!(features);
    }
    Script::new().load("t", file("tests/reference/data/digits.csv")).ask(request)
}

fn numbers(talk: &Conversation, request: u32, name: &str) -> Vec<f32> {
    let Buffer::F32(numbers) = talk.buffer(request, name) else { panic!("f32") };
    numbers.clone()
}

fn explain(row: Value) -> Value {
    json!({ "type": "explain", "id": "m", "explain": { "kind": "activations", "row": row } })
}

#[test]
fn filters_and_what_they_answer_are_told() {
    let model = json!({ "kind": "cnn", "max_iter": 2, "block": "separable", "filters": [3, 4], "batch_norm": true });
    let talk = digits(model, &[]).ask(explain(json!(7))).ask(explain(json!(1797))).run();
    let front = &talk.json(2)["structure"]["front"];
    let weights = front["blocks"][0]["weights"].as_array().unwrap();
    assert_eq!(weights.len(), 27);
    assert_eq!(
        (&front["kind"], &front["height"], &front["width"], &front["channels"]),
        (&json!("convolutions"), &json!(8), &json!(8), &json!(1))
    );
    let sizes = |block: usize| {
        ["kind", "filters", "kernel_size", "height", "width", "is_pooled", "n_parameters"]
            .map(|key| front["blocks"][block][key].clone())
    };
    let first = [json!("plain"), json!(3), json!(3), json!(8), json!(8), json!(true), json!(27 + 9)];
    let second = [json!("separable"), json!(4), json!(3), json!(4), json!(4), json!(true), json!(27 + 9 + 12 + 12)];
    assert_eq!((sizes(0), sizes(1)), (first, second));
    let blocks = json!([{ "height": 8, "width": 8, "n_maps": 3 }, { "height": 4, "width": 4, "n_maps": 4 }]);
    assert_eq!(talk.json(3)["blocks"], blocks);
    let (image, maps) = (numbers(&talk, 3, "image"), numbers(&talk, 3, "maps"));
    assert_eq!((image.len(), maps.len()), (64, 3 * 64 + 4 * 16));
    assert!(image.iter().all(|pixel| (0.0..=16.0).contains(pixel)), "pixels come as they are: {image:?}");
    // A rectifier's answers, of which some filter has some.
    assert!(maps.iter().all(|x| *x >= 0.0) && maps.iter().any(|x| *x > 0.0));
    assert_eq!(talk.error_code(4), "explain.no_such_row");
}

#[test]
fn a_saved_net_answers_images_with_the_same_bits() {
    let save = json!({ "type": "export", "id": "m", "format": "project", "include_data": true });
    let predict = json!({ "type": "predict", "id": "m", "table": "t" });
    let talk = digits(json!({ "kind": "cnn", "max_iter": 1, "filters": [4] }), &[])
        .ask(save.clone())
        .ask(predict.clone())
        .ask(explain(json!(0)))
        .run();
    let Buffer::U8(saved) = talk.buffer(3, "bytes") else { panic!("bytes") };
    let again = Script::new()
        .ask_with(json!({ "type": "import_project" }), saved.clone())
        .ask(save)
        .ask(predict)
        .ask(explain(json!(0)))
        .run();
    let Buffer::U8(saved_again) = again.buffer(2, "bytes") else { panic!("bytes") };
    assert_eq!(saved, saved_again);
    assert_eq!(again.json(1)["models"][0]["structure"], talk.json(2)["structure"]);
    assert_eq!(talk.numbers(4, "probabilities"), again.numbers(3, "probabilities"));
    assert_eq!(numbers(&talk, 5, "maps"), numbers(&again, 4, "maps"));
}

#[test]
fn what_is_no_image_is_refused_with_what_to_do() {
    let talk = digits(json!({ "kind": "cnn" }), &["pixel_0_0", "pixel_0_1"]).run();
    assert_eq!(talk.error_code(2), "train.not_an_image");
    let talk = digits(json!({ "kind": "mlp", "max_iter": 1 }), &[]).ask(explain(json!(0))).run();
    assert_eq!(talk.json(2)["structure"]["front"], Value::Null);
    assert_eq!(talk.error_code(3), "explain.not_images");
}
