//! The tree, alive: zoom, pan, fold, select a node; the selected row's way lit from root to leaf.

use std::collections::{BTreeMap, BTreeSet};

use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};
use leptos::html;
use leptos::prelude::*;
use vitrine_protocol::{StructureMsg, TreeNodeMsg};

use super::explain_frame::{Frame, fits, focus_on, glide};
use super::explain_trees::{TreePicker, Votes};
use crate::browser::number_in;
use crate::charts::{Drawing, TreeSpec, TreeWords, layout, question, tree, visible_nodes};
use crate::format::{self, Short};
use crate::state::{App, app, effect, said, tr};
use crate::text::{fill, spoken};
use crate::widgets::{Figure, Icon, Sheet, Views};

/// Trees up to this size are drawn whole.
const N_WHOLE: usize = 33;

/// Nodes of a larger one that are drawn at first; the rest are opened by hand, or by a row whose way leads there.
const N_FIRST: usize = 15;

#[component]
pub(super) fn TreeFigure() -> impl IntoView {
    let app = app();
    let closed = RwSignal::new(BTreeSet::<usize>::new());
    let opened = RwSignal::new(BTreeSet::<usize>::new());
    let lit = Memo::new(move |_| {
        app.result.path.with(|path| {
            let Some(path) = path else { return Vec::new() };
            path.path.iter().map(|step| step.node).chain(path.leaf).collect::<Vec<_>>()
        })
    });
    let drawing = Memo::new(move |_| draw(app, &closed.get(), &opened.get(), &lit.get()));
    let frame = RwSignal::new([0.0, 0.0, 1.0, 1.0]);
    let whole = move || drawing.with_untracked(|drawing| [0.0, 0.0, drawing.width.max(1.0), drawing.height.max(1.0)]);
    let canvas = NodeRef::<html::Div>::new();
    // A new tree is shown from its root; a lit way is gone to.
    Effect::new(move |size: Option<(f64, f64)>| {
        let now = drawing.with(|drawing| (drawing.width, drawing.height));
        let way = lit.get();
        let Some(canvas) = canvas.get() else { return now };
        let seen = canvas.get_bounding_client_rect();
        let places = untrack(|| places(app, &closed.get(), &opened.get(), &way));
        let room = [seen.width(), seen.height()];
        let mut wanted: Vec<[f64; 2]> = places.values().copied().collect();
        if !way.is_empty() && !fits(&wanted, room) {
            wanted = way.iter().filter_map(|id| places.get(id).copied()).collect();
        }
        if !way.is_empty() || size != Some(now) {
            glide(frame, focus_on(&wanted, room));
        }
        now
    });
    effect(move || {
        app.result.model.track();
        closed.set(BTreeSet::new());
        opened.set(BTreeSet::new());
    });
    let zoom = move |factor: f64, [at_x, at_y]: [f64; 2]| {
        frame.update(|[x, y, width, height]| {
            let factor = factor.clamp(0.2, 5.0);
            if *width * factor < 120.0 || *width * factor > whole()[2] * 4.0 {
                return;
            }
            *x += *width * at_x * (1.0 - factor);
            *y += *height * at_y * (1.0 - factor);
            *width *= factor;
            *height *= factor;
        });
    };
    let toggle = move |id: usize| {
        let hidden = drawing_hides(app, id, &closed.get_untracked(), &opened.get_untracked(), &lit.get_untracked());
        closed.update(|closed| {
            if hidden {
                closed.remove(&id);
            } else {
                closed.insert(id);
            }
        });
        opened.update(|opened| {
            if hidden {
                opened.insert(id);
            } else {
                opened.remove(&id);
            }
        });
    };
    let title = said(app, |texts| texts.tree_title);
    let note = Signal::derive(move || {
        let n_nodes = nodes_of(app, <[_]>::len).unwrap_or(0);
        fill(app.text().tree_note, &[("n", &format::count(n_nodes))])
    });
    let buttons = view! {
        <div class="tree-buttons">
            <button class="ghost icon-only" aria-label=tr!(app, zoom_in) on:click:target=move |_| zoom(0.8, [0.5, 0.5])><Icon name="plus"/></button>
            <button class="ghost icon-only" aria-label=tr!(app, zoom_out) on:click:target=move |_| zoom(1.25, [0.5, 0.5])><Icon name="minus"/></button>
            <button class="ghost icon-only" aria-label=tr!(app, zoom_fit) on:click:target=move |_| frame.set(whole())><Icon name="fit"/></button>
        </div>
    };
    view! {
        <Figure name="tree" title note drawing sheet=Signal::derive(move || sheet(app))>
            <TreePicker/>
            <Votes/>
            <Legend/>
            <div class="tree-frame">
                <Canvas canvas drawing frame zoom=Callback::new(move |(factor, at)| zoom(factor, at)) toggle=Callback::new(toggle)/>
                {buttons}
            </div>
            <NodeDetail/>
        </Figure>
    }
}

/// The drawing with its pointer and keys.
#[component]
fn Canvas(
    canvas: NodeRef<html::Div>,
    drawing: Memo<Drawing>,
    frame: RwSignal<Frame>,
    zoom: Callback<(f64, [f64; 2])>,
    toggle: Callback<usize>,
) -> impl IntoView {
    let app = app();
    // Where a drag began: the pointer, and the frame then.
    let drag = StoredValue::new(None::<([f64; 2], Frame)>);
    let moved = StoredValue::new(false);
    let scale = move || {
        let size = canvas.get_untracked().map(|canvas| canvas.get_bounding_client_rect());
        let [_, _, width, height] = frame.get_untracked();
        size.map_or(1.0, |size| (width / size.width().max(1.0)).max(height / size.height().max(1.0)))
    };
    let on_down = move |event: PointerEvent| {
        drag.set_value(Some(([f64::from(event.client_x()), f64::from(event.client_y())], frame.get_untracked())));
        moved.set_value(false);
    };
    let on_move = move |event: PointerEvent| {
        let Some(([from_x, from_y], [x, y, width, height])) = drag.get_value() else { return };
        if event.buttons() == 0 {
            drag.set_value(None);
            return;
        }
        let (dx, dy) = (f64::from(event.client_x()) - from_x, f64::from(event.client_y()) - from_y);
        if dx.hypot(dy) > 4.0 {
            moved.set_value(true);
            frame.set([x - dx * scale(), y - dy * scale(), width, height]);
        }
    };
    let on_click = move |event: MouseEvent| {
        drag.set_value(None);
        if !moved.get_value() {
            press(app, event.target(), toggle);
        }
    };
    let on_wheel = move |event: WheelEvent| {
        // The wheel alone scrolls the page; with Ctrl (or a pinch, which browsers report so) it zooms.
        if event.ctrl_key() {
            event.prevent_default();
            zoom.run(((event.delta_y() / 300.0).exp(), [0.5, 0.5]));
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let by = |dx: f64, dy: f64| {
            frame.update(|[x, y, width, height]| {
                *x += dx * *width;
                *y += dy * *height;
            })
        };
        match event.key().as_str() {
            "Enter" | " " => press(app, event.target(), toggle),
            "+" | "=" => zoom.run((0.8, [0.5, 0.5])),
            "-" => zoom.run((1.25, [0.5, 0.5])),
            "ArrowLeft" => by(-0.1, 0.0),
            "ArrowRight" => by(0.1, 0.0),
            "ArrowUp" => by(0.0, -0.1),
            "ArrowDown" => by(0.0, 0.1),
            "f" => {
                if let Some(id) = number_in(event.target(), "data-node") {
                    toggle.run(id);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <div
            class="tree-canvas" node_ref=canvas tabindex="0" role="group" aria-label=tr!(app, tree_label) data-testid="tree"
            on:pointerdown=on_down on:pointermove=on_move on:click=on_click on:wheel=on_wheel on:keydown=on_key
        >
            <svg
                viewBox=move || { let [x, y, width, height] = frame.get(); format!("{} {} {} {}", Short(x), Short(y), Short(width), Short(height)) }
                inner_html=move || drawing.get().body
            ></svg>
        </div>
    }
}

fn press(app: App, target: Option<web_sys::EventTarget>, toggle: Callback<usize>) {
    if let Some(id) = number_in(target.clone(), "data-toggle") {
        toggle.run(id);
    } else if let Some(id) = number_in(target, "data-node") {
        let selected = app.result.selected_node.get_untracked();
        app.result.selected_node.set((selected != Some(id)).then_some(id));
    }
}

fn nodes_of<T>(app: App, with: impl FnOnce(&[TreeNodeMsg]) -> T) -> Option<T> {
    app.result.model.with(|trained| match &trained.as_ref()?.model.structure {
        StructureMsg::Tree { nodes } => Some(with(nodes)),
        StructureMsg::Trees { .. } => app.result.shown_tree.with(|tree| Some(with(&tree.as_ref()?.nodes))),
        _ => None,
    })
}

/// Whether the nodes' values are parts of a sum, and neither shares nor means.
pub(super) fn is_sum(app: App) -> bool {
    app.result.model.with(|trained| {
        let structure = trained.as_ref().map(|trained| &trained.model.structure);
        matches!(structure, Some(StructureMsg::Trees { is_sum: true, .. }))
    })
}

/// The classes whose shares the nodes hold; none where they hold numbers.
pub(super) fn classes(app: App) -> Option<Vec<String>> {
    app.result.model.with(|trained| trained.as_ref()?.model.classes.clone()).filter(|_| !is_sum(app) && !isolates(app))
}

/// Whether the trees tell how soon a row is alone, and nothing of its answer.
fn isolates(app: App) -> bool {
    app.result.model.with(|trained| trained.as_ref().is_some_and(|trained| !trained.model.task.has_target()))
}

/// What stands before a node's number.
fn mean_word(app: App) -> &'static str {
    match (is_sum(app), isolates(app)) {
        (true, _) => app.text().adds,
        (_, true) => app.text().path_length,
        _ => app.text().mean,
    }
}

/// Where the drawn nodes stand.
fn places(app: App, closed: &BTreeSet<usize>, opened: &BTreeSet<usize>, lit: &[usize]) -> BTreeMap<usize, [f64; 2]> {
    nodes_of(app, |nodes| layout(nodes, &seen(nodes, closed, opened, lit))).unwrap_or_default()
}

/// The nodes to draw. What was opened by hand and the selected row's way are always open; in a large tree a way folds
/// what is beside it, or its own nodes would be too far apart to be seen together.
fn seen(nodes: &[TreeNodeMsg], closed: &BTreeSet<usize>, opened: &BTreeSet<usize>, lit: &[usize]) -> BTreeSet<usize> {
    let mut held_open = opened.clone();
    held_open.extend(lit);
    let limit = match nodes.len() {
        0..=N_WHOLE => N_WHOLE,
        _ if lit.is_empty() => N_FIRST,
        _ => 1,
    };
    visible_nodes(nodes, limit, closed, &held_open)
}

fn drawing_hides(app: App, id: usize, closed: &BTreeSet<usize>, opened: &BTreeSet<usize>, lit: &[usize]) -> bool {
    untrack(|| {
        nodes_of(app, |nodes| {
            let visible = seen(nodes, closed, opened, lit);
            nodes.get(id).and_then(|node| node.left).is_some_and(|left| !visible.contains(&left))
        })
    })
    .unwrap_or(false)
}

/// What is called impurity; nothing where there is none.
fn impurity_name(app: App) -> String {
    if isolates(app) {
        return String::new();
    }
    let criterion =
        app.result.model.with(|trained| trained.as_ref()?.model.params.get("criterion")?.as_str().map(str::to_owned));
    match criterion.as_deref() {
        Some("gini") => app.text().gini.to_owned(),
        Some("entropy") => app.text().entropy.to_owned(),
        Some("squared_error") => app.text().variance.to_owned(),
        Some(other) => spoken(other),
        None => app.text().impurity.to_owned(),
    }
}

fn draw(app: App, closed: &BTreeSet<usize>, opened: &BTreeSet<usize>, lit: &[usize]) -> Drawing {
    let texts = app.text();
    let impurity = impurity_name(app);
    let words =
        TreeWords { rows: texts.rows_short, impurity: &impurity, mean: mean_word(app), yes: texts.yes, no: texts.no };
    let classes = classes(app);
    let selected = app.result.selected_node.get();
    let drawing = nodes_of(app, |nodes| {
        let visible = seen(nodes, closed, opened, lit);
        let spec = TreeSpec { nodes, classes: classes.as_deref(), visible: &visible, lit, selected };
        app.palette.with(|palette| tree(&spec, &words, palette))
    });
    drawing.unwrap_or_default()
}

/// The classes and their colours.
#[component]
fn Legend() -> impl IntoView {
    let app = app();
    let classes = move || classes(app).unwrap_or_default();
    view! {
        <ul class="legend">
            {move || classes().into_iter().take(12).enumerate().map(|(position, name)| view! {
                <li><span class=format!("swatch swatch-{}", position % 8 + 1) aria-hidden="true"></span>{crate::text::shortened(&name, 30)}</li>
            }).views()}
        </ul>
    }
}

/// The selected node in words and numbers.
#[component]
fn NodeDetail() -> impl IntoView {
    let app = app();
    move || {
        let id = app.result.selected_node.get()?;
        let node = nodes_of(app, |nodes| nodes.get(id).cloned())??;
        let texts = app.text();
        let classes = classes(app);
        let question = question(&node);
        let shares = classes.map(|classes| {
            let shares = classes
                .into_iter()
                .zip(&node.value)
                .map(|(class, share)| format!("{class} {}", format::percent(*share)));
            shares.collect::<Vec<_>>().join(" · ")
        });
        let mean = || {
            format!("{} {}", mean_word(app), node.value.first().map_or_else(String::new, |mean| format::number(*mean)))
        };
        Some(view! {
            <p class="node-detail" data-testid="node-detail">
                <span class="tag">{fill(texts.node_number, &[("n", &id.to_string())])}</span>
                <b>{question.unwrap_or_else(|| texts.leaf.to_owned())}</b>
                <span>{format!("{} {}", texts.rows_short, format::count(node.n_samples))}</span>
                {(!isolates(app)).then(|| view! { <span>{format!("{} {}", impurity_name(app), format::number(node.impurity))}</span> })}
                <span>{shares.unwrap_or_else(mean)}</span>
            </p>
        })
    }
}

fn sheet(app: App) -> Sheet {
    let texts = app.text();
    let classes = classes(app);
    let head = [texts.node, texts.question, texts.yes, texts.no, texts.rows].map(str::to_owned).into_iter();
    let values = classes.unwrap_or_else(|| vec![mean_word(app).to_owned()]);
    let head = head.chain([impurity_name(app)]).chain(values).collect();
    let rows = nodes_of(app, |nodes| {
        let rows = nodes.iter().map(|node| {
            let id = |child: Option<usize>| child.map_or(String::new(), |child| child.to_string());
            let exact = node.feature_name.as_ref().zip(node.threshold);
            let exact = exact.map(|(name, threshold)| format!("{name} ≤ {}", format::plain(threshold)));
            let question = exact.or_else(|| question(node)).unwrap_or_default();
            let fixed = [node.id.to_string(), question, id(node.left), id(node.right), node.n_samples.to_string()];
            fixed
                .into_iter()
                .chain([format::plain(node.impurity)])
                .chain(node.value.iter().map(|value| format::plain(*value)))
                .collect()
        });
        rows.collect::<Sheet>()
    });
    std::iter::once(head).chain(rows.unwrap_or_default()).collect()
}
