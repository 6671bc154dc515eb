//! One fit of one candidate on one fold. What it learns from, recipe included, is that fold's training rows alone.

use std::cell::RefCell;
use std::rc::Rc;

use vitrine_protocol::{FitMsg, ModelSpecMsg, ProgressMsg};

use crate::Error;
use crate::error::Issues;
use crate::evaluate::evaluate;
use crate::model::{Answers, Fitted, ModelError, ModelKind, TreeShare, by_code, check_classes, find};
use crate::param::{ParamMap, ParamValue};
use crate::preprocess::{Labels, Matrix, Prepared, Step, Target, read_weights};
use crate::random::Seed;
use crate::table::folds::{FoldConfig, FoldError, FoldKind, Folds, folds};
use crate::table::split::Split;
use crate::train::FitInput;
use crate::worker::context::Context;
use crate::worker::jobs::plan::{ChosenDevice, Plan, choose_device, labels_of, steps_for};
use crate::worker::jobs::prepare::fit_recipe;
use crate::worker::jobs::train::{PREPARED, fit};
use crate::worker::jobs::{block_rows, transform_all};
use crate::worker::wire;

/// Numbers of prepared folds that are kept for the candidates to come: 128 MB.
const NUMBERS_KEPT: usize = 16_000_000;

/// A model with its parameters, checked against a plan.
pub(super) struct Candidate {
    kind: &'static ModelKind,
    params: ParamMap,
    steps: Vec<Step>,
    device: ChosenDevice,
}

impl Candidate {
    /// **Errors** of the kind and its parameters, `train.wrong_task`, of the recipe.
    pub(super) fn check(
        context: &Context,
        plan: &Plan,
        spec: &ModelSpecMsg,
        recipe: Option<&[vitrine_protocol::StepMsg]>,
    ) -> Result<Self, Error> {
        let kind = find(&spec.kind)?;
        let mut params = (kind.check)(&spec.params)?;
        if !kind.tasks.contains(&plan.task) {
            let task = plan.task.word().to_owned();
            return Err(ModelError::WrongTask { kind: kind.kind.to_owned(), task }.into());
        }
        (kind.resolve)(&mut params, plan.task);
        check_classes(&params, &plan.parts.train.classes)?;
        plan.check_weight(kind, &params)?;
        let quiet = &mut Issues::new();
        let steps = steps_for(&plan.entry.table, &plan.features, recipe, (kind, &params), quiet)?;
        let device = choose_device(&context.workspace.borrow().device, None, (kind.uses_tensors)(&params))?;
        Ok(Self { kind, params, steps, device })
    }

    /// Whether its matrix may have missing cells, and features that are categories.
    fn takes(&self) -> [bool; 2] {
        [(self.kind.takes_missing)(&self.params), self.kind.takes_categories(&self.params)]
    }

    /// The candidate a plan itself speaks of.
    pub(super) fn of_plan(plan: &Plan) -> Self {
        Self { kind: plan.kind, params: plan.params.clone(), steps: plan.steps.clone(), device: plan.device.clone() }
    }
}

/// The folds of a plan's training rows, or its one split; and what was prepared of them.
pub(super) struct Bench<'a> {
    context: &'a Context,
    plan: &'a Plan,
    folds: Option<Folds>,
    kept: Rc<KeptFolds>,
}

/// What was prepared of the folds of a search.
pub(in crate::worker) type KeptFolds = RefCell<Vec<(Key, Rc<PreparedFold>)>>;

/// A fold, a round, a recipe, and whether numbers stay missing and features categories: what a prepared fold depends on.
type Key = (usize, usize, Vec<Step>, [bool; 2]);

/// The matrices of a fold.
pub(in crate::worker) struct PreparedFold {
    x: Matrix,
    /// Among the classes that occur in these rows.
    y: Target,
    sample_weight: Option<Vec<f64>>,
    /// Those classes, by their codes among all.
    known: Vec<u32>,
    /// Among all classes.
    train: Target,
    test_x: Matrix,
    test: Target,
}

impl<'a> Bench<'a> {
    /// **Errors** of [`folds`]; `table.bad_folds` without folds and without rows held back.
    pub(super) fn new(context: &'a Context, plan: &'a Plan, kept: Rc<KeptFolds>) -> Result<Self, Error> {
        let labels = &plan.parts.train;
        let made = match plan.split.folds {
            None if plan.parts.test.is_none() => {
                return Err(FoldError::BadFolds { n_folds: 1, most: labels.rows.len() }.into());
            }
            None => None,
            Some(n_folds) => {
                let strata = match &labels.target {
                    Target::Classes { codes, .. } => Some(codes.as_slice()),
                    Target::Values(_) => None,
                };
                let kind = match &plan.split.fold_kind {
                    None if strata.is_some() => FoldKind::Stratified,
                    None => FoldKind::KFold,
                    Some(word) => FoldKind::read(&word.as_str().into())
                        .ok_or_else(|| Error::from(FoldError::BadFoldKind { given: word.clone() }))?,
                };
                let config = FoldConfig { n_folds, kind, shuffle: plan.split.shuffle == Some(true) };
                Some(folds(labels.rows.len(), strata, config, Seed(plan.seed))?)
            }
        };
        Ok(Self { context, plan, folds: made, kept })
    }

    /// How many folds there are; one when rows are held back once and for all.
    pub(super) fn n_folds(&self) -> usize {
        self.folds.as_ref().map_or(1, Folds::n_folds)
    }

    /// The rows that are dealt.
    pub(super) fn n_rows(&self) -> usize {
        self.plan.parts.train.rows.len()
    }

    /// Fits a candidate to one fold and measures it on what that fold holds back. `share` of the rows on both sides is
    /// used. A failure is a result too.
    pub(super) async fn fit(
        &self,
        candidate: &Candidate,
        [round, number, fold]: [usize; 3],
        share: f64,
        scoring: Option<&str>,
    ) -> FitMsg {
        let mut made = FitMsg {
            fit: [round, number, fold],
            metrics: Default::default(),
            train_score: None,
            fit_ms: 0.0,
            error: None,
        };
        if let Err(error) = self.try_fit(candidate, (round, fold, share), scoring, &mut made).await {
            made.error = Some(wire::error_msg(&error));
        }
        made
    }

    async fn try_fit(
        &self,
        candidate: &Candidate,
        (round, fold, share): (usize, usize, f64),
        scoring: Option<&str>,
        made: &mut FitMsg,
    ) -> Result<(), Error> {
        let prepared = self.prepared(candidate, (round, fold, share)).await?;
        let input = FitInput {
            x: prepared.x.clone(),
            y: prepared.y.clone(),
            sample_weight: prepared.sample_weight.clone(),
            valid: None,
            seed: Seed(self.plan.seed),
            device: candidate.device.device.clone(),
        };
        let class = |&code: &u32| self.plan.parts.train.classes[code as usize].as_str();
        let params = by_code(&candidate.params, &prepared.known.iter().map(class).collect::<Vec<_>>());
        let (fitted, _, fit_millis) =
            fit(self.context, candidate.kind, &params, input, TreeShare::default(), &mut Issues::new(), None).await?;
        made.fit_ms = fit_millis;
        let answers = self.answer(fitted.as_ref(), &prepared.test_x, &prepared).await;
        made.metrics = evaluate(&answers, &prepared.test).metrics;
        if let Some(scoring) = scoring {
            let answers = self.answer(fitted.as_ref(), &prepared.x, &prepared).await;
            made.train_score = evaluate(&answers, &prepared.train).metrics.get(scoring).copied().flatten();
        }
        Ok(())
    }

    async fn prepared(
        &self,
        candidate: &Candidate,
        (round, fold, share): (usize, usize, f64),
    ) -> Result<Rc<PreparedFold>, Error> {
        let key = (round, fold, candidate.steps.clone(), candidate.takes());
        if let Some((_, prepared)) = self.kept.borrow().iter().find(|(other, _)| *other == key) {
            return Ok(prepared.clone());
        }
        let prepared = Rc::new(self.prepare(candidate, (round, fold, share)).await?);
        let size = |fold: &PreparedFold| (fold.x.n_rows() + fold.test_x.n_rows()) * fold.x.n_features();
        let mut kept = self.kept.borrow_mut();
        let n_numbers: usize = kept.iter().map(|(_, fold)| size(fold)).sum();
        if n_numbers + size(&prepared) > NUMBERS_KEPT {
            kept.clear();
        }
        kept.push((key, prepared.clone()));
        Ok(prepared)
    }

    async fn prepare(
        &self,
        candidate: &Candidate,
        (round, fold, share): (usize, usize, f64),
    ) -> Result<PreparedFold, Error> {
        let Plan { entry, features, parts, seed, .. } = self.plan;
        let labels = &parts.train;
        let all = || (0..labels.rows.len() as u32).collect::<Vec<_>>();
        let split = match &self.folds {
            None => Split { train: all(), test: Vec::new() },
            Some(folds) => folds.split(fold),
        };
        let thinned = |positions: Vec<u32>, part: &str| {
            thin(positions, share, Seed(*seed).derive(&format!("halving {part} {round} {fold}")))
        };
        let rows = |positions: &[u32]| positions.iter().map(|&at| labels.rows[at as usize]).collect::<Vec<_>>();
        let train = thinned(split.train, "train");
        let known =
            Labels { rows: rows(&train), target: labels.target.take_rows(&train), classes: labels.classes.clone() };
        let (source, test_rows, test) = match (&self.folds, &parts.test) {
            (None, Some(held)) => {
                let held_back = (0..held.rows.len() as u32).collect();
                let positions = thinned(held_back, "test");
                let rows = positions.iter().map(|&at| held.rows[at as usize]).collect();
                (self.plan.test_source(), rows, held.target.take_rows(&positions))
            }
            _ => {
                let positions = thinned(split.test, "test");
                (entry.table.as_ref() as _, rows(&positions), labels.target.take_rows(&positions))
            }
        };
        let table = entry.table.clone();
        let [takes_missing, takes_categories] = candidate.takes();
        let (known, steps) = ((known.rows.clone(), Some(known)), candidate.steps.clone());
        let fitted = fit_recipe(self.context, table, known, features, steps, takes_missing, (0.0, PREPARED)).await?;
        let Prepared { recipe, mut matrix, rows, .. } = fitted;
        if takes_categories {
            matrix = matrix.with_categorical(recipe.categorical_features(&mut Issues::new()));
        }
        let weight_column = self.plan.sample_weight.as_deref().map(|name| entry.table.column(name)).transpose()?;
        let sample_weight = weight_column.map(|column| read_weights(column, &rows)).transpose()?;
        let test_x = transform_all(self.context, &recipe, source, &test_rows, PREPARED, None).await?;
        let train = labels_of(labels, &rows);
        let (y, known) = known_classes(&train);
        Ok(PreparedFold { x: matrix, y, sample_weight, known, train, test_x, test })
    }

    /// Answers a matrix block by block, in terms of all classes.
    async fn answer(&self, fitted: &dyn Fitted, x: &Matrix, fold: &PreparedFold) -> Answers {
        let n_block = block_rows(fitted);
        let rows: Vec<u32> = (0..x.n_rows() as u32).collect();
        let mut all = fitted.predict(&x.take_rows(&rows[..n_block.min(rows.len())]));
        for block in rows.chunks(n_block).skip(1) {
            self.context.tick_with(ProgressMsg { fraction: 1.0, ..ProgressMsg::default() }).await;
            all = all.followed_by(fitted.predict(&x.take_rows(block)));
        }
        match &fold.train {
            Target::Classes { n_classes, .. } => of_all_classes(all, &fold.known, *n_classes),
            Target::Values(_) => all,
        }
    }
}

/// Some of the positions, drawn with a seed and in ascending order; at least one.
fn thin(mut positions: Vec<u32>, share: f64, seed: Seed) -> Vec<u32> {
    if share < 1.0 && !positions.is_empty() {
        let n = ((share * positions.len() as f64) as usize).max(1);
        seed.rng().shuffle(&mut positions);
        positions.truncate(n);
        positions.sort_unstable();
    }
    positions
}

/// The labels numbered without the classes that do not occur, as a model expects them, and the classes that do.
fn known_classes(target: &Target) -> (Target, Vec<u32>) {
    let Target::Classes { codes, n_classes } = target else { return (target.clone(), Vec::new()) };
    let mut number = vec![u32::MAX; *n_classes];
    codes.iter().for_each(|&code| number[code as usize] = 0);
    let known: Vec<u32> = (0..*n_classes as u32).filter(|&code| number[code as usize] == 0).collect();
    known.iter().enumerate().for_each(|(own, &code)| number[code as usize] = own as u32);
    let codes = codes.iter().map(|&code| number[code as usize]).collect();
    (Target::Classes { codes, n_classes: known.len() }, known)
}

/// Answers of a model that knows some classes, with a probability of zero for the others.
fn of_all_classes(answers: Answers, known: &[u32], n_classes: usize) -> Answers {
    match answers {
        Answers::Classes { probabilities, .. } if known.len() < n_classes => {
            let mut spread = vec![0.0; probabilities.len() / known.len().max(1) * n_classes];
            for (row, given) in spread.chunks_exact_mut(n_classes).zip(probabilities.chunks_exact(known.len())) {
                known.iter().zip(given).for_each(|(&code, &probability)| row[code as usize] = probability);
            }
            Answers::Classes { probabilities: spread, n_classes }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_absent_from_a_fold_is_answered_never() {
        let target = Target::Classes { codes: vec![2, 0, 2], n_classes: 3 };
        let (own, known) = known_classes(&target);
        assert_eq!((own, known.clone()), (Target::Classes { codes: vec![1, 0, 1], n_classes: 2 }, vec![0, 2]));
        let answers = Answers::Classes { probabilities: vec![0.25, 0.75, 1.0, 0.0], n_classes: 2 };
        let probabilities = vec![0.25, 0.0, 0.75, 1.0, 0.0, 0.0];
        assert_eq!(of_all_classes(answers, &known, 3), Answers::Classes { probabilities, n_classes: 3 });
    }

    #[test]
    fn a_share_of_the_rows_is_drawn() {
        let thinned = thin((0..10).collect(), 0.35, Seed(1));
        assert!(thinned.len() == 3 && thinned.is_sorted());
        assert_eq!(thin(vec![4], 0.1, Seed(1)), [4]);
        assert_eq!(thin(vec![4, 2], 1.0, Seed(1)), [4, 2]);
    }
}
