//! The exact solution of a least-squares problem, in bounded pieces and with little memory.
//!
//! What comes in: features and numbers. What goes out: the coefficients that make the squared error smallest, and among
//! several such the shortest ones. Three rounds of Householder reflections (Golub and Van Loan, Matrix Computations,
//! 4th ed., ch. 5), all f64:
//! 1. *Reduce*: blocks of centred rows are folded into a triangle as large as the features are many (a sequential
//!    "tall skinny QR", Demmel et al. 2012, <https://doi.org/10.1137/080731992>). With more features than rows the rows
//!    themselves are the start of round 2.
//! 2. *Rank*: the triangle again, the column with the largest rest first, until only rounding is left (§5.4.2).
//! 3. *Shorten*: if columns are left over, reflections from the right make the solution the shortest (§5.4.7).
//!
//! Squaring is nowhere, so as many digits remain as the problem has.

use crate::model::linear_map::{add_scaled, dot};
use crate::preprocess::Matrix;

/// Multiply-adds in one step: some 20 ms natively.
const FLOPS_PER_STEP: usize = 20_000_000;

/// Rows in a block, at most: it stays in the cache.
const ROWS_PER_BLOCK: usize = 2048;

/// The coefficients, and how many features carry something of their own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Solution {
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) rank: usize,
}

/// A solution under way.
#[derive(Debug)]
pub(super) struct LeastSquares {
    x: Matrix,
    y: Vec<f64>,
    /// Per feature, and last the target.
    centres: Vec<Centre>,
    fit_intercept: bool,
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
struct Centre {
    mean: f64,
    /// A power of two: multiplying with it is exact.
    scale: f64,
}

impl Centre {
    fn of(column: &[f64], fit_intercept: bool) -> Self {
        let scale = inverse_power_of_two(column.iter().fold(0.0, |largest: f64, x| largest.max(x.abs())));
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
    pub(super) fn new(x: Matrix, y: Vec<f64>, fit_intercept: bool) -> Self {
        Self { x, y, centres: Vec::new(), fit_intercept, round: Round::Centre, done: 0.0 }
    }

    /// How many multiply-adds the whole takes, about.
    pub(super) fn cost(n_rows: usize, n_features: usize) -> f64 {
        let (n, p) = (n_rows as f64, n_features as f64);
        let m = n.min(p);
        let reduce = if n > p { n * p * p } else { 0.0 };
        // Finding the means, two rounds on what is left, and the answer.
        n * (p + 1.0) + reduce + 2.0 * m * m * p + 1.0
    }

    /// Does one bounded piece. True when the solution is there.
    pub(super) fn advance(&mut self) -> bool {
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
    pub(super) fn fraction(&self) -> f64 {
        match self.round {
            Round::Done(_) => 1.0,
            _ => (self.done / Self::cost(self.x.n_rows(), self.x.n_features())).min(0.99),
        }
    }

    /// Whether the solution, if it is there, is made of finite numbers.
    pub(super) fn is_finite(&self) -> bool {
        match &self.round {
            Round::Done(solution) => {
                solution.intercept.is_finite() && solution.coefficients.iter().all(|x| x.is_finite())
            }
            _ => true,
        }
    }

    pub(super) fn into_solution(self) -> Option<Solution> {
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
                if self.x.n_rows() > n_features {
                    let triangle = (0..n_columns).map(|column| vec![0.0; column + 1]).collect();
                    return Round::Reduce { triangle, next_row: 0 };
                }
                let mut columns: Vec<Vec<f64>> =
                    (0..n_columns).map(|column| self.block(column, 0, self.x.n_rows())).collect();
                let y = columns.pop().expect("the last column is the target");
                return Round::Rank(Pivoted::new(columns, y));
            }
            let column = if idx < n_features { self.x.feature(idx) } else { &self.y };
            self.centres.push(Centre::of(column, self.fit_intercept));
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
        Round::Rank(Pivoted::new(triangle, y[..n_features].to_vec()))
    }

    fn rank(&mut self, mut pivoted: Pivoted) -> Round {
        let n_features = self.x.n_features();
        let per_column = (pivoted.n_rows() * n_features).max(1);
        for _ in 0..FLOPS_PER_STEP.div_ceil(per_column) {
            self.done += per_column as f64;
            if !pivoted.eliminate(self.x.n_rows()) {
                if pivoted.rank == n_features {
                    return Round::Done(self.solution(&pivoted.back_substituted(), &pivoted));
                }
                let shortening = Shortening::new(&pivoted, &self.centres);
                return Round::Shorten(pivoted, shortening);
            }
        }
        Round::Rank(pivoted)
    }

    fn shorten(&mut self, pivoted: Pivoted, mut shortening: Shortening) -> Round {
        let per_row = (pivoted.rank * self.x.n_features()).max(1);
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
            let centre = self.centres[feature];
            intercept -= coefficient * centre.mean;
            coefficients[feature] = coefficient * centre.scale / target.scale;
        }
        Solution { coefficients, intercept: intercept / target.scale, rank: pivoted.rank }
    }
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

/// Makes `vector` the reflection that turns `(first, vector)` into `(result, 0)`, its own first number being 1. Gives
/// the result and the factor of the reflection; none when there is nothing to turn.
fn reflection(first: f64, vector: &mut [f64]) -> Option<(f64, f64)> {
    let squares = dot(vector, vector);
    if squares == 0.0 {
        return None;
    }
    let norm = libm::sqrt(first * first + squares);
    let result = if first > 0.0 { -norm } else { norm };
    let head = first - result;
    vector.iter_mut().for_each(|x| *x /= head);
    Some((result, (result - first) / result))
}

/// Columns being made triangular, largest first.
#[derive(Debug)]
struct Pivoted {
    /// In pivot order, all of one length.
    columns: Vec<Vec<f64>>,
    y: Vec<f64>,
    /// The feature of each column.
    features: Vec<usize>,
    /// Each column's size before anything was eliminated.
    sizes: Vec<f64>,
    rank: usize,
}

impl Pivoted {
    fn new(columns: Vec<Vec<f64>>, y: Vec<f64>) -> Self {
        let sizes = columns.iter().map(|column| libm::sqrt(dot(column, column))).collect();
        let features = (0..columns.len()).collect();
        Self { columns, y, features, sizes, rank: 0 }
    }

    fn n_rows(&self) -> usize {
        self.y.len()
    }

    /// Eliminates below the column with the largest rest. False when nothing but rounding is left.
    ///
    /// Rests are compared with what each column was, so a feature's unit does not decide whether it counts.
    fn eliminate(&mut self, n_training_rows: usize) -> bool {
        let pivot = self.rank;
        if pivot >= self.n_rows().min(self.columns.len()) {
            return false;
        }
        let rest = |column: usize| match self.sizes[column] {
            0.0 => 0.0,
            size => libm::sqrt(dot(&self.columns[column][pivot..], &self.columns[column][pivot..])) / size,
        };
        let mut best = (pivot, rest(pivot));
        for column in pivot + 1..self.columns.len() {
            let rest = rest(column);
            if rest > best.1 {
                best = (column, rest);
            }
        }
        let rounding = n_training_rows.max(self.columns.len()) as f64 * f64::EPSILON;
        if best.1 <= rounding {
            return false;
        }
        self.columns.swap(pivot, best.0);
        self.features.swap(pivot, best.0);
        self.sizes.swap(pivot, best.0);
        let (head, tail) = self.columns.split_at_mut(pivot + 1);
        let (above, below) = head[pivot].split_at_mut(pivot + 1);
        let diagonal = &mut above[pivot];
        if let Some((result, tau)) = reflection(*diagonal, below) {
            *diagonal = result;
            for column in tail.iter_mut().chain([&mut self.y]) {
                let along = tau * (column[pivot] + dot(below, &column[pivot + 1..]));
                column[pivot] -= along;
                add_scaled(&mut column[pivot + 1..], -along, below);
            }
            below.fill(0.0);
        }
        self.rank += 1;
        true
    }

    /// The solution when every column counts.
    fn back_substituted(&self) -> Vec<f64> {
        let mut solution = self.y[..self.rank].to_vec();
        for idx in (0..self.rank).rev() {
            solution[idx] /= self.columns[idx][idx];
            let (head, tail) = solution.split_at_mut(idx);
            add_scaled(head, -tail[0], &self.columns[idx][..idx]);
        }
        solution
    }
}

/// The first `rank` rows of the triangle, being turned from the right until the columns left over are 0.
#[derive(Debug)]
struct Shortening {
    /// Row by row: the part of the triangle (columns `0..rank`), then the columns left over.
    rows: Vec<Vec<f64>>,
    /// The factor of each row's reflection, whose vector takes the place of the row's columns left over.
    taus: Vec<f64>,
    /// What each column is multiplied with so that lengths are measured in the features' own units.
    units: Vec<f64>,
    next: usize,
}

impl Shortening {
    fn new(pivoted: &Pivoted, centres: &[Centre]) -> Self {
        let n_columns = pivoted.columns.len();
        // The largest unit is 1: dividing by the smallest scale keeps every factor finite.
        let smallest = pivoted.features.iter().map(|&f| centres[f].scale).fold(f64::INFINITY, f64::min);
        let units: Vec<f64> = pivoted.features.iter().map(|&f| smallest / centres[f].scale).collect();
        let row = |row: usize| (0..n_columns).map(|column| pivoted.columns[column][row] * units[column]).collect();
        let rows: Vec<Vec<f64>> = (0..pivoted.rank).map(row).collect();
        Self { taus: vec![0.0; rows.len()], next: rows.len(), rows, units }
    }

    /// Turns one more row, from the last to the first. False when all are.
    fn eliminate(&mut self) -> bool {
        let rank = self.rows.len();
        let Some(idx) = self.next.checked_sub(1) else { return false };
        self.next = idx;
        let (above, rest) = self.rows.split_at_mut(idx);
        let (head, tail) = rest[0].split_at_mut(rank);
        if let Some((result, tau)) = reflection(head[idx], tail) {
            head[idx] = result;
            self.taus[idx] = tau;
            for row in above {
                let (row_head, row_tail) = row.split_at_mut(rank);
                let along = tau * (row_head[idx] + dot(tail, row_tail));
                row_head[idx] -= along;
                add_scaled(row_tail, -along, tail);
            }
        }
        true
    }

    fn solution(&self, y: &[f64]) -> Vec<f64> {
        let rank = self.rows.len();
        let mut solution = vec![0.0; self.units.len()];
        for idx in (0..rank).rev() {
            let known = dot(&self.rows[idx][idx + 1..rank], &solution[idx + 1..rank]);
            solution[idx] = (y[idx] - known) / self.rows[idx][idx];
        }
        // The reflections, in the opposite order.
        for (idx, &tau) in self.taus.iter().enumerate() {
            let vector = &self.rows[idx][rank..];
            let (head, tail) = solution.split_at_mut(rank);
            let along = tau * (head[idx] + dot(vector, tail));
            head[idx] -= along;
            add_scaled(tail, -along, vector);
        }
        solution.iter().zip(&self.units).map(|(x, unit)| x * unit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(x: Vec<Vec<f64>>, y: &[f64], fit_intercept: bool) -> Solution {
        let mut problem = LeastSquares::new(Matrix::from_columns(x), y.to_vec(), fit_intercept);
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
}
