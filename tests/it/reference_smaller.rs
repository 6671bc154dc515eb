//! Smaller nets held to PyTorch: codes and scales, what is pruned, how it is fitted on, and weights as safetensors.

use proptest::prelude::*;
use serde_json::Value;
use vitrine::export::{read_weights_into, write_weights};
use vitrine::model::{Array, FittedNet, State};
use vitrine::param::ParamValue as _;
use vitrine::preprocess::Matrix;
use vitrine::train::net::{Activation, Grouping, Int8, Layer, Net, Norm, to_half};

use crate::cases::{self, assert_close, f32s, integers, list, numbers};

fn one_layer(n_inputs: usize, n_outputs: usize, weights: Vec<f32>) -> Net {
    let layer = Layer { n_inputs, n_outputs, weights, biases: vec![0.0; n_outputs], norm: None };
    Net { front: None, layers: vec![layer], activation: Activation::Relu }
}

#[test]
fn codes_and_scales_are_pytorchs() {
    let reference = cases::reference("smaller");
    let all = list(&reference, "eight_bits");
    assert_eq!(all.len(), 9);
    for case in all {
        let shape = numbers(&case["shape"]);
        let mut net = one_layer(shape[0] as usize, shape[1] as usize, f32s(&case["given"]));
        let int8 = Int8::of(&net, Grouping::read(&case["scheme"]).expect("a grouping"));
        let codes: Vec<i64> = int8.codes.iter().map(|code| i64::from(*code)).collect();
        assert_eq!(codes, integers(&case["codes"]), "{}", case["name"]);
        assert_eq!(int8.scales, f32s(&case["scales"]), "{}", case["name"]);
        assert!(int8.write_to(&mut net));
        assert_eq!(net.layers[0].weights, f32s(&case["weights"]), "{}", case["name"]);
    }
}

#[test]
fn sixteen_bits_are_numpys() {
    let reference = cases::reference("smaller");
    let (given, bits) = (f32s(&reference["sixteen_bits"]["given"]), integers(&reference["sixteen_bits"]["bits"]));
    assert_eq!((given.len(), bits.len()), (344, 344));
    for (x, half) in given.into_iter().zip(bits) {
        assert_eq!(i64::from(to_half(x)), half, "{x:e}");
    }
}

proptest! {
    /// No weight is further from what stands for it than half a scale, and the rounding of that to f32.
    #[test]
    fn a_rounded_weight_is_within_half_a_scale(
        weights in prop::collection::vec((-1.0f32..1.0, -20i32..20), 1..200),
        n_outputs in 1usize..5,
        word in prop::sample::select(vec!["per_tensor", "per_channel", "per_block"]),
    ) {
        let mut weights: Vec<f32> = weights.into_iter().map(|(x, exponent)| x * 2f32.powi(exponent)).collect();
        weights.resize(weights.len().next_multiple_of(n_outputs), 0.5);
        let n_inputs = weights.len() / n_outputs;
        let grouping = Grouping::read(&word.into()).expect("a grouping");
        let mut net = one_layer(n_inputs, n_outputs, weights.clone());
        let int8 = Int8::of(&net, grouping);
        prop_assert!(int8.write_to(&mut net));
        for (at, (before, after)) in weights.iter().zip(&net.layers[0].weights).enumerate() {
            let (input, output) = (at / n_outputs, at % n_outputs);
            let scale = int8.scales[match grouping {
                Grouping::PerTensor => 0,
                Grouping::PerChannel => output,
                Grouping::PerBlock => input / 32 * n_outputs + output,
            }];
            let apart = (f64::from(*before) - f64::from(*after)).abs();
            let rounding = f64::from(after.abs()) * f64::from(f32::EPSILON) / 2.0;
            prop_assert!(apart <= f64::from(scale) / 2.0 + rounding, "{before} {after} {scale}");
        }
        // What is rounded already is its own rounding.
        prop_assert_eq!(Int8::of(&net, grouping).codes, int8.codes);
    }

    /// Whatever is read as weights, it is them or it is an error.
    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        header in "\\{(\"layers.0.weight\":\\{\"dtype\":\"(F32|I8|F64)\",\"shape\":\\[[0-9]{1,20}(,[0-9]{1,3})?\\],\"data_offsets\":\\[[0-9]{1,3},[0-9]{1,20}\\]\\})?[\\[\\]{},:\"a-z0-9]{0,9}\\}?",
        cut in 0usize..2000,
        at in 0usize..2000,
        change in any::<u8>(),
    ) {
        let fitted = fitted();
        let is_known = |file: &[u8]| match read_weights_into(&fitted, file) {
            Ok(read) => read.net().scores(&Matrix::from_row_major(&[0.5, 1.0, -0.5], 3)).iter().all(|x| x.is_finite()),
            Err(error) => ["export.not_safetensors", "export.weights_do_not_fit", "export.bad_weight"].contains(&error.code()),
        };
        prop_assert!(is_known(&bytes));
        prop_assert!(is_known(&[&(header.len() as u64).to_le_bytes(), header.as_bytes(), &bytes].concat()));
        for file in [write_weights(&fitted), write_weights(&fitted.quantized(Grouping::PerBlock))] {
            prop_assert!(is_known(&file[..cut.min(file.len())]));
            let mut changed = file.clone();
            changed[at % file.len()] = change;
            prop_assert!(is_known(&changed));
        }
    }
}

/// The module of smaller.py: a category of four as two numbers, then layers of five and three with a norm between.
fn fitted() -> FittedNet {
    let n_weights = 4 * 5 + 5 * 3;
    let state = State::default()
        .with_u32("sizes", vec![4, 5, 3])
        .with_u32("classes_and_norm", vec![3, 1])
        .with_f64("target_scale", vec![0.0, 1.0])
        .with_f32("weights", (0..n_weights).map(|at| at as f32 / 10.0 - 1.0).collect())
        .with_f32("biases", vec![0.1; 8])
        .with_f32("norms", vec![1.0; 20])
        .with_u32("front", vec![1, 3, 2, 1, 4])
        .with_f32("front_numbers", vec![0.5; 8]);
    let mut state = state;
    state.0.insert("activation".to_owned(), Array::Text(vec!["tanh".to_owned()]));
    FittedNet::load("mlp", &state).unwrap()
}

fn file(name: &str) -> std::path::PathBuf {
    crate::cases::root().join("tests/reference").join(name)
}

/// PyTorch's file is read, and what is written is the file that smaller.py has read with the package and found to be the
/// same net. `tanh` is another library's: 1e-12 as for other answers.
#[test]
fn weights_go_to_pytorch_and_back() {
    let case = &cases::reference("smaller")["safetensors"];
    let read = read_weights_into(&fitted(), &std::fs::read(file("smaller_torch.safetensors")).unwrap()).unwrap();
    let x = Matrix::from_row_major(&numbers(&case["x"]), 3);
    assert_close("scores", &read.net().scores(&x), &numbers(&case["scores"]), 1e-12);
    let int8 = read.quantized(Grouping::PerBlock);
    for (name, fitted) in [("smaller_vitrine.safetensors", &read), ("smaller_int8.safetensors", &int8)] {
        let written = write_weights(fitted);
        if std::env::var_os("VITRINE_BLESS").is_some() {
            std::fs::write(file(name), &written).unwrap();
        }
        assert!(written == std::fs::read(file(name)).unwrap(), "{name} changed; run smaller.py on the new one");
        let again = read_weights_into(&self::fitted(), &written).unwrap();
        assert_eq!(&again, fitted, "{name}");
    }
}

#[test]
fn weights_of_another_shape_are_named() {
    let fitted = fitted();
    let error = |change: &dyn Fn(&mut State)| {
        let mut state = vitrine::model::Fitted::state(&fitted);
        change(&mut state);
        let other = FittedNet::load("mlp", &state).unwrap();
        read_weights_into(&fitted, &write_weights(&other)).unwrap_err()
    };
    let wider = error(&|state| {
        state.0.insert("sizes".to_owned(), Array::U32(vec![4, 6, 3]));
        *state = std::mem::take(state)
            .with_f32("weights", vec![0.0; 42])
            .with_f32("biases", vec![0.0; 9])
            .with_f32("norms", vec![1.0; 24]);
    });
    assert_eq!(wider.code(), "export.weights_do_not_fit");
    assert_eq!(wider.message(), "the tensor \"layers.0.weight\" is F32 [6, 4], but the net has F32 [5, 4]");
    let without_norm = error(&|state| {
        state.0.insert("classes_and_norm".to_owned(), Array::U32(vec![3, 0]));
        state.0.remove("norms");
    });
    assert_eq!(without_norm.message(), "the tensor \"norms.0.weight\" is nothing, but the net has F32 [5]");
    let deeper = error(&|state| {
        state.0.insert("sizes".to_owned(), Array::U32(vec![4, 5, 3, 3]));
        *state = std::mem::take(state)
            .with_f32("weights", vec![0.0; 44])
            .with_f32("biases", vec![0.0; 11])
            .with_f32("norms", vec![1.0; 32]);
    });
    assert_eq!(deeper.message(), "the tensor \"layers.2.bias\" is F32 [3], but the net has nothing of that name");
}

fn layers(case: &Value, key: &str) -> Vec<Layer> {
    let layer = |layer: &Value| {
        let biases = f32s(&layer["biases"]);
        let weights = f32s(&layer["weights"]);
        let norm = layer["norm"].as_array().map(|norm| {
            let [gamma, beta, mean, variance] = [0, 1, 2, 3].map(|idx| f32s(&norm[idx]));
            Norm { gamma, beta, mean, variance }
        });
        Layer { n_inputs: weights.len() / biases.len(), n_outputs: biases.len(), weights, biases, norm }
    };
    list(case, key).iter().map(layer).collect()
}

fn each_tuned(check: impl Fn(&str, &Value, Net)) {
    let reference = cases::reference("smaller");
    let all = list(&reference, "tuned");
    assert_eq!(all.len(), 3);
    for case in all {
        let activation = Activation::read(&case["params"]["activation"]).expect("an activation");
        let net = Net { front: None, layers: layers(case, "given"), activation };
        check(case["name"].as_str().expect("a name"), case, net);
    }
}

#[test]
fn the_smallest_weights_of_all_layers_are_pytorchs() {
    each_tuned(|name, case, mut net| {
        net.prune(case["sparsity"].as_f64().expect("a share"));
        assert_eq!(net.layers, layers(case, "pruned"), "{name}");
    });
}

/// A net goes on from where it was pruned, zeros held: losses and answers are PyTorch's.
#[cfg(feature = "tensors")]
#[test]
fn a_pruned_net_is_fitted_on_as_pytorch_does() {
    use vitrine::preprocess::Target;
    use vitrine::random::Seed;
    use vitrine::train::net::{Doctor, NetConfig, NetDescent, NetSolver, RateSchedule};
    use vitrine::train::{Device, FitInput, block_on};

    /// As whole descents are held to PyTorch (`reference_mlp`): ten times what its own f32 is apart from its f64, which
    /// for the third of these is 9e-6 of the answers.
    const CURVE: f64 = 1e-4;
    each_tuned(|name, case, mut net| {
        net.prune(case["sparsity"].as_f64().expect("a share"));
        let params = &case["params"];
        let number = |key: &str| params[key].as_f64().expect("a number");
        let (x, labels) = cases::rows(case);
        let n_classes = case["n_classes"].as_u64().expect("a count") as usize;
        let y = match n_classes {
            0 => {
                let y: Vec<f64> = labels.iter().map(|label| label.parse().expect("a number")).collect();
                let n = y.len() as f64;
                let mean = y.iter().sum::<f64>() / n;
                let deviation = (y.iter().map(|y| (y - mean) * (y - mean)).sum::<f64>() / n).sqrt();
                Target::Values(y.iter().map(|y| (y - mean) / deviation).collect())
            }
            _ => cases::classes(&labels),
        };
        let config = NetConfig {
            clip_norm: 0.0,
            front: None,
            hidden: net.layers[..net.layers.len() - 1].iter().map(|layer| layer.n_outputs).collect(),
            activation: net.activation,
            solver: NetSolver::read(&params["solver"]).expect("a solver"),
            momentum: number("momentum"),
            l2: number("alpha"),
            l1: number("l1"),
            dropout: 0.0,
            batch_norm: params["batch_norm"].as_bool().expect("yes or no"),
            batch_size: number("batch_size") as usize,
            learning_rate: number("learning_rate_init"),
            schedule: RateSchedule::Constant,
            n_epochs: number("max_iter") as usize,
            shuffle: true,
            tol: 0.0,
            patience: 1000,
            class_weights: Vec::new(),
        };
        let doctor = Doctor::new(&x, config.learning_rate);
        let input = FitInput {
            x: x.clone(),
            y,
            sample_weight: None,
            valid: None,
            seed: Seed(case["seed"].as_u64().expect("a seed")),
            device: Device::cpu(),
        };
        let mut descent = NetDescent::new(&input, config, (false, None), 1.0, doctor).unwrap();
        descent.begin_at(&net);
        let mut losses = Vec::new();
        loop {
            let step = block_on(descent.step()).unwrap();
            losses.extend(step.epoch.map(|epoch| epoch.train_loss));
            if step.fraction >= 1.0 {
                break;
            }
        }
        assert_close(name, &losses, &numbers(&case["losses"]), CURVE);
        let learned = descent.into_learned().expect("it has ended").net;
        let first = x.take_rows(&(0..40).collect::<Vec<u32>>());
        let (given, expected) = (learned.scores(&first), numbers(&case["scores"]));
        let size = expected.iter().fold(0.0f64, |size, score| size.max(score.abs()));
        let apart = given.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart <= CURVE * size, "{name}: {apart} of {size}");
        for ((_, after), (_, before)) in learned.weights().into_iter().zip(net.weights()) {
            let is_held = |(after, before): (&f32, &f32)| (after.to_bits() == 0) == (*before == 0.0);
            assert!(after.iter().zip(before).all(is_held), "{name}");
        }
    });
}
