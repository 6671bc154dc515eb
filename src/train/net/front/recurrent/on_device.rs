//! Cells on a device, through time and back.
//!
//! Steps follow each other, but what they read does not depend on that: all of them are multiplied with their weights at
//! once, there and back. The way back is written out, as that of the layers is.

use burn::tensor::{Tensor, activation};

use super::super::{Forward, FrontTensors, OnDevice};
use super::{BEND, Cell, Recurrent};
use crate::train::net::pace::{Pace, Paced, finished};

/// One layer's way there, kept for the way back.
struct Passed {
    /// What it read, step under step.
    given: Tensor<2>,
    /// What was held before each step, and after the last.
    held: Vec<Tensor<2>>,
    steps: Vec<Step>,
}

/// What the way back needs of a step.
// On the CPU, where pointers are of four bytes, nothing is large enough for the lint.
#[cfg_attr(
    any(target_pointer_width = "64", feature = "webgpu"),
    expect(
        clippy::large_enum_variant,
        reason = "the steps of a net are all of one kind, so none stands in a larger one's room"
    )
)]
enum Step {
    Lstm {
        memory_before: Tensor<2>,
        add: Tensor<2>,
        keep: Tensor<2>,
        new: Tensor<2>,
        show: Tensor<2>,
        /// `tanh` of the memory after the step.
        bent: Tensor<2>,
    },
    Gru {
        held_before: Tensor<2>,
        reset: Tensor<2>,
        keep: Tensor<2>,
        new: Tensor<2>,
        /// What `reset` was multiplied with.
        from_held: Tensor<2>,
    },
}

/// What a step's slope becomes before it.
struct Slopes {
    /// At the sums of what the step read.
    given: Tensor<2>,
    /// At the sums of what was held, where they are others.
    held: Option<Tensor<2>>,
    /// At what was held, past all sums.
    past: Option<Tensor<2>>,
}

impl Recurrent {
    /// A batch's steps, one under the other.
    ///
    /// **Shapes** `x`: `n_rows × (n_columns · n_steps)`; what comes back: `(n_steps · n_rows) × n_columns`.
    fn unrolled(&self, x: Tensor<2>) -> Tensor<2> {
        let [n_rows, _] = x.dims();
        let steps = x.reshape([n_rows, self.n_columns, self.n_steps]).permute([2, 0, 1]);
        steps.reshape([self.n_steps * n_rows, self.n_columns])
    }

    /// What one layer makes of each step. What the way back needs is kept where that is wanted.
    async fn layer(&self, learned: &[Tensor<2>], given: Tensor<2>, is_kept: bool, pace: &Pace) -> Passed {
        let n_rows = given.dims()[0] / self.n_steps;
        let n = self.n_units;
        let sums = pace.product(given.clone(), learned[0].clone()).await + learned[2].clone();
        let nothing = Tensor::zeros([n_rows, n], &sums.device());
        let (mut held, mut memory) = (vec![nothing.clone()], nothing);
        let mut steps = Vec::new();
        let part = |sums: &Tensor<2>, gate: usize| sums.clone().narrow(1, gate * n, n);
        for step in 0..self.n_steps {
            let from_given = sums.clone().narrow(0, step * n_rows, n_rows);
            let before = held[step].clone();
            let from_held = before.clone().matmul(learned[1].clone()) + learned[3].clone();
            match self.cell {
                Cell::Lstm => {
                    let sums = from_given + from_held;
                    let [add, keep, show] = [0, 1, 3].map(|gate| activation::sigmoid(part(&sums, gate)));
                    let new = part(&sums, 2).tanh();
                    let memory_before = memory;
                    memory = keep.clone() * memory_before.clone() + add.clone() * new.clone();
                    let bent = memory.clone().tanh();
                    held.push(show.clone() * bent.clone());
                    if is_kept {
                        steps.push(Step::Lstm { memory_before, add, keep, new, show, bent });
                    }
                }
                Cell::Gru => {
                    let [reset, keep] =
                        [0, 1].map(|gate| activation::sigmoid(part(&from_given, gate) + part(&from_held, gate)));
                    let from_held = part(&from_held, 2);
                    let new = (part(&from_given, 2) + reset.clone() * from_held.clone()).tanh();
                    held.push(new.clone() + keep.clone() * (before.clone() - new.clone()));
                    if is_kept {
                        steps.push(Step::Gru { held_before: before, reset, keep, new, from_held });
                    }
                }
            }
            pace.did(self.per_step(n_rows)).await;
        }
        Passed { given, held, steps }
    }

    /// Multiply-adds of one step of a batch, one way, without those of what it read.
    fn per_step(&self, n_rows: usize) -> usize {
        n_rows * self.cell.n_gates() * self.n_units * (self.n_units + BEND)
    }

    /// The slopes of what one layer has learned, and those at the sums of what it read. `at_held` are the slopes at what
    /// it made of each step, if anything read that.
    async fn back(
        &self,
        learned: &[Tensor<2>],
        passed: Passed,
        at_held: Vec<Option<Tensor<2>>>,
        pace: &Pace,
    ) -> (Vec<Tensor<2>>, Tensor<2>) {
        let n_rows = passed.given.dims()[0] / self.n_steps;
        let (mut at_given, mut at_sums) = (Vec::new(), Vec::new());
        let (mut from_later, mut at_memory) = (None, None);
        let weights_back = learned[1].clone().transpose();
        for (step, at_held) in passed.steps.into_iter().zip(at_held).rev() {
            let slope = [from_later.take(), at_held].into_iter().flatten().reduce(|a, b| a + b);
            let slope = slope.expect("something reads the last step, and each step the one before");
            let Slopes { given, held, past } = step.back(slope, &mut at_memory);
            let before = held.as_ref().unwrap_or(&given).clone().matmul(weights_back.clone());
            from_later = Some(match past {
                Some(past) => before + past,
                None => before,
            });
            at_given.push(given);
            at_sums.extend(held);
            pace.did(self.per_step(n_rows)).await;
        }
        let under_each_other = |mut slopes: Vec<Tensor<2>>| {
            slopes.reverse();
            Tensor::cat(slopes, 0)
        };
        let at_given = under_each_other(at_given);
        let at_sums = if at_sums.is_empty() { at_given.clone() } else { under_each_other(at_sums) };
        let held = Tensor::cat(passed.held[..self.n_steps].to_vec(), 0);
        let gradients = vec![
            pace.product(passed.given.transpose(), at_given.clone()).await,
            pace.product(held.transpose(), at_sums.clone()).await,
            at_given.clone().sum_dim(0),
            at_sums.sum_dim(0),
        ];
        (gradients, at_given)
    }
}

impl Step {
    /// `at_memory` is the slope at what the LSTM remembers after the step, from later ones, and becomes that before it.
    fn back(self, slope: Tensor<2>, at_memory: &mut Option<Tensor<2>>) -> Slopes {
        // Differences of products: a tensor's product with a number costs several of those between tensors.
        let past_logistic = |slope: Tensor<2>, made: Tensor<2>| slope * (made.clone() - made.clone() * made);
        let past_tanh = |slope: Tensor<2>, made: Tensor<2>| slope.clone() - slope * made.clone() * made;
        match self {
            Self::Lstm { memory_before, add, keep, new, show, bent } => {
                let mut memory = past_tanh(slope.clone() * show.clone(), bent.clone());
                if let Some(later) = at_memory.take() {
                    memory = memory + later;
                }
                *at_memory = Some(memory.clone() * keep.clone());
                let gates = vec![
                    past_logistic(memory.clone() * new.clone(), add.clone()),
                    past_logistic(memory.clone() * memory_before, keep),
                    past_tanh(memory * add, new),
                    past_logistic(slope * bent, show),
                ];
                Slopes { given: Tensor::cat(gates, 1), held: None, past: None }
            }
            Self::Gru { held_before, reset, keep, new, from_held } => {
                let past = slope.clone() * keep.clone();
                let at_keep = past_logistic(slope.clone() * (held_before - new.clone()), keep);
                let at_new = past_tanh(slope - past.clone(), new);
                let at_reset = past_logistic(at_new.clone() * from_held, reset.clone());
                let held = Tensor::cat(vec![at_reset.clone(), at_keep.clone(), at_new.clone() * reset], 1);
                let given = Tensor::cat(vec![at_reset, at_keep, at_new], 1);
                Slopes { given, held: Some(held), past: Some(past) }
            }
        }
    }
}

impl OnDevice for Recurrent {
    fn forward<'a>(&'a self, tensors: &'a FrontTensors, x: Tensor<2>, pace: &'a Pace) -> Paced<'a, Forward> {
        Box::pin(async move {
            let [n_rows, _] = x.dims();
            let (plan, pace) = (*self, pace.clone());
            let layers: Vec<Vec<Tensor<2>>> = tensors.learned.chunks_exact(4).map(<[_]>::to_vec).collect();
            let mut given = plan.unrolled(x);
            let mut passed = Vec::with_capacity(layers.len());
            for learned in &layers {
                let layer = plan.layer(learned, given, true, &pace).await;
                given = Tensor::cat(layer.held[1..].to_vec(), 0);
                passed.push(layer);
            }
            let features = given.narrow(0, (plan.n_steps - 1) * n_rows, n_rows);
            let backward = move |slope: Tensor<2>| -> Paced<'static, Vec<Tensor<2>>> {
                Box::pin(async move {
                    let mut gradients = Vec::with_capacity(4 * layers.len());
                    let mut at_held = vec![None; plan.n_steps - 1];
                    at_held.push(Some(slope));
                    for (idx, (learned, passed)) in layers.iter().zip(passed).enumerate().rev() {
                        let at_each = std::mem::take(&mut at_held);
                        let (of_layer, at_given) = plan.back(learned, passed, at_each, &pace).await;
                        gradients.push(of_layer);
                        if idx > 0 {
                            let below = pace.product(at_given, learned[0].clone().transpose()).await;
                            let step = |step: usize| Some(below.clone().narrow(0, step * n_rows, n_rows));
                            at_held = (0..plan.n_steps).map(step).collect();
                        }
                    }
                    gradients.into_iter().rev().flatten().collect()
                })
            };
            Forward { features, running: Vec::new(), backward: Box::new(backward) }
        })
    }

    fn answer(&self, tensors: &FrontTensors, x: Tensor<2>) -> Tensor<2> {
        let mut given = self.unrolled(x);
        let mut layers = tensors.learned.chunks_exact(4).peekable();
        while let Some(learned) = layers.next() {
            let mut held = finished(self.layer(learned, given, false, &Pace::at_once(tensors.ops))).held;
            match layers.peek() {
                Some(_) => given = Tensor::cat(held.split_off(1), 0),
                None => return held.pop().expect("a row has steps"),
            }
        }
        unreachable!("there is a layer at least")
    }
}
