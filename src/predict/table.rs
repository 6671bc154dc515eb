//! A table with its answers beside its columns.

use crate::model::{Answers, Pipeline};
use crate::table::{Column, ColumnData, Table};

/// The columns of a table, then `prediction`, then for classes `probability_<class>` each, for clusters `distance`, and
/// for oddity `score`; a projection adds `component_0` and so on instead. A name that is taken gets a
/// number behind it.
///
/// **Shapes** `answers` has one answer per row of `table`.
pub fn answered_table(table: &Table, pipeline: &Pipeline, answers: &Answers) -> Table {
    let mut columns = table.columns().to_vec();
    let mut add = |wanted: String, data: ColumnData| {
        let is_taken = |name: &str| columns.iter().any(|column| column.name == name);
        let numbered = (2..).map(|n| format!("{wanted}_{n}"));
        let name = std::iter::once(wanted.clone()).chain(numbered).find(|name| !is_taken(name));
        columns.push(Column { name: name.expect("some number is free"), data });
    };
    let named = || ColumnData::Categorical { codes: answers.codes(), levels: pipeline.classes.clone() };
    match answers {
        Answers::Values(values) => add("prediction".to_owned(), ColumnData::Numeric(values.clone())),
        Answers::Classes { probabilities, n_classes } => {
            add("prediction".to_owned(), named());
            for (code, class) in pipeline.classes.iter().enumerate() {
                let of_class = probabilities.iter().skip(code).step_by(*n_classes).copied().collect();
                add(format!("probability_{class}"), ColumnData::Numeric(of_class));
            }
        }
        Answers::Clusters { distances: numbers, .. } | Answers::Scores { scores: numbers, .. } => {
            add("prediction".to_owned(), named());
            let is_score = matches!(answers, Answers::Scores { .. });
            let name = if is_score { "score" } else { "distance" };
            add(name.to_owned(), ColumnData::Numeric(numbers.clone()));
        }
        Answers::Components { values, n_components } => {
            for k in 0..*n_components {
                let of_component = values.iter().skip(k).step_by(*n_components).copied().collect();
                add(format!("component_{k}"), ColumnData::Numeric(of_component));
            }
        }
    }
    Table::new(columns)
}
