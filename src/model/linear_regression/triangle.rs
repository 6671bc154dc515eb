//! Rounds 2 and 3 of a least-squares problem: a triangle by pivoting, and the shortest of several solutions.
//!
//! What comes in: columns near 1 and a target, none with more rows than are left after round 1. What goes out: which
//! columns count, and coefficients in the order of the pivots.

use super::least_squares::Centre;
use crate::model::linear_map::{add_scaled, dot};

/// Makes `vector` the reflection that turns `(first, vector)` into `(result, 0)`, its own first number being 1. Gives
/// the result and the factor of the reflection; none when there is nothing to turn.
pub(super) fn reflection(first: f64, vector: &mut [f64]) -> Option<(f64, f64)> {
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
pub(super) struct Pivoted {
    /// In pivot order, all of one length.
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) y: Vec<f64>,
    /// The feature of each column.
    pub(super) features: Vec<usize>,
    /// Each column's size before anything was eliminated.
    sizes: Vec<f64>,
    pub(super) rank: usize,
}

impl Pivoted {
    /// Columns beyond the features are numbered after the target, which comes after them.
    pub(super) fn new(columns: Vec<Vec<f64>>, y: Vec<f64>, n_features: usize) -> Self {
        let sizes = columns.iter().map(|column| libm::sqrt(dot(column, column))).collect();
        let features = (0..columns.len()).map(|column| column + usize::from(column >= n_features)).collect();
        Self { columns, y, features, sizes, rank: 0 }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.y.len()
    }

    /// Eliminates below the column with the largest rest. False when nothing but rounding is left.
    ///
    /// Rests are compared with what each column was, so a feature's unit does not decide whether it counts.
    pub(super) fn eliminate(&mut self, n_training_rows: usize) -> bool {
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
    pub(super) fn back_substituted(&self) -> Vec<f64> {
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
pub(super) struct Shortening {
    /// Row by row: the part of the triangle (columns `0..rank`), then the columns left over.
    rows: Vec<Vec<f64>>,
    /// The factor of each row's reflection, whose vector takes the place of the row's columns left over.
    taus: Vec<f64>,
    /// What each column is multiplied with so that lengths are measured in the features' own units.
    units: Vec<f64>,
    next: usize,
}

impl Shortening {
    pub(super) fn new(pivoted: &Pivoted, centres: &[Centre]) -> Self {
        let n_columns = pivoted.columns.len();
        // The largest unit is 1: dividing by the smallest scale keeps every factor finite.
        let smallest = pivoted.features.iter().map(|&f| centres[f].scale).fold(f64::INFINITY, f64::min);
        let units: Vec<f64> = pivoted.features.iter().map(|&f| smallest / centres[f].scale).collect();
        let row = |row: usize| (0..n_columns).map(|column| pivoted.columns[column][row] * units[column]).collect();
        let rows: Vec<Vec<f64>> = (0..pivoted.rank).map(row).collect();
        Self { taus: vec![0.0; rows.len()], next: rows.len(), rows, units }
    }

    /// Turns one more row, from the last to the first. False when all are.
    pub(super) fn eliminate(&mut self) -> bool {
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

    pub(super) fn solution(&self, y: &[f64]) -> Vec<f64> {
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
