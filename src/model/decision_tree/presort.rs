//! Every feature sorted once, in one word per row: what growing reads and rearranges.
//!
//! What comes in: the features. What goes out: for each feature its rows in ascending order, packed as
//! `rank | class | row`, and its distinct values by rank. A node of the tree is the same range in every feature. Rows whose
//! cell is missing come last, under one rank more.

use crate::preprocess::{Matrix, Target};

/// Neighbouring values not further apart than this count as equal, as in scikit-learn.
pub(super) const VALUE_GAP: f64 = 1e-7;

/// Below this many rows a comparison sort is faster than eight passes over the bytes.
const RADIX_ROWS: usize = 2048;

/// Where rank, class and row are in a packed word, from the high bits to the low ones.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Layout {
    row_bits: u32,
    class_bits: u32,
}

impl Layout {
    /// None when a word cannot hold that many rows and classes; in 64 bits that is beyond 2²⁶ rows of 4,096 classes.
    pub(in crate::model) fn new(n_rows: usize, n_classes: usize) -> Option<Self> {
        let bits = |n: usize| usize::BITS - n.saturating_sub(1).leading_zeros();
        let layout = Self { row_bits: bits(n_rows), class_bits: bits(n_classes) };
        (2 * layout.row_bits + layout.class_bits < u64::BITS && layout.row_bits <= 32).then_some(layout)
    }

    /// A word for each row, without a rank: what is known where there is no feature.
    pub(super) fn words(self, y: &Target) -> Vec<u64> {
        let class = |row: usize| match y {
            Target::Classes { codes, .. } => codes[row],
            Target::Values(_) => 0,
        };
        (0..y.n_rows()).map(|row| self.pack(0, class(row), row as u32)).collect()
    }

    fn pack(self, rank: u32, class: u32, row: u32) -> u64 {
        (u64::from(rank) << (self.row_bits + self.class_bits)) | (u64::from(class) << self.row_bits) | u64::from(row)
    }

    /// The position of the value among the feature's distinct values.
    #[inline]
    pub(super) fn rank(self, word: u64) -> usize {
        (word >> (self.row_bits + self.class_bits)) as usize
    }

    /// The class; 0 in regression.
    #[inline]
    pub(super) fn class(self, word: u64) -> usize {
        ((word >> self.row_bits) & ((1 << self.class_bits) - 1)) as usize
    }

    /// The row.
    #[inline]
    pub(in crate::model) fn row(self, word: u64) -> usize {
        (word & ((1 << self.row_bits) - 1)) as usize
    }
}

/// One feature in ascending order.
#[derive(Clone, Debug, Default)]
pub(in crate::model) struct Column {
    /// Packed words, one per row; growing rearranges them.
    pub(in crate::model) words: Vec<u64>,
    /// The distinct values, by rank; missing cells have the rank behind them.
    pub(super) values: Vec<f64>,
    /// Whether any cell is missing.
    pub(super) has_missing: bool,
    /// Whether all distinct values are further apart than [`VALUE_GAP`]: then ranks alone tell values apart.
    pub(super) has_gaps: bool,
}

impl Column {
    /// How many of a node's words are of rows whose cell is not missing; these come first.
    #[inline]
    pub(super) fn n_present(&self, words: &[u64], layout: Layout) -> usize {
        if !self.has_missing {
            return words.len();
        }
        words.partition_point(|&word| layout.rank(word) < self.values.len())
    }
}

/// How many rows some words of one feature are of, each counted once.
pub(super) fn n_distinct_rows(words: &[u64], layout: Layout) -> usize {
    // A row's copies stand side by side: sorting and partitioning are stable.
    let n_again = words.windows(2).filter(|pair| layout.row(pair[0]) == layout.row(pair[1])).count();
    words.len() - n_again
}

/// Sorts the features one after the other, a pass at a time.
#[derive(Debug)]
pub(in crate::model) struct Presort {
    layout: Layout,
    columns: Vec<Column>,
    under_way: Option<Sorting>,
}

impl Presort {
    pub(in crate::model) fn new(layout: Layout, n_features: usize) -> Self {
        Self { layout, columns: Vec::with_capacity(n_features), under_way: None }
    }

    /// Does one pass over the rows of one feature. True when nothing is left to do.
    pub(in crate::model) fn pass(&mut self, x: &Matrix, class_of: impl Fn(usize) -> u32) -> bool {
        let Some(idx) = (self.columns.len() < x.n_features()).then_some(self.columns.len()) else {
            return true;
        };
        let sorting = self.under_way.get_or_insert_with(|| Sorting::new(x.feature(idx)));
        if sorting.pass() {
            let rows = std::mem::take(&mut sorting.rows);
            self.columns.push(column(self.layout, &rows, class_of));
            self.under_way = None;
        }
        self.columns.len() == x.n_features()
    }

    /// The share of the work that is done.
    pub(in crate::model) fn fraction(&self, n_features: usize) -> f64 {
        self.columns.len() as f64 / n_features.max(1) as f64
    }

    /// The sorted features, once all are.
    pub(in crate::model) fn into_columns(self) -> Vec<Column> {
        self.columns
    }
}

fn column(layout: Layout, rows: &[(u64, u32)], class_of: impl Fn(usize) -> u32) -> Column {
    let mut words = Vec::with_capacity(rows.len());
    let mut values: Vec<f64> = Vec::new();
    let mut has_gaps = true;
    let mut last_key = None;
    let n_present = rows.partition_point(|&(key, _)| key != MISSING_KEY);
    for &(key, row) in &rows[..n_present] {
        if last_key != Some(key) {
            let value = value_from_key(key);
            has_gaps &= values.last().is_none_or(|last| value > last + VALUE_GAP);
            values.push(value);
            last_key = Some(key);
        }
        words.push(layout.pack(values.len() as u32 - 1, class_of(row as usize), row));
    }
    for &(_, row) in &rows[n_present..] {
        words.push(layout.pack(values.len() as u32, class_of(row as usize), row));
    }
    Column { words, values, has_gaps, has_missing: n_present < rows.len() }
}

/// A least-significant-digit radix sort, interrupted between passes.
#[derive(Debug)]
struct Sorting {
    rows: Vec<(u64, u32)>,
    spare: Vec<(u64, u32)>,
    digit: u32,
}

impl Sorting {
    fn new(values: &[f64]) -> Self {
        let rows = values.iter().enumerate().map(|(row, &value)| (key_from_value(value), row as u32)).collect();
        Self { rows, spare: Vec::new(), digit: 0 }
    }

    /// One pass; true when the rows are in order.
    fn pass(&mut self) -> bool {
        if self.rows.len() < RADIX_ROWS {
            self.rows.sort_unstable();
            return true;
        }
        let shift = self.digit * u8::BITS;
        let byte = |key: u64| (key >> shift) as u8 as usize;
        let mut starts = [0usize; 256];
        for &(key, _) in &self.rows {
            starts[byte(key)] += 1;
        }
        // All in one bucket: nothing to move, as with the exponents of most features.
        if starts.iter().all(|&count| count < self.rows.len()) {
            let mut start = 0;
            for bucket in &mut starts {
                start += std::mem::replace(bucket, start);
            }
            self.spare.resize(self.rows.len(), (0, 0));
            for &item in &self.rows {
                let place = &mut starts[byte(item.0)];
                self.spare[*place] = item;
                *place += 1;
            }
            std::mem::swap(&mut self.rows, &mut self.spare);
        }
        self.digit += 1;
        self.digit == u64::BITS / u8::BITS
    }
}

const SIGN: u64 = 1 << 63;

/// Above the keys of all numbers.
const MISSING_KEY: u64 = u64::MAX;

/// Whole numbers in the order of the values; the two zeros are one, and what is missing comes last.
fn key_from_value(value: f64) -> u64 {
    if value.is_nan() {
        return MISSING_KEY;
    }
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn value_from_key(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seed;

    fn sorted(values: Vec<f64>) -> Column {
        let layout = Layout::new(values.len(), 2).unwrap();
        let mut presort = Presort::new(layout, 1);
        let x = Matrix::from_columns(vec![values]);
        while !presort.pass(&x, |row| row as u32 % 2) {}
        presort.into_columns().remove(0)
    }

    #[test]
    fn words_hold_rank_class_and_row() {
        let layout = Layout::new(4, 2).unwrap();
        let column = sorted(vec![0.5, -3.0, 0.5, 1e300]);
        let unpacked: Vec<_> = column.words.iter().map(|&w| (layout.rank(w), layout.class(w), layout.row(w))).collect();
        assert_eq!(unpacked, [(0, 1, 1), (1, 0, 0), (1, 0, 2), (2, 1, 3)]);
        assert_eq!(column.values, [-3.0, 0.5, 1e300]);
        assert!(column.has_gaps);
    }

    #[test]
    fn copies_of_a_row_are_one_row() {
        let layout = Layout::new(4, 1).unwrap();
        assert_eq!(n_distinct_rows(&[2, 2, 0b1_01, 0b1_01, 0b1_01, 0b1_11], layout), 3);
        assert_eq!(n_distinct_rows(&[], layout), 0);
    }

    #[test]
    fn missing_cells_come_last() {
        let layout = Layout::new(4, 2).unwrap();
        for missing in [f64::NAN, -f64::NAN] {
            let column = sorted(vec![0.5, missing, -3.0, missing]);
            let unpacked: Vec<_> = column.words.iter().map(|&w| (layout.rank(w), layout.row(w))).collect();
            assert_eq!(unpacked, [(0, 2), (1, 0), (2, 1), (2, 3)]);
            assert_eq!((column.n_present(&column.words, layout), column.has_gaps), (2, true));
        }
    }

    #[test]
    fn zeros_are_one_value_and_close_values_have_no_gap() {
        assert_eq!(sorted(vec![0.0, -0.0]).values, [0.0]);
        assert!(!sorted(vec![1.0, 1.0 + 5e-8]).has_gaps);
    }

    #[test]
    fn many_rows_are_sorted_by_their_bytes_as_few_are_by_comparison() {
        let mut rng = Seed(5).rng();
        let values: Vec<f64> = (0..3 * RADIX_ROWS).map(|_| (rng.uniform() - 0.5) * 1e6).collect();
        let mut expected = values.clone();
        expected.sort_by(f64::total_cmp);
        expected.dedup();
        assert_eq!(sorted(values).values, expected);
    }
}
