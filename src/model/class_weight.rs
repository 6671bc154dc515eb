//! How much the rows of each class count.

use crate::Error;
use crate::error::Place;
use crate::preprocess::Target;

crate::choice! {
    /// How much the rows of each class count.
    pub enum ClassWeight {
        /// Every row counts once.
        None = "none",
        /// The rows of each class count the same together.
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
    /// The rows' weights, each multiplied with its class's.
    ///
    /// ```text
    /// balanced: n_rows / (n_classes · n_rows of the class)
    /// ```
    ///
    /// **Errors** `train.class_weight_of_numbers`.
    pub(super) fn apply(self, y: &Target, sample_weight: Option<Vec<f64>>) -> Result<Option<Vec<f64>>, Error> {
        if self == Self::None {
            return Ok(sample_weight);
        }
        let Target::Classes { codes, n_classes } = y else {
            return Err(ClassWeightError::OfNumbers {}.into());
        };
        let mut counts = vec![0u32; *n_classes];
        codes.iter().for_each(|&code| counts[code as usize] += 1);
        let of_class = |code: u32| codes.len() as f64 / (*n_classes as f64 * f64::from(counts[code as usize]));
        let own = |row: usize| sample_weight.as_ref().map_or(1.0, |weights| weights[row]);
        Ok(Some(codes.iter().enumerate().map(|(row, &code)| own(row) * of_class(code)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_weigh_the_same() {
        let y = Target::Classes { codes: vec![0, 0, 0, 1], n_classes: 2 };
        let weights = ClassWeight::Balanced.apply(&y, None).unwrap().unwrap();
        assert_eq!(weights, [4.0 / 6.0, 4.0 / 6.0, 4.0 / 6.0, 2.0]);
        let weights = ClassWeight::Balanced.apply(&y, Some(vec![1.0, 1.0, 1.0, 0.5])).unwrap().unwrap();
        assert_eq!(weights[3], 1.0);
        assert_eq!(ClassWeight::None.apply(&y, None).unwrap(), None);
        let error = ClassWeight::Balanced.apply(&Target::Values(vec![1.0]), None).unwrap_err();
        assert_eq!(error.code(), "train.class_weight_of_numbers");
    }
}
