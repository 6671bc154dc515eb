//! A window over the rows: a number becomes several, its own row's and those of the rows before it.
//!
//! ```text
//! n_steps 3, horizon 0        x t-2, x t-1, x t
//! n_steps 2, horizon 3        x t-4, x t-3        what is known three rows ahead of the target
//! ```
//! Windows look back only, and at rows of the same part only, so that no row sees a later one or one that was held back.
//! Before the first row there is none: it is repeated. So a row by itself stands at each step of its window.
//! The lags of one column stand side by side, oldest first: a matrix whose columns all went through a window is, row by
//! row, `columns × steps`, which is how [`FittedRecipe::window`](crate::preprocess::FittedRecipe::window) lets a
//! recurrent net read it.

use crate::Error;
use crate::preprocess::PreprocessError;
use crate::preprocess::frame::{Feature, Values};
use crate::preprocess::learned::Learned;

/// The longest window, and the longest way ahead.
pub const MOST_LAGS: usize = 1000;

/// More cells than this of one column (160 MB) fit in no tab beside the others.
const MOST_CELLS: usize = 20_000_000;

/// Nothing is learned but that the rows are enough for the window, and not too many.
///
/// **Errors** `preprocess.bad_setting` for a window longer than the rows, and for one that would make too many cells.
pub(super) fn learn(n_steps: usize, horizon: usize, n_rows: usize, step: usize) -> Result<Learned, Error> {
    let bad = |given: usize, expected: String| {
        PreprocessError::BadSetting { step, field: "n_steps".to_owned(), given: given.to_string(), expected }.into()
    };
    if n_steps + horizon > n_rows {
        return Err(bad(n_steps + horizon, format!("at most the {n_rows} training rows, the horizon included")));
    }
    match MOST_CELLS / n_rows.max(1) {
        most if n_steps > most => Err(bad(n_steps, format!("at most {most} for {n_rows} rows"))),
        _ => Ok(Learned::Lags { n_steps, horizon }),
    }
}

/// The column at each step of the window, oldest first (pandas' `shift`, and its first row before that).
pub(super) fn apply(n_steps: usize, horizon: usize, feature: &Feature) -> Vec<Feature> {
    let Values::Numbers(numbers) = &feature.values else { return vec![feature.clone()] };
    let lagged = |lag: usize| {
        let name = match lag {
            0 => format!("{} t", feature.name),
            _ => format!("{} t-{lag}", feature.name),
        };
        let n_kept = numbers.len().saturating_sub(lag);
        let first = numbers.first().copied().unwrap_or(f64::NAN);
        let mut made = vec![first; numbers.len() - n_kept];
        made.extend_from_slice(&numbers[..n_kept]);
        feature.remade(name, made)
    };
    (horizon..horizon + n_steps).rev().map(lagged).collect()
}

/// How many rows do not follow the one before them in the table.
pub(super) fn n_gaps(rows: &[u32]) -> usize {
    rows.windows(2).filter(|pair| pair[0].checked_add(1) != Some(pair[1])).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::frame::{Group, Origin};

    fn lags(n_steps: usize, horizon: usize, cells: &[f64]) -> Vec<(String, Vec<f64>)> {
        let values = Values::Numbers(cells.to_vec());
        let feature = Feature { name: "x".into(), origin: Origin::raw("x", Group::Numeric), values };
        let named = |feature: Feature| match feature.values {
            Values::Numbers(numbers) => (feature.name, numbers),
            Values::Categories { .. } => panic!("numbers"),
        };
        apply(n_steps, horizon, &feature).into_iter().map(named).collect()
    }

    fn expected(all: &[(&str, &[f64])]) -> Vec<(String, Vec<f64>)> {
        all.iter().map(|(name, numbers)| ((*name).to_owned(), numbers.to_vec())).collect()
    }

    #[test]
    fn a_window_looks_back_and_repeats_the_first_row() {
        let cells = [3.0, 5.0, 1.0, 9.0];
        let window = expected(&[
            ("x t-2", &[3.0, 3.0, 3.0, 5.0]),
            ("x t-1", &[3.0, 3.0, 5.0, 1.0]),
            ("x t", &[3.0, 5.0, 1.0, 9.0]),
        ]);
        assert_eq!(lags(3, 0, &cells), window);
        let ahead = expected(&[("x t-4", &[3.0; 4]), ("x t-3", &[3.0, 3.0, 3.0, 3.0])]);
        assert_eq!(lags(2, 3, &cells), ahead);
    }

    #[test]
    fn a_row_by_itself_stands_at_each_step_and_no_row_makes_none() {
        assert_eq!(lags(2, 0, &[7.0]), expected(&[("x t-1", &[7.0]), ("x t", &[7.0])]));
        assert_eq!(lags(2, 1, &[]), expected(&[("x t-2", &[]), ("x t-1", &[])]));
    }

    #[test]
    fn a_window_longer_than_the_rows_or_too_large_is_refused() {
        let message = |n_steps, horizon, n_rows| learn(n_steps, horizon, n_rows, 1).unwrap_err().message().to_owned();
        let too_long = "step 1 has n_steps 5, but must have at most the 4 training rows, the horizon included";
        assert_eq!(message(3, 2, 4), too_long);
        assert_eq!(message(1000, 0, 1_000_000), "step 1 has n_steps 1000, but must have at most 20 for 1000000 rows");
        assert_eq!(learn(3, 1, 4, 1).unwrap(), Learned::Lags { n_steps: 3, horizon: 1 });
    }

    #[test]
    fn rows_apart_are_counted() {
        assert_eq!([&[][..], &[3], &[3, 4, 5], &[0, 2, 3, 1]].map(n_gaps), [0, 0, 0, 2]);
    }
}
