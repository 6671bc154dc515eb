//! The invariants of ARCHITECTURE.md that can be read off the sources.

use std::path::Path;

use crate::cases::root;

/// Every file below `folder` with one of the endings, with its text.
fn sources(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(folder)];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            waiting.extend(entries.filter(|path| !path.ends_with("target") && !path.ends_with("node_modules")));
        } else if endings.iter().any(|ending| path.extension().is_some_and(|e| e == *ending)) {
            found.push((name(&path), std::fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(!found.is_empty(), "nothing found below {folder}");
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

/// The code of a file: what stands before its tests, without comments.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn check_none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// The modules of `lib.rs`, in order.
fn modules() -> Vec<String> {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let name = |line: &str| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned);
    lib.lines().filter_map(name).collect()
}

/// The other modules of the crate that a text names as `crate::module`.
fn named<'a>(text: &str, modules: &'a [String]) -> Vec<&'a String> {
    modules.iter().filter(|module| text.contains(&format!("crate::{module}::"))).collect()
}

#[test]
fn stages_import_only_stages_above() {
    let modules = modules();
    let stages: Vec<&String> = modules.iter().filter(|module| *module != "manual").collect();
    assert_eq!(stages.len(), 13, "{stages:?}");
    let mut found = Vec::new();
    for (file, text) in sources("src", &["rs"]) {
        let stage = file.trim_start_matches("src/").trim_end_matches(".rs").split('/').next().unwrap();
        let Some(own) = stages.iter().position(|module| *module == stage) else { continue };
        for other in named(&code(&text), &modules) {
            let above = stages.iter().position(|module| *module == other);
            if above.is_some_and(|above| above > own) {
                found.push(format!("{file} imports {other}, which stands below {stage}"));
            }
        }
    }
    check_none("a stage imports only stages above it in lib.rs", found);
}

#[test]
fn the_engine_knows_no_browser() {
    let browser = ["web_sys", "js_sys", "wasm_bindgen"];
    let found = sources("src", &["rs"])
        .into_iter()
        .filter(|(file, _)| !file.starts_with("src/bin/"))
        .flat_map(|(file, text)| {
            let code = code(&text);
            let named = browser.into_iter().filter(move |name| code.contains(name));
            named.map(move |name| format!("{file} names {name}")).collect::<Vec<_>>()
        })
        .collect();
    check_none("only src/bin knows that there is a browser", found);
}

#[test]
fn the_page_contains_no_burn() {
    let manifest = std::fs::read_to_string(root().join("www/Cargo.toml")).unwrap();
    let depends = |name: &str| manifest.lines().any(|line| line.trim_start().starts_with(name));
    assert!(!depends("burn") && !depends("vitrine ") && !depends("vitrine."), "the page depends on the engine");
    assert!(depends("vitrine-protocol"));
}

#[test]
fn core_types_are_not_serialized() {
    let found = sources("src", &["rs"])
        .into_iter()
        .filter(|(file, text)| {
            let may =
                file.starts_with("src/export/") || file.starts_with("src/worker/") || file.starts_with("src/bin/");
            !may && code(text).contains("Serialize")
        })
        .map(|(file, _)| file)
        .collect();
    check_none("only the wire and the saved files are serialized", found);
}

#[test]
fn only_device_touches_devices() {
    let forbidden = ["Device::flex", "wgpu_options", "into_data", "into_scalar", "execute_async", "Device::default"];
    let found = sources("src", &["rs"])
        .into_iter()
        .filter(|(file, _)| !file.starts_with("src/train/device/"))
        .flat_map(|(file, text)| {
            let code = code(&text);
            let named = forbidden.into_iter().filter(move |name| code.contains(name));
            named.map(move |name| format!("{file} uses {name}")).collect::<Vec<_>>()
        })
        .collect();
    check_none("only train/device/ creates a device or reads one back", found);
}

#[test]
fn every_doc_example_runs() {
    let folders = ["src", "protocol/src", "www/src", "xtask/src"];
    let found = folders
        .into_iter()
        .flat_map(|folder| sources(folder, &["rs", "md"]))
        .filter(|(_, text)| text.contains("```ignore") || text.contains("```rust,ignore") || text.contains(",ignore"))
        .map(|(file, _)| file)
        .collect();
    check_none("a doc example that nothing runs", found);
}

#[test]
fn colours_are_tokens() {
    let is_colour = |line: &str| {
        let hex = line.split('#').skip(1).any(|rest| {
            let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
            matches!(digits, 3 | 6 | 8) && !rest[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '-')
        });
        hex || line.contains("rgb(") || line.contains("rgba(") || line.contains("hsl(")
    };
    let found = sources("www/style", &["css"])
        .into_iter()
        .filter(|(file, _)| !file.ends_with("tokens.css"))
        .flat_map(|(file, text)| {
            let lines = text.lines().enumerate().filter(|(_, line)| is_colour(line));
            lines.map(|(idx, line)| format!("{file}:{}: {}", idx + 1, line.trim())).collect::<Vec<_>>()
        })
        .collect();
    check_none("a colour outside tokens.css", found);
}

#[test]
fn nothing_is_left_for_later() {
    let marks = ["todo!(", "unimplemented!(", "FIXME", "#[ignore"];
    let found = ["src", "protocol/src", "www/src", "xtask/src"]
        .into_iter()
        .flat_map(|folder| sources(folder, &["rs"]))
        .flat_map(|(file, text)| {
            let found = marks.into_iter().filter(move |mark| text.contains(mark));
            found.map(move |mark| format!("{file}: {mark}")).collect::<Vec<_>>()
        })
        .collect();
    check_none("stubs", found);
}

#[test]
fn architecture_names_every_module_and_test() {
    let text = std::fs::read_to_string(root().join("src/ARCHITECTURE.md")).unwrap();
    for module in modules() {
        assert!(text.contains(&format!("`{module}`")), "ARCHITECTURE.md does not name `{module}`");
    }
    let own = std::fs::read_to_string(root().join("tests/it/tidy.rs")).unwrap();
    for test in text.split("tidy::").skip(1) {
        let name: String = test.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        assert!(own.contains(&format!("fn {name}()")), "ARCHITECTURE.md names tidy::{name}, which is not there");
    }
}
