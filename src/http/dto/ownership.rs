//! Bodies of claims, of starting anew, of reclaims and of pending acts.

use super::account::DocumentName;
use super::{EXAMPLE_APP, EXAMPLE_DEVICE, EXAMPLE_TICKET};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Claim of an account: its password, or the token of a known device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ticket": EXAMPLE_TICKET, "password": "correct horse battery"}))]
pub struct ClaimAccount {
    /// Ticket of the sign-in.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    #[schema(
        value_type = Option<String>,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub password: Option<Zeroizing<String>>,
    /// Device token of an earlier sign-in on this device.
    #[schema(value_type = Option<String>, max_length = 128, example = json!(EXAMPLE_DEVICE))]
    pub device_token: Option<Zeroizing<String>>,
    /// Name of the device for the list of sessions. Never rejected: it is cut after 64 characters, and invisible
    /// characters are removed.
    #[schema(example = "iPhone 17")]
    pub device_name: Option<String>,
    /// App that signs in, for the claim `client_id` of its access tokens. Only ids that the operator has configured are
    /// accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(EXAMPLE_APP))]
    pub client_id: Option<String>,
}

/// Start of a new account in place of the earlier account of the number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartAnew {
    /// Ticket of the flow whose code was right.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    /// Legal documents that the user has accepted, as `name@version`: exactly those in force (`consent_required` names
    /// them). Ignored by a service that requires no consent.
    #[schema(
        value_type = Option<Vec<DocumentName>>,
        max_items = 8,
        example = json!(["terms@2026-11-01", "privacy@2026-11-01"])
    )]
    pub accepted: Option<Vec<String>>,
}

/// Former number of a detached account, the password or a known device, the new number, and a solved captcha.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "former_phone_number": "+8613800138000",
    "password": "correct horse battery",
    "phone_number": "+8613900139000",
    "captcha_id": "3q2-7wAAESIzRFVmd4iZqg",
    "captcha_answer": "ADEHLM",
}))]
pub struct Reclaim {
    /// Number that the account had, in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613800138000")]
    pub former_phone_number: String,
    #[schema(
        value_type = Option<String>,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub password: Option<Zeroizing<String>>,
    /// Device token of an earlier sign-in on this device.
    #[schema(value_type = Option<String>, max_length = 128, example = json!(EXAMPLE_DEVICE))]
    pub device_token: Option<Zeroizing<String>>,
    /// New mobile number, which gets the code, in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613900139000")]
    pub phone_number: String,
    /// Id of a captcha from `POST /v1/captchas`.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub captcha_id: String,
    /// Answer: the characters or the sum in the image, or the spoken digits. Upper or lower case, full or half width
    /// and spaces do not matter. At most 32 bytes.
    #[schema(max_length = 32, pattern = r"^.*[A-Za-z0-9\u0080-\uffff].*$", example = "ADEHLM")]
    pub captcha_answer: String,
    /// App that receives the code, for SMS autofill. Only ids that the operator has configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(EXAMPLE_APP))]
    pub client_id: Option<String>,
}

/// Acts that wait for a decision of the user, or that can be done now.
#[derive(Serialize, ToSchema)]
pub struct PendingActs {
    /// The oldest first.
    pub pending: Vec<PendingAct>,
}

/// Kind of act.
#[derive(ToSchema)]
#[schema(as = ActKind, rename_all = "snake_case")]
pub enum ActName {
    SignIn,
    PasswordReset,
    Deletion,
    PhoneChange,
    NumberClaim,
}

/// Held act.
#[derive(Serialize, ToSchema)]
pub struct PendingAct {
    /// UUIDv7.
    #[schema(format = "uuid", example = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d")]
    pub id: String,
    /// Kind of act. `number_claim`: another account takes the number of this one.
    #[schema(value_type = ActName)]
    pub kind: &'static str,
    /// New number of a `phone_change`, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "+86139****9000")]
    pub phone_number: Option<String>,
    /// Name of the device that asked for it, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "iPhone 17")]
    pub device_name: Option<String>,
    /// `true` if the session of the request asked for it: it can cancel the act (`refuse`), and cannot approve it.
    #[schema(example = false)]
    pub own: bool,
    #[schema(example = false)]
    pub approved: bool,
    /// Time of the request. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub asked_at: String,
    /// Time from which the act can be done without a decision. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-21T12:00:00.000Z")]
    pub ready_at: String,
    /// Time until which the act can be done. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-28T12:00:00.000Z")]
    pub expires_at: String,
}
