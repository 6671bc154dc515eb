//! What models consist of, for drawing and explaining.

use crate::model::{CategorySet, FittedNet, FittedPca};
use crate::preprocess::Task;

/// What a model consists of.
#[derive(Clone, Copy)]
pub enum Structure<'a> {
    /// A tree.
    Tree(&'a [TreeNode]),
    /// Many trees, whose nodes are kept smaller than they are drawn.
    Trees(&'a dyn Trees),
    /// Nothing that could be drawn by itself: its answers speak for it.
    Plain,
    /// A linear model.
    Linear {
        /// Row-major, one row per output, one number per feature. Regression and two classes have one output.
        coefficients: &'a [f64],
        /// One per output.
        intercepts: &'a [f64],
        /// Whether it answers classes.
        task: Task,
    },
    /// Clusters around centres.
    Clusters {
        /// Row-major, one row per cluster, one number per feature.
        centers: &'a [f64],
        /// Training rows in each cluster.
        sizes: &'a [u32],
    },
    /// A net.
    Net(&'a FittedNet),
    /// Directions in which the rows vary most.
    Components(&'a FittedPca),
}

/// The trees of a model that has many.
pub trait Trees {
    /// How many.
    fn n_trees(&self) -> usize;

    /// How many nodes one has.
    ///
    /// **Panics** when there is no such tree.
    fn n_nodes(&self, tree: usize) -> usize;

    /// How much of what the splits gained was gained by each feature: shares that sum to 1, or zeros when nothing was
    /// split; none where that was not added up.
    fn importances(&self) -> Option<&[f64]> {
        None
    }

    /// Whether the trees' values are added up, as boosting does, and not averaged. Where there are more than two classes,
    /// each round then has one tree per class, in their order.
    fn is_sum(&self) -> bool {
        false
    }

    /// One tree's nodes, root first, each before its children. A leaf's `value` is what the tree says by itself: shares
    /// of the classes, a mean, or what it adds to a sum.
    ///
    /// **Panics** when there is no such tree.
    fn nodes(&self, tree: usize) -> Vec<TreeNode>;

    /// Where a node asks for a category: those that go left, by their codes. Its split's threshold then means nothing.
    ///
    /// **Panics** when there is no such node.
    fn categories(&self, tree: usize, node: usize) -> Option<CategorySet> {
        let _ = (tree, node);
        None
    }

    /// Whether a row with this number in the feature goes left at a node that asks `split`.
    ///
    /// **Panics** when there is no such node.
    fn goes_left(&self, tree: usize, node: usize, split: &TreeSplit, x: f64) -> bool {
        let _ = (tree, node);
        split.goes_left(x)
    }
}

/// A node of a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeNode {
    /// The node above; none for the root.
    pub parent: Option<usize>,
    /// The question, unless this is a leaf.
    pub split: Option<TreeSplit>,
    /// Training rows that reach it.
    pub n_samples: usize,
    /// What these rows count together: their weights added up, or their number.
    pub weighted_n_samples: f64,
    /// Gini, entropy in bits, or variance.
    pub impurity: f64,
    /// Shares of the classes, or the mean alone.
    pub value: Vec<f64>,
}

/// A question: `x[feature] <= threshold` goes left; a missing cell goes where most of its kind, or of all, went. Where the
/// trees ask for a category ([`Trees::categories`]) the threshold means nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TreeSplit {
    /// Position in the matrix.
    pub feature: usize,
    /// In the matrix' units. Infinite where the question is only whether the cell is missing.
    pub threshold: f64,
    /// Whether a row whose cell is missing goes left.
    pub missing_go_to_left: bool,
    /// The child for `<=`.
    pub left: usize,
    /// The child for `>`.
    pub right: usize,
}

impl TreeSplit {
    /// Where a row with this number in the feature goes; NaN is a missing cell.
    pub fn goes_left(&self, x: f64) -> bool {
        if x.is_nan() { self.missing_go_to_left } else { x <= self.threshold }
    }

    /// The child that answers for a row with this number in the feature.
    pub fn child(&self, x: f64) -> usize {
        if self.goes_left(x) { self.left } else { self.right }
    }
}
