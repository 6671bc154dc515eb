//! The rows' weights, read from a column of the table.

use crate::Error;
use crate::preprocess::PreprocessError;
use crate::table::{Cell, Column, ColumnKind, number_text};

/// Sums, squares and products of weights in this range, and of ratios between them, are numbers.
const WEIGHTS: std::ops::RangeInclusive<f64> = 1e-50..=1e50;

/// Reads how much each of some rows counts.
///
/// **Shapes** one number per entry of `rows`, in their order: 0, or from 1e-50 to 1e50, and not all 0.
///
/// **Errors** `preprocess.weight_not_numeric`, `preprocess.bad_weight` for the first row whose weight is missing, negative
/// or out of all proportion, `preprocess.weights_all_zero`.
///
/// ```
/// use vitrine::preprocess::read_weights;
/// use vitrine::table::{Column, ColumnData};
/// let column = Column { name: "w".to_owned(), data: ColumnData::Numeric(vec![0.0, 2.5, -1.0]) };
/// assert_eq!(read_weights(&column, &[0, 1]).unwrap(), [0.0, 2.5]);
/// assert_eq!(read_weights(&column, &[0, 2]).unwrap_err().code(), "preprocess.bad_weight");
/// ```
pub fn read_weights(column: &Column, rows: &[u32]) -> Result<Vec<f64>, Error> {
    let name = &column.name;
    if !matches!(column.kind(), ColumnKind::Numeric | ColumnKind::Boolean) {
        let kind = format!("{:?}", column.kind()).to_lowercase();
        return Err(PreprocessError::WeightNotNumeric { column: name.clone(), kind }.into());
    }
    let weight = |&row: &u32| {
        let (weight, given) = match column.cell(row as usize) {
            Cell::Number(x) => (x, number_text(x)),
            Cell::Flag(flag) => (f64::from(u8::from(flag)), String::new()),
            _ => (f64::NAN, "(missing)".to_owned()),
        };
        let is_fine = weight == 0.0 || WEIGHTS.contains(&weight);
        let bad = || PreprocessError::BadWeight { column: name.clone(), row: row as usize, given };
        if is_fine { Ok(weight) } else { Err(bad()) }
    };
    let weights = rows.iter().map(weight).collect::<Result<Vec<f64>, PreprocessError>>()?;
    if weights.iter().all(|&weight| weight == 0.0) {
        return Err(PreprocessError::WeightsAllZero { column: name.clone(), n_rows: rows.len() }.into());
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::ColumnData;

    #[track_caller]
    fn check(data: ColumnData, rows: &[u32], code: &str) {
        let column = Column { name: "w".to_owned(), data };
        assert_eq!(read_weights(&column, rows).unwrap_err().code(), code);
    }

    #[test]
    fn a_weight_that_is_none_is_named_with_its_row() {
        let column = Column { name: "w".to_owned(), data: ColumnData::Numeric(vec![1.0, f64::NAN, 1e60, 0.0]) };
        let error = read_weights(&column, &[0, 1]).unwrap_err();
        assert_eq!(error.message(), "row 1 has the weight (missing) in \"w\", but it must be 0, or from 1e-50 to 1e50");
        assert_eq!(error.place().unwrap().row, Some(1));
        check(column.data.clone(), &[2], "preprocess.bad_weight");
        check(column.data, &[3, 3], "preprocess.weights_all_zero");
    }

    #[test]
    fn yes_and_no_are_weights_and_categories_are_not() {
        let labels = ["no".to_owned(), "yes".to_owned()];
        let column = Column { name: "w".to_owned(), data: ColumnData::Boolean { flags: vec![1, 0], labels } };
        assert_eq!(read_weights(&column, &[0, 1]).unwrap(), [1.0, 0.0]);
        let data = ColumnData::Categorical { codes: vec![0], levels: vec!["1".to_owned()] };
        check(data, &[0], "preprocess.weight_not_numeric");
    }
}
