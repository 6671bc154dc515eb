//! How a file writes its cells: delimiter, quote and decimal mark, found in its first lines.
//!
//! The delimiter is the one that cuts most records into the same number of cells, and into cells that look like something
//! (after van den Burg, Nazábal and Sutton 2019, <https://doi.org/10.1007/s10618-019-00646-y>, with a simpler measure).

use super::lexer::{Lexer, Sink};

/// Delimiters that are common.
const COMMON: &[u8] = b",;\t|";
/// Delimiters that occur in text and times as well: taken only where every record agrees and some column is of numbers.
const RARE: &[u8] = b"^~: ";
/// Bytes that are looked at; more where lines are long.
const SAMPLE: usize = 64 << 10;
/// Lines that are looked at, at least.
const MIN_LINES: usize = 10;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sniffed {
    /// The cell separator.
    pub(super) delimiter: u8,
    /// The quote.
    pub(super) quote: Option<u8>,
    /// Whether the first line only names the separator, as Excel writes it: `sep=;`.
    pub(super) has_separator_line: bool,
}

/// Finds delimiter and quote, where they are not given.
pub(super) fn sniff_cells(text: &str, is_all: bool, delimiter: Option<u8>, quote: Option<Option<u8>>) -> Sniffed {
    let named = separator_line(text);
    let sample = sample(text);
    let is_all = is_all && sample.len() == text.len();
    let has_separator_line = named.is_some_and(|named| delimiter.is_none_or(|delimiter| delimiter == named));
    if has_separator_line || delimiter.is_some() {
        let delimiter = delimiter.or(named).unwrap_or(b',');
        let quote = quote.unwrap_or_else(|| best_quote(sample, is_all, delimiter).0);
        return Sniffed { delimiter, quote, has_separator_line };
    }
    let measure = |delimiter: u8| match quote {
        Some(quote) => (delimiter, quote, Shape::of(sample, is_all, delimiter, quote)),
        None => {
            let (quote, shape) = best_quote(sample, is_all, delimiter);
            (delimiter, quote, shape)
        }
    };
    let best = |candidates: &[u8], is_eligible: &dyn Fn(&Shape) -> bool| {
        let measured =
            candidates.iter().map(|&delimiter| measure(delimiter)).filter(|(_, _, shape)| is_eligible(shape));
        // The first of equals, which is the more common one.
        measured.fold(None, |best: Option<(u8, Option<u8>, Shape)>, next| match best {
            Some(best) if best.2.score >= next.2.score => Some(best),
            _ => Some(next),
        })
    };
    let found = best(COMMON, &|shape| shape.score > 0.0 && shape.consistency >= 0.6)
        .or_else(|| best(RARE, &|shape| shape.consistency == 1.0 && shape.n_cells >= 2 && shape.has_numbers))
        .or_else(|| best(COMMON, &|shape| shape.score > 0.0));
    match found {
        Some((delimiter, quote, _)) => Sniffed { delimiter, quote, has_separator_line },
        None => Sniffed { delimiter: b',', quote: measure(b',').1, has_separator_line },
    }
}

/// Excel's hint `sep=;` on a line of its own.
fn separator_line(text: &str) -> Option<u8> {
    let rest = text.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| &text.as_bytes()[4..])?;
    match rest {
        [delimiter, b'\n' | b'\r', ..] if super::is_delimiter(*delimiter) => Some(*delimiter),
        _ => None,
    }
}

/// The first lines.
fn sample(text: &str) -> &str {
    let n_lines = |end: usize| text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count();
    let mut end = text.floor_char_boundary(SAMPLE);
    while end < text.len() && n_lines(end) < MIN_LINES {
        end = text.floor_char_boundary(end * 2);
    }
    &text[..end]
}

/// The quote that fits a delimiter, and what the cells then look like. `'` is a quote only where it opens and closes cells
/// without exception, and `"` never does: it is an apostrophe otherwise.
fn best_quote(text: &str, is_all: bool, delimiter: u8) -> (Option<u8>, Shape) {
    let double = Shape::of(text, is_all, delimiter, Some(b'"'));
    if double.n_quoted == 0 && text.contains('\'') {
        let single = Shape::of(text, is_all, delimiter, Some(b'\''));
        if single.n_quoted >= 2 && single.is_clean {
            return (Some(b'\''), single);
        }
    }
    (Some(b'"'), double)
}

/// What the cells look like under a delimiter and a quote.
#[derive(Clone, Debug, Default)]
struct Shape {
    delimiter: u8,
    /// Records by their number of cells; longer ones are not told apart.
    widths: std::collections::BTreeMap<usize, usize>,
    n_known: usize,
    n_all: usize,
    has_numbers: bool,
    n_quoted: u64,
    is_clean: bool,
    /// The most frequent number of cells.
    n_cells: usize,
    /// The share of records that have it.
    consistency: f64,
    score: f64,
}

impl Shape {
    fn of(text: &str, is_all: bool, delimiter: u8, quote: Option<u8>) -> Self {
        let mut shape = Self { delimiter, ..Self::default() };
        let mut lexer = Lexer::new(delimiter, quote);
        lexer.lex(text, is_all, &mut shape);
        shape.n_quoted = lexer.n_quoted();
        shape.is_clean = lexer.unclosed().0 == 0 && lexer.n_garbled() == 0;
        let n_records: usize = shape.widths.values().sum();
        // Of equally frequent widths, the larger.
        if let Some((&n_cells, &n)) = shape.widths.iter().max_by_key(|(_, n)| **n) {
            shape.n_cells = n_cells;
            shape.consistency = n as f64 / n_records as f64;
            let known = shape.n_known as f64 / shape.n_all as f64;
            let cut = (n_cells - 1) as f64 / n_cells as f64;
            shape.score = shape.consistency * shape.consistency * cut * (known + 0.01);
        }
        shape
    }
}

impl Sink for Shape {
    fn cell(&mut self, _idx: usize, text: &str, _line: u64) {
        let is_number = is_number_like(text);
        self.has_numbers |= is_number;
        self.n_all += 1;
        // A cell with another common delimiter or a quote in it was cut at the wrong places.
        let is_odd = |byte: u8| byte != self.delimiter && (COMMON.contains(&byte) || byte == b'"');
        self.n_known += usize::from(is_number || !text.bytes().any(is_odd));
    }

    fn end_record(&mut self, n_cells: usize, _line: u64) {
        *self.widths.entry(n_cells).or_default() += 1;
    }
}

/// Digits with signs and marks.
fn is_number_like(text: &str) -> bool {
    let text = text.trim();
    text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+' | b'e' | b'E'))
}

/// Evidence for the decimal mark, cell by cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Decimals {
    /// Numbers in which the mark cannot part thousands: `1,5`.
    n_strong: [u64; 2],
    /// Numbers in which it could: `1,234`.
    n_weak: [u64; 2],
    /// Numbers in which the *other* mark parts thousands: for the comma, `1.234.567`.
    n_groups: [u64; 2],
}

impl Decimals {
    /// Takes a cell into account.
    pub(super) fn see(&mut self, cell: &str) {
        let cell = cell.trim();
        let unsigned = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let Some(last) = unsigned.rfind(['.', ',']) else { return };
        let (before, after) = (&unsigned[..last], &unsigned[last + 1..]);
        let side = usize::from(unsigned.as_bytes()[last] == b',');
        let fraction = after.split_once(['e', 'E']).map_or(after, |(fraction, _)| fraction);
        if !are_digits(fraction) {
            return;
        }
        if before.is_empty() || are_digits(before) {
            let is_strong = fraction.len() != 3
                || after.len() != 3
                || before.len() > 3
                || before.is_empty()
                || before.starts_with('0');
            if is_strong { self.n_strong[side] += 1 } else { self.n_weak[side] += 1 }
        } else {
            let mut groups = before.split(['.', ',']);
            let is_grouped = groups.next().is_some_and(|first| first.len() <= 3 && are_digits(first))
                && groups.all(|group| group.len() == 3 && are_digits(group));
            let has_one_mark = !before.contains(if side == 1 { '.' } else { ',' });
            match (is_grouped, has_one_mark) {
                (true, true) if after.len() == 3 => self.n_groups[1 - side] += 1,
                (true, false) if !before.contains(if side == 1 { ',' } else { '.' }) => self.n_strong[side] += 1,
                _ => {}
            }
        }
    }

    /// The decimal mark, and whether there was evidence for it. A semicolon as delimiter is written by spreadsheets where
    /// the comma is the decimal mark.
    pub(super) fn decide(&self, delimiter: u8) -> (u8, bool) {
        let Self { n_strong, n_weak, n_groups } = self;
        if n_strong != &[0, 0] {
            return (if n_strong[1] > n_strong[0] { b',' } else { b'.' }, true);
        }
        if n_groups[0] != n_groups[1] {
            return (if n_groups[1] > n_groups[0] { b',' } else { b'.' }, true);
        }
        if delimiter == b';' && n_weak[1] > 0 && n_weak[0] == 0 {
            return (b',', true);
        }
        (b'.', false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, delimiter: u8, quote: u8) {
        let sniffed = sniff_cells(text, true, None, None);
        assert_eq!((sniffed.delimiter as char, sniffed.quote), (delimiter as char, Some(quote)), "{text:?}");
    }

    #[test]
    fn delimiters() {
        check("a,b\n1,2\n", b',', b'"');
        check("Ort;x\nA;3,25\nB;12,0\n", b';', b'"');
        check("a\tb\nx, y\t1\nz\t2\n", b'\t', b'"');
        check("a|b\n1|2\n", b'|', b'"');
        check("a b\n1 2\n3 4\n", b' ', b'"');
        check("a:b\n1:2\n3:4\n", b':', b'"');
        check("t\n12:30\n12:31\n", b',', b'"');
        check("name\nAnn Lee\nBob Ray\n", b',', b'"');
        check("sep=|\na,b|c\n", b'|', b'"');
        check("a,b\n\"x;y;z\",1\n\"u;v;w\",2\n", b',', b'"');
        check("", b',', b'"');
    }

    #[test]
    fn an_apostrophe_is_no_quote() {
        check("name,n\nO'Neil,1\n'tHooft,2\n", b',', b'"');
        check("a,b\n'x, y',1\n'it''s',2\n", b',', b'\'');
    }

    #[track_caller]
    fn check_decimal(cells: &[&str], delimiter: u8, expected: (u8, bool)) {
        let mut decimals = Decimals::default();
        cells.iter().for_each(|cell| decimals.see(cell));
        assert_eq!(decimals.decide(delimiter), expected, "{cells:?}");
    }

    #[test]
    fn decimal_marks() {
        check_decimal(&["1,5", "2.000"], b';', (b',', true));
        check_decimal(&["1.5", "2,000"], b',', (b'.', true));
        check_decimal(&["1,234"], b',', (b'.', false));
        check_decimal(&["1,234"], b';', (b',', true));
        check_decimal(&["1.234.567"], b';', (b',', true));
        check_decimal(&["1.234,5"], b'\t', (b',', true));
        check_decimal(&["05.03.2024", "x", "1,2,3"], b';', (b'.', false));
    }
}
