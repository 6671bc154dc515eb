//! With `VITRINE_SPLIT` set, as xtask does, the page's wasm is made to be cut into parts (`src/views/parts.rs`): the
//! linker leaves relocations, by which `wasm-split-cli` finds what belongs where. Without it the page is one module.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(split)");
    println!("cargo::rerun-if-env-changed=VITRINE_SPLIT");
    let is_wasm = std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm");
    if is_wasm && std::env::var_os("VITRINE_SPLIT").is_some() {
        println!("cargo::rustc-cfg=split");
        println!("cargo::rustc-link-arg-bins=--emit-relocs");
    }
}
