//! `POST /v1/login`: sign-in with the password. `POST /v1/login/…`: sign-in with a code.

use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::dto::flow::{FlowTicket, SendAccountCode};
use super::dto::session::{LogIn, SignedIn, VerifyLogin};
use super::endpoint::{Endpoint, post};
use super::error::{Code, Problem};
use super::extract::Json;
use super::form::Form;
use super::from_domain;
use super::otp::{self, SEND_LIMITS, Sent, Status};
use super::ownership::IN_QUESTION;
use super::response::Reply;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::session::{Device, DeviceName};
use crate::domain::ticket::Ticket;
use crate::flows::{Service, login};
use actix_web::web;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/login", with_password)
            .operation("login.withPassword", "Sign in with the password.")
            .description(
                "An unknown number and a wrong password get the same response (`credentials_invalid`) after the same \
                 time. After some wrong passwords for a number a captcha is required (`captcha_required`). After more \
                 of them, sign-in with the password is suspended (`phone_limit_reached`); sign-in with a code stays \
                 possible.\n\n\
                 A known device of the account sends its `device_token`. It has limits of its own, which wrong \
                 passwords of strangers do not use up, and needs no captcha.\n\n\
                 If the operator requires a code for new devices, a client without a known device needs a captcha. \
                 After a right password it gets `new_device` with a `ticket`, and a code is sent: continue with \
                 `POST /v1/login/verify-code`.",
            )
            .success("Signed in")
            .requires_passwords()
            .errors(&[
                Code::ResponseGone,
                Code::CredentialsInvalid,
                Code::CaptchaRequired,
                Code::CaptchaExpired,
                Code::CaptchaWrong,
                Code::Overloaded,
                Code::NewDevice,
                Code::SmsDeliveryFailed,
            ])
            .errors(SEND_LIMITS),
        post("/v1/login/send-code", send_code)
            .operation("login.sendCode", "Send a sign-in code.")
            .description(otp::SEND_CONCEALED_OR_KNOWN)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(otp::SEND_TO_ACCOUNT)
            .errors(otp::SEND_TO_KNOWN_DEVICE),
        post("/v1/login/resend-code", resend_code)
            .operation("login.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        post("/v1/login/verify-code", verify_code)
            .operation("login.verifyCode", "Sign in with the code.")
            .description(
                "A wrong code (`code_wrong`) uses one of the attempts; the last wrong code ends the flow \
                 (`code_exhausted`). A code works once, but after a `503` the client can submit the same code \
                 again.\n\n\
                 A right code may not be enough: `account_dormant`, `act_held` and `act_refused` keep the flow. The \
                 user can prove the account with more (`POST /v1/login/claim`), start a new account (`POST \
                 /v1/login/start-anew`), or approve the act on another device: then submit the same code again.",
            )
            .success("Signed in")
            .errors(otp::VERIFY_CODE)
            .errors(IN_QUESTION)
            .errors(&[Code::ResponseGone, Code::Overloaded]),
        otp::status_row(post("/v1/login/status", status), "login.status"),
    ]
}

async fn with_password(
    service: web::Data<Service>,
    client: ClientContext,
    key: DeviceKey,
    body: Json<LogIn>,
) -> Result<Reply<SignedIn>, Problem> {
    let signed_in = login::with_password(&service, body.0.parse(client, key, &service)?).await?;
    Ok(from_domain::signed_in(signed_in, &service))
}

async fn send_code(
    service: web::Data<Service>,
    client: ClientContext,
    key: DeviceKey,
    body: Json<SendAccountCode>,
) -> Sent {
    otp::send_to_account(service, client, key, &body.0, Purpose::Login).await
}

async fn resend_code(service: web::Data<Service>, client: ClientContext, body: Json<FlowTicket>) -> Sent {
    otp::resend_to_account(service, client, &body.0, Purpose::Login).await
}

async fn verify_code(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<VerifyLogin>,
) -> Result<Reply<SignedIn>, Problem> {
    let token = otp::named_device(&service, body.0.device_token.as_ref(), &key);
    let (ticket, code, device) = body.0.parse(key, &service)?;
    let signed_in = login::with_code(&service, ticket, code, token, device).await?;
    Ok(from_domain::signed_in(signed_in, &service))
}

async fn status(service: web::Data<Service>, body: Json<FlowTicket>) -> Status {
    otp::status(&service, &body.0, Purpose::Login).await
}

impl LogIn {
    fn parse(&self, client: ClientContext, key: DeviceKey, service: &Service) -> Result<login::LogIn, Problem> {
        let mut form = Form::default();
        let phone = form.field("phone_number", service.policy().phone_of_account(&self.phone_number, service.now()));
        let password = form.field("password", Password::parse(&self.password));
        let captcha = otp::parse_captcha(&mut form, [&self.captcha_id, &self.captcha_answer], false);
        let client_id = otp::parse_app(&mut form, self.client_id.as_deref(), service);
        let name = self.device_name.as_deref().and_then(DeviceName::parse);
        let named = otp::named_device(service, self.device_token.as_ref(), &key);
        form.finish(|| {
            let (device, client) = (Device { name, key: key.0, known: None, client_id }, client.0);
            Some(login::LogIn { phone: phone?, password: password?, captcha, device, named, client })
        })
    }
}

impl VerifyLogin {
    pub(super) fn parse(&self, key: DeviceKey, service: &Service) -> Result<(Ticket, OneTimeCode, Device), Problem> {
        let mut form = Form::default();
        let ticket = form.field("ticket", Ticket::parse(&self.ticket));
        let code = form.field("code", OneTimeCode::parse(&self.code));
        let client_id = otp::parse_app(&mut form, self.client_id.as_deref(), service);
        let name = self.device_name.as_deref().and_then(DeviceName::parse);
        form.finish(|| Some((ticket?, code?, Device { name, key: key.0, known: None, client_id })))
    }
}
