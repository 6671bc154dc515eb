//! A tree in 24 bytes a node: what a forest of many keeps of each.
//!
//! What comes in: a grown tree's nodes. What goes out: the same tree in depth-first order, so that a left child needs no
//! number, it is the next node; a walk reads 16 bytes of each node it visits. What only drawings need, the rows of a
//! node and its impurity, is kept beside; the values of inner nodes are the means of their children's.

use crate::Error;
use crate::model::{TreeNode, TreeSplit, malformed};

/// In place of a feature: a leaf with a value, or shares, of its own.
pub(super) const MIXED_LEAF: u32 = u32::MAX;

/// In place of a feature: a leaf whose rows are all of one class.
pub(super) const PURE_LEAF: u32 = u32::MAX - 1;

/// In a feature: rows whose cell is missing go left.
const MISSING_LEFT: u32 = 1 << 30;

/// Rows that walk abreast.
pub(super) const LANES: usize = 8;

/// A node as walks read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    /// The threshold; the value of a leaf in regression.
    pub(super) number: f64,
    /// The feature asked for, and whether what is missing goes left; [`MIXED_LEAF`] or [`PURE_LEAF`].
    pub(super) feature: u32,
    /// The right child; the class of a pure leaf; the row of a mixed leaf among the forest's shares.
    pub(super) next: u32,
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        self.feature >= PURE_LEAF
    }

    /// The feature asked for.
    #[inline]
    fn asks(&self) -> usize {
        (self.feature & !MISSING_LEFT) as usize
    }

    #[inline]
    fn goes_left(&self, x: f64) -> bool {
        x <= self.number || (x.is_nan() && self.feature & MISSING_LEFT != 0)
    }
}

/// A tree of a forest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PackedTree {
    pub(super) nodes: Box<[Node]>,
    /// Rows that reached each node while it was grown, a row counting as often as it was drawn.
    pub(super) n_samples: Box<[u32]>,
    /// What these count together; empty when each counts once.
    pub(super) weights: Box<[f32]>,
    pub(super) impurity: Box<[f32]>,
}

impl PackedTree {
    /// Packs a grown tree. Shares of mixed leaves are added to `shares`, `n_classes` (0 in regression) numbers each.
    pub(super) fn pack(grown: &[TreeNode], n_classes: usize, shares: &mut Vec<f64>) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity(grown.len());
        // What waits is on the right of a node that is already there.
        let mut waiting: Vec<(usize, usize)> = Vec::new();
        let mut order = Vec::with_capacity(grown.len());
        let mut next = Some(0);
        while let Some(idx) = next {
            let node = &grown[idx];
            order.push(idx);
            next = match node.split {
                Some(split) => {
                    waiting.push((nodes.len(), split.right));
                    let missing = if split.missing_go_to_left { MISSING_LEFT } else { 0 };
                    nodes.push(Node { number: split.threshold, feature: split.feature as u32 | missing, next: 0 });
                    Some(split.left)
                }
                None => {
                    nodes.push(leaf(&node.value, n_classes, shares));
                    waiting.pop().map(|(parent, right)| {
                        nodes[parent].next = nodes.len() as u32;
                        right
                    })
                }
            };
        }
        let is_weighted = grown.iter().any(|node| node.weighted_n_samples != node.n_samples as f64);
        let weights = if is_weighted {
            order.iter().map(|&idx| grown[idx].weighted_n_samples as f32).collect()
        } else {
            Box::default()
        };
        Self {
            nodes: nodes.into(),
            weights,
            n_samples: order.iter().map(|&idx| grown[idx].n_samples as u32).collect(),
            // A variance beyond f32 is drawn as the largest number there is.
            impurity: order.iter().map(|&idx| (grown[idx].impurity as f32).clamp(f32::MIN, f32::MAX)).collect(),
        }
    }

    /// What the rows of each node count together.
    pub(super) fn weights(&self) -> impl Iterator<Item = f64> {
        let weight = |(idx, &n): (usize, &u32)| self.weights.get(idx).map_or(f64::from(n), |&weight| f64::from(weight));
        self.n_samples.iter().enumerate().map(weight)
    }

    /// Where a row ends.
    #[inline]
    pub(super) fn leaf(&self, value_of: impl Fn(usize) -> f64) -> &Node {
        let mut idx = 0;
        loop {
            let node = &self.nodes[idx];
            if node.is_leaf() {
                return node;
            }
            idx = if node.goes_left(value_of(node.asks())) { idx + 1 } else { node.next as usize };
        }
    }

    /// Where each of some rows ends; `values` are row-major. The rows walk abreast, as a walk by itself waits for every
    /// node to come from memory.
    #[inline]
    pub(super) fn leaves(&self, values: &[f64], n_features: usize) -> [u32; LANES] {
        let mut at = [0u32; LANES];
        loop {
            let mut n_walking = 0;
            for (lane, idx) in at.iter_mut().enumerate() {
                let node = &self.nodes[*idx as usize];
                if !node.is_leaf() {
                    n_walking += 1;
                    let goes_left = node.goes_left(values[lane * n_features + node.asks()]);
                    *idx = if goes_left { *idx + 1 } else { node.next };
                }
            }
            if n_walking == 0 {
                return at;
            }
        }
    }

    /// The nodes with everything a drawing shows.
    pub(super) fn unpack(&self, n_classes: usize, shares: &[f64]) -> Vec<TreeNode> {
        let mut nodes: Vec<TreeNode> = Vec::with_capacity(self.nodes.len());
        let mut parents = vec![None; self.nodes.len()];
        for (idx, node) in self.nodes.iter().enumerate() {
            let split = (!node.is_leaf()).then_some(TreeSplit {
                feature: node.asks(),
                threshold: node.number,
                missing_go_to_left: node.feature & MISSING_LEFT != 0,
                left: idx + 1,
                right: node.next as usize,
            });
            if let Some(split) = split {
                parents[split.left] = Some(idx);
                parents[split.right] = Some(idx);
            }
            let mut value = vec![0.0; n_classes.max(1)];
            if split.is_none() {
                add_leaf(&mut value, node, n_classes, shares);
            }
            let (n_samples, impurity) = (self.n_samples[idx] as usize, f64::from(self.impurity[idx]));
            let weighted_n_samples = self.weights.get(idx).map_or(n_samples as f64, |&weight| f64::from(weight));
            nodes.push(TreeNode { parent: parents[idx], split, n_samples, weighted_n_samples, impurity, value });
        }
        // Children come after their parents.
        for idx in (0..nodes.len()).rev() {
            let Some(split) = nodes[idx].split else { continue };
            let (left, right) = (&nodes[split.left], &nodes[split.right]);
            let weight = left.weighted_n_samples / (left.weighted_n_samples + right.weighted_n_samples);
            let value = left.value.iter().zip(&right.value);
            nodes[idx].value = value.map(|(left, right)| weight * left + (1.0 - weight) * right).collect();
        }
        nodes
    }

    /// Makes sure that every walk ends in a leaf whose answer is there.
    ///
    /// **Errors** `export.malformed_model`.
    pub(super) fn check(&self, n_features: usize, n_classes: usize, n_shares: usize) -> Result<(), Error> {
        let mut waiting = Vec::new();
        for (idx, node) in self.nodes.iter().enumerate() {
            if self.n_samples[idx] == 0 || self.weights.get(idx).is_some_and(|&weight| weight <= 0.0) {
                return Err(malformed(format!("no row reaches node {idx}")));
            }
            let next = node.next as usize;
            if !node.is_leaf() {
                if node.asks() >= n_features {
                    return Err(malformed(format!("node {idx} asks for feature {} of {n_features}", node.asks())));
                }
                waiting.push(next);
                continue;
            }
            let has_answer = match (node.feature, n_classes) {
                (_, 0) => node.feature == MIXED_LEAF && next == 0,
                (PURE_LEAF, _) => next < n_classes,
                _ => next < n_shares,
            };
            if !has_answer {
                return Err(malformed(format!("leaf {idx} has no answer")));
            }
            // What comes after a leaf is on the right of the last node that has no right side yet.
            let is_last = idx + 1 == self.nodes.len();
            match waiting.pop() {
                Some(after) if after == idx + 1 && !is_last => {}
                None if is_last => {}
                _ => return Err(malformed(format!("what comes after leaf {idx} is no right child"))),
            }
        }
        if waiting.is_empty() { Ok(()) } else { Err(malformed("a tree ends before its last leaf")) }
    }
}

fn leaf(value: &[f64], n_classes: usize, shares: &mut Vec<f64>) -> Node {
    if n_classes == 0 {
        return Node { number: value[0], feature: MIXED_LEAF, next: 0 };
    }
    if let Some(class) = value.iter().position(|&share| share == 1.0) {
        return Node { number: 0.0, feature: PURE_LEAF, next: class as u32 };
    }
    let next = (shares.len() / n_classes) as u32;
    shares.extend_from_slice(value);
    Node { number: 0.0, feature: MIXED_LEAF, next }
}

/// Adds a leaf's answer to a sum of answers.
#[inline]
pub(super) fn add_leaf(sum: &mut [f64], leaf: &Node, n_classes: usize, shares: &[f64]) {
    if n_classes == 0 {
        sum[0] += leaf.number;
    } else if leaf.feature == PURE_LEAF {
        sum[leaf.next as usize] += 1.0;
    } else {
        let own = &shares[leaf.next as usize * n_classes..][..n_classes];
        sum.iter_mut().zip(own).for_each(|(sum, share)| *sum += share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parent: Option<usize>, children: Option<(usize, usize)>, n_samples: usize, value: [f64; 2]) -> TreeNode {
        let split = children.map(|(left, right)| TreeSplit {
            feature: 0,
            threshold: left as f64,
            missing_go_to_left: n_samples == 5,
            left,
            right,
        });
        let weighted_n_samples = n_samples as f64;
        TreeNode { parent, split, n_samples, weighted_n_samples, impurity: 0.25, value: value.to_vec() }
    }

    /// Best first: the children of a split side by side.
    fn best_first() -> Vec<TreeNode> {
        vec![
            node(None, Some((1, 2)), 8, [0.5, 0.5]),
            node(Some(0), Some((3, 4)), 5, [0.8, 0.2]),
            node(Some(0), None, 3, [0.0, 1.0]),
            node(Some(1), None, 3, [1.0, 0.0]),
            node(Some(1), None, 2, [0.5, 0.5]),
        ]
    }

    #[test]
    fn a_tree_is_packed_in_depth_first_order() {
        let mut shares = Vec::new();
        let packed = PackedTree::pack(&best_first(), 2, &mut shares);
        let features: Vec<u32> = packed.nodes.iter().map(|node| node.feature).collect();
        assert_eq!(features, [0, MISSING_LEFT, PURE_LEAF, MIXED_LEAF, PURE_LEAF]);
        let next: Vec<u32> = packed.nodes.iter().map(|node| node.next).collect();
        assert_eq!(next, [4, 3, 0, 0, 1]);
        assert_eq!(shares, [0.5, 0.5]);
        assert!(packed.check(1, 2, 1).is_ok());
        let unpacked = packed.unpack(2, &shares);
        assert_eq!(unpacked[0].value, [0.5, 0.5]);
        assert!(unpacked[1].split.unwrap().missing_go_to_left && !unpacked[0].split.unwrap().missing_go_to_left);
        assert_eq!(packed.leaf(|_| f64::NAN), &packed.nodes[4]);
        assert_eq!((unpacked[4].parent, unpacked[3].parent, unpacked[3].n_samples), (Some(0), Some(1), 2));
    }

    #[test]
    fn a_packed_tree_that_does_not_end_in_leaves_is_found() {
        let packed = PackedTree::pack(&best_first(), 2, &mut Vec::new());
        let spoil = |idx: usize, change: fn(&mut Node)| {
            let mut bad = packed.clone();
            change(&mut bad.nodes[idx]);
            bad.check(1, 2, 1).unwrap_err().message().to_owned()
        };
        assert!(spoil(0, |node| node.next = 0).contains("no right child"));
        assert!(spoil(4, |node| node.feature = 0).contains("ends before"));
        assert!(spoil(1, |node| node.feature = 7).contains("feature 7"));
        assert!(spoil(4, |node| node.next = 2).contains("no answer"));
        assert!(spoil(0, |node| node.feature = PURE_LEAF).contains("no answer"));
        let mut short = packed.clone();
        short.nodes = packed.nodes[..4].into();
        assert!(short.check(1, 2, 1).is_err());
    }
}
