//! Nets: what they share, whatever stands before their dense layers.
//!
//! Each kind of net is one file that makes a front of its own parameters; those of the layers and of the descent are
//! [`MlpSpec`]'s. What comes of any of them is a [`FittedNet`].

pub(super) mod cnn;
mod fitted;
pub(super) mod mlp;
pub(super) mod rnn;
mod session;

pub use cnn::{BlockKind, CnnSpec, ImageError, ImageSpec};
pub use fitted::FittedNet;
pub use mlp::MlpSpec;
pub use rnn::{CellSpec, RnnSpec};

use crate::Error;
use crate::error::Issues;
use crate::model::{BoxedSession, ModelError};
use crate::preprocess::Target;
use crate::table::split::hold_back;
use crate::train::FitInput;
use crate::train::net::{Doctor, FrontPlan, Net, NetDescent, NetIssue, check_cost};
use fitted::Scale;
use session::{NetSession, OneAnswerSession};

/// Starts a fit of a net of some kind.
///
/// **Errors** of a fit.
fn begin(
    kind: &'static str,
    spec: &MlpSpec,
    front: Option<FrontPlan>,
    mut input: FitInput,
) -> Result<BoxedSession, Error> {
    if !input.y.has_labels() {
        return Err(ModelError::WrongTask { kind: kind.to_owned(), task: "clustering".to_owned() }.into());
    }
    let n_classes = match input.y {
        Target::Classes { n_classes, .. } => n_classes,
        Target::Values(_) => 0,
    };
    let n_outputs = if n_classes > 2 { n_classes } else { 1 };
    let config = spec.config(front, spec.class_weights(&input.y)?);
    check_cost(&config, input.x.n_features(), n_outputs, input.x.n_rows())?;
    let mut issues = Issues::new();
    if spec.early_stopping {
        hold_out(&mut input, spec.validation_fraction, &mut issues);
    }
    let scale = Scale::of(&input.y);
    if n_classes == 1 || scale.is_constant() {
        let net = Net::initial(&config, input.x.n_features(), n_outputs, input.seed);
        return Ok(Box::new(OneAnswerSession { fitted: FittedNet { kind, net, n_classes, scale } }));
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
    let descent = NetDescent::new(&input, config, (stops_early, scale.loss_factor()), doctor)?;
    Ok(Box::new(NetSession { kind, descent, n_classes, scale, issues }))
}

/// Holds rows back for early stopping, each class its share; they take the place of those for the curve alone.
fn hold_out(input: &mut FitInput, fraction: f64, issues: &mut Issues) {
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
        }
        _ => issues.push(NetIssue::NoRowsToHoldBack { n_rows }),
    }
}
