//! What is drawn of a model's answers: curves of each class, and points of a regression.
//!
//! Few numbers leave here however many rows there are: curves are thinned where a straight line says the same, points
//! are drawn by lot.

use super::calibration::{Binning, N_BINS, calibration};
use super::ranking::Ranking;
use crate::random::Seed;

/// Classes that are drawn at most: more lines cannot be told apart, and there are as many colours.
pub const N_CLASSES_MAX: usize = 8;
/// Points of a curve at most.
const N_CURVE_POINTS: usize = 200;
/// Points of a scatter at most.
const N_POINTS: usize = 1500;

/// One line, or one cloud of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Which class it is of; none for a regression.
    pub class: Option<usize>,
    /// The area under it: ROC-AUC, or average precision.
    pub area: Option<f64>,
    /// Across.
    pub x: Vec<f64>,
    /// Upwards.
    pub y: Vec<f64>,
    /// Of points, which of the measured rows each is.
    pub rows: Vec<u32>,
    /// Of a calibration curve, of clusters and of scores, how many rows are in each bin.
    pub n_rows: Vec<u32>,
}

/// The classes worth drawing: those with most rows, in their order.
pub fn drawn_classes(truth: &[u32], n_classes: usize) -> Vec<usize> {
    let mut counts = vec![0usize; n_classes];
    for &class in truth {
        if let Some(count) = counts.get_mut(class as usize) {
            *count += 1;
        }
    }
    let mut classes: Vec<usize> = (0..n_classes).collect();
    classes.sort_by_key(|&class| std::cmp::Reverse(counts[class]));
    classes.truncate(N_CLASSES_MAX);
    classes.sort_unstable();
    classes
}

/// The curves of one class against the rest, by chart: `roc`, `precision_recall`, `calibration`, `calibration_quantile`.
///
/// **Shapes** `probabilities`: `n_rows × n_classes`, row-major; `truth`: `n_rows`. A curve that is not defined (a side it
/// needs has no rows) has no points. ROC goes from (0, 0) to (1, 1). Precision over recall begins at (0, 1), as
/// scikit-learn's ends, and is not interpolated. Each has 200 points at most. `O(n_rows · log(n_rows))`.
///
/// ```
/// use vitrine::evaluate::class_charts;
/// let charts = class_charts(&[0.1, 0.9, 0.8, 0.2], 2, &[1, 0], 1);
/// let (name, roc) = &charts[0];
/// assert_eq!((*name, roc.area), ("roc", Some(1.0)));
/// assert_eq!((&roc.x, &roc.y), (&vec![0.0, 0.0, 1.0], &vec![0.0, 1.0, 1.0]));
/// ```
///
/// **Reference** scikit-learn's `roc_curve`, `precision_recall_curve` and `calibration_curve`.
pub fn class_charts(
    probabilities: &[f64],
    n_classes: usize,
    truth: &[u32],
    class: usize,
) -> [(&'static str, Series); 4] {
    let ranking = Ranking::of_class(probabilities, n_classes, truth, class);
    let weights = vec![1; truth.len()];
    let areas = ranking.areas(&weights);
    let (mut hits, mut false_alarms) = (vec![0.0], vec![0.0]);
    let (mut n_inside, mut n_outside) = (0.0, 0.0);
    ranking.walk(&weights, |inside, outside| {
        n_inside += inside as f64;
        n_outside += outside as f64;
        hits.push(n_inside);
        false_alarms.push(n_outside);
    });
    let recall: Vec<f64> = hits.iter().map(|hits| hits / n_inside).collect();
    let fall_out: Vec<f64> = false_alarms.iter().map(|alarms| alarms / n_outside).collect();
    let precision = hits.iter().zip(&false_alarms).map(|(hits, alarms)| hits / (hits + alarms)).skip(1);
    let precision: Vec<f64> = std::iter::once(1.0).chain(precision).collect();
    let curve = |area: Option<f64>, x: &[f64], y: &[f64]| {
        let (x, y) = if area.is_some() { thinned(x, y) } else { Default::default() };
        Series { class: Some(class), area, x, y, ..Series::default() }
    };
    let own: Vec<f64> = probabilities.iter().skip(class).step_by(n_classes.max(1)).copied().collect();
    let is_inside: Vec<bool> = truth.iter().map(|&code| code as usize == class).collect();
    let calibrated = |binning| {
        let curve = calibration(&own, &is_inside, N_BINS, binning);
        let (x, y, n_rows) = (curve.predicted, curve.observed, curve.n_rows);
        Series { class: Some(class), x, y, n_rows, ..Series::default() }
    };
    [
        ("roc", curve(areas.roc_auc, &fall_out, &recall)),
        ("precision_recall", curve(areas.average_precision, &recall, &precision)),
        ("calibration", calibrated(Binning::Uniform)),
        ("calibration_quantile", calibrated(Binning::Quantile)),
    ]
}

/// The rows that are drawn, sorted: all, or of many 1500 by lot.
pub(super) fn drawn_rows(n_rows: usize, seed: Seed) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..n_rows as u32).collect();
    if rows.len() > N_POINTS {
        seed.derive("points").rng().shuffle(&mut rows);
        rows.truncate(N_POINTS);
        rows.sort_unstable();
    }
    rows
}

/// The points of a regression, by chart: `fitted` (true across, answered upwards) and `residuals` (answered across,
/// true − answered upwards). Of many rows, 1500 are drawn by lot.
pub fn value_charts(answers: &[f64], truth: &[f64], seed: Seed) -> [(&'static str, Series); 2] {
    let mut rows = drawn_rows(truth.len(), seed);
    // What overflows has no place on paper.
    rows.retain(|&row| (truth[row as usize] - answers[row as usize]).is_finite());
    let of = |numbers: &[f64]| rows.iter().map(|&row| numbers[row as usize]).collect::<Vec<_>>();
    let (truth, answers) = (of(truth), of(answers));
    let residuals = truth.iter().zip(&answers).map(|(truth, answer)| truth - answer).collect();
    [
        ("fitted", Series { x: truth, y: answers.clone(), rows: rows.clone(), ..Series::default() }),
        ("residuals", Series { x: answers, y: residuals, rows, ..Series::default() }),
    ]
}

/// At most 200 points of a line, among them its ends: again and again the point that the line so far misses most.
/// Points on a straight line are left out, so that a curve with few corners keeps its very shape.
///
/// Reference: Ramer (1972), <https://doi.org/10.1016/S0146-664X(72)80017-0>; here best first.
fn thinned(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    // A hundredth of a rounding at this scale: what a drawing could show is a billion times more.
    const STRAIGHT: f64 = 1e-12;
    let worst = |start: usize, end: usize| {
        let (dx, dy) = (x[end] - x[start], y[end] - y[start]);
        let length = libm::sqrt(dx * dx + dy * dy);
        let off = |at: usize| {
            let (px, py) = (x[at] - x[start], y[at] - y[start]);
            if length > 0.0 { (dx * py - dy * px).abs() / length } else { libm::sqrt(px * px + py * py) }
        };
        (start + 1..end).fold((0.0, start), |worst, at| if off(at) > worst.0 { (off(at), at) } else { worst })
    };
    let mut pieces = vec![(worst(0, x.len() - 1), 0, x.len() - 1)];
    while pieces.len() + 1 < N_CURVE_POINTS {
        let farthest = (0..pieces.len()).max_by(|&a, &b| pieces[a].0.0.total_cmp(&pieces[b].0.0));
        let Some(piece) = farthest.filter(|&piece| pieces[piece].0.0 > STRAIGHT) else { break };
        let ((_, at), start, end) = pieces[piece];
        pieces[piece] = (worst(start, at), start, at);
        pieces.push((worst(at, end), at, end));
    }
    let mut kept: Vec<usize> = pieces.iter().map(|piece| piece.1).collect();
    kept.push(x.len() - 1);
    kept.sort_unstable();
    let of = |numbers: &[f64]| kept.iter().map(|&at| numbers[at]).collect();
    (of(x), of(y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_straight_line_are_left_out() {
        let (x, y) = thinned(&[0.0, 0.1, 0.2, 0.2, 1.0], &[0.0, 0.1, 0.2, 0.6, 0.6]);
        assert_eq!((x, y), (vec![0.0, 0.2, 0.2, 1.0], vec![0.0, 0.2, 0.6, 0.6]));
    }

    #[test]
    fn a_long_curve_keeps_its_area() {
        let mut rng = Seed(5).rng();
        let truth: Vec<u32> = (0..20_000).map(|_| rng.below(2) as u32).collect();
        let score = |&code: &u32| 0.3 * f64::from(code) + 0.7 * rng.uniform();
        let probabilities: Vec<f64> = truth.iter().map(score).flat_map(|p| [1.0 - p, p]).collect();
        let [(_, roc), (_, precision), ..] = class_charts(&probabilities, 2, &truth, 1);
        assert_eq!((roc.x.len(), precision.x.len()), (N_CURVE_POINTS, N_CURVE_POINTS));
        let trapezoids = (1..roc.x.len()).map(|at| (roc.x[at] - roc.x[at - 1]) * (roc.y[at] + roc.y[at - 1]) / 2.0);
        assert!((trapezoids.sum::<f64>() - roc.area.unwrap()).abs() < 1e-3);
        assert_eq!([roc.x[199], roc.y[199], precision.x[0], precision.y[0]], [1.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn a_class_without_rows_has_no_curves() {
        let [(_, roc), (_, precision), (_, calibration), _] = class_charts(&[0.5, 0.5], 2, &[0], 1);
        assert!(roc.x.is_empty() && precision.x.is_empty());
        assert_eq!((calibration.y, calibration.n_rows), (vec![0.0], vec![1]));
    }

    #[test]
    fn many_rows_are_drawn_by_lot_and_few_all() {
        let truth: Vec<f64> = (0..5000).map(f64::from).collect();
        let [(_, fitted), (_, residuals)] = value_charts(&vec![0.0; 5000], &truth, Seed(1));
        assert_eq!((fitted.rows.len(), &fitted.rows), (N_POINTS, &residuals.rows));
        assert!(fitted.rows.iter().zip(&fitted.x).all(|(row, x)| f64::from(*row) == *x));
        assert_eq!(residuals.y, fitted.x);
        let [(_, fitted), _] = value_charts(&[1.0, 1e308], &[2.0, -1e308], Seed(1));
        assert_eq!(fitted.rows, [0]);
    }

    #[test]
    fn the_largest_classes_are_drawn() {
        let truth: Vec<u32> = (0..20).flat_map(|class| std::iter::repeat_n(class, 21 - class as usize)).collect();
        assert_eq!(drawn_classes(&truth, 20), (0..N_CLASSES_MAX).collect::<Vec<_>>());
    }
}
