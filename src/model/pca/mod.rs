//! Principal components: the directions in which the rows vary most.
//!
//! What comes in: rows. What goes out: scikit-learn's `PCA(svd_solver="full")`: singular vectors of the centred rows
//! ([`svd`]), each turned so that its largest number is positive.

mod leading;
mod svd;

use crate::Error;
use crate::error::{Issues, Place};
use crate::model::linear_map::{add_scaled, dot};
use crate::model::{Answers, BoxedSession, Fitted, ModelKind, State, Structure, malformed, unlabelled};
use crate::param::{CountOrShare, ParamMap, Spec, above, any};
use crate::preprocess::{Matrix, Task};
use crate::train::{FitInput, Session, Step, StepFuture, ready};
pub use leading::LeadingDirections;
use svd::Svd;

const NAME: &str = "pca";

/// Numbers to be looked at beyond which a fit is refused: some hours in a browser.
const NUMBERS_MAX: f64 = 2e12;

/// Rows farther than this from the mean are answered as if they were this far.
const FARTHEST: f64 = 1e300;

/// This kind's line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: NAME,
    title: ["Principal components (PCA)", "主成分分析（PCA）"],
    summary: [
        "Replaces many features by a few sums of them that keep what varies most.",
        "用少数几个加权和代替许多特征，尽量保留差异。",
    ],
    tasks: &[Task::Projection],
    wants_scaling: |_| true,
    docs: PcaSpec::docs,
    check: |params| PcaSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedPca::load(state)?)),
};

crate::spec! {
    /// The parameters of principal components: scikit-learn's, with its defaults.
    pub struct PcaSpec {
        /// How many components are kept.
        /// Below 1 it is the share of the variance that they have to keep; empty keeps all.
        n_components: Option<CountOrShare> = None, above(0.0, 1e9), unit "components", zh "保留的主成分数";
        /// Whether every component is divided by its standard deviation.
        whiten: bool = false, any(), unit "", zh "是否把各主成分缩放到单位方差";
    }
}

crate::trouble! {
    /// What can stop a projection.
    pub enum PcaError in "train" {
        /// There cannot be that many components.
        TooManyComponents { n_components: usize, limit: usize } => "too_many_components",
            "n_components is {n_components}, but these rows and features have at most {limit}",
            hint "Ask for at most {limit}, or leave n_components empty",
            place Place::field("model.n_components");
        /// The components would take hours to find.
        ProjectionTooLong { n_rows: usize, n_features: usize } => "projection_too_long",
            "components of {n_rows} rows of {n_features} features would take hours",
            hint "Leave features out, or train on fewer rows";
    }
}

crate::trouble! {
    /// What can be odd about a projection.
    pub enum PcaIssue in "train" {
        /// All rows are the same.
        NothingVaries {} => "nothing_varies",
            "all rows are the same, so that no direction tells them apart",
            hint "Choose features that vary";
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = PcaSpec::from_params(params)?;
    unlabelled(NAME, &input)?;
    let (n_rows, n_features) = (input.x.n_rows(), input.x.n_features());
    let limit = n_rows.min(n_features);
    if let Some(CountOrShare(count)) = spec.n_components
        && count >= 1.0
        && count as usize > limit
    {
        return Err(PcaError::TooManyComponents { n_components: count as usize, limit }.into());
    }
    // Two numbers for each of three in the reduction, and some ten sweeps over all pairs.
    let n_numbers = (2.0 * n_rows as f64 + 40.0 * limit as f64) * n_features as f64 * limit as f64;
    if n_numbers > NUMBERS_MAX {
        return Err(PcaError::ProjectionTooLong { n_rows, n_features }.into());
    }
    let mean: Vec<f64> = input.x.features().iter().map(|feature| feature.iter().sum::<f64>() / n_rows as f64).collect();
    let svd = Svd::new(&input.x, &mean)?;
    Ok(Box::new(PcaSession { spec: (*spec).clone(), n_rows, mean, svd, fraction: 0.0 }))
}

/// A fit under way.
struct PcaSession {
    spec: PcaSpec,
    n_rows: usize,
    mean: Vec<f64>,
    svd: Svd,
    fraction: f64,
}

impl Session<dyn Fitted> for PcaSession {
    fn step(&mut self) -> StepFuture<'_> {
        self.fraction = self.svd.advance().max(self.fraction);
        ready(Ok(Step { fraction: self.fraction, epoch: None }))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        assert!(self.fraction >= 1.0, "a step has said that the directions are found");
        let Self { spec, n_rows, mean, svd, .. } = *self;
        let (singular_values, components) = svd.into_parts();
        let n_other_rows = (n_rows - 1).max(1) as f64;
        let variances: Vec<f64> = singular_values.iter().map(|value| value * value / n_other_rows).collect();
        let total: f64 = variances.iter().sum();
        let ratios: Vec<f64> = variances.iter().map(|x| if total > 0.0 { x / total } else { 0.0 }).collect();
        let n_kept = match spec.n_components {
            None => variances.len(),
            Some(CountOrShare(share)) if share < 1.0 => {
                let mut kept = 0.0;
                let is_too_few = |ratio: &&f64| {
                    kept += **ratio;
                    kept <= share
                };
                (ratios.iter().take_while(is_too_few).count() + 1).min(variances.len())
            }
            Some(CountOrShare(count)) => count as usize,
        };
        let mut issues = Issues::new();
        if total == 0.0 {
            issues.push(PcaIssue::NothingVaries {});
        }
        let n_features = mean.len();
        let fitted = FittedPca {
            components: components[..n_kept * n_features].to_vec(),
            mean,
            explained_variance: variances[..n_kept].to_vec(),
            explained_variance_ratio: ratios[..n_kept].to_vec(),
            singular_values: singular_values[..n_kept].to_vec(),
            whiten: spec.whiten,
        };
        (Box::new(fitted), issues)
    }
}

/// Principal components.
///
/// For looking at rows of many features in a plane, and for features that repeat each other. Features should be scaled
/// unless their units are the same: what varies most in numbers comes first.
///
/// ```text
/// value[k](x) = (x − mean) · component[k]        whitened: divided by √explained_variance[k]
/// ```
///
/// **Shapes** `components` is `n_components × n_features`, rows of length 1 at right angles to each other. Variances are
/// over `n_rows − 1`. Rows that are all the same have components of no meaning, and that is reported.
///
/// Finding them costs `O(n_rows · n_features²)`, or with fewer rows than features `O(n_rows² · n_features)`.
///
/// **Reference** Jolliffe, Principal component analysis (2002), <https://doi.org/10.1007/b98835>; signs are those of
/// scikit-learn's `svd_flip` by the components.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedPca {
    /// Row-major: a component's number for each feature.
    pub components: Vec<f64>,
    /// The mean of each feature.
    pub mean: Vec<f64>,
    /// The variance of each component's values.
    pub explained_variance: Vec<f64>,
    /// Its share of the variance of all features.
    pub explained_variance_ratio: Vec<f64>,
    /// The length of each component's values.
    pub singular_values: Vec<f64>,
    /// Whether values are divided by their standard deviation.
    pub whiten: bool,
}

impl FittedPca {
    /// What a component's values are divided by.
    fn scale(&self, component: usize) -> f64 {
        if self.whiten { libm::sqrt(self.explained_variance[component]).max(f64::EPSILON) } else { 1.0 }
    }

    /// The squares of how the rows differ from the mean: those that their values lose, and all.
    ///
    /// **Shapes** `values` as answered for the rows of `x`.
    pub fn squares(&self, x: &Matrix, values: &[f64]) -> [f64; 2] {
        let n_components = self.explained_variance.len();
        let (mut lost, mut all) = (0.0, 0.0);
        let mut rest = vec![0.0; self.mean.len()];
        for (row, values) in values.chunks_exact(n_components).enumerate() {
            for (feature, (rest, mean)) in rest.iter_mut().zip(&self.mean).enumerate() {
                *rest = x.get(row, feature) - mean;
            }
            all += dot(&rest, &rest);
            for (k, component) in self.components.chunks_exact(self.mean.len()).enumerate() {
                add_scaled(&mut rest, -values[k] * self.scale(k), component);
            }
            lost += dot(&rest, &rest);
        }
        [lost, all]
    }

    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let &[whiten] = state.u32("whiten")? else {
            return Err(malformed("whiten is one number"));
        };
        let list = |name| state.f64(name).map(<[f64]>::to_vec);
        let (components, mean) = (list("components")?, list("mean")?);
        let (explained_variance, explained_variance_ratio) =
            (list("explained_variance")?, list("explained_variance_ratio")?);
        let singular_values = list("singular_values")?;
        let n = singular_values.len();
        let has_all = explained_variance.len() == n && explained_variance_ratio.len() == n;
        if n == 0 || mean.is_empty() || !has_all || n.checked_mul(mean.len()) != Some(components.len()) {
            return Err(malformed("there is not one number per component and feature"));
        }
        let all = [&components, &mean, &explained_variance, &explained_variance_ratio, &singular_values];
        if !all.into_iter().flatten().all(|x| x.is_finite()) {
            return Err(malformed("a component's number is not finite"));
        }
        let whiten = whiten != 0;
        Ok(Self { components, mean, explained_variance, explained_variance_ratio, singular_values, whiten })
    }
}

impl Fitted for FittedPca {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn n_features(&self) -> usize {
        self.mean.len()
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let n_components = self.explained_variance.len();
        let mut rows = x.to_row_major();
        let mut values = Vec::with_capacity(x.n_rows() * n_components);
        for row in rows.chunks_exact_mut(self.mean.len()) {
            row.iter_mut().zip(&self.mean).for_each(|(x, mean)| *x = (*x - mean).clamp(-FARTHEST, FARTHEST));
            for (k, component) in self.components.chunks_exact(self.mean.len()).enumerate() {
                values.push((dot(row, component) / self.scale(k)).clamp(-f64::MAX, f64::MAX));
            }
        }
        Answers::Components { values, n_components }
    }

    fn cost_per_row(&self) -> usize {
        self.components.len()
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Components(self)
    }

    fn state(&self) -> State {
        State::default()
            .with_u32("whiten", vec![u32::from(self.whiten)])
            .with_f64("components", self.components.clone())
            .with_f64("mean", self.mean.clone())
            .with_f64("explained_variance", self.explained_variance.clone())
            .with_f64("explained_variance_ratio", self.explained_variance_ratio.clone())
            .with_f64("singular_values", self.singular_values.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::Target;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn fitted(params: &[(&str, serde_json::Value)], x: Vec<Vec<f64>>) -> Result<(FittedPca, Issues), Error> {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let (x, y) = (Matrix::from_columns(x), Target::none());
        let mut session =
            start(&params, FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() })?;
        while block_on(session.step())?.fraction < 1.0 {}
        let (fitted, issues) = session.finish();
        Ok((FittedPca::load(&fitted.state())?, issues))
    }

    #[test]
    fn a_line_has_one_direction() {
        // Points on (3, 4) · t for t = −1, 0, 1: all variance, 25, is along (0.6, 0.8).
        let x = vec![vec![-3.0, 0.0, 3.0], vec![-4.0, 0.0, 4.0]];
        let (pca, _) = fitted(&[("n_components", 0.9.into())], x.clone()).unwrap();
        assert!((pca.components[0] - 0.6).abs() < 1e-15 && (pca.components[1] - 0.8).abs() < 1e-15);
        assert!((pca.explained_variance[0] - 25.0).abs() < 1e-13);
        let x = Matrix::from_columns(x);
        let Answers::Components { values, n_components: 1 } = pca.predict(&x) else { panic!("one component") };
        assert!((values[2] - 5.0).abs() < 1e-14);
        let [lost, all] = pca.squares(&x, &values);
        assert!(lost < 1e-28 && (all - 50.0).abs() < 1e-13);
        let (white, _) = fitted(&[("n_components", 1.into()), ("whiten", true.into())], x.features().to_vec()).unwrap();
        let Answers::Components { values, .. } = white.predict(&x) else { panic!("components") };
        assert!((values[2] - 1.0).abs() < 1e-14);
    }

    #[test]
    fn rows_that_are_all_the_same_are_reported() {
        let (pca, issues) = fitted(&[], vec![vec![2.0; 5], vec![3.0; 5]]).unwrap();
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), ["nothing_varies"]);
        assert_eq!(pca.explained_variance_ratio, [0.0, 0.0]);
    }

    #[test]
    fn more_components_than_there_can_be_are_refused() {
        let error = fitted(&[("n_components", 3.into())], vec![vec![1.0, 2.0, 4.0]; 2]).unwrap_err();
        assert_eq!(error.message(), "n_components is 3, but these rows and features have at most 2");
    }
}
