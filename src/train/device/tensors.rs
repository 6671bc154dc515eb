//! Reading tensors back, and the comparison of a device with the CPU.

use burn::tensor::{Int, Tensor, TensorData, Transaction, activation};

use super::{Device, DeviceError, WEBGPU_F32};
use crate::Error;

/// Numbers, and what they are.
pub(super) type Named = (&'static str, Vec<f32>);

/// Reads tensors back, all in one go, in the order they were registered.
///
/// **Errors** `environment.device_lost`.
pub(crate) async fn read(tensors: Transaction) -> Result<Vec<Vec<f32>>, Error> {
    let lost = |detail: String| Error::from(DeviceError::DeviceLost { detail: innermost(&detail).to_owned() });
    let data = tensors.execute_async().await.map_err(|error| lost(error.to_string()))?;
    data.into_iter()
        .map(|data| data.convert::<f32>().try_to_vec::<f32>().map_err(|error| lost(format!("{error:?}"))))
        .collect()
}

/// The cause behind all others, of what an error says with its causes and where they were, line by line.
fn innermost(words: &str) -> &str {
    let is_cause = |line: &&str| !line.is_empty() && !line.ends_with(':') && !line.contains("backtrace");
    words.lines().map(str::trim).rfind(is_cause).unwrap_or(words)
}

/// Compares a device with the CPU: matrix products, softmax, reductions, a loss, picking
/// rows and classes, and what nets do besides.
///
/// **Errors** `environment.self_test_failed` for the first number that differs by more than [`WEBGPU_F32`],
/// `environment.device_lost`.
pub async fn self_test(device: &Device) -> Result<(), Error> {
    let cpu = computed(&Device::cpu()).await?;
    let gpu = computed(device).await?;
    differs(cpu, gpu, WEBGPU_F32)
}

/// **Errors** `environment.self_test_failed` for the first number, by name, that differs from the CPU's by more than this
/// much of it, or of 1.
pub(super) fn differs(cpu: Vec<Named>, gpu: Vec<Named>, tolerance: f32) -> Result<(), Error> {
    for ((what, cpu), (_, gpu)) in cpu.into_iter().zip(gpu) {
        let agrees = |(a, b): (&f32, &f32)| (a - b).abs() <= tolerance * a.abs().max(1.0);
        if cpu.len() != gpu.len() {
            let (cpu, gpu) = (cpu.len() as f32, gpu.len() as f32);
            return Err(DeviceError::SelfTestFailed { what: format!("the size of {what}"), cpu, gpu }.into());
        }
        if let Some((&cpu, &gpu)) = cpu.iter().zip(&gpu).find(|&pair| !agrees(pair)) {
            return Err(DeviceError::SelfTestFailed { what: what.to_owned(), cpu, gpu }.into());
        }
    }
    Ok(())
}

/// The numbers of the self-test by name. The shapes are odd on purpose: padding is where kernels go wrong.
async fn computed(device: &Device) -> Result<Vec<Named>, Error> {
    let (rows, features, outputs) = (37, 19, 5);
    // Any numbers without a pattern do; these are the fractional parts of multiples of the golden ratio.
    let numbers = |n: usize, start: usize| -> Vec<f32> {
        (0..n).map(|i| ((start + i) as f64 * 0.618_033_988_749_895).fract() as f32 - 0.5).collect()
    };
    let on = device.tensors();
    let x = Tensor::<2>::from_data(TensorData::new(numbers(rows * features, 0), [rows, features]), on);
    let w = Tensor::<2>::from_data(TensorData::new(numbers(features * outputs, 9), [features, outputs]), on);
    let product = x.clone().matmul(w);
    let probabilities = activation::softmax(product.clone() * 3.0, 1);
    let loss = activation::log_softmax(product.clone(), 1).powi_scalar(2).mean();
    let gradient = x.transpose().matmul(product.clone());
    let picked = Tensor::<1, Int>::from_data(TensorData::new(vec![36i32, 0, 17, 5], [4]), device.tensors());
    let codes = Tensor::<2, Int>::from_data(TensorData::new(vec![4i32, 0, 2, 1], [4, 1]), device.tensors());
    let rows_picked = product.clone().select(0, picked);
    let plain = product.clone();
    let bent = plain.clone().tanh() + plain.clone().erf() + activation::sigmoid(plain.clone());
    let centred = plain.clone() - plain.clone().mean_dim(0);
    let standardised = centred.clone() * ((centred.clone() * centred).mean_dim(0) + 1e-5).sqrt().recip();
    let signs = plain.clone().sign() + plain.clone().mask_fill(plain.lower_equal_elem(0.0), 0.0).exp();
    let classes = Tensor::<1, Int>::arange(0..outputs as i64, device.tensors()).reshape([1, outputs]);
    let is_class = codes.clone().equal(classes).float();
    let names = [
        "a matrix product",
        "softmax",
        "row sums",
        "column maxima",
        "a loss",
        "a gradient",
        "picked rows",
        "picked classes",
        "activations",
        "standardised columns",
        "signs and masks",
        "classes by name",
    ];
    let numbers = read(
        Transaction::default()
            .register(product.clone())
            .register(probabilities)
            .register(product.clone().sum_dim(1))
            .register(product.max_dim(0))
            .register(loss)
            .register(gradient)
            .register(rows_picked.clone())
            .register(rows_picked.gather(1, codes))
            .register(bent)
            .register(standardised)
            .register(signs)
            .register(is_class),
    )
    .await?;
    Ok(names.into_iter().zip(numbers).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::block_on;
    use crate::train::device::CPU_F32;

    #[test]
    fn the_cpu_passes_its_own_test() {
        block_on(self_test(&Device::cpu())).unwrap();
    }

    #[test]
    fn of_causes_within_causes_the_innermost_is_told() {
        let words = "The device is poisoned\nCaused by:\n  Destroyed: Device was destroyed.\nBacktrace:\nNo backtrace available";
        assert_eq!(innermost(words), "Destroyed: Device was destroyed.");
        assert_eq!((innermost("one line"), innermost("")), ("one line", ""));
    }

    #[test]
    fn the_self_test_looks_at_numbers_that_vary() {
        // A test of constants could not fail.
        for (what, numbers) in block_on(computed(&Device::cpu())).unwrap() {
            assert!(numbers.iter().all(|x| x.is_finite()), "{what}");
            assert!(numbers.len() == 1 || numbers.iter().any(|x| *x != numbers[0]), "{what}");
        }
    }

    #[test]
    fn a_matrix_product_is_within_its_tolerance_of_exact() {
        let on = Device::cpu();
        let x = Tensor::<2>::from_data(TensorData::new(vec![0.1f32; 64], [1, 64]), on.tensors());
        let y = Tensor::<2>::from_data(TensorData::new(vec![0.7f32; 64], [64, 1]), on.tensors());
        let product = block_on(read(Transaction::default().register(x.matmul(y)))).unwrap();
        assert!((product[0][0] - 4.48).abs() <= CPU_F32 * 4.48, "{product:?}");
    }
}
