//! Folds: partitions of rows, each of which is held back once.

use crate::Error;
use crate::error::Place;
use crate::random::Seed;
use crate::table::split::Split;

crate::choice! {
    /// How rows are dealt to the folds.
    pub enum FoldKind {
        /// Runs of neighbouring rows, or any rows when shuffled.
        KFold = "k_fold",
        /// As `k_fold`, each class spread evenly.
        Stratified = "stratified",
        /// Each fold is answered by what comes before it.
        TimeOrdered = "time_ordered",
    }
}

crate::trouble! {
    /// What can be wrong with folds.
    pub enum FoldError in "table" {
        /// There are too few or too many folds for these rows.
        BadFolds { n_folds: usize, most: usize } => "bad_folds",
            "folds is {n_folds}, but must be at least 2 and at most {most} for these rows",
            hint "Use 5 folds, or fewer for a small table",
            place Place::field("split.folds");
        /// The kind of folds is not one, or not one for this target.
        BadFoldKind { given: String } => "bad_fold_kind",
            "fold_kind is {given:?}, but must be \"k_fold\" or \"time_ordered\", or \"stratified\" for classes",
            hint "Leave fold_kind out for what suits the target",
            place Place::field("split.fold_kind");
        /// Rows in the order of time are to be shuffled.
        ShuffledTime {} => "shuffled_time",
            "time-ordered folds cannot be shuffled: what comes later would be learned from",
            hint "Leave shuffle out, or use fold_kind \"k_fold\"",
            place Place::field("split.shuffle");
    }
}

/// Which folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoldConfig {
    /// How many.
    pub n_folds: usize,
    /// How rows are dealt to them.
    pub kind: FoldKind,
    /// Whether rows are dealt in a random order.
    pub shuffle: bool,
}

/// Rows dealt to folds; which rows a fold holds is found out when asked, so that many folds cost no memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    n_folds: usize,
    is_time_ordered: bool,
    /// The fold of each row; `n_folds` for those that are never held back.
    fold_of: Vec<usize>,
}

impl Folds {
    /// How many there are.
    pub fn n_folds(&self) -> usize {
        self.n_folds
    }

    /// The positions held back by one fold and those learned from, both in ascending order.
    pub fn split(&self, fold: usize) -> Split {
        let n_rows = self.fold_of.len() as u32;
        let (test, mut train): (Vec<u32>, Vec<u32>) = (0..n_rows).partition(|&row| self.fold_of[row as usize] == fold);
        if self.is_time_ordered {
            train.truncate(test.first().map_or(0, |&first| first as usize));
        }
        Split { train, test }
    }
}

/// Deals the positions `0..n_rows` to folds.
///
/// Unshuffled they are those of scikit-learn's `KFold`, `StratifiedKFold` and `TimeSeriesSplit`. Shuffled, `k_fold`
/// deals a random order, and `stratified` shuffles within each class, so that a class is spread as evenly as before;
/// a class with fewer rows than there are folds is absent from some.
///
/// **Shapes** `strata`, one code per row, is what `stratified` needs.
///
/// **Errors**
/// - `table.bad_folds`: fewer than two folds, or more than there are rows (of the largest class when stratified; one
///   fewer than rows when time-ordered).
/// - `table.bad_fold_kind`: stratified without strata. `table.shuffled_time`: time-ordered and shuffled.
///
/// ```
/// use vitrine::random::Seed;
/// use vitrine::table::folds::{FoldConfig, FoldKind, folds};
/// let config = FoldConfig { n_folds: 2, kind: FoldKind::Stratified, shuffle: false };
/// let first = folds(5, Some(&[0, 0, 0, 1, 1]), config, Seed(0)).unwrap().split(0);
/// assert_eq!(first.test, [0, 1, 3]);
/// assert_eq!(first.train, [2, 4]);
/// ```
///
/// **Reference** <https://scikit-learn.org/stable/modules/cross_validation.html>
pub fn folds(n_rows: usize, strata: Option<&[u32]>, config: FoldConfig, seed: Seed) -> Result<Folds, Error> {
    let FoldConfig { n_folds, kind, shuffle } = config;
    let sizes = class_sizes(strata.unwrap_or_default());
    let most = match kind {
        FoldKind::KFold => n_rows,
        FoldKind::Stratified if strata.is_none() => {
            return Err(FoldError::BadFoldKind { given: kind.word().to_owned() }.into());
        }
        FoldKind::Stratified => sizes.iter().copied().max().unwrap_or(0),
        FoldKind::TimeOrdered if shuffle => return Err(FoldError::ShuffledTime {}.into()),
        FoldKind::TimeOrdered => n_rows.saturating_sub(1),
    };
    if n_folds < 2 || n_folds > most {
        return Err(FoldError::BadFolds { n_folds, most }.into());
    }
    let mut rng = seed.derive("folds").rng();
    let mut fold_of = vec![n_folds; n_rows];
    match (kind, strata) {
        (FoldKind::TimeOrdered, _) => {
            let n_test = n_rows / (n_folds + 1);
            let start = n_rows - n_folds * n_test;
            fold_of[start..].iter_mut().enumerate().for_each(|(idx, fold)| *fold = idx / n_test);
        }
        (FoldKind::Stratified, Some(strata)) => {
            let mut dealt = deal_classes(strata, &sizes, n_folds);
            if shuffle {
                dealt.iter_mut().for_each(|folds| rng.shuffle(folds));
            }
            let mut dealt: Vec<_> = dealt.into_iter().map(Vec::into_iter).collect();
            for (fold, &code) in fold_of.iter_mut().zip(strata) {
                *fold = dealt[code as usize].next().expect("a fold was dealt to each row of the class");
            }
        }
        _ => {
            let mut order: Vec<usize> = (0..n_rows).collect();
            if shuffle {
                rng.shuffle(&mut order);
            }
            let sizes = (0..n_folds).map(|fold| n_rows / n_folds + usize::from(fold < n_rows % n_folds));
            let dealt = sizes.enumerate().flat_map(|(fold, size)| std::iter::repeat_n(fold, size));
            order.into_iter().zip(dealt).for_each(|(row, fold)| fold_of[row] = fold);
        }
    }
    Ok(Folds { n_folds, is_time_ordered: kind == FoldKind::TimeOrdered, fold_of })
}

fn class_sizes(strata: &[u32]) -> Vec<usize> {
    let mut sizes = vec![0; strata.iter().max().map_or(0, |&code| code as usize + 1)];
    strata.iter().for_each(|&code| sizes[code as usize] += 1);
    sizes
}

/// The folds of each class's rows, ascending. The classes stand in the order in which they first occur and their rows
/// are dealt one after another, as cards are: so the folds differ by at most one row in all, and in each class.
fn deal_classes(strata: &[u32], sizes: &[usize], n_folds: usize) -> Vec<Vec<usize>> {
    let mut dealt: Vec<Vec<usize>> = vec![Vec::new(); sizes.len()];
    let mut next = 0;
    for &code in strata {
        let folds = &mut dealt[code as usize];
        if folds.is_empty() {
            folds.extend((next..next + sizes[code as usize]).map(|card| card % n_folds));
            folds.sort_unstable();
            next += folds.len();
        }
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(n_folds: usize, kind: FoldKind, shuffle: bool) -> FoldConfig {
        FoldConfig { n_folds, kind, shuffle }
    }

    #[test]
    fn every_row_is_held_back_once() {
        let strata: Vec<u32> = (0..23).map(|row| u32::from(row % 7 == 0)).collect();
        for kind in [FoldKind::KFold, FoldKind::Stratified] {
            for shuffle in [false, true] {
                let made = folds(23, Some(&strata), config(4, kind, shuffle), Seed(5)).unwrap();
                let splits: Vec<Split> = (0..made.n_folds()).map(|fold| made.split(fold)).collect();
                let mut held: Vec<u32> = splits.iter().flat_map(|split| split.test.clone()).collect();
                held.sort_unstable();
                assert_eq!(held, (0..23).collect::<Vec<_>>());
                for split in &splits {
                    assert_eq!(split.train.len() + split.test.len(), 23);
                    assert!(split.train.is_sorted() && split.test.is_sorted());
                    assert!((5..=6).contains(&split.test.len()));
                }
            }
        }
    }

    #[test]
    fn shuffled_classes_are_spread_evenly_and_by_the_seed() {
        let strata: Vec<u32> = (0..100).map(|row| u32::from(row >= 60)).collect();
        let shuffled = |seed| folds(100, Some(&strata), config(5, FoldKind::Stratified, true), Seed(seed)).unwrap();
        for fold in 0..5 {
            assert_eq!(shuffled(1).split(fold).test.iter().filter(|&&row| row >= 60).count(), 8);
        }
        assert_eq!(shuffled(1), shuffled(1));
        assert_ne!(shuffled(1), shuffled(2));
    }

    #[test]
    fn later_rows_are_answered_by_earlier_ones() {
        let made = folds(7, None, config(3, FoldKind::TimeOrdered, false), Seed(0)).unwrap();
        assert_eq!(made.split(0), Split { train: vec![0, 1, 2, 3], test: vec![4] });
        assert_eq!(made.split(2), Split { train: vec![0, 1, 2, 3, 4, 5], test: vec![6] });
    }

    #[test]
    fn folds_that_cannot_be_made_say_why() {
        let code = |n_rows, strata, config| folds(n_rows, strata, config, Seed(0)).unwrap_err().code().to_owned();
        assert_eq!(code(3, None, config(1, FoldKind::KFold, false)), "table.bad_folds");
        assert_eq!(code(3, None, config(4, FoldKind::KFold, false)), "table.bad_folds");
        assert_eq!(code(3, Some(&[0, 0, 1]), config(3, FoldKind::Stratified, false)), "table.bad_folds");
        assert_eq!(code(3, None, config(3, FoldKind::TimeOrdered, false)), "table.bad_folds");
        assert_eq!(code(0, None, config(2, FoldKind::TimeOrdered, false)), "table.bad_folds");
        assert_eq!(code(3, None, config(2, FoldKind::Stratified, false)), "table.bad_fold_kind");
        assert_eq!(code(3, None, config(2, FoldKind::TimeOrdered, true)), "table.shuffled_time");
        assert_eq!(code(3, None, config(usize::MAX, FoldKind::KFold, true)), "table.bad_folds");
    }
}
