//! The tensor worker: the engine with burn-flex, fetched when something is fitted by gradient descent on the CPU. It
//! trains, and hands its models over.

#[cfg(target_arch = "wasm32")]
mod host;

#[cfg(target_arch = "wasm32")]
fn main() {
    host::run_on_cpu();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("worker-tensors runs in a browser: build it for wasm32-unknown-unknown, or run `cargo xtask serve`");
}
