//! `POST /v1/account-deletion/…`: deletion with the phone but without the app, as app stores require.

use super::bodies::{CodeSent, FlowTicket, SendCode, VerifyCode};
use super::checks::field;
use super::client::ClientContext;
use super::error::Problem;
use super::extract::Json;
use super::otp;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::ticket::Ticket;
use crate::flows::Service;
use crate::flows::account::deletion;
use actix_web::{HttpResponse, web};

/// Send an account deletion code.
///
/// A number without an account gets the same response, but no message. The captcha allows one attempt, right or wrong.
#[utoipa::path(
    post, path = "/v1/account-deletion/send-code", operation_id = "accountDeletion.sendCode", tag = "accountDeletion",
    request_body = SendCode, responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SendCode>,
) -> Result<HttpResponse, Problem> {
    otp::send_to_account(service, client, &body.0, Purpose::DeleteAccount).await
}

/// Send the code again.
///
/// Sends the same code again. This does not extend the lifetime of the code and adds no attempts.
#[utoipa::path(
    post, path = "/v1/account-deletion/resend-code", operation_id = "accountDeletion.resendCode",
    tag = "accountDeletion", request_body = FlowTicket,
    responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    otp::resend_to_account(service, client, &body.0, Purpose::DeleteAccount).await
}

/// Verify the code and delete the account.
///
/// The code is the consent. Deletes all data of the account in this service and ends all sessions. The number can sign
/// up again. A wrong code (`code_wrong`) uses one of the attempts, five by default. After a `503` the client can submit
/// the same code again.
#[utoipa::path(
    post, path = "/v1/account-deletion/verify-code", operation_id = "accountDeletion.verifyCode",
    tag = "accountDeletion", request_body = VerifyCode, responses((status = 204, description = "Account deleted"))
)]
pub(super) async fn verify_code(service: web::Data<Service>, body: Json<VerifyCode>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    deletion::with_code_alone(&service, ticket, code).await?;
    Ok(HttpResponse::NoContent().finish())
}
