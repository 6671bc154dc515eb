//! Where tensors live: the only place that creates a device or reads a tensor back.
//!
//! Everything else takes a [`Device`]. Reading is asynchronous, because on WebGPU in a browser a synchronous read
//! panics. A GPU is used only after [`self_test`]: a shader that fails validation there returns stale numbers silently
//! (<https://github.com/tracel-ai/cubecl/issues/1641>), and a wrong answer is worse than a slow one.

use burn::optim::{AdamConfig, Optimizer};
use burn::tensor::{Int, Tensor, TensorData, Transaction, activation};

use crate::Error;

crate::trouble! {
    /// What the machine cannot do.
    pub enum DeviceError in "environment" {
        /// The browser offers no WebGPU device.
        NoWebGpu { reason: String } => "no_webgpu",
            "WebGPU cannot be used here: {reason}",
            hint "Nothing to do: the CPU takes over. Chromium and recent Safari and Firefox have WebGPU on most machines";
        /// WebGPU computed something else than the CPU.
        SelfTestFailed { what: String, cpu: f32, gpu: f32 } => "self_test_failed",
            "WebGPU computed {gpu} for {what}, where the CPU computes {cpu}",
            hint "The CPU takes over. A newer graphics driver or browser may help";
        /// The device stopped answering.
        DeviceLost { detail: String } => "device_lost",
            "the device stopped answering: {detail}",
            hint "Train again; the CPU takes over if WebGPU does not come back";
    }
}

/// How far f32 on the CPU may be from exact arithmetic, relative to 1: some hundred roundings of 2⁻²⁴ in a row.
pub const CPU_F32: f32 = 1e-5;

/// How far f32 on a GPU may be from the CPU's, relative to 1: WGSL lets `exp` and `log` be off by several units in the
/// last place, lets division be off by 2.5, and leaves the order of a sum to the shader.
pub const WEBGPU_F32: f32 = 1e-3;

/// Where tensors live.
///
/// ```
/// use vitrine::train::Device;
/// let device = Device::cpu();
/// assert_eq!((device.is_webgpu(), device.name()), (false, "CPU"));
/// ```
#[derive(Clone, Debug)]
pub struct Device {
    tensors: burn::tensor::Device,
    is_webgpu: bool,
    name: String,
}

impl Device {
    /// The CPU: burn-flex, always there.
    pub fn cpu() -> Self {
        Self { tensors: burn::tensor::Device::flex(), is_webgpu: false, name: "CPU".to_owned() }
    }

    /// The GPU behind WebGPU, self-tested. Once per worker: a second call is an error.
    ///
    /// **Errors**
    /// - `environment.no_webgpu` when the browser gives no adapter or device;
    /// - `environment.self_test_failed` when it computes something else than the CPU;
    /// - `environment.device_lost` when it stops answering during the test.
    #[cfg(feature = "webgpu")]
    pub async fn webgpu() -> Result<Self, Error> {
        let no_webgpu = |error: burn::tensor::wgpu::WgpuInitError| DeviceError::NoWebGpu { reason: error.to_string() };
        let (tensors, setup) = burn::tensor::Device::wgpu_options().init_with_setup_async().await.map_err(no_webgpu)?;
        let info = setup.adapter.get_info();
        let name = if info.name.is_empty() { "WebGPU".to_owned() } else { info.name };
        let device = Self { tensors, is_webgpu: true, name };
        self_test(&device).await?;
        Ok(device)
    }

    /// The GPU, or else the CPU with the reason why.
    #[cfg(feature = "webgpu")]
    pub async fn webgpu_or_cpu() -> (Self, Option<Error>) {
        match Self::webgpu().await {
            Ok(device) => (device, None),
            Err(error) => (Self::cpu(), Some(error)),
        }
    }

    /// Whether it is a GPU behind WebGPU.
    pub fn is_webgpu(&self) -> bool {
        self.is_webgpu
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// burn's handle, with gradients.
    pub(crate) fn autodiff(&self) -> burn::tensor::Device {
        self.tensors.clone().autodiff()
    }

    /// burn's handle, without gradients.
    pub(crate) fn tensors(&self) -> &burn::tensor::Device {
        &self.tensors
    }
}

/// Reads tensors back, all in one go, in the order they were registered.
///
/// **Errors** `environment.device_lost`.
pub(crate) async fn read(tensors: Transaction) -> Result<Vec<Vec<f32>>, Error> {
    let lost = |detail: String| Error::from(DeviceError::DeviceLost { detail });
    let data = tensors.execute_async().await.map_err(|error| lost(error.to_string()))?;
    data.into_iter()
        .map(|data| data.convert::<f32>().try_to_vec::<f32>().map_err(|error| lost(format!("{error:?}"))))
        .collect()
}

/// Compares a device with the CPU: matrix product, softmax, reductions, a backward pass, an optimiser's step, picking
/// rows and classes.
///
/// **Errors** `environment.self_test_failed` for the first number that differs by more than [`WEBGPU_F32`],
/// `environment.device_lost`.
pub async fn self_test(device: &Device) -> Result<(), Error> {
    let cpu = computed(&Device::cpu()).await?;
    let gpu = computed(device).await?;
    for ((what, cpu), (_, gpu)) in cpu.into_iter().zip(gpu) {
        let agrees = |(a, b): (&f32, &f32)| (a - b).abs() <= WEBGPU_F32 * a.abs().max(1.0);
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
async fn computed(device: &Device) -> Result<Vec<(&'static str, Vec<f32>)>, Error> {
    let (rows, features, outputs) = (37, 19, 5);
    // Any numbers without a pattern do; these are the fractional parts of multiples of the golden ratio.
    let numbers = |n: usize, start: usize| -> Vec<f32> {
        (0..n).map(|i| ((start + i) as f64 * 0.618_033_988_749_895).fract() as f32 - 0.5).collect()
    };
    let on = device.autodiff();
    let x = Tensor::<2>::from_data(TensorData::new(numbers(rows * features, 0), [rows, features]), &on);
    let w = Tensor::<2>::from_data(TensorData::new(numbers(features * outputs, 9), [features, outputs]), &on)
        .require_grad();
    let product = x.matmul(w.clone());
    let probabilities = activation::softmax(product.clone() * 3.0, 1);
    let loss = activation::log_softmax(product.clone(), 1).powi_scalar(2).mean();
    let mut gradients = loss.backward();
    let gradient = w.grad_remove(&mut gradients).expect("the weights require a gradient");
    let adam = AdamConfig::new().build();
    let (once, state) = adam.step(0.1, w.inner(), gradient.clone(), None);
    let (twice, _) = adam.step(0.1, once, gradient.clone() * 0.5, state);
    let picked = Tensor::<1, Int>::from_data(TensorData::new(vec![36i32, 0, 17, 5], [4]), device.tensors());
    let codes = Tensor::<2, Int>::from_data(TensorData::new(vec![4i32, 0, 2, 1], [4, 1]), device.tensors());
    let rows_picked = product.clone().inner().select(0, picked);
    let names = [
        "a matrix product",
        "softmax",
        "row sums",
        "column maxima",
        "a loss",
        "a gradient",
        "an Adam step",
        "picked rows",
        "picked classes",
    ];
    let numbers = read(
        Transaction::default()
            .register(product.clone().inner())
            .register(probabilities.inner())
            .register(product.clone().inner().sum_dim(1))
            .register(product.inner().max_dim(0))
            .register(loss.inner())
            .register(gradient)
            .register(twice)
            .register(rows_picked.clone())
            .register(rows_picked.gather(1, codes)),
    )
    .await?;
    Ok(names.into_iter().zip(numbers).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::block_on;

    #[test]
    fn the_cpu_passes_its_own_test() {
        block_on(self_test(&Device::cpu())).unwrap();
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
