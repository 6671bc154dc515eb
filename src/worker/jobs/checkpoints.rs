//! A fit is written down while it is under way, and goes on elsewhere when its worker or device is lost.
//!
//! ```text
//! digest of what is fitted    64 bytes
//! device                      u32, then so many bytes
//! milliseconds so far         f64
//! epochs                      u32, then of each: number, of, loss, loss on held-back rows (or NaN), milliseconds    f64s
//! the session's own           the rest
//! ```

use std::cell::Cell;

use vitrine_protocol::{Buffer, ProgressMsg};

use crate::Error;
use crate::error::Issues;
use crate::model::Fitted;
use crate::train::net::NetIssue;
use crate::train::{Epoch, Session};
use crate::worker::RequestError;
use crate::worker::context::Context;
use crate::worker::jobs::plan::Plan;
use crate::worker::jobs::watch::History;

/// A checkpoint is made at most this often …
const EVERY_MILLIS: f64 = 2000.0;
/// … and making them takes at most one part of the time in so many.
const SHARE: f64 = 20.0;

/// What is known of a fit besides its session.
pub(super) struct Checkpoints {
    is_asked: bool,
    digest: String,
    device: String,
    /// Where the fit goes on from.
    from: Option<Vec<u8>>,
    next: Cell<f64>,
}

impl Checkpoints {
    /// Of a fit that begins now, or goes on from such bytes.
    pub(super) fn new(context: &Context, plan: &Plan, is_asked: bool, from: Option<Vec<u8>>) -> Self {
        Self {
            is_asked,
            digest: plan.spec_sha256(),
            device: plan.device.device.name().to_owned(),
            from,
            next: Cell::new(if is_asked { context.now_millis() + EVERY_MILLIS } else { f64::INFINITY }),
        }
    }

    /// Lets a fit go on from where it was, if it was anywhere: fills its history, and gives back how long that took.
    ///
    /// **Errors** `request.malformed` when it is a checkpoint of another fit.
    pub(super) fn begin(
        &self,
        session: &mut dyn Session<dyn Fitted>,
        history: &mut History,
        issues: &mut Issues,
    ) -> Result<f64, Error> {
        let Some(from) = self.from.as_deref().filter(|_| cfg!(feature = "tensors")) else { return Ok(0.0) };
        let other = || RequestError::Malformed { detail: "the payload is no checkpoint of this fit".to_owned() };
        let (device, millis, epochs, own) = self.read(from).ok_or_else(other)?;
        let epoch = session.watched().and_then(|watched| watched.resume(own)).ok_or_else(other)?;
        *history = epochs;
        issues.push(NetIssue::Resumed { epoch, from: device, to: self.device.clone() });
        Ok(millis)
    }

    /// The next step is followed by a checkpoint, if any are made.
    pub(super) fn hurry(&self) {
        self.next.set(f64::NEG_INFINITY);
    }

    /// After a step: writes the fit down when it is time to.
    pub(super) async fn keep(
        &self,
        context: &Context,
        session: &mut dyn Session<dyn Fitted>,
        (history, millis): (&History, &dyn Fn() -> f64),
        progress: &ProgressMsg,
    ) -> Result<(), Error> {
        if !cfg!(feature = "tensors") || !self.is_asked {
            return Ok(());
        }
        let began = context.now_millis();
        if began < self.next.get() {
            return Ok(());
        }
        let Some(watched) = session.watched().filter(|watched| !watched.is_amid()) else { return Ok(()) };
        if let Some(own) = watched.checkpoint().await? {
            let bytes = self.written(history, millis(), &own);
            context.tell(progress.clone(), vec![("checkpoint", Buffer::U8(bytes))]);
        }
        let took = context.now_millis() - began;
        self.next.set(began + EVERY_MILLIS.max(took * SHARE));
        Ok(())
    }

    fn written(&self, history: &History, millis: f64, own: &[u8]) -> Vec<u8> {
        let mut bytes = self.digest.as_bytes().to_vec();
        bytes.extend((self.device.len() as u32).to_le_bytes());
        bytes.extend(self.device.as_bytes());
        bytes.extend(millis.to_le_bytes());
        bytes.extend((history.len() as u32).to_le_bytes());
        for (epoch, millis) in history {
            let valid_loss = epoch.valid_loss.unwrap_or(f64::NAN);
            let numbers = [epoch.number as f64, epoch.of as f64, epoch.train_loss, valid_loss, *millis];
            bytes.extend(numbers.into_iter().flat_map(f64::to_le_bytes));
        }
        bytes.extend(own);
        bytes
    }

    /// The device, the milliseconds, the epochs and what is the session's own; none of another fit.
    fn read<'a>(&self, bytes: &'a [u8]) -> Option<(String, f64, History, &'a [u8])> {
        let mut rest = bytes.strip_prefix(self.digest.as_bytes())?;
        let bytes = &mut rest;
        let len = count(bytes)?;
        let device = String::from_utf8(bytes.split_off(..len)?.to_vec()).ok()?;
        let millis = number(bytes)?;
        let n_epochs = count(bytes)?;
        let mut history = History::new();
        for _ in 0..n_epochs {
            let (epoch, of, train_loss) = (number(bytes)? as usize, number(bytes)? as usize, number(bytes)?);
            let valid_loss = Some(number(bytes)?).filter(|loss| loss.is_finite());
            history.push((Epoch { number: epoch, of, train_loss, valid_loss }, number(bytes)?));
        }
        Some((device, millis, history, rest))
    }
}

fn count(bytes: &mut &[u8]) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.split_off(..4)?.try_into().ok()?) as usize)
}

fn number(bytes: &mut &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.split_off(..8)?.try_into().ok()?))
}
