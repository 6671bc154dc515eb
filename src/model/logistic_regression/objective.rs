//! The loss of a logistic regression with its first and second derivatives, summed over blocks of rows.
//!
//! ```text
//! objective = Σ weight · −ln p(class) / Σ weight + ½ · l2 · Σ coefficient² + l1 · Σ |coefficient|
//! ```
//! Two classes have one output (the logit of the second class); more have one per class and a softmax. Inside, features
//! are centred and brought near 1 by powers of two, so that the equations are solvable whatever the units are; the
//! penalty is that of the coefficients outside. A vector of parameters is, output by output, the coefficients and then
//! the intercept.

use super::loss::{softmax, two_classes};
use crate::model::linear_map::{LinearMap, add_scaled, dot};
use crate::preprocess::Matrix;

/// Multiply-adds in one step: some 20 ms natively.
pub(super) const FLOPS_PER_STEP: usize = 20_000_000;

/// Rows in a block, at most.
const ROWS_PER_BLOCK: usize = 4096;

/// What holds the coefficients back, per unit of the rows' weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Held {
    /// Times half the squares.
    pub(super) l2: f64,
    /// Times the sizes.
    pub(super) l1: f64,
}

/// What is minimised.
#[derive(Debug)]
pub(super) struct Objective {
    x: Matrix,
    codes: Vec<u32>,
    /// One per row.
    weights: Vec<f64>,
    total_weight: f64,
    n_outputs: usize,
    fit_intercept: bool,
    held: Held,
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
    /// Of all but `l1 · Σ |coefficient|`, which has corners.
    pub(super) gradient: Vec<f64>,
    /// The largest part of the gradient; at a corner, of the least slope there is.
    pub(super) gradient_size: f64,
    /// Row-major, the lower triangle; empty when it was not asked for.
    pub(super) hessian: Vec<f64>,
    /// Rows whose class is the most probable one, without a tie.
    pub(super) n_right: usize,
    next_row: usize,
}

impl Evaluation {
    pub(super) fn is_finite(&self) -> bool {
        self.objective.is_finite() && self.gradient.iter().all(|g| g.is_finite())
    }
}

impl Objective {
    /// **Shapes** one code and one weight per row; the weights are finite, not negative, and not all zero.
    pub(super) fn new(
        x: Matrix,
        codes: Vec<u32>,
        weights: Vec<f64>,
        n_classes: usize,
        fit_intercept: bool,
        held: Held,
    ) -> Self {
        let n_outputs = if n_classes == 2 { 1 } else { n_classes };
        let total_weight = weights.iter().sum();
        Self { x, codes, weights, total_weight, n_outputs, fit_intercept, held, centres: Vec::new() }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.x.n_rows()
    }

    /// Whether nothing holds the coefficients back.
    pub(super) fn is_free(&self) -> bool {
        self.held == Held { l2: 0.0, l1: 0.0 }
    }

    /// Whether coefficients are held back by their sizes.
    pub(super) fn is_sparse(&self) -> bool {
        self.held.l1 > 0.0
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
        self.centres.get(position).map_or(0.0, |(scale, _)| self.held.l2 * scale * scale)
    }

    /// What the size of a parameter adds to the objective, for one of size 1.
    pub(super) fn size_penalty(&self, idx: usize) -> f64 {
        self.centres.get(idx % self.width()).map_or(0.0, |(scale, _)| self.held.l1 * scale)
    }

    /// Where every coefficient is 0: how many times too strong the penalty of sizes is for one not to be.
    pub(super) fn slack(&self, here: &Evaluation) -> f64 {
        let slopes = here.gradient.iter().enumerate().filter_map(|(idx, slope)| {
            let penalty = self.size_penalty(idx);
            (penalty > 0.0).then(|| slope.abs() / penalty)
        });
        1.0 / slopes.fold(0.0, f64::max)
    }

    pub(super) fn begin(&self, parameters: Vec<f64>, with_hessian: bool) -> Evaluation {
        let n = parameters.len();
        let n_hessian = if with_hessian { n * n } else { 0 };
        Evaluation {
            loss: 0.0,
            objective: 0.0,
            gradient: vec![0.0; n],
            gradient_size: f64::INFINITY,
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
        let (codes, weights) = (&self.codes[start..end], &self.weights[start..end]);
        let (loss, n_right) = match scores.as_mut_slice() {
            [only] => two_classes(only, codes, weights),
            _ => softmax(&mut scores, codes, weights),
        };
        evaluation.loss += loss;
        evaluation.n_right += n_right;
        let probabilities = scores;
        for (output, probabilities) in probabilities.iter().enumerate() {
            let class = if self.n_outputs == 1 { 1 } else { output as u32 };
            let apart = probabilities.iter().zip(codes).map(|(p, &code)| p - f64::from(u8::from(code == class)));
            let residuals: Vec<f64> = apart.zip(weights).map(|(apart, weight)| apart * weight).collect();
            for (gradient, column) in evaluation.gradient[output * width..].iter_mut().zip(&columns) {
                *gradient += dot(&residuals, column);
            }
        }
        if !evaluation.hessian.is_empty() {
            add_curvature(&mut evaluation.hessian, &probabilities, weights, &columns);
        }
    }

    /// Sums become means, and the penalty comes in.
    fn complete(&self, evaluation: &mut Evaluation) {
        let (n, width, n_parameters) = (self.total_weight, self.width(), self.n_parameters());
        evaluation.loss /= n;
        evaluation.gradient.iter_mut().for_each(|g| *g /= n);
        evaluation.hessian.iter_mut().for_each(|h| *h /= n);
        evaluation.objective = evaluation.loss;
        for idx in 0..n_parameters {
            let (penalty, parameter) = (self.penalty(idx % width), evaluation.parameters[idx]);
            evaluation.objective += 0.5 * penalty * parameter * parameter;
            evaluation.gradient[idx] += penalty * parameter;
            evaluation.objective += self.size_penalty(idx) * parameter.abs();
            if let Some(h) = evaluation.hessian.get_mut(idx * n_parameters + idx) {
                *h += penalty;
            }
        }
        let slopes = evaluation.gradient.iter().zip(&evaluation.parameters).enumerate();
        evaluation.gradient_size = slopes.fold(0.0, |size: f64, (idx, (&slope, &parameter))| {
            size.max(least_slope(slope, parameter, self.size_penalty(idx)))
        });
        if self.n_outputs > 1 && !evaluation.hessian.is_empty() {
            self.pin_sums(&mut evaluation.hessian);
        }
    }

    /// Adding one number to every class changes no probability. Where no penalty decides, the curvature in that
    /// direction is 0; any positive one will do, for the gradient has no part in it: sums that are 0 stay 0.
    fn pin_sums(&self, hessian: &mut [f64]) {
        let (width, n_parameters) = (self.width(), self.n_parameters());
        let is_free = |&position: &usize| self.penalty(position) == 0.0 && self.size_penalty(position) == 0.0;
        for position in (0..width).filter(is_free) {
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
        let weights = vec![1.0; codes.len()];
        let (loss, _) = match by_output.as_mut_slice() {
            [only] => two_classes(only, codes, &weights),
            _ => softmax(&mut by_output, codes, &weights),
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
        if self.n_outputs > 1 {
            if self.is_free() {
                (0..n_features)
                    .for_each(|feature| centre(map.coefficients.iter_mut().skip(feature).step_by(n_features)));
            }
            centre(map.intercepts.iter_mut());
        }
        map
    }
}

/// The size of the slope of `slope · x + size_penalty · |x|`, the least one at a corner.
fn least_slope(slope: f64, x: f64, size_penalty: f64) -> f64 {
    if x == 0.0 { (slope.abs() - size_penalty).max(0.0) } else { (slope + size_penalty * x.signum()).abs() }
}

/// `Σ s · x · xᵀ` with `s = weight · p_k (δ_km − p_m)` for each pair of outputs; only what is on or below the diagonal.
fn add_curvature(hessian: &mut [f64], probabilities: &[Vec<f64>], weights: &[f64], columns: &[Vec<f64>]) {
    let width = columns.len();
    let n_parameters = probabilities.len() * width;
    let mut weighted = vec![0.0; weights.len()];
    for (k, p_k) in probabilities.iter().enumerate() {
        for (m, p_m) in probabilities[..=k].iter().enumerate() {
            let curved = |(a, b): (&f64, &f64)| if k == m { a * (1.0 - a) } else { -a * b };
            let curvature: Vec<f64> =
                p_k.iter().zip(p_m).map(curved).zip(weights).map(|(curvature, weight)| curvature * weight).collect();
            for (row, column) in columns.iter().enumerate() {
                for ((weighted, x), curvature) in weighted.iter_mut().zip(column).zip(&curvature) {
                    *weighted = x * curvature;
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

/// Makes the sum of numbers 0, where adding one number to all of them changes nothing.
fn centre<'a>(numbers: impl Iterator<Item = &'a mut f64>) {
    let mut numbers: Vec<&mut f64> = numbers.collect();
    let mean = numbers.iter().map(|x| **x).sum::<f64>() / numbers.len() as f64;
    numbers.iter_mut().for_each(|x| **x -= mean);
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
        weighted(n_classes, Held { l2, l1: 0.0 }, vec![1.0; 4])
    }

    fn weighted(n_classes: usize, held: Held, weights: Vec<f64>) -> Objective {
        let x = Matrix::from_columns(vec![vec![0.5, -1.0, 2.0, 30.0], vec![1.0, 0.25, -4.0, 0.0]]);
        let codes = (0..4).map(|row| row % n_classes as u32).collect();
        let mut objective = Objective::new(x, codes, weights, n_classes, true, held);
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
    fn a_row_of_weight_2_is_a_row_twice() {
        for n_classes in [2, 3] {
            let held = Held { l2: 0.3, l1: 0.2 };
            let double = weighted(n_classes, held, vec![1.0, 2.0, 0.0, 1.0]);
            let mut repeated = weighted(n_classes, held, vec![1.0; 4]);
            let rows = [0, 1, 1, 3];
            repeated.x = repeated.x.take_rows(&rows);
            repeated.codes = rows.iter().map(|&row| double.codes[row as usize]).collect();
            let place: Vec<f64> = (0..double.n_parameters()).map(|i| 0.3 - 0.1 * i as f64).collect();
            let (a, b) = (at(&double, &place), at(&repeated, &place));
            assert!((a.objective - b.objective).abs() < 1e-14);
            assert!((a.gradient_size - b.gradient_size).abs() < 1e-14);
            assert!(a.hessian.iter().zip(&b.hessian).all(|(a, b)| (a - b).abs() < 1e-13));
        }
    }

    #[test]
    fn at_a_corner_the_least_slope_counts() {
        assert_eq!(least_slope(-3.0, 0.0, 2.0), 1.0);
        assert_eq!(least_slope(1.5, 0.0, 2.0), 0.0);
        assert_eq!(least_slope(-3.0, 0.1, 2.0), 1.0);
        assert_eq!(least_slope(-3.0, -0.1, 2.0), 5.0);
    }
}
