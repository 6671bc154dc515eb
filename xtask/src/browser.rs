//! The browser for tests and benches: Chromium and its driver, from `PATH` or from the system's packages.

use std::path::PathBuf;
use std::process::Command;

use crate::debian;
use crate::packages::{self, NodePackage};
use crate::process::{Failure, Outcome, find_program, output, say_error};

/// What page tests import. Exact versions: a new axe rule should come with a commit, not with a Tuesday.
const TEST_PACKAGES: &[NodePackage] = &[
    NodePackage { name: "playwright-core", version: "1.65.1", why: "page tests drive the browser with it" },
    NodePackage { name: "axe-core", version: "4.14.1", why: "page tests look for barriers with it" },
];

/// Small, and with all letters that the page uses.
const CHINESE_FONT: &str = "fonts-wqy-microhei";

/// A browser and what drives it.
pub(crate) struct Browser {
    /// Chromium itself.
    pub(crate) chromium: PathBuf,
    /// Its WebDriver server.
    pub(crate) driver: PathBuf,
}

/// Finds Chromium and its driver, and the packages that page tests import; installs what is missing.
///
/// `CHROMIUM` and `CHROMEDRIVER` name others than those on `PATH`.
pub(crate) fn ensure() -> Outcome<Browser> {
    if find().is_none() {
        debian::install_packages(&["chromium", "chromium-driver"], "a browser to test the page and the workers in")?;
    }
    ensure_chinese_font();
    packages::ensure(TEST_PACKAGES)?;
    find().ok_or_else(|| {
        Failure::new("there is no Chromium with its driver")
            .hint("install both, or name them in CHROMIUM and CHROMEDRIVER, then run the command again")
    })
}

/// Half of the page's words are Chinese: without a font for them its pictures show boxes. No test depends on it, so a
/// machine on which none can be installed does without.
fn ensure_chinese_font() {
    let has_font = output(Command::new("fc-list").arg(":lang=zh")).is_none_or(|fonts| !fonts.trim().is_empty());
    if !has_font && let Err(failure) = debian::install_packages(&[CHINESE_FONT], "letters for the page in Chinese") {
        say_error(&failure);
    }
}

fn find() -> Option<Browser> {
    Some(Browser {
        chromium: named("CHROMIUM").or_else(|| find_program(&["chromium", "chromium-browser", "google-chrome"]))?,
        driver: named("CHROMEDRIVER").or_else(|| find_program(&["chromedriver"]))?,
    })
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file())
}
