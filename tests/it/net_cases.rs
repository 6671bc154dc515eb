//! What the references of nets have in common: a case of PyTorch's as a net with its rows, and how far apart is too far.
#![cfg(feature = "tensors")]

use serde_json::Value;
use vitrine::param::{ParamMap, ParamValue as _};
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;
use vitrine::table::split::hold_back;
use vitrine::train::device::CPU_F32;
use vitrine::train::net::{
    Activation, Front, Layer, Net, NetConfig, NetGradients, NetSolver, Norm, RateSchedule, gradients,
};
use vitrine::train::{Device, FitInput, block_on};

use crate::cases::{self, assert_close, f32s, fit, flat, input, list, numbers, seed};

/// f32 against PyTorch's f64, relative to the largest number of a list.
pub(crate) const F32: f64 = CPU_F32 as f64;

pub(crate) fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|x| f64::from(*x)).collect()
}

pub(crate) fn params(json: Value) -> ParamMap {
    serde_json::from_value(json).expect("parameters by name")
}

pub(crate) fn activation(case: &Value) -> Activation {
    Activation::read(&case["activation"]).expect("an activation")
}

/// The net of a case, behind a front if it has one.
pub(crate) fn net(case: &Value, front: Option<Front>, activation: Activation) -> Net {
    let layer = |layer: &Value| {
        let (weights, biases) = (f32s(&layer["weights"]), f32s(&layer["biases"]));
        let norm = layer["norm"].as_array().map(|norm| {
            let [gamma, beta, mean, variance] = [0, 1, 2, 3].map(|idx| f32s(&norm[idx]));
            Norm { gamma, beta, mean, variance }
        });
        Layer { n_inputs: weights.len() / biases.len(), n_outputs: biases.len(), weights, biases, norm }
    };
    Net { front, layers: list(case, "layers").iter().map(layer).collect(), activation }
}

/// The rows of a case and their labels.
pub(crate) fn labelled(case: &Value) -> (Matrix, Target) {
    let rows: Vec<Vec<f64>> = list(case, "x").iter().map(numbers).collect();
    let y = numbers(&case["y"]);
    let y = match case["n_classes"].as_u64().expect("a count") as usize {
        0 => Target::Values(y),
        n_classes => Target::Classes { codes: y.into_iter().map(|code| code as u32).collect(), n_classes },
    };
    (Matrix::from_row_major(&rows.concat(), rows[0].len()), y)
}

/// What one batch of all rows teaches a net, with the penalties and class weights of the case.
pub(crate) fn slopes(net: &Net, case: &Value) -> NetGradients {
    let config = NetConfig {
        front: net.front.as_ref().map(|front| front.plan.clone()),
        hidden: net.layers[..net.layers.len() - 1].iter().map(|layer| layer.n_outputs).collect(),
        activation: net.activation,
        solver: NetSolver::Sgd,
        momentum: 0.0,
        l2: case["l2"].as_f64().expect("a number"),
        l1: case["l1"].as_f64().expect("a number"),
        dropout: 0.0,
        batch_norm: net.layers[0].norm.is_some(),
        batch_size: 1000,
        learning_rate: 0.1,
        schedule: RateSchedule::Constant,
        n_epochs: 1,
        shuffle: false,
        tol: 0.0,
        patience: 1,
        clip_norm: 0.0,
        class_weights: case.get("class_weights").map(numbers).unwrap_or_default(),
    };
    let (x, y) = labelled(case);
    let weights = case.get("sample_weight").map(numbers);
    block_on(gradients(net, (&x, &y, weights.as_deref()), &config, &Device::cpu())).unwrap()
}

/// Shows each of the passes of a reference, of which there are so many.
pub(crate) fn each_pass(reference: &str, n_passes: usize, check: impl Fn(&str, &Value)) {
    let reference = cases::reference(reference);
    let all = list(&reference, "passes");
    assert_eq!(all.len(), n_passes);
    all.iter().for_each(|case| check(case["name"].as_str().expect("a name"), case));
}

/// Numbers of a size around 1, of which some are the rounding of what cancels: an intercept under a norm has no slope.
#[track_caller]
pub(crate) fn assert_f32(name: &str, given: &[f32], expected: &Value) {
    let expected = numbers(expected);
    let size = expected.iter().fold(1.0f64, |size, x| size.max(x.abs()));
    let apart = given.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(given.len() == expected.len() && apart <= F32 * size, "{name}: {apart} apart: {given:?}");
}

/// The loss of a net in f64, without burn and without penalties.
pub(crate) fn loss(net: &Net, case: &Value) -> f64 {
    let (x, y) = labelled(case);
    let (scores, n) = (net.scores(&x), x.n_rows() as f64);
    match y {
        Target::Values(y) => scores.iter().zip(&y).map(|(score, y)| (score - y) * (score - y) / 2.0 / n).sum(),
        Target::Classes { codes, n_classes } => {
            let row = |(row, &code): (usize, &u32)| -> f64 {
                let scores = if n_classes == 2 {
                    vec![0.0, scores[row]]
                } else {
                    scores[row * n_classes..][..n_classes].to_vec()
                };
                scores.iter().map(|score| score.exp()).sum::<f64>().ln() - scores[code as usize]
            };
            codes.iter().enumerate().map(row).sum::<f64>() / n
        }
    }
}

/// A number that a front learns.
pub(crate) fn in_front(net: &mut Net, part: usize, at: usize) -> &mut f32 {
    &mut net.front.as_mut().expect("there is a front").learned[part][at]
}

/// Holds the slope of one number to what the loss does when it moves: two forward passes in f64 against burn's.
#[track_caller]
pub(crate) fn assert_slope(name: &str, net: &Net, case: &Value, number: impl Fn(&mut Net) -> &mut f32, given: f32) {
    // What a loss curves within a step is H² of the size of its third slope, which is some tens; the rest is f32.
    const H: f32 = 1.0 / 1024.0;
    const TOLERANCE: f64 = 2e-5;
    let moved = |by: f32| {
        let mut net = net.clone();
        let number = number(&mut net);
        *number += by;
        (f64::from(*number), loss(&net, case))
    };
    let ((low, below), (high, above)) = (moved(-H), moved(H));
    let (slope, given) = ((above - below) / (high - low), f64::from(given));
    assert!((slope - given).abs() < TOLERANCE, "{name}: {given} instead of {slope}");
}

/// Holds a whole descent to PyTorch's: the losses of its epochs, and what it answers to the first rows then.
#[track_caller]
pub(crate) fn assert_curve(kind: &str, case: &Value, (x, y): (&Matrix, &Target), tolerance: f64) {
    let name = case["name"].as_str().expect("a name");
    let sample_weight = case.get("sample_weight").map(numbers);
    let input = FitInput { sample_weight, ..input(x, y, seed(case)) };
    let (fitted, issues, steps) = fit(kind, &cases::params(&case["params"]), input).unwrap();
    assert!(issues.iter().all(|issue| issue.code == "epochs_used_up"), "{name}: {issues:?}");
    let losses: Vec<f64> = steps.iter().filter_map(|step| step.epoch).map(|epoch| epoch.train_loss).collect();
    assert_close(&format!("losses of {name}"), &losses, &numbers(&case["losses"]), tolerance);
    let expected = numbers(&case["answers"]);
    assert_close(&format!("answers of {name}"), &flat(&fitted.predict(x))[..expected.len()], &expected, tolerance);
}

/// The share of held-back rows, a fifth, that are answered right.
pub(crate) fn accuracy(kind: &str, x: &Matrix, y: &Target, params: &ParamMap, seed: Seed) -> f64 {
    let Target::Classes { codes, .. } = y else { panic!("classes") };
    let all: Vec<u32> = (0..x.n_rows() as u32).collect();
    let split = hold_back(&all, Some(codes), 0.2, seed).unwrap();
    let training = input(&x.take_rows(&split.train), &y.take_rows(&split.train), seed);
    let (fitted, ..) = fit(kind, params, training).unwrap();
    let answers = fitted.predict(&x.take_rows(&split.test));
    let right = answers.codes().iter().zip(&split.test).filter(|(code, row)| **code == codes[**row as usize]).count();
    right as f64 / split.test.len() as f64
}
