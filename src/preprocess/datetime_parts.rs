//! Points in time become numbers that say where in the year, the week and the day they lie.

use std::f64::consts::TAU;

use crate::error::Issues;
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::learned::Learned;
use crate::preprocess::step::DatePart;
use crate::preprocess::{PreprocessIssue, stats};
use crate::table::date_of_days;

const DAY_MILLIS: i64 = 86_400_000;

impl DatePart {
    /// All of them, with their names in requests and in the names of features.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Year, "year"),
        (Self::Quarter, "quarter"),
        (Self::Month, "month"),
        (Self::Day, "day"),
        (Self::Weekday, "weekday"),
        (Self::DayOfYear, "day_of_year"),
        (Self::Hour, "hour"),
        (Self::Minute, "minute"),
        (Self::ElapsedDays, "elapsed_days"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(part, _)| *part == self);
        found.map(|(_, name)| *name).expect("every part has a name")
    }

    /// The first value and the number of values, of a part that comes round.
    fn cycle(self) -> Option<(f64, f64)> {
        match self {
            Self::Year | Self::ElapsedDays => None,
            Self::Quarter => Some((1.0, 4.0)),
            Self::Month => Some((1.0, 12.0)),
            Self::Day => Some((1.0, 31.0)),
            Self::Weekday => Some((0.0, 7.0)),
            Self::DayOfYear => Some((1.0, 366.0)),
            Self::Hour => Some((0.0, 24.0)),
            Self::Minute => Some((0.0, 60.0)),
        }
    }

    fn of(self, millis: f64, start_millis: f64) -> f64 {
        if millis.is_nan() {
            return f64::NAN;
        }
        let whole = millis as i64;
        let (days, rest) = (whole.div_euclid(DAY_MILLIS), whole.rem_euclid(DAY_MILLIS));
        let (year, month, day) = date_of_days(days);
        let number = match self {
            Self::Year => year,
            Self::Quarter => (month + 2) / 3,
            Self::Month => month,
            Self::Day => day,
            // The first of January 1970 was a Thursday.
            Self::Weekday => (days + 3).rem_euclid(7),
            Self::DayOfYear => day_of_year(year, month, day),
            Self::Hour => rest / 3_600_000,
            Self::Minute => rest / 60_000 % 60,
            Self::ElapsedDays => return (millis - start_millis) / DAY_MILLIS as f64,
        };
        number as f64
    }
}

fn day_of_year(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    BEFORE[(month - 1).clamp(0, 11) as usize] + day + i64::from(is_leap && month > 2)
}

/// Learns the earliest time of the training rows. A column without any is reported.
pub(super) fn learn(parts: &[DatePart], is_cyclic: bool, name: &str, numbers: &[f64], issues: &mut Issues) -> Learned {
    let span = stats::min_max(numbers);
    if span.is_none() {
        issues.push(PreprocessIssue::AllMissing { column: name.to_owned() });
    }
    let start_millis = span.map_or(0.0, |(earliest, _)| earliest);
    Learned::DatetimeParts { parts: parts.to_vec(), is_cyclic, start_millis }
}

/// One feature per part, `date_month`; with `is_cyclic` two for a part that comes round, `date_month_sin` and
/// `date_month_cos`. A missing time is missing in all of them.
pub(super) fn apply(parts: &[DatePart], is_cyclic: bool, start_millis: f64, feature: &Feature) -> Vec<Feature> {
    let Values::Numbers(times) = &feature.values else { return Vec::new() };
    let mut made = Vec::new();
    for part in parts {
        let name = format!("{}_{}", feature.name, part.name());
        let numbers: Vec<f64> = times.iter().map(|&millis| part.of(millis, start_millis)).collect();
        match part.cycle() {
            Some((first, length)) if is_cyclic => {
                let turn = |wave: fn(f64) -> f64| numbers.iter().map(|x| wave(TAU * (x - first) / length)).collect();
                made.push(feature.remade(format!("{name}_sin"), turn(libm::sin)));
                made.push(feature.remade(format!("{name}_cos"), turn(libm::cos)));
            }
            _ => made.push(feature.remade(name, numbers)),
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::frame::{Group, Origin};
    use crate::table::parse_datetime;

    #[track_caller]
    fn check(text: &str, expected: [f64; 9]) {
        let millis = parse_datetime(text).unwrap() as f64;
        let start = parse_datetime("2024-02-28").unwrap() as f64;
        assert_eq!(DatePart::ALL.map(|(part, _)| part.of(millis, start)), expected, "{text}");
    }

    #[test]
    fn parts_are_those_of_the_calendar() {
        check("2024-02-29T18:45:00", [2024.0, 1.0, 2.0, 29.0, 3.0, 60.0, 18.0, 45.0, 1.78125]);
        check("2023-12-31", [2023.0, 4.0, 12.0, 31.0, 6.0, 365.0, 0.0, 0.0, -59.0]);
        check("2024-03-01", [2024.0, 1.0, 3.0, 1.0, 4.0, 61.0, 0.0, 0.0, 2.0]);
        check("1969-12-31T23:59:00", [1969.0, 4.0, 12.0, 31.0, 2.0, 365.0, 23.0, 59.0, -19781.0 - 1.0 / 1440.0]);
    }

    #[test]
    fn midnight_and_noon_lie_opposite() {
        let origin = Origin::raw("t", Group::Numeric);
        let values = Values::Numbers(vec![0.0, 43_200_000.0, f64::NAN, 1e300]);
        let made = apply(&[DatePart::Hour], true, 0.0, &Feature { name: "t".into(), origin, values });
        let numbers = |idx: usize| match &made[idx].values {
            Values::Numbers(numbers) => numbers.clone(),
            Values::Categories { .. } => panic!("numbers"),
        };
        assert_eq!([made[0].name.as_str(), made[1].name.as_str()], ["t_hour_sin", "t_hour_cos"]);
        assert_eq!(numbers(1)[..2], [1.0, -1.0]);
        assert!(numbers(0)[2].is_nan() && numbers(0)[3].is_finite());
    }

    #[test]
    fn a_column_without_any_time_is_reported() {
        let mut issues = Issues::new();
        learn(&[DatePart::Year], false, "t", &[f64::NAN], &mut issues);
        assert_eq!(issues.iter().next().unwrap().code, "all_missing_column");
    }
}
