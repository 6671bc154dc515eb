//! The CPU worker: the engine without tensors, started with the page. It owns every table and every model.

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
        let device = WorkerDevice { device: Device::cpu(), fallback_reason: None };
        worker::run(inbox, Rc::new(host::WorkerHost::new()), device).await;
    });
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("worker-cpu runs in a browser: build it for wasm32-unknown-unknown, or run `cargo xtask serve`");
}
