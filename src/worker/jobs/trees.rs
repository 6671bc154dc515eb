//! A forest's trees, grown by several workers: each grows some, and one puts them together.

use std::rc::Rc;

use vitrine_protocol::{Buffer, Event};

use crate::Error;
use crate::model::{TreeShare, read_trees, write_trees};
use crate::worker::context::Context;
use crate::worker::jobs::plan::Plan;
use crate::worker::jobs::read_all;
use crate::worker::jobs::train::Outcome;
use crate::worker::{Reply, RequestError, Source};

/// What a request to train says about its trees, and how long those that come with it took to grow.
///
/// **Errors** `request.malformed`, `export.malformed_model`, `request.unreadable`.
pub(super) async fn share(
    context: &Context,
    plan: &Plan,
    only: Option<[usize; 2]>,
    grown: Option<Rc<dyn Source>>,
) -> Result<(TreeShare, f64), Error> {
    let mut share = TreeShare { only: only.map(|[start, end]| start..end), grown: Vec::new() };
    if only.is_none() && grown.is_none() {
        return Ok((share, 0.0));
    }
    if !plan.kind.shares_trees() {
        let detail = format!("a {} has no trees that several workers can grow", plan.kind.kind);
        return Err(RequestError::Malformed { detail }.into());
    }
    if let Some([start, end]) = only.filter(|[start, end]| start >= end) {
        return Err(RequestError::Malformed { detail: format!("there are no trees from {start} to {end}") }.into());
    }
    let mut longest_millis: f64 = 0.0;
    if let Some(grown) = grown {
        let bytes = read_all(context, grown.as_ref(), 0.1).await?;
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (state, fit_millis) = read_trees(&mut rest)?;
            share.grown.push(state);
            longest_millis = longest_millis.max(fit_millis);
            context.tick("reading", 0.1).await;
        }
    }
    // They were grown at the same time.
    Ok((share, longest_millis))
}

/// The answer of a worker that grew some of the trees.
pub(super) fn grown_reply([start, end]: [usize; 2], (fitted, _, fit_millis): Outcome) -> Reply {
    let bytes = write_trees(&fitted.state(), fit_millis);
    Reply { event: Event::TreesGrown { start, end }, buffers: vec![("trees", Buffer::U8(bytes))] }
}
