//! The GPU worker: cargo, wasm-bindgen and wasm-opt without Trunk, because it is the slow one and rarely changes.
//!
//! The result is kept in the cache folder under the hash of what it is made from, and copied into `dist/` from there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::build::ALIKE_TOGETHER;
use crate::process::{Failure, Outcome, duration, run_into, say};
use crate::toolchain::{Toolchain, WASM_TARGET};
use crate::{digest, paths, tools, wasm_opt};

/// Cargo.toml's profile that is small first and fast where it matters.
const PROFILE: &str = "gpu";

/// Enough to fit the budget of 4 MB gzipped; `-Oz` takes eight minutes in Node for a tenth less.
const PASSES: &[&str] = &["-O1", ALIKE_TOGETHER];

/// What `new Worker(…, { type: "module" })` is given, like those that Trunk writes for the CPU workers.
const LOADER: &str = "import init from './worker-gpu.js';await init();";

/// How many GPU workers the cache keeps.
const N_KEPT: usize = 4;

/// The folder with the built GPU worker if these sources were built before.
pub(crate) fn kept(toolchain: Toolchain) -> Outcome<Option<PathBuf>> {
    let folder = folder(toolchain)?;
    Ok(folder.is_dir().then_some(folder))
}

/// The folder with the built GPU worker; built if these sources never were, with the output in `log` if there is one.
pub(crate) fn ensure(toolchain: Toolchain, log: Option<&Path>) -> Outcome<PathBuf> {
    if let Some(kept) = kept(toolchain)? {
        return Ok(kept);
    }
    let started = Instant::now();
    say("building the GPU worker (about 15 minutes the first time, on 2 cores)");
    let (folder, build) = (folder(toolchain)?, digest::build_id()?);
    let mut cargo = toolchain.cargo()?;
    cargo
        .args(["build", "--profile", PROFILE, "--target", WASM_TARGET])
        .args(["--package", "vitrine", "--bin", "worker-gpu", "--features", "webgpu"])
        .env("VITRINE_BUILD", build);
    run_into(&mut cargo, log)?;

    let partial = folder.with_extension(format!("{}.partial", std::process::id()));
    let wasm = paths::target("wasm")?.join(WASM_TARGET).join(PROFILE).join("worker-gpu.wasm");
    let mut bindgen = Command::new(tools::program("wasm-bindgen")?);
    bindgen
        .args(["--target", "web", "--no-typescript", "--out-name", "worker-gpu", "--out-dir"])
        .arg(&partial)
        .arg(&wasm);
    run_into(&mut bindgen, log)?;
    wasm_opt::optimize(&partial.join("worker-gpu_bg.wasm"), PASSES)?;
    let loader = partial.join("worker-gpu_loader.js");
    std::fs::write(&loader, LOADER).map_err(|error| Failure::file(&loader, &error))?;

    // A source saved meanwhile may be in the build or not: such a build is used, but never taken for another one.
    let folder = if self::folder(toolchain)? == folder { folder } else { folder.with_extension("changed") };
    paths::remove_folder(&folder)?;
    std::fs::rename(&partial, &folder).map_err(|error| Failure::file(&folder, &error))?;
    paths::prune(&paths::cache_folder("gpu")?, N_KEPT)?;
    say(format!("the GPU worker is built ({})", duration(started.elapsed())));
    Ok(folder)
}

fn folder(toolchain: Toolchain) -> Outcome<PathBuf> {
    let (build, compiler, tools) = (digest::build_id()?, toolchain.version()?, tools::versions()?);
    let key = digest::hash_texts(&[&build, &compiler, &tools, PROFILE, &PASSES.join(" "), LOADER]);
    Ok(paths::cache_folder("gpu")?.join(key))
}
