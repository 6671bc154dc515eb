//! Singular values and directions of centred rows, in bounded pieces.
//!
//! Many rows are first reduced to a triangle with the same directions, by reflections, a block of rows at a time. Then
//! the rows that are left are rotated in pairs until all are at right angles (Hestenes 1958,
//! <https://doi.org/10.1137/0106005>): their lengths are the singular values, and what they point along the directions.
//! This finds small singular values as exactly as large ones.

use crate::Error;
use crate::model::ModelError;
use crate::model::linear_map::{add_scaled, dot};
use crate::preprocess::Matrix;

/// Numbers looked at in one step: some 20 ms.
const NUMBERS_PER_STEP: usize = 8_000_000;

/// More sweeps than any matrix needs; about eight are usual.
const SWEEPS_MAX: usize = 60;

/// The share of the progress that reducing takes.
const REDUCING: f64 = 0.5;

/// A decomposition under way.
pub(super) struct Svd {
    n_features: usize,
    stage: Stage,
    /// The lengths and directions, once found.
    found: Vec<(f64, Vec<f64>)>,
}

enum Stage {
    /// Columns of all rows, of which those of the triangle so far come first.
    Reducing {
        x: Vec<Vec<f64>>,
        next_row: usize,
        block: Vec<Vec<f64>>,
        pivot: usize,
    },
    Rotating {
        rows: Vec<Vec<f64>>,
        pair: (usize, usize),
        sweep: usize,
        is_turning: bool,
    },
    Done,
}

impl Svd {
    /// **Errors** `train.distances_not_finite`.
    pub(super) fn new(x: &Matrix, mean: &[f64]) -> Result<Self, Error> {
        let centred = |(feature, mean): (&Vec<f64>, &f64)| feature.iter().map(|x| x - mean).collect::<Vec<f64>>();
        let x: Vec<Vec<f64>> = x.features().iter().zip(mean).map(centred).collect();
        let (n_rows, n_features) = (x[0].len(), x.len());
        let squares: f64 = x.iter().map(|feature| dot(feature, feature)).sum();
        if !squares.is_finite() {
            return Err(ModelError::DistancesNotFinite {}.into());
        }
        let stage = if n_rows > n_features {
            Stage::Reducing { block: vec![Vec::new(); n_features], x, next_row: 0, pivot: n_features }
        } else {
            rotating((0..n_rows).map(|row| x.iter().map(|feature| feature[row]).collect()).collect())
        };
        Ok(Self { n_features, stage, found: Vec::new() })
    }

    /// Does a bounded piece; gives how far it is, from 0 to 1.
    pub(super) fn advance(&mut self) -> f64 {
        let mut budget = NUMBERS_PER_STEP;
        while budget > 0 {
            match &mut self.stage {
                Stage::Reducing { x, next_row, block, pivot } => {
                    if *pivot < x.len() {
                        budget = budget.saturating_sub(reflect(block, *pivot));
                        *pivot += 1;
                    } else if *next_row < x[0].len() {
                        budget = budget.saturating_sub(refill(x, next_row, block));
                        *pivot = 0;
                    } else {
                        let row = |row: usize| block.iter().map(|column| column[row]).collect();
                        self.stage = rotating((0..self.n_features).map(row).collect());
                    }
                }
                Stage::Rotating { rows, pair, sweep, is_turning } => {
                    let is_new_sweep = pair.1 >= rows.len();
                    if is_new_sweep && (rows.len() < 2 || !*is_turning || *sweep == SWEEPS_MAX) {
                        self.found = lengths_and_directions(std::mem::take(rows));
                        self.stage = Stage::Done;
                    } else if is_new_sweep {
                        (*pair, *sweep, *is_turning) = ((0, 1), *sweep + 1, false);
                    } else {
                        budget = budget.saturating_sub(6 * self.n_features);
                        *is_turning |= rotate(rows, *pair);
                        pair.1 += 1;
                        if pair.1 == rows.len() && pair.0 + 2 < rows.len() {
                            *pair = (pair.0 + 1, pair.0 + 2);
                        }
                    }
                }
                Stage::Done => return 1.0,
            }
        }
        match &self.stage {
            Stage::Reducing { x, next_row, .. } => REDUCING * *next_row as f64 / (x[0].len() + 1) as f64,
            Stage::Rotating { rows, pair, sweep, .. } => {
                let n_sweeps = *sweep as f64 + pair.0 as f64 / rows.len() as f64;
                REDUCING + (1.0 - REDUCING) * n_sweeps / (n_sweeps + 8.0)
            }
            Stage::Done => 1.0,
        }
    }

    /// The singular values, largest first, and the directions one after the other.
    pub(super) fn into_parts(self) -> (Vec<f64>, Vec<f64>) {
        let (values, directions): (Vec<f64>, Vec<Vec<f64>>) = self.found.into_iter().unzip();
        (values, directions.concat())
    }
}

fn rotating(rows: Vec<Vec<f64>>) -> Stage {
    Stage::Rotating { pair: (0, rows.len()), rows, sweep: 0, is_turning: true }
}

/// Puts more rows below the triangle; gives how many numbers were moved.
fn refill(x: &[Vec<f64>], next_row: &mut usize, block: &mut [Vec<f64>]) -> usize {
    let n_features = x.len();
    // Twice as many as features: the triangle is then a third of what is reflected.
    let end = x[0].len().min(*next_row + 2 * n_features.max(64));
    for (column, feature) in block.iter_mut().zip(x) {
        column.truncate(n_features);
        column.extend_from_slice(&feature[*next_row..end]);
    }
    let n_moved = (end - *next_row) * n_features;
    *next_row = end;
    n_moved
}

/// Reflects one column onto its diagonal, and the columns after it likewise (Householder); gives the numbers looked at.
fn reflect(block: &mut [Vec<f64>], pivot: usize) -> usize {
    let (head, tail) = block.split_at_mut(pivot + 1);
    let column = &mut head[pivot];
    if column.len() <= pivot + 1 {
        return 1;
    }
    let below = dot(&column[pivot + 1..], &column[pivot + 1..]);
    if below == 0.0 {
        return column.len();
    }
    let first = column[pivot];
    let norm = libm::sqrt(first * first + below);
    let result = if first > 0.0 { -norm } else { norm };
    let mut mirror = column[pivot..].to_vec();
    mirror[0] = first - result;
    // Twice over its own square.
    let factor = 2.0 / dot(&mirror, &mirror);
    for other in tail.iter_mut() {
        let along = factor * dot(&mirror, &other[pivot..]);
        add_scaled(&mut other[pivot..], -along, &mirror);
    }
    column[pivot] = result;
    column[pivot + 1..].fill(0.0);
    2 * mirror.len() * (tail.len() + 1)
}

/// Turns two rows within their plane until they are at right angles. False when they already were.
fn rotate(rows: &mut [Vec<f64>], (p, q): (usize, usize)) -> bool {
    let (head, tail) = rows.split_at_mut(q);
    let (a, b) = (&mut head[p], &mut tail[0]);
    let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
    let rounding = f64::EPSILON * libm::sqrt(a.len() as f64);
    if ab == 0.0 || ab.abs() <= rounding * libm::sqrt(aa) * libm::sqrt(bb) {
        return false;
    }
    let zeta = (bb - aa) / (2.0 * ab);
    let tangent = zeta.signum() / (zeta.abs() + libm::sqrt(1.0 + zeta * zeta));
    let cosine = 1.0 / libm::sqrt(1.0 + tangent * tangent);
    let sine = cosine * tangent;
    for (a, b) in a.iter_mut().zip(b.iter_mut()) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
    true
}

/// Rows at right angles as lengths, largest first, and directions of length 1, the largest number of each positive. Rows
/// that are nothing but rounding get directions that are at right angles to all others.
fn lengths_and_directions(rows: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    let mut all: Vec<(f64, Vec<f64>)> = rows.into_iter().map(|row| (libm::sqrt(dot(&row, &row)), row)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let largest = all.first().map_or(0.0, |(length, _)| *length);
    let n_features = all.first().map_or(0, |(_, row)| row.len());
    let rounding = largest * f64::EPSILON * n_features as f64;
    let mut next_axis = 0;
    for idx in 0..all.len() {
        let (before, rest) = all.split_at_mut(idx);
        let (length, row) = &mut rest[0];
        if *length > rounding {
            row.iter_mut().for_each(|x| *x /= *length);
        } else {
            *row = direction_beside(before, n_features, &mut next_axis);
        }
        let mut first_largest = row[0];
        row.iter().for_each(|&x| {
            if x.abs() > first_largest.abs() {
                first_largest = x
            }
        });
        if first_largest < 0.0 {
            row.iter_mut().for_each(|x| *x = -*x);
        }
    }
    all
}

/// A direction at right angles to those before: the next axis of which enough is left.
fn direction_beside(before: &[(f64, Vec<f64>)], n_features: usize, next_axis: &mut usize) -> Vec<f64> {
    loop {
        let mut row = vec![0.0; n_features];
        row[*next_axis % n_features] = 1.0;
        *next_axis += 1;
        // Once more, for what rounding has left.
        for _ in 0..2 {
            for (_, other) in before {
                let along = dot(&row, other);
                add_scaled(&mut row, -along, other);
            }
        }
        let length = libm::sqrt(dot(&row, &row));
        // Among all axes one is at least this far from the others' span.
        if length * length * n_features as f64 > 0.5 || *next_axis > 2 * n_features {
            row.iter_mut().for_each(|x| *x /= length.max(f64::MIN_POSITIVE));
            return row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decomposed(x: &Matrix) -> (Vec<f64>, Vec<f64>) {
        let mut svd = Svd::new(x, &vec![0.0; x.n_features()]).unwrap();
        while svd.advance() < 1.0 {}
        svd.into_parts()
    }

    #[test]
    fn singular_values_and_directions_are_found() {
        // AᵀA = [[9, 12], [12, 41]]: eigenvalues 45 and 5, directions (1, 3) and (3, −1).
        for extra in [0, 500] {
            let mut columns = vec![vec![3.0, 0.0], vec![4.0, 5.0]];
            columns.iter_mut().for_each(|column| column.extend(vec![0.0; extra]));
            let (values, directions) = decomposed(&Matrix::from_columns(columns));
            let (a, b) = (45f64.sqrt(), 5f64.sqrt());
            assert!((values[0] - a).abs() < 1e-14 && (values[1] - b).abs() < 1e-14, "{values:?}");
            let expected = [1.0, 3.0, 3.0, -1.0].map(|x| x / 10f64.sqrt());
            for (given, expected) in directions.iter().zip(expected) {
                assert!((given - expected).abs() < 1e-14, "{directions:?}");
            }
        }
    }

    #[test]
    fn directions_of_what_does_not_vary_are_at_right_angles_too() {
        let (values, directions) = decomposed(&Matrix::from_columns(vec![vec![1.0, -1.0, 0.0, 2.0]; 3]));
        assert!(values[1] < 1e-14 && values[2] < 1e-14);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            assert!(dot(&directions[a * 3..a * 3 + 3], &directions[b * 3..b * 3 + 3]).abs() < 1e-14);
        }
    }
}
