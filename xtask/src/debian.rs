//! Debian and its kin: installing packages when we may, and the packaged Rust compiler for machines where rustup has
//! no network.
//!
//! Debian packages no wasm standard library, so it is built once from the packaged source and put where that compiler
//! looks for it.

use std::path::Path;
use std::process::Command;

use crate::paths;
use crate::process::{Failure, Outcome, output, run, run_logged, say};
use crate::toolchain::{WASM_TARGET, has_wasm_std, wasm_std_folder};

/// Where the packaged compiler's programs are.
pub(crate) const BIN: &str = "/usr/bin";

/// The compiler, its library sources, its linker and its lints.
const RUST_PACKAGES: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "libstd-rust-web-dev",
    "rust-web-llvm",
    "lld-22",
    "rust-web-clippy",
    "rustfmt-web",
];

/// What goes into the standard library's folder says which compiler it was built by.
const STAMP: &str = "built-by-vitrine";

/// Whether the packaged compiler is there with a wasm standard library built by itself.
pub(crate) fn is_ready() -> bool {
    let rustc = Path::new(BIN).join("rustc");
    let built_by = wasm_std_folder(&rustc).and_then(|folder| std::fs::read_to_string(folder.join(STAMP)).ok());
    built_by.is_some() && built_by == compiler_version() && has_wasm_std(&rustc)
}

/// Installs the packaged compiler and builds its wasm standard library.
pub(crate) fn install() -> Outcome<()> {
    install_packages(RUST_PACKAGES, "a Rust compiler whose wasm standard library can be built from packaged source")?;
    build_wasm_std()
}

/// Installs packages with apt-get, once for all of them.
///
/// # Errors
/// - Not Debian-like, or not root: the message names the packages and what they are for.
/// - apt-get failed: the message holds the end of its log.
pub(crate) fn install_packages(packages: &[&str], why: &str) -> Outcome<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !is_debian_like() {
        return Err(Failure::new(format!("this machine lacks {why}"))
            .hint(format!("install what Debian calls: {names}; then run the command again")));
    }
    if output(Command::new("id").arg("-u")).as_deref() != Some("0") {
        return Err(Failure::new(format!("this machine lacks {why}"))
            .hint(format!("run `sudo apt-get install {names}`, then run the command again")));
    }
    say(format!("installing {names} with apt-get: {why}"));
    let log = paths::log("apt")?;
    let install = || {
        let mut command = Command::new("apt-get");
        command.args(["install", "-y", "--no-install-recommends"]).args(&missing);
        run_logged(command.env("DEBIAN_FRONTEND", "noninteractive"), &log)
    };
    if install().is_ok() {
        return Ok(());
    }
    // The usual reason is a package list that is missing or old.
    run_logged(Command::new("apt-get").arg("update"), &log)?;
    install()
}

/// Builds the standard library for wasm from the packaged source and copies it to where the compiler looks.
fn build_wasm_std() -> Outcome<()> {
    say(format!("building Rust's standard library for {WASM_TARGET} from Debian's source: about a minute, once"));
    let folder = paths::cache_folder("wasm-std")?;
    paths::create_folder(&folder.join("src"))?;
    write(&folder.join("Cargo.toml"), "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n")?;
    write(&folder.join("src/lib.rs"), "")?;
    let products = folder.join("target");
    paths::remove_folder(&products)?;
    let mut cargo = Command::new(Path::new(BIN).join("cargo"));
    for name in ["RUSTUP_TOOLCHAIN", "RUSTC", "CARGO", "LD_LIBRARY_PATH"] {
        cargo.env_remove(name);
    }
    cargo
        .current_dir(&folder)
        .env("RUSTC", Path::new(BIN).join("rustc"))
        .env("CARGO_TARGET_DIR", &products)
        // -Zbuild-std is unstable, and this compiler is not a nightly.
        .env("RUSTC_BOOTSTRAP", "1")
        // Without bitcode in the library, fat LTO fails with "Can't find section .llvmbc".
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .args(["build", "--release", "--target", WASM_TARGET, "-Zbuild-std=std,panic_abort,test"]);
    run(&mut cargo)?;

    let rustc = Path::new(BIN).join("rustc");
    let target = wasm_std_folder(&rustc).ok_or_else(|| Failure::new("Debian's rustc does not run"))?;
    // Two standard libraries side by side are "multiple candidates" to the compiler.
    paths::remove_folder(&target)?;
    paths::create_folder(&target)?;
    for file in paths::files_below(&products.join(WASM_TARGET).join("release/deps"))? {
        let name = file.file_name().expect("files_below lists files").to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty-") {
            std::fs::copy(&file, target.join(&name)).map_err(|error| Failure::file(&file, &error))?;
        }
    }
    write(&target.join(STAMP), &compiler_version().unwrap_or_default())
}

fn compiler_version() -> Option<String> {
    output(Command::new(Path::new(BIN).join("rustc")).arg("-vV"))
}

fn is_installed(package: &str) -> bool {
    output(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package])).as_deref()
        == Some("installed")
}

fn is_debian_like() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| {
        text.lines().any(|line| (line.starts_with("ID=") || line.starts_with("ID_LIKE=")) && line.contains("debian"))
    })
}

fn write(path: &Path, text: &str) -> Outcome<()> {
    std::fs::write(path, text).map_err(|error| Failure::file(path, &error))
}
