//! Grows a tree from presorted features, in bounded pieces.
//!
//! A node is the same range of every feature's sorted words. Looking for its best cut scans the features one by one;
//! splitting it rearranges each feature's range stably into the rows that go left and those that go right, so the
//! order within both sides stays ascending and nothing is ever sorted again: `O(n_rows · n_features)` per level.
//! Nothing recurses, as a tree may be as deep as it has rows. The order in which nodes and features are visited, and
//! what is compared, are scikit-learn's, so that the same seed gives the same tree.
//!
//! Here is which node comes next and what becomes of it; `search` looks for a node's best cut, `split` carries it out.

mod search;
mod split;

use super::criterion::{Impurity, Labels, Totals};
use super::frontier::{Candidate, Frontier};
use super::presort::{Column, Layout, n_distinct_rows};
use super::scan::Scanner;
use super::sklearn_random::SplitRandom;
use crate::model::{TreeNode, TreeSplit};
use crate::random::Seed;
use search::Search;
use split::Splitting;

/// Impurities up to this are rounding: such a node is pure.
const PURE: f64 = f64::EPSILON;

/// What one more feature of a node costs besides its rows, in rows.
const ROWS_PER_SCAN: usize = 16;

/// Where a tree may be cut, and where growing stops.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Limits {
    pub(in crate::model) max_depth: usize,
    pub(in crate::model) min_samples_split: usize,
    pub(in crate::model) min_samples_leaf: usize,
    pub(in crate::model) max_features: usize,
    pub(in crate::model) max_leaf_nodes: Option<usize>,
    pub(in crate::model) min_impurity_decrease: f64,
    pub(in crate::model) splitter: Splitter,
    /// Whether a row's word may be there several times, side by side: a drawn row that was drawn again. Sums count
    /// every copy; the least numbers of rows count the row once, as in scikit-learn.
    pub(in crate::model) has_copies: bool,
}

/// Which cut of a feature is considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model) enum Splitter {
    /// The best one.
    Best,
    /// One between the smallest and the largest value, drawn at random.
    Random,
}

/// A node that waits to be searched.
#[derive(Clone, Debug)]
struct Waiting {
    start: usize,
    end: usize,
    /// Rows, not counting copies.
    n_distinct: usize,
    depth: usize,
    parent: Option<(usize, Side)>,
    totals: Totals,
    impurity: f64,
    /// How many features are known to be constant here, because they were in a node above.
    n_constant: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Left,
    Right,
}

#[derive(Debug)]
enum Phase {
    Searching(Search),
    Splitting(Splitting),
}

/// A tree under way.
#[derive(Debug)]
pub(in crate::model) struct Grower {
    limits: Limits,
    impurity: Impurity,
    layout: Layout,
    columns: Vec<Column>,
    labels: Labels,
    order: SplitRandom,
    /// The features in the order of scikit-learn's partial shuffles, which goes on from node to node.
    features: Vec<usize>,
    constant_features: Vec<usize>,
    scanner: Scanner,
    goes_left: Vec<u64>,
    spare: Vec<u64>,
    nodes: Vec<TreeNode>,
    waiting: Vec<Waiting>,
    frontier: Option<Frontier<Option<[Waiting; 2]>>>,
    n_splits_left: usize,
    active: Option<(Waiting, Phase)>,
    /// Of all rows.
    weight: f64,
}

impl Grower {
    /// Bare ground: [`Grower::plant`] starts a tree.
    pub(in crate::model) fn new(
        limits: Limits,
        impurity: Impurity,
        layout: Layout,
        columns: Vec<Column>,
        labels: Labels,
        n_rows: usize,
    ) -> Self {
        let n_features = columns.len();
        Self {
            limits,
            impurity,
            layout,
            scanner: Scanner::new(impurity, layout, limits.min_samples_leaf, limits.has_copies, n_rows),
            columns,
            labels,
            order: SplitRandom::new(Seed(0)),
            features: Vec::with_capacity(n_features),
            constant_features: vec![0; n_features],
            goes_left: vec![0; n_rows.div_ceil(64)],
            spare: vec![0; n_rows],
            nodes: Vec::new(),
            waiting: Vec::new(),
            frontier: None,
            n_splits_left: 0,
            active: None,
            weight: 0.0,
        }
    }

    /// Starts a tree on the words that are in the columns now; one that was under way is gone.
    pub(in crate::model) fn plant(&mut self, seed: Seed) {
        self.order = SplitRandom::new(seed);
        self.features.clear();
        self.features.extend(0..self.columns.len());
        self.nodes.clear();
        self.waiting.clear();
        self.frontier = self.limits.max_leaf_nodes.map(|_| Frontier::new());
        self.n_splits_left = self.limits.max_leaf_nodes.map_or(usize::MAX, |n| n - 1);
        self.active = None;
        let Some(words) = self.columns.first().map(|column| &column.words) else { return };
        let n_distinct = if self.limits.has_copies { n_distinct_rows(words, self.layout) } else { words.len() };
        let totals = Totals::of(words, &[], self.layout, &self.labels);
        let impurity = totals.impurity(self.impurity);
        self.weight = totals.weight;
        let end = words.len();
        self.waiting.push(Waiting {
            start: 0,
            end,
            n_distinct,
            depth: 0,
            parent: None,
            totals,
            impurity,
            n_constant: 0,
        });
    }

    /// A feature's words, to be filled before a tree is planted: as many as there are rows, ascending in rank.
    pub(in crate::model) fn words_mut(&mut self, feature: usize) -> &mut Vec<u64> {
        &mut self.columns[feature].words
    }

    /// Touches words until the budget is used up, overrunning it by at most one feature of one node. True when the
    /// tree is grown; what is left of the budget stays.
    pub(in crate::model) fn grow(&mut self, budget: &mut usize) -> bool {
        while *budget > 0 {
            let Some((node, phase)) = self.active.take() else {
                if !self.begin_next() {
                    return true;
                }
                *budget = budget.saturating_sub(ROWS_PER_SCAN);
                continue;
            };
            let n_words = node.end - node.start + ROWS_PER_SCAN;
            match phase {
                Phase::Searching(search) => {
                    *budget = budget.saturating_sub(n_words * self.scanner.cost(&self.labels));
                    self.search_on(node, search);
                }
                Phase::Splitting(splitting) => {
                    *budget = budget.saturating_sub(n_words);
                    self.split_on(node, splitting);
                }
            }
        }
        false
    }

    /// The nodes of the grown tree, root first, each before its children.
    pub(in crate::model) fn take_nodes(&mut self) -> Vec<TreeNode> {
        std::mem::take(&mut self.nodes)
    }

    /// An estimate of the work to come, in words.
    pub(in crate::model) fn work_left(&self) -> f64 {
        let active = self.active.as_ref().map(|(node, phase)| {
            let n_features = self.features.len().max(1);
            let done = match phase {
                Phase::Searching(search) => (n_features - search.undrawn_end) as f64 * 0.5,
                Phase::Splitting(splitting) => (n_features + splitting.next) as f64 * 0.5,
            };
            self.work_of(node) - (node.end - node.start) as f64 * done / n_features as f64
        });
        let waiting = self.waiting.iter().map(|node| self.work_of(node));
        let frontier = self.frontier.iter().flat_map(Frontier::iter).filter_map(|candidate| candidate.item.as_ref());
        let expandable = frontier.flatten().map(|node| self.work_of(node));
        active.into_iter().chain(waiting).chain(expandable).sum()
    }

    /// As if every split halved the rows, until they are few or the tree is deep.
    fn work_of(&self, node: &Waiting) -> f64 {
        let n = (node.end - node.start) as f64;
        let n_levels = libm::log2(n).min(self.limits.max_depth.saturating_sub(node.depth) as f64);
        n * (1.0 + n_levels)
    }

    fn is_leaf(&self, depth: usize, n_rows: usize, impurity: f64) -> bool {
        let Limits { max_depth, min_samples_split, min_samples_leaf, .. } = self.limits;
        depth >= max_depth || n_rows < min_samples_split || n_rows < 2 * min_samples_leaf || impurity <= PURE
    }

    /// Takes up the next node. False when there is none.
    fn begin_next(&mut self) -> bool {
        let Some(node) = self.waiting.pop().or_else(|| self.best_children()) else {
            return false;
        };
        if self.is_leaf(node.depth, node.n_distinct, node.impurity) {
            self.add_leaf(&node);
        } else {
            let search = Search::new(self.features.len(), node.n_constant);
            self.active = Some((node, Phase::Searching(search)));
        }
        true
    }

    /// Splits the best candidate of a best-first tree: its children wait next, left before right.
    fn best_children(&mut self) -> Option<Waiting> {
        loop {
            let candidate = self.frontier.as_mut()?.pop()?;
            if self.n_splits_left == 0 {
                self.abandon(candidate);
            } else if let Some([left, right]) = candidate.item {
                self.n_splits_left -= 1;
                self.waiting.push(right);
                return Some(left);
            }
        }
    }

    /// No split is left: what could have been split stays a leaf.
    fn abandon(&mut self, candidate: Candidate<Option<[Waiting; 2]>>) {
        if let Some((idx, _)) = candidate.item.and_then(|[left, _]| left.parent) {
            self.nodes[idx].split = None;
        }
    }

    fn add_leaf(&mut self, node: &Waiting) {
        self.add_node(node, None);
        if let Some(frontier) = &mut self.frontier {
            frontier.push(Candidate { improvement: 0.0, item: None });
        }
    }

    fn add_node(&mut self, node: &Waiting, split: Option<TreeSplit>) -> usize {
        let idx = self.nodes.len();
        let n_samples = node.end - node.start;
        let value = node.totals.value(self.labels.shift);
        let weighted_n_samples = node.totals.weight / self.labels.weight_scale;
        if let Some((parent, side)) = node.parent {
            let split = self.nodes[parent].split.as_mut().expect("only split nodes have children");
            match side {
                Side::Left => split.left = idx,
                Side::Right => split.right = idx,
            }
        }
        let parent = node.parent.map(|(parent, _)| parent);
        self.nodes.push(TreeNode { parent, split, n_samples, weighted_n_samples, impurity: node.impurity, value });
        idx
    }
}
