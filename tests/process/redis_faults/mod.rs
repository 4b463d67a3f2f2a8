//! Faults of Redis under the load of the real program: failovers, resharding, and every error that a server can have.
//! No response is 500, nothing is spent twice, and all requests succeed within ten seconds after the fault.

mod errors;
mod failover;
mod load;
mod permissions;
mod resharding;

pub use load::Server;
