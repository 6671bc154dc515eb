//! One file while its cells are read: decoder, lexer and columns together, in one pass or two.
//!
//! What comes in: the first bytes, then all bytes. What goes out: a [`ReadTable`]. After the first pass the number of rows
//! is settled; the second only fills the columns whose kind was guessed wrong.

use std::collections::BTreeMap;

use super::decode::{Decoder, Piece};
use super::encoding::{looks_like_binary, sniff_encoding};
use super::feed::Feed;
use super::header::{FirstRecords, Layout};
use super::lexer::Lexer;
use super::sink::{Slot, TableSink};
use super::sniff::{Sniffed, sniff_cells};
use super::{Dialect, Encoding, IngestError, IngestIssue, ReadConfig, ReadTable};
use crate::error::{Error, Issues};
use crate::table::infer::{ColumnBuilder, Outcome, Rules};
use crate::table::{Column, Table};

/// Cells one call of [`Body::settle_columns`] looks at, roughly.
const SETTLE_CELLS: usize = 1 << 20;
/// Columns named for one kind of issue; more are counted together.
const MAX_ISSUE_COLUMNS: usize = 100;

/// What reads cells.
pub(super) struct Body {
    dialect: Dialect,
    sniffed: Sniffed,
    pub(super) layout: Layout,
    decoder: Decoder,
    feed: Feed,
    sink: TableSink,
    issues: Issues,
    /// Text was seen: a byte-order mark can no longer come.
    has_begun: bool,
    pub(super) has_ended: bool,
    pub(super) is_second_pass: bool,
    /// Rows, as counted in the first pass.
    pub(super) n_rows: usize,
    nul: Strange,
    bad_bytes: Strange,
    /// The whole file, where it is no longer than a head.
    file: Option<Vec<u8>>,
    /// The next column to settle.
    next_column: usize,
    n_issues_of: BTreeMap<&'static str, usize>,
    pub(super) must_reread: bool,
}

/// Where something strange was first, and how often.
#[derive(Default)]
struct Strange {
    n: u64,
    line: u64,
}

impl Strange {
    fn add(&mut self, line: u64) {
        if self.n == 0 {
            self.line = line;
        }
        self.n += 1;
    }
}

impl Body {
    pub(super) fn new(config: &ReadConfig, head: Vec<u8>, is_all: bool, size_bytes: u64) -> Result<Self, Error> {
        let (encoding, is_assumed) = match config.encoding {
            Some(encoding) => (encoding, false),
            None => sniff_encoding(&head, is_all),
        };
        if let Some(looks_like) = looks_like_binary(&head, encoding, config.encoding.is_some()) {
            return Err(IngestError::NotText { looks_like: looks_like.to_owned() }.into());
        }
        let text = text_of(&head, encoding, is_all);
        let sniffed = sniff_cells(&text, is_all, config.delimiter, config.quote);
        let lexer = Lexer::new(sniffed.delimiter, sniffed.quote);
        let mut first = FirstRecords::new(usize::from(sniffed.has_separator_line));
        lexer.clone().lex(&text, is_all, &mut first);
        if first.is_empty() {
            // A record that goes on beyond the head is taken as far as it goes, if there is no other.
            first = FirstRecords::new(0);
            lexer.clone().lex(&text, true, &mut first);
        }
        let mut issues = Issues::new();
        let (decimal, is_certain) = match config.decimal {
            Some(decimal) => (decimal, true),
            None => first.decimals().decide(sniffed.delimiter),
        };
        let mut rules = Rules::new(decimal, config.missing_values.as_deref());
        rules.is_decimal_certain = is_certain;
        rules.is_day_first = decimal == b',' || sniffed.delimiter == b';';
        let layout = first.layout(config.has_header, &rules, &mut issues)?;
        for name in config.column_kinds.keys() {
            if !layout.names.contains(name) {
                let known = layout.names.iter().take(20).map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
                return Err(IngestError::NoSuchColumn { name: name.clone(), known }.into());
            }
        }
        let dialect = Dialect {
            delimiter: sniffed.delimiter,
            quote: sniffed.quote,
            decimal,
            has_header: layout.has_header,
            encoding,
        };
        let mut counter = RowCounter::default();
        let n_head = lexer.clone().lex(&text, is_all, &mut counter).max(1);
        let share = (head.len() as f64 * n_head as f64 / text.len().max(1) as f64).max(1.0);
        // Two per cent more: rows of the head are a sample of all rows.
        let n_rows_expected = (counter.n_rows as f64 * (size_bytes as f64 / share) * 1.02) as u64 + 16;
        rules.n_rows_expected = n_rows_expected.min(size_bytes).min(u64::from(u32::MAX)) as usize;
        let builders = layout.names.iter().zip(&layout.guesses).map(|(name, &guess)| {
            let forced = config.column_kinds.get(name).copied();
            ColumnBuilder::new(name.clone(), guess, forced, &rules)
        });
        let n_skip = usize::from(sniffed.has_separator_line) + usize::from(layout.has_header);
        let sink = TableSink::new(builders.collect::<Vec<_>>().into_iter(), rules, n_skip);
        let mut body = Self {
            dialect,
            sniffed,
            layout,
            decoder: Decoder::new(encoding, is_assumed),
            feed: Feed::new(lexer),
            sink,
            issues,
            has_begun: false,
            has_ended: false,
            is_second_pass: false,
            n_rows: 0,
            nul: Strange::default(),
            bad_bytes: Strange::default(),
            file: None,
            next_column: 0,
            n_issues_of: BTreeMap::new(),
            must_reread: false,
        };
        drop(text);
        body.push(&head, false);
        body.file = is_all.then_some(head);
        Ok(body)
    }

    pub(super) fn push(&mut self, bytes: &[u8], is_last: bool) {
        let Self { decoder, feed, sink, has_begun, nul, bad_bytes, .. } = self;
        decoder.decode(bytes, is_last, &mut |piece| match piece {
            Piece::Text(text) => {
                let text = if *has_begun { text } else { text.strip_prefix('\u{feff}').unwrap_or(text) };
                *has_begun = true;
                if !has_nul(text) {
                    feed.push(text, sink);
                    return;
                }
                for (idx, part) in text.split('\0').enumerate() {
                    if idx > 0 {
                        nul.add(feed.lexer.line());
                    }
                    feed.push(part, sink);
                }
            }
            Piece::Bad => {
                *has_begun = true;
                bad_bytes.add(feed.lexer.line());
                feed.push("\u{fffd}", sink);
            }
        });
    }

    pub(super) fn end(&mut self) {
        if self.has_ended {
            return;
        }
        self.push(&[], true);
        self.feed.end(&mut self.sink);
        self.has_ended = true;
        self.next_column = 0;
        if !self.is_second_pass {
            self.dialect.encoding = self.decoder.encoding();
            self.n_rows = self.sink.n_rows;
            self.report();
        }
    }

    /// Reports what concerns the file and not a column of it.
    fn report(&mut self) {
        let Self { issues, sink, feed, nul, bad_bytes, .. } = self;
        sink.report_ragged(self.layout.has_header, issues);
        let (n, line) = feed.lexer.unclosed();
        issues.push_many(IngestIssue::UnclosedQuote { line }, n);
        issues.push_many(IngestIssue::NulByte { line: nul.line }, nul.n);
        let encoding = self.dialect.encoding.label().to_owned();
        issues.push_many(IngestIssue::BadBytes { line: bad_bytes.line, encoding }, bad_bytes.n);
    }

    /// Settles the next columns. Returns how far it is, `None` when all are settled.
    pub(super) fn settle_columns(&mut self) -> Option<f64> {
        let mut n_cells = 0;
        while n_cells < SETTLE_CELLS && self.next_column < self.sink.slots.len() {
            let slot = &mut self.sink.slots[self.next_column];
            match std::mem::replace(slot, Slot::Taken) {
                Slot::Building(builder) => {
                    let mut issues = Issues::new();
                    *slot = match builder.settle(self.n_rows, &self.sink.rules, &mut issues) {
                        Outcome::Done(mut data) => {
                            data.shrink();
                            Slot::Done(data)
                        }
                        Outcome::Retry(builder) => {
                            self.must_reread = true;
                            Slot::Building(Box::new(builder))
                        }
                    };
                    self.keep_issues(issues);
                    n_cells += self.n_rows;
                }
                other => *slot = other,
            }
            self.next_column += 1;
        }
        let n_columns = self.sink.slots.len();
        (self.next_column < n_columns).then(|| self.next_column as f64 / n_columns as f64)
    }

    /// Keeps the issues of a column, unless many columns have the same.
    fn keep_issues(&mut self, issues: Issues) {
        for issue in issues.iter() {
            let n = self.n_issues_of.entry(issue.code).or_default();
            *n += 1;
        }
        if issues.iter().all(|issue| self.n_issues_of[issue.code] <= MAX_ISSUE_COLUMNS) {
            self.issues.extend(issues);
        }
    }

    /// Prepares the second pass. Makes it at once where the file is at hand; returns whether it did.
    pub(super) fn reread(&mut self) -> bool {
        let Sniffed { delimiter, quote, has_separator_line } = self.sniffed;
        self.decoder = Decoder::new(self.dialect.encoding, false);
        self.feed = Feed::new(Lexer::new(delimiter, quote));
        self.sink.n_skip = usize::from(has_separator_line) + usize::from(self.layout.has_header);
        (self.has_begun, self.has_ended, self.is_second_pass) = (false, false, true);
        self.must_reread = false;
        let Some(file) = self.file.take() else { return false };
        self.push(&file, false);
        self.end();
        true
    }

    pub(super) fn into_table(mut self, size_bytes: u64) -> ReadTable {
        for (what, n) in &self.n_issues_of {
            let n_columns = n.saturating_sub(MAX_ISSUE_COLUMNS);
            if n_columns > 0 {
                self.issues.push(IngestIssue::MoreColumns { what: (*what).to_owned(), n_columns });
            }
        }
        let columns = self.layout.names.into_iter().zip(self.sink.slots).filter_map(|(name, slot)| match slot {
            Slot::Done(data) => Some(Column { name, data }),
            Slot::Building(_) | Slot::Taken => None,
        });
        let table = Table::new(columns.collect());
        ReadTable { table, dialect: self.dialect, size_bytes, issues: self.issues }
    }
}

/// Counts records.
#[derive(Default)]
struct RowCounter {
    n_rows: usize,
}

impl super::lexer::Sink for RowCounter {
    fn cell(&mut self, _idx: usize, _text: &str, _line: u64) {}

    fn end_record(&mut self, _n_cells: usize, _line: u64) {
        self.n_rows += 1;
    }
}

/// The text of the first bytes, as far as the dialect is concerned.
fn text_of(head: &[u8], encoding: Encoding, is_all: bool) -> String {
    let mut text = String::with_capacity(head.len());
    Decoder::new(encoding, false).decode(head, is_all, &mut |piece| match piece {
        Piece::Text(piece) => text.push_str(piece),
        Piece::Bad => text.push('\u{fffd}'),
    });
    if has_nul(&text) {
        text.retain(|char| char != '\0');
    }
    match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// Whether a text has a NUL; written so that the compiler compares many bytes at once.
fn has_nul(text: &str) -> bool {
    text.as_bytes().chunks(4096).any(|chunk| chunk.iter().fold(false, |found, &byte| found | (byte == 0)))
}
