//! How much the rows of each class count: what models that weigh their rows have in common.

use serde_json::Value;

use super::by_class::{ByClass, numbers, read};
use crate::Error;
use crate::error::Place;
use crate::param::{ParamKind, ParamValue, Range, between};
use crate::preprocess::Target;

/// What a class may count: row weights times these, and ratios between them, are far from what a number cannot hold.
pub(super) const CLASS_WEIGHTS: Range = between(1e-9, 1e9);

/// How much the rows of each class count.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeight {
    /// Every row counts once.
    None,
    /// Every class counts the same, however many rows it has: `n_rows / (n_classes · rows of the class)` per row.
    Balanced,
    /// So much, by class; a class that is left out counts once. scikit-learn's `dict`.
    Given(ByClass),
}

impl ParamValue for ClassWeight {
    fn kind(range: Range) -> ParamKind {
        ParamKind::ChoiceOrByClass { options: &["none", "balanced"], range }
    }

    fn read(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("balanced") => Some(Self::Balanced),
            Some("none") => Some(Self::None),
            _ if value.is_null() => Some(Self::None),
            _ => read(value).map(Self::Given),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::None => "none".into(),
            Self::Balanced => "balanced".into(),
            Self::Given(by_class) => {
                by_class.iter().map(|(class, weight)| (class.clone(), Value::from(*weight))).collect()
            }
        }
    }
}

crate::trouble! {
    /// What can be wrong with the weights of classes.
    pub enum ClassWeightError in "train" {
        /// There are no classes to weigh.
        OfNumbers {} => "class_weight_of_numbers",
            "class_weight is given, but the target is made of numbers",
            hint "Set class_weight to \"none\", or learn classes",
            place Place::field("model.class_weight");
    }
}

impl ClassWeight {
    /// The weight of each class. Balanced, the rows together weigh as much as there are rows.
    ///
    /// **Errors** `train.unknown_class`.
    pub(super) fn of_classes(&self, codes: &[u32], n_classes: usize) -> Result<Vec<f64>, Error> {
        if let Self::Given(by_class) = self {
            let given = numbers("class_weight", by_class, n_classes)?;
            return Ok(given.into_iter().map(|weight| weight.unwrap_or(1.0)).collect());
        }
        let mut counts = vec![0.0; n_classes];
        codes.iter().for_each(|&code| counts[code as usize] += 1.0);
        let weight = |count: &f64| match self {
            Self::Balanced if *count > 0.0 => codes.len() as f64 / (n_classes as f64 * count),
            _ => 1.0,
        };
        Ok(counts.iter().map(weight).collect())
    }

    /// The rows' weights, each multiplied with its class's.
    ///
    /// **Errors** `train.class_weight_of_numbers`, `train.unknown_class`.
    pub(super) fn apply(&self, y: &Target, sample_weight: Option<Vec<f64>>) -> Result<Option<Vec<f64>>, Error> {
        if *self == Self::None {
            return Ok(sample_weight);
        }
        let Target::Classes { codes, n_classes } = y else {
            return Err(ClassWeightError::OfNumbers {}.into());
        };
        let of_classes = self.of_classes(codes, *n_classes)?;
        let mut weights: Vec<f64> = codes.iter().map(|&code| of_classes[code as usize]).collect();
        if let Some(own) = sample_weight {
            weights.iter_mut().zip(own).for_each(|(weight, own)| *weight *= own);
        }
        Ok(Some(weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_weigh_the_same() {
        let weights = |weight: ClassWeight| weight.of_classes(&[0, 1, 1, 1], 2).unwrap();
        assert_eq!(weights(ClassWeight::Balanced), [2.0, 2.0 / 3.0]);
        assert_eq!(weights(ClassWeight::None), [1.0, 1.0]);
        assert_eq!(weights(ClassWeight::Given(ByClass::from([("1".to_owned(), 0.25)]))), [1.0, 0.25]);
    }

    #[test]
    fn words_null_and_objects_are_read() {
        for (value, expected) in [("none".into(), ClassWeight::None), (Value::Null, ClassWeight::None)] {
            assert_eq!(ClassWeight::read(&value), Some(expected));
        }
        let given = serde_json::json!({ "setosa": 2.0 });
        assert_eq!(ClassWeight::read(&given).unwrap().write(), given);
    }

    #[test]
    fn a_class_s_weight_multiplies_the_rows_own() {
        let y = Target::Classes { codes: vec![0, 0, 0, 1], n_classes: 2 };
        let weights = ClassWeight::Balanced.apply(&y, Some(vec![1.0, 1.0, 1.0, 0.5])).unwrap().unwrap();
        assert_eq!(weights, [4.0 / 6.0, 4.0 / 6.0, 4.0 / 6.0, 1.0]);
        assert_eq!(ClassWeight::None.apply(&y, None).unwrap(), None);
        let error = ClassWeight::Balanced.apply(&Target::Values(vec![1.0]), None).unwrap_err();
        assert_eq!(error.code(), "train.class_weight_of_numbers");
    }
}
