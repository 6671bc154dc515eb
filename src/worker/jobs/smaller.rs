//! Nets are made smaller: their weights rounded to eight bits or to sixteen, or the smallest set to 0 and the others fitted on.

use serde_json::json;

use crate::Error;
use crate::error::Issues;
use crate::model::{ModelError, by_code, tune};
use crate::param::{ParamMap, ParamValue as _};
use crate::random::Seed;
use crate::train::net::Grouping;
use crate::train::{Device, FitInput};
use crate::worker::Reply;
use crate::worker::context::Context;
use crate::worker::jobs::make::{Made, Rows, conclude, net_of};
use crate::worker::jobs::plan::{ChosenDevice, choose_device};
use crate::worker::jobs::train::drive;
use crate::worker::jobs::transform_all;
use crate::worker::workspace::ModelEntry;

/// The scheme of weights that stay numbers with a point, of half the bits.
const FLOAT16: &str = "float16";
/// Epochs when the request does not say.
const FINE_TUNE_EPOCHS: usize = 10;
/// As many as a fit may have.
const MOST_EPOCHS: usize = 100_000;

/// How a net is to be pruned.
pub(super) struct Pruning {
    pub(super) sparsity: f64,
    pub(super) fine_tune_epochs: Option<usize>,
    pub(super) device: Option<String>,
}

/// **Errors** `request.no_such_model`, `train.not_a_net`, `train.already_quantized`, `train.unknown_scheme`.
pub(super) async fn quantize(
    context: Context,
    id: String,
    parent_id: String,
    scheme: Option<String>,
) -> Result<Reply, Error> {
    let parent = context.workspace.borrow().model(&parent_id)?;
    let net = net_of(&parent)?;
    if net.storage().grouping().is_some() {
        return Err(ModelError::AlreadyQuantized { kind: parent.pipeline.fitted.kind().to_owned() }.into());
    }
    let given = scheme.unwrap_or_else(|| Grouping::PerBlock.word().to_owned());
    let started = context.now_millis();
    let fitted = match Grouping::read(&given.as_str().into()) {
        Some(grouping) => net.quantized(grouping),
        None if given == FLOAT16 => net.halved(),
        None => {
            let known = [Grouping::PerTensor, Grouping::PerChannel, Grouping::PerBlock].map(Grouping::word).join(", ");
            return Err(ModelError::UnknownScheme { given, known: format!("{known}, {FLOAT16}") }.into());
        }
    };
    let made = Made {
        fitted,
        how: ParamMap::from([("how".to_owned(), json!("quantize")), ("scheme".to_owned(), json!(given))]),
        history: parent.card.history.clone(),
        fit_millis: context.now_millis() - started,
        device: (false, Device::cpu().name().to_owned()),
        fallback_reason: None,
        issues: Issues::new(),
    };
    conclude(&context, (&id, &parent_id, &parent), made, 0.1).await
}

/// **Errors** `request.no_such_model`, `train.not_a_net`, `train.bad_sparsity`, `train.too_many_fine_tune_epochs`; where it
/// is fitted on, `request.no_such_table` and those of a fit.
pub(super) async fn prune(context: Context, id: String, parent_id: String, asked: Pruning) -> Result<Reply, Error> {
    let parent = context.workspace.borrow().model(&parent_id)?;
    let net = net_of(&parent)?;
    let Pruning { sparsity, fine_tune_epochs, device } = asked;
    if !(0.0..=1.0).contains(&sparsity) {
        return Err(ModelError::BadSparsity { given: sparsity }.into());
    }
    let n_epochs = fine_tune_epochs.unwrap_or(FINE_TUNE_EPOCHS);
    if n_epochs > MOST_EPOCHS {
        return Err(ModelError::TooManyFineTuneEpochs { given: n_epochs, most: MOST_EPOCHS }.into());
    }
    let device = choose_device(&context.workspace.borrow().device, device.as_deref(), n_epochs > 0)?;
    let mut made = Made {
        fitted: net.pruned(sparsity),
        how: ParamMap::from([
            ("how".to_owned(), json!("prune")),
            ("sparsity".to_owned(), json!(sparsity)),
            ("fine_tune_epochs".to_owned(), json!(n_epochs)),
        ]),
        history: Vec::new(),
        fit_millis: 0.0,
        device: (device.device.is_webgpu(), device.device.name().to_owned()),
        fallback_reason: device.fallback_reason.clone(),
        issues: Issues::new(),
    };
    if n_epochs > 0 {
        fine_tune(&context, &parent, &mut made, n_epochs, device).await?;
    }
    conclude(&context, (&id, &parent_id, &parent), made, 0.9).await
}

/// Fits a net on, from where it is, on the rows that its parent learned from.
async fn fine_tune(
    context: &Context,
    parent: &ModelEntry,
    made: &mut Made,
    n_epochs: usize,
    device: ChosenDevice,
) -> Result<(), Error> {
    let ModelEntry { pipeline, card, .. } = parent;
    let recipe = &pipeline.recipe;
    let Rows { table, train, test } = Rows::of(context, parent)?;
    let started = context.now_millis();
    let x = transform_all(context, recipe, table.as_ref(), &train.rows, 0.1, None).await?;
    let valid = match test {
        None => None,
        Some(test) => Some((transform_all(context, recipe, table.as_ref(), &test.rows, 0.2, None).await?, test.target)),
    };
    let classes: Vec<&str> = pipeline.classes.iter().map(String::as_str).collect();
    let columns = recipe.features.iter().map(|feature| feature.origin.column.clone()).collect();
    let input = FitInput {
        x: x.with_names(columns).with_cells(table, train.rows),
        y: train.target,
        sample_weight: None,
        valid,
        seed: Seed(card.receipt.seed),
        device: device.device,
    };
    let session = tune(&made.fitted, &by_code(&card.params, &classes), n_epochs, input)?;
    let (fitted, history, fit_millis) = drive(context, session, started, &mut made.issues, None).await?;
    if let crate::model::Structure::Net(fitted) = fitted.structure() {
        made.fitted = fitted.clone();
    }
    (made.history, made.fit_millis) = (history, fit_millis);
    Ok(())
}
