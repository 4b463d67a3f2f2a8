//! One-time codes (OTP) by SMS, shared by every flow that has one: send, resend, status, verify, redeem.

mod delivery;
mod expected;
mod resend;
mod send;
mod sent;
mod status;
mod verify;

pub(super) use resend::resend;
pub use resend::{resend_to_account, resend_to_new_number};
pub(super) use send::{Recipient, send, send_to_free_phone};
pub use send::{SendCode, send_to_account, send_to_new_number};
pub use sent::CodeSent;
pub use status::status;
pub use verify::StepDone;
pub(super) use verify::{accept, delete_flow, question_account, redeem, verify};
