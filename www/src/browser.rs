//! Small services of the browser: files in and out, remembered settings, the theme the system prefers.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement, Response, Url};

/// Fetches a file of our own site.
///
/// # Errors
/// - The file did not come; the text says why.
pub(crate) async fn fetch(path: &str) -> Result<Response, String> {
    let window = web_sys::window().ok_or("no window")?;
    let response = JsFuture::from(window.fetch_with_str(path)).await.map_err(|error| format!("{error:?}"))?;
    let response: Response = response.dyn_into().map_err(|_| "not a response")?;
    if response.ok() { Ok(response) } else { Err(format!("{path}: {}", response.status())) }
}

/// One of our own JSON files.
///
/// # Errors
/// - The file did not come, or holds something else.
pub(crate) async fn fetch_json<T: serde::de::DeserializeOwned>(path: &str) -> Result<T, String> {
    crate::wire::read(fetch_value(path).await?).map_err(|error| error.to_string())
}

/// The values of an object in one of our own JSON files, those that are texts, in their order.
///
/// # Errors
/// - The file did not come, or holds no object.
pub(crate) async fn fetch_words(path: &str) -> Result<Vec<String>, String> {
    let object = fetch_value(path).await?.dyn_into::<js_sys::Object>().map_err(|_| path)?;
    Ok(js_sys::Object::values(&object).iter().filter_map(|value| value.as_string()).collect())
}

async fn fetch_value(path: &str) -> Result<JsValue, String> {
    let json = fetch(path).await?.json().map_err(|error| format!("{error:?}"))?;
    JsFuture::from(json).await.map_err(|error| format!("{error:?}"))
}

/// One of our own files as a blob, unread.
///
/// # Errors
/// - The file did not come.
pub(crate) async fn fetch_blob(path: &str) -> Result<Blob, String> {
    let blob = fetch(path).await?.blob().map_err(|error| format!("{error:?}"))?;
    let blob = JsFuture::from(blob).await.map_err(|error| format!("{error:?}"))?;
    blob.dyn_into().map_err(|_| path.to_owned())
}

/// A blob of text.
pub(crate) fn text_blob(text: &str, media_type: &str) -> Option<Blob> {
    blob(&JsValue::from_str(text), media_type)
}

/// A blob of bytes.
pub(crate) fn bytes_blob(bytes: &Uint8Array, media_type: &str) -> Option<Blob> {
    blob(bytes, media_type)
}

fn blob(part: &JsValue, media_type: &str) -> Option<Blob> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let sequence: JsValue = Array::of1(part).into();
    Blob::new_with_u8_array_sequence_and_options(&sequence, &options).ok()
}

/// Gives the person a file.
pub(crate) fn save(blob: &Blob, file_name: &str) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    if let Some(link) = document.create_element("a").ok().and_then(|link| link.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(&url);
        link.set_download(file_name);
        link.click();
    }
    // The download has begun with the click; the browser keeps what it needs.
    let _ = Url::revoke_object_url(&url);
}

/// Draws an SVG file into a PNG, twice as large for sharp screens, and gives it to the person.
pub(crate) async fn save_png(svg: &str, width: f64, height: f64, file_name: &str) -> Option<()> {
    const SCALE: f64 = 2.0;
    let document = web_sys::window()?.document()?;
    let url = Url::create_object_url_with_blob(&text_blob(svg, "image/svg+xml")?).ok()?;
    let image = HtmlImageElement::new().ok()?;
    image.set_src(&url);
    let decoded = JsFuture::from(image.decode()).await;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width((width * SCALE) as u32);
    canvas.set_height((height * SCALE) as u32);
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let (drawn_width, drawn_height) = (width * SCALE, height * SCALE);
    let drawn = context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, drawn_width, drawn_height);
    let _ = Url::revoke_object_url(&url);
    decoded.ok()?;
    drawn.ok()?;
    let name = file_name.to_owned();
    let done = Closure::once_into_js(move |blob: JsValue| {
        if let Ok(blob) = blob.dyn_into::<Blob>() {
            save(&blob, &name);
        }
    });
    canvas.to_blob(done.unchecked_ref()).ok()
}

/// A setting that outlives the page.
pub(crate) fn remembered(name: &str) -> Option<String> {
    web_sys::window()?.local_storage().ok()??.get_item(&format!("vitrine.{name}")).ok()?
}

/// Remembers a setting; a browser that forbids it just forgets.
pub(crate) fn remember(name: &str, value: &str) {
    if let Some(storage) = web_sys::window().and_then(|window| window.local_storage().ok()?) {
        let _ = storage.set_item(&format!("vitrine.{name}"), value);
    }
}

/// The hash of the page's address.
pub(crate) fn hash() -> String {
    web_sys::window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Writes the hash: as a new entry of the history, or over the current one.
pub(crate) fn write_hash(hash: &str, as_new_entry: bool) {
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    let _ = if as_new_entry {
        history.push_state_with_url(&JsValue::NULL, "", Some(hash))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(hash))
    };
}

/// Calls back when something happens to the window, for as long as the page lives.
pub(crate) fn on_window(event: &str, hear: impl Fn() + 'static) {
    let listener = Closure::<dyn Fn()>::new(hear);
    if let Some(window) = web_sys::window() {
        let _ = window.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
    }
    listener.forget();
}

/// Calls back when the system changes between light and dark.
pub(crate) fn on_system_theme(hear: impl Fn() + 'static) {
    let query = web_sys::window().and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok()?);
    if let Some(query) = query {
        let listener = Closure::<dyn Fn()>::new(hear);
        let _ = query.add_event_listener_with_callback("change", listener.as_ref().unchecked_ref());
        listener.forget();
    }
}

/// Sets an attribute of `<html>`.
pub(crate) fn set_root_attribute(name: &str, value: &str) {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute(name, value);
    }
}

/// The values of style tokens as the theme has them now.
pub(crate) fn tokens<const N: usize>(names: [&str; N]) -> Option<[String; N]> {
    let window = web_sys::window()?;
    let root = window.document()?.document_element()?;
    let style = window.get_computed_style(&root).ok()??;
    Some(names.map(|name| style.get_property_value(name).unwrap_or_default().trim().to_owned()))
}

/// Moves the keyboard's focus to an element by id.
pub(crate) fn focus(id: &str) {
    let element = web_sys::window().and_then(|window| window.document()?.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Gives the focus back, once drawn, to the element of the same id when what has it is about to be made anew; to
/// `fallback` when there is no such element any more.
pub(crate) fn keep_focus(fallback: &'static str) {
    let Some(id) = focused().map(|element| element.id()).filter(|id| id.starts_with("step-")) else { return };
    wasm_bindgen_futures::spawn_local(async move {
        next_frame().await;
        focus(&id);
        if focused().is_none_or(|element| element.id() != id) {
            focus(fallback);
        }
    });
}

/// Whether the focus is in a field of text, which hears keys first.
pub(crate) fn is_typing() -> bool {
    focused().is_some_and(|element| element.matches("input[type=text], textarea").unwrap_or(false))
}

fn focused() -> Option<web_sys::Element> {
    web_sys::window()?.document()?.active_element()
}

/// Waits for the browser to have drawn, so that what is said next finds the page as shown.
pub(crate) async fn next_frame() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.request_animation_frame(&resolve);
        }
    });
    let _ = JsFuture::from(promise).await;
}

/// Waits.
pub(crate) async fn sleep(millis: i32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
        }
    });
    let _ = JsFuture::from(promise).await;
}

/// Takes an element off the page, by id.
pub(crate) fn remove(id: &str) {
    if let Some(element) = web_sys::window().and_then(|window| window.document()?.get_element_by_id(id)) {
        element.remove();
    }
}

/// Whether the person asked for less motion.
pub(crate) fn prefers_less_motion() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media("(prefers-reduced-motion: reduce)").ok()?);
    query.is_some_and(|query| query.matches())
}

/// The number in an attribute of the pressed element or of what it is in.
pub(crate) fn number_in(target: Option<web_sys::EventTarget>, attribute: &str) -> Option<usize> {
    let element: web_sys::Element = target?.dyn_into().ok()?;
    element.closest(&format!("[{attribute}]")).ok()??.get_attribute(attribute)?.parse().ok()
}

/// Whether an event came from a button.
pub(crate) fn is_button(target: Option<web_sys::EventTarget>) -> bool {
    target
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.tag_name() == "BUTTON")
}

/// Brings an element into view, if it is not.
pub(crate) fn show(id: &str) {
    if let Some(element) = web_sys::window().and_then(|window| window.document()?.get_element_by_id(id)) {
        element.scroll_into_view_with_bool(true);
    }
}

/// Whether the page is laid out for a narrow screen, as in the styles.
pub(crate) fn is_narrow() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media("(max-width: 940px)").ok()?);
    query.is_some_and(|query| query.matches())
}

/// Left, top, width and height of an element in the window.
pub(crate) fn frame_of(target: Option<web_sys::EventTarget>) -> Option<[f64; 4]> {
    let frame = target?.dyn_into::<web_sys::Element>().ok()?.get_bounding_client_rect();
    Some([frame.left(), frame.top(), frame.width(), frame.height()])
        .filter(|[.., width, height]| *width > 0.0 && *height > 0.0)
}
