//! Explanations, asked for and given.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::TreeNodeMsg;

/// Which explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ExplainMsg {
    /// The way one row takes through a tree, or the terms a linear model adds up for it.
    DecisionPath {
        /// A row of the model's table by position, or a row as an object from column name to value.
        #[cfg_attr(feature = "types", ts(type = "number | Record<string, Cell>"))]
        row: Value,
        /// In a model of many trees, the tree whose way is wanted; without it there is no way.
        #[serde(default)]
        tree: Option<usize>,
    },
    /// What each tree of a model that has many says about one row.
    Votes {
        /// A row of the model's table by position, or a row as an object from column name to value.
        #[cfg_attr(feature = "types", ts(type = "number | Record<string, Cell>"))]
        row: Value,
    },
    /// What each filter of a model that reads images answers for one row.
    Activations {
        /// A row of the model's table by position, or a row as an object from column name to value.
        #[cfg_attr(feature = "types", ts(type = "number | Record<string, Cell>"))]
        row: Value,
    },
    /// One tree of a model that has many.
    Tree {
        /// Its position, from 0.
        index: usize,
    },
    /// What each `ccp_alpha` makes of a decision tree.
    PruningPath {},
    /// What the model answers over a grid: of two raw columns, or of two directions among all that it reads.
    Boundary {
        /// The column across.
        #[serde(default)]
        x: Option<String>,
        /// The column upwards.
        #[serde(default)]
        y: Option<String>,
        /// Directions instead of columns; `x`, `y` and `fixed` are left out then.
        #[serde(default)]
        projection: Option<ProjectionMethod>,
        /// Grid points each way; 60 by default.
        #[serde(default)]
        resolution: Option<usize>,
        /// The other columns' values; the median or most frequent by default.
        #[cfg_attr(feature = "types", ts(type = "Record<string, Cell>", optional))]
        #[serde(default)]
        fixed: Map<String, Value>,
    },
}

/// How two directions are found among many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ProjectionMethod {
    /// The first two principal components of the training rows as the model sees them.
    Pca,
}

/// An explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(untagged)]
pub enum ExplanationMsg {
    /// Of one row.
    DecisionPath(DecisionPathMsg),
    /// Of a plane.
    Boundary(BoundaryMsg),
    /// A tree.
    Tree(TreeMsg),
    /// Of a tree's pruning.
    PruningPath(PruningPathMsg),
    /// Of one row, by each tree.
    Votes(VotesMsg),
    /// Of one image.
    Activations(ActivationsMsg),
}

/// What the filters of a model answer for an image. Buffers beside it, both f32: `image`, its pixels as the model is given
/// them, `height × width × channels`; and `maps`, block after block and in each map after map, row by row, before pooling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ActivationsMsg {
    /// The sizes of each block's maps.
    pub blocks: Vec<MapsMsg>,
}

/// Some maps of one size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MapsMsg {
    /// Rows of pixels of each.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// How many there are, one per filter.
    pub n_maps: usize,
}

/// What each tree of a model says about one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct VotesMsg {
    /// One per tree: the position of the class it gives the largest share, the number it says, or, where the trees are
    /// added up, what it adds.
    pub votes: Vec<f64>,
    /// How many trees say each class, in the order of the model's classes; `null` where trees say numbers.
    pub n_by_class: Option<Vec<usize>>,
}

/// The trees that pruning makes, from the whole one to its root: one item per `ccp_alpha` that changes something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PruningPathMsg {
    /// The least `ccp_alpha` that gives each tree, ascending.
    pub ccp_alphas: Vec<f64>,
    /// The impurity of its leaves, each weighed by its share of the rows.
    pub impurities: Vec<f64>,
    /// Its leaves.
    pub n_leaves: Vec<usize>,
    /// Questions on its longest way.
    pub depths: Vec<usize>,
    /// Accuracy, or R², on the training rows.
    pub train_scores: Vec<Option<f64>>,
    /// The same on the test rows.
    pub test_scores: Vec<Option<f64>>,
    /// The position of the tree that the model is.
    pub chosen: usize,
    /// `accuracy` or `r2`.
    pub metric: String,
}

/// One tree of a model that has many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TreeMsg {
    /// Its position, from 0.
    pub index: usize,
    /// The nodes, root first, each before its children.
    pub nodes: Vec<TreeNodeMsg>,
}

/// The way one row takes from root to leaf. A linear model has no path: its `terms` say what each feature adds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DecisionPathMsg {
    /// The inner nodes in the order they are met.
    pub path: Vec<PathStepMsg>,
    /// The leaf reached.
    pub leaf: Option<usize>,
    /// Linear models: each feature's coefficient times its value, by decreasing size.
    pub terms: Vec<TermMsg>,
    /// The answer: a class or a number.
    pub prediction: Value,
    /// The probability of each class, in the order of the model's classes.
    pub probabilities: Option<Vec<f64>>,
    /// The path in one sentence: `petal width 1.4 ≤ 1.75 → … → versicolor`.
    pub sentence: String,
}

/// One question on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PathStepMsg {
    /// The node asked.
    pub node: usize,
    /// The feature it asks for.
    pub feature_name: String,
    /// The row's value: in raw units, after imputation; `null` when it is missing.
    pub value: Value,
    /// The node's threshold, in raw units; none where the question is only whether the value is missing.
    pub threshold: Option<f64>,
    /// `left` or `right`.
    pub went: String,
    /// Training rows that reached the node.
    pub n_samples: usize,
    /// The node's class shares or mean.
    pub value_here: Vec<f64>,
}

/// What one feature adds to a linear model's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TermMsg {
    /// The feature, or `intercept`.
    pub feature_name: String,
    /// Its value as the model sees it.
    pub value: f64,
    /// Its coefficient, for the class that was predicted.
    pub coefficient: f64,
    /// The product.
    pub contribution: f64,
}

/// Answers over a grid. The answers come beside it as buffers: `codes` and `probabilities` (of the answered class) for
/// classification, `values` for regression; row `j` from the bottom, column `i`, at `j * n_x + i`. With a projection also
/// `points`, where the first 2000 rows of the model's table are: across and upwards, one row after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct BoundaryMsg {
    /// The column across; `PC 1` with a projection.
    pub x: String,
    /// The column upwards; `PC 2` with a projection.
    pub y: String,
    /// Grid points across: numbers, or the categories' names.
    pub x_values: Vec<Value>,
    /// Grid points upwards.
    pub y_values: Vec<Value>,
    /// The values the other columns were held at; with a projection those of columns whose categories are positions.
    pub fixed: Map<String, Value>,
    /// The classes; `null` for regression.
    pub classes: Option<Vec<String>>,
    /// What the directions are; `null` where the axes are columns.
    pub projection: Option<ProjectionMsg>,
}

/// Two directions through the space of a model's features, from the mean of its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ProjectionMsg {
    /// The share of the rows' variance along each.
    pub shares: Vec<f64>,
    /// Of each the features that weigh most, heaviest first.
    pub loadings: Vec<Vec<LoadingMsg>>,
    /// Whether features were divided by their standard deviation: where the recipe does not scale, and units differ.
    pub is_standardised: bool,
    /// Training rows that the directions were found from.
    pub n_rows: usize,
}

/// What a feature weighs in a direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LoadingMsg {
    /// The feature.
    pub feature: String,
    /// From -1 to 1.
    pub weight: f64,
}
