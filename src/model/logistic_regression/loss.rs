//! Scores become probabilities, and what they cost: `−ln p(class of the row)`, times the row's weight.

/// Turns logits into probabilities of the second class. Gives the weighted sum of losses and how many rows are right.
pub(super) fn two_classes(logits: &mut [f64], codes: &[u32], weights: &[f64]) -> (f64, usize) {
    let (mut loss, mut n_right) = (0.0, 0);
    for ((logit, &code), weight) in logits.iter_mut().zip(codes).zip(weights) {
        let margin = if code == 1 { *logit } else { -*logit };
        // ln(1 + e^−m) without overflow.
        loss += weight * ((-margin).max(0.0) + libm::log1p(libm::exp(-margin.abs())));
        n_right += usize::from(margin > 0.0);
        *logit = sigmoid(*logit);
    }
    (loss, n_right)
}

/// `1 / (1 + e^−z)` without overflow.
pub(in crate::model) fn sigmoid(z: f64) -> f64 {
    let e = libm::exp(-z.abs());
    if z >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

/// Turns scores, class by class, into probabilities. Gives the weighted sum of losses and how many rows are right.
pub(super) fn softmax(scores: &mut [Vec<f64>], codes: &[u32], weights: &[f64]) -> (f64, usize) {
    let (mut loss, mut n_right) = (0.0, 0);
    for (row, (&code, weight)) in codes.iter().zip(weights).enumerate() {
        let own = scores[code as usize][row];
        let (mut largest, mut rival) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (class, scores) in scores.iter().enumerate() {
            largest = largest.max(scores[row]);
            if class != code as usize {
                rival = rival.max(scores[row]);
            }
        }
        let mut sum = 0.0;
        for scores in scores.iter_mut() {
            scores[row] = libm::exp(scores[row] - largest);
            sum += scores[row];
        }
        loss += weight * (libm::log(sum) - (own - largest));
        n_right += usize::from(own > rival);
        for scores in scores.iter_mut() {
            scores[row] /= sum;
        }
    }
    (loss, n_right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_scores_do_not_overflow() {
        assert_eq!(sigmoid(-1e4), 0.0);
        assert_eq!(sigmoid(1e4), 1.0);
        let (loss, n_right) = two_classes(&mut [1e4], &[0], &[1.0]);
        assert_eq!((loss, n_right), (1e4, 0));
        let (loss, n_right) = softmax(&mut [vec![1e4], vec![0.0]], &[0], &[1.0]);
        assert_eq!((loss, n_right), (0.0, 1));
    }

    #[test]
    fn a_weight_multiplies_what_a_row_costs() {
        let once = two_classes(&mut [1.0, 1.0], &[0, 0], &[1.0, 1.0]).0;
        assert_eq!(two_classes(&mut [1.0], &[0], &[2.0]).0, once);
        assert_eq!(softmax(&mut [vec![1.0], vec![2.0]], &[0], &[0.0]).0, 0.0);
    }
}
