//! Messages there and back between a worker and the page, as JavaScript has them.
//!
//! These functions are here, and not where they are called, because this crate is compiled for its size: code that reads
//! every kind of request is a tenth of a worker.

use serde::Serialize as _;
use serde_wasm_bindgen::{Error, Serializer};
use wasm_bindgen::JsValue;

use crate::{EventMsg, RequestMsg};

/// Reads what the page posted.
///
/// # Errors
/// - It is no request, or has a field that no request of its type has.
pub fn read_request(message: JsValue) -> Result<RequestMsg, Error> {
    serde_wasm_bindgen::from_value(message)
}

/// Makes an event what the page hears.
///
/// # Errors
/// - None: events are made of what JSON can say.
pub fn write_event(event: &EventMsg) -> Result<JsValue, Error> {
    event.serialize(&Serializer::json_compatible())
}
