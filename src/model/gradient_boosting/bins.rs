//! Features cut into at most 255 bins: what boosting reads instead of numbers.
//!
//! What comes in: matrices. What goes out: one byte per row and feature, feature by feature, and a [`Grid`] that says what
//! the bytes mean in the features' own units, so that a tree grown on bytes answers numbers. A number is in bin `b` exactly
//! if `thresholds[b - 1] < x <= thresholds[b]`; a category has a bin of its own; a missing cell is in the bin after the
//! last. Only training rows say where a feature is cut. Each feature's numbers are freed as soon as it has its bins: a
//! byte per cell is left of eight.

use super::thresholds::{thresholds, weighted_thresholds};
use crate::model::CategorySet;
use crate::preprocess::Matrix;
use crate::random::Seed;

/// Thresholds are found on so many rows, drawn with replacement, where there are more.
const SAMPLE_ROWS: usize = 200_000;

/// Rows that get their bins between two looks at the clock.
const ROWS_PER_CHUNK: usize = 65_536;

/// What finding a row's bin costs, in rows added to a histogram.
const COST_OF_SEARCH: usize = 8;

/// What sorting a row costs.
const COST_OF_SORT: usize = 32;

/// How one feature is cut.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cuts {
    /// The upper ends of all bins but the last.
    Numbers(Vec<f64>),
    /// The categories' codes, ascending, one bin each.
    Categories(Vec<u8>),
}

impl Cuts {
    /// Bins of cells that are not missing.
    pub(super) fn n_bins(&self) -> usize {
        match self {
            Self::Numbers(thresholds) => thresholds.len() + 1,
            Self::Categories(codes) => codes.len(),
        }
    }

    pub(super) fn is_categorical(&self) -> bool {
        matches!(self, Self::Categories(_))
    }

    /// The bin of missing cells, and of categories nobody has seen.
    pub(super) fn missing_bin(&self) -> u8 {
        self.n_bins() as u8
    }

    /// The upper end of a bin; the last one's is the largest number there is.
    pub(super) fn threshold(&self, bin: u8) -> f64 {
        match self {
            Self::Numbers(thresholds) => thresholds.get(usize::from(bin)).copied().unwrap_or(f64::MAX),
            Self::Categories(_) => f64::MAX,
        }
    }

    /// The codes of the categories that are, or are not, in a set of bins.
    pub(super) fn codes(&self, bins: &CategorySet, are_in: bool) -> CategorySet {
        let Self::Categories(codes) = self else { return CategorySet::default() };
        let wanted = (0u8..).zip(codes).filter(|&(bin, _)| bins.contains(bin) == are_in);
        wanted.map(|(_, &code)| code).collect()
    }

    fn push_bins(&self, numbers: impl Iterator<Item = f64>, bins: &mut Vec<u8>) {
        let missing = self.missing_bin();
        match self {
            Self::Numbers(thresholds) => bins.extend(numbers.map(|x| {
                let bin = thresholds.partition_point(|&threshold| threshold < x) as u8;
                if x.is_nan() { missing } else { bin }
            })),
            Self::Categories(codes) => bins.extend(numbers.map(|x| {
                let bin = code(x).and_then(|code| codes.binary_search(&code).ok());
                bin.map_or(missing, |bin| bin as u8)
            })),
        }
    }
}

/// A category's code; none where the cell is missing or no category's.
pub(super) fn code(x: f64) -> Option<u8> {
    (0.0..256.0).contains(&x).then_some(x as u8)
}

/// How all features are cut.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) cuts: Vec<Cuts>,
    /// Whether a training row misses the feature.
    pub(super) has_missing: Vec<bool>,
}

impl Grid {
    pub(super) fn n_features(&self) -> usize {
        self.cuts.len()
    }

    /// Bins of a histogram: those of missing cells are the last, where there are any.
    pub(super) fn n_bins(&self, feature: usize) -> usize {
        self.cuts[feature].n_bins() + usize::from(self.has_missing[feature])
    }
}

/// Some rows as bins.
#[derive(Debug, Default)]
pub(super) struct Bins {
    bins: Vec<u8>,
    n_rows: usize,
}

impl Bins {
    pub(super) fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// One byte per row.
    pub(super) fn column(&self, feature: usize) -> &[u8] {
        &self.bins[feature * self.n_rows..][..self.n_rows]
    }
}

/// Rows to be binned: some of a matrix, or all.
#[derive(Debug)]
struct Part {
    matrix: usize,
    rows: Option<Vec<u32>>,
    bins: Bins,
}

/// Cuts the features one after the other.
#[derive(Debug)]
pub(super) struct Binner {
    /// Feature by feature; empty where all rows have their bins.
    matrices: Vec<Vec<Vec<f64>>>,
    /// The training rows first.
    parts: Vec<Part>,
    is_categorical: Vec<bool>,
    max_bins: usize,
    /// The training rows on which thresholds are found, where those are not all.
    sample: Option<Vec<u32>>,
    grid: Grid,
    /// The part that gets its bins.
    part: usize,
}

impl Binner {
    /// `is_categorical` may be shorter than there are features: the rest are numbers.
    pub(super) fn new(x: Matrix, is_categorical: Vec<bool>, max_bins: usize) -> Self {
        let mut binner = Self {
            matrices: Vec::new(),
            parts: Vec::new(),
            is_categorical,
            max_bins,
            sample: None,
            grid: Grid::default(),
            part: 0,
        };
        binner.add(x);
        binner
    }

    /// Adds rows that are not learned from, and gives their place.
    pub(super) fn add(&mut self, x: Matrix) -> usize {
        let bins = Bins { bins: Vec::with_capacity(x.n_rows() * x.n_features()), n_rows: x.n_rows() };
        self.parts.push(Part { matrix: self.matrices.len(), rows: None, bins });
        self.matrices.push(x.into_features());
        self.parts.len() - 1
    }

    /// Leaves `train` of the first matrix to be learned from, and adds `held` as rows that are not.
    pub(super) fn hold_out(&mut self, train: Vec<u32>, held: Vec<u32>) -> usize {
        let n_features = self.matrices[0].len();
        for (part, rows) in [(0, train), (self.parts.len(), held)] {
            let bins = Bins { bins: Vec::with_capacity(rows.len() * n_features), n_rows: rows.len() };
            let made = Part { matrix: 0, rows: Some(rows), bins };
            if part == 0 { self.parts[0] = made } else { self.parts.push(made) }
        }
        self.parts.len() - 1
    }

    /// Draws the rows on which thresholds are found; `weights` are those of the training rows.
    pub(super) fn draw(&mut self, weights: Option<&[f64]>, seed: Seed) {
        let n_rows = self.parts[0].bins.n_rows;
        if n_rows <= SAMPLE_ROWS {
            return;
        }
        let mut rng = seed.derive("bins").rng();
        self.sample = Some(match weights {
            None => (0..SAMPLE_ROWS).map(|_| rng.below(n_rows) as u32).collect(),
            Some(weights) => {
                let mut sum = 0.0;
                let mut below = Vec::with_capacity(n_rows);
                weights.iter().for_each(|weight| {
                    sum += weight;
                    below.push(sum);
                });
                let draw = |share: f64| below.partition_point(|&below| below <= share * sum).min(n_rows - 1) as u32;
                (0..SAMPLE_ROWS).map(|_| draw(rng.uniform())).collect()
            }
        });
    }

    /// Does about `budget` of work. True when every row has its bins.
    pub(super) fn advance(&mut self, weights: Option<&[f64]>, budget: usize) -> bool {
        let mut touched = 0;
        while touched < budget {
            let n_cut = self.grid.cuts.len();
            if self.part == self.parts.len() || n_cut == 0 {
                if n_cut > 0 {
                    self.matrices.iter_mut().for_each(|matrix| matrix[n_cut - 1] = Vec::new());
                }
                if n_cut == self.matrices[0].len() {
                    return true;
                }
                touched += self.cut(n_cut, weights);
                self.part = 0;
            } else {
                touched += self.bin(n_cut - 1);
            }
        }
        false
    }

    fn cut(&mut self, feature: usize, weights: Option<&[f64]>) -> usize {
        let column = &self.matrices[0][feature];
        let mut touched = 0;
        let categories = self.is_categorical.get(feature).filter(|is| **is).and_then(|_| {
            touched += column.len();
            categories(column)
        });
        self.grid.has_missing.push(false);
        self.grid.cuts.push(match categories {
            Some(codes) => Cuts::Categories(codes),
            None => {
                let rows = self.parts[0].rows.as_deref();
                let number = |idx: usize| column[rows.map_or(idx, |rows| rows[idx] as usize)];
                let n_rows = self.parts[0].bins.n_rows;
                touched += self.sample.as_ref().map_or(n_rows, Vec::len) * COST_OF_SORT;
                Cuts::Numbers(match (&self.sample, weights) {
                    (Some(sample), _) => {
                        let drawn = sample.iter().map(|&idx| number(idx as usize));
                        thresholds(drawn.filter(|x| !x.is_nan()).collect(), self.max_bins)
                    }
                    (None, None) => {
                        thresholds((0..n_rows).map(number).filter(|x| !x.is_nan()).collect(), self.max_bins)
                    }
                    (None, Some(weights)) => {
                        let all = (0..n_rows).map(|idx| (number(idx), weights[idx]));
                        weighted_thresholds(all.filter(|(x, _)| !x.is_nan()).collect(), self.max_bins)
                    }
                })
            }
        });
        touched
    }

    /// Gives some rows their bins.
    fn bin(&mut self, feature: usize) -> usize {
        let part = &mut self.parts[self.part];
        let n_rows = part.bins.n_rows;
        let start = part.bins.bins.len() - feature * n_rows;
        let end = n_rows.min(start + ROWS_PER_CHUNK);
        let column = &self.matrices[part.matrix][feature];
        let (cuts, bins) = (&self.grid.cuts[feature], &mut part.bins.bins);
        let before = bins.len();
        match &part.rows {
            None => cuts.push_bins(column[start..end].iter().copied(), bins),
            Some(rows) => cuts.push_bins(rows[start..end].iter().map(|&row| column[row as usize]), bins),
        }
        if self.part == 0 && bins[before..].contains(&cuts.missing_bin()) {
            self.grid.has_missing[feature] = true;
        }
        if end == n_rows {
            self.part += 1;
        }
        (end - start) * COST_OF_SEARCH
    }

    /// The share of the work that is done.
    pub(super) fn fraction(&self) -> f64 {
        self.grid.cuts.len() as f64 / self.matrices[0].len().max(1) as f64
    }

    /// How the features are cut, and the bins of each part.
    pub(super) fn into_binned(self) -> (Grid, Vec<Bins>) {
        (self.grid, self.parts.into_iter().map(|part| part.bins).collect())
    }
}

/// The codes that occur; none where one is none, or they are more than there are bins.
fn categories(column: &[f64]) -> Option<Vec<u8>> {
    let mut seen = CategorySet::default();
    for &x in column {
        match code(x) {
            Some(code) => seen.insert(code),
            None if x >= 0.0 => return None,
            None => {}
        }
    }
    let codes: Vec<u8> = seen.codes().collect();
    (codes.len() < 256).then_some(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binned(values: Vec<f64>, is_categorical: bool, max_bins: usize) -> (Grid, Bins) {
        let mut binner = Binner::new(Matrix::from_columns(vec![values]), vec![is_categorical], max_bins);
        binner.draw(None, Seed(0));
        while !binner.advance(None, 1) {}
        let (grid, mut bins) = binner.into_binned();
        (grid, bins.remove(0))
    }

    #[test]
    fn few_values_are_cut_halfway_and_a_threshold_belongs_to_the_left() {
        let (grid, bins) = binned(vec![3.0, 1.0, 2.0, 1.5], false, 255);
        assert_eq!(grid.cuts[0], Cuts::Numbers(vec![1.25, 1.75, 2.5]));
        assert_eq!(bins.column(0), [3, 0, 2, 1]);
        let mut bins = Vec::new();
        grid.cuts[0].push_bins([1.25, 1.26].into_iter(), &mut bins);
        assert_eq!(bins, [0, 1]);
    }

    #[test]
    fn a_constant_has_one_bin_and_zeros_are_one_value() {
        assert_eq!(binned(vec![-0.0, 0.0, 0.0], false, 255).0.n_bins(0), 1);
    }

    #[test]
    fn missing_cells_have_the_bin_after_the_last() {
        let (grid, bins) = binned(vec![f64::NAN, 5.0, 7.0], false, 255);
        assert_eq!(bins.column(0), [2, 0, 1]);
        assert_eq!((grid.n_bins(0), grid.has_missing[0]), (3, true));
        // So it is where nothing else is there.
        assert_eq!(binned(vec![f64::NAN; 2], false, 255).1.column(0), [1, 1]);
    }

    #[test]
    fn a_category_has_a_bin_and_an_unknown_one_is_missing() {
        let (grid, bins) = binned(vec![7.0, -1.0, 2.0, f64::NAN, 7.0], true, 255);
        assert_eq!(grid.cuts[0], Cuts::Categories(vec![2, 7]));
        assert_eq!(bins.column(0), [1, 2, 0, 2, 1]);
        let left = [1].into_iter().collect();
        assert_eq!(grid.cuts[0].codes(&left, true).codes().collect::<Vec<_>>(), [7]);
        assert_eq!(grid.cuts[0].codes(&left, false).codes().collect::<Vec<_>>(), [2]);
        // More codes than bins are numbers.
        assert!(matches!(binned((0..300).map(f64::from).collect(), true, 255).0.cuts[0], Cuts::Numbers(_)));
    }

    #[test]
    fn only_training_rows_say_where_to_cut() {
        let x = Matrix::from_columns(vec![vec![1.0, 9.0, 2.0, 3.0], vec![f64::NAN, 0.0, 0.0, f64::NAN]]);
        let mut binner = Binner::new(x, Vec::new(), 255);
        assert_eq!(binner.add(Matrix::from_columns(vec![vec![1.6], vec![0.0]])), 1);
        assert_eq!(binner.hold_out(vec![1, 2], vec![0, 3]), 2);
        while !binner.advance(None, 1) {}
        assert!(binner.matrices.iter().flatten().all(Vec::is_empty));
        let (grid, bins) = binner.into_binned();
        assert_eq!(grid.cuts[0], Cuts::Numbers(vec![5.5]));
        assert_eq!(grid.has_missing, [false, false]);
        assert_eq!((bins[0].column(0), bins[1].column(0), bins[2].column(0)), (&[1, 0][..], &[0][..], &[0, 0][..]));
        assert_eq!(bins[2].column(1), [1, 1]);
    }

    #[test]
    fn bins_of_many_rows_are_found_on_a_sample() {
        let n_rows = SAMPLE_ROWS + 1;
        let (grid, bins) = binned((0..n_rows).map(|row| row as f64).collect(), false, 4);
        let Cuts::Numbers(thresholds) = &grid.cuts[0] else { panic!("numbers") };
        // A quarter of the rows each, up to the error of the sample: five standard deviations of its quartiles.
        let error = 5.0 * (0.25 * 0.75 / SAMPLE_ROWS as f64).sqrt() * n_rows as f64;
        for (threshold, share) in thresholds.iter().zip([0.25, 0.5, 0.75]) {
            assert!((threshold - share * n_rows as f64).abs() < 1.2 * error, "{threshold}");
        }
        assert_eq!((grid.n_bins(0), bins.column(0).len()), (4, n_rows));
    }

    #[test]
    fn heavy_rows_are_drawn_more_often() {
        let n_rows = SAMPLE_ROWS + 1;
        let x = Matrix::from_columns(vec![(0..n_rows).map(|row| row as f64).collect()]);
        let weights: Vec<f64> = (0..n_rows).map(|row| if row < n_rows / 2 { 0.0 } else { 1.0 }).collect();
        let mut binner = Binner::new(x, Vec::new(), 4);
        binner.draw(Some(&weights), Seed(0));
        assert!(binner.sample.unwrap().iter().all(|&row| row as usize >= n_rows / 2));
    }
}
