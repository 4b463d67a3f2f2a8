//! Handlers and error codes of `send-code`, `resend-code`, `verify-code` and `status` that several flows share.

use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::dto::account::SendOwnCode;
use super::dto::flow::{CodeSent, FlowStatus, FlowTicket, SendAccountCode, SendCode, VerifyCode, VerifyOwnerCode};
use super::endpoint::Endpoint;
use super::error::{Code, Problem};
use super::extract::Bearer;
use super::form::Form;
use super::response::Reply;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::client_id::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::domain::user::UserId;
use crate::flows::{NamedDevice, Service, account, otp};
use actix_web::web;
use zeroize::Zeroizing;

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

/// Errors of `send-code` for an account that a known device requests.
pub(super) const SEND_TO_KNOWN_DEVICE: &[Code] = &[Code::CaptchaRequired, Code::SmsDeliveryFailed];

/// Errors of `verify-code`.
pub(super) const VERIFY_CODE: &[Code] =
    &[Code::CodeWrong, Code::CodeExhausted, Code::PhoneLimitReached, Code::TicketExpired];

/// Description of `resend-code`.
pub(super) const RESEND: &str =
    "Sends the same code again. This does not extend the lifetime of the code and adds no attempts.";

/// Description of `send-code` for an account.
pub(super) const SEND_CONCEALED: &str = "A number without an account gets the same response, but no message. The \
                                         captcha allows one attempt, right or wrong.";

/// Description of `send-code` for an account that a known device can request.
pub(super) const SEND_CONCEALED_OR_KNOWN: &str = "A number without an account gets the same response, but no \
     message. The captcha allows one attempt.\n\n\
     A known device of the account sends its `device_token` instead of a captcha. It gets 3 codes a day, which neither \
     the limits of the number nor those of the IP address stop. `captcha_required` means that the account does not \
     know the device, or that its codes of the day are used up: continue with a captcha. A carrier can still refuse \
     the message.";

/// Response to every `send-code` and `resend-code`.
pub(super) type Sent = Result<Reply<CodeSent>, Problem>;

/// Response to every `status`.
pub(super) type Status = Result<Reply<FlowStatus>, Problem>;

/// Completes the row of a `status`.
pub(super) fn status_row(endpoint: Endpoint, operation: &'static str) -> Endpoint {
    let row = endpoint.harmless().operation(operation, "Get the current step.");
    row.description(STATUS).success("Current step and remaining time").errors(&[Code::TicketExpired])
}

const STATUS: &str = "For an app that was stopped during the flow and has stored its ticket. The response is the same \
                      whether the number has an account or not. After `start-anew` the ticket is a sign-up: ask \
                      `POST /v1/register/status`.";

/// Reads the flow of a ticket of this purpose.
pub(super) async fn status(service: &Service, body: &FlowTicket, purpose: Purpose) -> Status {
    let flow = otp::status(service, purpose, &body.parse()?).await?;
    Ok(Reply::new(FlowStatus::new(&flow, service)))
}

/// Reads the flow of a ticket of this purpose and of the signed-in user.
pub(super) async fn own_status(
    service: &Service,
    bearer: Bearer,
    body: &FlowTicket,
    purpose: fn(UserId) -> Purpose,
) -> Status {
    let ticket = body.parse()?;
    let flow = account::status(service, &bearer.caller(service).await?, purpose, &ticket).await?;
    Ok(Reply::new(FlowStatus::new(&flow, service)))
}

/// Sends a code if the number has an account. The response is the same without an account.
pub(super) async fn send_to_account(
    service: web::Data<Service>,
    client: ClientContext,
    key: DeviceKey,
    body: &SendAccountCode,
    purpose: Purpose,
) -> Sent {
    let mut form = Form::default();
    let phone = form.field("phone_number", service.policy().phone_of_account(&body.phone_number, service.now()));
    let mut request = parse_send_code(form, phone, body, client, &service)?;
    request.device = named_device(&service, body.device_token.as_ref(), &key);
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
    body: &SendAccountCode,
    client: ClientContext,
    service: &Service,
) -> Result<otp::SendCode, Problem> {
    let captcha = parse_captcha(&mut form, [&body.captcha_id, &body.captcha_answer], body.device_token.is_none());
    let app = parse_app(&mut form, body.client_id.as_deref(), service);
    form.finish(|| Some(otp::SendCode { phone: phone?, captcha, device: None, client: client.0, app }))
}

/// Parses the id and the answer of a captcha: both or, unless one is required, none.
pub(super) fn parse_captcha(
    form: &mut Form,
    [id, answer]: [&Option<String>; 2],
    is_required: bool,
) -> Option<(CaptchaId, CaptchaAnswer)> {
    if id.is_none() && (is_required || answer.is_some()) {
        form.missing("captcha_id");
    }
    if answer.is_none() && (is_required || id.is_some()) {
        form.missing("captcha_answer");
    }
    let id = form.optional("captcha_id", id.as_deref(), CaptchaId::parse);
    id.zip(form.optional("captcha_answer", answer.as_deref(), CaptchaAnswer::parse))
}

impl From<SendCode> for SendAccountCode {
    fn from(body: SendCode) -> Self {
        Self {
            phone_number: body.phone_number,
            captcha_id: Some(body.captcha_id),
            captcha_answer: Some(body.captcha_answer),
            device_token: None,
            client_id: body.client_id,
        }
    }
}

/// Parses the `client_id` of a configured app.
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

/// Parses a ticket and its code.
pub(super) fn parse_code(ticket: &str, code: &str) -> Result<(Ticket, OneTimeCode), Problem> {
    let mut form = Form::default();
    let ticket = form.field("ticket", Ticket::parse(ticket));
    let code = form.field("code", OneTimeCode::parse(code));
    form.finish(|| ticket.zip(code))
}

/// Returns the device that a token names.
pub(super) fn named_device(
    service: &Service,
    token: Option<&Zeroizing<String>>,
    key: &DeviceKey,
) -> Option<NamedDevice> {
    NamedDevice::of(service, token.map(|token| token.as_str()), key.0.as_ref())
}

impl VerifyCode {
    pub(super) fn parse(&self) -> Result<(Ticket, OneTimeCode), Problem> {
        parse_code(&self.ticket, &self.code)
    }
}

impl VerifyOwnerCode {
    /// Device that the token names.
    pub(super) fn device(&self, service: &Service, key: &DeviceKey) -> Option<NamedDevice> {
        named_device(service, self.device_token.as_ref(), key)
    }

    pub(super) fn parse(&self) -> Result<(Ticket, OneTimeCode), Problem> {
        parse_code(&self.ticket, &self.code)
    }
}
