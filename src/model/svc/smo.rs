//! The margin between two classes, by sequential minimal optimisation: two rows' weights at a time.
//!
//! ```text
//! minimised     ½ Σ alpha_i alpha_j y_i y_j K_ij − Σ alpha_i      with  0 ≤ alpha_i ≤ bound_i  and  Σ alpha_i y_i = 0
//! lead_i        y_i − Σ alpha_j y_j K_ij
//! ```
//! `lead` is what a row's label is above what the rows say about it: the intercept that would put the row on its margin.
//! A row can *rise* when its `alpha · y` may become larger, and *fall* when it may become smaller. All is done when no
//! row that can rise leads a row that can fall by `tol`. The pair to move is chosen by second-order information (Fan,
//! Chen and Lin 2005, <https://www.jmlr.org/papers/v6/fan05a.html>), as libsvm does.

use super::kernel::Rows;

/// What stands in for a curvature that rounding has made 0 or less; libsvm's.
const LEAST_CURVATURE: f64 = 1e-12;

/// A minimisation under way.
#[derive(Debug)]
pub(super) struct Smo {
    /// 1 or −1.
    y: Vec<f64>,
    /// Rows whose bound is 0 take no part, but have a lead.
    bounds: Vec<f64>,
    alpha: Vec<f64>,
    lead: Vec<f64>,
    tol: f64,
    max_iter: usize,
    pub(super) n_iterations: usize,
    /// By how much some row leads another.
    pub(super) gap: f64,
}

impl Smo {
    /// **Shapes** one label and one bound per row.
    pub(super) fn new(y: Vec<f64>, bounds: Vec<f64>, tol: f64, max_iter: usize) -> Self {
        let (alpha, lead) = (vec![0.0; y.len()], y.clone());
        Self { y, bounds, alpha, lead, tol, max_iter, n_iterations: 0, gap: f64::INFINITY }
    }

    /// Goes on until so many multiply-adds are spent. True when all is done, or the iterations are used up.
    pub(super) fn advance(&mut self, rows: &mut Rows, budget: usize) -> bool {
        let end = rows.spent + budget;
        while rows.spent < end {
            rows.spent += 8 * self.y.len() + 1;
            if self.n_iterations >= self.max_iter {
                return true;
            }
            let Some((rising, falling)) = self.choose(rows) else { return true };
            self.move_pair(rows, rising, falling);
            self.n_iterations += 1;
        }
        false
    }

    /// The solution is within `tol`.
    pub(super) fn has_settled(&self) -> bool {
        self.gap < self.tol
    }

    fn room_to_rise(&self, row: usize) -> f64 {
        if self.y[row] > 0.0 { self.bounds[row] - self.alpha[row] } else { self.alpha[row] }
    }

    fn room_to_fall(&self, row: usize) -> f64 {
        if self.y[row] > 0.0 { self.alpha[row] } else { self.bounds[row] - self.alpha[row] }
    }

    /// The row that leads most, and the one whose move with it gains most; none when all is done.
    fn choose(&mut self, rows: &mut Rows) -> Option<(usize, usize)> {
        let (mut rising, mut highest) = (None, f64::NEG_INFINITY);
        for (row, &lead) in self.lead.iter().enumerate() {
            if lead >= highest && self.room_to_rise(row) > 0.0 {
                (rising, highest) = (Some(row), lead);
            }
        }
        self.gap = 0.0;
        let rising = rising?;
        let alike = rows.alike(rising);
        let (mut falling, mut lowest, mut most) = (None, f64::INFINITY, 0.0);
        for (row, &lead) in self.lead.iter().enumerate() {
            if self.room_to_fall(row) <= 0.0 {
                continue;
            }
            lowest = lead.min(lowest);
            let apart = highest - lead;
            if apart > 0.0 {
                let curvature = curvature(rows.own[rising], rows.own[row], alike[row]);
                let gained = apart * apart / curvature;
                if gained >= most {
                    (falling, most) = (Some(row), gained);
                }
            }
        }
        self.gap = (highest - lowest).max(0.0);
        if self.has_settled() { None } else { Some((rising, falling?)) }
    }

    /// Moves both to the best place, or as far as their bounds let them.
    fn move_pair(&mut self, rows: &mut Rows, rising: usize, falling: usize) {
        let (up, down) = (rows.alike(rising), rows.alike(falling));
        let curvature = curvature(rows.own[rising], rows.own[falling], up[falling]);
        let best = (self.lead[rising] - self.lead[falling]) / curvature;
        let (room_up, room_down) = (self.room_to_rise(rising), self.room_to_fall(falling));
        let step = best.min(room_up).min(room_down);
        self.shift(rising, step, step >= room_up);
        self.shift(falling, -step, step >= room_down);
        for (lead, (up, down)) in self.lead.iter_mut().zip(up.iter().zip(down.iter())) {
            *lead -= step * (up - down);
        }
    }

    /// Adds to `alpha · y`. What meets its bound is exactly there.
    fn shift(&mut self, row: usize, step: f64, meets_bound: bool) {
        let change = self.y[row] * step;
        self.alpha[row] = match (meets_bound, change > 0.0) {
            (true, true) => self.bounds[row],
            (true, false) => 0.0,
            (false, _) => self.alpha[row] + change,
        };
    }

    /// The intercept: the mean lead of the rows on their margins, or the middle of what the others allow.
    pub(super) fn intercept(&self) -> f64 {
        let (mut sum, mut n_free) = (0.0, 0);
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for (row, &lead) in self.lead.iter().enumerate() {
            match (self.room_to_rise(row) > 0.0, self.room_to_fall(row) > 0.0) {
                (true, true) => {
                    sum += lead;
                    n_free += 1;
                }
                (true, false) => low = lead.max(low),
                (false, true) => high = lead.min(high),
                (false, false) => {}
            }
        }
        if n_free > 0 { sum / f64::from(n_free) } else { low / 2.0 + high / 2.0 }
    }

    /// `alpha · y` of every row.
    pub(super) fn coefficients(&self) -> Vec<f64> {
        self.alpha.iter().zip(&self.y).map(|(alpha, y)| alpha * y).collect()
    }

    /// What is decided about a row, whether it takes part or not; by the only class there is where one takes no part.
    pub(super) fn decision(&self, row: usize, intercept: f64) -> f64 {
        if intercept.is_finite() {
            return self.y[row] - self.lead[row] + intercept;
        }
        let only = self.y.iter().zip(&self.bounds).find(|(_, bound)| **bound > 0.0);
        only.map_or(0.0, |(y, _)| *y)
    }
}

/// How the objective bends when two rows are moved against each other.
fn curvature(own: f64, other: f64, alike: f64) -> f64 {
    (own + other - 2.0 * alike).max(LEAST_CURVATURE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::svc::kernel::Shape;
    use crate::preprocess::Matrix;

    fn solved(x: &[f64], y: &[f64], bounds: &[f64]) -> Smo {
        let mut rows = Rows::new(Matrix::from_columns(vec![x.to_vec()]), Shape::Linear, 1e6);
        let mut smo = Smo::new(y.to_vec(), bounds.to_vec(), 1e-12, 1000);
        while !smo.advance(&mut rows, 100) {}
        smo
    }

    #[test]
    fn the_margin_of_two_points_is_between_them() {
        // w = 1 and b = −2 put 3 and 1 on their margins; alpha = ½ each.
        let smo = solved(&[3.0, 1.0, 9.0], &[1.0, -1.0, 1.0], &[10.0; 3]);
        assert_eq!(smo.coefficients(), [0.5, -0.5, 0.0]);
        assert_eq!(smo.intercept(), -2.0);
        assert_eq!(smo.decision(2, -2.0), 7.0);
    }

    #[test]
    fn weights_end_exactly_at_their_bounds() {
        let smo = solved(&[3.0, 1.0, 0.9], &[1.0, -1.0, 1.0], &[0.2, 0.2, 0.2]);
        assert!(smo.coefficients().iter().all(|x| x.abs() <= 0.2) && smo.has_settled());
        assert!(smo.coefficients().iter().any(|x| x.abs() == 0.2));
    }

    #[test]
    fn a_row_with_bound_0_takes_no_part_and_is_decided_about() {
        let smo = solved(&[3.0, 1.0, 2.5], &[1.0, -1.0, -1.0], &[10.0, 10.0, 0.0]);
        assert_eq!(smo.coefficients(), [0.5, -0.5, 0.0]);
        assert_eq!(smo.decision(2, smo.intercept()), 0.5);
        // Without the other class everything is of the one.
        let smo = solved(&[3.0, 1.0, 2.5], &[1.0, -1.0, -1.0], &[0.0, 10.0, 10.0]);
        assert_eq!(smo.decision(0, smo.intercept()), -1.0);
    }
}
