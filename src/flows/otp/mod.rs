//! One-time codes, shared by every flow that has one: send, resend, check, redeem.

mod check;
mod delivery;
mod expected;
mod resend;
mod send;

pub(super) use check::{check, end, redeem};
pub(super) use expected::used;
pub(super) use resend::resend;
pub use resend::{resend_to_account, resend_to_newcomer};
pub(super) use send::{Recipient, send, send_to_free_phone};
pub use send::{SendCode, send_to_account, send_to_newcomer};

use super::Error;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::ports::SendDenial;
use std::time::Duration;

/// What the client learns when a code is on its way.
#[derive(Debug)]
pub struct CodeSent {
    pub ticket: Ticket,
    pub phone: Phone,
    pub expires_in: Duration,
    pub resend_in: Duration,
    pub attempts_left: u32,
}

impl From<SendDenial> for Error {
    fn from(error: SendDenial) -> Self {
        match error {
            SendDenial::Cooldown { retry_after } => Self::ResendCooldown { retry_after },
            SendDenial::LimitReached { retry_after } => Self::PhoneLimitReached { retry_after },
        }
    }
}
