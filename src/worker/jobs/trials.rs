//! What a net is tried with before it is trained: learning rates, and how long a step takes here.
//!
//! The range test of rates (Smith 2017, <https://arxiv.org/abs/1506.01186>): the net learns from one batch after the other,
//! each at a higher rate, and its loss says from which rate on it learns and where it goes astray.

use vitrine_protocol::{Event, OpTimeMsg, ProfileMsg, RatesMsg, TrainMsg};

use crate::Error;
use crate::model::{BoxedSession, ModelError, by_code};
use crate::preprocess::{Prepared, read_weights};
use crate::random::Seed;
use crate::train::{FitInput, Op};
use crate::worker::context::Context;
use crate::worker::jobs::plan::{ChosenDevice, Plan, labels_of};
use crate::worker::jobs::prepare::fit_recipe;
use crate::worker::{Reply, wire};

/// Where it begins and ends.
const SPAN: [f64; 2] = [1e-6, 10.0];
/// Batches, each at its own rate.
const N_RATES: usize = 120;
/// How much of the smoothed loss is that of the batches before.
const KEPT: f64 = 0.9;
/// It has gone astray when the smoothed loss is this many times its least.
const ASTRAY: f64 = 4.0;
/// The least loss must be this share below the first to speak of learning.
const LEARNED: f64 = 0.02;
/// Steps are timed for so long.
const TIMED_MILLIS: f64 = 300.0;
/// Where the timing of operations begins in the progress.
const HALF: f64 = 0.5;
/// A round of one operation lasts at least so long …
const ROUND_MILLIS: f64 = 10.0;
/// … or is of so many: a GPU's queue must not grow without end.
const MOST_TIMES: usize = 256;
/// Rounds of each operation.
const N_ROUNDS: usize = 3;
/// The part of the progress in which the recipe is learned.
const PREPARED: f64 = 0.2;

pub(super) async fn test_rates(context: Context, request: TrainMsg) -> Result<Reply, Error> {
    let (mut session, no_rate, _) = begin(&context, request).await?;
    let watched = session.watched().ok_or(no_rate)?;
    let mut tested = Tested::default();
    for idx in 0..N_RATES {
        let share = idx as f64 / (N_RATES - 1) as f64;
        let rate = SPAN[0] * libm::pow(SPAN[1] / SPAN[0], share);
        let loss = loop {
            let loss = watched.batch_at(rate).await?;
            context.tick("fitting", PREPARED + (1.0 - PREPARED) * share).await;
            if let Some(loss) = loss {
                break loss;
            }
        };
        if !tested.hear(rate, loss) {
            break;
        }
    }
    Ok(Event::RatesTested(tested.answer()).into())
}

/// How long a batch takes on this worker's device, of a fit that is begun and thrown away.
pub(super) async fn time_steps(context: Context, request: TrainMsg) -> Result<Reply, Error> {
    let (mut session, no_rate, _) = begin(&context, request).await?;
    let step_ms = step_millis(&context, &mut session, (PREPARED, 1.0)).await?;
    let n_steps = session.watched().ok_or(no_rate)?.n_batches()[1];
    Ok(Event::StepsTimed { step_ms, n_steps }.into())
}

/// Milliseconds of a batch; none where the first step was the only one.
async fn step_millis(
    context: &Context,
    session: &mut BoxedSession,
    (from, to): (f64, f64),
) -> Result<Option<f64>, Error> {
    let mut since = None;
    loop {
        let step = session.step().await?;
        if step.fraction < 1.0 && session.watched().is_some_and(|watched| watched.is_amid()) {
            context.breathe(context.now_millis()).await;
            continue;
        }
        let n_done = session.watched().map_or(0, |watched| watched.n_batches()[0]);
        // The first step compiles shaders and fills pools; what comes after it counts.
        let (first, started) = *since.get_or_insert((n_done, context.now_millis()));
        let (n_batches, took) = (n_done - first, context.now_millis() - started);
        if step.fraction >= 1.0 || (n_batches > 0 && took >= TIMED_MILLIS) {
            return Ok((n_batches > 0).then(|| took / n_batches as f64));
        }
        context.tick("fitting", from + (to - from) * (took / TIMED_MILLIS).min(1.0)).await;
    }
}

/// Where a batch's time goes: how long it takes, and each of its operations by itself.
pub(super) async fn profile_steps(context: Context, request: TrainMsg) -> Result<Reply, Error> {
    let (mut session, no_rate, device) = begin(&context, request).await?;
    let step_ms = step_millis(&context, &mut session, (PREPARED, HALF)).await?;
    let all = session.watched().ok_or(no_rate)?.ops();
    let n_ops = all.len();
    let mut ops = Vec::with_capacity(n_ops);
    for (idx, op) in all.into_iter().enumerate() {
        context.tick("fitting", HALF + (1.0 - HALF) * idx as f64 / n_ops as f64).await;
        let ms = op_millis(&context, &op).await?;
        let Op { name, layer, shapes, multiply_adds, n_bytes, .. } = op;
        ops.push(OpTimeMsg { op: name.to_owned(), layer, shapes, multiply_adds, n_bytes, ms });
    }
    let device = wire::device_msg(&device.device, device.fallback_reason);
    Ok(Event::StepsProfiled(ProfileMsg { device, step_ms, ops }).into())
}

/// Milliseconds of an operation: the median of some rounds of so many that one is long enough for the clock. What waiting
/// alone takes is taken off.
async fn op_millis(context: &Context, op: &Op) -> Result<f64, Error> {
    let round = async |n_times: usize| {
        let started = context.now_millis();
        (op.repeat)(n_times).await?;
        Ok::<f64, Error>(context.now_millis() - started)
    };
    let mut n_times = 1;
    while n_times < MOST_TIMES && round(n_times).await? < ROUND_MILLIS {
        n_times *= 2;
    }
    let mut each = Vec::with_capacity(N_ROUNDS);
    for _ in 0..N_ROUNDS {
        let waiting = round(0).await?;
        each.push((round(n_times).await? - waiting).max(0.0) / n_times as f64);
        context.tick("fitting", HALF).await;
    }
    each.sort_by(f64::total_cmp);
    Ok(each[N_ROUNDS / 2])
}

/// A fit of a net, begun; the error that says that there is none; and the device.
async fn begin(context: &Context, request: TrainMsg) -> Result<(BoxedSession, Error, ChosenDevice), Error> {
    let plan = Plan::check(context, request)?;
    let no_rate = Error::from(ModelError::NoLearningRate { kind: plan.kind.kind.to_owned() });
    if !plan.kind.is_watchable() {
        return Err(no_rate);
    }
    let (table, rows) = (plan.entry.table.clone(), plan.parts.train.rows.clone());
    let known = (rows, Some(plan.parts.train.clone()));
    let prepared =
        fit_recipe(context, table, known, &plan.features, plan.steps.clone(), false, (0.0, PREPARED)).await?;
    let Prepared { recipe, matrix, rows, mut issues } = prepared;
    let x = match plan.kind.takes_categories(&plan.params) {
        true => matrix.with_categorical(recipe.categorical_features(&mut issues)),
        false => matrix,
    };
    let weight_column = plan.sample_weight.as_deref().map(|name| plan.entry.table.column(name)).transpose()?;
    let sample_weight = weight_column.map(|column| read_weights(column, &rows)).transpose()?;
    let input = FitInput {
        x,
        y: labels_of(&plan.parts.train, &rows),
        sample_weight,
        valid: None,
        seed: Seed(plan.seed),
        device: plan.device.device.clone(),
    };
    let classes: Vec<&str> = plan.parts.train.classes.iter().map(String::as_str).collect();
    let session = (plan.kind.start)(&by_code(&plan.params, &classes), input)?;
    Ok((session, no_rate, plan.device))
}

/// The losses so far.
#[derive(Default)]
struct Tested {
    rates: Vec<f64>,
    losses: Vec<f64>,
    smoothed: Vec<f64>,
    mean: f64,
}

impl Tested {
    /// Takes note of a batch; whether to go on.
    fn hear(&mut self, rate: f64, loss: f64) -> bool {
        if !loss.is_finite() {
            return false;
        }
        self.mean = KEPT * self.mean + (1.0 - KEPT) * loss;
        self.rates.push(rate);
        self.losses.push(loss);
        // A mean that starts at 0 is made up for.
        self.smoothed.push(self.mean / (1.0 - libm::pow(KEPT, self.rates.len() as f64)));
        let least = self.smoothed.iter().copied().fold(f64::INFINITY, f64::min);
        self.smoothed.last().is_some_and(|now| *now <= ASTRAY * least.max(f64::MIN_POSITIVE))
    }

    /// The rate at which the smoothed loss has come half of its way down, and at most a tenth of the one at which it is
    /// least, which is about to go astray; none where it hardly falls.
    fn suggested(&self) -> Option<f64> {
        let lowest = (0..self.smoothed.len()).min_by(|a, b| self.smoothed[*a].total_cmp(&self.smoothed[*b]))?;
        let (first, least) = (self.smoothed[0], self.smoothed[lowest]);
        if least > first * (1.0 - LEARNED) {
            return None;
        }
        let halfway = self.smoothed.iter().position(|loss| *loss <= (first + least) / 2.0)?;
        Some(two_digits(self.rates[halfway].min(self.rates[lowest] / 10.0)))
    }

    fn answer(self) -> RatesMsg {
        let suggested = self.suggested();
        RatesMsg { rates: self.rates, losses: self.losses, smoothed: self.smoothed, suggested }
    }
}

/// Rounded to two digits, which is as precise as a suggestion can be.
fn two_digits(rate: f64) -> f64 {
    let shift = libm::pow(10.0, 1.0 - libm::floor(libm::log10(rate)));
    (rate * shift).round() / shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(loss: impl Fn(f64) -> f64) -> Tested {
        let mut tested = Tested::default();
        for idx in 0..N_RATES {
            let rate = 1e-6 * 10f64.powf(7.0 * idx as f64 / (N_RATES - 1) as f64);
            if !tested.hear(rate, loss(rate.log10())) {
                break;
            }
        }
        tested
    }

    #[test]
    fn a_rate_well_before_it_goes_astray_is_suggested() {
        // Falls around 1e-3, rises from 0.1 on.
        let tested = tested(|log| 1.0 - 0.8 / (1.0 + (-4.0 * (log + 3.0)).exp()) + (log * 8.0).exp());
        let suggested = tested.suggested().expect("it learns");
        assert!((1e-3..0.1).contains(&suggested), "smoothing lags a little: {suggested}");
        assert!(tested.rates.len() < N_RATES, "it ends when it has gone astray");
    }

    #[test]
    fn a_suggestion_has_two_digits() {
        assert_eq!([0.034_567, 0.3, 1.0, 6.666e-5].map(two_digits), [0.035, 0.3, 1.0, 6.7e-5]);
    }

    #[test]
    fn where_nothing_is_learned_nothing_is_suggested() {
        assert_eq!(tested(|_| 1.0).suggested(), None);
        assert_eq!(Tested::default().suggested(), None);
        assert_eq!(tested(|log| if log > -2.0 { f64::NAN } else { 1.0 }).suggested(), None);
    }
}
