//! `cargo xtask build`: the page and the workers through Trunk, the GPU worker beside them, together in `dist/`.
//!
//! The page build is kept in the cache folder under the hash of everything it is made from, so the same sources are
//! built once per machine. Trunk stays out of `dist/`: what is served changes in one step, when all of it is ready.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::args::{Args, Known};
use crate::process::{Failure, Outcome, duration, print, run, say};
use crate::toolchain::Toolchain;
use crate::{digest, gpu, paths, setup, size, split, tools, wasm_opt};

const HELP: &str = "\
Build dist/: the page, vitrine.js and the workers, ready for any static host.

Usage: cargo xtask build [--no-gpu]

Options:
  --no-gpu  Leave the GPU worker out: it takes a quarter of an hour the first time

Installs the tools that are missing, then prints the size of each wasm, plain and gzipped.
What is already built from the same sources, in this clone or another, is taken from the cache folder.";

const KNOWN: Known = Known { switches: &["--no-gpu"], values: &[] };

/// The modules that Trunk makes, and how each is shrunk: the page for its size, the workers for their speed.
const MODULES: &[(&str, &[&str])] =
    &[("vitrine-page_bg.wasm", SMALL), ("worker-cpu_bg.wasm", QUICK), ("worker-tensors_bg.wasm", QUICK)];

/// Constants folded into addresses make a worker a hundred-and-seventieth smaller, and no slower; what that asks is said
/// below.
const QUICK: &[&str] = &["--low-memory-unused", "-O3", ALIKE_TOGETHER];

/// What makes the page's code smallest, found by trying: control flow built anew before everything else is worth a
/// hundredth, constants folded into addresses another half. The latter asks that nothing lives in the first kilobyte
/// of memory, and nothing does: the linker puts the stack there, which grows down and ends above it or overflows.
/// The exports that go first are wasm-streams' classes, which leptos brings along and nobody makes one of.
const SMALL: &[&str] = &[
    "--remove-exports=*intounderlying*",
    "--low-memory-unused",
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--converge",
    ALIKE_TOGETHER,
];

/// Functions with like names have like bodies, and gzip looks back 32 KB only: this saves it a twenty-fifth.
pub(crate) const ALIKE_TOGETHER: &str = "--reorder-functions-by-name";

/// How many page builds the cache keeps.
const N_KEPT: usize = 6;

/// `cargo xtask build`.
pub(crate) fn command(words: &[String]) -> Outcome<ExitCode> {
    let args = Args::parse(words, &KNOWN)?;
    if args.wants_help {
        print(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let toolchain = setup::for_builds()?;
    let page = page(toolchain)?;
    let worker_gpu = if args.has("--no-gpu") { None } else { Some(gpu::ensure(toolchain, None)?) };
    assemble(&page, worker_gpu.as_deref())?;
    size::print_table(&paths::dist())?;
    say(format!("{} is ready ({})", paths::dist().display(), duration(started.elapsed())));
    Ok(ExitCode::SUCCESS)
}

/// The folder with the built page and its two workers, `worker-cpu` and `worker-tensors`; built if these sources never were.
pub(crate) fn page(toolchain: Toolchain) -> Outcome<PathBuf> {
    let made_by = format!("{} {}", toolchain.version()?, tools::versions()?);
    let key = digest::page_key(&made_by)?;
    let builds = paths::cache_folder("page")?;
    let kept = builds.join(&key);
    if kept.is_dir() {
        say("the page and its workers are already built from these sources");
        return Ok(kept);
    }
    let started = Instant::now();
    say("building the page and its workers (about 12 minutes the first time, on 2 cores)");
    let partial = builds.join(format!("{key}.{}.partial", std::process::id()));
    if let Err(failure) = run_trunk(toolchain, &partial) {
        paths::remove_folder(&partial)?;
        return Err(failure);
    }
    split::page(&partial)?;
    say("shrinking the page and its workers with wasm-opt");
    for part in split::parts(&partial)? {
        wasm_opt::optimize(&part, SMALL)?;
    }
    for (module, passes) in MODULES {
        wasm_opt::optimize(&partial.join(module), passes)?;
    }
    minify(&partial)?;
    // A source saved meanwhile may be in the build or not: such a build is used, but never taken for another one.
    let kept = if digest::page_key(&made_by)? == key { kept } else { builds.join(format!("{key}.changed")) };
    paths::remove_folder(&kept)?;
    std::fs::rename(&partial, &kept).map_err(|error| Failure::file(&kept, &error))?;
    paths::prune(&builds, N_KEPT)?;
    say(format!("the page and its workers are built ({})", duration(started.elapsed())));
    Ok(kept)
}

/// Leaves comments and long names out of the scripts (`www/vitrine.d.ts` keeps what they say), and makes one file of the
/// styles: together they compress better by a quarter.
fn minify(built: &Path) -> Outcome<()> {
    let is_script = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "js");
    let scripts: Vec<PathBuf> = paths::files_below(built)?.into_iter().filter(is_script).collect();
    let styles = built.join("style");
    let all = styles.join("vitrine.css");
    let esbuild = |arguments: &[&str]| -> Outcome<Command> {
        let mut esbuild = Command::new(tools::node_bin()?.join("esbuild"));
        esbuild.args(["--minify", "--allow-overwrite", "--log-level=warning"]).args(arguments);
        Ok(esbuild)
    };
    let built = built.display();
    run(esbuild(&["--target=es2022", &format!("--outdir={built}"), &format!("--outbase={built}")])?.args(scripts))?;
    run(esbuild(&["--bundle", &format!("--outfile={}", all.display())])?.arg(&all))?;
    for file in paths::files_below(&styles)?.into_iter().filter(|file| *file != all) {
        std::fs::remove_file(&file).map_err(|error| Failure::file(&file, &error))?;
    }
    Ok(())
}

/// Makes `dist/` from a page build and, where there is one, a GPU worker.
pub(crate) fn assemble(page: &Path, worker_gpu: Option<&Path>) -> Outcome<()> {
    let dist = paths::dist();
    let partial = dist.with_extension("partial");
    paths::remove_folder(&partial)?;
    paths::copy_folder(page, &partial)?;
    if let Some(worker_gpu) = worker_gpu {
        paths::copy_folder(worker_gpu, &partial)?;
    }
    paths::remove_folder(&dist)?;
    std::fs::rename(&partial, &dist).map_err(|error| Failure::file(&dist, &error))
}

fn run_trunk(toolchain: Toolchain, dist: &Path) -> Outcome<()> {
    let mut trunk = Command::new(tools::program("trunk")?);
    toolchain.apply(&mut trunk)?;
    trunk
        .args(["build", "--release", "--offline", "--dist"])
        .arg(dist)
        .env("VITRINE_BUILD", digest::build_id()?)
        .env("VITRINE_SPLIT", "1")
        // Trunk reads NO_COLOR as a flag of its own and refuses the usual value, 1.
        .env_remove("NO_COLOR");
    run(&mut trunk)
}
