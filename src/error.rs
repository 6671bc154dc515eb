//! Errors and issues: trouble in the words of the person who has it.
//!
//! Two mechanisms share one shape. An [`Error`] ends a request. An [`Issue`] is collected in [`Issues`] while work
//! goes on. Each stage declares its own with [`trouble!`](crate::trouble), once: code, message, hint and place stand
//! beside each other, and the manual's table of codes is read from the same declaration.

use std::collections::BTreeMap;
use std::fmt;

/// Where in the user's data or request something is; absent parts do not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Line of the file, from 1.
    pub line: Option<u64>,
    /// Row of the table, from 0.
    pub row: Option<u64>,
    /// Name of the column.
    pub column: Option<String>,
    /// Byte of the file, from 0.
    pub byte: Option<u64>,
    /// Position of the step in the recipe, from 0.
    pub step: Option<usize>,
    /// Field of the request.
    pub field: Option<String>,
}

impl Place {
    /// A line of the file, from 1.
    pub fn line(line: u64) -> Self {
        Self { line: Some(line), ..Self::default() }
    }

    /// A column by name.
    pub fn column(name: impl Into<String>) -> Self {
        Self { column: Some(name.into()), ..Self::default() }
    }

    /// A field of the request.
    pub fn field(name: impl Into<String>) -> Self {
        Self { field: Some(name.into()), ..Self::default() }
    }

    /// A step of the recipe, from 0.
    pub fn step(step: usize) -> Self {
        Self { step: Some(step), ..Self::default() }
    }

    /// This place, in a column.
    pub fn in_column(self, name: impl Into<String>) -> Self {
        Self { column: Some(name.into()), ..self }
    }
}

/// What every declared error and issue can say of itself; implemented by [`trouble!`](crate::trouble) only.
pub trait Trouble {
    /// The stage that declared it.
    fn stage(&self) -> &'static str;
    /// The stable code with its stage, `ingest.no_rows`.
    fn code(&self) -> &'static str;
    /// What is wrong, with both sides of the mismatch; lower case, no full stop.
    fn message(&self) -> String;
    /// What to do about it.
    fn hint(&self) -> String;
    /// Where it is.
    fn place(&self) -> Option<Place>;
    /// The values in the message, by name.
    fn args(&self) -> BTreeMap<String, String>;
}

/// A code and when it happens, for the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TroubleDoc {
    /// The stable code with its stage.
    pub code: &'static str,
    /// When it happens.
    pub meaning: &'static str,
}

/// The request cannot be carried out. One word wide.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Data>);

#[derive(Clone, Debug, PartialEq)]
struct Data {
    stage: &'static str,
    code: &'static str,
    message: String,
    hint: String,
    place: Option<Place>,
    args: BTreeMap<String, String>,
}

impl<T: Trouble> From<T> for Error {
    fn from(trouble: T) -> Self {
        Self(Box::new(Data {
            stage: trouble.stage(),
            code: trouble.code(),
            message: trouble.message(),
            hint: trouble.hint(),
            place: trouble.place(),
            args: trouble.args(),
        }))
    }
}

impl Error {
    /// The stage it happened in.
    pub fn stage(&self) -> &'static str {
        self.0.stage
    }

    /// The stable code, `ingest.no_rows`.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// Where it is.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// The values in the message, by name.
    pub fn args(&self) -> &BTreeMap<String, String> {
        &self.0.args
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.0.code, self.0.message, self.0.hint)
    }
}

impl std::error::Error for Error {}

/// Something odd in the data that did not stop the work.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// The stable code without its stage, `ragged_row`.
    pub code: &'static str,
    /// What was found first.
    pub message: String,
    /// What was done about it.
    pub hint: String,
    /// Where it was found first.
    pub place: Option<Place>,
    /// How often it was found.
    pub count: u64,
    /// The values in the message, by name.
    pub args: BTreeMap<String, String>,
}

/// The issues met so far, in the order of their first occurrence; one per code and column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Issues(Vec<Issue>);

impl Issues {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one occurrence.
    pub fn push(&mut self, trouble: impl Trouble) {
        self.push_many(trouble, 1);
    }

    /// Adds `count` occurrences, of which `trouble` describes the first; nothing when `count` is 0.
    ///
    /// ```
    /// use vitrine::error::Issues;
    /// use vitrine::ingest::IngestIssue;
    /// let mut issues = Issues::new();
    /// issues.push_many(IngestIssue::RaggedRow { line: 14, n_cells: 5, n_columns: 6 }, 3);
    /// let issue = issues.iter().next().unwrap();
    /// assert_eq!(issue.message, "line 14 has 5 cells, but the header has 6");
    /// assert_eq!(issue.count, 3);
    /// ```
    pub fn push_many(&mut self, trouble: impl Trouble, count: u64) {
        if count == 0 {
            return;
        }
        let code = trouble.code().split_once('.').map_or(trouble.code(), |(_, code)| code);
        let place = trouble.place();
        let column = place.as_ref().and_then(|place| place.column.clone());
        let known = self
            .0
            .iter_mut()
            .find(|issue| issue.code == code && issue.place.as_ref().and_then(|p| p.column.clone()) == column);
        match known {
            Some(issue) => issue.count += count,
            None => self.0.push(Issue {
                code,
                message: trouble.message(),
                hint: trouble.hint(),
                place,
                count,
                args: trouble.args(),
            }),
        }
    }

    /// Takes over the issues of another collection.
    pub fn extend(&mut self, other: Issues) {
        for issue in other.0 {
            let same = |known: &&mut Issue| {
                known.code == issue.code
                    && known.place.as_ref().and_then(|p| p.column.as_ref())
                        == issue.place.as_ref().and_then(|p| p.column.as_ref())
            };
            match self.0.iter_mut().find(same) {
                Some(known) => known.count += issue.count,
                None => self.0.push(issue),
            }
        }
    }

    /// The issues, in the order of their first occurrence.
    pub fn iter(&self) -> impl Iterator<Item = &Issue> {
        self.0.iter()
    }

    /// Whether nothing odd was met.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many different issues there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Declares a stage's errors or issues, once: from this come the enum, its messages, its codes and the manual's table.
///
/// Each variant reads `Name { field: Type, … } => "code", "message with {field}", hint "…", place expr;` with the
/// fields in scope (by reference) in message, hint and place.
#[macro_export]
macro_rules! trouble {
    (
        $(#[doc = $enum_doc:literal])+
        pub enum $Name:ident in $stage:literal {
            $(
                $(#[doc = $doc:literal])+
                $Variant:ident { $( $field:ident : $ty:ty ),* $(,)? }
                => $code:literal, $message:literal, hint $hint:literal $(, place $place:expr)? ;
            )+
        }
    ) => {
        $(#[doc = $enum_doc])+
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, clippy::allow_attributes, reason = "a field is documented by the message it stands in")]
        pub enum $Name {
            $( $(#[doc = $doc])+ $Variant { $( $field: $ty ),* } ),+
        }

        impl $Name {
            /// Every code with when it happens, in the order of declaration.
            pub const DOCS: &'static [$crate::error::TroubleDoc] = &[
                $( $crate::error::TroubleDoc { code: concat!($stage, ".", $code), meaning: concat!($($doc),+) } ),+
            ];
        }

        #[allow(unused_variables, clippy::allow_attributes, reason = "not every message uses every field")]
        impl $crate::error::Trouble for $Name {
            fn stage(&self) -> &'static str {
                $stage
            }

            fn code(&self) -> &'static str {
                match self { $( Self::$Variant { .. } => concat!($stage, ".", $code) ),+ }
            }

            fn message(&self) -> String {
                match self { $( Self::$Variant { $( $field ),* } => format!($message) ),+ }
            }

            fn hint(&self) -> String {
                match self { $( Self::$Variant { $( $field ),* } => format!($hint) ),+ }
            }

            fn place(&self) -> Option<$crate::error::Place> {
                match self {
                    $( Self::$Variant { $( $field ),* } => $crate::trouble!(@place $($place)?) ),+
                }
            }

            fn args(&self) -> std::collections::BTreeMap<String, String> {
                match self {
                    $( Self::$Variant { $( $field ),* } => std::collections::BTreeMap::from([
                        $( (stringify!($field).to_owned(), $field.to_string()) ),*
                    ]) ),+
                }
            }
        }
    };
    (@place) => { None };
    (@place $place:expr) => { Some($place) };
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "what the macros declare is public")]
mod tests {
    use super::*;

    trouble! {
        /// Trouble made up for these tests.
        pub enum Made in "made" {
            /// A side does not match.
            Mismatch { left: usize, right: String } => "mismatch", "{left} is not {right:?}", hint "Change {left}",
                place Place::column(right.clone());
            /// Nothing to say.
            Plain {} => "plain", "plain", hint "None";
        }
    }

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn a_declared_error_speaks_for_itself() {
        let error = Error::from(Made::Mismatch { left: 3, right: "b".into() });
        assert_eq!(error.code(), "made.mismatch");
        assert_eq!(error.to_string(), "3 is not \"b\"");
        assert_eq!(error.hint(), "Change 3");
        assert_eq!(error.place(), Some(&Place::column("b")));
        assert_eq!(error.args()["left"], "3");
        assert_eq!(Made::DOCS[0].meaning.trim(), "A side does not match.");
    }

    #[test]
    fn issues_are_counted_by_code_and_column() {
        let mut issues = Issues::new();
        for right in ["a", "b", "a"] {
            issues.push(Made::Mismatch { left: 1, right: right.into() });
        }
        issues.push(Made::Plain {});
        let counts: Vec<u64> = issues.iter().map(|issue| issue.count).collect();
        assert_eq!(counts, [2, 1, 1]);
    }
}
