//! How a job is to go on, as the page says while it runs.

use std::cell::Cell;
use std::task::Poll;

use vitrine_protocol::ControlAction;

/// What was heard and not yet done. The loop writes it, the job reads it.
#[derive(Default)]
pub(super) struct Controls {
    is_paused: Cell<bool>,
    is_stopped: Cell<bool>,
    n_steps: Cell<usize>,
    epoch: Cell<Option<usize>>,
    /// Whether the job itself waits, having seen that it is paused.
    is_waiting: Cell<bool>,
}

impl Controls {
    pub(super) fn hear(&self, action: ControlAction) {
        match action {
            ControlAction::Pause => self.is_paused.set(true),
            ControlAction::Resume => {
                self.is_paused.set(false);
                self.n_steps.set(0);
            }
            ControlAction::Step => {
                self.is_paused.set(true);
                self.n_steps.set(self.n_steps.get() + 1);
            }
            ControlAction::Seek(epoch) => {
                self.is_paused.set(true);
                self.n_steps.set(0);
                self.epoch.set(Some(epoch));
            }
            ControlAction::Stop => self.is_stopped.set(true),
        }
        self.is_waiting.set(false);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.is_paused.get()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.get()
    }

    /// Whether the job waits to hear more; others go first meanwhile.
    pub(super) fn waits(&self) -> bool {
        self.is_waiting.get()
    }

    /// The epoch to go back to, once.
    pub(super) fn take_epoch(&self) -> Option<usize> {
        self.epoch.take()
    }

    /// Whether one batch is to be done, once.
    pub(super) fn take_step(&self) -> bool {
        let n_steps = self.n_steps.get();
        self.n_steps.set(n_steps.saturating_sub(1));
        n_steps > 0
    }

    /// Waits until more is heard. The loop polls the job again after each message, so nothing has to wake it.
    pub(super) async fn wait(&self) {
        self.is_waiting.set(true);
        std::future::poll_fn(|_| if self.is_waiting.get() { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}
