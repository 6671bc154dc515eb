//! Fits whose bits must be the same on every target: the native tests and the tests in a browser's worker compare
//! their digests with the ones checked in here.
//!
//! A digest changes when the arithmetic of a fit or its requests change. After a change that was meant, take the new
//! digests from the failing native test.

use std::cell::RefCell;
use std::future::{Future, ready};
use std::pin::Pin;
use std::rc::Rc;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vitrine::train::Device;
use vitrine::worker::{Buffers, Host, Inbox, Incoming, Source, WorkerDevice, run};
use vitrine_protocol::{Buffer, EventMsg, RequestMsg};

/// The fits by name, each with the digest of what was learned and of its answers, in hexadecimal.
pub(crate) const EXPECTED: &[(&str, &str)] = &[
    ("decision_tree", "2e12b79262a0d053"),
    ("regression_tree", "1106500c92e274d3"),
    ("random_forest", "15cc3be398bbd0fc"),
    ("extra_trees", "e87df7f6c3c68cd3"),
    ("linear_regression", "34ff20729a1b2478"),
    ("logistic_regression", "4b2fbf1a9e52c3a3"),
    ("gradient_boosting", "d1f61fbcce2d90d6"),
    ("ridge", "7377d82d8efc2c9f"),
    ("elastic_net", "ce49e5e743b041c1"),
    ("k_nearest_neighbors", "fc20359a0b5f38bb"),
    ("naive_bayes", "11909a9a1a5f3546"),
    ("logistic_l1", "f05e2f1fecb37de7"),
    ("svc", "472c5cb9cf449b34"),
    ("categorical_nb", "a2d1a5ef0f5b5cfc"),
];

const IRIS: &str = include_str!("../../www/samples/iris.csv");
const PENGUINS: &str = include_str!("../../www/samples/penguins.csv");
const ABALONE: &str = include_str!("../../www/samples/abalone.csv");

/// Fits the reference models in a worker's loop, from the bytes of their CSVs on.
pub(crate) async fn digests() -> Vec<(&'static str, String)> {
    let fits = [
        ("decision_tree", IRIS, "species", json!({ "kind": "decision_tree" })),
        ("regression_tree", ABALONE, "rings", json!({ "kind": "decision_tree", "max_depth": 6 })),
        ("random_forest", IRIS, "species", json!({ "kind": "random_forest", "n_estimators": 20, "oob_score": true })),
        ("extra_trees", ABALONE, "rings", json!({ "kind": "extra_trees", "n_estimators": 3, "max_depth": 8 })),
        ("linear_regression", ABALONE, "rings", json!({ "kind": "linear_regression" })),
        ("logistic_regression", PENGUINS, "species", json!({ "kind": "logistic_regression" })),
        ("gradient_boosting", IRIS, "species", json!({ "kind": "gradient_boosting", "max_iter": 20 })),
        ("ridge", ABALONE, "rings", json!({ "kind": "ridge" })),
        ("elastic_net", ABALONE, "rings", json!({ "kind": "elastic_net", "alpha": 0.1 })),
        ("k_nearest_neighbors", PENGUINS, "species", json!({ "kind": "k_nearest_neighbors", "weights": "distance" })),
        ("naive_bayes", IRIS, "species", json!({ "kind": "naive_bayes" })),
        ("logistic_l1", PENGUINS, "species", json!({ "kind": "logistic_regression", "penalty": "l1" })),
        ("svc", PENGUINS, "species", json!({ "kind": "svc" })),
        ("categorical_nb", PENGUINS, "species", json!({ "kind": "categorical_nb" })),
    ];
    let mut digests = Vec::new();
    for (name, csv, target, model) in fits {
        let said = ask(
            csv,
            &[
                json!({ "type": "load_csv", "id": "t" }),
                json!({ "type": "train", "id": "m", "table": "t", "target": target, "model": model, "seed": 3 }),
                json!({ "type": "predict", "id": "m", "table": "t" }),
            ],
        )
        .await;
        digests.push((name, digest(&said)));
    }
    digests
}

/// The digest of each fitted structure and of each buffer, in the order they were posted.
fn digest(said: &[(Value, Buffers)]) -> String {
    let mut hasher = Sha256::new();
    for (event, buffers) in said {
        assert_ne!(event["type"], "failed", "{event}");
        // serde_json writes each f64 with the digits that give the same bits back.
        hasher.update(event["structure"].to_string());
        for (name, buffer) in buffers {
            hasher.update(name);
            match buffer {
                Buffer::F64(values) => values.iter().for_each(|value| hasher.update(value.to_le_bytes())),
                Buffer::F32(values) => values.iter().for_each(|value| hasher.update(value.to_le_bytes())),
                Buffer::U32(values) => values.iter().for_each(|value| hasher.update(value.to_le_bytes())),
                Buffer::U8(values) => hasher.update(values),
            }
        }
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Lets a worker's loop answer requests, the CSV being the payload of each, and gives back what it said.
pub(crate) async fn ask(csv: &str, requests: &[Value]) -> Vec<(Value, Buffers)> {
    let inbox = Inbox::new();
    let payload: Rc<dyn Source> = Rc::new(csv.as_bytes().to_vec());
    for (idx, request) in requests.iter().enumerate() {
        let payload = (request["type"] == "load_csv").then(|| Rc::clone(&payload));
        let message: RequestMsg =
            serde_json::from_value(json!({ "job": idx + 1, "request": request })).expect("a readable request");
        inbox.push(Incoming::Request { message: Box::new(message), payload });
    }
    inbox.close();
    let recorder = Rc::new(Recorder::default());
    let device = WorkerDevice { device: Device::cpu(), fallback_reason: None };
    run(inbox, recorder.clone(), device).await;
    recorder.said.take()
}

/// A host whose clock stands still: nothing here depends on time.
#[derive(Default)]
struct Recorder {
    said: RefCell<Vec<(Value, Buffers)>>,
}

impl Host for Recorder {
    fn post(&self, event: EventMsg, buffers: Buffers) {
        let event = serde_json::to_value(&event.event).expect("events are JSON");
        self.said.borrow_mut().push((event, buffers));
    }

    fn now_millis(&self) -> f64 {
        0.0
    }

    fn yield_now(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(ready(()))
    }
}
