//! Where tensors live: the only place that creates a device or reads a tensor back.
//!
//! Everything else takes a [`Device`]. Reading is asynchronous, because on WebGPU in a browser a synchronous read
//! panics. A GPU is used only after [`self_test`]: a shader that fails validation there returns stale numbers silently
//! (<https://github.com/tracel-ai/cubecl/issues/1641>), and a wrong answer is worse than a slow one.

#[cfg(any(feature = "webgpu", all(test, feature = "tensors")))]
mod agreement;
#[cfg(feature = "webgpu")]
mod fused;
#[cfg(feature = "webgpu")]
mod kernels;
#[cfg(feature = "tensors")]
mod ops;
#[cfg(feature = "tensors")]
mod tensors;

#[cfg(feature = "webgpu")]
use crate::Error;
#[cfg(feature = "tensors")]
pub(crate) use ops::{Bend, Ops, Rule, Stride, bent, penalised, slope_before, widened, widened_slope};
#[cfg(feature = "tensors")]
pub(crate) use tensors::read;
#[cfg(feature = "tensors")]
pub use tensors::self_test;

crate::trouble! {
    /// What the machine cannot do.
    pub enum DeviceError in "environment" {
        /// The browser offers no WebGPU device.
        NoWebGpu { reason: String } => "no_webgpu",
            "WebGPU cannot be used here: {reason}",
            hint "Nothing to do: the CPU takes over. Chromium and recent Safari and Firefox have WebGPU on most machines";
        /// This worker was built without tensors.
        NoTensors {} => "no_tensors",
            "this worker fits only what needs no tensors",
            hint "vitrine.js asks worker-tensors for such a fit; ask it too";
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
    #[cfg(feature = "tensors")]
    tensors: burn::tensor::Device,
    is_webgpu: bool,
    #[cfg(feature = "webgpu")]
    is_fusing: bool,
    /// Whether products read and write numbers of 16 bits, and whether they can.
    #[cfg(feature = "webgpu")]
    is_half: bool,
    #[cfg(feature = "webgpu")]
    has_half: bool,
    name: String,
}

/// What of a GPU's memory is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Bytes of tensors that are alive.
    pub in_use_bytes: u64,
    /// Bytes taken from the GPU, with what is kept for tensors to come.
    pub reserved_bytes: u64,
    /// Pieces that are handed out, to tensors and to what kernels are told.
    pub n_pieces: u64,
}

impl Device {
    /// The CPU: burn-flex, always there.
    pub fn cpu() -> Self {
        Self {
            #[cfg(feature = "tensors")]
            tensors: burn::tensor::Device::flex(),
            is_webgpu: false,
            #[cfg(feature = "webgpu")]
            is_fusing: false,
            #[cfg(feature = "webgpu")]
            is_half: false,
            #[cfg(feature = "webgpu")]
            has_half: false,
            name: "CPU".to_owned(),
        }
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
        let has_half = tensors.supports_dtype(burn::tensor::DType::F16);
        let device = Self { tensors, is_webgpu: true, is_fusing: true, is_half: false, has_half: false, name };
        self_test(&device).await?;
        agreement::agree(&device).await?;
        // A GPU that is wrong with 16 bits has its 32 still.
        let has_half = has_half && agreement::agree_in_half(&device).await.is_ok();
        Ok(Self { has_half, ..device })
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

    /// The same device, on which a net's operations are burn's one after the other, instead of kernels that do several.
    pub fn without_fusion(self) -> Self {
        Self {
            #[cfg(feature = "webgpu")]
            is_fusing: false,
            #[cfg(feature = "webgpu")]
            has_half: false,
            ..self
        }
    }

    /// The same device, on which a net's products read and write numbers of 16 bits, if it can: sums, the weights that are
    /// learned and what an optimiser remembers keep their 32.
    pub fn in_half(self) -> Option<Self> {
        #[cfg(feature = "webgpu")]
        if self.has_half {
            return Some(Self { is_half: true, ..self });
        }
        None
    }

    /// Whether a net's products read and write numbers of 16 bits.
    pub fn is_half(&self) -> bool {
        #[cfg(feature = "webgpu")]
        return self.is_half;
        #[cfg(not(feature = "webgpu"))]
        false
    }

    /// What of its memory is taken: of a GPU's, as far as it was handed out here.
    pub fn pool(&self) -> Option<Pool> {
        #[cfg(feature = "webgpu")]
        if self.is_webgpu {
            return self.tensors.memory_pool_usage().map(|usage| Pool {
                in_use_bytes: usage.bytes_in_use,
                reserved_bytes: usage.bytes_reserved,
                n_pieces: usage.number_allocs,
            });
        }
        None
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// burn's handle.
    #[cfg(feature = "tensors")]
    pub(crate) fn tensors(&self) -> &burn::tensor::Device {
        &self.tensors
    }
}
