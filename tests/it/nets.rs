//! Nets in conversation: what is shown of them while they learn, and how they are steered.
#![cfg(feature = "tensors")]

use std::cell::Cell;

use serde_json::{Value, json};
use vitrine_protocol::{Buffer, Event, EventMsg, ProgressMsg, ViewMsg};

use crate::conversation::{Conversation, Said, Script};

/// A net of two layers on 60 made-up rows, three batches an epoch.
fn train(id: &str, watch: Value) -> Value {
    json!({ "type": "train", "id": id, "table": "t", "target": "class", "watch": watch, "seed": 5,
            "split": { "test_fraction": 0 },
            "model": { "kind": "mlp", "hidden_layer_sizes": [6, 4], "max_iter": 60, "batch_size": 20, "tol": 0,
                       "n_iter_no_change": 1000 } })
}

fn script() -> Script {
    Script::new().ask(json!({ "type": "make_toy", "id": "t", "kind": "moons", "n_rows": 60, "seed": 2 }))
}

fn plane() -> Value {
    json!({ "boundary": { "x": "x", "y": "y", "resolution": 7 }, "weights": true })
}

fn progress(event: &EventMsg) -> Option<&ProgressMsg> {
    match &event.event {
        Event::Progressed(progress) if event.job == Some(2) => Some(progress),
        _ => None,
    }
}

fn views(talk: &Conversation) -> Vec<(&Said, &ProgressMsg, &ViewMsg)> {
    let told = talk.said.iter().filter_map(|said| Some((said, progress(&said.event)?)));
    told.filter_map(|(said, progress)| Some((said, progress, progress.view.as_deref()?))).collect()
}

fn buffer<'a>(said: &'a Said, name: &str) -> &'a Buffer {
    &said.buffers.iter().find(|(known, _)| *known == name).expect("the buffer is there").1
}

/// A model's weights, without the times that differ.
fn weights(talk: &Conversation, job: u32) -> Value {
    talk.json(job)["structure"].clone()
}

fn control(action: Value) -> Vec<Value> {
    vec![json!({ "type": "control", "target": 2, "action": action })]
}

#[test]
fn a_watched_net_shows_its_weights_and_what_it_answers() {
    let talk = script().ask(train("m", plane())).run();
    let views = views(&talk);
    assert!(views.len() >= 3, "{}", views.len());
    for (said, progress, view) in &views {
        let sizes: Vec<[usize; 2]> = view.layers.iter().map(|layer| [layer.n_inputs, layer.n_outputs]).collect();
        assert_eq!(sizes, [[2, 6], [6, 4], [4, 1]]);
        assert!(view.layers.iter().all(|layer| layer.gradient_norm.is_some_and(|norm| norm > 0.0)));
        assert!(view.layers[0].n_dead <= 6 && view.layers[2].n_dead == 0);
        assert_eq!(progress.message, "fitting");
        let Buffer::F32(weights) = buffer(said, "weights") else { panic!("f32") };
        assert_eq!(weights.len(), 2 * 6 + 6 + 6 * 4 + 4 + 4 + 1);
        let boundary = view.boundary.as_ref().expect("it was asked for");
        assert_eq!((boundary.x_values.len(), boundary.y_values.len()), (7, 7));
        let (Buffer::U32(codes), Buffer::F64(sure)) = (buffer(said, "codes"), buffer(said, "probabilities")) else {
            panic!("codes and probabilities")
        };
        assert!(codes.iter().all(|code| *code < 2) && sure.iter().all(|sure| (0.5..=1.0).contains(sure)));
        assert_eq!([codes.len(), sure.len()], [49, 49]);
    }
    // 51 numbers, of which Adam remembers two each; the start is kept, and the epochs since, each with its memories.
    let last = views[views.len() - 1].2.memory;
    assert_eq!((last.net_bytes, last.optimizer_bytes), (4 * 51, 2 * 4 * 51));
    assert!(last.epochs_bytes > 4 * 51 && (last.epochs_bytes - 4 * 51).is_multiple_of(3 * 4 * 51), "{last:?}");
    assert_eq!(last.rows_bytes, 60 * 3 * 4, "two features and a class of each row");
    assert!(views.windows(2).all(|pair| pair[0].2.n_batches < pair[1].2.n_batches));
    // The clock ticks 4 ms at each look; a view is told at most every 100.
    let n_told = talk.said.iter().filter(|said| progress(&said.event).is_some()).count();
    assert!(views.len() < n_told, "{} of {n_told}", views.len());

    // What is drawn at last is what the model says.
    let explained = script()
        .ask(train("m", Value::Null))
        .ask(json!({ "type": "explain", "id": "m", "explain": { "kind": "boundary", "x": "x", "y": "y", "resolution": 7 } }))
        .run();
    assert_eq!(weights(&explained, 2), weights(&talk, 2), "watching changes nothing");
    assert_eq!(explained.json(3)["x_values"], json!(views[0].2.boundary.as_ref().unwrap().x_values));
}

#[test]
fn a_watched_net_shows_its_units_and_how_good_it_is() {
    let mut request =
        train("m", json!({ "boundary": { "x": "x", "y": "y", "resolution": 5 }, "units": true, "measures": true }));
    request["split"] = json!({ "test_fraction": 0.25 });
    let talk = script().ask(request).run();
    let views = views(&talk);
    for (said, _, view) in &views {
        let Buffer::U8(units) = buffer(said, "units") else { panic!("bytes") };
        assert_eq!(units.len(), (6 + 4) * 25);
        // Of each unit what is largest in size is at an end, unless it is silent.
        assert!(
            units.chunks(25).all(|unit| unit.iter().any(|x| [1, 255].contains(x)) || unit.iter().all(|x| *x == 128))
        );
        let measures = view.measures.as_ref().expect("they were asked for");
        let shares = [measures.train, measures.valid].map(|share| share.expect("there are rows"));
        assert!(measures.measure == "accuracy" && shares.iter().all(|share| (0.0..=1.0).contains(share)));
        let counts = measures.confusion.as_ref().expect("classes");
        let n_right = counts[0][0] + counts[1][1];
        assert_eq!(counts.iter().flatten().sum::<usize>(), 15, "the rows that were held back");
        assert!((n_right as f64 / 15.0 - shares[1]).abs() < 1e-12);
    }
    let share = |at: usize| views[at].2.measures.as_ref().and_then(|measures| measures.train).unwrap();
    assert!(share(views.len() - 1) > share(0), "it learns");
    let quiet = script().ask(train("m", json!({ "measures": true }))).run();
    let (said, _, view) = crate::nets::views(&quiet)[0];
    let measures = view.measures.as_ref().unwrap();
    assert!(measures.valid.is_none() && measures.confusion.as_ref().unwrap().iter().flatten().sum::<usize>() == 60);
    assert!(
        said.buffers.iter().all(|(name, _)| *name != "units"),
        "without a plane there is nothing to show units over"
    );
}

#[test]
fn a_plane_of_no_columns_is_an_error_and_an_unknown_wish_too() {
    let talk = script().ask(train("m", json!({ "boundary": { "x": "x", "y": "z" } }))).run();
    assert_eq!(talk.error_code(2), "explain.not_an_input");
    let request = json!({ "job": 1, "request": train("m", json!({ "weight": true })) });
    let error = serde_json::from_value::<vitrine_protocol::RequestMsg>(request).unwrap_err().to_string();
    assert!(error.contains("unknown field `weight`"), "{error}");
}

#[test]
fn what_cannot_be_watched_is_fitted_all_the_same() {
    let mut request = train("m", plane());
    request["model"] = json!({ "kind": "decision_tree" });
    let talk = script().ask(request).run();
    assert!(matches!(talk.end(2).event.event, Event::ModelFitted(_)));
    assert!(views(&talk).is_empty());
}

#[test]
fn a_paused_net_does_one_batch_at_a_time_and_goes_on() {
    let n_paused = Cell::new(0);
    let mut is_asked = false;
    // A quarter is held back, and measured between epochs.
    let train = |watch| {
        let mut request = train("m", watch);
        request["split"] = json!({ "test_fraction": 0.25 });
        request
    };
    let talk = script()
        .ask(train(plane()))
        .reacting(move |event| {
            let Some(progress) = progress(event) else { return Vec::new() };
            match progress.message.as_str() {
                "fitting" if !is_asked => {
                    is_asked = true;
                    control(json!("pause"))
                }
                "paused" => {
                    n_paused.set(n_paused.get() + 1);
                    control(json!(if n_paused.get() < 8 { "step" } else { "resume" }))
                }
                _ => Vec::new(),
            }
        })
        .run();
    let paused: Vec<&ViewMsg> = views(&talk)
        .into_iter()
        .filter(|(_, progress, _)| progress.message == "paused")
        .map(|(_, _, view)| view)
        .collect();
    assert_eq!(paused.len(), 8);
    assert!(paused.windows(2).all(|pair| pair[0].n_batches + 1 == pair[1].n_batches), "{paused:?}");
    // Three batches an epoch.
    assert!(paused.iter().all(|view| view.epoch == view.n_batches / 3));
    // Nothing was lost by waiting.
    let straight = script().ask(train(Value::Null)).run();
    assert_eq!(weights(&talk, 2), weights(&straight, 2));
    assert_eq!(talk.json(2)["history"].as_array().unwrap().len(), 60);
}

#[test]
fn going_back_and_on_again_is_the_same_way() {
    let mut n_sought = 0;
    let talk = script()
        .ask(train("m", json!({})))
        .reacting(move |event| {
            let Some(progress) = progress(event) else { return Vec::new() };
            match progress.message.as_str() {
                "fitting" if n_sought == 0 && progress.epoch > Some(20) => {
                    n_sought = 1;
                    control(json!({ "seek": 7 }))
                }
                // Back once more, to the very start.
                "paused" if n_sought == 1 => {
                    assert_eq!((progress.epoch, progress.view.as_ref().map(|view| view.epoch)), (Some(7), Some(7)));
                    n_sought = 2;
                    control(json!({ "seek": 0 }))
                }
                "paused" => {
                    assert_eq!((progress.epoch, progress.view.as_ref().map(|view| view.epoch)), (None, Some(0)));
                    control(json!("resume"))
                }
                _ => Vec::new(),
            }
        })
        .run();
    let straight = script().ask(train("m", Value::Null)).run();
    assert_eq!(weights(&talk, 2), weights(&straight, 2));
    let losses = |talk: &Conversation| {
        let history = talk.json(2)["history"].clone();
        history.as_array().unwrap().iter().map(|epoch| epoch["train_loss"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(losses(&talk), losses(&straight));
}

#[test]
fn a_stopped_net_is_kept_as_it_is() {
    let mut is_asked = false;
    let talk = script()
        .ask(train("m", json!({})))
        .reacting(move |event| match progress(event) {
            Some(progress) if !is_asked && progress.epoch > Some(10) => {
                is_asked = true;
                control(json!("stop"))
            }
            _ => Vec::new(),
        })
        .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
        .run();
    let n_epochs = talk.json(2)["history"].as_array().unwrap().len();
    assert!((11..40).contains(&n_epochs), "{n_epochs}");
    assert!(matches!(talk.end(3).event.event, Event::Predicted(_)));
}

#[test]
fn a_paused_net_can_be_cancelled_and_lets_others_go_first() {
    let mut is_asked = false;
    let talk = script()
        .ask(train("m", json!({})))
        .ask(json!({ "type": "make_toy", "id": "u", "kind": "xor" }))
        .at_once()
        .reacting(move |event| match (&event.event, progress(event)) {
            (Event::Progressed(_), Some(progress)) if progress.message == "fitting" && !is_asked => {
                is_asked = true;
                control(json!("pause"))
            }
            (Event::TableLoaded(table), _) if table.id == "u" => vec![json!({ "type": "cancel", "target": 2 })],
            _ => Vec::new(),
        })
        .run();
    assert!(matches!(talk.end(2).event.event, Event::Cancelled));
    assert!(matches!(talk.end(3).event.event, Event::TableLoaded(_)));
}

#[test]
fn a_saved_net_is_the_same_to_the_bit_and_needs_no_tensors() {
    let talk = script()
        .ask(train("m", Value::Null))
        .ask(json!({ "type": "export", "id": "m", "format": "project", "include_data": true }))
        .run();
    let Buffer::U8(file) = talk.buffer(3, "bytes") else { panic!("bytes") };
    let again = Script::new()
        .ask_with(json!({ "type": "import_project" }), file.clone())
        .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
        .ask(json!({ "type": "export", "id": "m", "format": "project", "include_data": true }))
        .run();
    let Buffer::U8(file_again) = again.buffer(3, "bytes") else { panic!("bytes") };
    assert_eq!(file, file_again);
    assert_eq!(again.json(1)["models"][0]["structure"], talk.json(2)["structure"]);
    let structure = &talk.json(2)["structure"];
    assert_eq!((&structure["n_parameters"], &structure["output_activation"]), (&json!(51), &json!("logistic")));
    assert_eq!(structure["layers"][0]["weights"].as_array().unwrap().len(), 12);
    let answered =
        script().ask(train("m", Value::Null)).ask(json!({ "type": "predict", "id": "m", "table": "t" })).run();
    assert_eq!(answered.numbers(3, "probabilities"), again.numbers(2, "probabilities"));
}

#[test]
fn sizes_of_layers_are_searched_like_any_parameter() {
    let talk = script()
        .ask(json!({ "type": "search", "table": "t", "target": "class", "split": { "folds": 2 },
                     "models": [{ "kind": "mlp", "max_iter": 20 }],
                     "space": { "hidden_layer_sizes": [[4], [4, 3]], "activation": ["tanh"] } }))
        .ask(json!({ "type": "search", "table": "t", "target": "class", "split": { "folds": 2 },
                     "models": [{ "kind": "mlp" }], "space": { "hidden_layer_sizes": { "low": 2, "high": 9 } } }))
        .run();
    let candidates = talk.json(2)["candidates"].clone();
    let sizes = candidates.as_array().unwrap().iter().map(|candidate| candidate["model"]["hidden_layer_sizes"].clone());
    let mut sizes: Vec<String> = sizes.map(|sizes| sizes.to_string()).collect();
    sizes.sort();
    assert_eq!(sizes, ["[4,3]", "[4]"]);
    assert_eq!(talk.error_code(3), "train.bad_space");
}

#[test]
fn a_column_that_bursts_a_net_is_named_in_the_model() {
    let rows: String = (0..40).map(|row| format!("{},{}e30,{}\n", row % 7, row % 5 + 1, row % 3)).collect();
    let request = bursting(json!([]));
    let talk = Script::new()
        .load("t", format!("age,income,y\n{rows}"))
        .ask(request)
        .ask(json!({ "type": "predict", "id": "m", "rows": [{ "age": 3, "income": 2e30 }] }))
        .run();
    let issues = talk.json(2)["issues"].clone();
    let issue = issues.as_array().unwrap().iter().find(|issue| issue["code"] == "huge_cell").expect("it is told");
    assert_eq!((&issue["place"]["column"], &issue["args"]["epoch"]), (&json!("income"), &json!("1")));
    assert!(talk.numbers(3, "values")[0].is_finite());
}

/// A net with a recipe that leaves large numbers as they are.
fn bursting(recipe: Value) -> Value {
    json!({ "type": "train", "id": "m", "table": "t", "target": "y", "task": "regression", "recipe": recipe,
            "model": { "kind": "mlp", "hidden_layer_sizes": [4], "activation": "identity", "solver": "sgd",
                       "early_stopping": true } })
}

#[test]
fn the_cell_that_bursts_a_net_is_named() {
    // Whichever rows are held back, the largest that is learned from is of one row.
    let income = |row: usize| if row % 9 == 4 { format!("-{}e7", row + 1) } else { format!("{}.5", row % 5) };
    let csv: String = (0..80).map(|row| format!("{},{},{}\n", row % 7, income(row), row % 3)).collect();
    let csv = format!("age,income,y\n{csv}");
    let told = |recipe: Value, seed: u64| {
        let mut request = bursting(recipe);
        request["seed"] = json!(seed);
        let model = Script::new().load("t", csv.as_str()).ask(request).run().json(2);
        assert!(model["issues"].is_array(), "{model}");
        let issues = model["issues"].as_array().unwrap();
        issues.iter().find(|issue| issue["code"].as_str().unwrap().starts_with("huge")).cloned().expect("it is told")
    };
    let mut named = Vec::new();
    for seed in 0..4 {
        let issue = told(json!([]), seed);
        let row = issue["place"]["row"].as_u64().expect("a row") as usize;
        assert!(row % 9 == 4, "{issue}");
        let given = format!("{}", -(row as f64 + 1.0) * 1e7);
        assert_eq!((&issue["place"]["column"], &issue["args"]["value"]), (&json!("income"), &json!(given)));
        let (row, prepared) = (row + 1, format!("{:.1e}", (row as f64 + 1.0) * 1e7));
        assert_eq!(
            issue["message"],
            format!(
                "in epoch {} the loss or a weight stopped being finite: row {row} has {given} in \"income\", which is \
                 {prepared} when prepared; the last weights that were finite are kept",
                issue["args"]["epoch"].as_str().unwrap()
            )
        );
        named.push(row);
    }
    // The last such row is learned from by some seeds, and held back by others.
    assert!(named.contains(&77) && named.iter().any(|row| *row != 77), "{named:?}");
    // A step of a window is made from a cell of another row: the column is named alone.
    let issue = told(json!([{ "step": "lags", "n_steps": 2 }]), 0);
    assert_eq!((&issue["code"], &issue["place"]["column"]), (&json!("huge_column"), &json!("income")));
}

#[test]
fn learning_rates_are_tried_out_and_one_is_suggested() {
    let ask = |changes: Value| {
        let mut request = train("m", Value::Null);
        for key in ["id", "watch"] {
            request.as_object_mut().unwrap().remove(key);
        }
        request["type"] = json!("test_rates");
        request.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        script().ask(request).run()
    };
    let told = ask(json!({})).json(2);
    let list = |key: &str| crate::cases::numbers(&told[key]);
    let (rates, losses, smoothed) = (list("rates"), list("losses"), list("smoothed"));
    assert_eq!([losses.len(), smoothed.len()], [rates.len(); 2]);
    assert!(rates.windows(2).all(|pair| pair[0] < pair[1]) && rates[0] == 1e-6);
    let suggested = told["suggested"].as_f64().expect("moons are learned");
    assert!((1e-3..1.0).contains(&suggested), "{suggested}");
    assert_eq!(ask(json!({})).json(2), told, "the same batches again");
    let tree = ask(json!({ "model": { "kind": "decision_tree" } }));
    assert_eq!(tree.error_code(2), "train.no_learning_rate");
    assert_eq!(ask(json!({ "target": "nothing" })).error_code(2), "table.no_such_column");
}

#[test]
fn steps_are_timed_before_a_device_is_chosen() {
    let ask = |model: Value| {
        let mut request = train("m", Value::Null);
        for key in ["id", "watch"] {
            request.as_object_mut().unwrap().remove(key);
        }
        (request["type"], request["model"]) = (json!("time_steps"), model);
        script().ask(request).run()
    };
    let told = ask(json!({ "kind": "mlp", "batch_size": 20, "max_iter": 5000 })).json(2);
    assert_eq!(told["n_steps"], 3 * 5000);
    assert!(told["step_ms"].as_f64().is_some_and(|millis| millis > 0.0), "{told}");
    assert_eq!(ask(json!({ "kind": "ridge" })).error_code(2), "preprocess.target_not_numeric");
    assert_eq!(ask(json!({ "kind": "decision_tree" })).error_code(2), "train.no_learning_rate");
}

#[test]
fn a_step_s_operations_are_timed_one_by_one() {
    let ask = |model: Value| {
        let mut request = train("m", Value::Null);
        for key in ["id", "watch"] {
            request.as_object_mut().unwrap().remove(key);
        }
        (request["type"], request["model"]) = (json!("profile_steps"), model);
        script().ask(request).run()
    };
    let told = ask(json!({ "kind": "mlp", "hidden_layer_sizes": [300, 5], "batch_size": 20 })).json(2);
    assert_eq!(told["device"]["kind"], "cpu");
    assert!(told["step_ms"].as_f64().is_some_and(|millis| millis > 0.0), "{told}");
    let ops = told["ops"].as_array().unwrap();
    let named = |op: &Value| format!("{} {}", op["op"].as_str().unwrap(), op["layer"]);
    let names: Vec<String> = ops.iter().map(named).collect();
    let there = ["pick_rows null", "layer 0", "layer 1", "layer 2", "loss null"];
    let back =
        ["weights_gradient 2", "slope 2", "weights_gradient 1", "slope 1", "weights_gradient 0", "optimizer null"];
    assert_eq!(names, [there.as_slice(), &back].concat());
    let of = |name: &str| &ops[names.iter().position(|other| other == name).unwrap()];
    assert_eq!(of("layer 1")["shapes"], json!([[20, 300], [300, 5]]));
    assert_eq!(of("weights_gradient 1")["shapes"], json!([[300, 20], [20, 5]]));
    // The conversation's clock goes by its own steps; in the browser the times are times.
    assert!(ops.iter().all(|op| op["ms"].as_f64().is_some_and(|ms| ms >= 0.0)), "{ops:?}");
    assert_eq!(of("layer 1")["multiply_adds"], 20 * 300 * 5);
    assert_eq!(ask(json!({ "kind": "decision_tree" })).error_code(2), "train.no_learning_rate");
}

#[test]
fn what_takes_memory_is_told_by_thing() {
    let talk = script().ask(train("m", Value::Null)).ask(json!({ "type": "memory" })).run();
    let told = talk.json(3);
    assert_eq!((&told["heap_bytes"], &told["pool"]), (&Value::Null, &Value::Null), "natively, on the CPU");
    assert_eq!((&told["tables"][0]["id"], &told["models"][0]["id"]), (&json!("t"), &json!("m")));
    assert!(told["tables"][0]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    let tensors = told["models"][0]["tensors"].as_array().unwrap();
    let layers = talk.json(2)["structure"]["layers"].as_array().unwrap().len();
    assert_eq!(tensors.len(), 2 * layers);
    assert_eq!((&tensors[0]["name"], &tensors[1]["name"]), (&json!("layers.0.weight"), &json!("layers.0.bias")));
    let n_numbers: u64 = tensors.iter().map(|tensor| tensor["bytes"].as_u64().unwrap() / 4).sum();
    assert_eq!(json!(n_numbers), talk.json(2)["structure"]["n_parameters"]);
    assert!(told["models"][0]["bytes"].as_u64().unwrap() >= 4 * n_numbers);
}
