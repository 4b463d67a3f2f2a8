//! Ownership of accounts: asking the rule, claiming an account, starting anew, reclaiming, and pending acts.

mod ask;
mod claim;
pub mod pending;
pub mod reclaim;
mod start_anew;
mod sweep;

pub(super) use ask::{Admitted, Question, ask, detach, state_of};
pub use claim::{Claim, Evidence, claim};
pub use start_anew::start_anew;
