//! Requests come in, events go out: the application without its pixels.
//!
//! One loop owns all state. It hears every message as soon as it comes, and between messages drives one job: a future
//! that yields (with a macrotask, through [`Host::yield_now`]) at least every few milliseconds. A cancelled job is
//! dropped, so nothing of it is left half-made; each request gets exactly one terminal event. There is no browser in
//! here: the same loop runs natively in tests and in a dedicated worker.

mod context;
mod controls;
mod inbox;
mod jobs;
mod wire;
mod workspace;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

pub use inbox::{Inbox, Incoming, Source};
use vitrine_protocol::{BUILD, Buffer, Event, EventMsg, JobId, PROTOCOL_VERSION, ReadyMsg, Request, RequestMsg};

use crate::Error;
use crate::train::Device;
use context::Context;
use controls::Controls;
use workspace::Workspace;

/// What the loop needs from the world it runs in.
pub trait Host {
    /// Sends an event; the buffers travel beside it under their names.
    fn post(&self, event: EventMsg, buffers: Buffers);
    /// The time since some fixed moment, in milliseconds.
    fn now_millis(&self) -> f64;
    /// Comes back after everything that is waiting to be heard was heard.
    fn yield_now(&self) -> Pin<Box<dyn Future<Output = ()>>>;
}

/// Bulk numbers by name.
pub type Buffers = Vec<(&'static str, Buffer)>;

/// Where tensors live, and why it is not the device that was asked for.
#[derive(Clone, Debug)]
pub struct WorkerDevice {
    /// The device.
    pub device: Device,
    /// Set when this device stands in for another.
    pub fallback_reason: Option<String>,
}

crate::trouble! {
    /// What can be wrong with a request itself.
    pub enum RequestError in "request" {
        /// The message is not a request.
        Malformed { detail: String } => "malformed",
            "the request cannot be read: {detail}",
            hint "Compare the request with the documentation of vitrine.js";
        /// A field of the request is not one it has.
        UnknownField { field: String, known: String } => "unknown_field",
            "the request has the unknown field {field:?}; it knows {known}",
            hint "Check the spelling of {field:?}, or leave it out",
            place crate::error::Place::field(field.clone());
        /// There is no table of that id.
        NoSuchTable { id: String } => "no_such_table",
            "there is no table {id:?}",
            hint "Load it first; it may have been released",
            place crate::error::Place::field("table");
        /// There is no model of that id.
        NoSuchModel { id: String } => "no_such_model",
            "there is no model {id:?}",
            hint "Train or import it first; it may have been released",
            place crate::error::Place::field("model");
        /// There is nothing of that id to release.
        NothingToRelease { id: String } => "nothing_to_release",
            "there is neither a table nor a model {id:?}",
            hint "It was released already";
        /// The request needs bytes and came without.
        NoPayload { what: String } => "no_payload",
            "{what} needs a file or text, and none was sent",
            hint "Pass a string, an ArrayBuffer, a Uint8Array or a Blob";
        /// The bytes could not be read.
        Unreadable { detail: String } => "unreadable",
            "the file cannot be read: {detail}",
            hint "It may have been moved or changed since it was chosen; choose it again";
        /// A device that does not exist was asked for.
        BadDevice { given: String } => "bad_device",
            "device is {given:?}, but must be \"auto\", \"cpu\" or \"webgpu\"",
            hint "Leave device out for \"auto\"",
            place crate::error::Place::field("device");
    }
}

/// How a job ends well.
struct Reply {
    event: Event,
    buffers: Buffers,
}

impl From<Event> for Reply {
    fn from(event: Event) -> Self {
        Self { event, buffers: Vec::new() }
    }
}

/// A job under way. Dropping it cancels it.
type JobFuture = Pin<Box<dyn Future<Output = Result<Reply, Error>>>>;

struct Worker {
    host: Rc<dyn Host>,
    workspace: Rc<RefCell<Workspace>>,
    /// The first that is not paused is being driven, the others wait their turn.
    jobs: VecDeque<Job>,
}

struct Job {
    id: JobId,
    future: JobFuture,
    controls: Rc<Controls>,
}

/// Runs until the inbox is closed and every job has ended.
///
/// The first event is `Ready`. Requests that only look something up are answered at once, also while a long job runs;
/// long jobs take turns in the order they came.
pub async fn run(inbox: Inbox, host: Rc<dyn Host>, device: WorkerDevice) {
    let ready = ReadyMsg {
        protocol: PROTOCOL_VERSION,
        build: BUILD.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        device: wire::device_msg(&device.device, device.fallback_reason.clone()),
    };
    host.post(EventMsg { job: None, event: Event::Ready(ready) }, Vec::new());
    let workspace = Rc::new(RefCell::new(Workspace::new(device)));
    let mut worker = Worker { host, workspace, jobs: VecDeque::new() };
    std::future::poll_fn(|context| {
        loop {
            while let Some(incoming) = inbox.take() {
                worker.hear(incoming);
            }
            let turn = worker.turn();
            match worker.jobs.get_mut(turn) {
                Some(job) => match job.future.as_mut().poll(context) {
                    Poll::Ready(result) => {
                        let id = job.id;
                        worker.jobs.remove(turn);
                        worker.end(id, result);
                    }
                    Poll::Pending if inbox.is_empty() => {
                        inbox.wake_on_push(context.waker());
                        return Poll::Pending;
                    }
                    Poll::Pending => {}
                },
                None if inbox.is_finished() => return Poll::Ready(()),
                None => {
                    inbox.wake_on_push(context.waker());
                    return Poll::Pending;
                }
            }
        }
    })
    .await;
}

impl Worker {
    fn hear(&mut self, incoming: Incoming) {
        let (job, request, payload) = match incoming {
            Incoming::Request { message, payload } => {
                let RequestMsg { job, request } = *message;
                (job, request, payload)
            }
            Incoming::Malformed { job, error } => return self.end(job, Err(error)),
        };
        // A search that was cancelled leaves nothing behind, and one that waits for other work prepares its folds again.
        let looks = matches!(request, Request::ReadTable { .. } | Request::Describe {} | Request::Memory {});
        if !looks && !matches!(request, Request::Search(_)) {
            self.workspace.borrow_mut().forget_folds();
        }
        if let Request::Cancel { target } = request {
            if let Some(position) = self.jobs.iter().position(|job| job.id == target) {
                self.jobs.remove(position);
                self.post(target, Event::Cancelled, Vec::new());
            }
            return;
        }
        if let Request::Control { target, action } = request {
            if let Some(job) = self.jobs.iter().find(|job| job.id == target) {
                job.controls.hear(action);
            }
            return;
        }
        let context = Context::new(job, self.host.clone(), self.workspace.clone());
        let controls = context.controls.clone();
        match jobs::start(context, request, payload) {
            jobs::Started::Ended(result) => self.end(job, *result),
            jobs::Started::Running(future) => self.jobs.push_back(Job { id: job, future, controls }),
        }
    }

    /// Whose turn it is: the first job's that is not paused, and the first's when all are.
    fn turn(&self) -> usize {
        self.jobs.iter().position(|job| !job.controls.waits()).unwrap_or(0)
    }

    fn end(&self, job: JobId, result: Result<Reply, Error>) {
        match result {
            Ok(reply) => self.post(job, reply.event, reply.buffers),
            Err(error) => self.post(job, Event::Failed(wire::error_msg(&error)), Vec::new()),
        }
    }

    fn post(&self, job: JobId, event: Event, buffers: Buffers) {
        self.host.post(EventMsg { job: Some(job), event }, buffers);
    }
}
