//! Text becomes cells here, by RFC 4180 and a few rules for files that break it.
//!
//! What comes in: text in pieces of any size. What goes out: each cell, unquoted, to a [`Sink`]. The cells do not depend
//! on where the pieces were cut. Every byte is looked at at most three times.
//!
//! Beyond the RFC: a line ends with `\n`, `\r\n` or `\r`; blank lines are skipped; blanks before an opening and behind a
//! closing quote are dropped; a quote inside a cell that did not begin with one is a character like any other, and so is
//! what stands behind a closing quote. A quote that opens a cell and is not closed within [`MAX_QUOTED`] bytes, or whose
//! cell runs over a line end into the middle of a word, was never meant to open one: it is read as a character.

use std::ops::Range;

use super::scan::{BLOCK, Needles, mask_at};

/// Longest quoted cell. A quote that is open for longer was forgotten, and this bounds what is read twice.
pub(super) const MAX_QUOTED: usize = 4 << 20;

/// Blanks before an opening quote that are dropped; more are text.
const MAX_INDENT: usize = 64;

/// Takes the cells.
pub(super) trait Sink {
    /// A cell: its position in the record, its text, the line its record begins in.
    fn cell(&mut self, idx: usize, text: &str, line: u64);
    /// A cell that stands in the text as it is. A sink that reads numbers looks at the bytes before it as well, because a
    /// load of fixed size is quicker than one of the cell's.
    #[inline]
    fn plain_cell(&mut self, idx: usize, text: &str, cell: Range<usize>, line: u64) {
        self.cell(idx, &text[cell], line);
    }
    /// The record that began in a line is complete.
    fn end_record(&mut self, n_cells: usize, line: u64);
}

/// Where the lexer is, between two pieces.
#[derive(Clone, Debug)]
pub(super) struct Lexer {
    needles: Needles,
    state: State,
    /// How far behind the start of the unfinished cell to go on.
    resume: usize,
    /// The line of the next byte, from 1.
    line: u64,
    /// The line the record began in.
    record_line: u64,
    n_cells: usize,
    /// Whether the last record ended with a carriage return, to which a line feed may still belong.
    after_cr: bool,
    scratch: String,
    /// Where the unfinished cell has doubled quotes: the offsets of the first of each two.
    escapes: Vec<usize>,
    n_unclosed: u64,
    first_unclosed_line: u64,
    n_garbled: u64,
    n_quoted: u64,
}

/// What kind of cell the lexer is in; offsets count from the start of the cell.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Plain,
    Quoted { content: usize, line: u64, has_line_end: bool },
    Closed { content: usize, close: usize },
}

impl Lexer {
    pub(super) fn new(delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            needles: Needles { delimiter, quote: quote.unwrap_or(b'\n') },
            state: State::Plain,
            resume: 0,
            line: 1,
            record_line: 1,
            n_cells: 0,
            after_cr: false,
            scratch: String::new(),
            escapes: Vec::new(),
            n_unclosed: 0,
            first_unclosed_line: 0,
            n_garbled: 0,
            n_quoted: 0,
        }
    }

    /// The line of the byte that comes next, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many quotes were never closed, and the line of the first.
    pub(super) fn unclosed(&self) -> (u64, u64) {
        (self.n_unclosed, self.first_unclosed_line)
    }

    /// How many closing quotes had text behind them.
    pub(super) fn n_garbled(&self) -> u64 {
        self.n_garbled
    }

    /// How many cells were quoted.
    pub(super) fn n_quoted(&self) -> u64 {
        self.n_quoted
    }

    /// Reads on. Returns how many bytes are done with: the rest is an unfinished cell, to be given again with more text
    /// behind it. With `is_last`, everything is done with.
    pub(super) fn lex(&mut self, text: &str, is_last: bool, sink: &mut impl Sink) -> usize {
        let bytes = text.as_bytes();
        let needles = self.needles;
        let mut start = 0;
        let mut block = self.resume;
        'blocks: loop {
            let mut bits = if block < bytes.len() { mask_at(bytes, block, needles) } else { 0 };
            while bits != 0 {
                let at = block + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let byte = bytes[at];
                match self.state {
                    State::Plain if byte == needles.delimiter => {
                        sink.plain_cell(self.n_cells, text, start..at, self.record_line);
                        self.n_cells += 1;
                        start = at + 1;
                    }
                    State::Plain if byte == b'\n' || byte == b'\r' => {
                        self.end_plain_line(text, start..at, byte, sink);
                        start = at + 1;
                    }
                    // Most quoted cells hold nothing but text, end soon, and have nothing before or behind the quotes.
                    State::Plain
                        if at == start
                            && let Some((close, rest)) = closes_soon(bytes, block, bits, needles) =>
                    {
                        sink.plain_cell(self.n_cells, text, start + 1..close, self.record_line);
                        self.n_cells += 1;
                        self.n_quoted += 1;
                        let end = bytes[close + 1];
                        if end != needles.delimiter {
                            self.end_line(end, sink);
                        }
                        start = close + 2;
                        bits = rest;
                    }
                    State::Plain => {
                        if opens(&bytes[start..at]) {
                            let (content, line) = (at + 1 - start, self.line);
                            self.state = State::Quoted { content, line, has_line_end: false };
                            self.escapes.clear();
                        }
                    }
                    State::Quoted { line, content, .. } if at - start > MAX_QUOTED => {
                        block = self.reopen(start + content, line);
                        continue 'blocks;
                    }
                    State::Quoted { content, line, has_line_end } => {
                        if byte == b'\n' || byte == b'\r' {
                            self.line += u64::from(byte == b'\r' || bytes[at - 1] != b'\r');
                            self.state = State::Quoted { content, line, has_line_end: true };
                        } else if byte == needles.quote {
                            match bytes.get(at + 1) {
                                // Whether it closes or escapes, the next piece will tell.
                                None if !is_last => {
                                    self.resume = at - start;
                                    return start;
                                }
                                Some(&next) if next == needles.quote => {
                                    self.escapes.push(at - start);
                                    // The second quote is spoken for: its bit is the lowest, or in the next block.
                                    if bits == 0 {
                                        block = at + 2;
                                        continue 'blocks;
                                    }
                                    bits &= bits - 1;
                                }
                                next => {
                                    let is_end = |byte: u8| byte == needles.delimiter || b"\n\r \t".contains(&byte);
                                    if has_line_end && next.is_some_and(|&next| !is_end(next)) {
                                        block = self.reopen(start + content, line);
                                        continue 'blocks;
                                    }
                                    self.state = State::Closed { content, close: at - start };
                                }
                            }
                        }
                    }
                    State::Closed { content, close } => {
                        if byte == needles.quote {
                            continue;
                        }
                        self.closed_cell(text, start..at, content, close, sink);
                        if byte != needles.delimiter {
                            self.end_line(byte, sink);
                        }
                        start = at + 1;
                    }
                }
            }
            block += BLOCK;
            if block < bytes.len() {
                continue;
            }
            match self.state {
                State::Quoted { content, line, .. } if is_last || bytes.len() - start > MAX_QUOTED => {
                    block = self.reopen(start + content, line);
                }
                _ if is_last => {
                    self.end_text(&text[start..], sink);
                    return bytes.len();
                }
                _ => {
                    self.resume = bytes.len() - start;
                    return start;
                }
            }
        }
    }

    /// The quote before `content` opens nothing after all. Returns where to go on.
    fn reopen(&mut self, content: usize, line: u64) -> usize {
        self.n_unclosed += 1;
        if self.n_unclosed == 1 {
            self.first_unclosed_line = line;
        }
        self.line = line;
        self.state = State::Plain;
        content
    }

    fn end_plain_line(&mut self, text: &str, cell: Range<usize>, byte: u8, sink: &mut impl Sink) {
        if self.n_cells == 0 && is_blank(&text[cell.clone()]) {
            if byte == b'\n' && self.after_cr && cell.is_empty() {
                // The second half of `\r\n`.
                self.after_cr = false;
                return;
            }
            self.line += 1;
            self.record_line = self.line;
            self.after_cr = byte == b'\r';
            return;
        }
        sink.plain_cell(self.n_cells, text, cell, self.record_line);
        self.n_cells += 1;
        self.end_line(byte, sink);
    }

    fn end_line(&mut self, byte: u8, sink: &mut impl Sink) {
        sink.end_record(self.n_cells, self.record_line);
        self.n_cells = 0;
        self.line += 1;
        self.record_line = self.line;
        self.after_cr = byte == b'\r';
    }

    /// A quoted cell with what stands behind its closing quote.
    fn closed_cell(&mut self, text: &str, place: Range<usize>, content: usize, close: usize, sink: &mut impl Sink) {
        let start = place.start;
        let cell = &text[place];
        let behind = &cell[close + 1..];
        let has_more = !is_blank(behind);
        self.n_quoted += 1;
        if has_more || !self.escapes.is_empty() {
            self.scratch.clear();
            let mut from = content;
            for &escape in &self.escapes {
                self.scratch.push_str(&cell[from..=escape]);
                from = escape + 2;
            }
            self.scratch.push_str(&cell[from..close]);
            if has_more {
                self.n_garbled += 1;
                self.scratch.push_str(behind);
            }
            sink.cell(self.n_cells, &self.scratch, self.record_line);
        } else {
            sink.plain_cell(self.n_cells, text, start + content..start + close, self.record_line);
        }
        self.n_cells += 1;
        self.state = State::Plain;
    }

    fn end_text(&mut self, cell: &str, sink: &mut impl Sink) {
        match self.state {
            State::Closed { content, close } => self.closed_cell(cell, 0..cell.len(), content, close, sink),
            _ if self.n_cells == 0 && is_blank(cell) => return,
            _ => {
                sink.cell(self.n_cells, cell, self.record_line);
                self.n_cells += 1;
            }
        }
        sink.end_record(self.n_cells, self.record_line);
        self.n_cells = 0;
        self.resume = 0;
    }
}

/// Where the quoted cell closes whose first byte is just before the lowest of `bits`, if that is the next needle and the
/// cell ends right behind it, all in one block; and the bits that are left then.
#[inline]
fn closes_soon(bytes: &[u8], block: usize, bits: u64, needles: Needles) -> Option<(usize, u64)> {
    let close = block + bits.trailing_zeros() as usize;
    let rest = bits & bits.wrapping_sub(1);
    let end = block + rest.trailing_zeros() as usize;
    // Without a bit the places are beyond the block, where nothing of it can stand.
    let is_simple = rest != 0 && end == close + 1 && bytes[close] == needles.quote && bytes[end] != needles.quote;
    is_simple.then(|| (close, rest & rest.wrapping_sub(1)))
}

/// Whether a quote behind these bytes of a cell opens it.
fn opens(before: &[u8]) -> bool {
    before.len() <= MAX_INDENT && before.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::super::feed::Feed;
    use super::*;

    /// Records with the lines they begin in.
    #[derive(Default)]
    struct Records {
        all: Vec<(u64, Vec<String>)>,
        record: Vec<String>,
    }

    impl Sink for Records {
        fn cell(&mut self, idx: usize, text: &str, _line: u64) {
            assert_eq!(idx, self.record.len());
            self.record.push(text.to_owned());
        }

        fn end_record(&mut self, n_cells: usize, line: u64) {
            assert_eq!(n_cells, self.record.len());
            self.all.push((line, std::mem::take(&mut self.record)));
        }
    }

    /// Lexes in pieces of every small size; all must agree.
    fn lex(text: &str) -> (Vec<(u64, String)>, (u64, u64)) {
        let run = |n_piece: usize| {
            let mut feed = Feed::new(Lexer::new(b',', Some(b'"')));
            let mut records = Records::default();
            let mut rest = text;
            while !rest.is_empty() {
                let n = rest.ceil_char_boundary(n_piece);
                feed.push(&rest[..n], &mut records);
                rest = &rest[n..];
            }
            feed.end(&mut records);
            let joined = records.all.into_iter().map(|(line, record)| (line, record.join("|"))).collect::<Vec<_>>();
            (joined, feed.lexer.unclosed())
        };
        let whole = run(text.len().max(1));
        (1..text.len().min(200)).for_each(|n_piece| assert_eq!(run(n_piece), whole, "{text:?} by {n_piece}"));
        whole
    }

    #[track_caller]
    fn check(text: &str, expected: &[(u64, &str)]) {
        let expected: Vec<(u64, String)> = expected.iter().map(|&(line, record)| (line, record.to_owned())).collect();
        assert_eq!(lex(text), (expected, (0, 0)), "{text:?}");
    }

    #[test]
    fn lines_end_in_three_ways_and_are_counted() {
        check("a,b\r\nc,d\re,f\n\ng,h", &[(1, "a|b"), (2, "c|d"), (3, "e|f"), (5, "g|h")]);
        check("\r\n  \r\na\r\n\r\n", &[(3, "a")]);
        check("a,\n,b\n,", &[(1, "a|"), (2, "|b"), (3, "|")]);
    }

    #[test]
    fn quotes_hold_delimiters_line_ends_and_quotes() {
        check("\"a,b\",\"c\r\nd\"\ne,\"f\"\"g\"", &[(1, "a,b|c\r\nd"), (3, "e|f\"g")]);
        check("\"\",\"\"\"\"\n", &[(1, "|\"")]);
        check("\"\"\n", &[(1, "")]);
    }

    #[test]
    fn sloppy_quotes_are_understood() {
        check("a, \"b,c\" ,d\n", &[(1, "a|b,c|d")]);
        check("5\" pipe,a \"b\" c,\"x\"y\n", &[(1, "5\" pipe|a \"b\" c|xy")]);
    }

    #[test]
    fn an_unclosed_quote_swallows_nothing() {
        let (records, unclosed) = lex("a,b\n1,\"x\n2,y\n3,z\n");
        assert_eq!(records[1..], [(2, "1|\"x".to_owned()), (3, "2|y".to_owned()), (4, "3|z".to_owned())]);
        assert_eq!(unclosed, (1, 2));
        // The next quote opens a cell of its own and does not close the forgotten one.
        let (records, unclosed) = lex("1,\"x,5\n2,\"y\",6\n");
        assert_eq!(records, [(1, "1|\"x|5".to_owned()), (2, "2|y|6".to_owned())]);
        assert_eq!(unclosed, (1, 1));
    }

    #[test]
    fn a_quote_open_for_too_long_was_forgotten() {
        let text = format!("\"a,1\n{}", "b,2\n".repeat(MAX_QUOTED / 4 + 10));
        let mut feed = Feed::new(Lexer::new(b',', Some(b'"')));
        let mut records = Records::default();
        text.as_bytes().chunks(1 << 16).for_each(|piece| feed.push(std::str::from_utf8(piece).unwrap(), &mut records));
        // Found out before the end.
        assert_eq!(feed.lexer.unclosed(), (1, 1));
        feed.end(&mut records);
        assert_eq!(records.all.len(), MAX_QUOTED / 4 + 11);
    }
}
