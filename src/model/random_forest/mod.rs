//! Forests: many trees, each grown on other rows or with other questions, and the mean of what they say.
//!
//! What comes in: rows and labels. What goes out: scikit-learn's `RandomForest…` and `ExtraTrees…`, tree for tree: the
//! seed of tree number `i` is the `i`-th draw of numpy's `RandomState(seed)`, and its rows and questions follow from that
//! seed alone, so that trees could be grown anywhere, in any order, with the same bits. Both models are here because
//! they differ in two settings: extra trees cut at random places, and take all rows unless told otherwise.

mod fitted;
mod out_of_bag;
mod packed;
mod part;
mod session;
mod watch;

pub use fitted::FittedForest;
pub use part::{TreeShare, read_trees, write_trees};

use serde_json::Value;

use super::class_weight::{CLASS_WEIGHTS, ClassWeight};
use super::decision_tree::grow::{Limits, Splitter};
use super::decision_tree::{Criterion, DecisionTreeSpec, layout};
use crate::Error;
use crate::error::Place;
use crate::model::{BoxedSession, ModelKind};
use crate::param::{CountOrShare, ParamDoc, ParamKind, ParamMap, ParamValue, Range, Spec, above, any, between};
use crate::preprocess::Task;
use crate::train::FitInput;
use part::Part;
use session::{ForestSession, Plan};

/// Words to be touched beyond which a fit is refused: some four hours in a browser.
const WORDS_MAX: f64 = 1e12;

const RANDOM_FOREST: &str = "random_forest";

const EXTRA: &str = "extra_trees";

/// A random forest's line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: RANDOM_FOREST,
    title: ["Random forest", "随机森林"],
    summary: [
        "Grows many trees on rows drawn at random, and answers with their mean; hard to get wrong.",
        "在随机抽取的行上种许多棵树，再取它们的平均；不容易出错。",
    ],
    tasks: &[Task::Classification, Task::Regression],
    wants_scaling: |_| false,
    docs: RandomForestSpec::docs,
    check: |params| RandomForestSpec::from_params(params).map(|spec| spec.to_params()),
    resolve,
    uses_tensors: |_| false,
    draws_rows: |params| RandomForestSpec::from_checked(params).bootstrap,
    takes_missing: |_| true,
    takes_weights: |_| true,
    start: |params, input| start_share(RANDOM_FOREST, params, input, TreeShare::default()),
    load: |state| Ok(Box::new(FittedForest::load(RANDOM_FOREST, state)?)),
};

/// Extra trees' line of the registry.
pub(super) const EXTRA_TREES: ModelKind = ModelKind {
    kind: EXTRA,
    title: ["Extra trees", "极端随机树"],
    summary: [
        "A forest whose questions are drawn at random, the best of a few drawn ones being asked; smoother, and faster.",
        "问题的分界点随机抽取、再从中选优的森林；结果更平滑，训练更快。",
    ],
    docs: ExtraTreesSpec::docs,
    check: |params| ExtraTreesSpec::from_params(params).map(|spec| spec.to_params()),
    start: |params, input| start_share(EXTRA, params, input, TreeShare::default()),
    load: |state| Ok(Box::new(FittedForest::load(EXTRA, state)?)),
    ..KIND
};

fn resolve(params: &mut ParamMap, task: Task) {
    let spec = RandomForestSpec::from_checked(params);
    params.insert("criterion".to_owned(), spec.criterion.resolved(task).word().into());
    params.insert("max_features".to_owned(), spec.max_features.resolved(task).write());
}

crate::spec! {
    /// A random forest's parameters: scikit-learn's, with its defaults.
    pub struct RandomForestSpec {
        /// How many trees there are.
        /// More never fit worse, but take longer; past some hundreds little changes.
        n_estimators: usize = 100, between(1.0, 2000.0), unit "trees", zh "树的数量";
        /// What a split makes smaller.
        /// "auto" is gini for classes and squared_error for numbers; entropy and log_loss are the same.
        criterion: Criterion = Criterion::Auto, any(), unit "", zh "分裂时要减小的不纯度";
        /// How many questions deep a tree may grow.
        /// Empty means until every leaf is pure, which forests bear well.
        max_depth: Option<usize> = None, between(1.0, 1e9), unit "levels", zh "树的最大深度";
        /// How many rows a node needs to be split.
        /// Below 1 it is a share of all rows, rounded up.
        min_samples_split: CountOrShare = CountOrShare(2.0), above(0.0, 1e9), unit "rows", zh "可分裂节点的最少行数";
        /// How many rows each side of a split needs.
        /// Below 1 it is a share of all rows, rounded up.
        min_samples_leaf: CountOrShare = CountOrShare(1.0), above(0.0, 1e9), unit "rows", zh "叶子的最少行数";
        /// How many features each split may choose from, drawn anew.
        /// "auto" is "sqrt" (the square root of their number) for classes and all of them for numbers; "log2" is its
        /// logarithm. Below 1 it is a share of the features, rounded down; empty means all.
        max_features: MaxFeatures = MaxFeatures::Auto, above(0.0, 1e9), unit "features", zh "每次分裂可选的特征数";
        /// How many leaves a tree may have.
        /// The trees then grow where they gain most first.
        max_leaf_nodes: Option<usize> = None, between(2.0, 1e9), unit "leaves", zh "叶子的最大数量";
        /// How much a split must lower the impurity, weighted by its share of the rows.
        min_impurity_decrease: f64 = 0.0, between(0.0, 1e300), unit "", zh "分裂至少要降低的不纯度";
        /// How much impurity each leaf of a tree must take away to be kept once the tree is grown; 0 keeps all.
        ccp_alpha: f64 = 0.0, between(0.0, 1e300), unit "", zh "剪枝强度：每片叶子至少要减少的不纯度";
        /// How much the rows of each class count.
        /// "balanced" makes rare classes count as much as frequent ones. An object gives each class its own weight by name; a
        /// class it leaves out counts once.
        class_weight: ClassWeight = ClassWeight::None, CLASS_WEIGHTS, unit "", zh "各类别的行算多少：balanced 让稀少的类别同样重要";
        /// Whether each tree gets as many rows as there are, drawn with replacement.
        /// Some rows are then drawn several times, and about a third not at all; otherwise each tree gets all rows. Weights
        /// say how often a row is drawn, or what it counts in every tree.
        bootstrap: bool = true, any(), unit "", zh "每棵树是否有放回地抽取训练行";
        /// How many rows each tree draws; empty means as many as there are.
        /// Below 1 it is a share of the rows (of their weights, where they have some), rounded down; never more than there
        /// are. It needs bootstrap.
        max_samples: Option<CountOrShare> = None, above(0.0, 1e9), unit "rows", zh "每棵树抽取的行数；留空为全部行数";
        /// Whether to measure how well rows are answered by the trees that did not draw them.
        /// A fair measure without held-back rows: accuracy for classes, R² for numbers. It needs bootstrap.
        oob_score: bool = false, any(), unit "", zh "是否用没抽到该行的树来评分";
    }
}

/// Extra trees' parameters: a random forest's, except that `bootstrap` is `false` unless given.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraTreesSpec(pub RandomForestSpec);

impl Default for ExtraTreesSpec {
    fn default() -> Self {
        Self(RandomForestSpec { bootstrap: false, ..RandomForestSpec::default() })
    }
}

impl Spec for ExtraTreesSpec {
    fn docs() -> Vec<ParamDoc> {
        let mut docs = RandomForestSpec::docs();
        for doc in docs.iter_mut().filter(|doc| doc.name == "bootstrap") {
            doc.default = Value::from(false);
        }
        docs
    }

    fn to_params(&self) -> ParamMap {
        self.0.to_params()
    }

    fn from_checked(params: &ParamMap) -> Self {
        Self(RandomForestSpec::from_checked(params))
    }
}

/// How many features a split may choose from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxFeatures {
    /// The square root of their number for classes, all for numbers.
    Auto,
    /// All of them.
    All,
    /// The square root of their number, rounded down.
    Sqrt,
    /// The logarithm to base 2 of their number, rounded down.
    Log2,
    /// That many, or that share.
    Of(CountOrShare),
}

impl MaxFeatures {
    /// What "auto" means for a task.
    pub fn resolved(self, task: Task) -> Self {
        match (self, task) {
            (Self::Auto, Task::Classification) => Self::Sqrt,
            (Self::Auto, Task::Regression) => Self::All,
            _ => self,
        }
    }

    /// How many of `n_features` these are; "auto" is all of them.
    ///
    /// ```
    /// use vitrine::model::MaxFeatures;
    /// use vitrine::param::CountOrShare;
    /// assert_eq!(MaxFeatures::Sqrt.of(30), 5);
    /// assert_eq!(MaxFeatures::Log2.of(30), 4);
    /// assert_eq!(MaxFeatures::Of(CountOrShare(0.5)).of(5), 2);
    /// ```
    pub fn of(self, n_features: usize) -> usize {
        match self {
            Self::Auto | Self::All => n_features,
            Self::Sqrt => n_features.isqrt(),
            Self::Log2 => n_features.checked_ilog2().unwrap_or(0) as usize,
            Self::Of(count) => count.of_rounded_down(n_features),
        }
    }
}

impl ParamValue for MaxFeatures {
    fn kind(range: Range) -> ParamKind {
        ParamKind::NumberOrWord { range, options: &["auto", "sqrt", "log2"], nullable: true }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::All),
            Value::String(word) => match word.as_str() {
                "auto" => Some(Self::Auto),
                "sqrt" => Some(Self::Sqrt),
                "log2" => Some(Self::Log2),
                _ => None,
            },
            number => CountOrShare::read(number).map(Self::Of),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Auto => "auto".into(),
            Self::All => Value::Null,
            Self::Sqrt => "sqrt".into(),
            Self::Log2 => "log2".into(),
            Self::Of(count) => count.write(),
        }
    }
}

crate::trouble! {
    /// What can stop a forest.
    pub enum ForestError in "train" {
        /// A forest is to be scored on rows that were not drawn, but draws none.
        OobWithoutBootstrap {} => "oob_without_bootstrap",
            "oob_score needs rows that a tree has not drawn, but bootstrap is off",
            hint "Switch bootstrap on, or oob_score off",
            place Place::field("model.oob_score");
        /// A tree is to draw fewer rows than there are, but draws none.
        SamplesWithoutBootstrap {} => "samples_without_bootstrap",
            "max_samples is how many rows a tree draws, but bootstrap is off",
            hint "Switch bootstrap on, or leave max_samples empty",
            place Place::field("model.max_samples");
        /// The trees would take hours to grow.
        TooMuchWork { n_trees: usize, n_rows: usize, n_features: usize } => "too_much_work",
            "{n_trees} trees on {n_rows} rows of {n_features} features would take hours",
            hint "Grow fewer trees, limit max_depth, or train on fewer rows",
            place Place::field("model.n_estimators");
        /// The trees are too large to be kept.
        ForestTooLarge { n_trees: usize, n_nodes: usize, limit: usize } => "forest_too_large",
            "{n_trees} trees would have some {n_nodes} nodes, but a forest may have {limit}",
            hint "Grow fewer trees, limit max_depth, or raise min_samples_leaf",
            place Place::field("model.n_estimators");
    }
}

crate::trouble! {
    /// What can be odd about a forest.
    pub enum ForestIssue in "train" {
        /// Some rows were drawn by every tree, so that none can be asked about them fairly.
        RowsDrawnByAll { n_rows: usize } => "rows_drawn_by_all",
            "{n_rows} rows were drawn by every tree, so the out-of-bag score leaves them out",
            hint "Grow more trees";
    }
}

/// Starts a fit of a forest, or of some of its trees.
///
/// **Errors** of a fit; `export.malformed_model` when what was grown elsewhere are not trees of this forest.
pub(super) fn start_share(
    kind: &'static str,
    params: &ParamMap,
    input: FitInput,
    share: TreeShare,
) -> Result<BoxedSession, Error> {
    let (splitter, spec) = match kind {
        EXTRA => (Splitter::Random, ExtraTreesSpec::from_params(params)?.0.clone()),
        _ => (Splitter::Best, (*RandomForestSpec::from_params(params)?).clone()),
    };
    let FitInput { x, y, sample_weight, seed, valid, .. } = input;
    let weights = spec.class_weight.apply(&y, sample_weight)?;
    let task = y.task();
    let impurity = spec.criterion.impurity(task)?;
    if spec.oob_score && !spec.bootstrap {
        return Err(ForestError::OobWithoutBootstrap {}.into());
    }
    if spec.max_samples.is_some() && !spec.bootstrap {
        return Err(ForestError::SamplesWithoutBootstrap {}.into());
    }
    let (layout, n_classes) = layout(&y)?;
    let (n_trees, n_rows, n_features) = (spec.n_estimators, y.n_rows(), x.n_features());
    let n_drawn = match spec.max_samples {
        None => n_rows,
        Some(CountOrShare(share)) if share < 1.0 => {
            let whole = weights.as_ref().map_or(n_rows as f64, |weights| weights.iter().sum());
            (share * whole) as usize
        }
        Some(CountOrShare(count)) => count as usize,
    };
    check_work(n_trees, n_rows, n_features, spec.max_depth)?;
    let tree = DecisionTreeSpec {
        max_depth: spec.max_depth,
        min_samples_split: spec.min_samples_split,
        min_samples_leaf: spec.min_samples_leaf,
        max_leaf_nodes: spec.max_leaf_nodes,
        min_impurity_decrease: spec.min_impurity_decrease,
        ..DecisionTreeSpec::default()
    };
    let limits = Limits {
        max_features: spec.max_features.resolved(task).of(n_features).max(1),
        splitter,
        has_copies: spec.bootstrap,
        ..Limits::new(&tree, n_rows, n_features)
    };
    let plan = Plan {
        kind,
        n_trees,
        n_classes,
        limits,
        impurity,
        layout,
        bootstrap: spec.bootstrap,
        n_drawn: n_drawn.clamp(1, n_rows),
        ccp_alpha: spec.ccp_alpha,
        oob_score: spec.oob_score,
        seed,
    };
    let TreeShare { only, grown } = share;
    let only = only.map(|trees| trees.start.min(n_trees)..trees.end.clamp(trees.start.min(n_trees), n_trees));
    let parts = grown.iter().map(|state| Part::read(kind, n_features, n_classes, state)).collect::<Result<_, _>>()?;
    Ok(Box::new(ForestSession::new(plan, (x, y, weights), valid, only, parts)))
}

/// Refuses what would take hours, as if every split halved the rows.
///
/// **Errors** `train.too_much_work`.
pub(super) fn check_work(
    n_trees: usize,
    n_rows: usize,
    n_features: usize,
    max_depth: Option<usize>,
) -> Result<(), Error> {
    let n_levels = libm::log2(n_rows as f64).min(max_depth.map_or(f64::INFINITY, |depth| depth as f64));
    let n_words = n_trees as f64 * n_rows as f64 * n_features as f64 * (1.0 + n_levels);
    if n_words > WORDS_MAX {
        return Err(ForestError::TooMuchWork { n_trees, n_rows, n_features }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issues;
    use crate::model::{Fitted, Structure};
    use crate::preprocess::{Matrix, Target};
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn grown(
        kind: &ModelKind,
        params: &[(&str, Value)],
        x: Vec<f64>,
        y: Target,
    ) -> Result<(Box<dyn Fitted>, Issues), Error> {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let x = Matrix::from_columns(vec![x]);
        let mut session = (kind.start)(
            &params,
            FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() },
        )?;
        while block_on(session.step())?.fraction < 1.0 {}
        Ok(session.finish())
    }

    #[test]
    fn a_tree_is_grown_on_the_rows_numpy_draws() {
        // np.random.RandomState(0).randint(2**31 - 1) is 209652396, and np.random.RandomState(209652396).randint(0, 4, 4)
        // is [0, 3, 2, 0]: a tree that may ask nothing says (1 + 8 + 4 + 1) / 4.
        let params = [("n_estimators", 1.into()), ("min_samples_split", 9.into())];
        let y = Target::Values(vec![1.0, 2.0, 4.0, 8.0]);
        let (fitted, _) = grown(&KIND, &params, vec![1.0, 2.0, 3.0, 4.0], y).unwrap();
        let Structure::Trees(trees) = fitted.structure() else { panic!("a forest is made of trees") };
        let root = &trees.nodes(0)[0];
        assert_eq!((root.n_samples, root.value[0]), (4, 3.5));
    }

    #[test]
    fn extra_trees_take_all_rows_unless_told_otherwise() {
        let y = Target::Values(vec![1.0, 2.0, 4.0, 8.0]);
        let (fitted, _) = grown(&EXTRA_TREES, &[], vec![1.0, 2.0, 3.0, 4.0], y.clone()).unwrap();
        // Every tree separates all rows, wherever it cuts between them.
        let x = Matrix::from_columns(vec![vec![1.0, 2.0, 3.0, 4.0]]);
        assert_eq!(fitted.predict(&x), crate::model::Answers::Values(vec![1.0, 2.0, 4.0, 8.0]));
        assert!(!(EXTRA_TREES.draws_rows)(&(EXTRA_TREES.check)(&ParamMap::new()).unwrap()));
        assert!((KIND.draws_rows)(&(KIND.check)(&ParamMap::new()).unwrap()));
    }

    #[test]
    fn a_score_out_of_bag_needs_a_bag() {
        let y = Target::Values(vec![1.0, 2.0]);
        let error = grown(&EXTRA_TREES, &[("oob_score", true.into())], vec![1.0, 2.0], y).err().unwrap();
        assert_eq!(error.code(), "train.oob_without_bootstrap");
    }

    #[test]
    fn rows_that_every_tree_has_drawn_are_not_scored() {
        let params = [("n_estimators", 1.into()), ("oob_score", true.into())];
        let y = Target::Values((0..10).map(f64::from).collect());
        let (fitted, issues) = grown(&KIND, &params, (0..10).map(f64::from).collect(), y).unwrap();
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), ["rows_drawn_by_all"]);
        assert_eq!(fitted.measures().len(), 1);
    }

    #[test]
    fn a_forest_that_would_take_hours_is_refused() {
        let error = check_work(2_000, 1_000_000, 100, None).unwrap_err();
        assert_eq!(error.message(), "2000 trees on 1000000 rows of 100 features would take hours");
        assert!(check_work(2_000, 1_000_000, 100, Some(3)).is_ok());
        assert!(check_work(100, 1_000_000, 100, None).is_ok());
    }

    #[test]
    fn max_features_is_a_number_or_a_word() {
        for (given, expected) in [
            (Value::Null, MaxFeatures::All),
            ("log2".into(), MaxFeatures::Log2),
            (3.into(), MaxFeatures::Of(CountOrShare(3.0))),
            (0.25.into(), MaxFeatures::Of(CountOrShare(0.25))),
        ] {
            let read = MaxFeatures::read(&given).unwrap();
            assert_eq!((read, read.write()), (expected, given));
        }
        assert_eq!([MaxFeatures::Sqrt.of(8), MaxFeatures::Log2.of(8), MaxFeatures::All.of(8)], [2, 3, 8]);
        let error = RandomForestSpec::from_params(&ParamMap::from([("max_features".to_owned(), "root".into())]));
        assert_eq!(
            error.unwrap_err().message(),
            "parameter \"max_features\" is \"root\", but must be a number above 0 and at most 1000000000, or \"auto\" \
             or \"sqrt\" or \"log2\", or null"
        );
    }
}
