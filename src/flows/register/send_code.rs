//! Step 1: a solved captcha and a phone become a flow, a ticket and a message.

use crate::domain::flow::Purpose;
use crate::flows::code::{self, CodeSent, SendCode};
use crate::flows::{Refusal, Service};
use std::sync::Arc;

pub async fn send_code(service: &Arc<Service>, request: SendCode) -> Result<CodeSent, Refusal> {
    code::send_to_newcomer(service, Purpose::Register, request).await
}
