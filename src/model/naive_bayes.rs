//! Gaussian naive Bayes: in each class every feature has its own bell curve, and knows nothing of the others.
//!
//! ```text
//! score[class] = ln(prior of the class) − ½ Σ ( ln(2π · variance) + (x − mean)² / variance )
//! p(class)     = e^score[class] / Σ e^score
//! ```
//! What comes in: features and classes. What goes out: a mean and a variance for each class and feature, found by two
//! sweeps in f64 (Chan, Golub and LeVeque 1983, <https://doi.org/10.1080/00031305.1983.10483115>). A share of the largest
//! variance there is (over all rows) is added to every variance, so that no curve is a mere line.

use std::f64::consts::PI;

use crate::Error;
use crate::error::Issues;
use crate::model::linear_map::softmax_rows;
use crate::model::{Answers, BoxedSession, Fitted, ModelError, ModelKind, Priors, State, Structure, malformed};
use crate::param::{ParamMap, Spec, above, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::train::{FitInput, Session, Step, StepFuture, ready};

/// Numbers looked at in one step: some 15 ms natively.
const NUMBERS_PER_STEP: usize = 2_000_000;

/// A squared distance, in standard deviations, beyond which it is not told how far: sums of it stay numbers.
const FARTHEST: f64 = 1e300;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "naive_bayes",
    title: ["Naive Bayes", "朴素贝叶斯"],
    summary: [
        "Learns each class' average and spread, feature by feature; fast, and often too sure of itself.",
        "逐个特征学习每个类别的均值与离散程度；很快，但常常过于自信。",
    ],
    tasks: &[Task::Classification],
    wants_scaling: |_| false,
    docs: NaiveBayesSpec::docs,
    check: |params| NaiveBayesSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedNaiveBayes::load(state)?)),
};

crate::spec! {
    /// Naive Bayes' parameters.
    pub struct NaiveBayesSpec {
        /// Which share of the largest variance of a feature is added to every variance.
        /// It makes the curves of features that hardly vary wider, and the answers less sure.
        var_smoothing: f64 = 1e-9, between(0.0, 1e6), unit "", zh "方差平滑";
        /// How frequent classes are taken to be.
        /// "learned" is as frequent as among the training rows, "equal" all alike. An object gives each class its share of
        /// 1 by name.
        priors: Priors = Priors::Learned, above(0.0, 1.0), unit "", zh "各类别的先验概率：learned 按训练行，equal 全部相同";
    }
}

crate::trouble! {
    /// What can stop naive Bayes.
    pub enum BayesError in "train" {
        /// The variance of a feature is too large for a number.
        VarianceNotFinite { feature: usize } => "variance_not_finite",
            "the variance of feature {feature} is too large for a number",
            hint "Scale the features";
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = NaiveBayesSpec::from_params(params)?;
    let Target::Classes { codes, n_classes } = input.y else {
        return Err(ModelError::WrongTask { kind: KIND.kind.to_owned(), task: "regression".to_owned() }.into());
    };
    let n_features = input.x.n_features();
    let mut counts = vec![0; n_classes];
    codes.iter().for_each(|&code| counts[code as usize] += 1);
    let nothing = vec![0.0; n_classes * n_features];
    let priors = spec.priors.given(n_classes)?;
    let fitted = FittedNaiveBayes { n_features, counts, priors, means: nothing.clone(), variances: nothing };
    Ok(Box::new(BayesSession { x: input.x, codes, var_smoothing: spec.var_smoothing, largest: 0.0, next: 0, fitted }))
}

/// A fit under way.
struct BayesSession {
    x: Matrix,
    codes: Vec<u32>,
    var_smoothing: f64,
    /// The largest variance of a feature so far.
    largest: f64,
    /// The next feature.
    next: usize,
    fitted: FittedNaiveBayes,
}

impl BayesSession {
    fn advance(&mut self) -> Result<Step, Error> {
        let n_features = self.x.n_features();
        for _ in 0..NUMBERS_PER_STEP.div_ceil(self.codes.len().max(1)) {
            if self.next == n_features {
                self.smooth()?;
                return Ok(Step { fraction: 1.0, epoch: None });
            }
            self.learn(self.next)?;
            self.next += 1;
        }
        Ok(Step { fraction: 0.99 * self.next as f64 / n_features.max(1) as f64, epoch: None })
    }

    /// The means and variances of one feature.
    fn learn(&mut self, feature: usize) -> Result<(), Error> {
        let column = self.x.feature(feature);
        let (_, variances) = moments(column, |_| 0, &[column.len() as u32]);
        self.largest = self.largest.max(variances[0]);
        let (means, variances) = moments(column, |row| self.codes[row] as usize, &self.fitted.counts);
        if !means.iter().chain(&variances).chain([&self.largest]).all(|x| x.is_finite()) {
            return Err(BayesError::VarianceNotFinite { feature }.into());
        }
        for (class, (mean, variance)) in means.into_iter().zip(variances).enumerate() {
            self.fitted.means[class * self.fitted.n_features + feature] = mean;
            self.fitted.variances[class * self.fitted.n_features + feature] = variance;
        }
        Ok(())
    }

    fn smooth(&mut self) -> Result<(), Error> {
        let added = self.var_smoothing * self.largest;
        for (idx, variance) in self.fitted.variances.iter_mut().enumerate() {
            // Where nothing varies a curve is as narrow as a number can tell.
            *variance = (*variance + added).max(f64::MIN_POSITIVE);
            if !variance.is_finite() {
                return Err(BayesError::VarianceNotFinite { feature: idx % self.fitted.n_features }.into());
            }
        }
        Ok(())
    }
}

impl Session<dyn Fitted> for BayesSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(self.advance())
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        assert_eq!(self.next, self.x.n_features(), "a step has said that every feature is learned");
        (Box::new(self.fitted), Issues::new())
    }
}

/// The means and variances of the groups a column's rows are in; exact where a group's numbers are all the same.
fn moments(column: &[f64], group: impl Fn(usize) -> usize, counts: &[u32]) -> (Vec<f64>, Vec<f64>) {
    let mut means = vec![0.0; counts.len()];
    let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); counts.len()];
    for (row, &x) in column.iter().enumerate() {
        means[group(row)] += x;
        let (low, high) = &mut spans[group(row)];
        (*low, *high) = (low.min(x), high.max(x));
    }
    for (mean, (&n, &(low, high))) in means.iter_mut().zip(counts.iter().zip(&spans)) {
        *mean = if low == high { low } else { *mean / f64::from(n.max(1)) };
    }
    // What the rounding of a mean has left is taken from the squares again.
    let (mut squares, mut rests) = (vec![0.0; counts.len()], vec![0.0; counts.len()]);
    for (row, &x) in column.iter().enumerate() {
        let rest = x - means[group(row)];
        squares[group(row)] += rest * rest;
        rests[group(row)] += rest;
    }
    for ((square, rest), &n) in squares.iter_mut().zip(&rests).zip(counts) {
        let n = f64::from(n.max(1));
        *square = ((*square - rest * rest / n) / n).max(0.0);
    }
    (means, squares)
}

/// The curves of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedNaiveBayes {
    n_features: usize,
    /// Training rows of each class.
    counts: Vec<u32>,
    /// How frequent the classes are taken to be, where that is not as frequent as among those rows.
    priors: Option<Vec<f64>>,
    /// Row-major, `n_classes × n_features`.
    means: Vec<f64>,
    /// Like `means`; positive.
    variances: Vec<f64>,
}

impl FittedNaiveBayes {
    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let &[n_features] = state.u32("n_features")? else {
            return Err(malformed("n_features is one number"));
        };
        let (counts, means, variances) = (state.u32("counts")?, state.f64("means")?, state.f64("variances")?);
        let n_features = n_features as usize;
        if counts.is_empty() || counts.contains(&0) {
            return Err(malformed("a class has no rows"));
        }
        let expected = n_features.checked_mul(counts.len());
        if expected != Some(means.len()) || expected != Some(variances.len()) {
            return Err(malformed("there is not one mean and one variance per class and feature"));
        }
        if !means.iter().chain(variances).all(|x| x.is_finite()) || !variances.iter().all(|x| *x > 0.0) {
            return Err(malformed("a mean is not finite, or a variance not positive"));
        }
        let priors = match state.0.contains_key("priors") {
            true => Some(state.f64("priors")?.to_vec()),
            false => None,
        };
        if priors.as_ref().is_some_and(|all| all.len() != counts.len() || !all.iter().all(|x| *x > 0.0 && *x <= 1.0)) {
            return Err(malformed("there is not one prior per class, above 0 and at most 1"));
        }
        let (counts, means, variances) = (counts.to_vec(), means.to_vec(), variances.to_vec());
        Ok(Self { n_features, counts, priors, means, variances })
    }
}

impl Fitted for FittedNaiveBayes {
    fn kind(&self) -> &'static str {
        KIND.kind
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let n_classes = self.counts.len();
        let n_rows: f64 = self.counts.iter().map(|&n| f64::from(n)).sum();
        let learned = || self.counts.iter().map(|&n| f64::from(n) / n_rows).collect();
        let priors: Vec<f64> = self.priors.clone().unwrap_or_else(learned);
        let shares: Vec<f64> = priors.into_iter().map(libm::log).collect();
        let mut scores = shares.repeat(x.n_rows());
        for class in 0..n_classes {
            for (idx, feature) in x.features().iter().enumerate() {
                let at = class * self.n_features + idx;
                let (mean, variance) = (self.means[at], self.variances[at]);
                let (width, deviation) = (libm::log(2.0 * PI) + libm::log(variance), libm::sqrt(variance));
                for (score, &x) in scores.iter_mut().skip(class).step_by(n_classes).zip(feature) {
                    let apart = (x - mean) / deviation;
                    *score -= 0.5 * (width + (apart * apart).min(FARTHEST));
                }
            }
        }
        Answers::Classes { probabilities: softmax_rows(scores, n_classes), n_classes }
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Plain
    }

    fn state(&self) -> State {
        let state = State::default()
            .with_u32("n_features", vec![self.n_features as u32])
            .with_u32("counts", self.counts.clone())
            .with_f64("means", self.means.clone())
            .with_f64("variances", self.variances.clone());
        match &self.priors {
            None => state,
            Some(priors) => state.with_f64("priors", priors.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn fitted(x: Vec<Vec<f64>>, codes: &[u32], var_smoothing: f64) -> Box<dyn Fitted> {
        let n_classes = codes.iter().max().map_or(0, |&code| code as usize + 1);
        let y = Target::Classes { codes: codes.to_vec(), n_classes };
        let input = FitInput {
            x: Matrix::from_columns(x),
            y,
            sample_weight: None,
            valid: None,
            seed: Seed(0),
            device: Device::cpu(),
        };
        let params = ParamMap::from([("var_smoothing".to_owned(), var_smoothing.into())]);
        let mut session = start(&params, input).unwrap();
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        session.finish().0
    }

    fn probabilities(fitted: &dyn Fitted, x: &[f64]) -> Vec<f64> {
        match fitted.predict(&Matrix::from_columns(vec![x.to_vec()])) {
            Answers::Classes { probabilities, .. } => probabilities,
            _ => panic!("it answers classes"),
        }
    }

    #[test]
    fn curves_are_means_and_variances_of_the_classes() {
        let fitted = fitted(vec![vec![1.0, 3.0, 10.0, 14.0]], &[0, 0, 1, 1], 0.0);
        let state = fitted.state();
        assert_eq!(state.f64("means").unwrap(), [2.0, 12.0]);
        assert_eq!(state.f64("variances").unwrap(), [1.0, 4.0]);
        // At 4: e^−2 / 1 against e^−8 / 2.
        let p = probabilities(fitted.as_ref(), &[4.0])[0];
        assert!((p - 1.0 / (1.0 + (-6f64).exp() / 2.0)).abs() < 1e-14, "{p}");
    }

    #[test]
    fn smoothing_adds_a_share_of_the_largest_variance() {
        // Over all rows the mean is 7 and the variance (36 + 16 + 9 + 49) / 4 = 27.5.
        let fitted = fitted(vec![vec![1.0, 3.0, 10.0, 14.0]], &[0, 0, 1, 1], 0.1);
        assert_eq!(fitted.state().f64("variances").unwrap(), [3.75, 6.75]);
    }

    #[test]
    fn features_that_never_vary_leave_the_shares_of_the_classes() {
        let fitted = fitted(vec![vec![0.1; 6]], &[0, 1, 0, 1, 1, 1], 1e-9);
        for p in probabilities(fitted.as_ref(), &[0.1, 7.0]).chunks(2) {
            assert!((p[0] - 1.0 / 3.0).abs() < 1e-15 || p[0] == 0.5, "{p:?}");
        }
    }

    #[test]
    fn rows_beyond_all_curves_are_answered() {
        let fitted = fitted(vec![vec![0.0, 1.0, 5.0, 6.0]], &[0, 0, 1, 1], 1e-9);
        for p in probabilities(fitted.as_ref(), &[1e300, -f64::MAX, 1e5]).chunks(2) {
            assert_eq!(p.iter().sum::<f64>(), 1.0);
        }
    }
}
