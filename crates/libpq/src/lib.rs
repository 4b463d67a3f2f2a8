//! SQLSTATE of an error and socket of a connection, which diesel does not return from libpq.
//!
//! On Linux the linker redirects two calls of diesel to this crate (`--wrap`, in the build script of doorstep). Each
//! wrapper calls the function of libpq, reads its result, and returns it unchanged. The wrappers depend on the C
//! interface of libpq, and on no private type of diesel.
//!
//! Where nothing redirects the calls, nothing is known: on another system, or with a later version of diesel that calls
//! other functions.

#[cfg(target_os = "linux")]
mod wrap;

use std::cell::{Cell, RefCell};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

thread_local! {
    static LAST_STATE: Cell<Option<SqlState>> = const { Cell::new(None) };
    static OPENING: RefCell<Option<Socket>> = const { RefCell::new(None) };
}

/// Condition of PostgreSQL (appendix A of its manual): five digits and capital letters, of which the first two are the
/// class.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SqlState([u8; 5]);

impl SqlState {
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let state: [u8; 5] = text.try_into().ok()?;
        state.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()).then_some(Self(state))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        // `parse` accepts ASCII only.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Returns the state of the last error on this thread, and forgets it; `None` for an error without one, such as a
    /// broken connection.
    #[must_use]
    pub fn take_last() -> Option<Self> {
        LAST_STATE.take()
    }
}

/// Handle on the socket of a connection, which another thread may use while libpq waits.
#[derive(Clone, Default)]
pub struct Socket(Arc<Mutex<Option<TcpStream>>>);

impl Socket {
    /// Runs `connect`, and keeps the socket of the connection that it opens on this thread.
    pub fn opened_by<T>(&self, connect: impl FnOnce() -> T) -> T {
        OPENING.set(Some(self.clone()));
        let result = connect();
        OPENING.set(None);
        result
    }

    /// Ends both directions of the socket: a call of libpq that waits for the server fails at once. Does nothing if the
    /// socket is not known.
    ///
    /// The handle is a duplicate of the descriptor, so it never means a later connection.
    pub fn shut_down(&self) {
        if let Some(socket) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            // A socket that is closed already needs nothing.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    #[cfg(target_os = "linux")]
    fn keep(&self, socket: TcpStream) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
    }
}
