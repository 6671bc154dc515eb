//! Nearest neighbours: a row is answered as the training rows that are nearest to it.
//!
//! ```text
//! p = 1      distance = Σ |a − b|
//! p = 2      distance = √ Σ (a − b)²
//! else       distance = (Σ |a − b|^p)^(1/p)
//! numbers    answer   = Σ weight · y / Σ weight            over the n_neighbors nearest rows
//! classes    p(class) = Σ weight of its rows / Σ weight
//! ```
//! What comes in: features and labels. What goes out: the rows themselves in a k-d tree (Cover and Hart 1967,
//! <https://doi.org/10.1109/TIT.1967.1053964>). Answers are those of looking at every row; where rows are equally near,
//! [`kd_tree`] says which are taken, and scikit-learn does not.

mod kd_tree;

use serde_json::Value;

use crate::Error;
use crate::error::Issues;
use crate::model::{Answers, BoxedSession, Fitted, ModelKind, State, Structure, malformed};
use crate::param::{Checked, CountOrShare, ParamKind, ParamMap, ParamValue, Range, Spec, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::train::{FitInput, Session, Step, StepFuture, ready};
use kd_tree::{Builder, Distance, KdTree};

/// What raising a number to a power costs, in numbers looked at.
const POWER_COST: usize = 16;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "k_nearest_neighbors",
    title: ["Nearest neighbours", "K 近邻"],
    summary: [
        "Remembers every training row, and answers as the rows most like the new one did.",
        "记住所有训练数据，按最相似的几行来回答。",
    ],
    tasks: &[Task::Classification, Task::Regression],
    wants_scaling: |_| true,
    docs: KNearestNeighborsSpec::docs,
    check: |params| KNearestNeighborsSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedKNearestNeighbors::load(state)?)),
};

crate::choice! {
    /// How much each neighbour counts.
    pub enum NeighborWeights {
        /// All the same.
        Uniform = "uniform",
        /// The nearer, the more: one over the distance. Rows that are equal to the new one count alone.
        Distance = "distance",
    }
}

crate::spec! {
    /// Nearest neighbours' parameters.
    pub struct KNearestNeighborsSpec {
        /// How many of the nearest rows are asked.
        /// Few follow every detail, noise included; many smooth it out.
        n_neighbors: usize = 5, between(1.0, 10_000.0), unit "rows", zh "近邻的行数";
        /// How much each neighbour counts.
        /// "distance" lets nearer rows count more, and rows equal to the new one alone.
        weights: NeighborWeights = NeighborWeights::Uniform, any(), unit "", zh "近邻的权重";
        /// How the distance adds up: 1 is the sum of differences, 2 the straight line.
        /// The larger it is, the more the largest difference alone decides. Others than 1 and 2 take longer.
        p: Power = Power(2.0), between(1.0, 100.0), unit "", zh "距离的幂次（1 为曼哈顿，2 为欧氏）";
    }
}

/// The power of a distance, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Power(pub f64);

impl ParamValue for Power {
    fn kind(range: Range) -> ParamKind {
        f64::kind(range)
    }

    fn read(value: &Value) -> Option<Self> {
        f64::read(value).map(Self)
    }

    /// Whole numbers are written as such, as they were when there were no others.
    fn write(&self) -> Value {
        CountOrShare(self.0).write()
    }
}

impl Power {
    fn distance(self) -> Distance {
        match self.0 {
            1.0 => Distance::Manhattan,
            2.0 => Distance::Euclidean,
            p => Distance::Minkowski(p),
        }
    }
}

crate::trouble! {
    /// What can be odd about nearest neighbours.
    pub enum NeighborIssue in "train" {
        /// More neighbours were asked for than there are rows.
        FewRows { n_neighbors: usize, n_rows: usize } => "fewer_rows_than_neighbors",
            "n_neighbors is {n_neighbors}, but there are only {n_rows} rows to learn from",
            hint "Every row is a neighbour now: lower n_neighbors, or train on more rows";
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = KNearestNeighborsSpec::from_params(params)?;
    Ok(Box::new(BuildSession { spec, y: input.y, builder: Builder::new(input.x), fraction: 0.0 }))
}

/// A fit under way.
struct BuildSession {
    spec: Checked<KNearestNeighborsSpec>,
    y: Target,
    builder: Builder,
    fraction: f64,
}

impl Session<dyn Fitted> for BuildSession {
    fn step(&mut self) -> StepFuture<'_> {
        let is_done = self.builder.advance();
        self.fraction = if is_done { 1.0 } else { self.builder.fraction().max(self.fraction) };
        ready(Ok(Step { fraction: self.fraction, epoch: None }))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let tree = self.builder.into_tree();
        let KNearestNeighborsSpec { n_neighbors, weights, p } = *self.spec;
        let n_rows = tree.n_rows();
        let mut issues = Issues::new();
        if n_neighbors > n_rows {
            issues.push(NeighborIssue::FewRows { n_neighbors, n_rows });
        }
        let n_neighbors = n_neighbors.min(n_rows);
        let distance = p.distance();
        (Box::new(FittedKNearestNeighbors { tree, y: self.y, n_neighbors, weights, distance }), issues)
    }
}

/// The training rows, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedKNearestNeighbors {
    tree: KdTree,
    y: Target,
    /// At most the rows there are.
    n_neighbors: usize,
    weights: NeighborWeights,
    distance: Distance,
}

impl FittedKNearestNeighbors {
    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let &[n_features, n_classes, n_neighbors, is_weighted, p] = state.u32("shape")? else {
            return Err(malformed("the shape of nearest neighbours is five numbers"));
        };
        let (n_features, n_classes, n_neighbors) = (n_features as usize, n_classes as usize, n_neighbors as usize);
        let weights = match is_weighted {
            0 => NeighborWeights::Uniform,
            1 => NeighborWeights::Distance,
            other => return Err(malformed(format!("there are no weights of number {other}"))),
        };
        let distance = match p {
            1 => Distance::Manhattan,
            2 => Distance::Euclidean,
            0 => match *state.f64("power")? {
                [p] if (1.0..=100.0).contains(&p) => Power(p).distance(),
                _ => return Err(malformed("the power of the distance is one number from 1 to 100")),
            },
            other => return Err(malformed(format!("p is {other}, but must be 0, 1 or 2"))),
        };
        let y = if n_classes == 0 {
            Target::Values(state.f64("y")?.to_vec())
        } else {
            let codes = state.u32("codes")?.to_vec();
            // Every class occurs, so there are no more classes than rows.
            if n_classes > codes.len() || !codes.iter().all(|&code| (code as usize) < n_classes) {
                return Err(malformed("a row's class is none of the classes"));
            }
            Target::Classes { codes, n_classes }
        };
        let x = state.f64("x")?;
        if n_features == 0 || y.n_rows() == 0 || n_features.checked_mul(y.n_rows()) != Some(x.len()) {
            return Err(malformed("there is not one number per row and feature"));
        }
        let labels = if let Target::Values(values) = &y { values.as_slice() } else { &[] };
        if !x.iter().chain(labels).all(|x| x.is_finite()) {
            return Err(malformed("a row's number is not finite"));
        }
        if n_neighbors == 0 || n_neighbors > y.n_rows() {
            return Err(malformed(format!("{n_neighbors} neighbours of {} rows are asked", y.n_rows())));
        }
        let mut builder = Builder::new(Matrix::from_row_major(x, n_features));
        while !builder.advance() {}
        Ok(Self { tree: builder.into_tree(), y, n_neighbors, weights, distance })
    }

    /// How much each of the neighbours counts, the nearest at most 1 and at least one of them 1.
    fn weigh(&self, neighbors: &[(u32, f64)]) -> Vec<f64> {
        let nearest = neighbors.first().map_or(0.0, |(_, distance)| *distance);
        let weight = |&(_, distance): &(u32, f64)| match self.weights {
            NeighborWeights::Distance if nearest == 0.0 => f64::from(u8::from(distance == 0.0)),
            // One over the distance, times the smallest distance, so that it is a number.
            NeighborWeights::Distance if nearest.is_finite() => nearest / distance,
            _ => 1.0,
        };
        neighbors.iter().map(weight).collect()
    }
}

impl Fitted for FittedKNearestNeighbors {
    fn kind(&self) -> &'static str {
        KIND.kind
    }

    fn n_features(&self) -> usize {
        self.tree.n_features()
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let rows = x.to_row_major();
        let neighbors =
            rows.chunks_exact(x.n_features().max(1)).map(|row| self.tree.nearest(row, self.n_neighbors, self.distance));
        match &self.y {
            Target::Values(y) => {
                Answers::Values(neighbors.map(|found| weighted_mean(&found, &self.weigh(&found), y)).collect())
            }
            Target::Classes { codes, n_classes } => {
                let mut probabilities = vec![0.0; x.n_rows() * n_classes];
                for (found, shares) in neighbors.zip(probabilities.chunks_exact_mut(*n_classes)) {
                    for ((row, _), weight) in found.iter().zip(self.weigh(&found)) {
                        shares[codes[*row as usize] as usize] += weight;
                    }
                    let total: f64 = shares.iter().sum();
                    shares.iter_mut().for_each(|share| *share /= total);
                }
                Answers::Classes { probabilities, n_classes: *n_classes }
            }
        }
    }

    fn cost_per_row(&self) -> usize {
        // As if every row were looked at: where there are many features, nearly every row is.
        let cost = if matches!(self.distance, Distance::Minkowski(_)) { POWER_COST } else { 1 };
        self.tree.n_rows() * self.tree.n_features() * cost
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Plain
    }

    fn state(&self) -> State {
        let n_classes = if let Target::Classes { n_classes, .. } = self.y { n_classes } else { 0 };
        let is_weighted = u32::from(self.weights == NeighborWeights::Distance);
        let (p, power) = match self.distance {
            Distance::Manhattan => (1, None),
            Distance::Euclidean => (2, None),
            Distance::Minkowski(p) => (0, Some(p)),
        };
        let [n_features, n_classes, n_neighbors] = [self.n_features(), n_classes, self.n_neighbors].map(|n| n as u32);
        let mut state = State::default();
        if let Some(p) = power {
            state = state.with_f64("power", vec![p]);
        }
        let state = state
            .with_u32("shape", vec![n_features, n_classes, n_neighbors, is_weighted, p])
            .with_f64("x", self.tree.row_major());
        match &self.y {
            Target::Classes { codes, .. } => state.with_u32("codes", codes.clone()),
            Target::Values(y) => state.with_f64("y", y.clone()),
        }
    }
}

/// The mean of the neighbours' numbers, never outside of them.
fn weighted_mean(neighbors: &[(u32, f64)], weights: &[f64], y: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    let (mut mean, mut low, mut high) = (0.0, f64::INFINITY, f64::NEG_INFINITY);
    for ((row, _), weight) in neighbors.iter().zip(weights) {
        let y = y[*row as usize];
        mean += weight / total * y;
        (low, high) = (low.min(y), high.max(y));
    }
    mean.max(low).min(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn fitted(params: &[(&str, serde_json::Value)], y: Target) -> (Box<dyn Fitted>, Issues) {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let x = Matrix::from_columns(vec![vec![0.0, 1.0, 3.0, 7.0]]);
        let input = FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() };
        let mut session = start(&params, input).unwrap();
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        session.finish()
    }

    #[test]
    fn neighbours_count_alike_or_by_their_distance() {
        let numbers = || Target::Values(vec![10.0, 20.0, 40.0, 80.0]);
        let x = Matrix::from_columns(vec![vec![2.5, 1.0]]);
        let answers =
            |weights: &str| fitted(&[("n_neighbors", 2.into()), ("weights", weights.into())], numbers()).0.predict(&x);
        assert_eq!(answers("uniform"), Answers::Values(vec![30.0, 15.0]));
        // Weights of 1 / 1.5 and 1 / 0.5; then a row that is met exactly.
        assert_eq!(answers("distance"), Answers::Values(vec![35.0, 20.0]));
    }

    #[test]
    fn probabilities_are_shares_of_the_neighbours() {
        let classes = Target::Classes { codes: vec![0, 1, 1, 0], n_classes: 2 };
        let (fitted, _) = fitted(&[("n_neighbors", 3.into())], classes);
        let Answers::Classes { probabilities, .. } = fitted.predict(&Matrix::from_columns(vec![vec![1.5]])) else {
            panic!("it answers classes")
        };
        assert!((probabilities[1] - 2.0 / 3.0).abs() < 1e-15, "{probabilities:?}");
    }

    #[test]
    fn more_neighbours_than_rows_are_all_rows_and_are_reported() {
        let (fitted, issues) = fitted(&[("n_neighbors", 9.into())], Target::Values(vec![1.0, 2.0, 3.0, 4.0]));
        assert_eq!(fitted.predict(&Matrix::from_columns(vec![vec![100.0]])), Answers::Values(vec![2.5]));
        let issue = issues.iter().next().unwrap();
        assert_eq!(issue.message, "n_neighbors is 9, but there are only 4 rows to learn from");
    }

    #[test]
    fn far_rows_and_large_numbers_give_an_answer() {
        let huge = Target::Values(vec![f64::MAX; 4]);
        let (fitted, _) = fitted(&[("weights", "distance".into())], huge);
        let x = Matrix::from_columns(vec![vec![1e200, -f64::MAX, 1e-320]]);
        assert_eq!(fitted.predict(&x), Answers::Values(vec![f64::MAX; 3]));
    }
}
