//! Request and response bodies that several flows share.

use super::checks::{self, field, optional};
use super::client::ClientContext;
use super::error::Problem;
use super::response::{json_with_tokens, seconds};
use super::schemas::{NextStep, Tokens, User};
use crate::domain::Invalid;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::password::NewPassword;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::flows::{Service, otp, session};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

/// Phone number and a solved captcha.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendCode {
    /// Mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613800138000")]
    pub(super) phone_number: String,
    /// Id of a captcha from `POST /v1/captchas`.
    #[validate(custom(function = "checks::captcha_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub(super) captcha_id: String,
    /// Answer: the characters or the sum in the image, or the spoken digits. Upper or lower case, full or half width
    /// and spaces do not matter. At most 32 bytes.
    #[validate(custom(function = "checks::captcha_answer"))]
    #[schema(max_length = 32, pattern = "[^ ]", example = "ADEHLM")]
    pub(super) captcha_answer: String,
    /// App that receives the code, for SMS autofill. Only ids that the operator has configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(null))]
    pub(super) client_id: Option<String>,
}

/// Flow that waits for its code.
#[derive(Serialize, ToSchema)]
pub struct CodeSent {
    /// Ticket of the flow: a secret. Keep it in memory, and send it only in request bodies.
    #[schema(example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ")]
    pub(super) ticket: String,
    pub(super) step: NextStep,
    /// Phone number of the code, masked.
    #[schema(example = "+86138****8000")]
    pub(super) phone_number: String,
    /// Seconds until the flow expires if the code is not verified.
    #[schema(example = 300)]
    pub(super) expires_in: u64,
    /// Seconds until the code can be sent again.
    #[schema(example = 60)]
    resend_in: u64,
    /// Number of attempts that are left. The flow ends with the last wrong code.
    #[schema(example = 5)]
    attempts_left: u32,
}

/// Ticket of a flow.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowTicket {
    /// Ticket from `send-code`.
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
}

/// Code that the user has entered.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// Ticket from `send-code`.
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[validate(custom(function = "checks::code"))]
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = "042137")]
    pub(super) code: String,
}

/// Completed step.
#[derive(Serialize, ToSchema)]
pub struct StepDone {
    /// Next step of the flow.
    pub(super) step: NextStep,
    /// Seconds until the flow expires.
    #[schema(example = 900)]
    pub(super) expires_in: u64,
}

/// Password that the user has chosen.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// Ticket from `send-code`.
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
    /// New password: 8 to 128 characters (after Unicode NFC), without control or invisible characters. Common passwords
    /// are rejected (`password_too_weak`).
    #[validate(custom(function = "checks::new_password"))]
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "correct horse battery"
    )]
    pub(super) password: Zeroizing<String>,
    /// Must be equal to `password`, if present.
    #[schema(value_type = Option<String>, format = Password, max_length = 128, example = "correct horse battery")]
    pub(super) password_confirm: Option<Zeroizing<String>>,
}

/// Account, signed in on this device.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    user: User,
    /// JWT for the `Authorization` header.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl")]
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    pub(super) expires_in: u64,
    /// Refresh token: a secret. Keep it in the Keychain or Keystore.
    #[schema(example = "AZMn9d2ccQO2F1y4m3pLFA.0.uBqQ9vQ0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4y")]
    refresh_token: String,
    /// Seconds until the refresh token expires if it is not used.
    #[schema(example = 2_592_000)]
    refresh_expires_in: u64,
    /// `true` if the refresh token is bound to the key of the request's `DPoP` proof: each refresh needs a proof of it.
    #[schema(example = false)]
    refresh_bound: bool,
}

impl SendCode {
    /// Parses a request for a number without an account: its region must be supported.
    pub(super) fn for_registration(&self, client: ClientContext, service: &Service) -> Result<otp::SendCode, Problem> {
        self.parse(client, service, checks::phone(&self.phone_number, service)?)
    }

    /// Parses a request for a number that may have an account: any region.
    pub(super) fn of_account(&self, client: ClientContext, service: &Service) -> Result<otp::SendCode, Problem> {
        self.parse(client, service, checks::phone_of_account(&self.phone_number, service)?)
    }

    fn parse(&self, client: ClientContext, service: &Service, phone: Phone) -> Result<otp::SendCode, Problem> {
        let apps = &service.policy().apps;
        Ok(otp::SendCode {
            phone,
            captcha_id: field("captcha_id", CaptchaId::parse(&self.captcha_id))?,
            captcha_answer: field("captcha_answer", CaptchaAnswer::parse(&self.captcha_answer))?,
            client: client.0,
            app: optional("client_id", self.client_id.as_deref(), |text| apps.known(text))?,
        })
    }
}

impl SetPassword {
    pub(super) fn parse(self) -> Result<(Ticket, NewPassword), Problem> {
        if self.password_confirm.is_some_and(|confirm| *confirm != *self.password) {
            return Err(Problem::field("password_confirm", Invalid::Mismatch));
        }
        Ok((field("ticket", Ticket::parse(&self.ticket))?, field("password", NewPassword::parse(&self.password))?))
    }
}

impl From<otp::CodeSent> for CodeSent {
    fn from(sent: otp::CodeSent) -> Self {
        Self {
            ticket: sent.ticket.expose(),
            step: otp::CodeSent::STEP.into(),
            phone_number: sent.phone.masked(),
            expires_in: seconds(sent.expires_in),
            resend_in: seconds(sent.resend_in),
            attempts_left: sent.attempts_left,
        }
    }
}

impl From<otp::StepDone> for StepDone {
    fn from(done: otp::StepDone) -> Self {
        Self { step: done.step.into(), expires_in: seconds(done.expires_in) }
    }
}

impl SignedIn {
    fn new(signed_in: session::SignedIn) -> Self {
        let tokens = Tokens::from(signed_in.tokens);
        Self {
            user: User::from(signed_in.user),
            access_token: tokens.access_token,
            token_type: tokens.token_type,
            expires_in: tokens.expires_in,
            refresh_token: tokens.refresh_token,
            refresh_expires_in: tokens.refresh_expires_in,
            refresh_bound: tokens.refresh_bound,
        }
    }
}

/// Returns the response to a sign-in.
pub(super) fn signed_in(status: StatusCode, signed_in: session::SignedIn) -> HttpResponse {
    let issued = signed_in.tokens.generation;
    json_with_tokens(status, &SignedIn::new(signed_in), issued)
}
