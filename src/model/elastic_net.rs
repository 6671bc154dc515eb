//! Elastic net: linear regression that uses few features, and keeps those together that resemble each other.
//!
//! ```text
//! minimised   Σ (y − prediction)² / (2 · n_rows) + alpha · l1_ratio · Σ |coefficient|
//!             + ½ · alpha · (1 − l1_ratio) · Σ coefficient²
//! ```
//! What comes in: features and numbers. What goes out: coefficients between those of ridge regression (`l1_ratio` 0) and
//! lasso (`l1_ratio` 1) (Zou and Hastie 2005, <https://doi.org/10.1111/j.1467-9868.2005.00503.x>).

use crate::model::ModelKind;
use crate::model::coordinate_descent::{self, Config};
use crate::model::linear_map::FittedLinear;
use crate::param::{Spec, any, between};
use crate::preprocess::Task;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "elastic_net",
    title: ["Elastic net", "弹性网络"],
    summary: [
        "Between ridge and lasso: few features, and those that resemble each other stay together.",
        "介于岭回归与套索之间：只用少数特征，相似的特征会一起保留。",
    ],
    tasks: &[Task::Regression],
    wants_scaling: |_| true,
    docs: ElasticNetSpec::docs,
    check: |params| ElasticNetSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start: |params, input| {
        let spec = ElasticNetSpec::from_params(params)?;
        let ElasticNetSpec { alpha, l1_ratio, fit_intercept, max_iter, tol } = (*spec).clone();
        coordinate_descent::start(Config { kind: KIND.kind, alpha, l1_ratio, fit_intercept, max_iter, tol }, input)
    },
    load: |state| FittedLinear::load(KIND.kind, state),
};

crate::spec! {
    /// Elastic net's parameters.
    pub struct ElasticNetSpec {
        /// How strongly the coefficients are held back.
        /// The larger it is, the fewer features are used; 0 is linear regression.
        alpha: f64 = 1.0, between(0.0, 1e200), unit "", zh "正则化强度";
        /// Which share of the penalty is on the coefficients' sizes; the rest is on their squares.
        /// 1 is lasso, 0 is ridge regression.
        l1_ratio: f64 = 0.5, between(0.0, 1.0), unit "", zh "L1 惩罚的比例";
        /// Whether there is an intercept; without one the answer for a row of zeros is zero.
        fit_intercept: bool = true, any(), unit "", zh "是否含截距";
        /// How often each coefficient is made better, at most.
        max_iter: usize = 1000, between(1.0, 1e6), unit "sweeps", zh "最多迭代次数";
        /// How far the loss may be above the smallest one, as a share of the target's mean square.
        /// It is found once no coefficient moves by more than this share of the largest one.
        tol: f64 = 1e-4, between(0.0, 1e300), unit "", zh "收敛容差";
    }
}
