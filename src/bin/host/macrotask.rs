//! Waiting for the next macrotask, so that messages that came in meanwhile are heard first.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageChannel, MessagePort};

/// A channel to ourselves. Its messages queue behind those of the page, and unlike timers they are not held back for
/// four milliseconds.
pub(super) struct Macrotasks {
    sender: MessagePort,
    waiting: Rc<RefCell<VecDeque<Function>>>,
}

impl Macrotasks {
    pub(super) fn new() -> Self {
        let channel = MessageChannel::new().expect("every worker has channels");
        let waiting = Rc::new(RefCell::new(VecDeque::<Function>::new()));
        let queue = Rc::clone(&waiting);
        let wake = Closure::<dyn FnMut()>::new(move || {
            let next = queue.borrow_mut().pop_front();
            if let Some(resolve) = next {
                resolve.call0(&JsValue::UNDEFINED).expect("resolving a promise does not throw");
            }
        });
        channel.port2().set_onmessage(Some(wake.as_ref().unchecked_ref()));
        wake.forget();
        Self { sender: channel.port1(), waiting }
    }

    /// Resolves in a later macrotask.
    pub(super) fn next(&self) -> impl Future<Output = ()> + 'static {
        let promise = Promise::new(&mut |resolve, _| self.waiting.borrow_mut().push_back(resolve));
        self.sender.post_message(&JsValue::NULL).expect("null can be posted");
        async move {
            JsFuture::from(promise).await.expect("it is only ever resolved");
        }
    }
}
