//! k-means: groups of rows, each around its mean.
//!
//! What comes in: rows, at least as many as there are to be clusters. What goes out: scikit-learn's `KMeans`: initial
//! centres are drawn with numpy's numbers ([`seeding`]), then rows and centres move in turns until no row changes its
//! cluster ([`session`]). The same seed therefore finds scikit-learn's clusters, unless a rounding decides.

mod seeding;
mod session;

use serde_json::Value;

use crate::Error;
use crate::error::Place;
use crate::model::{Answers, BoxedSession, Fitted, ModelKind, State, Structure, malformed, unlabelled};
use crate::param::{AutoOr, ParamMap, Spec, any, between};
use crate::preprocess::{Matrix, Task};
use crate::train::FitInput;

const NAME: &str = "k_means";

/// Numbers looked at in one step: some 20 ms.
const NUMBERS_PER_STEP: usize = 8_000_000;

/// Numbers to be looked at beyond which a fit is refused: some hours in a browser.
const NUMBERS_MAX: f64 = 1e13;

/// Rounds that a run usually takes at most, for that estimate.
const USUAL_ROUNDS: f64 = 50.0;

/// This kind's line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: NAME,
    title: ["k-means", "k 均值聚类"],
    summary: [
        "Puts the rows into a given number of groups, each around its mean.",
        "把行分成给定数量的组，每组围绕自己的均值。",
    ],
    tasks: &[Task::Clustering],
    wants_scaling: |_| true,
    docs: KMeansSpec::docs,
    check: |params| KMeansSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |params, _| {
        let n_init = KMeansSpec::from_checked(params).n_runs();
        params.insert("n_init".to_owned(), Value::from(n_init));
    },
    uses_tensors: |_| false,
    draws_rows: |_| true,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedKMeans::load(state)?)),
};

crate::choice! {
    /// How the first centres are chosen.
    pub enum ClusterInit {
        /// Rows far from the centres before them, the best of a few drawn.
        KMeansPlusPlus = "k-means++",
        /// Any rows.
        Random = "random",
    }
}

crate::spec! {
    /// k-means' parameters: scikit-learn's, with its defaults.
    pub struct KMeansSpec {
        /// How many clusters there are.
        n_clusters: usize = 8, between(1.0, 1_000.0), unit "clusters", zh "簇的数量";
        /// How the first centres are chosen.
        /// "k-means++" takes rows that are far apart, "random" any rows.
        init: ClusterInit = ClusterInit::KMeansPlusPlus, any(), unit "", zh "初始中心的选法";
        /// How often it is done from other first centres; the best is kept.
        /// "auto" is once for k-means++, and 10 times for random centres.
        n_init: AutoOr<usize> = AutoOr::Auto, between(1.0, 1_000.0), unit "runs", zh "重复次数";
        /// How often the centres move at most.
        max_iter: usize = 300, between(1.0, 100_000.0), unit "rounds", zh "最大迭代次数";
        /// How little the centres may move in a round for it to be the last.
        /// It is a share of the features' mean variance.
        tol: f64 = 1e-4, between(0.0, 1e9), unit "", zh "收敛容差";
    }
}

impl KMeansSpec {
    fn n_runs(&self) -> usize {
        match (self.n_init, self.init) {
            (AutoOr::Given(n_init), _) => n_init,
            (AutoOr::Auto, ClusterInit::KMeansPlusPlus) => 1,
            (AutoOr::Auto, ClusterInit::Random) => 10,
        }
    }
}

crate::trouble! {
    /// What can stop a clustering.
    pub enum ClusterError in "train" {
        /// There are fewer rows than clusters.
        FewerRowsThanClusters { n_rows: usize, n_clusters: usize } => "fewer_rows_than_clusters",
            "n_clusters is {n_clusters}, but there are only {n_rows} rows",
            hint "Ask for at most {n_rows} clusters",
            place Place::field("model.n_clusters");
        /// The clustering would take hours.
        ClusteringTooLong { n_clusters: usize, n_rows: usize, n_features: usize, n_init: usize } => "clustering_too_long",
            "{n_init} runs of {n_clusters} clusters on {n_rows} rows of {n_features} features would take hours",
            hint "Ask for fewer clusters or runs, or train on fewer rows",
            place Place::field("model.n_clusters");
    }
}

crate::trouble! {
    /// What can be odd about clusters.
    pub enum ClusterIssue in "train" {
        /// Some clusters have no row.
        FewerClusters { n_found: usize, n_clusters: usize } => "fewer_clusters",
            "only {n_found} of {n_clusters} clusters have rows: there are no more different rows",
            hint "Ask for at most {n_found} clusters";
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = KMeansSpec::from_params(params)?;
    unlabelled(NAME, &input)?;
    let FitInput { x, seed, .. } = input;
    let (n_rows, n_features, n_clusters, n_init) = (x.n_rows(), x.n_features(), spec.n_clusters, spec.n_runs());
    if n_clusters > n_rows {
        return Err(ClusterError::FewerRowsThanClusters { n_rows, n_clusters }.into());
    }
    let n_rounds = USUAL_ROUNDS.min(spec.max_iter as f64) * n_init as f64;
    if n_rounds * n_rows as f64 * n_features as f64 * n_clusters as f64 > NUMBERS_MAX {
        return Err(ClusterError::ClusteringTooLong { n_clusters, n_rows, n_features, n_init }.into());
    }
    Ok(Box::new(session::KMeansSession::new(&spec, &x, seed)?))
}

/// The squared distance of two rows.
#[inline]
fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The nearest of some centres (row-major), the first among equals, and its squared distance.
#[inline]
fn nearest(row: &[f64], centers: &[f64]) -> (u32, f64) {
    let mut best = (0, f64::INFINITY);
    for (code, center) in centers.chunks_exact(row.len()).enumerate() {
        let distance = squared_distance(row, center);
        if distance < best.1 {
            best = (code as u32, distance);
        }
    }
    best
}

/// Centres of clusters.
///
/// Good for round groups of similar size, when their number is known or can be tried. Features should be scaled, as
/// distances add them up.
///
/// ```text
/// code(x) = argmin |x − center|        inertia = Σ |x − center(x)|²
/// ```
///
/// **Shapes** centres are `n_clusters × n_features`, in the matrix' units. A row equally near to two centres goes to the
/// first. Answering a row costs `O(n_clusters · n_features)`.
///
/// **Reference** Lloyd, Least squares quantization in PCM (1982), <https://doi.org/10.1109/TIT.1982.1056489>; Arthur and
/// Vassilvitskii, k-means++ (2007); scikit-learn's `KMeans`, whose greedy first centres are taken.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedKMeans {
    /// Row-major.
    centers: Vec<f64>,
    /// Training rows of each cluster.
    sizes: Vec<u32>,
    n_features: usize,
}

impl FittedKMeans {
    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let &[n_features] = state.u32("n_features")? else {
            return Err(malformed("n_features is one number"));
        };
        let (centers, sizes) = (state.f64("centers")?.to_vec(), state.u32("sizes")?.to_vec());
        let n_features = n_features as usize;
        if n_features == 0 || sizes.is_empty() || n_features.checked_mul(sizes.len()) != Some(centers.len()) {
            return Err(malformed("there is not one centre per cluster"));
        }
        if !centers.iter().all(|x| x.is_finite()) {
            return Err(malformed("a centre is not finite"));
        }
        Ok(Self { centers, sizes, n_features })
    }
}

impl Fitted for FittedKMeans {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let rows = x.to_row_major();
        let answers = rows.chunks_exact(self.n_features).map(|row| nearest(row, &self.centers));
        let (codes, squares): (Vec<u32>, Vec<f64>) = answers.unzip();
        // A row may be farther away than a number can tell.
        let distances = squares.into_iter().map(|square| libm::sqrt(square.min(f64::MAX))).collect();
        Answers::Clusters { codes, distances }
    }

    fn cost_per_row(&self) -> usize {
        self.centers.len()
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Clusters { centers: &self.centers, sizes: &self.sizes }
    }

    fn state(&self) -> State {
        State::default()
            .with_u32("n_features", vec![self.n_features as u32])
            .with_f64("centers", self.centers.clone())
            .with_u32("sizes", self.sizes.clone())
    }
}
