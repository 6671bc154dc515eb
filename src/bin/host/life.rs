//! A sign of life that ends with the worker, whatever ends it.

use js_sys::{Function, Promise};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{field, scope};

/// Takes a Web Lock with this worker's name and never gives it back: whoever gets it next knows that the worker is
/// gone. Browsers tell a page nothing when they end a worker.
///
/// Resolves when the lock is held, or at once where there are no locks (they need a secure context).
pub(crate) async fn hold_life_lock() {
    let locks = field(&scope().navigator(), "locks");
    let Ok(request) = field(&locks, "request").dyn_into::<Function>() else { return };
    let held = Promise::new(&mut |resolve, _| {
        let resolve_held = resolve.clone();
        let on_held = Closure::once_into_js(move || -> Promise {
            settle(&resolve_held);
            Promise::new(&mut |_, _| {})
        });
        match request.call2(&locks, &scope().name().into(), &on_held) {
            // Refused, as in a sandboxed frame: then there is no lock to hold.
            Ok(released) => {
                let on_refused = Closure::once(move |_: JsValue| settle(&resolve));
                let _ = released.unchecked_into::<Promise>().catch(&on_refused);
                on_refused.forget();
            }
            Err(_) => settle(&resolve),
        }
    });
    JsFuture::from(held).await.expect("it is only ever resolved");
}

fn settle(resolve: &Function) {
    resolve.call0(&JsValue::UNDEFINED).expect("resolving a promise does not throw");
}
