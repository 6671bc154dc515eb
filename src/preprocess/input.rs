//! What the training rows say about a raw column: its categories, its span.

use std::collections::BTreeMap;

use crate::preprocess::frame::{Input, category_text};
use crate::preprocess::stats;
use crate::table::{Cell, Column, ColumnData, ColumnKind};

/// Learns a raw column's categories (most frequent first, equals by name) or span from the training rows.
pub(super) fn learn_input(column: &Column, rows: &[u32]) -> Input {
    let kind = column.kind();
    let (levels, span) = match (&column.data, kind) {
        (ColumnData::Boolean { labels, .. }, _) => (labels.to_vec(), numbers_span(column, rows)),
        (_, ColumnKind::Categorical | ColumnKind::Text) => (levels_by_frequency(column, rows), None),
        _ => (Vec::new(), numbers_span(column, rows)),
    };
    Input { name: column.name.clone(), kind, levels, span }
}

fn levels_by_frequency(column: &Column, rows: &[u32]) -> Vec<String> {
    let counts: Vec<(String, usize)> = match &column.data {
        ColumnData::Categorical { codes, levels } => {
            let mut counts = vec![0; levels.len()];
            for &row in rows {
                if let Some(count) = counts.get_mut(codes[row as usize] as usize) {
                    *count += 1;
                }
            }
            levels.iter().cloned().zip(counts).filter(|(_, count)| *count > 0).collect()
        }
        _ => {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for text in rows.iter().filter_map(|&row| category_text(column, row as usize)) {
                *counts.entry(text.into_owned()).or_default() += 1;
            }
            counts.into_iter().collect()
        }
    };
    let mut counts = counts;
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.into_iter().map(|(level, _)| level).collect()
}

fn numbers_span(column: &Column, rows: &[u32]) -> Option<[f64; 3]> {
    let number = |&row: &u32| match column.cell(row as usize) {
        Cell::Number(x) => x,
        Cell::Time(millis) => millis as f64,
        Cell::Flag(flag) => f64::from(u8::from(flag)),
        Cell::Missing | Cell::Text(_) => f64::NAN,
    };
    let numbers: Vec<f64> = rows.iter().map(number).collect();
    let (min, max) = stats::min_max(&numbers)?;
    Some([min, stats::median(&numbers)?, max])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_those_of_the_training_rows_most_frequent_first() {
        let levels = ["a", "b", "c"].map(str::to_owned).to_vec();
        let data = ColumnData::Categorical { codes: vec![0, 1, 1, 2, u32::MAX], levels };
        let input = learn_input(&Column { name: "x".into(), data }, &[0, 1, 2, 4]);
        assert_eq!(input.levels, ["b", "a"]);
    }

    #[test]
    fn the_span_is_that_of_the_training_rows() {
        let data = ColumnData::Numeric(vec![9.0, 1.0, f64::NAN, 5.0]);
        let input = learn_input(&Column { name: "x".into(), data }, &[1, 2, 3]);
        assert_eq!(input.span, Some([1.0, 3.0, 5.0]));
    }
}
