//! Bodies of the account: its profile, password, phone number and deletion.

use super::{EXAMPLE_APP, EXAMPLE_TICKET};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Account of the signed-in user.
#[derive(Serialize, ToSchema)]
pub struct User {
    /// UUIDv7.
    #[schema(format = "uuid", example = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d")]
    pub id: String,
    /// Phone number in E.164. `null` if another person has signed up with the number: ask the user for a new one.
    #[schema(required, example = "+8613800138000")]
    pub phone_number: Option<String>,
    /// `true` if the user should prove that the number is still theirs: ask them, and send
    /// `POST /v1/me/phone/confirm/send-code`.
    #[schema(example = false)]
    pub phone_confirm_due: bool,
    /// `true` if the user can sign in with a password.
    #[schema(example = true)]
    pub has_password: bool,
    #[schema(example = "小明")]
    pub nickname: String,
    /// `null`: none.
    #[schema(required, format = "uri", example = json!(null))]
    pub avatar_url: Option<String>,
    /// `null`: not stated.
    #[schema(required, example = "female", extensions(("x-extensible-enum" = json!(["female", "male", "other"]))))]
    pub gender: Option<&'static str>,
    /// Full date (RFC 3339), in no time zone. `null`: not stated.
    #[schema(required, format = Date, example = "2001-09-30")]
    pub birthday: Option<String>,
    /// Legal documents in force that the user has not accepted: ask the user, and send `PUT /v1/me/consents`.
    #[schema(example = json!([]))]
    pub consent_due: Vec<String>,
    /// Time of the sign-up. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// Time of the last change. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

#[derive(ToSchema)]
#[schema(as = Gender, rename_all = "snake_case")]
pub enum GenderName {
    Female,
    Male,
    Other,
}

/// Profile of the new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ticket": EXAMPLE_TICKET, "nickname": "小明", "device_name": "iPhone 17"}))]
pub struct SubmitProfile {
    /// Ticket from `send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    /// Nickname: one line of 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, pattern = r"^.*\S.*$", example = "小明")]
    pub nickname: String,
    /// URL below the public avatar base of this service. A service without an avatar base accepts no URL.
    #[schema(format = "uri", max_length = 512, example = json!(EXAMPLE_AVATAR))]
    pub avatar_url: Option<String>,
    #[schema(value_type = Option<GenderName>, example = "female")]
    pub gender: Option<String>,
    /// Date from 1900-01-01 until today.
    #[schema(format = Date, max_length = 10, example = "2001-09-30")]
    pub birthday: Option<String>,
    /// Name of the device for the list of sessions. Never rejected: it is cut after 64 characters, and invisible
    /// characters are removed.
    #[schema(example = "iPhone 17")]
    pub device_name: Option<String>,
    /// App that signs in, for the claim `client_id` of its access tokens. Only ids that the operator has configured are
    /// accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(EXAMPLE_APP))]
    pub client_id: Option<String>,
}

/// Profile changes, as a JSON merge patch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"nickname": "小红", "gender": "female", "birthday": "2001-09-30"}))]
pub struct PatchProfile {
    /// Nickname: one line of 1 to 32 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(
        value_type = Option<String>,
        nullable = false,
        min_length = 1,
        max_length = 32,
        pattern = r"^.*\S.*$",
        example = "小红"
    )]
    pub nickname: Option<Option<String>>,
    /// URL below the public avatar base of this service. `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = "uri", max_length = 512, example = json!(EXAMPLE_AVATAR))]
    pub avatar_url: Option<Option<String>>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<GenderName>, example = "female")]
    pub gender: Option<Option<String>>,
    /// Date from 1900-01-01 until today. `null` clears it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = Date, max_length = 10, example = "2001-09-30")]
    pub birthday: Option<Option<String>>,
    /// Fields to clear, for clients that cannot send `null`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, value_type = Option<Vec<ClearableName>>, max_items = 3, example = json!(["birthday"]))]
    pub clear: Option<Vec<String>>,
}

/// Profile changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"nickname": "小红", "clear": ["birthday"]}))]
pub struct ChangeProfile {
    /// Nickname: one line of 1 to 32 characters.
    #[schema(min_length = 1, max_length = 32, pattern = r"^.*\S.*$", example = "小红")]
    pub nickname: Option<String>,
    /// URL below the public avatar base of this service.
    #[schema(format = "uri", max_length = 512, example = json!(EXAMPLE_AVATAR))]
    pub avatar_url: Option<String>,
    #[schema(value_type = Option<GenderName>, example = "female")]
    pub gender: Option<String>,
    /// Date from 1900-01-01 until today.
    #[schema(format = Date, max_length = 10, example = "2001-09-30")]
    pub birthday: Option<String>,
    /// Fields to clear.
    #[schema(value_type = Option<Vec<ClearableName>>, max_items = 3, example = json!(["birthday"]))]
    pub clear: Option<Vec<String>>,
}

/// Field of the profile that can be cleared.
#[derive(ToSchema)]
#[schema(as = ClearableField, rename_all = "snake_case")]
pub enum ClearableName {
    AvatarUrl,
    Gender,
    Birthday,
}

const EXAMPLE_AVATAR: &str = "https://cdn.example.com/019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d/q83vEjRWeJCrze8SNFZ4kA.jpg";

/// Distinguishes a field that is null from an absent field.
fn present<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// Refuses null, which an optional list of serde accepts.
fn not_null<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(field).map(Some)
}

/// Legal documents that the user accepts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptDocuments {
    /// Exactly the documents in force, as `name@version`. Ignored by a service that requires no consent.
    #[schema(
        value_type = Vec<DocumentName>,
        max_items = 8,
        example = json!(["terms@2026-12-01", "privacy@2026-11-01"])
    )]
    pub accepted: Vec<String>,
}

/// Legal document, as `name@version`.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[a-z0-9_-]{1,32}@[A-Za-z0-9._-]{1,32}$", example = "terms@2026-11-01")]
pub struct DocumentName(#[expect(dead_code, reason = "describes a text")] String);

/// New password, and either the current password or, for an account without one, a new code with its ticket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "staple correct battery"}))]
pub struct ChangePassword {
    #[schema(
        value_type = Option<String>,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub current_password: Option<Zeroizing<String>>,
    /// Ticket from `POST /v1/me/password/send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: Option<String>,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = "042137")]
    pub code: Option<String>,
    /// New password: 8 to 128 characters (after Unicode NFC), without control or invisible characters. Common passwords
    /// are rejected (`password_too_weak`).
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "staple correct battery"
    )]
    pub new_password: Zeroizing<String>,
}

/// New phone number and current password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone_number": "+8613900139000", "current_password": "correct horse battery"}))]
pub struct ChangePhone {
    /// New mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613900139000")]
    pub phone_number: String,
    /// Required if the account has a password.
    #[schema(
        value_type = Option<String>,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub current_password: Option<Zeroizing<String>>,
    /// App that receives the code, for SMS autofill. Only ids that the operator has configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(EXAMPLE_APP))]
    pub client_id: Option<String>,
}

/// Request for a code to the account's own number.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendOwnCode {
    /// App that receives the code, for SMS autofill. Only ids that the operator has configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(EXAMPLE_APP))]
    pub client_id: Option<String>,
}

/// Confirmation of the deletion: either the password, or a new code with its ticket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery"}))]
pub struct DeleteMe {
    #[schema(
        value_type = Option<String>,
        format = Password,
        min_length = 8,
        max_length = 128,
        example = "correct horse battery"
    )]
    pub password: Option<Zeroizing<String>>,
    /// Ticket from `POST /v1/me/deletion/send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: Option<String>,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = "042137")]
    pub code: Option<String>,
}
