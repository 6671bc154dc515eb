//! Successive halving: rounds with fewer candidates and more rows each.

use super::SearchError;
use crate::Error;

/// By how much a round has fewer candidates and more rows than the one before; scikit-learn's default.
const FACTOR: usize = 3;

/// A round of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// How many candidates are fitted.
    pub n_candidates: usize,
    /// How many rows are used, training and held-back ones together.
    pub n_rows: usize,
}

/// The rounds of scikit-learn's `HalvingGridSearchCV` with its defaults (`resource="n_samples"`, `factor=3`,
/// `min_resources="exhaust"`): the last round uses as many rows as possible.
///
/// `n_classes` is 1 for regression: the first round has at least `2 · n_folds · n_classes` rows.
///
/// **Errors** `train.too_few_rows_for_halving`.
///
/// ```
/// use vitrine::train::search::schedule;
/// let rounds = schedule(12, 150, 5, 3).unwrap();
/// let pairs: Vec<_> = rounds.iter().map(|round| (round.n_candidates, round.n_rows)).collect();
/// assert_eq!(pairs, [(12, 30), (4, 90)]);
/// ```
///
/// **Reference** Jamieson and Talwalkar 2016, <https://proceedings.mlr.press/v51/jamieson16.html>;
/// <https://scikit-learn.org/stable/modules/grid_search.html#successive-halving-user-guide>
pub fn schedule(n_candidates: usize, n_rows: usize, n_folds: usize, n_classes: usize) -> Result<Vec<Round>, Error> {
    let n_needed = (2 * n_folds * n_classes).max(1);
    if n_needed > n_rows {
        return Err(SearchError::TooFewRows { n_rows, n_needed }.into());
    }
    let n_required = n_rounds(n_candidates);
    let first = n_needed.max(n_rows / FACTOR.pow(n_required - 1));
    let n_possible = n_rounds(n_rows / first);
    let mut round = Round { n_candidates, n_rows: first };
    let mut rounds = Vec::new();
    for _ in 0..n_required.min(n_possible) {
        rounds.push(round);
        let n_rows = (round.n_rows * FACTOR).min(n_rows);
        round = Round { n_candidates: round.n_candidates.div_ceil(FACTOR), n_rows };
    }
    Ok(rounds)
}

/// How often `n` can be divided, and once more. By logarithms, as scikit-learn counts: ln 243 / ln 3 is below 5 then.
fn n_rounds(n: usize) -> u32 {
    1 + (libm::log(n.max(1) as f64) / libm::log(FACTOR as f64)).floor() as u32
}

/// The `n` candidates that go on, by their ranks, in their own order; among equals the first.
pub fn best(candidates: &[usize], ranks: &[usize], n: usize) -> Vec<usize> {
    let mut by_rank: Vec<usize> = candidates.to_vec();
    by_rank.sort_by_key(|&candidate| (ranks[candidate], candidate));
    by_rank.truncate(n);
    by_rank.sort_unstable();
    by_rank
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_candidate_is_fitted_once_on_everything() {
        assert_eq!(schedule(1, 100, 5, 1).unwrap(), [Round { n_candidates: 1, n_rows: 100 }]);
    }

    #[test]
    fn few_rows_are_refused_with_how_many_are_needed() {
        let error = schedule(9, 29, 5, 3).unwrap_err();
        assert_eq!(error.message(), "halving needs at least 30 rows to begin with, but there are 29");
    }

    #[test]
    fn the_first_among_equals_goes_on() {
        assert_eq!(best(&[0, 2, 3], &[2, 1, 1, 2], 2), [0, 2]);
    }
}
