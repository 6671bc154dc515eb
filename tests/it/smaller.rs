//! Nets made smaller in conversation: rounded to eight bits, pruned, taken home as safetensors and brought back.
#![cfg(feature = "tensors")]

use serde_json::{Value, json};
use vitrine_protocol::{Buffer, Event};

use crate::conversation::{Conversation, Script, file};

/// Digits by a net of two hidden layers, job 2 of a script.
fn digits() -> Script {
    train("digit", json!({ "hidden_layer_sizes": [64, 32], "max_iter": 15, "learning_rate_init": 0.003 }))
        .load_first("digits.csv")
}

struct Training(Value);

fn train(target: &str, params: Value) -> Training {
    let mut model = json!({ "kind": "mlp" });
    model.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    Training(json!({ "type": "train", "id": "net", "table": "t", "target": target, "model": model, "seed": 3 }))
}

impl Training {
    fn load_first(self, csv: &str) -> Script {
        Script::new().load("t", file(&format!("tests/reference/data/{csv}"))).ask(self.0)
    }
}

fn quantize(id: &str, model: &str, scheme: &str) -> Value {
    json!({ "type": "quantize", "id": id, "model": model, "scheme": scheme })
}

fn prune(id: &str, model: &str, sparsity: f64, n_epochs: usize) -> Value {
    json!({ "type": "prune", "id": id, "model": model, "sparsity": sparsity, "fine_tune_epochs": n_epochs })
}

fn export(id: &str, format: &str) -> Value {
    json!({ "type": "export", "id": id, "format": format })
}

fn predict(id: &str) -> Value {
    json!({ "type": "predict", "id": id, "table": "t" })
}

#[track_caller]
fn bytes(talk: &Conversation, job: u32) -> Vec<u8> {
    match talk.end(job).buffers.as_slice() {
        [("bytes", Buffer::U8(bytes))] => bytes.clone(),
        _ => panic!("{:?}", talk.end(job).event),
    }
}

#[track_caller]
fn number(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path} in {value}"))
}

#[track_caller]
fn made(talk: &Conversation, job: u32) -> Value {
    assert!(matches!(talk.end(job).event.event, Event::ModelMade(_)), "{:?}", talk.end(job).event);
    talk.json(job)
}

#[test]
fn sixteen_bits_answer_almost_the_same_from_half_of_the_bytes() {
    let talk = digits()
        .ask(quantize("half", "net", "float16"))
        .ask(export("half", "project"))
        .ask(predict("half"))
        .ask(quantize("again", "half", "per_block"))
        .ask(quantize("x", "net", "float8"))
        .run();
    let made = made(&talk, 3);
    assert_eq!(made["model"]["structure"]["storage"], "float16");
    assert_eq!(made["model"]["structure"]["scheme"], Value::Null);
    let [before, after] = ["/before", "/after"].map(|side| number(&made, &format!("{side}/metrics/test/accuracy")));
    assert!(before > 0.95 && (before - after).abs() <= 0.01, "{before}, {after}");
    let saved = number(&made, "/before/size_bytes") - number(&made, "/after/size_bytes");
    assert_eq!(saved, f64::from((64 * 64 + 64 * 32 + 32 * 10) * 2));
    assert!((1e-8..0.01).contains(&number(&made, "/max_difference")), "{made}");
    assert_eq!(talk.json(6)["model"]["structure"]["storage"], "int8", "of 16 bits, eight can be made");
    assert_eq!(talk.error_code(7), "train.unknown_scheme");
}

#[test]
fn eight_bits_answer_almost_the_same_from_a_third_of_the_bytes() {
    let talk = digits()
        .ask(quantize("block", "net", "per_block"))
        .ask(quantize("channel", "net", "per_channel"))
        .ask(quantize("tensor", "net", "per_tensor"))
        .ask(export("net", "project"))
        .ask(export("block", "project"))
        .ask(predict("net"))
        .ask(predict("block"))
        .run();
    let trained = talk.json(2);
    // 64 pixels are read, and all of them are features.
    let n_weights = 64 * 64 + 64 * 32 + 32 * 10;
    let n_blocks = 2 * 64 + 2 * 32 + 10;
    for (job, scheme, n_scales) in [(3, "per_block", n_blocks), (4, "per_channel", 106), (5, "per_tensor", 3)] {
        let made = made(&talk, job);
        assert_eq!(made["model"]["structure"]["storage"], "int8");
        assert_eq!(made["model"]["structure"]["scheme"], scheme);
        assert_eq!(made["before"]["metrics"], trained["metrics"], "measured as training measured it");
        assert_eq!(made["after"]["metrics"], made["model"]["metrics"]);
        let [before, after] = ["/before", "/after"].map(|side| number(&made, &format!("{side}/metrics/test/accuracy")));
        assert!(before > 0.95 && (before - after).abs() <= 0.01, "{scheme}: {before}, {after}");
        let saved = number(&made, "/before/size_bytes") - number(&made, "/after/size_bytes");
        assert_eq!(saved, (n_weights * 3 - n_scales * 4 - scheme.len()) as f64, "{scheme}");
        assert!((1e-6..0.2).contains(&number(&made, "/max_difference")), "{made}");
        assert!(number(&made, "/after/latency_ms") > 0.0);
        assert_eq!(number(&made, "/n_compared"), number(&trained, "/n_test"));
        let from = &made["model"]["receipt"]["made_from"];
        assert_eq!(
            [&from["how"], &from["scheme"], &from["model"]],
            [&json!("quantize"), &json!(scheme), &json!("net")]
        );
        assert_eq!(from["spec_sha256"], trained["receipt"]["spec_sha256"]);
        assert_ne!(made["model"]["receipt"]["spec_sha256"], trained["receipt"]["spec_sha256"]);
        assert_eq!(made["model"]["n_train"], trained["n_train"]);
    }
    // In the file too.
    let [net, block] = [bytes(&talk, 6), bytes(&talk, 7)];
    assert!(net.len() - block.len() > n_weights * 3 - n_blocks * 4 - 1000, "{} {}", net.len(), block.len());
    // Version 3 of the format is enough for what was fitted.
    assert_eq!([net[8], block[8]], [3, 4]);
    // Bit for bit in another worker.
    let other = Script::new()
        .load("t", file("tests/reference/data/digits.csv"))
        .ask_with(json!({ "type": "import_project" }), block)
        .ask(predict("block"))
        .run();
    let codes = |talk: &Conversation, job| talk.end(job).buffers.clone();
    assert!(codes(&talk, 9) == codes(&other, 3));
    assert!(codes(&talk, 9) != codes(&talk, 8));
    let there = &other.json(2)["models"][0];
    assert_eq!(there["structure"]["storage"], "int8");
    assert_eq!(there["receipt"], talk.json(3)["model"]["receipt"]);
}

#[test]
fn a_pruned_net_that_is_fitted_on_is_almost_as_good() {
    let talk = digits()
        .ask(prune("at_once", "net", 0.8, 0))
        .ask(prune("tuned", "net", 0.8, 10))
        .ask(quantize("both", "tuned", "per_channel"))
        .ask(export("tuned", "project"))
        .ask(export("net", "project"))
        .run();
    let (at_once, tuned, both) = (made(&talk, 3), made(&talk, 4), made(&talk, 5));
    let accuracy = |made: &Value, side: &str| number(made, &format!("/{side}/metrics/test/accuracy"));
    let n_weights: f64 = (64 * 64 + 64 * 32 + 32 * 10) as f64;
    let sparsity = (n_weights * 0.8).round() / n_weights;
    for made in [&at_once, &tuned] {
        assert_eq!(made["before"]["sparsity"], 0.0);
        assert_eq!(number(made, "/after/sparsity"), sparsity);
        assert_eq!(made["model"]["structure"]["storage"], "sparse_float32");
        assert!(number(made, "/after/size_bytes") < 0.35 * number(made, "/before/size_bytes"));
    }
    assert!(accuracy(&tuned, "after") >= accuracy(&tuned, "before") - 0.02);
    assert!(accuracy(&at_once, "after") < accuracy(&tuned, "after"), "going on matters");
    assert_eq!(tuned["model"]["history"].as_array().unwrap().len(), 10);
    assert_eq!(tuned["model"]["issues"], json!([]));
    assert!(accuracy(&both, "after") >= accuracy(&both, "before") - 0.01);
    assert_eq!(both["model"]["structure"]["storage"], "sparse_int8");
    assert_eq!(both["model"]["receipt"]["made_from"]["made_from"]["sparsity"], 0.8);
    assert!(bytes(&talk, 6).len() < bytes(&talk, 7).len());
    // The same request makes the same net.
    let again = digits().ask(prune("tuned", "net", 0.8, 10)).run();
    assert_eq!(made(&again, 3)["model"]["structure"], tuned["model"]["structure"]);
}

/// Categories as vectors, numbers to be learned, batch norm, dropout, early stopping: whatever a net has, it is made
/// smaller and brought back.
#[test]
fn every_kind_of_net_is_made_smaller_and_comes_back() {
    let csv = file("www/samples/abalone.csv");
    let ways = [
        json!({ "embedding_dim": 3, "batch_norm": true }),
        json!({ "dropout": 0.3, "early_stopping": true, "activation": "tanh", "solver": "sgd" }),
        json!({ "l1": 0.01, "learning_rate": "one_cycle", "activation": "gelu" }),
    ];
    for params in ways {
        let name = params.to_string();
        let mut request = train("rings", json!({ "hidden_layer_sizes": [9, 5], "max_iter": 3 })).0;
        request["model"].as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
        request["task"] = json!("regression");
        let script = Script::new()
            .load("t", csv.clone())
            .ask(request)
            .ask(prune("pruned", "net", 0.6, 2))
            .ask(quantize("int8", "net", "per_channel"))
            .ask(export("pruned", "project"))
            .ask(export("pruned", "safetensors"))
            .ask(export("int8", "safetensors"))
            .ask(predict("pruned"))
            .ask(predict("int8"));
        let talk = script.run();
        let pruned = made(&talk, 3);
        assert!((number(&pruned, "/after/sparsity") - 0.6).abs() < 0.01, "{name}");
        assert!(
            number(&pruned, "/max_difference") > 0.0 && pruned["after"]["metrics"]["test"]["r2"].is_f64(),
            "{name}"
        );
        let loaded = Script::new()
            .load("t", csv.clone())
            .ask_with(json!({ "type": "import_project" }), bytes(&talk, 5))
            .ask_with(json!({ "type": "import_weights", "id": "same", "model": "pruned" }), bytes(&talk, 6))
            .ask_with(json!({ "type": "import_weights", "id": "int8", "model": "pruned" }), bytes(&talk, 7))
            .ask(predict("pruned"))
            .ask(predict("same"))
            .ask(predict("int8"))
            .run();
        assert_eq!(made(&loaded, 3)["max_difference"], 0.0, "{name}");
        assert_eq!(loaded.json(2)["models"][0]["structure"], pruned["model"]["structure"], "{name}");
        assert!(loaded.end(5).buffers == talk.end(8).buffers, "{name}");
        assert!(loaded.end(6).buffers == talk.end(8).buffers, "{name}");
        assert!(loaded.end(7).buffers == talk.end(9).buffers, "{name}");
        assert_eq!(made(&loaded, 4)["model"]["structure"], made(&talk, 4)["model"]["structure"], "{name}");
    }
}

#[test]
fn without_its_table_a_net_is_still_rounded_but_not_fitted_on() {
    let talk = digits()
        .ask(json!({ "type": "release", "id": "t" }))
        .ask(quantize("int8", "net", "per_block"))
        .ask(prune("pruned", "net", 0.5, 0))
        .ask(prune("tuned", "net", 0.5, 1))
        .run();
    for job in [4, 5] {
        let made = made(&talk, job);
        assert_eq!(made["max_difference"], Value::Null);
        assert_eq!(made["after"]["metrics"], json!({ "train": {}, "test": null, "folds": null }));
        assert_eq!(made["after"]["latency_ms"], Value::Null);
    }
    assert_eq!(talk.error_code(6), "request.no_such_table");
}

#[test]
fn what_cannot_be_made_smaller_is_an_error() {
    let tree =
        json!({ "type": "train", "id": "tree", "table": "t", "target": "class", "model": { "kind": "decision_tree" } });
    let net = json!({ "type": "train", "id": "net", "table": "t", "target": "class",
                      "model": { "kind": "mlp", "hidden_layer_sizes": [3], "max_iter": 2 } });
    let talk = Script::new()
        .ask(json!({ "type": "make_toy", "id": "t", "kind": "moons", "n_rows": 40 }))
        .ask(tree)
        .ask(net)
        .ask(quantize("x", "tree", "per_block"))
        .ask(prune("x", "tree", 0.5, 1))
        .ask(export("tree", "safetensors"))
        .ask(quantize("x", "net", "per_row"))
        .ask(prune("x", "net", 1.5, 1))
        .ask(prune("x", "net", 0.5, 1_000_000))
        .ask(quantize("int8", "net", "per_block"))
        .ask(quantize("x", "int8", "per_block"))
        .ask(quantize("x", "nothing", "per_block"))
        .ask_with(json!({ "type": "import_weights", "id": "x", "model": "tree" }), b"".to_vec())
        .ask_with(
            json!({ "type": "import_weights", "id": "x", "model": "net" }),
            b"hello, this is no such file".to_vec(),
        )
        .ask(json!({ "type": "import_weights", "id": "x", "model": "net" }))
        .ask(predict("x"))
        // All of them, and none.
        .ask(prune("all", "net", 1.0, 2))
        .ask(prune("none", "net", 0.0, 0))
        .ask(prune("float", "int8", 0.0, 0))
        .run();
    let codes = [
        (4, "train.not_a_net"),
        (5, "train.not_a_net"),
        (6, "train.not_a_net"),
        (7, "train.unknown_scheme"),
        (8, "train.bad_sparsity"),
        (9, "train.too_many_fine_tune_epochs"),
        (11, "train.already_quantized"),
        (12, "request.no_such_model"),
        (13, "train.not_a_net"),
        (14, "export.not_safetensors"),
        (15, "request.no_payload"),
        (16, "request.no_such_model"),
    ];
    for (job, code) in codes {
        assert_eq!(talk.error_code(job), code, "job {job}");
    }
    assert_eq!(made(&talk, 17)["after"]["sparsity"], 1.0);
    assert_eq!(made(&talk, 18)["max_difference"], 0.0);
    assert_eq!(made(&talk, 19)["max_difference"], 0.0);
    assert_eq!(made(&talk, 19)["model"]["structure"]["storage"], "float32");
}

#[test]
fn a_fit_that_goes_on_can_be_cancelled_and_leaves_nothing() {
    let talk = digits().ask(prune("tuned", "net", 0.5, 500)).ask(predict("tuned")).cancel_at_yield(120, 3).run();
    assert!(matches!(talk.end(3).event.event, Event::Cancelled), "{:?}", talk.end(3).event);
    assert_eq!(talk.error_code(4), "request.no_such_model");
}
