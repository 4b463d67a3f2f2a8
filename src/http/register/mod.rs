//! `POST /v1/register/…`: the four steps.

pub mod bodies;

use super::bodies::{CodeSent, FlowTicket, SendCode, SetPassword, SignedIn, StepDone, VerifyCode};
use super::checks::{field, optional};
use super::client::ClientContext;
use super::error::{Code, Problem};
use super::extract::Json;
use super::otp;
use super::response::{json, seconds};
use super::schemas::NextStep;
use crate::domain::otp::OneTimeCode;
use crate::domain::session::DeviceName;
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
    &[Code::TicketExpired, Code::WrongStep, Code::PhoneAlreadyRegistered, Code::Overloaded];
pub(super) const STATUS: &[Code] = &[Code::TicketExpired];

/// Send a code to a phone.
#[utoipa::path(
    post, path = "/v1/register/send-code", operation_id = "register.sendCode", tag = "register", request_body = SendCode,
    responses((status = 200, description = "A code is on its way", body = CodeSent))
)]
pub(super) async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<SendCode>,
) -> Result<HttpResponse, Problem> {
    let request = body.0.for_registration(client, &service)?;
    let sent = register::send_code(&service.into_inner(), request).await?;
    Ok(otp::sent(sent))
}

/// Send the same code again.
///
/// For a message that did not arrive. Neither the life of the code nor its attempts start anew.
#[utoipa::path(
    post, path = "/v1/register/resend-code", operation_id = "register.resendCode", tag = "register",
    request_body = FlowTicket, responses((status = 200, description = "The code is on its way again", body = CodeSent))
)]
pub(super) async fn resend_code(
    service: web::Data<Service>,
    client: ClientContext,
    body: Json<FlowTicket>,
) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let sent = register::resend_code(&service.into_inner(), ticket, client.0).await?;
    Ok(otp::sent(sent))
}

/// Prove the phone.
///
/// A wrong code costs one of five attempts; the fifth ends the flow. A code works once: of two right answers the second is
/// told `wrong_step` with the step that comes next.
#[utoipa::path(
    post, path = "/v1/register/verify-code", operation_id = "register.verifyCode", tag = "register",
    request_body = VerifyCode, responses((status = 200, description = "The phone is verified", body = StepDone))
)]
pub(super) async fn verify_code(service: web::Data<Service>, body: Json<VerifyCode>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let code = field("code", OneTimeCode::parse(&body.0.code))?;
    let life = register::verify_code(&service, &ticket, &code).await?;
    Ok(json(StatusCode::OK, &StepDone { step: NextStep::SetPassword, expires_in: seconds(life) }))
}

/// Choose a password.
///
/// May be repeated, up to 20 times, until the profile is submitted.
#[utoipa::path(
    post, path = "/v1/register/set-password", operation_id = "register.setPassword", tag = "register",
    request_body = SetPassword, responses((status = 200, description = "The password is set", body = StepDone))
)]
pub(super) async fn set_password(
    service: web::Data<Service>,
    body: Json<SetPassword>,
) -> Result<HttpResponse, Problem> {
    let (ticket, password) = body.0.parse()?;
    let life = register::set_password(&service, &ticket, password).await?;
    Ok(json(StatusCode::OK, &StepDone { step: NextStep::SubmitProfile, expires_in: seconds(life) }))
}

/// Create the account and sign in.
#[utoipa::path(
    post, path = "/v1/register/submit-profile", operation_id = "register.submitProfile", tag = "register",
    request_body = SubmitProfile, responses((status = 201, description = "Welcome", body = SignedIn))
)]
pub(super) async fn submit_profile(
    service: web::Data<Service>,
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
        device_name: optional("device_name", body.device_name.as_deref(), DeviceName::parse)?,
    };
    let signed_in = register::submit_profile(&service, request).await?;
    Ok(json(StatusCode::CREATED, &SignedIn::new(signed_in)))
}

/// Ask where the flow stands.
///
/// For an app that was killed and came back with its ticket.
#[utoipa::path(
    post, path = "/v1/register/status", operation_id = "register.status", tag = "register", request_body = FlowTicket,
    responses((status = 200, description = "The flow is alive", body = FlowStatus))
)]
pub(super) async fn status(service: web::Data<Service>, body: Json<FlowTicket>) -> Result<HttpResponse, Problem> {
    let ticket = field("ticket", Ticket::parse(&body.0.ticket))?;
    let flow = register::status(&service, &ticket).await?;
    Ok(json(StatusCode::OK, &FlowStatus::from(flow)))
}
