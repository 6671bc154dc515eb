//! A table with its answers beside its columns.

use crate::model::{Answers, Pipeline};
use crate::table::{Column, ColumnData, Table};

/// The columns of a table, then `prediction`, then for classes `probability_<class>` each; a name that is taken gets a
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
    match answers {
        Answers::Values(values) => add("prediction".to_owned(), ColumnData::Numeric(values.clone())),
        Answers::Classes { probabilities, n_classes } => {
            let data = ColumnData::Categorical { codes: answers.codes(), levels: pipeline.classes.clone() };
            add("prediction".to_owned(), data);
            for (code, class) in pipeline.classes.iter().enumerate() {
                let of_class = probabilities.iter().skip(code).step_by(*n_classes).copied().collect();
                add(format!("probability_{class}"), ColumnData::Numeric(of_class));
            }
        }
    }
    Table::new(columns)
}
