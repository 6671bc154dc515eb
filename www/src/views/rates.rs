//! Trying learning rates out before a net is trained.

use leptos::prelude::*;

use crate::actions;
use crate::charts::{LossWords, rates};
use crate::format;
use crate::state::{app, effect, said, tr};
use crate::text::fill;
use crate::widgets::{Figure, Plot, Sheet};

/// The button, and what came of it.
#[component]
pub(super) fn Rates() -> impl IntoView {
    let app = app();
    let is_there = Memo::new(move |_| app.result.rates.with(Option::is_some));
    let suggested = Memo::new(move |_| app.result.rates.with(|rates| rates.as_ref()?.suggested));
    // Of another model or table it would say nothing.
    effect(move || {
        app.model_kind();
        app.data.table.track();
        app.result.rates.set(None);
    });
    let drawing = Memo::new(move |_| {
        let texts = app.text();
        let words = LossWords { epoch: texts.rate, loss: texts.loss, train: texts.batch_loss, valid: texts.smoothed };
        app.result.rates.with(|tried| {
            let Some(tried) = tried else { return Default::default() };
            let lines = [tried.rates.as_slice(), &tried.losses, &tried.smoothed];
            app.palette.with(|palette| rates(lines, tried.suggested, &words, palette))
        })
    });
    let sheet = Signal::derive(move || {
        let texts = app.text();
        let head = [texts.rate, texts.batch_loss, texts.smoothed].map(str::to_owned).to_vec();
        let rows = app.result.rates.with(|tried| {
            let Some(tried) = tried else { return Sheet::new() };
            let row = |at: usize| [tried.rates[at], tried.losses[at], tried.smoothed[at]].map(format::plain).to_vec();
            (0..tried.rates.len()).map(row).collect()
        });
        std::iter::once(head).chain(rows).collect::<Sheet>()
    });
    let title = said(app, |texts| texts.rates_title);
    let note = said(app, |texts| texts.rates_note);
    let use_it = move || match suggested.get() {
        Some(rate) => {
            let words = fill(app.text().rates_use, &[("rate", &format::number(rate))]);
            view! { <button data-testid="use-rate" on:click:target=move |_| actions::use_rate(app, rate)>{words}</button> }
                .into_any()
        }
        None => view! { <p class="help">{tr!(app, rates_none)}</p> }.into_any(),
    };
    view! {
        <section class="plan-part rates">
            <button class="ghost" data-testid="try-rates" disabled=move || app.is_busy() on:click:target=move |_| actions::try_rates(app)>
                {tr!(app, rates_try)}
            </button>
            <Show when=move || is_there.get()>
                <Figure name="rates" title note drawing sheet><Plot drawing label=title/>{use_it}</Figure>
            </Show>
        </section>
    }
}
