//! State of one connection, shared by the socket and the middleware around its requests.

use super::drain::Drain;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Timeout of a request head, from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of a response that the client does not read. The largest response of an app, an audio captcha, has 175 kB:
/// 23 s in a network of 60 kbit/s (2G).
pub const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// State of a connection. All parts of a connection run on one thread.
pub struct Connection {
    /// Requests between the head and the response.
    active: Cell<usize>,
    /// Time since when no request is active.
    quiet_since: Cell<Instant>,
    /// Time of the first byte since then.
    head_since: Cell<Option<Instant>>,
    /// Time since when the socket accepts no further byte of a response.
    blocked_since: Cell<Option<Instant>>,
    /// Request that waits until the socket accepts bytes again.
    waiting: RefCell<Option<Waker>>,
    /// Timeout of a connection without a request.
    idle_timeout: Duration,
    drain: Drain,
}

/// Request in progress; its drop ends it.
pub struct ActiveRequest(Rc<Connection>);

impl Connection {
    pub(super) fn new(idle_timeout: Duration, drain: Drain) -> Self {
        Self {
            active: Cell::new(0),
            quiet_since: Cell::new(Instant::now()),
            head_since: Cell::default(),
            blocked_since: Cell::default(),
            waiting: RefCell::default(),
            idle_timeout,
            drain,
        }
    }

    /// Marks the beginning of a request: its head is complete.
    pub fn begin(self: &Rc<Self>) -> ActiveRequest {
        self.active.set(self.active.get() + 1);
        self.head_since.set(None);
        ActiveRequest(Rc::clone(self))
    }

    /// Waits until the client has read enough of the earlier responses. A pipelined request must not add its response
    /// to those that the client does not read.
    pub fn writable(&self) -> impl Future<Output = ()> {
        poll_fn(|context| {
            if self.blocked_since.get().is_none() {
                return Poll::Ready(());
            }
            self.waiting.replace(Some(context.waker().clone()));
            Poll::Pending
        })
    }

    /// Tells whether the server drains, so that the response in progress must be the last one.
    pub fn is_draining(&self) -> bool {
        self.drain.is_draining()
    }

    /// Tells whether the connection has neither a request nor a part of one.
    pub(super) fn is_idle(&self) -> bool {
        self.active.get() == 0 && self.head_since.get().is_none()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked_since.get().is_some()
    }

    /// Notes whether the socket has accepted bytes. Returns whether it accepts them again.
    pub(super) fn set_blocked(&self, blocked: bool) -> bool {
        if blocked {
            self.blocked_since.set(self.blocked_since.get().or_else(|| Some(Instant::now())));
            return false;
        }
        let unblocked = self.blocked_since.take().is_some();
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
        unblocked
    }

    /// Notes that bytes have arrived: without an active request, they begin a head.
    pub(super) fn received(&self) {
        if self.active.get() == 0 && self.head_since.get().is_none() {
            self.head_since.set(Some(Instant::now()));
        }
    }

    /// Returns the time at which the connection must be closed, unless something happens before.
    pub(super) fn deadline(&self) -> Instant {
        let (blocked, head) = (self.blocked_since.get(), self.head_since.get());
        match (blocked, head) {
            (Some(blocked), _) => blocked + SEND_TIMEOUT,
            (None, Some(head)) => head + HEAD_TIMEOUT,
            // A handler and a body have their own timeouts.
            (None, None) if self.active.get() > 0 => Instant::now() + self.idle_timeout,
            (None, None) => self.quiet_since.get() + self.idle_timeout,
        }
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get() - 1);
        self.0.quiet_since.set(Instant::now());
    }
}
