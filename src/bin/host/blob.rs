//! A `Blob` as a source: read piece by piece, so that a file is never in memory as a whole.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;

use js_sys::{ArrayBuffer, Uint8Array};
use vitrine::Error;
use vitrine::worker::{RequestError, Source};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::reader::Reader;

/// Below this size a helper thread is not worth its start.
const WORTH_A_THREAD_BYTES: u64 = 8 << 20;

thread_local! {
    static READER: Reader = Reader::default();
    static N_SOURCES: Cell<u32> = const { Cell::new(0) };
}

/// Bytes that the browser holds, in memory or on disk.
pub(super) struct BlobSource {
    blob: Blob,
    /// What tells it from others.
    number: u32,
}

impl BlobSource {
    pub(super) fn new(blob: Blob) -> Self {
        let number = N_SOURCES.with(|n| n.replace(n.get().wrapping_add(1)));
        Self { blob, number }
    }
}

impl Source for BlobSource {
    fn size_bytes(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read(&self, start: u64, end: u64) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>>>> {
        let is_large = self.size_bytes() >= WORTH_A_THREAD_BYTES;
        let helped = is_large.then(|| READER.with(|reader| reader.read(self.number, &self.blob, start, end))).flatten();
        let blob = self.blob.clone();
        // Begun now, so that it goes on while the caller works.
        let direct = helped.is_none().then(|| read_directly(&blob, start, end));
        Box::pin(async move {
            let helped = match helped {
                Some(promise) => JsFuture::from(promise).await.ok().filter(JsValue::is_instance_of::<ArrayBuffer>),
                None => None,
            };
            let memory = match (helped, direct) {
                (Some(memory), _) => memory,
                (None, Some(promise)) => JsFuture::from(promise.map_err(unreadable)?).await.map_err(unreadable)?,
                (None, None) => {
                    let promise = read_directly(&blob, start, end).map_err(unreadable)?;
                    JsFuture::from(promise).await.map_err(unreadable)?
                }
            };
            Ok(Uint8Array::new(&memory).to_vec())
        })
    }
}

fn read_directly(blob: &Blob, start: u64, end: u64) -> Result<js_sys::Promise, JsValue> {
    Ok(blob.slice_with_f64_and_f64(start as f64, end as f64)?.array_buffer())
}

/// A file that was changed, moved or deleted after it was chosen cannot be read any more.
fn unreadable(error: JsValue) -> Error {
    let detail = super::field(&error, "message").as_string().unwrap_or_default();
    RequestError::Unreadable { detail }.into()
}
