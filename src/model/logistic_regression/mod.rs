//! Logistic regression: the log-odds of the classes are weighted sums of features.
//!
//! ```text
//! two classes   p(second) = 1 / (1 + e^−score)
//! more          p(class)  = e^score[class] / Σ e^score
//! minimised     Σ weight · −ln p(class of the row) + penalty / C
//! l2            penalty = ½ Σ coefficient²
//! l1            penalty = Σ |coefficient|
//! elasticnet    penalty = l1_ratio · Σ |coefficient| + ½ · (1 − l1_ratio) · Σ coefficient²
//! ```
//! What comes in: features and classes. What goes out: coefficients: one row for two classes, otherwise one per class,
//! whose sums over the classes are 0 unless a penalty of sizes decides. Intercepts are not penalised. With "l1" many
//! coefficients are exactly 0 (Tibshirani 1996, <https://doi.org/10.1111/j.2517-6161.1996.tb02080.x>).

mod corners;
mod fitted;
mod loss;
mod minimise;
mod objective;

pub use fitted::FittedLogisticRegression;
pub(super) use loss::sigmoid;

use crate::Error;
use crate::error::{Issues, Place};
use crate::model::class_weight::{CLASS_WEIGHTS, ClassWeight};
use crate::model::linear_map::LinearMap;
use crate::model::{BoxedSession, Fitted, ModelError, ModelKind};
use crate::param::{Checked, ParamMap, Spec, above, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::train::gradient_descent::{Descent, DescentConfig, Optimizer};
use crate::train::{Epoch, FitInput, Session, Step, StepFuture, ready};
use minimise::{Method, Minimiser, Outcome};
use objective::{Held, Objective};

/// Beyond this many parameters Newton's equations are too large.
const MOST_NEWTON_PARAMETERS: usize = 2_000;

/// Beyond this many parameters a penalty with corners is refused: their curvature takes 72 MB, twice.
const MOST_CORNERS: usize = 3_000;

/// Beyond this many multiply-adds (some ten seconds) one of Newton's iterations is too long.
const MOST_NEWTON_FLOPS: f64 = 2e10;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "logistic_regression",
    title: ["Logistic regression", "逻辑回归"],
    summary: [
        "Draws straight borders between classes, and says how sure it is on either side.",
        "在类别之间画直线边界，并给出两侧的把握程度。",
    ],
    tasks: &[Task::Classification],
    wants_scaling: |_| true,
    docs: LogisticRegressionSpec::docs,
    check: |params| LogisticRegressionSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors,
    draws_rows: uses_tensors,
    takes_missing: |_| false,
    takes_weights: |params| !uses_tensors(params),
    start,
    load: |state| Ok(Box::new(FittedLogisticRegression::load(state)?)),
};

fn uses_tensors(params: &ParamMap) -> bool {
    LogisticRegressionSpec::from_checked(params).solver == LogisticSolver::GradientDescent
}

crate::choice! {
    /// How the coefficients are found.
    pub enum LogisticSolver {
        /// Few long iterations, in f64, to the last digits.
        NewtonCholesky = "newton-cholesky",
        /// Many short iterations, in f64; for many coefficients.
        Lbfgs = "lbfgs",
        /// Newton's iterations that stop at zeros, in f64: for every penalty.
        Saga = "saga",
        /// Step by step, in f32; it can be watched, and runs on WebGPU.
        GradientDescent = "gradient_descent",
    }
}

crate::choice! {
    /// What holds the coefficients back.
    pub enum Penalty {
        /// The sum of their squares.
        L2 = "l2",
        /// The sum of their sizes: few features are used.
        L1 = "l1",
        /// Both.
        ElasticNet = "elasticnet",
        /// Nothing.
        None = "none",
    }
}

crate::spec! {
    /// Logistic regression's parameters: scikit-learn's names and defaults, but for the solver.
    pub struct LogisticRegressionSpec {
        /// How freely the coefficients may grow: the inverse of the penalty's strength.
        c as "C": f64 = 1.0, above(0.0, 1e300), unit "", zh "正则化强度的倒数";
        /// What holds the coefficients back.
        /// "l1" uses few features, and gives the others exactly 0; "elasticnet" is between "l1" and "l2".
        penalty: Penalty = Penalty::L2, any(), unit "", zh "惩罚项";
        /// Which share of an "elasticnet" is "l1"; other penalties do not read it.
        l1_ratio: f64 = 0.5, between(0.0, 1.0), unit "", zh "弹性网络中 L1 惩罚的比例";
        /// How much the rows of each class count.
        /// "balanced" lets rare classes count as much as frequent ones. An object gives each class its own weight by name; a
        /// class it leaves out counts once.
        class_weight: ClassWeight = ClassWeight::None, CLASS_WEIGHTS, unit "", zh "类别权重";
        /// How the coefficients are found.
        /// "newton-cholesky" gives way to "lbfgs" where its equations would be too large, and both to "saga" where the
        /// penalty is "l1" or "elasticnet". "saga" finds scikit-learn's minimum, but by Newton's steps.
        /// "gradient_descent" can be watched; it wants scaled features, and reads the parameters below.
        solver: LogisticSolver = LogisticSolver::NewtonCholesky, any(), unit "", zh "求解方法";
        /// Whether there are intercepts.
        fit_intercept: bool = true, any(), unit "", zh "是否含截距";
        /// How many iterations (or epochs) there are at most.
        max_iter: usize = 100, between(1.0, 1e6), unit "iterations", zh "最多迭代次数";
        /// How small the largest part of the gradient must become.
        /// Newton's method then goes on while that makes it smaller, for ten more iterations at most. For gradient
        /// descent: it ends when the loss has not become smaller by more than this for five epochs.
        tol: f64 = 1e-4, between(0.0, 1e300), unit "", zh "收敛容差";
        /// How far a step of gradient descent goes.
        learning_rate: f64 = 0.01, above(0.0, 1e6), unit "", zh "学习率";
        /// How many rows make one step of gradient descent.
        batch_size: usize = 32, between(1.0, 1e9), unit "rows", zh "每批行数";
        /// How a gradient becomes a step.
        optimizer: Optimizer = Optimizer::Adam, any(), unit "", zh "优化器";
    }
}

crate::trouble! {
    /// What can be odd about a logistic regression.
    pub enum LogisticIssue in "train" {
        /// The iterations were used up before the gradient was small enough.
        NotConverged { max_iter: usize, gradient: f64, tol: f64 } => "not_converged",
            "after at most {max_iter} iterations the gradient is {gradient:.1e}, and tol is {tol:e}",
            hint "Raise max_iter, lower C, or scale the features";
        /// The classes can be told apart without an error, so without a penalty no coefficients are large enough.
        Separable { n_rows: usize } => "separable_classes",
            "all {n_rows} rows are told apart, and no penalty holds the coefficients back",
            hint "The coefficients are arbitrary: set penalty to \"l2\"";
        /// All rows are of one class.
        OneClass {} => "one_class",
            "all rows are of one class",
            hint "Every answer will be that class; choose a target with more classes";
        /// Another solver was used than the one asked for.
        SolverReplaced { n_parameters: usize } => "solver_replaced",
            "newton-cholesky is too costly for {n_parameters} coefficients, so lbfgs was used",
            hint "Set solver to \"lbfgs\", or use fewer features";
        /// The penalty is so strong that every coefficient is 0.
        AllZero { c: f64, needed: f64 } => "every_coefficient_zero",
            "C is {c:e}, and every coefficient is 0",
            hint "Set C above {needed:.3e}";
    }
}

crate::trouble! {
    /// What can stop a logistic regression.
    pub enum LogisticError in "train" {
        /// Gradient descent cannot do what another parameter asks for.
        NotByDescent { name: String, word: String } => "not_by_gradient_descent",
            "gradient_descent cannot do {name} {word:?}",
            hint "Choose another solver: \"saga\" can do it",
            place Place::field("model.solver");
        /// There are too many coefficients for a penalty with corners.
        TooManyCoefficients { n_parameters: usize, limit: usize } => "too_many_coefficients",
            "there are {n_parameters} coefficients, and at most {limit} can be held back by their sizes",
            hint "Set penalty to \"l2\" and solver to \"lbfgs\", or use fewer features",
            place Place::field("model.penalty");
    }
}

impl LogisticRegressionSpec {
    /// Of the rows' weight, what is held back.
    fn held(&self, weight: f64) -> Held {
        let l1_ratio = match self.penalty {
            Penalty::None => return Held { l2: 0.0, l1: 0.0 },
            Penalty::L2 => 0.0,
            Penalty::L1 => 1.0,
            Penalty::ElasticNet => self.l1_ratio,
        };
        let strength = 1.0 / (self.c * weight);
        Held { l2: strength * (1.0 - l1_ratio), l1: strength * l1_ratio }
    }

    /// **Errors** `train.not_by_gradient_descent`.
    fn check_descent(&self) -> Result<(), Error> {
        let (name, word) = match (self.penalty, &self.class_weight) {
            (Penalty::L1 | Penalty::ElasticNet, _) => ("penalty", self.penalty.word()),
            (_, ClassWeight::Balanced) => ("class_weight", "balanced"),
            (_, ClassWeight::Given(_)) => ("class_weight", "by class"),
            _ => return Ok(()),
        };
        Err(LogisticError::NotByDescent { name: name.to_owned(), word: word.to_owned() }.into())
    }

    /// The method for so many parameters and rows.
    ///
    /// **Errors** `train.too_many_coefficients`.
    fn method(&self, held: Held, n_parameters: usize, n_rows: usize, issues: &mut Issues) -> Result<Method, Error> {
        if held.l1 > 0.0 || self.solver == LogisticSolver::Saga {
            let limit = MOST_CORNERS;
            return match n_parameters {
                0..=MOST_CORNERS => Ok(Method::Proximal),
                _ => Err(LogisticError::TooManyCoefficients { n_parameters, limit }.into()),
            };
        }
        let is_large = n_parameters > MOST_NEWTON_PARAMETERS
            || n_rows as f64 * (n_parameters * n_parameters) as f64 / 4.0 > MOST_NEWTON_FLOPS;
        Ok(match self.solver {
            LogisticSolver::NewtonCholesky if is_large => {
                issues.push(LogisticIssue::SolverReplaced { n_parameters });
                Method::Lbfgs
            }
            LogisticSolver::NewtonCholesky => Method::Newton,
            _ => Method::Lbfgs,
        })
    }

    fn descent(&self, n_rows: usize) -> DescentConfig {
        DescentConfig {
            l2: self.held(n_rows as f64).l2,
            fit_intercept: self.fit_intercept,
            learning_rate: self.learning_rate,
            n_epochs: self.max_iter,
            batch_size: self.batch_size,
            optimizer: self.optimizer,
            tol: Some(self.tol),
        }
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = LogisticRegressionSpec::from_params(params)?;
    let Target::Classes { codes, n_classes } = &input.y else {
        return Err(ModelError::WrongTask { kind: KIND.kind.to_owned(), task: "regression".to_owned() }.into());
    };
    let (n_rows, n_features, n_classes) = (input.x.n_rows(), input.x.n_features(), *n_classes);
    if n_classes < 2 {
        let map = LinearMap { coefficients: vec![0.0; n_features], intercepts: vec![0.0], n_features };
        return Ok(Box::new(OneClassSession { map }));
    }
    if spec.solver == LogisticSolver::GradientDescent {
        spec.check_descent()?;
        let config = spec.descent(n_rows);
        let descent = Descent::new(&input, config)?;
        return Ok(Box::new(DescentSession { descent, config, n_features, n_classes }));
    }
    let weights = spec.class_weight.apply(&input.y, input.sample_weight)?.unwrap_or_else(|| vec![1.0; n_rows]);
    let codes = codes.clone();
    let held = spec.held(weights.iter().sum());
    let objective = Objective::new(input.x, codes, weights, n_classes, spec.fit_intercept, held);
    let mut issues = Issues::new();
    let method = spec.method(held, objective.n_parameters(), n_rows, &mut issues)?;
    let valid = match input.valid {
        Some((x, Target::Classes { codes, .. })) if x.n_rows() > 0 => Some((x, codes)),
        _ => None,
    };
    let minimiser = Minimiser::new(&objective, method, spec.tol, spec.max_iter);
    Ok(Box::new(ExactSession {
        spec,
        n_classes,
        objective,
        minimiser,
        valid,
        issues,
        is_centred: false,
        n_told: 0,
        fraction: 0.0,
    }))
}

/// A fit to the last digits under way.
struct ExactSession {
    spec: Checked<LogisticRegressionSpec>,
    n_classes: usize,
    objective: Objective,
    minimiser: Minimiser,
    valid: Option<(Matrix, Vec<u32>)>,
    issues: Issues,
    is_centred: bool,
    /// Iterations whose end was reported.
    n_told: usize,
    fraction: f64,
}

impl ExactSession {
    fn advance(&mut self) -> Step {
        if !self.is_centred {
            self.is_centred = self.objective.centre();
            return Step { fraction: self.fraction, epoch: None };
        }
        self.minimiser.advance(&self.objective);
        let done = self.minimiser.outcome().is_some();
        // Nobody knows how many iterations it will take: each is given a part of what is left.
        let n_iterations = self.minimiser.iteration as f64 + self.minimiser.fraction(&self.objective);
        self.fraction = if done { 1.0 } else { self.fraction.max(1.0 - libm::pow(0.75, n_iterations)).min(0.999) };
        Step { fraction: self.fraction, epoch: self.epoch() }
    }

    /// The iteration that has just ended, once.
    fn epoch(&mut self) -> Option<Epoch> {
        let (number, here) = (self.minimiser.iteration, self.minimiser.here()?);
        if number == self.n_told {
            return None;
        }
        self.n_told = number;
        let valid_loss = self
            .valid
            .as_ref()
            .map(|(x, codes)| Objective::loss_on(&self.objective.outside(&here.parameters), x, codes));
        // Polishing may go beyond the iterations asked for.
        Some(Epoch { number, of: self.spec.max_iter.max(number), train_loss: here.loss, valid_loss })
    }
}

impl Session<dyn Fitted> for ExactSession {
    fn step(&mut self) -> StepFuture<'_> {
        let step = self.advance();
        let is_done = step.fraction >= 1.0;
        let checked = match self.minimiser.here() {
            Some(here) if is_done => self.objective.outside(&here.parameters).check_finite(),
            _ => Ok(()),
        };
        ready(checked.map(|()| step))
    }

    fn finish(mut self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let outcome = self.minimiser.outcome().expect("a step has said that the minimum is found");
        let here = self.minimiser.here().expect("the first evaluation was done");
        if self.objective.is_free() && here.n_right == self.objective.n_rows() {
            self.issues.push(LogisticIssue::Separable { n_rows: here.n_right });
        } else if let Outcome::Stopped { gradient } = outcome {
            let (max_iter, tol) = (self.spec.max_iter, self.spec.tol);
            self.issues.push(LogisticIssue::NotConverged { max_iter, gradient, tol });
        }
        let map = self.objective.outside(&here.parameters);
        if self.objective.is_sparse() && map.coefficients.iter().all(|x| *x == 0.0) {
            let (c, slack) = (self.spec.c, self.objective.slack(here));
            // Where no slope is left to use, no C would help.
            if slack.is_finite() {
                self.issues.push(LogisticIssue::AllZero { c, needed: c * slack });
            }
        }
        (Box::new(FittedLogisticRegression { map, n_classes: self.n_classes }), self.issues)
    }
}

/// A descent under way.
struct DescentSession {
    descent: Descent,
    config: DescentConfig,
    n_features: usize,
    n_classes: usize,
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
        (Box::new(FittedLogisticRegression { map, n_classes: self.n_classes }), issues)
    }
}

/// Nothing to learn.
struct OneClassSession {
    map: LinearMap,
}

impl Session<dyn Fitted> for OneClassSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(Ok(Step { fraction: 1.0, epoch: None }))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        let mut issues = Issues::new();
        issues.push(LogisticIssue::OneClass {});
        (Box::new(FittedLogisticRegression { map: self.map, n_classes: 1 }), issues)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Structure;

    #[test]
    fn separable_classes_without_a_penalty_stay_finite_and_are_reported() {
        let x = Matrix::from_columns(vec![vec![-2.0, -1.0, 1.0, 2.0]]);
        let y = Target::Classes { codes: vec![0, 0, 1, 1], n_classes: 2 };
        let params = ParamMap::from([("penalty".to_owned(), "none".into())]);
        let (seed, device) = (crate::random::Seed(0), crate::train::Device::cpu());
        let mut session = start(&params, FitInput { x, y, sample_weight: None, valid: None, seed, device }).unwrap();
        while crate::train::block_on(session.step()).unwrap().fraction < 1.0 {}
        let (fitted, issues) = session.finish();
        let Structure::Linear { coefficients, .. } = fitted.structure() else { panic!("it is linear") };
        assert!(coefficients[0] > 3.0 && coefficients[0] < 1e3, "{coefficients:?}");
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), ["separable_classes"]);
    }

    fn refused(params: &[(&str, &str)]) -> String {
        let x = Matrix::from_columns(vec![vec![-2.0, -1.0, 1.0, 2.0]]);
        let y = Target::Classes { codes: vec![0, 0, 1, 1], n_classes: 2 };
        let params = params.iter().map(|&(name, word)| (name.to_owned(), word.into())).collect();
        let (seed, device) = (crate::random::Seed(0), crate::train::Device::cpu());
        let error = start(&params, FitInput { x, y, sample_weight: None, valid: None, seed, device })
            .err()
            .expect("it cannot be done");
        assert_eq!(error.code(), "train.not_by_gradient_descent");
        error.to_string()
    }

    #[test]
    fn what_gradient_descent_cannot_do_is_an_error() {
        let descent = ("solver", "gradient_descent");
        assert_eq!(refused(&[descent, ("penalty", "l1")]), "gradient_descent cannot do penalty \"l1\"");
        assert_eq!(
            refused(&[descent, ("class_weight", "balanced")]),
            "gradient_descent cannot do class_weight \"balanced\""
        );
    }

    #[test]
    fn a_penalty_that_leaves_nothing_says_what_would() {
        let x = Matrix::from_columns(vec![vec![-2.0, -1.0, 1.0, 2.0]]);
        let y = Target::Classes { codes: vec![0, 0, 1, 1], n_classes: 2 };
        let fitted = |c: f64| {
            let params = ParamMap::from([("penalty".to_owned(), "l1".into()), ("C".to_owned(), c.into())]);
            let (seed, device) = (crate::random::Seed(0), crate::train::Device::cpu());
            let input = FitInput { x: x.clone(), y: y.clone(), sample_weight: None, valid: None, seed, device };
            let mut session = start(&params, input).unwrap();
            while crate::train::block_on(session.step()).unwrap().fraction < 1.0 {}
            let (_, issues) = session.finish();
            issues.iter().map(|issue| (issue.code, issue.hint.clone())).collect::<Vec<_>>()
        };
        // At 0 the slope is Σ x · (½ − y) = −3, so that C · 3 must be above 1.
        assert_eq!(fitted(0.333), [("every_coefficient_zero", "Set C above 3.333e-1".to_owned())]);
        assert_eq!(fitted(0.334), []);
    }
}
