//! Which Rust compiler builds for wasm: rustup's, with the target added, or else Debian's packaged one.
//!
//! Native builds always use the `cargo` on `PATH`. Only wasm builds may need the other compiler, so the choice is a
//! value that is applied to a command and never a setting of the machine or a file in the repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{Failure, Outcome, find_program, output, path_with, run_within, say};
use crate::{debian, paths, tools};

/// The target of the page and the workers.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// A slow line needs a minute for the 20 MB; no line at all should not cost more than this.
const RUSTUP_LIMIT: Duration = Duration::from_secs(240);

/// A compiler that can build for wasm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The `cargo` and `rustc` on `PATH`, usually rustup's.
    Default,
    /// The Debian packages under `/usr`, with the wasm standard library that we built from their source.
    Debian,
}

impl Toolchain {
    /// Finds a compiler that can build for wasm, installing what is missing.
    pub(crate) fn ensure() -> Outcome<Self> {
        if has_wasm_std(Path::new("rustc")) {
            return Ok(Self::Default);
        }
        if debian::is_ready() {
            return Ok(Self::Debian);
        }
        let reason = match find_program(&["rustup"]) {
            None => "there is no rustup".to_owned(),
            Some(rustup) => {
                say(format!("installing Rust's {WASM_TARGET} target with rustup: the page and the workers are wasm"));
                let mut add = Command::new(rustup);
                add.args(["target", "add", WASM_TARGET]).env("RUSTUP_MAX_RETRIES", "1");
                match run_within(&mut add, RUSTUP_LIMIT) {
                    Ok(()) if has_wasm_std(Path::new("rustc")) => return Ok(Self::Default),
                    Ok(()) => "rustup added the target to a toolchain that is not the active one".to_owned(),
                    Err(error) => error,
                }
            }
        };
        say(format!("rustup cannot give the wasm target ({reason}); trying the Debian packages"));
        debian::install()?;
        Ok(Self::Debian)
    }

    /// `cargo` for wasm builds: our tools first on `PATH`, products in the cache, the clone as its folder.
    pub(crate) fn cargo(self) -> Outcome<Command> {
        let mut command = Command::new(self.program("cargo"));
        self.apply(&mut command)?;
        Ok(command)
    }

    /// Makes any program that calls `cargo` (Trunk does) use this compiler.
    pub(crate) fn apply(self, command: &mut Command) -> Outcome<()> {
        let tools = paths::tools()?;
        let (bin, node_bin) = (tools.join("bin"), tools::node_bin()?);
        let mut first: Vec<&Path> = vec![&bin, &node_bin];
        if self == Self::Debian {
            first.push(Path::new(debian::BIN));
            // Set by rustup's proxy for us, and wrong for a compiler that is not rustup's.
            for name in ["RUSTUP_TOOLCHAIN", "RUSTC", "CARGO", "LD_LIBRARY_PATH"] {
                command.env_remove(name);
            }
        }
        command
            .current_dir(paths::root())
            .env("PATH", path_with(&first))
            // It would replace the flags of .cargo/config.toml, and SIMD would be off without a word.
            .env_remove("RUSTFLAGS")
            .env("CARGO_TARGET_DIR", paths::target("wasm")?);
        Ok(())
    }

    /// The compiler's own words about its version: part of every key of a cached build.
    pub(crate) fn version(self) -> Outcome<String> {
        output(Command::new(self.program("rustc")).arg("-vV"))
            .ok_or_else(|| Failure::new("`rustc -vV` failed").hint("is a Rust toolchain installed?"))
    }

    fn program(self, name: &str) -> PathBuf {
        match self {
            Self::Default => PathBuf::from(name),
            Self::Debian => Path::new(debian::BIN).join(name),
        }
    }
}

/// Makes sure that native `cargo fmt` and `cargo clippy` are there; rustup's minimal profile leaves them out.
pub(crate) fn ensure_checkers() -> Outcome<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if output(Command::new("cargo").args([command, "--version"])).is_some() {
            continue;
        }
        say(format!("installing {component} with rustup: one section of the tests is what it says"));
        let mut add = Command::new("rustup");
        run_within(add.args(["component", "add", component]), RUSTUP_LIMIT).map_err(|error| {
            Failure::new(format!("there is no `cargo {command}`, and rustup cannot add it: {error}"))
                .hint(format!("install Rust's {component} for the toolchain that `cargo` runs"))
        })?;
    }
    Ok(())
}

/// Where a compiler keeps its standard library for wasm, whether it is there or not.
pub(crate) fn wasm_std_folder(rustc: &Path) -> Option<PathBuf> {
    output(Command::new(rustc).args(["--print", "target-libdir", "--target", WASM_TARGET])).map(PathBuf::from)
}

/// Whether a compiler has its standard library for wasm.
pub(crate) fn has_wasm_std(rustc: &Path) -> bool {
    wasm_std_folder(rustc).and_then(|folder| std::fs::read_dir(folder).ok()).is_some_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}
