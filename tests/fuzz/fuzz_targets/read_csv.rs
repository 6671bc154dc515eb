//! Any bytes, cut anywhere: reading never panics, never hangs, and gives the same table however the bytes were cut. What
//! was read can be written, and the writing read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine::Error;
use vitrine::ingest::write::{WriteConfig, csv_text};
use vitrine::ingest::{Encoding, ReadConfig, ReadTable, Reader, Settled, read_bytes};

fn read_in_pieces(bytes: &[u8], n_piece: usize) -> Result<ReadTable, Error> {
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

fuzz_target!(|input: &[u8]| {
    let Some((&n_piece, bytes)) = input.split_first() else { return };
    let whole = read_bytes(bytes, ReadConfig::default());
    let pieces = read_in_pieces(bytes, usize::from(n_piece).max(1));
    // As text, in which a missing number equals itself.
    assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
    if let Ok(read) = whole {
        read.table.columns().iter().for_each(|column| drop(vitrine::table::summary::profile(column)));
        let config = ReadConfig {
            delimiter: Some(b','),
            quote: Some(Some(b'"')),
            has_header: Some(true),
            encoding: Some(Encoding::Utf8),
            ..ReadConfig::default()
        };
        let again = read_bytes(csv_text(&read.table, WriteConfig::default()).as_bytes(), config);
        assert!(again.is_ok_and(|again| again.table.columns().len() == read.table.columns().len()));
    }
});
