//! Step 1: a solved captcha and a phone become a flow, a ticket and a message.

use crate::domain::flow::Purpose;
use crate::flows::otp::{self, CodeSent, SendCode};
use crate::flows::{Error, Service};
use std::sync::Arc;

pub async fn send_code(service: &Arc<Service>, request: SendCode) -> Result<CodeSent, Error> {
    otp::send_to_newcomer(service, Purpose::Register, request).await
}
