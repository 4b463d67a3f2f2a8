//! Handlers of `send-code` and `resend-code` that the flows for an existing account share.

use super::bodies::{CodeSent, FlowTicket, SendCode};
use super::checks::field;
use super::client::ClientContext;
use super::error::Problem;
use super::response::json;
use crate::domain::flow::Purpose;
use crate::domain::ticket::Ticket;
use crate::flows::{Service, otp};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

/// Sends a code if the number has an account. The response is the same without an account.
pub(super) async fn send_to_account(
    service: web::Data<Service>,
    client: ClientContext,
    body: &SendCode,
    purpose: Purpose,
) -> Result<HttpResponse, Problem> {
    let request = body.of_account(client, &service)?;
    Ok(sent(otp::send_to_account(&service, purpose, request).await?))
}

/// Sends the code again if the number has an account. The response is the same without an account.
pub(super) async fn resend_to_account(
    service: web::Data<Service>,
    client: ClientContext,
    body: &FlowTicket,
    purpose: Purpose,
) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.ticket))?;
    Ok(sent(otp::resend_to_account(&service, purpose, ticket, client.0).await?))
}

/// Returns the response to every `send-code` and `resend-code`.
pub(super) fn sent(code: otp::CodeSent) -> HttpResponse {
    json(StatusCode::OK, &CodeSent::from(code))
}
