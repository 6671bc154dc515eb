//! Means over folds, and who stands where.

/// How a measure came out over the folds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// The mean; none when a fold has no such measure.
    pub mean: Option<f64>,
    /// The standard deviation over the folds (dividing by their number, as scikit-learn's `std_test_score` does).
    pub std: Option<f64>,
}

/// Mean and standard deviation over folds.
///
/// ```
/// use vitrine::train::search::spread;
/// let over_folds = spread(&[Some(1.0), Some(3.0)]);
/// assert_eq!((over_folds.mean, over_folds.std), (Some(2.0), Some(1.0)));
/// assert_eq!(spread(&[Some(1.0), None]).mean, None);
/// ```
pub fn spread(folds: &[Option<f64>]) -> Spread {
    let values: Option<Vec<f64>> = folds.iter().copied().collect();
    let Some(values) = values.filter(|values| !values.is_empty()) else { return Spread::default() };
    let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mean = mean_of(&values);
    let squares: Vec<f64> = values.iter().map(|value| (value - mean) * (value - mean)).collect();
    let is_number = |value: f64| value.is_finite().then_some(value);
    Spread { mean: is_number(mean), std: is_number(libm::sqrt(mean_of(&squares))) }
}

/// The rank of each candidate, from 1; equals share the better rank, and those without a score come last.
///
/// `reached` is the last round each took part in: who got farther stands before who did not.
///
/// **Shapes** as many rounds as scores.
pub fn ranks(reached: &[usize], scores: &[Option<f64>], smaller_is_better: bool) -> Vec<usize> {
    let worth = |candidate: usize| {
        let score = scores[candidate].map_or(f64::NEG_INFINITY, |score| if smaller_is_better { -score } else { score });
        (reached[candidate], score)
    };
    let is_before = |a: (usize, f64), b: (usize, f64)| a.0 > b.0 || (a.0 == b.0 && a.1 > b.1);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| {
        let (a, b) = (worth(a), worth(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    let mut ranks = vec![0; scores.len()];
    for (position, &candidate) in order.iter().enumerate() {
        let tied = position.checked_sub(1).map(|before| order[before]).filter(|&other| {
            // Zero and minus zero are one score.
            !is_before(worth(other), worth(candidate))
        });
        ranks[candidate] = tied.map_or(position + 1, |other| ranks[other]);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_a_rank_and_failures_come_last() {
        let scores = [Some(0.5), None, Some(0.9), Some(0.5), None, Some(0.1)];
        assert_eq!(ranks(&[0; 6], &scores, false), [2, 5, 1, 2, 5, 4]);
        assert_eq!(ranks(&[0; 6], &scores, true), [2, 5, 4, 2, 5, 1]);
        assert_eq!(ranks(&[0; 2], &[Some(0.0), Some(-0.0)], true), [1, 1]);
    }

    #[test]
    fn who_gets_farther_stands_before() {
        assert_eq!(ranks(&[1, 0, 1], &[Some(0.2), Some(0.9), None], false), [1, 3, 2]);
    }
}
