//! The reader: chunks of bytes in, a table out, nothing kept but typed columns.
//!
//! The first bytes are gathered until the dialect can be told, always the same number of them, so that the table does not
//! depend on how the file was cut. From then on each chunk is decoded, lexed and typed at once. Columns whose first cells
//! were misleading make a second pass over the file, asked for with [`Settled::Reread`].

use super::body::Body;
use super::{IngestError, ReadConfig, ReadTable, Settled};
use crate::error::Error;

/// Bytes the dialect is told from; more only where lines are so long that these hold too few of them.
const HEAD_SIZES: [usize; 4] = [256 << 10, 1 << 20, 4 << 20, 16 << 20];
/// Lines that are enough.
const MIN_HEAD_LINES: usize = 20;

/// Reads one file, pushed in pieces of about a mebibyte.
///
/// ```
/// use vitrine::ingest::{ReadConfig, Reader, Settled};
/// let file = b"id,score\n007,1.5\n008,2.5\n";
/// let mut reader = Reader::new(ReadConfig::default(), file.len() as u64).unwrap();
/// let read = loop {
///     file.chunks(10).try_for_each(|chunk| reader.push(chunk)).unwrap();
///     reader.end().unwrap();
///     let settled = loop {
///         match reader.settle().unwrap() {
///             Settled::Working { .. } => {}
///             settled => break settled,
///         }
///     };
///     if let Settled::Done(read) = settled {
///         break read;
///     }
/// };
/// assert_eq!((read.table.n_rows(), read.size_bytes), (2, 25));
/// ```
pub struct Reader {
    config: ReadConfig,
    size_bytes_expected: u64,
    n_bytes: u64,
    phase: Phase,
}

enum Phase {
    /// The first bytes are being gathered.
    Head(Vec<u8>),
    /// Cells are being read.
    Body(Box<Body>),
    /// The table was handed out, or there is none.
    Spent,
}

impl Reader {
    /// A reader for a file of `size_bytes`; the size is used to make room and may be an estimate.
    ///
    /// **Errors** `ingest.bad_delimiter`, `ingest.bad_quote`, `ingest.bad_decimal`.
    pub fn new(config: ReadConfig, size_bytes: u64) -> Result<Self, Error> {
        config.check()?;
        Ok(Self { config, size_bytes_expected: size_bytes, n_bytes: 0, phase: Phase::Head(Vec::new()) })
    }

    /// Takes the next bytes. Work is in proportion to them.
    ///
    /// **Errors** `ingest.not_text`, `ingest.too_many_columns`, `ingest.no_such_column`, when the first bytes show it.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let mut rest = chunk;
        if matches!(&self.phase, Phase::Body(body) if body.has_ended) {
            return Ok(());
        }
        if !matches!(&self.phase, Phase::Body(body) if body.is_second_pass) {
            self.n_bytes += chunk.len() as u64;
        }
        if let Phase::Head(head) = &mut self.phase {
            while let Some(size) = HEAD_SIZES.into_iter().find(|&size| size > head.len()) {
                let n = rest.len().min(size - head.len());
                head.extend_from_slice(&rest[..n]);
                rest = &rest[n..];
                if head.len() < size {
                    return Ok(());
                }
                let n_lines = head.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count();
                if n_lines >= MIN_HEAD_LINES {
                    break;
                }
            }
            self.begin(false)?;
        }
        if let Phase::Body(body) = &mut self.phase {
            body.push(rest, false);
        }
        Ok(())
    }

    /// There are no more bytes in this pass.
    ///
    /// **Errors** as [`Reader::push`], and `ingest.empty_file`.
    pub fn end(&mut self) -> Result<(), Error> {
        if matches!(self.phase, Phase::Head(_)) {
            self.begin(true)?;
        }
        if let Phase::Body(body) = &mut self.phase {
            body.end();
        }
        Ok(())
    }

    /// Turns what was read into a table, a bounded step at a time.
    ///
    /// **Errors** `ingest.no_rows`; `ingest.empty_file` when called without bytes or after the table was handed out.
    pub fn settle(&mut self) -> Result<Settled, Error> {
        let Phase::Body(body) = &mut self.phase else { return Err(IngestError::EmptyFile {}.into()) };
        if body.n_rows == 0 {
            let n_columns = body.layout.names.len();
            self.phase = Phase::Spent;
            return Err(IngestError::NoRows { n_columns }.into());
        }
        if let Some(fraction) = body.settle_columns() {
            return Ok(Settled::Working { fraction });
        }
        if body.must_reread {
            return Ok(if body.reread() { Settled::Working { fraction: 0.5 } } else { Settled::Reread });
        }
        let Phase::Body(body) = std::mem::replace(&mut self.phase, Phase::Spent) else {
            return Err(IngestError::EmptyFile {}.into());
        };
        Ok(Settled::Done(Box::new(body.into_table(self.n_bytes))))
    }

    /// Tells the dialect from the first bytes and starts to read.
    fn begin(&mut self, is_all: bool) -> Result<(), Error> {
        let Phase::Head(head) = std::mem::replace(&mut self.phase, Phase::Spent) else { return Ok(()) };
        let body = Body::new(&self.config, head, is_all, self.size_bytes_expected.max(self.n_bytes))?;
        self.phase = Phase::Body(Box::new(body));
        Ok(())
    }
}

/// Reads a file that is in memory.
///
/// **Errors** as [`Reader`].
///
/// ```
/// use vitrine::ingest::{ReadConfig, read_bytes};
/// let read = read_bytes("城市,人口\n北京,2189.3\n".as_bytes(), ReadConfig::default()).unwrap();
/// assert_eq!(read.table.columns()[1].name, "人口");
/// assert_eq!(read_bytes(b"", ReadConfig::default()).unwrap_err().code(), "ingest.empty_file");
/// ```
pub fn read_bytes(bytes: &[u8], config: ReadConfig) -> Result<ReadTable, Error> {
    let mut reader = Reader::new(config, bytes.len() as u64)?;
    loop {
        bytes.chunks(1 << 20).try_for_each(|chunk| reader.push(chunk))?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::table::{Cell, ColumnKind};

    /// Rows that fill more than a head, then one more.
    fn long_file(row: &str, last: &str) -> Vec<u8> {
        format!("a,b\n{}{last}\n", format!("{row}\n").repeat(HEAD_SIZES[0] / row.len())).into_bytes()
    }

    fn rereads(bytes: &[u8]) -> (usize, ReadTable) {
        let mut reader = Reader::new(ReadConfig::default(), bytes.len() as u64).unwrap();
        let mut n_rereads = 0;
        loop {
            bytes.chunks(10_000).for_each(|chunk| reader.push(chunk).unwrap());
            reader.end().unwrap();
            loop {
                match reader.settle().unwrap() {
                    Settled::Working { .. } => {}
                    Settled::Reread => break,
                    Settled::Done(read) => return (n_rereads, *read),
                }
            }
            n_rereads += 1;
        }
    }

    #[test]
    fn only_a_contradicted_guess_is_read_twice() {
        assert_eq!(rereads(&long_file("1,x", "2,y")).0, 0);
        // A padded number at the very end makes names of all numbers before it.
        let (n, read) = rereads(&long_file("1,x", "002,y"));
        let column = &read.table.columns()[0];
        assert_eq!((n, column.kind(), column.cell(0)), (1, ColumnKind::Text, Cell::Text("1")));
        assert_eq!(column.cell(read.table.n_rows() - 1), Cell::Text("002"));
    }

    #[test]
    fn one_bad_cell_among_many_is_an_issue() {
        let (n, read) = rereads(&long_file("1,x", "oops,y"));
        assert_eq!((n, read.table.columns()[0].kind()), (0, ColumnKind::Numeric));
        let issue = read.issues.iter().find(|issue| issue.code == "bad_cell").unwrap();
        let line = read.table.n_rows() + 1;
        assert_eq!(issue.message, format!("line {line} has \"oops\" in column \"a\", which is not a number"));
    }

    #[test]
    fn options_are_followed_or_refused() {
        let read = |text: &str, config: ReadConfig| read_bytes(text.as_bytes(), config);
        let kinds = BTreeMap::from([("b".to_owned(), ColumnKind::Text)]);
        let config = ReadConfig { column_kinds: kinds, ..ReadConfig::default() };
        assert_eq!(read("a,b\n1,2\n", config.clone()).unwrap().table.columns()[1].cell(0), Cell::Text("2"));
        let error = read("a,c\n1,2\n", config).unwrap_err();
        assert_eq!(error.message(), "column_kinds names \"b\", but the file has \"a\", \"c\"");
        let config = ReadConfig { delimiter: Some(b'x'), ..ReadConfig::default() };
        assert_eq!(read("", config).unwrap_err().code(), "ingest.bad_delimiter");
        let config = ReadConfig { missing_values: Some(vec!["?".to_owned()]), ..ReadConfig::default() };
        let table = read("a\n1\n?\nNA\n", config).unwrap().table;
        assert_eq!((table.columns()[0].cell(1), table.columns()[0].cell(2)), (Cell::Missing, Cell::Text("NA")));
    }

    #[test]
    fn a_table_of_ten_thousand_columns_is_read_and_one_of_too_many_is_refused() {
        let wide = |n: usize| format!("{}\n{}\n", vec!["x"; n].join(","), vec!["1"; n].join(","));
        let read = read_bytes(wide(10_000).as_bytes(), ReadConfig::default()).unwrap();
        assert_eq!(read.table.columns()[9_999].name, "x_10000");
        let error = read_bytes(wide(100_001).as_bytes(), ReadConfig::default()).unwrap_err();
        assert_eq!(error.message(), "the file has 100001 columns, but at most 100000 can be read");
    }

    #[test]
    fn a_file_that_changed_between_two_passes_gives_a_table() {
        let first = long_file("1,x", "002,y");
        let mut reader = Reader::new(ReadConfig::default(), 0).unwrap();
        reader.push(&first).unwrap();
        reader.end().unwrap();
        while reader.settle().unwrap() != Settled::Reread {}
        reader.push(b"a,b\n7\n").unwrap();
        reader.end().unwrap();
        let read = loop {
            if let Settled::Done(read) = reader.settle().unwrap() {
                break read;
            }
        };
        assert_eq!(
            (read.table.columns()[0].cell(0), read.table.columns()[0].cell(1)),
            (Cell::Text("7"), Cell::Missing)
        );
    }
}
