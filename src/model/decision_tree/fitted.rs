//! A grown tree: answering rows, and its numbers by name.

use super::criterion::{Impurity, Totals};
use crate::Error;
use crate::model::{Answers, Fitted, State, Structure, TreeNode, TreeSplit, malformed};
use crate::preprocess::{Matrix, Target};

/// Stands for "none" among node numbers in a saved tree.
const NONE: u32 = u32::MAX;

/// A grown tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FittedDecisionTree {
    nodes: Vec<TreeNode>,
    n_features: usize,
    /// 0 in regression.
    n_classes: usize,
}

impl FittedDecisionTree {
    pub(super) fn new(nodes: Vec<TreeNode>, n_features: usize, n_classes: usize) -> Self {
        Self { nodes, n_features, n_classes }
    }

    /// A root alone, for a matrix without features.
    pub(in crate::model) fn constant(y: &Target, impurity: Impurity, n_rows: usize) -> Self {
        let n = n_rows as f64;
        let (totals, value, n_classes) = match y {
            Target::Classes { codes, n_classes } => {
                let mut counts = vec![0; *n_classes];
                codes.iter().for_each(|&code| counts[code as usize] += 1);
                let shares = counts.iter().map(|&count| f64::from(count) / n).collect();
                (Totals::Counts(counts), shares, *n_classes)
            }
            Target::Values(y) => {
                let sum: f64 = y.iter().sum();
                (Totals::Sums { sum, squares: y.iter().map(|y| y * y).sum() }, vec![sum / n], 0)
            }
        };
        let impurity = totals.impurity(n_rows, impurity);
        let root = TreeNode { parent: None, split: None, n_samples: n_rows, impurity, value };
        Self { nodes: vec![root], n_features: 0, n_classes }
    }

    /// The nodes, root first, each before its children.
    pub fn nodes(&self) -> &[TreeNode] {
        &self.nodes
    }

    fn leaf(&self, x: &Matrix, row: usize) -> &TreeNode {
        let mut node = &self.nodes[0];
        while let Some(split) = node.split {
            let goes_left = x.get(row, split.feature) <= split.threshold;
            node = &self.nodes[if goes_left { split.left } else { split.right }];
        }
        node
    }

    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model` when numbers are missing, or are not those of a tree.
    pub fn load(state: &State) -> Result<Self, Error> {
        let [n_features, n_classes] = *state.u32("shape")? else {
            return Err(malformed("a tree's shape is two numbers"));
        };
        let (n_features, n_classes) = (n_features as usize, n_classes as usize);
        let (feature, left, right) = (state.u32("feature")?, state.u32("left")?, state.u32("right")?);
        let (n_samples, threshold) = (state.u32("n_samples")?, state.f64("threshold")?);
        let (impurity, value) = (state.f64("impurity")?, state.f64("value")?);
        let n_nodes = feature.len();
        let n_outputs = n_classes.max(1);
        let lengths = [left.len(), right.len(), n_samples.len(), threshold.len(), impurity.len()];
        if n_nodes == 0 || lengths != [n_nodes; 5] || n_nodes.checked_mul(n_outputs) != Some(value.len()) {
            return Err(malformed("a tree's lists have different lengths"));
        }
        if ![threshold, impurity, value].iter().all(|numbers| numbers.iter().all(|x| x.is_finite())) {
            return Err(malformed("a tree's number is not finite"));
        }
        let mut nodes: Vec<TreeNode> = value
            .chunks_exact(n_outputs)
            .enumerate()
            .map(|(idx, value)| TreeNode {
                parent: None,
                split: (feature[idx] != NONE).then_some(TreeSplit {
                    feature: feature[idx] as usize,
                    threshold: threshold[idx],
                    left: left[idx] as usize,
                    right: right[idx] as usize,
                }),
                n_samples: n_samples[idx] as usize,
                impurity: impurity[idx],
                value: value.to_vec(),
            })
            .collect();
        link(&mut nodes, n_features)?;
        Ok(Self { nodes, n_features, n_classes })
    }
}

/// Fills in the parents, and makes sure that every walk from the root ends in a leaf.
fn link(nodes: &mut [TreeNode], n_features: usize) -> Result<(), Error> {
    for idx in 0..nodes.len() {
        let Some(split) = nodes[idx].split else { continue };
        if split.feature >= n_features {
            return Err(malformed(format!("node {idx} asks for feature {} of {n_features}", split.feature)));
        }
        for child in [split.left, split.right] {
            // Children come after their parents, so there is no way round in a circle.
            if child <= idx || child >= nodes.len() || nodes[child].parent.is_some() {
                return Err(malformed(format!("node {idx} has the impossible child {child}")));
            }
            nodes[child].parent = Some(idx);
        }
    }
    match nodes.iter().skip(1).position(|node| node.parent.is_none()) {
        Some(idx) => Err(malformed(format!("node {} hangs nowhere", idx + 1))),
        None => Ok(()),
    }
}

impl Fitted for FittedDecisionTree {
    fn kind(&self) -> &'static str {
        super::KIND.kind
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let leaves = (0..x.n_rows()).map(|row| self.leaf(x, row));
        match self.n_classes {
            0 => Answers::Values(leaves.map(|leaf| leaf.value[0]).collect()),
            n_classes => {
                let mut probabilities = Vec::with_capacity(x.n_rows() * n_classes);
                leaves.for_each(|leaf| probabilities.extend_from_slice(&leaf.value));
                Answers::Classes { probabilities, n_classes }
            }
        }
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Tree(&self.nodes)
    }

    fn state(&self) -> State {
        let split = |number: fn(&TreeSplit) -> u32| -> Vec<u32> {
            self.nodes.iter().map(|node| node.split.as_ref().map_or(NONE, number)).collect()
        };
        let threshold = self.nodes.iter().map(|node| node.split.map_or(0.0, |split| split.threshold)).collect();
        State::default()
            .with_u32("shape", vec![self.n_features as u32, self.n_classes as u32])
            .with_u32("feature", split(|split| split.feature as u32))
            .with_u32("left", split(|split| split.left as u32))
            .with_u32("right", split(|split| split.right as u32))
            .with_u32("n_samples", self.nodes.iter().map(|node| node.n_samples as u32).collect())
            .with_f64("threshold", threshold)
            .with_f64("impurity", self.nodes.iter().map(|node| node.impurity).collect())
            .with_f64("value", self.nodes.iter().flat_map(|node| node.value.iter().copied()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump() -> FittedDecisionTree {
        let node = |parent, split, n_samples, value: f64| TreeNode {
            parent,
            split,
            n_samples,
            impurity: 0.25,
            value: vec![value],
        };
        let split = TreeSplit { feature: 0, threshold: 1.5, left: 1, right: 2 };
        let nodes = vec![node(None, Some(split), 4, 0.5), node(Some(0), None, 2, 0.0), node(Some(0), None, 2, 1.0)];
        FittedDecisionTree::new(nodes, 1, 0)
    }

    #[test]
    fn the_threshold_itself_goes_left() {
        let x = Matrix::from_columns(vec![vec![1.0, 1.5, 1.6]]);
        assert_eq!(stump().predict(&x), Answers::Values(vec![0.0, 0.0, 1.0]));
    }

    #[test]
    fn a_saved_tree_is_the_same_tree() {
        assert_eq!(FittedDecisionTree::load(&stump().state()).unwrap(), stump());
    }

    #[test]
    fn a_tree_that_walks_in_circles_is_refused() {
        let state = stump().state();
        for (name, bad) in
            [("left", vec![0, NONE, NONE]), ("right", vec![9, NONE, NONE]), ("right", vec![1, NONE, NONE])]
        {
            let error = FittedDecisionTree::load(&state.clone().with_u32(name, bad)).unwrap_err();
            assert_eq!(error.code(), "export.malformed_model");
        }
        let two_roots = state.with_u32("feature", vec![NONE; 3]);
        assert!(FittedDecisionTree::load(&two_roots).unwrap_err().message().contains("hangs nowhere"));
    }
}
