//! Windows over the rows agree with pandas, and what comes out of one keeps to its rows.

use std::rc::Rc;

use serde_json::{Value, json};
use vitrine::Issues;
use vitrine::ingest::{ReadConfig, read_bytes};
use vitrine::preprocess::{Fitting, Matrix, Prepared, Scaling, Select, Step, Window};
use vitrine::table::{Column, ColumnData, Table};

use crate::cases::{integers, numbers, reference};
use crate::conversation::{Script, file};

fn positions(list: &Value) -> Vec<u32> {
    integers(list).into_iter().map(|row| row as u32).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn prepare(table: &Rc<Table>, rows: Vec<u32>, columns: &[String], steps: Vec<Step>) -> Prepared {
    let mut fitting = Fitting::new(table.clone(), rows, columns, steps).unwrap();
    while !fitting.step().unwrap() {}
    fitting.finish().unwrap()
}

fn lags(n_steps: usize, horizon: usize) -> Step {
    Step::Lags { columns: Select::Numeric, n_steps, horizon }
}

/// Cells are moved and nothing is computed: they are equal to the bit.
#[track_caller]
fn check_matrix(what: &str, given: &Matrix, expected: &Value) {
    let expected: Vec<f64> = expected.as_array().unwrap().iter().flat_map(numbers).collect();
    assert_eq!(given.to_row_major(), expected, "{what}");
}

#[test]
fn windows_are_pandas_shifts() {
    let reference = reference("lags");
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let [n_steps, horizon] = ["n_steps", "horizon"].map(|name| case[name].as_u64().unwrap() as usize);
        let what = format!("{n_steps} steps, {horizon} ahead, of {}", case["data"]);
        let csv = file(case["data"]["file"].as_str().unwrap());
        let table = Rc::new(read_bytes(&csv, ReadConfig::default()).unwrap().table);
        let (columns, train) = (texts(&case["data"]["columns"]), positions(&case["train_rows"]));
        let prepared = prepare(&table, train, &columns, vec![lags(n_steps, horizon)]);
        assert_eq!(prepared.recipe.feature_names(), texts(&case["names"]), "{what}");
        assert_eq!(prepared.matrix.window(), Some(Window { n_steps, is_whole: true }), "{what}");
        check_matrix(&what, &prepared.matrix, &case["train"]);
        let issue = prepared.issues.iter().next().expect("the training rows have gaps");
        assert_eq!((issue.code, issue.args["n_gaps"].as_str()), ("rows_apart", "12"));
        let test = positions(&case["test_rows"]);
        let test = prepared.recipe.transform(table.as_ref(), &test, true, &mut Issues::new()).unwrap();
        check_matrix(&what, &test, &case["test"]);
    }
}

fn counting() -> Rc<Table> {
    let column = |name: &str, values| Column { name: name.to_owned(), data: ColumnData::Numeric(values) };
    let up = (0..40).map(f64::from).collect();
    let down = (0..40).map(|row| f64::from(100 - row * row)).collect();
    Rc::new(Table::new(vec![column("up", up), column("down", down)]))
}

#[test]
fn a_row_depends_on_its_window_and_on_nothing_else() {
    let (table, columns) = (counting(), ["up".to_owned(), "down".to_owned()]);
    let prepared = prepare(&table, (0..40).collect(), &columns, vec![lags(4, 1)]);
    assert!(prepared.issues.is_empty());
    let all: Vec<u32> = (0..40).collect();
    let made = |rows: &[u32]| prepared.recipe.transform(table.as_ref(), rows, false, &mut Issues::new()).unwrap();
    let whole = made(&all);
    for last in 4..40 {
        // The window and the row ahead of it make the same row, wherever they are cut out.
        let cut = made(&all[last - 4..=last]);
        for feature in 0..8 {
            assert_eq!(cut.get(4, feature), whole.get(last, feature), "row {last}, feature {feature}");
        }
    }
    let alone = made(&[7]);
    assert_eq!(alone.to_row_major(), [[7.0; 4], [51.0; 4]].concat());
    assert_eq!(made(&[]).n_rows(), 0);
}

#[test]
fn steps_are_known_where_every_column_went_through_one_window() {
    let (table, columns) = (counting(), ["up".to_owned(), "down".to_owned()]);
    let window = |steps| {
        let window = prepare(&table, (0..40).collect(), &columns, steps).matrix.window();
        window.map(|window| (window.n_steps, window.is_whole))
    };
    let scale = Step::Scale { columns: Select::All, method: Scaling::Standard };
    assert_eq!(window(vec![scale.clone(), lags(3, 0), scale.clone()]), Some((3, true)));
    assert_eq!(window(vec![scale]), None);
    let one = Step::Lags { columns: Select::Names(vec!["up".to_owned()]), n_steps: 3, horizon: 0 };
    assert_eq!(window(vec![one]), Some((3, false)));
    let drop = Step::DropColumns { columns: Select::Names(vec!["up t-1".to_owned()]) };
    assert_eq!(window(vec![lags(3, 0), drop]), Some((3, false)));
    assert_eq!(window(vec![lags(3, 0), lags(2, 0)]), Some((3, false)), "a window of windows has two orders");
}

#[test]
fn a_window_over_odd_columns_is_refused_or_answered_and_never_panics() {
    let csv = "x,c,y\n1,u,1\n,v,2\n3,u,3\n4,v,4\n5,u,5\n";
    let fit = |step: Value, features: Value| {
        let request = json!({ "type": "train", "id": "m", "table": "t", "target": "y", "task": "regression",
            "features": features, "model": { "kind": "linear_regression" }, "recipe": [step],
            "split": { "test_fraction": 0 } });
        Script::new().load("t", csv).ask(request).run()
    };
    let code = |step, features| fit(step, features).error_code(2);
    assert_eq!(code(json!({ "step": "lags", "n_steps": 2 }), json!(["x"])), "preprocess.missing_left");
    assert_eq!(code(json!({ "step": "lags", "columns": ["c"] }), json!(["x", "c"])), "preprocess.not_numeric");
    assert_eq!(code(json!({ "step": "lags", "n_steps": 6 }), json!(["x"])), "preprocess.bad_setting");
    assert_eq!(code(json!({ "step": "lags", "n_steps": 1001 }), json!(["x"])), "preprocess.bad_setting");
    assert_eq!(code(json!({ "step": "lags", "steps": 2 }), json!(["x"])), "request.unknown_field");
}
