//! A CSV becomes a table, piece by piece.

use std::cell::RefCell;
use std::rc::Rc;

use vitrine_protocol::{Event, LoadOptionsMsg, TableMsg};

use crate::Error;
use crate::ingest::{ReadConfig, ReadTable, Reader, Settled};
use crate::table::summary::profile;
use crate::worker::context::Context;
use crate::worker::jobs::CHUNK_BYTES;
use crate::worker::workspace::TableEntry;
use crate::worker::{Reply, Source, wire};

/// Bytes asked for at a time, of which fewer may come: browsers take their time per request, however small.
const PIECE_BYTES: u64 = 4 * CHUNK_BYTES;
/// The share of the progress that reading takes; profiling takes the rest.
const READING: f64 = 0.85;

pub(super) async fn load_csv(
    context: Context,
    id: String,
    options: LoadOptionsMsg,
    source: Rc<dyn Source>,
) -> Result<Reply, Error> {
    let started = context.now_millis();
    let read = read_csv(&context, wire::core_config(&options)?, source.as_ref(), READING).await?;
    let n_columns = read.table.columns().len();
    let mut profiles = Vec::with_capacity(n_columns);
    for column in read.table.columns() {
        profiles.push(profile(column));
        let done = profiles.len() as f64 / n_columns as f64;
        context.tick("profiling", READING + (1.0 - READING) * done).await;
    }
    let words = wire::dialect_words(&read.dialect);
    let msg = TableMsg {
        id,
        name: options.name.unwrap_or_else(|| "table".to_owned()),
        n_rows: read.table.n_rows(),
        delimiter: words.delimiter,
        quote: words.quote,
        decimal: words.decimal,
        has_header: words.has_header,
        encoding: words.encoding,
        size_bytes: source.size_bytes(),
        memory_bytes: read.table.memory_bytes() as u64,
        load_ms: context.now_millis() - started,
        columns: wire::table_columns(&read.table, profiles),
        issues: wire::issue_msgs(&read.issues),
    };
    context.workspace.borrow_mut().keep_table(TableEntry {
        table: Rc::new(read.table),
        msg: msg.clone(),
        source: Some(source),
        sha256: RefCell::new(None),
    });
    Ok(Event::TableLoaded(msg).into())
}

/// Reads a CSV, in as many passes as the reader wants; progress goes from 0 to `share`.
pub(super) async fn read_csv(
    context: &Context,
    config: ReadConfig,
    source: &dyn Source,
    share: f64,
) -> Result<ReadTable, Error> {
    let size_bytes = source.size_bytes();
    let mut reader = Reader::new(config, size_bytes)?;
    loop {
        // The next piece is on its way while the reader works on this one.
        let piece = |start: u64| (start < size_bytes).then(|| source.read(start, size_bytes.min(start + PIECE_BYTES)));
        let mut start = 0;
        let mut coming = piece(start);
        while let Some(chunk) = coming {
            let chunk = chunk.await?;
            coming = piece(start + chunk.len() as u64);
            for part in chunk.chunks(CHUNK_BYTES as usize) {
                reader.push(part)?;
                start += part.len() as u64;
                context.tick("reading", share * start as f64 / size_bytes as f64).await;
            }
        }
        reader.end()?;
        loop {
            match reader.settle()? {
                Settled::Working { .. } => context.tick("typing", share).await,
                Settled::Reread => break,
                Settled::Done(read) => return Ok(*read),
            }
        }
    }
}
