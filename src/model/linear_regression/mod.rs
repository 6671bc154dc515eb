//! Linear regression: a number is a weighted sum of features.
//!
//! ```text
//! prediction = intercept + Σ coefficient[feature] · x[feature]
//! ```
//! What comes in: features and numbers. What goes out: the coefficients with the smallest squared error: exactly, in f64,
//! or by gradient descent in f32, which is worse and can be watched.

mod least_squares;
mod triangle;

use crate::Error;
use crate::error::{Issues, Place};
use crate::model::linear_map::{FittedLinear, LinearMap};
use crate::model::{BoxedSession, Fitted, ModelError, ModelKind};
use crate::param::{ParamMap, Spec, above, any, between};
use crate::preprocess::{Target, Task};
use crate::train::gradient_descent::{Descent, DescentConfig, Optimizer};
use crate::train::{FitInput, Session, Step, StepFuture, ready};
pub(super) use least_squares::LeastSquares;

/// Beyond this many multiply-adds (some ten minutes) the exact solution is refused.
pub(super) const MOST_FLOPS: f64 = 5e11;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "linear_regression",
    title: ["Linear regression", "线性回归"],
    summary: [
        "A weighted sum of the features; each weight says how much one unit more changes the answer.",
        "特征的加权和；每个系数说明该特征增加一个单位时结果变化多少。",
    ],
    tasks: &[Task::Regression],
    wants_scaling: uses_tensors,
    docs: LinearRegressionSpec::docs,
    check: |params| LinearRegressionSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors,
    draws_rows: uses_tensors,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| FittedLinear::load(KIND.kind, state),
};

fn uses_tensors(params: &ParamMap) -> bool {
    LinearRegressionSpec::from_checked(params).solver == LinearSolver::GradientDescent
}

crate::choice! {
    /// How the coefficients are found.
    pub enum LinearSolver {
        /// Exactly, in f64.
        Qr = "qr",
        /// Step by step, in f32; it can be watched, and runs on WebGPU.
        GradientDescent = "gradient_descent",
    }
}

crate::spec! {
    /// Linear regression's parameters.
    pub struct LinearRegressionSpec {
        /// How the coefficients are found.
        /// "qr" is exact. "gradient_descent" can be watched; it wants scaled features, and reads the parameters below.
        solver: LinearSolver = LinearSolver::Qr, any(), unit "", zh "求解方法";
        /// Whether there is an intercept; without one the answer for a row of zeros is zero.
        fit_intercept: bool = true, any(), unit "", zh "是否含截距";
        /// How far a step of gradient descent goes.
        learning_rate: f64 = 0.01, above(0.0, 1e6), unit "", zh "学习率";
        /// How often gradient descent sees all rows, at most.
        max_iter: usize = 100, between(1.0, 1e6), unit "epochs", zh "最多轮数";
        /// How many rows make one step of gradient descent.
        batch_size: usize = 32, between(1.0, 1e9), unit "rows", zh "每批行数";
        /// How a gradient becomes a step.
        optimizer: Optimizer = Optimizer::Adam, any(), unit "", zh "优化器";
        /// Gradient descent ends when the loss has not become smaller by more than this for five epochs.
        /// Empty means that it goes on to max_iter.
        tol: Option<f64> = None, between(0.0, 1e300), unit "", zh "停止的容差";
    }
}

crate::trouble! {
    /// What can stop a linear regression.
    pub enum LinearError in "train" {
        /// The exact solution would take too long.
        TooCostly { n_rows: usize, n_features: usize } => "too_costly",
            "the exact solution for {n_features} features on {n_rows} rows would take hours",
            hint "Use fewer features, or set solver to \"gradient_descent\"",
            place Place::field("model.solver");
    }
}

crate::trouble! {
    /// What can be odd about a linear regression.
    pub enum LinearIssue in "train" {
        /// Some features are sums of others, or constant: many coefficients are equally good, the shortest were chosen.
        Collinear { rank: usize, n_features: usize } => "collinear_features",
            "only {rank} of the {n_features} features tell something of their own",
            hint "Of all equally good coefficients the smallest were taken; drop columns that repeat others to read them";
    }
}

impl LinearRegressionSpec {
    fn descent(&self) -> DescentConfig {
        DescentConfig {
            l2: 0.0,
            fit_intercept: self.fit_intercept,
            learning_rate: self.learning_rate,
            n_epochs: self.max_iter,
            batch_size: self.batch_size,
            optimizer: self.optimizer,
            tol: self.tol,
        }
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = LinearRegressionSpec::from_params(params)?;
    let Target::Values(y) = &input.y else {
        return Err(ModelError::WrongTask { kind: KIND.kind.to_owned(), task: "classification".to_owned() }.into());
    };
    let (n_rows, n_features) = (input.x.n_rows(), input.x.n_features());
    match spec.solver {
        LinearSolver::Qr => {
            if LeastSquares::cost(n_rows, n_features, 0.0) > MOST_FLOPS {
                return Err(LinearError::TooCostly { n_rows, n_features }.into());
            }
            let problem = LeastSquares::new(input.x, y.clone(), spec.fit_intercept, 0.0);
            Ok(Box::new(ExactSession { kind: KIND.kind, problem, n_features }))
        }
        LinearSolver::GradientDescent => {
            let config = spec.descent();
            Ok(Box::new(DescentSession { descent: Descent::new(&input, config)?, config, n_features }))
        }
    }
}

/// An exact fit under way, with a penalty or without.
pub(super) struct ExactSession {
    pub(super) kind: &'static str,
    pub(super) problem: LeastSquares,
    pub(super) n_features: usize,
}

impl Session<dyn Fitted> for ExactSession {
    fn step(&mut self) -> StepFuture<'_> {
        let done = self.problem.advance();
        if done && !self.problem.is_finite() {
            return ready(Err(ModelError::CoefficientsNotFinite {}.into()));
        }
        ready(Ok(Step { fraction: self.problem.fraction(), epoch: None }))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let solution = self.problem.into_solution().expect("a step has said that the solution is there");
        let mut issues = Issues::new();
        if solution.rank < self.n_features {
            issues.push(LinearIssue::Collinear { rank: solution.rank, n_features: self.n_features });
        }
        let map = LinearMap {
            coefficients: solution.coefficients,
            intercepts: vec![solution.intercept],
            n_features: self.n_features,
        };
        (Box::new(FittedLinear { kind: self.kind, map }), issues)
    }
}

/// A descent under way.
struct DescentSession {
    descent: Descent,
    config: DescentConfig,
    n_features: usize,
}

impl Session<dyn Fitted> for DescentSession {
    fn step(&mut self) -> StepFuture<'_> {
        Box::pin(self.descent.step())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let weights = self.descent.into_weights().expect("a step has said that the descent is done");
        let mut issues = Issues::new();
        if let Some(issue) = weights.issue(&self.config) {
            issues.push(issue);
        }
        let (coefficients, intercepts) = (weights.coefficients, weights.intercepts);
        let map = LinearMap { coefficients, intercepts, n_features: self.n_features };
        (Box::new(FittedLinear { kind: KIND.kind, map }), issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Structure;
    use crate::preprocess::Matrix;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn fitted(params: &ParamMap) -> (Box<dyn Fitted>, Issues) {
        let x = Matrix::from_columns(vec![vec![-1.0, 0.0, 1.0, 2.0], vec![-2.0, 0.0, 2.0, 4.0]]);
        let y = Target::Values(vec![-4.0, 1.0, 6.0, 11.0]);
        let input = FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() };
        let mut session = start(params, input).unwrap();
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        session.finish()
    }

    #[test]
    fn a_column_that_repeats_another_is_reported() {
        let (fitted, issues) = fitted(&ParamMap::new());
        let Structure::Linear { coefficients, intercepts, .. } = fitted.structure() else { panic!("it is linear") };
        // 5 = a + 2 b is shortest at (1, 2).
        assert!((coefficients[0] - 1.0).abs() < 1e-14 && (coefficients[1] - 2.0).abs() < 1e-14);
        assert!((intercepts[0] - 1.0).abs() < 1e-14);
        let issue = issues.iter().next().unwrap();
        assert_eq!(issue.message, "only 1 of the 2 features tell something of their own");
    }

    #[cfg(feature = "tensors")]
    #[test]
    fn a_descent_that_has_not_settled_is_reported_only_when_asked() {
        let mut params = ParamMap::from([("solver".to_owned(), "gradient_descent".into())]);
        params.insert("max_iter".to_owned(), 3.into());
        assert!(fitted(&params).1.is_empty());
        params.insert("tol".to_owned(), 1e-6.into());
        assert_eq!(fitted(&params).1.iter().next().unwrap().code, "not_settled");
    }

    #[test]
    fn hours_of_work_are_refused() {
        assert!(LeastSquares::cost(1_000_000, 10_000, 0.0) > MOST_FLOPS);
        assert!(LeastSquares::cost(1_000_000, 100, 0.0) < MOST_FLOPS);
        // With more features than rows the rows decide.
        assert!(LeastSquares::cost(500, 10_000, 1.0) < MOST_FLOPS);
    }
}
