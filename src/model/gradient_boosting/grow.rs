//! Grows one tree on bins, the leaf that gains most first, in bounded pieces.
//!
//! What comes in: bins and the gradients of one score. What goes out: nodes, depth first, and which rows each leaf has.
//! A node is a range of the rows; splitting it moves the rows that go left before those that go right and keeps their
//! order. Of two children only the smaller one is summed anew: the other's histogram is what is left of the parent's.
//! Nodes are searched and split in scikit-learn's order, so that a limit on the leaves cuts off the same ones.

use super::bins::Binned;
use super::histogram::{Bin, Cut, Gradients, Scanner, Scratch, Sums, build_all, build_some, subtract, total};
use crate::model::decision_tree::frontier::{Candidate, Frontier};

/// What scanning a bin costs, in rows added to a histogram.
const COST_OF_BIN: usize = 4;

/// Histograms of leaves that wait to be split may take so many bytes; beyond that they are summed anew.
const MOST_HISTOGRAM_BYTES: usize = 256 << 20;

/// Where growing stops.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// None when there cannot be more leaves than are allowed.
    pub(super) max_leaf_nodes: Option<usize>,
    pub(super) max_depth: usize,
    pub(super) min_samples_leaf: usize,
    pub(super) l2_regularization: f64,
}

/// What a tree is grown on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    pub(super) binned: &'a Binned,
    pub(super) gradients: &'a [f32],
    /// None when all are 1.
    pub(super) hessians: Option<&'a [f32]>,
}

impl<'a> Ground<'a> {
    fn all(self) -> Gradients<'a> {
        Gradients { gradients: self.gradients, hessians: self.hessians }
    }
}

/// A node of a grown tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grown {
    /// Feature, threshold, and the right child's number; the left child is the next node.
    pub(super) split: Option<(usize, f64, usize)>,
    pub(super) n_samples: u32,
    pub(super) value: f64,
    pub(super) impurity: f64,
}

/// A node under way.
#[derive(Debug)]
struct Node {
    start: usize,
    end: usize,
    depth: usize,
    sums: Sums,
    /// What it is worth, before the learning rate; 0 at the root, from which only the gain is counted.
    value: f64,
    cut: Option<Cut>,
    children: Option<[usize; 2]>,
    histogram: Option<Vec<Bin>>,
}

impl Node {
    fn n_rows(&self) -> usize {
        self.end - self.start
    }
}

/// A look at a node's features, one after the other.
#[derive(Debug)]
struct Search {
    node: usize,
    histogram: Vec<Bin>,
    best: Option<Cut>,
    /// The larger child, with the parent's histogram, of which it keeps what the smaller one leaves.
    sibling: Option<(usize, Vec<Bin>, Option<Cut>)>,
    next_feature: usize,
}

/// Grows trees, one after the other.
#[derive(Debug)]
pub(super) struct Grower {
    limits: Limits,
    scanner: Scanner,
    rows: Vec<u32>,
    spare: Vec<u32>,
    gathered: Vec<f32>,
    gathered_hessians: Vec<f32>,
    /// Where each feature's bins begin in a histogram, and where the last one's end.
    offsets: Vec<usize>,
    scratch: Box<Scratch>,
    /// Histograms nobody needs.
    free: Vec<Vec<Bin>>,
    n_kept: usize,
    most_kept: usize,
    nodes: Vec<Node>,
    n_leaves: usize,
    frontier: Frontier<usize>,
    searches: Vec<Search>,
}

impl Grower {
    pub(super) fn new(limits: Limits, binned: &Binned) -> Self {
        let mut offsets = vec![0];
        for feature in 0..binned.n_features() {
            offsets.push(offsets[feature] + binned.n_bins(feature));
        }
        let size_bytes = offsets[binned.n_features()].max(1) * size_of::<Bin>();
        let scanner = Scanner { min_samples_leaf: clipped(limits.min_samples_leaf), l2: limits.l2_regularization };
        Self {
            limits,
            scanner,
            rows: Vec::new(),
            spare: vec![0; binned.n_rows()],
            gathered: Vec::new(),
            gathered_hessians: Vec::new(),
            offsets,
            scratch: Box::new([Bin::default(); 256]),
            free: Vec::new(),
            n_kept: 0,
            most_kept: MOST_HISTOGRAM_BYTES / size_bytes,
            nodes: Vec::new(),
            n_leaves: 0,
            frontier: Frontier::new(),
            searches: Vec::new(),
        }
    }

    /// Begins a tree.
    pub(super) fn begin(&mut self, ground: Ground<'_>) {
        let n_rows = ground.binned.n_rows();
        self.rows.clear();
        self.rows.extend(0..n_rows as u32);
        self.nodes.clear();
        self.n_leaves = 1;
        self.frontier = Frontier::new();
        let sums = Sums { n_rows: n_rows as u32, ..Sums::default() };
        self.nodes.push(Node {
            start: 0,
            end: n_rows,
            depth: 0,
            sums,
            value: 0.0,
            cut: None,
            children: None,
            histogram: None,
        });
        if n_rows >= 2 * self.limits.min_samples_leaf && ground.binned.n_features() > 0 {
            self.search(0, None);
        }
    }

    /// Touches about `budget` rows; overruns it by at most one feature of one node. Gives how many, and whether the
    /// tree is grown.
    pub(super) fn grow(&mut self, ground: Ground<'_>, budget: usize) -> (usize, bool) {
        let mut touched = 0;
        while touched < budget {
            if let Some(search) = self.searches.pop() {
                touched += self.search_on(ground, search);
            } else if let Some(candidate) = self.frontier.pop() {
                touched += self.split(ground.binned, candidate.item);
            } else {
                return (touched, true);
            }
        }
        (touched, false)
    }

    /// About how much of the tree is grown.
    pub(super) fn fraction(&self) -> f64 {
        let most = self.limits.max_leaf_nodes.unwrap_or(self.rows.len() / self.limits.min_samples_leaf);
        self.n_leaves as f64 / most.max(self.n_leaves + 1) as f64
    }

    fn search(&mut self, node: usize, sibling: Option<(usize, Vec<Bin>)>) {
        let n_bins = self.offsets[self.offsets.len() - 1];
        let histogram = self.free.pop().unwrap_or_else(|| vec![Bin::default(); n_bins]);
        let sibling = sibling.map(|(node, histogram)| (node, histogram, None));
        self.searches.push(Search { node, histogram, best: None, sibling, next_feature: 0 });
    }

    /// Looks at one more feature.
    fn search_on(&mut self, ground: Ground<'_>, mut search: Search) -> usize {
        let feature = search.next_feature;
        let node = &self.nodes[search.node];
        let n_rows = node.n_rows();
        let rows = &self.rows[node.start..node.end];
        let mut touched = n_rows;
        let is_all = n_rows == self.rows.len();
        if feature == 0 && !is_all {
            touched += n_rows;
            gather(ground.gradients, rows, &mut self.gathered);
            if let Some(hessians) = ground.hessians {
                gather(hessians, rows, &mut self.gathered_hessians);
            }
        }
        let place = self.offsets[feature]..self.offsets[feature + 1];
        let bins = &mut search.histogram[place.clone()];
        let column = ground.binned.column(feature);
        if is_all {
            build_all(column, ground.all(), &mut self.scratch, bins);
        } else {
            let hessians = ground.hessians.map(|_| self.gathered_hessians.as_slice());
            let gathered = Gradients { gradients: &self.gathered, hessians };
            build_some(column, rows, gathered, &mut self.scratch, bins);
        }
        touched += bins.len() * COST_OF_BIN;
        if search.node == 0 && feature == 0 {
            self.nodes[0].sums = total(bins);
            if self.nodes[0].sums.is_flat() {
                self.free.push(search.histogram);
                return touched;
            }
        }
        let is_leaf = |node: usize| self.nodes[node].n_rows() < 2 * self.limits.min_samples_leaf;
        let scan = |node: usize, bins: &[Bin], best: &mut Option<Cut>| {
            if !is_leaf(node) {
                let node = &self.nodes[node];
                self.scanner.scan(bins, feature, node.sums, node.value, best);
            }
        };
        scan(search.node, bins, &mut search.best);
        if let Some((node, histogram, best)) = &mut search.sibling {
            let rest = &mut histogram[place];
            subtract(rest, bins);
            scan(*node, rest, best);
            touched += bins.len() * COST_OF_BIN;
        }
        search.next_feature += 1;
        if search.next_feature < ground.binned.n_features() {
            self.searches.push(search);
        } else {
            self.conclude(search);
        }
        touched
    }

    /// Every feature was looked at.
    fn conclude(&mut self, search: Search) {
        let mut found = vec![(search.node, search.histogram, search.best)];
        found.extend(search.sibling);
        // Nodes are numbered left to right, which is the order in which scikit-learn puts them in its heap.
        found.sort_unstable_by_key(|(node, ..)| *node);
        for (node, histogram, cut) in found {
            let Some(cut) = cut else {
                self.free.push(histogram);
                continue;
            };
            self.nodes[node].cut = Some(cut);
            if self.n_kept < self.most_kept {
                self.n_kept += 1;
                self.nodes[node].histogram = Some(histogram);
            } else {
                self.free.push(histogram);
            }
            // Without a limit every order grows the same tree, and depth first has the fewest histograms waiting.
            let improvement = if self.limits.max_leaf_nodes.is_some() { cut.gain } else { node as f64 };
            self.frontier.push(Candidate { improvement, item: node });
        }
    }

    fn split(&mut self, binned: &Binned, parent: usize) -> usize {
        let node = &mut self.nodes[parent];
        let (start, end, depth) = (node.start, node.end, node.depth + 1);
        let cut = node.cut.expect("a node of the frontier has a cut");
        let histogram = node.histogram.take();
        self.n_kept -= usize::from(histogram.is_some());
        let middle =
            start + partition(&mut self.rows[start..end], &mut self.spare, binned.column(cut.feature), cut.bin);
        let left = self.nodes.len();
        self.nodes[parent].children = Some([left, left + 1]);
        for (start, end, sums) in [(start, middle, cut.left), (middle, end, cut.right)] {
            let value = sums.value(self.limits.l2_regularization);
            let node = Node { start, end, depth, sums, value, cut: None, children: None, histogram: None };
            self.nodes.push(node);
        }
        self.n_leaves += 1;
        if self.limits.max_leaf_nodes == Some(self.n_leaves) {
            self.stop();
            self.free.extend(histogram);
        } else if depth >= self.limits.max_depth {
            self.free.extend(histogram);
        } else {
            self.search_children(left, histogram);
        }
        end - start
    }

    /// All nodes that wait become leaves.
    fn stop(&mut self) {
        self.frontier = Frontier::new();
        self.n_kept = 0;
        let histograms = self.nodes.iter_mut().filter_map(|node| node.histogram.take());
        self.free.extend(histograms);
    }

    fn search_children(&mut self, left: usize, histogram: Option<Vec<Bin>>) {
        let is_small = self.nodes[left].n_rows() < self.nodes[left + 1].n_rows();
        let (small, large) = if is_small { (left, left + 1) } else { (left + 1, left) };
        let can_split = |node: usize| self.nodes[node].n_rows() >= 2 * self.limits.min_samples_leaf;
        match histogram {
            Some(histogram) if can_split(large) => self.search(small, Some((large, histogram))),
            Some(histogram) => self.free.push(histogram),
            // Searches are done last one first.
            None => {
                let wanted: Vec<usize> = [left + 1, left].into_iter().filter(|&node| can_split(node)).collect();
                wanted.into_iter().for_each(|node| self.search(node, None));
            }
        }
    }

    /// The grown tree, depth first, and what its leaves add to the scores of their rows.
    pub(super) fn harvest(&self, ground: Ground<'_>, learning_rate: f64, scores: &mut [f64]) -> Vec<Grown> {
        let order = self.depth_first();
        let mut number = vec![0; self.nodes.len()];
        order.iter().enumerate().for_each(|(at, &node)| number[node] = at);
        let grown = |&node: &usize| {
            let node = &self.nodes[node];
            let split = node.children.zip(node.cut).map(|([_, right], cut)| {
                (cut.feature, ground.binned.thresholds(cut.feature)[usize::from(cut.bin)], number[right])
            });
            let value = node.value * learning_rate;
            Grown { split, n_samples: node.n_rows() as u32, value, impurity: 0.0 }
        };
        let mut tree: Vec<Grown> = order.iter().map(grown).collect();
        let mut moments = vec![(0.0, 0.0); tree.len()];
        // Backwards, so that children come before their parents.
        for (at, &node) in order.iter().enumerate().rev() {
            let (mut sum, mut squares) = (0.0, 0.0);
            match tree[at].split {
                Some((_, _, right)) => {
                    sum = moments[at + 1].0 + moments[right].0;
                    squares = moments[at + 1].1 + moments[right].1;
                }
                None => {
                    let node = &self.nodes[node];
                    for &row in &self.rows[node.start..node.end] {
                        let gradient = f64::from(ground.gradients[row as usize]);
                        sum += gradient;
                        squares += gradient * gradient;
                        scores[row as usize] += tree[at].value;
                    }
                }
            }
            moments[at] = (sum, squares);
            let n = f64::from(tree[at].n_samples);
            tree[at].impurity = (squares / n - (sum / n) * (sum / n)).max(0.0);
        }
        tree
    }

    /// The nodes, each before its children, left before right.
    fn depth_first(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut waiting = vec![0];
        while let Some(node) = waiting.pop() {
            order.push(node);
            if let Some([left, right]) = self.nodes[node].children {
                waiting.extend([right, left]);
            }
        }
        order
    }
}

fn clipped(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn gather(numbers: &[f32], rows: &[u32], gathered: &mut Vec<f32>) {
    gathered.clear();
    gathered.extend(rows.iter().map(|&row| numbers[row as usize]));
}

/// Moves the rows whose bin is at most `bin` to the front, keeping the order on both sides. Gives how many they are.
fn partition(rows: &mut [u32], spare: &mut [u32], column: &[u8], bin: u8) -> usize {
    let (mut n_left, mut n_right) = (0, 0);
    for at in 0..rows.len() {
        let row = rows[at];
        let goes_left = usize::from(column[row as usize] <= bin);
        // Both are written, and one counts: which one cannot be guessed.
        rows[n_left] = row;
        spare[n_right] = row;
        n_left += goes_left;
        n_right += 1 - goes_left;
    }
    rows[n_left..].copy_from_slice(&spare[..n_right]);
    n_left
}

#[cfg(test)]
mod tests {
    use super::super::bins::Binner;
    use super::*;
    use crate::preprocess::Matrix;
    use crate::random::Seed;

    const LIMITS: Limits =
        Limits { max_leaf_nodes: None, max_depth: usize::MAX, min_samples_leaf: 1, l2_regularization: 0.0 };

    fn binned(columns: Vec<Vec<f64>>) -> Binned {
        let n_rows = columns[0].len();
        let mut binner = Binner::new(Matrix::from_columns(columns), n_rows, 255, Seed(0));
        while !binner.advance(1_000) {}
        binner.into_binned()
    }

    fn grown(columns: Vec<Vec<f64>>, gradients: &[f32], limits: Limits, most_kept: usize) -> (Vec<Grown>, Vec<f64>) {
        let binned = binned(columns);
        let ground = Ground { binned: &binned, gradients, hessians: None };
        let mut grower = Grower::new(limits, &binned);
        grower.most_kept = most_kept;
        let mut scores = vec![0.0; gradients.len()];
        let mut tree = Vec::new();
        // The second tree is the first one again: nothing is left over.
        for _ in 0..2 {
            grower.begin(ground);
            while !grower.grow(ground, 1).1 {}
            scores.fill(0.0);
            tree = grower.harvest(ground, 1.0, &mut scores);
        }
        (tree, scores)
    }

    #[test]
    fn rows_keep_their_order_on_both_sides() {
        let mut rows = [4, 0, 3, 1, 2];
        assert_eq!(partition(&mut rows, &mut [0; 5], &[0, 9, 5, 0, 9], 5), 3);
        assert_eq!(rows, [0, 3, 2, 4, 1]);
    }

    #[test]
    fn leaves_take_away_the_mean_gradient_of_their_rows() {
        let (tree, scores) = grown(vec![vec![1.0, 2.0, 3.0, 4.0]], &[1.0, 1.0, -4.0, -4.0], LIMITS, 9);
        assert_eq!(tree.len(), 3);
        assert_eq!(tree[0].split, Some((0, 2.5, 2)));
        // Variance around −3/2: four times (5/2)².
        assert_eq!(tree[0].impurity, 6.25);
        assert_eq!((tree[1].value.round(), tree[2].value.round(), tree[2].impurity), (-1.0, 4.0, 0.0));
        assert!(scores.iter().zip([-1.0, -1.0, 4.0, 4.0]).all(|(given, expected)| (given - expected).abs() < 1e-12));
    }

    #[test]
    fn the_leaf_that_gains_most_is_split_first() {
        let limits = Limits { max_leaf_nodes: Some(3), ..LIMITS };
        let column = (0..4).map(f64::from).collect();
        // In the middle first; then {10, 14} is worth 8 and {0, 2} is worth 2.
        let (tree, _) = grown(vec![column], &[0.0, 2.0, 10.0, 14.0], limits, 9);
        let splits: Vec<f64> = tree.iter().filter_map(|node| node.split.map(|split| split.1)).collect();
        assert_eq!(splits, [1.5, 2.5]);
    }

    #[test]
    fn depth_and_leaf_size_are_limits() {
        let column: Vec<f64> = (0..64).map(f64::from).collect();
        let gradients: Vec<f32> = (0..64).map(|i| (i * i) as f32).collect();
        let (tree, _) = grown(vec![column.clone()], &gradients, Limits { max_depth: 2, ..LIMITS }, 9);
        assert_eq!(tree.len(), 7);
        let (tree, _) = grown(vec![column], &gradients, Limits { min_samples_leaf: 10, ..LIMITS }, 9);
        assert!(tree.iter().all(|node| node.n_samples >= 10));
    }

    #[test]
    fn without_room_for_histograms_the_same_tree_is_grown() {
        let mut rng = Seed(3).rng();
        let columns: Vec<Vec<f64>> = (0..3).map(|_| (0..200).map(|_| rng.uniform()).collect()).collect();
        let gradients: Vec<f32> = columns[0].iter().zip(&columns[1]).map(|(a, b)| (a * b * 8.0) as f32).collect();
        for max_leaf_nodes in [None, Some(12)] {
            let limits = Limits { max_leaf_nodes, min_samples_leaf: 3, ..LIMITS };
            let all = grown(columns.clone(), &gradients, limits, 99);
            assert!(all.0.len() > 20);
            for most_kept in [0, 1, 3] {
                assert_eq!(grown(columns.clone(), &gradients, limits, most_kept), all);
            }
        }
    }
}
