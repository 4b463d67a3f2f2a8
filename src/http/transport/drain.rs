//! Phases of a shutdown, for all connections of the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Handle on the phase: serving, draining or closing.
#[derive(Clone, Default)]
pub struct Drain {
    // A flag costs a request less than the lock of a token.
    draining: Arc<AtomicBool>,
    closing: Arc<AtomicBool>,
    closing_began: CancellationToken,
}

/// Beginning of the closing, which wakes the task of a connection.
pub(super) struct Closing {
    drain: Drain,
    began: Pin<Box<WaitForCancellationFutureOwned>>,
    waker: Option<Waker>,
}

impl Drain {
    /// Closes each connection after its next response from now on. The proxy opens another one for its next request.
    pub fn start(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Closes the connections without a request in progress from now on.
    pub fn close_idle(&self) {
        self.start();
        self.closing.store(true, Ordering::Release);
        self.closing_began.cancel();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    pub(super) fn closing(&self) -> Closing {
        let began = Box::pin(self.closing_began.clone().cancelled_owned());
        Closing { drain: self.clone(), began, waker: None }
    }
}

impl Closing {
    /// Returns whether the closing has begun. If not, its beginning wakes the task. The list of tasks has a lock, which
    /// only the first call of a task takes.
    pub(super) fn has_begun(&mut self, context: &mut Context<'_>) -> bool {
        if self.waker.as_ref().is_none_or(|waker| !waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            return self.began.as_mut().poll(context).is_ready();
        }
        self.drain.closing.load(Ordering::Acquire)
    }
}
