//! The loss of a logistic regression with its first and second derivatives, summed over blocks of rows.
//!
//! ```text
//! objective = mean(−ln p(class)) + ½ · l2 · Σ coefficient²
//! ```
//! Two classes have one output (the logit of the second class); more have one per class and a softmax. Inside, features
//! are centred and brought near 1 by powers of two, so that the equations are solvable whatever the units are; the
//! penalty is that of the coefficients outside. A vector of parameters is, output by output, the coefficients and then
//! the intercept.

use crate::model::linear_map::{LinearMap, add_scaled, dot};
use crate::preprocess::Matrix;

/// Multiply-adds in one step: some 20 ms natively.
pub(super) const FLOPS_PER_STEP: usize = 20_000_000;

/// Rows in a block, at most.
const ROWS_PER_BLOCK: usize = 4096;

/// What is minimised.
#[derive(Debug)]
pub(super) struct Objective {
    x: Matrix,
    codes: Vec<u32>,
    n_outputs: usize,
    fit_intercept: bool,
    l2: f64,
    /// Per feature what it is multiplied with, and what is subtracted then; complete once [`Objective::centre`] says so.
    centres: Vec<(f64, f64)>,
}

/// The objective at one place, while rows are added up, and after.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub(super) parameters: Vec<f64>,
    /// The loss without the penalty.
    pub(super) loss: f64,
    /// The loss with the penalty.
    pub(super) objective: f64,
    pub(super) gradient: Vec<f64>,
    /// Row-major, the lower triangle; empty when it was not asked for.
    pub(super) hessian: Vec<f64>,
    /// Rows whose class is the most probable one, without a tie.
    pub(super) n_right: usize,
    next_row: usize,
}

impl Evaluation {
    /// The largest part of the gradient.
    pub(super) fn gradient_size(&self) -> f64 {
        self.gradient.iter().fold(0.0, |size: f64, g| size.max(g.abs()))
    }

    pub(super) fn is_finite(&self) -> bool {
        self.objective.is_finite() && self.gradient.iter().all(|g| g.is_finite())
    }
}

impl Objective {
    pub(super) fn new(x: Matrix, codes: Vec<u32>, n_classes: usize, fit_intercept: bool, l2: f64) -> Self {
        let n_outputs = if n_classes == 2 { 1 } else { n_classes };
        Self { x, codes, n_outputs, fit_intercept, l2, centres: Vec::new() }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.x.n_rows()
    }

    /// Whether nothing holds the coefficients back.
    pub(super) fn is_free(&self) -> bool {
        self.l2 == 0.0
    }

    /// Numbers per output.
    fn width(&self) -> usize {
        self.x.n_features() + usize::from(self.fit_intercept)
    }

    pub(super) fn n_parameters(&self) -> usize {
        self.n_outputs * self.width()
    }

    /// Looks at some features. True when all centres are known.
    pub(super) fn centre(&mut self) -> bool {
        let mut touched = 0;
        while self.centres.len() < self.x.n_features() && touched < FLOPS_PER_STEP {
            let feature = self.x.feature(self.centres.len());
            let largest = feature.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
            let first = inverse_power_of_two(largest);
            let n = feature.len() as f64;
            let mean = if self.fit_intercept { feature.iter().map(|x| x * first).sum::<f64>() / n } else { 0.0 };
            let spread = feature.iter().map(|x| (x * first - mean) * (x * first - mean)).sum::<f64>() / n;
            let second = inverse_power_of_two(libm::sqrt(spread));
            self.centres.push((first * second, mean * second));
            touched += 3 * feature.len() + 1;
        }
        self.centres.len() == self.x.n_features()
    }

    /// Half of what the square of a parameter adds to the objective, twice.
    fn penalty(&self, position: usize) -> f64 {
        // Outside, a coefficient is the parameter times the scale.
        self.centres.get(position).map_or(0.0, |(scale, _)| self.l2 * scale * scale)
    }

    pub(super) fn begin(&self, parameters: Vec<f64>, with_hessian: bool) -> Evaluation {
        let n = parameters.len();
        let n_hessian = if with_hessian { n * n } else { 0 };
        Evaluation {
            loss: 0.0,
            objective: 0.0,
            gradient: vec![0.0; n],
            hessian: vec![0.0; n_hessian],
            n_right: 0,
            next_row: 0,
            parameters,
        }
    }

    /// Adds a bounded number of rows. True when all are in.
    pub(super) fn advance(&self, evaluation: &mut Evaluation) -> bool {
        let per_row = match evaluation.hessian.len() {
            0 => 4 * self.n_parameters(),
            n => n / 4 + 4 * self.n_parameters(),
        };
        let mut budget = (FLOPS_PER_STEP / per_row.max(1)).max(1);
        while budget > 0 && evaluation.next_row < self.n_rows() {
            let start = evaluation.next_row;
            let end = self.n_rows().min(start + budget.min(ROWS_PER_BLOCK));
            self.add_block(evaluation, start, end);
            evaluation.next_row = end;
            budget -= end - start;
        }
        if evaluation.next_row < self.n_rows() {
            return false;
        }
        self.complete(evaluation);
        true
    }

    /// The share of an evaluation that is done.
    pub(super) fn fraction(&self, evaluation: &Evaluation) -> f64 {
        evaluation.next_row as f64 / self.n_rows() as f64
    }

    fn add_block(&self, evaluation: &mut Evaluation, start: usize, end: usize) {
        let (n_block, width) = (end - start, self.width());
        let mut columns: Vec<Vec<f64>> = self
            .centres
            .iter()
            .zip(self.x.features())
            .map(|(&(scale, mean), feature)| feature[start..end].iter().map(|x| x * scale - mean).collect())
            .collect();
        if self.fit_intercept {
            columns.push(vec![1.0; n_block]);
        }
        let mut scores: Vec<Vec<f64>> = vec![vec![0.0; n_block]; self.n_outputs];
        for (output, scores) in scores.iter_mut().enumerate() {
            for (column, &parameter) in columns.iter().zip(&evaluation.parameters[output * width..]) {
                add_scaled(scores, parameter, column);
            }
        }
        let codes = &self.codes[start..end];
        let (loss, n_right) = match scores.as_mut_slice() {
            [only] => two_classes(only, codes),
            _ => softmax(&mut scores, codes),
        };
        evaluation.loss += loss;
        evaluation.n_right += n_right;
        let probabilities = scores;
        for (output, probabilities) in probabilities.iter().enumerate() {
            let class = if self.n_outputs == 1 { 1 } else { output as u32 };
            let residuals: Vec<f64> =
                probabilities.iter().zip(codes).map(|(p, &code)| p - f64::from(u8::from(code == class))).collect();
            for (gradient, column) in evaluation.gradient[output * width..].iter_mut().zip(&columns) {
                *gradient += dot(&residuals, column);
            }
        }
        if !evaluation.hessian.is_empty() {
            add_curvature(&mut evaluation.hessian, &probabilities, &columns);
        }
    }

    /// Sums become means, and the penalty comes in.
    fn complete(&self, evaluation: &mut Evaluation) {
        let (n, width, n_parameters) = (self.n_rows() as f64, self.width(), self.n_parameters());
        evaluation.loss /= n;
        evaluation.gradient.iter_mut().for_each(|g| *g /= n);
        evaluation.hessian.iter_mut().for_each(|h| *h /= n);
        evaluation.objective = evaluation.loss;
        for idx in 0..n_parameters {
            let (penalty, parameter) = (self.penalty(idx % width), evaluation.parameters[idx]);
            evaluation.objective += 0.5 * penalty * parameter * parameter;
            evaluation.gradient[idx] += penalty * parameter;
            if let Some(h) = evaluation.hessian.get_mut(idx * n_parameters + idx) {
                *h += penalty;
            }
        }
        if self.n_outputs > 1 && !evaluation.hessian.is_empty() {
            self.pin_sums(&mut evaluation.hessian);
        }
    }

    /// Adding one number to every class changes no probability. Where no penalty decides, the curvature in that
    /// direction is 0; any positive one will do, for the gradient has no part in it: sums that are 0 stay 0.
    fn pin_sums(&self, hessian: &mut [f64]) {
        let (width, n_parameters) = (self.width(), self.n_parameters());
        for position in (0..width).filter(|&position| self.penalty(position) == 0.0) {
            let idx = |output: usize| output * width + position;
            let sum: f64 = (0..self.n_outputs).map(|k| hessian[idx(k) * n_parameters + idx(k)]).sum();
            let curvature = (sum / self.n_outputs as f64).max(f64::MIN_POSITIVE);
            for k in 0..self.n_outputs {
                for m in 0..=k {
                    hessian[idx(k) * n_parameters + idx(m)] += curvature;
                }
            }
        }
    }

    /// An estimate of the inverse curvature along each parameter, for the method that has no Hessian.
    pub(super) fn inverse_curvature(&self) -> Vec<f64> {
        // p · (1 − p) is at most ¼, and features inside are of size 1.
        (0..self.n_parameters()).map(|idx| 1.0 / (0.25 + self.penalty(idx % self.width()))).collect()
    }

    /// The mean loss on other rows.
    pub(super) fn loss_on(map: &LinearMap, x: &Matrix, codes: &[u32]) -> f64 {
        let n_outputs = map.intercepts.len();
        let scores = map.scores(x);
        let mut by_output: Vec<Vec<f64>> =
            (0..n_outputs).map(|output| scores.iter().skip(output).step_by(n_outputs).copied().collect()).collect();
        let (loss, _) = match by_output.as_mut_slice() {
            [only] => two_classes(only, codes),
            _ => softmax(&mut by_output, codes),
        };
        loss / codes.len() as f64
    }

    /// The same coefficients for features as they are outside.
    pub(super) fn outside(&self, parameters: &[f64]) -> LinearMap {
        let n_features = self.x.n_features();
        let mut map = LinearMap { coefficients: Vec::new(), intercepts: Vec::new(), n_features };
        for output in parameters.chunks_exact(self.width().max(1)) {
            let mut intercept = if self.fit_intercept { output[n_features] } else { 0.0 };
            for (&parameter, &(scale, mean)) in output.iter().zip(&self.centres) {
                intercept -= parameter * mean;
                map.coefficients.push(parameter * scale);
            }
            map.intercepts.push(intercept);
        }
        if map.intercepts.is_empty() {
            map.intercepts = vec![0.0; self.n_outputs];
        }
        map
    }
}

/// `Σ s · x · xᵀ` with `s = p_k (δ_km − p_m)` for each pair of outputs; only what is on or below the diagonal.
fn add_curvature(hessian: &mut [f64], probabilities: &[Vec<f64>], columns: &[Vec<f64>]) {
    let width = columns.len();
    let n_parameters = probabilities.len() * width;
    let mut weighted = vec![0.0; probabilities.first().map_or(0, Vec::len)];
    for (k, p_k) in probabilities.iter().enumerate() {
        for (m, p_m) in probabilities[..=k].iter().enumerate() {
            for (row, column) in columns.iter().enumerate() {
                for ((weighted, x), (a, b)) in weighted.iter_mut().zip(column).zip(p_k.iter().zip(p_m)) {
                    *weighted = x * if k == m { a * (1.0 - a) } else { -a * b };
                }
                for (other, column) in columns[..=row].iter().enumerate() {
                    let sum = dot(&weighted, column);
                    hessian[(k * width + row) * n_parameters + m * width + other] += sum;
                    // Off the diagonal a block is whole, and symmetric.
                    if k != m && other != row {
                        hessian[(k * width + other) * n_parameters + m * width + row] += sum;
                    }
                }
            }
        }
    }
}

/// Turns logits into probabilities of the second class. Gives the sum of losses and how many rows are right.
fn two_classes(logits: &mut [f64], codes: &[u32]) -> (f64, usize) {
    let (mut loss, mut n_right) = (0.0, 0);
    for (logit, &code) in logits.iter_mut().zip(codes) {
        let margin = if code == 1 { *logit } else { -*logit };
        // ln(1 + e^−m) without overflow.
        loss += (-margin).max(0.0) + libm::log1p(libm::exp(-margin.abs()));
        n_right += usize::from(margin > 0.0);
        *logit = sigmoid(*logit);
    }
    (loss, n_right)
}

/// `1 / (1 + e^−z)` without overflow.
pub(super) fn sigmoid(z: f64) -> f64 {
    let e = libm::exp(-z.abs());
    if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// Turns scores, class by class, into probabilities. Gives the sum of losses and how many rows are right.
fn softmax(scores: &mut [Vec<f64>], codes: &[u32]) -> (f64, usize) {
    let (mut loss, mut n_right) = (0.0, 0);
    for (row, &code) in codes.iter().enumerate() {
        let own = scores[code as usize][row];
        let (mut largest, mut rival) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (class, scores) in scores.iter().enumerate() {
            largest = largest.max(scores[row]);
            if class != code as usize {
                rival = rival.max(scores[row]);
            }
        }
        let mut sum = 0.0;
        for scores in scores.iter_mut() {
            scores[row] = libm::exp(scores[row] - largest);
            sum += scores[row];
        }
        loss += libm::log(sum) - (own - largest);
        n_right += usize::from(own > rival);
        for scores in scores.iter_mut() {
            scores[row] /= sum;
        }
    }
    (loss, n_right)
}

/// A power of two that brings a size near 1; 1 for 0.
fn inverse_power_of_two(size: f64) -> f64 {
    if size == 0.0 {
        return 1.0;
    }
    let (_, exponent) = libm::frexp(size);
    libm::ldexp(1.0, (-exponent).clamp(-500, 500))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objective(n_classes: usize, l2: f64) -> Objective {
        let x = Matrix::from_columns(vec![vec![0.5, -1.0, 2.0, 30.0], vec![1.0, 0.25, -4.0, 0.0]]);
        let codes = (0..4).map(|row| row % n_classes as u32).collect();
        let mut objective = Objective::new(x, codes, n_classes, true, l2);
        assert!(objective.centre());
        objective
    }

    fn at(objective: &Objective, parameters: &[f64]) -> Evaluation {
        let mut evaluation = objective.begin(parameters.to_vec(), true);
        assert!(objective.advance(&mut evaluation));
        evaluation
    }

    #[test]
    fn without_parameters_every_class_is_as_likely() {
        assert!((at(&objective(2, 0.0), &[0.0; 3]).loss - 2f64.ln()).abs() < 1e-15);
        assert!((at(&objective(3, 0.0), &[0.0; 9]).loss - 3f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn derivatives_are_finite_differences() {
        for n_classes in [2, 3] {
            let objective = objective(n_classes, 0.1);
            let n = objective.n_parameters();
            let place: Vec<f64> = (0..n).map(|i| 0.3 - 0.1 * i as f64).collect();
            let here = at(&objective, &place);
            for i in 0..n {
                let step = 1e-6;
                let moved = |by: f64| {
                    let mut place = place.clone();
                    place[i] += by;
                    at(&objective, &place)
                };
                let (up, down) = (moved(step), moved(-step));
                let slope = (up.objective - down.objective) / (2.0 * step);
                assert!((slope - here.gradient[i]).abs() < 1e-8, "{slope} {}", here.gradient[i]);
                for j in 0..i {
                    // The curvature that pins the sums of the intercepts is no derivative.
                    if n_classes > 2 && i % 3 == 2 && j % 3 == 2 {
                        continue;
                    }
                    let curvature = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
                    let given = here.hessian[i * n + j];
                    assert!((curvature - given).abs() < 1e-8, "{n_classes} classes, {i} {j}: {curvature} {given}");
                }
            }
        }
    }

    #[test]
    fn large_scores_do_not_overflow() {
        assert_eq!(sigmoid(-1e4), 0.0);
        assert_eq!(sigmoid(1e4), 1.0);
        let (loss, n_right) = two_classes(&mut [1e4], &[0]);
        assert_eq!((loss, n_right), (1e4, 0));
        let (loss, n_right) = softmax(&mut [vec![1e4], vec![0.0]], &[0]);
        assert_eq!((loss, n_right), (0.0, 1));
    }
}
