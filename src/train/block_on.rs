//! Drives a future to its end where there is no event loop: native tests, benches and examples.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Polls a future until it is ready, with a waker that does nothing.
///
/// For futures that are always soon ready, such as a [`Session`](super::Session)'s steps on the CPU. It spins, so a
/// browser worker must never call it: there, `await` instead.
///
/// ```
/// assert_eq!(vitrine::train::block_on(async { 1 + 1 }), 2);
/// ```
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_waits_is_polled_again() {
        let mut polls = 0;
        let answer = block_on(std::future::poll_fn(|context| {
            polls += 1;
            context.waker().wake_by_ref();
            if polls < 3 { Poll::Pending } else { Poll::Ready("done") }
        }));
        assert_eq!((answer, polls), ("done", 3));
    }
}
