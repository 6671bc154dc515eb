//! A k-d tree: the nearest rows without looking at all of them, and with the very answer of looking at all.
//!
//! What comes in: rows. What goes out: for a point, its nearest rows in order. Each node halves its rows at the middle of
//! its widest feature (Bentley 1975, <https://doi.org/10.1145/361002.361007>) and knows the box they are in. Distances to
//! boxes and to rows are rounded in the same order, and rounding never turns an order round, so a box's distance is never
//! above that of a row in it, and leaving out a box that is too far loses nothing.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::model::linear_map::dot;
use crate::preprocess::Matrix;

/// So many rows are looked at one by one.
const LEAF_ROWS: usize = 24;

/// So many rows tell which feature is the widest.
const WIDTH_ROWS: usize = 512;

/// Numbers looked at in one step: some 15 ms natively.
const NUMBERS_PER_STEP: usize = 2_000_000;

/// How far apart two rows are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Distance {
    /// `Σ |a − b|`
    Manhattan,
    /// `√ Σ (a − b)²`
    Euclidean,
    /// `(Σ |a − b|^p)^(1/p)`
    Minkowski(f64),
}

/// A power is not rounded as well as a product: a smaller difference may have a power that is larger in its last digit. A
/// box counts as nearer by this share, so that none is left out for that.
const POWER_SLACK: f64 = 1e-12;

/// A row that may be near, or the nearest one a box could hold.
///
/// The nearer comes first; among equally near ones the one whose features are smaller, and among equal rows the earlier:
/// so the order of different rows does not matter, and no label is ever preferred.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'t> {
    /// Before its root is taken.
    distance: f64,
    point: &'t [f64],
    /// The row's number.
    pub(super) row: u32,
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_distance = self.distance.total_cmp(&other.distance);
        // Stored numbers are finite, so they can be compared.
        let by_point = || self.point.partial_cmp(other.point).unwrap_or(Ordering::Equal);
        by_distance.then_with(by_point).then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate<'_> {}

/// Some of the rows.
#[derive(Clone, Debug, PartialEq)]
struct Node {
    /// Where they stand in the order of the leaves.
    start: usize,
    end: usize,
    /// The smallest number among them.
    first_row: u32,
    /// The first half's node; the second half's comes after it. None for a leaf.
    halves: Option<usize>,
}

/// Rows, ready to be searched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KdTree {
    n_features: usize,
    /// The row numbers in the order of the leaves.
    rows: Vec<u32>,
    /// The rows themselves in that order, row-major.
    points: Vec<f64>,
    nodes: Vec<Node>,
    /// Of each node the smallest number of each feature, then the largest.
    boxes: Vec<f64>,
}

impl KdTree {
    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    pub(super) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// The rows in the order of their numbers, row-major.
    pub(super) fn row_major(&self) -> Vec<f64> {
        let mut values = vec![0.0; self.points.len()];
        for (position, &row) in self.rows.iter().enumerate() {
            values[row as usize * self.n_features..][..self.n_features].copy_from_slice(self.point(position));
        }
        values
    }

    fn point(&self, position: usize) -> &[f64] {
        &self.points[position * self.n_features..][..self.n_features]
    }

    /// The `n_neighbors` nearest rows with their distances, the nearest first; all when there are fewer.
    pub(super) fn nearest(&self, query: &[f64], n_neighbors: usize, distance: Distance) -> Vec<(u32, f64)> {
        let mut search = Search {
            tree: self,
            query,
            n_neighbors,
            distance,
            found: BinaryHeap::with_capacity(n_neighbors.min(self.n_rows()) + 1),
            apart: vec![0.0; self.n_features],
            ones: vec![1.0; self.n_features],
        };
        if !self.nodes.is_empty() && n_neighbors > 0 {
            search.visit(0);
        }
        let root = |apart: f64| distance.root(apart);
        search.found.into_sorted_vec().iter().map(|found| (found.row, root(found.distance))).collect()
    }
}

/// A search under way.
struct Search<'t, 'q> {
    tree: &'t KdTree,
    query: &'q [f64],
    n_neighbors: usize,
    distance: Distance,
    /// The nearest so far, the farthest of them on top.
    found: BinaryHeap<Candidate<'t>>,
    /// Per feature, how far apart.
    apart: Vec<f64>,
    ones: Vec<f64>,
}

impl<'t> Search<'t, '_> {
    fn visit(&mut self, node: usize) {
        let tree = self.tree;
        let Node { start, end, halves, .. } = tree.nodes[node];
        let Some(first) = halves else {
            for position in start..end {
                let candidate = self.row(position);
                if self.admits(&candidate) {
                    if self.found.len() == self.n_neighbors {
                        self.found.pop();
                    }
                    self.found.push(candidate);
                }
            }
            return;
        };
        let mut halves = [(first, self.best_of(first)), (first + 1, self.best_of(first + 1))];
        if halves[1].1 < halves[0].1 {
            halves.swap(0, 1);
        }
        for (half, best) in halves {
            if self.admits(&best) {
                self.visit(half);
            }
        }
    }

    fn admits(&self, candidate: &Candidate<'_>) -> bool {
        self.found.len() < self.n_neighbors || self.found.peek().is_some_and(|farthest| candidate < farthest)
    }

    fn row(&mut self, position: usize) -> Candidate<'t> {
        let tree = self.tree;
        let point = tree.point(position);
        for (apart, (a, b)) in self.apart.iter_mut().zip(self.query.iter().zip(point)) {
            *apart = (a - b).abs();
        }
        Candidate { distance: self.length(), point, row: tree.rows[position] }
    }

    /// No row of a node comes before this.
    fn best_of(&mut self, node: usize) -> Candidate<'t> {
        let tree = self.tree;
        let (low, high) = tree.boxes[node * 2 * tree.n_features..][..2 * tree.n_features].split_at(tree.n_features);
        for (apart, (x, (low, high))) in self.apart.iter_mut().zip(self.query.iter().zip(low.iter().zip(high))) {
            *apart = (low - x).max(x - high).max(0.0);
        }
        let mut distance = self.length();
        if let Distance::Minkowski(_) = self.distance {
            distance *= 1.0 - POWER_SLACK;
        }
        Candidate { distance, point: low, row: tree.nodes[node].first_row }
    }

    fn length(&self) -> f64 {
        match self.distance {
            Distance::Euclidean => dot(&self.apart, &self.apart),
            Distance::Manhattan => dot(&self.apart, &self.ones),
            Distance::Minkowski(p) => self.apart.iter().map(|&apart| libm::pow(apart, p)).sum(),
        }
    }
}

impl Distance {
    /// From a sum of powers.
    fn root(self, sum: f64) -> f64 {
        match self {
            Self::Euclidean => libm::sqrt(sum),
            Self::Manhattan => sum,
            Self::Minkowski(p) => libm::pow(sum, 1.0 / p),
        }
    }
}

/// A tree under way: first the rows are halved, then copied in the order of the leaves, then boxed from the leaves up.
#[derive(Debug)]
pub(super) struct Builder {
    x: Matrix,
    tree: KdTree,
    /// Nodes whose rows are to be halved.
    waiting: Vec<usize>,
    /// Nodes that have no box yet, those before it all.
    unboxed: usize,
    /// Numbers looked at so far.
    done: f64,
}

impl Builder {
    pub(super) fn new(x: Matrix) -> Self {
        let (n_rows, n_features) = (x.n_rows(), x.n_features());
        let root = Node { start: 0, end: n_rows, first_row: 0, halves: None };
        let (nodes, waiting) = if n_rows > 0 { (vec![root], vec![0]) } else { (Vec::new(), Vec::new()) };
        let rows = (0..n_rows as u32).collect();
        let tree = KdTree { n_features, rows, points: Vec::new(), nodes, boxes: Vec::new() };
        Self { x, tree, waiting, unboxed: 0, done: 0.0 }
    }

    /// Does one bounded piece. True when the tree is there.
    pub(super) fn advance(&mut self) -> bool {
        let n_features = self.x.n_features();
        let n_numbers = self.x.n_rows() * n_features;
        let mut left = NUMBERS_PER_STEP;
        while left > 0 {
            let looked_at = if let Some(node) = self.waiting.pop() {
                self.halve(node)
            } else if self.tree.points.len() < n_numbers {
                let row = self.tree.rows[self.tree.points.len() / n_features] as usize;
                self.tree.points.extend(self.x.features().iter().map(|feature| feature[row]));
                n_features
            } else if let Some(node) = self.unboxed.checked_sub(1) {
                self.unboxed = node;
                self.enclose(node)
            } else {
                return true;
            };
            self.done += looked_at as f64;
            left = left.saturating_sub(looked_at);
        }
        false
    }

    /// The share of the work that is done.
    pub(super) fn fraction(&self) -> f64 {
        let n_levels = libm::ceil(libm::log2((self.x.n_rows() as f64 / LEAF_ROWS as f64).max(1.0))) + 1.0;
        let all = self.x.n_rows() as f64 * (2 * self.x.n_features()) as f64 + self.x.n_rows() as f64 * n_levels * 2.0;
        (self.done / all).min(0.99)
    }

    /// **Panics** before [`Builder::advance`] has said that it is there.
    pub(super) fn into_tree(self) -> KdTree {
        assert!(self.waiting.is_empty() && self.unboxed == 0, "every node is boxed");
        self.tree
    }

    /// Halves a node's rows if they are many. Gives how many numbers were looked at.
    fn halve(&mut self, node: usize) -> usize {
        let Self { x, tree, waiting, unboxed, .. } = self;
        let (start, end) = (tree.nodes[node].start, tree.nodes[node].end);
        *unboxed = tree.nodes.len();
        if end - start <= LEAF_ROWS || x.n_features() == 0 {
            return 1;
        }
        // Some of the rows tell which feature is the widest: the answers do not depend on it.
        let stride = (end - start).div_ceil(WIDTH_ROWS);
        let mut widest = (0, -1.0);
        for (idx, feature) in x.features().iter().enumerate() {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for &row in tree.rows[start..end].iter().step_by(stride) {
                low = low.min(feature[row as usize]);
                high = high.max(feature[row as usize]);
            }
            if high - low > widest.1 {
                widest = (idx, high - low);
            }
        }
        let feature = x.feature(widest.0);
        let middle = (end - start) / 2;
        // Equal numbers in the order of the rows, so that which half a row is in is no matter of chance.
        tree.rows[start..end].select_nth_unstable_by(middle, |&a, &b| {
            feature[a as usize].total_cmp(&feature[b as usize]).then(a.cmp(&b))
        });
        let first = tree.nodes.len();
        tree.nodes[node].halves = Some(first);
        for (half_start, half_end) in [(start, start + middle), (start + middle, end)] {
            tree.nodes.push(Node { start: half_start, end: half_end, first_row: 0, halves: None });
        }
        waiting.extend([first + 1, first]);
        *unboxed = tree.nodes.len();
        2 * (end - start) + x.n_features() * ((end - start) / stride)
    }

    /// Finds a node's box and first row, from its rows or from its halves. Gives how many numbers were looked at.
    fn enclose(&mut self, node: usize) -> usize {
        let tree = &mut self.tree;
        let width = 2 * tree.n_features;
        if tree.boxes.is_empty() {
            tree.boxes = [vec![f64::INFINITY; tree.n_features], vec![f64::NEG_INFINITY; tree.n_features]].concat();
            tree.boxes = tree.boxes.repeat(tree.nodes.len());
        }
        let Node { start, end, halves, .. } = tree.nodes[node];
        if let Some(first) = halves {
            // Halves stand after the whole.
            let (before, after) = tree.boxes.split_at_mut((node + 1) * width);
            let whole = &mut before[node * width..];
            for half in after[(first - node - 1) * width..].chunks_exact(width).take(2) {
                widen(whole, &half[..width / 2], &half[width / 2..]);
            }
            tree.nodes[node].first_row = tree.nodes[first].first_row.min(tree.nodes[first + 1].first_row);
            return width;
        }
        let whole = &mut tree.boxes[node * width..][..width];
        for point in tree.points[start * tree.n_features..end * tree.n_features].chunks_exact(tree.n_features) {
            widen(whole, point, point);
        }
        tree.nodes[node].first_row = tree.rows[start..end].iter().copied().min().unwrap_or_default();
        (end - start) * tree.n_features
    }
}

/// Makes a box contain another one.
fn widen(whole: &mut [f64], low: &[f64], high: &[f64]) {
    let (whole_low, whole_high) = whole.split_at_mut(low.len());
    whole_low.iter_mut().zip(low).for_each(|(whole, low)| *whole = whole.min(*low));
    whole_high.iter_mut().zip(high).for_each(|(whole, high)| *whole = whole.max(*high));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    fn tree(x: &Matrix) -> KdTree {
        let mut builder = Builder::new(x.clone());
        while !builder.advance() {}
        builder.into_tree()
    }

    /// Every row looked at, in the plain way.
    fn brute(x: &Matrix, query: &[f64], k: usize, distance: Distance) -> Vec<(u32, f64)> {
        let rows = x.to_row_major();
        let mut all: Vec<(f64, &[f64], u32)> = (0..x.n_rows())
            .map(|row| {
                let point = &rows[row * x.n_features()..][..x.n_features()];
                let apart: Vec<f64> = query.iter().zip(point).map(|(a, b)| (a - b).abs()).collect();
                let length = match distance {
                    Distance::Euclidean => dot(&apart, &apart),
                    Distance::Manhattan => dot(&apart, &vec![1.0; apart.len()]),
                    Distance::Minkowski(p) => apart.iter().map(|&apart| libm::pow(apart, p)).sum(),
                };
                (length, point, row as u32)
            })
            .collect();
        all.sort_by(|a, b| a.partial_cmp(b).unwrap());
        all.iter().take(k).map(|(length, _, row)| (*row, distance.root(*length))).collect()
    }

    #[test]
    fn the_tree_answers_as_if_every_row_were_looked_at() {
        let mut rng = Seed(5).rng();
        for (n_rows, n_features, grid) in [(400, 2, 6), (300, 9, 3), (500, 1, 4), (200, 3, 1_000_000)] {
            let mut number = || rng.below(grid) as f64 / 10.0 - 0.2;
            let x = Matrix::from_columns((0..n_features).map(|_| (0..n_rows).map(|_| number()).collect()).collect());
            let tree = tree(&x);
            assert_eq!(tree.row_major(), x.to_row_major());
            for _ in 0..40 {
                let query: Vec<f64> = (0..n_features).map(|_| number()).collect();
                for distance in [Distance::Euclidean, Distance::Manhattan, Distance::Minkowski(2.7)] {
                    for k in [1, 7, 60, 1_000] {
                        assert_eq!(tree.nearest(&query, k, distance), brute(&x, &query, k, distance));
                    }
                }
            }
        }
    }

    #[test]
    fn equal_rows_are_taken_in_their_order() {
        let x = Matrix::from_columns(vec![vec![2.0; 1000]]);
        let rows: Vec<u32> = tree(&x).nearest(&[0.0], 3, Distance::Manhattan).iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [0, 1, 2]);
    }

    #[test]
    fn numbers_at_the_end_of_what_there_is_are_still_ordered() {
        let x = Matrix::from_columns(vec![vec![f64::MAX, -f64::MAX, 0.0]]);
        let found = tree(&x).nearest(&[f64::MAX], 3, Distance::Euclidean);
        assert_eq!(found.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(found[0].1, 0.0);
    }
}
