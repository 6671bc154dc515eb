//! A grown forest: the mean of its trees, and its numbers by name.

use super::packed::{LANES, MIXED_LEAF, Node, PURE_LEAF, PackedTree, add_leaf};
use crate::Error;
use crate::model::{Answers, Fitted, State, Structure, TreeNode, Trees, malformed};
use crate::preprocess::Matrix;

/// Rows answered together: each tree is read once for all of them, and their numbers stay in the cache.
const ROWS_PER_BLOCK: usize = 64 * LANES;

/// What a saved forest may have besides: a score, and weights of its nodes.
const HAS_OOB: u32 = 1;
const HAS_WEIGHTS: u32 = 2;

/// A grown forest, random or of extra trees.
///
/// A good first model of a table: it needs no scaling, bears odd features, and its defaults are seldom far from the best.
/// A single tree is easier to read, and boosted trees are often a little better when they are tuned.
///
/// ```text
/// answer(x) = Σ tree(x) / n_trees        tree(x): shares of the classes, or the mean, in the leaf where x ends
/// ```
///
/// **Shapes** as [`Fitted`]. In regression no answer is outside the range of the training targets.
///
/// Growing costs `O(n_trees · n_features · n_rows · log n_rows)`, answering a row `O(n_trees · log n_rows)`; a node takes
/// 24 bytes.
///
/// **Reference** Breiman, Random forests (2001), <https://doi.org/10.1023/A:1010933404324>; Geurts, Ernst and Wehenkel,
/// Extremely randomized trees (2006), <https://doi.org/10.1007/s10994-006-6226-1>. The trees are scikit-learn's, node for
/// node, except that features are not rounded to f32 first.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedForest {
    pub(super) kind: &'static str,
    pub(super) n_features: usize,
    /// 0 in regression.
    pub(super) n_classes: usize,
    pub(super) trees: Vec<PackedTree>,
    /// Shares of the classes in leaves that are not pure, `n_classes` numbers each.
    pub(super) shares: Vec<f64>,
    /// As scikit-learn's `feature_importances_`: free, but features with many different values look better than they are
    /// (Strobl et al. 2007, <https://doi.org/10.1186/1471-2105-8-25>).
    pub(super) importances: Vec<f64>,
    pub(super) oob_score: Option<f64>,
    /// Set where these are only some of a forest's trees.
    pub(super) part: Option<PartOf>,
}

/// Which trees of a forest these are, and what the whole must know of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PartOf {
    /// The number of the first.
    pub(super) first: usize,
    /// Each tree's importances, one after the other: a sum of sums would have other bits than the sum.
    pub(super) importances: Vec<f64>,
}

impl FittedForest {
    /// Without trees yet.
    pub(in crate::model) fn new(kind: &'static str, n_features: usize, n_classes: usize) -> Self {
        let (trees, shares, importances) = (Vec::new(), Vec::new(), vec![0.0; n_features]);
        Self { kind, n_features, n_classes, trees, shares, importances, oob_score: None, part: None }
    }

    /// Keeps a grown tree.
    pub(in crate::model) fn push(&mut self, grown: &[TreeNode]) {
        self.add_importances(&own_importances(grown, self.n_features));
        self.trees.push(PackedTree::pack(grown, self.n_classes, &mut self.shares));
    }

    /// Keeps a tree that was grown elsewhere, whose mixed leaves point into `shares`: the forest is then the same as if
    /// the tree had been grown here.
    pub(super) fn adopt(&mut self, mut tree: PackedTree, shares: &[f64], importances: &[f64]) {
        let n_classes = self.n_classes;
        for node in tree.nodes.iter_mut().filter(|node| n_classes > 0 && node.feature == MIXED_LEAF) {
            let own = &shares[node.next as usize * n_classes..][..n_classes];
            node.next = (self.shares.len() / n_classes) as u32;
            self.shares.extend_from_slice(own);
        }
        self.add_importances(importances);
        self.trees.push(tree);
    }

    fn add_importances(&mut self, own: &[f64]) {
        self.importances.iter_mut().zip(own).for_each(|(total, own)| *total += own);
        if let Some(part) = &mut self.part {
            part.importances.extend_from_slice(own);
        }
    }

    /// All trees are there.
    pub(super) fn complete(&mut self) {
        let sum: f64 = self.importances.iter().sum();
        if sum > 0.0 {
            self.importances.iter_mut().for_each(|share| *share /= sum);
        }
    }

    /// Accuracy, or R², on the training rows, each answered by the trees that did not draw it; none unless it was asked
    /// for.
    pub fn oob_score(&self) -> Option<f64> {
        self.oob_score
    }

    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model` when numbers are missing, or are not those of a forest.
    pub fn load(kind: &'static str, state: &State) -> Result<Self, Error> {
        let [n_features, n_classes, has] = *state.u32("shape")? else {
            return Err(malformed("a forest's shape is three numbers"));
        };
        let (n_features, n_classes) = (n_features as usize, n_classes as usize);
        let (has_oob, has_weights) = (has & HAS_OOB != 0, has & HAS_WEIGHTS != 0);
        let (n_nodes, feature, next) = (state.u32("n_nodes")?, state.u32("feature")?, state.u32("next")?);
        let (n_samples, number) = (state.u32("n_samples")?, state.f64("number")?);
        let (impurity, importances) = (state.f64("impurity")?, state.f64("importances")?);
        let weights = if has_weights { state.f64("weights")? } else { &[] };
        // Where all leaves are pure there is no such list.
        let shares = if state.0.contains_key("shares") { state.f64("shares")? } else { &[] };
        let oob_score = if has_oob { state.f64("oob_score")? } else { &[] };
        let n_all = n_nodes.iter().map(|&n| n as usize).fold(0, usize::saturating_add);
        if n_nodes.is_empty() || n_nodes.contains(&0) || [feature, next, n_samples].iter().any(|x| x.len() != n_all) {
            return Err(malformed("a forest's lists have different lengths"));
        }
        let has_rest = number.len() == n_all && impurity.len() == n_all && importances.len() == n_features;
        let has_rest = has_rest && weights.len() == if has_weights { n_all } else { 0 };
        if !has_rest || shares.len() % n_classes.max(1) != 0 || oob_score.len() != usize::from(has_oob) {
            return Err(malformed("a forest's lists have different lengths"));
        }
        // A question whether a cell is missing has no upper end.
        if number.iter().zip(feature).any(|(&x, &feature)| x == f64::INFINITY && feature >= PURE_LEAF) {
            return Err(malformed("a forest's answer is not finite"));
        }
        let is_number = |x: &f64| x.is_finite() || *x == f64::INFINITY;
        if !number.iter().all(is_number) {
            return Err(malformed("a forest's number is not finite"));
        }
        if ![weights, impurity, shares, importances, oob_score].iter().all(|list| list.iter().all(|x| x.is_finite())) {
            return Err(malformed("a forest's number is not finite"));
        }
        if weights.iter().any(|&weight| !(weight as f32).is_normal()) {
            return Err(malformed("no row reaches a node of a forest"));
        }
        if impurity.iter().any(|&impurity| !(impurity as f32).is_finite()) {
            return Err(malformed("a forest's impurity is too large"));
        }
        let n_shares = shares.len() / n_classes.max(1);
        let mut trees = Vec::with_capacity(n_nodes.len());
        let mut start = 0;
        for &n in n_nodes {
            let end = start + n as usize;
            let node = |idx: usize| Node { number: number[idx], feature: feature[idx], next: next[idx] };
            let tree = PackedTree {
                nodes: (start..end).map(node).collect(),
                n_samples: n_samples[start..end].into(),
                weights: weights.get(start..end).unwrap_or(&[]).iter().map(|&weight| weight as f32).collect(),
                impurity: impurity[start..end].iter().map(|&impurity| impurity as f32).collect(),
            };
            tree.check(n_features, n_classes, n_shares)?;
            trees.push(tree);
            start = end;
        }
        let (importances, oob_score) = (importances.to_vec(), oob_score.first().copied());
        Ok(Self { kind, n_features, n_classes, trees, shares: shares.to_vec(), importances, oob_score, part: None })
    }

    /// The sums of the trees' answers, row-major.
    fn sums(&self, x: &Matrix) -> Vec<f64> {
        let width = self.n_classes.max(1);
        let mut sums = vec![0.0; x.n_rows() * width];
        let n_block = ROWS_PER_BLOCK.min(x.n_rows().next_multiple_of(LANES));
        let mut block = vec![0.0; n_block * self.n_features];
        for (block_idx, sums) in sums.chunks_mut(ROWS_PER_BLOCK * width).enumerate() {
            let start = block_idx * ROWS_PER_BLOCK;
            for (idx, feature) in x.features().iter().enumerate() {
                for (row, &value) in feature[start..start + sums.len() / width].iter().enumerate() {
                    block[row * self.n_features + idx] = value;
                }
            }
            for tree in &self.trees {
                for (group, sums) in sums.chunks_mut(LANES * width).enumerate() {
                    // Beyond the last row are numbers of rows that were there before; nobody reads their answers.
                    let values = &block[group * LANES * self.n_features..];
                    let leaves = tree.leaves(values, self.n_features);
                    for (sum, leaf) in sums.chunks_exact_mut(width).zip(leaves) {
                        add_leaf(sum, &tree.nodes[leaf as usize], self.n_classes, &self.shares);
                    }
                }
            }
        }
        sums
    }
}

/// Each feature's share of what a tree's splits gained; of a tree that gained nothing all zero.
fn own_importances(grown: &[TreeNode], n_features: usize) -> Vec<f64> {
    let weighted = |idx: usize| grown[idx].weighted_n_samples * grown[idx].impurity;
    let mut own = vec![0.0; n_features];
    for (idx, node) in grown.iter().enumerate() {
        if let Some(split) = node.split {
            own[split.feature] += weighted(idx) - weighted(split.left) - weighted(split.right);
        }
    }
    let sum: f64 = own.iter().sum();
    let has_gained = sum > 0.0 && sum.is_finite();
    own.iter_mut().for_each(|own| *own = if has_gained { *own / sum } else { 0.0 });
    own
}

impl Fitted for FittedForest {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let mut sums = self.sums(x);
        let n_trees = self.trees.len() as f64;
        sums.iter_mut().for_each(|sum| *sum /= n_trees);
        match self.n_classes {
            0 => Answers::Values(sums),
            n_classes => Answers::Classes { probabilities: sums, n_classes },
        }
    }

    fn cost_per_row(&self) -> usize {
        // Two numbers for each of some sixteen levels.
        self.n_features + 32 * self.trees.len()
    }

    fn measures(&self) -> Vec<(&'static str, f64)> {
        self.oob_score.map(|score| ("oob_score", score)).into_iter().collect()
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Trees(self)
    }

    fn state(&self) -> State {
        let nodes = || self.trees.iter().flat_map(|tree| tree.nodes.iter());
        let (n_features, n_classes) = (self.n_features as u32, self.n_classes as u32);
        let has_weights = self.trees.iter().any(|tree| !tree.weights.is_empty());
        let has = if self.oob_score.is_some() { HAS_OOB } else { 0 } | if has_weights { HAS_WEIGHTS } else { 0 };
        let mut state = State::default()
            .with_u32("shape", vec![n_features, n_classes, has])
            .with_u32("n_nodes", self.trees.iter().map(|tree| tree.nodes.len() as u32).collect())
            .with_u32("feature", nodes().map(|node| node.feature).collect())
            .with_u32("next", nodes().map(|node| node.next).collect())
            .with_u32("n_samples", self.trees.iter().flat_map(|tree| tree.n_samples.iter().copied()).collect())
            .with_f64("number", nodes().map(|node| node.number).collect())
            .with_f64(
                "impurity",
                self.trees.iter().flat_map(|tree| tree.impurity.iter().map(|&x| f64::from(x))).collect(),
            )
            .with_f64("importances", self.importances.clone());
        if !self.shares.is_empty() {
            state = state.with_f64("shares", self.shares.clone());
        }
        if has_weights {
            state = state.with_f64("weights", self.trees.iter().flat_map(PackedTree::weights).collect());
        }
        if let Some(part) = &self.part {
            state = state.with_u32("first_tree", vec![part.first as u32]);
            state = state.with_f64("tree_importances", part.importances.clone());
        }
        match self.oob_score {
            Some(score) => state.with_f64("oob_score", vec![score]),
            None => state,
        }
    }
}

impl Trees for FittedForest {
    fn n_trees(&self) -> usize {
        self.trees.len()
    }

    fn n_nodes(&self, tree: usize) -> usize {
        self.trees[tree].nodes.len()
    }

    fn importances(&self) -> Option<&[f64]> {
        Some(&self.importances)
    }

    fn nodes(&self, tree: usize) -> Vec<TreeNode> {
        self.trees[tree].unpack(self.n_classes, &self.shares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TreeSplit;

    /// A stump that says `low` up to the threshold, and `high` above it.
    fn stump(threshold: f64, low: f64, high: f64) -> Vec<TreeNode> {
        let node = |parent, split, n_samples, impurity, value: f64| TreeNode {
            parent,
            split,
            n_samples,
            weighted_n_samples: n_samples as f64,
            impurity,
            value: vec![value],
        };
        let split = TreeSplit { feature: 0, threshold, missing_go_to_left: false, left: 1, right: 2 };
        vec![
            node(None, Some(split), 4, 1.0, (low + high) / 2.0),
            node(Some(0), None, 2, 0.0, low),
            node(Some(0), None, 2, 0.0, high),
        ]
    }

    fn forest() -> FittedForest {
        let mut forest = FittedForest::new("random_forest", 1, 0);
        forest.push(&stump(1.5, 0.0, 2.0));
        forest.push(&stump(2.5, 1.0, 4.0));
        forest.complete();
        forest
    }

    #[test]
    fn a_forest_says_the_mean_of_its_trees() {
        let x = Matrix::from_columns(vec![vec![1.5, 2.0, 3.0]]);
        assert_eq!(forest().predict(&x), Answers::Values(vec![0.5, 1.5, 3.0]));
        assert_eq!(forest().importances, [1.0]);
        assert_eq!(forest().nodes(1)[0].value, [2.5]);
    }

    #[test]
    fn rows_beyond_a_block_are_answered_too() {
        let n = 2 * ROWS_PER_BLOCK + 1;
        let x = Matrix::from_columns(vec![(0..n).map(|row| row as f64).collect()]);
        let Answers::Values(values) = forest().predict(&x) else { panic!("numbers") };
        assert_eq!((values.len(), values[0], values[n - 1]), (n, 0.5, 3.0));
    }

    #[test]
    fn a_saved_forest_is_the_same_forest() {
        let scored = FittedForest { oob_score: Some(0.75), ..forest() };
        for forest in [forest(), scored] {
            assert_eq!(FittedForest::load("random_forest", &forest.state()).unwrap(), forest);
        }
    }

    #[test]
    fn a_class_that_is_no_class_is_refused() {
        let mut classes = FittedForest::new("random_forest", 1, 2);
        let value = vec![0.0, 1.0];
        let leaf = TreeNode { parent: None, split: None, n_samples: 3, weighted_n_samples: 3.0, impurity: 0.0, value };
        classes.push(&[leaf]);
        assert_eq!(classes.trees[0].nodes[0].feature, PURE_LEAF);
        let bad = classes.state().with_u32("next", vec![2]);
        assert_eq!(FittedForest::load("random_forest", &bad).unwrap_err().code(), "export.malformed_model");
        assert!(FittedForest::load("random_forest", &classes.state()).is_ok());
    }
}
