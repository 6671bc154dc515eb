//! Every file of `tests/fixtures/` is read as its manifest says, at once and in pieces.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use vitrine::ingest::{Encoding, ReadConfig, ReadTable, Reader, Settled, read_bytes};
use vitrine::table::{Cell, Column, ColumnKind, cell_text};

#[derive(Deserialize)]
struct Fixture {
    file: String,
    size_bytes: u64,
    fails: Option<bool>,
    delimiter: Option<String>,
    quote: Option<String>,
    decimal: Option<String>,
    encoding: Option<String>,
    has_header: Option<bool>,
    n_rows: Option<usize>,
    n_columns: Option<usize>,
    columns: Option<Vec<FixtureColumn>>,
    values: Option<BTreeMap<String, Vec<Value>>>,
    n_missing: Option<BTreeMap<String, usize>>,
    troubles: Option<Vec<String>>,
    lines: Option<BTreeMap<String, Vec<u64>>>,
    json: Option<String>,
}

#[derive(Deserialize)]
struct FixtureColumn {
    name: String,
    kind: Option<String>,
}

fn folder() -> PathBuf {
    crate::cases::root().join("tests/fixtures")
}

fn fixtures() -> Vec<Fixture> {
    let manifest = std::fs::read_to_string(folder().join("fixtures.json")).expect("the manifest is there");
    serde_json::from_str(&manifest).expect("the manifest is as README.md says")
}

/// Reads in pieces of a size.
pub(crate) fn read_in_pieces(bytes: &[u8], n_piece: usize) -> Result<ReadTable, vitrine::Error> {
    let mut reader = Reader::new(ReadConfig::default(), bytes.len() as u64)?;
    loop {
        bytes.chunks(n_piece).try_for_each(|piece| reader.push(piece))?;
        reader.end()?;
        loop {
            match reader.settle()? {
                Settled::Working { .. } => {}
                Settled::Reread => break,
                Settled::Done(read) => return Ok(*read),
            }
        }
    }
}

fn kind_word(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Numeric => "numeric",
        ColumnKind::Categorical => "categorical",
        ColumnKind::Datetime => "datetime",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Text => "text",
    }
}

fn encoding_word(encoding: Encoding) -> String {
    encoding.label().to_lowercase()
}

/// Our codes for the manifest's words.
fn codes(trouble: &str) -> &'static [&'static str] {
    match trouble {
        "ragged" => &["ragged_row", "ragged_row_no_header"],
        "unclosed_quote" => &["unclosed_quote"],
        "nul_byte" => &["nul_byte"],
        "duplicate_header" => &["duplicate_header"],
        "empty_header" => &["empty_header"],
        "long_header" => &["long_header"],
        "all_missing" => &["all_missing"],
        "constant" => &["constant"],
        "not_finite" => &["not_finite"],
        other => panic!("the manifest has a new word: {other}"),
    }
}

fn value_of(column: &Column, row: usize) -> Value {
    match column.cell(row) {
        Cell::Missing => Value::Null,
        Cell::Number(x) => Value::from(x),
        _ => Value::from(cell_text(column, row).into_owned()),
    }
}

fn same(ours: &Value, theirs: &Value) -> bool {
    ours == theirs || (ours.is_number() && ours.as_f64() == theirs.as_f64())
}

/// What differs from the manifest.
fn differences(fixture: &Fixture, read: &ReadTable) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: &str, ours: String, theirs: Option<String>| {
        if theirs.as_ref().is_some_and(|theirs| *theirs != ours) {
            wrong.push(format!("{what} is {ours:?}, but should be {:?}", theirs.unwrap_or_default()));
        }
    };
    let text = |byte: u8| char::from(byte).to_string();
    let (table, dialect) = (&read.table, &read.dialect);
    check("size", read.size_bytes.to_string(), Some(fixture.size_bytes.to_string()));
    check("delimiter", text(dialect.delimiter), fixture.delimiter.clone());
    check("quote", dialect.quote.map(text).unwrap_or_default(), fixture.quote.clone());
    check("decimal", text(dialect.decimal), fixture.decimal.clone());
    check("encoding", encoding_word(dialect.encoding), fixture.encoding.clone());
    check("header", dialect.has_header.to_string(), fixture.has_header.map(|has| has.to_string()));
    check("rows", table.n_rows().to_string(), fixture.n_rows.map(|n| n.to_string()));
    check("columns", table.columns().len().to_string(), fixture.n_columns.map(|n| n.to_string()));
    if let Some(columns) = &fixture.columns {
        let n_columns = fixture.n_columns.unwrap_or(columns.len());
        check("columns", table.columns().len().to_string(), Some(n_columns.to_string()));
        for (ours, theirs) in table.columns().iter().zip(columns) {
            check("name", ours.name.clone(), Some(theirs.name.clone()));
            check(&format!("kind of {}", ours.name), kind_word(ours.kind()).to_owned(), theirs.kind.clone());
        }
    }
    for (name, values) in fixture.values.iter().flatten() {
        let column = table.column(name).expect("a column the manifest names");
        let ours: Vec<Value> = (0..table.n_rows()).map(|row| value_of(column, row)).collect();
        let is_same = ours.len() == values.len() && ours.iter().zip(values).all(|(ours, theirs)| same(ours, theirs));
        check(&format!("values of {name}"), format!("{ours:?}"), (!is_same).then(|| format!("{values:?}")));
    }
    for (name, n_missing) in fixture.n_missing.iter().flatten() {
        let column = table.column(name).expect("a column the manifest names");
        let n = (0..table.n_rows()).filter(|&row| column.cell(row) == Cell::Missing).count();
        check(&format!("missing cells of {name}"), n.to_string(), Some(n_missing.to_string()));
    }
    let has = |word: &str| read.issues.iter().find(|issue| codes(word).contains(&issue.code));
    for word in fixture.troubles.iter().flatten() {
        check(word, has(word).is_some().to_string(), Some("true".to_owned()));
    }
    if fixture.troubles.as_ref().is_some_and(Vec::is_empty) {
        check("issues", format!("{:?}", read.issues.iter().collect::<Vec<_>>()), Some("[]".to_owned()));
    }
    for (word, lines) in fixture.lines.iter().flatten() {
        let issue = has(word);
        let line = issue.and_then(|issue| issue.place.as_ref()).and_then(|place| place.line);
        check(&format!("line of {word}"), format!("{line:?}"), Some(format!("{:?}", lines.first())));
        check(
            &format!("count of {word}"),
            format!("{:?}", issue.map(|issue| issue.count)),
            Some(format!("{:?}", Some(lines.len()))),
        );
    }
    wrong
}

#[test]
fn every_fixture_is_read_as_its_manifest_says() {
    let mut wrong = Vec::new();
    for fixture in fixtures() {
        let bytes = std::fs::read(folder().join(&fixture.file)).unwrap();
        let read = read_bytes(&bytes, ReadConfig::default());
        for n_piece in [1, 7, 61] {
            // As text, in which a missing number equals itself.
            let in_pieces = format!("{:?}", read_in_pieces(&bytes, n_piece));
            assert_eq!(in_pieces, format!("{read:?}"), "{} in pieces of {n_piece}", fixture.file);
        }
        let found = match (&read, fixture.fails) {
            (Ok(_), Some(true)) => vec!["it gives a table, but should fail".to_owned()],
            (Err(error), Some(false)) => vec![format!("it fails: {error:?}")],
            (Err(error), None) if fixture.columns.is_some() || fixture.n_rows.is_some() => vec![format!("{error:?}")],
            (Err(_), _) => Vec::new(),
            (Ok(read), _) => differences(&fixture, read),
        };
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", fixture.file)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn csv_spectrum_has_our_cells() {
    for fixture in fixtures() {
        let Some(json) = &fixture.json else { continue };
        let rows: Vec<serde_json::Map<String, Value>> =
            serde_json::from_str(&std::fs::read_to_string(folder().join(json)).unwrap()).unwrap();
        let read = read_bytes(&std::fs::read(folder().join(&fixture.file)).unwrap(), ReadConfig::default()).unwrap();
        assert_eq!(read.table.n_rows(), rows.len(), "{}", fixture.file);
        for (idx, row) in rows.iter().enumerate() {
            for (name, value) in row {
                let ours = cell_text(read.table.column(name).unwrap(), idx);
                assert_eq!(&*ours, value.as_str().unwrap(), "{} row {idx}, {name}", fixture.file);
            }
        }
    }
}
