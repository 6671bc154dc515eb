//! The GPU worker: the engine with burn-wgpu, fetched when WebGPU is wanted. It trains, and hands its models over.

#[cfg(target_arch = "wasm32")]
mod host;

#[cfg(target_arch = "wasm32")]
fn main() {
    use std::rc::Rc;
    use vitrine::train::Device;
    use vitrine::worker::{self, Inbox, WorkerDevice};

    host::install_panic_hook();
    let inbox = Inbox::new();
    // Before anything is awaited, so that no message is lost.
    host::listen(inbox.clone());
    wasm_bindgen_futures::spawn_local(async move {
        host::hold_life_lock().await;
        // Without a usable GPU this is the CPU with its reason, `Ready` says so, and the page asks the CPU worker.
        let (device, trouble) = Device::webgpu_or_cpu().await;
        let device = WorkerDevice { device, fallback_reason: trouble.map(|error| error.to_string()) };
        worker::run(inbox, Rc::new(host::WorkerHost::new()), device).await;
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("worker-gpu runs in a browser: build it for wasm32-unknown-unknown, or run `cargo xtask serve`");
}
