//! Grows a tree from presorted features, in bounded pieces.
//!
//! A node is the same range of every feature's sorted words. Looking for its best cut scans the features one by one;
//! splitting it rearranges each feature's range stably into the rows that go left and those that go right, so the
//! order within both sides stays ascending and nothing is ever sorted again: `O(n_rows · n_features)` per level.
//! Nothing recurses, as a tree may be as deep as it has rows. The order in which nodes and features are visited, and
//! what is compared, are scikit-learn's, so that the same seed gives the same tree.

use super::criterion::{Cut, Drawn, Impurity, Labels, Scanner, Sides, Stretch, Totals, sides};
use super::frontier::{Candidate, Frontier};
use super::presort::{Column, Layout, VALUE_GAP, n_distinct_rows};
use super::sklearn_random::SplitRandom;
use crate::model::{TreeNode, TreeSplit};
use crate::random::Seed;

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

/// The search of a node's best cut, between two features.
#[derive(Debug)]
struct Search {
    best: Option<Cut>,
    /// Features from here to the end were drawn and scanned.
    undrawn_end: usize,
    n_visited: usize,
    n_found_constant: usize,
    n_drawn_constant: usize,
    n_known_constant: usize,
}

impl Search {
    fn new(n_features: usize, n_known_constant: usize) -> Self {
        Self {
            best: None,
            undrawn_end: n_features,
            n_visited: 0,
            n_found_constant: 0,
            n_drawn_constant: 0,
            n_known_constant,
        }
    }

    fn n_constant(&self) -> usize {
        self.n_known_constant + self.n_found_constant
    }

    fn goes_on(&self, max_features: usize) -> bool {
        // At least one feature that is not constant is scanned, however many are allowed.
        self.undrawn_end > self.n_constant()
            && (self.n_visited < max_features || self.n_visited <= self.n_found_constant + self.n_drawn_constant)
    }
}

/// A node whose cut is known, while the features are rearranged one by one.
#[derive(Debug)]
struct Splitting {
    cut: Cut,
    sides: Sides,
    n_distinct_left: usize,
    improvement: f64,
    n_constant: usize,
    next: usize,
    moves: Moves,
}

/// Which sides will be searched; nobody reads the words of a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moves {
    left: bool,
    right: bool,
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
    /// What was taken from every label before the sums, to keep their digits.
    shift: f64,
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
    n_rows: usize,
}

impl Grower {
    /// Bare ground: [`Grower::plant`] starts a tree.
    pub(in crate::model) fn new(
        limits: Limits,
        impurity: Impurity,
        layout: Layout,
        columns: Vec<Column>,
        (labels, shift): (Labels, f64),
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
            shift,
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
            n_rows,
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
        let totals = Totals::of(words, self.layout, &self.labels);
        let impurity = totals.impurity(words.len(), self.impurity);
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
                    *budget = budget.saturating_sub(n_words * self.scanner.cost());
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

    fn search_on(&mut self, node: Waiting, mut search: Search) {
        while search.goes_on(self.limits.max_features) {
            search.n_visited += 1;
            let mut drawn = self.order.between(search.n_drawn_constant, search.undrawn_end - search.n_found_constant);
            if drawn < search.n_known_constant {
                self.features.swap(search.n_drawn_constant, drawn);
                search.n_drawn_constant += 1;
                continue;
            }
            drawn += search.n_found_constant;
            let feature = self.features[drawn];
            let column = &self.columns[feature];
            let words = &column.words[node.start..node.end];
            if is_constant(words, column, self.layout) {
                self.features.swap(drawn, search.n_constant());
                search.n_found_constant += 1;
                continue;
            }
            search.undrawn_end -= 1;
            self.features.swap(search.undrawn_end, drawn);
            let at = match self.limits.splitter {
                Splitter::Best => None,
                Splitter::Random => Some(drawn_cut(words, column, self.layout, &mut self.order)),
            };
            let stretch = Stretch { words, feature, column, at };
            self.scanner.scan(&stretch, &node.totals, &self.labels, &mut search.best);
            self.active = Some((node, Phase::Searching(search)));
            return;
        }
        self.end_search(node, &search);
    }

    fn end_search(&mut self, node: Waiting, search: &Search) {
        let (n_known, n_constant) = (search.n_known_constant, search.n_constant());
        // Siblings and children find the constant features in the order in which they were found.
        self.features[..n_known].copy_from_slice(&self.constant_features[..n_known]);
        self.constant_features[n_known..n_constant].copy_from_slice(&self.features[n_known..n_constant]);
        let splitting = search.best.and_then(|cut| self.splitting(&node, cut, n_constant));
        match splitting {
            Some(splitting) => self.active = Some((node, Phase::Splitting(splitting))),
            None => self.add_leaf(&node),
        }
    }

    /// Both sides of a cut, if it lowers the impurity enough.
    fn splitting(&mut self, node: &Waiting, cut: Cut, n_constant: usize) -> Option<Splitting> {
        let words = &self.columns[cut.feature].words[node.start..node.end];
        let sides = sides(words, cut.n_left, &node.totals, self.layout, &self.labels, self.impurity);
        let (n, n_left) = (words.len() as f64, cut.n_left as f64);
        let n_right = n - n_left;
        let improvement = n / self.n_rows as f64
            * (node.impurity - n_right / n * sides.impurity_right - n_left / n * sides.impurity_left);
        if improvement + PURE < self.limits.min_impurity_decrease {
            return None;
        }
        let n_distinct_left =
            if self.limits.has_copies { n_distinct_rows(&words[..cut.n_left], self.layout) } else { cut.n_left };
        let moves = Moves {
            left: !self.is_leaf(node.depth + 1, n_distinct_left, sides.impurity_left),
            right: !self.is_leaf(node.depth + 1, node.n_distinct - n_distinct_left, sides.impurity_right),
        };
        if moves.left || moves.right {
            for (position, &word) in words.iter().enumerate() {
                let row = self.layout.row(word);
                let bit = 1 << (row % 64);
                if position < cut.n_left {
                    self.goes_left[row / 64] |= bit;
                } else {
                    self.goes_left[row / 64] &= !bit;
                }
            }
        }
        Some(Splitting { cut, sides, n_distinct_left, improvement, n_constant, next: n_constant, moves })
    }

    /// Rearranges one more feature; after the last one the children wait.
    fn split_on(&mut self, node: Waiting, mut splitting: Splitting) {
        let moves = splitting.moves;
        if (moves.left || moves.right) && splitting.next < self.features.len() {
            let feature = self.features[splitting.next];
            // The feature of the cut is in order already, and constant ones are not looked at below.
            if feature != splitting.cut.feature {
                let words = &mut self.columns[feature].words[node.start..node.end];
                partition(words, &mut self.spare, &self.goes_left, self.layout, moves);
            }
            splitting.next += 1;
            self.active = Some((node, Phase::Splitting(splitting)));
            return;
        }
        self.end_split(node, splitting);
    }

    fn end_split(&mut self, node: Waiting, splitting: Splitting) {
        let Splitting { cut, sides, n_distinct_left, improvement, n_constant, .. } = splitting;
        let threshold = self.threshold(&node, cut);
        let split = TreeSplit { feature: cut.feature, threshold, left: 0, right: 0 };
        let idx = self.add_node(&node, Some(split));
        let middle = node.start + cut.n_left;
        let child = |side, (start, end), n_distinct, totals, impurity| Waiting {
            start,
            end,
            n_distinct,
            depth: node.depth + 1,
            parent: Some((idx, side)),
            totals,
            impurity,
            // scikit-learn's best-first builder finds constant features anew in every node.
            n_constant: if self.frontier.is_some() { 0 } else { n_constant },
        };
        let n_distinct_right = node.n_distinct - n_distinct_left;
        let left = child(Side::Left, (node.start, middle), n_distinct_left, sides.left, sides.impurity_left);
        let right = child(Side::Right, (middle, node.end), n_distinct_right, sides.right, sides.impurity_right);
        match &mut self.frontier {
            Some(frontier) => frontier.push(Candidate { improvement, item: Some([left, right]) }),
            None => self.waiting.extend([right, left]),
        }
    }

    /// What was drawn, or half way between the neighbours of the cut; in the rare case that rounding makes it the upper
    /// one, the lower.
    fn threshold(&self, node: &Waiting, cut: Cut) -> f64 {
        if let Some(drawn) = cut.threshold {
            return drawn;
        }
        let column = &self.columns[cut.feature];
        let value = |position: usize| column.values[self.layout.rank(column.words[node.start + position])];
        let (below, above) = (value(cut.n_left - 1), value(cut.n_left));
        let middle = below / 2.0 + above / 2.0;
        if middle < above { middle } else { below }
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
        let value = match &node.totals {
            Totals::Counts(counts) => counts.iter().map(|&count| f64::from(count) / n_samples as f64).collect(),
            Totals::Sums { sum, .. } => vec![self.shift + sum / n_samples as f64],
        };
        if let Some((parent, side)) = node.parent {
            let split = self.nodes[parent].split.as_mut().expect("only split nodes have children");
            match side {
                Side::Left => split.left = idx,
                Side::Right => split.right = idx,
            }
        }
        let parent = node.parent.map(|(parent, _)| parent);
        self.nodes.push(TreeNode { parent, split, n_samples, impurity: node.impurity, value });
        idx
    }
}

/// A cut of words that are not all of one value, drawn as scikit-learn draws it.
fn drawn_cut(words: &[u64], column: &Column, layout: Layout, random: &mut SplitRandom) -> Drawn {
    let value = |word: u64| column.values[layout.rank(word)];
    let (low, high) = (value(words[0]), value(words[words.len() - 1]));
    let mut threshold = random.uniform(low, high);
    if threshold >= high {
        threshold = low;
    }
    Drawn { threshold, n_left: words.partition_point(|&word| value(word) <= threshold) }
}

fn is_constant(words: &[u64], column: &Column, layout: Layout) -> bool {
    let value = |word: &u64| column.values[layout.rank(*word)];
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => value(last) <= value(first) + VALUE_GAP,
        _ => true,
    }
}

/// Moves the words of rows that go left before the others, both in their old order; a side that nobody will read may
/// be left as it falls.
fn partition(words: &mut [u64], spare: &mut [u64], goes_left: &[u64], layout: Layout, moves: Moves) {
    let (mut n_left, mut n_right) = (0, 0);
    for position in 0..words.len() {
        let word = words[position];
        let row = layout.row(word);
        let left = (goes_left[row / 64] >> (row % 64)) as usize & 1;
        words[n_left] = word;
        spare[n_right] = word;
        n_left += left;
        n_right += 1 - left;
    }
    if moves.right {
        words[n_left..].copy_from_slice(&spare[..n_right]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitioning_keeps_the_order_of_both_sides() {
        let layout = Layout::new(4, 1).unwrap();
        let mut words = vec![2, 0, 3, 1];
        let mut spare = vec![0; 4];
        partition(&mut words, &mut spare, &[0b1010], layout, Moves { left: true, right: true });
        assert_eq!(words, [3, 1, 2, 0]);
    }

    #[test]
    fn a_constant_feature_is_one_whose_values_have_no_gap() {
        let layout = Layout::new(2, 1).unwrap();
        let column = Column { words: vec![0, 0b11], values: vec![1.0, 1.0 + 5e-8], has_gaps: false };
        assert!(is_constant(&column.words, &column, layout));
        let column = Column { values: vec![1.0, 1.0 + 2e-7], ..column };
        assert!(!is_constant(&column.words, &column, layout));
    }
}
