//! A `Blob` as a source: read in slices, so that a file is never in memory as a whole.

use std::future::Future;
use std::pin::Pin;

use js_sys::Uint8Array;
use vitrine::Error;
use vitrine::worker::{RequestError, Source};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

/// Bytes that the browser holds, in memory or on disk.
pub(super) struct BlobSource(Blob);

impl BlobSource {
    pub(super) fn new(blob: Blob) -> Self {
        Self(blob)
    }
}

impl Source for BlobSource {
    fn size_bytes(&self) -> u64 {
        self.0.size() as u64
    }

    fn read(&self, start: u64, end: u64) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, Error>>>> {
        let promise = self.0.slice_with_f64_and_f64(start as f64, end as f64).map(|slice| slice.array_buffer());
        Box::pin(async move {
            let memory = JsFuture::from(promise.map_err(unreadable)?).await.map_err(unreadable)?;
            Ok(Uint8Array::new(&memory).to_vec())
        })
    }
}

/// A file that was changed, moved or deleted after it was chosen cannot be read any more.
fn unreadable(error: JsValue) -> Error {
    let detail = super::field(&error, "message").as_string().unwrap_or_default();
    RequestError::Unreadable { detail }.into()
}
