//! What was odd in the data, each with where and how often.

use leptos::prelude::*;
use vitrine_protocol::IssueMsg;

use super::Views;
use crate::state::app;
use crate::text;

/// A list of issues; nothing when there are none.
#[component]
pub(crate) fn Issues(
    /// The issues.
    #[prop(into)]
    issues: Signal<Vec<IssueMsg>>,
) -> impl IntoView {
    let app = app();
    let row = move |issue: IssueMsg| {
        let lang = app.lang.get();
        let (message, hint) = text::issue_text(lang, &issue);
        let place = issue.place.as_ref().map(|place| text::place_text(lang, place)).filter(|place| !place.is_empty());
        let times = (issue.count > 1).then(|| text::fill(app.text().times, &[("n", &issue.count.to_string())]));
        view! {
            <li class="issue" data-code=issue.code>
                <p>{message}{times.map(|times| view! { <span class="tag">{times}</span> })}</p>
                <p class="quiet">
                    {place.map(|place| view! { <span class="place">{place}</span> })}
                    {hint}
                </p>
            </li>
        }
    };
    move || {
        let all = issues.get();
        (!all.is_empty()).then(|| {
            let title = text::fill(app.text().issues_title, &[("n", &all.len().to_string())]);
            let open = all.len() <= 3;
            view! {
                <details class="issues" open=open data-testid="issues">
                    <summary>{title}</summary>
                    <ul>{all.into_iter().map(row).views()}</ul>
                </details>
            }
        })
    }
}
