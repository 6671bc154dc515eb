//! Which encoding a file is in, from its first bytes; and whether it is text at all.

use super::Encoding;

/// Bytes gathered to tell legacy encodings apart, where the file's first bytes were ASCII.
pub(super) const MIN_EVIDENCE: usize = 64 << 10;

/// The encoding of bytes that begin a file, and whether it is only assumed: ASCII is UTF-8 until something contradicts.
///
/// A byte-order mark decides; so does the pattern of zeros that UTF-16 has in Western text, digits and delimiters. What is
/// valid UTF-8 is UTF-8: other encodings meet its rules by accident almost never. Else [`legacy_encoding`].
pub(super) fn sniff_encoding(head: &[u8], is_all: bool) -> (Encoding, bool) {
    if head.starts_with(b"\xef\xbb\xbf") {
        return (Encoding::Utf8, false);
    }
    if head.starts_with(b"\xff\xfe") {
        return (Encoding::Utf16Le, false);
    }
    if head.starts_with(b"\xfe\xff") {
        return (Encoding::Utf16Be, false);
    }
    if let Some(encoding) = utf_16_by_zeros(head) {
        return (encoding, false);
    }
    let error = match std::str::from_utf8(head) {
        Ok(text) => return (Encoding::Utf8, text.is_ascii()),
        Err(error) => error,
    };
    // The last character may be cut off.
    if error.error_len().is_none() && !is_all {
        return (Encoding::Utf8, head[..error.valid_up_to()].is_ascii());
    }
    // A damaged UTF-8 file still has far more good characters than bad bytes.
    let (mut n_good, mut n_bad) = (0, 0);
    for chunk in head.utf8_chunks() {
        n_good += chunk.valid().chars().filter(|char| !char.is_ascii()).count();
        n_bad += usize::from(!chunk.invalid().is_empty());
    }
    if n_good > 10 * n_bad { (Encoding::Utf8, false) } else { (legacy_encoding(head), false) }
}

/// UTF-16 without a mark has a zero beside each ASCII character, always on the same side.
fn utf_16_by_zeros(head: &[u8]) -> Option<Encoding> {
    let pairs = head.as_chunks::<2>().0;
    let count = |side: usize| pairs.iter().filter(|pair| pair[side] == 0).count();
    let (n_first, n_second) = (count(0), count(1));
    let (encoding, n_zeros, n_others) = if n_second > n_first {
        (Encoding::Utf16Le, n_second, n_first)
    } else {
        (Encoding::Utf16Be, n_first, n_second)
    };
    // A tenth of the characters are digits, delimiters and line ends even in Chinese text; and where NUL bytes are strewn
    // over ASCII, far more pairs are two letters than one letter and a zero.
    let n_letters = pairs.iter().filter(|pair| pair.iter().all(|&byte| byte < 0x80 && is_typed(byte))).count();
    if n_zeros * 10 < pairs.len() || n_others * 10 > n_zeros || n_letters > 2 * n_zeros || n_zeros < 2 {
        return None;
    }
    let unit = |pair: &[u8; 2]| match encoding {
        Encoding::Utf16Le => u16::from_le_bytes(*pair),
        _ => u16::from_be_bytes(*pair),
    };
    // NUL bytes strewn over another encoding would make nonsense of it: lone surrogates, private and control characters.
    let n_odd = char::decode_utf16(pairs.iter().map(unit))
        .filter(|char| match char {
            Ok(char) => (char.is_control() && !"\t\r\n".contains(*char)) || ('\u{e000}'..='\u{f8ff}').contains(char),
            Err(_) => true,
        })
        .count();
    (n_odd * 50 <= pairs.len()).then_some(encoding)
}

/// GB18030 or windows-1252, for bytes that are not UTF-8.
///
/// Chinese text comes in pairs from the rows of GB 2312; Western text has single high bytes between ASCII letters, which
/// GB18030 would read as rare characters or not at all.
pub(super) fn legacy_encoding(bytes: &[u8]) -> Encoding {
    let (mut n_common, mut n_odd) = (0_usize, 0_usize);
    let mut at = 0;
    while at < bytes.len() {
        let next = |ahead: usize| bytes.get(at + ahead).copied();
        at += match (bytes[at], next(1)) {
            (..=0x7f, _) => 1,
            // A character of GB 2312: symbols, letters or Chinese.
            (0xa1..=0xa9 | 0xb0..=0xf7, Some(0xa1..=0xfe)) => {
                n_common += 1;
                2
            }
            // Four bytes: the rest of Unicode. Digits behind high bytes are rare in Western text.
            (0x81..=0xfe, Some(0x30..=0x39))
                if matches!((next(2), next(3)), (Some(0x81..=0xfe), Some(0x30..=0x39))) =>
            {
                n_common += 1;
                4
            }
            // GBK's extension: real, but rare.
            (0x81..=0xfe, Some(0x40..=0x7e | 0x80..=0xfe)) => {
                n_odd += 1;
                2
            }
            // The evidence ends within a character.
            (_, None) => 1,
            _ => {
                n_odd += 2;
                1
            }
        };
    }
    if n_common > 2 * n_odd { Encoding::Gb18030 } else { Encoding::Windows1252 }
}

/// What a file that is no text looks like, from its first bytes. Where `encoding` was given and not found, only the mark of
/// another format is evidence enough.
pub(super) fn looks_like_binary(head: &[u8], encoding: Encoding, is_given: bool) -> Option<&'static str> {
    /// Marks that files of a kind begin with.
    const MARKS: &[(&[u8], &str)] = &[
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"RIFF", "a WebP picture, a sound or a film"),
        (b"%PDF-", "a PDF"),
        (b"PAR1", "a Parquet file"),
        (b"ARROW1", "an Arrow file"),
        (b"\xff\xff\xff\xff\x10\x00\x00\x00", "an Arrow stream"),
        (b"Obj\x01", "an Avro file"),
        (b"ORC", "an ORC file"),
        (b"\x89HDF", "an HDF5 file"),
        (b"\x93NUMPY", "a NumPy array"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"BZh", "a bzip2 archive"),
        (b"\xfd7zXZ", "an xz archive"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
        (b"7z\xbc\xaf", "a 7-Zip archive"),
        (b"Rar!", "a RAR archive"),
        (b"\0asm", "a WebAssembly module"),
        (b"\x7fELF", "a program"),
    ];
    /// How far into a ZIP the names that tell its kind are looked for.
    const ZIP_LOOK: usize = 4 << 10;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        let look = &head[..head.len().min(ZIP_LOOK)];
        let has = |name: &[u8]| look.windows(name.len()).any(|window| window == name);
        return Some(if has(b"xl/") || has(b"[Content_Types].xml") {
            "an Excel workbook (.xlsx)"
        } else if has(b"opendocument.spreadsheet") {
            "an OpenDocument spreadsheet (.ods)"
        } else if has(b".npy") {
            "a NumPy archive (.npz)"
        } else {
            "a ZIP archive"
        });
    }
    let known = MARKS.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, kind)| *kind);
    let may_have_zeros = is_given || matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be);
    known.filter(|_| !is_readable(head)).or_else(|| (!may_have_zeros && is_binary(head)).then_some("binary data"))
}

/// Whether every byte of the first lines could be typed: a column may well be called `ORC` or `GIF89`.
fn is_readable(head: &[u8]) -> bool {
    let look = &head[..head.len().min(512)];
    !look.starts_with(b"%PDF-") && look.iter().all(|&byte| byte >= 0x80 || is_typed(byte)) && look.is_ascii()
}

/// Whether too many bytes are control characters for a text of any encoding here, UTF-16 aside.
fn is_binary(head: &[u8]) -> bool {
    /// Below this, a few control characters say nothing.
    const MIN_BYTES: usize = 256;
    let n_control = head.iter().filter(|&&byte| !is_typed(byte) && byte < 0x80 && byte != 0).count();
    let n_zero = head.iter().filter(|&&byte| byte == 0).count();
    head.len() >= MIN_BYTES && (n_control * 20 > head.len() || n_zero * 4 > head.len())
}

fn is_typed(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0c | b'\r' | 0x1a | 0x1b | b' '..=b'~' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_zeros_decide() {
        assert_eq!(sniff_encoding(b"\xef\xbb\xbfa", true), (Encoding::Utf8, false));
        assert_eq!(sniff_encoding(b"a,b\n1,2\n", true), (Encoding::Utf8, true));
        assert_eq!(sniff_encoding("é".as_bytes(), true), (Encoding::Utf8, false));
        assert_eq!(sniff_encoding(b"a\xc3", false), (Encoding::Utf8, true));
        let little: Vec<u8> = "城市,n\n北京,1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(sniff_encoding(&little, true), (Encoding::Utf16Le, false));
        let big: Vec<u8> = "a,b\n1,2\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(sniff_encoding(&big, true), (Encoding::Utf16Be, false));
        // NUL bytes in a line of ASCII are no UTF-16.
        assert_eq!(sniff_encoding(b"a,b\n1,\x002\n3\0,4\n", true).0, Encoding::Utf8);
    }

    #[test]
    fn chinese_and_western_bytes_are_told_apart() {
        let chinese = encoding_rs::GB18030.encode("城市,人口\n北京,2189\n").0;
        assert_eq!(legacy_encoding(&chinese), Encoding::Gb18030);
        let western = encoding_rs::WINDOWS_1252.encode("Größe,Straße\nL’Été,naïve €5\n").0;
        assert_eq!(legacy_encoding(&western), Encoding::Windows1252);
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert_eq!(
            looks_like_binary(b"PK\x03\x04..........xl/workbook.xml", Encoding::Utf8, false),
            Some("an Excel workbook (.xlsx)")
        );
        assert_eq!(looks_like_binary(b"\x89PNG\r\n\x1a\n\0\0", Encoding::Utf8, false), Some("a PNG picture"));
        assert_eq!(looks_like_binary(b"ORC,goblin\n1,2\n", Encoding::Utf8, false), None);
        assert_eq!(looks_like_binary(b"a,b\n\0\0", Encoding::Utf8, false), None);
    }
}
