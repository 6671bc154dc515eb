//! npm packages at exact versions, in the cache folder: what builds, tests and benches run in Node.

use std::process::Command;

use crate::paths;
use crate::process::{Failure, Outcome, find_program, run_logged, say};

/// One package.
pub(crate) struct NodePackage {
    /// Its name at npm.
    pub(crate) name: &'static str,
    /// The exact version.
    pub(crate) version: &'static str,
    /// What it is for, as the person installing it is told.
    pub(crate) why: &'static str,
}

/// Installs the packages that are missing or have another version.
pub(crate) fn ensure(packages: &[NodePackage]) -> Outcome<()> {
    let tools = paths::tools()?;
    let missing: Vec<&NodePackage> = packages.iter().filter(|package| !is_installed(&tools, package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let npm = find_program(&["npm"])
        .ok_or_else(|| Failure::new("there is no npm").hint("install Node 20 or newer, which brings it"))?;
    for package in &missing {
        say(format!("installing {} {} with npm: {}", package.name, package.version, package.why));
    }
    let mut command = Command::new(npm);
    command
        .current_dir(&tools)
        .args(["install", "--no-audit", "--no-fund", "--save-exact", "--prefix"])
        .arg(&tools)
        .args(missing.iter().map(|package| format!("{}@{}", package.name, package.version)));
    run_logged(&mut command, &paths::log("npm")?)
}

fn is_installed(tools: &std::path::Path, package: &NodePackage) -> bool {
    let manifest = tools.join("node_modules").join(package.name).join("package.json");
    std::fs::read_to_string(manifest).is_ok_and(|text| text.contains(&format!("\"version\": \"{}\"", package.version)))
}
