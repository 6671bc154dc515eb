//! How much each class counts: what classifiers that weigh their rows have in common.

crate::choice! {
    /// How much the rows of each class count.
    pub enum ClassWeight {
        /// Every row counts once.
        None = "none",
        /// Every class counts the same, however many rows it has: `n_rows / (n_classes · rows of the class)` per row.
        Balanced = "balanced",
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_classes_weigh_the_same() {
        assert_eq!(ClassWeight::Balanced.of_rows(&[0, 1, 1, 1], 2), [2.0, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]);
        assert_eq!(ClassWeight::None.of_rows(&[0, 1], 2), [1.0, 1.0]);
    }
}
