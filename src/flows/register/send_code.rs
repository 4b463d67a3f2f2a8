//! Step 1: for a solved captcha and a phone, creates a flow and a ticket, and sends a message.

use crate::domain::consent::LegalDocument;
use crate::domain::flow::Purpose;
use crate::flows::otp::{self, CodeSent, SendCode};
use crate::flows::{Error, Service, consent};

/// Checks the consent first: a client that must ask the user for it can use the same captcha afterwards.
pub async fn send_code(service: &Service, request: SendCode, accepted: &[LegalDocument]) -> Result<CodeSent, Error> {
    let consent = consent::of_client(service, accepted, request.client.address)?;
    otp::send_to_new_number(service, Purpose::Register, request, consent).await
}
