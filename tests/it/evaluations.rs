//! What a worker answers to `evaluate`, as the page and a script see it.

use serde_json::{Value, json};
use vitrine_protocol::{Buffer, Event};

use crate::conversation::{Conversation, Script, file};

fn iris(evaluate: Value) -> Conversation {
    script("www/samples/iris.csv", "species").ask(evaluate).run()
}

fn script(csv: &str, target: &str) -> Script {
    Script::new().load("t", file(csv)).ask(json!({ "type": "train", "id": "m", "table": "t", "target": target,
        "model": { "kind": "decision_tree", "max_depth": 2 } }))
}

fn rows(talk: &Conversation, job: u32) -> Vec<u32> {
    match talk.buffer(job, "rows") {
        Buffer::U32(rows) => rows.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_worked_before_works_and_brings_intervals() {
    let talk = iris(json!({ "type": "evaluate", "id": "m", "table": "t", "rows": "test" }));
    let (model, answer) = (talk.json(2), talk.json(3));
    assert_eq!(answer["metrics"], model["metrics"]["test"]);
    assert_eq!(answer["n_resamples"], 1000);
    for (name, interval) in answer["intervals"].as_object().unwrap() {
        let (low, high) = (interval[0].as_f64().unwrap(), interval[1].as_f64().unwrap());
        let measure = answer["metrics"][name].as_f64().unwrap();
        assert!(low <= high, "{name}");
        // A calibration error is biased upwards in every resample; the others lie inside.
        assert!(name == "expected_calibration_error" || (low..=high).contains(&measure), "{name}");
    }
    assert_eq!(answer["per_class"].as_array().unwrap().len(), 3);
    assert_eq!(answer["charts"]["roc"].as_array().unwrap().len(), 3);
}

#[test]
fn the_same_seed_gives_the_same_intervals_and_none_need_be_asked_for() {
    let ask = |extra: Value| {
        let mut request = json!({ "type": "evaluate", "id": "m", "table": "t" });
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        iris(request).json(3)
    };
    let few = json!({ "resamples": 60, "seed": 3 });
    assert_eq!(ask(few.clone()), ask(few.clone()));
    assert_ne!(ask(few)["intervals"], ask(json!({ "resamples": 60, "seed": 4 }))["intervals"]);
    let none = ask(json!({ "resamples": 0 }));
    assert_eq!((&none["intervals"], &none["n_resamples"]), (&Value::Null, &json!(0)));
    let talk = iris(json!({ "type": "evaluate", "id": "m", "table": "t", "resamples": 10_001 }));
    assert_eq!(talk.error_code(3), "evaluate.too_many_resamples");
}

#[test]
fn rows_stand_cell_after_cell() {
    let talk = iris(json!({ "type": "evaluate", "id": "m", "table": "t" }));
    let answer = talk.json(3);
    let counts: Vec<u64> = answer["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()))
        .collect();
    let rows = rows(&talk, 3);
    assert_eq!(rows.len() as u64, counts.iter().sum::<u64>());
    // iris has 50 rows of each species, one after the other.
    let mut rest = rows.as_slice();
    for (cell, n) in counts.iter().enumerate() {
        let (here, after) = rest.split_at(*n as usize);
        assert!(here.iter().all(|row| *row as usize / 50 == cell / 3) && here.is_sorted(), "{cell}");
        rest = after;
    }
}

#[test]
fn a_regression_brings_points_of_its_test_rows() {
    let talk = script("www/samples/abalone.csv", "shell_weight")
        .ask(json!({ "type": "evaluate", "id": "m", "table": "t", "rows": "test", "resamples": 40 }))
        .ask(json!({ "type": "read_table", "id": "t", "start": 0, "end": 0, "rows": [4, 2] }))
        .run();
    let answer = talk.json(3);
    let (fitted, residuals) = (&answer["charts"]["fitted"][0], &answer["charts"]["residuals"][0]);
    let at = |list: &Value, row: usize| list[row].as_f64().unwrap();
    assert_eq!(fitted["rows"].as_array().unwrap().len(), 1045);
    assert_eq!(at(&residuals["y"], 7), at(&fitted["x"], 7) - at(&fitted["y"], 7));
    assert_eq!(rows(&talk, 3).len(), 1045);
    assert_eq!(answer["confusion"], Value::Null);
    assert_eq!(talk.json(4)["cells"].as_array().unwrap().len(), 2);
}

#[test]
fn an_evaluation_can_be_cancelled_while_it_resamples() {
    let mut n_cancelled = 0;
    for n in (10..200).step_by(19) {
        let talk = script("www/samples/iris.csv", "species")
            .ask(json!({ "type": "evaluate", "id": "m", "table": "t" }))
            .cancel_at_yield(n, 3)
            .run();
        n_cancelled += usize::from(matches!(talk.end(3).event.event, Event::Cancelled));
    }
    assert!(n_cancelled >= 5, "only {n_cancelled} of the cancellations came in time");
}

#[test]
fn what_is_learned_without_a_target_is_drawn_too() {
    let evaluated = |kind: &str| {
        let csv = file("www/samples/iris.csv");
        let model = json!({ "kind": kind });
        let talk =
            Script::new().load("t", csv).ask(json!({ "type": "train", "id": "m", "table": "t", "model": model }));
        let talk = talk.ask(json!({ "type": "evaluate", "id": "m", "table": "t" })).run();
        (talk.json(2), talk.json(3)["charts"].clone())
    };
    let numbers = |list: &Value| list.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<f64>>();

    let (model, charts) = evaluated("k_means");
    assert_eq!(charts["cluster_sizes"][0]["n_rows"], model["structure"]["sizes"]);

    let (model, charts) = evaluated("pca");
    let [shares, added_up] = [0, 1].map(|series| numbers(&charts["explained_variance"][series]["y"]));
    assert_eq!(json!(shares), model["structure"]["explained_variance_ratio"]);
    assert!((added_up.last().unwrap() - shares.iter().sum::<f64>()).abs() < 1e-12);
    assert_eq!(charts["components"][0]["rows"].as_array().unwrap().len(), 150);

    let (_, charts) = evaluated("isolation_forest");
    let (edges, oddest) = (numbers(&charts["scores"][0]["x"]), numbers(&charts["oddest"][0]["y"]));
    assert_eq!(numbers(&charts["scores"][0]["n_rows"]).iter().sum::<f64>(), 150.0);
    assert!(oddest.is_sorted() && oddest[0] == edges[0]);
}
