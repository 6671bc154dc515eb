//! Searches as a worker carries them out: what fails is told, what is absurd is refused, and shared work is the same work.

use serde_json::{Value, json};
use vitrine_protocol::Event;

use crate::cases::is_fitted_here;
use crate::conversation::{Conversation, Script, file};

fn iris(changes: Value) -> Value {
    let mut request = json!({
        "type": "search", "table": "t", "target": "species",
        "models": [{ "kind": "decision_tree" }], "split": { "folds": 5 },
    });
    for (key, value) in changes.as_object().unwrap() {
        request[key] = value.clone();
    }
    request
}

fn ask(changes: Value) -> Conversation {
    Script::new().load("t", file("www/samples/iris.csv")).ask(iris(changes)).run()
}

/// A search's answer without wall times, which differ from run to run.
fn without_times(mut found: Value) -> Value {
    for row in found["candidates"].as_array_mut().unwrap() {
        row["fit_ms"] = Value::Null;
    }
    found
}

fn column(found: &Value, key: &str) -> Vec<Value> {
    found["candidates"].as_array().unwrap().iter().map(|row| row[key].clone()).collect()
}

#[test]
fn the_best_candidate_can_be_trained_as_it_is() {
    let found = ask(json!({ "space": { "max_depth": [1, 3] } })).json(2);
    assert_eq!(column(&found, "rank"), [2, 1]);
    assert_eq!(found["best"], 1);
    let model = &found["candidates"][1]["model"];
    let train = json!({ "type": "train", "id": "m", "table": "t", "target": "species", "model": model });
    let trained = Script::new().load("t", file("www/samples/iris.csv")).ask(train).run().json(2);
    assert_eq!(trained["params"]["max_depth"], 3);
    assert_eq!(trained["metrics"]["folds"], Value::Null);
}

#[test]
fn absurd_searches_are_refused_with_their_number() {
    let deep: Vec<usize> = (1..=60).collect();
    let space = json!({ "max_depth": deep, "min_samples_leaf": deep, "min_samples_split": [2, 3] });
    let error = ask(json!({ "space": space })).json(2);
    assert_eq!(error["code"], "train.too_many_fits");
    assert_eq!(error["message"], "this is 36000 fits, but a search may have at most 10000");
    let many: Vec<f64> = (0..1000).map(f64::from).collect();
    let names = ["max_depth", "min_samples_leaf", "min_samples_split", "min_impurity_decrease", "max_features"];
    let space: serde_json::Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), json!(many))).collect();
    for method in ["grid", "halving"] {
        let error = ask(json!({ "space": space, "method": method })).json(2);
        assert_eq!(error["code"], "train.too_many_fits", "{error}");
    }
    assert_eq!(ask(json!({ "split": { "folds": 20_000 } })).error_code(2), "train.too_many_fits");
    let mut train = json!({ "type": "train", "id": "m", "table": "t", "target": "species",
        "model": { "kind": "decision_tree" }, "split": { "folds": 20_000 } });
    let refused =
        |train: &Value| Script::new().load("t", file("www/samples/iris.csv")).ask(train.clone()).run().error_code(2);
    assert_eq!(refused(&train), "train.too_many_fits");
    train["split"]["folds"] = json!(1);
    assert_eq!(refused(&train), "table.bad_folds");
}

#[test]
fn bad_requests_say_what_is_wrong() {
    for (changes, code) in [
        (json!({ "models": [] }), "train.nothing_to_compare"),
        (json!({ "models": [{ "kind": "oracle" }] }), "train.unknown_model"),
        (json!({ "models": [{ "kind": "decision_tree", "max_dept": 2 }] }), "train.unknown_parameter"),
        (json!({ "space": { "max_dept": [2] } }), "train.unknown_parameter"),
        (json!({ "space": { "max_depth": 2 } }), "train.bad_space"),
        (json!({ "space": { "max_depth": { "low": 1, "high": 9 } }, "method": "grid" }), "train.bad_space"),
        (json!({ "method": "tea leaves" }), "train.bad_search_method"),
        (json!({ "n_candidates": 3 }), "train.bad_candidates"),
        (json!({ "method": "random", "n_candidates": 0 }), "train.bad_candidates"),
        (json!({ "scoring": "r2" }), "train.bad_scoring"),
        (json!({ "split": { "folds": 1 } }), "table.bad_folds"),
        (json!({ "split": { "folds": 51 } }), "table.bad_folds"),
        (json!({ "split": { "folds": 5, "fold_kind": "origami" } }), "table.bad_fold_kind"),
        (json!({ "split": { "folds": 5, "fold_kind": "time_ordered", "shuffle": true } }), "table.shuffled_time"),
        (json!({ "split": { "test_fraction": 0 } }), "table.bad_folds"),
        (json!({ "method": "halving", "split": { "folds": 30 } }), "train.too_few_rows_for_halving"),
        (json!({ "only": [[0, 7, 0]] }), "request.malformed"),
        (json!({ "known": "nothing" }), "request.malformed"),
    ] {
        assert_eq!(ask(changes.clone()).error_code(2), code, "{changes}");
    }
    let two = json!([{ "kind": "decision_tree" }, { "kind": "random_forest" }]);
    assert_eq!(ask(json!({ "models": two, "space": { "max_depth": [2] } })).error_code(2), "train.bad_space");
}

#[test]
fn a_candidate_that_fails_is_a_row_with_its_error() {
    let found = ask(json!({ "space": { "max_depth": [0, 2] } })).json(2);
    assert_eq!(found["candidates"][0]["error"]["code"], "train.parameter_out_of_range");
    assert_eq!(found["candidates"][0]["score"], Value::Null);
    assert_eq!(column(&found, "rank"), [2, 1]);
    let models = json!([{ "kind": "ridge" }, { "kind": "decision_tree" }]);
    let found = ask(json!({ "models": models, "task": "classification" })).json(2);
    assert_eq!(found["candidates"][0]["error"]["code"], "train.wrong_task");
    assert_eq!(found["best"], 1);
    let found = ask(json!({ "space": { "max_depth": [0, -1] } })).json(2);
    assert_eq!((&found["best"], column(&found, "rank")), (&Value::Null, vec![json!(1), json!(1)]));
}

#[test]
fn a_class_that_a_fold_does_not_know_counts_as_wrong() {
    // Two rows of the rare class in neighbouring runs: each fold's model has seen none of the class it is asked about.
    let csv = "x,y\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n7,c\n8,c\n";
    let search = json!({ "type": "search", "table": "t", "target": "y", "models": [{ "kind": "decision_tree" },
        { "kind": "naive_bayes" }], "split": { "folds": 4, "fold_kind": "k_fold" } });
    let found = Script::new().load("t", csv).ask(search).run().json(2);
    for row in found["candidates"].as_array().unwrap() {
        assert_eq!(row["metrics"]["accuracy"]["folds"][3], 0.0, "{row}");
        assert_eq!(row["metrics"]["balanced_accuracy"]["folds"][3], 0.0, "{row}");
    }
    assert_eq!(found["candidates"][0]["metrics"]["roc_auc"]["mean"], Value::Null);
}

#[test]
fn every_model_goes_through_a_comparison() {
    for (target, task) in [("species", "classification"), ("body_mass_g", "regression")] {
        // Penguins are no images.
        let kinds = vitrine::model::REGISTRY.iter().filter(|kind| is_fitted_here(kind) && kind.kind != "cnn");
        let models: Vec<Value> = kinds.map(|kind| json!({ "kind": kind.kind })).collect();
        let search = json!({ "type": "search", "table": "t", "target": target, "task": task, "models": models,
            "split": { "folds": 3, "shuffle": true } });
        let found = Script::new().load("t", file("www/samples/penguins.csv")).ask(search).run().json(2);
        for row in found["candidates"].as_array().unwrap() {
            let kind = vitrine::model::find(row["model"]["kind"].as_str().unwrap()).unwrap();
            let can = kind.tasks.iter().any(|can| format!("{can:?}").to_lowercase() == task);
            assert_eq!(row["error"].is_null(), can, "{row}");
            assert!(!can || row["score"].as_f64().unwrap() > 0.6, "{row}");
        }
        assert!(found["best"].is_u64());
    }
}

#[test]
fn one_split_is_a_fold_too() {
    let models = json!([{ "kind": "decision_tree", "max_depth": 2 }, { "kind": "naive_bayes" }]);
    let found = ask(json!({ "models": models, "split": { "test_fraction": 0.4 }, "seed": 3 })).json(2);
    assert_eq!(found["n_folds"], 1);
    let train = json!({ "type": "train", "id": "m", "table": "t", "target": "species", "seed": 3,
        "model": models[0], "split": { "test_fraction": 0.4 } });
    let trained = Script::new().load("t", file("www/samples/iris.csv")).ask(train).run().json(2);
    assert_eq!(found["candidates"][0]["score"], trained["metrics"]["test"]["accuracy"]);
    assert_eq!(found["candidates"][0]["train_score"], trained["metrics"]["train"]["accuracy"]);
}

#[test]
fn halving_goes_on_with_the_best_third() {
    let space = json!({ "max_depth": [1, 2, 3, 4, 5, 6], "min_samples_leaf": [1, 40] });
    let found = ask(json!({ "space": space, "method": "halving", "split": { "folds": 5, "shuffle": true } })).json(2);
    assert_eq!(found["rounds"], json!([{ "n_candidates": 12, "n_rows": 30 }, { "n_candidates": 4, "n_rows": 90 }]));
    assert_eq!(found["n_fits"], 80);
    let rounds = column(&found, "round");
    assert_eq!(rounds.iter().filter(|round| **round == 1).count(), 4);
    let best = &found["candidates"][found["best"].as_u64().unwrap() as usize];
    assert_eq!((&best["round"], &best["rank"]), (&json!(1), &json!(1)));
    let ranges = json!({ "max_depth": { "low": 1, "high": 9 } });
    let found = ask(json!({ "space": ranges, "method": "halving", "n_candidates": 5 })).json(2);
    assert_eq!(column(&found, "rank").len(), 5);
}

#[test]
fn random_candidates_are_those_of_the_seed() {
    let space = json!({ "min_samples_leaf": { "low": 1, "high": 30 }, "criterion": ["gini", "entropy"] });
    let asked =
        |seed: u64| without_times(ask(json!({ "space": space, "seed": seed, "split": { "folds": 2 } })).json(2));
    assert_eq!(asked(1), asked(1));
    assert_ne!(column(&asked(1), "params"), column(&asked(2), "params"));
    assert_eq!(column(&asked(1), "params").len(), 10);
}

#[test]
fn shared_work_is_the_same_work() {
    let space = json!({ "max_depth": [0, 1, 2, 3, 4], "min_samples_leaf": [1, 20] });
    for method in ["grid", "halving"] {
        let search = json!({ "space": space, "method": method, "split": { "folds": 3, "shuffle": true } });
        let whole = without_times(ask(search.clone()).json(2));
        let (mut known, mut n_asked) = (Vec::new(), 0);
        let with = |known: &[Value], only: Value| {
            let mut changes = search.clone();
            changes["known"] = json!(known);
            changes["only"] = only;
            ask(changes).json(2)
        };
        loop {
            let open = with(&known, json!([]))["open"].as_array().unwrap().clone();
            if open.is_empty() {
                break;
            }
            // As two workers would: the later half first.
            let (first, second) = open.split_at(open.len() / 2);
            for part in [second, first].into_iter().filter(|part| !part.is_empty()) {
                n_asked += part.len();
                known.extend(with(&[], json!(part))["fits"].as_array().unwrap().clone());
            }
        }
        assert!(n_asked > 20);
        assert_eq!(without_times(with(&known, Value::Null)), whole, "{method}");
    }
}

#[test]
fn a_search_that_is_told_to_stop_goes_on_with_what_is_known() {
    let space = json!({ "max_depth": [0, 1, 2, 3], "min_samples_leaf": [1, 20] });
    let csv = file("www/samples/iris.csv");
    for method in ["grid", "halving"] {
        let search = json!({ "space": space, "method": method, "split": { "folds": 3 } });
        let whole = without_times(ask(search.clone()).json(2));
        let (mut known, mut n_asked, mut best) = (Vec::new(), 0, Value::Null);
        // One worker all along: what it has prepared of the folds is there for the next request.
        loop {
            let mut request = iris(search.clone());
            request["known"] = json!(known);
            request["within_ms"] = json!(40);
            let made = Script::new().load("t", csv.clone()).ask(request.clone()).ask(request).run().json(3);
            if made["type"] == "searched" {
                assert_eq!(without_times(made.clone()), whole, "{method}");
                let row = &made["candidates"][made["best"].as_u64().unwrap() as usize];
                assert!(row["round"] == 1 || row["score"] == best, "{best} {row}");
                break;
            }
            let fits = made["fits"].as_array().unwrap();
            assert!(!fits.is_empty() && made["n_fits"] == whole["n_fits"], "{made}");
            assert!(fits.iter().all(|fit| !known.contains(fit)));
            (n_asked, best) = (n_asked + 1, made["best_score"].clone());
            known.extend(fits.clone());
        }
        assert!(n_asked > 2, "{n_asked}");
    }
    let nothing = ask(json!({ "space": space, "within_ms": 0 })).json(2);
    assert_eq!((&nothing["type"], nothing["fits"].as_array().unwrap().len()), (&json!("fits_made"), 0));
    assert_eq!(nothing["open"].as_array().unwrap().len(), 40);
}

#[test]
fn a_model_can_be_trained_and_measured_on_folds() {
    let train = json!({ "type": "train", "id": "m", "table": "t", "target": "species",
        "model": { "kind": "decision_tree" }, "split": { "folds": 4, "test_fraction": 0.2 } });
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(train.clone())
        .ask(json!({ "type": "export", "id": "m", "format": "project" }))
        .run();
    let trained = talk.json(2);
    let over_folds = &trained["metrics"]["folds"]["accuracy"];
    assert_eq!((&trained["n_train"], over_folds["folds"].as_array().unwrap().len()), (&json!(120), 4));
    assert!(over_folds["mean"].as_f64().unwrap() > 0.85 && over_folds["std"].as_f64().unwrap() < 0.1);
    // They are saved with the model, and a model without folds is the same model.
    let back = Script::new().ask_with(json!({ "type": "import_project" }), talk.bytes(3, "bytes")).run().json(1);
    assert_eq!(back["models"][0]["metrics"], trained["metrics"]);
    let mut plain = train;
    plain["split"] = json!({ "test_fraction": 0.2 });
    let plain = Script::new().load("t", file("www/samples/iris.csv")).ask(plain).run().json(2);
    assert_eq!(plain["structure"], trained["structure"]);
    assert_eq!(plain["receipt"], trained["receipt"]);
}

#[test]
fn a_fold_of_one_class_is_answered_or_has_no_measures() {
    // The table is sorted by class: what comes before the first folds is of one class only.
    let classifies = |kind: &&vitrine::model::ModelKind| kind.tasks.contains(&vitrine::train::Task::Classification);
    for kind in vitrine::model::REGISTRY.iter().filter(classifies).filter(|kind| is_fitted_here(kind)) {
        let train = json!({ "type": "train", "id": "m", "table": "t", "target": "species", "model": { "kind": kind.kind },
            "split": { "folds": 5, "fold_kind": "time_ordered", "test_fraction": 0 } });
        let trained = Script::new().load("t", file("www/samples/iris.csv")).ask(train).run().json(2);
        let accuracy = &trained["metrics"]["folds"]["accuracy"];
        assert_eq!(accuracy["folds"].as_array().unwrap().len(), 5, "{}", kind.kind);
        let is_whole = accuracy["folds"].as_array().unwrap().iter().all(Value::is_f64);
        assert_eq!(accuracy["mean"].is_f64(), is_whole, "{}", kind.kind);
    }
}

#[test]
fn each_fold_learns_its_own_recipe() {
    // A huge number in the last row: a recipe that had seen it would scale the other rows to nothing.
    let rows = |last: &str| (0..12).map(|row| format!("{row},{}\n", row * 2)).collect::<String>() + last;
    let scores = |last: &str| {
        let search = json!({ "type": "search", "table": "t", "target": "y", "task": "regression",
            "models": [{ "kind": "k_nearest_neighbors", "n_neighbors": 1 }],
            "recipe": [{ "step": "scale", "method": "min_max", "columns": "all" }],
            "split": { "folds": 3, "fold_kind": "time_ordered" } });
        let found = Script::new().load("t", format!("x,y\n{}", rows(last))).ask(search).run().json(2);
        found["candidates"][0]["metrics"]["mae"]["folds"].clone()
    };
    let (calm, wild) = (scores("12,24\n"), scores("1e9,24\n"));
    assert_eq!((&calm[0], &calm[1]), (&wild[0], &wild[1]));
}

#[test]
fn progress_counts_fits_and_a_cancel_is_heard() {
    let talk = ask(json!({ "space": { "max_depth": [1, 2, 3, 4] } }));
    let told: Vec<_> = talk
        .said
        .iter()
        .filter_map(|said| match &said.event.event {
            Event::Progressed(progress) if progress.message == "searching" => Some(progress.clone()),
            _ => None,
        })
        .collect();
    assert!(told.iter().all(|progress| progress.n_epochs == Some(20)));
    assert!(told.windows(2).all(|pair| pair[0].fraction <= pair[1].fraction && pair[0].epoch <= pair[1].epoch));
    assert!(told.last().unwrap().best_score.is_some_and(|score| score > 0.5));
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(iris(json!({ "space": { "max_depth": [1, 2, 3, 4] } })))
        .ask(json!({ "type": "describe" }))
        .cancel_at_yield(12, 2)
        .run();
    assert!(matches!(talk.end(2).event.event, Event::Cancelled));
    talk.end(3);
}
