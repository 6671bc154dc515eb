//! Content hashes: the build id that page and workers compare in their handshake, and the keys of cached builds.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::paths;
use crate::process::{Failure, Outcome};

/// What the workers are made from. Not the page: a change there must not rebuild the GPU worker.
const ENGINE_SOURCES: &[&str] = &["src", "protocol", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"];

/// What `dist/` is made from beyond the engine.
const PAGE_SOURCES: &[&str] = &["www", "index.html", "Trunk.toml", "xtask/src"];

/// The build id: the first 12 hexadecimal digits of the hash of what the engine is made from.
///
/// It is compiled into the page and the workers as `VITRINE_BUILD`; a page that meets a worker with another id
/// asks to be reloaded.
pub(crate) fn build_id() -> Outcome<String> {
    hash_sources(ENGINE_SOURCES, &[])
}

/// The key of the page and the CPU workers: every source of theirs and the tools that build them.
pub(crate) fn page_key(tools: &str) -> Outcome<String> {
    let sources: Vec<&str> = ENGINE_SOURCES.iter().chain(PAGE_SOURCES).copied().collect();
    hash_sources(&sources, &[tools])
}

/// The hash of some texts, for keys that are made of more than files.
pub(crate) fn hash_texts(texts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        feed(&mut hasher, text.as_bytes());
    }
    short(hasher)
}

/// The hash of one file's bytes and some texts.
pub(crate) fn hash_file(path: &Path, texts: &[&str]) -> Outcome<String> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file(path, &error))?;
    let mut hasher = Sha256::new();
    feed(&mut hasher, &bytes);
    for text in texts {
        feed(&mut hasher, text.as_bytes());
    }
    Ok(short(hasher))
}

fn hash_sources(sources: &[&str], texts: &[&str]) -> Outcome<String> {
    let mut hasher = Sha256::new();
    for source in sources {
        let path = paths::root().join(source);
        let files = if path.is_dir() { paths::files_below(&path)? } else { vec![path] };
        for file in files {
            let name = file.strip_prefix(paths::root()).expect("sources are in the clone");
            let bytes = std::fs::read(&file).map_err(|error| Failure::file(&file, &error))?;
            feed(&mut hasher, name.to_string_lossy().as_bytes());
            feed(&mut hasher, &bytes);
        }
    }
    for text in texts {
        feed(&mut hasher, text.as_bytes());
    }
    Ok(short(hasher))
}

/// Length first: without it, moving bytes from one part to the next would keep the hash.
fn feed(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update((bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn short(hasher: Sha256) -> String {
    hasher.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_two_texts_counts() {
        assert_ne!(hash_texts(&["ab", "c"]), hash_texts(&["a", "bc"]));
        assert_eq!(hash_texts(&["ab", "c"]).len(), 12);
    }
}
