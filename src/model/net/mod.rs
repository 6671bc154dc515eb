//! Nets: what they share, whatever stands before their dense layers.
//!
//! Each kind of net is one file that makes a front of its own parameters; those of the layers and of the descent are
//! [`MlpSpec`]'s. What comes of any of them is a [`FittedNet`].

pub(super) mod cnn;
mod fitted;
pub(super) mod mlp;
pub(super) mod rnn;
mod packed;
mod session;

pub use cnn::{BlockKind, CnnSpec, ImageError, ImageSpec};
pub use fitted::FittedNet;
pub use mlp::MlpSpec;
pub use packed::Storage;
pub use rnn::{CellSpec, RnnSpec};

use crate::Error;
use crate::error::Issues;
use crate::model::{BoxedSession, ModelError};
use crate::param::{ParamMap, Spec as _};
use crate::preprocess::Target;
use crate::table::split::hold_back;
use crate::train::FitInput;
use crate::train::device::DeviceError;
use crate::train::net::{Doctor, FrontPlan, Net, NetConfig, NetDescent, NetIssue, check_cost};
use fitted::Scale;
use session::{NetSession, OneAnswerSession};

/// A row that counts less than this share of the one that counts most counts nothing.
const NOTHING: f64 = 1e-30;

/// Starts a fit of a net of some kind.
///
/// **Errors** of a fit.
fn begin(
    kind: &'static str,
    spec: &MlpSpec,
    front: Option<FrontPlan>,
    mut input: FitInput,
) -> Result<BoxedSession, Error> {
    leave_out_weightless(&mut input);
    let config = spec.config(front, spec.class_weights(&input.y)?);
    descend(kind, spec, config, input, None)
}

/// Starts a fit that goes on from a net, for so many epochs and with the parameters it was fitted with; its weights that
/// are 0 stay 0. Rows that were held back for early stopping are so again, given the same rows and seed.
///
/// **Errors** of a fit.
pub(crate) fn tune(
    from: &FittedNet,
    params: &ParamMap,
    n_epochs: usize,
    input: FitInput,
) -> Result<BoxedSession, Error> {
    // Each kind of net has these and may have more.
    let docs = MlpSpec::docs();
    let is_shared = |name: &str| docs.iter().any(|doc| doc.name == name);
    let shared = params.iter().filter(|(name, _)| is_shared(name));
    let spec = MlpSpec::from_params(&shared.map(|(name, value)| (name.clone(), value.clone())).collect())?;
    let front = from.net.front.as_ref().map(|front| front.plan.clone());
    let hidden = from.net.layers.split_last().map_or(&[][..], |(_, hidden)| hidden);
    let config = NetConfig {
        hidden: hidden.iter().map(|layer| layer.n_outputs).collect(),
        activation: from.net.activation,
        batch_norm: hidden.iter().any(|layer| layer.norm.is_some()),
        n_epochs,
        ..spec.config(front, spec.class_weights(&input.y)?)
    };
    descend(from.kind, &spec, config, input, Some(from))
}

fn descend(
    kind: &'static str,
    spec: &MlpSpec,
    config: NetConfig,
    mut input: FitInput,
    from: Option<&FittedNet>,
) -> Result<BoxedSession, Error> {
    if !cfg!(feature = "tensors") {
        return Err(DeviceError::NoTensors {}.into());
    }
    if !input.y.has_labels() {
        return Err(ModelError::WrongTask { kind: kind.to_owned(), task: "clustering".to_owned() }.into());
    }
    let n_classes = match input.y {
        Target::Classes { n_classes, .. } => n_classes,
        Target::Values(_) => 0,
    };
    let n_outputs = if n_classes > 2 { n_classes } else { 1 };
    check_cost(&config, input.x.n_features(), n_outputs, input.x.n_rows())?;
    let mut issues = Issues::new();
    let mut held_weight = None;
    if spec.early_stopping {
        held_weight = hold_out(&mut input, spec.validation_fraction, &mut issues);
    }
    let own_scale = || Scale::of(&input.y, input.sample_weight.as_deref());
    let scale = from.map_or_else(own_scale, |from| from.scale);
    if n_classes == 1 || scale.is_constant() {
        let initial = || Net::initial(&config, input.x.n_features(), n_outputs, input.seed);
        let net = from.map_or_else(initial, |from| from.net.clone());
        return Ok(Box::new(OneAnswerSession { fitted: FittedNet { kind, net, n_classes, scale, int8: None } }));
    }
    input.y = scale.standardised(input.y);
    input.valid = input.valid.map(|(x, y)| (x, scale.standardised(y)));
    let doctor = Doctor::new(&input.x, spec.learning_rate_init);
    let stops_early = spec.early_stopping && issues.is_empty();
    if let Some(FrontPlan::Recurrent(cells)) = &config.front
        && cells.n_columns == 1
        && input.x.window().is_none()
    {
        issues.push(NetIssue::NoWindow { n_features: cells.n_steps });
    }
    let held = (stops_early, held_weight.as_deref());
    let mut descent = NetDescent::new(&input, config, held, scale.loss_factor(), doctor)?;
    if let Some(from) = from {
        descent.begin_at(&from.net);
    }
    Ok(Box::new(NetSession { kind, descent, n_classes, scale, issues }))
}

/// Leaves out the rows that count nothing, or so little beside others that no sum in 32 bits changes by them.
fn leave_out_weightless(input: &mut FitInput) {
    let Some(weights) = &input.sample_weight else { return };
    let largest = weights.iter().fold(0.0f64, |largest, weight| largest.max(*weight));
    let counts = |row: &u32| weights[*row as usize] > largest * NOTHING;
    let rows: Vec<u32> = (0..weights.len() as u32).filter(counts).collect();
    if rows.len() < weights.len() {
        input.sample_weight = Some(rows.iter().map(|row| weights[*row as usize]).collect());
        (input.x, input.y) = (input.x.take_rows(&rows), input.y.take_rows(&rows));
    }
}

/// Holds rows back for early stopping, each class its share; they take the place of those for the curve alone. Gives back
/// how much each of them counts, where rows do not count the same.
fn hold_out(input: &mut FitInput, fraction: f64, issues: &mut Issues) -> Option<Vec<f64>> {
    let n_rows = input.x.n_rows();
    let rows: Vec<u32> = (0..n_rows as u32).collect();
    let strata = match &input.y {
        Target::Classes { codes, .. } => Some(codes.as_slice()),
        Target::Values(_) => None,
    };
    match hold_back(&rows, strata, fraction, input.seed.derive("early_stopping")) {
        Ok(split) if !split.test.is_empty() => {
            input.valid = Some((input.x.take_rows(&split.test), input.y.take_rows(&split.test)));
            input.x = input.x.take_rows(&split.train);
            input.y = input.y.take_rows(&split.train);
            let weights = input.sample_weight.take()?;
            let of = |rows: &[u32]| rows.iter().map(|row| weights[*row as usize]).collect();
            input.sample_weight = Some(of(&split.train));
            Some(of(&split.test))
        }
        _ => {
            issues.push(NetIssue::NoRowsToHoldBack { n_rows });
            None
        }
    }
}
