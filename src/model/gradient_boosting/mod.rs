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
//! `HistGradientBoostingClassifier` and `…Regressor`, tree for tree. What is drawn is drawn by another generator: the rows
//! that early stopping looks at, and beyond 200,000 rows those on which bins are found. A missing cell is sent the way that
//! gains more, and where training had none, with most of the rows. Categories are cut as sets ([`cut`]).

mod bins;
mod boost;
mod cut;
mod fitted;
mod forest;
mod grow;
mod histogram;
mod loss;
mod session;
mod thresholds;
mod tree;

pub use fitted::FittedGradientBoosting;

use crate::Error;
use crate::error::Place;
use crate::model::class_weight::{CLASS_WEIGHTS, ClassWeight};
use crate::model::{BoxedSession, ModelKind, TreeError};
use crate::param::{ParamMap, Spec, above, any, between};
use crate::preprocess::{Target, Task};
use crate::random::Seed;
use crate::table::split::{Split, hold_back};
use crate::train::FitInput;
use bins::Binner;
use boost::{BoostConfig, Views, Watched};
use grow::Limits;
use loss::{Labels, Loss};
use session::{BoostingSession, Preparation};

/// "auto" stops early where there are more rows.
const MANY_ROWS: usize = 10_000;

/// No row counts more than about so much, so that its gradient is a number in f32.
const MOST_WEIGHT: f64 = 1e30;

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
    resolve: |params, task| {
        if task == Task::Regression {
            params.insert("class_weight".to_owned(), "none".into());
        }
    },
    uses_tensors: |_| false,
    // "auto" draws rows only where the order of so many hardly matters.
    draws_rows: |params| params.get("early_stopping").is_some_and(|word| word == EarlyStopping::On.word()),
    takes_missing: |_| true,
    takes_weights: |_| true,
    start,
    load: |state| Ok(Box::new(FittedGradientBoosting::load(state)?)),
};

crate::choice! {
    /// Whether to end when more rounds do not help.
    pub enum EarlyStopping {
        /// Where there are more than 10,000 rows.
        Auto = "auto",
        /// Yes.
        On = "true",
        /// No.
        Off = "false",
    }
}

crate::choice! {
    /// Which features are categories.
    pub enum CategoricalFeatures {
        /// Those that are categories in the table and were encoded as ordinal: what the recipe does unless told otherwise.
        FromDtype = "from_dtype",
        /// None: the recipe encodes categories as it does for other models, and numbers are all there is.
        None = "none",
    }
}

crate::spec! {
    /// Gradient boosting's parameters: those of scikit-learn's HistGradientBoosting, with its defaults.
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
        /// Which features are asked for as sets of categories.
        /// Up to 255 categories each; a category nobody has seen counts as missing.
        categorical_features: CategoricalFeatures = CategoricalFeatures::FromDtype, any(), unit "", zh "哪些特征按类别集合提问";
        /// Whether each class counts as much as any other.
        /// "balanced" makes rare classes as heavy as frequent ones. An object gives each class its own weight by name; a
        /// class it leaves out counts once.
        class_weight: ClassWeight = ClassWeight::None, CLASS_WEIGHTS, unit "", zh "各类别的权重";
        /// Whether to end when more rounds do not help.
        /// "auto" does so where there are more than 10,000 rows.
        early_stopping: EarlyStopping = EarlyStopping::Auto, any(), unit "", zh "没有改进时是否提前停止";
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
    fn config(&self, n_rows: usize, stops_early: bool) -> BoostConfig {
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
            patience: stops_early.then_some((self.n_iter_no_change, self.tol)),
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
    let FitInput { x, y, sample_weight, valid, seed, .. } = input;
    let n_classes = match &y {
        Target::Classes { n_classes, .. } => *n_classes,
        Target::Values(values) => {
            check_squares(values)?;
            0
        }
    };
    let n_rows = y.n_rows();
    spec.check_cost(n_rows, x.n_features(), n_classes)?;
    let weights = spec.class_weight.apply(&y, sample_weight)?.map(bounded);
    let stops_early = spec.early_stopping.is_on(n_rows);
    let split = match spec.validation_fraction.filter(|_| stops_early) {
        Some(fraction) => Some(hold_out(&y, weights.as_deref(), fraction, seed)?),
        None => None,
    };
    let part = |rows: &[u32]| {
        let weights = weights.as_ref().map(|weights| rows.iter().map(|&row| weights[row as usize]).collect());
        Watched::new(labels(y.take_rows(rows)), weights)
    };
    let is_categorical = match spec.categorical_features {
        CategoricalFeatures::FromDtype => x.categorical().to_vec(),
        CategoricalFeatures::None => Vec::new(),
    };
    let mut binner = Binner::new(x, is_categorical, spec.max_bins);
    let views = match (split.filter(|split| !split.test.is_empty()), valid.filter(|(x, _)| x.n_rows() > 0)) {
        (Some(split), _) => {
            let all = vec![part(&split.train), part(&split.test)];
            binner.hold_out(split.train, split.test);
            Views { all, judge: 1 }
        }
        (None, Some((x, valid))) => {
            binner.add(x);
            Views { all: vec![Watched::new(labels(y), weights), Watched::new(labels(valid), None)], judge: 0 }
        }
        (None, None) => Views { all: vec![Watched::new(labels(y), weights)], judge: 0 },
    };
    binner.draw(views.all[0].weights.as_deref(), seed);
    let config = spec.config(views.all[0].labels.n_rows(), stops_early);
    Ok(Box::new(BoostingSession::new(Preparation { binner, views, config, n_classes })))
}

impl EarlyStopping {
    fn is_on(self, n_rows: usize) -> bool {
        match self {
            Self::Auto => n_rows > MANY_ROWS,
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// Only how weights compare matters where they are that large.
fn bounded(mut weights: Vec<f64>) -> Vec<f64> {
    let largest = weights.iter().fold(0.0, |largest: f64, &weight| largest.max(weight));
    if largest > MOST_WEIGHT {
        let factor = libm::ldexp(1.0, -libm::ilogb(largest / MOST_WEIGHT));
        weights.iter_mut().for_each(|weight| *weight *= factor);
    }
    weights
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

/// What is learned from, and what early stopping looks at; each class keeps its share where it can. Rows that count
/// nothing would tell nothing: they are not held back.
fn hold_out(y: &Target, weights: Option<&[f64]>, fraction: f64, seed: Seed) -> Result<Split, Error> {
    let counts = |row: u32| weights.is_none_or(|weights| weights[row as usize] > 0.0);
    let (rows, idle): (Vec<u32>, Vec<u32>) = (0..y.n_rows() as u32).partition(|&row| counts(row));
    let strata: Option<Vec<u32>> = match y {
        Target::Classes { codes, .. } => Some(rows.iter().map(|&row| codes[row as usize]).collect()),
        Target::Values(_) => None,
    };
    let mut split = hold_back(&rows, strata.as_deref(), fraction, seed.derive("early_stopping"))?;
    split.train.extend(idle);
    split.train.sort_unstable();
    Ok(split)
}

fn labels(y: Target) -> Labels {
    match y {
        Target::Classes { codes, .. } => Labels::Codes(codes),
        Target::Values(values) => Labels::Values(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answers, Fitted, Structure};
    use crate::preprocess::Matrix;
    use crate::train::{Device, Epoch, block_on};

    type Rows = (Matrix, Target);
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
