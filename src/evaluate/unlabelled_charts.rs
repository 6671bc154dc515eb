//! What is drawn of answers that have no truth beside them: how large clusters are, what components keep, where rows lie along the first two,
//! how scores are distributed and which rows have the lowest.

use super::Series;
use super::charts::drawn_rows;
use crate::random::Seed;

/// Bins of the scores.
const N_BINS: usize = 24;
/// Rows listed as the oddest.
const N_ODDEST: usize = 20;

/// Of clusters: `cluster_sizes` (the clusters' numbers across, `n_rows` in each).
pub(super) fn cluster_charts(codes: &[u32], n_clusters: usize) -> Vec<(&'static str, Series)> {
    let mut n_rows = vec![0u32; n_clusters];
    codes.iter().for_each(|&code| n_rows[code as usize] += 1);
    let x = (0..n_clusters).map(|code| code as f64).collect();
    vec![("cluster_sizes", Series { x, n_rows, ..Series::default() })]
}

/// Of components: `explained_variance` (each one's share, then the shares added up) and `components` (rows along the
/// first and the second; along 0 where there is one).
///
/// **Shapes** `shares`: one per component; `plane`: one pair per row. Of many rows, 1500 are drawn by lot.
pub(super) fn component_charts(shares: &[f64], plane: &[[f64; 2]]) -> Vec<(&'static str, Series)> {
    let x: Vec<f64> = (1..=shares.len()).map(|number| number as f64).collect();
    let added_up = shares.iter().scan(0.0, |sum, share| {
        *sum += share;
        Some(*sum)
    });
    let added_up = Series { x: x.clone(), y: added_up.collect(), ..Series::default() };
    let mut rows = drawn_rows(plane.len(), Seed(0));
    rows.retain(|&row| plane[row as usize].iter().all(|value| value.is_finite()));
    let along = |axis: usize| rows.iter().map(|&row| plane[row as usize][axis]).collect::<Vec<f64>>();
    let points = Series { x: along(0), y: along(1), rows, ..Series::default() };
    vec![
        ("explained_variance", Series { x, y: shares.to_vec(), ..Series::default() }),
        ("explained_variance", added_up),
        ("components", points),
    ]
}

/// Of scores: `scores` (across the edges of the bins, one more than there are bins; `n_rows` in each) and `oddest` (the
/// rows with the lowest, lowest first; the earlier among equals). Nothing of no scores.
pub(super) fn score_charts(scores: &[f64]) -> Vec<(&'static str, Series)> {
    if scores.is_empty() {
        return Vec::new();
    }
    let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let n_bins = if high > low { N_BINS } else { 1 };
    let width = (high - low) / n_bins as f64;
    let edges = (0..n_bins).map(|bin| low + bin as f64 * width).chain([high]).collect();
    let mut n_rows = vec![0u32; n_bins];
    let mut oddest: Vec<u32> = Vec::with_capacity(N_ODDEST + 1);
    for (row, &score) in scores.iter().enumerate() {
        let bin = if width > 0.0 { ((score - low) / width) as usize } else { 0 };
        n_rows[bin.min(n_bins - 1)] += 1;
        let place = oddest.partition_point(|&other| scores[other as usize] <= score);
        if place < N_ODDEST {
            oddest.insert(place, row as u32);
            oddest.truncate(N_ODDEST);
        }
    }
    let x = (1..=oddest.len()).map(|rank| rank as f64).collect();
    let y = oddest.iter().map(|&row| scores[row as usize]).collect();
    vec![
        ("scores", Series { x: edges, n_rows, ..Series::default() }),
        ("oddest", Series { x, y, rows: oddest, ..Series::default() }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_without_rows_is_counted_too() {
        let (name, sizes) = &cluster_charts(&[0, 2, 0], 4)[0];
        assert_eq!((*name, &sizes.n_rows), ("cluster_sizes", &vec![2, 0, 1, 0]));
    }

    #[test]
    fn shares_are_added_up_and_rows_keep_their_numbers() {
        let charts = component_charts(&[0.5, 0.25], &[[1.0, 2.0], [f64::INFINITY, 0.0], [3.0, 4.0]]);
        assert_eq!(charts[0].1.y, [0.5, 0.25]);
        assert_eq!((&charts[1].1.x, &charts[1].1.y), (&vec![1.0, 2.0], &vec![0.5, 0.75]));
        let points = &charts[2].1;
        assert_eq!((&points.x, &points.y, &points.rows), (&vec![1.0, 3.0], &vec![2.0, 4.0], &vec![0, 2]));
        let many = component_charts(&[1.0], &vec![[0.0; 2]; 5000]);
        assert_eq!(many[2].1.rows.len(), 1500);
    }

    #[test]
    fn every_score_is_in_a_bin_and_the_lowest_come_first() {
        let scores: Vec<f64> = (0..48).map(|row| -f64::from((row * 7) % 48) / 48.0).collect();
        let charts = score_charts(&scores);
        let bins = &charts[0].1;
        assert_eq!((bins.x.len(), bins.n_rows.len()), (25, 24));
        assert_eq!(bins.n_rows.iter().sum::<u32>(), 48);
        let oddest = &charts[1].1;
        assert_eq!(oddest.rows.len(), 20);
        assert_eq!(oddest.y[0], -47.0 / 48.0);
        assert!(oddest.y.is_sorted() && oddest.rows.iter().zip(&oddest.y).all(|(row, y)| scores[*row as usize] == *y));
    }

    #[test]
    fn scores_that_are_all_the_same_are_one_bin() {
        let charts = score_charts(&[-0.5, -0.5]);
        assert_eq!((&charts[0].1.x, &charts[0].1.n_rows), (&vec![-0.5, -0.5], &vec![2]));
        assert_eq!(charts[1].1.rows, [0, 1]);
        assert!(score_charts(&[]).is_empty());
    }
}
