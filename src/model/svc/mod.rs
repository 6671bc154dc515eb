//! Support vector machine: the border with the widest margin between two classes, carried by the rows nearest to it.
//!
//! ```text
//! decision     Σ coefficient · K(support vector, x) + intercept
//! linear       K(a, b) = Σ a · b
//! rbf          K(a, b) = e^(−gamma · Σ (a − b)²)
//! minimised    ½ ‖border‖² + C · Σ weight · max(0, 1 − y · decision)
//! ```
//! What comes in: features and classes. What goes out: for each pair of classes the rows that support its margin, as
//! scikit-learn's `SVC` (libsvm: Chang and Lin 2011, <https://doi.org/10.1145/1961189.1961199>) finds them. Of more than
//! two classes each pair decides and votes; the first class with the most votes is answered.
//!
//! Decisions are no probabilities. A line for each pair makes them log-odds: the likeliest one for what is decided about
//! rows that were held back, a fifth at a time (see [`shares`]). The class decided for is always the most probable one,
//! which scikit-learn's `probability=True` does not promise; where the line says otherwise, ½ is told.

mod fitted;
mod kernel;
mod session;
mod shares;
mod smo;

pub use fitted::FittedSvc;

use serde_json::Value;

use crate::Error;
use crate::model::class_weight::{CLASS_WEIGHTS, ClassWeight};
use crate::model::{BoxedSession, ModelError, ModelKind};
use crate::param::{ParamKind, ParamMap, ParamValue, Range, Spec, above, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::train::FitInput;
use kernel::Shape;
use session::SvcSession;

/// Multiply-adds beyond which a fit is refused: some half an hour in a browser.
const COST_MAX: f64 = 1e12;

/// Each pair is solved once for all its rows and once without each fifth of them.
const N_FOLDS: usize = 5;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "svc",
    title: ["Support vector machine", "支持向量机"],
    summary: [
        "Draws the border that keeps the widest distance from both classes; bends it with the rbf kernel.",
        "画出离两侧类别都最远的边界；用 rbf 核时边界可以弯曲。",
    ],
    tasks: &[Task::Classification],
    wants_scaling: |_| true,
    docs: SvcSpec::docs,
    check: |params| SvcSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    // Every fifth row is held back.
    draws_rows: |_| true,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedSvc::load(state)?)),
};

crate::choice! {
    /// How alike two rows are.
    pub enum Kernel {
        /// The sum of products: straight borders.
        Linear = "linear",
        /// A bell around each row: borders that bend.
        Rbf = "rbf",
    }
}

/// How narrow the bells of the rbf kernel are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gamma {
    /// `1 / (n_features · variance of all numbers)`.
    Scale,
    /// `1 / n_features`.
    Auto,
    /// This.
    Of(f64),
}

impl ParamValue for Gamma {
    fn kind(range: Range) -> ParamKind {
        ParamKind::NumberOrWord { range, options: &["scale", "auto"], nullable: false }
    }

    fn read(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("scale") => Some(Self::Scale),
            Some("auto") => Some(Self::Auto),
            Some(_) => None,
            None => value.as_f64().map(Self::Of),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Scale => "scale".into(),
            Self::Auto => "auto".into(),
            Self::Of(gamma) => (*gamma).into(),
        }
    }
}

crate::spec! {
    /// A support vector machine's parameters: scikit-learn's names and defaults.
    pub struct SvcSpec {
        /// How much a row on the wrong side of its margin costs.
        /// Large: every row is obeyed, noise included. Small: the margin is wide and smooth.
        c as "C": f64 = 1.0, above(0.0, 1e100), unit "", zh "分错的代价";
        /// Whether borders are straight ("linear") or bend ("rbf").
        kernel: Kernel = Kernel::Rbf, any(), unit "", zh "核函数";
        /// How near a row must be for the rbf kernel to be alike.
        /// Large: borders follow single rows. "scale" is 1 / (features · variance), "auto" is 1 / features.
        gamma: Gamma = Gamma::Scale, above(0.0, 1e300), unit "", zh "rbf 核的宽窄";
        /// How much the rows of each class count.
        /// "balanced" lets rare classes count as much as frequent ones. An object gives each class its own weight by name; a
        /// class it leaves out counts once.
        class_weight: ClassWeight = ClassWeight::None, CLASS_WEIGHTS, unit "", zh "类别权重";
        /// By how much two rows may disagree about the border in the end.
        tol: f64 = 1e-3, above(0.0, 1e100), unit "", zh "收敛容差";
        /// How often two rows' weights are moved at most; null is no limit but libsvm's ten million.
        max_iter: Option<usize> = None, between(1.0, 1e9), unit "iterations", zh "最多迭代次数";
        /// How much memory may hold what rows are compared to.
        cache_size: f64 = 200.0, between(1.0, 1000.0), unit "MB", zh "缓存大小";
    }
}

crate::trouble! {
    /// What can stop a support vector machine.
    pub enum SvcError in "train" {
        /// There are too many rows.
        TooManyRows { n_rows: usize, most: usize } => "too_many_rows_for_svc",
            "there are {n_rows} rows, and a support vector machine can learn from about {most} like these",
            hint "Use fewer rows, or choose logistic_regression";
        /// Rows cannot be compared.
        KernelNotFinite {} => "kernel_not_finite",
            "the features are too large or too small to compare rows",
            hint "Scale the features, or set gamma to a number",
            place crate::error::Place::field("model.gamma");
    }
}

crate::trouble! {
    /// What can be odd about a support vector machine.
    pub enum SvcIssue in "train" {
        /// The iterations were used up.
        NotSettled { max_iter: usize, gap: f64, tol: f64 } => "margin_not_settled",
            "after {max_iter} iterations two rows disagree about the border by {gap:.1e}, and tol is {tol:e}",
            hint "Raise max_iter, lower C, or scale the features";
    }
}

impl SvcSpec {
    /// **Errors** `train.kernel_not_finite`.
    fn shape(&self, x: &Matrix) -> Result<Shape, Error> {
        let gamma = match (self.kernel, self.gamma) {
            (Kernel::Linear, _) => return Ok(Shape::Linear),
            (_, Gamma::Of(gamma)) => gamma,
            (_, Gamma::Auto) => 1.0 / x.n_features() as f64,
            (_, Gamma::Scale) => match variance(x) {
                0.0 => 1.0,
                variance => 1.0 / (x.n_features() as f64 * variance),
            },
        };
        if gamma.is_finite() && gamma > 0.0 {
            Ok(Shape::Rbf { gamma })
        } else {
            Err(SvcError::KernelNotFinite {}.into())
        }
    }
}

/// Of all numbers together.
fn variance(x: &Matrix) -> f64 {
    let n = (x.n_rows() * x.n_features()) as f64;
    let sums = x.features().iter().map(|feature| feature.iter().sum::<f64>());
    let mean = sums.sum::<f64>() / n;
    let squares = x.features().iter().map(|feature| feature.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>());
    squares.sum::<f64>() / n
}

/// Multiply-adds that a fit takes if each solution moves as often as it has rows.
fn cost(counts: &[usize], shape: Shape, n_features: usize, cache_bytes: f64) -> f64 {
    let mut cost = 0.0;
    for (idx, first) in counts.iter().enumerate() {
        for second in &counts[idx + 1..] {
            let squares = ((first + second) as f64) * (first + second) as f64;
            let times = if 8.0 * squares <= cache_bytes { 1 } else { N_FOLDS };
            cost += squares * (times * shape.cost(n_features) + 8 * N_FOLDS) as f64;
        }
    }
    cost
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = SvcSpec::from_params(params)?;
    let Target::Classes { codes, n_classes } = input.y else {
        return Err(ModelError::WrongTask { kind: KIND.kind.to_owned(), task: "regression".to_owned() }.into());
    };
    let (shape, x) = (spec.shape(&input.x)?, input.x);
    let mut members = vec![Vec::new(); n_classes];
    codes.iter().zip(0..).for_each(|(&code, row)| members[code as usize].push(row));
    let counts: Vec<usize> = members.iter().map(Vec::len).collect();
    let cost = cost(&counts, shape, x.n_features(), 1e6 * spec.cache_size);
    if cost > COST_MAX {
        let n_rows = x.n_rows();
        let most = (n_rows as f64 * libm::sqrt(COST_MAX / cost)) as usize;
        return Err(SvcError::TooManyRows { n_rows, most }.into());
    }
    let weights = spec.class_weight.of_classes(&codes, n_classes)?;
    let bounds = weights.iter().map(|weight| spec.c * weight).collect();
    Ok(Box::new(SvcSession::new(spec, shape, x, members, bounds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Issues;
    use crate::model::{Answers, Fitted, Structure};
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn fitted(params: &[(&str, Value)], x: Vec<Vec<f64>>, codes: &[u32]) -> Result<(Box<dyn Fitted>, Issues), Error> {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let n_classes = codes.iter().max().map_or(0, |&code| code as usize + 1);
        let (x, y) = (Matrix::from_columns(x), Target::Classes { codes: codes.to_vec(), n_classes });
        let mut session =
            start(&params, FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() })?;
        while block_on(session.step())?.fraction < 1.0 {}
        Ok(session.finish())
    }

    #[test]
    fn two_classes_with_a_linear_kernel_have_coefficients() {
        let linear = [("kernel", "linear".into()), ("C", 10.0.into())];
        let (fitted, issues) = fitted(&linear, vec![vec![0.0, 1.0, 3.0, 4.0]], &[0, 0, 1, 1]).unwrap();
        let Structure::Linear { coefficients, intercepts, .. } = fitted.structure() else { panic!("it is linear") };
        // The margin is from 1 to 3, and what is positive speaks for the second class.
        assert!((coefficients[0] - 1.0).abs() < 1e-12 && (intercepts[0] + 2.0).abs() < 1e-12);
        assert!(issues.is_empty());
        assert_eq!(fitted.predict(&Matrix::from_columns(vec![vec![1.9, 2.1]])).codes(), [0, 1]);
    }

    #[test]
    fn equal_rows_of_two_classes_are_answered() {
        for kernel in ["linear", "rbf"] {
            let params = [("kernel", kernel.into())];
            let (fitted, _) = fitted(&params, vec![vec![2.0; 5], vec![-1.0; 5]], &[0, 1, 1, 0, 1]).unwrap();
            let Answers::Classes { probabilities, .. } =
                fitted.predict(&Matrix::from_columns(vec![vec![2.0, 1e300], vec![-1.0, -1e300]]))
            else {
                panic!("it answers classes")
            };
            assert!(probabilities.chunks(2).all(|p| p[0] + p[1] == 1.0), "{probabilities:?}");
        }
    }

    /// After scikit-learn's `check_class_weight_balanced_classifiers`.
    #[test]
    fn balanced_weights_answer_the_rare_class_more_often() {
        let x: Vec<f64> = (0..40).map(|i| f64::from(i % 20) + if i >= 30 { 6.5 } else { 0.0 }).collect();
        let codes: Vec<u32> = (0..40).map(|i| u32::from(i >= 30)).collect();
        let n_rare = |weight: &str| {
            let (fitted, _) = fitted(&[("class_weight", weight.into())], vec![x.clone()], &codes).unwrap();
            fitted.predict(&Matrix::from_columns(vec![x.clone()])).codes().iter().sum::<u32>()
        };
        assert!(n_rare("balanced") > n_rare("none"), "{} {}", n_rare("balanced"), n_rare("none"));
    }

    #[test]
    fn too_many_rows_are_refused_with_how_many_would_do() {
        let n = 200_000;
        let x: Vec<f64> = (0..n).map(f64::from).collect();
        let codes: Vec<u32> = (0..n as u32).map(|row| row % 2).collect();
        let error = fitted(&[], vec![x], &codes).err().unwrap();
        assert_eq!(error.code(), "train.too_many_rows_for_svc");
        assert!(
            error.message().starts_with("there are 200000 rows, and a support vector machine can learn from about")
        );
    }

    #[test]
    fn iterations_that_run_out_are_reported() {
        let x: Vec<f64> = (0..30).map(|i| f64::from(i * 7 % 11)).collect();
        let codes: Vec<u32> = (0..30).map(|i| i % 2).collect();
        let (_, issues) = fitted(&[("max_iter", 2.into())], vec![x], &codes).unwrap();
        assert_eq!(issues.iter().map(|issue| issue.code).collect::<Vec<_>>(), ["margin_not_settled"]);
    }

    #[test]
    fn rows_that_cannot_be_compared_are_an_error() {
        let error = fitted(&[], vec![vec![0.0, 1e300, f64::MAX]], &[0, 1, 1]).err().unwrap();
        assert_eq!(error.code(), "train.kernel_not_finite");
    }
}
