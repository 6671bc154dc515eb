//! Decision trees: questions about one feature at a time, for classes and for numbers.
//!
//! What comes in: features, labels, and perhaps weights; cells may be missing. What goes out: the nodes, root first, each
//! before its children, with scikit-learn's numbers: the same rows, parameters and seed give the same tree, node for
//! node, ties included. The one intended difference: features stay f64, where scikit-learn rounds them to f32 first.

pub(super) mod criterion;
mod fitted;
pub(in crate::model) mod frontier;
pub(super) mod grow;
pub(super) mod presort;
pub(super) mod prune;
mod scan;
pub(super) mod sklearn_random;

pub use fitted::FittedDecisionTree;
pub use prune::{Pruned, Pruning};

use crate::Error;
use crate::error::{Issues, Place};
use crate::model::class_weight::{CLASS_WEIGHTS, ClassWeight};
use crate::model::{BoxedSession, Fitted, ModelKind, TreeNode};
use crate::param::{CountOrShare, ParamMap, Spec, above, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::random::Seed;
use crate::train::{FitInput, Session, Step, StepFuture, ready};
use criterion::{Impurity, Labels};
use grow::{Grower, Limits, Splitter};
use presort::{Layout, Presort};

/// Words looked at or moved in one step: some 15 ms natively, twice that in a browser.
pub(super) const WORDS_PER_STEP: usize = 2_000_000;

/// The share of the progress that sorting is given.
const SORT_SHARE: f64 = 0.15;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "decision_tree",
    title: ["Decision tree", "决策树"],
    summary: [
        "Asks one question about one feature at a time; every answer can be read from root to leaf.",
        "每次只问一个特征的一个问题，从根到叶都能读懂。",
    ],
    tasks: &[Task::Classification, Task::Regression],
    wants_scaling: |_| false,
    docs: DecisionTreeSpec::docs,
    check: |params| DecisionTreeSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |params, task| {
        let spec = DecisionTreeSpec::from_checked(params);
        params.insert("criterion".to_owned(), spec.criterion.resolved(task).word().into());
    },
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| true,
    takes_weights: |_| true,
    start,
    load: |state| Ok(Box::new(FittedDecisionTree::load(state)?)),
};

crate::choice! {
    /// What a split makes smaller.
    pub enum Criterion {
        /// Gini impurity for classes, squared error for numbers.
        Auto = "auto",
        /// The chance that two rows drawn from a node are of different classes.
        Gini = "gini",
        /// The bits it takes to name a row's class.
        Entropy = "entropy",
        /// Another name of entropy.
        LogLoss = "log_loss",
        /// The variance of the numbers.
        SquaredError = "squared_error",
    }
}

impl Criterion {
    /// What "auto" means for a task.
    pub fn resolved(self, task: Task) -> Self {
        match (self, task) {
            (Self::Auto, Task::Classification) => Self::Gini,
            (Self::Auto, Task::Regression) => Self::SquaredError,
            _ => self,
        }
    }

    pub(super) fn impurity(self, task: Task) -> Result<Impurity, Error> {
        match (self.resolved(task), task) {
            (Self::Gini, Task::Classification) => Ok(Impurity::Gini),
            (Self::Entropy | Self::LogLoss, Task::Classification) => Ok(Impurity::Entropy),
            (Self::SquaredError, Task::Regression) => Ok(Impurity::SquaredError),
            (other, Task::Classification) => {
                Err(TreeError::WrongCriterion { criterion: other.word(), learns: "classes", use_instead: "gini" }
                    .into())
            }
            (other, _) => {
                let use_instead = "squared_error";
                Err(TreeError::WrongCriterion { criterion: other.word(), learns: "numbers", use_instead }.into())
            }
        }
    }
}

crate::choice! {
    /// Where a feature may be cut.
    pub enum TreeSplitter {
        /// Where it helps most.
        Best = "best",
        /// At one place drawn at random, as extra trees do.
        Random = "random",
    }
}

impl From<TreeSplitter> for Splitter {
    fn from(splitter: TreeSplitter) -> Self {
        match splitter {
            TreeSplitter::Best => Self::Best,
            TreeSplitter::Random => Self::Random,
        }
    }
}

crate::spec! {
    /// A decision tree's parameters: scikit-learn's, with its defaults.
    pub struct DecisionTreeSpec {
        /// What a split makes smaller.
        /// "auto" is gini for classes and squared_error for numbers; entropy and log_loss are the same.
        criterion: Criterion = Criterion::Auto, any(), unit "", zh "分裂时要减小的不纯度";
        /// How many questions deep the tree may grow.
        /// Deeper trees fit more, and remember more noise; empty means until every leaf is pure.
        max_depth: Option<usize> = None, between(1.0, 1e9), unit "levels", zh "树的最大深度";
        /// How many rows a node needs to be split.
        /// Below 1 it is a share of all rows, rounded up.
        min_samples_split: CountOrShare = CountOrShare(2.0), above(0.0, 1e9), unit "rows", zh "可分裂节点的最少行数";
        /// How many rows each side of a split needs.
        /// Below 1 it is a share of all rows, rounded up.
        min_samples_leaf: CountOrShare = CountOrShare(1.0), above(0.0, 1e9), unit "rows", zh "叶子的最少行数";
        /// How many features each split may choose from, drawn anew.
        /// Below 1 it is a share of the features, rounded down; empty means all.
        max_features: Option<CountOrShare> = None, above(0.0, 1e9), unit "features", zh "每次分裂可选的特征数";
        /// How many leaves the tree may have.
        /// The tree then grows where it gains most first.
        max_leaf_nodes: Option<usize> = None, between(2.0, 1e9), unit "leaves", zh "叶子的最大数量";
        /// How much a split must lower the impurity, weighted by its share of the rows.
        min_impurity_decrease: f64 = 0.0, between(0.0, 1e300), unit "", zh "分裂至少要降低的不纯度";
        /// Where a feature may be cut: where it helps most, or at one place drawn at random.
        splitter: TreeSplitter = TreeSplitter::Best, any(), unit "", zh "在最好的位置分裂，还是在随机的位置";
        /// How much impurity each leaf must take away to be kept once the tree is grown.
        /// Branches that explain less per leaf are pruned, the weakest first; 0 keeps all. The pruning path shows what
        /// each value makes of the tree.
        ccp_alpha: f64 = 0.0, between(0.0, 1e300), unit "", zh "剪枝强度：每片叶子至少要减少的不纯度";
        /// How much the rows of each class count.
        /// "balanced" makes rare classes count as much as frequent ones. An object gives each class its own weight by name; a
        /// class it leaves out counts once.
        class_weight: ClassWeight = ClassWeight::None, CLASS_WEIGHTS, unit "", zh "各类别的行算多少：balanced 让稀少的类别同样重要";
    }
}

crate::trouble! {
    /// What can stop a tree.
    pub enum TreeError in "train" {
        /// The criterion is for another task.
        WrongCriterion { criterion: &'static str, learns: &'static str, use_instead: &'static str } => "wrong_criterion",
            "criterion is {criterion:?}, but the target is made of {learns}",
            hint "Set criterion to \"auto\" or {use_instead:?}",
            place Place::field("model.criterion");
        /// The squares of the target's numbers are too large for a number.
        TargetTooLarge { largest: f64 } => "target_too_large",
            "the target's numbers are as large as {largest:e}, and a tree adds up their squares",
            hint "Divide the target, or take its logarithm";
        /// There are more rows and classes than a tree can number.
        TooManyRows { n_rows: usize, n_classes: usize } => "too_many_rows",
            "a tree cannot be grown on {n_rows} rows with {n_classes} classes",
            hint "Train on fewer rows, or merge rare classes";
    }
}

impl Limits {
    pub(super) fn new(spec: &DecisionTreeSpec, n_rows: usize, n_features: usize) -> Self {
        let min_samples_leaf = spec.min_samples_leaf.of_rounded_up(n_rows).max(1);
        Self {
            max_depth: spec.max_depth.unwrap_or(usize::MAX),
            min_samples_split: spec.min_samples_split.of_rounded_up(n_rows).max(2).max(2 * min_samples_leaf),
            min_samples_leaf,
            max_features: spec.max_features.map_or(n_features, |count| count.of_rounded_down(n_features).max(1)),
            max_leaf_nodes: spec.max_leaf_nodes,
            min_impurity_decrease: spec.min_impurity_decrease,
            splitter: spec.splitter.into(),
            has_copies: false,
        }
    }
}

/// How words hold the rows, and how many classes there are (0 in regression).
///
/// **Errors** `train.target_too_large`, `train.too_many_rows`.
pub(super) fn layout(y: &Target) -> Result<(Layout, usize), Error> {
    let n_classes = match y {
        Target::Classes { n_classes, .. } => *n_classes,
        Target::Values(values) => {
            let largest = values.iter().fold(0.0, |largest: f64, y| largest.max(y.abs()));
            // The square of the sum of all must be a number, and so must what it is multiplied with.
            if !(largest * values.len() as f64 * values.len() as f64).powi(2).is_finite() {
                return Err(TreeError::TargetTooLarge { largest }.into());
            }
            0
        }
    };
    let too_many = TreeError::TooManyRows { n_rows: y.n_rows(), n_classes };
    Ok((Layout::new(y.n_rows(), n_classes).ok_or(too_many)?, n_classes))
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = DecisionTreeSpec::from_params(params)?;
    let FitInput { x, y, sample_weight, seed, .. } = input;
    let weights = spec.class_weight.apply(&y, sample_weight)?;
    let impurity = spec.criterion.impurity(y.task())?;
    let (layout, n_classes) = layout(&y)?;
    let limits = Limits::new(&spec, x.n_rows(), x.n_features());
    let sorting = Stage::Sorting { presort: Presort::new(layout, x.n_features()), x };
    let n_features = sorting.n_features();
    Ok(Box::new(TreeSession {
        n_features,
        n_classes,
        limits,
        impurity,
        layout,
        seed,
        y,
        weights,
        ccp_alpha: spec.ccp_alpha,
        stage: sorting,
        fraction: 0.0,
    }))
}

/// A fit under way.
struct TreeSession {
    n_features: usize,
    n_classes: usize,
    limits: Limits,
    impurity: Impurity,
    layout: Layout,
    seed: Seed,
    y: Target,
    weights: Option<Vec<f64>>,
    ccp_alpha: f64,
    stage: Stage,
    fraction: f64,
}

enum Stage {
    Sorting { presort: Presort, x: Matrix },
    Growing { grower: Box<Grower>, work: f64 },
    Pruning { nodes: Vec<TreeNode>, pruning: Box<Pruning> },
    Done(FittedDecisionTree),
}

impl Stage {
    fn n_features(&self) -> usize {
        match self {
            Self::Sorting { x, .. } => x.n_features(),
            Self::Growing { .. } | Self::Pruning { .. } | Self::Done(_) => 0,
        }
    }
}

impl TreeSession {
    fn advance(&mut self) -> Step {
        let taken = std::mem::replace(&mut self.stage, Stage::Done(FittedDecisionTree::default()));
        self.stage = match taken {
            Stage::Sorting { presort, x } => self.sort(presort, x),
            Stage::Growing { mut grower, work } => {
                let mut budget = WORDS_PER_STEP;
                if grower.grow(&mut budget) {
                    self.grown(grower.take_nodes())
                } else {
                    let done = 1.0 - grower.work_left() / work;
                    // Estimates may fall short; progress never goes back.
                    self.fraction = self.fraction.max(SORT_SHARE + (1.0 - SORT_SHARE) * done.clamp(0.0, 0.99));
                    Stage::Growing { grower, work }
                }
            }
            Stage::Pruning { nodes, mut pruning } => {
                let mut budget = WORDS_PER_STEP;
                while pruning.next(self.ccp_alpha, &mut budget).is_some() {}
                if budget == 0 {
                    Stage::Pruning { nodes, pruning }
                } else {
                    let pruned = pruning.tree(&nodes);
                    let tree = FittedDecisionTree::new(pruned, self.n_features, self.n_classes);
                    Stage::Done(tree.pruned_from(nodes, self.ccp_alpha))
                }
            }
            done @ Stage::Done(_) => done,
        };
        if matches!(self.stage, Stage::Done(_)) {
            self.fraction = 1.0;
        }
        Step { fraction: self.fraction, epoch: None }
    }

    fn grown(&self, nodes: Vec<TreeNode>) -> Stage {
        if self.ccp_alpha > 0.0 {
            return Stage::Pruning { pruning: Box::new(Pruning::new(&nodes)), nodes };
        }
        Stage::Done(FittedDecisionTree::new(nodes, self.n_features, self.n_classes))
    }

    fn sort(&mut self, mut presort: Presort, x: Matrix) -> Stage {
        if sort(&mut presort, &x, &self.y) {
            return self.plant(presort, x.n_rows());
        }
        self.fraction = SORT_SHARE * presort.fraction(self.n_features);
        Stage::Sorting { presort, x }
    }

    fn plant(&mut self, presort: Presort, n_rows: usize) -> Stage {
        let labels = Labels::new(&self.y, self.weights.take());
        if self.n_features == 0 {
            return Stage::Done(FittedDecisionTree::constant(&self.y, &labels, self.impurity));
        }
        let mut columns = presort.into_columns();
        for column in &mut columns {
            column.words.retain(|&word| labels.counts(self.layout.row(word)));
        }
        let mut grower = Box::new(Grower::new(self.limits, self.impurity, self.layout, columns, labels, n_rows));
        grower.plant(self.seed);
        let work = grower.work_left().max(1.0);
        self.fraction = SORT_SHARE;
        Stage::Growing { grower, work }
    }
}

/// Sorts for one step. True when all is sorted.
pub(super) fn sort(presort: &mut Presort, x: &Matrix, y: &Target) -> bool {
    let codes = match y {
        Target::Classes { codes, .. } => codes.as_slice(),
        Target::Values(_) => &[],
    };
    let mut touched = 0;
    while touched < WORDS_PER_STEP {
        if presort.pass(x, |row| codes.get(row).copied().unwrap_or(0)) {
            return true;
        }
        touched += x.n_rows().max(1);
    }
    false
}

impl Session<dyn Fitted> for TreeSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(Ok(self.advance()))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        match self.stage {
            Stage::Done(fitted) => (Box::new(fitted), Issues::new()),
            _ => panic!("a step has said that the tree is grown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Structure, TreeNode};
    use crate::train::{Device, block_on};

    fn grown(params: &[(&str, serde_json::Value)], x: Vec<f64>, y: Target) -> Result<Vec<TreeNode>, Error> {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let x = Matrix::from_columns(vec![x]);
        let mut session =
            start(&params, FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() })?;
        while block_on(session.step())?.fraction < 1.0 {}
        let (fitted, _) = session.finish();
        match fitted.structure() {
            Structure::Tree(nodes) => Ok(nodes.to_vec()),
            _ => panic!("a tree is made of nodes"),
        }
    }

    #[test]
    fn one_question_tells_two_classes_apart() {
        let y = Target::Classes { codes: vec![0, 0, 1], n_classes: 2 };
        let nodes = grown(&[], vec![1.0, 2.0, 4.0], y).unwrap();
        assert_eq!(nodes.len(), 3);
        assert_eq!(nodes[0].split.map(|split| split.threshold), Some(3.0));
        assert!((nodes[0].impurity - 4.0 / 9.0).abs() < 1e-15);
        assert_eq!((nodes[1].value.as_slice(), nodes[2].value.as_slice()), (&[1.0, 0.0][..], &[0.0, 1.0][..]));
    }

    #[test]
    fn a_tree_may_be_as_deep_as_it_has_rows() {
        // Each cut takes off the one largest number.
        let n = 2_000;
        let y = Target::Values((0..n).map(|i| libm::ldexp(1.0, i % 400)).collect());
        let nodes = grown(&[], (0..n).map(f64::from).collect(), y).unwrap();
        assert!(nodes.len() > 1_000);
    }

    #[test]
    fn large_numbers_that_are_alike_keep_their_digits() {
        let y = Target::Values(vec![1e9, 1e9, 1e9 + 1.0, 1e9 + 1.0]);
        let nodes = grown(&[], vec![1.0, 2.0, 3.0, 4.0], y).unwrap();
        assert_eq!((nodes[0].impurity, nodes[0].value[0]), (0.25, 1e9 + 0.5));
        assert_eq!(nodes.len(), 3);
    }

    #[test]
    fn a_criterion_of_the_other_task_is_an_error() {
        let y = Target::Values(vec![1.0, 2.0]);
        let error = grown(&[("criterion", "gini".into())], vec![1.0, 2.0], y).unwrap_err();
        assert_eq!(error.message(), "criterion is \"gini\", but the target is made of numbers");
        assert_eq!(error.hint(), "Set criterion to \"auto\" or \"squared_error\"");
    }

    #[test]
    fn numbers_too_large_to_be_squared_are_refused() {
        let error = grown(&[], vec![1.0, 2.0], Target::Values(vec![1e200, 0.0])).unwrap_err();
        assert_eq!(error.code(), "train.target_too_large");
    }
}
