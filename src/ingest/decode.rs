//! Bytes become text here, in pieces.
//!
//! What comes in: the bytes of a file, cut anywhere. What goes out: the same text wherever they were cut, with U+FFFD where
//! bytes mean nothing. UTF-8 is checked and passed on without copying.

use super::Encoding;
use super::encoding::{MIN_EVIDENCE, legacy_encoding};

/// A piece of text, or one replacement character for bytes that mean nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'a> {
    /// Text as it was written.
    Text(&'a str),
    /// Bytes without a meaning.
    Bad,
}

/// Decodes one file.
pub(super) struct Decoder {
    encoding: Encoding,
    state: State,
}

enum State {
    /// `carry` is the beginning of a character. While `is_assumed`, only ASCII was seen.
    Utf8 { carry: Vec<u8>, is_assumed: bool },
    /// What was assumed to be UTF-8 is not: bytes from there on are gathered to decide what it is.
    Doubt { evidence: Vec<u8> },
    /// Anything else.
    Legacy { decoder: Box<encoding_rs::Decoder>, buffer: String },
}

impl Decoder {
    /// A decoder. With `is_assumed`, UTF-8 is a guess from ASCII alone, to be revised at the first byte that contradicts.
    pub(super) fn new(encoding: Encoding, is_assumed: bool) -> Self {
        let state = match encoding {
            Encoding::Utf8 => State::Utf8 { carry: Vec::new(), is_assumed },
            other => State::Legacy { decoder: Box::new(decoder_of(other)), buffer: String::with_capacity(BUFFER) },
        };
        Self { encoding, state }
    }

    /// The encoding that is used.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Decodes the next bytes; with `is_last`, there are no more.
    pub(super) fn decode(&mut self, bytes: &[u8], is_last: bool, each: &mut impl FnMut(Piece<'_>)) {
        match &mut self.state {
            State::Utf8 { carry, is_assumed } => {
                if let Some(n_done) = decode_utf8(carry, is_assumed, bytes, is_last, each) {
                    let mut evidence = std::mem::take(carry);
                    evidence.reserve(MIN_EVIDENCE);
                    self.state = State::Doubt { evidence };
                    self.decode(&bytes[n_done..], is_last, each);
                }
            }
            State::Doubt { evidence } => {
                let n_taken = bytes.len().min(MIN_EVIDENCE - evidence.len());
                evidence.extend_from_slice(&bytes[..n_taken]);
                if evidence.len() == MIN_EVIDENCE || is_last {
                    let evidence = std::mem::take(evidence);
                    *self = Self::new(legacy_encoding(&evidence), false);
                    self.decode(&evidence, false, each);
                    self.decode(&bytes[n_taken..], is_last, each);
                }
            }
            State::Legacy { decoder, buffer } => decode_legacy(decoder, buffer, bytes, is_last, each),
        }
    }
}

/// Room for the text of one step of a legacy decoder.
const BUFFER: usize = 64 << 10;

fn decoder_of(encoding: Encoding) -> encoding_rs::Decoder {
    match encoding {
        Encoding::Utf8 => encoding_rs::UTF_8,
        Encoding::Utf16Le => encoding_rs::UTF_16LE,
        Encoding::Utf16Be => encoding_rs::UTF_16BE,
        Encoding::Gb18030 => encoding_rs::GB18030,
        Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
    }
    .new_decoder_without_bom_handling()
}

/// Passes on what is UTF-8. Returns how many bytes were done with when doubt arises, `None` when all were; then `carry`
/// holds bytes that belong before the rest.
fn decode_utf8(
    carry: &mut Vec<u8>,
    is_assumed: &mut bool,
    bytes: &[u8],
    is_last: bool,
    each: &mut impl FnMut(Piece<'_>),
) -> Option<usize> {
    let mut at = 0;
    // A character that lies across the cut is completed byte by byte.
    while !carry.is_empty() && at < bytes.len() {
        carry.push(bytes[at]);
        match std::str::from_utf8(carry) {
            Ok(text) => {
                each(Piece::Text(text));
                *is_assumed = false;
                carry.clear();
                at += 1;
            }
            Err(error) if error.error_len().is_none() => at += 1,
            Err(_) => {
                // The last byte belongs to what follows.
                carry.pop();
                if *is_assumed {
                    return Some(at);
                }
                each(Piece::Bad);
                carry.clear();
            }
        }
    }
    while at < bytes.len() {
        let (valid, error) = match std::str::from_utf8(&bytes[at..]) {
            Ok(text) => (text, None),
            Err(error) => {
                let valid = std::str::from_utf8(&bytes[at..at + error.valid_up_to()]).unwrap_or_default();
                (valid, Some(error.error_len()))
            }
        };
        if !valid.is_empty() {
            *is_assumed = *is_assumed && valid.is_ascii();
            each(Piece::Text(valid));
            at += valid.len();
        }
        match error {
            None => {}
            Some(None) => {
                carry.extend_from_slice(&bytes[at..]);
                at = bytes.len();
            }
            Some(Some(_)) if *is_assumed => return Some(at),
            Some(Some(n_bad)) => {
                each(Piece::Bad);
                at += n_bad;
            }
        }
    }
    if is_last && !carry.is_empty() {
        if *is_assumed {
            return Some(at);
        }
        carry.clear();
        each(Piece::Bad);
    }
    None
}

fn decode_legacy(
    decoder: &mut encoding_rs::Decoder,
    buffer: &mut String,
    bytes: &[u8],
    is_last: bool,
    each: &mut impl FnMut(Piece<'_>),
) {
    use encoding_rs::DecoderResult;
    let mut rest = bytes;
    loop {
        buffer.clear();
        let (result, n_read) = decoder.decode_to_string_without_replacement(rest, buffer, is_last);
        rest = &rest[n_read..];
        if !buffer.is_empty() {
            each(Piece::Text(buffer));
        }
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => each(Piece::Bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(encoding: Encoding, is_assumed: bool, bytes: &[u8], n_chunk: usize) -> (String, usize, Encoding) {
        let mut decoder = Decoder::new(encoding, is_assumed);
        let (mut text, mut n_bad) = (String::new(), 0);
        let mut each = |piece: Piece<'_>| match piece {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Bad => {
                text.push('\u{fffd}');
                n_bad += 1;
            }
        };
        bytes.chunks(n_chunk).for_each(|chunk| decoder.decode(chunk, false, &mut each));
        decoder.decode(&[], true, &mut each);
        (text, n_bad, decoder.encoding())
    }

    #[test]
    fn cuts_do_not_show() {
        let bytes = [&b"a\xff\xe4\xb8"[..], "\u{4e2d}é🙂\u{fffd}".as_bytes(), b"\xe4\xb8,\xf0\x9f"].concat();
        let whole = String::from_utf8_lossy(&bytes).into_owned();
        for n_chunk in 1..bytes.len() + 1 {
            assert_eq!(decode(Encoding::Utf8, false, &bytes, n_chunk), (whole.clone(), 4, Encoding::Utf8));
        }
        let bytes: Vec<u8> = "中,🙂\n".encode_utf16().flat_map(u16::to_be_bytes).chain([0]).collect();
        for n_chunk in 1..bytes.len() + 1 {
            assert_eq!(decode(Encoding::Utf16Be, false, &bytes, n_chunk).0, "中,🙂\n\u{fffd}");
        }
    }

    #[test]
    fn an_assumption_is_revised_late() {
        let mut bytes = b"0123456789,".repeat(1000);
        bytes.extend(b"caf\xe9,\x80\n".repeat(3));
        for n_chunk in [1, 7, 4096] {
            let (text, n_bad, encoding) = decode(Encoding::Utf8, true, &bytes, n_chunk);
            assert_eq!((n_bad, encoding), (0, Encoding::Windows1252));
            assert!(text.ends_with("café,€\n"));
        }
        // A character was seen that is UTF-8 beyond doubt: the bad byte is a bad byte.
        let (text, n_bad, encoding) = decode(Encoding::Utf8, true, b"a\xc3\xa9b\xe9c", 1);
        assert_eq!((&*text, n_bad, encoding), ("aéb\u{fffd}c", 1, Encoding::Utf8));
    }
}
