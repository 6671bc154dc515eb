//! Nets whose device or worker is lost: what goes on from a checkpoint is what would have come anyway.
#![cfg(feature = "tensors")]

use serde_json::{Value, json};
use vitrine::model::{BoxedSession, find};
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;
use vitrine::train::{Epoch, FitInput, block_on};
use vitrine_protocol::Event;

use crate::cases::input;
use crate::conversation::{Conversation, Script};

/// Rows of nine numbers and two classes, the last row's number beyond the others.
fn rows(y: fn(f64) -> Target) -> (Matrix, Target) {
    let number = |at: usize| (at as f64 * 0.618_034).fract() - 0.5;
    let x = Matrix::from_row_major(&(0..75 * 9).map(number).collect::<Vec<f64>>(), 9);
    let first = x.features()[0].iter().zip(&x.features()[4]);
    let labels = first.map(|(a, b)| y(a - b));
    let all = labels.reduce(|all, one| match (all, one) {
        (Target::Values(all), Target::Values(one)) => Target::Values([all, one].concat()),
        (Target::Classes { codes, n_classes }, Target::Classes { codes: one, .. }) => {
            Target::Classes { codes: [codes, one].concat(), n_classes }
        }
        _ => unreachable!("all are alike"),
    });
    (x, all.expect("there are rows"))
}

fn begin(kind: &str, params: &ParamMap, input: &FitInput) -> BoxedSession {
    (find(kind).unwrap().start)(params, input.clone()).unwrap()
}

/// Drives a fit for some steps, or to its end; gives back the epochs that ended.
fn drive(session: &mut BoxedSession, n_steps: usize) -> Vec<Epoch> {
    let mut epochs = Vec::new();
    for _ in 0..n_steps {
        let step = block_on(session.step()).unwrap();
        epochs.extend(step.epoch);
        if step.fraction >= 1.0 {
            break;
        }
    }
    epochs
}

fn checkpoint(session: &mut BoxedSession) -> Option<Vec<u8>> {
    block_on(session.watched().expect("nets are watched").checkpoint()).unwrap()
}

/// Holds a fit that is broken off after any of its first steps to the one that was not.
fn check(kind: &str, given: Value, y: fn(f64) -> Target) {
    let (x, y) = rows(y);
    let params: ParamMap = serde_json::from_value(given).unwrap();
    let params = (find(kind).unwrap().check)(&params).unwrap();
    let input = input(&x, &y, Seed(3));
    let mut whole = begin(kind, &params, &input);
    let epochs = drive(&mut whole, usize::MAX);
    let (expected, odd) = whole.finish();
    let mut n_checked = 0;
    for n_steps in [0, 1, 2, 4, 5, 8, 12] {
        let mut first = begin(kind, &params, &input);
        // One batch a step, so that it breaks off within an epoch too.
        let mut before = Vec::new();
        for _ in 0..n_steps {
            first.watched().unwrap().one_batch();
            before.extend(drive(&mut first, 1));
        }
        let Some(bytes) = checkpoint(&mut first) else { continue };
        drop(first);
        let mut second = begin(kind, &params, &input);
        assert_eq!(second.watched().unwrap().resume(&bytes), Some(before.len()), "{kind} {n_steps}");
        assert_eq!(checkpoint(&mut second), Some(bytes), "{kind} {n_steps}");
        before.extend(drive(&mut second, usize::MAX));
        assert_eq!(before, epochs, "{kind} {n_steps}");
        let (fitted, issues) = second.finish();
        assert_eq!(fitted.state(), expected.state(), "{kind} {n_steps}");
        assert_eq!(issues, odd);
        n_checked += 1;
    }
    assert!(n_checked >= 4, "{kind} {n_checked}");
}

fn classes(z: f64) -> Target {
    Target::Classes { codes: vec![u32::from(z > 0.0)], n_classes: 2 }
}

fn three(z: f64) -> Target {
    Target::Classes { codes: vec![u32::from(z > -0.2) + u32::from(z > 0.2)], n_classes: 3 }
}

fn values(z: f64) -> Target {
    Target::Values(vec![z])
}

#[test]
fn an_interrupted_fit_ends_with_the_same_bits() {
    let common = json!({ "max_iter": 6, "batch_size": 30, "hidden_layer_sizes": [5, 4] });
    let with = |more: Value| {
        let mut all = common.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    check("mlp", with(json!({ "dropout": 0.2 })), classes);
    check("mlp", with(json!({ "solver": "adamw", "batch_norm": true, "learning_rate": "one_cycle" })), three);
    check("mlp", with(json!({ "solver": "sgd", "clip_norm": 0.1 })), values);
    check("mlp", with(json!({ "solver": "sgd", "momentum": 0, "shuffle": false, "learning_rate": "step" })), values);
    check("mlp", with(json!({ "solver": "rmsprop", "early_stopping": true, "n_iter_no_change": 2 })), classes);
    check("mlp", with(json!({ "early_stopping": true, "max_iter": 40, "n_iter_no_change": 1, "tol": 0.05 })), values);
    check("cnn", with(json!({ "filters": [2], "batch_norm": true })), classes);
    check("rnn", json!({ "max_iter": 6, "batch_size": 30, "n_units": 4, "n_steps": 3 }), three);
}

#[test]
fn what_is_not_finite_is_not_written_down() {
    // Squares of such slopes are beyond f32: what Adam remembers of them is infinite, and the weights stay as they are.
    let (x, y) = rows(classes);
    let x = Matrix::from_columns(x.features().iter().map(|x| x.iter().map(|x| x * 1e25).collect()).collect());
    let params: ParamMap = serde_json::from_value(json!({ "max_iter": 6, "activation": "identity" })).unwrap();
    let mut session = begin("mlp", &(find("mlp").unwrap().check)(&params).unwrap(), &input(&x, &y, Seed(3)));
    assert!(checkpoint(&mut session).is_some());
    session.watched().unwrap().one_batch();
    drive(&mut session, 1);
    assert_eq!(checkpoint(&mut session), None);
}

#[test]
fn what_is_no_checkpoint_of_the_fit_changes_nothing() {
    let (x, y) = rows(classes);
    let input = input(&x, &y, Seed(3));
    let params = |more: Value| -> ParamMap {
        let mut all = json!({ "max_iter": 6, "batch_size": 30, "hidden_layer_sizes": [2] });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (find("mlp").unwrap().check)(&serde_json::from_value(all).unwrap()).unwrap()
    };
    let mut session = begin("mlp", &params(json!({})), &input);
    drive(&mut session, 3);
    let bytes = checkpoint(&mut session).expect("an epoch is over");
    let refuses = |session: &mut BoxedSession, bytes: &[u8]| {
        let before = checkpoint(session);
        assert_eq!(session.watched().unwrap().resume(bytes), None);
        assert_eq!(checkpoint(session), before);
    };
    let mut fresh = begin("mlp", &params(json!({})), &input);
    for len in 0..bytes.len() {
        refuses(&mut fresh, &bytes[..len]);
    }
    refuses(&mut fresh, &[&bytes[..], &[0]].concat());
    // Its numbers: epochs, rows, steps, epochs without a better loss, the best loss, the loss so far, and the weights.
    let spoilt = |at: usize, by: &[u8]| [&bytes[..at], by, &bytes[at + by.len()..]].concat();
    let (many, nan) = (u32::MAX.to_le_bytes(), f32::NAN.to_le_bytes());
    for bytes in [spoilt(0, &many), spoilt(4, &many), spoilt(4, &[7]), spoilt(8, &many)] {
        refuses(&mut fresh, &bytes);
    }
    for bytes in [spoilt(16, &f64::NAN.to_le_bytes()), spoilt(24, &nan), spoilt(28, &many), spoilt(32, &nan)] {
        refuses(&mut fresh, &bytes);
    }
    for other in [json!({ "hidden_layer_sizes": [3] }), json!({ "max_iter": 1 }), json!({ "batch_norm": true })] {
        refuses(&mut begin("mlp", &params(other), &input), &bytes);
    }
    assert!(fresh.watched().unwrap().resume(&bytes).is_some());
}

fn request() -> Value {
    json!({ "type": "train", "id": "m", "table": "t", "target": "class", "seed": 5, "checkpoints": true,
            "model": { "kind": "mlp", "hidden_layer_sizes": [6, 4], "max_iter": 150, "batch_size": 20, "tol": 0,
                       "n_iter_no_change": 1000 } })
}

fn script() -> Script {
    Script::new().ask(json!({ "type": "make_toy", "id": "t", "kind": "moons", "n_rows": 80, "seed": 2 }))
}

fn losses(talk: &Conversation) -> Vec<[Value; 3]> {
    let history = talk.json(2)["history"].as_array().unwrap().clone();
    history.iter().map(|epoch| ["epoch", "train_loss", "valid_loss"].map(|key| epoch[key].clone())).collect()
}

/// What a worker writes down on the way.
fn checkpoints(talk: &Conversation) -> Vec<Vec<u8>> {
    let told = talk.said.iter().filter(|said| matches!(said.event.event, Event::Progressed(_)));
    let named = told.flat_map(|said| said.buffers.iter()).filter(|(name, _)| *name == "checkpoint");
    let bytes = named.map(|(_, buffer)| match buffer {
        vitrine_protocol::Buffer::U8(bytes) => bytes.clone(),
        _ => panic!("bytes"),
    });
    bytes.collect()
}

#[test]
fn another_worker_goes_on_and_says_so() {
    let whole = script().ask(request()).run();
    let kept = checkpoints(&whole);
    assert!(kept.len() >= 2, "{}", kept.len());
    assert!(whole.json(2)["issues"].as_array().unwrap().iter().all(|issue| issue["code"] != "resumed"));
    for bytes in kept {
        let mut again = request();
        (again["resume"], again["watch"]) = (json!(true), json!({}));
        let mut has_sought = false;
        let talk = script().ask_with(again.clone(), bytes.clone()).run();
        let (model, expected) = (talk.json(2), whole.json(2));
        assert_eq!((&model["structure"], &model["metrics"]), (&expected["structure"], &expected["metrics"]));
        assert_eq!((losses(&talk), losses(&talk).len()), (losses(&whole), 150));
        let history = model["history"].as_array().unwrap();
        assert!(history.is_sorted_by_key(|epoch| epoch["elapsed_ms"].as_f64().unwrap().to_bits()), "time goes on");
        let resumed = model["issues"].as_array().unwrap().iter().find(|issue| issue["code"] == "resumed").cloned();
        let resumed = resumed.expect("it is told");
        let epoch: usize = resumed["args"]["epoch"].as_str().unwrap().parse().unwrap();
        assert!((1..150).contains(&epoch) && resumed["args"]["from"] == "CPU");
        assert!(resumed["message"].as_str().unwrap().contains(&format!("after {epoch} epochs, on CPU")));
        // The way back leads to the start, which no worker has to be told of.
        let talk = script()
            .ask_with(again, bytes)
            .reacting(move |event| match &event.event {
                Event::Progressed(progress)
                    if progress.message == "fitting" && progress.epoch.is_some() && !has_sought =>
                {
                    has_sought = true;
                    [json!({ "seek": 0 }), json!("resume")]
                        .map(|action| json!({ "type": "control", "target": 2, "action": action }))
                        .into()
                }
                _ => Vec::new(),
            })
            .run();
        assert_eq!(losses(&talk), losses(&whole));
    }
}

#[test]
fn a_checkpoint_of_another_fit_or_none_is_refused() {
    let bytes = checkpoints(&script().ask(request()).run()).remove(0);
    let asked = |key: &str, value: Value| {
        let mut asked = request();
        (asked["resume"], asked[key]) = (json!(true), value);
        asked
    };
    assert_eq!(script().ask(asked("seed", json!(5))).run().error_code(2), "request.no_payload");
    let others =
        [("seed", json!(6)), ("model", json!({ "kind": "mlp" })), ("model", json!({ "kind": "decision_tree" }))];
    for (key, value) in others {
        assert_eq!(
            script().ask_with(asked(key, value), bytes.clone()).run().error_code(2),
            "request.malformed",
            "{key}"
        );
    }
    for len in [0, 64, 70, bytes.len() - 1] {
        let talk = script().ask_with(asked("seed", json!(5)), &bytes[..len]).run();
        assert_eq!(talk.error_code(2), "request.malformed", "{len} bytes");
    }
    // A fit that nobody asked to write down is not.
    let mut quiet = request();
    quiet["checkpoints"] = json!(false);
    assert!(checkpoints(&script().ask(quiet).run()).is_empty());
}
