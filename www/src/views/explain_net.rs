//! Nets: their units and weights, as learned or while they are.

use leptos::prelude::*;
use vitrine_protocol::{LayerMsg, ModelMsg, StructureMsg};

use crate::charts::{NetLayer, NetSpec, net};
use crate::format;
use crate::state::{App, Boundary, app, said};
use crate::text::fill;
use crate::widgets::{Figure, Plot, Sheet};

/// The outputs' names: of two classes there is one output, and it speaks for the second.
fn output_names(classes: Option<&[String]>, target: &str, n_outputs: usize) -> Vec<String> {
    match classes {
        Some(classes) if n_outputs == 1 => classes.last().cloned().into_iter().collect(),
        Some(classes) => classes.to_vec(),
        None => vec![target.to_owned()],
    }
}

/// What is drawn: a net as it is now, or as it was learned.
#[derive(Default, PartialEq)]
struct Shown {
    inputs: Vec<String>,
    outputs: Vec<String>,
    layers: Vec<ShownLayer>,
    /// Numbers that are learned; large nets come without their weights.
    n_parameters: usize,
    /// Points of the plane across and upwards.
    plane: [usize; 2],
}

#[derive(PartialEq)]
struct ShownLayer {
    weights: Vec<f64>,
    biases: Vec<f64>,
    activation: String,
    units: Vec<f64>,
}

impl Shown {
    /// With what the units make of a plane.
    fn over(mut self, boundary: Option<&Boundary>) -> Self {
        let Some(boundary) = boundary else { return self };
        self.plane = [boundary.grid.x_values.len(), boundary.grid.y_values.len()];
        let n_points = self.plane[0] * self.plane[1];
        let mut rest = boundary.units.as_slice();
        let last = self.layers.len().saturating_sub(1);
        for layer in &mut self.layers[..last] {
            let Some((units, others)) = rest.split_at_checked(layer.biases.len() * n_points) else { break };
            layer.units = units.to_vec();
            rest = others;
        }
        self
    }

    fn learned(model: &ModelMsg) -> Option<Self> {
        let StructureMsg::Net { layers, n_parameters, .. } = &model.structure else { return None };
        let one = |layer: &LayerMsg| ShownLayer {
            weights: layer.weights.clone().unwrap_or_default(),
            biases: layer.biases.clone(),
            activation: layer.activation.clone(),
            units: Vec::new(),
        };
        let outputs = output_names(model.classes.as_deref(), model.target_name(), layers.last()?.n_outputs);
        // Behind a front the layers read numbers that have no names.
        let n_read = layers.first()?.n_inputs;
        let has_names = n_read == model.feature_names.len();
        Some(Self {
            inputs: if has_names { model.feature_names.clone() } else { vec![String::new(); n_read] },
            outputs,
            layers: layers.iter().map(one).collect(),
            n_parameters: *n_parameters,
            plane: [0, 0],
        })
    }

    fn live(app: App) -> Option<Self> {
        let live = app.result.live.get()?;
        let target = app.plan.target.get()?;
        let classes = live.boundary.as_ref().and_then(|boundary| boundary.grid.classes.as_deref());
        let one = |(weights, biases): &(Vec<f64>, Vec<f64>)| ShownLayer {
            weights: weights.clone(),
            biases: biases.clone(),
            activation: String::new(),
            units: Vec::new(),
        };
        let n_inputs = live.view.layers.first()?.n_inputs;
        let outputs = output_names(classes, &target, live.view.layers.last()?.n_outputs);
        // Before the recipe has spoken its last word, inputs have names only if they are the columns themselves.
        let left_out = app.plan.left_out.get();
        let is_input = |name: &String| *name != target && !left_out.contains(name);
        let columns = app.data.table.with(|table| {
            let columns = table.as_ref().map_or(&[][..], |table| &table.columns).iter();
            columns.map(|column| column.name.clone()).filter(is_input).collect::<Vec<_>>()
        });
        let inputs = if columns.len() == n_inputs { columns } else { vec![String::new(); n_inputs] };
        let n_parameters = live.weights.iter().map(|(weights, biases)| weights.len() + biases.len()).sum();
        let layers = live.weights.iter().map(one).collect();
        let shown = Self { inputs, outputs, layers, n_parameters, plane: [0, 0] };
        Some(shown.over(live.boundary.as_deref()))
    }
}

/// The figure.
#[component]
pub(super) fn NetFigure(
    /// Whether it is the net that is being fitted.
    is_live: bool,
) -> impl IntoView {
    let app = app();
    let shown = Memo::new(move |_| {
        let shown = if is_live {
            Shown::live(app)
        } else {
            let shown = app.result.model.with(|trained| Shown::learned(&trained.as_ref()?.model));
            shown.map(|shown| app.result.boundary.with(|boundary| shown.over(boundary.as_deref())))
        };
        shown.unwrap_or_default()
    });
    let drawing = Memo::new(move |_| {
        shown.with(|shown| {
            let words: Vec<String> =
                shown.layers.iter().map(|layer| format!("{} {}", layer.biases.len(), layer.activation)).collect();
            let layers: Vec<NetLayer<'_>> = shown
                .layers
                .iter()
                .zip(&words)
                .map(|(layer, words)| NetLayer {
                    weights: &layer.weights,
                    biases: &layer.biases,
                    words,
                    units: &layer.units,
                })
                .collect();
            let spec = NetSpec { inputs: &shown.inputs, layers: &layers, outputs: &shown.outputs, plane: shown.plane };
            app.palette.with(|palette| net(&spec, palette))
        })
    });
    let sheet = Signal::derive(move || {
        let head = ["layer", "input", "unit", "weight"].map(str::to_owned).to_vec();
        let of_layer = |(at, layer): (usize, &ShownLayer)| {
            let n_outputs = layer.biases.len().max(1);
            let row = |(idx, weight): (usize, &f64)| {
                let places = [at + 1, idx / n_outputs + 1, idx % n_outputs + 1].map(|place| place.to_string());
                places.into_iter().chain([format::plain(*weight)]).collect()
            };
            layer.weights.iter().enumerate().map(row).collect::<Sheet>()
        };
        let rows = shown.with(|shown| shown.layers.iter().enumerate().flat_map(of_layer).collect::<Sheet>());
        std::iter::once(head).chain(rows).collect::<Sheet>()
    });
    let note = Signal::derive(move || {
        fill(app.text().net_note, &[("n", &format::count(shown.with(|shown| shown.n_parameters)))])
    });
    let title = said(app, |texts| texts.net_title);
    view! {
        <Figure name="net" title note drawing sheet>
            <Plot drawing label=title/>
        </Figure>
    }
}
