//! Gradient boosting: many small trees, each grown on what those before it got wrong.
//!
//! ```text
//! score(x) = baseline + Σ tree(x)          one score for numbers and two classes, one per class for more
//! leaf     = −learning_rate · Σ gradient / (Σ hessian + l2_regularization)
//! gain     = G_left² / (H_left + l2) + G_right² / (H_right + l2) − G² / (H + l2)
//! ```
//! What comes in: features and labels. What goes out: trees on the features' own units. Features are cut into bins
//! once, and trees are grown on histograms of gradients: `O(n_rows · n_features)` per level, after Ke et al. 2017
//! (LightGBM, <https://dl.acm.org/doi/10.5555/3294996.3295074>) and Friedman 2001
//! (<https://doi.org/10.1214/aos/1013203451>). Bins, cuts and values are those of scikit-learn's
//! `HistGradientBoostingClassifier` and `…Regressor`, tree for tree. Two things are meant to differ: `early_stopping`
//! is off until asked for (there, "auto" turns it on beyond 10,000 rows), and beyond 200,000 rows the bins are found
//! on another sample.

mod bins;
mod boost;
mod fitted;
mod forest;
mod grow;
mod histogram;
mod loss;

pub use fitted::FittedGradientBoosting;

use crate::Error;
use crate::error::{Issues, Place};
use crate::model::{BoxedSession, Fitted, ModelKind, TreeError};
use crate::param::{ParamMap, Spec, above, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::random::Seed;
use crate::table::split::hold_back;
use crate::train::{FitInput, Session, Step, StepFuture, ready};
use bins::Binner;
use boost::{BoostConfig, Booster, Views, Watched};
use grow::Limits;
use loss::{Labels, Loss};

/// Rows added to a histogram in one step: some 15 ms natively, twice that in a browser.
const ROWS_PER_STEP: usize = 8_000_000;

/// The share of the progress that finding bins is given.
const BIN_SHARE: f64 = 0.05;

/// Rows added to histograms, at most: some hours.
const MOST_WORK: f64 = 5e12;

/// Nodes of all trees, at most: some hundred bytes each while they are kept and saved.
const MOST_NODES: f64 = 1e7;

/// Scores of all rows, at most: sixteen bytes each.
const MOST_SCORES: f64 = 3.2e7;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "gradient_boosting",
    title: ["Gradient boosting", "梯度提升树"],
    summary: [
        "Grows many small trees, each on what those before it got wrong; often the most accurate on tables.",
        "逐棵生长许多小树，每一棵都去改正前面的错误；在表格数据上往往最准确。",
    ],
    tasks: &[Task::Classification, Task::Regression],
    wants_scaling: |_| false,
    docs: GradientBoostingSpec::docs,
    check: |params| GradientBoostingSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedGradientBoosting::load(state)?)),
};

crate::spec! {
    /// Gradient boosting's parameters: those of scikit-learn's HistGradientBoosting, with its defaults but for
    /// `early_stopping`.
    ///
    /// For tables where features act together or not in straight lines, and the answer matters more than reading the
    /// model: a decision tree or a linear model can be read. Features need no scaling, and only their order counts.
    ///
    /// **Errors** when a fit starts: `train.too_many_trees` for work of hours, `train.target_too_large` for numbers whose
    /// squares overflow, `table.nothing_to_learn_from` where early stopping would hold every row back; later on:
    /// `train.loss_not_finite` where the learning rate is so large that each round makes things worse.
    ///
    /// Randomness: the rows that early stopping holds back, and beyond 200,000 rows those that bins are found on. Cost:
    /// `O(max_iter · n_rows · n_features · depth)`, and per class when there are more than two.
    ///
    /// **Reference** Friedman 2001, <https://doi.org/10.1214/aos/1013203451>; on histograms, Ke et al. 2017,
    /// <https://dl.acm.org/doi/10.5555/3294996.3295074>.
    pub struct GradientBoostingSpec {
        /// How much of each tree is added.
        /// Smaller steps need more rounds, and often end up more accurate.
        learning_rate: f64 = 0.1, above(0.0, 1e6), unit "", zh "学习率：每棵树的步长";
        /// How many rounds there are at most.
        /// A round grows one tree, or one per class when there are more than two.
        max_iter: usize = 100, between(1.0, 2_000.0), unit "rounds", zh "最多轮数";
        /// How many leaves a tree may have.
        /// It grows where it gains most first; empty means no limit.
        max_leaf_nodes: Option<usize> = Some(31), between(2.0, 1e9), unit "leaves", zh "每棵树的最大叶子数";
        /// How many questions deep a tree may grow.
        /// Empty means no limit.
        max_depth: Option<usize> = None, between(1.0, 1e9), unit "levels", zh "每棵树的最大深度";
        /// How many rows each leaf needs.
        /// Lower it for tables of a few hundred rows.
        min_samples_leaf: usize = 20, between(1.0, 1e9), unit "rows", zh "叶子的最少行数";
        /// How much leaves with few rows are held back.
        l2_regularization: f64 = 0.0, between(0.0, 1e300), unit "", zh "L2 正则化强度";
        /// How many bins each feature is cut into at most.
        max_bins: usize = 255, between(2.0, 255.0), unit "bins", zh "每个特征最多分成几段";
        /// Whether to end when more rounds do not help.
        early_stopping: bool = false, any(), unit "", zh "没有改进时是否提前停止";
        /// The share of the training rows that early stopping looks at and nothing is learned from.
        /// Empty means that it looks at the rows that are learned from.
        validation_fraction: Option<f64> = Some(0.1), between(0.001, 0.999), unit "", zh "提前停止所用的留出比例";
        /// After how many rounds without improvement early stopping ends.
        n_iter_no_change: usize = 10, between(1.0, 2_000.0), unit "rounds", zh "连续多少轮没有改进就停止";
        /// How much smaller the loss must become to count as an improvement for early stopping.
        tol: f64 = 1e-7, between(0.0, 1e300), unit "", zh "算作改进的最小损失下降";
    }
}

crate::trouble! {
    /// What can stop a boosting.
    pub enum BoostingError in "train" {
        /// Growing that many trees would take hours, or more memory than there is.
        TooManyTrees { n_trees: usize, n_rows: usize, n_features: usize } => "too_many_trees",
            "growing {n_trees} trees on {n_rows} rows and {n_features} features would take hours, or too much memory",
            hint "Lower max_iter or max_leaf_nodes, merge rare classes, or train on fewer rows",
            place Place::field("model.max_iter");
    }
}

impl GradientBoostingSpec {
    fn config(&self, n_rows: usize) -> BoostConfig {
        let most_leaves = n_rows / self.min_samples_leaf;
        let limits = Limits {
            max_leaf_nodes: self.max_leaf_nodes.filter(|&n| n < most_leaves),
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_samples_leaf: self.min_samples_leaf,
            l2_regularization: self.l2_regularization,
        };
        BoostConfig {
            learning_rate: self.learning_rate,
            max_iter: self.max_iter,
            limits,
            patience: self.early_stopping.then_some((self.n_iter_no_change, self.tol)),
        }
    }

    fn check_cost(&self, n_rows: usize, n_features: usize, n_classes: usize) -> Result<(), Error> {
        let n_outputs = Loss::of(n_classes).n_outputs();
        let n_trees = self.max_iter * n_outputs;
        let most_leaves = (n_rows / self.min_samples_leaf).max(1);
        let n_leaves = self.max_leaf_nodes.map_or(most_leaves, |n| n.min(most_leaves)) as f64;
        let (rows, features) = (n_rows as f64, n_features as f64);
        // Some three levels of sums, and of every two leaves both are scanned.
        let work_per_tree = rows * (3.0 * features + 20.0) + n_leaves * features * (8 * self.max_bins) as f64;
        let is_too_much = n_trees as f64 * work_per_tree > MOST_WORK
            || n_trees as f64 * 2.0 * n_leaves > MOST_NODES
            || rows * n_outputs as f64 > MOST_SCORES;
        if is_too_much { Err(BoostingError::TooManyTrees { n_trees, n_rows, n_features }.into()) } else { Ok(()) }
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = GradientBoostingSpec::from_params(params)?;
    let FitInput { x, y, valid, seed, .. } = input;
    let n_classes = match &y {
        Target::Classes { n_classes, .. } => *n_classes,
        Target::Values(values) => {
            check_squares(values)?;
            0
        }
    };
    spec.check_cost(y.n_rows(), x.n_features(), n_classes)?;
    let (x, y, stop) = match spec.validation_fraction.filter(|_| spec.early_stopping) {
        Some(fraction) => {
            let (train, stop) = hold_out(&x, &y, fraction, seed)?;
            (train.0, train.1, Some(stop))
        }
        None => (x, y, None),
    };
    let n_rows = y.n_rows();
    let watched = |(x, y)| Watched::new(Some(x), labels(y));
    let train = Watched::new(None, labels(y));
    let views = Views { train, curve: valid.map(watched), stop: stop.map(watched) };
    let config = spec.config(n_rows);
    let binner = Binner::new(x, n_rows, spec.max_bins, seed);
    let preparation = Preparation { binner, views, config, n_classes };
    Ok(Box::new(BoostingSession { stage: Stage::Binning(Box::new(preparation)), fraction: 0.0 }))
}

/// The loss adds up squares.
fn check_squares(values: &[f64]) -> Result<(), Error> {
    let largest = values.iter().fold(0.0, |largest: f64, y| largest.max(y.abs()));
    let n = values.len() as f64;
    // Four times as large: twice the distance from the baseline, squared.
    if (4.0 * largest * largest * n * n).is_finite() {
        Ok(())
    } else {
        Err(TreeError::TargetTooLarge { largest }.into())
    }
}

type Rows = (Matrix, Target);

/// What is learned from, and what early stopping looks at; each class keeps its share where it can.
fn hold_out(x: &Matrix, y: &Target, fraction: f64, seed: Seed) -> Result<(Rows, Rows), Error> {
    let rows: Vec<u32> = (0..y.n_rows() as u32).collect();
    let strata = match y {
        Target::Classes { codes, .. } => Some(codes.as_slice()),
        Target::Values(_) => None,
    };
    let split = hold_back(&rows, strata, fraction, seed.derive("early_stopping"))?;
    let take = |rows: &[u32]| (x.take_rows(rows), y.take_rows(rows));
    Ok((take(&split.train), take(&split.test)))
}

fn labels(y: Target) -> Labels {
    match y {
        Target::Classes { codes, .. } => Labels::Codes(codes),
        Target::Values(values) => Labels::Values(values),
    }
}

/// A fit under way.
struct BoostingSession {
    stage: Stage,
    fraction: f64,
}

/// What waits for the bins.
struct Preparation {
    binner: Binner,
    views: Views,
    config: BoostConfig,
    n_classes: usize,
}

impl Preparation {
    fn into_booster(self) -> Booster {
        Booster::new(self.config, self.n_classes, self.binner.into_binned(), self.views)
    }
}

enum Stage {
    Binning(Box<Preparation>),
    Boosting(Box<Booster>),
    Done(Box<FittedGradientBoosting>),
    Failed,
}

impl BoostingSession {
    fn advance(&mut self) -> Result<Step, Error> {
        let mut epoch = None;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Binning(mut preparation) => {
                if preparation.binner.advance(ROWS_PER_STEP) {
                    self.fraction = BIN_SHARE;
                    Stage::Boosting(Box::new(preparation.into_booster()))
                } else {
                    self.fraction = BIN_SHARE * preparation.binner.fraction();
                    Stage::Binning(preparation)
                }
            }
            Stage::Boosting(mut booster) => {
                let progress = booster.advance(ROWS_PER_STEP)?;
                epoch = progress.epoch;
                if progress.is_done {
                    self.fraction = 1.0;
                    Stage::Done(Box::new(booster.into_fitted()))
                } else {
                    // A tree may have fewer leaves than it might; progress never goes back.
                    let fraction = BIN_SHARE + (1.0 - BIN_SHARE) * booster.fraction().min(0.9999);
                    self.fraction = self.fraction.max(fraction);
                    Stage::Boosting(booster)
                }
            }
            done => done,
        };
        Ok(Step { fraction: self.fraction, epoch })
    }
}

impl Session<dyn Fitted> for BoostingSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(self.advance())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        match self.stage {
            Stage::Done(fitted) => (fitted, Issues::new()),
            _ => panic!("a step has said that the rounds are done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answers, Structure};
    use crate::train::{Device, Epoch, block_on};

    type Fit = (Box<dyn Fitted>, Vec<Epoch>);

    fn fit(params: &[(&str, serde_json::Value)], x: &Matrix, y: Target, valid: Option<Rows>) -> Result<Fit, Error> {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let input = FitInput { x: x.clone(), y, sample_weight: None, valid, seed: Seed(0), device: Device::cpu() };
        let mut session = start(&params, input)?;
        let mut epochs = Vec::new();
        loop {
            let step = block_on(session.step())?;
            epochs.extend(step.epoch);
            if step.fraction >= 1.0 {
                return Ok((session.finish().0, epochs));
            }
        }
    }

    fn line(n_rows: usize) -> Matrix {
        Matrix::from_columns(vec![(0..n_rows).map(|row| row as f64).collect()])
    }

    #[test]
    fn a_step_function_is_learned_from_few_leaves() {
        let y = Target::Values((0..100).map(|row| f64::from(u8::from(row >= 50))).collect());
        let (fitted, epochs) = fit(&[("max_leaf_nodes", 2.into())], &line(100), y, None).unwrap();
        assert_eq!(epochs.len(), 100);
        // What is left after 100 rounds is ½ · 0.9¹⁰⁰ of each row.
        let left = 0.5 * libm::pow(0.9, 100.0);
        let Answers::Values(values) = fitted.predict(&line(100)) else { panic!("numbers") };
        assert!((values[0] - left).abs() < 1e-7 && (values[99] - (1.0 - left)).abs() < 1e-7, "{values:?}");
    }

    #[test]
    fn a_round_of_three_classes_is_three_trees() {
        let y = Target::Classes { codes: (0..90).map(|row| row / 30).collect(), n_classes: 3 };
        let (fitted, epochs) = fit(&[("max_iter", 7.into())], &line(90), y.clone(), None).unwrap();
        let Structure::Trees(trees) = fitted.structure() else { panic!("trees") };
        assert_eq!((trees.n_trees(), epochs.len()), (21, 7));
        let Target::Classes { codes, .. } = y else { panic!("classes") };
        assert_eq!(fitted.predict(&line(90)).codes(), codes);
    }

    #[test]
    fn held_back_rows_make_a_second_curve() {
        let y = |n_rows| Target::Values((0..n_rows).map(f64::from).collect());
        let (_, epochs) = fit(&[], &line(60), y(60), Some((line(60), y(60)))).unwrap();
        assert!(epochs.iter().all(|epoch| (epoch.valid_loss.unwrap() - epoch.train_loss).abs() < 1e-9));
    }

    #[test]
    fn early_stopping_ends_where_nothing_is_left_to_learn() {
        let y = Target::Classes { codes: (0..200).map(|row| u32::from(row >= 100)).collect(), n_classes: 2 };
        let params = [("early_stopping", true.into()), ("tol", 1e-3.into()), ("max_iter", 1_000.into())];
        let (fitted, epochs) = fit(&params, &line(200), y, None).unwrap();
        assert!((10..500).contains(&epochs.len()), "{}", epochs.len());
        assert!(epochs.iter().all(|epoch| epoch.valid_loss.is_some()));
        let Structure::Trees(trees) = fitted.structure() else { panic!("trees") };
        // A fifth of 200 rows less: the root has those that were learned from.
        assert_eq!(trees.nodes(0)[0].n_samples, 180);
    }

    #[test]
    fn what_would_take_hours_is_refused() {
        let n_rows = 400;
        let y = Target::Classes { codes: (0..400).collect(), n_classes: 400 };
        let params = [("max_iter", 2_000.into()), ("min_samples_leaf", 1.into())];
        let error = fit(&params, &line(n_rows), y, None).err().unwrap();
        assert_eq!(error.code(), "train.too_many_trees");
        assert!(error.message().starts_with("growing 800000 trees on 400 rows and 1 features"), "{error}");
    }

    #[test]
    fn numbers_too_large_to_be_squared_are_refused() {
        let error = fit(&[], &line(2), Target::Values(vec![1e200, 0.0]), None).err().unwrap();
        assert_eq!(error.code(), "train.target_too_large");
    }
}
