//! Request bodies of `/v1/me`.

use crate::http::checks;
use crate::http::schemas::GenderName;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

/// Profile changes.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeProfile {
    /// Nickname: one line of 1 to 32 characters.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "checks::nickname"))]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 32, example = "小明")]
    pub(super) nickname: Option<Option<String>>,
    /// URL below the public avatar base of this service.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = "uri", max_length = 512, example = json!(null))]
    pub(super) avatar_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "checks::gender"))]
    #[schema(value_type = Option<GenderName>, example = "female")]
    pub(super) gender: Option<Option<String>>,
    /// Date from 1900-01-01 until today.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Date, max_length = 10, example = "2001-09-30")]
    pub(super) birthday: Option<Option<String>>,
}

/// Distinguishes a field that is null from an absent field.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// Current and new password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    #[validate(custom(function = "checks::password"))]
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub(super) current_password: Zeroizing<String>,
    /// New password: 8 to 128 characters (after Unicode NFC), without control or invisible characters. Common passwords
    /// are rejected (`password_too_weak`).
    #[validate(custom(function = "checks::new_password"))]
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "staple correct battery"
    )]
    pub(super) new_password: Zeroizing<String>,
}

/// New phone number and current password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePhone {
    /// New mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613900139000")]
    pub(super) phone_number: String,
    #[validate(custom(function = "checks::password"))]
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub(super) current_password: Zeroizing<String>,
    /// App that receives the code, for SMS autofill. Only ids that the operator has configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(null))]
    pub(super) client_id: Option<String>,
}

/// Request for a code to the account's own number.
#[derive(Deserialize, Default, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendOwnCode {
    /// App that receives the code, for SMS autofill. Only ids that the operator has configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(null))]
    pub(super) client_id: Option<String>,
}

/// Confirmation of the deletion: either the password, or a new code with its ticket.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteMe {
    #[validate(custom(function = "checks::password"))]
    #[schema(
        value_type = Option<String>,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub(super) password: Option<Zeroizing<String>>,
    /// Ticket from `POST /v1/me/deletion/send-code`.
    #[validate(custom(function = "checks::ticket"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(null))]
    pub(super) ticket: Option<String>,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[validate(custom(function = "checks::code"))]
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = json!(null))]
    pub(super) code: Option<String>,
}
