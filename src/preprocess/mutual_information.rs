//! How much knowing one number tells about another, in nats, from the distances between neighbours.
//!
//! **Reference** Kraskov, Stögbauer and Grassberger 2004, <https://doi.org/10.1103/PhysRevE.69.066138>, for two
//! numbers; Ross 2014, <https://doi.org/10.1371/journal.pone.0087357>, for a number and a class. As in scikit-learn's
//! `mutual_info_classif` and `mutual_info_regression`, numbers are brought to standard deviation 1 and equal ones are
//! set apart by a tiny noise; here the noise is always the same.

use crate::preprocess::{Target, stats};
use crate::random::Seed;

/// Neighbours that are looked at (scikit-learn's default).
const N_NEIGHBORS: usize = 3;

/// Rows that are looked at, evenly spaced: comparing all pairs of more would take longer than a cancel may wait, and
/// which features tell most is plain from fewer.
const MAX_ROWS: usize = 5_000;

/// The information that `x` and the target share; never negative.
///
/// **Shapes** `x` is as long as the target. `is_discrete`: equal numbers of `x` are one class.
///
/// Cost: `O(n log n)` for well-spread numbers, `O(n²)` for two numbers with many ties, of at most five thousand rows.
pub(super) fn shared(x: &[f64], is_discrete: bool, target: &Target) -> f64 {
    let stride = x.len().div_ceil(MAX_ROWS).max(1);
    let rows: Vec<u32> = (0..x.len() as u32).step_by(stride).collect();
    let x: Vec<f64> = rows.iter().map(|&row| x[row as usize]).collect();
    let information = match (is_discrete, target.take_rows(&rows)) {
        (true, Target::Classes { codes, .. }) => of_two_classes(&classes(&x), &codes),
        (true, Target::Values(y)) => of_number_and_class(&spread(&y, "target"), &classes(&x)),
        (false, Target::Classes { codes, .. }) => of_number_and_class(&spread(&x, "feature"), &codes),
        (false, Target::Values(y)) => of_two_numbers(&spread(&x, "feature"), &spread(&y, "target")),
    };
    information.max(0.0)
}

/// Positions among the sorted distinct numbers.
fn classes(x: &[f64]) -> Vec<u32> {
    let mut distinct = x.to_vec();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    x.iter().map(|x| distinct.partition_point(|other| other < x) as u32).collect()
}

/// Numbers at standard deviation 1, with ties set apart.
fn spread(x: &[f64], label: &str) -> Vec<f64> {
    const NOISE: f64 = 1e-10;
    let std = stats::mean_std(x).map_or(1.0, |(_, std)| std);
    let scale = if std > 0.0 && std.is_finite() { std } else { 1.0 };
    let sizes: Vec<f64> = x.iter().map(|x| (x / scale).abs()).collect();
    let noise = NOISE * stats::mean(&sizes).unwrap_or(1.0).max(1.0);
    let mut rng = Seed(0).derive("mutual_information").derive(label).rng();
    x.iter().map(|x| x / scale + noise * (2.0 * rng.uniform() - 1.0)).collect()
}

/// The digamma function of `1..=n`, at its position: `ψ(k) = -γ + 1 + 1/2 + … + 1/(k - 1)`.
fn digammas(n: usize) -> Vec<f64> {
    const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;
    let mut values = vec![f64::NAN, -EULER_GAMMA];
    for k in 1..n {
        values.push(values[k] + 1.0 / k as f64);
    }
    values
}

fn order_of(x: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|&a, &b| x[a].total_cmp(&x[b]));
    order
}

/// How many sorted numbers lie within `radius` of `x`, itself included.
fn n_within(sorted: &[f64], x: f64, radius: f64) -> usize {
    sorted.partition_point(|other| other - x <= radius) - sorted.partition_point(|other| x - other > radius)
}

fn of_number_and_class(x: &[f64], codes: &[u32]) -> f64 {
    let n_classes = codes.iter().max().map_or(0, |&largest| largest as usize + 1);
    let mut by_class = vec![Vec::new(); n_classes];
    for row in order_of(x) {
        by_class[codes[row] as usize].push(x[row]);
    }
    // A class of one row has no neighbours; its row is left out.
    by_class.retain(|class| class.len() > 1);
    let mut all: Vec<f64> = by_class.concat();
    all.sort_unstable_by(f64::total_cmp);
    if all.is_empty() {
        return 0.0;
    }
    let digamma = digammas(all.len());
    let mut sum = 0.0;
    for class in &by_class {
        let k = N_NEIGHBORS.min(class.len() - 1);
        for (at, &x) in class.iter().enumerate() {
            let radius = nearest(class, at, k).next_down();
            sum += digamma[k] - digamma[class.len()] - digamma[n_within(&all, x, radius).max(1)];
        }
    }
    digamma[all.len()] + sum / all.len() as f64
}

/// The distance from the number at `at` to its `k`-th nearest among sorted ones.
fn nearest(sorted: &[f64], at: usize, k: usize) -> f64 {
    let (mut below, mut above) = (at, at + 1);
    let mut distance = 0.0;
    for _ in 0..k {
        let down = below.checked_sub(1).map_or(f64::INFINITY, |below| sorted[at] - sorted[below]);
        let up = sorted.get(above).map_or(f64::INFINITY, |above| above - sorted[at]);
        distance = down.min(up);
        if down <= up {
            below = below.saturating_sub(1);
        } else {
            above += 1;
        }
    }
    distance
}

fn of_two_numbers(x: &[f64], y: &[f64]) -> f64 {
    let n_rows = x.len();
    let k = N_NEIGHBORS.min(n_rows.saturating_sub(1));
    if k == 0 {
        return 0.0;
    }
    let order = order_of(x);
    let x: Vec<f64> = order.iter().map(|&row| x[row]).collect();
    let y: Vec<f64> = order.iter().map(|&row| y[row]).collect();
    let mut y_sorted = y.clone();
    y_sorted.sort_unstable_by(f64::total_cmp);
    let digamma = digammas(n_rows);
    let mut sum = 0.0;
    for at in 0..n_rows {
        let radius = nearest_in_plane(&x, &y, at, k).next_down();
        // Counts without the row itself, plus one.
        sum += digamma[n_within(&x, x[at], radius).max(1)] + digamma[n_within(&y_sorted, y[at], radius).max(1)];
    }
    digamma[n_rows] + digamma[k] - sum / n_rows as f64
}

/// The distance (the larger of the two differences) from the row at `at` to its `k`-th nearest, `k` at most
/// [`N_NEIGHBORS`]: rows are sorted by `x`, and looking ends where `x` alone is too far.
fn nearest_in_plane(x: &[f64], y: &[f64], at: usize, k: usize) -> f64 {
    let mut best = [f64::INFINITY; N_NEIGHBORS];
    let mut meet = |other: usize| {
        let far = (x[other] - x[at]).abs();
        if far >= best[k - 1] {
            return false;
        }
        let mut distance = far.max((y[other] - y[at]).abs());
        for kept in &mut best[..k] {
            if distance < *kept {
                std::mem::swap(kept, &mut distance);
            }
        }
        true
    };
    let (mut below, mut above) = (at, at + 1);
    let (mut looks_down, mut looks_up) = (true, true);
    while looks_down || looks_up {
        looks_down = looks_down && below > 0 && meet(below - 1);
        below = below.saturating_sub(1);
        looks_up = looks_up && above < x.len() && meet(above);
        above += 1;
    }
    best[k - 1]
}

fn of_two_classes(a: &[u32], b: &[u32]) -> f64 {
    let mut pairs: Vec<(u32, u32)> = a.iter().copied().zip(b.iter().copied()).collect();
    pairs.sort_unstable();
    let counts = |codes: &[u32]| {
        let mut counts = vec![0.0; codes.iter().max().map_or(0, |&largest| largest as usize + 1)];
        codes.iter().for_each(|&code| counts[code as usize] += 1.0);
        counts
    };
    let (of_a, of_b, n_rows) = (counts(a), counts(b), a.len() as f64);
    let runs = pairs.chunk_by(|one, other| one == other);
    runs.map(|run| {
        let (a, b) = run[0];
        let n = run.len() as f64;
        n / n_rows * libm::log(n * n_rows / (of_a[a as usize] * of_b[b as usize]))
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_tells_all_about_itself() {
        let target = Target::Classes { codes: vec![0, 0, 1, 1], n_classes: 2 };
        assert!((shared(&[5.0, 5.0, 7.0, 7.0], true, &target) - std::f64::consts::LN_2).abs() < 1e-12);
        assert!(shared(&[5.0, 7.0, 5.0, 7.0], true, &target).abs() < 1e-12);
    }

    #[test]
    fn digammas_are_the_published_ones() {
        // Abramowitz and Stegun, table 6.1: ψ(1) = -0.5772156649, ψ(10) = 2.2517525891.
        let values = digammas(10);
        assert!((values[1] + 0.577_215_664_9).abs() < 1e-10 && (values[10] - 2.251_752_589_1).abs() < 1e-10);
    }

    #[test]
    fn few_rows_and_constants_share_nothing_and_nothing_breaks() {
        for n_rows in 0..4 {
            let x = vec![1.0; n_rows];
            for discrete in [false, true] {
                assert!(shared(&x, discrete, &Target::Values(x.clone())).is_finite());
                let classes = Target::Classes { codes: vec![0; n_rows], n_classes: 2 };
                assert!(shared(&x, discrete, &classes).is_finite());
            }
        }
        assert!(shared(&[1e308, -1e308, 3.0, 4.0], false, &Target::Values(vec![1.0, 2.0, 3.0, 4.0])).is_finite());
    }

    #[test]
    fn neighbours_are_those_of_comparing_all() {
        let mut rng = Seed(5).rng();
        let mut draw = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.uniform()).collect() };
        let (mut x, y) = (draw(60), draw(60));
        x.sort_unstable_by(f64::total_cmp);
        for at in 0..60 {
            let distance = |other: usize| (x[other] - x[at]).abs().max((y[other] - y[at]).abs());
            let mut all: Vec<f64> = (0..60).filter(|&other| other != at).map(distance).collect();
            all.sort_unstable_by(f64::total_cmp);
            assert_eq!(nearest_in_plane(&x, &y, at, 3), all[2]);
            let mut line: Vec<f64> =
                (0..60).filter(|&other| other != at).map(|other| (x[other] - x[at]).abs()).collect();
            line.sort_unstable_by(f64::total_cmp);
            assert_eq!(nearest(&x, at, 3), line[2]);
        }
    }
}
