//! Handlers and error codes of `send-code`, `resend-code` and `verify-code` that several flows share.

use super::client::ClientContext;
use super::dto::account::SendOwnCode;
use super::dto::flow::{CodeSent, FlowTicket, SendCode, VerifyCode, VerifyOwnerCode};
use super::error::{Code, Problem};
use super::form::Form;
use super::response::Reply;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::client_app::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::flows::{Service, otp};
use actix_web::web;

/// Limits on messages.
pub(super) const SEND_LIMITS: &[Code] = &[
    Code::ResendCooldown,
    Code::PhoneLimitReached,
    Code::TooManyRequests,
    Code::SmsBudgetExhausted,
    Code::SmsRegionSuspended,
];

/// Errors of `send-code` for an account, the same whether the account exists or not.
pub(super) const SEND_TO_ACCOUNT: &[Code] = &[Code::CaptchaExpired, Code::CaptchaWrong, Code::Overloaded];

/// Errors of `verify-code`.
pub(super) const VERIFY_CODE: &[Code] =
    &[Code::CodeWrong, Code::CodeExhausted, Code::PhoneLimitReached, Code::TicketExpired];

/// Description of `resend-code`.
pub(super) const RESEND: &str =
    "Sends the same code again. This does not extend the lifetime of the code and adds no attempts.";

/// Description of `send-code` for an account.
pub(super) const SEND_CONCEALED: &str = "A number without an account gets the same response, but no message. The \
                                         captcha allows one attempt, right or wrong.";

/// Response to every `send-code` and `resend-code`.
pub(super) type Sent = Result<Reply<CodeSent>, Problem>;

/// Sends a code if the number has an account. The response is the same without an account.
pub(super) async fn send_to_account(
    service: web::Data<Service>,
    client: ClientContext,
    body: &SendCode,
    purpose: Purpose,
) -> Sent {
    let mut form = Form::default();
    let phone = form.field("phone_number", service.policy().phone_of_account(&body.phone_number, service.now()));
    let request = parse_send_code(form, phone, body, client, &service)?;
    Ok(Reply::new(otp::send_to_account(&service, purpose, request).await?))
}

/// Sends the code again if the number has an account. The response is the same without an account.
pub(super) async fn resend_to_account(
    service: web::Data<Service>,
    client: ClientContext,
    body: &FlowTicket,
    purpose: Purpose,
) -> Sent {
    Ok(Reply::new(otp::resend_to_account(&service, purpose, body.parse()?, client.0).await?))
}

/// Parses the fields after the phone number.
pub(super) fn parse_send_code(
    mut form: Form,
    phone: Option<Phone>,
    body: &SendCode,
    client: ClientContext,
    service: &Service,
) -> Result<otp::SendCode, Problem> {
    let id = form.field("captcha_id", CaptchaId::parse(&body.captcha_id));
    let answer = form.field("captcha_answer", CaptchaAnswer::parse(&body.captcha_answer));
    let app = parse_app(&mut form, body.client_id.as_deref(), service);
    form.finish(|| {
        Some(otp::SendCode { phone: phone?, captcha_id: id?, captcha_answer: answer?, client: client.0, app })
    })
}

/// Parses the `client_id` of an app with SMS autofill.
pub(super) fn parse_app(form: &mut Form, text: Option<&str>, service: &Service) -> Option<ClientId> {
    form.optional("client_id", text, |text| service.policy().apps.known(text))
}

/// Parses the request for a code to the account's own number.
pub(super) fn parse_own(body: &SendOwnCode, service: &Service) -> Result<Option<ClientId>, Problem> {
    let mut form = Form::default();
    let app = parse_app(&mut form, body.client_id.as_deref(), service);
    form.finish(|| Some(app))
}

impl FlowTicket {
    pub(super) fn parse(&self) -> Result<Ticket, Problem> {
        let mut form = Form::default();
        let ticket = form.field("ticket", Ticket::parse(&self.ticket));
        form.finish(|| ticket)
    }
}

impl VerifyCode {
    pub(super) fn parse(&self) -> Result<(Ticket, OneTimeCode), Problem> {
        let mut form = Form::default();
        let ticket = form.field("ticket", Ticket::parse(&self.ticket));
        let code = form.field("code", OneTimeCode::parse(&self.code));
        form.finish(|| ticket.zip(code))
    }
}

impl VerifyOwnerCode {
    pub(super) fn parse(&self) -> Result<(Ticket, OneTimeCode), Problem> {
        let mut form = Form::default();
        let ticket = form.field("ticket", Ticket::parse(&self.ticket));
        let code = form.field("code", OneTimeCode::parse(&self.code));
        form.finish(|| ticket.zip(code))
    }
}
