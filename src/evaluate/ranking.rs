//! Rows in the order of a score, and what that order is worth.

/// Rows by falling score, those with the same score together.
///
/// It is made once and then walked with any weights: a bootstrap need not sort again.
pub(super) struct Ranking {
    rows: Vec<u32>,
    is_inside: Vec<bool>,
    /// One past the last position of each run of equal scores.
    ends: Vec<u32>,
}

/// Areas under the curves of a ranking; none where a side it needs has no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Areas {
    pub(super) roc_auc: Option<f64>,
    pub(super) average_precision: Option<f64>,
}

impl Ranking {
    /// Ranks the rows by the probability of one class, in `O(n_rows · log(n_rows))`.
    pub(super) fn of_class(probabilities: &[f64], n_classes: usize, truth: &[u32], class: usize) -> Self {
        let scores: Vec<f64> = probabilities.iter().skip(class).step_by(n_classes).copied().collect();
        let score = |row: u32| scores[row as usize];
        let mut rows: Vec<u32> = (0..truth.len() as u32).collect();
        rows.sort_unstable_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
        let mut ends = Vec::new();
        for run in rows.chunk_by(|&a, &b| score(a) == score(b)) {
            ends.push(ends.last().copied().unwrap_or(0) + run.len() as u32);
        }
        let is_inside = rows.iter().map(|&row| truth[row as usize] as usize == class).collect();
        Self { rows, is_inside, ends }
    }

    /// Tells each run of equal scores, highest first: the weight inside the class and outside.
    pub(super) fn walk(&self, weights: &[u32], mut hear: impl FnMut(u64, u64)) {
        let mut start = 0;
        for &end in &self.ends {
            let (mut inside, mut all) = (0u64, 0u64);
            for position in start..end as usize {
                let weight = u64::from(weights[self.rows[position] as usize]);
                all += weight;
                inside += if self.is_inside[position] { weight } else { 0 };
            }
            hear(inside, all - inside);
            start = end as usize;
        }
    }

    /// Both areas.
    ///
    /// `roc_auc` is the share of pairs (one inside, one outside) in which the one inside scores higher, ties counting
    /// half: the rank sum of Mann and Whitney (1947, <https://doi.org/10.1214/aoms/1177730491>).
    /// `average_precision` is `Σ (recall − recall before) · precision` over the thresholds, without interpolation.
    pub(super) fn areas(&self, weights: &[u32]) -> Areas {
        // Pairs won, in halves: whole numbers stay exact.
        let mut halves_won = 0u64;
        let (mut n_inside, mut n_outside) = (0u64, 0u64);
        let mut precisions = 0.0;
        self.walk(weights, |inside, outside| {
            halves_won += outside * (2 * n_inside + inside);
            n_inside += inside;
            n_outside += outside;
            if inside > 0 {
                precisions += inside as f64 * (n_inside as f64 / (n_inside + n_outside) as f64);
            }
        });
        let roc_auc =
            (n_inside > 0 && n_outside > 0).then(|| halves_won as f64 / 2.0 / (n_inside as f64 * n_outside as f64));
        Areas { roc_auc, average_precision: (n_inside > 0).then(|| precisions / n_inside as f64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(scores: &[f64], inside: &[u32]) -> Ranking {
        Ranking::of_class(scores, 1, &inside.iter().map(|x| 1 - x).collect::<Vec<_>>(), 0)
    }

    #[test]
    fn the_area_counts_pairs() {
        // Inside 0.8 and 0.4, outside 0.4 and 0.1: three pairs won, one tied.
        let areas = ranking(&[0.8, 0.4, 0.4, 0.1], &[1, 1, 0, 0]).areas(&[1; 4]);
        assert_eq!(areas.roc_auc, Some(3.5 / 4.0));
        // Recall goes from 0 to 1/2 with precision 1, then to 1 with precision 2/3.
        assert_eq!(areas.average_precision, Some((1.0 + 2.0 / 3.0) / 2.0));
        assert_eq!(ranking(&[0.8], &[1]).areas(&[1]), Areas { roc_auc: None, average_precision: Some(1.0) });
        assert_eq!(ranking(&[0.8], &[0]).areas(&[1]), Areas::default());
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice() {
        let twice = ranking(&[0.9, 0.7, 0.7, 0.3, 0.1], &[0, 1, 1, 0, 1]).areas(&[1; 5]);
        assert_eq!(ranking(&[0.9, 0.7, 0.5, 0.3, 0.1], &[0, 1, 1, 0, 1]).areas(&[1, 2, 0, 1, 1]), twice);
    }
}
