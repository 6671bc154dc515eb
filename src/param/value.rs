//! What a hyper-parameter can be: each type says how it is declared, read and written.

use serde_json::Value;

use super::{ParamKind, Range};

/// A value that can be a hyper-parameter.
pub trait ParamValue: Sized {
    /// What it may be, for a range.
    fn kind(range: Range) -> ParamKind;
    /// Reads a value that [`ParamKind`] admits.
    fn read(value: &Value) -> Option<Self>;
    /// The value as JSON.
    fn write(&self) -> Value;
}

impl ParamValue for bool {
    fn kind(_: Range) -> ParamKind {
        ParamKind::Boolean
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl ParamValue for usize {
    fn kind(range: Range) -> ParamKind {
        ParamKind::Integer { range, nullable: false }
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_f64().map(|x| x as usize)
    }
    fn write(&self) -> Value {
        Value::from(*self as u64)
    }
}

impl ParamValue for f64 {
    fn kind(range: Range) -> ParamKind {
        ParamKind::Number { range, nullable: false }
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_f64()
    }
    fn write(&self) -> Value {
        Value::from(*self)
    }
}

/// Whole numbers in their order, at most eight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integers(pub Vec<usize>);

impl ParamValue for Integers {
    fn kind(range: Range) -> ParamKind {
        ParamKind::Integers { range, most: 8 }
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(usize::read).collect::<Option<Vec<usize>>>().map(Self)
    }
    fn write(&self) -> Value {
        self.0.iter().map(usize::write).collect::<Vec<Value>>().into()
    }
}

/// A count of things, or below 1 a share of all of them.
///
/// ```
/// use vitrine::param::CountOrShare;
/// assert_eq!(CountOrShare(20.0).of_rounded_up(342), 20);
/// assert_eq!(CountOrShare(0.1).of_rounded_up(342), 35);
/// assert_eq!(CountOrShare(0.1).of_rounded_down(342), 34);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountOrShare(pub f64);

impl CountOrShare {
    /// How many of `n`, parts counting as whole.
    pub fn of_rounded_up(self, n: usize) -> usize {
        if self.0 < 1.0 { (self.0 * n as f64).ceil() as usize } else { self.0.ceil() as usize }
    }

    /// How many of `n`, parts left out.
    pub fn of_rounded_down(self, n: usize) -> usize {
        if self.0 < 1.0 { (self.0 * n as f64) as usize } else { self.0 as usize }
    }
}

impl ParamValue for CountOrShare {
    fn kind(range: Range) -> ParamKind {
        ParamKind::Number { range, nullable: false }
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_f64().map(Self)
    }
    fn write(&self) -> Value {
        if self.0 >= 1.0 && self.0.fract() == 0.0 { Value::from(self.0 as u64) } else { Value::from(self.0) }
    }
}

impl<T: ParamValue> ParamValue for Option<T> {
    fn kind(range: Range) -> ParamKind {
        match T::kind(range) {
            ParamKind::Integer { range, .. } => ParamKind::Integer { range, nullable: true },
            ParamKind::Number { range, .. } => ParamKind::Number { range, nullable: true },
            ParamKind::NumberOrWord { range, options, .. } => {
                ParamKind::NumberOrWord { range, options, nullable: true }
            }
            other => other,
        }
    }
    fn read(value: &Value) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::read(value).map(Some) }
    }
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::write)
    }
}

/// A value, or `"auto"` for one that depends on the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AutoOr<T> {
    /// What suits the data.
    Auto,
    /// What is given.
    Given(T),
}

impl<T: ParamValue> ParamValue for AutoOr<T> {
    fn kind(range: Range) -> ParamKind {
        match T::kind(range) {
            ParamKind::Integer { range, nullable } | ParamKind::Number { range, nullable } => {
                ParamKind::NumberOrWord { range, options: &["auto"], nullable }
            }
            other => other,
        }
    }
    fn read(value: &Value) -> Option<Self> {
        if value == "auto" { Some(Self::Auto) } else { T::read(value).map(Self::Given) }
    }
    fn write(&self) -> Value {
        match self {
            Self::Auto => "auto".into(),
            Self::Given(value) => value.write(),
        }
    }
}
