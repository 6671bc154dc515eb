//! Rows given as values by name become columns a recipe can read.

use serde_json::{Map, Value};

use crate::Error;
use crate::predict::PredictError;
use crate::preprocess::{Group, Input};
use crate::table::{Column, ColumnData, Table, TextColumn, number_text};

/// Puts rows into a table with the columns a recipe reads; columns no row has are left out, so that they are reported.
///
/// Numbers, texts and yes-or-no are taken as they come: reading them as what they were in training is the recipe's work.
///
/// **Errors** `predict.bad_cell` for a list or an object where a cell should be.
pub fn rows_source(inputs: &[Input], rows: &[Map<String, Value>]) -> Result<Table, Error> {
    let given = inputs.iter().filter(|input| rows.iter().any(|row| row.contains_key(&input.name)));
    let columns = given.map(|input| column(input, rows)).collect::<Result<Vec<Column>, Error>>()?;
    if columns.is_empty() {
        // A table keeps its number of rows in its columns: one that nothing reads stands for "no column at all".
        let data = ColumnData::Numeric(vec![f64::NAN; rows.len()]);
        return Ok(Table::new(vec![Column { name: String::new(), data }]));
    }
    Ok(Table::new(columns))
}

fn column(input: &Input, rows: &[Map<String, Value>]) -> Result<Column, Error> {
    let cells = || rows.iter().map(|row| row.get(&input.name).unwrap_or(&Value::Null));
    if let Some(row) = cells().position(|cell| cell.is_array() || cell.is_object()) {
        let given = if rows[row][&input.name].is_array() { "a list" } else { "an object" };
        return Err(PredictError::BadCell { row, column: input.name.clone(), given: given.to_owned() }.into());
    }
    let all_numbers = cells().all(|cell| cell.is_null() || cell.is_number() || cell.is_boolean());
    let data = if input.group() == Group::Numeric && all_numbers {
        ColumnData::Numeric(cells().map(number).collect())
    } else {
        let mut texts = TextColumn::with_capacity(rows.len(), 0);
        cells().for_each(|cell| texts.push(text(cell).as_deref()));
        ColumnData::Text(texts)
    };
    Ok(Column { name: input.name.clone(), data })
}

fn number(cell: &Value) -> f64 {
    match cell {
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        // A number that is not finite is no number of a table.
        other => other.as_f64().filter(|x| x.is_finite()).unwrap_or(f64::NAN),
    }
}

/// A cell as text; an empty text is a missing cell, as it is in a file.
fn text(cell: &Value) -> Option<String> {
    match cell {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(x) => x.as_f64().map(number_text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Cell, ColumnKind};
    use serde_json::json;

    fn rows(rows: Value) -> Vec<Map<String, Value>> {
        serde_json::from_value(rows).unwrap()
    }

    fn input(name: &str, kind: ColumnKind) -> Input {
        Input { name: name.into(), kind, levels: Vec::new(), span: None }
    }

    #[test]
    fn cells_are_taken_as_they_come() {
        let inputs = [input("n", ColumnKind::Numeric), input("c", ColumnKind::Categorical)];
        let table = rows_source(&inputs, &rows(json!([{"n": 1.5, "c": 3}, {"n": null, "c": "x"}, {"c": ""}]))).unwrap();
        assert_eq!(table.column("n").unwrap().cell(0), Cell::Number(1.5));
        assert_eq!(table.column("n").unwrap().cell(2), Cell::Missing);
        assert_eq!(table.column("c").unwrap().cell(0), Cell::Text("3"));
        assert_eq!(table.column("c").unwrap().cell(2), Cell::Missing);
    }

    #[test]
    fn rows_without_any_known_column_are_still_rows() {
        let table = rows_source(&[input("n", ColumnKind::Numeric)], &rows(json!([{}, {"z": 1}]))).unwrap();
        assert_eq!(table.n_rows(), 2);
    }

    #[test]
    fn a_list_is_no_cell() {
        let error = rows_source(&[input("n", ColumnKind::Numeric)], &rows(json!([{"n": 1}, {"n": [2]}]))).unwrap_err();
        assert_eq!(error.message(), "row 1 has a list for \"n\", but a cell is a number, a text, true, false or null");
    }
}
