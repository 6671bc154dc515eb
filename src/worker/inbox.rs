//! Messages wait here until the loop hears them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;

use vitrine_protocol::{JobId, RequestMsg};

use crate::Error;
use crate::worker::RequestError;

/// A file or text that came with a request, read piece by piece as often as needed.
pub trait Source {
    /// Its size.
    fn size_bytes(&self) -> u64;

    /// Bytes `start..end`, or fewer of them, but one at least: as many as are at hand. Reading starts with the call, so that
    /// the next piece can come while this one is worked on.
    ///
    /// **Errors** `request.unreadable`.
    fn read(&self, start: u64, end: u64) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>>>>;
}

/// Bytes in memory are a source too.
impl Source for Vec<u8> {
    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, start: u64, end: u64) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>>>> {
        let bytes = self.get(start as usize..end as usize).map(<[u8]>::to_vec);
        let outside = || RequestError::Unreadable { detail: format!("bytes {start} to {end} are outside") }.into();
        Box::pin(std::future::ready(bytes.ok_or_else(outside)))
    }
}

/// A message as it came.
pub enum Incoming {
    /// A request that could be read.
    Request {
        /// The request.
        message: Box<RequestMsg>,
        /// What came with it.
        payload: Option<Rc<dyn Source>>,
    },
    /// A request that could not.
    Malformed {
        /// Its job, as far as it could be read.
        job: JobId,
        /// What is wrong with it.
        error: Error,
    },
}

impl Incoming {
    /// A message that serde could not read, for the reason it gave.
    ///
    /// ```
    /// use vitrine::worker::Incoming;
    /// let incoming = Incoming::malformed(7, "unknown field `tagret`, expected one of `table`, `target`");
    /// let Incoming::Malformed { error, .. } = incoming else { unreachable!() };
    /// assert_eq!(error.to_string(), "the request has the unknown field \"tagret\"; it knows table, target");
    /// ```
    pub fn malformed(job: JobId, reason: &str) -> Self {
        Self::Malformed { job, error: unread(reason) }
    }
}

/// The error of what serde could not read, for the reason it gave.
pub(in crate::worker) fn unread(reason: &str) -> Error {
    let reason = reason.strip_prefix("Error: ").unwrap_or(reason);
    // serde hands out no parts of its errors, but quotes names in backticks: the field, then what it could be.
    let names: Vec<&str> = reason.split('`').skip(1).step_by(2).collect();
    match names.split_first() {
        Some((field, known)) if reason.contains("unknown field") => {
            // Where requests share fields (`#[serde(flatten)]`), serde lists none.
            let known = if known.is_empty() { "those in the documentation".to_owned() } else { known.join(", ") };
            RequestError::UnknownField { field: (*field).to_owned(), known }
        }
        _ => RequestError::Malformed { detail: reason.to_owned() },
    }
    .into()
}

/// A handle to the messages that wait; clones share them.
#[derive(Clone, Default)]
pub struct Inbox(Rc<RefCell<Waiting>>);

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Incoming>,
    waker: Option<Waker>,
    is_closed: bool,
}

impl Inbox {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message and wakes the loop.
    pub fn push(&self, incoming: Incoming) {
        let mut waiting = self.0.borrow_mut();
        waiting.messages.push_back(incoming);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    /// Says that no message will come any more: the loop ends after its last job.
    pub fn close(&self) {
        let mut waiting = self.0.borrow_mut();
        waiting.is_closed = true;
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn take(&self) -> Option<Incoming> {
        self.0.borrow_mut().messages.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().messages.is_empty()
    }

    pub(super) fn is_finished(&self) -> bool {
        let waiting = self.0.borrow();
        waiting.is_closed && waiting.messages.is_empty()
    }

    pub(super) fn wake_on_push(&self, waker: &Waker) {
        self.0.borrow_mut().waker = Some(waker.clone());
    }
}
