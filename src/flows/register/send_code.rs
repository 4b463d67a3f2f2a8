//! Step 1: for a solved captcha and a phone, creates a flow and a ticket, and sends a message.

use crate::domain::flow::Purpose;
use crate::flows::otp::{self, CodeSent, SendCode};
use crate::flows::{Error, Service};

pub async fn send_code(service: &Service, request: SendCode) -> Result<CodeSent, Error> {
    otp::send_to_new_number(service, Purpose::Register, request).await
}
