//! `www/vitrine.d.ts` and `www/vitrine.js` say what the messages say.

use std::path::Path;

use vitrine_protocol::PROTOCOL_VERSION;
use vitrine_protocol::types::{METHODS, declarations};

fn www(name: &str) -> String {
    // Not the folder that this was compiled in: clones share their build products.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs this");
    let path = Path::new(&here).join("../www").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_declarations_are_fresh() {
    assert!(
        www("vitrine.d.ts") == declarations(),
        "www/vitrine.d.ts is old: run `cargo run --package vitrine-protocol --features types --example types > \
         www/vitrine.d.ts`"
    );
}

#[test]
fn the_script_speaks_this_protocol() {
    let line = format!("const PROTOCOL = {PROTOCOL_VERSION};");
    assert!(www("vitrine.js").contains(&line), "www/vitrine.js does not say `{line}`");
}

#[test]
fn the_declared_methods_are_those_of_the_script() {
    let script = www("vitrine.js");
    let class = script.split("export class Vitrine extends").nth(1).expect("the script has the class");
    let class = class.split("\n}\n").next().expect("the class ends");
    let names: Vec<&str> = class.lines().filter_map(public_method).collect();
    let declared: Vec<&str> = METHODS.iter().map(|method| method.name).collect();
    assert_eq!(names, declared);
}

/// The name in `  async name(…) {`, unless it is private.
fn public_method(line: &str) -> Option<&str> {
    let line = line.strip_prefix("  ").filter(|rest| !rest.starts_with([' ', '/', '*']))?;
    let line = line.strip_prefix("static ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    let name = line.split('(').next().filter(|_| line.ends_with('{'))?;
    (name != "constructor" && name.chars().all(char::is_alphanumeric)).then_some(name)
}
