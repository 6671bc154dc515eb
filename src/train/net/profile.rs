//! The operations of one training step, each to be done by itself and timed.

use std::cell::RefCell;
use std::rc::Rc;

use burn::tensor::{Tensor, Transaction};

use super::descent::NetDescent;
use super::layers::{Layers, Part};
use super::optimizer::Optimizer;
use super::pace::{Pace, finished};
use super::{Activation, NetConfig};
use crate::Error;
use crate::train::device::{self, Bend};
use crate::train::gradient_descent::Labels;
use crate::train::{DoneFuture, Op};

/// Bytes of an f32.
const F32: usize = 4;

impl NetDescent {
    /// What a step does with a batch, in its order. Nothing is learned by it.
    pub fn ops(&self) -> Vec<Op> {
        let (rows, layers, config) = (Rc::clone(&self.rows), self.layers.clone(), self.config.clone());
        let n_rows = config.batch_size.min(rows.rows.n_rows);
        let batch = rows.part(&self.order[..n_rows]);
        let order = self.order[..n_rows].to_vec();
        let n_read = 2 * n_rows * batch.x.dims()[1] * F32;
        let pick = op("pick_rows", None, &[batch.x.dims()], [0, n_read], move || rows.part(&order).x);
        let mut ops = vec![pick];
        let mut x = batch.x.clone();
        if let Some(front) = layers.front.clone() {
            let work = [front.plan.multiply_adds() * n_rows, n_read];
            let given = x.clone();
            x = front.answer(x);
            let there = front.clone();
            ops.push(op("front", None, &[given.dims()], work, {
                let given = given.clone();
                move || finished(there.forward(given.clone(), &Pace::at_once(there.ops))).features
            }));
            let (slope, both) = (x.clone(), [3 * work[0], 3 * work[1]]);
            ops.push(op("front_and_back", None, &[given.dims()], both, move || {
                let there = finished(front.forward(given.clone(), &Pace::at_once(front.ops)));
                finished((there.backward)(slope.clone())).into_iter().last().expect("a front learns something")
            }));
        }
        let (forward, made) = layers_there(&layers, x);
        ops.extend(forward);
        let (loss, slope) = loss(&layers, batch, made.last().expect("a net has layers").clone());
        ops.push(loss);
        ops.extend(layers_back(&layers, &config, made, slope));
        ops.push(optimizer(&layers, &config));
        ops
    }
}

/// Layer by layer the way there, and what each layer reads, what the last makes at the end.
fn layers_there(layers: &Layers, x: Tensor<2>) -> (Vec<Op>, Vec<Tensor<2>>) {
    let last = layers.each.len() - 1;
    let mut ops = Vec::new();
    let mut x = layers.ops.narrowed(x);
    let mut made = vec![x.clone()];
    for (idx, layer) in layers.each.iter().enumerate() {
        let by = if idx < last { layers.activation } else { Activation::Identity };
        let (given, all, layer) = (x, layers.clone(), layer.narrowed(layers.ops));
        let at_once = Pace::at_once(layers.ops);
        x = layers.ops.narrowed(finished(all.layer(&layer, given.clone(), by, &at_once)).1);
        let [n_rows, n_inputs] = given.dims();
        let shapes = [given.dims(), layer.learned[0].dims()];
        let run = move || finished(all.layer(&layer, given.clone(), by, &at_once)).1;
        let work = product([n_rows, n_inputs, shapes[1][1]], [layers.ops.n_bytes(); 2]);
        ops.push(op("layer", Some(idx), &shapes, work, run));
        made.push(x.clone());
    }
    (ops, made)
}

/// The losses of a batch, and their slopes.
fn loss(layers: &Layers, batch: Part, scores: Tensor<2>) -> (Op, Tensor<2>) {
    let (ops, shape) = (layers.ops, scores.dims());
    let run = move || {
        let counted = (batch.weights.clone(), batch.weight);
        let [_, slope] = match batch.y.clone() {
            Labels::Values(y) => ops.loss_of_one(scores.clone(), y, counted, false),
            Labels::TwoClasses(y) => ops.loss_of_one(scores.clone(), y, counted, true),
            Labels::Classes(y) => ops.loss_of_classes(scores.clone(), y, counted),
        };
        slope
    };
    let slope = run();
    let n_bytes = 2 * slope.shape().num_elements() * layers.ops.n_bytes();
    (op("loss", None, &[shape], [0, n_bytes], run), slope)
}

/// Layer by layer the way back, the last first. `made` is what each layer read, and what the last made.
fn layers_back(layers: &Layers, config: &NetConfig, mut made: Vec<Tensor<2>>, mut slope: Tensor<2>) -> Vec<Op> {
    made.pop();
    let mut ops = Vec::new();
    for (idx, layer) in layers.each.iter().enumerate().rev() {
        let given = made.pop().expect("each layer reads something");
        let (weights, of, how) = (layer.narrowed(layers.ops).learned[0].clone(), layer.learned[0].clone(), layers.ops);
        let ([n_rows, n_outputs], [_, n_inputs]) = (slope.dims(), given.dims());
        let penalties = config.penalties(n_rows as f64);
        let (read, at) = (given.clone(), slope.clone());
        let shapes = [[n_inputs, n_rows], slope.dims()];
        let work = product([n_inputs, n_rows, n_outputs], [how.n_bytes(), F32]);
        ops.push(op("weights_gradient", Some(idx), &shapes, work, move || {
            how.weights_gradient(read.clone(), at.clone(), &of, penalties)
        }));
        if idx == 0 {
            break;
        }
        // What has no such slope is timed without it.
        let bend = layers.activation.bend().unwrap_or(Bend::Identity);
        let at = slope;
        let run = move || how.slope_through(at.clone(), weights.clone(), given.clone(), bend);
        let through = run();
        let shapes = [[n_rows, n_outputs], [n_outputs, n_inputs]];
        let work = product([n_rows, n_outputs, n_inputs], [how.n_bytes(); 2]);
        ops.push(op("slope", Some(idx), &shapes, work, run));
        slope = through;
    }
    ops
}

/// One step of the optimiser after the other, with weights for gradients.
fn optimizer(layers: &Layers, config: &NetConfig) -> Op {
    let n_bytes = 7 * layers.n_learned() * F32;
    let gradients: Vec<Vec<Tensor<2>>> = layers.each.iter().map(|layer| layer.learned.clone()).collect();
    let front: Vec<Tensor<2>> = layers.front.iter().flat_map(|front| front.learned.clone()).collect();
    let state = RefCell::new((layers.clone(), Optimizer::new(layers)));
    let (config, at_once) = (config.clone(), Pace::at_once(layers.ops));
    op("optimizer", None, &[[1, layers.n_learned()]], [0, n_bytes], move || {
        let (layers, optimizer) = &mut *state.borrow_mut();
        finished(optimizer.step(layers, (&front, &gradients), &config, 1e-6, &at_once));
        layers.each[0].learned[0].clone()
    })
}

/// Multiply-adds of a product, and bytes read and written, its numbers read having so many each, and those written.
fn product([n_rows, n_between, n_columns]: [usize; 3], [read, written]: [usize; 2]) -> [usize; 2] {
    let n_bytes = (n_rows * n_between + n_between * n_columns) * read + n_rows * n_columns * written;
    [n_rows * n_between * n_columns, n_bytes]
}

fn op(
    name: &'static str,
    layer: Option<usize>,
    shapes: &[[usize; 2]],
    [multiply_adds, n_bytes]: [usize; 2],
    run: impl Fn() -> Tensor<2> + 'static,
) -> Op {
    // Also what makes kernels ready.
    let first = run();
    let repeat = move |n_times: usize| -> DoneFuture<'static> {
        let end = (0..n_times).map(|_| run()).last().unwrap_or_else(|| first.clone());
        Box::pin(await_it(end))
    };
    Op { name, layer, shapes: shapes.to_vec(), multiply_adds, n_bytes, repeat: Box::new(repeat) }
}

/// Waits until a tensor is there. Its corner is read: of all of it the copy would be timed.
async fn await_it(tensor: Tensor<2>) -> Result<(), Error> {
    device::read(Transaction::default().register(tensor.slice([0..1, 0..1]))).await.map(|_| ())
}
