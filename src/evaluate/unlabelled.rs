//! Measures of answers that have no truth beside them: how apart clusters are, what a projection keeps, how many rows
//! are odd.
//!
//! What comes in: a model, rows and their answers. What goes out: measures by name, scikit-learn's. The silhouette
//! compares every row with every other, so it is computed row by row, in bounded pieces, and of many rows on a sample.

use super::unlabelled_charts::{cluster_charts, component_charts, score_charts};
use super::{Evaluation, mean, named};
use crate::error::Issues;
use crate::evaluate::EvaluateIssue;
use crate::model::{Answers, Fitted, Metrics, Structure};
use crate::preprocess::Matrix;
use crate::random::Seed;

/// Up to this many rows the silhouette is exact; of more it is that of a sample of as many.
pub const SILHOUETTE_ROWS: usize = 4_000;

const CLUSTERS: [&str; 3] = ["silhouette", "davies_bouldin", "calinski_harabasz"];
const INERTIA: [&str; 1] = ["inertia"];
const COMPONENTS: [&str; 1] = ["explained_variance_ratio"];
const ODDITY: [&str; 2] = ["outlier_share", "mean_score"];

/// Every measure of answers without a truth.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    CLUSTERS.into_iter().chain(INERTIA).chain(COMPONENTS).chain(ODDITY)
}

/// Numbers looked at in one step: some 20 ms.
const NUMBERS_PER_STEP: usize = 8_000_000;

/// Measuring under way.
///
/// | measure | meaning | not defined |
/// |---|---|---|
/// | `inertia` | sum of the squared distances from the centres | no rows |
/// | `silhouette` | mean of (b − a) / max(a, b): a is a row's mean distance within its cluster, b to the next one | fewer than two clusters with rows, or none with two |
/// | `davies_bouldin` | mean over the clusters of how alike the most alike other one is; lower is better | likewise |
/// | `calinski_harabasz` | variance between the clusters against that within them | likewise |
/// | `explained_variance_ratio` | share of the squared distances from the mean that the components keep | no row differs from the mean |
/// | `outlier_share`, `mean_score` | of the rows | no rows |
///
/// **Reference** Rousseeuw (1987), <https://doi.org/10.1016/0377-0427(87)90125-7>; Davies and Bouldin (1979),
/// <https://doi.org/10.1109/TPAMI.1979.4766909>; Caliński and Harabasz (1974), <https://doi.org/10.1080/03610927408827101>.
///
/// ```
/// use vitrine::evaluate::ClusterMeasures;
/// use vitrine::preprocess::Matrix;
/// let x = Matrix::from_columns(vec![vec![0.0, 2.0, 10.0, 12.0]]);
/// let mut measures = ClusterMeasures::new(x, vec![0, 0, 1, 1]);
/// while !measures.step() {}
/// // Rows 1 and 4: (11 − 2) / 11; rows 2 and 3: (9 − 2) / 9.
/// assert!((measures.finish()["silhouette"].unwrap() - (9.0 / 11.0 + 7.0 / 9.0) / 2.0).abs() < 1e-15);
/// ```
pub struct ClusterMeasures {
    /// Row-major.
    rows: Vec<f64>,
    n_features: usize,
    /// Of each row, those that have rows numbered from 0.
    codes: Vec<u32>,
    n_clusters: usize,
    apart: [Option<f64>; 2],
    /// The rows that the silhouette is of, and its sum so far.
    sampled: Vec<u32>,
    next: usize,
    sum: f64,
}

impl ClusterMeasures {
    /// Of rows and their clusters.
    pub fn new(x: Matrix, mut codes: Vec<u32>) -> Self {
        let mut occurring = codes.clone();
        occurring.sort_unstable();
        occurring.dedup();
        for code in &mut codes {
            *code = occurring.partition_point(|other| other < code) as u32;
        }
        let mut sampled: Vec<u32> = (0..codes.len() as u32).collect();
        if codes.len() > SILHOUETTE_ROWS {
            Seed(0).derive("silhouette").rng().shuffle(&mut sampled);
            sampled.truncate(SILHOUETTE_ROWS);
        }
        let (rows, n_features) = (x.to_row_major(), x.n_features());
        Self { rows, n_features, codes, n_clusters: occurring.len(), apart: [None; 2], sampled, next: 0, sum: 0.0 }
    }

    /// Does a bounded piece. True when nothing is left to do.
    pub fn step(&mut self) -> bool {
        if self.n_clusters < 2 || self.n_clusters >= self.codes.len() {
            self.sampled.clear();
            return true;
        }
        if self.next == 0 {
            self.apart = self.measure_centres();
        }
        let n_block = (NUMBERS_PER_STEP / (self.sampled.len() * self.n_features)).max(1);
        let end = self.sampled.len().min(self.next + n_block);
        let mut sizes = vec![0u32; self.n_clusters];
        self.sampled.iter().for_each(|&row| sizes[self.codes[row as usize] as usize] += 1);
        for at in self.next..end {
            self.sum += self.silhouette(self.sampled[at] as usize, &sizes);
        }
        self.next = end;
        end == self.sampled.len()
    }

    /// The share that is done.
    pub fn fraction(&self) -> f64 {
        self.next as f64 / self.sampled.len().max(1) as f64
    }

    /// The measures, once a step has said that nothing is left to do.
    pub fn finish(self) -> Metrics {
        let n = self.sampled.len();
        let [davies_bouldin, calinski_harabasz] = self.apart;
        let silhouette = (n > 0).then(|| self.sum / n as f64);
        named(&CLUSTERS, &[silhouette, davies_bouldin, calinski_harabasz])
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.rows[row * self.n_features..][..self.n_features]
    }

    fn silhouette(&self, row: usize, sizes: &[u32]) -> f64 {
        let own = self.codes[row] as usize;
        if sizes[own] < 2 {
            return 0.0;
        }
        let mut sums = vec![0.0; self.n_clusters];
        for &other in &self.sampled {
            sums[self.codes[other as usize] as usize] += distance(self.row(row), self.row(other as usize));
        }
        let within = sums[own] / f64::from(sizes[own] - 1);
        let others = sums.iter().zip(sizes).enumerate().filter(|(code, (_, size))| *code != own && **size > 0);
        let next = others.map(|(_, (sum, &size))| sum / f64::from(size)).fold(f64::INFINITY, f64::min);
        let largest = within.max(next);
        if largest > 0.0 && largest.is_finite() { (next - within) / largest } else { 0.0 }
    }

    fn measure_centres(&self) -> [Option<f64>; 2] {
        let (n_features, n_clusters) = (self.n_features, self.n_clusters);
        let n_rows = self.codes.len() as f64;
        let mut centres = vec![0.0; n_clusters * n_features];
        let mut sizes = vec![0.0; n_clusters];
        for (row, &code) in self.rows.chunks_exact(n_features).zip(&self.codes) {
            sizes[code as usize] += 1.0;
            let centre = &mut centres[code as usize * n_features..][..n_features];
            centre.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        let mut mean = vec![0.0; n_features];
        for (centre, size) in centres.chunks_exact_mut(n_features).zip(&sizes) {
            mean.iter_mut().zip(centre.iter()).for_each(|(mean, sum)| *mean += sum / n_rows);
            centre.iter_mut().for_each(|x| *x /= size);
        }
        let centre = |code: usize| &centres[code * n_features..][..n_features];
        let (mut within, mut radii) = (0.0, vec![0.0; n_clusters]);
        for (row, &code) in self.rows.chunks_exact(n_features).zip(&self.codes) {
            let distance = distance(row, centre(code as usize));
            within += distance * distance;
            radii[code as usize] += distance / sizes[code as usize];
        }
        let between: f64 = (0..n_clusters).map(|code| sizes[code] * distance(centre(code), &mean).powi(2)).sum();
        let calinski_harabasz = if within == 0.0 {
            1.0
        } else {
            between * (n_rows - n_clusters as f64) / (within * (n_clusters as f64 - 1.0))
        };
        let alike = |a: usize, b: usize| match distance(centre(a), centre(b)) {
            0.0 => 0.0,
            distance => (radii[a] + radii[b]) / distance,
        };
        let most_alike = |a: usize| (0..n_clusters).filter(|b| *b != a).map(|b| alike(a, b)).fold(0.0, f64::max);
        let davies_bouldin = (0..n_clusters).map(most_alike).sum::<f64>() / n_clusters as f64;
        [Some(davies_bouldin), Some(calinski_harabasz)]
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    libm::sqrt(a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum())
}

/// Rows and their answers, block by block, and what can be said of them.
#[derive(Default)]
pub struct Unlabelled {
    answers: Option<Answers>,
    /// The rows, where they will be compared with each other.
    x: Vec<Vec<f64>>,
    /// What a projection loses, and all there is to lose.
    squares: [f64; 2],
    /// The rows' places along the first two components, and what each component keeps.
    plane: Vec<[f64; 2]>,
    shares: Vec<f64>,
    n_clusters: usize,
}

impl Unlabelled {
    /// Answers more rows.
    pub fn push(&mut self, fitted: &dyn Fitted, x: &Matrix) {
        let answers = fitted.predict(x);
        match (&answers, fitted.structure()) {
            (Answers::Clusters { .. }, structure) => {
                if let Structure::Clusters { sizes, .. } = structure {
                    self.n_clusters = sizes.len();
                }
                self.x.resize(x.n_features(), Vec::new());
                self.x.iter_mut().zip(x.features()).for_each(|(all, more)| all.extend_from_slice(more));
            }
            (Answers::Components { values, n_components }, Structure::Components(pca)) => {
                let [lost, all] = pca.squares(x, values);
                self.squares = [self.squares[0] + lost, self.squares[1] + all];
                let rows = values.chunks_exact(*n_components);
                self.plane.extend(rows.map(|row| [row[0], row.get(1).copied().unwrap_or_default()]));
                self.shares.clone_from(&pca.explained_variance_ratio);
                return;
            }
            _ => {}
        }
        self.answers = Some(match self.answers.take() {
            None => answers,
            Some(before) => before.followed_by(answers),
        });
    }

    /// What the answers tell at once, what to draw of them, and for clusters what is still to be measured.
    pub fn finish(self) -> (Evaluation, Option<ClusterMeasures>) {
        let found = |metrics, charts| Evaluation { metrics, charts, ..Evaluation::default() };
        let [lost, all] = self.squares;
        match self.answers {
            Some(Answers::Clusters { codes, distances }) => {
                let inertia = distances.iter().map(|distance| distance * distance).sum();
                let metrics = named(&INERTIA, &[Some(inertia)]);
                let charts = cluster_charts(&codes, self.n_clusters);
                (found(metrics, charts), Some(ClusterMeasures::new(Matrix::from_columns(self.x), codes)))
            }
            Some(answers @ Answers::Scores { .. }) => {
                let outliers = answers.codes();
                let Answers::Scores { scores, .. } = answers else { unreachable!("they are scores") };
                let outlier_share = mean(outliers.into_iter().map(f64::from));
                let mean_score = mean(scores.iter().copied());
                (found(named(&ODDITY, &[outlier_share, mean_score]), score_charts(&scores)), None)
            }
            _ => {
                let metrics = named(&COMPONENTS, &[(all > 0.0).then(|| 1.0 - lost / all)]);
                (found(metrics, component_charts(&self.shares, &self.plane)), None)
            }
        }
    }
}

/// Says so where the silhouette will be that of a sample.
pub fn report_sample(n_rows: usize, issues: &mut Issues) {
    if n_rows > SILHOUETTE_ROWS {
        issues.push(EvaluateIssue::SilhouetteSampled { n_rows, n_sampled: SILHOUETTE_ROWS });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(x: Vec<f64>, codes: Vec<u32>) -> Metrics {
        let mut measures = ClusterMeasures::new(Matrix::from_columns(vec![x]), codes);
        while !measures.step() {}
        measures.finish()
    }

    #[test]
    fn clusters_are_measured_by_hand() {
        let metrics = measured(vec![0.0, 2.0, 10.0, 12.0], vec![5, 5, 2, 2]);
        // Radii 1 and 1, centres 10 apart; between 4 · 25, within 4 · 1, and (4 − 2) / (2 − 1).
        assert_eq!(metrics["davies_bouldin"], Some(0.2));
        assert_eq!(metrics["calinski_harabasz"], Some(50.0));
    }

    #[test]
    fn one_cluster_and_clusters_of_one_row_have_no_measures() {
        for codes in [vec![0, 0, 0], vec![0, 1, 2]] {
            assert!(measured(vec![1.0, 2.0, 3.0], codes).values().all(Option::is_none));
        }
        assert!(measured(Vec::new(), Vec::new()).values().all(Option::is_none));
    }

    #[test]
    fn many_rows_are_sampled_and_it_is_said() {
        let n = SILHOUETTE_ROWS + 1;
        let mut issues = Issues::new();
        report_sample(n, &mut issues);
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), ["silhouette_sampled"]);
        let x: Vec<f64> = (0..n).map(|row| (row % 2 * 1000) as f64).collect();
        let metrics = measured(x, (0..n as u32).map(|row| row % 2).collect());
        assert_eq!(metrics["silhouette"], Some(1.0));
    }
}
