//! Whether a GPU's own kernels compute what burn's operations do on the CPU: looked at before the GPU is used.

use burn::tensor::{Int, Tensor, TensorData, Transaction};

use super::Device;
use super::ops::{Bend, Ops, Rule, Stride, bent};
use super::tensors::{Named, read};
use crate::Error;

/// Compares a device's own kernels with burn's operations on the CPU.
///
/// **Errors** `environment.self_test_failed` for the first number that differs by more than [`super::WEBGPU_F32`],
/// `environment.device_lost`.
#[cfg(feature = "webgpu")]
pub(super) async fn agree(device: &Device) -> Result<(), Error> {
    let cpu = computed(&Device::cpu()).await?;
    let gpu = computed(device).await?;
    super::tensors::differs(cpu, gpu, super::WEBGPU_F32)
}

/// What the operations make of some numbers, by name. Shapes are odd, one is large enough for tiles, and views are read.
async fn computed(device: &Device) -> Result<Vec<Named>, Error> {
    let ops = Ops::on(device);
    let on = device.tensors();
    // Any numbers without a pattern do; these are the fractional parts of multiples of the golden ratio.
    let numbers = |shape: [usize; 2], start: usize| {
        let each = (0..shape[0] * shape[1]).map(|i| ((start + i) as f64 * 0.618_033_988_749_895).fract() as f32 - 0.5);
        Tensor::<2>::from_data(TensorData::new(each.collect::<Vec<f32>>(), shape), on)
    };
    let mut made: Vec<(&'static str, Tensor<2>)> = Vec::new();
    for (n_rows, n_inputs, n_outputs) in [(37, 19, 5), (67, 21, 71)] {
        let (x, slope) = (numbers([n_rows, n_inputs], 0), numbers([n_rows, n_outputs], 5));
        let (weights, intercepts) = (numbers([n_inputs, n_outputs], 9), numbers([1, n_outputs], 3));
        made.push(("a product", ops.product(x.clone(), weights.clone())));
        for by in [Bend::Identity, Bend::Relu, Bend::Tanh, Bend::Logistic] {
            let layer = ops.layer(x.clone() * 4.0, weights.clone(), intercepts.clone(), by);
            made.push(("a layer", layer));
            made.push(("a slope", ops.slope_through(slope.clone(), weights.clone(), bent(x.clone(), by), by)));
        }
        made.push(("a layer's gradient", ops.weights_gradient(x, slope, &weights, [0.3, 0.2])));
    }
    let (scores, rows) = (numbers([37, 5], 2) * 8.0, numbers([37, 1], 7));
    let classes: Vec<i32> = (0..37).map(|row| row * 3 % 5).collect();
    let classes = Tensor::<2, Int>::from_data(TensorData::new(classes, [37, 1]), on);
    let is_one = rows.clone().greater_elem(0.0).float();
    for weights in [None, Some(rows.clone() + 0.5)] {
        let all = 17.0;
        made.extend(
            ops.loss_of_classes(scores.clone(), classes.clone(), (weights.clone(), all)).map(|t| ("a loss", t)),
        );
        for is_class in [false, true] {
            let label = if is_class { is_one.clone() } else { rows.clone() };
            let score = scores.clone().narrow(1, 2, 1);
            made.extend(ops.loss_of_one(score, label, (weights.clone(), all), is_class).map(|t| ("a loss", t)));
        }
    }
    for rule in [Rule::Momentum, Rule::Adam, Rule::RmsProp] {
        let stride = Stride { rule, keep: [0.9, 0.99], factor: 0.1, floor: 0.01, shrink: 0.98 };
        let (weights, gradient) = (numbers([21, 13], 1), numbers([13, 21], 4).transpose());
        let once = stepped(ops, [weights, gradient.clone()], [None, None], stride);
        let [weights, first, second] = once;
        let twice = stepped(ops, [weights, gradient * 0.5], [Some(&first), Some(&second)], stride);
        made.extend(twice.map(|t| ("an optimiser's step", t)));
    }
    let (names, tensors): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let numbers = read(tensors.into_iter().fold(Transaction::default(), Transaction::register)).await?;
    Ok(names.into_iter().zip(numbers).collect())
}

/// A step by the device's kernel, or else by burn's operations.
fn stepped(
    ops: Ops,
    [weights, gradient]: [Tensor<2>; 2],
    sums: [Option<&Tensor<2>>; 2],
    stride: Stride,
) -> [Tensor<2>; 3] {
    ops.optimizer_step(&weights, &gradient, sums, stride).unwrap_or_else(|| {
        let [before, before_squares] = sums.map(|sum| sum.cloned().unwrap_or_else(|| weights.zeros_like()));
        let sum = before * stride.keep[0] + gradient.clone();
        let squares = before_squares * stride.keep[1] + gradient.clone() * gradient.clone();
        let root = squares.clone().sqrt() + stride.floor;
        let down = match stride.rule {
            Rule::Momentum => sum.clone() * stride.factor,
            Rule::Adam => sum.clone() * stride.factor / root,
            Rule::RmsProp => gradient * stride.factor / root,
        };
        [weights * stride.shrink - down, sum, squares]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::block_on;

    #[test]
    fn what_is_compared_varies() {
        // A comparison of constants could not fail.
        for (what, numbers) in block_on(computed(&Device::cpu())).unwrap() {
            assert!(numbers.iter().all(|x| x.is_finite()), "{what}");
            assert!(numbers.iter().any(|x| *x != numbers[0]), "{what}");
        }
    }
}
