//! Sums standardised over a batch (Ioffe and Szegedy 2015, <https://arxiv.org/abs/1502.03167>), there and back.

use burn::tensor::Tensor;

use super::pace::{NUMBER, Pace};
use super::plain::NORM_EPSILON;

/// How much of the running mean and variance each batch replaces: PyTorch's.
const NORM_MOMENTUM: f64 = 0.1;

/// What the way back needs of the way there.
pub(super) struct Standardised {
    /// The standardised sums.
    unit: Tensor<2>,
    /// What they were multiplied with to become that.
    factor: Tensor<2>,
}

impl Standardised {
    /// Standardises the columns of some sums: what they become, what the way back needs, and the running mean and variance
    /// after the batch. `learned` is what a layer learns: gamma and beta stand third and fourth.
    pub(super) async fn new(
        sums: Tensor<2>,
        learned: &[Tensor<2>],
        running: &[Tensor<2>],
        pace: &Pace,
    ) -> (Tensor<2>, Self, [Tensor<2>; 2]) {
        let n_sums = sums.shape().num_elements();
        let n_rows = sums.dims()[0] as f64;
        let mean = sums.clone().mean_dim(0);
        pace.did(NUMBER * n_sums).await;
        let centred = sums - mean.clone();
        pace.did(NUMBER * n_sums).await;
        let squares = centred.clone() * centred.clone();
        pace.did(NUMBER * n_sums).await;
        let variance = squares.mean_dim(0);
        pace.did(NUMBER * n_sums).await;
        let factor = (variance.clone() + NORM_EPSILON).sqrt().recip();
        let unit = centred * factor.clone();
        pace.did(NUMBER * n_sums).await;
        let scaled = unit.clone() * learned[2].clone();
        pace.did(NUMBER * n_sums).await;
        let made = scaled + learned[3].clone();
        pace.did(NUMBER * n_sums).await;
        let unbiased = n_rows / (n_rows - 1.0).max(1.0);
        let [mean, variance] = [mean * NORM_MOMENTUM, variance * (NORM_MOMENTUM * unbiased)];
        let keep = 1.0 - NORM_MOMENTUM;
        let after = [running[0].clone() * keep + mean, running[1].clone() * keep + variance];
        (made, Self { unit, factor }, after)
    }

    /// The slopes of the sums, and of gamma and beta.
    pub(super) async fn backward(self, slope: Tensor<2>, gamma: Tensor<2>, pace: &Pace) -> (Tensor<2>, [Tensor<2>; 2]) {
        let Self { unit, factor } = self;
        let n_sums = slope.shape().num_elements();
        let along = slope.clone() * unit.clone();
        pace.did(NUMBER * n_sums).await;
        let learned = [along.sum_dim(0), slope.clone().sum_dim(0)];
        pace.did(2 * NUMBER * n_sums).await;
        // Each sum moves the mean and the variance that all of them are standardised by.
        let scaled = slope * gamma;
        pace.did(NUMBER * n_sums).await;
        let along = (scaled.clone() * unit.clone()).mean_dim(0);
        pace.did(2 * NUMBER * n_sums).await;
        let before = scaled.clone() - scaled.mean_dim(0);
        pace.did(2 * NUMBER * n_sums).await;
        let before = before - unit * along;
        pace.did(2 * NUMBER * n_sums).await;
        let before = before * factor;
        pace.did(NUMBER * n_sums).await;
        (before, learned)
    }
}
