//! Round after round: gradients of the loss, one tree per score, and the loss of what they say together.
//!
//! What comes in: bins, labels, and how to boost. What goes out, in bounded pieces: rounds with their losses; in the end
//! a fitted model. Rows that are watched, held back or not, are answered by each new tree once and never again.

use super::bins::{Bins, Grid};
use super::fitted::FittedGradientBoosting;
use super::forest::Forest;
use super::grow::{Ground, Grower, Limits};
use super::loss::{Labels, Loss, Rows, Slopes};
use super::tree;
use crate::Error;
use crate::train::Epoch;
use crate::train::gradient_descent::DescentError;

/// Scores whose loss is computed between two looks at the clock.
const SCORES_PER_CHUNK: usize = 32_768;

/// What a loss and its gradients cost, in rows added to a histogram.
const COST_OF_LOSS: usize = 12;

/// What an answer of one tree costs.
const COST_OF_ANSWER: usize = 8;

/// How to boost.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoostConfig {
    pub(super) learning_rate: f64,
    pub(super) max_iter: usize,
    pub(super) limits: Limits,
    /// After how many rounds without a loss better by so much it ends.
    pub(super) patience: Option<(usize, f64)>,
}

/// Rows whose loss is told.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) labels: Labels,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) bins: Bins,
    total_weight: f64,
    scores: Vec<Vec<f64>>,
}

impl Watched {
    pub(super) fn new(labels: Labels, weights: Option<Vec<f64>>) -> Self {
        let total_weight = Rows { labels: &labels, weights: weights.as_deref() }.total_weight();
        Self { labels, weights, bins: Bins::default(), total_weight, scores: Vec::new() }
    }

    fn rows(&self) -> Rows<'_> {
        Rows { labels: &self.labels, weights: self.weights.as_deref() }
    }
}

/// The rows a boosting looks at.
#[derive(Debug)]
pub(super) struct Views {
    /// Those that trees are grown on, and behind them others, if there are any.
    pub(super) all: Vec<Watched>,
    /// Which of them decide when to end.
    pub(super) judge: usize,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The loss of the rows of one view.
    Assess { view: usize, next_row: usize, sum: f64 },
    /// The tree of one score.
    Grow { output: usize },
}

/// What a piece of work came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) epoch: Option<Epoch>,
    pub(super) is_done: bool,
}

/// A boosting under way.
#[derive(Debug)]
pub(super) struct Booster {
    config: BoostConfig,
    loss: Loss,
    /// What numbers were divided by: a power of two that brings them near 1, so that f32 holds their differences.
    unit: f64,
    baseline: Vec<f64>,
    n_features: usize,
    n_classes: usize,
    grid: Grid,
    views: Views,
    slopes: Slopes,
    grower: Grower,
    forest: Forest,
    /// The mean loss of each view in the round under way.
    losses: Vec<f64>,
    /// What the judge saw, from before the first round on.
    seen: Vec<f64>,
    round: usize,
    phase: Phase,
}

impl Booster {
    /// Begins with scores that are the same for all rows.
    pub(super) fn new(config: BoostConfig, n_classes: usize, grid: Grid, mut views: Views) -> Self {
        let loss = Loss::of(n_classes);
        let train = &views.all[0];
        let mut baseline = loss.baseline(train.rows());
        let unit = unit(&train.labels, baseline[0]);
        let (n_rows, are_weighted) = (train.labels.n_rows(), train.weights.is_some());
        baseline.iter_mut().for_each(|score| *score /= unit);
        for view in &mut views.all {
            if let Labels::Values(y) = &mut view.labels {
                y.iter_mut().for_each(|y| *y /= unit);
            }
            view.scores = baseline.iter().map(|&score| vec![score; view.labels.n_rows()]).collect();
        }
        Self {
            loss,
            unit,
            baseline,
            n_features: grid.n_features(),
            n_classes,
            slopes: loss.slopes(n_rows, are_weighted),
            grower: Grower::new(config.limits, &grid, n_rows),
            grid,
            views,
            forest: Forest::default(),
            losses: Vec::new(),
            seen: Vec::new(),
            round: 0,
            phase: Phase::Assess { view: 0, next_row: 0, sum: 0.0 },
            config,
        }
    }

    /// Touches about `budget` rows, or ends with a round.
    ///
    /// **Errors** `train.loss_not_finite`.
    pub(super) fn advance(&mut self, budget: usize) -> Result<Progress, Error> {
        let mut touched = 0;
        while touched < budget {
            match self.phase {
                Phase::Assess { view, next_row, sum } if view < self.views.all.len() => {
                    touched += self.assess(view, next_row, sum);
                }
                Phase::Assess { .. } => {
                    let progress = self.end_round()?;
                    if progress.epoch.is_some() {
                        return Ok(progress);
                    }
                }
                Phase::Grow { output } => touched += self.grow(output, budget - touched),
            }
        }
        Ok(Progress { epoch: None, is_done: false })
    }

    /// The share of the work that is done, if it does not end early.
    pub(super) fn fraction(&self) -> f64 {
        let share = match self.phase {
            Phase::Grow { output } => (output as f64 + self.grower.fraction()) / self.loss.n_outputs() as f64,
            Phase::Assess { .. } => 1.0,
        };
        let rounds = if self.round == 0 { 0.0 } else { (self.round - 1) as f64 + share };
        rounds / self.config.max_iter as f64
    }

    fn assess(&mut self, view: usize, next_row: usize, sum: f64) -> usize {
        let watched = &self.views.all[view];
        let (n_rows, n_outputs) = (watched.labels.n_rows(), self.loss.n_outputs());
        let end = n_rows.min(next_row + (SCORES_PER_CHUNK / n_outputs).max(1));
        let slopes = (view == 0).then_some(&mut self.slopes);
        let sum = sum + self.loss.assess(watched.rows(), &watched.scores, next_row..end, slopes);
        self.phase = if end < n_rows {
            Phase::Assess { view, next_row: end, sum }
        } else {
            self.losses.push(sum / watched.total_weight);
            Phase::Assess { view: view + 1, next_row: 0, sum: 0.0 }
        };
        (end - next_row) * n_outputs * COST_OF_LOSS
    }

    /// All losses are known, and with them the gradients of the next round.
    fn end_round(&mut self) -> Result<Progress, Error> {
        let losses = std::mem::take(&mut self.losses);
        let in_units = |loss: f64| loss * self.unit * self.unit;
        // A node's variance may be as large as twice the loss of all rows.
        let largest =
            losses.iter().fold(0.0, |largest: f64, loss| largest + loss) * self.views.all[0].labels.n_rows() as f64;
        if !(2.0 * in_units(largest)).is_finite() {
            let learning_rate = self.config.learning_rate;
            return Err(DescentError::LossNotFinite { epoch: self.round, learning_rate }.into());
        }
        self.seen.push(in_units(losses[self.views.judge]));
        let shown = |view: usize| in_units(losses[view]) * self.loss.shown();
        let epoch = (self.round > 0).then(|| Epoch {
            number: self.round,
            of: self.config.max_iter,
            train_loss: shown(0),
            valid_loss: (losses.len() > 1).then(|| shown(1)),
        });
        let is_done = self.round == self.config.max_iter || self.is_out_of_patience();
        if !is_done {
            self.round += 1;
            self.begin_tree(0);
        }
        Ok(Progress { epoch, is_done })
    }

    /// Whether none of the last rounds was better than the one before them.
    fn is_out_of_patience(&self) -> bool {
        self.config.patience.is_some_and(|(n_rounds, tol)| {
            let Some(before) = self.seen.len().checked_sub(n_rounds + 1) else { return false };
            // Losses are compared as scores are: with the sign turned.
            let reference = -self.seen[before] + tol;
            !self.seen[before + 1..].iter().any(|loss| -loss > reference)
        })
    }

    fn begin_tree(&mut self, output: usize) {
        self.phase = Phase::Grow { output };
        let train = &self.views.all[0];
        self.grower.begin(ground(&self.grid, (&train.bins, train.weights.as_deref()), &self.slopes, output));
    }

    fn grow(&mut self, output: usize, budget: usize) -> usize {
        let [train, others @ ..] = self.views.all.as_mut_slice() else { unreachable!("there are rows to learn from") };
        let Watched { bins, weights, scores, .. } = train;
        let ground = ground(&self.grid, (bins, weights.as_deref()), &self.slopes, output);
        let (touched, is_grown) = self.grower.grow(ground, budget);
        if !is_grown {
            return touched;
        }
        let tree = self.grower.harvest(ground, self.config.learning_rate, &mut scores[output]);
        let mut n_answered = 0;
        for view in others {
            tree::add(&tree, &self.grid, &view.bins, &mut view.scores[output]);
            n_answered += view.scores[output].len();
        }
        self.forest.push(&tree, &self.grid);
        if output + 1 < self.loss.n_outputs() {
            self.begin_tree(output + 1);
        } else {
            self.phase = Phase::Assess { view: 0, next_row: 0, sum: 0.0 };
        }
        touched + self.slopes.gradients[0].len() * 2 + n_answered * COST_OF_ANSWER
    }

    /// The model, once it is done.
    pub(super) fn into_fitted(mut self) -> FittedGradientBoosting {
        self.forest.scale(self.unit);
        self.baseline.iter_mut().for_each(|score| *score *= self.unit);
        FittedGradientBoosting::new(self.forest, self.baseline, self.n_features, self.n_classes)
    }
}

fn ground<'a>(
    grid: &'a Grid,
    (bins, weights): (&'a Bins, Option<&'a [f64]>),
    slopes: &'a Slopes,
    output: usize,
) -> Ground<'a> {
    Ground {
        grid,
        bins,
        gradients: &slopes.gradients[output],
        hessians: slopes.hessians.get(output).map(|hessians| hessians.as_slice()),
        weights,
    }
}

/// The power of two just below the largest distance from the baseline; 1 for classes, whose gradients are below 1.
fn unit(labels: &Labels, baseline: f64) -> f64 {
    match labels {
        Labels::Values(y) => {
            let largest = y.iter().fold(0.0, |largest: f64, y| largest.max((y - baseline).abs()));
            if largest > 0.0 { libm::ldexp(1.0, libm::ilogb(largest)) } else { 1.0 }
        }
        Labels::Codes(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::bins::Binner;
    use super::*;
    use crate::model::{Answers, Fitted};
    use crate::preprocess::Matrix;

    fn config(max_iter: usize) -> BoostConfig {
        let limits =
            Limits { max_leaf_nodes: Some(31), max_depth: usize::MAX, min_samples_leaf: 1, l2_regularization: 0.0 };
        BoostConfig { learning_rate: 0.5, max_iter, limits, patience: None }
    }

    fn column(values: &[f64]) -> Matrix {
        Matrix::from_columns(vec![values.to_vec()])
    }

    fn boost(
        config: BoostConfig,
        y: Vec<f64>,
        stop: Option<Vec<f64>>,
    ) -> Result<(FittedGradientBoosting, Vec<Epoch>), Error> {
        let x: Vec<f64> = (0..y.len()).map(|row| row as f64).collect();
        let mut binner = Binner::new(column(&x), Vec::new(), 255);
        let mut all = vec![Watched::new(Labels::Values(y), None)];
        let judge = usize::from(stop.is_some());
        if let Some(y) = stop {
            binner.add(column(&x));
            all.push(Watched::new(Labels::Values(y), None));
        }
        while !binner.advance(None, 1_000) {}
        let (grid, bins) = binner.into_binned();
        all.iter_mut().zip(bins).for_each(|(view, bins)| view.bins = bins);
        let mut booster = Booster::new(config, 0, grid, Views { all, judge });
        let mut epochs = Vec::new();
        loop {
            let progress = booster.advance(100)?;
            epochs.extend(progress.epoch);
            if progress.is_done {
                return Ok((booster.into_fitted(), epochs));
            }
        }
    }

    #[test]
    fn each_round_halves_what_is_left_at_half_speed() {
        let (fitted, epochs) = boost(config(3), vec![0.0, 8.0], None).unwrap();
        // From the mean, 4, both rows come nearer by half the distance: 2, then 1, then ½ is left.
        let losses: Vec<f64> = epochs.iter().map(|epoch| epoch.train_loss).collect();
        assert!(losses.iter().zip([4.0, 1.0, 0.25]).all(|(a, b)| (a - b).abs() < 1e-9), "{losses:?}");
        let Answers::Values(values) = fitted.predict(&Matrix::from_columns(vec![vec![-1.0, 9.0]])) else {
            panic!("numbers")
        };
        assert!((values[0] - 0.5).abs() < 1e-9 && (values[1] - 7.5).abs() < 1e-9, "{values:?}");
    }

    #[test]
    fn tiny_and_huge_numbers_are_learned_like_any_others() {
        let y = [3.0, -1.0, 5.0, 6.0, 0.5];
        let (plain, _) = boost(config(5), y.to_vec(), None).unwrap();
        for exponent in [-900, 400] {
            let factor = libm::ldexp(1.0, exponent);
            let (scaled, _) = boost(config(5), y.iter().map(|y| y * factor).collect(), None).unwrap();
            let x = Matrix::from_columns(vec![(0..5).map(f64::from).collect()]);
            let (Answers::Values(plain), Answers::Values(scaled)) = (plain.predict(&x), scaled.predict(&x)) else {
                panic!("numbers")
            };
            assert_eq!(scaled, plain.iter().map(|value| value * factor).collect::<Vec<_>>());
        }
    }

    #[test]
    fn boosting_that_runs_away_is_an_error() {
        let config = BoostConfig { learning_rate: 100.0, ..config(2_000) };
        let error = boost(config, vec![0.0, 8.0], None).unwrap_err();
        assert_eq!(error.code(), "train.loss_not_finite");
    }

    #[test]
    fn rounds_that_help_nobody_end_it() {
        // What is held back says the opposite of what is learned.
        let patient = BoostConfig { patience: Some((4, 1e-7)), ..config(100) };
        let (fitted, epochs) = boost(patient, vec![0.0, 8.0], Some(vec![8.0, 0.0])).unwrap();
        assert_eq!(epochs.len(), 4);
        assert!(epochs.windows(2).all(|pair| pair[0].valid_loss < pair[1].valid_loss));
        let crate::model::Structure::Trees(trees) = fitted.structure() else { panic!("trees") };
        assert_eq!(trees.n_trees(), 4);
    }
}
