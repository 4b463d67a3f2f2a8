//! `POST /v1/password-reset/…`: password reset with a code.

use super::bodies::{CodeSent, FlowTicket, SendCode, SetPassword, StepDone, VerifyCode};
use super::checks::field;
use super::client::ClientContext;
use super::error::{Code, Problem};
use super::extract::Json;
use super::otp;
use super::response::json;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::ticket::Ticket;
use crate::flows::{Service, password_reset};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

pub(super) const SET_PASSWORD: &[Code] =
    &[Code::PasswordTooWeak, Code::TicketExpired, Code::WrongStep, Code::TooManyRequests, Code::Overloaded];

/// Send a password reset code.
///
/// A number without an account gets the same response, but no message. The captcha allows one attempt, right or wrong.
#[utoipa::path(
    post, path = "/v1/password-reset/send-code", operation_id = "passwordReset.sendCode", tag = "passwordReset",
    request_body = SendCode, responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SendCode>,
) -> Result<HttpResponse, Problem> {
    otp::send_to_account(service, client, &body.0, Purpose::ResetPassword).await
}

/// Send the code again.
///
/// Sends the same code again. This does not extend the lifetime of the code and adds no attempts.
#[utoipa::path(
    post, path = "/v1/password-reset/resend-code", operation_id = "passwordReset.resendCode", tag = "passwordReset",
    request_body = FlowTicket, responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    otp::resend_to_account(service, client, &body.0, Purpose::ResetPassword).await
}

/// Verify the code.
///
/// A wrong code (`code_wrong`) uses one of the attempts, five by default; the last wrong code ends the flow
/// (`code_exhausted`).
#[utoipa::path(
    post, path = "/v1/password-reset/verify-code", operation_id = "passwordReset.verifyCode", tag = "passwordReset",
    request_body = VerifyCode, responses((status = 200, description = "Phone number verified", body = StepDone))
)]
pub(super) async fn verify_code(service: web::Data<Service>, body: Json<VerifyCode>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    let done = password_reset::verify_code(&service, &ticket, &code).await?;
    Ok(json(StatusCode::OK, &StepDone::from(done)))
}

/// Set the new password.
///
/// Ends all sessions of the account and does not sign the user in: continue with the sign-in. One ticket allows 20
/// passwords (then `too_many_requests`).
#[utoipa::path(
    post, path = "/v1/password-reset/set-password", operation_id = "passwordReset.setPassword", tag = "passwordReset",
    request_body = SetPassword, responses((status = 204, description = "Password set"))
)]
pub(super) async fn set_password(
    service: web::Data<Service>,
    body: Json<SetPassword>,
) -> Result<HttpResponse, Problem> {
    let (ticket, password) = body.0.parse()?;
    password_reset::set_password(&service, ticket, password).await?;
    Ok(HttpResponse::NoContent().finish())
}
