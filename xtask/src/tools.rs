//! The wasm tools: wasm-bindgen, wasm-split and Trunk from cargo, wasm-opt from npm, all in the cache folder and never in the
//! user's own.

use std::path::PathBuf;
use std::process::Command;

use crate::packages::{self, NodePackage};
use crate::paths;
use crate::process::{Failure, Outcome, run, say};

/// Trunk 0.22 wants a newer compiler than the packaged one.
const TRUNK_VERSION: &str = "0.21.14";

/// Cuts a module where `wasm_split` says so; the crate of that name, which leptos brings, must understand it.
const WASM_SPLIT_VERSION: &str = "0.2.4";

/// `wasm-opt`, built to run in Node; Debian's binaryen is too old for what rustc emits.
const BINARYEN: NodePackage = NodePackage { name: "binaryen", version: "132.0.0", why: "wasm-opt makes wasm smaller" };

/// esbuild, which leaves out of JavaScript and CSS what only people read.
const ESBUILD: NodePackage =
    NodePackage { name: "esbuild", version: "0.28.2", why: "it makes JavaScript and CSS smaller" };

/// Installs what the builds need and is not there yet.
pub(crate) fn ensure() -> Outcome<()> {
    ensure_wasm_bindgen()?;
    ensure_wasm_split()?;
    ensure_trunk()?;
    packages::ensure(&[BINARYEN, ESBUILD])
}

/// One of our programs installed by cargo.
pub(crate) fn program(name: &str) -> Outcome<PathBuf> {
    Ok(paths::tools()?.join("bin").join(name))
}

/// Where npm puts programs.
pub(crate) fn node_bin() -> Outcome<PathBuf> {
    Ok(paths::tools()?.join("node_modules/.bin"))
}

/// The versions of the tools that shape a build's bytes, for keys.
pub(crate) fn versions() -> Outcome<String> {
    let (wasm_bindgen, binaryen, esbuild) = (wasm_bindgen_version()?, BINARYEN.version, ESBUILD.version);
    Ok(format!(
        "wasm-bindgen {wasm_bindgen} wasm-split {WASM_SPLIT_VERSION} trunk {TRUNK_VERSION} binaryen {binaryen} \
         esbuild {esbuild}"
    ))
}

/// wasm-bindgen's command line reads a section that its crate writes: the two must be one version.
fn ensure_wasm_bindgen() -> Outcome<()> {
    let version = wasm_bindgen_version()?;
    if is_installed("wasm-bindgen-cli", &version)? {
        return Ok(());
    }
    say(format!("installing wasm-bindgen {version}: it writes the JavaScript side of our wasm (2 to 5 minutes)"));
    // Without --locked: its lock file names a release that registries no longer serve.
    install_crate("wasm-bindgen-cli", &version, &[])
}

fn ensure_wasm_split() -> Outcome<()> {
    if is_installed("wasm_split_cli_support", WASM_SPLIT_VERSION)? {
        return Ok(());
    }
    say(format!("installing wasm-split {WASM_SPLIT_VERSION}: it cuts the page into parts (1 to 2 minutes)"));
    install_crate("wasm_split_cli_support", WASM_SPLIT_VERSION, &["--locked", "--features", "build-binary"])
}

fn ensure_trunk() -> Outcome<()> {
    if is_installed("trunk", TRUNK_VERSION)? {
        return Ok(());
    }
    say(format!("installing Trunk {TRUNK_VERSION}: it puts the page together (3 to 8 minutes)"));
    install_crate("trunk", TRUNK_VERSION, &["--locked", "--no-default-features", "--features", "rustls"])
}

fn install_crate(name: &str, version: &str, options: &[&str]) -> Outcome<()> {
    let mut cargo = Command::new("cargo");
    cargo
        // Outside the clone, whose .cargo/config.toml is not about tools.
        .current_dir(paths::cache()?)
        .args(["install", name, "--version", version, "--force", "--root"])
        .arg(paths::tools()?)
        .args(options)
        .env("CARGO_TARGET_DIR", paths::target("tools")?)
        // Half the compile time, and their own speed is not what a build waits for.
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2");
    run(&mut cargo)
}

/// Whether cargo put this version there; it keeps a list, and not every program tells its version.
fn is_installed(name: &str, version: &str) -> Outcome<bool> {
    let list = std::fs::read_to_string(paths::tools()?.join(".crates.toml")).unwrap_or_default();
    Ok(list.lines().any(|line| line.starts_with(&format!("\"{name} {version} "))))
}

/// The version that Cargo.lock holds for the crate `wasm-bindgen`.
fn wasm_bindgen_version() -> Outcome<String> {
    let path = paths::root().join("Cargo.lock");
    let lock = std::fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
    locked_version(&lock, "wasm-bindgen").ok_or_else(|| {
        Failure::new("Cargo.lock holds no wasm-bindgen")
            .hint("run `cargo generate-lockfile`, then run the command again")
    })
}

fn locked_version(lock: &str, name: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = \"{name}\""))?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_version_is_found_by_the_whole_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "trunk"), None);
    }
}
