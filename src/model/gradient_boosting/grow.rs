//! Grows one tree on bins, the leaf that gains most first, in bounded pieces.
//!
//! What comes in: bins and the gradients of one score. What goes out: nodes, depth first, and which rows each leaf has.
//! A node is a range of the rows; splitting it moves the rows that go left before those that go right and keeps their
//! order. Of two children only the smaller one is summed anew: the other's histogram is what is left of the parent's.
//! Nodes are searched and split in scikit-learn's order, so that a limit on the leaves cuts off the same ones.

use super::bins::{Bins, Grid};
use super::cut::{Cut, Histogram, Scanner, Uncut};
use super::histogram::{Bin, Gradients, Scratch, Sums, build_all, build_some, subtract, total};
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
    pub(super) grid: &'a Grid,
    pub(super) bins: &'a Bins,
    pub(super) gradients: &'a [f32],
    /// None when all are 1.
    pub(super) hessians: Option<&'a [f32]>,
    /// What each row counts; none when all count once.
    pub(super) weights: Option<&'a [f64]>,
}

impl<'a> Ground<'a> {
    fn all(self) -> Gradients<'a> {
        Gradients { gradients: self.gradients, hessians: self.hessians }
    }
}

/// A node under way.
#[derive(Debug)]
pub(super) struct Node {
    /// Its rows are those from here…
    pub(super) start: usize,
    /// … to here.
    pub(super) end: usize,
    depth: usize,
    sums: Sums,
    /// What it is worth, before the learning rate; 0 at the root, from which only the gain is counted.
    pub(super) value: f64,
    pub(super) cut: Option<Cut>,
    pub(super) children: Option<[usize; 2]>,
    histogram: Option<Vec<Bin>>,
}

impl Node {
    pub(super) fn n_rows(&self) -> usize {
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
    n_seen: usize,
}

/// Grows trees, one after the other.
#[derive(Debug)]
pub(super) struct Grower {
    limits: Limits,
    scanner: Scanner,
    /// The features in the order in which they are looked at: categories first, as scikit-learn puts them.
    order: Vec<usize>,
    pub(super) rows: Vec<u32>,
    spare: Vec<u32>,
    gathered: Vec<f32>,
    gathered_hessians: Vec<f32>,
    /// Where each feature's bins begin in a histogram, and where the last one's end.
    offsets: Vec<usize>,
    scratch: Box<Scratch>,
    /// Histograms nobody needs.
    free: Vec<Vec<Bin>>,
    n_kept: usize,
    pub(super) most_kept: usize,
    pub(super) nodes: Vec<Node>,
    n_leaves: usize,
    frontier: Frontier<usize>,
    searches: Vec<Search>,
}

impl Grower {
    pub(super) fn new(limits: Limits, grid: &Grid, n_rows: usize) -> Self {
        let mut offsets = vec![0];
        for feature in 0..grid.n_features() {
            offsets.push(offsets[feature] + grid.n_bins(feature));
        }
        let mut order: Vec<usize> = (0..grid.n_features()).collect();
        order.sort_by_key(|&feature| !grid.cuts[feature].is_categorical());
        let size_bytes = offsets[grid.n_features()].max(1) * size_of::<Bin>();
        let scanner = Scanner { min_samples_leaf: clipped(limits.min_samples_leaf), l2: limits.l2_regularization };
        Self {
            limits,
            scanner,
            order,
            rows: Vec::new(),
            spare: vec![0; n_rows],
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
        let n_rows = ground.bins.n_rows();
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
        if n_rows >= 2 * self.limits.min_samples_leaf && ground.grid.n_features() > 0 {
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
                touched += self.split(ground, candidate.item);
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
        self.searches.push(Search { node, histogram, best: None, sibling, n_seen: 0 });
    }

    /// Looks at one more feature.
    fn search_on(&mut self, ground: Ground<'_>, mut search: Search) -> usize {
        let feature = self.order[search.n_seen];
        let node = &self.nodes[search.node];
        let n_rows = node.n_rows();
        let rows = &self.rows[node.start..node.end];
        let mut touched = n_rows;
        let is_all = n_rows == self.rows.len();
        if search.n_seen == 0 && !is_all {
            touched += n_rows;
            gather(ground.gradients, rows, &mut self.gathered);
            if let Some(hessians) = ground.hessians {
                gather(hessians, rows, &mut self.gathered_hessians);
            }
        }
        let place = self.offsets[feature]..self.offsets[feature + 1];
        let bins = &mut search.histogram[place.clone()];
        let column = ground.bins.column(feature);
        if is_all {
            build_all(column, ground.all(), &mut self.scratch, bins);
        } else {
            let hessians = ground.hessians.map(|_| self.gathered_hessians.as_slice());
            let gathered = Gradients { gradients: &self.gathered, hessians };
            build_some(column, rows, gathered, &mut self.scratch, bins);
        }
        touched += bins.len() * COST_OF_BIN;
        if search.node == 0 && search.n_seen == 0 {
            self.nodes[0].sums = total(bins);
            if self.nodes[0].sums.is_flat() {
                self.free.push(search.histogram);
                return touched;
            }
        }
        let is_leaf = |node: usize| self.nodes[node].n_rows() < 2 * self.limits.min_samples_leaf;
        let scan = |node: usize, bins: &[Bin], best: &mut Option<Cut>| {
            if !is_leaf(node) {
                let node = Uncut { sums: self.nodes[node].sums, value: self.nodes[node].value };
                let (cuts, has_missing) = (&ground.grid.cuts[feature], ground.grid.has_missing[feature]);
                self.scanner.scan(Histogram { feature, cuts, bins, has_missing }, node, best);
            }
        };
        scan(search.node, bins, &mut search.best);
        if let Some((node, histogram, best)) = &mut search.sibling {
            let rest = &mut histogram[place];
            subtract(rest, bins);
            scan(*node, rest, best);
            touched += bins.len() * COST_OF_BIN;
        }
        search.n_seen += 1;
        if search.n_seen < self.order.len() {
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

    fn split(&mut self, ground: Ground<'_>, parent: usize) -> usize {
        let node = &mut self.nodes[parent];
        let (start, end, depth) = (node.start, node.end, node.depth + 1);
        let cut = node.cut.as_mut().expect("a node of the frontier has a cut");
        if !ground.grid.has_missing[cut.feature] {
            // Nothing was learned about missing cells: they go with most of the rows.
            cut.missing_left = cut.left.n_rows > cut.right.n_rows;
        }
        let cut = *cut;
        let histogram = node.histogram.take();
        self.n_kept -= usize::from(histogram.is_some());
        let goes_left = cut.goes_left(ground.grid);
        let column = ground.bins.column(cut.feature);
        let middle = start + partition(&mut self.rows[start..end], &mut self.spare, column, &goes_left);
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
}

fn clipped(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn gather(numbers: &[f32], rows: &[u32], gathered: &mut Vec<f32>) {
    gathered.clear();
    gathered.extend(rows.iter().map(|&row| numbers[row as usize]));
}

/// Moves the rows whose bin goes left to the front, keeping the order on both sides. Gives how many they are.
fn partition(rows: &mut [u32], spare: &mut [u32], column: &[u8], goes_left: &[bool; 256]) -> usize {
    let (mut n_left, mut n_right) = (0, 0);
    for at in 0..rows.len() {
        let row = rows[at];
        let is_left = usize::from(goes_left[usize::from(column[row as usize])]);
        // Both are written, and one counts: which one cannot be guessed.
        rows[n_left] = row;
        spare[n_right] = row;
        n_left += is_left;
        n_right += 1 - is_left;
    }
    rows[n_left..].copy_from_slice(&spare[..n_right]);
    n_left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_on_both_sides() {
        let mut rows = [4, 0, 3, 1, 2];
        let goes_left = std::array::from_fn(|bin| bin <= 5);
        assert_eq!(partition(&mut rows, &mut [0; 5], &[0, 9, 5, 0, 9], &goes_left), 3);
        assert_eq!(rows, [0, 3, 2, 4, 1]);
    }
}
