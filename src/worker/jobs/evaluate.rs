//! A model is measured on a table: measures, how sure they are, and what to draw of them.

use std::collections::BTreeMap;

use vitrine_protocol::{Buffer, EvaluationMsg, Event, SeriesMsg};

use crate::Error;
use crate::error::Issues;
use crate::evaluate::{
    Bootstrap, EvaluateError, Evaluation, Intervals, N_RESAMPLES_MAX, Series, class_charts, drawn_classes,
    evaluate as compare, rows_by_cell, value_charts,
};
use crate::model::{Answers, ModelCard, Pipeline};
use crate::preprocess::{Labels, RowSource, Target, read_known_labels};
use crate::random::Seed;
use crate::worker::context::Context;
use crate::worker::jobs::answer_all;
use crate::worker::jobs::measure::{all_rows, measure};
use crate::worker::{Reply, wire};

/// Where in the progress answering ends.
const ANSWERED: f64 = 0.5;

/// What is to be measured, and how.
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) table: String,
    pub(super) rows: Option<String>,
    pub(super) resamples: Option<usize>,
    pub(super) seed: u64,
}

/// What was found; of answers without a truth the measures and charts alone.
#[derive(Default)]
struct Found {
    measured: Evaluation,
    charts: BTreeMap<String, Vec<SeriesMsg>>,
    intervals: Option<Intervals>,
    n_resamples: usize,
    /// By cell of the confusion matrix, or one answer after the other.
    rows: Vec<u32>,
}

pub(super) async fn evaluate(context: Context, asked: Asked) -> Result<Reply, Error> {
    let n_resamples = asked.resamples.unwrap_or_default();
    if n_resamples > N_RESAMPLES_MAX {
        return Err(EvaluateError::TooManyResamples { n_resamples, most: N_RESAMPLES_MAX }.into());
    }
    let entry = context.workspace.borrow().model(&asked.id)?;
    let table = context.workspace.borrow().table(&asked.table)?.table.clone();
    let pipeline = &entry.pipeline;
    let mut issues = Issues::new();
    let mut labels = match &pipeline.target {
        Some(target) => read_known_labels(table.as_ref(), target, &pipeline.classes, &mut issues)?,
        None => all_rows(table.n_rows()),
    };
    if let Some(wanted) = wanted_rows(&entry.card, &asked.table, asked.rows.as_deref())? {
        labels.keep_rows(wanted);
    }
    let n_rows = labels.rows.len();
    let found = if pipeline.task.has_target() {
        compared(&context, pipeline, table.as_ref(), labels, &asked, &mut issues).await?
    } else {
        let rows = (labels.rows.as_slice(), &labels.target);
        let mut measured = measure(&context, pipeline, table.as_ref(), rows, (0.0, 1.0), &mut issues).await?;
        let mut charts = BTreeMap::new();
        std::mem::take(&mut measured.charts).into_iter().for_each(|chart| add(&mut charts, chart, &labels.rows));
        Found { measured, charts, ..Found::default() }
    };
    let Found { measured, charts, intervals, n_resamples, rows } = found;
    let msg = EvaluationMsg {
        model: asked.id,
        table: asked.table,
        n_rows,
        metrics: measured.metrics,
        classes: wire::classes_msg(pipeline),
        confusion: measured.confusion,
        per_class: measured.per_class,
        intervals,
        n_resamples,
        charts,
        issues: wire::issue_msgs(&issues),
    };
    Ok(Reply { event: Event::Evaluated(msg), buffers: vec![("rows", Buffer::U32(rows))] })
}

/// Compares answers with the truth.
async fn compared(
    context: &Context,
    pipeline: &Pipeline,
    source: &dyn RowSource,
    Labels { rows, target: truth, .. }: Labels,
    asked: &Asked,
    issues: &mut Issues,
) -> Result<Found, Error> {
    let answers = answer_all(context, pipeline, source, &rows, (0.0, ANSWERED), issues).await?;
    let measured = compare(&answers, &truth);
    context.tick("evaluating", ANSWERED).await;
    let seed = Seed(asked.seed);
    let charts = charts(context, &answers, &truth, &rows, seed).await;
    let (intervals, n_resamples) = intervals(context, &answers, &truth, asked.resamples, seed).await;
    let rows = match &truth {
        Target::Classes { codes, n_classes } => rows_by_cell(&rows, codes, &answers.codes(), *n_classes),
        Target::Values(_) => rows,
    };
    Ok(Found { measured, charts, intervals, n_resamples, rows })
}

/// Adds a series to its chart, the table's rows for those measured.
fn add(charts: &mut BTreeMap<String, Vec<SeriesMsg>>, (name, series): (&str, Series), rows: &[u32]) {
    let Series { class, area, x, y, rows: points, n_rows } = series;
    let points = points.into_iter().map(|at| rows[at as usize]).collect();
    charts.entry(name.to_owned()).or_default().push(SeriesMsg { class, area, x, y, rows: points, n_rows });
}

/// The series of every chart, class by class.
async fn charts(
    context: &Context,
    answers: &Answers,
    truth: &Target,
    rows: &[u32],
    seed: Seed,
) -> BTreeMap<String, Vec<SeriesMsg>> {
    let mut charts = BTreeMap::new();
    match (answers, truth) {
        (Answers::Classes { probabilities, n_classes }, Target::Classes { codes, .. }) => {
            for class in drawn_classes(codes, *n_classes) {
                for chart in class_charts(probabilities, *n_classes, codes, class) {
                    add(&mut charts, chart, rows);
                }
                context.tick("evaluating", ANSWERED).await;
            }
        }
        (Answers::Values(answers), Target::Values(truth)) => {
            value_charts(answers, truth, seed).into_iter().for_each(|chart| add(&mut charts, chart, rows));
        }
        _ => {}
    }
    charts
}

/// Resamples one by one, so that a cancel is heard.
async fn intervals(
    context: &Context,
    answers: &Answers,
    truth: &Target,
    n_resamples: Option<usize>,
    seed: Seed,
) -> (Option<Intervals>, usize) {
    let mut bootstrap = Bootstrap::new(answers, truth, n_resamples, seed);
    while bootstrap.step() {
        context.tick("resampling", ANSWERED + (1.0 - ANSWERED) * bootstrap.fraction()).await;
    }
    let n_resamples = bootstrap.n_resamples();
    (bootstrap.intervals(), n_resamples)
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
