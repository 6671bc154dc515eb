//! Measures of answered classes.

use super::{Evaluation, mean, named};

pub(super) fn evaluate(probabilities: &[f64], n_classes: usize, answered: &[u32], truth: &[u32]) -> Evaluation {
    let is_right = answered.iter().zip(truth).map(|(a, b)| f64::from(u8::from(a == b)));
    let accuracy = mean(is_right);
    let confusion = confusion(n_classes, answered, truth);
    let metrics = named([
        ("accuracy", accuracy),
        ("balanced_accuracy", balanced_accuracy(&confusion)),
        ("f1_macro", f1_macro(&confusion)),
        ("log_loss", log_loss(probabilities, n_classes, truth)),
        ("roc_auc", roc_auc(probabilities, n_classes, truth)),
    ]);
    Evaluation { metrics, confusion: Some(confusion) }
}

/// Rows by their class, columns by the class answered.
fn confusion(n_classes: usize, answered: &[u32], truth: &[u32]) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; n_classes]; n_classes];
    for (&answered, &truth) in answered.iter().zip(truth) {
        if let Some(row) = counts.get_mut(truth as usize) {
            row[answered as usize] += 1;
        }
    }
    counts
}

fn balanced_accuracy(confusion: &[Vec<usize>]) -> Option<f64> {
    let recalls = confusion.iter().enumerate().filter_map(|(class, row)| {
        let n: usize = row.iter().sum();
        (n > 0).then(|| row[class] as f64 / n as f64)
    });
    mean(recalls)
}

/// `2 · hits / (true + answered)`, averaged over the classes that occur on either side.
fn f1_macro(confusion: &[Vec<usize>]) -> Option<f64> {
    let mut n_answered = vec![0usize; confusion.len()];
    for row in confusion {
        row.iter().zip(&mut n_answered).for_each(|(count, sum)| *sum += count);
    }
    let scores = confusion.iter().zip(n_answered).enumerate().filter_map(|(class, (row, n_answered))| {
        let n = row.iter().sum::<usize>() + n_answered;
        (n > 0).then(|| 2.0 * row[class] as f64 / n as f64)
    });
    mean(scores)
}

fn log_loss(probabilities: &[f64], n_classes: usize, truth: &[u32]) -> Option<f64> {
    let losses = probabilities.chunks_exact(n_classes.max(1)).zip(truth).map(|(row, &class)| {
        let p = row.get(class as usize).copied().unwrap_or(0.0);
        -libm::log(p.clamp(f64::EPSILON, 1.0 - f64::EPSILON))
    });
    mean(losses)
}

/// For two classes that of the second; for more the mean of each against the rest.
fn roc_auc(probabilities: &[f64], n_classes: usize, truth: &[u32]) -> Option<f64> {
    let first = match n_classes {
        0 | 1 => return None,
        2 => 1,
        _ => 0,
    };
    let areas: Option<Vec<f64>> = (first..n_classes)
        .map(|class| {
            let scores = probabilities.iter().skip(class).step_by(n_classes).copied();
            area(scores.zip(truth.iter().map(|&code| code as usize == class)).collect())
        })
        .collect();
    mean(areas?.into_iter())
}

/// The share of pairs (one inside, one outside) in which the one inside scores higher, ties counting half: the rank sum
/// of Mann and Whitney (1947, <https://doi.org/10.1214/aoms/1177730491>).
fn area(mut rows: Vec<(f64, bool)>) -> Option<f64> {
    let n_inside = rows.iter().filter(|(_, is_inside)| *is_inside).count();
    let n_outside = rows.len() - n_inside;
    if n_inside == 0 || n_outside == 0 {
        return None;
    }
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // Pairs won, in halves: whole numbers stay exact.
    let mut halves_won = 0u64;
    let mut n_outside_below = 0u64;
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let inside = tied.iter().filter(|(_, is_inside)| *is_inside).count() as u64;
        let outside = tied.len() as u64 - inside;
        halves_won += inside * (2 * n_outside_below + outside);
        n_outside_below += outside;
    }
    Some(halves_won as f64 / 2.0 / (n_inside as f64 * n_outside as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_counts_pairs() {
        // Inside 0.8 and 0.4, outside 0.4 and 0.1: three pairs won, one tied.
        let rows = vec![(0.8, true), (0.4, true), (0.4, false), (0.1, false)];
        assert_eq!(area(rows), Some(3.5 / 4.0));
        assert_eq!(area(vec![(0.8, true)]), None);
    }

    #[test]
    fn one_row_has_measures_but_no_area() {
        let Evaluation { metrics, confusion } = evaluate(&[0.25, 0.75], 2, &[1], &[1]);
        assert_eq!(metrics["accuracy"], Some(1.0));
        assert_eq!(metrics["f1_macro"], Some(1.0));
        assert_eq!(metrics["roc_auc"], None);
        assert_eq!(confusion, Some(vec![vec![0, 0], vec![0, 1]]));
    }

    #[test]
    fn certainty_that_is_wrong_costs_much_but_not_everything() {
        let loss = log_loss(&[1.0, 0.0], 2, &[1]).unwrap();
        assert!((loss - 36.043_653).abs() < 1e-6);
    }

    #[test]
    fn no_rows_have_no_measures() {
        let Evaluation { metrics, .. } = evaluate(&[], 2, &[], &[]);
        assert!(metrics.values().all(Option::is_none) && metrics.len() == 5);
    }

    #[test]
    fn one_class_alone_is_no_trouble() {
        let Evaluation { metrics, .. } = evaluate(&[1.0, 1.0], 1, &[0, 0], &[0, 0]);
        assert_eq!((metrics["accuracy"], metrics["roc_auc"]), (Some(1.0), None));
    }

    #[test]
    fn a_class_the_model_does_not_know_counts_as_wrong() {
        let Evaluation { metrics, .. } = evaluate(&[1.0, 0.0], 2, &[0], &[7]);
        assert_eq!(metrics["accuracy"], Some(0.0));
    }
}
