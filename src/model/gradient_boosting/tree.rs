//! A grown tree: what each node asks and says, and what it adds to rows given as bins.

use super::bins::{Bins, Grid};
use super::cut::Cut;
use super::grow::{Ground, Grower};

/// A node of a grown tree; nodes stand depth first, left before right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grown {
    /// The cut, and the right child's number; the left child is the next node.
    pub(super) split: Option<(Cut, usize)>,
    pub(super) n_samples: u32,
    /// What it adds, or would add if it were a leaf.
    pub(super) value: f64,
    /// The variance of what was left to learn.
    pub(super) impurity: f64,
}

/// What is added up over the rows of a node.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    weight: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn with(self, other: Self) -> Self {
        Self { weight: self.weight + other.weight, sum: self.sum + other.sum, squares: self.squares + other.squares }
    }

    /// A row's gradient has its weight in it.
    fn add(&mut self, gradient: f64, weight: f64) {
        self.weight += weight;
        self.sum += gradient;
        self.squares += if weight > 0.0 { gradient * gradient / weight } else { 0.0 };
    }

    fn variance(self) -> f64 {
        let mean = self.sum / self.weight;
        if self.weight > 0.0 { (self.squares / self.weight - mean * mean).max(0.0) } else { 0.0 }
    }
}

impl Grower {
    /// The grown tree, and what its leaves add to the scores of the rows it was grown on.
    pub(super) fn harvest(&self, ground: Ground<'_>, learning_rate: f64, scores: &mut [f64]) -> Vec<Grown> {
        let order = self.depth_first();
        let mut number = vec![0; self.nodes.len()];
        order.iter().enumerate().for_each(|(at, &node)| number[node] = at);
        let grown = |&node: &usize| {
            let node = &self.nodes[node];
            let split = node.children.zip(node.cut).map(|([_, right], cut)| (cut, number[right]));
            Grown { split, n_samples: node.n_rows() as u32, value: node.value * learning_rate, impurity: 0.0 }
        };
        let mut tree: Vec<Grown> = order.iter().map(grown).collect();
        let mut moments = vec![Moments::default(); tree.len()];
        // Backwards, so that children come before their parents.
        for (at, &node) in order.iter().enumerate().rev() {
            let mut here = Moments::default();
            match tree[at].split {
                Some((_, right)) => here = moments[at + 1].with(moments[right]),
                None => {
                    let node = &self.nodes[node];
                    for &row in &self.rows[node.start..node.end] {
                        let row = row as usize;
                        here.add(f64::from(ground.gradients[row]), ground.weights.map_or(1.0, |weights| weights[row]));
                        scores[row] += tree[at].value;
                    }
                }
            }
            moments[at] = here;
            tree[at].impurity = here.variance();
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

/// Adds what a tree says to the scores of some rows.
pub(super) fn add(tree: &[Grown], grid: &Grid, bins: &Bins, scores: &mut [f64]) {
    let column =
        |(cut, right): (Cut, usize)| (cut, bins.column(cut.feature), grid.cuts[cut.feature].missing_bin(), right);
    let splits: Vec<_> = tree.iter().map(|node| node.split.map(column)).collect();
    for (row, score) in scores.iter_mut().enumerate() {
        let mut here = 0;
        while let Some((cut, column, missing, right)) = &splits[here] {
            let bin = column[row];
            let goes_left = if bin == *missing { cut.missing_left } else { cut.question.takes_left(bin) };
            here = if goes_left { here + 1 } else { *right };
        }
        *score += tree[here].value;
    }
}

#[cfg(test)]
mod tests {
    use super::super::bins::Binner;
    use super::super::cut::Question;
    use super::super::grow::Limits;
    use super::*;
    use crate::preprocess::Matrix;
    use crate::random::Seed;

    const LIMITS: Limits =
        Limits { max_leaf_nodes: None, max_depth: usize::MAX, min_samples_leaf: 1, l2_regularization: 0.0 };

    fn binned(columns: Vec<Vec<f64>>, is_categorical: bool) -> (Grid, Bins) {
        let n_features = columns.len();
        let mut binner = Binner::new(Matrix::from_columns(columns), vec![is_categorical; n_features], 255);
        while !binner.advance(None, 1_000) {}
        let (grid, mut bins) = binner.into_binned();
        (grid, bins.remove(0))
    }

    fn grown(columns: Vec<Vec<f64>>, gradients: &[f32], limits: Limits, most_kept: usize) -> (Vec<Grown>, Vec<f64>) {
        let (grid, bins) = binned(columns, false);
        let ground = Ground { grid: &grid, bins: &bins, gradients, hessians: None, weights: None };
        let mut grower = Grower::new(limits, &grid, gradients.len());
        grower.most_kept = most_kept;
        let mut scores = vec![0.0; gradients.len()];
        let mut tree = Vec::new();
        // The second tree is the first one again: nothing is left over.
        for _ in 0..2 {
            grower.begin(ground);
            while !grower.grow(ground, 1).1 {}
            scores.fill(0.0);
            tree = grower.harvest(ground, 1.0, &mut scores);
            let mut again = vec![0.0; gradients.len()];
            add(&tree, &grid, &bins, &mut again);
            assert_eq!(again, scores);
        }
        (tree, scores)
    }

    /// The last bin on the left, and the right child.
    fn bin(node: &Grown) -> Option<(u8, usize)> {
        let (cut, right) = node.split?;
        let Question::UpTo(bin) = cut.question else { panic!("a number") };
        Some((bin, right))
    }

    #[test]
    fn leaves_take_away_the_mean_gradient_of_their_rows() {
        let (tree, scores) = grown(vec![vec![1.0, 2.0, 3.0, 4.0]], &[1.0, 1.0, -4.0, -4.0], LIMITS, 9);
        assert_eq!(tree.len(), 3);
        assert_eq!(bin(&tree[0]), Some((1, 2)));
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
        let bins: Vec<u8> = tree.iter().filter_map(bin).map(|(bin, _)| bin).collect();
        assert_eq!(bins, [1, 2]);
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

    #[test]
    fn missing_cells_go_with_most_rows_where_none_was_learned_from() {
        let (tree, _) = grown(vec![vec![1.0, 2.0, 3.0]], &[9.0, 0.0, 0.0], Limits { max_depth: 1, ..LIMITS }, 9);
        assert!(!tree[0].split.unwrap().0.missing_left);
        let (tree, _) = grown(vec![vec![1.0, 2.0, 3.0]], &[0.0, 0.0, 9.0], Limits { max_depth: 1, ..LIMITS }, 9);
        assert!(tree[0].split.unwrap().0.missing_left);
    }

    #[test]
    fn weights_count_in_a_nodes_variance() {
        let mut moments = Moments::default();
        // A distance of 3 that counts twice, one of 0 that counts once, and one that does not count.
        [(6.0, 2.0), (0.0, 1.0), (0.0, 0.0)].into_iter().for_each(|(gradient, weight)| moments.add(gradient, weight));
        assert_eq!(moments.variance(), 2.0);
    }
}
