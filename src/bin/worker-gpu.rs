//! The GPU worker: the engine with burn-wgpu, fetched when WebGPU is wanted. It trains, and hands its models over.

#[cfg(target_arch = "wasm32")]
mod host;

#[cfg(target_arch = "wasm32")]
fn main() {
    use vitrine::train::Device;
    use vitrine::worker::WorkerDevice;

    run_constructors();
    host::run(async {
        // Without a usable GPU this is the CPU with its reason, `Ready` says so, and the page asks the CPU workers.
        let (device, trouble) = Device::webgpu_or_cpu().await;
        WorkerDevice { device, fallback_reason: trouble.map(|error| error.to_string()) }
    });
}

/// Runs what cubecl's compiler registers its dialects by, once.
///
/// Its thousands of constructors come through `inventory`. In a module that never names `__wasm_call_ctors` itself, the
/// linker runs them all at the start of every exported function, and wasm-bindgen calls exported functions for each
/// JavaScript value it holds: five to ten milliseconds per kernel launched.
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "the linker makes this function, and only a foreign declaration can name it")]
fn run_constructors() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker's function takes and gives nothing. Nothing has run before `main`, and nothing calls it again.
    unsafe { __wasm_call_ctors() }
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("worker-gpu runs in a browser: build it for wasm32-unknown-unknown, or run `cargo xtask serve`");
}
