//! `POST /v1/register/…`: the four steps of the sign-up, resend and status.

pub mod bodies;

use super::bodies::{CodeSent, FlowTicket, SendCode, SetPassword, SignedIn, StepDone, VerifyCode, signed_in};
use super::checks::{field, optional};
use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::error::{Code, Problem};
use super::extract::Json;
use super::otp;
use super::response::json;
use crate::domain::otp::OneTimeCode;
use crate::domain::session::{Device, DeviceName};
use crate::domain::ticket::Ticket;
use crate::domain::user::{AvatarUrl, Birthday, Gender, Nickname, Profile};
use crate::flows::{Service, register};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use bodies::{FlowStatus, SubmitProfile};

pub(super) const SEND_CODE: &[Code] = &[
    Code::CaptchaExpired,
    Code::CaptchaWrong,
    Code::RegionNotSupported,
    Code::PhoneAlreadyRegistered,
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsDeliveryFailed,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
    Code::Overloaded,
];
pub(super) const RESEND_CODE: &[Code] = &[
    Code::TicketExpired,
    Code::WrongStep,
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsDeliveryFailed,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
];
pub(super) const VERIFY_CODE: &[Code] =
    &[Code::CodeWrong, Code::CodeExhausted, Code::PhoneLimitReached, Code::TicketExpired, Code::WrongStep];
pub(super) const SET_PASSWORD: &[Code] =
    &[Code::PasswordTooWeak, Code::TicketExpired, Code::WrongStep, Code::TooManyRequests, Code::Overloaded];
pub(super) const SUBMIT_PROFILE: &[Code] =
    &[Code::TicketExpired, Code::WrongStep, Code::PhoneAlreadyRegistered, Code::ResponseGone, Code::Overloaded];
pub(super) const STATUS: &[Code] = &[Code::TicketExpired];

/// Send a sign-up code.
///
/// Sends a six-digit code by SMS and returns a ticket for the next steps. The captcha allows one attempt, right or
/// wrong. A number with an account is rejected (`phone_already_registered`). If the operator hides this, the response
/// is the same as for a new number, but no message is sent.
#[utoipa::path(
    post, path = "/v1/register/send-code", operation_id = "register.sendCode", tag = "register",
    request_body = SendCode, responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SendCode>,
) -> Result<HttpResponse, Problem> {
    let request = body.0.for_registration(client, &service)?;
    let sent = register::send_code(&service, request).await?;
    Ok(otp::sent(sent))
}

/// Send the code again.
///
/// Sends the same code again if the message did not arrive. This does not extend the lifetime of the code and adds no
/// attempts. A request before `resend_in` has passed is a `resend_cooldown`.
#[utoipa::path(
    post, path = "/v1/register/resend-code", operation_id = "register.resendCode", tag = "register",
    request_body = FlowTicket, responses((status = 200, description = "Ticket and waiting time", body = CodeSent))
)]
pub(super) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let sent = register::resend_code(&service, ticket, client.0).await?;
    Ok(otp::sent(sent))
}

/// Verify the code.
///
/// A wrong code (`code_wrong`) uses one of the attempts, five by default; the last wrong code ends the flow
/// (`code_exhausted`). A code works once: a second request with the right code gets `wrong_step` with the next step.
#[utoipa::path(
    post, path = "/v1/register/verify-code", operation_id = "register.verifyCode", tag = "register",
    request_body = VerifyCode, responses((status = 200, description = "Phone number verified", body = StepDone))
)]
pub(super) async fn verify_code(service: web::Data<Service>, body: Json<VerifyCode>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    let done = register::verify_code(&service, &ticket, &code).await?;
    Ok(json(StatusCode::OK, &StepDone::from(done)))
}

/// Set the password.
///
/// The call can be repeated until the profile is submitted, with at most 20 passwords per ticket (then
/// `too_many_requests`).
#[utoipa::path(
    post, path = "/v1/register/set-password", operation_id = "register.setPassword", tag = "register",
    request_body = SetPassword, responses((status = 200, description = "Password set", body = StepDone))
)]
pub(super) async fn set_password(
    service: web::Data<Service>,
    body: Json<SetPassword>,
) -> Result<HttpResponse, Problem> {
    let (ticket, password) = body.0.parse()?;
    let done = register::set_password(&service, &ticket, password).await?;
    Ok(json(StatusCode::OK, &StepDone::from(done)))
}

/// Create the account.
///
/// Submits the profile, creates the account and signs the user in on this device.
#[utoipa::path(
    post, path = "/v1/register/submit-profile", operation_id = "register.submitProfile", tag = "register",
    request_body = SubmitProfile, responses((status = 201, description = "Account created", body = SignedIn))
)]
pub(super) async fn submit_profile(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<SubmitProfile>,
) -> Result<HttpResponse, Problem> {
    let (body, base) = (body.0, service.policy().avatar_base.as_ref());
    let profile = Profile {
        nickname: field("nickname", Nickname::parse(&body.nickname))?,
        avatar_url: optional("avatar_url", body.avatar_url.as_deref(), |text| AvatarUrl::parse(text, base))?,
        gender: optional("gender", body.gender.as_deref(), Gender::parse)?,
        birthday: optional("birthday", body.birthday.as_deref(), |text| Birthday::parse(text, service.now()))?,
    };
    let request = register::SubmitProfile {
        ticket: field("ticket", Ticket::parse(&body.ticket))?,
        profile,
        device: Device { name: body.device_name.as_deref().and_then(DeviceName::parse), key: key.0 },
    };
    Ok(signed_in(StatusCode::CREATED, register::submit_profile(&service, request).await?))
}

/// Get the current step.
///
/// Use it after an app restart, with the stored ticket.
#[utoipa::path(
    post, path = "/v1/register/status", operation_id = "register.status", tag = "register", request_body = FlowTicket,
    responses((status = 200, description = "Current step and remaining time", body = FlowStatus))
)]
pub(super) async fn status(service: web::Data<Service>, body: Json<FlowTicket>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let flow = register::status(&service, &ticket).await?;
    Ok(json(StatusCode::OK, &FlowStatus::from(flow)))
}
