//! Calm notices: what went wrong, where, what to do; dismissible, and never in the way of what is there.

use leptos::prelude::*;
use vitrine_protocol::ErrorMsg;

use super::Icon;
use super::Views;
use crate::state::{NoticeKind, app, tr};
use crate::text;

/// An error with its hint and its place.
#[component]
pub(crate) fn ErrorCard(
    /// The error.
    error: ErrorMsg,
) -> impl IntoView {
    let app = app();
    let code = error.code.clone();
    let words = Memo::new(move |_| {
        let lang = app.lang.get();
        let place = error.place.as_ref().map(|place| text::place_text(lang, place)).unwrap_or_default();
        (text::error_text(lang, &error), place)
    });
    view! {
        <div class="error-card" data-code=code.clone()>
            <p class="error-message">{move || words.get().0.0}</p>
            <p class="quiet">
                {move || Some(words.get().1).filter(|place| !place.is_empty())
                    .map(|place| view! { <span class="place">{place}</span> })}
                {move || words.get().0.1}
            </p>
            <p class="code">{code.clone()}</p>
        </div>
    }
}

/// All notices, newest last, over the working area.
#[component]
pub(crate) fn Notices() -> impl IntoView {
    let app = app();
    let dismiss = move |id: usize| app.notices.update(|notices| notices.retain(|notice| notice.id != id));
    view! {
        <div class="notices" role="alert" data-testid="notices">
            {move || app.notices.get().into_iter().map(|notice| view! {
                <div class="notice" class:notice-error=matches!(&notice.what, NoticeKind::Error(_))>
                    {match notice.what.clone() {
                        NoticeKind::Error(error) => view! { <ErrorCard error=*error/> }.into_any(),
                        NoticeKind::Restored => view! { <p>{tr!(app, notice_restored)}</p> }.into_any(),
                        NoticeKind::Cancelled => view! { <p>{tr!(app, notice_cancelled)}</p> }.into_any(),
                    }}
                    <button class="ghost" aria-label=tr!(app, dismiss) on:click:target=move |_| dismiss(notice.id)>
                        <Icon name="close"/>
                    </button>
                </div>
            }).views()}
        </div>
    }
}
