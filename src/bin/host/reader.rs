//! A helper thread that reads ahead: what it is asked for is there when the engine has done with the piece before.
//!
//! It is a convenience, and nothing depends on it: whatever it does not answer is read by the engine itself.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::{Function, Object, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, MessageEvent, Worker};

use super::{field, set};

/// Beside the worker's own script.
const SCRIPT: &str = "worker-reader.js";

/// The thread, from its first use to the end of the worker.
#[derive(Default)]
pub(super) struct Reader {
    worker: RefCell<Option<Worker>>,
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// It has said that it runs, and has not failed since.
    is_ready: Cell<bool>,
    last_id: Cell<u32>,
    /// Who waits for which answer.
    waiting: RefCell<BTreeMap<u32, Function>>,
}

impl Reader {
    /// The bytes `start..end` of the source `number`, or fewer of them, as an `ArrayBuffer`, or `null` when the caller must
    /// read them. None while the thread is not running: it is started by the first call.
    pub(super) fn read(&self, number: u32, blob: &Blob, start: u64, end: u64) -> Option<Promise> {
        if !self.shared.is_ready.get() {
            self.start();
            return None;
        }
        let id = self.shared.last_id.get().wrapping_add(1);
        self.shared.last_id.set(id);
        let message = Object::new();
        set(&message, "id", &id.into());
        set(&message, "source", &number.into());
        set(&message, "blob", blob);
        set(&message, "start", &(start as f64).into());
        set(&message, "end", &(end as f64).into());
        self.worker.borrow().as_ref()?.post_message(&message).ok()?;
        let waiting = &self.shared.waiting;
        Some(Promise::new(&mut |resolve, _| drop(waiting.borrow_mut().insert(id, resolve))))
    }

    fn start(&self) {
        if self.worker.borrow().is_some() {
            return;
        }
        let Ok(worker) = Worker::new(SCRIPT) else { return };
        let shared = Rc::clone(&self.shared);
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let data = event.data();
            match field(&data, "id").as_f64() {
                None => shared.is_ready.set(true),
                Some(id) => shared.answer(id as u32, &field(&data, "memory")),
            }
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
        let shared = Rc::clone(&self.shared);
        let on_error = Closure::<dyn FnMut(JsValue)>::new(move |_| {
            shared.is_ready.set(false);
            let waiting: Vec<u32> = shared.waiting.borrow().keys().copied().collect();
            waiting.into_iter().for_each(|id| shared.answer(id, &JsValue::NULL));
        });
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        on_error.forget();
        *self.worker.borrow_mut() = Some(worker);
    }
}

impl Shared {
    fn answer(&self, id: u32, memory: &JsValue) {
        let resolve = self.waiting.borrow_mut().remove(&id);
        if let Some(resolve) = resolve {
            resolve.call1(&JsValue::UNDEFINED, memory).expect("resolving a promise does not throw");
        }
    }
}
