//! The engine in a dedicated worker of a real browser: the same bits as natively, and the numbers burn-flex gives with
//! wasm's SIMD.

#![cfg(target_arch = "wasm32")]

mod reference_fits;

use serde_json::json;
use vitrine::train::Device;
use vitrine::train::device::self_test;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn fits_have_the_same_bits_as_natively() {
    for ((name, digest), (_, expected)) in reference_fits::digests().await.iter().zip(reference_fits::EXPECTED) {
        assert_eq!(digest, expected, "{name}");
    }
}

#[wasm_bindgen_test]
async fn tensors_compute_what_they_should() {
    self_test(&Device::cpu()).await.expect("the CPU passes its own test");
}

#[wasm_bindgen_test]
async fn a_csv_becomes_a_table() {
    let said = reference_fits::ask(
        "name;size;seen\nAnna;1,5;2024-01-02\nBär;;2024-02-03\n",
        &[json!({ "type": "load_csv", "id": "t" }), json!({ "type": "read_table", "id": "t", "start": 0, "end": 9 })],
    )
    .await;
    // A lookup is answered while a long job runs: the rows are asked for before there is a table.
    let (table, _) = said.iter().find(|(event, _)| event["type"] == "table_loaded").expect("the table is loaded");
    assert_eq!((&table["delimiter"], &table["decimal"], &table["n_rows"]), (&json!(";"), &json!(","), &json!(2)));
    assert_eq!(table["columns"][1]["mean"], json!(1.5));
    assert_eq!(table["columns"][2]["kind"], "datetime");
}

#[wasm_bindgen_test]
async fn gradient_descent_learns_in_a_worker() {
    // Eight rows are one batch, so an epoch is one step: the default 100 of them do not get there, natively either.
    let model = json!({ "kind": "linear_regression", "solver": "gradient_descent", "max_iter": 300 });
    let said = reference_fits::ask(
        "x,y\n1,3\n2,5\n3,7\n4,9\n5,11\n6,13\n7,15\n8,17\n",
        &[
            json!({ "type": "load_csv", "id": "t" }),
            json!({ "type": "train", "id": "m", "table": "t", "target": "y", "model": model }),
        ],
    )
    .await;
    let (fitted, _) = said.last().expect("the worker said something");
    assert_eq!(fitted["type"], "model_fitted", "{fitted}");
    let rmse = fitted["metrics"]["train"]["rmse"].as_f64().expect("a number");
    assert!(rmse < 0.01, "rmse {rmse}");
}
