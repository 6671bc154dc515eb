//! Conversations with a worker: ready first, one end for each job, cancel heard at any moment, nothing lost by errors.

use serde_json::{Value, json};
use vitrine_protocol::{Event, PROTOCOL_VERSION};

use crate::conversation::{Script, file};

fn train(id: &str) -> Value {
    json!({ "type": "train", "id": id, "table": "t", "target": "species",
            "model": { "kind": "decision_tree", "max_depth": 3 } })
}

#[test]
fn ready_comes_first_and_names_the_protocol() {
    let talk = Script::new().ask(json!({ "type": "describe" })).run();
    match &talk.said[0].event.event {
        Event::Ready(ready) => assert_eq!(ready.protocol, PROTOCOL_VERSION),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_job_ends_once_and_nothing_comes_after() {
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(train("m"))
        .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
        .ask(json!({ "type": "predict", "id": "nobody", "table": "t" }))
        .ask(json!({ "type": "release", "id": "m" }))
        .run();
    for job in 1..=5 {
        let end = talk.said.iter().position(|s| s.event.job == Some(job) && s.event.event.is_terminal());
        let last = talk.said.iter().rposition(|s| s.event.job == Some(job));
        assert_eq!(end, last, "job {job}");
        talk.end(job);
    }
    assert_eq!(talk.error_code(4), "request.no_such_model");
}

#[test]
fn progress_never_falls() {
    let talk = Script::new().load("t", file("www/samples/abalone.csv")).run();
    let fractions: Vec<f64> = talk
        .said
        .iter()
        .filter_map(|said| match &said.event.event {
            Event::Progressed(progress) => Some(progress.fraction),
            _ => None,
        })
        .collect();
    assert!(fractions.windows(2).all(|pair| pair[0] <= pair[1]), "{fractions:?}");
}

#[test]
fn a_job_can_be_cancelled_at_any_yield_and_leaves_nothing() {
    let mut n_cancelled = 0;
    for n in 1..12 {
        let talk = Script::new()
            .load("t", file("www/samples/iris.csv"))
            .ask(train("m"))
            .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
            .cancel_at_yield(n, 2)
            .run();
        match &talk.end(2).event.event {
            Event::Cancelled => {
                n_cancelled += 1;
                assert_eq!(talk.error_code(3), "request.no_such_model");
            }
            Event::ModelFitted(_) => assert!(matches!(talk.end(3).event.event, Event::Predicted(_))),
            other => panic!("{other:?}"),
        }
    }
    assert!(n_cancelled >= 3, "only {n_cancelled} of the cancellations came in time");
}

#[test]
fn a_job_that_waits_can_be_cancelled_too() {
    let talk =
        Script::new().load("t", file("www/samples/iris.csv")).ask(train("m")).at_once().cancel_at_yield(1, 2).run();
    assert!(matches!(talk.end(2).event.event, Event::Cancelled));
    assert!(matches!(talk.end(1).event.event, Event::TableLoaded(_)));
}

#[test]
fn a_bad_file_loses_nothing_that_was_loaded() {
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .load("t", "")
        .ask_with(json!({ "type": "import_project" }), "not a project")
        .ask(json!({ "type": "read_table", "id": "t", "start": 0, "end": 2 }))
        .run();
    assert_eq!(talk.error_code(2), "ingest.empty_file");
    assert_eq!(talk.error_code(3), "export.not_a_project");
    assert_eq!(talk.json(4)["cells"].as_array().unwrap().len(), 2);
}

#[test]
fn requests_name_the_field_they_do_not_know() {
    let request = json!({ "job": 1, "request": { "type": "load_csv", "id": "t", "options": { "delimeter": ";" } } });
    let error = serde_json::from_value::<vitrine_protocol::RequestMsg>(request).unwrap_err().to_string();
    assert!(error.contains("unknown field `delimeter`"), "{error}");
}

#[test]
fn a_device_that_does_not_exist_is_an_error() {
    let mut request = train("m");
    request["device"] = json!("tpu");
    let talk = Script::new().load("t", file("www/samples/iris.csv")).ask(request).run();
    assert_eq!(talk.error_code(2), "request.bad_device");
}

#[test]
fn made_up_rows_are_a_table_like_any_other() {
    let toy =
        |id: &str, seed: u64| json!({ "type": "make_toy", "id": id, "kind": "moons", "n_rows": 60, "seed": seed });
    let talk = Script::new()
        .ask(toy("a", 1))
        .ask(toy("b", 1))
        .ask(json!({ "type": "train", "id": "m", "table": "a", "target": "class", "model": { "kind": "decision_tree" } }))
        .ask(json!({ "type": "make_toy", "id": "c", "kind": "star" }))
        .ask(json!({ "type": "make_toy", "id": "c", "kind": "xor" }))
        .run();
    let (a, b) = (talk.json(1), talk.json(2));
    assert_eq!((&a["n_rows"], &a["name"]), (&json!(60), &json!("moons")));
    let columns = a["columns"].as_array().unwrap().iter();
    assert_eq!(
        columns.map(|column| (column["name"].clone(), column["kind"].clone())).collect::<Vec<_>>(),
        [("x", "numeric"), ("y", "numeric"), ("class", "categorical")].map(|(name, kind)| (json!(name), json!(kind)))
    );
    assert_eq!(a["columns"], b["columns"]);
    // It has a digest, as a file has.
    assert_eq!(talk.json(3)["receipt"]["data_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(talk.error_code(4), "table.no_such_toy");
    assert_eq!(talk.json(5)["n_rows"], json!(200));
}

#[test]
fn any_fit_can_be_paused_and_goes_on() {
    let forest = || {
        json!({ "type": "train", "id": "m", "table": "t", "target": "species",
                "model": { "kind": "random_forest", "n_estimators": 40 } })
    };
    let mut n_paused = 0;
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(forest())
        .reacting(move |event| {
            let (Event::Progressed(progress), Some(2)) = (&event.event, event.job) else { return Vec::new() };
            // Before it has begun; then step by step, and on.
            let action = match (n_paused, progress.message.as_str()) {
                (0, _) => "pause",
                (1, "paused") => "step",
                (2, "paused") => "resume",
                _ => return Vec::new(),
            };
            n_paused += 1;
            vec![json!({ "type": "control", "target": 2, "action": action })]
        })
        .run();
    let told = |said: &&crate::conversation::Said| match &said.event.event {
        Event::Progressed(progress) => progress.message == "paused",
        _ => false,
    };
    assert_eq!(talk.said.iter().filter(told).count(), 2);
    let straight = Script::new().load("t", file("www/samples/iris.csv")).ask(forest()).run();
    assert_eq!(talk.json(2)["metrics"], straight.json(2)["metrics"]);
    // What has ended, or never was, is not steered; nothing is said about it.
    let late = Script::new()
        .reacting(|event| match event.event {
            Event::Described(_) => vec![json!({ "type": "control", "target": 1, "action": "stop" })],
            _ => Vec::new(),
        })
        .ask(json!({ "type": "describe" }))
        .run();
    assert_eq!(late.said.len(), 2);
}
