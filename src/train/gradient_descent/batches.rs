//! Rows and labels as tensors: all of them once on the device, batches picked there.

use burn::tensor::{Int, Tensor, TensorData, activation};

use crate::preprocess::{Matrix, Target};

/// Rows on the device.
pub(in crate::train) struct Rows {
    pub(in crate::train) x: Tensor<2>,
    pub(in crate::train) y: Labels,
    pub(in crate::train) n_rows: usize,
}

impl Rows {
    pub(in crate::train) fn new(
        x: &Matrix,
        y: &Target,
        scale: TargetScale,
        n_outputs: usize,
        on: &burn::tensor::Device,
    ) -> Self {
        let (n_rows, n_features) = (x.n_rows(), x.n_features());
        let mut values = vec![0.0f32; n_rows * n_features];
        for (idx, feature) in x.features().iter().enumerate() {
            for (value, &x) in values.iter_mut().skip(idx).step_by(n_features).zip(feature) {
                *value = x as f32;
            }
        }
        let column = |values: Vec<f32>| Tensor::from_data(TensorData::new(values, [n_rows, 1]), on);
        let y = match y {
            Target::Values(values) => {
                let scaled = values.iter().map(|y| ((y - scale.mean) / scale.deviation) as f32);
                Labels::Values(column(scaled.collect()))
            }
            Target::Classes { codes, .. } if n_outputs == 1 => {
                Labels::TwoClasses(column(codes.iter().map(|&code| code as f32).collect()))
            }
            Target::Classes { codes, .. } => {
                let codes: Vec<i32> = codes.iter().map(|&code| code as i32).collect();
                Labels::Classes(Tensor::from_data(TensorData::new(codes, [n_rows, 1]), on))
            }
        };
        Self { x: Tensor::from_data(TensorData::new(values, [n_rows, n_features]), on), y, n_rows }
    }

    pub(in crate::train) fn select(&self, rows: &[i32]) -> (Tensor<2>, Labels) {
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows.to_vec(), [rows.len()]), &self.x.device());
        let y = match &self.y {
            Labels::Values(y) => Labels::Values(y.clone().select(0, rows.clone())),
            Labels::TwoClasses(y) => Labels::TwoClasses(y.clone().select(0, rows.clone())),
            Labels::Classes(y) => Labels::Classes(y.clone().select(0, rows.clone())),
        };
        (self.x.clone().select(0, rows), y)
    }
}

/// Labels on the device, one row each.
#[derive(Clone)]
pub(in crate::train) enum Labels {
    Values(Tensor<2>),
    /// 0 or 1.
    TwoClasses(Tensor<2>),
    Classes(Tensor<2, Int>),
}

impl Labels {
    /// The losses of the rows, added up.
    pub(in crate::train) fn loss_sum(self, scores: Tensor<2>) -> Tensor<1> {
        self.losses(scores).sum()
    }

    /// The loss of each row.
    pub(in crate::train) fn losses(self, scores: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Values(y) => {
                let error = scores - y;
                error.clone() * error
            }
            // −ln σ(±score), the sign being that of the class.
            Self::TwoClasses(y) => -activation::log_sigmoid(scores * (y * 2.0 - 1.0)),
            Self::Classes(y) => -activation::log_softmax(scores, 1).gather(1, y),
        }
    }
}

/// What numbers to be learned are shifted and divided by; nothing for classes.
#[derive(Clone, Copy, Debug)]
pub(in crate::train) struct TargetScale {
    pub(in crate::train) mean: f64,
    pub(in crate::train) deviation: f64,
}

impl TargetScale {
    pub(in crate::train) fn of(y: &Target, fit_intercept: bool) -> Self {
        let Target::Values(values) = y else { return Self { mean: 0.0, deviation: 1.0 } };
        let n = values.len() as f64;
        let mean = if fit_intercept { values.iter().map(|y| y / n).sum() } else { 0.0 };
        let deviation = libm::sqrt(values.iter().map(|y| (y - mean) * (y - mean) / n).sum());
        Self { mean, deviation: if deviation > 0.0 && deviation.is_finite() { deviation } else { 1.0 } }
    }

    pub(in crate::train) fn loss_factor(self) -> f64 {
        self.deviation * self.deviation
    }
}
