//! The first centres: rows drawn as scikit-learn draws them.
//!
//! k-means++ draws each centre with a probability that grows with its squared distance from those before; the greedy
//! version draws a few and keeps the one that leaves the smallest sum of squares. Many rows are looked at in pieces.

use super::{ClusterInit, squared_distance};
use crate::model::decision_tree::sklearn_random::RandomState;

/// First centres under way.
pub(super) struct Seeding {
    init: ClusterInit,
    n_clusters: usize,
    /// Positions of the rows that are centres so far.
    pub(super) chosen: Vec<usize>,
    /// Each row's squared distance from the nearest of them.
    nearest: Vec<f64>,
    candidates: Vec<Candidate>,
    /// The rows that the candidates have been compared with.
    next_row: usize,
}

struct Candidate {
    row: usize,
    nearest: Vec<f64>,
    sum: f64,
}

impl Seeding {
    pub(super) fn new(init: ClusterInit, n_clusters: usize) -> Self {
        let (chosen, nearest, candidates) = (Vec::new(), Vec::new(), Vec::new());
        Self { init, n_clusters, chosen, nearest, candidates, next_row: 0 }
    }

    /// From 0 to 1.
    pub(super) fn fraction(&self) -> f64 {
        self.chosen.len() as f64 / self.n_clusters as f64
    }

    /// Looks at `rows` (row-major) until the budget of numbers is used up. True when all centres are chosen.
    pub(super) fn advance(
        &mut self,
        rows: &[f64],
        n_features: usize,
        random: &mut RandomState,
        budget: &mut usize,
    ) -> bool {
        let n_rows = rows.len() / n_features;
        if self.init == ClusterInit::Random {
            self.chosen = any_rows(n_rows, self.n_clusters, random);
            *budget = budget.saturating_sub(n_rows);
            return true;
        }
        while *budget > 0 {
            if self.candidates.is_empty() {
                self.draw(n_rows, random);
            }
            let n_block = (*budget / (n_features * self.candidates.len())).max(1);
            let end = n_rows.min(self.next_row + n_block);
            let block = &rows[self.next_row * n_features..end * n_features];
            for candidate in &mut self.candidates {
                let own = &rows[candidate.row * n_features..][..n_features];
                for (at, row) in block.chunks_exact(n_features).enumerate() {
                    let distance = squared_distance(row, own);
                    let nearest = self.nearest.get(self.next_row + at).map_or(distance, |&so_far| so_far.min(distance));
                    candidate.nearest.push(nearest);
                    candidate.sum += nearest;
                }
            }
            *budget = budget.saturating_sub(block.len() * self.candidates.len());
            self.next_row = end;
            if end == n_rows && self.choose() {
                return true;
            }
        }
        false
    }

    /// Draws the next candidates: one for the first centre.
    fn draw(&mut self, n_rows: usize, random: &mut RandomState) {
        self.next_row = 0;
        let candidate = |row| Candidate { row, nearest: Vec::with_capacity(n_rows), sum: 0.0 };
        if self.chosen.is_empty() {
            self.candidates.push(candidate(any_row(n_rows, random)));
            return;
        }
        let n_candidates = 2 + libm::log(self.n_clusters as f64) as usize;
        let mut running = 0.0;
        let sums: Vec<f64> = self
            .nearest
            .iter()
            .map(|square| {
                running += square;
                running
            })
            .collect();
        for _ in 0..n_candidates {
            let drawn = random.uniform() * running;
            let row = sums.partition_point(|&sum| sum < drawn).min(n_rows - 1);
            self.candidates.push(candidate(row));
        }
    }

    /// Keeps the best candidate, the first among equals. True when it was the last centre.
    fn choose(&mut self) -> bool {
        let candidates = std::mem::take(&mut self.candidates);
        let best = candidates.into_iter().reduce(|best, other| if other.sum < best.sum { other } else { best });
        let best = best.expect("there is at least one candidate");
        self.chosen.push(best.row);
        self.nearest = best.nearest;
        self.chosen.len() == self.n_clusters
    }
}

/// As numpy's `choice(n)` with equal probabilities.
fn any_row(n: usize, random: &mut RandomState) -> usize {
    ((random.uniform() * n as f64) as usize).min(n - 1)
}

/// As numpy's `choice(n, n_drawn, replace=False)` with equal probabilities: rows drawn twice are drawn again, among
/// those that are left.
fn any_rows(n: usize, n_drawn: usize, random: &mut RandomState) -> Vec<usize> {
    let mut drawn: Vec<usize> = Vec::with_capacity(n_drawn);
    let mut is_drawn = vec![false; n];
    let mut left: Vec<usize> = (0..n).collect();
    while drawn.len() < n_drawn {
        for _ in drawn.len()..n_drawn {
            let row = left[any_row(left.len(), random)];
            if !std::mem::replace(&mut is_drawn[row], true) {
                drawn.push(row);
            }
        }
        left.retain(|&row| !is_drawn[row]);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    #[test]
    fn rows_are_drawn_as_numpy_draws_them() {
        // np.random.RandomState(3).choice(20, 9, replace=False, p=np.full(20, 1 / 20)).
        let mut random = RandomState::new(Seed(3));
        assert_eq!(any_rows(20, 9, &mut random), [11, 14, 5, 10, 17, 2, 4, 1, 9]);
    }

    #[test]
    fn the_second_centre_is_far_from_the_first() {
        let rows: Vec<f64> = [0.0, 0.1, 0.2, 100.0].to_vec();
        for seed in 0..20 {
            let mut seeding = Seeding::new(ClusterInit::KMeansPlusPlus, 2);
            let mut random = RandomState::new(Seed(seed));
            // One number at a time.
            while !seeding.advance(&rows, 1, &mut random, &mut 1) {}
            assert!(seeding.chosen.contains(&3), "{:?}", seeding.chosen);
        }
    }
}
