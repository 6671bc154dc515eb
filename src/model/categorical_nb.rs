//! Categorical naive Bayes: in each class every feature has its own table of how often each category occurs.
//!
//! ```text
//! score[class] = ln(share of the class) + Σ ln( (rows of the class in the category + alpha) / (rows of the class + alpha · categories) )
//! p(class)     = e^score[class] / Σ e^score
//! ```
//! What comes in: features that are codes of categories (0, 1, 2, …), and classes. What goes out: how many rows of each
//! class are in each category (Manning, Raghavan and Schütze 2008, chapter 13,
//! <https://nlp.stanford.edu/IR-book/html/htmledition/naive-bayes-text-classification-1.html>).
//!
//! A feature that is no code (it has parts, is negative, or takes ever new values) is cut at its quantiles into `n_bins`
//! categories, so that a table of numbers can be learned from as it is; scikit-learn asks for a discretizer before. A
//! category that no training row had tells nothing about the row's class, where scikit-learn stops with an error.

use crate::Error;
use crate::error::Issues;
use crate::model::linear_map::softmax_rows;
use crate::model::{Answers, BoxedSession, Fitted, ModelError, ModelKind, State, Structure, malformed};
use crate::param::{Checked, ParamMap, Spec, any, between};
use crate::preprocess::{Matrix, Target, Task};
use crate::train::{FitInput, Session, Step, StepFuture, ready};

/// Numbers looked at in one step: some 20 ms natively, most of it sorting.
const NUMBERS_PER_STEP: usize = 200_000;

/// Codes below this are codes, however few of them occur.
const FEW_CODES: usize = 100;

/// The least alpha; scikit-learn's.
const LEAST_ALPHA: f64 = 1e-10;

/// The line of the registry.
pub(super) const KIND: ModelKind = ModelKind {
    kind: "categorical_nb",
    title: ["Categorical naive Bayes", "类别型朴素贝叶斯"],
    summary: [
        "Counts how often each category occurs in each class; numbers are cut into ranges first.",
        "统计每个类别取值在各类中出现的频率；数值会先分成几段。",
    ],
    tasks: &[Task::Classification],
    wants_scaling: |_| false,
    docs: CategoricalNbSpec::docs,
    check: |params| CategoricalNbSpec::from_params(params).map(|spec| spec.to_params()),
    resolve: |_, _| {},
    uses_tensors: |_| false,
    draws_rows: |_| false,
    takes_missing: |_| false,
    takes_weights: |_| false,
    start,
    load: |state| Ok(Box::new(FittedCategoricalNb::load(state)?)),
};

crate::spec! {
    /// Categorical naive Bayes' parameters: scikit-learn's names and defaults, and `n_bins`.
    pub struct CategoricalNbSpec {
        /// How many rows are made up for each category, so that none is impossible.
        /// 0 is taken as 1e-10.
        alpha: f64 = 1.0, between(0.0, 1e10), unit "rows", zh "平滑的行数";
        /// Whether the classes' shares of the rows count; otherwise every class is as likely before a row is seen.
        fit_prior: bool = true, any(), unit "", zh "是否计入类别占比";
        /// How many categories each feature has at least, whether they occur or not; null is as many as occur.
        min_categories: Option<usize> = None, between(1.0, 1000.0), unit "categories", zh "最少类别数";
        /// Into how many ranges of as many rows each a feature is cut that is no code of categories.
        n_bins: usize = 5, between(2.0, 255.0), unit "ranges", zh "数值分段数";
    }
}

crate::trouble! {
    /// What can be odd about categorical naive Bayes.
    pub enum CategoricalNbIssue in "train" {
        /// Some features are numbers.
        CutIntoRanges { n_features: usize, n_bins: usize } => "cut_into_ranges",
            "{n_features} features are numbers, and were cut into {n_bins} ranges at most",
            hint "Choose n_bins, or naive_bayes, which takes numbers as they are";
    }
}

fn start(params: &ParamMap, input: FitInput) -> Result<BoxedSession, Error> {
    let spec = CategoricalNbSpec::from_params(params)?;
    let Target::Classes { codes, n_classes } = input.y else {
        return Err(ModelError::WrongTask { kind: KIND.kind.to_owned(), task: "regression".to_owned() }.into());
    };
    let mut class_counts = vec![0; n_classes];
    codes.iter().for_each(|&code| class_counts[code as usize] += 1);
    let fitted = FittedCategoricalNb {
        alpha: spec.alpha.max(LEAST_ALPHA),
        fit_prior: spec.fit_prior,
        class_counts,
        features: Vec::with_capacity(input.x.n_features()),
    };
    Ok(Box::new(CountingSession { spec, x: input.x, codes, fitted }))
}

/// A fit under way.
struct CountingSession {
    spec: Checked<CategoricalNbSpec>,
    x: Matrix,
    codes: Vec<u32>,
    fitted: FittedCategoricalNb,
}

impl CountingSession {
    fn advance(&mut self) -> Step {
        let n_features = self.x.n_features();
        for _ in 0..NUMBERS_PER_STEP.div_ceil(self.codes.len().max(1)) {
            if self.fitted.features.len() == n_features {
                return Step { fraction: 1.0, epoch: None };
            }
            let counted = self.count(self.x.feature(self.fitted.features.len()));
            self.fitted.features.push(counted);
        }
        Step { fraction: 0.99 * self.fitted.features.len() as f64 / n_features.max(1) as f64, epoch: None }
    }

    fn count(&self, column: &[f64]) -> Counted {
        let cuts = cuts(column, self.spec.n_bins);
        let most = column.iter().filter_map(|&x| category(&cuts, x)).max().unwrap_or(0);
        let n_categories = (most + 1).max(self.spec.min_categories.unwrap_or(1));
        let mut counts = vec![0; self.fitted.class_counts.len() * n_categories];
        for (&x, &class) in column.iter().zip(&self.codes) {
            if let Some(category) = category(&cuts, x) {
                counts[class as usize * n_categories + category] += 1;
            }
        }
        Counted { cuts, n_categories, counts }
    }
}

impl Session<dyn Fitted> for CountingSession {
    fn step(&mut self) -> StepFuture<'_> {
        ready(Ok(self.advance()))
    }

    fn finish(self: Box<Self>) -> (Box<dyn Fitted>, Issues) {
        assert_eq!(self.fitted.features.len(), self.x.n_features(), "a step has said that every feature is counted");
        let mut issues = Issues::new();
        let n_features = self.fitted.features.iter().filter(|counted| counted.cuts.is_some()).count();
        if n_features > 0 {
            issues.push(CategoricalNbIssue::CutIntoRanges { n_features, n_bins: self.spec.n_bins });
        }
        (Box::new(self.fitted), issues)
    }
}

/// Where to cut a feature that is no code; none for one that is.
///
/// Codes are whole numbers from 0, below a hundred or at least half of them taken, as encoding categories gives them.
fn cuts(column: &[f64], n_bins: usize) -> Option<Vec<f64>> {
    let mut sorted = column.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let largest = sorted.last().copied().unwrap_or(0.0);
    if sorted.iter().all(|x| *x >= 0.0 && libm::trunc(*x) == *x) {
        let n_distinct = 1 + sorted.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if largest < FEW_CODES as f64 || largest < 2.0 * n_distinct as f64 {
            return None;
        }
    }
    let mut cuts: Vec<f64> = (1..n_bins).map(|bin| sorted[bin * sorted.len() / n_bins]).collect();
    cuts.dedup();
    // Below the smallest number there is nothing.
    cuts.retain(|cut| *cut > sorted[0]);
    Some(cuts)
}

/// The category of a number: its code, or how many cuts are not above it. None for what is no code.
fn category(cuts: &Option<Vec<f64>>, x: f64) -> Option<usize> {
    match cuts {
        Some(cuts) => Some(cuts.partition_point(|cut| *cut <= x)),
        None => (x >= 0.0).then_some(x as usize),
    }
}

/// How often each category of a feature occurs in each class.
#[derive(Clone, Debug, PartialEq)]
struct Counted {
    /// Increasing, each the smallest number of its range; none where numbers are codes.
    cuts: Option<Vec<f64>>,
    n_categories: usize,
    /// Row-major, `n_classes × n_categories`.
    counts: Vec<u32>,
}

/// The tables of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedCategoricalNb {
    alpha: f64,
    fit_prior: bool,
    /// Training rows of each class.
    class_counts: Vec<u32>,
    features: Vec<Counted>,
}

impl FittedCategoricalNb {
    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model`.
    pub fn load(state: &State) -> Result<Self, Error> {
        let (class_counts, n_categories) = (state.u32("class_counts")?.to_vec(), state.u32("n_categories")?);
        let (n_cuts, fit_prior) = (state.u32("n_cuts")?, state.u32("fit_prior")?);
        let (&[alpha, ref cuts @ ..], counts) = (state.f64("alpha_and_cuts")?, state.u32("counts")?) else {
            return Err(malformed("there is no alpha"));
        };
        if class_counts.is_empty() || class_counts.contains(&0) || n_cuts.len() != n_categories.len() {
            return Err(malformed("a class has no rows, or a feature is not described"));
        }
        if !(alpha.is_finite()
            && alpha >= LEAST_ALPHA
            && cuts.iter().all(|cut| cut.is_finite())
            && fit_prior.len() == 1)
        {
            return Err(malformed("alpha, a cut or fit_prior is no number that it can be"));
        }
        let (mut cuts, mut counts) = (cuts, counts);
        let mut features = Vec::new();
        for (&n_categories, &n_cuts) in n_categories.iter().zip(n_cuts) {
            let (n_categories, n_cuts) = (n_categories as usize, n_cuts as usize);
            // 0 is a feature of codes; otherwise it is one more than there are cuts.
            let own_cuts = n_cuts.checked_sub(1).map(|n| split(&mut cuts, n)).transpose()?;
            let own = split(&mut counts, class_counts.len().saturating_mul(n_categories))?;
            let is_rising = own_cuts.is_none_or(|cuts| cuts.windows(2).all(|pair| pair[0] < pair[1]));
            if n_categories == 0 || !is_rising {
                return Err(malformed("a feature has no category, or its cuts do not rise"));
            }
            features.push(Counted { cuts: own_cuts.map(<[f64]>::to_vec), n_categories, counts: own.to_vec() });
        }
        if !cuts.is_empty() || !counts.is_empty() {
            return Err(malformed("there are more numbers than features take"));
        }
        Ok(Self { alpha, fit_prior: fit_prior[0] != 0, class_counts, features })
    }

    /// `ln(share)` of each category in each class.
    fn shares(&self, counted: &Counted) -> Vec<f64> {
        let mut shares = Vec::with_capacity(counted.counts.len());
        for counts in counted.counts.chunks_exact(counted.n_categories) {
            let n_rows: f64 = counts.iter().map(|&n| f64::from(n)).sum();
            let all = libm::log(n_rows + self.alpha * counted.n_categories as f64);
            shares.extend(counts.iter().map(|&n| libm::log(f64::from(n) + self.alpha) - all));
        }
        shares
    }
}

/// The first `n` numbers, which are taken away.
fn split<'a, T>(numbers: &mut &'a [T], n: usize) -> Result<&'a [T], Error> {
    let (head, tail) =
        numbers.split_at_checked(n).ok_or_else(|| malformed("there are fewer numbers than features take"))?;
    *numbers = tail;
    Ok(head)
}

impl Fitted for FittedCategoricalNb {
    fn kind(&self) -> &'static str {
        KIND.kind
    }

    fn n_features(&self) -> usize {
        self.features.len()
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let n_classes = self.class_counts.len();
        let n_rows: f64 = self.class_counts.iter().map(|&n| f64::from(n)).sum();
        let prior = |&n: &u32| if self.fit_prior { libm::log(f64::from(n) / n_rows) } else { 0.0 };
        let mut scores = self.class_counts.iter().map(prior).collect::<Vec<f64>>().repeat(x.n_rows());
        for (counted, column) in self.features.iter().zip(x.features()) {
            let shares = self.shares(counted);
            for (scores, &x) in scores.chunks_exact_mut(n_classes).zip(column) {
                let Some(category) = category(&counted.cuts, x).filter(|&c| c < counted.n_categories) else { continue };
                for (score, shares) in scores.iter_mut().zip(shares.chunks_exact(counted.n_categories)) {
                    *score += shares[category];
                }
            }
        }
        Answers::Classes { probabilities: softmax_rows(scores, n_classes), n_classes }
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Plain
    }

    fn state(&self) -> State {
        let mut numbers = vec![self.alpha];
        numbers.extend(self.features.iter().filter_map(|counted| counted.cuts.as_ref()).flatten());
        let n_cuts = |counted: &Counted| counted.cuts.as_ref().map_or(0, |cuts| cuts.len() as u32 + 1);
        State::default()
            .with_f64("alpha_and_cuts", numbers)
            .with_u32("fit_prior", vec![u32::from(self.fit_prior)])
            .with_u32("class_counts", self.class_counts.clone())
            .with_u32("n_cuts", self.features.iter().map(n_cuts).collect())
            .with_u32("n_categories", self.features.iter().map(|counted| counted.n_categories as u32).collect())
            .with_u32("counts", self.features.iter().flat_map(|counted| counted.counts.iter().copied()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;
    use crate::train::{Device, block_on};

    fn fitted(x: Vec<f64>, codes: &[u32], params: &[(&str, serde_json::Value)]) -> (Box<dyn Fitted>, Issues) {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let n_classes = codes.iter().max().map_or(0, |&code| code as usize + 1);
        let y = Target::Classes { codes: codes.to_vec(), n_classes };
        let x = Matrix::from_columns(vec![x]);
        let mut session =
            start(&params, FitInput { x, y, sample_weight: None, valid: None, seed: Seed(0), device: Device::cpu() })
                .unwrap();
        while block_on(session.step()).unwrap().fraction < 1.0 {}
        session.finish()
    }

    fn first(fitted: &dyn Fitted, x: f64) -> f64 {
        match fitted.predict(&Matrix::from_columns(vec![vec![x]])) {
            Answers::Classes { probabilities, .. } => probabilities[0],
            _ => panic!("it answers classes"),
        }
    }

    #[test]
    fn counts_and_made_up_rows_are_shares() {
        let (fitted, issues) = fitted(vec![0.0, 0.0, 1.0, 1.0], &[0, 0, 0, 1], &[]);
        assert!(issues.is_empty());
        // ¾ · (2 + 1) / (3 + 2) against ¼ · (0 + 1) / (1 + 2)
        let expected = (0.75 * 0.6) / (0.75 * 0.6 + 0.25 / 3.0);
        assert!((first(fitted.as_ref(), 0.0) - expected).abs() < 1e-15);
    }

    #[test]
    fn a_category_that_never_occurred_tells_nothing() {
        let (fitted, _) = fitted(vec![0.0, 0.0, 1.0, 1.0], &[0, 0, 0, 1], &[]);
        for unseen in [2.0, -1.0, 1e300] {
            assert!((first(fitted.as_ref(), unseen) - 0.75).abs() < 1e-15);
        }
    }

    #[test]
    fn numbers_are_cut_at_their_quantiles_and_codes_are_not() {
        let numbers: Vec<f64> = (0..20).map(|i| 0.5 + f64::from(i)).collect();
        assert_eq!(cuts(&numbers, 4), Some(vec![5.5, 10.5, 15.5]));
        assert_eq!(cuts(&[7.0, 7.0, 7.5, 7.0], 4), Some(vec![7.5]));
        assert_eq!(cuts(&[0.0, 99.0], 4), None);
        assert_eq!(cuts(&(0..500).map(f64::from).collect::<Vec<f64>>(), 4), None);
        assert!(cuts(&[2700.0, 6300.0, 4000.0], 4).is_some());
        let classes: Vec<u32> = (0..20).map(|i| i / 10).collect();
        let (fitted, issues) = fitted(numbers, &classes, &[("n_bins", 2.into())]);
        assert_eq!(issues.iter().next().unwrap().code, "cut_into_ranges");
        assert!(first(fitted.as_ref(), -1e9) > 0.9 && first(fitted.as_ref(), 1e9) < 0.1);
    }
}
