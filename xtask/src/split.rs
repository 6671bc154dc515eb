//! Cuts the page's wasm into the module that everybody downloads and the parts that come when a view needs them
//! (`www/src/views/parts.rs` says which).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Failure, Outcome, run_logged};
use crate::{paths, tools};

/// What cargo makes of the page's crate, and the stem of what wasm-bindgen makes of that.
const NAME: &str = "vitrine-page";

/// Replaces the page's module in a folder built by Trunk by the cut one, and puts its parts beside it.
///
/// Trunk has run wasm-bindgen on the whole module; a cut one needs it again, on the part that has the bindings.
pub(crate) fn page(built: &Path) -> Outcome<()> {
    let whole = paths::target("wasm")?.join(format!("wasm32-unknown-unknown/page/{NAME}.wasm"));
    let parts = built.with_extension("parts");
    paths::remove_folder(&parts)?;
    let log = paths::log("split")?;
    let mut split = Command::new(tools::program("wasm-split-cli")?);
    split.arg(whole).arg(&parts).args(["--target", "web", "--out-name", NAME]);
    run_logged(&mut split, &log)?;
    let main = parts.join(format!("{NAME}.wasm"));
    let mut bindgen = Command::new(tools::program("wasm-bindgen")?);
    bindgen.args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--no-demangle", "--out-name", NAME]);
    run_logged(bindgen.arg("--out-dir").arg(built).arg(&main), &log)?;
    for file in paths::files_below(&parts)?.into_iter().filter(|file| *file != main) {
        let to = built.join(file.file_name().expect("files_below lists files"));
        std::fs::rename(&file, &to).map_err(|error| Failure::file(&file, &error))?;
    }
    paths::remove_folder(&parts)
}

/// The parts in a folder that has been cut.
pub(crate) fn parts(built: &Path) -> Outcome<Vec<PathBuf>> {
    let is_part = |file: &PathBuf| {
        let name = file.file_name().expect("files_below lists files").to_string_lossy();
        name.ends_with(".wasm") && (name.starts_with("split_") || name.starts_with("chunk_"))
    };
    Ok(paths::files_below(built)?.into_iter().filter(is_part).collect())
}
