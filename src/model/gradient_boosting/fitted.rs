//! A fitted boosting: answering rows in blocks, and its numbers by name.

use super::forest::{Forest, LANES};
use super::loss::Loss;
use crate::Error;
use crate::model::{Answers, Fitted, State, Structure, Trees, malformed};
use crate::preprocess::Matrix;

/// Numbers of a block of rows, which all trees read before the next block: what fits a fast cache.
const BLOCK_NUMBERS: usize = 4_096;

/// Trees whose sum is the answer, or the scores of the classes.
///
/// ```text
/// score(x)  = baseline + Σ tree(x)
/// answer    = score                         for numbers
/// p(second) = 1 / (1 + e^−score)            for two classes
/// p(class)  = e^score[class] / Σ e^score    for more; tree t speaks for class t % n_classes
/// ```
/// A tree's node has the value it adds, learning rate included, and as impurity the variance of what was left to learn
/// among its rows. Answering takes `O(n_rows · n_trees · depth)`.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedGradientBoosting {
    forest: Forest,
    /// What the sums begin with, one per output.
    baseline: Vec<f64>,
    n_features: usize,
    /// 0 in regression.
    n_classes: usize,
}

impl FittedGradientBoosting {
    pub(super) fn new(forest: Forest, baseline: Vec<f64>, n_features: usize, n_classes: usize) -> Self {
        Self { forest, baseline, n_features, n_classes }
    }

    /// What the sums begin with: the mean, the log-odds of the second class, or one score per class.
    pub fn baseline(&self) -> &[f64] {
        &self.baseline
    }

    /// Reads [`Fitted::state`] back.
    ///
    /// **Errors** `export.malformed_model` when numbers are missing, or are not those of such a model.
    pub fn load(state: &State) -> Result<Self, Error> {
        let [n_features, n_classes] = *state.u32("shape")? else {
            return Err(malformed("a boosting's shape is two numbers"));
        };
        let (n_features, n_classes) = (n_features as usize, n_classes as usize);
        let baseline = state.f64("baseline")?.to_vec();
        if baseline.len() != Loss::of(n_classes).n_outputs() || !baseline.iter().all(|x| x.is_finite()) {
            return Err(malformed("a boosting begins with one finite number per output"));
        }
        let forest = Forest::read(state, n_features)?;
        if !forest.n_trees().is_multiple_of(baseline.len()) {
            return Err(malformed(format!("{} trees are no whole rounds", forest.n_trees())));
        }
        Ok(Self { forest, baseline, n_features, n_classes })
    }
}

impl Fitted for FittedGradientBoosting {
    fn kind(&self) -> &'static str {
        super::KIND.kind
    }

    fn n_features(&self) -> usize {
        self.n_features
    }

    fn predict(&self, x: &Matrix) -> Answers {
        let n_rows = x.n_rows();
        let mut scores: Vec<Vec<f64>> = self.baseline.iter().map(|&score| vec![score; n_rows]).collect();
        // Where nothing can be asked, rows of nothing still have to be counted.
        let n_features = self.n_features.max(1);
        let block_rows = (BLOCK_NUMBERS / n_features).next_multiple_of(LANES).min(n_rows.next_multiple_of(LANES));
        // Behind the last row are numbers of others that were there before; nobody reads their answers.
        let mut rows = vec![0.0; block_rows * n_features];
        for start in (0..n_rows).step_by(block_rows.max(1)) {
            let end = n_rows.min(start + block_rows);
            for (idx, feature) in x.features().iter().enumerate() {
                for (row, &x) in feature[start..end].iter().enumerate() {
                    rows[row * n_features + idx] = x;
                }
            }
            let mut blocks: Vec<&mut [f64]> = scores.iter_mut().map(|scores| &mut scores[start..end]).collect();
            self.forest.add_all(&rows, n_features, &mut blocks);
        }
        Loss::of(self.n_classes).answers(scores)
    }

    fn cost_per_row(&self) -> usize {
        // Two numbers for each of some eight levels.
        self.n_features + 16 * self.forest.n_trees()
    }

    fn structure(&self) -> Structure<'_> {
        Structure::Trees(&self.forest)
    }

    fn state(&self) -> State {
        let state = State::default()
            .with_u32("shape", vec![self.n_features as u32, self.n_classes as u32])
            .with_f64("baseline", self.baseline.clone());
        self.forest.write(state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::bins::{Cuts, Grid};
    use super::super::cut::{Cut, Question};
    use super::super::histogram::Sums;
    use super::super::tree::Grown;
    use super::*;

    fn boosting(n_classes: usize, baseline: Vec<f64>) -> FittedGradientBoosting {
        let leaf = |value| Grown { split: None, n_samples: 1, value, impurity: 0.0 };
        let (left, right) = (Sums::default(), Sums::default());
        let cut = Cut { gain: 1.0, feature: 0, question: Question::UpTo(0), missing_left: false, left, right };
        let root = Grown { split: Some((cut, 2)), n_samples: 2, value: 0.0, impurity: 1.0 };
        let grid = Grid { cuts: vec![Cuts::Numbers(vec![0.5])], has_missing: vec![false] };
        let mut forest = Forest::default();
        for _ in 0..baseline.len() {
            forest.push(&[root, leaf(-1.0), leaf(2.0)], &grid);
        }
        FittedGradientBoosting::new(forest, baseline, 1, n_classes)
    }

    #[test]
    fn answers_are_the_baseline_and_what_the_trees_add() {
        // More rows than a block has.
        let x = Matrix::from_columns(vec![(0..10_000).map(|row| f64::from(row % 2)).collect()]);
        let Answers::Values(values) = boosting(0, vec![10.0]).predict(&x) else { panic!("numbers") };
        assert!(values.chunks_exact(2).all(|pair| pair == [9.0, 12.0]));
    }

    #[test]
    fn a_score_becomes_a_probability() {
        let x = Matrix::from_columns(vec![vec![0.0]]);
        let Answers::Classes { probabilities, .. } = boosting(2, vec![1.0]).predict(&x) else { panic!("classes") };
        assert_eq!(probabilities, [0.5, 0.5]);
    }

    #[test]
    fn a_model_of_other_outputs_is_refused() {
        let state = boosting(3, vec![0.0; 3]).state();
        assert_eq!(FittedGradientBoosting::load(&state).unwrap(), boosting(3, vec![0.0; 3]));
        for shape in [vec![1, 4], vec![1, 0], vec![1], vec![0, 3]] {
            let error = FittedGradientBoosting::load(&state.clone().with_u32("shape", shape)).unwrap_err();
            assert_eq!(error.code(), "export.malformed_model");
        }
    }
}
