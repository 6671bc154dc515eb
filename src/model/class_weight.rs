//! Weights of classes, as scikit-learn's `class_weight` gives them.

use crate::preprocess::Target;

crate::choice! {
    /// How much the rows of each class count.
    pub enum ClassWeight {
        /// As much as their own weights say.
        None = "none",
        /// Each class as much as any other: a row counts `n_rows / (n_classes · n_rows of its class)` times.
        Balanced = "balanced",
    }
}

impl ClassWeight {
    /// The weights of the rows, their classes' included; numbers have no classes.
    ///
    /// **Reference** scikit-learn's [`compute_class_weight`](https://scikit-learn.org/stable/modules/generated/sklearn.utils.class_weight.compute_class_weight.html).
    ///
    /// ```
    /// use vitrine::model::ClassWeight;
    /// use vitrine::preprocess::Target;
    /// let y = Target::Classes { codes: vec![0, 0, 0, 1], n_classes: 2 };
    /// assert_eq!(ClassWeight::Balanced.weigh(&y, None).unwrap()[2..], [4.0 / 6.0, 2.0]);
    /// assert_eq!(ClassWeight::None.weigh(&y, None), None);
    /// ```
    pub fn weigh(self, y: &Target, sample_weight: Option<Vec<f64>>) -> Option<Vec<f64>> {
        let (Self::Balanced, Target::Classes { codes, .. }) = (self, y) else { return sample_weight };
        let n_classes = codes.iter().max().map_or(0, |&code| code as usize + 1);
        let mut counts = vec![0.0; n_classes];
        codes.iter().for_each(|&code| counts[code as usize] += 1.0);
        let n_present = counts.iter().filter(|&&count| count > 0.0).count() as f64;
        let weight = |code: u32| codes.len() as f64 / (n_present * counts[code as usize]);
        let own = sample_weight.unwrap_or_else(|| vec![1.0; codes.len()]);
        Some(own.iter().zip(codes).map(|(own, &code)| own * weight(code)).collect())
    }
}
