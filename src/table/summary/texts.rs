//! The profile of texts: how many different ones there are, and the most frequent.
//!
//! Texts are grouped by sorting hashes, not in a hash table: the arena is then read in order, and a table of a million
//! texts would miss the cache a million times.

use std::hash::BuildHasher;

use super::order::sort_hashes;
use super::{ColumnProfile, N_TOP_VALUES};
use crate::table::TextColumn;

/// Profiles a column of texts.
pub(super) fn profile_texts(texts: &TextColumn) -> ColumnProfile {
    let text = |row: u32| texts.get(row as usize).unwrap_or_default();
    // Rows number less than 2³²: a hash of 32 bits and the row make one key.
    let mut keys: Vec<u64> = Vec::with_capacity(texts.len());
    for row in 0..texts.len() {
        if let Some(text) = texts.get(row) {
            let hash = rustc_hash::FxBuildHasher.hash_one(text.as_bytes());
            // Folded, since the better bits of this hash are not always the lower ones.
            keys.push(((hash ^ (hash >> 32)) << 32) | row as u64);
        }
    }
    let n_present = keys.len();
    sort_hashes(&mut keys);
    let mut top = Top::default();
    let mut n_distinct = 0;
    let mut is_single = vec![0_u64; texts.len().div_ceil(64)];
    let mut group: Vec<u32> = Vec::new();
    for alike in keys.chunk_by(|a, b| a >> 32 == b >> 32) {
        let row = alike[0] as u32;
        if alike.len() == 1 {
            n_distinct += 1;
            is_single[row as usize / 64] |= 1 << (row % 64);
        } else if alike.iter().all(|&key| text(key as u32) == text(row)) {
            n_distinct += 1;
            top.add(text(row), alike.len());
        } else {
            // Different texts with one hash are told apart by comparing.
            group.clear();
            group.extend(alike.iter().map(|&key| key as u32));
            group.sort_unstable_by(|&a, &b| text(a).cmp(text(b)));
            for same in group.chunk_by(|&a, &b| text(a) == text(b)) {
                n_distinct += 1;
                top.add(text(same[0]), same.len());
            }
        }
    }
    // What occurs once matters only where little else does, and is then read in the order of the arena.
    if top.values.len() < N_TOP_VALUES || top.values[N_TOP_VALUES - 1].1 == 1 {
        let rows = (0..texts.len()).filter(|row| is_single[row / 64] >> (row % 64) & 1 == 1);
        rows.filter_map(|row| texts.get(row)).for_each(|text| top.add(text, 1));
    }
    ColumnProfile {
        n_missing: texts.len() - n_present,
        n_distinct,
        top_values: top.values.into_iter().map(|(text, count)| (text.to_owned(), count)).collect(),
        ..ColumnProfile::default()
    }
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
