//! Wrappers around two functions of libpq.

use super::{LAST_STATE, OPENING, SqlState};
use pq_sys::{PGconn, PGresult, PQsocket};
use std::ffi::{CStr, c_char, c_int};
use std::net::TcpStream;
use std::os::fd::BorrowedFd;

/// Code of the field with the SQLSTATE: `PG_DIAG_SQLSTATE` in `postgres_ext.h`.
const SQLSTATE: c_int = b'C' as c_int;

#[expect(unsafe_code, reason = "declares functions of libpq under the names that the linker gives them")]
unsafe extern "C" {
    /// `PQresultErrorField` of libpq.
    fn __real_PQresultErrorField(result: *const PGresult, field: c_int) -> *mut c_char;
    /// `PQconnectdb` of libpq.
    fn __real_PQconnectdb(settings: *const c_char) -> *mut PGconn;
}

/// Replaces `PQresultErrorField`. Keeps the SQLSTATE, which diesel reads from the result of every error.
///
/// # Safety
/// `result` is null or a result that is not cleared: the rule of libpq.
#[expect(unsafe_code, reason = "a function of the C interface of libpq")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_PQresultErrorField(result: *const PGresult, field: c_int) -> *mut c_char {
    // SAFETY: the arguments are those of the caller.
    let text = unsafe { __real_PQresultErrorField(result, field) };
    if field == SQLSTATE {
        let state = if text.is_null() {
            None
        } else {
            // SAFETY: a text of libpq ends with zero and lives as long as the result.
            SqlState::parse(unsafe { CStr::from_ptr(text) }.to_bytes())
        };
        // Fails only while the thread ends.
        let _ = LAST_STATE.try_with(|last| last.set(state));
    }
    text
}

/// Replaces `PQconnectdb`. Keeps a duplicate of the socket for [`super::Socket::opened_by`].
///
/// # Safety
/// `settings` is a text that ends with zero: the rule of libpq.
#[expect(unsafe_code, reason = "a function of the C interface of libpq")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __wrap_PQconnectdb(settings: *const c_char) -> *mut PGconn {
    // SAFETY: the argument is that of the caller.
    let connection = unsafe { __real_PQconnectdb(settings) };
    // SAFETY: `PQsocket` accepts null, and a connection that failed. It returns a negative number for both.
    let descriptor = unsafe { PQsocket(connection) };
    if descriptor >= 0 {
        // SAFETY: libpq has just opened the descriptor, and no other thread knows the connection yet.
        let socket = unsafe { BorrowedFd::borrow_raw(descriptor) };
        let _ = OPENING.try_with(|opening| {
            if let (Some(opening), Ok(copy)) = (opening.borrow().as_ref(), socket.try_clone_to_owned()) {
                opening.keep(TcpStream::from(copy));
            }
        });
    }
    connection
}
