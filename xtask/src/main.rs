//! Every developer task of Vitrine, in Rust: `cargo xtask setup | serve | build | test | bench`.
//!
//! What comes in is a command line; what goes out is a `dist/` folder, a server, or a verdict. Tools and build
//! products live in a cache folder outside the clone ([`paths`]), so a second clone on the same machine is warm.

mod args;
mod bench;
mod browser;
mod build;
mod debian;
mod digest;
mod gpu;
mod packages;
mod paths;
mod process;
mod python;
mod serve;
mod server;
mod setup;
mod size;
mod split;
mod tally;
mod test;
mod toolchain;
mod tools;
mod wasm_opt;

use std::process::ExitCode;

use process::{Outcome, say_error};

const HELP: &str = "\
Vitrine's developer commands.

Usage: cargo xtask <command> [options]

Commands:
  setup   Install what is missing: the wasm target, wasm-bindgen, Trunk, wasm-opt
  serve   Build the page and its workers and serve them at http://127.0.0.1:8080
  build   Build dist/, a folder that any static host can serve
  test    Run every check and test; ends with `N passed, M failed`
  bench   Measure the engine, and the same work beside other libraries

`cargo xtask <command> --help` explains one command.
Tools and build products go to $VITRINE_CACHE, else $XDG_CACHE_HOME/vitrine, else ~/.cache/vitrine.";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let rest: Vec<String> = words.collect();
    match run(&command, &rest) {
        Ok(code) => code,
        Err(failure) => {
            say_error(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(command: &str, rest: &[String]) -> Outcome<ExitCode> {
    match command {
        "setup" => setup::command(rest),
        "serve" => serve::command(rest),
        "build" => build::command(rest),
        "test" => test::command(rest),
        "bench" => bench::command(rest),
        "" | "help" | "--help" | "-h" => {
            process::print(HELP);
            Ok(ExitCode::SUCCESS)
        }
        unknown => Err(process::Failure::new(format!("there is no command `{unknown}`"))
            .hint("run `cargo xtask --help` for the list")),
    }
}
