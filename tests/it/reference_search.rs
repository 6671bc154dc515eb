//! Folds, cross-validation, grids and halving agree with scikit-learn's.

use serde_json::{Value, json};
use vitrine::random::Seed;
use vitrine::table::folds::{FoldConfig, FoldKind, folds};
use vitrine::train::search::schedule;

use crate::cases::{integers, numbers, reference};
use crate::conversation::{Script, file};

/// Sums in another order, and logistic regressions iterated to 1e-12 on both sides.
const SCORES: f64 = 1e-9;

#[track_caller]
fn check_near(what: &str, given: &Value, expected: f64) {
    let given = given.as_f64().unwrap_or_else(|| panic!("{what}: {given}"));
    assert!((given - expected).abs() <= SCORES * expected.abs().max(1.0), "{what}: {given} instead of {expected}");
}

fn rows(list: &Value) -> Vec<u32> {
    integers(list).into_iter().map(|row| row as u32).collect()
}

#[test]
fn folds_are_scikit_learns() {
    for case in reference("search")["folds"].as_array().unwrap() {
        let y = rows(&case["y"]);
        let (n_folds, word) = (case["n_folds"].as_u64().unwrap() as usize, case["kind"].as_str().unwrap());
        let kind = match word {
            "k_fold" => FoldKind::KFold,
            "stratified" => FoldKind::Stratified,
            _ => FoldKind::TimeOrdered,
        };
        let made = folds(y.len(), Some(&y), FoldConfig { n_folds, kind, shuffle: false }, Seed(0)).unwrap();
        let expected = case["folds"].as_array().unwrap();
        assert_eq!(made.n_folds(), expected.len());
        for (fold, expected) in expected.iter().enumerate() {
            let split = made.split(fold);
            assert_eq!(split.train, rows(&expected["train"]), "{word}, fold {fold} of {n_folds}");
            assert_eq!(split.test, rows(&expected["test"]), "{word}, fold {fold} of {n_folds}");
        }
    }
}

#[test]
fn halving_has_scikit_learns_rounds() {
    for case in reference("search")["halving"].as_array().unwrap() {
        let size = |name: &str| case[name].as_u64().unwrap() as usize;
        let rounds = schedule(size("n_candidates"), size("n_rows"), size("n_folds"), size("n_classes")).unwrap();
        let candidates: Vec<i64> = rounds.iter().map(|round| round.n_candidates as i64).collect();
        let rows: Vec<i64> = rounds.iter().map(|round| round.n_rows as i64).collect();
        assert_eq!(candidates, integers(&case["candidates"]), "{case}");
        assert_eq!(rows, integers(&case["rows"]), "{case}");
    }
}

/// The request of a case, without what only some have.
fn request(case: &Value) -> Value {
    let scale = json!([{ "step": "scale", "method": "standard", "columns": "all" }]);
    json!({
        "type": "search", "table": "t", "target": case["data"]["target"], "features": case["data"]["features"],
        "task": if case["classify"] == true { "classification" } else { "regression" },
        "recipe": if case["scale"] == true { scale } else { json!([]) },
        "models": [case["model"]],
    })
}

/// scikit-learn's trees see features in f32, and a row held back may lie on a threshold, where the last digit decides:
/// so a tree's features are rounded to f32 here too.
fn csv(case: &Value) -> String {
    let text = String::from_utf8(file(case["data"]["file"].as_str().unwrap())).unwrap();
    if case["model"]["kind"] != "decision_tree" {
        return text;
    }
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let is_feature = |idx: usize| case["data"]["features"].as_array().unwrap().contains(&header[idx].into());
    let cell = |(idx, cell): (usize, &str)| match cell.parse::<f32>() {
        Ok(x) if is_feature(idx) => f64::from(x).to_string(),
        _ => cell.to_owned(),
    };
    let row = |line: &str| line.split(',').enumerate().map(cell).collect::<Vec<_>>().join(",");
    let rows: Vec<String> = std::iter::once(header.join(",")).chain(lines.map(row)).collect();
    rows.join("\n")
}

fn ask(case: &Value, request: Value) -> Value {
    let csv = csv(case);
    Script::new().load("t", csv).ask(request).run().json(2)
}

#[test]
fn scores_of_folds_are_cross_val_scores() {
    for case in reference("search")["cross_validation"].as_array().unwrap() {
        let mut request = request(case);
        request["split"] = case["split"].clone();
        let found = ask(case, request);
        let row = &found["candidates"][0];
        for (measure, scores) in case["scores"].as_object().unwrap() {
            let name = format!("{}, {}, {}, {measure}", case["name"], case["model"], case["split"]);
            let folds = row["metrics"][measure]["folds"].as_array().unwrap();
            for (given, expected) in folds.iter().zip(numbers(scores)) {
                check_near(&name, given, expected);
            }
        }
        let scoring = found["scoring"].as_str().unwrap();
        check_near(scoring, &row["train_score"], case["train"][scoring].as_f64().unwrap());
    }
}

#[test]
fn grids_are_listed_scored_and_ranked_as_scikit_learn_does() {
    for case in reference("search")["grids"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let mut request = request(case);
        request["split"] = json!({ "folds": 5 });
        request["space"] = case["space"].clone();
        request["scoring"] = case["scoring"].clone();
        let found = ask(case, request);
        let found_rows = found["candidates"].as_array().unwrap();
        let of = |key: &str| found_rows.iter().map(|row| row[key].clone()).collect::<Vec<Value>>();
        assert_eq!(Value::from(of("params")), case["params"], "{name}");
        for (key, theirs) in [("score", "mean"), ("score_std", "std"), ("train_score", "train")] {
            for (given, expected) in of(key).iter().zip(numbers(&case[theirs])) {
                check_near(&format!("{name}, {key}"), given, expected);
            }
        }
        assert_eq!(Value::from(of("rank")), case["rank"], "{name}");
        assert_eq!(found["best"], case["best"], "{name}");
    }
}
