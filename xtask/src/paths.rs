//! Where things are: the clone, and the cache folder outside it that a second clone on this machine finds warm.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::process::{Failure, Outcome};

/// The clone's root folder. Where cargo runs this, it says where; it may have been compiled in another clone, with which
/// this one shares its build products.
pub(crate) fn root() -> &'static Path {
    static HERE: LazyLock<PathBuf> = LazyLock::new(|| {
        let compiled = || env!("CARGO_MANIFEST_DIR").into();
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(compiled).into()
    });
    HERE.parent().expect("xtask/ is a folder of the workspace")
}

/// The built site: what any static host can serve.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// `$VITRINE_CACHE`, else `$XDG_CACHE_HOME/vitrine`, else `~/.cache/vitrine`; created if missing.
pub(crate) fn cache() -> Outcome<PathBuf> {
    let from_env = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = from_env("VITRINE_CACHE")
        .or_else(|| from_env("XDG_CACHE_HOME").map(|cache| cache.join("vitrine")))
        .or_else(|| from_env("HOME").or_else(|| from_env("USERPROFILE")).map(|home| home.join(".cache/vitrine")))
        .ok_or_else(|| Failure::new("no folder for tools and build products").hint("set VITRINE_CACHE to a folder"))?;
    let folder = std::path::absolute(&folder).map_err(|error| Failure::file(&folder, &error))?;
    create_folder(&folder)?;
    Ok(folder)
}

/// A folder inside the cache, created if missing.
pub(crate) fn cache_folder(name: &str) -> Outcome<PathBuf> {
    let folder = cache()?.join(name);
    create_folder(&folder)?;
    Ok(folder)
}

/// Tools of ours: `bin/` from cargo, `node_modules/` from npm.
pub(crate) fn tools() -> Outcome<PathBuf> {
    cache_folder("tools")
}

/// A cargo target folder: `native`, `wasm` or `tools`, so that one never invalidates another.
///
/// Clones share it, and cargo tells their crates apart by the age of the files only: a clone that comes back after
/// another has built would be handed the other's crates. So the roots of ours are made new then.
pub(crate) fn target(kind: &str) -> Outcome<PathBuf> {
    let folder = cache_folder(&format!("target/{kind}"))?;
    let last = folder.join("last-clone");
    let here = root().to_string_lossy();
    if std::fs::read_to_string(&last).is_ok_and(|path| path == here) {
        return Ok(folder);
    }
    for file in ["src/lib.rs", "src/bin/worker-cpu.rs", "protocol/src/lib.rs", "www/src/main.rs"] {
        let file = root().join(file);
        std::fs::File::options()
            .append(true)
            .open(&file)
            .and_then(|file| file.set_modified(std::time::SystemTime::now()))
            .map_err(|error| Failure::file(&file, &error))?;
    }
    std::fs::write(&last, here.as_bytes()).map_err(|error| Failure::file(&last, &error))?;
    Ok(folder)
}

/// A log file for what runs in the background.
pub(crate) fn log(name: &str) -> Outcome<PathBuf> {
    Ok(cache_folder("logs")?.join(format!("{name}.log")))
}

/// Creates a folder and its parents.
pub(crate) fn create_folder(folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, &error))
}

/// Every file below a folder, sorted, so that whatever is made from the list is the same on every machine.
pub(crate) fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| Failure::file(&folder, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| Failure::file(&folder, &error))?.path();
            if path.is_dir() { waiting.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// Copies everything below `from` into `to`, over what is there.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Outcome<()> {
    for file in files_below(from)? {
        let target = to.join(file.strip_prefix(from).expect("files_below lists what is below"));
        create_folder(target.parent().expect("a file has a folder"))?;
        std::fs::copy(&file, &target).map_err(|error| Failure::file(&target, &error))?;
    }
    Ok(())
}

/// Removes a folder if it is there.
pub(crate) fn remove_folder(folder: &Path) -> Outcome<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file(folder, &error)),
        _ => Ok(()),
    }
}

/// Keeps the newest `n_kept` folders below `parent`: old builds in the cache are worth nothing.
pub(crate) fn prune(parent: &Path, n_kept: usize) -> Outcome<()> {
    let entries = std::fs::read_dir(parent).map_err(|error| Failure::file(parent, &error))?;
    let mut aged: Vec<_> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    aged.sort();
    for (_, path) in aged.iter().rev().skip(n_kept) {
        // Another process may be removing the same one.
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
    Ok(())
}
