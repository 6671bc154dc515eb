//! What a batch of a net costs, and what of that is autodiff: `cargo bench --bench nets`.
//!
//! Beside the model's own loop stand the same forward and backward passes written out on burn's tensors, with autodiff
//! and without. Times are the best of several rounds.
#![expect(clippy::print_stdout, reason = "that is what a bench is for")]

use std::time::Instant;

use burn::tensor::{Device as BurnDevice, Tensor, TensorData, activation};
use serde_json::json;
use vitrine::model::find;
use vitrine::param::ParamMap;
use vitrine::preprocess::{Matrix, Target};
use vitrine::random::Seed;
use vitrine::train::{Device, FitInput, block_on};

const N_BATCHES: usize = 200;
const ROUNDS: usize = 5;

struct Shape {
    n_inputs: usize,
    n_hidden: usize,
    n_classes: usize,
    batch_size: usize,
}

impl Shape {
    fn rows(&self, n: usize) -> (Matrix, Target) {
        let mut rng = Seed(1).rng();
        let feature = |_| (0..n).map(|_| rng.uniform() - 0.5).collect();
        let x = Matrix::from_columns((0..self.n_inputs).map(feature).collect());
        let codes = (0..n).map(|row| (row % self.n_classes) as u32).collect();
        (x, Target::Classes { codes, n_classes: self.n_classes })
    }
}

/// Microseconds of one of so many, the best of some rounds.
fn best(n: usize, mut work: impl FnMut()) -> f64 {
    let round = |_| {
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64() * 1e6 / n as f64
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

/// The model's loop: batches drawn, optimiser's steps and losses read among it.
fn whole(shape: &Shape, solver: &str) -> f64 {
    let (x, y) = shape.rows(shape.batch_size * 20);
    let params = json!({ "hidden_layer_sizes": [shape.n_hidden], "solver": solver, "batch_size": shape.batch_size,
                         "momentum": 0, "max_iter": N_BATCHES / 20, "n_iter_no_change": 1000 });
    let params: ParamMap = serde_json::from_value(params).expect("parameters by name");
    best(N_BATCHES, || {
        let (x, y, device) = (x.clone(), y.clone(), Device::cpu());
        let input = FitInput { x, y, sample_weight: None, valid: None, seed: Seed(1), device };
        let mut session = (find("mlp").expect("it is there").start)(&params, input).expect("it starts");
        while block_on(session.step()).expect("it goes on").fraction < 1.0 {}
    })
}

/// One batch again and again: the loss and its gradients, no step taken. Microseconds with autodiff and without.
fn passes(shape: &Shape) -> [f64; 2] {
    let n_outputs = if shape.n_classes > 2 { shape.n_classes } else { 1 };
    let (n_rows, n_in, n_hidden) = (shape.batch_size, shape.n_inputs, shape.n_hidden);
    let on = BurnDevice::flex();
    let mut rng = Seed(2).rng();
    let mut drawn = |n_rows: usize, n_columns: usize| {
        let values: Vec<f32> = (0..n_rows * n_columns).map(|_| rng.uniform() as f32 - 0.5).collect();
        Tensor::<2>::from_data(TensorData::new(values, [n_rows, n_columns]), &on)
    };
    let x = drawn(n_rows, n_in);
    let params = [drawn(n_in, n_hidden), drawn(1, n_hidden), drawn(n_hidden, n_outputs), drawn(1, n_outputs)];
    // A loss whose slope is one subtraction, so that it can be written out: half the squared distance.
    let y = drawn(n_rows, n_outputs);
    let with = best(N_BATCHES, || {
        for _ in 0..N_BATCHES {
            let [w1, b1, w2, b2] = params.clone().map(|param| param.autodiff().require_grad());
            let hidden = activation::relu(x.clone().autodiff().matmul(w1.clone()) + b1.clone());
            let error = hidden.matmul(w2.clone()) + b2.clone() - y.clone().autodiff();
            let mut gradients = ((error.clone() * error).sum() * 0.5).backward();
            let all = [w1, b1, w2, b2].map(|param| param.grad_remove(&mut gradients).expect("it has a slope"));
            std::hint::black_box(all);
        }
    });
    let without = best(N_BATCHES, || {
        for _ in 0..N_BATCHES {
            let [w1, b1, w2, b2] = params.clone();
            let hidden = activation::relu(x.clone().matmul(w1) + b1);
            let error = hidden.clone().matmul(w2.clone()) + b2 - y.clone();
            let loss = (error.clone() * error.clone()).sum() * 0.5;
            let (g2, h2) = (hidden.clone().transpose().matmul(error.clone()), error.clone().sum_dim(0));
            let back = error.matmul(w2.transpose()).mask_fill(hidden.lower_equal_elem(0.0), 0.0);
            let (g1, h1) = (x.clone().transpose().matmul(back.clone()), back.sum_dim(0));
            std::hint::black_box((loss, g1, h1, g2, h2));
        }
    });
    [with, without]
}

fn main() {
    let small = Shape { n_inputs: 2, n_hidden: 16, n_classes: 2, batch_size: 32 };
    let large = Shape { n_inputs: 784, n_hidden: 128, n_classes: 10, batch_size: 64 };
    for (name, shape) in [("2-16-2, batch 32", small), ("784-128-10, batch 64", large)] {
        let [adam, sgd] = ["adam", "sgd"].map(|solver| whole(&shape, solver));
        let [with, without] = passes(&shape);
        println!("{name}: {adam:.0} µs a batch with adam, {sgd:.0} with sgd");
        println!("  forward and backward alone: {with:.0} µs with autodiff, {without:.0} written out");
    }
}
