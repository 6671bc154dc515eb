//! Coordinate descent: what lasso and elastic net have in common, one coefficient at a time.
//!
//! ```text
//! minimised   Σ (y − prediction)² / (2 · n_rows) + alpha · l1_ratio · Σ |coefficient|
//!             + ½ · alpha · (1 − l1_ratio) · Σ coefficient²
//! ```
//! What comes in: features and numbers. What goes out: coefficients whose loss is, by the duality gap, at most
//! `tol · Σ y² / n_rows` above the smallest there is. Features are taken in their order, again and again, and each
//! coefficient becomes the best one while the others stand still (Friedman, Hastie and Tibshirani 2010,
//! <https://doi.org/10.18637/jss.v033.i01>). The gap is found once a sweep has moved no coefficient by more than `tol`
//! of the largest one, as scikit-learn does; unlike there, no feature is ever taken out of the sweeps beforehand.

use crate::Error;
use crate::error::Issues;
use crate::model::linear_map::{FittedLinear, LinearMap, add_scaled, dot};
use crate::model::{BoxedSession, Fitted, ModelError};
use crate::preprocess::{Matrix, Target};
use crate::train::{FitInput, Session, Step, StepFuture, ready};

/// Multiply-adds in one step: some 20 ms natively.
const FLOPS_PER_STEP: usize = 20_000_000;

/// How much longer centring and copying a column takes than one move of its coefficient.
const CENTRING: usize = 5;

/// What is minimised, and when it is good enough.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) kind: &'static str,
    pub(super) alpha: f64,
    pub(super) l1_ratio: f64,
    pub(super) fit_intercept: bool,
    pub(super) max_iter: usize,
    pub(super) tol: f64,
}

crate::trouble! {
    /// What can be odd about a lasso or an elastic net.
    pub enum CoordinateIssue in "train" {
        /// The sweeps were used up before the duality gap was small enough.
        GapLeft { max_iter: usize, gap: f64, tol: f64 } => "duality_gap_left",
            "after {max_iter} sweeps the duality gap is {gap:.1e} of the target's squares, and tol is {tol:e}",
            hint "Raise max_iter or alpha, or scale the features";
        /// The penalty is so strong that no feature is used.
        NoFeatureUsed { alpha: f64, needed: f64 } => "no_feature_used",
            "with alpha {alpha} no feature is used, and every answer is the same",
            hint "Set alpha below {needed:.2e}";
    }
}

/// Starts a descent.
///
/// **Errors** `train.wrong_task`.
pub(super) fn start(config: Config, input: FitInput) -> Result<BoxedSession, Error> {
    let Target::Values(mut y) = input.y else {
        return Err(ModelError::WrongTask { kind: config.kind.to_owned(), task: "classification".to_owned() }.into());
    };
    let n = y.len() as f64;
    let y_mean = if config.fit_intercept { mean(&y) } else { 0.0 };
    y.iter_mut().for_each(|y| *y -= y_mean);
    Ok(Box::new(CoordinateDescent {
        l1: config.alpha * config.l1_ratio * n,
        l2: config.alpha * (1.0 - config.l1_ratio) * n,
        y_squares: dot(&y, &y),
        coefficients: vec![0.0; input.x.n_features()],
        columns: Vec::with_capacity(input.x.n_features()),
        residual: y.clone(),
        phase: Phase::Centre,
        x: input.x,
        y,
        y_mean,
        n_sweeps: 0,
        gap: f64::INFINITY,
        steepest: 0.0,
        fraction: 0.0,
        config,
    }))
}

/// A column less its mean.
#[derive(Debug)]
struct Centred {
    values: Vec<f64>,
    mean: f64,
    squares: f64,
}

/// Each goes through the features one after the other.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Centre,
    /// Finds how far the loss is above the smallest one.
    Gap {
        next: usize,
        /// The largest slope, or without a penalty that is no square the sum of their squares.
        slopes: f64,
    },
    Sweep {
        next: usize,
        largest: f64,
        largest_change: f64,
    },
    Done,
}

/// A fit under way.
struct CoordinateDescent {
    config: Config,
    x: Matrix,
    y: Vec<f64>,
    y_mean: f64,
    y_squares: f64,
    /// The penalties times the rows.
    l1: f64,
    l2: f64,
    columns: Vec<Centred>,
    coefficients: Vec<f64>,
    residual: Vec<f64>,
    phase: Phase,
    n_sweeps: usize,
    gap: f64,
    /// The largest slope when the gap was found last.
    steepest: f64,
    fraction: f64,
}

impl CoordinateDescent {
    /// Does one bounded piece.
    fn advance(&mut self) -> Result<Step, Error> {
        let per_feature = 2 * self.y.len() + 1;
        let mut left = FLOPS_PER_STEP;
        while left > 0 {
            let is_centring = matches!(self.phase, Phase::Centre);
            left = left.saturating_sub(if is_centring { CENTRING * per_feature } else { per_feature });
            match self.phase {
                Phase::Centre => self.centre()?,
                Phase::Gap { next, slopes } => self.find_gap(next, slopes),
                Phase::Sweep { next, largest, largest_change } => self.sweep(next, largest, largest_change)?,
                Phase::Done => {
                    self.map().check_finite()?;
                    self.fraction = 1.0;
                    break;
                }
            }
        }
        Ok(Step { fraction: self.fraction, epoch: None })
    }

    /// One column; the means are the intercept's business.
    fn centre(&mut self) -> Result<(), Error> {
        let idx = self.columns.len();
        if idx == self.coefficients.len() {
            // From here on the centred columns take its place.
            self.x = Matrix::default();
            self.phase = Phase::Gap { next: 0, slopes: 0.0 };
            return Ok(());
        }
        let column = self.x.feature(idx);
        let mean = if self.config.fit_intercept { mean(column) } else { 0.0 };
        let values: Vec<f64> = column.iter().map(|x| x - mean).collect();
        let squares = dot(&values, &values);
        if !(squares.is_finite() && self.y_squares.is_finite()) {
            return Err(ModelError::CoefficientsNotFinite {}.into());
        }
        self.columns.push(Centred { values, mean, squares });
        Ok(())
    }

    /// The slope at one feature, and after the last one the gap.
    ///
    /// With an absolute penalty a point of the dual problem is the residual, made so small that no slope is above the
    /// penalty. Without, the dual problem of ridge regression has its closed form, and without any penalty the slopes
    /// themselves tell.
    fn find_gap(&mut self, next: usize, slopes: f64) {
        if let Some(column) = self.columns.get(next) {
            let along = dot(&column.values, &self.residual);
            let slopes = match self.l1 {
                0.0 => slopes + along * along,
                _ => slopes.max((along - self.l2 * self.coefficients[next]).abs()),
            };
            self.phase = Phase::Gap { next: next + 1, slopes };
            return;
        }
        let (l1, l2) = (self.l1, self.l2);
        let squares = dot(&self.residual, &self.residual) + l2 * dot(&self.coefficients, &self.coefficients);
        let along_y = dot(&self.residual, &self.y);
        self.steepest = slopes;
        self.gap = if l1 > 0.0 {
            let shrunk = if slopes > l1 { l1 / slopes } else { 1.0 };
            let absolute: f64 = self.coefficients.iter().map(|x| x.abs()).sum();
            0.5 * squares + l1 * absolute - (shrunk * along_y - 0.5 * shrunk * shrunk * squares)
        } else if l2 > 0.0 {
            let residual_squares = dot(&self.residual, &self.residual);
            0.5 * (squares + residual_squares) - along_y + slopes / (2.0 * l2)
        } else {
            slopes
        };
        let is_done = self.has_settled() || self.n_sweeps >= self.config.max_iter;
        self.phase = if is_done { Phase::Done } else { self.next_sweep() };
    }

    fn has_settled(&self) -> bool {
        self.gap <= self.config.tol * self.y_squares
    }

    fn next_sweep(&self) -> Phase {
        Phase::Sweep { next: 0, largest: 0.0, largest_change: 0.0 }
    }

    /// Makes one coefficient the best one, and after the last one decides how to go on.
    fn sweep(&mut self, next: usize, largest: f64, largest_change: f64) -> Result<(), Error> {
        let Some(column) = self.columns.get(next) else {
            self.n_sweeps += 1;
            let moved = if largest == 0.0 { 0.0 } else { largest_change / largest };
            self.tell(moved);
            let looks_done = moved <= self.config.tol || self.n_sweeps >= self.config.max_iter;
            self.phase = if looks_done { Phase::Gap { next: 0, slopes: 0.0 } } else { self.next_sweep() };
            return Ok(());
        };
        let before = self.coefficients[next];
        let mut change = 0.0;
        if column.squares > 0.0 {
            let slope = dot(&column.values, &self.residual) + before * column.squares;
            let after = soft(slope, self.l1) / (column.squares + self.l2);
            if !after.is_finite() {
                return Err(ModelError::CoefficientsNotFinite {}.into());
            }
            change = after - before;
            if change != 0.0 {
                add_scaled(&mut self.residual, -change, &column.values);
                self.coefficients[next] = after;
            }
        }
        self.phase = Phase::Sweep {
            next: next + 1,
            largest: largest.max(self.coefficients[next].abs()),
            largest_change: largest_change.max(change.abs()),
        };
        Ok(())
    }

    /// Nobody knows how many sweeps it will take: the digits that stand still tell, or the sweeps that are left.
    fn tell(&mut self, moved: f64) {
        let digits = if moved > 0.0 && self.config.tol > 0.0 && self.config.tol < 1.0 {
            libm::log(moved) / libm::log(self.config.tol)
        } else {
            0.0
        };
        let sweeps = self.n_sweeps as f64 / self.config.max_iter as f64;
        self.fraction = self.fraction.max(digits).max(sweeps).min(0.99);
    }

    fn map(&self) -> LinearMap {
        let means = self.coefficients.iter().zip(&self.columns).map(|(coefficient, column)| coefficient * column.mean);
        let intercept = self.y_mean - means.sum::<f64>();
        let n_features = self.coefficients.len();
        LinearMap { coefficients: self.coefficients.clone(), intercepts: vec![intercept], n_features }
    }

    fn issues(&self) -> Issues {
        let mut issues = Issues::new();
        let Config { alpha, max_iter, tol, .. } = self.config;
        if !self.has_settled() {
            issues.push(CoordinateIssue::GapLeft { max_iter, gap: self.gap / self.y_squares, tol });
        }
        // With every coefficient at 0 the largest slope is the least penalty that keeps them there.
        if self.l1 > 0.0 && self.steepest > 0.0 && self.coefficients.iter().all(|x| *x == 0.0) {
            issues.push(CoordinateIssue::NoFeatureUsed { alpha, needed: alpha * (self.steepest / self.l1) });
        }
        issues
    }
}

impl Session<dyn Fitted> for CoordinateDescent {
    fn step(&mut self) -> StepFuture<'_> {
        ready(self.advance())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        assert!(matches!(self.phase, Phase::Done), "a step has said that the descent is done");
        (Box::new(FittedLinear { kind: self.config.kind, map: self.map() }), self.issues())
    }
}

/// What is left of a slope when the penalty has taken its share.
fn soft(slope: f64, penalty: f64) -> f64 {
    if slope.abs() <= penalty {
        return 0.0;
    }
    if slope > 0.0 { slope - penalty } else { slope + penalty }
}

/// The mean, summed twice for the digits the first sum has lost.
fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    mean + values.iter().map(|x| x - mean).sum::<f64>() / n
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Structure;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn config() -> Config {
        Config { kind: "lasso", alpha: 1.0, l1_ratio: 1.0, fit_intercept: true, max_iter: 1000, tol: 1e-12 }
    }

    fn fitted(config: Config, x: Vec<Vec<f64>>, y: &[f64]) -> (Vec<f64>, f64, Vec<&'static str>) {
        let (x, y) = (Matrix::from_columns(x), Target::Values(y.to_vec()));
        let input = FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() };
        let mut session = start(config, input).unwrap();
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        let (fitted, issues) = session.finish();
        let Structure::Linear { coefficients, intercepts, .. } = fitted.structure() else { panic!("it is linear") };
        (coefficients.to_vec(), intercepts[0], issues.iter().map(|issue| issue.code).collect())
    }

    #[test]
    fn a_slope_is_shrunk_by_its_penalty() {
        // Centred, x is (-1, 0, 1) and y is (-3, 0, 3): slope 6, squares 2, and n · alpha is 3.
        let (x, y) = (vec![vec![0.0, 1.0, 2.0]], [1.0, 4.0, 7.0]);
        let (coefficients, intercept, issues) = fitted(config(), x.clone(), &y);
        assert_eq!((coefficients[0], intercept), (1.5, 2.5));
        assert!(issues.is_empty());
        // (6 − 1.5) / (2 + 1.5)
        let (coefficients, ..) = fitted(Config { l1_ratio: 0.5, ..config() }, x.clone(), &y);
        assert!((coefficients[0] - 4.5 / 3.5).abs() < 1e-14);
        // 6 / (2 + 3): ridge regression.
        let (coefficients, ..) = fitted(Config { l1_ratio: 0.0, ..config() }, x, &y);
        assert!((coefficients[0] - 1.2).abs() < 1e-14);
    }

    #[test]
    fn a_penalty_that_leaves_no_feature_says_which_one_would() {
        let (coefficients, intercept, issues) =
            fitted(Config { alpha: 2.5, ..config() }, vec![vec![0.0, 1.0, 2.0]], &[1.0, 4.0, 7.0]);
        assert_eq!((coefficients[0], intercept), (0.0, 4.0));
        assert_eq!(issues, ["no_feature_used"]);
        // Nothing to explain is nothing odd.
        assert!(fitted(config(), vec![vec![0.0, 1.0, 2.0]], &[4.1; 3]).2.is_empty());
    }

    #[test]
    fn sweeps_that_run_out_are_reported() {
        let x = vec![vec![0.0, 1.0, 2.0, 3.0], vec![0.0, 1.0, 2.0, 2.9]];
        let config = Config { max_iter: 2, alpha: 1e-6, ..config() };
        assert_eq!(fitted(config, x, &[1.0, 0.0, 1.0, 3.0]).2, ["duality_gap_left"]);
    }

    #[test]
    fn no_penalty_is_least_squares() {
        let x = vec![vec![0.0, 1.0, 2.0, 3.0], vec![1.0, 0.0, 1.0, -1.0]];
        let y: Vec<f64> = (0..4).map(|row| 2.0 * x[0][row] - 3.0 * x[1][row] + 1.0).collect();
        let (coefficients, intercept, issues) = fitted(Config { alpha: 0.0, tol: 1e-24, ..config() }, x, &y);
        assert!((coefficients[0] - 2.0).abs() < 1e-9 && (coefficients[1] + 3.0).abs() < 1e-9, "{coefficients:?}");
        assert!((intercept - 1.0).abs() < 1e-9 && issues.is_empty(), "{issues:?}");
    }
}
