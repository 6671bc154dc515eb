//! Cells that read a row's steps one after the other and remember: LSTM (Hochreiter and Schmidhuber 1997,
//! <https://doi.org/10.1162/neco.1997.9.8.1735>) and GRU (Cho et al. 2014, <https://arxiv.org/abs/1406.1078>).
//!
//! What comes in: features that are `columns × steps`, the steps of one column side by side and oldest first, as the
//! step `lags` makes them. What goes out: what the last layer's units hold after the last step.
//! Gates, their order and both intercepts are PyTorch's (<https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html>,
//! GRU beside it):
//!
//! ```text
//! lstm   i, f, o = σ(…), g = tanh(…)      c = f · c + i · g         h = o · tanh c
//! gru    r, z = σ(…)                      n = tanh(x · W + b + r · (h · V + v))
//!                                         h = (1 − z) · n + z · h
//! …      x · W + b + h · V + v, for each gate its own; x of a layer above the first is h of the one below
//! ```

#[cfg(feature = "tensors")]
mod on_device;

use super::{Front, Numbers, Plan, Start};
use crate::train::net::Activation;
use crate::train::net::plain::weighted_sums;

crate::choice! {
    /// What reads the steps.
    pub enum Cell {
        /// Four gates, and a memory apart from what is handed on.
        Lstm = "lstm",
        /// Three gates: smaller, and often as good.
        Gru = "gru",
    }
}

/// Bending a sum costs about as much as so many multiply-adds.
const BEND: usize = 10;

/// Which cells, and how many of everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recurrent {
    /// What reads the steps.
    pub cell: Cell,
    /// Steps of a row.
    pub n_steps: usize,
    /// Numbers of each step.
    pub n_columns: usize,
    /// What each layer remembers.
    pub n_units: usize,
    /// Layers, each reading what the one below makes of each step.
    pub n_layers: usize,
}

impl Cell {
    fn n_gates(self) -> usize {
        match self {
            Self::Lstm => 4,
            Self::Gru => 3,
        }
    }
}

impl Recurrent {
    /// Reads [`Plan::words`] back; none where these are no sizes.
    pub(super) fn read(words: &[u32]) -> Option<Self> {
        let &[cell, ref sizes @ ..] = words else { return None };
        let cell = match cell {
            0 => Cell::Lstm,
            1 => Cell::Gru,
            _ => return None,
        };
        let &[n_steps, n_columns, n_units, n_layers] = sizes else { return None };
        // A file must not ask for more room than its numbers fill.
        let is_sized = sizes.iter().all(|size| (1..=1 << 20).contains(size)) && n_layers <= 16;
        let is_whole = u64::from(n_steps) * u64::from(n_columns) <= 1 << 24;
        let [n_steps, n_columns, n_units, n_layers] = [n_steps, n_columns, n_units, n_layers].map(|size| size as usize);
        (is_sized && is_whole).then_some(Self { cell, n_steps, n_columns, n_units, n_layers })
    }

    /// What each layer reads of a step.
    fn widths(&self) -> impl Iterator<Item = usize> {
        [self.n_columns].into_iter().chain(vec![self.n_units; self.n_layers - 1])
    }

    /// What one layer makes of each step.
    ///
    /// **Shapes** `given`: `n_steps × width`; what comes back: `n_steps × n_units`, both row-major.
    fn steps(&self, learned: &[Vec<f32>], given: &[f64], width: usize) -> Vec<f64> {
        let n = self.n_units;
        let logistic = |x: f64| Activation::Logistic.of(x);
        let (mut held, mut memory) = (vec![0.0; n], vec![0.0; n]);
        let (mut from_given, mut from_held) = (Vec::new(), Vec::new());
        let mut made = Vec::with_capacity(self.n_steps * n);
        for x in given.chunks_exact(width) {
            weighted_sums(x, &learned[0], &learned[2], &mut from_given);
            weighted_sums(&held, &learned[1], &learned[3], &mut from_held);
            for unit in 0..n {
                let sum = |gate: usize| from_given[gate * n + unit] + from_held[gate * n + unit];
                match self.cell {
                    Cell::Lstm => {
                        let [add, keep, show] = [sum(0), sum(1), sum(3)].map(logistic);
                        memory[unit] = keep * memory[unit] + add * libm::tanh(sum(2));
                        held[unit] = show * libm::tanh(memory[unit]);
                    }
                    Cell::Gru => {
                        let [reset, keep] = [sum(0), sum(1)].map(logistic);
                        let new = libm::tanh(from_given[2 * n + unit] + reset * from_held[2 * n + unit]);
                        held[unit] = (1.0 - keep) * new + keep * held[unit];
                    }
                }
            }
            made.extend_from_slice(&held);
        }
        made
    }
}

impl Plan for Recurrent {
    fn n_inputs(&self) -> usize {
        self.n_steps * self.n_columns
    }

    fn n_features(&self) -> usize {
        self.n_units
    }

    /// Of each layer: what a step is multiplied with, what is held is multiplied with, and an intercept of each.
    fn learned(&self) -> Vec<Numbers> {
        let n_sums = self.cell.n_gates() * self.n_units;
        let start = Start::Within(1.0 / libm::sqrt(self.n_units as f64));
        let of = |n_rows: usize, is_weight: bool| Numbers { shape: [n_rows, n_sums], is_weight, start };
        self.widths().flat_map(|width| [of(width, true), of(self.n_units, true), of(1, false), of(1, false)]).collect()
    }

    fn running(&self) -> Vec<Numbers> {
        Vec::new()
    }

    fn multiply_adds(&self) -> usize {
        let per_step: usize = self.widths().map(|width| width + self.n_units + BEND).sum();
        let n_sums = self.cell.n_gates() * self.n_units;
        self.n_steps.saturating_mul(n_sums).saturating_mul(per_step)
    }

    #[cfg(feature = "tensors")]
    fn depth(&self) -> usize {
        // The few sums and bends of a step are as many calls as some layers.
        3 * self.n_steps * self.n_layers
    }

    fn features(&self, front: &Front, row: &[f64], made: &mut Vec<f64>) {
        let step = |step: usize| row.iter().skip(step).step_by(self.n_steps);
        let mut given: Vec<f64> = (0..self.n_steps).flat_map(step).copied().collect();
        for (learned, width) in front.learned.chunks_exact(4).zip(self.widths()) {
            given = self.steps(learned, &given, width);
        }
        made.clear();
        made.extend_from_slice(&given[given.len() - self.n_units..]);
    }

    fn words(&self) -> Vec<u32> {
        let cell = match self.cell {
            Cell::Lstm => 0,
            Cell::Gru => 1,
        };
        let sizes = [self.n_steps, self.n_columns, self.n_units, self.n_layers].map(|size| size as u32);
        [cell].into_iter().chain(sizes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::net::front::FrontPlan;

    fn plan(cell: Cell) -> Recurrent {
        Recurrent { cell, n_steps: 2, n_columns: 1, n_units: 1, n_layers: 1 }
    }

    #[track_caller]
    fn made(plan: Recurrent, flat: &[f32], row: &[f64]) -> f64 {
        let front = Front::from_flat(FrontPlan::Recurrent(plan), flat).unwrap();
        let mut made = Vec::new();
        front.features(row, &mut made);
        assert_eq!((made.len(), front.n_inputs(), front.n_features()), (1, 2, 1));
        made[0]
    }

    #[test]
    fn an_open_lstm_adds_its_steps_up() {
        // Gates are open (30), and what is added is tanh x.
        let open = [[0.0, 0.0, 1.0, 0.0], [0.0; 4], [30.0, 30.0, 0.0, 30.0], [0.0; 4]].concat();
        let expected = (0.5f64.tanh() + 0.25f64.tanh()).tanh();
        assert!((made(plan(Cell::Lstm), &open, &[0.5, 0.25]) - expected).abs() < 1e-12);
        // Without what is kept, only the last step is left.
        let forgets = [[0.0, 0.0, 1.0, 0.0], [0.0; 4], [30.0, -30.0, 0.0, 30.0], [0.0; 4]].concat();
        assert!((made(plan(Cell::Lstm), &forgets, &[0.5, 0.25]) - 0.25f64.tanh().tanh()).abs() < 1e-12);
    }

    #[test]
    fn a_gru_keeps_what_it_held() {
        let learned = |keep: f32| [[0.0, 0.0, 1.0], [0.0; 3], [0.0, keep, 0.0], [0.0; 3]].concat();
        assert!((made(plan(Cell::Gru), &learned(-30.0), &[0.5, 0.25]) - 0.25f64.tanh()).abs() < 1e-12);
        // Half new and half kept, from 0.
        let expected = (0.5 * 0.5f64.tanh()) * 0.5 + 0.5 * 0.25f64.tanh();
        assert!((made(plan(Cell::Gru), &learned(0.0), &[0.5, 0.25]) - expected).abs() < 1e-12);
    }

    #[test]
    fn extreme_rows_make_numbers() {
        let row = [1e30, -1e30];
        for cell in [Cell::Lstm, Cell::Gru] {
            let n = 4 * cell.n_gates();
            assert!(made(plan(cell), &vec![-1e38; n], &row).is_finite());
            assert!(made(plan(cell), &vec![1e38; n], &row).is_finite());
        }
    }

    #[test]
    fn sizes_are_read_back_and_checked() {
        for cell in [Cell::Lstm, Cell::Gru] {
            let plan = Recurrent { cell, n_steps: 5, n_columns: 3, n_units: 4, n_layers: 2 };
            let plan = FrontPlan::Recurrent(plan);
            assert_eq!(FrontPlan::read(&plan.words()), Some(plan.clone()));
            let gates = cell.n_gates() * 4;
            assert_eq!(plan.n_parameters(), (3 + 4 + 2) * gates + (4 + 4 + 2) * gates);
        }
        let [kind, ..] = FrontPlan::Recurrent(plan(Cell::Lstm)).words()[..] else { panic!("words") };
        for words in [
            &[][..],
            &[2, 1, 1, 1, 1],
            &[0, 1, 1, 1],
            &[0, 0, 1, 1, 1],
            &[0, 1, 1, 1, 99],
            &[0, 1 << 20, 1 << 20, 1, 1],
        ] {
            assert_eq!(FrontPlan::read(&[&[kind], words].concat()), None, "{words:?}");
        }
    }
}
