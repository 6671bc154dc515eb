//! From decisions to probabilities: a line per pair of classes, then the pairs made one answer.
//!
//! ```text
//! p(first of a pair)  r_ij = 1 / (1 + e^−(slope · decision + offset)),  ½ where that is not on the decision's side
//! p(class i)          1 / ( Σ_{j≠i} 1 / r_ij − (n_classes − 2) ),  then divided by their sum
//! ```
//! Slope and offset are Platt's (1999), found as Lin, Lin and Weng (2007, <https://doi.org/10.1007/s10994-007-5018-6>)
//! find them: the likeliest ones for decisions about rows that were held back. Pairs are joined by the formula of Price,
//! Knerr, Personnaz and Dreyfus (NIPS 1994). What is decided is always the more probable: in a pair by the ½ above, and of
//! more classes, whose pairs vote as in libsvm, by letting the votes' winner and the most probable class change places.

use crate::model::linear_map::dot;
use crate::model::logistic_regression::sigmoid;

/// No pair is surer than this; libsvm's.
const LEAST_SHARE: f64 = 1e-7;

/// Newton's steps, at most; ten are many.
const MOST_STEPS: usize = 100;

/// Gradients below this (per row) are 0.
const LEAST_GRADIENT: f64 = 1e-12;

/// What turns a pair's decisions (positive for its first class) into log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Odds {
    /// Not negative.
    pub(super) slope: f64,
    pub(super) offset: f64,
}

impl Odds {
    /// The likeliest ones for decisions about held-back rows.
    ///
    /// A class' rows are taken to be in it with probability `(n + 1) / (n + 2)`, as Platt does, so that the slope is
    /// finite. Where decisions are right no more often than by chance, the slope is 0.
    pub(super) fn likeliest(decisions: &[f64], is_first: &[bool]) -> Self {
        let n_first = is_first.iter().filter(|is_first| **is_first).count() as f64;
        let n_second = is_first.len() as f64 - n_first;
        let (first, second) = ((n_first + 1.0) / (n_first + 2.0), 1.0 / (n_second + 2.0));
        let prior = Self { slope: 0.0, offset: libm::log((n_first + 1.0) / (n_second + 1.0)) };
        let size = decisions.iter().fold(0.0, |size: f64, decision| size.max(decision.abs()));
        if size == 0.0 {
            return prior;
        }
        let scaled: Vec<f64> = decisions.iter().map(|decision| decision / size).collect();
        let targets: Vec<f64> = is_first.iter().map(|is_first| if *is_first { first } else { second }).collect();
        let mut here = prior;
        let mut loss = here.loss(&scaled, &targets);
        for _ in 0..MOST_STEPS {
            let Some(step) = here.newton(&scaled, &targets) else { break };
            let along =
                |share: f64| Self { slope: here.slope + share * step[0], offset: here.offset + share * step[1] };
            // Halves of the step until one is better; near the end the whole step is, or none.
            let better =
                (0..12).map(|half| along(libm::ldexp(1.0, -half))).find(|odds| odds.loss(&scaled, &targets) < loss);
            let Some(better) = better else { break };
            (here, loss) = (better, better.loss(&scaled, &targets));
        }
        let slope = here.slope / size;
        if here.slope > 0.0 && slope.is_finite() { Self { slope, offset: here.offset } } else { prior }
    }

    /// `−Σ t · ln p + (1 − t) · ln(1 − p)`
    fn loss(self, decisions: &[f64], targets: &[f64]) -> f64 {
        let loss = |(decision, target): (&f64, &f64)| {
            let z = self.slope * decision + self.offset;
            z.max(0.0) - target * z + libm::log1p(libm::exp(-z.abs()))
        };
        decisions.iter().zip(targets).map(loss).sum()
    }

    /// Newton's step; none at the minimum.
    fn newton(self, decisions: &[f64], targets: &[f64]) -> Option<[f64; 2]> {
        let p: Vec<f64> = decisions.iter().map(|decision| sigmoid(self.slope * decision + self.offset)).collect();
        let apart: Vec<f64> = p.iter().zip(targets).map(|(p, target)| p - target).collect();
        let (down, right): (f64, f64) = (dot(&apart, decisions), apart.iter().sum());
        if down.abs().max(right.abs()) <= LEAST_GRADIENT * decisions.len() as f64 {
            return None;
        }
        // So little more makes it solvable where all decisions are the same.
        let (mut square, mut mixed, mut plain) = (LEAST_GRADIENT, 0.0, LEAST_GRADIENT);
        for (p, decision) in p.iter().zip(decisions) {
            let curvature = p * (1.0 - p);
            square += curvature * decision * decision;
            mixed += curvature * decision;
            plain += curvature;
        }
        let determinant = square * plain - mixed * mixed;
        let step = [(mixed * right - plain * down) / determinant, (mixed * down - square * right) / determinant];
        step.iter().all(|x| x.is_finite()).then_some(step)
    }

    /// The probability of the first class, and never less than ½ for the one that is decided for.
    fn share(self, decision: f64) -> f64 {
        let z = self.slope * decision + self.offset;
        let told = if decision > 0.0 { z.max(0.0) } else { z.min(0.0) };
        sigmoid(told).clamp(LEAST_SHARE, 1.0 - LEAST_SHARE)
    }
}

/// The probabilities of the classes of one row, and from its votes the most probable one.
///
/// **Shapes** one decision and its odds per pair of classes: (0, 1), (0, 2), … (1, 2), …
pub(super) fn shares(decisions: &[f64], odds: &[Odds], n_classes: usize) -> Vec<f64> {
    let mut votes = vec![0_u32; n_classes];
    let mut against = vec![0.0; n_classes];
    let mut pair = 0;
    for first in 0..n_classes {
        for second in first + 1..n_classes {
            let share = odds[pair].share(decisions[pair]);
            against[first] += 1.0 / share;
            against[second] += 1.0 / (1.0 - share);
            votes[if decisions[pair] > 0.0 { first } else { second }] += 1;
            pair += 1;
        }
    }
    let mut shares: Vec<f64> = against.iter().map(|sum| 1.0 / (sum - (n_classes as f64 - 2.0))).collect();
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    let winner = first_largest(&votes);
    let likeliest = first_largest(&shares);
    shares.swap(winner, likeliest);
    // Equal numbers have changed nothing by changing places.
    let likeliest = first_largest(&shares);
    if likeliest != winner {
        let little = 1e-9 * shares[likeliest];
        shares[likeliest] -= little;
        shares[winner] += little;
    }
    shares
}

fn first_largest<T: PartialOrd>(numbers: &[T]) -> usize {
    let mut best = 0;
    for (idx, number) in numbers.iter().enumerate() {
        if *number > numbers[best] {
            best = idx;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Odds = Odds { slope: 1.0, offset: 0.0 };

    #[test]
    fn odds_are_the_likeliest_ones() {
        // Decisions of 1 are right three times of four: odds of 3, with Platt's 5/6 and 1/6 a little less.
        let decisions = [1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0];
        let is_first = [true, true, true, true, false, false, false, false];
        let odds = Odds::likeliest(&decisions, &is_first);
        let expected = (3.0 * 5.0 / 6.0 + 1.0 / 6.0) / 4.0f64;
        assert!((odds.slope - (expected / (1.0 - expected)).ln()).abs() < 1e-7 && odds.offset.abs() < 1e-7, "{odds:?}");
        // Moved decisions are moved back.
        let moved = Odds::likeliest(&decisions.map(|x| 10.0 * x + 3.0), &is_first);
        assert!((moved.slope - odds.slope / 10.0).abs() < 1e-7, "{moved:?}");
        assert!((moved.offset + 3.0 * moved.slope).abs() < 1e-7, "{moved:?}");
        // Losses are compared to half the digits. Worse than chance is what the classes' sizes say.
        assert_eq!(Odds::likeliest(&decisions.map(|x| -x), &is_first), Odds { slope: 0.0, offset: 0.0 });
    }

    #[test]
    fn what_is_decided_is_the_more_probable() {
        let odds = Odds { slope: 1.0, offset: -3.0 };
        assert_eq!((odds.share(1.0), odds.share(0.0), odds.share(3.0)), (0.5, sigmoid(-3.0), 0.5));
        assert_eq!(first_largest(&shares(&[1.0], &[odds], 2)), 0);
        assert_eq!(first_largest(&shares(&[-1.0], &[Odds { slope: 1.0, offset: 3.0 }], 2)), 1);
    }

    #[test]
    fn pairs_that_agree_give_the_shares_they_came_from() {
        let shares_of = [0.5, 0.3, 0.2f64];
        let log_odds = |i: usize, j: usize| (shares_of[i] / shares_of[j]).ln();
        let given = shares(&[log_odds(0, 1), log_odds(0, 2), log_odds(1, 2)], &[PLAIN; 3], 3);
        assert!(given.iter().zip(shares_of).all(|(a, b)| (a - b).abs() < 1e-14), "{given:?}");
    }

    #[test]
    fn the_winner_of_the_votes_is_the_most_probable() {
        // Class 0 wins twice narrowly, class 1 once by far.
        let given = shares(&[0.01, 0.01, 9.0], &[PLAIN; 3], 3);
        assert_eq!(first_largest(&given), 0);
        assert!((given.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        // A decision of exactly 0 is one for the second class.
        assert_eq!(first_largest(&shares(&[0.0], &[PLAIN], 2)), 1);
        // Three votes in a circle: the first.
        assert_eq!(first_largest(&shares(&[1.0, -1.0, 1.0], &[PLAIN; 3], 3)), 0);
    }
}
