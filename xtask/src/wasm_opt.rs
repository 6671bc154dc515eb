//! `wasm-opt`, remembered by content: it takes minutes on a large module, and an unchanged module needs it once.

use std::path::Path;
use std::process::Command;

use crate::process::{Failure, Outcome, run_logged};
use crate::{digest, paths, tools};

/// What rustc and wasm-bindgen emit beyond the first version of wasm.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-simd",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
    "--enable-reference-types",
];

/// How many results the cache keeps.
const N_KEPT: usize = 24;

/// Shrinks a module in place with the given passes (`-Oz`, `-O3`, …).
pub(crate) fn optimize(wasm: &Path, passes: &[&str]) -> Outcome<()> {
    let folder = paths::cache_folder("wasm-opt")?;
    let key = digest::hash_file(wasm, &[&tools::versions()?, &passes.join(" "), &FEATURES.join(" ")])?;
    let kept = folder.join(format!("{key}.wasm"));
    if !kept.is_file() {
        let partial = folder.join(format!("{key}.{}.partial", std::process::id()));
        let mut command = Command::new(tools::node_bin()?.join("wasm-opt"));
        command.args(passes).args(FEATURES).arg(wasm).arg("--output").arg(&partial);
        run_logged(&mut command, &paths::log("wasm-opt")?)?;
        std::fs::rename(&partial, &kept).map_err(|error| Failure::file(&kept, &error))?;
        paths::prune(&folder, N_KEPT)?;
    }
    std::fs::copy(&kept, wasm).map_err(|error| Failure::file(wasm, &error))?;
    Ok(())
}
