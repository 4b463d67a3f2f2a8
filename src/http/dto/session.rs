//! Bodies of sign-ins, tokens and sessions.

use super::account::User;
use super::{EXAMPLE_APP, EXAMPLE_DEVICE, EXAMPLE_TICKET};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Phone number and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// Mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613800138000")]
    pub phone_number: String,
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub password: Zeroizing<String>,
    /// Name of the device for the list of sessions. Never rejected: it is cut after 64 characters, and invisible
    /// characters are removed.
    #[schema(example = "iPhone 17")]
    pub device_name: Option<String>,
    /// Id of a solved captcha. Only required after `captcha_required`, together with `captcha_answer`.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub captcha_id: Option<String>,
    #[schema(max_length = 32, pattern = r"^.*[A-Za-z0-9\u0080-\uffff].*$", example = "ADEHLM")]
    pub captcha_answer: Option<String>,
    /// Device token of an earlier sign-in to this account. If the account knows the device, the attempt counts on the
    /// limits of the device, and needs no captcha. Any other text is ignored.
    #[schema(
        value_type = Option<String>,
        example = json!(EXAMPLE_DEVICE)
    )]
    pub device_token: Option<Zeroizing<String>>,
    /// App that receives the code to a new device (`new_device`), for SMS autofill. Only ids that the operator has
    /// configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(EXAMPLE_APP))]
    pub client_id: Option<String>,
}

/// Code that the user has entered for the sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyLogin {
    /// Ticket from `send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = "042137")]
    pub code: String,
    /// Device token of an earlier sign-in on this device.
    #[schema(value_type = Option<String>, max_length = 128, example = json!(EXAMPLE_DEVICE))]
    pub device_token: Option<Zeroizing<String>>,
    /// Name of the device for the list of sessions. Never rejected: it is cut after 64 characters, and invisible
    /// characters are removed.
    #[schema(example = "iPhone 17")]
    pub device_name: Option<String>,
}

/// Account, signed in on this device.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    pub user: User,
    /// JWT for the `Authorization` header.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl")]
    pub access_token: String,
    #[schema(example = "Bearer", extensions(("x-extensible-enum" = json!(["Bearer"]))))]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    pub expires_in: u64,
    /// Refresh token: a secret. Keep it in the Keychain or Keystore.
    #[schema(example = "AZMn9d2ccQO2F1y4m3pLFA.0.uBqQ9vQ0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4y")]
    pub refresh_token: String,
    /// Seconds until the refresh token expires if it is not used.
    #[schema(example = 2_592_000)]
    pub refresh_expires_in: u64,
    /// `true` if the refresh token is bound to the key of the request's `DPoP` proof: each refresh needs a proof of it.
    #[schema(example = false)]
    pub refresh_bound: bool,
    /// Device token: a secret, the same for the life of the device. Keep it beside the refresh token, and also after
    /// the sign-out: the next sign-in with it comes from a known device.
    #[schema(example = json!(EXAMPLE_DEVICE))]
    pub device_token: String,
}

/// New pair of tokens.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// JWT for the `Authorization` header.
    #[schema(example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl")]
    pub access_token: String,
    #[schema(example = "Bearer", extensions(("x-extensible-enum" = json!(["Bearer"]))))]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 900)]
    pub expires_in: u64,
    /// Refresh token of the next refresh. It replaces the earlier one; a refresh of a bound session returns the same.
    #[schema(example = "AZMn9d2ccQO2F1y4m3pLFA.1.W0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4yuBqQ9v")]
    pub refresh_token: String,
    /// Seconds until the refresh token expires if it is not used.
    #[schema(example = 2_592_000)]
    pub refresh_expires_in: u64,
    /// `true` if the refresh token is bound to the key of the sign-in's `DPoP` proof: each refresh needs a proof of it.
    #[schema(example = false)]
    pub refresh_bound: bool,
}

/// Refresh token of the last sign-in or refresh.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshTokens {
    #[schema(example = "AZMn9d2ccQO2F1y4m3pLFA.0.uBqQ9vQ0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4y")]
    pub refresh_token: String,
}

/// Options of a sign-out.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogOut {
    /// Sign out all devices of the user, not only this one, and forget them.
    #[schema(example = false)]
    pub everywhere: Option<bool>,
    /// Forget this device, too: its device token is worth nothing afterwards.
    #[schema(example = false)]
    pub forget_device: Option<bool>,
}

/// Devices on which the user is signed in.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// Sessions, most recently used first.
    pub sessions: Vec<Session>,
    /// Time of the last change or reset of the password; of the sign-up without one. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub password_changed_at: String,
}

/// Session of one device.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// UUIDv7.
    #[schema(format = "uuid", example = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d")]
    pub id: String,
    /// Name of the device, if the app has sent one at the sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "iPhone 17")]
    pub device_name: Option<String>,
    /// `true` for the session of the request.
    #[schema(example = true)]
    pub current: bool,
    /// Time of the sign-in. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// Time of the last refresh, to the hour. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-21T09:00:00.000Z")]
    pub last_used_at: String,
    /// Time when the session ends in any case. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2027-05-19T12:00:00.000Z")]
    pub expires_at: String,
    /// `true` if the device of the session is a known device: the account knows the five that were used last.
    #[schema(example = true)]
    pub known_device: bool,
    /// Time of the first sign-in on the known device; absent if the device is not known. RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub device_known_since: Option<String>,
}
