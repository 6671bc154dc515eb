//! How much the rows of each class count: what models that weigh their rows have in common.

use crate::Error;
use crate::error::Place;
use crate::preprocess::Target;

crate::choice! {
    /// How much the rows of each class count.
    pub enum ClassWeight {
        /// Every row counts once.
        None = "none",
        /// Every class counts the same, however many rows it has: `n_rows / (n_classes · rows of the class)` per row.
        Balanced = "balanced",
    }
}

crate::trouble! {
    /// What can be wrong with the weights of classes.
    pub enum ClassWeightError in "train" {
        /// There are no classes to balance.
        OfNumbers {} => "class_weight_of_numbers",
            "class_weight is \"balanced\", but the target is made of numbers",
            hint "Set class_weight to \"none\", or learn classes",
            place Place::field("model.class_weight");
    }
}

impl ClassWeight {
    /// The weight of each class. Together the rows weigh as much as there are rows.
    pub(super) fn of_classes(self, codes: &[u32], n_classes: usize) -> Vec<f64> {
        let mut counts = vec![0.0; n_classes];
        codes.iter().for_each(|&code| counts[code as usize] += 1.0);
        let weight = |count: &f64| match self {
            Self::Balanced if *count > 0.0 => codes.len() as f64 / (n_classes as f64 * count),
            _ => 1.0,
        };
        counts.iter().map(weight).collect()
    }

    /// The weight of each row.
    pub(super) fn of_rows(self, codes: &[u32], n_classes: usize) -> Vec<f64> {
        let of_classes = self.of_classes(codes, n_classes);
        codes.iter().map(|&code| of_classes[code as usize]).collect()
    }

    /// The rows' weights, each multiplied with its class's.
    ///
    /// **Errors** `train.class_weight_of_numbers`.
    pub(super) fn apply(self, y: &Target, sample_weight: Option<Vec<f64>>) -> Result<Option<Vec<f64>>, Error> {
        if self == Self::None {
            return Ok(sample_weight);
        }
        let Target::Classes { codes, n_classes } = y else {
            return Err(ClassWeightError::OfNumbers {}.into());
        };
        let mut weights = self.of_rows(codes, *n_classes);
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
        assert_eq!(ClassWeight::Balanced.of_rows(&[0, 1, 1, 1], 2), [2.0, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(ClassWeight::None.of_rows(&[0, 1], 2), [1.0, 1.0]);
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
