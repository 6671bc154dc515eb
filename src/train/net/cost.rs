//! What a descent will take, before it is begun: what no browser could do is refused with its number.

use super::{FrontPlan, NetConfig, NetError};
use crate::Error;

/// More weights than this (with what an optimiser remembers of each, 320 MB) fit in no tab.
const MOST_PARAMETERS: usize = 20_000_000;

/// More multiply-adds than this take hours on one CPU thread.
const MOST_MULTIPLY_ADDS: f64 = 2e13;

/// More multiply-adds than this in one batch take many seconds. A cancel is heard within, but holding, going back and showing
/// wait for its end.
const MOST_PER_BATCH: f64 = 5e9;

/// Whether a net can be learned on so many rows.
///
/// **Errors** `train.too_many_weights`, `train.too_much_training`, `train.batch_too_large`.
pub(crate) fn check_cost(config: &NetConfig, n_inputs: usize, n_outputs: usize, n_rows: usize) -> Result<(), Error> {
    let front = config.front.as_ref();
    let mut sizes = vec![front.map_or(n_inputs, FrontPlan::n_features)];
    sizes.extend(&config.hidden);
    sizes.push(n_outputs);
    let n_layers: usize = sizes.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1])).sum();
    let n_parameters = n_layers.saturating_add(front.map_or(0, FrontPlan::n_parameters));
    if n_parameters > MOST_PARAMETERS {
        return Err(NetError::TooManyWeights { n_parameters, limit: MOST_PARAMETERS }.into());
    }
    // Forward, and backward twice as much.
    let per_row = 3.0 * (n_layers as f64 + front.map_or(0, FrontPlan::multiply_adds) as f64);
    let n_epochs = config.n_epochs;
    let multiply_adds = per_row * n_rows as f64 * n_epochs as f64;
    if multiply_adds > MOST_MULTIPLY_ADDS {
        let limit = MOST_MULTIPLY_ADDS;
        return Err(NetError::TooMuchTraining { n_parameters, n_rows, n_epochs, multiply_adds, limit }.into());
    }
    let batch_size = config.batch_size.min(n_rows);
    let limit = (MOST_PER_BATCH / per_row) as usize;
    if batch_size > limit.max(1) {
        return Err(NetError::BatchTooLarge { batch_size, n_parameters, limit: limit.max(1) }.into());
    }
    Ok(())
}
