//! How alike rows are: kernels, and a memory of what they gave.

use std::rc::Rc;

use crate::model::linear_map::add_scaled;
use crate::preprocess::Matrix;

/// How alike two rows are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// `Σ a · b`
    Linear,
    /// `e^(−gamma · Σ (a − b)²)`
    Rbf { gamma: f64 },
}

impl Shape {
    /// How alike a point is to every row. The numbers do not depend on what other rows there are.
    ///
    /// **Shapes** `point`: `n_features`; the answer: `n_rows`.
    pub(super) fn alike(self, x: &Matrix, point: &[f64]) -> Vec<f64> {
        let mut alike = vec![0.0; x.n_rows()];
        for (feature, &own) in x.features().iter().zip(point) {
            match self {
                Self::Linear => add_scaled(&mut alike, own, feature),
                Self::Rbf { .. } => {
                    for (sum, other) in alike.iter_mut().zip(feature) {
                        let apart = other - own;
                        *sum += apart * apart;
                    }
                }
            }
        }
        if let Self::Rbf { gamma } = self {
            alike.iter_mut().for_each(|squares| *squares = libm::exp(-gamma * *squares));
        }
        alike
    }

    /// What comparing a point with one row costs, in multiply-adds.
    pub(super) fn cost(self, n_features: usize) -> usize {
        match self {
            Self::Linear => n_features,
            // An exponential is some thirty of them.
            Self::Rbf { .. } => 2 * n_features + 30,
        }
    }
}

/// Rows compared with each other, those asked for last being remembered.
#[derive(Debug)]
pub(super) struct Rows {
    x: Matrix,
    shape: Shape,
    /// Each row with itself.
    pub(super) own: Vec<f64>,
    remembered: Vec<Option<Rc<[f64]>>>,
    /// When each was asked for last.
    asked: Vec<u64>,
    clock: u64,
    n_remembered: usize,
    /// How many may be remembered.
    most: usize,
    /// Multiply-adds spent so far.
    pub(super) spent: usize,
}

impl Rows {
    /// Remembers at most `size_bytes`, but two rows at least.
    pub(super) fn new(x: Matrix, shape: Shape, size_bytes: f64) -> Self {
        let n = x.n_rows();
        let squares = |row: usize| x.features().iter().map(|feature| feature[row] * feature[row]).sum();
        let own = match shape {
            Shape::Linear => (0..n).map(squares).collect(),
            Shape::Rbf { .. } => vec![1.0; n],
        };
        let most = (size_bytes / (8 * n) as f64).max(2.0) as usize;
        let (remembered, asked) = (vec![None; n], vec![0; n]);
        Self { x, shape, own, remembered, asked, clock: 0, n_remembered: 0, most, spent: 0 }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.own.len()
    }

    /// One row compared with all.
    pub(super) fn alike(&mut self, row: usize) -> Rc<[f64]> {
        self.clock += 1;
        self.asked[row] = self.clock;
        if let Some(alike) = &self.remembered[row] {
            return alike.clone();
        }
        if self.n_remembered == self.most {
            let oldest =
                (0..self.n_rows()).filter(|&row| self.remembered[row].is_some()).min_by_key(|&r| self.asked[r]);
            if let Some(oldest) = oldest {
                self.remembered[oldest] = None;
                self.n_remembered -= 1;
            }
        }
        let point: Vec<f64> = self.x.features().iter().map(|feature| feature[row]).collect();
        let alike: Rc<[f64]> = self.shape.alike(&self.x, &point).into();
        self.remembered[row] = Some(alike.clone());
        self.n_remembered += 1;
        self.spent += self.n_rows() * self.shape.cost(self.x.n_features());
        alike
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_products_or_bells() {
        let x = Matrix::from_columns(vec![vec![1.0, 2.0], vec![3.0, -1.0]]);
        assert_eq!(Shape::Linear.alike(&x, &[2.0, 1.0]), [5.0, 3.0]);
        // Squared distances of 5 and 4.
        let alike = Shape::Rbf { gamma: 0.5 }.alike(&x, &[2.0, 1.0]);
        assert!((alike[0] - (-2.5f64).exp()).abs() < 1e-15 && (alike[1] - (-2.0f64).exp()).abs() < 1e-15);
    }

    #[test]
    fn no_more_is_remembered_than_allowed() {
        let x = Matrix::from_columns(vec![(0..10).map(f64::from).collect()]);
        let mut rows = Rows::new(x, Shape::Linear, 3.0 * 80.0);
        for row in [0, 1, 2, 0, 3, 0] {
            assert_eq!(rows.alike(row)[5], row as f64 * 5.0);
        }
        let kept: Vec<usize> = (0..10).filter(|&row| rows.remembered[row].is_some()).collect();
        assert_eq!(kept, [0, 2, 3]);
        assert_eq!(rows.spent, 4 * 10);
    }
}
