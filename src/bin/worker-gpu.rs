//! The GPU worker: the engine with burn-wgpu, fetched when WebGPU is wanted. It trains, and hands its models over.

#[cfg(target_arch = "wasm32")]
mod host;

#[cfg(target_arch = "wasm32")]
fn main() {
    use vitrine::train::Device;
    use vitrine::worker::WorkerDevice;

    host::run(async {
        // Without a usable GPU this is the CPU with its reason, `Ready` says so, and the page asks the CPU workers.
        let (device, trouble) = Device::webgpu_or_cpu().await;
        WorkerDevice { device, fallback_reason: trouble.map(|error| error.to_string()) }
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("worker-gpu runs in a browser: build it for wasm32-unknown-unknown, or run `cargo xtask serve`");
}
