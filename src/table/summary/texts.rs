//! The profile of texts: how many different ones there are, and the most frequent.
//!
//! Texts are counted by sorting hashes of 64 bits, not in a hash table: the arena is then read in order, and a table of a
//! million texts would miss the cache a million times. Two different texts would be taken for one if they shared a hash;
//! among a million that has a chance of 3 in 100 million.

use std::collections::HashMap;
use std::hash::BuildHasher;

use super::order::sort_hashes;
use super::{ColumnProfile, N_TOP_VALUES};
use crate::table::TextColumn;

/// Profiles a column of texts.
pub(super) fn profile_texts(texts: &TextColumn) -> ColumnProfile {
    let present = || (0..texts.len()).filter_map(|row| texts.get(row));
    let mut hashes: Vec<u64> = Vec::with_capacity(texts.len());
    hashes.extend(present().map(hash));
    let n_present = hashes.len();
    let mut sorted = hashes.clone();
    sort_hashes(&mut sorted);
    let mut n_distinct = 0;
    let mut largest: Vec<usize> = Vec::with_capacity(N_TOP_VALUES + 1);
    for alike in sorted.chunk_by(|a, b| a == b) {
        n_distinct += 1;
        if largest.len() < N_TOP_VALUES || largest[N_TOP_VALUES - 1] < alike.len() {
            largest.insert(largest.partition_point(|count| *count >= alike.len()), alike.len());
            largest.truncate(N_TOP_VALUES);
        }
    }
    let top = most_frequent(present().zip(hashes), &sorted, largest.last().copied().unwrap_or(0));
    ColumnProfile { n_missing: texts.len() - n_present, n_distinct, top_values: top, ..ColumnProfile::default() }
}

/// rustc-hash would do for a table, but gives some of a million texts the same 64 bits.
fn hash(text: &str) -> u64 {
    foldhash::quality::FixedState::with_seed(0).hash_one(text.as_bytes())
}

/// The texts that occur most, of texts with their hashes, when those that occur `least` times are the last to be among them.
fn most_frequent<'a>(
    hashed: impl Iterator<Item = (&'a str, u64)>,
    sorted: &[u64],
    least: usize,
) -> Vec<(String, usize)> {
    // What occurs once is not listed: there may be a million of those.
    let mut counts: HashMap<u64, usize, rustc_hash::FxBuildHasher> = HashMap::default();
    for alike in sorted.chunk_by(|a, b| a == b).filter(|alike| alike.len() > 1 && alike.len() >= least) {
        counts.insert(alike[0], alike.len());
    }
    let mut top = Top::default();
    for (text, hash) in hashed {
        // Each counts at its first occurrence; then it is done with.
        match counts.get_mut(&hash) {
            Some(count) => match std::mem::take(count) {
                0 => {}
                count => top.add(text, count),
            },
            None if least == 1 => top.add(text, 1),
            None => {}
        }
    }
    top.values.into_iter().map(|(text, count)| (text.to_owned(), count)).collect()
}

/// The most frequent texts so far, ties in order of the text.
#[derive(Default)]
struct Top<'a> {
    values: Vec<(&'a str, usize)>,
}

impl<'a> Top<'a> {
    fn add(&mut self, text: &'a str, count: usize) {
        let is_ahead = |other: &(&str, usize)| other.1 > count || (other.1 == count && other.0 <= text);
        if self.values.len() < N_TOP_VALUES || !self.values.last().is_some_and(is_ahead) {
            let place = self.values.partition_point(is_ahead);
            self.values.insert(place, (text, count));
            self.values.truncate(N_TOP_VALUES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_as_a_map_counts_them() {
        let mut texts = TextColumn::with_capacity(0, 0);
        let mut counts = std::collections::BTreeMap::new();
        for row in 0..20_000_u64 {
            let word = format!("word {}", row * row % 7_919);
            texts.push((row % 11 != 0).then_some(&word));
            if row % 11 != 0 {
                *counts.entry(word).or_insert(0) += 1;
            }
        }
        let profile = profile_texts(&texts);
        assert_eq!((profile.n_missing, profile.n_distinct), (1_819, counts.len()));
        let mut expected: Vec<(String, usize)> = counts.into_iter().collect();
        expected.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        assert_eq!(profile.top_values, expected[..N_TOP_VALUES]);
    }

    #[test]
    fn single_texts_fill_up_in_order() {
        let mut texts = TextColumn::with_capacity(0, 0);
        ["b", "c", "a", "c"].into_iter().for_each(|text| texts.push(Some(text)));
        let top = profile_texts(&texts).top_values;
        assert_eq!(top, [("c".to_owned(), 2), ("a".to_owned(), 1), ("b".to_owned(), 1)]);
    }
}
