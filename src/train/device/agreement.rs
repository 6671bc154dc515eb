//! Whether a GPU's own kernels compute what burn's operations do on the CPU: looked at before the GPU is used.

use burn::tensor::{Int, Tensor, TensorData, Transaction};

use super::Device;
use super::ops::{Bend, Ops, Rule, Stride, bent, widened, widened_slope};
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

/// How far products of numbers with 16 bits may be from the CPU's with 32, relative to 1: each is read rounded by 2⁻¹¹ of
/// itself, and so is what is written; of the largest, 2, and of sums of thirty products that is some hundredths.
#[cfg(feature = "webgpu")]
const HALF: f32 = 2e-2;

/// Likewise with numbers of 16 bits.
#[cfg(feature = "webgpu")]
pub(super) async fn agree_in_half(device: &Device) -> Result<(), Error> {
    let cpu = learned_by(&Device::cpu()).await?;
    let gpu = learned_by(&Device { is_half: true, ..device.clone() }).await?;
    super::tensors::differs(cpu, gpu, HALF)
}

/// What a layer makes of some rows, and what these teach it, by name.
async fn learned_by(device: &Device) -> Result<Vec<Named>, Error> {
    let (ops, on) = (Ops::on(device), device.tensors());
    let (n_rows, n_inputs, n_outputs) = (37, 19, 5);
    let (x, weights) = (numbers(on, [n_rows, n_inputs], 0), numbers(on, [n_inputs, n_outputs], 9));
    let (x, narrow) = (ops.narrowed(x), ops.narrowed(weights.clone()));
    let scores = ops.layer(x.clone(), narrow.clone(), numbers(on, [1, n_outputs], 3), Bend::Tanh);
    let [losses, slope] = ops.loss_of_classes(scores.clone(), classes(on, n_rows, n_outputs), (None, 1.0));
    let gradient = ops.weights_gradient(x.clone(), slope.clone(), &weights, [0.3, 0.2]);
    let through = ops.slope_through(slope.clone(), narrow, x, Bend::Tanh);
    let back = widened_slope(ops.narrowed_slope(widened_slope(slope.clone())));
    let named = [
        ("a layer of 16 bits", widened(scores)),
        ("a loss of 16 bits", losses),
        ("slopes of 16 bits", widened_slope(slope)),
        ("slopes there and back", back),
        ("a gradient of 16 bits", gradient),
        ("slopes through a layer of 16 bits", widened_slope(through)),
    ];
    named_numbers(named.into()).await
}

/// Any numbers without a pattern do; these are the fractional parts of multiples of the golden ratio.
fn numbers(on: &burn::tensor::Device, shape: [usize; 2], start: usize) -> Tensor<2> {
    let each = (0..shape[0] * shape[1]).map(|i| ((start + i) as f64 * 0.618_033_988_749_895).fract() as f32 - 0.5);
    Tensor::from_data(TensorData::new(each.collect::<Vec<f32>>(), shape), on)
}

fn classes(on: &burn::tensor::Device, n_rows: usize, n_classes: usize) -> Tensor<2, Int> {
    let classes: Vec<i32> = (0..n_rows).map(|row| (row * 3 % n_classes) as i32).collect();
    Tensor::from_data(TensorData::new(classes, [n_rows, 1]), on)
}

async fn named_numbers(made: Vec<(&'static str, Tensor<2>)>) -> Result<Vec<Named>, Error> {
    let (names, tensors): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let numbers = read(tensors.into_iter().fold(Transaction::default(), Transaction::register)).await?;
    Ok(names.into_iter().zip(numbers).collect())
}

/// What the operations make of some numbers, by name. Shapes are odd, one is large enough for tiles, and views are read.
async fn computed(device: &Device) -> Result<Vec<Named>, Error> {
    let ops = Ops::on(device);
    let on = device.tensors();
    let numbers = |shape: [usize; 2], start: usize| numbers(on, shape, start);
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
    let classes = classes(on, 37, 5);
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
    named_numbers(made).await
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
        let cpu = Device::cpu();
        let all = [block_on(computed(&cpu)).unwrap(), block_on(learned_by(&cpu)).unwrap()];
        for (what, numbers) in all.into_iter().flatten() {
            assert!(numbers.iter().all(|x| x.is_finite()), "{what}");
            assert!(numbers.iter().any(|x| *x != numbers[0]), "{what}");
        }
    }
}
