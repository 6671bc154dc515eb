//! Logistic regression: the log-odds of the classes are weighted sums of features.
//!
//! ```text
//! two classes   p(second) = 1 / (1 + e^−score)
//! more          p(class)  = e^score[class] / Σ e^score
//! minimised     mean(−ln p(class of the row)) + Σ coefficient² / (2 · C · n_rows)
//! ```
//! What comes in: features and classes. What goes out: coefficients: one row for two classes, otherwise one per class,
//! whose sums over the classes are 0. Intercepts are not penalised.

mod minimise;
mod objective;

use crate::Error;
use crate::error::Issues;
use crate::model::linear_map::{LinearMap, softmax_rows};
use crate::model::{Answers, BoxedSession, Fitted, ModelError, ModelKind, State, Structure, malformed};
use crate::param::{Checked, ParamMap, Spec, above, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::train::gradient_descent::{Descent, DescentConfig, DescentIssue, Optimizer};
use crate::train::{Epoch, FitInput, Session, Step, StepFuture, ready};
use minimise::{Method, Minimiser, Outcome};
use objective::{Objective, sigmoid};

/// Beyond this many parameters Newton's equations are too large.
const MOST_NEWTON_PARAMETERS: usize = 2_000;

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
    takes_weights: |_| false,
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
        /// Step by step, in f32; it can be watched, and runs on WebGPU.
        GradientDescent = "gradient_descent",
    }
}

crate::choice! {
    /// What holds the coefficients back.
    pub enum Penalty {
        /// The sum of their squares.
        L2 = "l2",
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
        penalty: Penalty = Penalty::L2, any(), unit "", zh "惩罚项";
        /// How the coefficients are found.
        /// "newton-cholesky" gives way to "lbfgs" where its equations would be too large. "gradient_descent" can be
        /// watched; it wants scaled features, and reads the parameters below.
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
    }
}

impl LogisticRegressionSpec {
    fn l2(&self, n_rows: usize) -> f64 {
        match self.penalty {
            Penalty::L2 => 1.0 / (self.c * n_rows as f64),
            Penalty::None => 0.0,
        }
    }

    fn descent(&self, n_rows: usize) -> DescentConfig {
        DescentConfig {
            l2: self.l2(n_rows),
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
        let descent = Descent::new(&input, spec.descent(n_rows))?;
        return Ok(Box::new(DescentSession { descent, spec, n_features, n_classes }));
    }
    let codes = codes.clone();
    let objective = Objective::new(input.x, codes, n_classes, spec.fit_intercept, spec.l2(n_rows));
    let n_parameters = objective.n_parameters();
    let is_large = n_parameters > MOST_NEWTON_PARAMETERS
        || n_rows as f64 * (n_parameters * n_parameters) as f64 / 4.0 > MOST_NEWTON_FLOPS;
    let mut issues = Issues::new();
    let method = match spec.solver {
        LogisticSolver::NewtonCholesky if is_large => {
            issues.push(LogisticIssue::SolverReplaced { n_parameters });
            Method::Lbfgs
        }
        LogisticSolver::NewtonCholesky => Method::Newton,
        _ => Method::Lbfgs,
    };
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
        (Box::new(FittedLogisticRegression { map, n_classes: self.n_classes }), self.issues)
    }
}

/// A descent under way.
struct DescentSession {
    descent: Descent,
    spec: Checked<LogisticRegressionSpec>,
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
        if !weights.has_settled {
            issues.push(DescentIssue::NotSettled { max_iter: self.spec.max_iter });
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

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedLogisticRegression {
    map: LinearMap,
    n_classes: usize,
}

impl FittedLogisticRegression {
    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let map = LinearMap::load(state)?;
        let &[n_classes] = state.u32("n_classes")? else {
            return Err(malformed("n_classes is one number"));
        };
        let n_classes = n_classes as usize;
        let n_outputs = if n_classes == 2 { 1 } else { n_classes };
        if map.intercepts.len() != n_outputs {
            let given = map.intercepts.len();
            return Err(malformed(format!("{n_classes} classes need {n_outputs} intercepts, and there are {given}")));
        }
        Ok(Self { map, n_classes })
    }
}

impl Fitted for FittedLogisticRegression {
    fn kind(&self) -> &'static str {
        KIND.kind
    }

    fn n_features(&self) -> usize {
        self.map.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let scores = self.map.scores(x);
        let probabilities = match self.n_classes {
            1 => vec![1.0; x.n_rows()],
            2 => scores.into_iter().flat_map(|score| [sigmoid(-score), sigmoid(score)]).collect(),
            n_classes => softmax_rows(scores, n_classes),
        };
        Answers::Classes { probabilities, n_classes: self.n_classes }
    }

    fn structure(&self) -> Structure<'_> {
        let LinearMap { coefficients, intercepts, .. } = &self.map;
        Structure::Linear { coefficients, intercepts, task: Task::Classification }
    }

    fn state(&self) -> State {
        self.map.save(State::default()).with_u32("n_classes", vec![self.n_classes as u32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_answer_by_their_log_odds() {
        let map = LinearMap { coefficients: vec![2.0], intercepts: vec![-2.0], n_features: 1 };
        let fitted = FittedLogisticRegression { map, n_classes: 2 };
        let x = Matrix::from_columns(vec![vec![1.0, 1.0 + 3f64.ln() / 2.0]]);
        let Answers::Classes { probabilities, .. } = fitted.predict(&x) else { panic!("it answers classes") };
        assert_eq!(&probabilities[..2], [0.5, 0.5]);
        // Odds of 3 to 1.
        assert!((probabilities[3] - 0.75).abs() < 1e-15);
    }

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

    #[test]
    fn equal_scores_are_equal_shares() {
        assert_eq!(softmax_rows(vec![800.0, 800.0, 800.0, 800.0], 4), [0.25; 4]);
    }

    #[test]
    fn a_saved_model_needs_an_intercept_for_each_output() {
        let map = LinearMap { coefficients: vec![1.0, 2.0], intercepts: vec![0.0, 0.0], n_features: 1 };
        let state = map.save(State::default());
        assert!(FittedLogisticRegression::load(&state.clone().with_u32("n_classes", vec![2])).is_err());
        assert!(FittedLogisticRegression::load(&state.with_u32("n_classes", vec![u32::MAX])).is_err());
    }
}
