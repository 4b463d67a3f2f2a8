//! `POST /v1/account-deletion/…`: for who has the phone, and no longer the app. (App stores ask for such a way.)

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

/// Send a code to a number whose account is to be deleted.
///
/// A number without an account gets the same answer, and no message.
#[utoipa::path(
    post, path = "/v1/account-deletion/send-code", operation_id = "accountDeletion.sendCode", tag = "accountDeletion",
    request_body = SendCode, responses((status = 200, description = "A code is on its way", body = CodeSent))
)]
pub(super) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SendCode>,
) -> Result<HttpResponse, Problem> {
    otp::send_to_account(service, client, &body.0, Purpose::DeleteAccount).await
}

/// Send the same code again.
#[utoipa::path(
    post, path = "/v1/account-deletion/resend-code", operation_id = "accountDeletion.resendCode",
    tag = "accountDeletion", request_body = FlowTicket,
    responses((status = 200, description = "The code is on its way again", body = CodeSent))
)]
pub(super) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    otp::resend_to_account(service, client, &body.0, Purpose::DeleteAccount).await
}

/// Delete the account.
///
/// The code is the consent: everything that the service knows of the account is gone, every session ends, and the number may
/// sign up anew.
#[utoipa::path(
    post, path = "/v1/account-deletion/verify-code", operation_id = "accountDeletion.verifyCode",
    tag = "accountDeletion", request_body = VerifyCode, responses((status = 204, description = "The account is gone"))
)]
pub(super) async fn verify_code(service: web::Data<Service>, body: Json<VerifyCode>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    deletion::with_code_alone(&service.into_inner(), ticket, code).await?;
    Ok(HttpResponse::NoContent().finish())
}
