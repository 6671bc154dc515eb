//! Between a browser's worker and the engine: the one place that names `web_sys`.
//!
//! What comes in: `{ message, payload }` from the page, where `payload` is a `Blob` or `null`. What goes out:
//! `{ message, buffers }`, with the buffers' memory transferred. A panic is posted as `Crashed` before the instance
//! ends, and a lock with the worker's name tells the page even of an end without words.

mod blob;
mod life;
mod macrotask;
mod reader;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Array, Float32Array, Float64Array, Object, Reflect, Uint8Array, Uint32Array};
use vitrine::train::Device;
use vitrine::worker::{self, Host, Inbox, Incoming, Source, WorkerDevice};
use vitrine_protocol::js::{read_request, write_event};
use vitrine_protocol::{Buffer, Event, EventMsg};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use self::blob::BlobSource;
use self::life::hold_life_lock;
use self::macrotask::Macrotasks;

/// Runs the engine in this worker, once its device is known.
pub(crate) fn run(device: impl Future<Output = WorkerDevice> + 'static) {
    install_panic_hook();
    let inbox = Inbox::new();
    // Before anything is awaited, so that no message is lost.
    listen(inbox.clone());
    wasm_bindgen_futures::spawn_local(async move {
        hold_life_lock().await;
        let device = device.await;
        worker::run(inbox, Rc::new(WorkerHost::new()), device).await;
    });
}

/// Runs the engine on the CPU of this worker.
#[allow(dead_code, reason = "the GPU worker chooses its device by itself")]
pub(crate) fn run_on_cpu() {
    run(std::future::ready(WorkerDevice { device: Device::cpu(), fallback_reason: None }));
}

/// The browser's worker as the engine sees it.
struct WorkerHost {
    macrotasks: Macrotasks,
}

impl WorkerHost {
    /// The worker this code runs in.
    fn new() -> Self {
        Self { macrotasks: Macrotasks::new() }
    }
}

impl Host for WorkerHost {
    fn post(&self, event: EventMsg, buffers: Vec<(&'static str, Buffer)>) {
        post(&event, buffers);
    }

    fn now_millis(&self) -> f64 {
        scope().performance().map_or(0.0, |clock| clock.now())
    }

    fn yield_now(&self) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(self.macrotasks.next())
    }
}

/// Posts a panic's message and place as `Crashed`. After it the instance is gone: panics abort.
fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        post(&EventMsg { job: None, event: Event::Crashed { message: info.to_string() } }, Vec::new());
    }));
}

/// Puts what the page posts into the inbox, from now until the worker ends.
fn listen(inbox: Inbox) {
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| receive(&inbox, &event.data()));
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
}

fn receive(inbox: &Inbox, data: &JsValue) {
    let message = field(data, "message");
    match read_request(message.clone()) {
        Ok(message) => {
            let blob = field(data, "payload").dyn_into::<Blob>().ok();
            let payload = blob.map(|blob| Rc::new(BlobSource::new(blob)) as Rc<dyn Source>);
            inbox.push(Incoming::Request { message: Box::new(message), payload });
        }
        Err(error) => {
            // Without a number there is no job to answer; 0 is nobody's.
            let job = field(&message, "job").as_f64().unwrap_or_default() as u32;
            inbox.push(Incoming::malformed(job, &error.to_string()));
        }
    }
}

fn post(event: &EventMsg, buffers: Vec<(&'static str, Buffer)>) {
    let transferred = Array::new();
    let arrays = Object::new();
    for (name, buffer) in buffers {
        let (array, memory) = typed_array(buffer);
        transferred.push(&memory);
        set(&arrays, name, &array);
    }
    let message = write_event(event).expect("events are made of what JSON can say");
    let data = Object::new();
    set(&data, "message", &message);
    set(&data, "buffers", &arrays);
    scope().post_message_with_transfer(&data, &transferred).expect("plain data and fresh memory can be posted");
}

/// A copy outside wasm's memory, and the memory to transfer.
fn typed_array(buffer: Buffer) -> (JsValue, JsValue) {
    match buffer {
        Buffer::F64(values) => {
            let array = Float64Array::from(values.as_slice());
            (array.clone().into(), array.buffer().into())
        }
        Buffer::F32(values) => {
            let array = Float32Array::from(values.as_slice());
            (array.clone().into(), array.buffer().into())
        }
        Buffer::U32(values) => {
            let array = Uint32Array::from(values.as_slice());
            (array.clone().into(), array.buffer().into())
        }
        Buffer::U8(values) => {
            let array = Uint8Array::from(values.as_slice());
            (array.clone().into(), array.buffer().into())
        }
    }
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// A property, or `undefined` where there is none.
fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("a fresh object takes any property");
}
