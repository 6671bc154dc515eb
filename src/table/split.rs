//! Which rows are learned from, and which are held back.

use crate::Error;
use crate::error::Place;
use crate::random::Seed;

crate::trouble! {
    /// What can be wrong with a split.
    pub enum SplitError in "table" {
        /// The fraction of rows to hold back is not one.
        BadFraction { test_fraction: f64 } => "bad_test_fraction",
            "test_fraction is {test_fraction}, but must be at least 0 and below 1",
            hint "Use 0.25 to hold a quarter of the rows back, or 0 for none",
            place Place::field("split.test_fraction");
        /// Holding that many rows back leaves none to learn from.
        NothingToLearnFrom { n_rows: usize, n_test: usize } => "nothing_to_learn_from",
            "holding back {n_test} of {n_rows} rows leaves none to learn from",
            hint "Lower test_fraction, or load more rows",
            place Place::field("split.test_fraction");
    }
}

/// A partition of rows; both parts in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows to learn from.
    pub train: Vec<u32>,
    /// Rows held back.
    pub test: Vec<u32>,
}

/// Holds back a fraction of the rows, drawn with a seed.
///
/// `ceil(test_fraction · n)` rows are held back, as scikit-learn's `train_test_split` does, and at least one row is
/// kept. With `strata` (one code per row) each stratum gives its share: the shares are rounded by largest remainder,
/// and a stratum of a single row is kept for training, since it cannot be in both parts.
///
/// **Shapes** `strata`, if given, is as long as `rows`.
///
/// **Errors** `table.bad_test_fraction`, `table.nothing_to_learn_from`.
///
/// ```
/// use vitrine::random::Seed;
/// use vitrine::table::split::hold_back;
/// let rows: Vec<u32> = (0..8).collect();
/// let split = hold_back(&rows, Some(&[0, 0, 0, 0, 1, 1, 1, 1]), 0.5, Seed(1)).unwrap();
/// assert_eq!(split.test.iter().filter(|&&row| row < 4).count(), 2);
/// assert_eq!(split.train.len() + split.test.len(), 8);
/// ```
pub fn hold_back(rows: &[u32], strata: Option<&[u32]>, test_fraction: f64, seed: Seed) -> Result<Split, Error> {
    if !(0.0..1.0).contains(&test_fraction) {
        return Err(SplitError::BadFraction { test_fraction }.into());
    }
    if test_fraction == 0.0 {
        return Ok(Split { train: rows.to_vec(), test: Vec::new() });
    }
    // The tolerance keeps 0.1 · 10 from being rounded up to two rows.
    let n_test = (test_fraction * rows.len() as f64 - 1e-9).ceil() as usize;
    if n_test >= rows.len() {
        return Err(SplitError::NothingToLearnFrom { n_rows: rows.len(), n_test }.into());
    }
    let mut rng = seed.derive("split").rng();
    let mut is_test = vec![false; rows.len()];
    match strata {
        None => {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            rng.shuffle(&mut order);
            order[..n_test].iter().for_each(|&idx| is_test[idx] = true);
        }
        Some(strata) => {
            for (mut members, n_held) in shares(strata, n_test) {
                rng.shuffle(&mut members);
                members[..n_held].iter().for_each(|&idx| is_test[idx] = true);
            }
        }
    }
    let part = |wanted: bool| rows.iter().zip(&is_test).filter(move |(_, test)| **test == wanted).map(|(row, _)| *row);
    Ok(Split { train: part(false).collect(), test: part(true).collect() })
}

/// The members of each stratum and how many of them are held back, `n_test` in all where that is possible.
fn shares(strata: &[u32], n_test: usize) -> Vec<(Vec<usize>, usize)> {
    let n_strata = strata.iter().max().map_or(0, |&code| code as usize + 1);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); n_strata];
    for (idx, &code) in strata.iter().enumerate() {
        members[code as usize].push(idx);
    }
    let exact = |group: &Vec<usize>| group.len() as f64 * n_test as f64 / strata.len() as f64;
    let mut held: Vec<usize> = members.iter().map(|group| exact(group).floor() as usize).collect();
    let mut order: Vec<usize> = (0..n_strata).collect();
    order.sort_by(|&a, &b| exact(&members[b]).fract().total_cmp(&exact(&members[a]).fract()).then(a.cmp(&b)));
    let mut left = n_test - held.iter().sum::<usize>();
    // One pass gives each its remainder; more passes only when single rows could not give theirs.
    while left > 0 {
        let mut gave = false;
        for &stratum in &order {
            if left > 0 && held[stratum] + 1 < members[stratum].len() {
                held[stratum] += 1;
                left -= 1;
                gave = true;
            }
        }
        if !gave {
            break;
        }
    }
    members.into_iter().zip(held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_gives_its_share() {
        let strata: Vec<u32> = (0..150).map(|row| row / 50).collect();
        let rows: Vec<u32> = (0..150).collect();
        let split = hold_back(&rows, Some(&strata), 0.25, Seed(0)).unwrap();
        assert_eq!(split.test.len(), 38);
        for class in 0..3 {
            let n = split.test.iter().filter(|&&row| row / 50 == class).count();
            assert!((12..=13).contains(&n), "{n} of class {class}");
        }
    }

    #[test]
    fn a_class_of_one_row_is_learned_from() {
        let split = hold_back(&[0, 1, 2, 3], Some(&[0, 0, 0, 1]), 0.5, Seed(3)).unwrap();
        assert!(split.train.contains(&3));
        assert_eq!(split.test.len(), 2);
    }

    #[test]
    fn one_row_cannot_be_split() {
        assert_eq!(hold_back(&[0], None, 0.25, Seed(0)).unwrap_err().code(), "table.nothing_to_learn_from");
        assert_eq!(hold_back(&[0], None, 0.0, Seed(0)).unwrap().train, [0]);
        assert_eq!(hold_back(&[0], None, f64::NAN, Seed(0)).unwrap_err().code(), "table.bad_test_fraction");
    }
}
