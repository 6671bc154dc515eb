//! `cargo xtask test`: every check there is, one section after the other, and one line at the end.
//!
//! A section that fails does not keep the next ones from running. The GPU worker, the slowest thing to build, is
//! built beside the first sections and waited for by the section that needs it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::args::{Args, Known};
use crate::browser::Browser;
use crate::process::{Failure, Outcome, duration, print, run, run_told, say, say_error};
use crate::server::Server;
use crate::tally::Tally;
use crate::toolchain::{Toolchain, WASM_TARGET};
use crate::{browser, build, gpu, paths, setup, toolchain, tools};

const HELP: &str = "\
Run every check and test; the last line is `N passed, M failed`.

Usage: cargo xtask test [--only <section>]... [--skip-gpu]

Sections, in order:
  fmt     rustfmt agrees
  clippy  no warnings, natively and for wasm
  native  unit tests and tests/it
  doc     the examples in the documentation
  web     tests/web: the engine in a worker of a real browser
  page    tests/page: the page in a real browser, with software WebGPU and without any adapter

Options:
  --only <section>  Only this section; may be given more than once
  --skip-gpu        Without the GPU worker, which takes a quarter of an hour to build the first time

Installs what is missing, Chromium and its driver included. A section that fails does not stop the others.";

const KNOWN: Known = Known { switches: &["--skip-gpu"], values: &["--only"] };

/// A section: its name and what it runs.
type Section = (&'static str, fn(&Shared) -> Outcome<Tally>);

const SECTIONS: &[Section] =
    &[("fmt", fmt), ("clippy", clippy), ("native", native), ("doc", doc), ("web", web), ("page", page)];

/// What the sections share.
struct Shared {
    toolchain: Toolchain,
    browser: Browser,
    with_gpu: bool,
}

/// `cargo xtask test`.
pub(crate) fn command(words: &[String]) -> Outcome<ExitCode> {
    let args = Args::parse(words, &KNOWN)?;
    if args.wants_help {
        print(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = choose(&args.all("--only"))?;
    let started = Instant::now();
    toolchain::ensure_checkers()?;
    let shared =
        Shared { toolchain: setup::for_builds()?, browser: browser::ensure()?, with_gpu: !args.has("--skip-gpu") };
    let needs_gpu = shared.with_gpu && chosen.iter().any(|(name, _)| *name == "page");
    let mut gpu_build = needs_gpu.then(|| build_gpu_beside(shared.toolchain)).transpose()?;

    let mut total = Tally::default();
    let mut lines = Vec::new();
    for (name, section) in chosen {
        let section_started = Instant::now();
        if name == "page" {
            wait_for_gpu(gpu_build.take());
        }
        say(format!("section {name}"));
        let tally = section(&shared).unwrap_or_else(|failure| {
            say_error(&failure);
            Tally::one(false)
        });
        total = total.plus(tally);
        let (n_passed, n_failed, time) = (tally.n_passed, tally.n_failed, duration(section_started.elapsed()));
        lines.push(format!("  {name:<8} {n_passed:>5} passed {n_failed:>4} failed   {time}"));
    }
    print(&lines.join("\n"));
    say(format!("all of it took {}", duration(started.elapsed())));
    print(&format!("{} passed, {} failed", total.n_passed, total.n_failed));
    let success = total.n_failed == 0 && total.n_passed > 0;
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn choose(only: &[&str]) -> Outcome<Vec<Section>> {
    if let Some(unknown) = only.iter().find(|name| !SECTIONS.iter().any(|(known, _)| known == *name)) {
        let known: Vec<&str> = SECTIONS.iter().map(|(name, _)| *name).collect();
        return Err(
            Failure::new(format!("there is no section `{unknown}`")).hint(format!("sections: {}", known.join(", ")))
        );
    }
    Ok(SECTIONS.iter().filter(|(name, _)| only.is_empty() || only.contains(name)).copied().collect())
}

fn build_gpu_beside(toolchain: Toolchain) -> Outcome<JoinHandle<Outcome<PathBuf>>> {
    let log = paths::log("gpu")?;
    Ok(std::thread::spawn(move || gpu::ensure(toolchain, Some(&log))))
}

/// Waits only; whether it worked is asked again by the section, which then counts the failure.
fn wait_for_gpu(gpu_build: Option<JoinHandle<Outcome<PathBuf>>>) {
    let Some(gpu_build) = gpu_build else { return };
    if !gpu_build.is_finished() {
        say("waiting for the GPU worker");
    }
    if let Ok(Err(failure)) = gpu_build.join() {
        say_error(&failure);
    }
}

fn fmt(_: &Shared) -> Outcome<Tally> {
    Ok(check(native_cargo()?.args(["fmt", "--all", "--check"])))
}

fn clippy(shared: &Shared) -> Outcome<Tally> {
    let deny = ["--", "-D", "warnings"];
    let native = check(native_cargo()?.args(["clippy", "--workspace", "--all-targets"]).args(deny));
    let for_wasm = |what: &[&str]| -> Outcome<Tally> {
        let mut cargo = shared.toolchain.cargo()?;
        Ok(check(cargo.args(["clippy", "--target", WASM_TARGET]).args(what).args(deny)))
    };
    let page = for_wasm(&["--package", "vitrine-page"])?;
    let tensors = for_wasm(&["--package", "vitrine", "--lib", "--bin", "worker-tensors", "--test", "web"])?;
    let cpu = for_wasm(&["--package", "vitrine", "--lib", "--bin", "worker-cpu", "--no-default-features"])?;
    let total = native.plus(page).plus(tensors).plus(cpu);
    if !shared.with_gpu {
        return Ok(total);
    }
    let gpu = for_wasm(&["--package", "vitrine", "--bin", "worker-gpu", "--features", "webgpu"])?;
    Ok(total.plus(gpu))
}

fn native(_: &Shared) -> Outcome<Tally> {
    let mut cargo = native_cargo()?;
    let all = count(cargo.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]))?;
    // Apart, because only this needs the generator of `www/vitrine.d.ts`.
    let types = ["test", "--package", "vitrine-protocol", "--features", "types", "--test", "types"];
    Ok(all.plus(count(native_cargo()?.args(types))?))
}

fn doc(_: &Shared) -> Outcome<Tally> {
    count(native_cargo()?.args(["test", "--workspace", "--doc", "--no-fail-fast"]))
}

fn web(shared: &Shared) -> Outcome<Tally> {
    let mut cargo = shared.toolchain.cargo()?;
    cargo
        .args(["test", "--package", "vitrine", "--target", WASM_TARGET, "--test", "web"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools::program("wasm-bindgen-test-runner")?)
        .env("CHROMEDRIVER", &shared.browser.driver)
        // The default of 20 s is for unit tests; these start an engine.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    count(&mut cargo)
}

fn page(shared: &Shared) -> Outcome<Tally> {
    let built = build::page(shared.toolchain)?;
    let worker_gpu = if shared.with_gpu { Some(gpu::ensure(shared.toolchain, None)?) } else { None };
    build::assemble(&built, worker_gpu.as_deref())?;
    let server = Server::bind(&paths::dist(), 0)?;
    let url = server.url();
    server.start();

    let folder = paths::root().join("tests/page");
    let is_test = |path: &PathBuf| path.to_string_lossy().ends_with(".test.mjs");
    let files: Vec<PathBuf> = paths::files_below(&folder)?.into_iter().filter(is_test).collect();
    if files.is_empty() {
        return Err(Failure::new(format!("`{}` holds no *.test.mjs", folder.display())));
    }
    let mut node = Command::new("node");
    // One file at a time: two browsers with software WebGPU on two cores time each other out.
    // A call that never ends is what some of them look for, and must not take the run with it.
    node.args(["--test", "--test-concurrency=1", "--test-timeout=1200000", "--test-reporter=spec"]).args(files);
    node_environment(&mut node, &url, &shared.browser.chromium)?;
    if !shared.with_gpu {
        node.env("VITRINE_SKIP_GPU", "1");
    }
    count(&mut node)
}

/// What our scripts in Node are told: where the site is, which browser, and where the npm packages are.
pub(crate) fn node_environment(node: &mut Command, url: &str, chromium: &Path) -> Outcome<()> {
    let tools = paths::tools()?;
    node.current_dir(paths::root())
        .env("VITRINE_URL", url)
        .env("VITRINE_DIST", paths::dist())
        .env("VITRINE_CACHE", paths::cache()?)
        .env("VITRINE_TOOLS", &tools)
        .env("NODE_PATH", tools.join("node_modules"))
        .env("CHROMIUM", chromium)
        .env_remove("NODE_OPTIONS");
    Ok(())
}

/// `cargo` for native builds, products in the cache.
pub(crate) fn native_cargo() -> Outcome<Command> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(paths::root()).env("CARGO_TARGET_DIR", paths::target("native")?);
    Ok(cargo)
}

/// A command whose exit is its verdict.
fn check(command: &mut Command) -> Tally {
    let outcome = run(command);
    if let Err(failure) = &outcome {
        say_error(failure);
    }
    Tally::one(outcome.is_ok())
}

/// A test runner whose counts are added up.
fn count(command: &mut Command) -> Outcome<Tally> {
    let told = run_told(command)?;
    Ok(Tally::read(&told.text, told.success))
}
