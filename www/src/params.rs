//! Hyper-parameters as people type them: read, checked against the engine's own declaration, said back.

use serde_json::Value;
use vitrine_protocol::{ParamDocMsg, ParamKindMsg};

/// Why something typed is not a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trouble {
    /// Not a whole number.
    NotWhole,
    /// Not a number.
    NotNumber,
    /// Empty, where something is needed.
    Empty,
    /// Outside the range.
    OutOfRange,
    /// None of the choices.
    NotAChoice,
}

/// The value of what was typed; empty means "none" where the parameter can be none.
///
/// # Errors
/// - What was typed is not a value of this parameter.
pub(crate) fn parse(param: &ParamDocMsg, words: &str) -> Result<Value, Trouble> {
    let words = words.trim();
    match &param.range {
        ParamKindMsg::Boolean => Ok(Value::Bool(words == "true")),
        ParamKindMsg::Choice { options } => match options.iter().find(|option| *option == words) {
            Some(option) => Ok(Value::String(option.clone())),
            None => Err(Trouble::NotAChoice),
        },
        ParamKindMsg::Integer { nullable: true, .. }
        | ParamKindMsg::Number { nullable: true, .. }
        | ParamKindMsg::NumberOrWord { nullable: true, .. }
            if words.is_empty() =>
        {
            Ok(Value::Null)
        }
        ParamKindMsg::NumberOrWord { options, .. } if options.iter().any(|option| option == words) => {
            Ok(Value::String(words.to_owned()))
        }
        _ if words.is_empty() => Err(Trouble::Empty),
        ParamKindMsg::Integers { min, max, most } => {
            let one = |word: &str| whole(word, *min, *max).map(Value::from);
            let list: Vec<Value> = words
                .split([',', '，', '、', '\n', ' '])
                .filter(|word| !word.is_empty())
                .map(one)
                .collect::<Result<_, _>>()?;
            if list.len() <= *most { Ok(list.into()) } else { Err(Trouble::OutOfRange) }
        }
        ParamKindMsg::Integer { min, max, .. } => whole(words, *min, *max).map(Value::from),
        ParamKindMsg::Number { min, max, min_excluded, .. }
        | ParamKindMsg::NumberOrWord { min, max, min_excluded, .. } => {
            let value = crate::format::parse_number(words).ok_or(Trouble::NotNumber)?;
            let above = if *min_excluded { value > *min } else { value >= *min };
            if above && value <= *max { Ok(value.into()) } else { Err(Trouble::OutOfRange) }
        }
    }
}

fn whole(words: &str, min: f64, max: f64) -> Result<i64, Trouble> {
    let value: i64 = words.parse().map_err(|_| Trouble::NotWhole)?;
    if value as f64 >= min && value as f64 <= max { Ok(value) } else { Err(Trouble::OutOfRange) }
}

/// Values to try, as they would be typed: every choice, or numbers around the default.
pub(crate) fn suggest(param: &ParamDocMsg) -> String {
    let around = |values: [f64; 3], (min, max): (f64, f64)| {
        let inside = values.into_iter().filter(|value| *value >= min && *value <= max);
        inside.map(crate::format::typed).collect::<Vec<_>>().join(", ")
    };
    let default = param.default.as_f64();
    match &param.range {
        ParamKindMsg::Boolean => "true, false".to_owned(),
        // Lists of one number each.
        ParamKindMsg::Integers { .. } => "16, 64".to_owned(),
        ParamKindMsg::Choice { options } => options.join(", "),
        ParamKindMsg::Integer { min, max, .. } => {
            let middle = default.unwrap_or(6.0).max(min + 1.0);
            around([(middle / 2.0).ceil(), middle, middle * 2.0], (*min, *max))
        }
        ParamKindMsg::Number { min, max, .. } | ParamKindMsg::NumberOrWord { min, max, .. } => match default {
            // A count, or a share of something.
            Some(count) if count > 1.0 => around([count, count * 2.0, count * 5.0], (*min, *max)),
            Some(middle) if middle > 0.0 => around([middle / 10.0, middle, middle * 10.0], (*min, *max)),
            _ => around([0.0, 0.01, 0.1], (*min, *max)),
        },
    }
}

/// Values to try: a list as `1, 10, 100`, or for a number a range as `0.01 – 100`, which is logarithmic where it is
/// that wide; none where something in it is not a value.
pub(crate) fn parse_space(param: &ParamDocMsg, words: &str) -> Option<Value> {
    let is_choice = matches!(param.range, ParamKindMsg::Boolean | ParamKindMsg::Choice { .. });
    if let (Some((low, high)), false) = (words.split_once('–').or_else(|| words.split_once("..")), is_choice) {
        let (low, high) = (parse(param, low).ok()?.as_f64()?, parse(param, high).ok()?.as_f64()?);
        let log = low > 0.0 && high / low >= 100.0;
        return (low < high).then(|| serde_json::json!({ "low": low, "high": high, "log": log }));
    }
    let value = |word: &str| match word.trim() {
        "" => None,
        "none" | "null" | "无" => parse(param, "").ok().filter(Value::is_null),
        word => parse(param, word).ok(),
    };
    words.split([',', '，', '、']).map(value).collect::<Option<Vec<Value>>>().map(Value::from)
}

/// A value as it would be typed.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(words) => words.clone(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.to_string(),
            None => number.as_f64().map(crate::format::typed).unwrap_or_default(),
        },
        Value::Bool(flag) => flag.to_string(),
        Value::Array(values) => {
            let between = if values.iter().all(Value::is_number) { ", " } else { "\n" };
            values.iter().map(show).collect::<Vec<_>>().join(between)
        }
        Value::Object(_) => String::new(),
    }
}

/// The range as a person reads it: `1 – 50`, `> 0`; empty where there is none to speak of.
pub(crate) fn range(param: &ParamDocMsg) -> String {
    // Bounds this far out are there for arithmetic, not for people.
    const FAR: f64 = 1e9;
    let (min, max, min_excluded) = match &param.range {
        ParamKindMsg::Integer { min, max, .. } | ParamKindMsg::Integers { min, max, .. } => (*min, *max, false),
        ParamKindMsg::Number { min, max, min_excluded, .. }
        | ParamKindMsg::NumberOrWord { min, max, min_excluded, .. } => (*min, *max, *min_excluded),
        ParamKindMsg::Boolean | ParamKindMsg::Choice { .. } => return String::new(),
    };
    let number = crate::format::number;
    match (min > -FAR, max < FAR) {
        (true, true) if !min_excluded => format!("{} – {}", number(min), number(max)),
        (true, true) => format!("> {}, ≤ {}", number(min), number(max)),
        (true, false) => format!("{} {}", if min_excluded { ">" } else { "≥" }, number(min)),
        (false, true) => format!("≤ {}", number(max)),
        (false, false) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use vitrine_protocol::TextMsg;

    use super::*;

    fn param(range: ParamKindMsg) -> ParamDocMsg {
        let words = TextMsg { en: String::new(), zh: String::new() };
        ParamDocMsg {
            name: "x".to_owned(),
            default: Value::Null,
            range,
            unit: String::new(),
            short: words,
            long: String::new(),
        }
    }

    #[test]
    fn whole_numbers_are_checked_at_both_ends() {
        let depth = param(ParamKindMsg::Integer { min: 1.0, max: 50.0, nullable: true });
        assert_eq!(parse(&depth, " 3 "), Ok(3.into()));
        assert_eq!(parse(&depth, ""), Ok(Value::Null));
        assert_eq!(parse(&depth, "0"), Err(Trouble::OutOfRange));
        assert_eq!(parse(&depth, "2.5"), Err(Trouble::NotWhole));
        assert_eq!(range(&depth), "1 – 50");
    }

    #[test]
    fn a_word_may_stand_for_a_number() {
        let options = vec!["auto".to_owned(), "sqrt".to_owned()];
        let features =
            param(ParamKindMsg::NumberOrWord { min: 0.0, max: 1e12, min_excluded: true, nullable: true, options });
        assert_eq!(parse(&features, " sqrt "), Ok("sqrt".into()));
        assert_eq!(parse(&features, "2"), Ok(2.0.into()));
        assert_eq!(parse(&features, ""), Ok(Value::Null));
        assert_eq!(parse(&features, "root"), Err(Trouble::NotNumber));
    }

    #[test]
    fn values_to_try_are_lists_or_ranges() {
        let rate = param(ParamKindMsg::Number { min: 0.0, max: 1e12, min_excluded: true, nullable: true });
        assert_eq!(parse_space(&rate, "1, 10，none"), Some(serde_json::json!([1.0, 10.0, null])));
        let wide = serde_json::json!({ "low": 0.01, "high": 10.0, "log": true });
        assert_eq!(parse_space(&rate, "0.01 – 10"), Some(wide));
        for wrong in ["", "1, x", "10 – 1", "0 – 1"] {
            assert_eq!(parse_space(&rate, wrong), None, "{wrong}");
        }
        assert_eq!(suggest(&ParamDocMsg { default: 1.into(), ..rate }), "0.1, 1, 10");
    }

    #[test]
    fn a_list_of_numbers_is_typed_with_commas() {
        let sizes = param(ParamKindMsg::Integers { min: 1.0, max: 99.0, most: 2 });
        assert_eq!(parse(&sizes, "16,8"), Ok(serde_json::json!([16, 8])));
        assert_eq!(show(&serde_json::json!([16, 8])), "16, 8");
        assert_eq!(parse(&sizes, "16, 8, 4"), Err(Trouble::OutOfRange));
        assert_eq!(parse(&sizes, "16, x"), Err(Trouble::NotWhole));
        assert_eq!(parse(&sizes, ""), Err(Trouble::Empty));
        assert_eq!(range(&sizes), "1 – 99");
    }

    #[test]
    fn an_excluded_end_is_out() {
        let rate = param(ParamKindMsg::Number { min: 0.0, max: 1e12, min_excluded: true, nullable: false });
        assert_eq!(parse(&rate, "0"), Err(Trouble::OutOfRange));
        assert_eq!(parse(&rate, ""), Err(Trouble::Empty));
        assert_eq!(parse(&rate, "inf"), Err(Trouble::NotNumber));
        assert_eq!(parse(&rate, "1e-3"), Ok(0.001.into()));
        assert_eq!(range(&rate), "> 0");
    }
}
