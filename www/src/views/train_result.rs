//! What came of training: the loss while it falls, then the measures on both parts, and where to go next.

use std::sync::Arc;

use leptos::prelude::*;
use vitrine_protocol::{DeviceKind, MetricsMsg, StructureMsg};

use super::live::{Learned, Live};

use super::evaluate_charts::EachChart;
use crate::actions;
use crate::charts::{LossWords, loss};
use crate::format;
use crate::state::{App, JobKind, Stage, Trained, app, effect, said, tr};
use crate::text::fill;
use crate::widgets::{Figure, Icon, Issues, Logo, Plot, Sheet, Views};

/// The charts that are drawn here.
const FIRST: [&str; 3] = ["cluster_sizes", "explained_variance", "scores"];

/// The right-hand side of the stage.
#[component]
pub(super) fn Outcome() -> impl IntoView {
    let app = app();
    let is_training =
        Memo::new(move |_| app.job.with(|job| job.as_ref().is_some_and(|job| job.kind == JobKind::Train)));
    let has_no_target = Memo::new(move |_| {
        app.result.model.with(|trained| trained.as_ref().is_some_and(|trained| !trained.model.task.has_target()))
    });
    // What has no truth is told by its charts.
    effect(move || {
        app.result.model.track();
        if has_no_target.get() {
            actions::evaluate(app);
        }
    });
    let has_curve = Memo::new(move |_| app.result.curve.with(|curve| curve.len() > 1));
    let is_live = Memo::new(move |_| app.result.live.with(Option::is_some));
    let is_net = Memo::new(move |_| {
        let is_net = |trained: &Arc<Trained>| matches!(trained.model.structure, StructureMsg::Net { .. });
        !is_training.get() && app.result.model.with(|trained| trained.as_ref().is_some_and(is_net))
    });
    view! {
        <div class="outcome" id="outcome" data-testid="outcome">
            {move || {
                let trained = app.result.model.get();
                match (is_training.get(), trained) {
                    (true, _) if is_live.get() => view! { <Live/> }.into_any(),
                    (true, _) => view! { <p class="under-way">{tr!(app, training)}</p> }.into_any(),
                    (false, Some(trained)) => result(app, &trained).into_any(),
                    (false, None) => view! { <div class="empty"><Logo/><p>{tr!(app, no_result_yet)}</p></div> }.into_any(),
                }
            }}
            <Show when=move || has_curve.get()><LossFigure/></Show>
            <Show when=move || is_net.get()><Learned/></Show>
            <Show when=move || has_no_target.get() && !is_training.get()><EachChart among=&FIRST/></Show>
        </div>
    }
}

/// The models that grow tree by tree.
const TREE_BY_TREE: [&str; 3] = ["random_forest", "extra_trees", "gradient_boosting"];

/// The loss by epoch, or by tree.
#[component]
pub(super) fn LossFigure() -> impl IntoView {
    let app = app();
    // Which model is under way, or was.
    let counts_trees = Memo::new(move |_| {
        let is_under_way = app.job.with(|job| job.as_ref().is_some_and(|job| job.kind == JobKind::Train));
        let model = app.result.model.with(|trained| trained.as_ref().map(|trained| trained.model.kind.clone()));
        let kind = if is_under_way { app.model_kind() } else { model };
        kind.is_some_and(|kind| TREE_BY_TREE.contains(&&*kind))
    });
    let step = move || if counts_trees.get() { app.text().trees } else { app.text().epoch };
    let drawing = Memo::new(move |_| {
        let texts = app.text();
        let words = LossWords { epoch: step(), loss: texts.loss, train: texts.train_rows, valid: texts.test_rows };
        app.palette.with(|palette| app.result.curve.with(|curve| loss(curve, &words, palette)))
    });
    let sheet = Signal::derive(move || {
        let texts = app.text();
        let head = [step(), texts.train_rows, texts.test_rows].map(str::to_owned).to_vec();
        let rows = app.result.curve.with(|curve| {
            let say = |value: f64| format::plain(value);
            curve
                .iter()
                .map(|(epoch, train, valid)| vec![epoch.to_string(), say(*train), valid.map(say).unwrap_or_default()])
                .collect::<Sheet>()
        });
        std::iter::once(head).chain(rows).collect::<Sheet>()
    });
    let title = said(app, |texts| texts.loss_title);
    let note = Signal::derive(move || {
        let texts = app.text();
        if counts_trees.get() { texts.loss_note_trees } else { texts.loss_note }.to_owned()
    });
    view! {
        <Figure name="loss" title note drawing sheet>
            <Plot drawing label=title/>
        </Figure>
    }
}

fn result(app: App, trained: &Arc<Trained>) -> impl IntoView + use<> {
    let texts = app.text();
    let model = &trained.model;
    let (train, test) = (&model.metrics.train, model.metrics.test.as_ref());
    let lang = app.lang.get();
    let rows = app.measures(train, &["main"]).into_iter().map(|doc| {
        let of = |metrics: &MetricsMsg| metrics.get(&doc.name).copied().flatten();
        let cell = |value: Option<f64>| {
            let share = value.filter(|_| doc.is_share).map(|value| value.clamp(0.0, 1.0));
            view! {
                <td class="numeric">
                    {format::measure(value)}
                    {share.map(|share| view! { <span class="meter" aria-hidden="true"><span style:width=format!("{}%", format::Short(share * 100.0))></span></span> })}
                </td>
            }
        };
        view! {
            <tr>
                <th scope="row" title=lang.pick(&doc.summary)>{lang.pick(&doc.title)}</th>
                {cell(of(train))}
                {test.map(|test| cell(of(test)))}
            </tr>
        }
    });
    let device = if model.device.kind == DeviceKind::WebGpu { "WebGPU" } else { texts.device_cpu };
    let took = fill(texts.fit_took, &[("time", &format::millis(model.fit_ms)), ("device", device)]);
    let issues = model.issues.clone();
    let reason = model.device.fallback_reason.clone();
    let timed = model.device.step_ms.map(|steps| {
        let [cpu, webgpu] = [steps.cpu, steps.webgpu].map(format::millis);
        format!(" · {}", fill(texts.steps_timed, &[("cpu", &cpu), ("webgpu", &webgpu)]))
    });
    view! {
        <section class="result" data-testid="result">
            <header>
                <span class="result-mark"><Icon name="check"/></span>
                <div>
                    <h2>{app.kind_title(&model.kind)}</h2>
                    <p class="quiet">{took}{timed}{reason.map(|reason| format!(" · {reason}"))}</p>
                </div>
            </header>
            <table class="numbers metrics">
                <thead>
                    <tr>
                        <th scope="col">{texts.measure}</th>
                        <th scope="col" class="numeric">{texts.train_rows}" · "{format::count(model.n_train)}</th>
                        {test.map(|_| view! { <th scope="col" class="numeric">{texts.test_rows}" · "{format::count(model.n_test)}</th> })}
                    </tr>
                </thead>
                <tbody>{rows.views()}</tbody>
            </table>
            <div class="actions">
                <button class="primary" data-testid="go-explain" on:click:target=move |_| app.go(Stage::Explain)>
                    {texts.go_explain}<Icon name="arrow"/>
                </button>
                <button data-testid="go-predict" on:click:target=move |_| app.go(Stage::Predict)>{texts.go_predict}</button>
            </div>
            <Issues issues=Signal::derive(move || issues.clone())/>
        </section>
    }
}
