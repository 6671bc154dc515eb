//! The reference files and the rows they speak of, for the reference and contract tests.

use std::path::PathBuf;

use serde_json::Value;
use vitrine::model::{Answers, Fitted, ModelKind, find};
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;
use vitrine::train::{Device, FitInput, Step, block_on};
use vitrine::{Error, Issues};

/// A reference file, `tests/reference/<name>.json`.
pub(crate) fn reference(name: &str) -> Value {
    serde_json::from_str(&read(&format!("tests/reference/{name}.json"))).expect("reference files are JSON")
}

/// The clone's root folder. Not the folder that this was compiled in: clones share their build products.
pub(crate) fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs this").into()
}

fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A list of a case by name.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().expect("a list")
}

/// Numbers as f32.
pub(crate) fn f32s(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|x| x as f32).collect()
}

/// The numbers of a JSON list.
pub(crate) fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

/// The whole numbers of a JSON list, as node numbers are written.
pub(crate) fn integers(list: &Value) -> Vec<i64> {
    list.as_array().expect("a list").iter().map(|x| x.as_i64().expect("a whole number")).collect()
}

/// The rows and labels of a case; the labels as text.
pub(crate) fn rows(case: &Value) -> (Matrix, Vec<String>) {
    let data = &case["data"];
    let (mut x, y) = if data["x"].is_null() { rows_of_file(data) } else { rows_of_lists(data) };
    if let (Some(_), Some(_)) = (case["mean"].as_array(), case["scale"].as_array()) {
        let (mean, scale) = (numbers(&case["mean"]), numbers(&case["scale"]));
        let scaled = |(idx, column): (usize, &Vec<f64>)| column.iter().map(|x| (x - mean[idx]) / scale[idx]).collect();
        x = Matrix::from_columns(x.features().iter().enumerate().map(scaled).collect());
    }
    (x, y)
}

fn rows_of_lists(data: &Value) -> (Matrix, Vec<String>) {
    let rows: Vec<Vec<f64>> = data["x"].as_array().expect("rows").iter().map(numbers).collect();
    let x = Matrix::from_row_major(&rows.concat(), rows[0].len());
    (x, data["y"].as_array().expect("labels").iter().map(text).collect())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Plain commas do: no cell of these files is quoted.
fn rows_of_file(data: &Value) -> (Matrix, Vec<String>) {
    let csv = read(data["file"].as_str().expect("a path"));
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let position = |name: &Value| header.iter().position(|column| *column == name.as_str().unwrap_or_default());
    let target = position(&data["target"]).expect("the target's column");
    let wanted: Vec<usize> =
        data["features"].as_array().expect("names").iter().map(|name| position(name).expect("a column")).collect();
    let mut features = vec![Vec::new(); wanted.len()];
    let mut y = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let is_missing = wanted.iter().chain([&target]).any(|&column| cells[column].is_empty());
        if is_missing || data["without_class"].as_str() == Some(cells[target]) {
            continue;
        }
        for (feature, &column) in features.iter_mut().zip(&wanted) {
            feature.push(cells[column].parse::<f64>().expect("a number"));
        }
        y.push(cells[target].to_owned());
    }
    assert_eq!(y.len() as u64, data["n_rows"].as_u64().expect("a count"));
    (Matrix::from_columns(features), y)
}

/// Labels as classes, in the order of their names.
pub(crate) fn classes(labels: &[String]) -> Target {
    let mut names: Vec<&String> = labels.iter().collect();
    names.sort();
    names.dedup();
    let code = |label: &String| names.iter().position(|name| *name == label).expect("it is there") as u32;
    Target::Classes { codes: labels.iter().map(code).collect(), n_classes: names.len() }
}

/// Labels as numbers.
pub(crate) fn values(labels: &[String]) -> Target {
    Target::Values(labels.iter().map(|label| label.parse().expect("a number")).collect())
}

/// Parameters from JSON; the seed is no parameter.
pub(crate) fn params(json: &Value) -> ParamMap {
    let all = json.as_object().expect("parameters by name");
    all.iter().filter(|(name, _)| *name != "random_state").map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The seed a case was made with.
pub(crate) fn seed(case: &Value) -> Seed {
    Seed(case["params"]["random_state"].as_u64().unwrap_or(0))
}

/// Whether this build fits a kind of model, by default: one without tensors leaves nets to others.
pub(crate) fn is_fitted_here(kind: &ModelKind) -> bool {
    cfg!(feature = "tensors") || !(kind.uses_tensors)(&(kind.check)(&ParamMap::new()).expect("defaults are in range"))
}

/// What to fit to, on the CPU.
pub(crate) fn input(x: &Matrix, y: &Target, seed: Seed) -> FitInput {
    FitInput { x: x.clone(), y: y.clone(), sample_weight: None, valid: None, seed, device: Device::cpu() }
}

/// A fitted model, what was odd, and the steps it took.
pub(crate) type Fit = (Box<dyn Fitted>, Issues, Vec<Step>);

/// A fit, driven to its end.
pub(crate) fn fit(kind: &str, params: &ParamMap, input: FitInput) -> Result<Fit, Error> {
    let mut session = (find(kind)?.start)(params, input)?;
    let mut steps = Vec::new();
    loop {
        let step = block_on(session.step())?;
        let done = step.fraction >= 1.0;
        steps.push(step);
        if done {
            let (fitted, issues) = session.finish();
            return Ok((fitted, issues, steps));
        }
    }
}

/// The probabilities, distances or numbers of some answers.
pub(crate) fn flat(answers: &Answers) -> &[f64] {
    match answers {
        Answers::Classes { probabilities, .. } => probabilities,
        Answers::Values(values)
        | Answers::Clusters { distances: values, .. }
        | Answers::Components { values, .. }
        | Answers::Scores { scores: values, .. } => values,
    }
}

/// Whether all numbers agree within a share of the largest one.
#[track_caller]
pub(crate) fn assert_close(name: &str, given: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(given.len(), expected.len(), "{name}");
    let size = expected.iter().fold(f64::MIN_POSITIVE, |size, x| size.max(x.abs()));
    for (idx, (a, b)) in given.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * size, "{name}: {a} instead of {b} at {idx} (of {size})");
    }
}
