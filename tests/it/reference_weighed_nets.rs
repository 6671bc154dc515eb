//! Agreement of nets with scikit-learn where rows have weights.
#![cfg(feature = "tensors")]

use crate::cases::{self, assert_close, list, numbers, rows};
use crate::net_cases::{F32, activation, assert_curve, assert_f32, each_pass, net, slopes};

/// What f32 is from f64 after these descents, as for those of [`crate::reference_mlp`].
const CURVE: f64 = 1e-5;
/// Adam's ε, 1e-8, is added to a root before it is freed of its bias by scikit-learn, and behind by PyTorch and here: to
/// the first roots ε is 30 times as much there.
const ADAM_CURVE: f64 = 1e-4;

#[test]
fn weighed_losses_and_gradients_are_scikit_learns() {
    each_pass("weighed_nets", 12, |name, case| {
        let net = net(case, None, activation(case));
        let given = slopes(&net, case);
        assert_close(name, &[given.loss], &[case["loss"].as_f64().expect("a number")], F32);
        for (layer, expected) in given.layers.iter().zip(list(case, "gradients")) {
            assert_f32(name, &layer.weights, &expected["weights"]);
            assert_f32(name, &layer.biases, &expected["biases"]);
        }
        // Without the weights it is another loss.
        let mut plain = case.clone();
        plain["sample_weight"] = vec![1.0; numbers(&case["y"]).len()].into();
        assert!((slopes(&net, &plain).loss - given.loss).abs() > 1e-3, "{name}");
    });
}

#[test]
fn weighed_training_curves_are_scikit_learns() {
    let reference = cases::reference("weighed_nets");
    let all = list(&reference, "curves");
    assert_eq!(all.len(), 6);
    for case in all {
        let (x, labels) = rows(case);
        let y = if case["n_classes"] == 0 { cases::values(&labels) } else { cases::classes(&labels) };
        let tolerance = if case["params"]["solver"] == "adam" { ADAM_CURVE } else { CURVE };
        assert_curve("mlp", case, (&x, &y), tolerance);
    }
}
