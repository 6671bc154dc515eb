//! The sizes that the budgets are about: what a first visit transfers, compressed as a host would.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::paths;
use crate::process::{Failure, Outcome, print};

/// Prints each wasm of `dist/` with its size, plain and gzipped.
pub(crate) fn print_table(dist: &Path) -> Outcome<()> {
    print("  file                          wasm      gzip");
    for file in paths::files_below(dist)? {
        if file.extension().is_some_and(|extension| extension == "wasm") {
            let bytes = std::fs::read(&file).map_err(|error| Failure::file(&file, &error))?;
            let name = file.file_name().expect("files_below lists files").to_string_lossy().into_owned();
            let (size_kb, gzip_kb) = (bytes.len() / 1000, gzip_size_bytes(&bytes) / 1000);
            print(&format!("  {name:<25} {size_kb:>6} KB {gzip_kb:>6} KB"));
        }
    }
    Ok(())
}

/// How many bytes gzip makes of these at its best.
fn gzip_size_bytes(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("writing to a Vec does not fail");
    encoder.finish().expect("writing to a Vec does not fail").len()
}
