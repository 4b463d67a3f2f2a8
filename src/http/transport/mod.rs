//! Connections below HTTP: how many there are, how long a request head may take, and how much an unread response holds.
//!
//! The HTTP library limits the time of the first head on a connection only. This layer limits every head, closes a
//! connection whose client does not read its response, and starts no request behind an unread response.

mod cap;
mod connection;
mod drain;
mod guarded;

pub use cap::{Connections, Place};
pub use connection::Connection;
pub use drain::Drain;
pub use guarded::Guarded;
