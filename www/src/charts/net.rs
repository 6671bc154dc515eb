//! A net as it is: units in columns, and a line for each weight, thick where it is large.

use super::Palette;
use super::svg::{Anchor, Drawing, Svg, Type, fit, short};
use crate::format;

/// A layer to draw.
pub(crate) struct NetLayer<'a> {
    /// Row-major, inputs × units; empty where they are too many to be drawn.
    pub(crate) weights: &'a [f64],
    /// One per unit.
    pub(crate) biases: &'a [f64],
    /// Below the layer: what its units do.
    pub(crate) words: &'a str,
}

/// What to draw.
pub(crate) struct NetSpec<'a> {
    /// The features, in order.
    pub(crate) inputs: &'a [String],
    /// The layers, the last being the outputs.
    pub(crate) layers: &'a [NetLayer<'a>],
    /// The outputs' names: classes, or the target.
    pub(crate) outputs: &'a [String],
}

const SIZE: [f64; 2] = [560.0, 340.0];
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;
/// Room for names on either side.
const SIDE: f64 = 104.0;
/// Units of a layer that are drawn at most; the rest is a number.
const N_UNITS: usize = 12;
/// Weights below this share of a layer's largest are left out: lines that nobody can see.
const FAINTEST: f64 = 0.02;

/// The net. Teal lines pull up, orange ones down; a unit's ring says the same of its bias.
pub(crate) fn net(spec: &NetSpec<'_>, palette: &Palette) -> Drawing {
    let mut svg = Svg::default();
    let sizes: Vec<usize> =
        std::iter::once(spec.inputs.len()).chain(spec.layers.iter().map(|layer| layer.biases.len())).collect();
    let step = (SIZE[0] - 2.0 * SIDE) / (sizes.len() - 1).max(1) as f64;
    let across = |column: usize| SIDE + step * column as f64;
    let shown = |column: usize| sizes[column].min(N_UNITS);
    let height = SIZE[1] - TOP - BOTTOM;
    let upwards = |column: usize, unit: usize| TOP + height * (unit as f64 + 0.5) / shown(column) as f64;
    let sign = |value: f64| palette.of(usize::from(value < 0.0));

    svg.open(r#"stroke-linecap="round""#);
    for (at, layer) in spec.layers.iter().enumerate() {
        let largest = layer.weights.iter().fold(0.0_f64, |largest, weight| largest.max(weight.abs()));
        for from in 0..shown(at) {
            for to in 0..shown(at + 1) {
                let weight = layer.weights.get(from * sizes[at + 1] + to).copied().unwrap_or(0.0);
                let share = weight.abs() / largest;
                if share >= FAINTEST {
                    let ends = [across(at), upwards(at, from), across(at + 1), upwards(at + 1, to)];
                    let (width, opacity) = (short(0.4 + 3.6 * share), short(0.15 + 0.7 * share));
                    svg.line(ends, sign(weight), &format!(r#"stroke-width="{width}" stroke-opacity="{opacity}""#));
                }
            }
        }
    }
    svg.close();

    let quiet = Type { anchor: Anchor::Middle, size: 11.0, fill: &palette.muted, bold: false };
    for column in 0..sizes.len() {
        let layer = column.checked_sub(1).map(|at| &spec.layers[at]);
        let largest = layer.map_or(0.0, |layer| layer.biases.iter().fold(0.0_f64, |most, bias| most.max(bias.abs())));
        let radius = (height / shown(column) as f64 * 0.32).min(9.0);
        for unit in 0..shown(column) {
            let (x, y) = (across(column), upwards(column, unit));
            let bias = layer.map(|layer| layer.biases[unit]);
            let ring = bias.filter(|_| largest > 0.0).map_or(&*palette.muted, sign);
            let width =
                short(1.2 + 2.0 * bias.map_or(0.0, |bias| if largest > 0.0 { bias.abs() / largest } else { 0.0 }));
            svg.open(r#"class="unit""#);
            if let Some(bias) = bias {
                svg.title(&format::number(bias));
            }
            svg.circle([x, y, radius], &palette.surface, &format!(r#"stroke="{ring}" stroke-width="{width}""#));
            svg.close();
            let named = Type { fill: &palette.ink, size: 11.5, ..quiet };
            if column == 0 {
                let name = fit(&spec.inputs[unit], 11.5, SIDE - 22.0);
                svg.text(x - radius - 7.0, y + 4.0, Type { anchor: Anchor::End, ..named }, &name);
            } else if let Some(name) = spec.outputs.get(unit).filter(|_| column == sizes.len() - 1) {
                let name = fit(name, 11.5, SIDE - 22.0);
                svg.text(x + radius + 7.0, y + 4.0, Type { anchor: Anchor::Start, ..named }, &name);
            }
        }
        let more = sizes[column] - shown(column);
        let words = layer.map_or("", |layer| layer.words);
        let below = if more > 0 { format!("+{more}  {words}") } else { words.to_owned() };
        svg.text(across(column), SIZE[1] - 10.0, quiet, &fit(&below, 11.0, step.max(SIDE)));
    }
    svg.finish(SIZE[0], SIZE[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(weights: &[f64], biases: &[f64]) -> String {
        let inputs = ["<a>".to_owned(), "b".to_owned()];
        let outputs = vec!["yes".to_owned(); biases.len()];
        let layers = [NetLayer { weights, biases, words: "softmax" }];
        net(&NetSpec { inputs: &inputs, layers: &layers, outputs: &outputs }, &Palette::default()).body
    }

    #[test]
    fn each_weight_that_can_be_seen_is_a_line() {
        assert_eq!(drawn(&[1.0, -1.0], &[0.0]).matches("<line").count(), 2);
        assert_eq!(drawn(&[1.0, 0.001], &[0.0]).matches("<line").count(), 1);
        assert_eq!(drawn(&[0.0, 0.0], &[0.0]).matches("<line").count(), 0, "and nothing is divided by zero");
    }

    #[test]
    fn a_wide_layer_says_how_many_are_left_out() {
        let body = drawn(&[1.0; 40], &[0.5; 20]);
        assert!(body.contains("+8  softmax"), "{body}");
        assert_eq!(body.matches(r#"class="unit""#).count(), 2 + 12);
    }

    #[test]
    fn names_are_escaped() {
        assert!(drawn(&[1.0, 1.0], &[0.1]).contains("&lt;a&gt;"));
    }
}
