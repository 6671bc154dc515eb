//! A grown tree: answering rows, and its numbers by name.

use super::criterion::{Impurity, Labels, Totals};
use super::presort::Layout;
use super::prune::Pruning;
use crate::Error;
use crate::model::{Answers, Fitted, State, Structure, TreeNode, TreeSplit, malformed};
use crate::preprocess::{Matrix, Target};

/// Stands for "none" among node numbers in a saved tree.
const NONE: u32 = u32::MAX;

/// A grown tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FittedDecisionTree {
    nodes: Vec<TreeNode>,
    /// The tree as it was grown, and what pruned it.
    unpruned: Option<(Vec<TreeNode>, f64)>,
    n_features: usize,
    /// 0 in regression.
    n_classes: usize,
}

impl FittedDecisionTree {
    pub(super) fn new(nodes: Vec<TreeNode>, n_features: usize, n_classes: usize) -> Self {
        Self { nodes, unpruned: None, n_features, n_classes }
    }

    /// The same, and it was pruned.
    pub(super) fn pruned_from(self, grown: Vec<TreeNode>, ccp_alpha: f64) -> Self {
        Self { unpruned: Some((grown, ccp_alpha)), ..self }
    }

    /// A root alone, for a matrix without features.
    pub(in crate::model) fn constant(y: &Target, labels: &Labels, impurity: Impurity) -> Self {
        let n_classes = match y {
            Target::Classes { n_classes, .. } => *n_classes,
            Target::Values(_) => 0,
        };
        let layout = Layout::new(y.n_rows(), n_classes).expect("a tree is not begun without a layout");
        let words = layout.words(y);
        let totals = Totals::of(&words, &[], layout, labels);
        let root = TreeNode {
            parent: None,
            split: None,
            n_samples: (0..y.n_rows()).filter(|&row| labels.counts(row)).count(),
            weighted_n_samples: totals.weight / labels.weight_scale,
            impurity: totals.impurity(impurity),
            value: totals.value(labels.shift),
        };
        Self::new(vec![root], 0, n_classes)
    }

    /// The nodes, root first, each before its children.
    pub fn nodes(&self) -> &[TreeNode] {
        &self.nodes
    }

    fn leaf(&self, x: &Matrix, row: usize) -> &TreeNode {
        let mut node = &self.nodes[0];
        while let Some(split) = node.split {
            node = &self.nodes[split.child(x.get(row, split.feature))];
        }
        node
    }

    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model` when numbers are missing, or are not those of a tree.
    pub fn load(state: &State) -> Result<Self, Error> {
        // Files from before there were missing cells, weights and pruning have two numbers, and none of their lists.
        let (n_features, n_classes, is_pruned) = match *state.u32("shape")? {
            [n_features, n_classes] => (n_features as usize, n_classes as usize, None),
            [n_features, n_classes, is_pruned] => (n_features as usize, n_classes as usize, Some(is_pruned != 0)),
            _ => return Err(malformed("a tree's shape is three numbers")),
        };
        let (feature, left, right) = (state.u32("feature")?, state.u32("left")?, state.u32("right")?);
        let (n_samples, threshold) = (state.u32("n_samples")?, state.f64("threshold")?);
        let (impurity, value) = (state.f64("impurity")?, state.f64("value")?);
        let n_nodes = feature.len();
        let n_outputs = n_classes.max(1);
        let lengths = [left.len(), right.len(), n_samples.len(), threshold.len(), impurity.len()];
        if n_nodes == 0 || lengths != [n_nodes; 5] || n_nodes.checked_mul(n_outputs) != Some(value.len()) {
            return Err(malformed("a tree's lists have different lengths"));
        }
        let (missing_left, weight) = match is_pruned {
            Some(_) => (state.u32("missing_left")?, state.f64("weight")?),
            None => (&[][..], &[][..]),
        };
        let ccp_alpha = if is_pruned == Some(true) { state.f64("ccp_alpha")? } else { &[] };
        let n_listed = if is_pruned.is_some() { n_nodes } else { 0 };
        if weight.len() != n_listed || missing_left.len() != n_listed {
            return Err(malformed("a tree's lists have different lengths"));
        }
        if !weight.iter().all(|&weight| weight > 0.0) || n_samples.contains(&0) {
            return Err(malformed("no row reaches a node of a tree"));
        }
        // A question whether a cell is missing has no upper end.
        let is_threshold = |x: &f64| x.is_finite() || *x == f64::INFINITY;
        let lists = [impurity, value, weight, ccp_alpha];
        if !threshold.iter().all(is_threshold) || !lists.iter().all(|list| list.iter().all(|x| x.is_finite())) {
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
                    missing_go_to_left: missing_left.get(idx).is_some_and(|&left| left != 0),
                    left: left[idx] as usize,
                    right: right[idx] as usize,
                }),
                n_samples: n_samples[idx] as usize,
                weighted_n_samples: weight.get(idx).copied().unwrap_or_else(|| f64::from(n_samples[idx])),
                impurity: impurity[idx],
                value: value.to_vec(),
            })
            .collect();
        link(&mut nodes, n_features)?;
        if is_pruned != Some(true) {
            return Ok(Self::new(nodes, n_features, n_classes));
        }
        let &[ccp_alpha] = ccp_alpha else {
            return Err(malformed("a tree is pruned by one number"));
        };
        let mut pruning = Pruning::new(&nodes);
        while pruning.next(ccp_alpha, &mut usize::MAX.clone()).is_some() {}
        Ok(Self::new(pruning.tree(&nodes), n_features, n_classes).pruned_from(nodes, ccp_alpha))
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

    fn unpruned(&self) -> Option<&[TreeNode]> {
        self.unpruned.as_ref().map(|(nodes, _)| nodes.as_slice())
    }

    fn state(&self) -> State {
        // A pruned tree is saved as it was grown: what is left of it follows.
        let nodes = self.unpruned().unwrap_or(&self.nodes);
        let split = |number: fn(&TreeSplit) -> u32| -> Vec<u32> {
            nodes.iter().map(|node| node.split.as_ref().map_or(NONE, number)).collect()
        };
        let numbers = |number: fn(&TreeNode) -> f64| -> Vec<f64> { nodes.iter().map(number).collect() };
        let mut state = State::default()
            .with_u32("shape", vec![self.n_features as u32, self.n_classes as u32, u32::from(self.unpruned.is_some())])
            .with_u32("feature", split(|split| split.feature as u32))
            .with_u32("left", split(|split| split.left as u32))
            .with_u32("right", split(|split| split.right as u32))
            .with_u32("missing_left", nodes.iter().map(|node| u32::from(is_missing_left(node))).collect())
            .with_u32("n_samples", nodes.iter().map(|node| node.n_samples as u32).collect())
            .with_f64("threshold", numbers(|node| node.split.map_or(0.0, |split| split.threshold)))
            .with_f64("weight", numbers(|node| node.weighted_n_samples))
            .with_f64("impurity", numbers(|node| node.impurity))
            .with_f64("value", nodes.iter().flat_map(|node| node.value.iter().copied()).collect());
        if let Some((_, ccp_alpha)) = self.unpruned {
            state = state.with_f64("ccp_alpha", vec![ccp_alpha]);
        }
        state
    }
}

fn is_missing_left(node: &TreeNode) -> bool {
    node.split.is_some_and(|split| split.missing_go_to_left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump() -> FittedDecisionTree {
        let node = |parent, split, n_samples, value: f64| TreeNode {
            parent,
            split,
            n_samples,
            weighted_n_samples: n_samples as f64,
            impurity: 0.25,
            value: vec![value],
        };
        let split = TreeSplit { feature: 0, threshold: 1.5, missing_go_to_left: true, left: 1, right: 2 };
        let nodes = vec![node(None, Some(split), 4, 0.5), node(Some(0), None, 2, 0.0), node(Some(0), None, 2, 1.0)];
        FittedDecisionTree::new(nodes, 1, 0)
    }

    #[test]
    fn the_threshold_itself_goes_left() {
        let x = Matrix::from_columns(vec![vec![1.0, 1.5, 1.6]]);
        assert_eq!(stump().predict(&x), Answers::Values(vec![0.0, 0.0, 1.0]));
    }

    #[test]
    fn a_missing_cell_goes_where_it_was_learned_to_go() {
        let x = Matrix::from_columns(vec![vec![f64::NAN]]);
        let mut tree = stump();
        assert_eq!(tree.predict(&x), Answers::Values(vec![0.0]));
        let split = tree.nodes[0].split.as_mut().unwrap();
        (split.missing_go_to_left, split.threshold) = (false, f64::INFINITY);
        assert_eq!(tree.predict(&x), Answers::Values(vec![1.0]));
        assert_eq!(FittedDecisionTree::load(&tree.state()).unwrap(), tree);
    }

    #[test]
    fn a_tree_of_an_older_file_is_still_read() {
        let mut state = stump().state().with_u32("shape", vec![1, 0]);
        state.0.retain(|name, _| !["missing_left", "weight"].contains(&name.as_str()));
        let tree = FittedDecisionTree::load(&state).unwrap();
        assert_eq!(tree.nodes[0].weighted_n_samples, 4.0);
        assert!(!tree.nodes[0].split.unwrap().missing_go_to_left);
    }

    #[test]
    fn a_pruned_tree_is_saved_as_it_was_grown() {
        let mut grown = stump().nodes;
        grown[0].impurity = 0.5;
        let mut pruning = Pruning::new(&grown);
        assert!(pruning.next(0.3, &mut 1000).is_some());
        let tree = FittedDecisionTree::new(pruning.tree(&grown), 1, 0).pruned_from(grown, 0.3);
        assert_eq!(tree.nodes.len(), 1);
        assert_eq!(FittedDecisionTree::load(&tree.state()).unwrap(), tree);
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
