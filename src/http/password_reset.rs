//! `POST /v1/password-reset/…`: a forgotten password.

use super::bodies::{CodeSent, FlowTicket, SendCode, SetPassword, StepDone, VerifyCode};
use super::checks::field;
use super::client::ClientContext;
use super::error::{Code, Problem};
use super::extract::Json;
use super::otp;
use super::response::{json, seconds};
use super::schemas::NextStep;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::ticket::Ticket;
use crate::flows::{Service, password_reset};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

pub(super) const SET_PASSWORD: &[Code] =
    &[Code::PasswordTooWeak, Code::TicketExpired, Code::WrongStep, Code::TooManyRequests, Code::Overloaded];

/// Send a code to a number whose password is forgotten.
///
/// A number without an account gets the same answer, and no message.
#[utoipa::path(
    post, path = "/v1/password-reset/send-code", operation_id = "passwordReset.sendCode", tag = "passwordReset",
    request_body = SendCode, responses((status = 200, description = "A code is on its way", body = CodeSent))
)]
pub(super) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SendCode>,
) -> Result<HttpResponse, Problem> {
    otp::send_to_account(service, client, &body.0, Purpose::ResetPassword).await
}

/// Send the same code again.
#[utoipa::path(
    post, path = "/v1/password-reset/resend-code", operation_id = "passwordReset.resendCode", tag = "passwordReset",
    request_body = FlowTicket, responses((status = 200, description = "The code is on its way again", body = CodeSent))
)]
pub(super) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    otp::resend_to_account(service, client, &body.0, Purpose::ResetPassword).await
}

/// Prove the phone.
#[utoipa::path(
    post, path = "/v1/password-reset/verify-code", operation_id = "passwordReset.verifyCode", tag = "passwordReset",
    request_body = VerifyCode, responses((status = 200, description = "The phone is verified", body = StepDone))
)]
pub(super) async fn verify_code(service: web::Data<Service>, body: Json<VerifyCode>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    let life = password_reset::verify_code(&service, &ticket, &code).await?;
    Ok(json(StatusCode::OK, &StepDone { step: NextStep::SetPassword, expires_in: seconds(life) }))
}

/// Choose a new password.
///
/// Every session of the account ends, and nobody is signed in: sign in with the new password.
#[utoipa::path(
    post, path = "/v1/password-reset/set-password", operation_id = "passwordReset.setPassword", tag = "passwordReset",
    request_body = SetPassword, responses((status = 204, description = "The password is set"))
)]
pub(super) async fn set_password(
    service: web::Data<Service>,
    body: Json<SetPassword>,
) -> Result<HttpResponse, Problem> {
    let (ticket, password) = body.0.parse()?;
    password_reset::set_password(&service.into_inner(), ticket, password).await?;
    Ok(HttpResponse::NoContent().finish())
}
