//! A Python environment in the cache folder for what a bench compares us with.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Failure, Outcome, find_program, run_logged, say};
use crate::{digest, paths};

/// The environment's Python with everything in `requirements` installed, made if missing.
pub(crate) fn ensure(requirements: &Path) -> Outcome<PathBuf> {
    let key = digest::hash_file(requirements, &[])?;
    let folder = paths::cache_folder("python")?.join(&key);
    let (python, stamp) = (folder.join("bin/python"), folder.join("installed"));
    if stamp.is_file() {
        return Ok(python);
    }
    say("installing scikit-learn into an environment of ours with pip: the bench compares with it");
    let system = find_program(&["python3", "python"])
        .ok_or_else(|| Failure::new("there is no Python").hint("install Python 3.10 or newer"))?;
    let log = paths::log("pip")?;
    run_logged(Command::new(system).args(["-m", "venv"]).arg(&folder), &log)?;
    run_logged(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(requirements), &log)?;
    std::fs::write(&stamp, "").map_err(|error| Failure::file(&stamp, &error))?;
    Ok(python)
}
