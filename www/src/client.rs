//! The one way to the workers: `vitrine.js`, bound.
//!
//! What comes in: a [`Request`] and, for some, a payload. What goes out: the fields of its one terminal event and the
//! buffers that came beside it, or the [`ErrorMsg`] it failed with. The page holds no other door to the engine, so a
//! teacher's script and the page see the same behaviour.

use std::cell::RefCell;

use js_sys::{Float64Array, Object, Promise, Reflect, Uint8Array, Uint32Array};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use vitrine_protocol::{DeviceMsg, ErrorMsg, HeldMsg, PoolMsg, ProgressMsg, Request};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, FileList};

use crate::wire;

#[wasm_bindgen(raw_module = "./vitrine.js")]
extern "C" {
    /// The client class of `vitrine.js`.
    #[derive(Clone)]
    type Vitrine;

    #[wasm_bindgen(static_method_of = Vitrine)]
    fn start(options: &JsValue) -> Promise;

    #[wasm_bindgen(static_method_of = Vitrine, catch, js_name = imagesToCsv)]
    async fn images_to_csv(files: &JsValue, options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn request(this: &Vitrine, request: &JsValue, options: &JsValue) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn memory(this: &Vitrine) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn device(this: &Vitrine) -> JsValue;

    #[wasm_bindgen(method, js_name = addEventListener)]
    fn add_event_listener(this: &Vitrine, kind: &str, listener: &js_sys::Function);
}

thread_local! {
    static CLIENT: RefCell<Option<Vitrine>> = const { RefCell::new(None) };
    /// Settles with the client: what is asked before the engine is up waits for it.
    static STARTING: RefCell<Option<Promise>> = const { RefCell::new(None) };
}

/// What travels beside a request.
#[derive(Default)]
pub(crate) struct Beside {
    /// The bytes of a file: a `Blob`, a string or a `Uint8Array`.
    pub(crate) payload: Option<JsValue>,
    /// Hears how far the job is, with what numbers came along.
    pub(crate) on_progress: Option<Box<dyn Fn(ProgressMsg, Buffers)>>,
    /// Is given the methods that steer a fit.
    pub(crate) controls: Option<Object>,
    /// Stops the job.
    pub(crate) signal: Option<AbortSignal>,
}

/// Bulk numbers that came beside an event.
pub(crate) struct Buffers(JsValue);

impl Buffers {
    fn named(&self, name: &str) -> Option<JsValue> {
        Reflect::get(&self.0, &name.into()).ok().filter(JsValue::is_object)
    }

    /// What came with a part of the message; nothing where there is no such part.
    pub(crate) fn of(&self, name: &str) -> Self {
        Self(self.named(name).unwrap_or_default())
    }

    /// A buffer of numbers, whatever its width.
    pub(crate) fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.named(name).map(|buffer| Float64Array::new(&buffer).to_vec())
    }

    /// A buffer of positions.
    pub(crate) fn positions(&self, name: &str) -> Option<Vec<u32>> {
        self.named(name).map(|buffer| Uint32Array::new(&buffer).to_vec())
    }

    /// A buffer of bytes, still in JavaScript's memory: a file to save need not pass through ours.
    pub(crate) fn bytes(&self, name: &str) -> Option<Uint8Array> {
        self.named(name).map(|buffer| Uint8Array::new(&buffer))
    }
}

/// Starts the workers and keeps the client; `on_notice` hears `crash`, `device` and `restored`.
///
/// # Errors
/// - The worker could not be fetched, started or understood.
pub(crate) async fn start(on_notice: impl Fn(&str) + 'static) -> Result<(), ErrorMsg> {
    let options = Object::new();
    let _ = Reflect::set(&options, &"device".into(), &"auto".into());
    let starting = Vitrine::start(&options);
    STARTING.set(Some(starting.clone()));
    let client: Vitrine = JsFuture::from(starting).await.map_err(error_from)?.unchecked_into();
    let on_notice = std::rc::Rc::new(on_notice);
    for kind in ["crash", "device", "restored"] {
        let hear = std::rc::Rc::clone(&on_notice);
        let listener = Closure::<dyn Fn()>::new(move || hear(kind));
        client.add_event_listener(kind, listener.as_ref().unchecked_ref());
        listener.forget();
    }
    // For teachers: the console talks to the same engine as the page.
    if let Some(window) = web_sys::window() {
        let _ = Reflect::set(&window, &"vitrine".into(), &client);
    }
    CLIENT.set(Some(client));
    Ok(())
}

/// Image files as a CSV: the blob, and how many of the files are no images.
///
/// # Errors
/// - None of them is one.
pub(crate) async fn images_to_csv(files: &FileList, signal: Option<AbortSignal>) -> Result<(Blob, u32), ErrorMsg> {
    let options = Object::new();
    if let Some(signal) = signal {
        let _ = Reflect::set(&options, &"signal".into(), &signal);
    }
    let made = Vitrine::images_to_csv(files, &options).await.map_err(error_from)?;
    let of = |name: &str| Reflect::get(&made, &name.into()).unwrap_or_default();
    Ok((of("csv").unchecked_into(), js_sys::Array::from(&of("refused")).length()))
}

/// The device that answers now.
pub(crate) fn device() -> Option<DeviceMsg> {
    let client = CLIENT.with_borrow(Clone::clone)?;
    wire::read(client.device()).ok()
}

/// What takes memory in one worker.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct WorkerMemory {
    /// `cpu`, `tensors`, `webgpu` or `helper`.
    pub(crate) worker: String,
    pub(crate) heap_bytes: Option<u64>,
    pub(crate) pool: Option<PoolMsg>,
    pub(crate) tables: Vec<HeldMsg>,
    pub(crate) models: Vec<HeldMsg>,
}

/// What takes memory in each worker that runs; nothing before there is one.
pub(crate) async fn memory() -> Option<Vec<WorkerMemory>> {
    let client = CLIENT.with_borrow(Clone::clone)?;
    let told = client.memory().await.ok()?;
    wire::read(Reflect::get(&told, &"workers".into()).ok()?).ok()
}

/// Asks, and waits for the answer.
///
/// # Errors
/// - The engine's own, why it did not start, or `environment.worker_not_started` before [`start`] was called.
pub(crate) async fn ask<T: DeserializeOwned>(request: Request, beside: Beside) -> Result<(T, Buffers), ErrorMsg> {
    let (event, buffers) = send(request, beside).await?;
    let event = wire::read(event).map_err(|error| unexpected(error.to_string()))?;
    Ok((event, Buffers(buffers)))
}

async fn send(request: Request, beside: Beside) -> Result<(JsValue, JsValue), ErrorMsg> {
    let starting = STARTING.with_borrow(Clone::clone).ok_or_else(|| ErrorMsg {
        code: "environment.worker_not_started".to_owned(),
        ..unexpected("the engine is not running".to_owned())
    })?;
    let client: Vitrine = JsFuture::from(starting).await.map_err(error_from)?.unchecked_into();
    let request = wire::write(&request).map_err(|error| unexpected(error.to_string()))?;
    let options = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&options, &name.into(), value);
    if let Some(payload) = &beside.payload {
        let _ = set("payload", payload);
    }
    if let Some(controls) = &beside.controls {
        let _ = set("controls", controls);
    }
    if let Some(signal) = &beside.signal {
        let _ = set("signal", signal);
    }
    // The closure lives until the answer is here; a late message would find it gone, and there is none by contract.
    let listener = beside.on_progress.map(|hear| {
        Closure::<dyn Fn(JsValue)>::new(move |progress: JsValue| {
            if let Ok(told) = wire::read(progress.clone()) {
                hear(told, Buffers(progress));
            }
        })
    });
    if let Some(listener) = &listener {
        let _ = set("onProgress", listener.as_ref());
    }
    let answer = client.request(&request, &options).await.map_err(error_from)?;
    let part = |name: &str| Reflect::get(&answer, &name.into()).unwrap_or(JsValue::UNDEFINED);
    Ok((part("event"), part("buffers")))
}

/// A rejection is a `VitrineError`; anything else is a fault of the page and says what JavaScript said.
fn error_from(thrown: JsValue) -> ErrorMsg {
    wire::read(thrown.clone()).unwrap_or_else(|_| {
        let said = Reflect::get(&thrown, &"message".into()).ok().and_then(|message| message.as_string());
        unexpected(said.unwrap_or_else(|| format!("{thrown:?}")))
    })
}

fn unexpected(message: String) -> ErrorMsg {
    ErrorMsg {
        code: "page.unexpected".to_owned(),
        stage: "page".to_owned(),
        message,
        hint: "Reload the page. If it happens again, please report it".to_owned(),
        place: None,
        args: Default::default(),
    }
}
