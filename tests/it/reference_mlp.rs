//! Agreement of nets with PyTorch, and what they reach on tables that are known.
#![cfg(feature = "tensors")]

use std::cell::Cell;

use serde_json::{Value, json};
use vitrine::model::{Answers, find};
use vitrine::param::{ParamMap, ParamValue as _};
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;
use vitrine::table::split::hold_back;
use vitrine::table::toy::toy_csv;
use vitrine::train::device::CPU_F32;
use vitrine::train::net::{Activation, Layer, Net, NetConfig, NetGradients, NetSolver, Norm, RateSchedule, gradients};
use vitrine::train::{Device, block_on};

use crate::cases::{self, assert_close, fit, flat, input, numbers, rows, seed};

/// f32 against PyTorch's f64, relative to the largest number of a list.
const F32: f64 = CPU_F32 as f64;

/// A net's answers are f64 sums over f32 weights; what remains is `erf` and `tanh` of another library.
const F64: f64 = 1e-12;

/// PyTorch's own f32 ends up to 9e-7 from its f64 after these descents, and kernels that sum in another order differ as
/// much among themselves: ten times that.
const CURVE: f64 = 1e-5;

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().expect("a list")
}

fn f32s(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|x| x as f32).collect()
}

fn net(case: &Value) -> Net {
    let sizes: Vec<usize> = numbers(&case["sizes"]).into_iter().map(|size| size as usize).collect();
    let layers = list(case, "layers").iter().zip(sizes.windows(2)).map(|(layer, pair)| Layer {
        n_inputs: pair[0],
        n_outputs: pair[1],
        weights: f32s(&layer["weights"]),
        biases: f32s(&layer["biases"]),
        norm: layer["norm"].as_array().map(|norm| {
            let [gamma, beta, mean, variance] = [0, 1, 2, 3].map(|idx| f32s(&norm[idx]));
            Norm { gamma, beta, mean, variance }
        }),
    });
    Net {
        front: None,
        layers: layers.collect(),
        activation: Activation::read(&case["activation"]).expect("an activation"),
    }
}

fn config(case: &Value) -> NetConfig {
    let net = net(case);
    NetConfig {
        front: None,
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
        class_weights: numbers(&case["class_weights"]),
    }
}

fn labelled(case: &Value) -> (Matrix, Target) {
    let rows: Vec<f64> = list(case, "x").iter().flat_map(numbers).collect();
    let y = numbers(&case["y"]);
    let y = match case["n_classes"].as_u64().expect("a count") {
        0 => Target::Values(y),
        n_classes => {
            let codes = y.into_iter().map(|code| code as u32).collect();
            Target::Classes { codes, n_classes: n_classes as usize }
        }
    };
    (Matrix::from_row_major(&rows, numbers(&case["sizes"])[0] as usize), y)
}

/// Numbers of a size around 1, of which some are the rounding of what cancels: an intercept under a norm has no slope.
#[track_caller]
fn assert_f32(name: &str, given: &[f64], expected: &[f64]) {
    let size = expected.iter().fold(1.0f64, |size, x| size.max(x.abs()));
    let apart = given.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(given.len() == expected.len() && apart <= F32 * size, "{name}: {apart} apart: {given:?}");
}

fn slopes(net: &Net, case: &Value) -> NetGradients {
    let (x, y) = labelled(case);
    block_on(gradients(net, (&x, &y), &config(case), &Device::cpu())).unwrap()
}

fn each_pass(check: impl Fn(&str, &Value)) {
    let reference = cases::reference("mlp");
    let all = list(&reference, "passes");
    assert_eq!(all.len(), 30);
    all.iter().for_each(|case| check(case["name"].as_str().expect("a name"), case));
}

#[test]
fn answers_losses_and_gradients_are_pytorchs() {
    each_pass(|name, case| {
        let (x, _) = labelled(case);
        let net = net(case);
        assert_close(name, &net.scores(&x), &numbers(&case["scores"]), F64);
        let given = slopes(&net, case);
        assert_close(name, &[given.loss], &[case["loss"].as_f64().expect("a number")], F32);
        for (idx, (layer, expected)) in given.layers.iter().zip(list(case, "gradients")).enumerate() {
            let name = format!("{name}, layer {idx}");
            let wide = |numbers: &[f32]| -> Vec<f64> { numbers.iter().map(|x| f64::from(*x)).collect() };
            assert_f32(&name, &wide(&layer.weights), &numbers(&expected["weights"]));
            assert_f32(&name, &wide(&layer.biases), &numbers(&expected["biases"]));
            let Some(norm) = &layer.norm else { continue };
            let all = [&norm.gamma, &norm.beta, &norm.mean, &norm.variance];
            for (what, (given, expected)) in all.into_iter().zip(list(expected, "norm")).enumerate() {
                assert_f32(&format!("{name}, norm {what}"), &wide(given), &numbers(expected));
            }
        }
    });
}

/// The slope of each weight is what the loss does when the weight moves: two forward passes in f64 against burn's.
#[test]
fn gradients_are_finite_differences() {
    // What a loss curves within a step is H² of the size of its third slope, which is some tens; the rest is f32.
    const H: f32 = 1.0 / 1024.0;
    const TOLERANCE: f64 = 2e-5;
    let loss = |net: &Net, case: &Value| -> f64 {
        let (x, y) = labelled(case);
        let scores = net.scores(&x);
        let n = x.n_rows() as f64;
        match y {
            Target::Values(y) => scores.iter().zip(&y).map(|(score, y)| (score - y) * (score - y) / 2.0 / n).sum(),
            Target::Classes { codes, n_classes } => {
                let row = |(row, &code): (usize, &u32)| -> f64 {
                    let scores = if n_classes == 2 { vec![0.0, scores[row]] } else { scores[row * 3..][..3].to_vec() };
                    scores.iter().map(|score| score.exp()).sum::<f64>().ln() - scores[code as usize]
                };
                codes.iter().enumerate().map(row).sum::<f64>() / n
            }
        }
    };
    let n_checked = Cell::new(0);
    each_pass(|name, case| {
        // Running statistics stand for the batch's in an answer; and a rectifier's corner has no slope.
        if case["l2"] != json!(0.0) || case["activation"] == "relu" {
            return;
        }
        let net = net(case);
        let given = slopes(&net, case);
        for layer in 0..net.layers.len() {
            for at in 0..net.layers[layer].weights.len() {
                let moved = |by: f32| {
                    let mut net = net.clone();
                    net.layers[layer].weights[at] += by;
                    (f64::from(net.layers[layer].weights[at]), loss(&net, case))
                };
                let ((low, below), (high, above)) = (moved(-H), moved(H));
                n_checked.set(n_checked.get() + 1);
                let (slope, given) = ((above - below) / (high - low), f64::from(given.layers[layer].weights[at]));
                assert!((slope - given).abs() < TOLERANCE, "{name}, layer {layer}: {given} instead of {slope}");
            }
        }
    });
    // Four activations, with 38 weights for one output and 44 for three.
    assert_eq!(n_checked.get(), 4 * (38 + 38 + 44));
}

#[test]
fn training_curves_are_pytorchs() {
    let reference = cases::reference("mlp");
    let all = list(&reference, "curves");
    assert_eq!(all.len(), 7);
    for case in all {
        let name = case["name"].as_str().expect("a name");
        let (x, labels) = rows(case);
        let y = if case["n_classes"] == 0 { cases::values(&labels) } else { cases::classes(&labels) };
        let (fitted, issues, steps) = fit("mlp", &cases::params(&case["params"]), input(&x, &y, seed(case))).unwrap();
        assert!(issues.iter().all(|issue| issue.code == "epochs_used_up"), "{name}: {issues:?}");
        let losses: Vec<f64> = steps.iter().filter_map(|step| step.epoch).map(|epoch| epoch.train_loss).collect();
        assert_close(&format!("losses of {name}"), &losses, &numbers(&case["losses"]), CURVE);
        let expected = numbers(&case["answers"]);
        assert_close(&format!("answers of {name}"), &flat(&fitted.predict(&x))[..expected.len()], &expected, CURVE);
    }
}

fn params(json: Value) -> ParamMap {
    serde_json::from_value(json).expect("parameters by name")
}

/// The share of held-back rows that are answered right.
fn accuracy(x: &Matrix, y: &Target, params: &ParamMap, seed: Seed) -> f64 {
    let Target::Classes { codes, .. } = y else { panic!("classes") };
    let all: Vec<u32> = (0..x.n_rows() as u32).collect();
    let split = hold_back(&all, Some(codes), 0.2, seed).unwrap();
    let training = input(&x.take_rows(&split.train), &y.take_rows(&split.train), seed);
    let (fitted, ..) = fit("mlp", params, training).unwrap();
    let answers = fitted.predict(&x.take_rows(&split.test));
    let right = answers.codes().iter().zip(&split.test).filter(|(code, row)| **code == codes[**row as usize]).count();
    right as f64 / split.test.len() as f64
}

/// scikit-learn's 1,797 handwritten digits, 8 × 8 pixels from 0 to 16; a fifth is held back.
#[test]
fn digits_are_read() {
    let pixels: Vec<String> = (0..64).map(|idx| format!("pixel_{}_{}", idx / 8, idx % 8)).collect();
    let (mean, scale) = (vec![8.0; 64], vec![8.0; 64]);
    let data =
        json!({ "file": "tests/reference/data/digits.csv", "features": pixels, "target": "digit", "n_rows": 1797 });
    let (x, labels) = rows(&json!({ "data": data, "mean": mean, "scale": scale }));
    let params = params(
        json!({ "hidden_layer_sizes": [128], "max_iter": 50, "batch_size": 32, "learning_rate_init": 0.002, "dropout": 0.3 }),
    );
    // A seed holds other rows back: 97.2, 99.4, 98.6 and 98.6 % here.
    let shares = [0, 1, 2, 3].map(|seed| accuracy(&x, &cases::classes(&labels), &params, Seed(seed)));
    assert!(shares.iter().sum::<f64>() / 4.0 >= 0.97, "{shares:?}");
}

/// Three arms that wind around each other, with a little noise; a fifth of the 600 rows is held back.
#[test]
fn three_spirals_are_told_apart() {
    let csv = toy_csv("spirals_3", 600, 0.05, Seed(1)).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let feature = |idx: usize| rows.iter().map(|row| row[idx].parse::<f64>().expect("a number") / 3.0).collect();
    let x = Matrix::from_columns(vec![feature(0), feature(1)]);
    let y = cases::classes(&rows.iter().map(|row| row[2].to_owned()).collect::<Vec<_>>());
    let params = json!({ "hidden_layer_sizes": [32, 16], "activation": "tanh", "learning_rate_init": 0.01, "max_iter": 200,
                         "batch_size": 32, "learning_rate": "cosine" });
    let shares = [0, 1, 2].map(|seed| accuracy(&x, &y, &self::params(params.clone()), Seed(seed)));
    assert!(shares.iter().all(|share| *share >= 0.98), "{shares:?}");
}

/// Two features, the second as large as asked for.
fn sized(size: f64) -> (Matrix, Target) {
    let mut rng = Seed(4).rng();
    let feature = |size: f64, rng: &mut vitrine::random::Rng| (0..60).map(|_| (rng.uniform() - 0.5) * size).collect();
    let features: Vec<Vec<f64>> = vec![feature(2.0, &mut rng), feature(size, &mut rng)];
    let y = Target::Values((0..60).map(|row| features[0][row] * 3.0).collect());
    let names = vec!["age".to_owned(), "income".to_owned()];
    (Matrix::from_columns(features).with_names(names), y)
}

#[test]
fn what_stops_being_finite_comes_back_with_its_cause() {
    let sgd = |rate: f64| params(json!({ "solver": "sgd", "learning_rate_init": rate, "activation": "identity" }));
    let (x, y) = sized(2.0);
    let (fitted, issues, steps) = fit("mlp", &sgd(1e4), input(&x, &y, Seed(1))).unwrap();
    let issue = issues.iter().next().expect("it is told");
    assert_eq!((issue.code, issue.args["lower"].as_str()), ("rate_too_high", "1000"));
    assert!(flat(&fitted.predict(&x)).iter().all(|answer| answer.is_finite()));
    assert!(steps.len() < 20 && steps.last().is_some_and(|step| step.fraction == 1.0));

    let (x, y) = sized(1e9);
    let (fitted, issues, _) = fit("mlp", &sgd(0.1), input(&x, &y, Seed(1))).unwrap();
    let issue = issues.iter().next().expect("it is told");
    assert_eq!((issue.code, issue.args["column"].as_str()), ("huge_column", "income"));
    assert_eq!(issue.place.as_ref().and_then(|place| place.column.as_deref()), Some("income"));
    assert!(flat(&fitted.predict(&x)).iter().all(|answer| answer.is_finite()));
    assert_eq!((fitted.kind(), fitted.n_features()), ("mlp", 2));

    // Scaled, or slower, it is learned.
    let (x, y) = sized(2.0);
    let (_, issues, _) = fit("mlp", &sgd(0.01), input(&x, &y, Seed(1))).unwrap();
    assert!(issues.iter().all(|issue| issue.code == "epochs_used_up"), "{issues:?}");
}

#[test]
fn what_no_tab_can_learn_is_refused_with_its_number() {
    let (x, y) = sized(2.0);
    let refused = |given: Value| {
        let error = fit("mlp", &params(given), input(&x, &y, Seed(1))).err().expect("it is too much");
        (error.code(), error.message().to_owned())
    };
    assert_eq!(
        refused(json!({ "hidden_layer_sizes": [4096, 4096, 4096] })),
        ("train.too_many_weights", "the net would have 33579009 weights, and at most 20000000 can be held".to_owned())
    );
    let (code, message) = refused(json!({ "hidden_layer_sizes": [4096, 2048], "max_iter": 100000 }));
    assert_eq!(code, "train.too_much_training");
    assert!(message.contains("are 1.5e14 multiply-adds, and at most 2e13 are done"), "{message}");
}

#[test]
fn another_seed_is_another_net() {
    let x = Matrix::from_columns(vec![(0..40).map(f64::from).collect()]);
    let y = Target::Values((0..40).map(|i| f64::from(i * i)).collect());
    let answers = |seed| {
        let (fitted, ..) = fit("mlp", &params(json!({ "max_iter": 3 })), input(&x, &y, Seed(seed))).unwrap();
        fitted.state()
    };
    assert_eq!(answers(1), answers(1));
    assert_ne!(answers(1), answers(2));
}

#[test]
fn a_kind_in_the_registry_answers_as_classes_or_values() {
    let kind = find("mlp").unwrap();
    assert!((kind.uses_tensors)(&(kind.check)(&ParamMap::new()).unwrap()));
    let x = Matrix::from_columns(vec![(0..40).map(|i| f64::from(i % 8)).collect()]);
    let y = Target::Classes { codes: (0..40).map(|i| u32::from(i % 8 > 3)).collect(), n_classes: 2 };
    let quick = params(json!({ "hidden_layer_sizes": [8], "learning_rate_init": 0.05 }));
    let (fitted, ..) = fit("mlp", &quick, input(&x, &y, Seed(1))).unwrap();
    let Answers::Classes { n_classes, .. } = fitted.predict(&x) else { panic!("classes") };
    assert_eq!(n_classes, 2);
    assert_eq!(fitted.predict(&x).codes(), (0..40).map(|i| u32::from(i % 8 > 3)).collect::<Vec<_>>());
}
