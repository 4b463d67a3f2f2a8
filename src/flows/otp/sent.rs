//! Result of every request for a code.

use crate::domain::flow::Step;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use std::time::Duration;

/// Flow that waits for its code.
#[derive(Debug)]
pub struct CodeSent {
    pub ticket: Ticket,
    pub phone: Phone,
    pub expires_in: Duration,
    pub resend_in: Duration,
    pub attempts_left: u32,
}

impl CodeSent {
    /// Step of such a flow.
    pub const STEP: Step = Step::FIRST;
}
