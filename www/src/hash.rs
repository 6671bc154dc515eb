//! Settings in the URL's hash: what can be shared in a link, and nothing of the data.
//!
//! `#stage=train&sample=iris.csv&target=species&model=decision_tree&p.max_depth=3&seed=7&lang=zh&theme=dark`.
//! Reading is total: what it does not know it leaves out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The settings as text, by name; each owner parses its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Everything but hyper-parameters.
    pub(crate) values: BTreeMap<String, String>,
    /// Hyper-parameters that differ from their defaults (`p.max_depth=3`).
    pub(crate) params: BTreeMap<String, String>,
}

impl Settings {
    /// Reads a hash, with or without `#`.
    pub(crate) fn parse(hash: &str) -> Self {
        let mut settings = Self::default();
        for pair in hash.trim_start_matches('#').split('&') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let (name, value) = (decode(name), decode(value));
            match name.strip_prefix("p.") {
                Some(param) => settings.params.insert(param.to_owned(), value),
                None => settings.values.insert(name, value),
            };
        }
        settings
    }

    /// One setting.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Sets or leaves out one setting.
    pub(crate) fn set(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.values.insert(name.to_owned(), value);
        }
    }
}

impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = self.values.iter().map(|(name, value)| (encode(name), encode(value)));
        let params = self.params.iter().map(|(name, value)| (format!("p.{}", encode(name)), encode(value)));
        for (position, (name, value)) in plain.chain(params).enumerate() {
            let separator = if position == 0 { '#' } else { '&' };
            write!(f, "{separator}{name}={value}")?;
        }
        Ok(())
    }
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_way_through_a_hash() {
        let mut settings = Settings::default();
        settings.set("target", Some("总价(万元) & 100%".to_owned()));
        settings.set("seed", None);
        settings.params.insert("max_depth".to_owned(), "3".to_owned());
        let hash = settings.to_string();
        assert!(hash.is_ascii(), "{hash}");
        assert_eq!(Settings::parse(&hash), settings);
    }

    #[test]
    fn any_text_is_read_without_fault() {
        for hash in ["", "#", "#&&=", "#a", "#a=%", "#a=%f", "#%zz=1", "#a=%ff%fe", "#é=%é"] {
            let _ = Settings::parse(hash);
        }
        assert_eq!(Settings::parse("#a=%4").get("a"), Some("%4"));
    }
}
