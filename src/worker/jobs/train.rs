//! Split, prepare, fit, evaluate: a model.

use std::rc::Rc;

use vitrine_protocol::{Buffer, Event, ModelMsg, TrainMsg};

use crate::Error;
use crate::error::Issues;
use crate::evaluate::report_sample;
use crate::model::{BoxedSession, ModelCard, ModelKind, Pipeline, Receipt, TreeShare, by_code, code_names};
use crate::param::ParamMap;
use crate::preprocess::{Prepared, Task, read_weights};
use crate::random::Seed;
use crate::train::FitInput;
use crate::worker::context::Context;
use crate::worker::jobs::checkpoints::Checkpoints;
use crate::worker::jobs::measure::measure;
use crate::worker::jobs::plan::{Plan, labels_of};
use crate::worker::jobs::prepare::fit_recipe;
use crate::worker::jobs::watch::{History, Watching};
use crate::worker::jobs::{data_sha256, own_folds, read_all, transform_all, trees};
use crate::worker::workspace::ModelEntry;
use crate::worker::{Reply, Source, wire};

/// Where in the progress each part ends.
pub(super) const PREPARED: f64 = 0.2;
const FITTED: f64 = 0.9;

/// `brought` are trees that other workers grew, or where another worker was. Where only some trees are asked for, they are
/// all there is to do.
pub(super) async fn train(
    context: Context,
    id: String,
    mut request: TrainMsg,
    brought: Option<Rc<dyn Source>>,
) -> Result<Reply, Error> {
    let watch = request.watch.take().map(|watch| *watch);
    let only_trees = request.only_trees;
    let (grown, checkpoint) = if request.resume { (None, brought) } else { (brought, None) };
    let makes_checkpoints = request.checkpoints;
    let (only_folds, known) = (request.only_folds.take(), request.known.take());
    let plan = Plan::check(&context, request)?;
    if let Some(folds) = only_folds {
        return own_folds::folds_made(&context, &plan, &folds).await;
    }
    let (share, grown_millis) = trees::share(&context, &plan, only_trees, grown).await?;
    let (fold_metrics, data_sha256) = match only_trees {
        None => (own_folds::cross_validate(&context, &plan, known).await?, data_sha256(&context, &plan.entry).await?),
        Some(_) => Default::default(),
    };
    let mut issues = plan.issues.clone();

    let table = plan.entry.table.clone();
    let features = &plan.features;
    let labels = plan.task.has_target().then(|| plan.parts.train.clone());
    let known = (plan.parts.train.rows.clone(), labels);
    let (steps, keeps_missing) = (plan.steps.clone(), (plan.kind.takes_missing)(&plan.params));
    let prepared = fit_recipe(&context, table, known, features, steps, keeps_missing, (0.0, PREPARED)).await?;
    let Prepared { recipe, matrix, rows: train_rows, issues: odd } = prepared;
    issues.extend(odd);
    let train_labels = labels_of(&plan.parts.train, &train_rows);
    let weight_column = plan.sample_weight.as_deref().map(|name| plan.entry.table.column(name)).transpose()?;
    let sample_weight = weight_column.map(|column| read_weights(column, &train_rows)).transpose()?;

    let test = &plan.parts.test;
    let valid = match test {
        Some(test) if plan.task.has_target() && only_trees.is_none() => {
            let source = plan.test_source();
            Some((transform_all(&context, &recipe, source, &test.rows, PREPARED, None).await?, test.target.clone()))
        }
        _ => None,
    };
    let x = if plan.kind.takes_categories(&plan.params) {
        matrix.with_categorical(recipe.categorical_features(&mut issues))
    } else {
        matrix
    };
    let columns = recipe.features.iter().map(|feature| feature.origin.column.clone()).collect();
    let input = FitInput {
        x: x.with_names(columns).with_cells(plan.entry.table.clone(), train_rows.clone()),
        y: train_labels.clone(),
        sample_weight,
        valid,
        seed: Seed(plan.seed),
        device: plan.device.device.clone(),
    };
    let checkpoint = match checkpoint {
        None => None,
        Some(checkpoint) => Some(read_all(&context, checkpoint.as_ref(), PREPARED).await?),
    };
    let checkpoints = Checkpoints::new(&context, &plan, makes_checkpoints, checkpoint);
    let watching = Watching::new(&context, checkpoints, watch, &recipe, &input, &plan, &train_rows).await?;
    let classes: Vec<&str> = plan.parts.train.classes.iter().map(String::as_str).collect();
    let params = by_code(&plan.params, &classes);
    let outcome = fit(&context, plan.kind, &params, input, share, &mut issues, Some(&watching)).await?;
    if let Some(range) = only_trees {
        return Ok(trees::grown_reply(range, outcome));
    }
    let (fitted, history, fit_millis) = outcome;
    let fit_millis = fit_millis + grown_millis;
    let pipeline = Pipeline {
        task: plan.task,
        target: plan.target.clone(),
        classes: code_names(plan.task, fitted.as_ref(), plan.parts.train.classes.clone()),
        recipe,
        fitted,
    };

    // What the model answers on its own rows was reported while they were prepared.
    let mut quiet = Issues::new();
    let table = plan.entry.table.as_ref();
    let rows = (train_rows.as_slice(), &train_labels);
    let mut train_metrics = measure(&context, &pipeline, table, rows, (FITTED, 0.97), &mut quiet).await?.metrics;
    if plan.task == Task::Clustering {
        report_sample(train_rows.len(), &mut issues);
    }
    let own = pipeline.fitted.measures().into_iter().map(|(name, measure)| (name.to_owned(), Some(measure)));
    train_metrics.extend(own);
    let test_metrics = match test {
        None => None,
        Some(test) => {
            let source = plan.test_source();
            let rows = (test.rows.as_slice(), &test.target);
            Some(measure(&context, &pipeline, source, rows, (0.97, 1.0), &mut issues).await?.metrics)
        }
    };
    let test_rows = test.as_ref().map(|test| test.rows.clone()).unwrap_or_default();
    let card = ModelCard {
        table: plan.table_id.clone(),
        params: plan.params.clone(),
        train_metrics,
        test_metrics,
        fold_metrics,
        history,
        fit_millis,
        device: (plan.device.device.is_webgpu(), plan.device.device.name().to_owned()),
        is_half: plan.device.device.is_half(),
        fallback_reason: plan.device.fallback_reason.clone(),
        train_rows,
        test_rows,
        issues: issues.iter().cloned().collect(),
        receipt: Receipt {
            data_sha256,
            spec_sha256: plan.spec_sha256(),
            seed: plan.seed,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_from: None,
        },
    };
    let entry = ModelEntry::new(pipeline, card);
    let reply = fitted_reply(wire::model_msg(&id, &entry), &entry.card);
    context.workspace.borrow_mut().keep_model(&id, entry);
    Ok(reply)
}

fn fitted_reply(msg: ModelMsg, card: &ModelCard) -> Reply {
    let buffers =
        vec![("train_rows", Buffer::U32(card.train_rows.clone())), ("test_rows", Buffer::U32(card.test_rows.clone()))];
    Reply { event: Event::ModelFitted(Box::new(msg)), buffers }
}

/// A fitted model, its epochs, and how long it took.
pub(super) type Outcome = (Box<dyn crate::model::Fitted>, History, f64);

/// Starts a session and drives it to its end, heeding who watches it.
pub(super) async fn fit(
    context: &Context,
    kind: &ModelKind,
    params: &ParamMap,
    input: FitInput,
    share: TreeShare,
    issues: &mut Issues,
    watching: Option<&Watching>,
) -> Result<Outcome, Error> {
    let started = context.now_millis();
    let session =
        if kind.shares_trees() { kind.start_share(params, input, share)? } else { (kind.start)(params, input)? };
    drive(context, session, started, issues, watching).await
}

/// Drives a session that was started then.
pub(super) async fn drive(
    context: &Context,
    mut session: BoxedSession,
    started: f64,
    issues: &mut Issues,
    watching: Option<&Watching>,
) -> Result<Outcome, Error> {
    let mut history = History::new();
    let before = match watching {
        Some(watching) => watching.begin(session.as_mut(), &mut history, issues)?,
        None => 0.0,
    };
    let elapsed = || before + context.now_millis() - started - watching.map_or(0.0, Watching::paused_millis);
    loop {
        if let Some(watching) = watching {
            // An epoch that is over is measured before anything else, and a batch is ended.
            if !session.watched().is_some_and(|watched| watched.is_amid()) {
                watching.obey(context, session.as_mut(), &mut history).await?;
            }
        }
        let step = session.step().await?;
        if let Some(epoch) = step.epoch {
            match history.last_mut() {
                Some(last) if last.0.number == epoch.number => *last = (epoch, elapsed()),
                _ => history.push((epoch, elapsed())),
            }
        }
        let fraction = PREPARED + (FITTED - PREPARED) * step.fraction;
        let last = history.last().map(|(epoch, _)| epoch);
        let progress = wire::epoch_progress(last, fraction, "fitting");
        if step.fraction >= 1.0 {
            context.tick_with(progress).await;
            let (fitted, odd) = session.finish();
            issues.extend(odd);
            return Ok((fitted, history, elapsed()));
        }
        if let Some(watching) = watching {
            watching.look(context, session.as_mut(), &progress).await?;
            watching.checkpoints.keep(context, session.as_mut(), (&history, &elapsed), &progress).await?;
        }
        context.tick_with(progress).await;
    }
}
