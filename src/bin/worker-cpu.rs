//! The CPU worker: the engine without tensors, started with the page. It owns every table and every model.

#[cfg(target_arch = "wasm32")]
mod host;

#[cfg(target_arch = "wasm32")]
fn main() {
    host::run_on_cpu();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("worker-cpu runs in a browser: build it for wasm32-unknown-unknown, or run `cargo xtask serve`");
}
