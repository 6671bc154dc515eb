//! A cell as a number, always the one nearest to what is written.
//!
//! The usual number, with few digits and a small exponent, is read as an integer, then one exact multiplication or division (Clinger 1990, <https://doi.org/10.1145/93542.93557>). The others go to the standard library.

/// What a cell is to a numeric column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// A number; `is_digits` when nothing but digits was written.
    Finite { value: f64, is_digits: bool },
    /// Digits behind a zero, `007`: a number, or the name of something.
    Padded { value: f64 },
    /// A number with thousands grouped; `is_certain` when it cannot be a decimal mark instead.
    Grouped { value: f64, is_certain: bool },
    /// Infinity, in words or because f64 ends at 1.8e308.
    Infinite,
    /// No number.
    None,
}

/// Powers of ten that f64 holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The common case: a number of up to sixteen characters without blanks, groups, padding or an exponent, read eight
/// characters at a time. `None` sends the cell to [`read_number`].
#[inline]
pub(super) fn read_plain(bytes: &[u8], decimal: u8) -> Option<(f64, bool)> {
    let is_negative = bytes.first() == Some(&b'-');
    let digits = &bytes[usize::from(is_negative)..];
    let n = digits.len();
    if n == 0 || (n > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()) {
        return None;
    }
    if n > 16 {
        // Floats as programs write them.
        return read_long(bytes, decimal).map(|value| (value, !is_negative && digits.iter().all(u8::is_ascii_digit)));
    }
    let (mantissa, point) = if n <= 8 {
        eight_digits(load(digits), decimal)?
    } else {
        let (high, high_point) = eight_digits(load(&digits[..n - 8]), decimal)?;
        let (low, low_point) = eight_digits(load(&digits[n - 8..]), decimal)?;
        join(high, high_point, low, low_point)?
    };
    finish(mantissa, point, n, is_negative)
}

/// The number of sixteen characters from those of their halves.
#[inline]
fn join(high: u64, high_point: Option<usize>, low: u64, low_point: Option<usize>) -> Option<(u64, Option<usize>)> {
    match (high_point, low_point) {
        (None, None) => Some((high * 100_000_000 + low, None)),
        (Some(behind), None) => Some((high * 100_000_000 + low, Some(behind + 8))),
        (None, Some(behind)) => Some((high * 10_000_000 + low, Some(behind))),
        (Some(_), Some(_)) => None,
    }
}

/// The number with its point and sign, and whether it was `n` digits and nothing else.
#[inline]
fn finish(mantissa: u64, point: Option<usize>, n: usize, is_negative: bool) -> Option<(f64, bool)> {
    // A lone point is no number; beyond 2⁵³ not every integer is an f64.
    if (n == 1 && point.is_some()) || mantissa > 1 << 53 {
        return None;
    }
    let size = mantissa as f64 / POWERS[point.unwrap_or(0)];
    // The sign is random where it occurs: setting its bit costs less than a wrong guess.
    let value = f64::from_bits(size.to_bits() | u64::from(is_negative) << 63);
    Some((value, point.is_none() && !is_negative))
}

/// As [`read_plain`] for the last `n` bytes of sixteen, whatever stands before them: the loads are of one size, and what
/// is too much is masked out.
#[inline]
pub(super) fn read_tail(tail: &[u8; 16], n: usize, decimal: u8) -> Option<(f64, bool)> {
    let is_negative = *tail.get(16_usize.checked_sub(n)?)? == b'-';
    let n = n - usize::from(is_negative);
    if n == 0 || (n > 1 && tail[16 - n] == b'0' && tail[17 - n].is_ascii_digit()) {
        return None;
    }
    let (halves, _) = tail.as_chunks::<8>();
    let (before, last) = (u64::from_le_bytes(halves[0]), u64::from_le_bytes(halves[1]));
    let (low, low_point) = eight_digits(last_chars(last, n.min(8)), decimal)?;
    let (mantissa, point) = if n <= 8 {
        (low, low_point)
    } else {
        let (high, high_point) = eight_digits(last_chars(before, n - 8), decimal)?;
        join(high, high_point, low, low_point)?
    };
    finish(mantissa, point, n, is_negative)
}

/// The last `n` of eight characters, `0` before them.
#[inline]
fn last_chars(word: u64, n: usize) -> u64 {
    /// Which bits of a word are of its last `n` characters.
    const KEPT: [u64; 9] = {
        let mut kept = [!0; 9];
        let mut n = 0;
        while n < 8 {
            kept[n] = !(!0 >> (8 * n));
            n += 1;
        }
        kept
    };
    word & KEPT[n] | ZEROS & !KEPT[n]
}

/// Up to eight characters in a word: the last one in its highest byte, `0` before the first.
#[inline]
fn load(chars: &[u8]) -> u64 {
    let n = chars.len();
    let word = match chars {
        [a, b, c, d, ..] => {
            let first = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
            // The last four overlap the first ones, bit for bit.
            let last = chars.last_chunk::<4>().map_or(0, |last| u64::from(u32::from_le_bytes(*last)));
            first | last << (8 * (n - 4))
        }
        [a, b, c] => u64::from(u32::from_le_bytes([*a, *b, *c, 0])),
        [a, b] => u64::from(u16::from_le_bytes([*a, *b])),
        [a] => u64::from(*a),
        [] => return ZEROS,
    };
    if n == 8 { word } else { word << (8 * (8 - n)) | ZEROS >> (8 * n) }
}

/// Eight characters `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The number eight characters make, and how many digits stand behind the point among them (Langdale and Lemire 2019,
/// <https://doi.org/10.1007/s00778-019-00578-5>, for the digits; the point is shifted out before).
#[inline]
fn eight_digits(word: u64, decimal: u8) -> Option<(u64, Option<usize>)> {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let points = word ^ u64::from_ne_bytes([decimal; 8]);
    let is_point = !(((points & LOW) + LOW) | points | LOW);
    let mut digits = word ^ ZEROS;
    let mut point = None;
    if is_point != 0 {
        let at = is_point.trailing_zeros() & !7;
        let before = digits & ((1 << at) - 1);
        // Everything behind the point, in two shifts: there may be eight bytes to shift by.
        digits = (digits >> at >> 8 << 8 << at) | before << 8;
        point = Some(7 - at as usize / 8);
    }
    // A byte of ten or more has, with 118 added, its highest bit set, if it had not before.
    if (digits | digits.wrapping_add(0x7676_7676_7676_7676)) & !LOW != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let low = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    Some((high.wrapping_add(low) >> 32, point))
}

/// A number of up to nineteen digits, perhaps with an exponent, in one pass.
fn read_long(bytes: &[u8], decimal: u8) -> Option<f64> {
    let n = bytes.len();
    let is_negative = bytes.first() == Some(&b'-');
    let first = usize::from(is_negative || bytes.first() == Some(&b'+'));
    let mut at = first;
    let mut mantissa = 0_u64;
    let mut take_digits = |at: &mut usize| {
        let start = *at;
        while let Some(byte) = bytes.get(*at).filter(|byte| byte.is_ascii_digit()) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            *at += 1;
        }
        *at - start
    };
    let mut n_digits = take_digits(&mut at);
    let mut exponent = 0_i32;
    if bytes.get(at) == Some(&decimal) {
        at += 1;
        let n_fraction = take_digits(&mut at);
        n_digits += n_fraction;
        exponent = -(n_fraction.min(9999) as i32);
    }
    if n_digits == 0 || n_digits > 19 {
        return None;
    }
    if at < n && bytes[at] | 0x20 == b'e' {
        let (value, end) = read_exponent(bytes, at + 1)?;
        exponent += value;
        at = end;
    }
    if at != n || mantissa > 1 << 53 {
        return None;
    }
    let size = mantissa as f64;
    let value = match exponent {
        -22..=0 => size / POWERS[-exponent as usize],
        1..=22 => size * POWERS[exponent as usize],
        _ => return None,
    };
    Some(if is_negative { -value } else { value })
}

/// The exponent whose sign or first digit is at a place, and where it ends; beyond four digits it stays there.
fn read_exponent(bytes: &[u8], start: usize) -> Option<(i32, usize)> {
    let is_negative = bytes.get(start) == Some(&b'-');
    let first = start + usize::from(is_negative || bytes.get(start) == Some(&b'+'));
    let n = bytes[first.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value =
        bytes.get(first..first + n)?.iter().fold(0, |value: i32, byte| (value * 10 + i32::from(byte - b'0')).min(9999));
    (n > 0).then_some((if is_negative { -value } else { value }, first + n))
}

/// Any cell, blanks around it aside.
pub(super) fn read_number(cell: &str, decimal: u8) -> Number {
    let cell = cell.trim();
    let bytes = cell.as_bytes();
    if let Some((value, is_digits)) = read_plain(bytes, decimal) {
        return Number::Finite { value, is_digits };
    }
    let unsigned = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    if unsigned.eq_ignore_ascii_case("inf") || unsigned.eq_ignore_ascii_case("infinity") || unsigned == "∞" {
        return Number::Infinite;
    }
    if is_number(unsigned.as_bytes(), decimal) {
        let is_digits = unsigned.bytes().all(|byte| byte.is_ascii_digit());
        return match read_long(bytes, decimal).or_else(|| parse(cell, decimal)) {
            Some(value) if !value.is_finite() => Number::Infinite,
            Some(value) if is_digits && unsigned.starts_with('0') && unsigned.len() > 1 => Number::Padded { value },
            Some(value) => Number::Finite { value, is_digits: is_digits && unsigned.len() == cell.len() },
            None => Number::None,
        };
    }
    read_grouped(cell, decimal).unwrap_or(Number::None)
}

/// `digits[.digits][e[±]digits]` with a digit somewhere before the exponent.
fn is_number(unsigned: &[u8], decimal: u8) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let n_whole = digits(unsigned);
    let mut rest = &unsigned[n_whole..];
    let mut n_fraction = 0;
    if rest.first() == Some(&decimal) {
        n_fraction = digits(&rest[1..]);
        rest = &rest[1 + n_fraction..];
    }
    let is_done = match rest {
        [] => true,
        [b'e' | b'E', ..] => read_exponent(rest, 1).is_some_and(|(_, end)| end == rest.len()),
        _ => false,
    };
    is_done && n_whole + n_fraction > 0
}

fn parse(cell: &str, decimal: u8) -> Option<f64> {
    if decimal == b'.' { cell.parse().ok() } else { cell.replace(decimal as char, ".").parse().ok() }
}

/// `1,234,567.8`, or `1.234.567,8` where the comma is the decimal mark; or groups parted by spaces, which mean nothing else.
fn read_grouped(cell: &str, decimal: u8) -> Option<Number> {
    let mark = if decimal == b'.' { ',' } else { '.' };
    let unsigned = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    let (whole, fraction) = match unsigned.split_once(decimal as char) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (unsigned, None),
    };
    // A space, a no-break space and a narrow one.
    let separator = [mark, ' ', '\u{a0}', '\u{202f}'].into_iter().find(|&separator| whole.contains(separator))?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let n_groups = groups.clone().count();
    // A zero before the first group is no way to write a number.
    let is_grouped = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && are_digits(first)
        && groups.all(|group| group.len() == 3 && are_digits(group))
        && fraction.is_none_or(are_digits);
    if !is_grouped {
        return None;
    }
    let plain: String = cell.chars().filter(|&char| char != separator).collect();
    let value = parse(&plain, decimal).filter(|value| value.is_finite())?;
    Some(Number::Grouped { value, is_certain: separator != mark || n_groups > 1 || fraction.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, expected: Number) {
        assert_eq!(read_number(cell, b'.'), expected, "{cell}");
    }

    fn finite(value: f64, is_digits: bool) -> Number {
        Number::Finite { value, is_digits }
    }

    #[test]
    fn forms_of_a_number() {
        check("12", finite(12.0, true));
        check("-2.5E-2", finite(-0.025, false));
        check("+4", finite(4.0, false));
        check(".5", finite(0.5, false));
        check("6.", finite(6.0, false));
        check(" 7\t", finite(7.0, true));
        check("0", finite(0.0, true));
        check("00.5", finite(0.5, false));
        check("9007199254740993", finite(9_007_199_254_740_992.0, true));
        check("12345678901234567890", finite(12_345_678_901_234_567_890.0, true));
        check("1e-400", finite(0.0, false));
        check("0.1e23", finite(1e22, false));
    }

    #[test]
    fn every_length_and_point_is_read() {
        let digits = "1234567890123456";
        for n in 1..=16 {
            for point in 0..=n {
                for sign in ["", "-", "+"] {
                    let text = format!("{sign}{}.{}", &digits[..point], &digits[point..n]);
                    check(&text, finite(text.parse().unwrap(), false));
                }
            }
            check(&digits[..n], finite(digits[..n].parse().unwrap(), true));
            check(&format!("-{}", &digits[..n]), finite(-digits[..n].parse::<f64>().unwrap(), false));
        }
    }

    #[test]
    fn a_tail_is_read_as_its_cell_is() {
        let cells = [
            "",
            "-",
            ".",
            "7",
            "-7",
            "0",
            "00",
            "007",
            "0.5",
            "-0.25",
            ".5",
            "6.",
            "12345678",
            "123456789",
            "1234567.8",
            "12345678.9",
            "-1234567890.1234",
            "1234567890123456",
            "9999999999999999",
            "1.2.3",
            "1e5",
            "x",
            "1x",
        ];
        for cell in cells {
            for before in ["0000000000000000", ",,,,,,,,,,,,,,,,", "9.9-9.9-9.9-9.9-"] {
                let text = format!("{before}{cell}");
                let tail = text.as_bytes().last_chunk().unwrap();
                assert_eq!(read_tail(tail, cell.len(), b'.'), read_plain(cell.as_bytes(), b'.'), "{text}");
            }
        }
    }

    #[test]
    fn one_strange_byte_makes_it_no_number() {
        for n in 1..=17 {
            for place in 0..n {
                for byte in (0..=127_u8).filter(|byte| !byte.is_ascii_digit() && !b".eE".contains(byte)) {
                    let mut text = vec![b'1'; n];
                    text[place] = byte;
                    let is_sign = place == 0 && n > 1 && matches!(byte, b'-' | b'+');
                    assert_eq!(read_plain(&text, b'.').is_some(), is_sign && (byte == b'-' || n > 16), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_special() {
        check("007", Number::Padded { value: 7.0 });
        check("00", Number::Padded { value: 0.0 });
        check("1e400", Number::Infinite);
        check("-Infinity", Number::Infinite);
        check("1,234", Number::Grouped { value: 1234.0, is_certain: false });
        check("-1,234,567.5", Number::Grouped { value: -1_234_567.5, is_certain: true });
        check("12 345", Number::Grouped { value: 12_345.0, is_certain: true });
        assert_eq!(read_number("1.234,5", b','), Number::Grouped { value: 1234.5, is_certain: true });
        assert_eq!(read_number("-1,5e3", b','), finite(-1500.0, false));
    }

    #[test]
    fn what_is_no_number() {
        for cell in [
            "", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1_000", "nan", "12%", "$3", "1,23", "0,123", "1,2345",
            "--1", "+-1",
        ] {
            check(cell, Number::None);
        }
    }

    #[test]
    fn reading_is_correctly_rounded() {
        // The standard library is correctly rounded; random bits reach every exponent.
        let mut bits = 1_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let x = f64::from_bits(bits ^ (bits >> 29));
            if x.is_finite() {
                for text in
                    [format!("{x:e}"), format!("{:.3}", x.rem_euclid(1e6)), format!("{}", (bits >> 20) as f64 / 1e7)]
                {
                    assert_eq!(
                        read_number(&text, b'.'),
                        finite(text.parse().unwrap(), text.bytes().all(|b| b.is_ascii_digit()))
                    );
                }
            }
        }
    }
}
