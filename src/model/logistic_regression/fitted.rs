//! What a logistic regression has learned: coefficients that answer rows.

use super::KIND;
use super::loss::sigmoid;
use crate::Error;
use crate::model::linear_map::{LinearMap, softmax_rows};
use crate::model::{Answers, Fitted, State, Structure, malformed};
use crate::preprocess::{Matrix, Task};

/// A fitted logistic regression.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedLogisticRegression {
    pub(super) map: LinearMap,
    pub(super) n_classes: usize,
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
