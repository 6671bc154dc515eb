//! The main job from bytes to answers, through the worker, natively.

use serde_json::{Value, json};

use crate::conversation::{Conversation, Script, file};

fn train(model: Value, extra: Value) -> Value {
    let mut request = json!({ "type": "train", "id": "m", "table": "t", "model": model });
    request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    request
}

fn iris_tree(extra: Value) -> Script {
    let mut request = json!({ "target": "species" });
    request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(train(json!({ "kind": "decision_tree", "max_depth": 3 }), request))
}

fn nodes(talk: &Conversation) -> Vec<Value> {
    talk.json(2)["structure"]["nodes"].as_array().unwrap().clone()
}

#[test]
fn the_iris_tree_is_scikit_learns() {
    // DecisionTreeClassifier(max_depth=3, random_state=0) of scikit-learn 1.9.1: petal width ≤ 0.8, then ≤ 1.75.
    let talk = iris_tree(json!({ "split": { "test_fraction": 0 }, "seed": 0 })).run();
    let nodes = nodes(&talk);
    assert_eq!(nodes[0]["feature_name"], "petal_width");
    assert!((nodes[0]["threshold"].as_f64().unwrap() - 0.8).abs() < 1e-7);
    assert_eq!(nodes[1]["n_samples"], 50);
    assert_eq!(nodes[1]["value"], json!([1.0, 0.0, 0.0]));
    assert!((nodes[2]["threshold"].as_f64().unwrap() - 1.75).abs() < 1e-7);
    assert_eq!(nodes[2]["n_samples"], 100);
}

#[test]
fn thresholds_are_in_raw_units_whatever_the_scaling() {
    let plain = nodes(&iris_tree(json!({ "recipe": [] })).run());
    let scaled = nodes(&iris_tree(json!({ "recipe": [{ "step": "scale", "method": "standard" }] })).run());
    assert_eq!(plain.len(), scaled.len());
    for (plain, scaled) in plain.iter().zip(&scaled) {
        assert_eq!(plain["n_samples"], scaled["n_samples"]);
        if let Some(threshold) = plain["threshold"].as_f64() {
            assert!((threshold - scaled["threshold"].as_f64().unwrap()).abs() < 1e-9 * threshold.abs().max(1.0));
        }
    }
}

#[test]
fn a_quarter_of_the_rows_is_held_back_by_default_in_proportion() {
    let talk = iris_tree(json!({})).run();
    let model = talk.json(2);
    assert_eq!((model["n_train"].as_u64(), model["n_test"].as_u64()), (Some(112), Some(38)));
    assert!(model["metrics"]["test"]["accuracy"].as_f64().unwrap() > 0.85);
    assert_eq!(model["classes"], json!(["setosa", "versicolor", "virginica"]));
    assert_eq!(model["params"]["max_depth"], 3);
    assert_eq!(model["receipt"]["data_sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn the_same_request_gives_the_same_model_and_receipt() {
    let (one, two) = (iris_tree(json!({ "seed": 7 })).run().json(2), iris_tree(json!({ "seed": 7 })).run().json(2));
    for field in ["structure", "metrics", "receipt", "params"] {
        assert_eq!(one[field], two[field], "{field}");
    }
    let other = iris_tree(json!({ "seed": 8 })).run().json(2);
    assert_ne!(one["receipt"]["spec_sha256"], other["receipt"]["spec_sha256"]);
}

/// Trains, spoils every cell of the rows held back but the target's, trains again and expects the same.
#[track_caller]
fn check_test_rows_do_not_matter(path: &str, target: &str, extra: Value) {
    let csv = String::from_utf8(file(path)).unwrap();
    let mut request = extra;
    request.as_object_mut().unwrap().insert("target".to_owned(), target.into());
    let request = train(json!({ "kind": "logistic_regression" }), request);
    let talk = Script::new().load("t", csv.as_bytes()).ask(request.clone()).run();
    let vitrine_protocol::Buffer::U32(test_rows) = talk.buffer(2, "test_rows") else { panic!("u32") };
    let target = csv.lines().next().unwrap().split(',').position(|name| name == target).unwrap();
    let changed: Vec<String> = csv
        .lines()
        .enumerate()
        .map(|(idx, line)| {
            if idx == 0 || !test_rows.contains(&(idx as u32 - 1)) {
                return line.to_owned();
            }
            let spoil = |(column, cell): (usize, &str)| match cell.parse::<f64>() {
                _ if column == target => cell.to_owned(),
                Ok(x) => (x * 1000.0).to_string(),
                Err(_) if cell.contains('-') => "1999-01-01".to_owned(),
                Err(_) => "Atlantis".to_owned(),
            };
            line.split(',').enumerate().map(spoil).collect::<Vec<_>>().join(",")
        })
        .collect();
    let spoiled = Script::new().load("t", changed.join("\n")).ask(request).run();
    assert_eq!(talk.json(2)["recipe"], spoiled.json(2)["recipe"]);
    assert_eq!(talk.json(2)["structure"], spoiled.json(2)["structure"]);
}

#[test]
fn changing_test_rows_leaves_the_recipe_unchanged() {
    check_test_rows_do_not_matter("www/samples/penguins.csv", "species", json!({}));
    check_test_rows_do_not_matter("www/samples/penguins.csv", "species", json!({ "recipe": every_step() }));
    check_test_rows_do_not_matter(
        "www/samples/secondhand_homes_zh.csv",
        "成交速度",
        json!({ "features": ["区域", "户型", "面积(平方米)", "挂牌日期"], "recipe": [
            { "step": "datetime_parts", "cyclic": true, "quarter": true, "day_of_year": true },
            { "step": "group_rare", "min_frequency": 0.2 },
            { "step": "target_encode", "columns": ["区域"], "smooth": 3 },
            { "step": "encode", "method": "one_hot" },
            { "step": "impute", "columns": "all", "strategy": "median" },
            { "step": "select_features", "method": "f_test", "k": 6 },
            { "step": "scale", "columns": "all", "method": "standard" },
        ] }),
    );
}

/// A recipe for the penguins with most steps there are.
fn every_step() -> Value {
    json!([
        { "step": "impute", "columns": ["bill_length_mm", "island"], "strategy": "forward_fill" },
        { "step": "impute", "columns": ["bill_depth_mm", "sex"], "strategy": "linear" },
        { "step": "impute", "strategy": "median" },
        { "step": "clip", "columns": ["bill_length_mm"], "method": "iqr" },
        { "step": "clip", "columns": ["bill_depth_mm"], "method": "z_score", "factor": 2 },
        { "step": "smooth", "columns": ["bill_length_mm"], "method": "moving_average", "window": 4 },
        { "step": "smooth", "columns": ["bill_depth_mm"], "method": "exponential", "alpha": 0.6 },
        { "step": "lags", "columns": ["bill_length_mm"], "n_steps": 3, "horizon": 1 },
        { "step": "bin", "columns": ["flipper_length_mm"], "n_bins": 4 },
        { "step": "bin", "columns": ["body_mass_g"], "strategy": "uniform" },
        { "step": "group_rare", "columns": ["island"], "min_frequency": 0.25 },
        { "step": "target_encode", "columns": ["island"] },
        { "step": "encode", "method": "one_hot" },
        { "step": "select_features", "method": "variance", "threshold": 0.001 },
        { "step": "select_features", "method": "mutual_information", "k": 6 },
        { "step": "scale", "columns": "all", "method": "standard" },
    ])
}

#[test]
fn rows_in_order_are_answered_in_order_however_they_are_cut() {
    // 9 000 rows are answered in three blocks; a mean of 5 reaches across their borders.
    let row = |row: usize| format!("{},{}\n", (row * 7919) % 1000, (row * 104_729) % 2);
    let csv: String = "x,y\n".to_owned() + &(0..9_000).map(row).collect::<String>();
    let recipe = json!([{ "step": "smooth", "method": "moving_average", "window": 5 }]);
    let smoothed = json!({ "target": "y", "task": "regression", "recipe": recipe, "split": { "test_fraction": 0 } });
    let talk = Script::new()
        .load("t", csv)
        .ask(train(json!({ "kind": "linear_regression" }), smoothed))
        .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
        .run();
    let model = talk.json(2);
    let slope = model["structure"]["coefficients"][0].as_f64().unwrap();
    let intercept = model["structure"]["intercept"].as_f64().unwrap();
    let answers = talk.numbers(3, "values");
    for at in [0, 3, 4_095, 4_096, 4_098, 8_192, 8_999] {
        let first = (at + 1_usize).saturating_sub(5);
        let mean = (first..=at).map(|row| ((row * 7919) % 1000) as f64).sum::<f64>() / (at + 1 - first) as f64;
        assert!((answers[at] - (intercept + slope * mean)).abs() < 1e-9, "row {at}");
    }
}

#[track_caller]
fn check_prepare_error(csv: &str, extra: Value, code: &str) {
    let mut request = json!({ "type": "prepare", "table": "t" });
    request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let talk = Script::new().load("t", csv).ask(request).run();
    assert_eq!(talk.error_code(2), code);
    let place = talk.json(2)["place"].clone();
    assert_eq!(place["step"], 0, "{place}");
}

#[test]
fn steps_that_cannot_be_carried_out_say_where_and_why() {
    let csv = "x,c,y\n1,u,a\n2,v,b\n3,u,a\n";
    let check = |extra: Value, code: &str| check_prepare_error(csv, extra, code);
    let one = |step: Value| json!({ "target": "y", "recipe": [step] });
    check(json!({ "features": ["c"], "recipe": [{ "step": "target_encode" }] }), "preprocess.no_target");
    check(
        json!({ "features": ["x"], "recipe": [{ "step": "select_features", "method": "f_test" }] }),
        "preprocess.no_target",
    );
    check(one(json!({ "step": "smooth", "method": "moving_average", "window": 4 })), "preprocess.bad_setting");
    check(one(json!({ "step": "target_encode", "cv": 4 })), "preprocess.bad_setting");
    check(one(json!({ "step": "datetime_parts", "columns": ["x"] })), "preprocess.not_a_time");
    check(one(json!({ "step": "group_rare", "columns": ["x"], "min_frequency": 2 })), "preprocess.not_categorical");
    check(one(json!({ "step": "bin", "columns": ["c"] })), "preprocess.not_numeric");
    check(
        json!({ "features": ["x"], "recipe": [{ "step": "select_features", "method": "variance", "threshold": 9 }] }),
        "preprocess.nothing_selected",
    );
}

#[test]
fn odd_columns_are_reported_by_the_steps_that_meet_them() {
    let csv = "t,x,c,y\n,,u,1.5\n,2,v,2.5\n,3,w,0.5\n";
    let talk = Script::new()
        .ask_with(json!({ "type": "load_csv", "id": "t", "options": { "column_kinds": { "t": "datetime" } } }), csv)
        .ask(json!({ "type": "prepare", "table": "t", "target": "y", "recipe": [
            { "step": "datetime_parts" },
            { "step": "impute", "columns": ["x"], "strategy": "forward_fill" },
            { "step": "group_rare", "min_frequency": 2 },
            { "step": "bin", "columns": ["x"], "n_bins": 5 },
            { "step": "encode", "method": "ordinal" },
            { "step": "impute", "strategy": "median" },
        ] }))
        .run();
    let issues = talk.json(2)["issues"].clone();
    let codes: Vec<&str> = issues.as_array().unwrap().iter().map(|issue| issue["code"].as_str().unwrap()).collect();
    for code in ["all_missing_column", "gap_at_start", "all_rare", "fewer_bins"] {
        assert!(codes.contains(&code), "{code} is not in {codes:?}");
    }
    assert!(talk.numbers(2, "matrix").iter().all(|x| x.is_finite()));
}

#[test]
fn a_row_takes_its_way_through_the_tree() {
    let talk = iris_tree(json!({ "split": { "test_fraction": 0 } }))
        .ask(json!({ "type": "explain", "id": "m", "explain": { "kind": "decision_path", "row": 0 } }))
        .ask(json!({ "type": "explain", "id": "m", "explain": { "kind": "decision_path",
            "row": { "sepal_length": 6.0, "sepal_width": 3.0, "petal_length": 4.5, "petal_width": 1.5 } } }))
        .run();
    let first = talk.json(3);
    assert_eq!(first["prediction"], "setosa");
    assert_eq!(first["sentence"], "petal_width 0.2 ≤ 0.8 → setosa");
    let second = talk.json(4);
    assert_eq!(second["prediction"], "versicolor");
    assert_eq!(second["path"][0]["went"], "right");
    assert!(second["sentence"].as_str().unwrap().starts_with("petal_width 1.5 > 0.8 → petal_width 1.5 ≤ 1.75 → "));
}

#[test]
fn a_step_shows_cells_of_a_column_it_changed() {
    let recipe = json!([{ "step": "impute", "strategy": "mean" }, { "step": "encode", "method": "one_hot" }]);
    let talk = Script::new()
        .load("t", "s,x\na,1\nb,\nc,3\n")
        .ask(json!({ "type": "prepare", "table": "t", "recipe": recipe }))
        .run();
    let step = &talk.json(2)["steps"][0];
    assert_eq!(step["columns"][step["sample_of"].as_u64().unwrap() as usize], "x");
    assert_eq!(step["sample"], json!([[1.0, null, 3.0], [1.0, 2.0, 3.0]]));
}

#[test]
fn the_trees_of_a_forest_vote_and_each_can_be_followed() {
    let explain = |what: Value| json!({ "type": "explain", "id": "m", "explain": what });
    let talk = Script::new()
        .load("t", file("www/samples/iris.csv"))
        .ask(train(json!({ "kind": "random_forest", "n_estimators": 9 }), json!({ "target": "species" })))
        .ask(explain(json!({ "kind": "votes", "row": 70 })))
        .ask(explain(json!({ "kind": "decision_path", "row": 70, "tree": 4 })))
        .ask(explain(json!({ "kind": "tree", "index": 4 })))
        .ask(explain(json!({ "kind": "decision_path", "row": 70 })))
        .ask(explain(json!({ "kind": "decision_path", "row": 70, "tree": 9 })))
        .run();
    let (votes, path, tree) = (talk.json(3), talk.json(4), talk.json(5));
    let says: Vec<u64> = votes["votes"].as_array().unwrap().iter().map(|vote| vote.as_f64().unwrap() as u64).collect();
    let count = |class: u64| says.iter().filter(|&&vote| vote == class).count();
    assert_eq!(votes["n_by_class"], json!([count(0), count(1), count(2)]));
    assert_eq!(says.len(), 9);
    // The way ends in the leaf that the vote was read from, and each question's answer leads to the next.
    let leaf = &tree["nodes"][path["leaf"].as_u64().unwrap() as usize];
    let shares: Vec<f64> = leaf["value"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert!(shares.iter().all(|share| *share <= shares[says[4] as usize]));
    let says = path["sentence"].as_str().unwrap();
    assert!(says.starts_with(&format!("9 trees → {}; tree 5: ", path["prediction"].as_str().unwrap())), "{says}");
    let steps = path["path"].as_array().unwrap();
    let ends = steps.iter().skip(1).map(|step| &step["node"]).chain([&path["leaf"]]);
    for (step, next) in steps.iter().zip(ends) {
        let side = step["went"].as_str().unwrap();
        assert_eq!(&tree["nodes"][step["node"].as_u64().unwrap() as usize][side], next);
    }
    assert_eq!(talk.json(6)["path"], json!([]));
    assert_eq!(talk.error_code(7), "explain.no_such_tree");
}

#[test]
fn answers_after_import_are_bit_equal() {
    let dates = json!([{ "step": "datetime_parts", "cyclic": true }, { "step": "impute", "strategy": "median" }]);
    for (kind, path, extra) in [
        ("decision_tree", "www/samples/penguins.csv", json!({ "target": "species" })),
        ("logistic_regression", "www/samples/penguins.csv", json!({ "target": "species" })),
        ("logistic_regression", "www/samples/penguins.csv", json!({ "target": "species", "recipe": every_step() })),
        (
            "decision_tree",
            "www/samples/secondhand_homes_zh.csv",
            json!({ "target": "成交速度", "features": ["挂牌日期", "面积(平方米)"], "recipe": dates }),
        ),
    ] {
        let request = train(json!({ "kind": kind }), extra);
        let talk = Script::new()
            .load("t", file(path))
            .ask(request)
            .ask(json!({ "type": "export", "id": "m", "format": "project", "include_data": true }))
            .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
            .run();
        let back = Script::new()
            .ask_with(json!({ "type": "import_project" }), talk.bytes(3, "bytes"))
            .ask(json!({ "type": "predict", "id": "m", "table": "t" }))
            .ask(json!({ "type": "export", "id": "m", "format": "project", "include_data": true }))
            .run();
        let bits = |talk: &Conversation, job| -> Vec<u64> {
            talk.numbers(job, "probabilities").iter().map(|p| p.to_bits()).collect()
        };
        assert_eq!(bits(&talk, 4), bits(&back, 2), "{kind}");
        assert_eq!(talk.bytes(3, "bytes"), back.bytes(3, "bytes"), "{kind}");
        assert_eq!(talk.json(2)["receipt"], back.json(1)["models"][0]["receipt"]);
    }
}

#[test]
fn missing_and_unseen_values_are_answered_and_reported() {
    let talk = Script::new()
        .load("t", file("www/samples/penguins.csv"))
        .ask(train(json!({ "kind": "decision_tree" }), json!({ "target": "species" })))
        .ask(json!({ "type": "predict", "id": "m", "rows": [{ "island": "Atlantis", "body_mass_g": null }, {}] }))
        .run();
    let answer = talk.json(3);
    assert_eq!(answer["n_rows"], 2);
    let codes: Vec<&str> = answer["issues"].as_array().unwrap().iter().map(|i| i["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"unseen_category") && codes.contains(&"missing_value"), "{codes:?}");
}

#[test]
fn a_csv_comes_back_with_answers_and_no_formulas() {
    let csv = "x,note,y\n1,=cmd,a\n2,+1+1,b\n3,plain,a\n4,@x,b\n";
    let talk = Script::new()
        .load("t", csv)
        .ask(train(json!({ "kind": "decision_tree" }), json!({ "target": "y", "features": ["x"] })))
        .ask_with(json!({ "type": "predict", "id": "m", "csv": true, "output": "csv" }), csv)
        .run();
    let out = String::from_utf8(talk.bytes(3, "csv").to_vec()).unwrap();
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("x,note,y,prediction,probability_a,probability_b"));
    assert_eq!(lines.next(), Some("1,'=cmd,a,a,1,0"));
    assert_eq!(lines.next(), Some("2,'+1+1,b,b,0,1"));
}

#[test]
fn a_plane_is_answered_everywhere() {
    let talk = iris_tree(json!({}))
        .ask(json!({ "type": "explain", "id": "m",
            "explain": { "kind": "boundary", "x": "petal_length", "y": "petal_width", "resolution": 20 } }))
        .ask(json!({ "type": "explain", "id": "m",
            "explain": { "kind": "boundary", "x": "petal_length", "y": "petal_length" } }))
        .run();
    assert_eq!(talk.numbers(3, "probabilities").len(), 400);
    assert_eq!(talk.error_code(4), "explain.same_column");
}

#[test]
fn a_regression_is_measured_on_both_parts() {
    let talk = Script::new()
        .load("t", file("www/samples/abalone.csv"))
        .ask(train(json!({ "kind": "linear_regression" }), json!({ "target": "rings" })))
        .run();
    let model = talk.json(2);
    assert!(model["metrics"]["test"]["r2"].as_f64().unwrap() > 0.45, "{}", model["metrics"]);
    let n_features = model["feature_names"].as_array().unwrap().len();
    assert_eq!(model["structure"]["coefficients"].as_array().unwrap().len(), n_features);
    assert!(model["structure"]["intercept"].is_number());
}

#[track_caller]
fn check_train_error(csv: &str, extra: Value, code: &str) {
    let talk = Script::new().load("t", csv).ask(train(json!({ "kind": "decision_tree" }), extra)).run();
    assert_eq!(talk.error_code(2), code);
}

#[test]
fn impossible_requests_say_why() {
    check_train_error("x,y\n1,a\n2,a\n", json!({ "target": "y" }), "preprocess.one_class");
    check_train_error("x,y\n1,a\n2,b\n", json!({ "target": "z" }), "table.no_such_column");
    check_train_error("x,y\n1,a\n2,b\n", json!({ "target": "y", "features": ["y"] }), "preprocess.target_is_feature");
    check_train_error("x,y\n1,a\n2,b\n", json!({ "target": "y", "features": [] }), "preprocess.no_features");
    check_train_error(
        "x,y\n1,a\n,b\n",
        json!({ "target": "y", "recipe": [] , "split": { "test_fraction": 0 }, "model": { "kind": "naive_bayes" } }),
        "preprocess.missing_left",
    );
    check_train_error(
        "x,y\n1,a\n2,b\n",
        json!({ "target": "y", "split": { "test_fraction": 1.5 } }),
        "table.bad_test_fraction",
    );
    check_train_error(
        "c,y\nu,a\nv,b\n",
        json!({ "target": "y", "recipe": [{ "step": "scale", "columns": ["c"],
        "method": "standard" }], "split": { "test_fraction": 0 } }),
        "preprocess.not_numeric",
    );
}
