//! One file per request: what is done for it, in bounded pieces.

mod checkpoints;
mod evaluate;
mod explain;
mod folds;
mod load;
mod make;
mod measure;
mod memory;
mod own_folds;
mod plan;
mod plane;
mod predict;
mod prepare;
mod project;
mod pruning;
mod search;
mod smaller;
mod train;
mod trees;
mod trials;
mod watch;

use std::rc::Rc;

pub(super) use folds::KeptFolds;
use sha2::{Digest, Sha256};
use vitrine_protocol::{Event, ExportFormat, LoadOptionsMsg, Request};

use crate::Error;
use crate::error::Issues;
use crate::model::{Answers, Fitted, Pipeline};
use crate::preprocess::{FittedRecipe, Matrix, RowSource, Transforming};
use crate::random::Seed;
use crate::table::toy::toy_csv;
use crate::train::device::DeviceError;
use crate::worker::context::Context;
use crate::worker::workspace::TableEntry;
use crate::worker::{JobFuture, Reply, RequestError, Source, wire};

/// Rows answered between two ticks.
const ROWS_PER_TICK: usize = 4096;
/// What answering may cost between two of them, in numbers looked at: some 50 ms.
const COST_PER_TICK: usize = 8_000_000;
/// Bytes read between two ticks.
const CHUNK_BYTES: u64 = 1 << 20;

/// Made-up rows when the request does not say.
const TOY_ROWS: usize = 200;
/// Their noise when the request does not say.
const TOY_NOISE: f64 = 0.1;

/// What came of a request: an answer at once, or a job.
pub(super) enum Started {
    Ended(Box<Result<Reply, Error>>),
    Running(JobFuture),
}

/// Starts what a request asks for.
pub(super) fn start(context: Context, request: Request, payload: Option<Rc<dyn Source>>) -> Started {
    let payload = |what: &str| payload.clone().ok_or_else(|| RequestError::NoPayload { what: what.to_owned() }.into());
    let running = |future: JobFuture| Started::Running(future);
    let ended = |result: Result<Reply, Error>| Started::Ended(Box::new(result));
    match request {
        // What is done with nets alone is a guest's: worker-cpu need not hold the code of it.
        Request::TestRates(_)
        | Request::TimeSteps(_)
        | Request::ProfileSteps(_)
        | Request::Quantize { .. }
        | Request::Prune { .. }
        | Request::ImportWeights { .. }
        | Request::Export { format: ExportFormat::Safetensors, .. }
            if !cfg!(feature = "tensors") =>
        {
            ended(Err(DeviceError::NoTensors {}.into()))
        }
        Request::ReadTable { id, start, end, rows } => {
            let entry = context.workspace.borrow().table(&id);
            ended(entry.map(|entry| Event::RowsRead(wire::rows_msg(&entry.table, start, end, rows)).into()))
        }
        Request::Release { id } => {
            let released = context.workspace.borrow_mut().release(&id);
            ended(released.map(|()| Event::Released { id }.into()))
        }
        Request::Memory {} => ended(Ok(Event::MemoryTold(memory::memory(&context.workspace.borrow())).into())),
        Request::Describe {} => ended(Ok(Event::Described(wire::catalog_msg()).into())),
        // The loop hears these itself.
        Request::Cancel { .. } | Request::Control { .. } => ended(Ok(Event::Cancelled.into())),
        Request::LoadCsv { id, options } => match payload("load_csv") {
            Ok(source) => running(Box::pin(load::load_csv(context, id, options, source))),
            Err(error) => ended(Err(error)),
        },
        Request::MakeToy { id, kind, n_rows, noise, seed } => {
            let (n_rows, noise) = (n_rows.unwrap_or(TOY_ROWS), noise.unwrap_or(TOY_NOISE));
            match toy_csv(&kind, n_rows, noise, Seed(seed.unwrap_or(0))) {
                Ok(csv) => {
                    // Read as any file is: so it has a digest, and can be exported and lent.
                    let options = LoadOptionsMsg { name: Some(kind), has_header: Some(true), ..Default::default() };
                    running(Box::pin(load::load_csv(context, id, options, Rc::new(csv.into_bytes()))))
                }
                Err(error) => ended(Err(error)),
            }
        }
        Request::Prepare(prepare) => running(Box::pin(prepare::prepare(context, prepare))),
        Request::Train { id, train } => {
            let brought = if train.grown_trees || train.resume { payload("train").map(Some) } else { Ok(None) };
            match brought {
                Ok(brought) => running(Box::pin(train::train(context, id, *train, brought))),
                Err(error) => ended(Err(error)),
            }
        }
        Request::TestRates(train) => running(Box::pin(trials::test_rates(context, *train))),
        Request::TimeSteps(train) => running(Box::pin(trials::time_steps(context, *train))),
        Request::ProfileSteps(train) => running(Box::pin(trials::profile_steps(context, *train))),
        Request::Search(request) => running(Box::pin(search::search(context, *request))),
        Request::Quantize { id, model, scheme } => running(Box::pin(smaller::quantize(context, id, model, scheme))),
        Request::Prune { id, model, sparsity, fine_tune_epochs, device } => {
            let asked = smaller::Pruning { sparsity, fine_tune_epochs, device };
            running(Box::pin(smaller::prune(context, id, model, asked)))
        }
        Request::ImportWeights { id, model } => match payload("import_weights") {
            Ok(source) => running(Box::pin(project::import_weights(context, id, model, source))),
            Err(error) => ended(Err(error)),
        },
        Request::Predict { id, predict } => {
            let source = if predict.csv { payload("predict").map(Some) } else { Ok(None) };
            match source {
                Ok(source) => running(Box::pin(predict::predict(context, id, predict, source))),
                Err(error) => ended(Err(error)),
            }
        }
        Request::Evaluate { id, table, rows, resamples, seed } => {
            let asked = evaluate::Asked { id, table, rows, resamples, seed: seed.unwrap_or(0) };
            running(Box::pin(evaluate::evaluate(context, asked)))
        }
        Request::Explain { id, explain } => running(Box::pin(explain::explain(context, id, explain))),
        Request::Export { id, format, include_data } => {
            running(Box::pin(project::export(context, id, format, include_data)))
        }
        Request::ImportProject { prefix } => match payload("import_project") {
            Ok(source) => running(Box::pin(project::import(context, prefix, source))),
            Err(error) => ended(Err(error)),
        },
    }
}

/// Everything a source holds, piece by piece, telling progress up to `share`.
async fn read_all(context: &Context, source: &dyn Source, share: f64) -> Result<Vec<u8>, Error> {
    let size_bytes = source.size_bytes();
    let mut bytes = Vec::with_capacity(size_bytes as usize);
    while (bytes.len() as u64) < size_bytes {
        let start = bytes.len() as u64;
        bytes.extend(source.read(start, size_bytes.min(start + CHUNK_BYTES)).await?);
        context.tick("reading", share * bytes.len() as f64 / size_bytes as f64).await;
    }
    Ok(bytes)
}

/// Transforms rows, telling progress `at`: block by block, or feature by feature where a row depends on those before it.
/// Cells that are filled or unknown are told where there are `issues` to tell them to.
async fn transform_all(
    context: &Context,
    recipe: &FittedRecipe,
    source: &dyn RowSource,
    rows: &[u32],
    at: f64,
    issues: Option<&mut Issues>,
) -> Result<Matrix, Error> {
    let report = issues.is_some();
    let mut quiet = Issues::new();
    let issues = issues.unwrap_or(&mut quiet);
    if recipe.follows_order() {
        let mut transforming = Transforming::new(recipe, source, rows, report);
        while !transforming.step()? {
            context.tick("preparing", at).await;
        }
        return transforming.finish(issues);
    }
    let mut features: Vec<Vec<f64>> = vec![Vec::with_capacity(rows.len()); recipe.features.len()];
    for block in rows.chunks(ROWS_PER_TICK) {
        let x = recipe.transform(source, block, report, issues)?;
        for (feature, made) in features.iter_mut().zip(x.features()) {
            feature.extend_from_slice(made);
        }
        context.tick("preparing", at).await;
    }
    Ok(Matrix::from_columns(features))
}

/// How many rows can be answered between two ticks.
fn block_rows(fitted: &dyn Fitted) -> usize {
    (COST_PER_TICK / fitted.cost_per_row().max(1)).clamp(1, ROWS_PER_TICK)
}

/// Some rows of a matrix that follow each other.
fn block_of(x: &Matrix, first: usize, n_rows: usize) -> Matrix {
    let positions: Vec<u32> = (first as u32..(first + n_rows) as u32).collect();
    x.take_rows(&positions)
}

/// Answers rows block by block, telling progress between `from` and `to`.
async fn answer_all(
    context: &Context,
    pipeline: &Pipeline,
    source: &dyn RowSource,
    rows: &[u32],
    (from, to): (f64, f64),
    issues: &mut Issues,
) -> Result<Answers, Error> {
    let mut all: Option<Answers> = None;
    let n_block = block_rows(pipeline.fitted.as_ref());
    // Where a row depends on those before it, blocks are cut after the recipe.
    let ordered = match pipeline.recipe.follows_order() {
        true => Some(transform_all(context, &pipeline.recipe, source, rows, from, Some(&mut *issues)).await?),
        false => None,
    };
    for (idx, block) in rows.chunks(n_block).enumerate() {
        let answers = match &ordered {
            None => pipeline.answer(source, block, issues)?,
            Some(x) => pipeline.fitted.predict(&block_of(x, idx * n_block, block.len())),
        };
        all = Some(match all {
            None => answers,
            Some(before) => before.followed_by(answers),
        });
        let done = (idx * n_block + block.len()) as f64 / rows.len() as f64;
        context.tick("answering", from + (to - from) * done).await;
    }
    match all {
        Some(answers) => Ok(answers),
        None => pipeline.answer(source, &[], issues),
    }
}

/// The digest of a table's CSV, computed when first asked for; empty for a table that never was one.
async fn data_sha256(context: &Context, entry: &TableEntry) -> Result<String, Error> {
    let known = entry.sha256.borrow().clone();
    if let Some(known) = known {
        return Ok(known);
    }
    let Some(source) = &entry.source else {
        return Ok(String::new());
    };
    let mut hasher = Sha256::new();
    let size_bytes = source.size_bytes();
    let mut start = 0;
    while start < size_bytes {
        let piece = source.read(start, size_bytes.min(start + CHUNK_BYTES)).await?;
        hasher.update(&piece);
        start += piece.len() as u64;
        context.tick("hashing", 0.0).await;
    }
    let digest = hex(&hasher.finalize());
    *entry.sha256.borrow_mut() = Some(digest.clone());
    Ok(digest)
}

/// The digest of some bytes, in hexadecimal.
fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_published_one() {
        // FIPS 180-4's example of three letters.
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
