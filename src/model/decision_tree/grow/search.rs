//! A node's best cut is looked for, feature by feature, in the order in which scikit-learn draws them.

use super::super::presort::{Column, Layout, VALUE_GAP};
use super::super::scan::{Cut, Drawn, Stretch};
use super::super::sklearn_random::SplitRandom;
use super::{Grower, Phase, Splitter, Waiting};

/// The search of a node's best cut, between two features.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) best: Option<Cut>,
    /// Features from here to the end were drawn and scanned.
    pub(super) undrawn_end: usize,
    n_visited: usize,
    n_found_constant: usize,
    n_drawn_constant: usize,
    n_known_constant: usize,
}

impl Search {
    pub(super) fn new(n_features: usize, n_known_constant: usize) -> Self {
        Self {
            best: None,
            undrawn_end: n_features,
            n_visited: 0,
            n_found_constant: 0,
            n_drawn_constant: 0,
            n_known_constant,
        }
    }

    fn n_constant(&self) -> usize {
        self.n_known_constant + self.n_found_constant
    }

    fn goes_on(&self, max_features: usize) -> bool {
        // At least one feature that is not constant is scanned, however many are allowed.
        self.undrawn_end > self.n_constant()
            && (self.n_visited < max_features || self.n_visited <= self.n_found_constant + self.n_drawn_constant)
    }
}

impl Grower {
    /// Looks at one more feature; after the last one the node is split, or stays a leaf.
    pub(super) fn search_on(&mut self, node: Waiting, mut search: Search) {
        while search.goes_on(self.limits.max_features) {
            search.n_visited += 1;
            let mut drawn = self.order.between(search.n_drawn_constant, search.undrawn_end - search.n_found_constant);
            if drawn < search.n_known_constant {
                self.features.swap(search.n_drawn_constant, drawn);
                search.n_drawn_constant += 1;
                continue;
            }
            drawn += search.n_found_constant;
            let feature = self.features[drawn];
            let column = &self.columns[feature];
            let words = &column.words[node.start..node.end];
            let (present, missing) = words.split_at(column.n_present(words, self.layout));
            if missing.is_empty() && is_constant(present, column, self.layout) || present.is_empty() {
                self.features.swap(drawn, search.n_constant());
                search.n_found_constant += 1;
                continue;
            }
            search.undrawn_end -= 1;
            self.features.swap(search.undrawn_end, drawn);
            let at = match self.limits.splitter {
                Splitter::Best => None,
                Splitter::Random => Some(drawn_cut(present, missing, column, self.layout, &mut self.order)),
            };
            let stretch = Stretch { present, missing, feature, column, at };
            self.scanner.scan(&stretch, &node.totals, &self.labels, &mut search.best);
            self.active = Some((node, Phase::Searching(search)));
            return;
        }
        self.end_search(node, &search);
    }

    fn end_search(&mut self, node: Waiting, search: &Search) {
        let (n_known, n_constant) = (search.n_known_constant, search.n_constant());
        // Siblings and children find the constant features in the order in which they were found.
        self.features[..n_known].copy_from_slice(&self.constant_features[..n_known]);
        self.constant_features[n_known..n_constant].copy_from_slice(&self.features[n_known..n_constant]);
        let splitting = search.best.and_then(|cut| self.splitting(&node, cut, n_constant));
        match splitting {
            Some(splitting) => self.active = Some((node, Phase::Splitting(splitting))),
            None => self.add_leaf(&node),
        }
    }
}

/// A cut of words that are not all of one value, drawn as scikit-learn draws it; missing ones go either way.
fn drawn_cut(words: &[u64], missing: &[u64], column: &Column, layout: Layout, random: &mut SplitRandom) -> Drawn {
    let value = |word: u64| column.values[layout.rank(word)];
    let (low, high) = (value(words[0]), value(words[words.len() - 1]));
    let mut threshold = random.uniform(low, high);
    let missing_left = !missing.is_empty() && random.between(0, 2) == 1;
    if threshold >= high {
        threshold = low;
    }
    Drawn { threshold, n_left: words.partition_point(|&word| value(word) <= threshold), missing_left }
}

fn is_constant(words: &[u64], column: &Column, layout: Layout) -> bool {
    let value = |word: &u64| column.values[layout.rank(*word)];
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => value(last) <= value(first) + VALUE_GAP,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_feature_is_one_whose_values_have_no_gap() {
        let layout = Layout::new(2, 1).unwrap();
        let column = Column { words: vec![0, 0b11], values: vec![1.0, 1.0 + 5e-8], ..Column::default() };
        assert!(is_constant(&column.words, &column, layout));
        let column = Column { values: vec![1.0, 1.0 + 2e-7], ..column };
        assert!(!is_constant(&column.words, &column, layout));
    }
}
