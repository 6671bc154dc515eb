//! A model is made from another: both are measured on the same rows, and what came of it is kept.

use serde_json::{Value, json};
use vitrine_protocol::{BothMetricsMsg, Buffer, Event, MadeMsg, MadeSideMsg};

use crate::Error;
use crate::error::Issues;
use crate::evaluate::evaluate;
use crate::model::{Answers, Fitted, FittedNet, Metrics, ModelCard, ModelError, Pipeline, Receipt, Structure};
use crate::param::ParamMap;
use crate::preprocess::{Labels, Matrix, read_known_labels};
use crate::table::Table;
use crate::worker::context::Context;
use crate::worker::jobs::watch::History;
use crate::worker::jobs::{answer_all, block_of, block_rows, sha256_hex, transform_all};
use crate::worker::workspace::ModelEntry;
use crate::worker::{Reply, RequestError, wire};

/// So many rows are answered over and over …
const ROWS_TIMED: usize = 1000;
/// … so often at most …
const MOST_PASSES: usize = 20;
/// … until the clock has seen this much of it.
const TIMED_MILLIS: f64 = 50.0;

/// A model that was made from another, with what is known of it.
pub(super) struct Made {
    pub(super) fitted: FittedNet,
    /// How, and with what.
    pub(super) how: ParamMap,
    /// The epochs it learned in.
    pub(super) history: History,
    pub(super) fit_millis: f64,
    /// Whether WebGPU fitted it, and the device's name.
    pub(super) device: (bool, String),
    pub(super) fallback_reason: Option<String>,
    pub(super) issues: Issues,
}

/// The rows of a model, where its table is still there.
pub(super) struct Rows {
    pub(super) table: std::rc::Rc<Table>,
    pub(super) train: Labels,
    pub(super) test: Option<Labels>,
}

/// The net of a model.
///
/// **Errors** `train.not_a_net`.
pub(super) fn net_of(entry: &ModelEntry) -> Result<&FittedNet, Error> {
    match entry.pipeline.fitted.structure() {
        Structure::Net(fitted) => Ok(fitted),
        _ => Err(ModelError::NotANet { kind: entry.pipeline.fitted.kind().to_owned() }.into()),
    }
}

impl Rows {
    /// The rows that a model learned from and those of its table that were held back.
    ///
    /// **Errors** `request.no_such_table`, `preprocess.target_missing`.
    pub(super) fn of(context: &Context, entry: &ModelEntry) -> Result<Self, Error> {
        let ModelEntry { pipeline, card, .. } = entry;
        let table = context.workspace.borrow().table(&card.table)?.table.clone();
        let target = pipeline.target.as_deref().unwrap_or_default();
        let all = read_known_labels(table.as_ref(), target, &pipeline.classes, &mut Issues::new())?;
        let part = |wanted: &[u32]| {
            let mut part = all.clone();
            part.keep_rows(wanted);
            part
        };
        // Rows to test on may be another table's: then every row of this one was learned from.
        let is_learned = |row: &u32| card.train_rows.binary_search(row).is_ok();
        let held_back: Vec<u32> = card.test_rows.iter().copied().filter(|row| !is_learned(row)).collect();
        let (train, test) = (part(&card.train_rows), part(&held_back));
        if train.rows.is_empty() {
            // Another table of that name.
            return Err(RequestError::NoSuchTable { id: card.table.clone() }.into());
        }
        Ok(Self { train, test: (!test.rows.is_empty()).then_some(test), table })
    }
}

/// Measures both, keeps the new one as `id`, and tells of both; progress begins at `from`.
pub(super) async fn conclude(
    context: &Context,
    (id, parent_id, parent): (&str, &str, &ModelEntry),
    made: Made,
    from: f64,
) -> Result<Reply, Error> {
    let card = &parent.card;
    let pipeline = Pipeline {
        task: parent.pipeline.task,
        target: parent.pipeline.target.clone(),
        classes: parent.pipeline.classes.clone(),
        recipe: parent.pipeline.recipe.clone(),
        fitted: Box::new(made.fitted),
    };
    // Where they are gone there is nothing to measure, and it is made all the same.
    let rows = Rows::of(context, parent).ok();
    let half = (from + 1.0) / 2.0;
    let (before, answers_before) = side(context, &parent.pipeline, rows.as_ref(), (from, half)).await?;
    let (after, answers_after) = side(context, &pipeline, rows.as_ref(), (half, 1.0)).await?;
    let differences = answers_before.zip(answers_after).map(|(before, after)| difference(&before, &after));
    let compared = rows.as_ref().map(|rows| rows.test.as_ref().unwrap_or(&rows.train).rows.len());
    let mut how = made.how;
    how.insert("spec_sha256".to_owned(), card.receipt.spec_sha256.clone().into());
    if let Some(earlier) = &card.receipt.made_from {
        how.insert("made_from".to_owned(), json!(earlier));
    }
    // Names decide nothing.
    let spec_sha256 = sha256_hex(json!(how).to_string().as_bytes());
    how.insert("model".to_owned(), Value::from(parent_id));
    let card = ModelCard {
        train_metrics: after.metrics.train.clone(),
        test_metrics: after.metrics.test.clone(),
        fold_metrics: Default::default(),
        history: made.history,
        fit_millis: made.fit_millis,
        device: made.device,
        is_half: false,
        fallback_reason: made.fallback_reason,
        issues: made.issues.iter().cloned().collect(),
        receipt: Receipt {
            spec_sha256,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_from: Some(how),
            ..card.receipt.clone()
        },
        ..card.clone()
    };
    let entry = ModelEntry::new(pipeline, card);
    let msg = MadeMsg {
        model: wire::model_msg(id, &entry),
        before,
        after,
        max_difference: differences,
        n_compared: compared.unwrap_or(0),
    };
    let rows_of = |rows: &[u32]| Buffer::U32(rows.to_vec());
    let buffers = vec![("train_rows", rows_of(&entry.card.train_rows)), ("test_rows", rows_of(&entry.card.test_rows))];
    context.workspace.borrow_mut().keep_model(id, entry);
    Ok(Reply { event: Event::ModelMade(Box::new(msg)), buffers })
}

/// What one of the two takes and is worth, and its answers on the rows that are compared.
async fn side(
    context: &Context,
    pipeline: &Pipeline,
    rows: Option<&Rows>,
    (from, to): (f64, f64),
) -> Result<(MadeSideMsg, Option<Answers>), Error> {
    let mut side = MadeSideMsg {
        size_bytes: pipeline.fitted.state().size_bytes(),
        sparsity: match pipeline.fitted.structure() {
            Structure::Net(fitted) => fitted.net().sparsity(),
            _ => 0.0,
        },
        metrics: BothMetricsMsg { train: Metrics::new(), test: None, folds: None },
        latency_ms: None,
    };
    let Some(Rows { table, train, test }) = rows else { return Ok((side, None)) };
    let table = table.as_ref();
    let mut quiet = Issues::new();
    let half = (from + to) / 2.0;
    let mut answers = answer_all(context, pipeline, table, &train.rows, (from, half), &mut quiet).await?;
    side.metrics.train = evaluate(&answers, &train.target).metrics;
    let mut compared = &train.rows;
    if let Some(test) = test {
        answers = answer_all(context, pipeline, table, &test.rows, (half, to), &mut quiet).await?;
        side.metrics.test = Some(evaluate(&answers, &test.target).metrics);
        compared = &test.rows;
    }
    let timed = &compared[..compared.len().min(ROWS_TIMED)];
    let x = transform_all(context, &pipeline.recipe, table, timed, to, None).await?;
    side.latency_ms = Some(latency(context, pipeline.fitted.as_ref(), &x, to).await);
    Ok((side, Some(answers)))
}

/// Milliseconds that 1,000 rows of a matrix take to be answered.
async fn latency(context: &Context, fitted: &dyn Fitted, x: &Matrix, at: f64) -> f64 {
    let (mut took, mut n_rows) = (0.0, 0);
    let n_block = block_rows(fitted);
    for _ in 0..MOST_PASSES {
        for first in (0..x.n_rows()).step_by(n_block) {
            let block = block_of(x, first, n_block.min(x.n_rows() - first));
            let began = context.now_millis();
            drop(fitted.predict(&block));
            took += context.now_millis() - began;
            n_rows += block.n_rows();
            context.tick("measuring", at).await;
        }
        if took >= TIMED_MILLIS {
            break;
        }
    }
    took / n_rows.max(1) as f64 * 1000.0
}

/// The largest difference between two models' answers on the same rows.
fn difference(before: &Answers, after: &Answers) -> f64 {
    let numbers = |answers: &Answers| match answers {
        Answers::Classes { probabilities, .. } => probabilities.clone(),
        Answers::Values(values) => values.clone(),
        _ => Vec::new(),
    };
    let pairs = numbers(before).into_iter().zip(numbers(after));
    pairs.fold(0.0f64, |most, (before, after)| most.max((before - after).abs())).min(f64::MAX)
}
