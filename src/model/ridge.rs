//! Ridge regression: linear regression whose coefficients are held back by the sum of their squares.
//!
//! ```text
//! minimised   Σ (y − prediction)² + alpha · Σ coefficient²
//! ```
//! What comes in: features and numbers. What goes out: the one minimum, exactly, in f64; the intercept is not held back.
//! The larger `alpha`, the smaller and the steadier the coefficients; features that repeat each other share one's effect.

use crate::Error;
use crate::error::Place;
use crate::model::linear_map::FittedLinear;
use crate::model::linear_regression::{ExactSession, LeastSquares, MOST_FLOPS};
use crate::model::{BoxedSession, ModelError, ModelKind};
use crate::param::{ParamMap, Spec, any, between};
use crate::preprocess::{Target, Task};
use crate::train::FitInput;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "ridge",
    title: ["Ridge regression", "岭回归"],
    summary: [
        "A weighted sum of the features with small weights: steadier when features resemble each other or rows are few.",
        "系数较小的加权和；特征彼此相似或行数很少时更稳定。",
    ],
    tasks: &[Task::Regression],
    // A penalty on coefficients depends on the units of the features.
    wants_scaling: |_| true,
    docs: RidgeSpec::docs,
    check: |params| RidgeSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| FittedLinear::load(KIND.kind, state),
};

crate::spec! {
    /// Ridge regression's parameters.
    pub struct RidgeSpec {
        /// How strongly the coefficients are held back.
        /// 0 is linear regression; it is multiplied with the sum of the squared coefficients.
        alpha: f64 = 1.0, between(0.0, 1e200), unit "", zh "正则化强度";
        /// Whether there is an intercept; without one the answer for a row of zeros is zero.
        fit_intercept: bool = true, any(), unit "", zh "是否含截距";
    }
}

crate::trouble! {
    /// What can stop a ridge regression.
    pub enum RidgeError in "train" {
        /// The exact solution of a ridge regression would take too long.
        TooCostly { n_rows: usize, n_features: usize } => "ridge_too_costly",
            "the exact solution for {n_features} features on {n_rows} rows would take hours",
            hint "Use fewer features or rows, or choose elastic_net with a small l1_ratio",
            place Place::field("model.kind");
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = RidgeSpec::from_params(params)?;
    let Target::Values(y) = input.y else {
        return Err(ModelError::WrongTask { kind: KIND.kind.to_owned(), task: "classification".to_owned() }.into());
    };
    let (n_rows, n_features) = (input.x.n_rows(), input.x.n_features());
    if LeastSquares::cost(n_rows, n_features, spec.alpha) > MOST_FLOPS {
        return Err(RidgeError::TooCostly { n_rows, n_features }.into());
    }
    let problem = LeastSquares::new(input.x, y, spec.fit_intercept, spec.alpha);
    Ok(Box::new(ExactSession { kind: KIND.kind, problem, n_features }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Structure;
    use crate::preprocess::Matrix;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    #[test]
    fn features_that_repeat_each_other_share_the_effect_and_are_no_trouble() {
        let x = Matrix::from_columns(vec![vec![-1.0, 0.0, 1.0]; 2]);
        let y = Target::Values(vec![-5.0, 1.0, 7.0]);
        let input = FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() };
        let mut session = start(&ParamMap::from([("alpha".to_owned(), 2.0.into())]), input).unwrap();
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        let (fitted, issues) = session.finish();
        let Structure::Linear { coefficients, intercepts, .. } = fitted.structure() else { panic!("it is linear") };
        // 12 / (2 + 2 + 2) each.
        assert!(coefficients.iter().all(|x| (x - 2.0).abs() < 1e-14), "{coefficients:?}");
        assert!((intercepts[0] - 1.0).abs() < 1e-14 && issues.is_empty(), "{issues:?}");
    }
}
