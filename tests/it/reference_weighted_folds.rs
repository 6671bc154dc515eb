//! Folds whose fits weigh rows, classes by name, or both, score as scikit-learn's `cross_validate` says.

use serde_json::{Value, json};

use crate::cases::{numbers, reference};
use crate::conversation::{Script, file};

/// Sums in another order, and logistic regressions iterated to 1e-12 on both sides.
const SCORES: f64 = 1e-9;

#[track_caller]
fn check_near(what: &str, given: &Value, expected: f64) {
    let given = given.as_f64().unwrap_or_else(|| panic!("{what}: {given}"));
    assert!((given - expected).abs() <= SCORES * expected.abs().max(1.0), "{what}: {given} instead of {expected}");
}

/// The file with a column of weights, as `trees.py` makes them; features are rounded to f32 where scikit-learn's trees
/// do so.
fn csv(case: &Value) -> String {
    let text = String::from_utf8(file(case["data"]["file"].as_str().unwrap())).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let is_rounded = !["logistic_regression", "gradient_boosting"].map(Value::from).contains(&case["model"]["kind"]);
    let is_feature = |idx: usize| case["data"]["features"].as_array().unwrap().contains(&header[idx].into());
    let cell = |(idx, cell): (usize, &str)| match cell.parse::<f32>() {
        Ok(x) if is_rounded && is_feature(idx) => f64::from(x).to_string(),
        _ => cell.to_owned(),
    };
    let row = |(at, line): (usize, &str)| {
        let cells: Vec<String> = line.split(',').enumerate().map(cell).collect();
        format!("{},{}", cells.join(","), (at * 37 % 8) as f64 / 4.0)
    };
    let rows: Vec<String> =
        std::iter::once(format!("{},w", header.join(","))).chain(lines.enumerate().map(row)).collect();
    rows.join("\n")
}

#[test]
fn folds_with_weights_are_scored_as_cross_validate_does() {
    let scale = json!([{ "step": "scale", "method": "standard", "columns": "all" }]);
    for case in reference("weighted_folds")["cases"].as_array().unwrap() {
        let request = json!({
            "type": "search", "table": "t", "target": case["data"]["target"], "features": case["data"]["features"],
            "task": if case["classify"] == true { "classification" } else { "regression" },
            "recipe": if case["scale"] == true { scale.clone() } else { json!([]) },
            "sample_weight": if case["weights"].is_null() { Value::Null } else { json!("w") },
            "models": [case["model"]], "split": { "folds": 4 },
        });
        let found = Script::new().load("t", csv(case)).ask(request).run().json(2);
        let row = &found["candidates"][0];
        for (measure, scores) in case["scores"].as_object().unwrap() {
            let name = format!("{}, {}, {}, {measure}", case["name"], case["model"], case["weights"]);
            let folds = row["metrics"][measure]["folds"].as_array().unwrap_or_else(|| panic!("{name}: {row}"));
            for (given, expected) in folds.iter().zip(numbers(scores)) {
                check_near(&name, given, expected);
            }
        }
        let scoring = found["scoring"].as_str().unwrap();
        check_near(scoring, &row["train_score"], case["train"][scoring].as_f64().unwrap());
    }
}
