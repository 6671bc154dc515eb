//! The words on the screen, in two languages whose keys are checked.
//!
//! `text/en.rs` declares the keys, for the compiler to check, by giving the English words. `text/zh.json` gives the
//! Chinese ones, the same keys in the same order, for a test to check; it is fetched by who reads Chinese, and waited
//! for before a word is shown. Words with values in them have `{name}` placeholders, filled by [`fill`].

use std::cell::{Cell, OnceCell};

use serde_json::{Map, Value};
use vitrine_protocol::{ErrorMsg, IssueMsg, PlaceMsg, TextMsg};

/// Declares the struct of all texts and its English value.
macro_rules! english {
    ($($key:ident: $text:expr,)*) => {
        /// Every text of the interface.
        #[derive(Clone, Copy)]
        pub(crate) struct Texts { $(pub(crate) $key: &'static str,)* }
        /// The English texts.
        pub(crate) static EN: Texts = Texts { $($key: $text,)* };
        impl Texts {
            /// The texts of another language, in the order of their keys; none if there are more texts or fewer.
            pub(crate) fn from_words(words: Vec<String>) -> Option<Self> {
                let mut texts = EN;
                let places = [$(&mut texts.$key),*];
                if words.len() != places.len() {
                    return None;
                }
                for (place, words) in places.into_iter().zip(words) {
                    // What is said in a language is kept as long as the page is.
                    *place = words.leak();
                }
                Some(texts)
            }
        }
        #[cfg(test)]
        pub(crate) fn all(texts: &Texts) -> Vec<(&'static str, &'static str)> {
            vec![$((stringify!($key), texts.$key),)*]
        }
    };
}
pub(crate) use english;

#[path = "../text/en.rs"]
mod en;

pub(crate) use en::Texts;

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// The language a tag such as `zh-CN` means, if it is one of ours.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        }
    }

    /// The tag for `<html lang>` and the URL.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// Its texts.
    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::EN,
            Self::Zh => ZH.get().unwrap_or(&en::EN),
        }
    }

    /// Whether its texts are here.
    pub(crate) fn is_here(self) -> bool {
        self == Self::En || ZH.get().is_some()
    }

    /// One of the engine's own texts.
    pub(crate) fn pick(self, text: &TextMsg) -> String {
        match self {
            Self::En => text.en.clone(),
            Self::Zh => text.zh.clone(),
        }
    }
}

/// Puts values into a text's `{name}` placeholders.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let Some(end) = rest[start..].find('}').map(|end| start + end) else { break };
        out.push_str(&rest[..start]);
        match values.iter().find(|(name, _)| *name == &rest[start + 1..end]) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[start..=end]),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}

/// An error's message and hint in a language; English is what the engine said.
pub(crate) fn error_text(lang: Lang, error: &ErrorMsg) -> (String, String) {
    translated(lang, &error.code, &error.args).unwrap_or_else(|| (sentence(&error.message), sentence(&error.hint)))
}

/// An issue's message and hint in a language.
pub(crate) fn issue_text(lang: Lang, issue: &IssueMsg) -> (String, String) {
    translated(lang, &issue.code, &issue.args).unwrap_or_else(|| (sentence(&issue.message), sentence(&issue.hint)))
}

fn translated(lang: Lang, code: &str, args: &std::collections::BTreeMap<String, String>) -> Option<(String, String)> {
    if lang == Lang::En {
        return None;
    }
    let [message, hint] = TROUBLE_ZH.with(|all| trouble_in(all.get()?, code))?;
    let values: Vec<(&str, &str)> = args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Some((fill(&message, &values), fill(&hint, &values)))
}

thread_local! {
    /// The Chinese texts, once somebody reads Chinese.
    static ZH: Cell<Option<&'static Texts>> = const { Cell::new(None) };
    /// The Chinese for errors and issues: a file of its own, since most visits need none of it.
    static TROUBLE_ZH: OnceCell<Map<String, Value>> = const { OnceCell::new() };
}

/// Where the Chinese texts are.
pub(crate) const ZH_FILE: &str = "zh.json";

/// Keeps them once they have come; false if they are not the texts of this build.
pub(crate) fn keep_zh(words: Vec<String>) -> bool {
    let texts = Texts::from_words(words);
    let is_whole = texts.is_some();
    ZH.set(texts.map(|texts| &*Box::leak(Box::new(texts))));
    is_whole
}

/// Where the Chinese for errors and issues is.
pub(crate) const TROUBLE_ZH_FILE: &str = "trouble_zh.json";

/// Keeps it once it has come.
pub(crate) fn keep_trouble_zh(all: Map<String, Value>) {
    TROUBLE_ZH.with(|kept| drop(kept.set(all)));
}

/// The message and the hint of a code, under its full name or without its stage.
fn trouble_in(all: &Map<String, Value>, code: &str) -> Option<[String; 2]> {
    let found = all.get(code).or_else(|| all.get(code.split_once('.')?.1))?.as_array()?;
    let text = |at: usize| Some(found.get(at)?.as_str()?.to_owned());
    Some([text(0)?, text(1)?])
}

/// A place in the user's terms: "line 14, column “age”".
pub(crate) fn place_text(lang: Lang, place: &PlaceMsg) -> String {
    let texts = lang.texts();
    let mut parts = Vec::new();
    if let Some(line) = place.line {
        parts.push(fill(texts.place_line, &[("n", &line.to_string())]));
    }
    if let Some(row) = place.row {
        parts.push(fill(texts.place_row, &[("n", &(row + 1).to_string())]));
    }
    if let Some(column) = &place.column {
        parts.push(fill(texts.place_column, &[("name", &shortened(column, 60))]));
    }
    if let Some(byte) = place.byte {
        parts.push(fill(texts.place_byte, &[("n", &byte.to_string())]));
    }
    if let Some(step) = place.step {
        parts.push(fill(texts.place_step, &[("n", &(step + 1).to_string())]));
    }
    if let Some(field) = &place.field {
        parts.push(fill(texts.place_field, &[("name", field)]));
    }
    parts.join(texts.comma)
}

/// A long name cut in the middle of nowhere, with a sign that it was.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The engine's lower-case message as a sentence on a page: a capital first letter, long quotations cut. The engine
/// speaks English: the tables that know every script's capitals would be a fiftieth of the page.
fn sentence(message: &str) -> String {
    let message = shortened(message, 400);
    let mut letters = message.chars();
    match letters.next() {
        Some(first) => String::from(first.to_ascii_uppercase()) + letters.as_str(),
        None => String::new(),
    }
}

/// `max_depth` as `max depth`: how machine names read where no translation exists.
pub(crate) fn spoken(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stay() {
        assert_eq!(fill("{n} of {m} rows {x", &[("n", "3"), ("m", "9")]), "3 of 9 rows {x");
        assert_eq!(fill("{who}", &[]), "{who}");
    }

    #[test]
    fn both_languages_use_the_same_placeholders() {
        let names = |text: &str| {
            let mut names: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.to_owned()))
                .collect();
            names.sort();
            names
        };
        // A JSON object keeps its order in the browser, but not in a `Map`: the file has one key a line.
        let chinese = include_str!("../text/zh.json").lines().filter_map(|line| line.trim().strip_prefix('"'));
        let chinese = chinese.map(|line| {
            let (key, words) = line.split_once("\": ").unwrap();
            (key, serde_json::from_str::<String>(words.trim_end_matches(',')).unwrap())
        });
        let (keys, chinese): (Vec<&str>, Vec<String>) = chinese.unzip();
        let english = en::all(&en::EN);
        assert_eq!(english.iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys);
        for ((key, english), chinese) in english.into_iter().zip(&chinese) {
            assert_eq!(names(english), names(chinese), "{key}");
            assert!(!chinese.is_empty(), "{key}");
        }
        assert!(keep_zh(chinese) && Lang::Zh.texts().comma == "，");
        assert!(!keep_zh(vec![String::new()]), "a file of another build");
    }

    #[test]
    fn every_code_of_the_engine_is_told_in_chinese() {
        let all: Map<String, Value> = serde_json::from_str(include_str!("../text/trouble_zh.json")).unwrap();
        let codes = include_str!("../../tests/snapshots/codes.txt").lines().filter_map(|line| line.split(' ').next());
        let codes: Vec<&str> = codes.filter(|code| code.contains('.')).collect();
        assert!(codes.len() > 100);
        for code in codes {
            let [message, hint] = trouble_in(&all, code).unwrap_or_else(|| panic!("{code} has no Chinese"));
            assert!(!message.is_empty() && !hint.is_empty(), "{code}");
        }
    }

    #[test]
    fn languages_are_found_by_tag() {
        assert_eq!(Lang::from_tag("zh-Hant-TW"), Some(Lang::Zh));
        assert_eq!(Lang::from_tag("fr"), None);
        assert_eq!(Lang::from_tag("语"), None);
    }
}
