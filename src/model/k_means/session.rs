//! Runs of k-means: rows go to the nearest centre, centres to the mean of their rows, until nothing changes.
//!
//! Rows are centred first, which keeps the digits of distances. A step does at most one round, and of many rows a piece
//! of one. Where a run stops, and which run is kept, are scikit-learn's rules.

use super::seeding::Seeding;
use super::{ClusterIssue, FittedKMeans, KMeansSpec, NUMBERS_PER_STEP, nearest, squared_distance};
use crate::Error;
use crate::error::Issues;
use crate::model::decision_tree::sklearn_random::RandomState;
use crate::model::linear_map::add_scaled;
use crate::model::{Fitted, ModelError};
use crate::preprocess::Matrix;
use crate::random::Seed;
use crate::train::{Epoch, Session, Step, StepFuture, ready};

/// A fit under way.
pub(super) struct KMeansSession {
    spec: KMeansSpec,
    n_runs: usize,
    n_features: usize,
    mean: Vec<f64>,
    /// Row-major, the mean taken away.
    rows: Vec<f64>,
    /// How far, squared, the centres may move in the last round.
    tol: f64,
    random: RandomState,
    runs_done: usize,
    /// Rounds of all runs.
    n_rounds: usize,
    stage: Stage,
    run: Run,
    best: Option<Run>,
}

enum Stage {
    Seeding(Seeding),
    /// Rows go to the nearest centre, from this one on.
    Assigning(usize),
    Done,
}

/// What a run has come to.
#[derive(Clone, Default)]
struct Run {
    /// Row-major.
    centers: Vec<f64>,
    /// The cluster of each row, and of the round before.
    codes: Vec<u32>,
    codes_before: Vec<u32>,
    /// The rows of each cluster, and how many they are.
    sums: Vec<f64>,
    sizes: Vec<u32>,
    /// The squared distances of the rows from the nearest centre.
    inertia: f64,
    n_rounds: usize,
    /// Whether the centres stay, and only the rows' clusters are still to be told.
    is_settled: bool,
}

impl KMeansSession {
    /// **Errors** `train.distances_not_finite`.
    pub(super) fn new(spec: &KMeansSpec, x: &Matrix, seed: Seed) -> Result<Self, Error> {
        let n_rows = x.n_rows() as f64;
        let mean: Vec<f64> = x.features().iter().map(|feature| feature.iter().sum::<f64>() / n_rows).collect();
        let mut rows = x.to_row_major();
        for row in rows.chunks_exact_mut(mean.len()) {
            row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        }
        let largest =
            rows.iter().fold(0.0, |largest: f64, x| if x.is_finite() { largest.max(x.abs()) } else { f64::MAX });
        if !(4.0 * largest * largest * rows.len() as f64).is_finite() {
            return Err(ModelError::DistancesNotFinite {}.into());
        }
        let variance: f64 = rows.iter().map(|x| x * x).sum::<f64>() / rows.len() as f64;
        Ok(Self {
            spec: spec.clone(),
            n_runs: spec.n_runs(),
            n_features: mean.len(),
            mean,
            rows,
            tol: variance * spec.tol,
            random: RandomState::new(seed),
            runs_done: 0,
            n_rounds: 0,
            stage: Stage::Seeding(Seeding::new(spec.init, spec.n_clusters)),
            run: Run::default(),
            best: None,
        })
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.rows[row * self.n_features..][..self.n_features]
    }

    fn advance(&mut self) -> Step {
        let mut budget = NUMBERS_PER_STEP;
        let mut epoch = None;
        while budget > 0 && epoch.is_none() && !matches!(self.stage, Stage::Done) {
            self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
                Stage::Seeding(mut seeding) => {
                    if seeding.advance(&self.rows, self.n_features, &mut self.random, &mut budget) {
                        self.begin_run(&seeding.chosen)
                    } else {
                        Stage::Seeding(seeding)
                    }
                }
                Stage::Assigning(row) => self.assign(row, &mut budget, &mut epoch),
                Stage::Done => Stage::Done,
            };
        }
        Step { fraction: self.fraction(), epoch }
    }

    /// A run counts half for its first centres; what rounds bring is not known, so each takes half of what is left.
    fn fraction(&self) -> f64 {
        let of_run = match &self.stage {
            Stage::Done => return 1.0,
            Stage::Seeding(seeding) => 0.5 * seeding.fraction(),
            Stage::Assigning(row) => {
                let share = *row as f64 * self.n_features as f64 / self.rows.len() as f64;
                let n_rounds = self.run.n_rounds as f64 + share;
                0.5 + 0.5 * n_rounds / (n_rounds + 10.0)
            }
        };
        (self.runs_done as f64 + of_run) / self.n_runs as f64
    }

    fn begin_run(&mut self, chosen: &[usize]) -> Stage {
        let centers = chosen.iter().flat_map(|&row| self.row(row).iter().copied()).collect();
        self.run = Run { centers, codes: vec![u32::MAX; self.rows.len() / self.n_features], ..Run::default() };
        self.begin_round();
        Stage::Assigning(0)
    }

    fn begin_round(&mut self) {
        let run = &mut self.run;
        run.codes_before.clone_from(&run.codes);
        run.sums = vec![0.0; run.centers.len()];
        run.sizes = vec![0; run.centers.len() / self.n_features];
        run.inertia = 0.0;
    }

    /// Finds the clusters of some more rows; after the last one the centres move.
    fn assign(&mut self, start: usize, budget: &mut usize, epoch: &mut Option<Epoch>) -> Stage {
        let n_features = self.n_features;
        let n_rows = self.run.codes.len();
        let end = n_rows.min(start + (*budget / self.run.centers.len()).max(1));
        *budget = budget.saturating_sub((end - start) * self.run.centers.len());
        let run = &mut self.run;
        for (row, code) in (start..end).zip(&mut run.codes[start..end]) {
            let numbers = &self.rows[row * n_features..][..n_features];
            let (cluster, distance) = nearest(numbers, &run.centers);
            *code = cluster;
            run.inertia += distance;
            run.sizes[cluster as usize] += 1;
            add_scaled(&mut run.sums[cluster as usize * n_features..][..n_features], 1.0, numbers);
        }
        if end < n_rows {
            return Stage::Assigning(end);
        }
        if self.run.is_settled {
            return self.end_run();
        }
        self.run.n_rounds += 1;
        self.n_rounds += 1;
        *epoch = Some(Epoch {
            number: self.n_rounds,
            of: self.n_runs * self.spec.max_iter,
            train_loss: self.run.inertia,
            valid_loss: None,
        });
        let moved = self.move_centers();
        if self.run.codes == self.run.codes_before {
            return self.end_run();
        }
        self.run.is_settled = moved <= self.tol || self.run.n_rounds == self.spec.max_iter;
        self.begin_round();
        Stage::Assigning(0)
    }

    /// Puts every centre at the mean of its rows; gives how far they moved, squared.
    fn move_centers(&mut self) -> f64 {
        self.fill_empty_clusters();
        let n_features = self.n_features;
        let run = &mut self.run;
        let largest = (0..run.sizes.len()).rev().max_by_key(|&code| run.sizes[code]).unwrap_or(0);
        for (sum, &size) in run.sums.chunks_exact_mut(n_features).zip(&run.sizes) {
            sum.iter_mut().for_each(|x| *x /= f64::from(size.max(1)));
        }
        // A cluster without rows stays, for the time being, where most rows are.
        let most = run.sums[largest * n_features..][..n_features].to_vec();
        for (center, _) in run.sums.chunks_exact_mut(n_features).zip(&run.sizes).filter(|(_, size)| **size == 0) {
            center.copy_from_slice(&most);
        }
        let moved = squared_distance(&run.sums, &run.centers);
        run.centers.copy_from_slice(&run.sums);
        moved
    }

    /// Gives each cluster without rows one of those that are farthest from their centres.
    fn fill_empty_clusters(&mut self) {
        let empty: Vec<usize> = (0..self.run.sizes.len()).filter(|&code| self.run.sizes[code] == 0).collect();
        if empty.is_empty() {
            return;
        }
        let n_features = self.n_features;
        let center = |code: u32| &self.run.centers[code as usize * n_features..][..n_features];
        let distances: Vec<f64> = self
            .run
            .codes
            .iter()
            .enumerate()
            .map(|(row, &code)| squared_distance(self.row(row), center(code)))
            .collect();
        let mut far: Vec<usize> = (0..distances.len()).collect();
        far.sort_unstable_by(|&a, &b| distances[b].total_cmp(&distances[a]).then(b.cmp(&a)));
        if distances[far[0]] == 0.0 {
            // Every row is where its centre is: there are no more different rows than clusters.
            return;
        }
        for (code, row) in empty.into_iter().zip(far) {
            let numbers = &self.rows[row * n_features..][..n_features];
            let old = self.run.codes[row] as usize;
            add_scaled(&mut self.run.sums[old * n_features..][..n_features], -1.0, numbers);
            self.run.sums[code * n_features..][..n_features].copy_from_slice(numbers);
            self.run.sizes[old] -= 1;
            self.run.sizes[code] = 1;
        }
    }

    /// Keeps the run if it is better than those before and not the same clusters in another order.
    fn end_run(&mut self) -> Stage {
        let mut run = std::mem::take(&mut self.run);
        let centers = run.centers.chunks_exact(self.n_features).collect::<Vec<_>>();
        let distances =
            run.codes.iter().enumerate().map(|(row, &code)| squared_distance(self.row(row), centers[code as usize]));
        run.inertia = distances.sum();
        run.sizes = vec![0; centers.len()];
        run.codes.iter().for_each(|&code| run.sizes[code as usize] += 1);
        let is_better = |best: &Run| run.inertia < best.inertia && !is_same_clustering(&run.codes, &best.codes);
        if self.best.as_ref().is_none_or(is_better) {
            self.best = Some(run);
        }
        self.runs_done += 1;
        if self.runs_done == self.n_runs {
            return Stage::Done;
        }
        Stage::Seeding(Seeding::new(self.spec.init, self.spec.n_clusters))
    }
}

/// Whether two lists of codes are the same up to the codes' names.
fn is_same_clustering(a: &[u32], b: &[u32]) -> bool {
    let mut names = vec![u32::MAX; a.iter().max().map_or(0, |&code| code as usize + 1)];
    a.iter().zip(b).all(|(&a, &b)| {
        let name = &mut names[a as usize];
        if *name == u32::MAX {
            *name = b;
        }
        *name == b
    })
}

impl Session<dyn Fitted> for KMeansSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(Ok(self.advance()))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let Some(Run { mut centers, sizes, .. }) = self.best else { panic!("a step has said that the runs are done") };
        for center in centers.chunks_exact_mut(self.n_features) {
            center.iter_mut().zip(&self.mean).for_each(|(x, mean)| *x += mean);
        }
        let mut issues = Issues::new();
        let n_found = sizes.iter().filter(|&&size| size > 0).count();
        if n_found < sizes.len() {
            issues.push(ClusterIssue::FewerClusters { n_found, n_clusters: sizes.len() });
        }
        (Box::new(FittedKMeans { centers, sizes, n_features: self.n_features }), issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Answers;
    use crate::model::k_means::ClusterInit;
    use crate::train::block_on;

    fn fitted(x: &Matrix, n_clusters: usize) -> (Box<dyn Fitted>, Issues) {
        let spec = KMeansSpec { n_clusters, ..KMeansSpec::default() };
        let mut session = Box::new(KMeansSession::new(&spec, x, Seed(0)).unwrap());
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        session.finish()
    }

    #[test]
    fn two_heaps_are_two_clusters() {
        let x = Matrix::from_columns(vec![vec![0.0, 2.0, 100.0, 104.0]]);
        let (fitted, issues) = fitted(&x, 2);
        let Answers::Clusters { codes, distances } = fitted.predict(&x) else { panic!("clusters") };
        assert_eq!((codes[0], codes[2]), (codes[1], codes[3]));
        assert_eq!(distances, [1.0, 1.0, 2.0, 2.0]);
        assert!(issues.is_empty());
    }

    #[test]
    fn more_clusters_than_different_rows_are_reported() {
        let x = Matrix::from_columns(vec![vec![1.0, 1.0, 1.0, 5.0, 5.0]]);
        let (fitted, issues) = fitted(&x, 4);
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), ["fewer_clusters"]);
        let Answers::Clusters { distances, .. } = fitted.predict(&x) else { panic!("clusters") };
        // But for the mean that was taken away and added again.
        assert!(distances.iter().all(|distance| *distance < 1e-15), "{distances:?}");
    }

    #[test]
    fn a_cluster_that_lost_its_rows_gets_the_farthest_one() {
        let x = Matrix::from_columns(vec![vec![0.0, 1.0, 2.0, 10.0]]);
        let spec = KMeansSpec { n_clusters: 2, init: ClusterInit::Random, ..KMeansSpec::default() };
        let mut session = KMeansSession::new(&spec, &x, Seed(0)).unwrap();
        session.begin_run(&[0, 0]);
        while !matches!(session.assign(0, &mut usize::MAX.clone(), &mut None), Stage::Seeding(_)) {}
        assert_eq!(session.best.unwrap().sizes, [3, 1]);
    }

    #[test]
    fn names_of_clusters_do_not_make_another_clustering() {
        assert!(is_same_clustering(&[0, 0, 1], &[1, 1, 0]));
        assert!(!is_same_clustering(&[0, 0, 1], &[1, 0, 0]));
    }
}
