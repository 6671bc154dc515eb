//! How well rows are answered by the trees that did not draw them: an honest measure without held-back rows.

use super::packed::{PackedTree, add_leaf};
use crate::preprocess::{Matrix, Target};

/// The answers of the trees that did not draw a row, added up.
#[derive(Clone, Debug)]
pub(super) struct OutOfBag {
    n_classes: usize,
    sums: Vec<f64>,
    n_trees: Vec<u32>,
}

impl OutOfBag {
    pub(super) fn new(n_rows: usize, n_classes: usize) -> Self {
        Self { n_classes, sums: vec![0.0; n_rows * n_classes.max(1)], n_trees: vec![0; n_rows] }
    }

    /// Asks a tree about a row that it has not drawn.
    pub(super) fn ask(&mut self, tree: &PackedTree, shares: &[f64], x: &Matrix, row: usize) {
        let width = self.n_classes.max(1);
        let leaf = tree.leaf(|feature| x.get(row, feature));
        add_leaf(&mut self.sums[row * width..][..width], leaf, self.n_classes, shares);
        self.n_trees[row] += 1;
    }

    /// How many rows no tree was asked about.
    pub(super) fn n_unasked(&self) -> usize {
        self.n_trees.iter().filter(|&&n| n == 0).count()
    }

    fn asked(&self) -> impl Iterator<Item = usize> {
        (0..self.n_trees.len()).filter(|&row| self.n_trees[row] > 0)
    }

    /// Accuracy, or R², over the rows that were asked about; none when there are too few.
    pub(super) fn score(&self, y: &Target) -> Option<f64> {
        let n_asked = self.asked().count();
        match y {
            Target::Classes { codes, n_classes } => {
                let n_right = n_asked - self.n_wrong(codes, *n_classes);
                (n_asked > 0).then(|| n_right as f64 / n_asked as f64)
            }
            Target::Values(values) => {
                let mean = self.asked().map(|row| values[row]).sum::<f64>() / n_asked as f64;
                let spread: f64 = self.asked().map(|row| (values[row] - mean) * (values[row] - mean)).sum();
                let missed = self.missed(values);
                let constant = if missed == 0.0 { 1.0 } else { 0.0 };
                (n_asked > 1).then(|| if spread == 0.0 { constant } else { 1.0 - missed / spread })
            }
        }
    }

    /// The share answered wrong, or the mean square of what is missed by, over the rows that were asked about.
    pub(super) fn loss(&self, y: &Target) -> Option<f64> {
        let missed = match y {
            Target::Classes { codes, n_classes } => self.n_wrong(codes, *n_classes) as f64,
            Target::Values(values) => self.missed(values),
        };
        let n_asked = self.asked().count();
        (n_asked > 0).then(|| missed / n_asked as f64)
    }

    fn n_wrong(&self, codes: &[u32], n_classes: usize) -> usize {
        let is_wrong = |row: &usize| {
            let sums = &self.sums[row * n_classes..][..n_classes];
            let own = codes[*row] as usize;
            // The first of equally probable classes is the answer.
            sums.iter().enumerate().any(|(class, sum)| *sum > sums[own] || (*sum == sums[own] && class < own))
        };
        self.asked().filter(is_wrong).count()
    }

    /// The sum of the squares of what numbers are missed by.
    fn missed(&self, values: &[f64]) -> f64 {
        let off = |row: usize| values[row] - self.sums[row] / f64::from(self.n_trees[row]);
        self.asked().map(|row| off(row) * off(row)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_that_were_asked_about_count() {
        let bag = OutOfBag { n_classes: 0, sums: vec![2.0, 6.0, 0.0], n_trees: vec![2, 2, 0] };
        // Answers 1 and 3, truth 1 and 5: missed 4, spread 8.
        assert_eq!(bag.score(&Target::Values(vec![1.0, 5.0, 100.0])), Some(0.5));
        assert_eq!(bag.loss(&Target::Values(vec![1.0, 5.0, 100.0])), Some(2.0));
        assert_eq!(bag.n_unasked(), 1);
    }

    #[test]
    fn the_first_of_equal_classes_is_the_answer() {
        let bag = OutOfBag { n_classes: 2, sums: vec![1.0, 1.0, 1.0, 1.0], n_trees: vec![2, 2] };
        assert_eq!(bag.score(&Target::Classes { codes: vec![0, 1], n_classes: 2 }), Some(0.5));
        let empty = OutOfBag::new(1, 2);
        assert_eq!(empty.score(&Target::Classes { codes: vec![0], n_classes: 2 }), None);
    }
}
