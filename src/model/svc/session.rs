//! A fit under way: pair after pair of classes, each first with all its rows and then without each fifth of them.

use super::fitted::{FittedSvc, PairFit};
use super::kernel::{Rows, Shape};
use super::shares::Odds;
use super::smo::Smo;
use super::{N_FOLDS, SvcIssue, SvcSpec};
use crate::Error;
use crate::error::Issues;
use crate::model::{Fitted, LogisticIssue};
use crate::param::Checked;
use crate::preprocess::Matrix;
use crate::train::{Session, Step, StepFuture, ready};

/// Multiply-adds in one step: some 20 ms natively.
const FLOPS_PER_STEP: usize = 10_000_000;

/// libsvm's limit.
const MOST_ITERATIONS: usize = 10_000_000;

/// A fit under way.
pub(super) struct SvcSession {
    spec: Checked<SvcSpec>,
    shape: Shape,
    x: Matrix,
    /// The rows of each class.
    members: Vec<Vec<u32>>,
    /// How large a coefficient may become, by class.
    bounds: Vec<f64>,
    /// The classes that are still to be told apart, the next ones last.
    waiting: Vec<(usize, usize)>,
    n_pairs: usize,
    pair: Option<Pair>,
    done: Vec<PairFit>,
    fitted: Option<FittedSvc>,
    issues: Issues,
    fraction: f64,
}

/// Two classes that are being told apart.
struct Pair {
    classes: (usize, usize),
    rows: Rows,
    smo: Smo,
    /// The coefficients and the intercept of the fit to all rows, once they are known.
    whole: Option<(Vec<f64>, f64)>,
    /// The rows held back now; none while all are learned from.
    fold: Option<usize>,
    /// What was decided about held-back rows.
    decisions: Vec<f64>,
}

impl SvcSession {
    /// **Shapes** one list of rows and one bound per class.
    pub(super) fn new(
        spec: Checked<SvcSpec>,
        shape: Shape,
        x: Matrix,
        members: Vec<Vec<u32>>,
        bounds: Vec<f64>,
    ) -> Self {
        let n_classes = members.len();
        let mut waiting: Vec<(usize, usize)> =
            (0..n_classes).flat_map(|first| (first + 1..n_classes).map(move |second| (first, second))).collect();
        waiting.reverse();
        let mut issues = Issues::new();
        if n_classes < 2 {
            issues.push(LogisticIssue::OneClass {});
        }
        let n_pairs = waiting.len();
        let (pair, done, fitted, fraction) = (None, Vec::new(), None, 0.0);
        Self { spec, shape, x, members, bounds, waiting, n_pairs, pair, done, fitted, issues, fraction }
    }

    fn advance(&mut self) -> Result<Step, Error> {
        let Some(mut pair) = self.pair.take() else {
            match self.waiting.pop() {
                Some(classes) => self.pair = Some(self.begin(classes)),
                None => {
                    self.fitted = Some(FittedSvc::join(self.shape, &self.x, self.members.len(), &self.done)?);
                    self.fraction = 1.0;
                }
            }
            return Ok(Step { fraction: self.fraction, epoch: None });
        };
        if pair.smo.advance(&mut pair.rows, FLOPS_PER_STEP) {
            if pair.fold.is_none() {
                self.note(&pair.smo);
            }
            if self.conclude(&mut pair) {
                let fit = self.finished(&pair);
                self.done.push(fit);
                return Ok(Step { fraction: self.fraction, epoch: None });
            }
        }
        self.fraction = self.fraction.max(self.share(&pair));
        self.pair = Some(pair);
        Ok(Step { fraction: self.fraction, epoch: None })
    }

    /// Nobody knows how often a solution moves: twice as often as it has rows would be half of it.
    fn share(&self, pair: &Pair) -> f64 {
        let n_iterations = pair.smo.n_iterations as f64;
        let here = n_iterations / (n_iterations + 2.0 * pair.rows.n_rows() as f64);
        let n_solved = pair.fold.map_or(0, |fold| fold + 1) as f64;
        let of_pair = (n_solved + here) / (N_FOLDS + 1) as f64;
        0.99 * (self.done.len() as f64 + of_pair) / self.n_pairs as f64
    }

    fn begin(&self, classes: (usize, usize)) -> Pair {
        let both = [&self.members[classes.0][..], &self.members[classes.1]].concat();
        let rows = Rows::new(self.x.take_rows(&both), self.shape, 1e6 * self.spec.cache_size);
        let (smo, decisions) = (self.solver(classes, None), vec![0.0; both.len()]);
        Pair { classes, rows, smo, whole: None, fold: None, decisions }
    }

    /// A solver for the rows of two classes, those of the first first, without every fifth of each.
    fn solver(&self, (first, second): (usize, usize), without: Option<usize>) -> Smo {
        let (mut y, mut bounds) = (Vec::new(), Vec::new());
        for (class, label) in [(first, 1.0), (second, -1.0)] {
            for position in 0..self.members[class].len() {
                y.push(label);
                bounds.push(if Some(position % N_FOLDS) == without { 0.0 } else { self.bounds[class] });
            }
        }
        Smo::new(y, bounds, self.spec.tol, self.spec.max_iter.unwrap_or(MOST_ITERATIONS))
    }

    fn note(&mut self, smo: &Smo) {
        if !smo.has_settled() {
            let (max_iter, tol) = (smo.n_iterations, self.spec.tol);
            self.issues.push(SvcIssue::NotSettled { max_iter, gap: smo.gap, tol });
        }
    }

    /// Keeps what was solved, and goes to the next fold. True after the last one.
    fn conclude(&self, pair: &mut Pair) -> bool {
        let intercept = pair.smo.intercept();
        if let Some(fold) = pair.fold {
            let n_first = self.members[pair.classes.0].len();
            for row in 0..pair.decisions.len() {
                let position = if row < n_first { row } else { row - n_first };
                if position % N_FOLDS == fold {
                    pair.decisions[row] = pair.smo.decision(row, intercept);
                }
            }
        } else {
            pair.whole = Some((pair.smo.coefficients(), intercept));
        }
        let next = pair.fold.map_or(0, |fold| fold + 1);
        if next == N_FOLDS {
            return true;
        }
        pair.fold = Some(next);
        pair.smo = self.solver(pair.classes, pair.fold);
        false
    }

    fn finished(&self, pair: &Pair) -> PairFit {
        let (first, second) = pair.classes;
        let (coefficients, intercept) = pair.whole.as_ref().expect("it was solved before the folds");
        let n_first = self.members[first].len();
        let is_first: Vec<bool> = (0..coefficients.len()).map(|row| row < n_first).collect();
        let side = |class: usize, coefficients: &[f64]| {
            let rows = self.members[class].iter().copied().zip(coefficients.iter().copied());
            (class, rows.filter(|(_, coefficient)| *coefficient != 0.0).collect())
        };
        let sides = [side(first, &coefficients[..n_first]), side(second, &coefficients[n_first..])];
        let odds = Odds::likeliest(&pair.decisions, &is_first);
        PairFit { sides, intercept: *intercept, odds }
    }
}

impl Session<dyn Fitted> for SvcSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(self.advance())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let fitted = self.fitted.expect("a step has said that every pair is told apart");
        (Box::new(fitted), self.issues)
    }
}
