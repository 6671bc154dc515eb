//! What pruning makes of a tree: for every `ccp_alpha` that changes it, its size and how well it answers.
//!
//! The pruned trees are nested, so nothing is fitted again: each row walks once down the whole tree and leaves behind, at
//! every node, how well that node would answer it; a tree's score is the sum over its leaves.

use crate::model::{Pruned, Pruning, TreeNode};
use crate::preprocess::{Matrix, Target};

/// One tree of the pruning path.
#[derive(Clone, Debug, PartialEq)]
pub struct PruningPoint {
    /// The least `ccp_alpha` that gives this tree.
    pub ccp_alpha: f64,
    /// The impurity of its leaves, each weighed by its share of the rows.
    pub impurity: f64,
    /// Its leaves.
    pub n_leaves: usize,
    /// Questions on the longest way.
    pub depth: usize,
    /// Accuracy, or R², on the training rows.
    pub train_score: Option<f64>,
    /// The same on the rows held back.
    pub test_score: Option<f64>,
}

/// How well every node would answer some rows, if it were a leaf.
#[derive(Clone, Debug, Default)]
struct Part {
    /// Rows answered right, or squared errors.
    by_node: Vec<f64>,
    /// Over the leaves of the tree under way.
    total: f64,
    n_rows: usize,
    /// Of the labels, in regression: their squared distances from the first one, and these distances.
    moments: [f64; 2],
    first: Option<f64>,
    is_classes: bool,
}

/// The pruning path of a tree, measured.
///
/// Costs `O(n_rows · depth + n_nodes · depth · log n_nodes)`.
///
/// **Reference** scikit-learn's `cost_complexity_pruning_path`, and a refit with each of its alphas.
#[derive(Debug)]
pub struct PruningScores<'a> {
    nodes: &'a [TreeNode],
    pruning: Pruning,
    parts: [Part; 2],
    depths: Vec<u32>,
    /// Leaves of the tree under way, by depth.
    leaves_at: Vec<usize>,
    n_leaves: usize,
    points: Vec<PruningPoint>,
}

impl<'a> PruningScores<'a> {
    /// Of a whole tree.
    pub fn new(nodes: &'a [TreeNode]) -> Self {
        let mut depths: Vec<u32> = Vec::with_capacity(nodes.len());
        let mut leaves_at = Vec::new();
        for node in nodes {
            let depth = node.parent.map_or(0, |parent| depths[parent] + 1);
            depths.push(depth);
            leaves_at.resize(leaves_at.len().max(depth as usize + 1), 0);
            leaves_at[depth as usize] += usize::from(node.split.is_none());
        }
        let n_leaves = nodes.iter().filter(|node| node.split.is_none()).count();
        let part = Part { by_node: vec![0.0; nodes.len()], ..Part::default() };
        let (pruning, points) = (Pruning::new(nodes), Vec::new());
        Self { nodes, pruning, parts: [part.clone(), part], depths, leaves_at, n_leaves, points }
    }

    /// Takes training rows into account; all of them, in as many pieces as one likes, before [`PruningScores::walk`].
    pub fn add_train(&mut self, x: &Matrix, y: &Target) {
        self.parts[0].add(self.nodes, x, y);
    }

    /// Takes rows into account that were held back.
    pub fn add_test(&mut self, x: &Matrix, y: &Target) {
        self.parts[1].add(self.nodes, x, y);
    }

    /// Goes on for so many words of work. True when the root alone is left.
    pub fn walk(&mut self, mut budget: usize) -> bool {
        if self.points.is_empty() {
            for part in &mut self.parts {
                let leaves = self.nodes.iter().zip(&part.by_node).filter(|(node, _)| node.split.is_none());
                part.total = leaves.map(|(_, own)| own).sum();
            }
        }
        while let Some(pruned) = self.pruning.next(f64::MAX, &mut budget) {
            if self.points.is_empty() {
                // What was there before the first branch goes.
                self.push_whole();
            }
            self.take(&pruned);
        }
        if budget == 0 {
            return false;
        }
        if self.points.is_empty() {
            self.push_whole();
        }
        true
    }

    /// From the whole tree to its root.
    pub fn points(self) -> Vec<PruningPoint> {
        self.points
    }

    fn push_whole(&mut self) {
        let nodes = self.nodes.iter().filter(|node| node.split.is_none());
        let total = self.nodes[0].weighted_n_samples;
        let impurity = nodes.map(|node| node.weighted_n_samples * node.impurity / total).sum();
        self.push(0.0, impurity);
    }

    fn take(&mut self, pruned: &Pruned) {
        for &leaf in &pruned.leaves {
            self.leaves_at[self.depths[leaf] as usize] -= 1;
        }
        self.leaves_at[self.depths[pruned.node] as usize] += 1;
        self.n_leaves = self.n_leaves + 1 - pruned.leaves.len();
        for part in &mut self.parts {
            let gone: f64 = pruned.leaves.iter().map(|&leaf| part.by_node[leaf]).sum();
            part.total += part.by_node[pruned.node] - gone;
        }
        self.push(pruned.alpha, self.pruning.impurity());
    }

    fn push(&mut self, ccp_alpha: f64, impurity: f64) {
        while self.leaves_at.len() > 1 && self.leaves_at.last() == Some(&0) {
            self.leaves_at.pop();
        }
        let [train_score, test_score] = [self.parts[0].score(), self.parts[1].score()];
        let (n_leaves, depth) = (self.n_leaves, self.leaves_at.len() - 1);
        self.points.push(PruningPoint { ccp_alpha, impurity, n_leaves, depth, train_score, test_score });
    }
}

impl Part {
    fn add(&mut self, nodes: &[TreeNode], x: &Matrix, y: &Target) {
        self.n_rows += y.n_rows();
        self.is_classes = matches!(y, Target::Classes { .. });
        for row in 0..y.n_rows() {
            let gain = |node: &TreeNode| match y {
                Target::Classes { codes, .. } => f64::from(u8::from(answered(&node.value) == codes[row] as usize)),
                Target::Values(values) => (node.value[0] - values[row]) * (node.value[0] - values[row]),
            };
            if let Target::Values(values) = y {
                let distance = values[row] - *self.first.get_or_insert(values[row]);
                self.moments[0] += distance * distance;
                self.moments[1] += distance;
            }
            let mut idx = 0;
            loop {
                let node = &nodes[idx];
                self.by_node[idx] += gain(node);
                match &node.split {
                    Some(split) => idx = split.child(x.get(row, split.feature)),
                    None => break,
                }
            }
        }
    }

    fn score(&self) -> Option<f64> {
        let n = self.n_rows as f64;
        if self.is_classes {
            return (self.n_rows > 0).then(|| self.total / n);
        }
        let spread = self.moments[0] - self.moments[1] * self.moments[1] / n;
        let is_constant = self.moments[0] == 0.0;
        // Sums that went up and down leave their roundings.
        let missed = self.total.max(0.0);
        let score = match (is_constant, missed == 0.0) {
            (true, is_met) => f64::from(u8::from(is_met)),
            (false, _) => 1.0 - missed / spread,
        };
        (self.n_rows > 1 && score.is_finite()).then_some(score)
    }
}

/// The most probable class, the first among equals.
fn answered(shares: &[f64]) -> usize {
    let mut best = 0;
    for (class, share) in shares.iter().enumerate() {
        if *share > shares[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TreeSplit;

    #[test]
    fn a_stump_and_its_root_are_measured() {
        let split = TreeSplit { feature: 0, threshold: 1.5, missing_go_to_left: false, left: 1, right: 2 };
        let node = |parent, split, n: usize, impurity, value| TreeNode {
            parent,
            split,
            n_samples: n,
            weighted_n_samples: n as f64,
            impurity,
            value: vec![value],
        };
        let nodes =
            [node(None, Some(split), 4, 1.0, 1.0), node(Some(0), None, 2, 0.0, 0.0), node(Some(0), None, 2, 0.0, 2.0)];
        let mut scores = PruningScores::new(&nodes);
        let x = Matrix::from_columns(vec![vec![1.0, 1.0, 2.0, 2.0]]);
        scores.add_train(&x, &Target::Values(vec![0.0, 0.0, 2.0, 2.0]));
        assert!(scores.walk(1_000_000));
        let points = scores.points();
        let whole = PruningPoint {
            ccp_alpha: 0.0,
            impurity: 0.0,
            n_leaves: 2,
            depth: 1,
            train_score: Some(1.0),
            test_score: None,
        };
        let root = PruningPoint {
            ccp_alpha: 1.0,
            impurity: 1.0,
            n_leaves: 1,
            depth: 0,
            train_score: Some(0.0),
            ..whole.clone()
        };
        assert_eq!(points, [whole, root]);
    }
}
