//! Finds the bytes that mean something in a CSV, sixty-four at a time.
//!
//! What comes in: a block of bytes. What goes out: one bit per byte. In wasm the comparisons are SIMD, elsewhere eight
//! bytes at a time in a word; both give the same bits (held by a test).

/// The bytes that end or shape a cell; line ends are always among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needles {
    /// The cell separator.
    pub(super) delimiter: u8,
    /// The quote; a line feed where quotes mean nothing.
    pub(super) quote: u8,
}

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// The block at an offset, as bits; bits beyond the end are zero.
pub(super) fn mask_at(bytes: &[u8], offset: usize, needles: Needles) -> u64 {
    match bytes[offset..].first_chunk::<BLOCK>() {
        Some(block) => mask(block, needles),
        None => {
            // No needle is NUL: the padding matches nothing.
            let mut block = [0; BLOCK];
            block[..bytes.len() - offset].copy_from_slice(&bytes[offset..]);
            mask(&block, needles)
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn mask(block: &[u8; BLOCK], needles: Needles) -> u64 {
    use core::arch::wasm32::{i8x16_bitmask, i8x16_eq, i8x16_splat, i64x2, v128_or};
    let wanted = [needles.delimiter, needles.quote, b'\n', b'\r'].map(|byte| i8x16_splat(byte as i8));
    let mut bits = 0;
    for (idx, bytes) in block.as_chunks::<16>().0.iter().enumerate() {
        let word = |half: usize| i64::from_le_bytes(bytes.as_chunks::<8>().0[half]);
        let lanes = i64x2(word(0), word(1));
        let [a, b, c, d] = wanted.map(|byte| i8x16_eq(lanes, byte));
        bits |= u64::from(i8x16_bitmask(v128_or(v128_or(a, b), v128_or(c, d)))) << (16 * idx);
    }
    bits
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn mask(block: &[u8; BLOCK], needles: Needles) -> u64 {
    mask_by_words(block, needles)
}

/// A byte that equals a needle is zero after xor; the high bit of each zero byte is found without carries between bytes
/// (Warren, Hacker's Delight, 6-1), and a multiplication gathers the eight bits.
#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
fn mask_by_words(block: &[u8; BLOCK], needles: Needles) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let wanted = [needles.delimiter, needles.quote, b'\n', b'\r'].map(|byte| u64::from_ne_bytes([byte; 8]));
    let mut bits = 0;
    for (idx, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        let nonzero = wanted.iter().fold(!0, |all, byte| {
            let differences = word ^ byte;
            all & (((differences & LOW) + LOW) | differences | LOW)
        });
        bits |= ((!nonzero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * idx);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_in_every_place_is_found_or_not() {
        let needles = Needles { delimiter: b',', quote: b'"' };
        for byte in 0..=255u8 {
            for place in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[place] = byte;
                let expected = if matches!(byte, b',' | b'"' | b'\n' | b'\r') { 1 << place } else { 0 };
                assert_eq!(mask(&block, needles), expected, "{byte} at {place}");
                assert_eq!(mask_by_words(&block, needles), expected, "{byte} at {place}");
            }
        }
    }

    #[test]
    fn a_short_block_ends_where_the_bytes_end() {
        let needles = Needles { delimiter: b';', quote: b'\n' };
        assert_eq!(mask_at(b"a;b\n", 0, needles), 0b1010);
        assert_eq!(mask_at(b"a;b\n", 3, needles), 0b1);
        assert_eq!(mask_at(b"a;b\n", 4, needles), 0);
    }
}
