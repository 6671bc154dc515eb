//! `cargo xtask serve`: from a bare machine to the page at http://127.0.0.1:8080.
//!
//! The page is served as soon as it and the CPU workers are built. The GPU worker is built meanwhile and joins: the
//! page asks for it only when it is used, so a reload is all it takes.

use std::process::ExitCode;
use std::time::Duration;

use crate::args::{Args, Known};
use crate::process::{Failure, Outcome, print, say, say_error};
use crate::server::Server;
use crate::toolchain::Toolchain;
use crate::{build, digest, gpu, paths, setup, tools};

const HELP: &str = "\
Build the page and its workers and serve them on this machine.

Usage: cargo xtask serve [--port <port>] [--no-gpu] [--watch]

Options:
  --port <port>  Where to listen on 127.0.0.1 [default: 8080]
  --no-gpu       Do not build the GPU worker; the page computes on the CPU
  --watch        Build again when a source changes

Installs the tools that are missing and says so. The page is served as soon as it and the CPU workers are
built; the GPU worker, which takes a quarter of an hour the first time, joins when it is built. What is
already built is not built again: a second run starts in seconds. Ctrl+C ends it.";

const KNOWN: Known = Known { switches: &["--no-gpu", "--watch"], values: &["--port"] };

/// How often `--watch` looks at the sources.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// `cargo xtask serve`.
pub(crate) fn command(words: &[String]) -> Outcome<ExitCode> {
    let args = Args::parse(words, &KNOWN)?;
    if args.wants_help {
        print(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let port = match args.all("--port").last() {
        None => 8080,
        Some(text) => text.parse().map_err(|_| {
            Failure::new(format!("`{text}` is not a port")).hint("a port is a whole number from 0 to 65535")
        })?,
    };
    let with_gpu = !args.has("--no-gpu");
    // A taken port should be known before the build, not after.
    drop(Server::bind(&paths::dist(), port)?);

    say("step 1 of 3: tools");
    let toolchain = setup::for_builds()?;
    say("step 2 of 3: the page and its workers");
    build_page(toolchain, with_gpu)?;
    let server = Server::bind(&paths::dist(), port)?;
    say(format!("Vitrine is at {} (Ctrl+C ends it)", server.url()));
    server.start();

    say("step 3 of 3: the GPU worker");
    if with_gpu {
        add_gpu(toolchain);
    } else {
        say("left out, as asked: the page computes on the CPU");
    }
    if args.has("--watch") {
        watch(toolchain, with_gpu)?;
    }
    loop {
        std::thread::park();
    }
}

/// Builds the page and puts it into `dist/`, with the GPU worker if that is built already.
fn build_page(toolchain: Toolchain, with_gpu: bool) -> Outcome<()> {
    let page = build::page(toolchain)?;
    let worker_gpu = if with_gpu { gpu::kept(toolchain)? } else { None };
    build::assemble(&page, worker_gpu.as_deref())
}

/// Builds the GPU worker and lets it join. A failure is told and leaves the page as it is: it works without.
fn add_gpu(toolchain: Toolchain) {
    let join = || {
        let log = paths::log("gpu")?;
        if gpu::kept(toolchain)?.is_none() {
            say(format!("the page can be used meanwhile; what the build says is in {}", log.display()));
        }
        let folder = gpu::ensure(toolchain, Some(&log))?;
        paths::copy_folder(&folder, &paths::dist())
    };
    match join() {
        Ok(()) => say("the GPU worker has joined: reload the page to use WebGPU"),
        Err(failure) => {
            say("there is no GPU worker; the page computes on the CPU");
            say_error(&failure);
        }
    }
}

/// Builds again whenever the hash of the sources changes. A build that fails is told; the last good one stays served.
fn watch(toolchain: Toolchain, with_gpu: bool) -> Outcome<()> {
    say("watching the sources");
    let mut built = digest::page_key(&tools::versions()?)?;
    loop {
        std::thread::sleep(WATCH_INTERVAL);
        // A file may vanish while an editor saves it; the next look will see it.
        let Ok(key) = tools::versions().and_then(|versions| digest::page_key(&versions)) else { continue };
        if key == built {
            continue;
        }
        built = key;
        match build_page(toolchain, with_gpu) {
            Ok(()) => say("built: reload the page"),
            Err(failure) => say_error(&failure),
        }
        if with_gpu {
            add_gpu(toolchain);
        }
    }
}
