//! Work that is done in pieces: what comes of a batch is the same on each run, but between two pieces a cancel can be heard.
//!
//! A batch is one `async` function that pauses when it has done enough. Whoever drives it asks again.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use burn::tensor::Tensor;

use crate::train::Device;
use crate::train::device::{Bend, Ops, bent, penalised, slope_before};

/// Multiply-adds between two pauses: some 40 ms on one CPU thread.
const PIECE: usize = 40_000_000;

/// What it costs to say what is to be computed, in multiply-adds …
const CALL: usize = 60_000;
/// … and to read and write a number.
pub(super) const NUMBER: usize = 3;

/// Work that may pause.
pub(super) type Paced<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// How operations are done, and how much was done since the last pause.
#[derive(Clone)]
pub(in crate::train) struct Pace {
    ops: Ops,
    /// Multiply-adds between two pauses; without it there are none.
    most: Option<usize>,
    done: Rc<Cell<usize>>,
}

impl Pace {
    /// On the CPU it pauses whenever a piece is done; a GPU does the work elsewhere.
    pub(super) fn on(device: &Device) -> Self {
        let most = (!device.is_webgpu()).then_some(PIECE);
        Self { most, ..Self::at_once(Ops::on(device)) }
    }

    /// Never pauses.
    pub(in crate::train) fn at_once(ops: Ops) -> Self {
        Self { ops, most: None, done: Rc::default() }
    }

    /// Begins a piece.
    pub(super) fn begin(&self) {
        self.done.set(0);
    }

    /// To be awaited when so many multiply-adds more are done: pauses if it is time to.
    pub(super) async fn did(&self, multiply_adds: usize) {
        let done = self.done.get().saturating_add(multiply_adds).saturating_add(CALL);
        self.done.set(done);
        if self.most.is_none_or(|most| done < most) {
            return;
        }
        self.done.set(0);
        let mut has_paused = false;
        poll_fn(|_| if std::mem::replace(&mut has_paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// How many rows at this cost each make a piece, at least one.
    pub(super) fn n_rows(&self, per_row: usize) -> usize {
        self.most.map_or(usize::MAX, |most| (most / per_row.max(1)).max(1))
    }

    /// The product of two matrices. A large one is made in pieces along the longer of what can be cut, for a kernel is slow
    /// on a few rows: some rows at a time, or some terms of every sum at a time, in their order.
    pub(super) async fn product(&self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        let ([n_rows, n_terms], [_, n_columns]) = (a.dims(), b.dims());
        let cost = n_rows.saturating_mul(n_terms).saturating_mul(n_columns);
        if self.most.is_none_or(|most| cost <= most) {
            let made = self.ops.product(a, b);
            self.did(cost).await;
            return made;
        }
        let n_long = n_rows.max(n_terms);
        let per_one = (cost / n_long).max(1);
        let n_each = self.n_rows(per_one);
        let (mut rows, mut sum) = (Vec::new(), None);
        for first in (0..n_long).step_by(n_each) {
            let n = n_each.min(n_long - first);
            if n_rows >= n_terms {
                rows.push(a.clone().narrow(0, first, n).matmul(b.clone()));
            } else {
                let part = a.clone().narrow(1, first, n).matmul(b.clone().narrow(0, first, n));
                sum = Some(match sum.take() {
                    Some(sum) => sum + part,
                    None => part,
                });
            }
            self.did(n * per_one).await;
        }
        sum.unwrap_or_else(|| Tensor::cat(rows, 0))
    }

    /// [`Ops::layer`].
    pub(super) async fn layer(&self, x: Tensor<2>, weights: Tensor<2>, intercepts: Tensor<2>, by: Bend) -> Tensor<2> {
        if self.ops.is_fused() {
            return self.ops.layer(x, weights, intercepts, by);
        }
        bent(self.product(x, weights).await + intercepts, by)
    }

    /// [`Ops::slope_through`].
    pub(super) async fn slope_through(
        &self,
        slope: Tensor<2>,
        weights: Tensor<2>,
        made: Tensor<2>,
        by: Bend,
    ) -> Tensor<2> {
        if self.ops.is_fused() {
            return self.ops.slope_through(slope, weights, made, by);
        }
        slope_before(self.product(slope, weights.transpose()).await, made, by)
    }

    /// [`Ops::weights_gradient`].
    pub(super) async fn weights_gradient(
        &self,
        given: Tensor<2>,
        slope: Tensor<2>,
        weights: &Tensor<2>,
        penalties: [f64; 2],
    ) -> Tensor<2> {
        if self.ops.is_fused() {
            return self.ops.weights_gradient(given, slope, weights, penalties);
        }
        penalised(self.product(given.transpose(), slope).await, weights, penalties)
    }
}

/// What comes of work as far as it goes now; nothing while it pauses.
pub(super) fn go_on<T>(work: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    match work.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(made) => Some(made),
        Poll::Pending => None,
    }
}

/// What comes of work whose pace is [`Pace::at_once`].
pub(in crate::train) fn finished<T>(work: impl Future<Output = T>) -> T {
    go_on(pin!(work)).expect("it never pauses")
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::preprocess::{Matrix, Target};
    use crate::random::Seed;
    use crate::train::net::{
        Activation, Block, Cell, Convolutions, Doctor, FrontPlan, Net, NetConfig, NetDescent, NetSolver, PixelScale,
        RateSchedule, Recurrent,
    };
    use crate::train::{FitInput, block_on};

    #[test]
    fn what_is_done_at_once_never_pauses() {
        let pace = Pace::at_once(Ops::on(&Device::cpu()));
        for multiply_adds in [1, usize::MAX, usize::MAX] {
            finished(pace.did(multiply_adds));
        }
    }

    #[test]
    fn a_product_in_pieces_pauses_between_them() {
        let device = Device::cpu();
        let numbers = |shape: [usize; 2]| {
            let numbers: Vec<f32> = (0..shape[0] * shape[1]).map(|at| (at as f32 * 0.37).sin()).collect();
            Tensor::<2>::from_data(TensorData::new(numbers, shape), device.tensors())
        };
        // More rows than terms, and more terms than rows.
        for (a, b) in [(numbers([183, 130]), numbers([130, 70])), (numbers([83, 230]), numbers([230, 70]))] {
            let whole = finished(Pace::at_once(Ops::on(&device)).product(a.clone(), b.clone())).into_data();
            let ([n_rows, n_terms], most) = (a.dims(), 8 * 83 * 70);
            let pace = Pace { most: Some(most), ..Pace::at_once(Ops::on(&device)) };
            let mut product = Box::pin(pace.product(a, b));
            let mut n_pauses = 0;
            let made = loop {
                match go_on(product.as_mut()) {
                    Some(made) => break made,
                    None => n_pauses += 1,
                }
            };
            assert!(n_pauses >= n_rows * n_terms * 70 / most, "{n_pauses}");
            for (a, b) in made.into_data().iter::<f32>().zip(whole.iter::<f32>()) {
                assert!((a - b).abs() < 1e-4, "{a} instead of {b}");
            }
        }
    }

    fn learned(front: Option<FrontPlan>, batch_norm: bool, most: Option<usize>) -> (Net, usize) {
        let mut rng = Seed(5).rng();
        let x: Vec<f64> = (0..30 * 36).map(|_| rng.uniform() - 0.5).collect();
        let codes = (0..30).map(|row| row % 3).collect();
        let input = FitInput {
            x: Matrix::from_row_major(&x, 36),
            y: Target::Classes { codes, n_classes: 3 },
            sample_weight: None,
            valid: None,
            seed: Seed(1),
            device: Device::cpu(),
        };
        let config = NetConfig {
            front,
            hidden: vec![12, 9],
            activation: Activation::Relu,
            solver: NetSolver::Adam,
            momentum: 0.9,
            l2: 1e-3,
            l1: 0.0,
            dropout: 0.2,
            batch_norm,
            batch_size: 12,
            learning_rate: 0.01,
            schedule: RateSchedule::Constant,
            n_epochs: 3,
            shuffle: true,
            tol: 0.0,
            patience: 10,
            clip_norm: 1.0,
            class_weights: Vec::new(),
        };
        let doctor = Doctor::new(&input.x, config.learning_rate);
        let mut descent = NetDescent::new(&input, config, (false, None), 1.0, doctor).unwrap();
        if most.is_some() {
            descent.pace.most = most;
        }
        let mut n_steps = 0;
        while block_on(descent.step()).unwrap().fraction < 1.0 {
            n_steps += 1;
        }
        (descent.into_learned().expect("it has ended").net, n_steps)
    }

    #[test]
    fn a_descent_in_pieces_learns_the_same() {
        let blocks = vec![Block { filters: 4, is_separable: false }, Block { filters: 5, is_separable: true }];
        let images = |batch_norm: bool| {
            let scale = PixelScale { mean: 0.0, deviation: 1.0 };
            let blocks = blocks.clone();
            let activation = Activation::Relu;
            let (height, width, channels, kernel_size) = (6, 6, 1, 3);
            FrontPlan::Convolutions(Convolutions {
                height,
                width,
                channels,
                blocks,
                kernel_size,
                activation,
                batch_norm,
                scale,
            })
        };
        let steps =
            |cell: Cell| FrontPlan::Recurrent(Recurrent { cell, n_steps: 9, n_columns: 4, n_units: 7, n_layers: 2 });
        for (front, batch_norm) in [
            (None, false),
            (None, true),
            (Some(images(false)), false),
            (Some(images(true)), true),
            (Some(steps(Cell::Lstm)), false),
            (Some(steps(Cell::Gru)), false),
        ] {
            let (whole, n_steps) = learned(front.clone(), batch_norm, None);
            for most in [1, 200_000] {
                let (in_pieces, n_more) = learned(front.clone(), batch_norm, Some(most));
                assert!(n_more > 2 * n_steps, "{n_more} steps instead of {n_steps}");
                if most > 1 {
                    assert_eq!(in_pieces, whole, "{front:?}");
                    continue;
                }
                // Products in the smallest pieces: sums are added up in another order, always the same one.
                let all = |net: &Net| net.weights().iter().flat_map(|(_, each)| each.to_vec()).collect::<Vec<f32>>();
                let pairs = all(&in_pieces).into_iter().zip(all(&whole));
                assert!(
                    pairs.clone().count() > 100 && pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-4),
                    "{front:?}"
                );
                assert_eq!(learned(front.clone(), batch_norm, Some(most)).0, in_pieces);
            }
        }
    }
}
