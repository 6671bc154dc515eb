//! How far a measure might have come out otherwise: the bootstrap.

use std::collections::BTreeMap;

use super::classification::{self, ranked_classes};
use super::ranking::Ranking;
use super::regression;
use crate::model::Answers;
use crate::preprocess::Target;
use crate::random::{Rng, Seed};
use crate::table::quantile;

/// Resamples where nothing speaks against it.
pub const N_RESAMPLES: usize = 1000;
/// The most one may ask for.
pub const N_RESAMPLES_MAX: usize = 10_000;
/// What all resamples of one evaluation may cost together, in numbers looked at: about a second.
const COST_ALL: usize = 200_000_000;
/// Fewer say nothing of the outer twentieth.
const N_RESAMPLES_MIN: usize = 40;
/// The outer ends of 95 %.
const TAIL: f64 = 0.025;

/// Intervals by name, `[low, high]`; none where the measure is not defined for most resamples.
pub type Intervals = BTreeMap<String, Option<[f64; 2]>>;

/// Percentile intervals (95 %) of every measure, found in bounded pieces.
///
/// Each resample draws as many rows as there are, with replacement, and measures them. The interval goes from the 2.5th
/// to the 97.5th percentile (numpy's linear one) of those resamples for which the measure is defined, if these are at
/// least half. It tells what other test rows might have said of this model, not what another fit might have said.
///
/// Rows of a resample are counted and nothing is sorted again, so that a resample costs
/// `O(n_rows · n_classes + n_classes²)`. Many rows get fewer resamples, and where there would be fewer than 40, none.
///
/// ```
/// use vitrine::evaluate::Bootstrap;
/// use vitrine::model::Answers;
/// use vitrine::preprocess::Target;
/// use vitrine::random::Seed;
/// let answers = Answers::Values(vec![1.0, 2.0, 3.0, 4.5]);
/// let truth = Target::Values(vec![1.5, 2.0, 3.0, 4.0]);
/// let mut bootstrap = Bootstrap::new(&answers, &truth, None, Seed(0));
/// while bootstrap.step() {}
/// assert_eq!(bootstrap.n_resamples(), 1000);
/// assert_eq!(bootstrap.intervals().unwrap()["mae"], Some([0.0, 0.5]));
/// ```
///
/// **Reference** Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
pub struct Bootstrap {
    measured: Measured,
    rng: Rng,
    n_rows: usize,
    n_resamples: usize,
    weights: Vec<u32>,
    /// By measure, those of the resamples so far that are defined.
    values: Vec<Vec<f64>>,
    n_done: usize,
}

enum Measured {
    Classes {
        sheet: classification::Sheet,
        probabilities: Vec<f64>,
        truth: Vec<u32>,
        n_classes: usize,
        rankings: Vec<Ranking>,
    },
    Values(regression::Sheet),
    Nothing,
}

impl Bootstrap {
    /// Makes ready to draw `n_resamples`, or as many as usual; fewer where they would cost too much.
    ///
    /// **Panics** when there are not as many answers as labels, as [`super::evaluate`] does.
    pub fn new(answers: &Answers, truth: &Target, n_resamples: Option<usize>, seed: Seed) -> Self {
        let n_rows = truth.n_rows();
        let n_classes = if let Answers::Classes { n_classes, .. } = answers { *n_classes } else { 0 };
        let n_resamples = affordable(n_rows, n_classes, n_resamples);
        let measured = match (answers, truth) {
            _ if n_resamples == 0 => Measured::Nothing,
            (Answers::Classes { probabilities, n_classes }, Target::Classes { codes, .. }) => {
                assert_eq!(probabilities.len(), codes.len() * n_classes, "one answer per label");
                Measured::Classes {
                    sheet: classification::Sheet::new(probabilities, *n_classes, answers.codes(), codes),
                    probabilities: probabilities.clone(),
                    truth: codes.clone(),
                    n_classes: *n_classes,
                    rankings: Vec::new(),
                }
            }
            (Answers::Values(answers), Target::Values(truth)) => {
                assert_eq!(answers.len(), truth.len(), "one answer per label");
                Measured::Values(regression::Sheet::new(answers, truth))
            }
            _ => panic!("classes are compared with classes, and numbers with numbers"),
        };
        let values = vec![Vec::with_capacity(n_resamples); measured.names().len()];
        let rng = seed.derive("bootstrap").rng();
        Self { measured, rng, n_rows, n_resamples, weights: vec![0; n_rows], values, n_done: 0 }
    }

    /// How many resamples are drawn altogether.
    pub fn n_resamples(&self) -> usize {
        self.n_resamples
    }

    /// The share of them that is done.
    pub fn fraction(&self) -> f64 {
        if self.n_resamples == 0 { 1.0 } else { self.n_done as f64 / self.n_resamples as f64 }
    }

    /// Ranks the rows for one class, or draws one resample; says whether there is more to do.
    pub fn step(&mut self) -> bool {
        if self.n_done == self.n_resamples {
            return false;
        }
        if let Measured::Classes { probabilities, truth, n_classes, rankings, .. } = &mut self.measured
            && let Some(class) = ranked_classes(*n_classes).nth(rankings.len())
        {
            rankings.push(Ranking::of_class(probabilities, *n_classes, truth, class));
            return true;
        }
        self.weights.fill(0);
        for _ in 0..self.n_rows {
            self.weights[self.rng.below(self.n_rows)] += 1;
        }
        for (values, measure) in self.values.iter_mut().zip(self.measured.measures(&self.weights)) {
            values.extend(measure.filter(|value| value.is_finite()));
        }
        self.n_done += 1;
        self.n_done < self.n_resamples
    }

    /// The intervals; none when no resample could be afforded.
    pub fn intervals(self) -> Option<Intervals> {
        let n_needed = self.n_done.div_ceil(2).max(1);
        let interval = |mut values: Vec<f64>| {
            values.sort_unstable_by(f64::total_cmp);
            (values.len() >= n_needed).then(|| [quantile(&values, TAIL), quantile(&values, 1.0 - TAIL)])
        };
        let names = self.measured.names();
        let all = names.iter().zip(self.values).map(|(name, values)| ((*name).to_owned(), interval(values)));
        (self.n_done > 0).then(|| all.collect())
    }
}

impl Measured {
    fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Classes { .. } => &classification::NAMES,
            Self::Values(_) => &regression::NAMES,
            Self::Nothing => &[],
        }
    }

    fn measures(&self, weights: &[u32]) -> Vec<Option<f64>> {
        match self {
            Self::Classes { sheet, rankings, .. } => {
                let areas: Vec<_> = rankings.iter().map(|ranking| ranking.areas(weights)).collect();
                sheet.measures(weights, &sheet.confusion(weights), &areas).to_vec()
            }
            Self::Values(sheet) => sheet.measures(weights).to_vec(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// How many resamples are drawn of those asked for.
fn affordable(n_rows: usize, n_classes: usize, asked: Option<usize>) -> usize {
    let asked = asked.unwrap_or(N_RESAMPLES).min(N_RESAMPLES_MAX);
    // Drawing, and the sums over rows, cost as much as walking along four rankings.
    let cost = n_rows * (4 + ranked_classes(n_classes).len()) + n_classes * n_classes;
    match COST_ALL / cost.max(1) {
        n if n_rows == 0 || n < N_RESAMPLES_MIN => 0,
        n => n.min(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rows_get_fewer_resamples_and_too_many_none() {
        assert_eq!(affordable(150, 3, None), 1000);
        assert_eq!(affordable(150, 3, Some(20)), 20);
        assert_eq!(affordable(150, 3, Some(1_000_000)), N_RESAMPLES_MAX);
        assert_eq!(affordable(100_000, 2, None), 399);
        assert_eq!(affordable(2_000_000, 2, None), 0);
        assert_eq!(affordable(0, 2, None), 0);
    }

    #[test]
    fn a_measure_that_most_resamples_lack_has_no_interval() {
        // One row of the second class and one of the first: half of the resamples have one class only.
        let answers = Answers::Classes { probabilities: vec![0.6, 0.4], n_classes: 2 };
        let mut bootstrap = Bootstrap::new(&answers, &Target::Classes { codes: vec![1], n_classes: 2 }, None, Seed(1));
        while bootstrap.step() {}
        let intervals = bootstrap.intervals().unwrap();
        assert_eq!(intervals["roc_auc"], None);
        assert_eq!(intervals["accuracy"], Some([0.0, 0.0]));
    }

    #[test]
    fn no_rows_have_no_intervals() {
        let mut bootstrap = Bootstrap::new(&Answers::Values(vec![]), &Target::Values(vec![]), None, Seed(1));
        assert!(!bootstrap.step());
        assert_eq!((bootstrap.n_resamples(), bootstrap.intervals()), (0, None));
    }

    /// Of 200 data sets with a known truth, about 95 % should have it inside; the percentile bootstrap is known to be
    /// a little short on small samples (Efron and Tibshirani 1993, section 14.2).
    #[test]
    fn intervals_cover_the_truth_about_as_often_as_they_say() {
        let mut rng = Seed(11).rng();
        let (mut n_accuracy, mut n_mae) = (0, 0);
        for round in 0..200 {
            // Right with probability 0.8.
            let codes: Vec<u32> = (0..120).map(|_| rng.below(2) as u32).collect();
            let answered = codes.iter().map(|&code| if rng.uniform() < 0.8 { code } else { 1 - code });
            let probabilities = answered.flat_map(|code| [0.7 - 0.4 * f64::from(code), 0.3 + 0.4 * f64::from(code)]);
            let answers = Answers::Classes { probabilities: probabilities.collect(), n_classes: 2 };
            let [low, high] = interval(&answers, &Target::Classes { codes, n_classes: 2 }, round, "accuracy");
            n_accuracy += u32::from((low..=high).contains(&0.8));
            // Errors spread evenly over −1 to 1: their size is ½ in the mean.
            let answers = Answers::Values((0..120).map(|_| 2.0 * rng.uniform() - 1.0).collect());
            let [low, high] = interval(&answers, &Target::Values(vec![0.0; 120]), round, "mae");
            n_mae += u32::from((low..=high).contains(&0.5));
        }
        assert!((180..=198).contains(&n_accuracy) && (180..=198).contains(&n_mae), "{n_accuracy} {n_mae}");
    }

    fn interval(answers: &Answers, truth: &Target, seed: u64, name: &str) -> [f64; 2] {
        let mut bootstrap = Bootstrap::new(answers, truth, Some(300), Seed(seed));
        while bootstrap.step() {}
        bootstrap.intervals().unwrap()[name].unwrap()
    }
}
