//! Rows that a net learns from or is measured on.

use burn::tensor::Tensor;

use super::layers::{Part, column, row_weights};
use crate::preprocess::{Matrix, Target};
use crate::train::gradient_descent::{Rows, TargetScale};

/// Rows on the device, and how much each counts.
pub(super) struct Weighed {
    pub(super) rows: Rows,
    weights: Option<(Vec<f32>, Tensor<2>)>,
    /// What they count together.
    pub(super) weight: f64,
    /// As how many rows each counts, whatever its class.
    counts: Option<Vec<f64>>,
}

impl Weighed {
    pub(super) fn new(
        (x, y): (&Matrix, &Target),
        n_outputs: usize,
        (class_weights, sample_weight): (&[f64], Option<&[f64]>),
        on: &burn::tensor::Device,
    ) -> Self {
        // Numbers to be learned come standardised.
        let as_is = TargetScale { mean: 0.0, deviation: 1.0 };
        let rows = Rows::new(x, y, as_is, n_outputs, on);
        let weights = row_weights(y, class_weights, sample_weight);
        let weight = match &weights {
            Some(weights) => weights.iter().map(|x| f64::from(*x)).sum(),
            None => rows.n_rows as f64,
        };
        let weights = weights.map(|weights| {
            let tensor = column(&weights, on);
            (weights, tensor)
        });
        Self { rows, weights, weight, counts: sample_weight.map(<[f64]>::to_vec) }
    }

    /// Numbers on the device.
    pub(super) fn n_numbers(&self) -> usize {
        let n_features = self.rows.x.dims()[1];
        self.rows.n_rows * (n_features + 1 + usize::from(self.weights.is_some()))
    }

    /// All of them.
    pub(super) fn all(&self) -> Part {
        let weights = self.weights.as_ref().map(|(_, tensor)| tensor.clone());
        let count = self.counts.as_ref().map_or(self.rows.n_rows as f64, |counts| counts.iter().sum());
        Part { x: self.rows.x.clone(), y: self.rows.y.clone(), weights, weight: self.weight, count }
    }

    /// Some of them.
    pub(super) fn part(&self, rows: &[i32]) -> Part {
        if rows.len() == self.rows.n_rows && rows.iter().zip(0..).all(|(row, at)| *row == at) {
            return self.all();
        }
        let (x, y) = self.rows.select(rows);
        let on = self.rows.x.device();
        let count = match &self.counts {
            Some(counts) => rows.iter().map(|&row| counts[row as usize]).sum(),
            None => rows.len() as f64,
        };
        match &self.weights {
            None => Part { x, y, weights: None, weight: rows.len() as f64, count },
            Some((all, _)) => {
                let some: Vec<f32> = rows.iter().map(|&row| all[row as usize]).collect();
                let weight = some.iter().map(|x| f64::from(*x)).sum();
                Part { x, y, weights: Some(column(&some, &on)), weight, count }
            }
        }
    }
}
