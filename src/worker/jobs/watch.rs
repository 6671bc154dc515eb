//! A fit that is watched and steered from outside.

use std::cell::{Cell, RefCell};

use vitrine_protocol::{
    Buffer, FitMemoryMsg, LayerViewMsg, ProgressMsg, ViewMeasuresMsg, ViewMsg, WatchBoundaryMsg, WatchMsg,
};

use crate::Error;
use crate::error::Issues;
use crate::evaluate::evaluate;
use crate::model::{Fitted, Structure};
use crate::preprocess::{FittedRecipe, Matrix, Target};
use crate::train::{Epoch, FitInput, FitMemory, Session, View};
use crate::worker::context::Context;
use crate::worker::jobs::checkpoints::Checkpoints;
use crate::worker::jobs::plan::Plan;
use crate::worker::jobs::plane::{AskedPlane, Plane, Space, answer_matrix, boundary_buffers, plan_matrix, shown_units};
use crate::worker::{Buffers, wire};

/// A view is told at most ten times a second …
const VIEW_EVERY_MILLIS: f64 = 100.0;
/// … and making views takes at most one part of the time in so many.
const VIEW_SHARE: f64 = 4.0;
/// Grid points each way when the request does not say.
const RESOLUTION: usize = 40;
/// So many rows of each part are answered while a fit is watched.
const N_MEASURED: usize = 500;

/// What rows can be that no projection is found from.
const NO_PLANE: [&str; 2] = ["explain.nothing_to_project", "train.distances_not_finite"];

/// The epochs that are over, with the time since the fit began.
pub(super) type History = Vec<(Epoch, f64)>;

/// Who watches a fit, and what was shown.
pub(super) struct Watching {
    pub(super) checkpoints: Checkpoints,
    asked: Option<WatchMsg>,
    /// With its points as the net reads them.
    plane: Option<(Plane, Matrix)>,
    /// Rows that are learned from, and rows that were held back, with their labels.
    measured: Vec<(Matrix, Target)>,
    /// What progress tells beside the view.
    progress: RefCell<ProgressMsg>,
    next_view: Cell<f64>,
    /// Whether something has changed since the last view.
    is_stale: Cell<bool>,
    paused_millis: Cell<f64>,
}

impl Watching {
    /// Prepares the plane and takes the rows that are to be shown.
    ///
    /// **Errors** those of [`Plane::new`].
    pub(super) async fn new(
        context: &Context,
        checkpoints: Checkpoints,
        asked: Option<WatchMsg>,
        recipe: &FittedRecipe,
        input: &FitInput,
        plan: &Plan,
        train_rows: &[u32],
    ) -> Result<Self, Error> {
        let mut asked = asked.filter(|_| cfg!(feature = "tensors"));
        let plane = match asked.as_mut().and_then(|asked| asked.boundary.take()) {
            None => None,
            Some(WatchBoundaryMsg { x, y, projection, resolution }) => {
                let resolution = resolution.unwrap_or(RESOLUTION);
                let asked = AskedPlane { x, y, projection, resolution, fixed: Default::default() };
                let classes = &plan.parts.train.classes;
                let space = Space {
                    recipe,
                    kind: plan.kind.kind,
                    train_rows,
                    table: Ok(plan.entry.table.clone()),
                    classes: (!classes.is_empty()).then(|| classes.clone()),
                };
                match Plane::new(context, space, asked).await {
                    Ok(plane) => {
                        let x = plan_matrix(context, recipe, &plane.plan).await?;
                        Some((plane, x))
                    }
                    // Rows that make no plane can be learned from all the same.
                    Err(error) if NO_PLANE.contains(&error.code()) => None,
                    Err(error) => return Err(error),
                }
            }
        };
        let measured = match asked.as_ref().is_some_and(|asked| asked.measures) && input.y.has_labels() {
            false => Vec::new(),
            true => {
                let held = input.valid.iter().filter(|(x, _)| x.n_rows() > 0).map(|(x, y)| (x, y));
                std::iter::once((&input.x, &input.y)).chain(held).map(spread).collect()
            }
        };
        Ok(Self {
            checkpoints,
            asked,
            plane,
            measured,
            progress: RefCell::default(),
            next_view: Cell::new(f64::NEG_INFINITY),
            is_stale: Cell::new(true),
            paused_millis: Cell::new(0.0),
        })
    }

    /// Before the first step. Gives back how long the fit took so far, where it goes on from a checkpoint.
    ///
    /// **Errors** `request.malformed` when that is of another fit.
    pub(super) fn begin(
        &self,
        session: &mut dyn Session<dyn Fitted>,
        history: &mut History,
        issues: &mut Issues,
    ) -> Result<f64, Error> {
        if let (Some(_), Some(watched)) = (&self.asked, session.watched()) {
            watched.keep_epochs();
        }
        self.checkpoints.begin(session, history, issues)
    }

    /// For how long the fit was paused.
    pub(super) fn paused_millis(&self) -> f64 {
        self.paused_millis.get()
    }

    /// Does what was asked for since the last step, and waits while it is paused.
    pub(super) async fn obey(
        &self,
        context: &Context,
        session: &mut dyn Session<dyn Fitted>,
        history: &mut History,
    ) -> Result<(), Error> {
        let controls = &context.controls;
        // Nets alone can be watched; the others can only be held.
        if !cfg!(feature = "tensors") {
            while controls.is_paused() && !controls.take_step() {
                self.wait(context).await;
            }
            return Ok(());
        }
        loop {
            if let (Some(epoch), Some(watched)) = (controls.take_epoch(), session.watched()) {
                let reached = watched.seek(epoch);
                self.checkpoints.hurry();
                history.retain(|(epoch, _)| epoch.number <= reached);
                let fraction = self.progress.borrow().fraction;
                let last = history.last().map(|(epoch, _)| epoch);
                self.progress.replace(wire::epoch_progress(last, fraction, "fitting"));
                self.is_stale.set(true);
            }
            if let (true, Some(watched)) = (controls.is_stopped(), session.watched()) {
                watched.stop();
                return Ok(());
            }
            if !controls.is_paused() {
                return Ok(());
            }
            if controls.take_step() {
                if let Some(watched) = session.watched() {
                    watched.one_batch();
                }
                return Ok(());
            }
            if self.is_stale.replace(false) {
                let progress = ProgressMsg { message: "paused".to_owned(), ..self.progress.borrow().clone() };
                self.show(context, session, progress).await?;
                // More may have been heard meanwhile.
                continue;
            }
            self.wait(context).await;
        }
    }

    /// Waits for the next word of who steers; that time is not the fit's.
    async fn wait(&self, context: &Context) {
        let since = context.now_millis();
        context.controls.wait().await;
        self.paused_millis.set(self.paused_millis.get() + context.now_millis() - since);
    }

    /// After a step: shows what the model is now, when it is time to.
    pub(super) async fn look(
        &self,
        context: &Context,
        session: &mut dyn Session<dyn Fitted>,
        progress: &ProgressMsg,
    ) -> Result<(), Error> {
        self.progress.replace(progress.clone());
        self.is_stale.set(true);
        let began = context.now_millis();
        if !cfg!(feature = "tensors")
            || self.asked.is_none()
            || began < self.next_view.get()
            || context.controls.is_paused()
        {
            return Ok(());
        }
        self.show(context, session, progress.clone()).await?;
        let took = context.now_millis() - began;
        self.next_view.set(began + VIEW_EVERY_MILLIS.max(took * VIEW_SHARE));
        Ok(())
    }

    async fn show(
        &self,
        context: &Context,
        session: &mut dyn Session<dyn Fitted>,
        progress: ProgressMsg,
    ) -> Result<(), Error> {
        let (view, buffers) = match (&self.asked, session.watched()) {
            (Some(asked), Some(watched)) => {
                let view = watched.view().await?;
                let (msg, buffers) = self.view_msg(context, asked, view).await;
                (Some(Box::new(msg)), buffers)
            }
            _ => (None, Vec::new()),
        };
        context.tell(ProgressMsg { view, ..progress }, buffers);
        Ok(())
    }

    async fn view_msg(&self, context: &Context, asked: &WatchMsg, view: View<dyn Fitted>) -> (ViewMsg, Buffers) {
        let mut buffers = Vec::new();
        if let Some((plane, x)) = &self.plane {
            let all = answer_matrix(context, view.fitted.as_ref(), x, None).await;
            buffers = all.map(boundary_buffers).unwrap_or_default();
            buffers.extend(plane.points());
        }
        let mut layers = Vec::new();
        if let Structure::Net(fitted) = view.fitted.structure() {
            let net = fitted.net();
            layers = (net.layers.iter().enumerate())
                .map(|(idx, layer)| LayerViewMsg {
                    n_inputs: layer.n_inputs,
                    n_outputs: layer.n_outputs,
                    gradient_norm: view.gradient_norms.get(idx).copied(),
                    n_dead: view.n_dead.get(idx).copied().unwrap_or(0),
                })
                .collect();
            let shown = shown_units(view.fitted.as_ref()).filter(|_| asked.units);
            if let (Some(net), Some((_, x))) = (shown, &self.plane) {
                buffers.push(("units", Buffer::U8(net.units(x))));
            }
            if asked.weights {
                let weights = net.layers.iter().flat_map(|layer| layer.weights.iter().chain(&layer.biases));
                buffers.push(("weights", Buffer::F32(weights.copied().collect())));
            }
        }
        let boundary = self.plane.as_ref().map(|(plane, _)| plane.msg.clone());
        let measures = self.measure(context, view.fitted.as_ref()).await;
        let FitMemory { rows, model, optimizer, epochs } = view.memory;
        let (rows_bytes, net_bytes, optimizer_bytes, epochs_bytes) = (rows, model, optimizer, epochs);
        let memory = FitMemoryMsg { rows_bytes, net_bytes, optimizer_bytes, epochs_bytes };
        (ViewMsg { epoch: view.epoch, n_batches: view.n_batches, layers, boundary, measures, memory }, buffers)
    }

    /// How good the answers for the measured rows are.
    async fn measure(&self, context: &Context, fitted: &dyn Fitted) -> Option<ViewMeasuresMsg> {
        let measure = if matches!(self.measured.first()?.1, Target::Values(_)) { "r2" } else { "accuracy" };
        let mut parts = Vec::new();
        for (x, y) in &self.measured {
            let answers = answer_matrix(context, fitted, x, None).await?;
            parts.push(evaluate(&answers, y));
        }
        let of = |part: usize| parts.get(part).and_then(|part| part.metrics.get(measure).copied().flatten());
        let (train, valid) = (of(0), of(1));
        let confusion = parts.pop().and_then(|part| part.confusion);
        Some(ViewMeasuresMsg { measure: measure.to_owned(), train, valid, confusion })
    }
}

/// Some rows, evenly spread over all.
fn spread((x, y): (&Matrix, &Target)) -> (Matrix, Target) {
    let n_rows = x.n_rows();
    let n_taken = n_rows.min(N_MEASURED);
    let rows: Vec<u32> = (0..n_taken).map(|idx| (idx * n_rows / n_taken) as u32).collect();
    (x.take_rows(&rows), y.take_rows(&rows))
}
