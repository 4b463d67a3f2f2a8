//! Accounts in question: `POST /v1/login/claim`, `POST /v1/…/start-anew`, `POST /v1/reclaim/…`.

use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::dto::flow::{FlowTicket, StepDone};
use super::dto::ownership::{ClaimAccount, Reclaim, StartAnew};
use super::dto::session::{SignedIn, VerifyLogin};
use super::endpoint::{Endpoint, post};
use super::error::{Code, Problem};
use super::extract::Json;
use super::form::Form;
use super::from_domain;
use super::otp::{self, SEND_LIMITS, Sent, Status};
use super::response::Reply;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::flow::Purpose;
use crate::domain::password::Password;
use crate::domain::session::{Device, DeviceName};
use crate::domain::ticket::Ticket;
use crate::flows::Service;
use crate::flows::ownership::{self, Claim, Evidence, reclaim};
use actix_web::web;
use zeroize::Zeroizing;

/// Errors of a right code that is not enough.
pub(super) const IN_QUESTION: &[Code] = &[Code::AccountDormant, Code::ActHeld, Code::ActRefused];

const START_ANEW: &str = "For a person who has the number now, and does not own its earlier account: possible after \
                          `account_dormant`, and after `act_held` or `act_refused` with `\"start_anew\": true`. The \
                          ticket continues as a sign-up with `POST /v1/register/set-password`. Its last step detaches \
                          the earlier account from the number.";

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        post("/v1/login/claim", claim)
            .operation("login.claim", "Sign in to an account in question.")
            .description(
                "After `account_dormant`, `act_held` or `act_refused` at `POST /v1/login/verify-code`: with the \
                 password or the token of a known device, the ticket signs in.",
            )
            .success("Signed in")
            .errors(&[Code::TicketExpired, Code::WrongStep, Code::PasswordWrong, Code::TooManyRequests])
            .errors(IN_QUESTION)
            .errors(&[Code::ResponseGone, Code::Overloaded]),
        start_anew(post("/v1/login/start-anew", after_login)).operation("login.startAnew", "Start a new account."),
        start_anew(post("/v1/password-reset/start-anew", after_reset))
            .operation("passwordReset.startAnew", "Start a new account."),
        start_anew(post("/v1/account-deletion/start-anew", after_deletion))
            .operation("accountDeletion.startAnew", "Start a new account."),
        start_anew(post("/v1/register/start-anew", after_sign_up))
            .operation("register.startAnew", "Start a new account."),
    ];
    all.extend(reclaims());
    all
}

fn start_anew(endpoint: Endpoint) -> Endpoint {
    endpoint.description(START_ANEW).success("The flow is a sign-up, and its phone number is verified").errors(&[
        Code::TicketExpired,
        Code::WrongStep,
        Code::StartAnewUnavailable,
        Code::ConsentRequired,
        Code::RegionNotSupported,
    ])
}

fn reclaims() -> Vec<Endpoint> {
    vec![
        post("/v1/reclaim/send-code", send_code)
            .operation("reclaim.sendCode", "Prove a detached account, and send a code to its new number.")
            .description(
                "For the owner of an account whose number another person has now: its former number, and its password \
                 or the token of a known device. An unknown number, a wrong password and an unknown device get the \
                 same response (`credentials_invalid`), and so does an account with a session that is in use: its \
                 number is set in the app.",
            )
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[
                Code::CaptchaExpired,
                Code::CaptchaWrong,
                Code::CredentialsInvalid,
                Code::RegionNotSupported,
                Code::PhoneAlreadyRegistered,
                Code::SmsDeliveryFailed,
                Code::Overloaded,
            ]),
        post("/v1/reclaim/resend-code", resend_code)
            .operation("reclaim.resendCode", "Send the code again.")
            .description(otp::RESEND)
            .success("Ticket and waiting time")
            .errors(SEND_LIMITS)
            .errors(&[Code::TicketExpired, Code::WrongStep, Code::SmsDeliveryFailed]),
        post("/v1/reclaim/verify-code", verify_code)
            .operation("reclaim.verifyCode", "Verify the code, and sign in to the reclaimed account.")
            .description(
                "The account gets the new number, with all its data. A wrong code (`code_wrong`) uses one of the \
                 attempts. After a `503` the client can submit the same code again.",
            )
            .success("Signed in")
            .errors(otp::VERIFY_CODE)
            .errors(&[Code::PhoneAlreadyRegistered, Code::ResponseGone, Code::Overloaded]),
        otp::status_row(post("/v1/reclaim/status", status), "reclaim.status"),
    ]
}

async fn claim(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<ClaimAccount>,
) -> Result<Reply<SignedIn>, Problem> {
    let signed_in = ownership::claim(&service, body.0.parse(key, &service)?).await?;
    Ok(from_domain::signed_in(signed_in, &service))
}

type Started = Result<Reply<StepDone>, Problem>;

async fn after_login(service: web::Data<Service>, client: ClientContext, body: Json<StartAnew>) -> Started {
    start(service, client, body, Purpose::Login).await
}

async fn after_reset(service: web::Data<Service>, client: ClientContext, body: Json<StartAnew>) -> Started {
    start(service, client, body, Purpose::ResetPassword).await
}

async fn after_deletion(service: web::Data<Service>, client: ClientContext, body: Json<StartAnew>) -> Started {
    start(service, client, body, Purpose::DeleteAccount).await
}

async fn after_sign_up(service: web::Data<Service>, client: ClientContext, body: Json<StartAnew>) -> Started {
    start(service, client, body, Purpose::Register).await
}

async fn start(service: web::Data<Service>, client: ClientContext, body: Json<StartAnew>, purpose: Purpose) -> Started {
    let mut form = Form::default();
    let ticket = form.field("ticket", Ticket::parse(&body.0.ticket));
    let accepted = body.0.accepted.unwrap_or_default();
    let accepted = form.field("accepted", service.policy().legal_documents.parse_accepted(&accepted));
    let (ticket, accepted) = form.finish(|| ticket.zip(accepted))?;
    let done = ownership::start_anew(&service, purpose, &ticket, &accepted, client.0).await?;
    Ok(Reply::new(StepDone::new(&done, service.policy().passwords)))
}

async fn send_code(service: web::Data<Service>, client: ClientContext, key: DeviceKey, body: Json<Reclaim>) -> Sent {
    Ok(Reply::new(reclaim::send_code(&service, body.0.parse(client, &key, &service)?).await?))
}

async fn resend_code(service: web::Data<Service>, client: ClientContext, body: Json<FlowTicket>) -> Sent {
    Ok(Reply::new(reclaim::resend_code(&service, body.0.parse()?, client.0).await?))
}

async fn verify_code(
    service: web::Data<Service>,
    key: DeviceKey,
    body: Json<VerifyLogin>,
) -> Result<Reply<SignedIn>, Problem> {
    let named = otp::named_device(&service, body.0.device_token.as_ref(), &key);
    let (ticket, code, device) = body.0.parse(key, &service)?;
    let signed_in = reclaim::verify_code(&service, ticket, code, named, device).await?;
    Ok(from_domain::signed_in(signed_in, &service))
}

async fn status(service: web::Data<Service>, body: Json<FlowTicket>) -> Status {
    otp::status(&service, &body.0, Purpose::Reclaim).await
}

/// Parses the evidence of a body: exactly one of the two fields.
fn evidence(
    form: &mut Form,
    service: &Service,
    password: Option<&Zeroizing<String>>,
    device_token: Option<&Zeroizing<String>>,
    key: &DeviceKey,
) -> Option<Evidence> {
    match (password, device_token) {
        (Some(password), None) => form.field("password", Password::parse(password)).map(Evidence::Password),
        (None, Some(token)) => Some(Evidence::Device(otp::named_device(service, Some(token), key))),
        (None, None) => {
            form.missing("password");
            None
        }
        (Some(_), Some(_)) => {
            form.excluded("device_token");
            None
        }
    }
}

impl ClaimAccount {
    fn parse(&self, key: DeviceKey, service: &Service) -> Result<Claim, Problem> {
        let mut form = Form::default();
        let ticket = form.field("ticket", Ticket::parse(&self.ticket));
        let evidence = evidence(&mut form, service, self.password.as_ref(), self.device_token.as_ref(), &key);
        let client_id = otp::parse_app(&mut form, self.client_id.as_deref(), service);
        let name = self.device_name.as_deref().and_then(DeviceName::parse);
        let device = Device { name, key: key.0, known: None, client_id };
        form.finish(|| Some(Claim { ticket: ticket?, evidence: evidence?, device }))
    }
}

impl Reclaim {
    fn parse(&self, client: ClientContext, key: &DeviceKey, service: &Service) -> Result<reclaim::SendCode, Problem> {
        let (mut form, policy, now) = (Form::default(), service.policy(), service.now());
        let former = form.field("former_phone_number", policy.phone_of_account(&self.former_phone_number, now));
        let evidence = evidence(&mut form, service, self.password.as_ref(), self.device_token.as_ref(), key);
        let phone = form.phone("phone_number", policy.phone(&self.phone_number, now));
        let id = form.field("captcha_id", CaptchaId::parse(&self.captcha_id));
        let answer = form.field("captcha_answer", CaptchaAnswer::parse(&self.captcha_answer));
        let app = otp::parse_app(&mut form, self.client_id.as_deref(), service);
        form.finish(|| {
            Some(reclaim::SendCode {
                former_phone: former?,
                evidence: evidence?,
                phone: phone?,
                captcha: (id?, answer?),
                client: client.0,
                app,
            })
        })
    }
}
