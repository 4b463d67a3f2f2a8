//! `POST /v1/register/…`: the four steps of the sign-up, resend and status.

use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::dto::account::SubmitProfile;
use super::dto::flow::{FlowTicket, SendCode, SendSignUpCode, SetPassword, StepDone, VerifyCode};
use super::dto::session::SignedIn;
use super::endpoint::{Endpoint, post};
use super::error::{Code, Problem};
use super::extract::Json;
use super::form::Form;
use super::from_domain;
use super::otp::{self, SEND_LIMITS, Sent, Status};
use super::response::Reply;
use crate::domain::Invalid;
use crate::domain::flow::Purpose;
use crate::domain::password::NewPassword;
use crate::domain::session::{Device, DeviceName};
use crate::domain::ticket::Ticket;
use crate::domain::user::{AvatarUrl, Birthday, Gender, Nickname, Profile};
use crate::flows::{Service, register};
use actix_web::web;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/register/send-code", send_code)
            .operation("register.sendCode", "Send a sign-up code.")
            .description(
                "Sends a six-digit code by SMS and returns a ticket for the next steps. The captcha allows one \
                 attempt, right or wrong. A number with an account is rejected (`phone_already_registered`). If the \
                 operator hides this, the response is the same as for a new number, but no message is sent. If the \
                 operator has put legal documents in force, `accepted` must name exactly these: `consent_required` \
                 lists them, and the captcha is still valid after it.",
            )
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[
                Code::ConsentRequired,
                Code::CaptchaExpired,
                Code::CaptchaWrong,
                Code::RegionNotSupported,
                Code::PhoneAlreadyRegistered,
                Code::SmsDeliveryFailed,
                Code::Overloaded,
            ]),
        post("/v1/register/resend-code", resend_code)
            .operation("register.resendCode", "Send the code again.")
            .description(
                "Sends the same code again if the message did not arrive. This does not extend the lifetime of the \
                 code and adds no attempts. A request before `resend_in` has passed is a `resend_cooldown`.",
            )
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        post("/v1/register/verify-code", verify_code)
            .operation("register.verifyCode", "Verify the code.")
            .description(
                "A wrong code (`code_wrong`) uses one of the attempts; the last wrong code ends the flow \
                 (`code_exhausted`). A code works once: a second request with the right code gets `wrong_step` with \
                 the next step.",
            )
            .success("Phone number verified")
            .errors(otp::VERIFY_CODE)
            .errors(&[Code::WrongStep, Code::AccountDormant, Code::PhoneAlreadyRegistered]),
        post("/v1/register/set-password", set_password)
            .operation("register.setPassword", "Set the password.")
            .description(
                "The call can be repeated until the profile is submitted. The number of passwords per ticket is \
                 limited (`too_many_requests`). Where passwords are optional, the client can skip this step.",
            )
            .success("Password set")
            .requires_passwords()
            .errors(SET_PASSWORD),
        post("/v1/register/submit-profile", submit_profile)
            .operation("register.submitProfile", "Create the account.")
            .description(
                "Submits the profile, creates the account and signs the user in on this device. Where passwords are \
                 optional or disabled, the call can follow `verify-code`; the account then has no password.",
            )
            .success("Account created")
            .errors(&[
                Code::TicketExpired,
                Code::WrongStep,
                Code::PhoneAlreadyRegistered,
                Code::ResponseGone,
                Code::Overloaded,
            ]),
        otp::status_row(post("/v1/register/status", status), "register.status"),
    ]
}

/// Errors of a step that sets a password.
pub(super) const SET_PASSWORD: &[Code] =
    &[Code::PasswordTooWeak, Code::TicketExpired, Code::WrongStep, Code::TooManyRequests, Code::Overloaded];

async fn send_code(service: web::Data<Service>, client: ClientContext, body: Json<SendSignUpCode>) -> Sent {
    let (body, accepted) = body.0.split();
    let mut form = Form::default();
    let phone = form.phone("phone_number", service.policy().phone(&body.phone_number, service.now()));
    let accepted =
        form.field("accepted", service.policy().legal_documents.parse_accepted(&accepted)).unwrap_or_default();
    let request = otp::parse_send_code(form, phone, &body.into(), client, &service)?;
    Ok(Reply::new(register::send_code(&service, request, &accepted).await?))
}

async fn resend_code(service: web::Data<Service>, client: ClientContext, body: Json<FlowTicket>) -> Sent {
    Ok(Reply::new(register::resend_code(&service, body.0.parse()?, client.0).await?))
}

async fn verify_code(service: web::Data<Service>, body: Json<VerifyCode>) -> Result<Reply<StepDone>, Problem> {
    let (ticket, code) = body.0.parse()?;
    let done = register::verify_code(&service, &ticket, &code).await?;
    Ok(Reply::new(StepDone::new(&done, service.policy().passwords)))
}

async fn set_password(service: web::Data<Service>, body: Json<SetPassword>) -> Result<Reply<StepDone>, Problem> {
    let (ticket, password) = body.0.parse()?;
    let done = register::set_password(&service, &ticket, password).await?;
    Ok(Reply::new(StepDone::new(&done, service.policy().passwords)))
}

async fn submit_profile(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<SubmitProfile>,
) -> Result<Reply<SignedIn, 201>, Problem> {
    let signed_in = register::submit_profile(&service, body.0.parse(key, &service)?).await?;
    Ok(from_domain::signed_in(signed_in, &service))
}

async fn status(service: web::Data<Service>, body: Json<FlowTicket>) -> Status {
    otp::status(&service, &body.0, Purpose::Register).await
}

impl SendSignUpCode {
    /// Splits off the consent, which the other flows with a code do not have.
    fn split(self) -> (SendCode, Vec<String>) {
        let Self { phone_number, captcha_id, captcha_answer, client_id, accepted } = self;
        (SendCode { phone_number, captcha_id, captcha_answer, client_id }, accepted.unwrap_or_default())
    }
}

impl SetPassword {
    pub(super) fn parse(&self) -> Result<(Ticket, NewPassword), Problem> {
        let mut form = Form::default();
        let ticket = form.field("ticket", Ticket::parse(&self.ticket));
        let password = form.field("password", NewPassword::parse(&self.password));
        let repeats = self.password_confirm.as_ref().is_none_or(|confirm| **confirm == *self.password);
        form.field("password_confirm", if repeats { Ok(()) } else { Err(Invalid::Mismatch) });
        form.finish(|| ticket.zip(password))
    }
}

impl SubmitProfile {
    fn parse(&self, key: DeviceKey, service: &Service) -> Result<register::SubmitProfile, Problem> {
        let (mut form, base, now) = (Form::default(), service.policy().avatar_base.as_ref(), service.now());
        let ticket = form.field("ticket", Ticket::parse(&self.ticket));
        let nickname = form.field("nickname", Nickname::parse(&self.nickname));
        let avatar_url = form.optional("avatar_url", self.avatar_url.as_deref(), |text| AvatarUrl::parse(text, base));
        let gender = form.optional("gender", self.gender.as_deref(), Gender::parse);
        let birthday = form.optional("birthday", self.birthday.as_deref(), |text| Birthday::parse(text, now));
        let client_id = otp::parse_app(&mut form, self.client_id.as_deref(), service);
        let name = self.device_name.as_deref().and_then(DeviceName::parse);
        form.finish(|| {
            let profile = Profile { nickname: nickname?, avatar_url, gender, birthday };
            let device = Device { name, key: key.0, known: None, client_id };
            Some(register::SubmitProfile { ticket: ticket?, profile, device })
        })
    }
}
