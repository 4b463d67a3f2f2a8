//! Rate limits: the catalogue, its counters, and the limits that a request has reached.
//!
//! A limit is counted in staging, so that all replicas share it. A request names the limits that it counts on; the
//! store counts on all of them. If a limit is reached, it counts on none and returns every limit that is reached.

mod catalogue;
mod counter;
mod entry;
mod in_force;
mod ip_blocks;
mod quota;
mod reached;
#[cfg(test)]
mod tests;

pub use catalogue::{Entry, Limit};
pub use counter::{Counter, Rule};
pub use entry::{Denial, Refund, Scope};
pub use in_force::Limits;
pub use quota::Quota;
pub use reached::Reached;
