//! A net while it learns: its weights, what it answers over two columns, and the means to hold it, step it, go back.

use leptos::prelude::*;
use vitrine_protocol::{LayerViewMsg, Task};

use super::evaluate_confusion::confusion_sheet;
use super::explain_net::NetFigure;
use super::explain_plane::Plane;
use crate::actions::{self, Steer};
use crate::charts::{Drawing, LossWords, confusion, loss};
use crate::format;
use crate::state::{LossPoint, app, effect, said, tr};
use crate::text::fill;
use crate::widgets::{Figure, Icon, Plot, Sheet, Views};

/// What is seen while a net is fitted.
#[component]
pub(super) fn Live() -> impl IntoView {
    view! {
        <div class="live" data-testid="live">
            <Controls/>
            <div class="live-figures"><NetFigure is_live=true/><Plane is_live=true/></div>
            <div class="live-figures"><Scores/><Confused/></div>
            <Layers/>
        </div>
    }
}

#[component]
fn Controls() -> impl IntoView {
    let app = app();
    let (held, slow) = (app.result.held, app.plan.slow);
    let epoch = Memo::new(move |_| app.result.live.with(|live| live.as_ref().map_or(0, |live| live.view.epoch)));
    // How far it had come before it was taken back.
    let furthest = Memo::new(move |before: Option<&usize>| epoch.get().max(before.copied().unwrap_or(0)));
    let words = move || {
        let n_epochs = app.job.with(|job| job.as_ref().and_then(|job| job.progress.n_epochs)).unwrap_or(0);
        fill(app.text().live_epoch, &[("n", &format::count(epoch.get())), ("all", &format::count(n_epochs))])
    };
    view! {
        <div class="live-bar" role="group" aria-label=tr!(app, live_controls)>
            <button data-testid="hold" aria-pressed=move || held.get().to_string() on:click:target=move |_| actions::steer(app, Steer::Hold(!held.get_untracked()))>
                {move || if held.get() { app.text().live_resume } else { app.text().live_pause }}
            </button>
            <button data-testid="step" on:click:target=move |_| actions::steer(app, Steer::Step)>{tr!(app, live_step)}</button>
            <button data-testid="keep" on:click:target=move |_| actions::steer(app, Steer::Stop)>{tr!(app, live_stop)}</button>
            <label class="live-slow">
                <input type="checkbox" prop:checked=move || slow.get() on:change:target=move |event| actions::steer(app, Steer::Slow(event.target().checked()))/>
                {tr!(app, live_slow)}
            </label>
            <label class="live-back">
                <span>{words}</span>
                <input
                    type="range" min="0" max=move || furthest.get().to_string() prop:value=move || epoch.get().to_string()
                    aria-label=tr!(app, live_back) data-testid="back"
                    on:change:target=move |event| actions::steer(app, Steer::Seek(event.target().value().parse().unwrap_or_default()))
                />
            </label>
        </div>
    }
}

/// How good it was, epoch by epoch.
#[component]
fn Scores() -> impl IntoView {
    let app = app();
    let is_there = Memo::new(move |_| app.result.scores.with(|scores| scores.len() > 1));
    let measure =
        Memo::new(move |_| app.measure_title(if app.task() == Some(Task::Regression) { "r2" } else { "accuracy" }));
    let drawing = Memo::new(move |_| {
        let (texts, measure) = (app.text(), measure.get());
        let words = LossWords { epoch: texts.epoch, loss: &measure, train: texts.train_rows, valid: texts.test_rows };
        app.palette.with(|palette| app.result.scores.with(|scores| loss(scores, &words, palette)))
    });
    let sheet = Signal::derive(move || {
        let texts = app.text();
        let head = [texts.epoch, texts.train_rows, texts.test_rows].map(str::to_owned).to_vec();
        let row = |(epoch, train, valid): &LossPoint| {
            vec![epoch.to_string(), format::plain(*train), valid.map(format::plain).unwrap_or_default()]
        };
        std::iter::once(head)
            .chain(app.result.scores.with(|scores| scores.iter().map(row).collect::<Sheet>()))
            .collect()
    });
    let title = said(app, |texts| texts.scores_title);
    let note = Signal::derive(move || fill(app.text().scores_note, &[("measure", &measure.get())]));
    view! {
        <Show when=move || is_there.get()>
            <Figure name="scores" title note drawing sheet><Plot drawing label=title/></Figure>
        </Show>
    }
}

/// What it takes for what, at the moment.
#[component]
fn Confused() -> impl IntoView {
    let app = app();
    let counted = Memo::new(move |_| {
        app.result.live.with(|live| {
            let live = live.as_ref()?;
            let classes = live.boundary.as_ref()?.grid.classes.clone()?;
            Some((classes, live.view.measures.as_ref()?.confusion.clone()?))
        })
    });
    let is_there = Memo::new(move |_| counted.with(Option::is_some));
    let drawing = Memo::new(move |_| {
        let texts = app.text();
        let axes = [texts.true_class, texts.answered_class];
        counted.with(|counted| {
            let Some((classes, counts)) = counted else { return Drawing::default() };
            app.palette.with(|palette| confusion(classes, counts, axes, None, palette))
        })
    });
    let sheet = Signal::derive(move || {
        counted.with(|counted| {
            let Some((classes, counts)) = counted else { return Sheet::new() };
            confusion_sheet(app.text().true_class, classes, counts)
        })
    });
    let title = said(app, |texts| texts.confusion_title);
    let note = Signal::derive(move || {
        let n_rows =
            counted.with(|counted| counted.iter().flat_map(|(_, counts)| counts.iter().flatten()).sum::<usize>());
        fill(app.text().live_confusion_note, &[("n", &format::count(n_rows))])
    });
    view! {
        <Show when=move || is_there.get()>
            <Figure name="live-confusion" title note drawing sheet>
                <div class="plot-narrow"><Plot drawing label=title testid="live-confusion"/></div>
            </Figure>
        </Show>
    }
}

/// Of each layer how strongly it is pulled, and how many of its units are silent.
#[component]
fn Layers() -> impl IntoView {
    let app = app();
    let row = |(at, layer): (usize, &LayerViewMsg)| {
        view! {
            <tr>
                <th scope="row">{(at + 1).to_string()}</th>
                <td class="numeric">{format::count(layer.n_outputs)}</td>
                <td class="numeric">{layer.gradient_norm.map_or_else(|| "–".to_owned(), format::number)}</td>
                <td class="numeric">{format::count(layer.n_dead)}</td>
            </tr>
        }
    };
    view! {
        <table class="numbers">
            <thead>
                <tr>
                    <th scope="col">{tr!(app, live_layer)}</th>
                    <th scope="col" class="numeric">{tr!(app, live_units)}</th>
                    <th scope="col" class="numeric">{tr!(app, live_gradient)}</th>
                    <th scope="col" class="numeric">{tr!(app, live_dead)}</th>
                </tr>
            </thead>
            <tbody>
                {move || app.result.live.with(|live| {
                    let layers = live.as_ref().map_or(&[][..], |live| &live.view.layers);
                    layers.iter().enumerate().map(row).views()
                })}
            </tbody>
        </table>
    }
}

/// How to watch the next fit, and what came of the last one, in the same places.
#[component]
pub(super) fn Learned() -> impl IntoView {
    let app = app();
    effect(move || {
        if app.result.model.with(Option::is_some) {
            actions::follow_points(app);
            actions::load_boundary(app);
        }
    });
    let again = move |_| {
        app.plan.slow.set(true);
        actions::train(app);
    };
    view! {
        <div class="live">
            <div class="live-bar">
                <button data-testid="watch-slowly" disabled=move || app.is_busy() on:click:target=again>
                    <Icon name="train"/>{tr!(app, live_again)}
                </button>
            </div>
            <div class="live-figures"><NetFigure is_live=false/><Plane is_live=false/></div>
            <div class="live-figures"><Scores/></div>
        </div>
    }
}
