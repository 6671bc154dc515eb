//! The folds that one fit asks for besides, which several workers may make as they make those of a search.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use vitrine_protocol::{Event, FitMsg, ProgressMsg};

use crate::Error;
use crate::worker::context::Context;
use crate::worker::jobs::folds::{Bench, Candidate};
use crate::worker::jobs::plan::Plan;
use crate::worker::jobs::search::{check_n_fits, read_known};
use crate::worker::{Reply, RequestError, wire};

/// Measures a plan's own model on the folds it asks for, name by name and fold by fold; nothing when it asks for none.
/// Folds in `known` were made elsewhere.
pub(super) async fn cross_validate(
    context: &Context,
    plan: &Plan,
    known: Option<serde_json::Value>,
) -> Result<BTreeMap<String, Vec<Option<f64>>>, Error> {
    let mut known = read_known(known)?;
    let Some(n_folds) = plan.split.folds else { return Ok(BTreeMap::new()) };
    check_n_fits(n_folds as f64, 1)?;
    let open: Vec<usize> = (0..n_folds).filter(|fold| !known.contains_key(&[0, 0, *fold])).collect();
    let n_parts = n_folds as f64 + 1.0;
    let all = (n_folds - open.len()) as f64 / n_parts..n_folds as f64 / n_parts;
    known.extend(folds(context, plan, &open, all).await?.into_iter().map(|made| (made.fit, made)));
    // The fit to all training rows is still to come, and tells its own epochs.
    context.begin_part(n_folds as f64 / n_parts, 1.0, None);
    let metrics: Vec<_> = (0..n_folds).map(|fold| &known[&[0, 0, fold]].metrics).collect();
    Ok(wire::by_measure(&metrics))
}

/// The answer of a worker that makes some of a fit's folds.
pub(super) async fn folds_made(context: &Context, plan: &Plan, only: &[usize]) -> Result<Reply, Error> {
    let n_folds = plan.split.folds.unwrap_or(0);
    check_n_fits(n_folds as f64, 1)?;
    if let Some(fold) = only.iter().find(|fold| **fold >= n_folds) {
        return Err(RequestError::Malformed { detail: format!("there is no fold {fold} of {n_folds}") }.into());
    }
    let fits = folds(context, plan, only, 0.0..1.0).await?;
    Ok(Event::FitsMade { fits, open: Vec::new(), n_fits: n_folds, best_score: None }.into())
}

/// Fits a plan's own model without each of these folds; `part` of the progress is theirs.
async fn folds(context: &Context, plan: &Plan, only: &[usize], part: Range<f64>) -> Result<Vec<FitMsg>, Error> {
    plan.check_comparable()?;
    let bench = Bench::new(context, plan, Rc::default())?;
    let candidate = Candidate::of_plan(plan);
    let each = (part.end - part.start) / only.len().max(1) as f64;
    let mut made = Vec::new();
    for (done, &fold) in only.iter().enumerate() {
        let outer = ProgressMsg { message: "searching".to_owned(), ..ProgressMsg::default() };
        let start = part.start + done as f64 * each;
        context.begin_part(start, start + each, Some(outer));
        made.push(bench.fit(&candidate, [0, 0, fold], 1.0, None).await);
    }
    Ok(made)
}
