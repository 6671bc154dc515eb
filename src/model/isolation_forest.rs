//! An isolation forest: odd rows are those that few random questions tell apart from all others.
//!
//! What comes in: rows. What goes out: scikit-learn's `IsolationForest`, tree for tree: the seed of each tree is a draw
//! of numpy's `RandomState(seed)`, and its rows, features and cuts follow from that seed. Trees are grown by the grower
//! of extra trees, one random feature per question; a leaf answers how many questions a row took, so that the forest's
//! mean is the mean path.

use serde_json::Value;

use super::decision_tree::criterion::{Impurity, Labels};
use super::decision_tree::grow::{Grower, Limits, Splitter};
use super::decision_tree::presort::{Layout, Presort};
use super::decision_tree::sklearn_random::RandomState;
use super::decision_tree::{DecisionTreeSpec, WORDS_PER_STEP, layout, sort};
use super::random_forest::{FittedForest, check_work};
use crate::Error;
use crate::error::Issues;
use crate::model::{
    Answers, BoxedSession, Fitted, ModelKind, State, Structure, TreeNode, Trees, malformed, unlabelled,
};
use crate::param::{AutoOr, CountOrShare, ParamMap, Spec, above, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::random::Seed;
use crate::train::{FitInput, Session, Step, StepFuture, ready};

const NAME: &str = "isolation_forest";

/// Rows per tree when that is left open: more make no odder rows, as Liu et al. found.
const AUTO_SAMPLES: u16 = 256;

/// The score that divides the rows when their share of outliers is left open.
const AUTO_OFFSET: f64 = -0.5;

/// Tree seeds are below this, as scikit-learn draws them.
const SEED_END: u32 = i32::MAX as u32;

/// Euler's constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// What seeding and packing a tree costs besides its rows, in words.
const WORDS_PER_TREE: usize = 4_000;

/// This kind's line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: NAME,
    title: ["Isolation forest", "孤立森林"],
    summary: [
        "Finds odd rows: those that a few random questions set apart from all others.",
        "寻找异常行：只需几个随机问题就能与其他行分开的行。",
    ],
    tasks: &[Task::AnomalyDetection],
    wants_scaling: |_| false,
    docs: IsolationForestSpec::docs,
    check: |params| IsolationForestSpec::from_params(params).map(|spec| spec.to_params()),
    resolve,
    uses_tensors: |_| false,
    draws_rows: |_| true,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedIsolationForest::load(state)?)),
};

fn resolve(params: &mut ParamMap, _: Task) {
    let spec = IsolationForestSpec::from_checked(params);
    if spec.max_samples == AutoOr::Auto {
        params.insert("max_samples".to_owned(), AUTO_SAMPLES.into());
    }
    if spec.contamination == AutoOr::Auto {
        params.insert("contamination".to_owned(), Value::Null);
    }
}

crate::spec! {
    /// An isolation forest's parameters: scikit-learn's, with its defaults.
    pub struct IsolationForestSpec {
        /// How many trees there are.
        n_estimators: usize = 100, between(1.0, 2000.0), unit "trees", zh "树的数量";
        /// How many rows each tree is grown on.
        /// "auto" is 256, or all when there are fewer; below 1 it is a share of the rows.
        max_samples: AutoOr<CountOrShare> = AutoOr::Auto, above(0.0, 1e9), unit "rows", zh "每棵树的行数";
        /// The share of rows that are outliers.
        /// "auto" and empty leave it open: a row is an outlier when its score is below -0.5.
        contamination: AutoOr<Option<f64>> = AutoOr::Auto, above(0.0, 0.5), unit "", zh "异常行的比例";
        /// How many features each tree knows.
        /// Below 1 it is a share of them; empty means all.
        max_features: Option<CountOrShare> = None, above(0.0, 1e9), unit "features", zh "每棵树可用的特征数";
        /// Whether each tree's rows are drawn with replacement.
        bootstrap: bool = false, any(), unit "", zh "每棵树是否有放回地抽取行";
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = IsolationForestSpec::from_params(params)?;
    unlabelled(NAME, &input)?;
    let FitInput { x, seed, .. } = input;
    let (n_rows, n_features) = (x.n_rows(), x.n_features());
    let max_samples = match spec.max_samples {
        AutoOr::Auto => CountOrShare(f64::from(AUTO_SAMPLES)),
        AutoOr::Given(given) => given,
    };
    let n_drawn = max_samples.of_rounded_down(n_rows).clamp(1, n_rows);
    let n_known = spec.max_features.map_or(n_features, |count| count.of_rounded_down(n_features).clamp(1, n_features));
    check_work(spec.n_estimators, n_drawn, n_known, None)?;
    let mut random = RandomState::new(seed);
    let mut labels = RandomState::new(seed);
    Ok(Box::new(IsolationSession {
        n_drawn,
        n_known,
        bootstrap: spec.bootstrap,
        contamination: match spec.contamination {
            AutoOr::Given(Some(share)) => Some(share),
            AutoOr::Given(None) | AutoOr::Auto => None,
        },
        seeds: (0..spec.n_estimators).map(|_| random.below(SEED_END)).collect(),
        forest: FittedIsolationForest { forest: FittedForest::new(NAME, n_features, 0), n_drawn, offset: AUTO_OFFSET },
        labels: (0..n_rows).map(|_| labels.uniform()).collect(),
        scores: Vec::new(),
        stage: Stage::Drawing,
        x,
        fraction: 0.0,
    }))
}

/// A fit under way.
struct IsolationSession {
    x: Matrix,
    /// A number for each row, which stands where the grower wants a label: no two are alike, so that only rows that stand
    /// alone end the questions. They are those that scikit-learn draws.
    labels: Vec<f64>,
    n_drawn: usize,
    n_known: usize,
    bootstrap: bool,
    contamination: Option<f64>,
    /// The seed of each tree.
    seeds: Vec<u32>,
    forest: FittedIsolationForest,
    /// Of the rows so far, if they are to decide the offset.
    scores: Vec<f64>,
    stage: Stage,
    fraction: f64,
}

enum Stage {
    Drawing,
    Sorting { tree: Planted, presort: Presort, x: Matrix },
    Growing { tree: Planted, grower: Box<Grower> },
    Scoring,
    Done,
}

/// What a tree is grown on.
struct Planted {
    /// The features it knows.
    features: Vec<u32>,
    y: Target,
    layout: Layout,
    seed: Seed,
}

impl IsolationSession {
    fn advance(&mut self) -> Result<Step, Error> {
        let mut budget = WORDS_PER_STEP;
        while budget > 0 && !matches!(self.stage, Stage::Done) {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Drawing => {
                    budget = budget.saturating_sub(WORDS_PER_TREE + self.x.n_rows() + self.n_drawn * self.n_known);
                    self.draw()?
                }
                Stage::Sorting { tree, mut presort, x } => {
                    budget = budget.saturating_sub(8 * self.n_drawn * self.n_known);
                    if sort(&mut presort, &x, &tree.y) {
                        self.plant(tree, presort)
                    } else {
                        Stage::Sorting { tree, presort, x }
                    }
                }
                Stage::Growing { tree, mut grower } => {
                    if grower.grow(&mut budget) {
                        self.keep(&tree, grower.take_nodes())
                    } else {
                        Stage::Growing { tree, grower }
                    }
                }
                Stage::Scoring => self.score(&mut budget),
                Stage::Done => Stage::Done,
            };
        }
        let n_done = self.forest.n_trees() as f64 / self.seeds.len() as f64;
        let n_scored = self.scores.len() as f64 / self.x.n_rows() as f64;
        self.fraction = match self.stage {
            Stage::Done => 1.0,
            _ => (0.8 * n_done + 0.2 * n_scored).min(1.0 - f64::EPSILON).max(self.fraction),
        };
        Ok(Step { fraction: self.fraction, epoch: None })
    }

    /// The rows and features of the next tree.
    fn draw(&mut self) -> Result<Stage, Error> {
        let seed = Seed(u64::from(self.seeds[self.forest.n_trees()]));
        let seed_of_tree = RandomState::new(seed).below(SEED_END);
        let mut random = RandomState::new(seed);
        let (n_rows, n_features) = (self.x.n_rows(), self.x.n_features());
        let mut features = random.draw(n_features, self.n_known);
        if self.n_known == n_features {
            features.sort_unstable();
        }
        let mut rows: Vec<u32> = match self.bootstrap {
            true => (0..self.n_drawn).map(|_| random.below(n_rows as u32)).collect(),
            false => random.draw(n_rows, self.n_drawn),
        };
        rows.sort_unstable();
        // A row that is drawn again stays one row, as it weighs nothing here.
        rows.dedup();
        let feature = |&feature: &u32| -> Vec<f64> {
            let values = self.x.feature(feature as usize);
            rows.iter().map(|&row| values[row as usize]).collect()
        };
        let x = Matrix::from_columns(features.iter().map(feature).collect());
        let y = Target::Values(rows.iter().map(|&row| self.labels[row as usize]).collect());
        let (layout, _) = layout(&y)?;
        let tree = Planted { features, y, layout, seed: Seed(u64::from(seed_of_tree)) };
        Ok(Stage::Sorting { presort: Presort::new(layout, x.n_features()), tree, x })
    }

    fn plant(&self, tree: Planted, presort: Presort) -> Stage {
        let max_depth = libm::ceil(libm::log2(self.n_drawn.max(2) as f64)) as usize;
        let spec = DecisionTreeSpec { max_depth: Some(max_depth), ..DecisionTreeSpec::default() };
        let n_rows = tree.y.n_rows();
        let limits =
            Limits { max_features: 1, splitter: Splitter::Random, ..Limits::new(&spec, n_rows, tree.features.len()) };
        let columns = presort.into_columns();
        let mut grower = Box::new(Grower::new(
            limits,
            Impurity::SquaredError,
            tree.layout,
            columns,
            Labels::new(&tree.y, None),
            n_rows,
        ));
        grower.plant(tree.seed);
        Stage::Growing { tree, grower }
    }

    /// Writes into each leaf how many questions a row in it takes, and keeps the tree.
    fn keep(&mut self, tree: &Planted, mut nodes: Vec<TreeNode>) -> Stage {
        let mut depths = vec![0.0; nodes.len()];
        for (idx, node) in nodes.iter_mut().enumerate() {
            depths[idx] = node.parent.map_or(0.0, |parent| depths[parent] + 1.0);
            node.value = vec![depths[idx] + average_path(node.n_samples)];
            node.impurity = 0.0;
            if let Some(split) = &mut node.split {
                split.feature = tree.features[split.feature] as usize;
            }
        }
        self.forest.forest.push(&nodes);
        match (self.forest.n_trees() == self.seeds.len(), self.contamination) {
            (false, _) => Stage::Drawing,
            (true, Some(_)) => Stage::Scoring,
            (true, None) => Stage::Done,
        }
    }

    /// Scores some more of the training rows, whose share of outliers decides the offset.
    fn score(&mut self, budget: &mut usize) -> Stage {
        let n_rows = self.x.n_rows();
        let start = self.scores.len();
        let end = n_rows.min(start + (*budget / self.forest.cost_per_row()).max(1));
        *budget = budget.saturating_sub((end - start) * self.forest.cost_per_row());
        let rows: Vec<u32> = (start as u32..end as u32).collect();
        self.scores.extend(self.forest.scores(&self.x.take_rows(&rows)));
        if end < n_rows {
            return Stage::Scoring;
        }
        if let Some(share) = self.contamination {
            let mut scores = self.scores.clone();
            scores.sort_unstable_by(f64::total_cmp);
            let at = share * (n_rows - 1) as f64;
            let below = at as usize;
            let above = scores[(below + 1).min(n_rows - 1)];
            self.forest.offset = scores[below] + (above - scores[below]) * at.fract();
        }
        Stage::Done
    }
}

impl Session<dyn Fitted> for IsolationSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(self.advance())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        assert!(self.fraction >= 1.0, "a step has said that the forest is grown");
        (Box::new(self.forest), Issues::new())
    }
}

/// How many questions it would still take, on average, to tell `n` rows apart.
fn average_path(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        n => 2.0 * (libm::log(n as f64 - 1.0) + EULER_GAMMA) - 2.0 * (n as f64 - 1.0) / n as f64,
    }
}

/// A grown isolation forest.
///
/// It needs no labels and no scaling, and finds rows that are odd in any of many ways; what is odd only in comparison
/// with near neighbours it may miss.
///
/// ```text
/// score(x) = −2^(−mean path(x) / c(rows per tree))        c(n): the mean path among n rows
/// ```
///
/// **Units** as scikit-learn's `score_samples`: between −1 and 0, and lower is odder (the paper's score has the other
/// sign). A row is an outlier when its score is below `offset`.
///
/// Growing costs `O(n_trees · n_drawn · (n_features + log n_drawn))`, answering a row `O(n_trees · log n_drawn)`.
///
/// **Reference** Liu, Ting and Zhou, Isolation forest (2008), <https://doi.org/10.1109/ICDM.2008.17>. The trees are
/// scikit-learn's, except that features are not rounded to f32 first.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedIsolationForest {
    /// Its leaves say how many questions were asked.
    forest: FittedForest,
    n_drawn: usize,
    offset: f64,
}

impl FittedIsolationForest {
    /// A row whose score is below it is an outlier.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    fn scores(&self, x: &Matrix) -> Vec<f64> {
        let Answers::Values(mut values) = self.forest.predict(x) else {
            unreachable!("trees of numbers answer numbers")
        };
        let mean_path = average_path(self.n_drawn);
        for value in &mut values {
            // Among one row alone no question is asked, and it is as odd as it is not.
            *value = -libm::exp2(if mean_path > 0.0 { -*value / mean_path } else { -1.0 });
        }
        values
    }

    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let (&[n_drawn], &[offset]) = (state.u32("n_drawn")?, state.f64("offset")?) else {
            return Err(malformed("n_drawn and offset are one number each"));
        };
        let forest = FittedForest::load(NAME, state)?;
        if n_drawn == 0 || !offset.is_finite() || !matches!(state.u32("shape")?, [_, 0, 0]) {
            return Err(malformed("an isolation forest's numbers are out of range"));
        }
        Ok(Self { forest, n_drawn: n_drawn as usize, offset })
    }
}

impl Fitted for FittedIsolationForest {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn n_features(&self) -> usize {
        self.forest.n_features()
    }

    fn predict(&self, x: &Matrix) -> Answers {
        Answers::Scores { scores: self.scores(x), offset: self.offset }
    }

    fn cost_per_row(&self) -> usize {
        self.forest.cost_per_row()
    }

    fn measures(&self) -> Vec<(&'static str, f64)> {
        vec![("offset", self.offset)]
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Trees(self)
    }

    fn state(&self) -> State {
        self.forest.state().with_u32("n_drawn", vec![self.n_drawn as u32]).with_f64("offset", vec![self.offset])
    }
}

impl Trees for FittedIsolationForest {
    fn n_trees(&self) -> usize {
        self.forest.n_trees()
    }

    fn n_nodes(&self, tree: usize) -> usize {
        self.forest.n_nodes(tree)
    }

    fn nodes(&self, tree: usize) -> Vec<TreeNode> {
        self.forest.nodes(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Device, block_on};

    fn grown(params: &[(&str, Value)], x: Vec<f64>) -> (Box<dyn Fitted>, Vec<f64>) {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let x = Matrix::from_columns(vec![x]);
        let (y, device) = (Target::none(), Device::cpu());
        let mut session =
            start(&params, FitInput { x: x.clone(), y, sample_weight: None, valid: None, seed: Seed(0), device })
                .unwrap();
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        let fitted = session.finish().0;
        let Answers::Scores { scores, .. } = fitted.predict(&x) else { panic!("scores") };
        (fitted, scores)
    }

    #[test]
    fn paths_are_those_of_the_paper() {
        assert_eq!([average_path(1), average_path(2)], [0.0, 1.0]);
        // 2 (ln 255 + γ) − 2 · 255 / 256
        assert!((average_path(256) - 10.244_770_920_119).abs() < 1e-9);
    }

    #[test]
    fn a_row_far_from_all_others_is_the_oddest() {
        let mut x: Vec<f64> = (0..50).map(f64::from).collect();
        x[20] = 1000.0;
        let (_, scores) = grown(&[], x);
        let oddest = (0..50).min_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
        assert_eq!(oddest, 20);
        assert!(scores.iter().all(|score| (-1.0..0.0).contains(score)));
    }

    #[test]
    fn contamination_is_the_share_of_outliers() {
        let (fitted, _) = grown(&[("contamination", 0.1.into())], (0..200).map(|i| f64::from(i * i)).collect());
        let x = Matrix::from_columns(vec![(0..200).map(|i| f64::from(i * i)).collect()]);
        let outliers: u32 = fitted.predict(&x).codes().iter().sum();
        assert!((18..=20).contains(&outliers), "{outliers}");
    }

    #[test]
    fn rows_that_are_all_the_same_are_not_odd() {
        let (_, scores) = grown(&[], vec![3.0; 20]);
        assert!(scores.iter().all(|score| (score + 0.5).abs() < 1e-15), "{scores:?}");
        let (_, scores) = grown(&[], vec![3.0]);
        assert_eq!(scores, [-0.5]);
    }
}
