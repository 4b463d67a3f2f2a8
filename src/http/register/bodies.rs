//! Request and response bodies that only the sign-up has.

use crate::domain::flow::{Flow, State, Step};
use crate::http::checks;
use crate::http::response::seconds;
use crate::http::schemas::{GenderName, NextStep};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Profile of the new account.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitProfile {
    /// Ticket from `send-code`.
    #[validate(custom(function = "checks::ticket"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{64}$",
        example = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ"
    )]
    pub(super) ticket: String,
    /// Nickname: one line of 1 to 32 characters.
    #[validate(custom(function = "checks::nickname"))]
    #[schema(min_length = 1, max_length = 32, example = "小明")]
    pub(super) nickname: String,
    /// URL below the public avatar base of this service. A service without an avatar base accepts no URL.
    #[schema(format = "uri", max_length = 512, example = json!(null))]
    pub(super) avatar_url: Option<String>,
    #[validate(custom(function = "checks::gender"))]
    #[schema(value_type = Option<GenderName>, example = "female")]
    pub(super) gender: Option<String>,
    /// Date from 1900-01-01 until today.
    #[schema(format = Date, max_length = 10, example = "2001-09-30")]
    pub(super) birthday: Option<String>,
    /// Name of the device for the list of sessions. Never rejected: it is cut after 64 characters, and invisible
    /// characters are removed.
    #[schema(example = "iPhone 17")]
    pub(super) device_name: Option<String>,
}

/// Current state of a flow.
#[derive(Serialize, ToSchema)]
pub struct FlowStatus {
    pub(super) step: NextStep,
    /// Phone number of the flow, masked until it is verified.
    #[schema(example = "+86138****8000")]
    pub(super) phone_number: String,
    /// Seconds until the flow expires.
    #[schema(example = 241)]
    pub(super) expires_in: u64,
    /// Seconds until the code can be sent again. Only present while the flow waits for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 12)]
    resend_in: Option<u64>,
    /// Number of attempts that are left. Only present while the flow waits for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false, example = 4)]
    attempts_left: Option<u32>,
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
