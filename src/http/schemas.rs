//! Schemas that several bodies share: the account, the next step, the proof of work.

use super::response::seconds;
use crate::domain::flow::{Action, Step};
use crate::domain::proof::Challenge;
use crate::domain::user;
use crate::flows::session;
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

/// New pair of tokens.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// JWT for the `Authorization` header.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl")]
    pub(super) access_token: String,
    #[schema(example = "Bearer")]
    pub(super) token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    pub(super) expires_in: u64,
    /// Refresh token of the next refresh. It replaces the earlier one; a refresh of a bound session returns the same.
    #[schema(example = "AZMn9d2ccQO2F1y4m3pLFA.1.W0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4yuBqQ9v")]
    pub(super) refresh_token: String,
    /// Seconds until the refresh token expires if it is not used.
    #[schema(example = 2_592_000)]
    pub(super) refresh_expires_in: u64,
    /// `true` if the refresh token is bound to the key of the sign-in's `DPoP` proof: each refresh needs a proof of it.
    #[schema(example = false)]
    pub(super) refresh_bound: bool,
}

/// Account of the signed-in user.
#[derive(Serialize, ToSchema)]
pub struct User {
    /// UUIDv7.
    #[schema(format = "uuid", example = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d")]
    id: String,
    /// Phone number in E.164.
    #[schema(example = "+8613800138000")]
    phone_number: String,
    #[schema(example = "小明")]
    nickname: String,
    #[schema(format = "uri", example = json!(null))]
    avatar_url: Option<String>,
    #[schema(value_type = Option<GenderName>, example = "female")]
    gender: Option<&'static str>,
    /// Full date (RFC 3339).
    #[schema(format = Date, example = "2001-09-30")]
    birthday: Option<String>,
    /// Time of the sign-up. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    created_at: String,
    /// Time of the last change. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    updated_at: String,
}

#[derive(ToSchema)]
#[schema(as = Gender, rename_all = "snake_case")]
pub enum GenderName {
    Female,
    Male,
    Other,
}

/// Next step of the flow.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    VerifyCode,
    SetPassword,
    SubmitProfile,
}

/// Proof of work that the client must do.
#[derive(Serialize, ToSchema)]
#[schema(as = Work)]
pub struct Work {
    #[schema(example = "sha-256")]
    algorithm: &'static str,
    /// Text to hash, unchanged: ASCII.
    #[schema(example = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk")]
    challenge: String,
    /// Number of zero bits at the beginning of the hash. It takes 2 to the power of `bits` hashes on average.
    #[schema(example = 18)]
    bits: u8,
    /// Seconds until the challenge expires.
    #[schema(example = 120)]
    expires_in: u64,
}

impl From<user::User> for User {
    fn from(user: user::User) -> Self {
        Self {
            id: user.id.0.to_string(),
            phone_number: user.phone.e164().to_owned(),
            nickname: user.nickname,
            avatar_url: user.avatar_url,
            gender: user.gender.map(user::Gender::as_str),
            birthday: user.birthday.map(|date| date.to_string()),
            created_at: user.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            updated_at: user.updated_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        }
    }
}

impl From<session::Tokens> for Tokens {
    fn from(tokens: session::Tokens) -> Self {
        Self {
            access_token: tokens.access,
            token_type: "Bearer",
            expires_in: seconds(tokens.access_expires_in),
            refresh_token: tokens.refresh.expose().to_owned(),
            refresh_expires_in: seconds(tokens.refresh_expires_in),
            refresh_bound: tokens.bound,
        }
    }
}

impl From<Step> for NextStep {
    fn from(completed: Step) -> Self {
        match completed.next_action() {
            Action::VerifyCode => Self::VerifyCode,
            Action::SetPassword => Self::SetPassword,
            Action::SubmitProfile => Self::SubmitProfile,
        }
    }
}

impl From<&Challenge> for Work {
    fn from(challenge: &Challenge) -> Self {
        let expires_in = seconds(Challenge::LIFE);
        Self { algorithm: "sha-256", challenge: challenge.text(), bits: challenge.bits(), expires_in }
    }
}
