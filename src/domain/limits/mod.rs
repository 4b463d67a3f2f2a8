//! Rate limits: the catalogue, its counters, and the limits that a request has reached.
//!
//! A limit is counted in staging, so that all replicas share it. A request names the limits that it counts on; the
//! store counts on all of them. If a limit is reached, it counts on none and returns every limit that is reached.

mod catalogue;
mod contradictions;
mod cooldowns;
mod counter;
mod entry;
mod in_force;
mod ip_blocks;
mod limit;
mod quota;
mod reached;
mod share;
#[cfg(test)]
mod tests;

pub use cooldowns::Cooldowns;
pub use counter::{Counter, Rule};
pub use entry::{Denial, Entry, Refund, Scope};
pub use in_force::Limits;
pub use limit::Limit;
pub use quota::Quota;
pub use reached::Reached;
pub use share::ReservedShare;
