//! New rows are answered, and models measured on other tables.

use std::rc::Rc;

use vitrine_protocol::{Buffer, EvaluationMsg, Event, PredictMsg, PredictionMsg};

use crate::Error;
use crate::error::Issues;
use crate::evaluate::EvaluateError;
use crate::ingest::ReadConfig;
use crate::ingest::write::{WriteConfig, write_header, write_rows};
use crate::model::ModelCard;
use crate::predict::{PredictError, answered_table, rows_source};
use crate::preprocess::read_known_labels;
use crate::table::Table;
use crate::worker::context::Context;
use crate::worker::jobs::load::read_csv;
use crate::worker::jobs::measure::{all_rows, measure};
use crate::worker::jobs::{ROWS_PER_TICK, answer_all};
use crate::worker::{Reply, Source, wire};

pub(super) async fn predict(
    context: Context,
    id: String,
    request: PredictMsg,
    payload: Option<Rc<dyn Source>>,
) -> Result<Reply, Error> {
    let given = [request.rows.is_some(), request.table.is_some(), request.csv].iter().filter(|given| **given).count();
    if given != 1 {
        return Err(PredictError::WhichRows { given }.into());
    }
    let wants_csv = match request.output.as_deref() {
        None | Some("rows") => false,
        Some("csv") => true,
        Some(other) => return Err(PredictError::BadOutput { given: other.to_owned() }.into()),
    };
    let entry = context.workspace.borrow().model(&id)?;
    let pipeline = &entry.pipeline;
    let mut issues = Issues::new();
    let table: Rc<Table> = if let Some(rows) = &request.rows {
        Rc::new(rows_source(&pipeline.recipe.inputs, rows)?)
    } else if let Some(table) = &request.table {
        context.workspace.borrow().table(table)?.table.clone()
    } else {
        let source = payload.expect("a request with csv comes with its payload");
        let read = read_csv(&context, ReadConfig::default(), source.as_ref(), 0.5).await?;
        issues.extend(read.issues);
        Rc::new(read.table)
    };
    let rows: Vec<u32> = (0..table.n_rows() as u32).collect();
    let from = if request.csv { 0.5 } else { 0.0 };
    let answers = answer_all(&context, pipeline, table.as_ref(), &rows, (from, 1.0), &mut issues).await?;
    let msg =
        PredictionMsg { n_rows: rows.len(), classes: wire::classes_msg(pipeline), issues: wire::issue_msgs(&issues) };
    let buffers = if wants_csv {
        vec![("csv", Buffer::U8(csv_bytes(&context, &answered_table(&table, pipeline, &answers)).await))]
    } else {
        wire::prediction_buffers(answers)
    };
    Ok(Reply { event: Event::Predicted(msg), buffers })
}

/// A table as the bytes of a CSV that no spreadsheet takes for formulas.
async fn csv_bytes(context: &Context, table: &Table) -> Vec<u8> {
    let config = WriteConfig { formula_safe: true, ..WriteConfig::default() };
    let mut csv = String::new();
    write_header(table, config, &mut csv);
    for start in (0..table.n_rows()).step_by(ROWS_PER_TICK) {
        write_rows(table, start..table.n_rows().min(start + ROWS_PER_TICK), config, &mut csv);
        context.tick("writing", 1.0).await;
    }
    csv.into_bytes()
}

pub(super) async fn evaluate(
    context: Context,
    id: String,
    table_id: String,
    rows: Option<String>,
) -> Result<Reply, Error> {
    let entry = context.workspace.borrow().model(&id)?;
    let table = context.workspace.borrow().table(&table_id)?.table.clone();
    let pipeline = &entry.pipeline;
    let mut issues = Issues::new();
    let mut labels = match &pipeline.target {
        Some(target) => read_known_labels(table.as_ref(), target, &pipeline.classes, &mut issues)?,
        None => all_rows(table.n_rows()),
    };
    if let Some(wanted) = wanted_rows(&entry.card, &table_id, rows.as_deref())? {
        labels.keep_rows(wanted);
    }
    let rows = (labels.rows.as_slice(), &labels.target);
    let measured = measure(&context, pipeline, table.as_ref(), rows, (0.0, 1.0), &mut issues).await?;
    let msg = EvaluationMsg {
        model: id,
        table: table_id,
        n_rows: labels.rows.len(),
        metrics: measured.metrics,
        classes: wire::classes_msg(pipeline),
        confusion: measured.confusion,
        issues: wire::issue_msgs(&issues),
    };
    Ok(Event::Evaluated(msg).into())
}

/// The rows to measure, sorted; none for all of them.
///
/// **Errors** `evaluate.no_such_rows`.
fn wanted_rows<'a>(card: &'a ModelCard, table: &str, rows: Option<&str>) -> Result<Option<&'a [u32]>, Error> {
    let part: &[u32] = match rows {
        None | Some("all") => return Ok(None),
        Some("train") => &card.train_rows,
        Some("test") => &card.test_rows,
        Some(_) => &[],
    };
    if part.is_empty() || card.table != table {
        return Err(EvaluateError::NoSuchRows { given: rows.unwrap_or_default().to_owned() }.into());
    }
    Ok(Some(part))
}
