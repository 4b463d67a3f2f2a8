//! What goes in and out of `/v1/register/…`.

use crate::domain::flow::{Flow, State, Step};
use crate::flows::code::CodeSent as Sent;
use crate::flows::session::Tokens;
use crate::http::account;
use crate::http::checks;
use crate::http::envelope::seconds;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

/// Step 1.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendCode {
    /// A mobile number in E.164, or in the national form of the default region.
    #[schema(max_length = 32, pattern = "^ *[+0-9 .()-][0-9 .()-]*$", example = "+8613800138000")]
    pub(super) phone_number: String,
    #[validate(custom(function = "checks::captcha_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub(super) captcha_id: String,
    /// What the picture says, in any case. Printable ASCII, not spaces alone.
    #[validate(custom(function = "checks::captcha_answer"))]
    #[schema(max_length = 32, pattern = "^[ -~]*[!-~][ -~]*$", example = "K7PTA")]
    pub(super) captcha_answer: String,
}

/// A flow that waits for its code.
#[derive(Serialize, ToSchema)]
pub struct CodeSent {
    /// The handle on the flow: a secret. Keep it in memory, send it in bodies only.
    #[schema(example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ")]
    pub(super) ticket: String,
    pub(super) step: NextStep,
    /// Where the code went, masked.
    #[schema(example = "+86138****8000")]
    pub(super) phone_number: String,
    /// Seconds until the flow ends if the code is not verified.
    #[schema(example = 300)]
    pub(super) expires_in: u64,
    /// Seconds until the code may be sent again.
    #[schema(example = 60)]
    resend_in: u64,
    /// Codes that may still be tried: at the last wrong one the flow ends.
    #[schema(example = 5)]
    attempts_left: u32,
}

/// The step that comes next.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    VerifyCode,
    SetPassword,
    SubmitProfile,
}

/// A flow, by its ticket.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowTicket {
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
}

/// Step 2.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
    /// Six digits, as text.
    #[validate(custom(function = "checks::code"))]
    #[schema(pattern = "^[0-9]{6}$", example = "042137")]
    pub(super) code: String,
}

/// A step that is done.
#[derive(Serialize, ToSchema)]
pub struct StepDone {
    /// The step that comes next.
    pub(super) step: NextStep,
    /// Seconds until the flow ends.
    #[schema(example = 900)]
    pub(super) expires_in: u64,
}

/// Step 3.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
    /// 8 to 128 characters (after Unicode NFC) of any kind but control characters, not a common password.
    #[validate(custom(function = "checks::password"))]
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$", example = "correct horse battery")]
    pub(super) password: Zeroizing<String>,
    /// If given, it must repeat `password`.
    #[schema(value_type = Option<String>, format = Password, max_length = 128, example = "correct horse battery")]
    pub(super) password_confirm: Option<Zeroizing<String>>,
}

/// Step 4.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitProfile {
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
    /// One line of 1 to 32 characters.
    #[validate(custom(function = "checks::nickname"))]
    #[schema(min_length = 1, max_length = 32, example = "小明")]
    pub(super) nickname: String,
    /// An address below this service's public avatar base; a service without one takes none.
    #[schema(format = "uri", max_length = 512, example = json!(null))]
    pub(super) avatar_url: Option<String>,
    #[validate(custom(function = "checks::gender"))]
    #[schema(value_type = Option<GenderName>, example = "female")]
    pub(super) gender: Option<String>,
    /// A day from 1900-01-01 until today.
    #[schema(format = Date, max_length = 10, example = "2001-09-30")]
    pub(super) birthday: Option<String>,
    /// How the person tells her devices apart: one line of 1 to 64 characters.
    #[validate(custom(function = "checks::device_name"))]
    #[schema(min_length = 1, max_length = 64, example = "iPhone 17")]
    pub(super) device_name: Option<String>,
}

#[derive(ToSchema)]
#[schema(as = Gender, rename_all = "snake_case")]
pub enum GenderName {
    Female,
    Male,
    Other,
}

/// A new account, signed in.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    user: account::User,
    /// A JWT for the `Authorization` header.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl")]
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    pub(super) expires_in: u64,
    /// A secret: keep it in the Keychain or Keystore.
    #[schema(example = "AZMn9d2ccQO2F1y4m3pLFA.0.uBqQ9vQ0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4y")]
    refresh_token: String,
    /// Seconds until the refresh token expires if it is not used.
    #[schema(example = 2_592_000)]
    refresh_expires_in: u64,
}

/// Where a flow stands.
#[derive(Serialize, ToSchema)]
pub struct FlowStatus {
    pub(super) step: NextStep,
    /// Masked until the phone is verified.
    #[schema(example = "+86138****8000")]
    pub(super) phone_number: String,
    /// Seconds until the flow ends.
    #[schema(example = 241)]
    pub(super) expires_in: u64,
    /// Seconds until the code may be sent again; while a code is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 12)]
    resend_in: Option<u64>,
    /// Wrong codes that the flow survives, and one; while a code is awaited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false, example = 4)]
    attempts_left: Option<u32>,
}

impl From<Sent> for CodeSent {
    fn from(sent: Sent) -> Self {
        Self {
            ticket: sent.ticket.expose(),
            step: NextStep::VerifyCode,
            phone_number: sent.phone.masked(),
            expires_in: seconds(sent.expires_in),
            resend_in: seconds(sent.resend_in),
            attempts_left: sent.attempts_left,
        }
    }
}

impl SignedIn {
    pub(super) fn new(user: account::User, tokens: Tokens) -> Self {
        Self {
            user,
            access_token: tokens.access,
            token_type: "Bearer",
            expires_in: seconds(tokens.access_expires_in),
            refresh_token: tokens.refresh.expose().to_owned(),
            refresh_expires_in: seconds(tokens.refresh_expires_in),
        }
    }
}

impl From<Flow> for FlowStatus {
    fn from(flow: Flow) -> Self {
        let (resend_in, attempts_left) = match flow.state {
            State::CodeSent { attempts_left, resend_in } => (Some(seconds(resend_in)), Some(attempts_left)),
            State::PhoneVerified | State::PasswordSet { .. } => (None, None),
        };
        let step = flow.state.step();
        let phone = if step == Step::CodeSent { flow.phone.masked() } else { flow.phone.e164().to_owned() };
        Self { step: step.into(), phone_number: phone, expires_in: seconds(flow.expires_in), resend_in, attempts_left }
    }
}

impl From<Step> for NextStep {
    fn from(behind: Step) -> Self {
        match behind {
            Step::CodeSent => Self::VerifyCode,
            Step::PhoneVerified => Self::SetPassword,
            Step::PasswordSet => Self::SubmitProfile,
        }
    }
}
