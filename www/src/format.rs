//! Numbers as people read them: few digits, aligned, the same in both languages.

/// A measured number with up to four significant digits; whole numbers in full.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 {
        return grouped(value);
    }
    if !(1e-4..1e9).contains(&size) {
        return minus(digits::scientific(value, 3));
    }
    let decimals = if size >= 1000.0 { 1 } else { (3 - size.log10().floor() as i32).clamp(0, 7) as usize };
    let text = digits::fixed(value, decimals);
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    minus(text.to_owned())
}

/// A number with a fixed count of decimals, for columns that align.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    if value.is_finite() { minus(digits::fixed(value, decimals)) } else { "–".to_owned() }
}

/// A measure, as tables of them have it; a dash where it is not defined.
pub(crate) fn measure(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |value| fixed(value, if value.abs() < 100.0 { 3 } else { 1 }))
}

/// A count with separators: `1,000,000`.
pub(crate) fn count(value: usize) -> String {
    grouped(value as f64)
}

/// A share as a percentage, one decimal below 99.95.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    digits::fixed(percent, usize::from(percent != percent.round())) + "%"
}

/// A size in bytes.
pub(crate) fn bytes(size_bytes: u64) -> String {
    match size_bytes {
        0..1024 => format!("{size_bytes} B"),
        1024..1_048_576 => digits::fixed(size_bytes as f64 / 1024.0, 1) + " KB",
        1_048_576.. => digits::fixed(size_bytes as f64 / 1_048_576.0, 1) + " MB",
    }
}

/// A duration.
pub(crate) fn millis(millis: f64) -> String {
    match millis {
        m if m < 1.0 => digits::fixed(m, 1) + " ms",
        m if m < 1000.0 => digits::fixed(m, 0) + " ms",
        m if m < 60_000.0 => digits::fixed(m / 1000.0, 1) + " s",
        m => digits::fixed(m / 60_000.0, 0) + " min",
    }
}

/// A point in time, from milliseconds since 1970, as a date (UTC).
///
/// Reference: the civil-from-days algorithm, <https://howardhinnant.github.io/date_algorithms.html>.
pub(crate) fn date(epoch_millis: f64) -> String {
    let days = (epoch_millis / 86_400_000.0).floor() as i64 + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A cell of a table as text; missing cells are empty.
pub(crate) fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(value) => value.as_f64().map(plain).unwrap_or_default(),
        serde_json::Value::Bool(flag) => flag.to_string(),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => "…".to_owned(),
    }
}

/// A number as it is typed, in decimal digits with an exponent perhaps; none for anything else.
pub(crate) fn parse_number(words: &str) -> Option<f64> {
    let words = words.trim();
    let may_be = !words.is_empty() && words.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    may_be.then(|| digits::parse(words)).flatten().filter(|value| value.is_finite())
}

/// A number in full, to be read.
pub(crate) fn plain(value: f64) -> String {
    minus(typed(value))
}

/// A number in full, as it would be typed.
pub(crate) fn typed(value: f64) -> String {
    digits::shortest(value)
}

/// A number with a count of decimals, as it would be typed.
pub(crate) fn typed_to(value: f64, decimals: usize) -> String {
    digits::fixed(value, decimals)
}

/// A length, a place or a share in an attribute: two decimals at most.
pub(crate) struct Short(pub(crate) f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0 * 100.0).round() as i64;
        let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
        let sign = if hundredths < 0 { "-" } else { "" };
        match (rest / 10, rest % 10) {
            (0, 0) => write!(f, "{sign}{whole}"),
            (tenths, 0) => write!(f, "{sign}{whole}.{tenths}"),
            (tenths, hundredths) => write!(f, "{sign}{whole}.{tenths}{hundredths}"),
        }
    }
}

/// Between numbers and their digits. The browser knows how, and Rust's own ways are twenty kilobytes of code and tables
/// that hardly compress: a single `{}` of an `f64` anywhere brings them back.
#[cfg(target_arch = "wasm32")]
mod digits {
    use js_sys::{JsString, Number};
    use wasm_bindgen::JsValue;

    pub(super) fn parse(words: &str) -> Option<f64> {
        Some(JsValue::from_str(words).unchecked_into_f64())
    }

    pub(super) fn shortest(value: f64) -> String {
        read(Number::from(value).to_string_with_radix(10))
    }

    pub(super) fn fixed(value: f64, decimals: usize) -> String {
        read(Number::from(value).to_fixed(decimals as u8))
    }

    pub(super) fn scientific(value: f64, decimals: usize) -> String {
        read(Number::from(value).to_exponential(decimals as u8)).replace('+', "")
    }

    /// Only a count of decimals beyond 100 is refused.
    fn read<E>(digits: Result<JsString, E>) -> String {
        digits.map(String::from).unwrap_or_default()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod digits {
    pub(super) fn parse(words: &str) -> Option<f64> {
        words.parse().ok()
    }

    pub(super) fn shortest(value: f64) -> String {
        value.to_string()
    }

    pub(super) fn fixed(value: f64, decimals: usize) -> String {
        format!("{value:.decimals$}")
    }

    pub(super) fn scientific(value: f64, decimals: usize) -> String {
        format!("{value:.decimals$e}")
    }
}

fn grouped(value: f64) -> String {
    let digits = digits::fixed(value.abs(), 0);
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) && digits.len() > 4 {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("−{out}") } else { out }
}

fn minus(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_four_digits_and_no_noise() {
        assert_eq!(number(5.843333333), "5.843");
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(-12345.0), "−12,345");
        assert_eq!(number(1234.0), "1234");
        assert_eq!(number(0.00001234), "1.234e-5");
        assert_eq!(number(f64::NAN), "–");
    }

    #[test]
    fn attributes_have_two_decimals_at_most() {
        let short = |value: f64| Short(value).to_string();
        assert_eq!([short(3.0), short(-0.5), short(1.005e3), short(7.049)], ["3", "-0.5", "1005", "7.05"]);
        assert_eq!([short(-0.001), short(f64::NAN), short(0.07)], ["0", "0", "0.07"]);
    }

    #[test]
    fn only_decimal_numbers_are_read() {
        assert_eq!(parse_number(" -2.5e3 "), Some(-2500.0));
        for words in ["", "  ", "1,5", "0x10", "inf", "1e999", "--1", "e"] {
            assert_eq!(parse_number(words), None, "{words:?}");
        }
    }

    #[test]
    fn shares_sizes_and_times_read_well() {
        assert_eq!(percent(0.9474), "94.7%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(bytes(3858), "3.8 KB");
        assert_eq!(millis(12.4), "12 ms");
        assert_eq!(count(1_000_000), "1,000,000");
    }

    #[test]
    fn days_are_the_calendars() {
        assert_eq!(date(0.0), "1970-01-01");
        assert_eq!(date(1_709_164_800_000.0), "2024-02-29");
        assert_eq!(date(-1.0), "1969-12-31");
    }
}
