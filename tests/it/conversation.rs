//! A worker without a browser: requests go in, events come out, on one thread and without a clock.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use serde_json::{Value, json};
use vitrine::train::{Device, block_on};
use vitrine::worker::{Buffers, Host, Inbox, Incoming, Source, WorkerDevice, run};
use vitrine_protocol::{Buffer, Event, EventMsg, RequestMsg};

/// What a worker said, in order.
#[derive(Clone)]
pub struct Said {
    pub event: EventMsg,
    pub buffers: Buffers,
}

#[derive(Default)]
struct Recorder {
    said: RefCell<Vec<Said>>,
    /// A clock that ticks when it is looked at: every look is 4 ms later, so jobs tell progress and yield often.
    now: Cell<f64>,
    /// What to do at the n-th yield.
    at_yield: RefCell<Option<AtYield>>,
    n_yields: Cell<usize>,
    /// What to ask for at once when something is said.
    reacting: RefCell<Option<Reacting>>,
    /// The requests that wait for the one before them to end.
    waiting: RefCell<VecDeque<Incoming>>,
    inbox: Inbox,
}

type AtYield = Box<dyn FnMut(usize)>;
type Reacting = Box<dyn FnMut(&EventMsg) -> Vec<Value>>;

impl Recorder {
    fn ask_next(&self) {
        match self.waiting.borrow_mut().pop_front() {
            Some(incoming) => self.inbox.push(incoming),
            None => self.inbox.close(),
        }
    }
}

impl Host for Recorder {
    fn post(&self, event: EventMsg, buffers: Buffers) {
        let has_ended = event.event.is_terminal();
        let asked = self.reacting.borrow_mut().as_mut().map(|reacting| reacting(&event)).unwrap_or_default();
        for request in asked {
            let request = serde_json::from_value(request).expect("a readable request");
            let message = Box::new(RequestMsg { job: u32::MAX, request });
            self.inbox.push(Incoming::Request { message, payload: None });
        }
        self.said.borrow_mut().push(Said { event, buffers });
        if has_ended {
            self.ask_next();
        }
    }

    fn now_millis(&self) -> f64 {
        self.now.set(self.now.get() + 4.0);
        self.now.get()
    }

    fn yield_now(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        self.n_yields.set(self.n_yields.get() + 1);
        if let Some(at_yield) = self.at_yield.borrow_mut().as_mut() {
            at_yield(self.n_yields.get());
        }
        let mut polled = false;
        Box::pin(std::future::poll_fn(move |context| {
            if polled {
                return Poll::Ready(());
            }
            polled = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}

/// A script of requests, each with its payload.
#[derive(Default)]
pub struct Script {
    requests: Vec<(Value, Option<Vec<u8>>)>,
    cancel_at_yield: Option<(usize, u32)>,
    reacting: Option<Reacting>,
    at_once: bool,
}

impl Script {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a request; its job is its position, from 1.
    pub fn ask(mut self, request: Value) -> Self {
        self.requests.push((request, None));
        self
    }

    /// Adds a request with bytes beside it.
    pub fn ask_with(mut self, request: Value, payload: impl Into<Vec<u8>>) -> Self {
        self.requests.push((request, Some(payload.into())));
        self
    }

    /// Loads a CSV as `id`.
    pub fn load(self, id: &str, csv: impl Into<Vec<u8>>) -> Self {
        self.ask_with(json!({ "type": "load_csv", "id": id }), csv)
    }

    /// Sends all requests at once instead of each when the one before has ended.
    pub fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    /// Cancels a job when the worker yields for the n-th time.
    pub fn cancel_at_yield(mut self, n: usize, job: u32) -> Self {
        self.cancel_at_yield = Some((n, job));
        self
    }

    /// Asks for something at once whenever something is said.
    pub fn reacting(mut self, reacting: impl FnMut(&EventMsg) -> Vec<Value> + 'static) -> Self {
        self.reacting = Some(Box::new(reacting));
        self
    }

    /// Runs all of it and gives back everything that was said.
    ///
    /// A request that cannot be read as a [`RequestMsg`] is a mistake of the test.
    pub fn run(self) -> Conversation {
        let recorder = Rc::new(Recorder::default());
        let inbox = recorder.inbox.clone();
        let n_requests = self.requests.len() as u32;
        let incoming = |(idx, (request, payload)): (usize, (Value, Option<Vec<u8>>))| {
            let message: RequestMsg =
                serde_json::from_value(json!({ "job": idx + 1, "request": request })).expect("a readable request");
            let payload = payload.map(|bytes| Rc::new(bytes) as Rc<dyn Source>);
            Incoming::Request { message: Box::new(message), payload }
        };
        recorder.waiting.borrow_mut().extend(self.requests.into_iter().enumerate().map(incoming));
        *recorder.reacting.borrow_mut() = self.reacting;
        if self.at_once {
            recorder.waiting.take().into_iter().for_each(|incoming| inbox.push(incoming));
        } else {
            recorder.ask_next();
        }
        if let Some((n, target)) = self.cancel_at_yield {
            let inbox = inbox.clone();
            *recorder.at_yield.borrow_mut() = Some(Box::new(move |yields| {
                if yields == n {
                    let request = serde_json::from_value(json!({ "type": "cancel", "target": target })).unwrap();
                    let message = RequestMsg { job: n_requests + 1, request };
                    inbox.push(Incoming::Request { message: Box::new(message), payload: None });
                }
            }));
        }
        let device = WorkerDevice { device: Device::cpu(), fallback_reason: None };
        block_on(run(inbox, recorder.clone(), device));
        let said = recorder.said.borrow().clone();
        Conversation { said }
    }
}

/// Everything a worker said.
pub struct Conversation {
    pub said: Vec<Said>,
}

impl Conversation {
    /// How a job ended.
    #[track_caller]
    pub fn end(&self, job: u32) -> &Said {
        let mut ends = self.said.iter().filter(|said| said.event.job == Some(job) && said.event.event.is_terminal());
        let end = ends.next().unwrap_or_else(|| panic!("job {job} has no end"));
        assert!(ends.next().is_none(), "job {job} ended twice");
        end
    }

    /// The JSON of a job's end.
    #[track_caller]
    pub fn json(&self, job: u32) -> Value {
        serde_json::to_value(&self.end(job).event.event).unwrap()
    }

    /// The code of the error a job ended with.
    #[track_caller]
    pub fn error_code(&self, job: u32) -> String {
        match &self.end(job).event.event {
            Event::Failed(error) => error.code.clone(),
            other => panic!("job {job} did not fail: {other:?}"),
        }
    }

    /// A buffer of a job's end.
    #[track_caller]
    pub fn buffer(&self, job: u32, name: &str) -> &Buffer {
        let end = self.end(job);
        let known: Vec<&str> = end.buffers.iter().map(|(name, _)| *name).collect();
        let found = end.buffers.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no buffer {name:?} among {known:?}")).1
    }

    /// A buffer of f64.
    #[track_caller]
    pub fn numbers(&self, job: u32, name: &str) -> &[f64] {
        match self.buffer(job, name) {
            Buffer::F64(numbers) => numbers,
            other => panic!("{name} is {other:?}"),
        }
    }

    /// A buffer of bytes.
    #[track_caller]
    pub fn bytes(&self, job: u32, name: &str) -> &[u8] {
        match self.buffer(job, name) {
            Buffer::U8(bytes) => bytes,
            other => panic!("{name} is {other:?}"),
        }
    }
}

/// A file of the project.
#[track_caller]
pub fn file(path: &str) -> Vec<u8> {
    let path = crate::cases::root().join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
