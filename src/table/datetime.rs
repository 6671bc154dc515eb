//! Points in time: text in many forms in, milliseconds since 1970-01-01T00:00:00Z out, and back.
//!
//! A time without a zone is taken as UTC; nothing here knows where the reader sits.

/// Milliseconds of a day.
const DAY_MILLIS: i64 = 86_400_000;

/// A date as a file wrote it, before the order of day and month is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Which of two orders the text has.
    pub(super) form: Form,
    /// Milliseconds, reading the month first where the form leaves it open and both readings are dates.
    pub(super) millis: i64,
    /// For [`Form::Either`]: which readings are dates.
    pub(super) reads: Reads,
}

/// The families of forms; a column has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `2024-03-05`, `2024/3/5`, `2024.3.5`, `2024年3月5日`, each perhaps with a time.
    YearFirst,
    /// `05.03.2024`: the point is written only where the day comes first.
    DayFirst,
    /// `03/05/2024` or `03-05-2024`: the column decides.
    Either,
}

/// Which readings of `03/05/2024` are dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// Only as month, day.
    MonthFirst,
    /// Only as day, month.
    DayFirst,
    /// Both.
    Both,
}

/// A point in time from text: ISO 8601 and its relatives, `2024/3/5 14:30`, `05.03.2024`, `2024年3月5日`; of `03/04/2024`
/// the month is taken to be first unless that is no date. `None` for anything else, plain numbers included.
///
/// ```
/// use vitrine::table::parse_datetime;
/// assert_eq!(parse_datetime("1970-01-02"), Some(86_400_000));
/// assert_eq!(parse_datetime("1970-01-01T01:00:00.250+01:00"), Some(250));
/// assert_eq!(parse_datetime("1970年1月2日"), parse_datetime("02.01.1970"));
/// assert_eq!(parse_datetime("2023-02-29"), None);
/// ```
pub fn parse_datetime(text: &str) -> Option<i64> {
    parse_written(text).map(|written| written.millis)
}

/// ISO 8601 in UTC, without the time when it is midnight and without what is zero behind the seconds.
///
/// ```
/// use vitrine::table::format_datetime;
/// assert_eq!(format_datetime(86_400_000), "1970-01-02");
/// assert_eq!(format_datetime(-1), "1969-12-31T23:59:59.999Z");
/// ```
pub fn format_datetime(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(DAY_MILLIS), millis.rem_euclid(DAY_MILLIS));
    let (year, month, day) = date_of_days(days);
    let sign = if year < 0 { "-" } else { "" };
    let date = format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs());
    if rest == 0 {
        return date;
    }
    let (hour, minute, second, milli) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// Exchanges day and month of a point in time, when both are at most 12.
pub(super) fn swap_day_and_month(millis: i64) -> i64 {
    let (days, rest) = (millis.div_euclid(DAY_MILLIS), millis.rem_euclid(DAY_MILLIS));
    match date_of_days(days) {
        (year, month, day) if day <= 12 => days_of_date(year, day, month) * DAY_MILLIS + rest,
        _ => millis,
    }
}

/// `2024-03-05`, the most frequent form, in few steps.
fn parse_plain(bytes: &[u8; 10]) -> Option<i64> {
    let digit = |idx: usize| i64::from(bytes[idx].wrapping_sub(b'0'));
    let has_digits = [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(|idx| bytes[idx].is_ascii_digit());
    if !has_digits || (bytes[4], bytes[7]) != (b'-', b'-') {
        return None;
    }
    let year = digit(0) * 1_000 + digit(1) * 100 + digit(2) * 10 + digit(3);
    millis_of_date(year, digit(5) * 10 + digit(6), digit(8) * 10 + digit(9))
}

/// Reads a whole text as a point in time, outer spaces aside.
pub(super) fn parse_written(text: &str) -> Option<Written> {
    if let Ok(bytes) = text.as_bytes().try_into()
        && let Some(millis) = parse_plain(bytes)
    {
        return Some(Written { form: Form::YearFirst, millis, reads: Reads::Both });
    }
    let mut scan = Scan { rest: text.trim().as_bytes() };
    let (first, n_digits) = scan.number(4)?;
    let written = if n_digits == 4 {
        let (year, separator) = (first, scan.separator()?);
        let (month, _) = scan.number(2)?;
        let day = match separator {
            b'Y' => {
                scan.word("月").then_some(())?;
                match scan.number(2) {
                    Some((day, _)) => (scan.word("日") || scan.word("号")).then_some(day)?,
                    None => 1,
                }
            }
            // `2024-03` is a month; `2024/03` could be anything.
            b'-' if scan.rest.is_empty() => 1,
            _ => {
                (scan.byte()? == separator).then_some(())?;
                scan.number(2)?.0
            }
        };
        Written { form: Form::YearFirst, millis: millis_of_date(year, month, day)?, reads: Reads::Both }
    } else {
        let separator = scan.separator().filter(|&byte| byte != b'Y')?;
        let (second, _) = scan.number(2)?;
        (scan.byte()? == separator).then_some(())?;
        let (year, n_digits) = scan.number(4)?;
        (n_digits == 4).then_some(())?;
        let (month_first, day_first) = (millis_of_date(year, first, second), millis_of_date(year, second, first));
        if separator == b'.' {
            Written { form: Form::DayFirst, millis: day_first?, reads: Reads::DayFirst }
        } else {
            let (millis, reads) = match (month_first, day_first) {
                (Some(millis), Some(_)) => (millis, Reads::Both),
                (Some(millis), None) => (millis, Reads::MonthFirst),
                (None, Some(millis)) => (millis, Reads::DayFirst),
                (None, None) => return None,
            };
            Written { form: Form::Either, millis, reads }
        }
    };
    let is_within_day = |time: &i64| written.form != Form::Either || (0..DAY_MILLIS).contains(time);
    // An order that may yet be exchanged needs a time that stays within its day.
    let time = scan.time().filter(is_within_day)?;
    scan.rest.is_empty().then_some(Written { millis: written.millis + time, ..written })
}

/// What is left of a text.
struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let is_next = self.rest.first() == Some(&wanted);
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }

    fn word(&mut self, wanted: &str) -> bool {
        match self.rest.strip_prefix(wanted.as_bytes()) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A number of 1 to `max` digits, and how many there were; more digits are no such number.
    fn number(&mut self, max: usize) -> Option<(i64, usize)> {
        let n = self.rest.iter().take(max + 1).take_while(|byte| byte.is_ascii_digit()).count();
        (1..=max).contains(&n).then_some(())?;
        let value = self.rest[..n].iter().fold(0, |value, byte| value * 10 + i64::from(byte - b'0'));
        self.rest = &self.rest[n..];
        Some((value, n))
    }

    /// What stands between the parts of a date; `b'Y'` for 年.
    fn separator(&mut self) -> Option<u8> {
        if self.word("年") {
            return Some(b'Y');
        }
        self.byte().filter(|byte| matches!(byte, b'-' | b'/' | b'.'))
    }

    /// The milliseconds of the time that may follow a date; 0 when none does, `None` when it is no time.
    fn time(&mut self) -> Option<i64> {
        if self.rest.is_empty() {
            return Some(0);
        }
        // Nothing need stand between 日 and the hour; elsewhere the digits of day and hour would run together and be no day.
        let _ = self.eat(b'T') || self.eat(b't') || self.eat(b' ');
        let (hour, _) = self.number(2)?;
        if self.word("时") || self.word("点") {
            return self.chinese_time(hour);
        }
        self.eat(b':').then_some(())?;
        let (minute, _) = self.number(2)?;
        let (mut second, mut milli) = (0, 0);
        if self.eat(b':') {
            second = self.number(2)?.0;
            if self.eat(b'.') || self.eat(b',') {
                milli = self.fraction()?;
            }
        }
        let hour = self.half_of_day(hour)?;
        let offset_minutes = self.zone()?;
        // A leap second is the second after it, as POSIX counts.
        let is_time =
            (hour < 24 || (hour == 24 && minute == 0 && second == 0 && milli == 0)) && minute < 60 && second <= 60;
        is_time.then_some(((hour * 60 + minute - offset_minutes) * 60 + second) * 1_000 + milli)
    }

    /// `14时30分5秒` behind its hour.
    fn chinese_time(&mut self, hour: i64) -> Option<i64> {
        let minute = match self.number(2) {
            Some((minute, _)) => self.word("分").then_some(minute)?,
            None => 0,
        };
        let second = match self.number(2) {
            Some((second, _)) => self.word("秒").then_some(second)?,
            None => 0,
        };
        (hour < 24 && minute < 60 && second < 60).then_some(((hour * 60 + minute) * 60 + second) * 1_000)
    }

    /// Digits behind the seconds, as milliseconds; finer ones are cut off.
    fn fraction(&mut self) -> Option<i64> {
        let n = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        (n > 0).then_some(())?;
        let milli =
            (0..3).fold(0, |milli, idx| milli * 10 + if idx < n { i64::from(self.rest[idx] - b'0') } else { 0 });
        self.rest = &self.rest[n..];
        Some(milli)
    }

    /// An hour of the twelve-hour clock, when `AM` or `PM` follows.
    fn half_of_day(&mut self, hour: i64) -> Option<i64> {
        let trimmed = self.rest.strip_prefix(b" ").unwrap_or(self.rest);
        let half = match trimmed {
            [half @ (b'a' | b'A' | b'p' | b'P'), b'm' | b'M', rest @ ..] => {
                self.rest = rest;
                half.to_ascii_lowercase()
            }
            _ => return Some(hour),
        };
        (1..=12).contains(&hour).then_some(hour % 12 + if half == b'p' { 12 } else { 0 })
    }

    /// Minutes east of UTC; 0 when no zone is written.
    fn zone(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.eat(b'Z') || self.eat(b'z') || self.word(" UTC") {
            return Some(0);
        }
        self.eat(b' ');
        let sign = match self.byte()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hour, minute) = match self.number(4)? {
            (hour, 1 | 2) if self.eat(b':') => (hour, self.number(2)?.0),
            (hour, 1 | 2) => (hour, 0),
            (both, _) => (both / 100, both % 100),
        };
        (hour <= 18 && minute < 60).then_some(sign * (hour * 60 + minute))
    }
}

fn millis_of_date(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let n_days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=n_days).contains(&day).then(|| days_of_date(year, month, day) * DAY_MILLIS)
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Hinnant, `days_from_civil`,
/// <https://howardhinnant.github.io/date_algorithms.html>).
fn days_of_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of days since 1970-01-01 (Hinnant, `civil_from_days`).
pub(crate) fn date_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(parse_datetime(text).map(format_datetime).as_deref().unwrap_or("none"), expected, "{text}");
    }

    #[test]
    fn forms_of_a_date() {
        for text in
            ["2024-03-05", "2024/3/5", "2024.03.05", "05.03.2024", "2024年3月5日", "2024年03月05号", " 3/5/2024 "]
        {
            check(text, "2024-03-05");
        }
        check("2024-03", "2024-03-01");
        check("2024年3月", "2024-03-01");
        check("15/02/2024", "2024-02-15");
        check("02-15-2024", "2024-02-15");
    }

    #[test]
    fn forms_of_a_time() {
        check("2024-03-05 14:30", "2024-03-05T14:30:00Z");
        check("2024-03-05T14:30:15.123456Z", "2024-03-05T14:30:15.123Z");
        check("2024-03-05T00:30:00+01:00", "2024-03-04T23:30:00Z");
        check("2024-03-05T00:30:00-0530", "2024-03-05T06:00:00Z");
        check("3/5/2024 12:05 AM", "2024-03-05T00:05:00Z");
        check("3/5/2024 2:05:09 pm", "2024-03-05T14:05:09Z");
        check("2024年3月5日14时30分", "2024-03-05T14:30:00Z");
        check("2024年3月5日 14:30", "2024-03-05T14:30:00Z");
        check("2024-03-05T24:00", "2024-03-06");
    }

    #[test]
    fn what_is_no_date() {
        for text in
            ["", "2024", "20240305", "2024-13-01", "2023-02-29", "2024-3-5x", "1.2.3", "12:30", "10.0.0.1", "5/6/24"]
        {
            check(text, "none");
        }
        for text in ["2024-03-05T25:00", "2024-03-05 1", "2024-03-05T12:60", "13/13/2024", "2024年3月5", "1-2-03-4"] {
            check(text, "none");
        }
    }

    #[test]
    fn days_and_dates_agree_over_centuries() {
        for days in (-800_000..800_000).step_by(37) {
            let (year, month, day) = date_of_days(days);
            assert_eq!(days_of_date(year, month, day), days);
        }
        assert_eq!(date_of_days(19_787), (2024, 3, 5));
    }

    #[test]
    fn only_an_open_order_is_exchanged() {
        let swapped = |text| format_datetime(swap_day_and_month(parse_datetime(text).unwrap()));
        assert_eq!(swapped("2024-03-05T01:00"), "2024-05-03T01:00:00Z");
        assert_eq!(swapped("2024-03-15"), "2024-03-15");
    }
}
