//! `cargo xtask setup`: installs what is missing and says so; does nothing, quickly, when all is there.

use std::process::ExitCode;
use std::time::Instant;

use crate::args::{Args, Known};
use crate::process::{Failure, Outcome, duration, find_program, print, run, say};
use crate::toolchain::{Toolchain, WASM_TARGET};
use crate::{browser, paths, tools};

const HELP: &str = "\
Install what building and testing need and this machine lacks.

Usage: cargo xtask setup [--no-tests]

Options:
  --no-tests  Only what `build` and `serve` need: no browser

Needs cargo, Node with npm, and for benches Python. Installs, each with one line that says why:
  the wasm target (with rustup, else the Debian packages), wasm-bindgen at Cargo.lock's version,
  wasm-split, Trunk, wasm-opt, esbuild, and for tests Chromium, its driver, playwright-core and axe-core.
Tools go to the cache folder ($VITRINE_CACHE, else ~/.cache/vitrine); system packages need root.
The other commands do this by themselves.";

const KNOWN: Known = Known { switches: &["--no-tests"], values: &[] };

/// `cargo xtask setup`.
pub(crate) fn command(words: &[String]) -> Outcome<ExitCode> {
    let args = Args::parse(words, &KNOWN)?;
    if args.wants_help {
        print(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    for_builds()?;
    if !args.has("--no-tests") {
        browser::ensure()?;
    }
    say(format!("everything is there ({}); tools are in {}", duration(started.elapsed()), paths::tools()?.display()));
    Ok(ExitCode::SUCCESS)
}

/// What `build` and `serve` need: a compiler for wasm, the wasm tools, and our dependencies' sources.
pub(crate) fn for_builds() -> Outcome<Toolchain> {
    if find_program(&["node"]).is_none() {
        return Err(Failure::new("there is no Node").hint("install Node 20 or newer, then run the command again"));
    }
    let toolchain = Toolchain::ensure()?;
    tools::ensure()?;
    // Trunk runs with --offline, so that it downloads no tools; it passes that on to cargo.
    run(toolchain.cargo()?.args(["fetch", "--quiet", "--target", WASM_TARGET]))?;
    Ok(toolchain)
}
