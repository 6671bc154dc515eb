//! The direction of proximal Newton: to the minimum of the curvature's parabola plus the sizes of the parameters.
//!
//! ```text
//! minimised over z   gradient · (z − x) + ½ (z − x)ᵀ hessian (z − x) + Σ penalty · |z|
//! ```
//! One number of `z` at a time is made the best one, sweep by sweep (Yuan, Ho and Lin 2012,
//! <https://jmlr.org/papers/v13/yuan12a.html>). What the penalty makes 0 is exactly 0. The nearer the minimum of the
//! whole, the more exactly each parabola's is found, so that the last steps are as good as Newton's.

use super::objective::{Evaluation, FLOPS_PER_STEP, Objective};
use crate::model::linear_map::{add_scaled, dot};

/// How much smaller than the slopes at the place itself those in the parabola must become, at most.
const LOOSEST: f64 = 1e-2;

/// Sweeps that make the slopes no smaller than this share of them work on rounding.
const ROUNDING: f64 = 1e-13;

/// Sweeps per direction.
const MOST_SWEEPS: usize = 20_000;

/// A search for a direction under way.
#[derive(Debug)]
pub(super) struct Corners {
    /// Row-major and whole.
    hessian: Vec<f64>,
    /// The slopes of the parabola where the search is.
    slopes: Vec<f64>,
    gradient: Vec<f64>,
    penalties: Vec<f64>,
    start: Vec<f64>,
    now: Vec<f64>,
    /// Slopes may be so large in the end.
    goal: f64,
    /// The largest slope that this sweep has met.
    largest: f64,
    next: usize,
    n_sweeps: usize,
}

impl Corners {
    /// Takes the place's curvature.
    pub(super) fn new(objective: &Objective, here: &mut Evaluation) -> Self {
        let n = here.parameters.len();
        let mut hessian = std::mem::take(&mut here.hessian);
        for row in 0..n {
            for column in 0..row {
                hessian[column * n + row] = hessian[row * n + column];
            }
        }
        let steepest = here.gradient.iter().fold(0.0, |steepest: f64, g| steepest.max(g.abs()));
        // Newton's order: each step squares how far it is.
        let goal = here.gradient_size * here.gradient_size.min(LOOSEST);
        Self {
            hessian,
            slopes: here.gradient.clone(),
            gradient: here.gradient.clone(),
            penalties: (0..n).map(|idx| objective.size_penalty(idx)).collect(),
            start: here.parameters.clone(),
            now: here.parameters.clone(),
            goal: goal.max(ROUNDING * steepest),
            largest: 0.0,
            next: 0,
            n_sweeps: 0,
        }
    }

    /// Goes on for a while. True when the direction is found.
    pub(super) fn advance(&mut self) -> bool {
        let n = self.now.len();
        let mut left = FLOPS_PER_STEP;
        while left > 0 {
            if self.next == n {
                self.n_sweeps += 1;
                if self.largest <= self.goal || self.n_sweeps == MOST_SWEEPS {
                    return true;
                }
                (self.next, self.largest) = (0, 0.0);
            }
            left = left.saturating_sub(if self.improve(self.next) { n } else { 4 });
            self.next += 1;
        }
        false
    }

    /// Makes one number the best one. Whether it has moved.
    fn improve(&mut self, idx: usize) -> bool {
        let n = self.now.len();
        let row = &self.hessian[idx * n..][..n];
        let (curvature, penalty, before) = (row[idx], self.penalties[idx], self.now[idx]);
        if curvature <= 0.0 {
            return false;
        }
        let middle = curvature * before - self.slopes[idx];
        let shrunk = if middle > penalty {
            middle - penalty
        } else if middle < -penalty {
            middle + penalty
        } else {
            0.0
        };
        let change = shrunk / curvature - before;
        self.largest = self.largest.max(curvature * change.abs());
        if change == 0.0 {
            return false;
        }
        self.now[idx] = shrunk / curvature;
        add_scaled(&mut self.slopes, change, row);
        true
    }

    /// Where to go, and how fast the objective falls there: with the sizes as they are at the direction's end, which is
    /// never above the true change (Tseng and Yun 2009, <https://doi.org/10.1007/s10107-007-0170-0>).
    pub(super) fn into_direction(self) -> (Vec<f64>, f64) {
        let direction: Vec<f64> = self.now.iter().zip(&self.start).map(|(now, start)| now - start).collect();
        let mut slope = dot(&direction, &self.gradient);
        for (penalty, (now, start)) in self.penalties.iter().zip(self.now.iter().zip(&self.start)) {
            slope += penalty * (now.abs() - start.abs());
        }
        (direction, slope)
    }
}
