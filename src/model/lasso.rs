//! Lasso: linear regression that uses few features, because small coefficients become zero.
//!
//! ```text
//! minimised   Σ (y − prediction)² / (2 · n_rows) + alpha · Σ |coefficient|
//! ```
//! What comes in: features and numbers. What goes out: coefficients, many of them exactly 0 (Tibshirani 1996,
//! <https://doi.org/10.1111/j.2517-6161.1996.tb02080.x>). Of features that resemble each other one is often taken and the
//! others are left out; elastic net keeps them together.

use crate::model::ModelKind;
use crate::model::coordinate_descent::{self, Config};
use crate::model::linear_map::FittedLinear;
use crate::param::{Spec, any, between};
use crate::preprocess::Task;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "lasso",
    title: ["Lasso", "套索回归（Lasso）"],
    summary: [
        "A weighted sum of few features: it chooses those that matter, and gives the others the weight zero.",
        "只用少数特征的加权和：挑出重要的特征，其余系数为零。",
    ],
    tasks: &[Task::Regression],
    wants_scaling: |_| true,
    docs: LassoSpec::docs,
    check: |params| LassoSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start: |params, input| {
        let LassoSpec { alpha, fit_intercept, max_iter, tol } = (*LassoSpec::from_params(params)?).clone();
        coordinate_descent::start(Config { kind: KIND.kind, alpha, l1_ratio: 1.0, fit_intercept, max_iter, tol }, input)
    },
    load: |state| FittedLinear::load(KIND.kind, state),
};

crate::spec! {
    /// Lasso's parameters.
    pub struct LassoSpec {
        /// How strongly the coefficients are held back.
        /// The larger it is, the fewer features are used; 0 is linear regression.
        alpha: f64 = 1.0, between(0.0, 1e200), unit "", zh "正则化强度";
        /// Whether there is an intercept; without one the answer for a row of zeros is zero.
        fit_intercept: bool = true, any(), unit "", zh "是否含截距";
        /// How often each coefficient is made better, at most.
        max_iter: usize = 1000, between(1.0, 1e6), unit "sweeps", zh "最多迭代次数";
        /// How far the loss may be above the smallest one, as a share of the target's mean square.
        /// It is found once no coefficient moves by more than this share of the largest one.
        tol: f64 = 1e-4, between(0.0, 1e300), unit "", zh "收敛容差";
    }
}
