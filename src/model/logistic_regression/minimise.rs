//! Three ways to the minimum of an [`Objective`]: Newton's, which knows the curvature, L-BFGS, which guesses it, and
//! proximal Newton, which knows the curvature and the corners.
//!
//! All are f64 and go on in bounded pieces: some rows of an evaluation, of a factorisation, or some sweeps.

use super::corners::Corners;
use super::objective::{Evaluation, FLOPS_PER_STEP, Objective};
use crate::model::linear_map::{add_scaled, dot};

/// A step must lower the objective by this share of what the slope promises (Armijo 1966).
const ARMIJO: f64 = 1e-4;

/// Steps shorter than this share of the full one lead nowhere.
const SHORTEST_STEP: f64 = 1e-10;

/// Objectives are compared up to this share of themselves.
const ROUNDING: f64 = 1e-14;

/// After the tolerance is met, so many of Newton's steps may still make the gradient smaller.
const MOST_POLISHING: usize = 10;

/// How many steps L-BFGS remembers.
const MEMORY: usize = 10;

/// How directions are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Newton,
    Lbfgs,
    /// With [`Corners`].
    Proximal,
}

/// How a minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The gradient is below the tolerance.
    Converged,
    /// It is not, and the iterations are used up or no step leads further.
    Stopped { gradient: f64 },
}

/// A minimisation under way.
#[derive(Debug)]
pub(super) struct Minimiser {
    method: Method,
    tol: f64,
    max_iter: usize,
    /// The best place so far; none before the first evaluation.
    here: Option<Evaluation>,
    work: Work,
    memory: Vec<Pair>,
    pub(super) iteration: usize,
    n_polishing: usize,
    outcome: Option<Outcome>,
}

#[derive(Debug)]
enum Work {
    Evaluate { there: Evaluation, step: f64, direction: Vec<f64>, slope: f64 },
    Factor(Cholesky),
    Sweep(Corners),
}

/// A step and how the gradient changed over it.
#[derive(Debug)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    product: f64,
}

impl Minimiser {
    pub(super) fn new(objective: &Objective, method: Method, tol: f64, max_iter: usize) -> Self {
        let start = objective.begin(vec![0.0; objective.n_parameters()], method != Method::Lbfgs);
        let work = Work::Evaluate { there: start, step: 0.0, direction: Vec::new(), slope: 0.0 };
        let (memory, outcome) = (Vec::new(), None);
        Self { method, tol, max_iter, here: None, work, memory, iteration: 0, n_polishing: 0, outcome }
    }

    /// Where it is, after the first evaluation.
    pub(super) fn here(&self) -> Option<&Evaluation> {
        self.here.as_ref()
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The share of the current iteration that is done.
    pub(super) fn fraction(&self, objective: &Objective) -> f64 {
        match &self.work {
            Work::Evaluate { there, .. } => 0.8 * objective.fraction(there),
            Work::Factor(_) | Work::Sweep(_) => 0.9,
        }
    }

    /// Does one bounded piece. True when an iteration has ended, or all have.
    pub(super) fn advance(&mut self, objective: &Objective) -> bool {
        if self.outcome.is_some() {
            return true;
        }
        let placeholder = Work::Factor(Cholesky::new(Vec::new(), 0));
        match std::mem::replace(&mut self.work, placeholder) {
            Work::Evaluate { mut there, step, direction, slope } => {
                if !objective.advance(&mut there) {
                    self.work = Work::Evaluate { there, step, direction, slope };
                    return false;
                }
                self.judge(objective, there, step, direction, slope)
            }
            Work::Factor(mut cholesky) => {
                if cholesky.advance() {
                    let gradient = self.here.as_ref().map_or(&[][..], |here| &here.gradient);
                    let mut direction = cholesky.solve(gradient);
                    direction.iter_mut().for_each(|d| *d = -*d);
                    let slope = dot(&direction, gradient);
                    self.walk(objective, direction, slope);
                } else {
                    self.work = Work::Factor(cholesky);
                }
                false
            }
            Work::Sweep(mut corners) => {
                if corners.advance() {
                    let (direction, slope) = corners.into_direction();
                    self.walk(objective, direction, slope);
                } else {
                    self.work = Work::Sweep(corners);
                }
                false
            }
        }
    }

    /// Accepts a place, or looks nearer. True when it was accepted or nothing nearer is left.
    fn judge(&mut self, objective: &Objective, there: Evaluation, step: f64, direction: Vec<f64>, slope: f64) -> bool {
        let Some(here) = &self.here else {
            self.accept(objective, there);
            return false;
        };
        let is_polishing = self.n_polishing > 0;
        if is_polishing && there.gradient_size >= here.gradient_size {
            self.outcome = Some(Outcome::Converged);
            return true;
        }
        let allowed = here.objective + ARMIJO * step * slope + ROUNDING * here.objective.abs();
        if is_polishing || (there.is_finite() && there.objective <= allowed) {
            self.remember(&there);
            self.iteration += 1;
            self.accept(objective, there);
            return true;
        }
        let step = step * 0.5;
        if step < SHORTEST_STEP {
            self.outcome = Some(Outcome::Stopped { gradient: here.gradient_size });
            return true;
        }
        self.work = Work::Evaluate { there: self.place(objective, step, &direction), step, direction, slope };
        false
    }

    fn accept(&mut self, objective: &Objective, there: Evaluation) {
        let gradient = there.gradient_size;
        let is_free = objective.is_free();
        let is_separated = is_free && there.n_right == objective.n_rows();
        self.here = Some(there);
        if gradient <= self.tol {
            // Without a penalty the coefficients of separable classes grow for ever: that is no place to polish.
            if self.method == Method::Lbfgs || is_separated || gradient == 0.0 || self.n_polishing == MOST_POLISHING {
                self.outcome = Some(Outcome::Converged);
                return;
            }
            self.n_polishing += 1;
        } else if self.iteration >= self.max_iter {
            self.outcome = Some(Outcome::Stopped { gradient });
            return;
        }
        self.look_for_direction(objective);
    }

    fn look_for_direction(&mut self, objective: &Objective) {
        let Some(here) = &mut self.here else { return };
        match self.method {
            Method::Newton => {
                let n = here.gradient.len();
                self.work = Work::Factor(Cholesky::new(std::mem::take(&mut here.hessian), n));
            }
            Method::Proximal => self.work = Work::Sweep(Corners::new(objective, here)),
            Method::Lbfgs => {
                let mut direction = self.guess(objective);
                direction.iter_mut().for_each(|d| *d = -*d);
                let slope = self.here.as_ref().map_or(0.0, |here| dot(&direction, &here.gradient));
                self.walk(objective, direction, slope);
            }
        }
    }

    /// Goes along `direction`, where the objective changes by `slope` at first.
    fn walk(&mut self, objective: &Objective, direction: Vec<f64>, slope: f64) {
        let Some(here) = &self.here else { return };
        if slope >= 0.0 || !slope.is_finite() {
            let gradient = here.gradient_size;
            self.outcome = Some(if gradient <= self.tol { Outcome::Converged } else { Outcome::Stopped { gradient } });
        }
        let there = self.place(objective, 1.0, &direction);
        self.work = Work::Evaluate { there, step: 1.0, direction, slope };
    }

    fn place(&self, objective: &Objective, step: f64, direction: &[f64]) -> Evaluation {
        let mut parameters = self.here.as_ref().map_or(Vec::new(), |here| here.parameters.clone());
        add_scaled(&mut parameters, step, direction);
        objective.begin(parameters, self.method != Method::Lbfgs)
    }

    fn remember(&mut self, there: &Evaluation) {
        let (Method::Lbfgs, Some(here)) = (self.method, &self.here) else { return };
        let difference = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let step = difference(&there.parameters, &here.parameters);
        let change = difference(&there.gradient, &here.gradient);
        let product = dot(&step, &change);
        // Only upward curvature can be used.
        if product > f64::EPSILON * dot(&change, &change) {
            if self.memory.len() == MEMORY {
                self.memory.remove(0);
            }
            self.memory.push(Pair { step, change, product });
        }
    }

    /// The two loops of Nocedal (1980, <https://doi.org/10.1090/S0025-5718-1980-0572855-7>).
    fn guess(&self, objective: &Objective) -> Vec<f64> {
        let mut direction = self.here.as_ref().map_or(Vec::new(), |here| here.gradient.clone());
        let mut along = Vec::with_capacity(self.memory.len());
        for pair in self.memory.iter().rev() {
            let part = dot(&pair.step, &direction) / pair.product;
            add_scaled(&mut direction, -part, &pair.change);
            along.push(part);
        }
        let start = objective.inverse_curvature();
        let scaled = |v: &[f64]| -> f64 { v.iter().zip(&start).map(|(v, s)| v * v * s).sum() };
        let size = self.memory.last().map_or(1.0, |pair| pair.product / scaled(&pair.change).max(f64::MIN_POSITIVE));
        direction.iter_mut().zip(&start).for_each(|(d, s)| *d *= s * size);
        for (pair, part) in self.memory.iter().zip(along.iter().rev()) {
            let back = dot(&pair.change, &direction) / pair.product;
            add_scaled(&mut direction, part - back, &pair.step);
        }
        direction
    }
}

/// A Cholesky factorisation, row by row.
///
/// A parameter whose pivot is only rounding (a feature that repeats others, without a penalty) is left where it is.
#[derive(Debug)]
struct Cholesky {
    /// Row-major; the lower triangle becomes the factor.
    matrix: Vec<f64>,
    n: usize,
    next: usize,
}

/// Pivots below this share of the diagonal are rounding.
const SMALLEST_PIVOT: f64 = 1e-13;

impl Cholesky {
    fn new(matrix: Vec<f64>, n: usize) -> Self {
        Self { matrix, n, next: 0 }
    }

    fn advance(&mut self) -> bool {
        let mut flops = 0;
        while self.next < self.n && flops < FLOPS_PER_STEP {
            let i = self.next;
            let (above, row) = self.matrix.split_at_mut(i * self.n);
            for j in 0..i {
                let other = &above[j * self.n..][..=j];
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            row[i] = if pivot > SMALLEST_PIVOT * row[i] { libm::sqrt(pivot) } else { f64::INFINITY };
            flops += i * i / 2 + 1;
            self.next += 1;
        }
        self.next == self.n
    }

    fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut x = right.to_vec();
        for i in 0..self.n {
            let row = &self.matrix[i * self.n..][..=i];
            x[i] = (x[i] - dot(&row[..i], &x[..i])) / row[i];
        }
        for i in (0..self.n).rev() {
            let row = &self.matrix[i * self.n..][..=i];
            x[i] /= row[i];
            let (head, tail) = x.split_at_mut(i);
            add_scaled(head, -tail[0], &row[..i]);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::linear_map::LinearMap;
    use crate::model::logistic_regression::objective::Held;
    use crate::preprocess::Matrix;

    #[test]
    fn cholesky_solves_and_skips_what_repeats() {
        // [[4, 2], [2, 3]] · [1, 2] = [8, 8]
        let mut cholesky = Cholesky::new(vec![4.0, 0.0, 2.0, 3.0], 2);
        assert!(cholesky.advance());
        let x = cholesky.solve(&[8.0, 8.0]);
        assert!((x[0] - 1.0).abs() < 1e-15 && (x[1] - 2.0).abs() < 1e-15, "{x:?}");
        let mut singular = Cholesky::new(vec![1.0, 0.0, 1.0, 1.0], 2);
        assert!(singular.advance());
        assert_eq!(singular.solve(&[2.0, 2.0]), [2.0, 0.0]);
    }

    fn minimum(method: Method, held: Held) -> (Evaluation, LinearMap) {
        let feature = |k: u32| (0..60u32).map(|i| f64::from((i * k) % 17) - 8.0).collect::<Vec<f64>>();
        let x = Matrix::from_columns(vec![feature(5), feature(7), feature(11)]);
        let codes: Vec<u32> = (0..60).map(|i| (i * i + i / 7) % 3).collect();
        let mut objective = Objective::new(x, codes, vec![1.0; 60], 3, true, held);
        assert!(objective.centre());
        let mut minimiser = Minimiser::new(&objective, method, 1e-10, 1000);
        while minimiser.outcome().is_none() {
            minimiser.advance(&objective);
        }
        assert_eq!(minimiser.outcome(), Some(Outcome::Converged), "{method:?}");
        let here = minimiser.here().unwrap().clone();
        let map = objective.outside(&here.parameters);
        (here, map)
    }

    #[test]
    fn all_methods_find_the_same_minimum() {
        for l2 in [0.01, 0.0] {
            let held = Held { l2, l1: 0.0 };
            let newton = minimum(Method::Newton, held).1;
            for method in [Method::Lbfgs, Method::Proximal] {
                let other = minimum(method, held).1;
                let numbers = |map: &LinearMap| [&map.coefficients[..], &map.intercepts].concat();
                for (a, b) in numbers(&newton).iter().zip(numbers(&other)) {
                    assert!((a - b).abs() < 1e-8, "{method:?}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn a_penalty_with_corners_leaves_zeros_and_no_slope() {
        let (here, _) = minimum(Method::Proximal, Held { l2: 0.0, l1: 0.02 });
        let n_zero = here.parameters.iter().filter(|x| **x == 0.0).count();
        assert!((1..9).contains(&n_zero), "{:?}", here.parameters);
        assert!(here.gradient_size < 1e-10, "{}", here.gradient_size);
    }
}
