//! How frequent classes are taken to be before a row is looked at.

use serde_json::Value;

use super::by_class::{ByClass, numbers, read};
use crate::Error;
use crate::error::Place;
use crate::param::{ParamKind, ParamValue, Range};

/// How far from 1 the sum of all may be.
const SUM: f64 = 1e-8;

/// How frequent classes are taken to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Priors {
    /// As frequent as among the training rows.
    Learned,
    /// All as frequent as any other.
    Equal,
    /// As given, by class.
    Given(ByClass),
}

impl ParamValue for Priors {
    fn kind(range: Range) -> ParamKind {
        ParamKind::ChoiceOrByClass { options: &["learned", "equal"], range }
    }

    fn read(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("equal") => Some(Self::Equal),
            Some("learned") => Some(Self::Learned),
            _ if value.is_null() => Some(Self::Learned),
            _ => read(value).map(Self::Given),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Learned => "learned".into(),
            Self::Equal => "equal".into(),
            Self::Given(by_class) => by_class.iter().map(|(class, x)| (class.clone(), Value::from(*x))).collect(),
        }
    }
}

crate::trouble! {
    /// What can be wrong with priors.
    pub enum PriorsError in "train" {
        /// Priors are probabilities of all classes, and these are not.
        PriorsNotWhole { n_given: usize, n_classes: usize, sum: f64 } => "priors_not_whole",
            "priors are given for {n_given} of {n_classes} classes and add up to {sum}, but all of them must add up to 1",
            hint "Give each class its share of 1",
            place Place::field("model.priors");
    }
}

impl Priors {
    /// The priors of the classes, where they are not learned.
    ///
    /// **Errors** `train.unknown_class`, `train.priors_not_whole`.
    pub(super) fn given(&self, n_classes: usize) -> Result<Option<Vec<f64>>, Error> {
        let by_class = match self {
            Self::Learned => return Ok(None),
            Self::Equal => return Ok(Some(vec![1.0 / n_classes as f64; n_classes])),
            Self::Given(by_class) => by_class,
        };
        let given: Vec<f64> = numbers("priors", by_class, n_classes)?.into_iter().flatten().collect();
        let sum: f64 = given.iter().sum();
        if given.len() < n_classes || (sum - 1.0).abs() > SUM {
            return Err(PriorsError::PriorsNotWhole { n_given: given.len(), n_classes, sum }.into());
        }
        Ok(Some(given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priors_are_of_all_classes_and_whole() {
        let given = |json: Value| Priors::read(&json).unwrap().given(2);
        assert_eq!(given("equal".into()).unwrap(), Some(vec![0.5, 0.5]));
        assert_eq!(given(Value::Null).unwrap(), None);
        assert_eq!(given(serde_json::json!({ "0": 0.9, "1": 0.1 })).unwrap(), Some(vec![0.9, 0.1]));
        for bad in [serde_json::json!({ "0": 1.0 }), serde_json::json!({ "0": 0.9, "1": 0.2 })] {
            assert_eq!(given(bad).unwrap_err().code(), "train.priors_not_whole");
        }
    }
}
