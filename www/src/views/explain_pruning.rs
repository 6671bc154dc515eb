//! What pruning makes of a decision tree, and choosing a `ccp_alpha` by what it does.

use leptos::prelude::*;
use leptos::task::spawn_local;
use vitrine_protocol::{ExplainMsg, PruningPathMsg, Request, StructureMsg};

use crate::charts::{LossWords, PruningPoint, pruning};
use crate::client::{self, Beside};
use crate::format;
use crate::state::{App, Stage, app, effect, said, tr};
use crate::text::fill;
use crate::widgets::{Figure, Plot, Sheet};

/// The parameter that is chosen here.
const ALPHA: &str = "ccp_alpha";

/// The scores along the pruning path of a single tree; nothing for other models, or where the tree is a leaf.
#[component]
pub(super) fn Pruning() -> impl IntoView {
    let app = app();
    let path = RwSignal::new(None::<PruningPathMsg>);
    let chosen = RwSignal::new(0usize);
    effect(move || {
        path.set(None);
        let id = app.result.model.with(|trained| {
            let model = &trained.as_ref()?.model;
            matches!(model.structure, StructureMsg::Tree { .. }).then(|| model.id.clone())
        });
        let Some(id) = id else { return };
        spawn_local(async move {
            let request = Request::Explain { id: id.clone(), explain: ExplainMsg::PruningPath {} };
            // Without its table, as in a project that was sent without data, a tree has no scores.
            let Ok((told, _)) = client::ask::<PruningPathMsg>(request, Beside::default()).await else { return };
            let is_same =
                |app: App| app.result.model.with_untracked(|now| now.as_ref().is_some_and(|now| now.model.id == id));
            if told.ccp_alphas.len() > 1 && is_same(app) {
                chosen.try_set(told.chosen);
                path.try_set(Some(told));
            }
        });
    });
    let has_path = Memo::new(move |_| path.with(Option::is_some));
    move || has_path.get().then(|| view! { <Path path chosen/> })
}

#[component]
fn Path(path: RwSignal<Option<PruningPathMsg>>, chosen: RwSignal<usize>) -> impl IntoView {
    let app = app();
    let told = move || path.get().unwrap_or_default();
    let drawing = Memo::new(move |_| {
        let (texts, told) = (app.text(), told());
        let score = app.measure_title(&told.metric);
        let words = LossWords { epoch: ALPHA, loss: &score, train: texts.train_rows, valid: texts.test_rows };
        let point = |at: usize| -> Option<PruningPoint> {
            Some((told.ccp_alphas[at], told.train_scores[at]?, told.test_scores[at]))
        };
        let points: Vec<PruningPoint> = (0..told.ccp_alphas.len()).filter_map(point).collect();
        app.palette.with(|palette| pruning(&points, chosen.get(), &words, palette))
    });
    let sheet = Signal::derive(move || {
        let (texts, told) = (app.text(), told());
        let head = [ALPHA, texts.leaf, texts.train_rows, texts.test_rows].map(str::to_owned).to_vec();
        let score = |score: Option<f64>| score.map(format::plain).unwrap_or_default();
        let row = |at: usize| {
            let (alpha, n_leaves) = (format::plain(told.ccp_alphas[at]), told.n_leaves[at].to_string());
            vec![alpha, n_leaves, score(told.train_scores[at]), score(told.test_scores[at])]
        };
        std::iter::once(head).chain((0..told.ccp_alphas.len()).map(row)).collect::<Sheet>()
    });
    let words = move || {
        let (told, at) = (told(), chosen.get());
        let score =
            |score: Option<&Option<f64>>| score.copied().flatten().map_or("–".to_owned(), |x| format::fixed(x, 3));
        let n_leaves = told.n_leaves.get(at).copied().unwrap_or_default();
        let values = [
            ("n", format::count(n_leaves)),
            ("depth", told.depths.get(at).copied().unwrap_or_default().to_string()),
            ("train", score(told.train_scores.get(at))),
            ("test", score(told.test_scores.get(at))),
        ];
        fill(app.text().pruning_point, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    };
    let alpha = move || told().ccp_alphas.get(chosen.get()).copied().unwrap_or_default();
    let use_it = move |_| {
        // In the digits that give the same number back.
        app.plan.kind.set(Some("decision_tree".to_owned()));
        app.plan.params.update(|params| {
            params.insert(ALPHA.to_owned(), format::plain(alpha()));
        });
        app.go(Stage::Train);
    };
    let title = said(app, |texts| texts.pruning_title);
    view! {
        <Figure name="pruning" title note=said(app, |texts| texts.pruning_note) drawing sheet>
            <Plot drawing label=title/>
            <div class="field">
                <label for="pruning">{ALPHA}" "{move || format::number(alpha())}</label>
                <input
                    type="range" id="pruning" min="0" max=move || told().ccp_alphas.len().saturating_sub(1)
                    prop:value=move || chosen.get().to_string() aria-valuetext=words
                    on:input:target=move |event| {
                        if let Ok(at) = event.target().value().parse() {
                            chosen.set(at);
                        }
                    }
                />
                <p class="help">{words}</p>
            </div>
            <div class="actions"><button data-testid="pruning-use" on:click=use_it>{tr!(app, pruning_use)}</button></div>
        </Figure>
    }
}
