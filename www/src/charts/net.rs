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
    /// Unit after unit what it makes of each point of the plane, from 1 to 255 around 128; empty where that is not known.
    pub(crate) units: &'a [f64],
}

/// What to draw.
pub(crate) struct NetSpec<'a> {
    /// The features, in order.
    pub(crate) inputs: &'a [String],
    /// The layers, the last being the outputs.
    pub(crate) layers: &'a [NetLayer<'a>],
    /// The outputs' names: classes, or the target.
    pub(crate) outputs: &'a [String],
    /// Points of the plane across and upwards.
    pub(crate) plane: [usize; 2],
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
            let n_points = spec.plane[0] * spec.plane[1];
            let points = layer.and_then(|layer| layer.units.get(unit * n_points..(unit + 1) * n_points));
            match points.filter(|_| n_points > 0) {
                Some(points) => {
                    let side = (height / shown(column) as f64 * 0.8).min(30.0);
                    let place = [x - side / 2.0, y - side / 2.0, side, side];
                    svg.rect(place, &palette.surface, "");
                    responses(&mut svg, place, points, spec.plane, palette);
                    svg.rect(place, "none", &format!(r#"rx="2" stroke="{ring}" stroke-width="{width}""#));
                }
                None => {
                    svg.circle([x, y, radius], &palette.surface, &format!(r#"stroke="{ring}" stroke-width="{width}""#))
                }
            }
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

/// Cells each way of a unit's picture.
const N_CELLS: usize = 16;
/// How many strengths of a colour there are: few, so that neighbours can be drawn as one.
const N_STRENGTHS: f64 = 5.0;

/// What a unit makes of the plane: teal where it answers above 0, orange where below.
fn responses(
    svg: &mut Svg,
    [left, top, width, height]: [f64; 4],
    points: &[f64],
    plane: [usize; 2],
    palette: &Palette,
) {
    let [cells_x, cells_y] = plane.map(|n| n.min(N_CELLS));
    let [cell_x, cell_y] = [width / cells_x as f64, height / cells_y as f64];
    let nearest = |cell: usize, n_cells: usize, n: usize| (2 * cell + 1) * n / (2 * n_cells);
    let strength = |x: usize, y: usize| {
        let point = points[nearest(y, cells_y, plane[1]) * plane[0] + nearest(x, cells_x, plane[0])];
        ((point - 128.0) / 127.0 * N_STRENGTHS).round()
    };
    for y in 0..cells_y {
        let mut x = 0;
        while x < cells_x {
            let (start, here) = (x, strength(x, y));
            while x < cells_x && strength(x, y) == here {
                x += 1;
            }
            if here != 0.0 {
                // The plane's first row is its lowest.
                let place = [
                    left + start as f64 * cell_x,
                    top + height - (y + 1) as f64 * cell_y,
                    (x - start) as f64 * cell_x,
                    cell_y,
                ];
                let opacity = short(0.85 * here.abs() / N_STRENGTHS);
                svg.rect(place, palette.of(usize::from(here < 0.0)), &format!(r#"fill-opacity="{opacity}""#));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(weights: &[f64], biases: &[f64]) -> String {
        let inputs = ["<a>".to_owned(), "b".to_owned()];
        let outputs = vec!["yes".to_owned(); biases.len()];
        let layers = [NetLayer { weights, biases, words: "softmax", units: &[] }];
        net(&NetSpec { inputs: &inputs, layers: &layers, outputs: &outputs, plane: [0, 0] }, &Palette::default()).body
    }

    #[test]
    fn a_unit_shows_what_it_makes_of_the_plane() {
        let mut svg = Svg::default();
        // Below 0 in the lower row, above 0 and silent in the upper one.
        responses(&mut svg, [0.0, 0.0, 10.0, 10.0], &[1.0, 1.0, 255.0, 128.0], [2, 2], &Palette::default());
        let body = svg.finish(10.0, 10.0).body;
        assert_eq!(body.matches("<rect").count(), 2, "{body}");
        assert!(body.contains(r#"x="0" y="5" width="10" height="5""#), "neighbours are one: {body}");
        assert!(body.contains(r#"x="0" y="0" width="5" height="5""#), "{body}");
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
