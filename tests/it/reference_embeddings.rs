//! Agreement of nets that learn categories as vectors with PyTorch's `nn.Embedding`.
#![cfg(feature = "tensors")]

use serde_json::Value;
use vitrine::preprocess::Matrix;
use vitrine::train::net::{Embeddings, Front, FrontPlan, Net};

use crate::cases::{self, assert_close, f32s, integers, list, numbers};
use crate::conversation::file;
use crate::net_cases::{
    self, F32, activation, assert_curve, assert_f32, assert_slope, each_pass, in_front, labelled, slopes, wide,
};

/// A net's answers are f64 sums over f32 weights; what remains is `tanh` of another library.
const F64: f64 = 1e-12;

/// PyTorch's own f32 ends up to 4e-6 from its f64 after these descents, and kernels that sum in another order differ as
/// much among themselves: ten times that.
const CURVE: f64 = 4e-5;

fn net(case: &Value) -> Net {
    let size = |value: &Value| value.as_u64().expect("a size") as usize;
    let categories = list(case, "categories").iter().map(integers).map(|pair| (pair[0] as usize, pair[1] as usize));
    let (n_inputs, dim) = (size(&case["n_inputs"]), size(&case["dim"]));
    let plan = FrontPlan::Embeddings(Embeddings { n_inputs, dim, categories: categories.collect() });
    let learned = list(case, "front").iter().map(f32s).collect();
    net_cases::net(case, Some(Front { plan, learned, running: Vec::new() }), activation(case))
}

#[test]
fn answers_losses_and_gradients_are_pytorchs() {
    each_pass("embeddings", 12, |name, case| {
        let (x, _) = labelled(case);
        let net = net(case);
        assert_close(name, &net.scores(&x), &numbers(&case["scores"]), F64);
        let given = slopes(&net, case);
        assert_close(name, &[given.loss], &[case["loss"].as_f64().expect("a number")], F32);
        let front = given.front.expect("vectors have slopes");
        assert_eq!(front.learned.len(), 2);
        for (idx, (given, expected)) in front.learned.iter().zip(list(case, "front_gradients")).enumerate() {
            assert_close(&format!("{name}, vectors {idx}"), &wide(given), &numbers(expected), F32);
        }
        for (layer, expected) in given.layers.iter().zip(list(case, "gradients")) {
            assert_f32(name, &layer.weights, &expected["weights"]);
            assert_f32(name, &layer.biases, &expected["biases"]);
        }
    });
}

/// The slope of each number of a vector is what the loss does when it moves: two forward passes in f64 against burn's.
#[test]
fn gradients_are_finite_differences() {
    let mut n_checked = 0;
    let reference = cases::reference("embeddings");
    // Running statistics stand for the batch's in an answer; and a rectifier's corner has no slope.
    let smooth = |case: &&Value| case["activation"] == "tanh" && case["l1"] == 0.0;
    for case in list(&reference, "passes").iter().filter(smooth) {
        let net = net(case);
        let given = slopes(&net, case).front.expect("vectors have slopes");
        for (part, slopes) in given.learned.iter().enumerate() {
            for (at, given) in slopes.iter().enumerate() {
                n_checked += 1;
                let name = format!("{}, {part}, {at}", case["name"]);
                assert_slope(&name, &net, case, |net| in_front(net, part, at), *given);
            }
        }
    }
    // Four and two codes, two numbers each, for three targets.
    assert_eq!(n_checked, 3 * (4 + 2) * 2);
}

/// The first rows that have no empty cell, scaled, categories as codes in the order of their names; and their labels.
fn rows(case: &Value) -> (Matrix, Vec<String>) {
    let text = String::from_utf8(file(case["file"].as_str().expect("a path"))).expect("UTF-8");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<&str>>());
    let header = lines.next().expect("a header");
    let at = |name: &Value| header.iter().position(|column| Some(*column) == name.as_str()).expect("a column");
    let (features, target) = (list(case, "features"), at(&case["target"]));
    let used: Vec<usize> = features.iter().map(at).chain([target]).collect();
    let n_rows = case["n_rows"].as_u64().expect("a count") as usize;
    let rows: Vec<Vec<&str>> =
        lines.filter(|cells| used.iter().all(|column| !cells[*column].is_empty())).take(n_rows).collect();
    assert_eq!(rows.len(), n_rows);
    let (mean, scale) = (numbers(&case["mean"]), numbers(&case["scale"]));
    let is_categorical: Vec<bool> = features.iter().map(|name| list(case, "categorical").contains(name)).collect();
    let feature = |idx: usize| -> Vec<f64> {
        let cells = rows.iter().map(|cells| cells[used[idx]]);
        if !is_categorical[idx] {
            return cells.map(|cell| (cell.parse::<f64>().expect("a number") - mean[idx]) / scale[idx]).collect();
        }
        let mut names: Vec<&str> = cells.clone().collect();
        names.sort_unstable();
        names.dedup();
        cells.map(|cell| names.binary_search(&cell).expect("it is there") as f64).collect()
    };
    let x = Matrix::from_columns((0..features.len()).map(feature).collect()).with_categorical(is_categorical);
    (x, rows.iter().map(|cells| cells[target].to_owned()).collect())
}

#[test]
fn training_curves_are_pytorchs() {
    let reference = cases::reference("embeddings");
    let all = list(&reference, "curves");
    assert_eq!(all.len(), 4);
    for case in all {
        let (x, labels) = rows(case);
        let y = if case["n_classes"] == 0 { cases::values(&labels) } else { cases::classes(&labels) };
        assert_curve("mlp", case, (&x, &y), CURVE);
    }
}
