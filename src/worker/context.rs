//! What a job has at hand: the workspace, a way to say how far it is, and a way to let others speak.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use vitrine_protocol::{Event, EventMsg, JobId, ProgressMsg};

use crate::worker::controls::Controls;
use crate::worker::workspace::Workspace;
use crate::worker::{Buffers, Host};

/// Progress is told at most twenty times a second.
const POST_EVERY_MILLIS: f64 = 50.0;
/// Others are let speak this often, far below the 200 ms within which a cancel must be heard.
const YIELD_EVERY_MILLIS: f64 = 10.0;

pub(super) struct Context {
    job: JobId,
    host: Rc<dyn Host>,
    pub(super) workspace: Rc<RefCell<Workspace>>,
    /// How the job is to go on.
    pub(super) controls: Rc<Controls>,
    started: f64,
    last_yield: Cell<f64>,
    last_post: Cell<f64>,
    /// Progress never falls.
    fraction: Cell<f64>,
    /// The part of the job that is under way, from where to where.
    part: Cell<(f64, f64)>,
    /// What is told instead of what that part tells of itself.
    outer: RefCell<Option<ProgressMsg>>,
}

impl Context {
    pub(super) fn new(job: JobId, host: Rc<dyn Host>, workspace: Rc<RefCell<Workspace>>) -> Self {
        let now = host.now_millis();
        Self {
            job,
            host,
            workspace,
            controls: Rc::default(),
            started: now,
            last_yield: Cell::new(now),
            last_post: Cell::new(f64::NEG_INFINITY),
            fraction: Cell::new(0.0),
            part: Cell::new((0.0, 1.0)),
            outer: RefCell::new(None),
        }
    }

    /// From now on ticks speak of one part of a longer job, between two fractions of it; with `outer` they tell that
    /// instead of what the part tells of itself.
    pub(super) fn begin_part(&self, from: f64, to: f64, outer: Option<ProgressMsg>) {
        self.part.set((from, to));
        self.outer.replace(outer);
    }

    /// To be awaited between any two bounded pieces of work: tells how far the job is when it is time to, and lets
    /// waiting messages be heard when it is time to.
    pub(super) async fn tick(&self, message: &str, fraction: f64) {
        self.tick_with(ProgressMsg { message: message.to_owned(), fraction, ..ProgressMsg::default() }).await;
    }

    /// As [`Context::tick`], with all there is to tell.
    pub(super) async fn tick_with(&self, progress: ProgressMsg) {
        let now = self.host.now_millis();
        let (from, to) = self.part.get();
        self.fraction.set(self.fraction.get().max(from + (to - from) * progress.fraction.clamp(0.0, 1.0)));
        if now - self.last_post.get() >= POST_EVERY_MILLIS {
            self.post(now, progress, Vec::new());
        }
        self.breathe(now).await;
    }

    /// As [`Context::tick`], with nothing to tell.
    pub(super) async fn breathe(&self, now: f64) {
        if now - self.last_yield.get() >= YIELD_EVERY_MILLIS {
            self.host.yield_now().await;
            self.last_yield.set(self.host.now_millis());
        }
    }

    /// Tells how far the job is whether or not it is time to, with arrays beside it.
    pub(super) fn tell(&self, progress: ProgressMsg, buffers: Buffers) {
        self.post(self.host.now_millis(), progress, buffers);
    }

    fn post(&self, now: f64, progress: ProgressMsg, buffers: Buffers) {
        self.last_post.set(now);
        let fraction = self.fraction.get();
        let elapsed = now - self.started;
        let eta_ms = (fraction > 0.02).then(|| elapsed / fraction * (1.0 - fraction));
        let progress = self.outer.borrow().clone().unwrap_or(progress);
        let event = Event::Progressed(ProgressMsg { fraction, eta_ms, ..progress });
        self.host.post(EventMsg { job: Some(self.job), event }, buffers);
    }

    /// The time since some fixed moment.
    pub(super) fn now_millis(&self) -> f64 {
        self.host.now_millis()
    }
}
