//! What a batch of a net costs: `cargo bench --bench nets`. Times are the best of several rounds.
#![expect(clippy::print_stdout, reason = "that is what a bench is for")]

use std::time::Instant;

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

fn main() {
    let small = Shape { n_inputs: 2, n_hidden: 16, n_classes: 2, batch_size: 32 };
    let large = Shape { n_inputs: 784, n_hidden: 128, n_classes: 10, batch_size: 64 };
    for (name, shape) in [("2-16-2, batch 32", small), ("784-128-10, batch 64", large)] {
        let [adam, sgd] = ["adam", "sgd"].map(|solver| whole(&shape, solver));
        println!("{name}: {adam:.0} µs a batch with adam, {sgd:.0} with sgd");
    }
}
