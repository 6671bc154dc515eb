//! Options on the command line: switches (`--skip-gpu`) and values (`--port 9000`, `--port=9000`).
//!
//! Each command names what it knows; anything else is an error that lists what would have been understood.

use crate::process::{Failure, Outcome};

/// The options one command understands.
pub(crate) struct Known {
    /// Options without a value.
    pub(crate) switches: &'static [&'static str],
    /// Options with one value; given twice, they add up.
    pub(crate) values: &'static [&'static str],
}

/// The options that were given.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Args {
    switches: Vec<String>,
    values: Vec<(String, String)>,
    /// `--help` or `-h` was given.
    pub(crate) wants_help: bool,
}

impl Args {
    /// Reads the words after the command's name.
    pub(crate) fn parse(words: &[String], known: &Known) -> Outcome<Self> {
        let mut args = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, inline_value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if name == "--help" || name == "-h" {
                args.wants_help = true;
            } else if known.switches.contains(&name) && inline_value.is_none() {
                args.switches.push(name.to_owned());
            } else if known.values.contains(&name) {
                let value = inline_value.or_else(|| words.next().cloned()).ok_or_else(|| {
                    Failure::new(format!("`{name}` needs a value")).hint(format!("write `{name} <value>`"))
                })?;
                args.values.push((name.to_owned(), value));
            } else {
                let mut understood = known.switches.to_vec();
                understood.extend(known.values);
                understood.push("--help");
                return Err(Failure::new(format!("`{word}` is not an option here"))
                    .hint(format!("understood: {}", understood.join(", "))));
            }
        }
        Ok(args)
    }

    /// Whether a switch was given.
    pub(crate) fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|given| given == switch)
    }

    /// All values given for an option, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.values.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known { switches: &["--skip-gpu"], values: &["--only"] };

    fn parse(line: &str) -> Outcome<Args> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Args::parse(&words, &KNOWN)
    }

    #[test]
    fn values_may_follow_or_be_joined_and_add_up() {
        let args = parse("--only fmt --skip-gpu --only=page").expect("all are known");
        assert_eq!(args.all("--only"), ["fmt", "page"]);
        assert!(args.has("--skip-gpu"));
        assert!(!args.wants_help);
    }

    #[test]
    fn an_unknown_option_is_named_with_what_is_understood() {
        let failure = parse("--fast").expect_err("--fast is unknown");
        assert_eq!(failure.message, "`--fast` is not an option here");
        assert_eq!(failure.hint.as_deref(), Some("understood: --skip-gpu, --only, --help"));
    }

    #[test]
    fn a_value_that_is_missing_is_an_error() {
        assert_eq!(parse("--only").expect_err("no value").message, "`--only` needs a value");
    }
}
