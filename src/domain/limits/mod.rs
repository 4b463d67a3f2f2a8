//! Rate limits: the catalogue, and the counters and answers that follow from it.
//!
//! A limit is counted in staging, so that all replicas share it. A request names the limits that it counts on; the
//! store counts on all of them or on none, and names the limits that are reached.

mod catalogue;
mod contradictions;
mod counter;
mod entry;
mod in_force;
mod quota;
mod reached;
mod share;

pub use catalogue::{Entry, Limit};
pub use counter::{Counter, Rule};
pub use entry::{Denial, Refund, Scope};
pub use in_force::Limits;
pub use quota::Quota;
pub use reached::Reached;
pub use share::ReservedShare;
