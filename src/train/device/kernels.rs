//! Kernels of our own for a net's training step on a GPU: several operations of burn's in one.
//!
//! What bounds a small step on a GPU is how many kernels are launched; on a software adapter, workgroup memory and
//! barriers, which these do without: each unit reads what it needs, and its sums stay in registers. What is read may be a
//! view with strides of its own; what is written lies row after row. Numbers lie in memory with 32 or 16 bits, as the
//! tensors have them; all are computed with 32.

use burn::cubecl::ir::ElemType;
use burn::cubecl::{self, prelude::*};

use super::ops::{Bend, Rule};

/// What becomes of a product before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Behind {
    /// Nothing.
    Nothing,
    /// A row is added to each row, and the sums are activated.
    Activated(Bend),
    /// It is a slope behind an activation, and becomes the slope before it.
    Slope(Bend),
    /// It is a gradient, and gets the penalties of what it is the gradient of.
    Penalised,
}

#[cube]
fn bent(x: f32, #[comptime] by: Bend) -> f32 {
    match comptime!(by) {
        Bend::Identity => x,
        Bend::Relu => f32::max(x, 0.0),
        Bend::Tanh => f32::tanh(x),
        Bend::Logistic => logistic(x),
    }
}

/// The slope of an activation, from what it made.
#[cube]
fn slope_at(made: f32, #[comptime] by: Bend) -> f32 {
    match comptime!(by) {
        Bend::Identity => 1.0f32.runtime(),
        Bend::Relu => select(made > 0.0, 1.0, 0.0),
        Bend::Tanh => 1.0 - made * made,
        Bend::Logistic => made * (1.0 - made),
    }
}

#[cube]
fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + f32::exp(-x))
}

#[cube]
fn sign(x: f32) -> f32 {
    select(x > 0.0, 1.0f32, select(x < 0.0, -1.0f32, 0.0f32))
}

/// A product of matrices, `tile × tile` numbers by each unit, and what becomes of it.
///
/// **Shapes** `lhs`: `m × k`; `rhs`: `k × n`; `out`: `m × n`; `with`: `1 × n` to be added, `m × n` for what else reads it.
/// A gradient is multiplied with `factor` before it is penalised.
#[cube(launch_unchecked)]
pub(super) fn product<L: Float, R: Float, W: Float, O: Float>(
    lhs: &Tensor<L>,
    rhs: &Tensor<R>,
    with: &Tensor<W>,
    out: &mut Tensor<O>,
    l1: f32,
    l2: f32,
    factor: f32,
    #[comptime] tile: usize,
    #[comptime] behind: Behind,
    #[define(L, R, W, O)] _kinds: [ElemType; 4],
) {
    let (n_rows, n_columns, n_terms) = (out.shape(0), out.shape(1), lhs.shape(1));
    let row = ABSOLUTE_POS_Y as usize * tile;
    let column = ABSOLUTE_POS_X as usize * tile;
    if row >= n_rows || column >= n_columns {
        terminate!();
    }
    let mut sums = Array::<f32>::new(comptime!(tile * tile));
    let mut lefts = Array::<usize>::new(tile);
    let mut rights = Array::<usize>::new(tile);
    let mut factors = Array::<f32>::new(tile);
    #[unroll]
    for at in 0..tile {
        // Units at the edge read the last row or column again, and do not write it.
        lefts[at] = usize::min(row + at, n_rows - 1) * lhs.stride(0);
        rights[at] = usize::min(column + at, n_columns - 1) * rhs.stride(1);
        #[unroll]
        for across in 0..tile {
            sums[at * tile + across] = 0.0;
        }
    }
    for term in 0..n_terms {
        #[unroll]
        for across in 0..tile {
            factors[across] = f32::cast_from(rhs[rights[across] + term * rhs.stride(0)]);
        }
        #[unroll]
        for at in 0..tile {
            let left = f32::cast_from(lhs[lefts[at] + term * lhs.stride(1)]);
            #[unroll]
            for across in 0..tile {
                sums[at * tile + across] += left * factors[across];
            }
        }
    }
    #[unroll]
    for at in 0..tile {
        #[unroll]
        for across in 0..tile {
            if row + at < n_rows && column + across < n_columns {
                let sum = sums[at * tile + across];
                let here = (row + at) * with.stride(0) + (column + across) * with.stride(1);
                let made = match comptime!(behind) {
                    Behind::Nothing => sum,
                    Behind::Activated(by) => bent(sum + f32::cast_from(with[(column + across) * with.stride(1)]), by),
                    Behind::Slope(by) => sum * slope_at(f32::cast_from(with[here]), by),
                    Behind::Penalised => {
                        let weight = f32::cast_from(with[here]);
                        sum * factor + l2 * weight + l1 * sign(weight)
                    }
                };
                out[(row + at) * n_columns + column + across] = O::cast_from(made);
            }
        }
    }
}

/// A step of weights down their gradient, and what the optimiser remembers after it.
///
/// **Shapes** all `m × n`.
#[cube(launch_unchecked)]
pub(super) fn step(
    weights: &Tensor<f32>,
    gradient: &Tensor<f32>,
    first: &Tensor<f32>,
    second: &Tensor<f32>,
    weights_after: &mut Tensor<f32>,
    first_after: &mut Tensor<f32>,
    second_after: &mut Tensor<f32>,
    keep_first: f32,
    keep_second: f32,
    pace: f32,
    floor: f32,
    shrink: f32,
    #[comptime] rule: Rule,
) {
    let n_columns = weights.shape(1);
    let at = ABSOLUTE_POS;
    if at >= n_columns * weights.shape(0) {
        terminate!();
    }
    let (row, column) = (at / n_columns, at % n_columns);
    let slope = gradient[row * gradient.stride(0) + column * gradient.stride(1)];
    let sum = first[row * first.stride(0) + column * first.stride(1)] * keep_first + slope;
    let squares = second[row * second.stride(0) + column * second.stride(1)] * keep_second + slope * slope;
    let down = match comptime!(rule) {
        Rule::Momentum => sum * pace,
        Rule::Adam => sum * pace / (f32::sqrt(squares) + floor),
        Rule::RmsProp => slope * pace / (f32::sqrt(squares) + floor),
    };
    let before = weights[row * weights.stride(0) + column * weights.stride(1)];
    weights_after[at] = before * shrink - down;
    first_after[at] = sum;
    second_after[at] = squares;
}

/// The losses of rows of one score, and the slopes of their mean: half the squared error, or the logistic loss of 0 and 1.
///
/// **Shapes** all `n × 1`. A row counts `weights`, or 1; its slope is multiplied with that and with `share`.
#[cube(launch_unchecked)]
pub(super) fn loss_of_one<F: Float>(
    scores: &Tensor<F>,
    labels: &Tensor<f32>,
    weights: &Tensor<f32>,
    losses: &mut Tensor<f32>,
    slopes: &mut Tensor<F>,
    share: f32,
    #[comptime] is_class: bool,
    #[comptime] is_weighed: bool,
    #[define(F)] _kind: ElemType,
) {
    let row = ABSOLUTE_POS;
    if row >= losses.shape(0) {
        terminate!();
    }
    let score = f32::cast_from(scores[row * scores.stride(0)]);
    let label = labels[row * labels.stride(0)];
    let weight = if comptime!(is_weighed) { weights[row * weights.stride(0)] } else { 1.0f32.runtime() };
    if comptime!(is_class) {
        // −ln σ(±score), the sign being that of the class; e to no positive power.
        let wrong = score * (1.0 - 2.0 * label);
        let loss = f32::max(wrong, 0.0) + f32::ln(1.0 + f32::exp(-f32::abs(wrong)));
        losses[row] = loss * weight;
        slopes[row] = F::cast_from((logistic(score) - label) * (weight * share));
    } else {
        let error = score - label;
        losses[row] = error * error * 0.5 * weight;
        slopes[row] = F::cast_from(error * (weight * share));
    }
}

/// The losses of rows of one score per class, −ln of the label's softmax, and the slopes of their mean.
///
/// **Shapes** `scores`, `slopes`: `n × n_classes`; the others `n × 1`.
#[cube(launch_unchecked)]
pub(super) fn loss_of_classes<F: Float>(
    scores: &Tensor<F>,
    labels: &Tensor<i32>,
    weights: &Tensor<f32>,
    losses: &mut Tensor<f32>,
    slopes: &mut Tensor<F>,
    share: f32,
    #[comptime] is_weighed: bool,
    #[define(F)] _kind: ElemType,
) {
    let row = ABSOLUTE_POS;
    if row >= losses.shape(0) {
        terminate!();
    }
    let (start, n_classes) = (row * scores.stride(0), scores.shape(1));
    let label = labels[row * labels.stride(0)] as usize;
    let weight = if comptime!(is_weighed) { weights[row * weights.stride(0)] } else { 1.0f32.runtime() };
    let mut largest = f32::cast_from(scores[start]);
    for class in 1..n_classes {
        largest = f32::max(largest, f32::cast_from(scores[start + class * scores.stride(1)]));
    }
    let mut sum = 0.0f32;
    for class in 0..n_classes {
        sum += f32::exp(f32::cast_from(scores[start + class * scores.stride(1)]) - largest);
    }
    let log_sum = largest + f32::ln(sum);
    losses[row] = (log_sum - f32::cast_from(scores[start + label * scores.stride(1)])) * weight;
    for class in 0..n_classes {
        let share_of_class = f32::exp(f32::cast_from(scores[start + class * scores.stride(1)]) - log_sum);
        let slope = share_of_class - select(class == label, 1.0f32, 0.0f32);
        slopes[row * n_classes + class] = F::cast_from(slope * (weight * share));
    }
}
