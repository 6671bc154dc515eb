//! Laws of reading: total, indifferent to cuts, equal to csv-core on well-formed files, and the inverse of writing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vitrine::ingest::write::{WriteConfig, csv_text};
use vitrine::ingest::{Encoding, MAX_COLUMNS, ReadConfig, ReadTable, Reader, Settled, read_bytes};
use vitrine::table::{
    Cell, Column, ColumnData, ColumnKind, Table, TextColumn, cell_text, format_datetime, parse_datetime,
};

/// Reads in pieces of the given sizes, over and over.
fn read_in_pieces(bytes: &[u8], sizes: &[usize], config: &ReadConfig) -> Result<ReadTable, vitrine::Error> {
    let mut reader = Reader::new(config.clone(), bytes.len() as u64)?;
    for _pass in 0..2 {
        let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
        while !rest.is_empty() {
            let n = (*sizes.next().expect("some size")).clamp(1, rest.len());
            reader.push(&rest[..n])?;
            rest = &rest[n..];
        }
        reader.end()?;
        loop {
            match reader.settle()? {
                Settled::Working { fraction } => assert!((0.0..=1.0).contains(&fraction)),
                Settled::Reread => break,
                Settled::Done(read) => return Ok(*read),
            }
        }
    }
    panic!("one second pass is enough");
}

/// A result as text, in which a missing number equals itself.
fn shown(read: &Result<ReadTable, vitrine::Error>) -> String {
    format!("{read:?}")
}

/// Bytes that mean something to a reader, and some that do not.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            &b","[..], b"\n", b"\r\n", b"\r", b"\"", b"\"\"", b";", b"\t", b"'", b" ", b"\0", b"\xff\xfe", b"\xef\xbb\xbf",
            b"\xe4\xb8\xad", b"\xe4\xb8", b"\xb1\xb1", b"\xe9", b"NA", b"1,5", b"1e400", b"007", b"2024-01-02", b"3/4/2024",
            b"yes", b"no", b"true", b"sep=;\n", b"-", b"1.5", b"12", b"0", b"name",
        ]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => "[a-z]{0,6}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..40, 1..5)
}

/// Cells of any text a well-formed file can hold; NUL bytes are dropped by us and byte-order marks by everyone.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9 .,;\"'\r\n\té中🙂-]{0,12}", "[a-z]{1,5}", "-?[0-9]{1,4}(\\.[0-9]{1,3})?", Just(String::new())]
}

/// Writes a cell as RFC 4180 has it.
fn quoted(cell: &str, must_quote: bool) -> String {
    if must_quote || cell.contains([',', '"', '\n', '\r']) || cell.trim() != cell || cell.is_empty() {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// The records csv-core finds.
fn oracle(text: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv_core::Reader::new();
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = text;
    let mut out = [0; 64];
    loop {
        let (result, n_read, n_written) = reader.read_field(rest, &mut out);
        rest = &rest[n_read..];
        cell.extend_from_slice(&out[..n_written]);
        match result {
            csv_core::ReadFieldResult::InputEmpty | csv_core::ReadFieldResult::OutputFull => {}
            csv_core::ReadFieldResult::Field { record_end } => {
                record.push(String::from_utf8(std::mem::take(&mut cell)).expect("cells are cut at ASCII"));
                if record_end {
                    records.push(std::mem::take(&mut record));
                }
            }
            csv_core::ReadFieldResult::End => return records,
        }
    }
}

/// Everything is text, nothing but the empty cell is missing, nothing is sniffed.
fn as_text(n_columns: usize, has_header: bool) -> ReadConfig {
    ReadConfig {
        delimiter: Some(b','),
        quote: Some(Some(b'"')),
        decimal: Some(b'.'),
        has_header: Some(has_header),
        encoding: Some(Encoding::Utf8),
        column_kinds: (1..=n_columns).map(|column| (format!("column_{column}"), ColumnKind::Text)).collect(),
        missing_values: Some(Vec::new()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_pieces_give_one_table(bytes in bytes(), sizes in sizes()) {
        let config = ReadConfig::default();
        let whole = read_bytes(&bytes, config.clone());
        prop_assert_eq!(shown(&whole), shown(&read_in_pieces(&bytes, &sizes, &config)));
        match whole {
            Ok(read) => {
                prop_assert!(read.table.n_rows() > 0 && (1..=MAX_COLUMNS).contains(&read.table.columns().len()));
                for column in read.table.columns() {
                    let profile = vitrine::table::summary::profile(column);
                    let numbers = [profile.mean, profile.std, profile.min, profile.q1, profile.median, profile.q3, profile.max];
                    prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()));
                    prop_assert!(profile.histogram.iter().all(|bin| bin.start.is_finite() && bin.end.is_finite()));
                }
            }
            Err(error) => prop_assert!(
                ["ingest.empty_file", "ingest.no_rows", "ingest.not_text"].contains(&error.code()), "{:?}", error
            ),
        }
    }

    #[test]
    fn any_options_give_a_table_or_say_why_not(
        bytes in bytes(), delimiter in any::<u8>(), quote in any::<Option<u8>>(), has_header in any::<Option<bool>>()
    ) {
        let config = ReadConfig { delimiter: Some(delimiter), quote: Some(quote), has_header, ..ReadConfig::default() };
        let whole = read_bytes(&bytes, config.clone());
        prop_assert_eq!(shown(&whole), shown(&read_in_pieces(&bytes, &[3], &config)));
    }

    #[test]
    fn well_formed_files_have_the_cells_of_csv_core(
        cells in prop::collection::vec(prop::collection::vec((cell(), any::<bool>()), 3), 1..12),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        sizes in sizes(),
    ) {
        let lines = cells.iter().map(|row| row.iter().map(|(cell, q)| quoted(cell, *q)).collect::<Vec<_>>().join(","));
        let text = lines.collect::<Vec<_>>().join(line_end);
        let read = read_in_pieces(text.as_bytes(), &sizes, &as_text(3, false)).unwrap();
        let expected = oracle(text.as_bytes());
        prop_assert_eq!(read.table.n_rows(), expected.len());
        prop_assert!(read.issues.iter().all(|issue| ["all_missing", "constant"].contains(&issue.code)), "{:?}", read.issues);
        for (row, record) in expected.iter().enumerate() {
            for (column, cell) in read.table.columns().iter().zip(record) {
                // White space alone is a missing cell.
                let expected = if cell.trim().is_empty() { "" } else { cell };
                prop_assert_eq!(&*cell_text(column, row), expected);
            }
        }
    }

    #[test]
    fn reading_undoes_writing(
        numbers in prop::collection::vec(prop::option::of(-1e300f64..1e300), 4),
        texts in prop::collection::vec(prop::option::of("[ -~é中\n\r\t]{1,9}"), 4),
        codes in prop::collection::vec(0u32..2, 4),
        flags in prop::collection::vec(prop::option::of(0u8..2), 4),
        times in prop::collection::vec(-60_000_000_000_000i64..250_000_000_000_000, 4),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
    ) {
        let mut arena = TextColumn::with_capacity(4, 0);
        texts.iter().for_each(|text| arena.push(text.as_deref().filter(|text| !text.trim().is_empty())));
        let levels = vec!["red, \"hot\"".to_owned(), "=blue".to_owned()];
        // Levels are in order of first occurrence, and each occurs.
        let codes: Vec<u32> = [0, 1].into_iter().chain(codes).take(4).collect();
        let labels = ["no".to_owned(), "yes".to_owned()];
        let column = |name: &str, data: ColumnData| Column { name: name.to_owned(), data };
        let table = Table::new(vec![
            column("number", ColumnData::Numeric(numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect())),
            column("text, \"of\"\nany kind", ColumnData::Text(arena)),
            column("level", ColumnData::Categorical { codes, levels }),
            column("flag", ColumnData::Boolean { flags: [Some(0), Some(1)].into_iter().chain(flags).take(4).map(|flag| flag.unwrap_or(ColumnData::MISSING_FLAG)).collect(), labels }),
            column("time", ColumnData::Datetime(times)),
        ]);
        let text = csv_text(&table, WriteConfig { delimiter, formula_safe: false });
        let config = ReadConfig {
            delimiter: Some(delimiter),
            decimal: Some(b'.'),
            has_header: Some(true),
            column_kinds: table.columns().iter().map(|column| (column.name.clone(), column.kind())).collect::<BTreeMap<_, _>>(),
            missing_values: Some(Vec::new()),
            ..ReadConfig::default()
        };
        let read = read_bytes(text.as_bytes(), config).unwrap();
        prop_assert_eq!(format!("{:?}", read.table), format!("{table:?}"));
    }

    #[test]
    fn no_text_starts_a_formula(texts in prop::collection::vec("[=+@\t\r-]?[a-z,\"=]{0,5}", 1..6)) {
        let mut arena = TextColumn::with_capacity(0, 0);
        texts.iter().for_each(|text| arena.push(Some(text)));
        let table = Table::new(vec![Column { name: "=name".to_owned(), data: ColumnData::Text(arena) }]);
        let text = csv_text(&table, WriteConfig::default());
        for record in oracle(text.as_bytes()) {
            prop_assert!(!record[0].starts_with(['=', '+', '-', '@', '\t', '\r']), "{:?}", record);
        }
    }

    #[test]
    fn times_come_back(millis in -60_000_000_000_000i64..250_000_000_000_000) {
        prop_assert_eq!(parse_datetime(&format_datetime(millis)), Some(millis));
    }

    #[test]
    fn any_text_is_a_date_or_not(text in "[0-9TZ:/.年月日时 +-]{0,24}") {
        let _ = parse_datetime(&text);
    }
}

#[test]
fn numbers_come_back_bit_for_bit() {
    let mut bits = 1_u64;
    let numbers = std::iter::repeat_with(|| {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from_bits(bits ^ (bits >> 31))
    });
    let numbers: Vec<f64> = numbers.filter(|x| x.is_finite()).take(5_000).collect();
    let table = Table::new(vec![Column { name: "x".to_owned(), data: ColumnData::Numeric(numbers.clone()) }]);
    let read = read_bytes(csv_text(&table, WriteConfig::default()).as_bytes(), ReadConfig::default()).unwrap();
    for (row, x) in numbers.iter().enumerate() {
        assert!(matches!(read.table.columns()[0].cell(row), Cell::Number(y) if y.to_bits() == x.to_bits()));
    }
}
