//! A decision tree: what each node asks, how many rows it holds, how mixed they are, and the way one row takes.
//!
//! A tree may have a hundred thousand nodes. Only the visible ones are laid out: the largest first, up to a limit;
//! the rest wait behind a `+` on their ancestor.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use vitrine_protocol::TreeNodeMsg;

use super::Palette;
use super::svg::{Anchor, Drawing, Svg, Type, fit, short};
use crate::format;

/// What to draw.
pub(crate) struct TreeSpec<'a> {
    pub(crate) nodes: &'a [TreeNodeMsg],
    /// The classes; none for regression.
    pub(crate) classes: Option<&'a [String]>,
    /// The ids to draw, from [`visible_nodes`].
    pub(crate) visible: &'a BTreeSet<usize>,
    /// The way of the selected row, root first, leaf last.
    pub(crate) lit: &'a [usize],
    /// The selected node.
    pub(crate) selected: Option<usize>,
}

/// The words on the nodes.
pub(crate) struct TreeWords<'a> {
    /// Before the count of rows.
    pub(crate) rows: &'a str,
    /// Before the impurity: `gini`, `entropy`, `variance`; empty where there is none.
    pub(crate) impurity: &'a str,
    /// Before a mean.
    pub(crate) mean: &'a str,
    /// On the edge to the left.
    pub(crate) yes: &'a str,
    /// On the edge to the right.
    pub(crate) no: &'a str,
}

/// A node's width and height.
pub(crate) const NODE: [f64; 2] = [150.0, 66.0];
const GAP: [f64; 2] = [12.0, 46.0];
const MARGIN: f64 = 16.0;

/// The nodes to draw: the largest first until `limit`, never below a `closed` one, always below an `opened` one.
pub(crate) fn visible_nodes(
    nodes: &[TreeNodeMsg],
    limit: usize,
    closed: &BTreeSet<usize>,
    opened: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let mut visible = BTreeSet::new();
    let mut queue = BinaryHeap::new();
    if let Some(root) = nodes.first() {
        visible.insert(root.id);
        queue.push((true, root.n_samples, root.id));
    }
    while let Some((_, _, id)) = queue.pop() {
        let Some(TreeNodeMsg { left: Some(left), right: Some(right), .. }) = nodes.get(id) else { continue };
        if closed.contains(&id) || (visible.len() + 2 > limit && !opened.contains(&id)) {
            continue;
        }
        for child in [*left, *right] {
            let Some(node) = nodes.get(child) else { continue };
            visible.insert(child);
            queue.push((opened.contains(&child), node.n_samples, child));
        }
    }
    visible
}

/// Where each visible node stands: leaves side by side, parents over the middle of their children.
pub(crate) fn layout(nodes: &[TreeNodeMsg], visible: &BTreeSet<usize>) -> BTreeMap<usize, [f64; 2]> {
    let mut places = BTreeMap::new();
    let mut next_x = MARGIN;
    // Depth-first without recursion: a grown tree can be deeper than the stack.
    let mut stack = vec![(0usize, 0usize, false)];
    while let Some((id, depth, children_done)) = stack.pop() {
        let Some(node) = nodes.get(id) else { continue };
        let children = [node.left, node.right].map(|child| child.filter(|child| visible.contains(child)));
        let y = MARGIN + depth as f64 * (NODE[1] + GAP[1]);
        match children {
            [Some(left), Some(right)] if children_done => {
                let middle = |id: &usize| places.get(id).map_or(0.0, |[x, _]: &[f64; 2]| *x);
                places.insert(id, [(middle(&left) + middle(&right)) / 2.0, y]);
            }
            [Some(left), Some(right)] => {
                stack.push((id, depth, true));
                stack.push((right, depth + 1, false));
                stack.push((left, depth + 1, false));
            }
            _ => {
                places.insert(id, [next_x, y]);
                next_x += NODE[0] + GAP[0];
            }
        }
    }
    places
}

/// The tree. Each node is a group with `data-node`, each `+` one with `data-toggle`.
pub(crate) fn tree(spec: &TreeSpec<'_>, words: &TreeWords<'_>, palette: &Palette) -> Drawing {
    let places = layout(spec.nodes, spec.visible);
    let mut svg = Svg::default();
    let n_root = spec.nodes.first().map_or(1, |root| root.n_samples).max(1) as f64;
    let is_lit = |id: usize| spec.lit.contains(&id);
    // Edges first, the lit ones last, so that nothing covers the way.
    for lit_pass in [false, true] {
        for (id, [x, y]) in &places {
            let Some(parent) = spec.nodes.get(*id).and_then(|node| node.parent) else { continue };
            let Some([parent_x, parent_y]) = places.get(&parent) else { continue };
            let lit = is_lit(*id) && is_lit(parent);
            if lit != lit_pass {
                continue;
            }
            let n_samples = spec.nodes.get(*id).map_or(0, |node| node.n_samples) as f64;
            let (x1, y1) = (parent_x + NODE[0] / 2.0, parent_y + NODE[1]);
            let (x2, y2) = (x + NODE[0] / 2.0, *y);
            let bend = (y1 + y2) / 2.0;
            let d = format!(
                "M{} {} C{} {} {} {} {} {}",
                short(x1),
                short(y1),
                short(x1),
                short(bend),
                short(x2),
                short(bend),
                short(x2),
                short(y2)
            );
            // The line is as thick as the share of rows that goes this way.
            let width = 1.2 + 7.0 * n_samples / n_root;
            let order = spec.lit.iter().position(|lit| lit == id).unwrap_or(0).min(12);
            let (colour, extra) = if lit {
                (
                    &palette.accent,
                    format!(r#"stroke-width="{}" pathLength="1" class="lit lit-{order}""#, short(width.max(3.0))),
                )
            } else {
                (&palette.muted, format!(r#"stroke-width="{}" stroke-opacity="0.35""#, short(width)))
            };
            svg.path(&d, colour, &extra);
            let is_left = spec.nodes.get(parent).and_then(|parent| parent.left) == Some(*id);
            let (anchor, shift) = if is_left { (Anchor::End, -9.0) } else { (Anchor::Start, 9.0) };
            let look = Type { anchor, size: 10.5, fill: if lit { &palette.accent } else { &palette.muted }, bold: lit };
            // A word on a line is read over a rim of the ground's colour.
            let rim = format!(r#"paint-order="stroke" stroke="{}" stroke-width="5""#, palette.surface);
            let word = if is_left { words.yes } else { words.no };
            svg.text_with((x1 + x2) / 2.0 + shift, bend + 3.0, look, word, &rim);
        }
    }
    for (id, place) in &places {
        if let Some(node) = spec.nodes.get(*id) {
            draw_node(&mut svg, node, *place, spec, words, palette);
        }
    }
    let right = places.values().map(|[x, _]| x + NODE[0]).fold(0.0, f64::max);
    let bottom = places.values().map(|[_, y]| y + NODE[1]).fold(0.0, f64::max);
    svg.finish(right + MARGIN, bottom + MARGIN + 12.0)
}

fn draw_node(
    svg: &mut Svg,
    node: &TreeNodeMsg,
    [x, y]: [f64; 2],
    spec: &TreeSpec<'_>,
    words: &TreeWords<'_>,
    palette: &Palette,
) {
    let lit = spec.lit.contains(&node.id);
    let selected = spec.selected == Some(node.id);
    let question = question(node);
    let answer = answer(node, spec.classes, words);
    let mut measure = format!("{} {}", words.rows, format::count(node.n_samples));
    if !words.impurity.is_empty() {
        measure.push_str(&format!(" · {} {}", words.impurity, format::number(node.impurity)));
    }
    // The tooltip is the button's name too.
    let attributes = r#"class="node" role="button" tabindex="0""#;
    svg.open(&format!(r#"data-node="{}" {attributes} aria-pressed="{selected}""#, node.id));
    svg.title(&format!("{}\n{measure}\n{}", question.as_ref().unwrap_or(&answer), shares(node, spec.classes)));
    let (stroke, width) = match (selected, lit) {
        (true, _) => (&palette.ink, "2.2"),
        (false, true) => (&palette.accent, "2.2"),
        (false, false) => (&palette.line, "1.2"),
    };
    let outline = format!(r#"stroke="{stroke}" stroke-width="{width}" rx="9" class="node-box""#);
    svg.rect([x, y, NODE[0], NODE[1]], &palette.surface, &outline);
    let bold = Type { anchor: Anchor::Start, size: 12.5, fill: &palette.ink, bold: true };
    let quiet = Type { anchor: Anchor::Start, size: 10.5, fill: &palette.muted, bold: false };
    let inner = NODE[0] - 20.0;
    let first = question.as_ref().unwrap_or(&answer);
    svg.text(x + 10.0, y + 20.0, bold, &fit_question(node, first, inner));
    svg.text(x + 10.0, y + 37.0, quiet, &fit(&measure, 10.5, inner));
    if spec.classes.is_some() {
        let mut at = x + 10.0;
        for (class, share) in node.value.iter().enumerate() {
            let width = inner * share;
            if width > 0.2 {
                svg.rect([at, y + 47.0, width, 9.0], palette.of(class), "");
            }
            at += width;
        }
    } else if question.is_some() {
        svg.text(x + 10.0, y + 56.0, Type { fill: &palette.ink, ..quiet }, &fit(&answer, 10.5, inner));
    }
    svg.close();
    let hidden = node.left.is_some_and(|left| !spec.visible.contains(&left));
    if node.left.is_some() {
        toggle(svg, node.id, [x + NODE[0] / 2.0, y + NODE[1]], hidden, palette);
    }
}

/// The little button under an inner node that hides or shows what is below it.
fn toggle(svg: &mut Svg, id: usize, [x, y]: [f64; 2], hidden: bool, palette: &Palette) {
    svg.open(&format!(r#"data-toggle="{id}" class="toggle""#));
    let fill = if hidden { &palette.accent } else { &palette.surface };
    svg.circle([x, y, 8.0], fill, &format!(r#"stroke="{}""#, if hidden { &palette.accent } else { &palette.line }));
    let fill = if hidden { &palette.surface } else { &palette.muted };
    let look = Type { anchor: Anchor::Middle, size: 12.0, fill, bold: true };
    svg.text(x, y + 4.0, look, if hidden { "+" } else { "−" });
    svg.close();
}

/// `petal_width ≤ 1.75`, or `colour ∈ {red, blue}`, for a node that asks; every number is `≤ ∞`, and what is missing is not.
pub(crate) fn question(node: &TreeNodeMsg) -> Option<String> {
    let name = node.feature_name.as_ref()?;
    Some(match &node.categories {
        Some(categories) => format!("{name} ∈ {{{}}}", categories.join(", ")),
        None => format!("{name} ≤ {}", limit(node, format::number)),
    })
}

/// A question's threshold in words.
fn limit(node: &TreeNodeMsg, say: fn(f64) -> String) -> String {
    node.threshold.map_or_else(|| "∞".to_owned(), say)
}

/// The question cut so that its threshold stays.
fn fit_question(node: &TreeNodeMsg, words: &str, width: f64) -> String {
    match &node.feature_name {
        Some(name) => {
            let end = format!(" ≤ {}", limit(node, format::number));
            format!("{}{end}", fit(name, 12.5, width - super::svg::text_width(&end, 12.5)))
        }
        None => fit(words, 12.5, width),
    }
}

/// The largest class with its share, or the mean.
fn answer(node: &TreeNodeMsg, classes: Option<&[String]>, words: &TreeWords<'_>) -> String {
    match classes {
        Some(classes) => {
            let largest = node
                .value
                .iter()
                .enumerate()
                .fold((0, 0.0), |best, (class, share)| if *share > best.1 { (class, *share) } else { best });
            let name = classes.get(largest.0).map_or("", String::as_str);
            format!("{name} {}", format::percent(largest.1))
        }
        None => format!("{} {}", words.mean, node.value.first().map_or_else(String::new, |mean| format::number(*mean))),
    }
}

/// All classes with their shares.
fn shares(node: &TreeNodeMsg, classes: Option<&[String]>) -> String {
    let shares = classes.unwrap_or_default().iter().zip(&node.value);
    let shares: Vec<String> = shares.map(|(class, share)| format!("{class} {}", format::percent(*share))).collect();
    shares.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: TreeWords<'_> = TreeWords { rows: "rows", impurity: "gini", mean: "mean", yes: "yes", no: "no" };

    fn node(id: usize, parent: Option<usize>, children: Option<[usize; 2]>, n_samples: usize) -> TreeNodeMsg {
        TreeNodeMsg {
            id,
            parent,
            left: children.map(|[left, _]| left),
            right: children.map(|[_, right]| right),
            feature: children.map(|_| 0),
            feature_name: children.map(|_| "<petal>".to_owned()),
            threshold: children.map(|_| 1.75),
            categories: None,
            missing_go_to_left: children.map(|_| true),
            n_samples,
            weighted_n_samples: n_samples as f64,
            impurity: 0.5,
            value: vec![0.25, 0.75],
        }
    }

    fn small() -> Vec<TreeNodeMsg> {
        vec![
            node(0, None, Some([1, 2]), 10),
            node(1, Some(0), None, 4),
            node(2, Some(0), Some([3, 4]), 6),
            node(3, Some(2), None, 1),
            node(4, Some(2), None, 5),
        ]
    }

    #[test]
    fn a_limit_hides_what_is_below_and_opening_shows_it() {
        let nodes = small();
        let none = BTreeSet::new();
        assert_eq!(visible_nodes(&nodes, 100, &none, &none).len(), 5);
        assert_eq!(visible_nodes(&nodes, 3, &none, &none), BTreeSet::from([0, 1, 2]));
        assert_eq!(visible_nodes(&nodes, 3, &none, &BTreeSet::from([2])).len(), 5);
        assert_eq!(visible_nodes(&nodes, 100, &BTreeSet::from([0]), &none).len(), 1);
        assert!(visible_nodes(&[], 100, &none, &none).is_empty());
    }

    #[test]
    fn a_parent_stands_over_the_middle_of_its_children() {
        let nodes = small();
        let places = layout(&nodes, &(0..5).collect());
        assert_eq!(places[&2][0], (places[&3][0] + places[&4][0]) / 2.0);
        assert!(places[&1][0] + NODE[0] < places[&3][0]);
    }

    #[test]
    fn the_way_is_lit_and_names_are_harmless() {
        let nodes = small();
        let classes = ["a".to_owned(), "b".to_owned()];
        let visible = (0..5).collect();
        let spec =
            TreeSpec { nodes: &nodes, classes: Some(&classes), visible: &visible, lit: &[0, 2, 4], selected: None };
        let drawing = tree(&spec, &WORDS, &Palette::default());
        assert_eq!(drawing.body.matches("class=\"lit ").count(), 2);
        assert!(drawing.body.contains("&lt;petal&gt; ≤ 1.75"), "{}", drawing.body);
        assert!(drawing.body.contains("b 75%"));
    }

    #[test]
    fn categories_are_asked_for_by_name() {
        let categories = Some(vec!["red".to_owned(), "blue".to_owned()]);
        let mut asking = TreeNodeMsg { threshold: None, categories, ..node(0, None, Some([1, 2]), 10) };
        assert_eq!(question(&asking).as_deref(), Some("<petal> ∈ {red, blue}"));
        asking.categories = None;
        assert_eq!(question(&asking).as_deref(), Some("<petal> ≤ ∞"));
        assert_eq!(question(&node(1, Some(0), None, 4)), None);
    }
}
