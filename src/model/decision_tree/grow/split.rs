//! A cut is carried out: every feature's words are rearranged, one feature at a time, and the children wait.

use super::super::criterion::Sides;
use super::super::presort::{Column, Layout, n_distinct_rows};
use super::super::scan::Cut;
use super::{Candidate, Grower, PURE, Phase, Side, TreeSplit, Waiting};

/// A node whose cut is known, while the features are rearranged one by one.
#[derive(Debug)]
pub(super) struct Splitting {
    cut: Cut,
    threshold: f64,
    n_missing: usize,
    sides: Sides,
    n_distinct_left: usize,
    improvement: f64,
    n_constant: usize,
    pub(super) next: usize,
    moves: Moves,
}

/// Which sides will be searched; nobody reads the words of a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moves {
    left: bool,
    right: bool,
}

impl Grower {
    /// Both sides of a cut, if it lowers the impurity enough.
    pub(super) fn splitting(&mut self, node: &Waiting, cut: Cut, n_constant: usize) -> Option<Splitting> {
        let column = &self.columns[cut.feature];
        let words = &column.words[node.start..node.end];
        let n_present = column.n_present(words, self.layout);
        let (present, missing) = words.split_at(n_present);
        let halves = if cut.missing_left {
            let (left, right) = present.split_at(cut.n_left - missing.len());
            [[left, missing], [right, &[]]]
        } else {
            let (left, right) = words.split_at(cut.n_left);
            [[left, &[]], [right, &[]]]
        };
        let threshold = threshold(present, halves[0][0].len(), cut.threshold, column, self.layout);
        let sides = Sides::of(halves, &node.totals, self.layout, &self.labels, self.impurity);
        let (n, n_left) = (node.totals.weight, sides.left.weight);
        let n_right = n - n_left;
        let improvement =
            n / self.weight * (node.impurity - n_right / n * sides.impurity_right - n_left / n * sides.impurity_left);
        if improvement + PURE < self.limits.min_impurity_decrease {
            return None;
        }
        let n_distinct_left = if self.limits.has_copies {
            halves[0].iter().map(|words| n_distinct_rows(words, self.layout)).sum()
        } else {
            cut.n_left
        };
        let moves = Moves {
            left: !self.is_leaf(node.depth + 1, n_distinct_left, sides.impurity_left),
            right: !self.is_leaf(node.depth + 1, node.n_distinct - n_distinct_left, sides.impurity_right),
        };
        if moves.left || moves.right {
            for (words, is_left) in halves[0].map(|words| (words, true)).into_iter().chain([(halves[1][0], false)]) {
                for &word in words {
                    let row = self.layout.row(word);
                    let bit = 1 << (row % 64);
                    if is_left {
                        self.goes_left[row / 64] |= bit;
                    } else {
                        self.goes_left[row / 64] &= !bit;
                    }
                }
            }
        }
        let n_missing = missing.len();
        Some(Splitting {
            cut,
            threshold,
            n_missing,
            sides,
            n_distinct_left,
            improvement,
            n_constant,
            next: n_constant,
            moves,
        })
    }

    /// Rearranges one more feature; after the last one the children wait.
    pub(super) fn split_on(&mut self, node: Waiting, mut splitting: Splitting) {
        let moves = splitting.moves;
        if (moves.left || moves.right) && splitting.next < self.features.len() {
            let feature = self.features[splitting.next];
            // The feature of the cut is in order already, unless what comes last goes left; and constant ones are not looked
            // at below.
            if feature != splitting.cut.feature || (splitting.cut.missing_left && splitting.n_missing > 0) {
                let words = &mut self.columns[feature].words[node.start..node.end];
                partition(words, &mut self.spare, &self.goes_left, self.layout, moves);
            }
            splitting.next += 1;
            self.active = Some((node, Phase::Splitting(splitting)));
            return;
        }
        self.end_split(node, splitting);
    }

    fn end_split(&mut self, node: Waiting, splitting: Splitting) {
        let Splitting { cut, threshold, n_missing, sides, n_distinct_left, improvement, n_constant, .. } = splitting;
        let n_distinct_right = node.n_distinct - n_distinct_left;
        // Where none was missing while it was learned, a missing one will go with the most, as in scikit-learn.
        let missing_go_to_left = if n_missing > 0 { cut.missing_left } else { n_distinct_left > n_distinct_right };
        let split = TreeSplit { feature: cut.feature, threshold, missing_go_to_left, left: 0, right: 0 };
        let idx = self.add_node(&node, Some(split));
        let middle = node.start + cut.n_left;
        let child = |side, (start, end), n_distinct, totals, impurity| Waiting {
            start,
            end,
            n_distinct,
            depth: node.depth + 1,
            parent: Some((idx, side)),
            totals,
            impurity,
            // scikit-learn's best-first builder finds constant features anew in every node.
            n_constant: if self.frontier.is_some() { 0 } else { n_constant },
        };
        let left = child(Side::Left, (node.start, middle), n_distinct_left, sides.left, sides.impurity_left);
        let right = child(Side::Right, (middle, node.end), n_distinct_right, sides.right, sides.impurity_right);
        match &mut self.frontier {
            Some(frontier) => frontier.push(Candidate { improvement, item: Some([left, right]) }),
            None => self.waiting.extend([right, left]),
        }
    }
}

/// What was drawn, or half way between the neighbours of the cut before the first `n_left` present words; in the rare
/// case that rounding makes it the upper one, the lower. Infinite where all that is known goes left.
fn threshold(present: &[u64], n_left: usize, drawn: Option<f64>, column: &Column, layout: Layout) -> f64 {
    if let Some(drawn) = drawn {
        return drawn;
    }
    if n_left == present.len() {
        return f64::INFINITY;
    }
    let value = |position: usize| column.values[layout.rank(present[position])];
    let (below, above) = (value(n_left - 1), value(n_left));
    let middle = below / 2.0 + above / 2.0;
    if middle < above { middle } else { below }
}

/// Moves the words of rows that go left before the others, both in their old order; a side that nobody will read may
/// be left as it falls.
fn partition(words: &mut [u64], spare: &mut [u64], goes_left: &[u64], layout: Layout, moves: Moves) {
    let (mut n_left, mut n_right) = (0, 0);
    for position in 0..words.len() {
        let word = words[position];
        let row = layout.row(word);
        let left = (goes_left[row / 64] >> (row % 64)) as usize & 1;
        words[n_left] = word;
        spare[n_right] = word;
        n_left += left;
        n_right += 1 - left;
    }
    if moves.right {
        words[n_left..].copy_from_slice(&spare[..n_right]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitioning_keeps_the_order_of_both_sides() {
        let layout = Layout::new(4, 1).unwrap();
        let mut words = vec![2, 0, 3, 1];
        let mut spare = vec![0; 4];
        partition(&mut words, &mut spare, &[0b1010], layout, Moves { left: true, right: true });
        assert_eq!(words, [3, 1, 2, 0]);
    }
}
