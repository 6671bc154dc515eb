//! The exact solution of a least-squares problem, in bounded pieces and with little memory.
//!
//! What comes in: features and numbers. What goes out: the coefficients that make the squared error smallest, and among
//! several such the shortest ones; or, with a penalty, those that make `‖y − Xw‖² + penalty · ‖w‖²` smallest (ridge
//! regression, Hoerl and Kennard 1970, <https://doi.org/10.1080/00401706.1970.10488634>). Three rounds of Householder reflections (Golub and Van Loan, Matrix Computations,
//! 4th ed., ch. 5), all f64:
//! 1. *Reduce*: blocks of centred rows are folded into a triangle as large as the features are many (a sequential
//!    "tall skinny QR", Demmel et al. 2012, <https://doi.org/10.1137/080731992>). With more features than rows the rows
//!    themselves are the start of round 2.
//! 2. *Rank*: the triangle again, the column with the largest rest first, until only rounding is left (§5.4.2).
//! 3. *Shorten*: if columns are left over, reflections from the right make the solution the shortest (§5.4.7).
//!
//! A penalty is `√penalty · w = 0`, one more row for each feature: the triangle starts with these rows instead of
//! zeros. With more features than rows it is `y = Xw + √penalty · v` instead, whose shortest `(w, v)` is the same `w`.
//!
//! Squaring is nowhere, so as many digits remain as the problem has.

use super::triangle::{Pivoted, Shortening, reflection};
use crate::model::linear_map::{add_scaled, dot};
use crate::preprocess::Matrix;

/// Multiply-adds in one step: some 20 ms natively.
const FLOPS_PER_STEP: usize = 20_000_000;

/// Rows in a block, at most: it stays in the cache.
const ROWS_PER_BLOCK: usize = 2048;

/// The coefficients, and how many features carry something of their own.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::model) struct Solution {
    pub(in crate::model) coefficients: Vec<f64>,
    pub(in crate::model) intercept: f64,
    pub(in crate::model) rank: usize,
}

/// A solution under way.
#[derive(Debug)]
pub(in crate::model) struct LeastSquares {
    x: Matrix,
    y: Vec<f64>,
    /// Per feature, and last the target.
    centres: Vec<Centre>,
    fit_intercept: bool,
    /// The root of the penalty; 0 for none.
    penalty_root: f64,
    round: Round,
    /// Multiply-adds done so far.
    done: f64,
}

#[derive(Debug)]
enum Round {
    Centre,
    Reduce { triangle: Vec<Vec<f64>>, next_row: usize },
    Rank(Pivoted),
    Shorten(Pivoted, Shortening),
    Done(Solution),
}

/// What is taken from a column and what it is multiplied with, so that it is near 1 whatever its unit is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Centre {
    mean: f64,
    /// A power of two, so that multiplying with it is exact; of a column that stands for the penalty the unit.
    pub(super) scale: f64,
}

impl Centre {
    /// `least` is a size the column is taken to have at least.
    fn of(column: &[f64], fit_intercept: bool, least: f64) -> Self {
        let scale = inverse_power_of_two(column.iter().fold(least, |largest: f64, x| largest.max(x.abs())));
        let n = column.len() as f64;
        if !fit_intercept {
            return Self { mean: 0.0, scale };
        }
        let mean = column.iter().map(|x| x * scale).sum::<f64>() / n;
        // Once more, for the digits the first sum has lost.
        let rest = column.iter().map(|x| x * scale - mean).sum::<f64>() / n;
        Self { mean: mean + rest, scale }
    }

    fn apply(self, x: f64) -> f64 {
        x * self.scale - self.mean
    }
}

/// A power of two that brings a size near 1; 1 for 0.
fn inverse_power_of_two(size: f64) -> f64 {
    if size == 0.0 {
        return 1.0;
    }
    let (_, exponent) = libm::frexp(size);
    libm::ldexp(1.0, (-exponent).clamp(-1000, 1000))
}

impl LeastSquares {
    pub(in crate::model) fn new(x: Matrix, y: Vec<f64>, fit_intercept: bool, penalty: f64) -> Self {
        let penalty_root = libm::sqrt(penalty);
        Self { x, y, centres: Vec::new(), fit_intercept, penalty_root, round: Round::Centre, done: 0.0 }
    }

    /// How many multiply-adds the whole takes, about.
    pub(in crate::model) fn cost(n_rows: usize, n_features: usize, penalty: f64) -> f64 {
        let (n, p) = (n_rows as f64, n_features as f64);
        let reduce = if n > p { n * p * p } else { 0.0 };
        let n_columns = if n <= p && penalty > 0.0 { n + p } else { p };
        let m = n.min(n_columns);
        // Finding the means, two rounds on what is left, and the answer.
        n * (p + 1.0) + reduce + 2.0 * m * m * n_columns + 1.0
    }

    /// Does one bounded piece. True when the solution is there.
    pub(in crate::model) fn advance(&mut self) -> bool {
        let round = std::mem::replace(&mut self.round, Round::Centre);
        self.round = match round {
            Round::Centre => self.centre(),
            Round::Reduce { triangle, next_row } => self.reduce(triangle, next_row),
            Round::Rank(pivoted) => self.rank(pivoted),
            Round::Shorten(pivoted, shortening) => self.shorten(pivoted, shortening),
            done @ Round::Done(_) => done,
        };
        matches!(self.round, Round::Done(_))
    }

    /// The share of the work that is done.
    pub(in crate::model) fn fraction(&self) -> f64 {
        match self.round {
            Round::Done(_) => 1.0,
            _ => (self.done / Self::cost(self.x.n_rows(), self.x.n_features(), self.penalty_root)).min(0.99),
        }
    }

    /// Whether the solution, if it is there, is made of finite numbers.
    pub(in crate::model) fn is_finite(&self) -> bool {
        match &self.round {
            Round::Done(solution) => {
                solution.intercept.is_finite() && solution.coefficients.iter().all(|x| x.is_finite())
            }
            _ => true,
        }
    }

    pub(in crate::model) fn into_solution(self) -> Option<Solution> {
        match self.round {
            Round::Done(solution) => Some(solution),
            _ => None,
        }
    }

    fn centre(&mut self) -> Round {
        let n_features = self.x.n_features();
        let mut touched = 0;
        while touched < FLOPS_PER_STEP {
            let idx = self.centres.len();
            if idx > n_features {
                let n_columns = n_features + 1;
                let n_rows = self.x.n_rows();
                if n_rows > n_features {
                    let mut triangle: Vec<Vec<f64>> = (0..n_columns).map(|column| vec![0.0; column + 1]).collect();
                    for (column, centre) in triangle[..n_features].iter_mut().zip(&self.centres) {
                        *column.last_mut().expect("it has a diagonal") = self.penalty_root * centre.scale;
                    }
                    return Round::Reduce { triangle, next_row: 0 };
                }
                let mut columns: Vec<Vec<f64>> = (0..n_columns).map(|column| self.block(column, 0, n_rows)).collect();
                let y = columns.pop().expect("the last column is the target");
                if self.penalty_root > 0.0 {
                    self.centres.resize(n_columns + n_rows, Centre { mean: 0.0, scale: 1.0 / self.penalty_root });
                    columns.extend((0..n_rows).map(|row| unit_vector(row, n_rows)));
                }
                return Round::Rank(Pivoted::new(columns, y, n_features));
            }
            let column = if idx < n_features { self.x.feature(idx) } else { &self.y };
            let least = if idx < n_features { self.penalty_root } else { 0.0 };
            self.centres.push(Centre::of(column, self.fit_intercept, least));
            touched += column.len() + 1;
        }
        self.done += touched as f64;
        Round::Centre
    }

    fn block(&self, column: usize, start: usize, end: usize) -> Vec<f64> {
        let centre = self.centres[column];
        let values = if column < self.x.n_features() { self.x.feature(column) } else { &self.y };
        values[start..end].iter().map(|&x| centre.apply(x)).collect()
    }

    /// Folds some blocks of rows into the triangle, whose column `k` holds the rows `0..=k`.
    fn reduce(&mut self, mut triangle: Vec<Vec<f64>>, mut start: usize) -> Round {
        let n_columns = triangle.len();
        let (n_rows, n_features) = (self.x.n_rows(), n_columns - 1);
        let budget = (FLOPS_PER_STEP / (n_columns * n_columns)).max(1);
        let stop = n_rows.min(start + budget);
        self.done += (stop - start) as f64 * (n_columns * n_columns) as f64;
        while start < stop {
            let end = stop.min(start + ROWS_PER_BLOCK);
            let mut block: Vec<Vec<f64>> = (0..n_columns).map(|column| self.block(column, start, end)).collect();
            fold(&mut triangle, &mut block);
            start = end;
        }
        if stop < n_rows {
            return Round::Reduce { triangle, next_row: stop };
        }
        let y = triangle.pop().expect("the last column is the target");
        for column in &mut triangle {
            column.resize(n_features, 0.0);
        }
        Round::Rank(Pivoted::new(triangle, y[..n_features].to_vec(), n_features))
    }

    fn rank(&mut self, mut pivoted: Pivoted) -> Round {
        let n_columns = pivoted.columns.len();
        let per_column = (pivoted.n_rows() * n_columns).max(1);
        for _ in 0..FLOPS_PER_STEP.div_ceil(per_column) {
            self.done += per_column as f64;
            if !pivoted.eliminate(self.x.n_rows()) {
                if pivoted.rank == n_columns {
                    return Round::Done(self.solution(&pivoted.back_substituted(), &pivoted));
                }
                let shortening = Shortening::new(&pivoted, &self.centres);
                return Round::Shorten(pivoted, shortening);
            }
        }
        Round::Rank(pivoted)
    }

    fn shorten(&mut self, pivoted: Pivoted, mut shortening: Shortening) -> Round {
        let per_row = (pivoted.rank * pivoted.columns.len()).max(1);
        for _ in 0..FLOPS_PER_STEP.div_ceil(per_row) {
            self.done += per_row as f64;
            if !shortening.eliminate() {
                let shortest = shortening.solution(&pivoted.y[..pivoted.rank]);
                return Round::Done(self.solution(&shortest, &pivoted));
            }
        }
        Round::Shorten(pivoted, shortening)
    }

    /// Back to the units and the order of the features.
    fn solution(&self, permuted: &[f64], pivoted: &Pivoted) -> Solution {
        let n_features = self.x.n_features();
        let target = self.centres[n_features];
        let mut coefficients = vec![0.0; n_features];
        let mut intercept = target.mean;
        for (&coefficient, &feature) in permuted.iter().zip(&pivoted.features) {
            if feature > n_features {
                continue; // What is left of the target, not a feature.
            }
            let centre = self.centres[feature];
            intercept -= coefficient * centre.mean;
            coefficients[feature] = coefficient * centre.scale / target.scale;
        }
        // Where the penalty has columns of its own, every feature is held by it.
        let rank = if pivoted.columns.len() > n_features { n_features } else { pivoted.rank };
        Solution { coefficients, intercept: intercept / target.scale, rank }
    }
}

fn unit_vector(idx: usize, len: usize) -> Vec<f64> {
    let mut vector = vec![0.0; len];
    vector[idx] = 1.0;
    vector
}

/// Reflects a block of rows into a triangle, column by column; the last column is the target and is not eliminated.
fn fold(triangle: &mut [Vec<f64>], block: &mut [Vec<f64>]) {
    for pivot in 0..triangle.len() - 1 {
        let (head, tail) = block.split_at_mut(pivot + 1);
        let vector = &mut head[pivot];
        let Some((diagonal, tau)) = reflection(triangle[pivot][pivot], vector) else { continue };
        triangle[pivot][pivot] = diagonal;
        for (top, rest) in triangle[pivot + 1..].iter_mut().zip(tail) {
            let along = tau * (top[pivot] + dot(vector, rest));
            top[pivot] -= along;
            add_scaled(rest, -along, vector);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(x: Vec<Vec<f64>>, y: &[f64], fit_intercept: bool) -> Solution {
        solve_penalised(x, y, fit_intercept, 0.0)
    }

    fn solve_penalised(x: Vec<Vec<f64>>, y: &[f64], fit_intercept: bool, penalty: f64) -> Solution {
        let mut problem = LeastSquares::new(Matrix::from_columns(x), y.to_vec(), fit_intercept, penalty);
        let mut fraction = 0.0;
        while !problem.advance() {
            assert!(problem.fraction() >= fraction);
            fraction = problem.fraction();
        }
        problem.into_solution().unwrap()
    }

    #[track_caller]
    fn check(solution: &Solution, coefficients: &[f64], intercept: f64, rank: usize) {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
        let all_close = solution.coefficients.iter().zip(coefficients).all(|(&a, &b)| close(a, b));
        assert!(all_close && close(solution.intercept, intercept) && solution.rank == rank, "{solution:?}");
    }

    #[test]
    fn a_line_is_found() {
        check(&solve(vec![vec![0.0, 1.0, 2.0]], &[1.0, 3.0, 5.0], true), &[2.0], 1.0, 1);
        check(&solve(vec![vec![1.0, 2.0]], &[2.0, 4.0], false), &[2.0], 0.0, 1);
    }

    #[test]
    fn equal_columns_share_what_one_would_get() {
        let column = vec![0.0, 1.0, 2.0, 5.0];
        check(&solve(vec![column.clone(), column], &[0.0, 2.0, 4.0, 10.0], true), &[1.0, 1.0], 0.0, 1);
    }

    #[test]
    fn the_shortest_answer_is_measured_in_the_features_own_units() {
        // 1·a + 2·b = 5 has its shortest solution at (1, 2).
        check(&solve(vec![vec![1.0], vec![2.0]], &[5.0], false), &[1.0, 2.0], 0.0, 1);
    }

    #[test]
    fn units_do_not_decide_what_counts() {
        let small: Vec<f64> = [1.0, -2.0, 0.5, 3.0].iter().map(|x| x * 1e-200).collect();
        let large: Vec<f64> = [2.0, 1.0, -1.0, 0.0].iter().map(|x| x * 1e200).collect();
        let y: Vec<f64> = (0..4).map(|i| small[i] * 1e200 + large[i] * 3e-200).collect();
        let solution = solve(vec![small, large], &y, true);
        assert_eq!(solution.rank, 2);
        assert!((solution.coefficients[0] / 1e200 - 1.0).abs() < 1e-12, "{solution:?}");
        assert!((solution.coefficients[1] / 3e-200 - 1.0).abs() < 1e-12, "{solution:?}");
    }

    #[test]
    fn one_row_says_nothing_but_its_own_number() {
        check(&solve(vec![vec![3.0], vec![4.0]], &[7.0], true), &[0.0, 0.0], 7.0, 0);
    }

    #[test]
    fn many_blocks_give_what_one_gives() {
        let column = |k: u64| (0..10_000u64).map(|i| ((i * k) % 101) as f64).collect::<Vec<f64>>();
        let (a, b) = (column(7), column(13));
        let y: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 0.5 * a - 2.0 * b + 3.0).collect();
        check(&solve(vec![a, b], &y, true), &[0.5, -2.0], 3.0, 2);
    }

    #[test]
    fn a_penalty_shrinks_the_slope_and_leaves_the_mean() {
        // Centred, x is (-1, 0, 1) and y is (-2, 0, 2): the slope is 4 / (2 + 2).
        check(&solve_penalised(vec![vec![0.0, 1.0, 2.0]], &[1.0, 3.0, 5.0], true, 2.0), &[1.0], 2.0, 1);
        check(&solve_penalised(vec![vec![1.0, 2.0]], &[2.0, 4.0], false, 5.0), &[1.0], 0.0, 1);
    }

    #[test]
    fn a_penalty_works_with_more_features_than_rows() {
        // One row: w = x y / (x · x + penalty) = (1, 2) · 5 / (5 + 20).
        check(&solve_penalised(vec![vec![1.0], vec![2.0]], &[5.0], false, 20.0), &[0.2, 0.4], 0.0, 2);
        // Two rows, centred to ±(1, 2) and ±2: the same with both rows, (1, 2) · 4 / (10 + 10).
        let x = vec![vec![0.0, 2.0], vec![5.0, 9.0]];
        check(&solve_penalised(x, &[1.0, 5.0], true, 10.0), &[0.2, 0.4], 3.0 - 0.2 - 2.8, 2);
    }

    #[test]
    fn a_penalty_tells_equal_and_tiny_columns_apart() {
        let column = vec![0.0, 1.0, 2.0];
        let solution =
            solve_penalised(vec![column.clone(), column, vec![1e-310, 0.0, 0.0]], &[0.0, 2.0, 4.0], true, 1.0);
        // 4 / (2 + 2 + 1) each, and nothing that could be said of the third.
        check(&solution, &[0.8, 0.8, 0.0], 2.0 - 1.6, 3);
    }
}
