//! What others rely on changes only on purpose: error codes, and the message each has for a sample of causes.
//!
//! A changed snapshot is written anew with `VITRINE_BLESS=1 cargo test --test it golden`, and read before it is kept.

use serde_json::json;
use vitrine_protocol::Event;

use crate::conversation::{Script, file};

#[track_caller]
fn check(name: &str, actual: &str) {
    let path = crate::cases::root().join("tests/snapshots").join(name);
    if std::env::var_os("VITRINE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name} changed; see tests/it/golden.rs");
}

#[test]
fn codes_and_meanings() {
    let line = |doc: &vitrine::error::TroubleDoc| format!("{:<34} {}\n", doc.code, doc.meaning.trim());
    let errors: String = vitrine::manual::error_docs().map(line).collect();
    let issues: String = vitrine::manual::issue_docs().map(line).collect();
    check("codes.txt", &format!("errors\n{errors}\nissues\n{issues}"));
}

#[test]
fn messages_of_bad_files() {
    let mut text = String::new();
    let mut paths: Vec<_> = std::fs::read_dir(crate::cases::root().join("tests/fixtures/bad"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .collect();
    paths.sort();
    for path in paths {
        let talk = Script::new().load("t", std::fs::read(&path).unwrap()).run();
        text.push_str(&format!("{}\n", path.file_name().unwrap().to_string_lossy()));
        match &talk.end(1).event.event {
            Event::TableLoaded(table) => {
                let kinds: Vec<String> = table
                    .columns
                    .iter()
                    .take(8)
                    .map(|column| {
                        let name: String = column.name.chars().take(40).collect();
                        format!("{name:?}: {}", serde_json::to_value(column.kind).unwrap().as_str().unwrap())
                    })
                    .collect();
                text.push_str(&format!("  {} rows, {}\n", table.n_rows, kinds.join(", ")));
                for issue in &table.issues {
                    text.push_str(&format!("  issue {} ×{}: {}\n", issue.code, issue.count, short(&issue.message)));
                }
            }
            Event::Failed(error) => {
                text.push_str(&format!("  error {}: {} ({})\n", error.code, short(&error.message), error.hint));
            }
            other => panic!("{other:?}"),
        }
    }
    check("bad_files.txt", &text);
}

fn short(message: &str) -> String {
    if message.chars().count() <= 160 {
        return message.to_owned();
    }
    message.chars().take(160).chain(['…']).collect()
}

#[test]
fn schemas_of_the_samples() {
    let mut text = String::new();
    let samples: serde_json::Value = serde_json::from_slice(&file("www/samples/samples.json")).unwrap();
    let list = samples.as_array().or_else(|| samples["samples"].as_array()).expect("a list of samples");
    for sample in list {
        let name = sample["file"].as_str().unwrap();
        let talk = Script::new().load("t", file(&format!("www/samples/{name}"))).run();
        let table = talk.json(1);
        text.push_str(&format!("{name}: {} rows, {}\n", table["n_rows"], table["encoding"]));
        for column in table["columns"].as_array().unwrap() {
            let row = json!([column["kind"], column["n_missing"], column["n_distinct"], column["mean"]]);
            text.push_str(&format!("  {} {row}\n", column["name"].as_str().unwrap()));
        }
        assert_eq!(sample["rows"], table["n_rows"], "{name} in samples.json");
    }
    check("schemas.txt", &text);
}
