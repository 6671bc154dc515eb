//! `cargo xtask bench`: how fast the engine is, natively and beside other libraries in one browser.

use std::process::{Command, ExitCode};

use crate::args::{Args, Known};
use crate::packages::{self, NodePackage};
use crate::process::{Outcome, print, run, say};
use crate::server::Server;
use crate::test::{native_cargo, node_environment};
use crate::{browser, build, gpu, paths, python, setup};

const HELP: &str = "\
Measure the engine, and the same work beside other libraries in the same browser.

Usage: cargo xtask bench [--no-gpu] [--no-peers] [--svg FILE]

Options:
  --no-gpu    Leave the GPU worker out
  --no-peers  Only the engine's own benches
  --svg FILE  Draw how time grows with rows and columns there

Ends with a table of times and ratios. Ratios travel from machine to machine; times do not.";

const KNOWN: Known = Known { switches: &["--no-gpu", "--no-peers"], values: &["--svg"] };

/// What the comparison in the browser runs beside us; esbuild, which makes one module of it, is there for the builds.
const PEER_PACKAGES: &[NodePackage] = &[
    NodePackage { name: "papaparse", version: "5.7.1", why: "the bench reads the same CSV with it" },
    NodePackage { name: "@tensorflow/tfjs", version: "4.22.0", why: "the bench trains the same nets with it" },
    NodePackage { name: "@tensorflow/tfjs-backend-wasm", version: "4.22.0", why: "it is its quickest on a CPU" },
    NodePackage { name: "@tensorflow/tfjs-backend-webgpu", version: "4.22.0", why: "it is its way to a GPU" },
    NodePackage { name: "onnxruntime-web", version: "1.30.0", why: "the bench multiplies matrices with it" },
    NodePackage { name: "ydf-training", version: "0.0.1", why: "the bench grows the same forests with it" },
    NodePackage { name: "ml-cart", version: "2.1.1", why: "the bench grows the same tree with it" },
    NodePackage { name: "ml-random-forest", version: "2.1.0", why: "the bench grows the same forest with it" },
    NodePackage {
        name: "ml-logistic-regression",
        version: "2.0.0",
        why: "the bench tells the same classes apart with it",
    },
    NodePackage { name: "ml-matrix", version: "6.15.1", why: "ml-logistic-regression takes its matrices" },
];

/// `cargo xtask bench`.
pub(crate) fn command(words: &[String]) -> Outcome<ExitCode> {
    let args = Args::parse(words, &KNOWN)?;
    if args.wants_help {
        print(HELP);
        return Ok(ExitCode::SUCCESS);
    }
    let toolchain = setup::for_builds()?;
    say("the engine's own benches");
    run(native_cargo()?.args(["bench", "--package", "vitrine", "--benches"]))?;
    if args.has("--no-peers") {
        return Ok(ExitCode::SUCCESS);
    }

    let browser = browser::ensure()?;
    packages::ensure(PEER_PACKAGES)?;
    let page = build::page(toolchain)?;
    let worker_gpu = if args.has("--no-gpu") { None } else { Some(gpu::ensure(toolchain, None)?) };
    build::assemble(&page, worker_gpu.as_deref())?;
    let server = Server::bind(&paths::dist(), 0)?;
    let url = server.url();
    server.start();

    say("the same work beside other libraries");
    let mut node = Command::new("node");
    node.arg("benches/peers/run.mjs");
    for file in args.all("--svg") {
        node.args(["--svg", file]);
    }
    node_environment(&mut node, &url, &browser.chromium)?;
    let requirements = paths::root().join("benches/peers/requirements.txt");
    if requirements.is_file() {
        node.env("PYTHON", python::ensure(&requirements)?);
    }
    run(&mut node)?;
    Ok(ExitCode::SUCCESS)
}
