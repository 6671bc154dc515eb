//! Minimal cost-complexity pruning: which branches a tree can lose, and in which order.
//!
//! What comes in: a grown tree. What goes out: the branches one by one, the one that explains least per leaf first. The
//! trees that remain are nested, so one walk along them tells what every `ccp_alpha` makes of the tree.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::{TreeNode, TreeSplit};

/// Stands for "none" among node numbers.
const NONE: u32 = u32::MAX;

/// What pruning a branch costs besides its nodes, in words looked at.
const WORDS_PER_BRANCH: usize = 64;

/// A tree while it is pruned.
///
/// ```text
/// R(t)      = impurity(t) · weight(t) / weight(root)
/// alpha(t)  = (R(t) − Σ R(leaf below t)) / (n_leaves below t − 1)
/// ```
///
/// The branch with the least alpha goes first, the first among equals. Costs `O(n_nodes · depth · log n_nodes)`.
///
/// **Reference** Breiman, Friedman, Olshen and Stone, Classification and regression trees (1984), chapter 3; as
/// scikit-learn's <https://scikit-learn.org/stable/modules/tree.html#minimal-cost-complexity-pruning>, in its order of
/// operations.
///
/// ```
/// use vitrine::model::{Pruning, TreeNode, TreeSplit};
/// let split = TreeSplit { feature: 0, threshold: 1.5, missing_go_to_left: false, left: 1, right: 2 };
/// let node = |parent, split, n_samples: usize, impurity| {
///     TreeNode { parent, split, n_samples, weighted_n_samples: n_samples as f64, impurity, value: vec![0.0] }
/// };
/// let nodes = [node(None, Some(split), 4, 1.0), node(Some(0), None, 2, 0.0), node(Some(0), None, 2, 0.5)];
/// let mut pruning = Pruning::new(&nodes);
/// let pruned = pruning.next(f64::MAX, &mut 1000).unwrap();
/// assert_eq!((pruned.node, pruned.alpha), (0, 0.75));
/// assert_eq!(pruning.tree(&nodes).len(), 1);
/// ```
#[derive(Debug)]
pub struct Pruning {
    parents: Vec<u32>,
    children: Vec<Option<[u32; 2]>>,
    own: Vec<f64>,
    branch: Vec<f64>,
    n_leaves: Vec<u32>,
    /// Whether a node is inside the tree and not a leaf of it.
    is_inner: Vec<bool>,
    /// Leaves before this one are added to the branches above them.
    next_leaf: usize,
    heap: BinaryHeap<Reverse<(Alpha, u32)>>,
    above: Vec<u32>,
}

/// A branch that became a leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct Pruned {
    /// The least `ccp_alpha` that takes it off.
    pub alpha: f64,
    /// The node that is a leaf from now on.
    pub node: usize,
    /// The leaves that were below it.
    pub leaves: Vec<usize>,
}

/// Numbers in their order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Alpha(f64);

impl Eq for Alpha {}

impl PartialOrd for Alpha {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alpha {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Pruning {
    /// Begins with a whole tree.
    pub fn new(nodes: &[TreeNode]) -> Self {
        let total = nodes[0].weighted_n_samples;
        let own: Vec<f64> = nodes.iter().map(|node| node.weighted_n_samples * node.impurity / total).collect();
        let children = |split: TreeSplit| [split.left as u32, split.right as u32];
        Self {
            parents: nodes.iter().map(|node| node.parent.map_or(NONE, |parent| parent as u32)).collect(),
            children: nodes.iter().map(|node| node.split.map(children)).collect(),
            branch: vec![0.0; nodes.len()],
            n_leaves: vec![0; nodes.len()],
            is_inner: nodes.iter().map(|node| node.split.is_some()).collect(),
            next_leaf: 0,
            heap: BinaryHeap::new(),
            above: Vec::new(),
            own,
        }
    }

    /// Takes the next branch off, if that needs no more than `alpha_max`. None when there is no such branch, or when the
    /// budget (of words looked at) is used up.
    pub fn next(&mut self, alpha_max: f64, budget: &mut usize) -> Option<Pruned> {
        while self.next_leaf < self.own.len() {
            if *budget == 0 {
                return None;
            }
            self.add_leaf(budget);
        }
        loop {
            let &Reverse((Alpha(alpha), node)) = self.heap.peek()?;
            let node = node as usize;
            if !self.is_inner[node] || self.alpha(node) != alpha {
                self.heap.pop();
                continue;
            }
            if alpha > alpha_max || *budget == 0 {
                return None;
            }
            self.heap.pop();
            return Some(Pruned { alpha, node, leaves: self.take_off(node, budget) });
        }
    }

    /// The impurity of the leaves that are left, each weighed by its share of the rows.
    pub fn impurity(&self) -> f64 {
        self.branch[0]
    }

    /// The tree that is left, root first, left before right.
    pub fn tree(&self, nodes: &[TreeNode]) -> Vec<TreeNode> {
        let mut pruned: Vec<TreeNode> = Vec::new();
        // Positions in the old tree and parents in the new one.
        let mut waiting = vec![(0, None)];
        while let Some((old, parent)) = waiting.pop() {
            let idx = pruned.len();
            let mut node = TreeNode { parent, ..nodes[old].clone() };
            if let (Some(parent), Some(above)) = (parent, nodes[old].parent) {
                let is_left = nodes[above].split.is_some_and(|split| split.left == old);
                if let Some(split) = &mut pruned[parent].split {
                    *(if is_left { &mut split.left } else { &mut split.right }) = idx;
                }
            }
            match node.split {
                Some(split) if self.is_inner[old] => {
                    waiting.extend([(split.right, Some(idx)), (split.left, Some(idx))]);
                }
                _ => node.split = None,
            }
            pruned.push(node);
        }
        pruned
    }

    fn alpha(&self, node: usize) -> f64 {
        // 0 and −0 are one.
        (self.own[node] - self.branch[node]) / f64::from(self.n_leaves[node] - 1) + 0.0
    }

    /// Adds the next leaf to all branches above it; after the last one, all branches can be compared.
    fn add_leaf(&mut self, budget: &mut usize) {
        let leaf = self.next_leaf;
        self.next_leaf += 1;
        *budget = budget.saturating_sub(1);
        if !self.is_inner[leaf] {
            let own = self.own[leaf];
            self.branch[leaf] = own;
            let mut node = self.parents[leaf];
            while node != NONE {
                self.branch[node as usize] += own;
                self.n_leaves[node as usize] += 1;
                node = self.parents[node as usize];
                *budget = budget.saturating_sub(1);
            }
        }
        if self.next_leaf == self.own.len() {
            let inner = (0..self.own.len()).filter(|&node| self.is_inner[node]);
            self.heap = inner.map(|node| Reverse((Alpha(self.alpha(node)), node as u32))).collect();
        }
    }

    fn take_off(&mut self, top: usize, budget: &mut usize) -> Vec<usize> {
        let mut leaves = Vec::new();
        self.above.push(top as u32);
        let mut n_words = WORDS_PER_BRANCH;
        while let Some(node) = self.above.pop() {
            let node = node as usize;
            n_words += 1;
            match self.children[node] {
                Some(children) if self.is_inner[node] => self.above.extend(children),
                _ => leaves.push(node),
            }
            self.is_inner[node] = false;
        }
        let (n_fewer, rise) = (self.n_leaves[top] - 1, self.own[top] - self.branch[top]);
        self.branch[top] = self.own[top];
        let mut node = self.parents[top];
        while node != NONE {
            let above = node as usize;
            self.n_leaves[above] -= n_fewer;
            self.branch[above] += rise;
            // What the heap said of it before is no longer true, and is passed over when it comes up.
            self.heap.push(Reverse((Alpha(self.alpha(above)), node)));
            node = self.parents[above];
            n_words += WORDS_PER_BRANCH;
        }
        *budget = budget.saturating_sub(n_words);
        leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root's split gains 0.25 by one leaf more; the left child's another 0.125.
    fn tree() -> Vec<TreeNode> {
        let node = |parent, children: Option<(usize, usize)>, n: f64, impurity| TreeNode {
            parent,
            split: children.map(|(left, right)| TreeSplit {
                feature: 0,
                threshold: 1.0,
                missing_go_to_left: false,
                left,
                right,
            }),
            n_samples: n as usize,
            weighted_n_samples: n,
            impurity,
            value: vec![n],
        };
        vec![
            node(None, Some((1, 2)), 8.0, 0.5),
            node(Some(0), Some((3, 4)), 4.0, 0.5),
            node(Some(0), None, 4.0, 0.0),
            node(Some(1), None, 2.0, 0.25),
            node(Some(1), None, 2.0, 0.25),
        ]
    }

    #[test]
    fn the_branch_that_explains_least_goes_first() {
        let nodes = tree();
        let mut pruning = Pruning::new(&nodes);
        let budget = &mut usize::MAX.clone();
        let first = pruning.next(f64::MAX, budget).unwrap();
        assert_eq!(first, Pruned { alpha: 0.125, node: 1, leaves: vec![4, 3] });
        assert_eq!((pruning.impurity(), pruning.tree(&nodes).len()), (0.25, 3));
        assert_eq!(pruning.next(0.2, budget), None);
        assert_eq!(pruning.next(0.25, budget).unwrap().leaves, [2, 1]);
        assert_eq!(pruning.next(f64::MAX, budget), None);
        assert_eq!((pruning.impurity(), pruning.tree(&nodes).len()), (0.5, 1));
    }

    #[test]
    fn a_pruned_tree_is_numbered_root_first_left_before_right() {
        let nodes = tree();
        let pruned = Pruning::new(&nodes).tree(&nodes);
        let parents: Vec<_> = pruned.iter().map(|node| node.parent).collect();
        assert_eq!(parents, [None, Some(0), Some(1), Some(1), Some(0)]);
        let split = pruned[0].split.unwrap();
        assert_eq!((split.left, split.right), (1, 4));
    }

    #[test]
    fn a_small_budget_is_enough_in_the_end() {
        let nodes = tree();
        let mut pruning = Pruning::new(&nodes);
        let n_pruned = (0..100).filter(|_| pruning.next(f64::MAX, &mut 1).is_some()).count();
        assert_eq!(n_pruned, 2);
    }
}
