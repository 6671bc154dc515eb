//! Hyper-parameters, declared once: forms, validation, messages, the manual and saved files read the same lines.
//!
//! [`spec!`](crate::spec) turns a list of parameters into a plain struct with `Default`, and into the [`ParamDoc`]s
//! everything else reads. A spec is used only after [`Spec::check`], and the type [`Checked`] says so.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Error, Place};

mod value;

pub use value::{AutoOr, CountOrShare, Integers, ParamValue};

/// Hyper-parameters by name.
pub type ParamMap = BTreeMap<String, Value>;

/// A hyper-parameter's declaration.
#[derive(Clone, Debug)]
pub struct ParamDoc {
    /// Its name, scikit-learn's where it has one.
    pub name: &'static str,
    /// What it is when not given.
    pub default: Value,
    /// What it may be.
    pub kind: ParamKind,
    /// Its unit; empty for none.
    pub unit: &'static str,
    /// One line, in English.
    pub short: &'static str,
    /// The same line in Simplified Chinese.
    pub short_zh: &'static str,
    /// More, for who asks; may be empty.
    pub long: String,
}

/// What a hyper-parameter may be.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamKind {
    /// A whole number.
    Integer {
        /// From where to where.
        range: Range,
        /// Whether `null` is allowed.
        nullable: bool,
    },
    /// A number.
    Number {
        /// From where to where.
        range: Range,
        /// Whether `null` is allowed.
        nullable: bool,
    },
    /// A number, or a word for one that depends on the data.
    NumberOrWord {
        /// From where to where.
        range: Range,
        /// The words.
        options: &'static [&'static str],
        /// Whether `null` is allowed.
        nullable: bool,
    },
    /// Yes or no.
    Boolean,
    /// One of several words.
    Choice {
        /// The words.
        options: &'static [&'static str],
    },
    /// Whole numbers in a list, at least one.
    Integers {
        /// From where to where each.
        range: Range,
        /// How many there are at most.
        most: usize,
    },
    /// One of several words, `null` standing for the first, or a number for each of some classes by name.
    ChoiceOrByClass {
        /// The words.
        options: &'static [&'static str],
        /// From where to where each number is.
        range: Range,
    },
}

/// An interval of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Lower end.
    pub min: f64,
    /// Upper end.
    pub max: f64,
    /// Whether the lower end itself is out.
    pub min_excluded: bool,
}

/// `min ≤ x ≤ max`.
pub const fn between(min: f64, max: f64) -> Range {
    Range { min, max, min_excluded: false }
}

/// `min < x ≤ max`.
pub const fn above(min: f64, max: f64) -> Range {
    Range { min, max, min_excluded: true }
}

/// For parameters that are not numbers.
pub const fn any() -> Range {
    between(f64::NEG_INFINITY, f64::INFINITY)
}

impl Range {
    /// Whether a number is in it; NaN never is.
    pub fn contains(self, x: f64) -> bool {
        x <= self.max && if self.min_excluded { x > self.min } else { x >= self.min }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let below = if self.min_excluded { "above" } else { "at least" };
        match (self.min.is_finite(), self.max.is_finite()) {
            (true, true) => write!(f, "{below} {} and at most {}", self.min, self.max),
            (true, false) => write!(f, "{below} {}", self.min),
            (false, true) => write!(f, "at most {}", self.max),
            (false, false) => write!(f, "any finite number"),
        }
    }
}

impl ParamKind {
    /// What it may be, in words.
    pub fn expected(&self) -> String {
        let or_null = |nullable: bool| if nullable { ", or null" } else { "" };
        match self {
            Self::Integer { range, nullable } => format!("a whole number {range}{}", or_null(*nullable)),
            Self::Number { range, nullable } => format!("a number {range}{}", or_null(*nullable)),
            Self::NumberOrWord { range, options, nullable } => {
                format!("a number {range}, or {}{}", quoted(options), or_null(*nullable))
            }
            Self::Boolean => "true or false".to_owned(),
            Self::Choice { options } => quoted(options),
            Self::Integers { range, most } => format!("a list of 1 to {most} whole numbers, each {range}"),
            Self::ChoiceOrByClass { options, range } => {
                format!("{}, or an object with a number {range} for each class", quoted(options))
            }
        }
    }

    fn admits(&self, value: &Value) -> bool {
        match self {
            Self::Integer { nullable, .. } | Self::Number { nullable, .. } | Self::NumberOrWord { nullable, .. }
                if value.is_null() =>
            {
                *nullable
            }
            Self::NumberOrWord { options, .. } if value.is_string() => Self::Choice { options }.admits(value),
            Self::Integer { range, .. } => value.as_f64().is_some_and(|x| x.fract() == 0.0 && range.contains(x)),
            Self::Number { range, .. } | Self::NumberOrWord { range, .. } => {
                value.as_f64().is_some_and(|x| x.is_finite() && range.contains(x))
            }
            Self::Boolean => value.is_boolean(),
            Self::Choice { options } => word(value).is_some_and(|word| options.contains(&word)),
            Self::Integers { range, most } => {
                let each = Self::Integer { range: *range, nullable: false };
                let list = value.as_array().filter(|list| (1..=*most).contains(&list.len()));
                list.is_some_and(|list| list.iter().all(|value| each.admits(value)))
            }
            Self::ChoiceOrByClass { options, range } => match value {
                Value::Null => true,
                Value::Object(by_class) => by_class.values().all(|x| x.as_f64().is_some_and(|x| range.contains(x))),
                word => Self::Choice { options }.admits(word),
            },
        }
    }
}

/// A word, as a choice reads it; yes and no are words too, where they are among them.
pub fn word(value: &Value) -> Option<&str> {
    match value.as_bool() {
        Some(true) => Some("true"),
        Some(false) => Some("false"),
        None => value.as_str(),
    }
}

fn quoted(options: &[&str]) -> String {
    let quoted: Vec<String> = options.iter().map(|option| format!("{option:?}")).collect();
    quoted.join(" or ")
}

crate::trouble! {
    /// What can be wrong with a hyper-parameter.
    pub enum ParamError in "train" {
        /// A hyper-parameter's name is not one of the model's.
        Unknown { name: String, known: String } => "unknown_parameter",
            "there is no parameter {name:?}; the model has {known}",
            hint "Check the spelling of {name:?}, or leave it out",
            place Place::field(format!("model.{name}"));
        /// A hyper-parameter is outside what it may be.
        OutOfRange { name: String, given: String, expected: String } => "parameter_out_of_range",
            "parameter {name:?} is {given}, but must be {expected}",
            hint "Set {name:?} to {expected}",
            place Place::field(format!("model.{name}"));
    }
}

/// A model's hyper-parameters before they are checked: plain public data.
pub trait Spec: Default + Clone {
    /// The declarations, in the order forms show them.
    fn docs() -> Vec<ParamDoc>;

    /// The values by name, all of them.
    fn to_params(&self) -> ParamMap;

    /// Takes values that were checked against [`Spec::docs`].
    fn from_checked(params: &ParamMap) -> Self;

    /// Checks every value against its declared range.
    ///
    /// **Errors** `train.parameter_out_of_range` for the first value outside its range.
    fn check(self) -> Result<Checked<Self>, Error> {
        check_values(&Self::docs(), &self.to_params())?;
        Ok(Checked(self))
    }

    /// Reads and checks values by name; what is not given takes its default.
    ///
    /// **Errors** `train.unknown_parameter`, `train.parameter_out_of_range`.
    fn from_params(params: &ParamMap) -> Result<Checked<Self>, Error> {
        let docs = Self::docs();
        if let Some(name) = params.keys().find(|name| docs.iter().all(|doc| doc.name != name.as_str())) {
            let known: Vec<&str> = docs.iter().map(|doc| doc.name).collect();
            return Err(ParamError::Unknown { name: name.clone(), known: known.join(", ") }.into());
        }
        check_values(&docs, params)?;
        let mut all: ParamMap = docs.into_iter().map(|doc| (doc.name.to_owned(), doc.default)).collect();
        all.extend(params.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok(Checked(Self::from_checked(&all)))
    }
}

fn check_values(docs: &[ParamDoc], params: &ParamMap) -> Result<(), Error> {
    for doc in docs {
        if let Some(value) = params.get(doc.name).filter(|value| !doc.kind.admits(value)) {
            return Err(ParamError::OutOfRange {
                name: doc.name.to_owned(),
                given: value.to_string(),
                expected: doc.kind.expected(),
            }
            .into());
        }
    }
    Ok(())
}

/// A spec whose every value is in range.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<S>(S);

impl<S> std::ops::Deref for Checked<S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.0
    }
}

/// Joins the lines of a doc comment after the first.
pub fn long_text(lines: &[&str]) -> String {
    lines.iter().skip(1).map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Declares a model's hyper-parameters: `name: Type = default, range, unit "…", zh "…";`, the doc comment being the
/// English help (its first line the short one). `field as "Name": …` gives the parameter a name that is no good one in
/// Rust.
///
/// ```
/// use vitrine::param::{Spec, between};
/// vitrine::spec! {
///     /// A made-up model.
///     pub struct MadeSpec {
///         /// How deep.
///         depth: Option<usize> = None, between(1.0, 9.0), unit "levels", zh "多深";
///     }
/// }
/// assert_eq!(MadeSpec::default().depth, None);
/// let bad = MadeSpec { depth: Some(10) }.check().unwrap_err();
/// assert_eq!(bad.to_string(), "parameter \"depth\" is 10, but must be a whole number at least 1 and at most 9, or null");
/// ```
#[macro_export]
macro_rules! spec {
    (
        $(#[doc = $struct_doc:literal])+
        pub struct $Name:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident $(as $given:literal)? : $ty:ty = $default:expr, $range:expr, unit $unit:literal, zh $zh:literal;
            )*
        }
    ) => {
        $(#[doc = $struct_doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Name { $( $(#[doc = $doc])+ pub $field: $ty ),* }

        impl Default for $Name {
            fn default() -> Self {
                Self { $( $field: $default ),* }
            }
        }

        impl $crate::param::Spec for $Name {
            fn docs() -> Vec<$crate::param::ParamDoc> {
                vec![ $( {
                    let lines: &[&'static str] = &[$($doc),+];
                    $crate::param::ParamDoc {
                        name: $crate::spec!(@name $field $($given)?),
                        default: <$ty as $crate::param::ParamValue>::write(&$default),
                        kind: <$ty as $crate::param::ParamValue>::kind($range),
                        unit: $unit,
                        short: lines[0].trim(),
                        short_zh: $zh,
                        long: $crate::param::long_text(lines),
                    }
                } ),* ]
            }

            fn to_params(&self) -> $crate::param::ParamMap {
                $crate::param::ParamMap::from([
                    $( (
                        $crate::spec!(@name $field $($given)?).to_owned(),
                        $crate::param::ParamValue::write(&self.$field),
                    ) ),*
                ])
            }

            fn from_checked(params: &$crate::param::ParamMap) -> Self {
                let default = Self::default();
                Self { $(
                    $field: params
                        .get($crate::spec!(@name $field $($given)?))
                        .and_then(<$ty as $crate::param::ParamValue>::read)
                        .unwrap_or(default.$field)
                ),* }
            }
        }
    };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $given:literal) => { $given };
}

/// Declares a parameter that is one of several words.
///
/// ```
/// use vitrine::param::ParamValue;
/// vitrine::choice! {
///     /// Which way.
///     pub enum Way {
///         /// Up.
///         Up = "up",
///         /// Down.
///         Down = "down",
///     }
/// }
/// assert_eq!(Way::read(&"down".into()), Some(Way::Down));
/// ```
#[macro_export]
macro_rules! choice {
    (
        $(#[doc = $enum_doc:literal])+
        pub enum $Name:ident { $( $(#[doc = $doc:literal])+ $Variant:ident = $word:literal ),+ $(,)? }
    ) => {
        $(#[doc = $enum_doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Name { $( $(#[doc = $doc])+ $Variant ),+ }

        impl $Name {
            /// The word for it in requests.
            pub fn word(self) -> &'static str {
                match self { $( Self::$Variant => $word ),+ }
            }
        }

        impl $crate::param::ParamValue for $Name {
            fn kind(_: $crate::param::Range) -> $crate::param::ParamKind {
                $crate::param::ParamKind::Choice { options: &[$($word),+] }
            }
            fn read(value: &serde_json::Value) -> Option<Self> {
                match $crate::param::word(value)? { $( $word => Some(Self::$Variant), )+ _ => None }
            }
            fn write(&self) -> serde_json::Value {
                self.word().into()
            }
        }
    };
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "what the macros declare is public")]
mod tests {
    use super::*;

    crate::choice! {
        /// Which criterion.
        pub enum Criterion {
            /// Gini.
            Gini = "gini",
            /// Entropy.
            Entropy = "entropy",
        }
    }

    crate::spec! {
        /// A spec made up for these tests.
        pub struct MadeSpec {
            /// How deep the tree may grow.
            /// Deeper trees fit more, and remember more noise.
            max_depth: Option<usize> = None, between(1.0, 100.0), unit "levels", zh "最大深度";
            /// How impurity is measured.
            criterion: Criterion = Criterion::Gini, any(), unit "", zh "不纯度";
            /// Step size.
            rate: f64 = 0.1, above(0.0, 10.0), unit "", zh "学习率";
        }
    }

    #[track_caller]
    fn check_error(params: &[(&str, Value)], expected: &str) {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        assert_eq!(MadeSpec::from_params(&params).unwrap_err().to_string(), expected);
    }

    #[test]
    fn bad_values_are_named_with_what_is_allowed() {
        check_error(
            &[("max_dept", 3.into())],
            "there is no parameter \"max_dept\"; the model has max_depth, criterion, rate",
        );
        check_error(
            &[("max_depth", 2.5.into())],
            "parameter \"max_depth\" is 2.5, but must be a whole number at least 1 and at most 100, or null",
        );
        check_error(
            &[("criterion", "x".into())],
            "parameter \"criterion\" is \"x\", but must be \"gini\" or \"entropy\"",
        );
        check_error(&[("rate", 0.into())], "parameter \"rate\" is 0, but must be a number above 0 and at most 10");
    }

    #[test]
    fn given_values_replace_defaults_and_all_are_listed() {
        let params = ParamMap::from([("max_depth".to_owned(), Value::from(3))]);
        let spec = MadeSpec::from_params(&params).unwrap();
        assert_eq!((spec.max_depth, spec.criterion), (Some(3), Criterion::Gini));
        assert_eq!(spec.to_params().len(), 3);
        assert_eq!(MadeSpec::docs()[0].long, "Deeper trees fit more, and remember more noise.");
    }
}
