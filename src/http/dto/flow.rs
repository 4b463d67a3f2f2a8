//! Bodies of the flows with a code.

use super::account::DocumentName;
use super::ownership::ActName;
use super::{EXAMPLE_APP, EXAMPLE_DEVICE, EXAMPLE_TICKET};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// Phone number and a solved captcha.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendCode {
    /// Mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613800138000")]
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

/// Phone number of an account, and a solved captcha or a device token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "phone_number": "+8613800138000",
    "captcha_id": "3q2-7wAAESIzRFVmd4iZqg",
    "captcha_answer": "ADEHLM",
}))]
pub struct SendAccountCode {
    /// Mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613800138000")]
    pub phone_number: String,
    /// Id of a captcha from `POST /v1/captchas`. Required without `device_token`, and after `captcha_required`.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub captcha_id: Option<String>,
    /// Answer: the characters or the sum in the image, or the spoken digits. Upper or lower case, full or half width
    /// and spaces do not matter. At most 32 bytes.
    #[schema(max_length = 32, pattern = r"^.*[A-Za-z0-9\u0080-\uffff].*$", example = "ADEHLM")]
    pub captcha_answer: Option<String>,
    /// Device token of an earlier sign-in to this account. With it and without a captcha, the code counts on the limits
    /// of the device. Ignored with a captcha.
    #[schema(value_type = Option<String>, example = json!(EXAMPLE_DEVICE))]
    pub device_token: Option<Zeroizing<String>>,
    /// App that receives the code, for SMS autofill. Only ids that the operator has configured are accepted.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]+$", example = json!(EXAMPLE_APP))]
    pub client_id: Option<String>,
}

/// Phone number of a new account, a solved captcha, and the user's consent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendSignUpCode {
    /// Mobile number in E.164, or in the national format of the default region.
    #[schema(max_length = 256, pattern = "^[^A-Za-z]+$", example = "+8613800138000")]
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
    /// Legal documents that the user has accepted, as `name@version`: exactly those in force (`consent_required` names
    /// them). Ignored by a service that requires no consent.
    #[schema(
        value_type = Option<Vec<DocumentName>>,
        max_items = 8,
        example = json!(["terms@2026-11-01", "privacy@2026-11-01"])
    )]
    pub accepted: Option<Vec<String>>,
}

/// Flow that waits for its code.
#[derive(Serialize, ToSchema)]
pub struct CodeSent {
    /// Ticket of the flow: a secret. Keep it in memory, and send it only in request bodies.
    #[schema(example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    pub step: NextStep,
    /// Phone number of the code, masked.
    #[schema(example = "+86138****8000")]
    pub phone_number: String,
    /// Seconds until the flow expires if the code is not verified.
    #[schema(example = 300)]
    pub expires_in: u64,
    /// Seconds until the code can be sent again.
    #[schema(example = 60)]
    pub resend_in: u64,
    /// Number of attempts that are left. The flow ends with the last wrong code.
    #[schema(example = 5)]
    pub attempts_left: u32,
}

/// Ticket of a flow.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowTicket {
    /// Ticket from `send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
}

/// Code that the user has entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// Ticket from `send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = "042137")]
    pub code: String,
}

/// Code that the user has entered, and their device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyOwnerCode {
    /// Ticket from `send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    /// Six digits, as a string. Digits of any script; spaces are ignored.
    #[schema(min_length = 6, max_length = 32, pattern = "^[^A-Za-z]+$", example = "042137")]
    pub code: String,
    /// Device token of an earlier sign-in on this device.
    #[schema(value_type = Option<String>, max_length = 128, example = json!(EXAMPLE_DEVICE))]
    pub device_token: Option<Zeroizing<String>>,
}

/// Completed step.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"step": "set_password", "expires_in": 900}))]
pub struct StepDone {
    /// Next step of the flow.
    pub step: NextStep,
    /// Seconds until the flow expires.
    #[schema(example = 900)]
    pub expires_in: u64,
}

/// Next step of the flow.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    VerifyCode,
    ProveAccount,
    SetPassword,
    SubmitProfile,
}

/// Password that the user has chosen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// Ticket from `send-code`.
    #[schema(pattern = "^[A-Za-z0-9_-]{64}$", example = json!(EXAMPLE_TICKET))]
    pub ticket: String,
    /// New password: 8 to 128 characters (after Unicode NFC), without control or invisible characters. Common passwords
    /// are rejected (`password_too_weak`).
    #[schema(
        value_type = String,
        format = Password,
        min_length = 8,
        max_length = 128,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$",
        example = "correct horse battery"
    )]
    pub password: Zeroizing<String>,
    /// Must be equal to `password`, if present.
    #[schema(value_type = Option<String>, format = Password, max_length = 128, example = "correct horse battery")]
    pub password_confirm: Option<Zeroizing<String>>,
}

/// Error code of a right code that was not enough.
#[derive(ToSchema)]
#[schema(as = QuestionCode, rename_all = "snake_case")]
pub enum QuestionName {
    AccountDormant,
    ActHeld,
    ActRefused,
}

/// Current state of a flow.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "step": "verify_code",
    "phone_number": "+86138****8000",
    "expires_in": 241,
    "resend_in": 12,
    "attempts_left": 4,
}))]
pub struct FlowStatus {
    pub step: NextStep,
    /// Phone number of the flow, masked until it is verified.
    #[schema(example = "+86138****8000")]
    pub phone_number: String,
    /// Seconds until the flow expires.
    #[schema(example = 241)]
    pub expires_in: u64,
    /// Seconds until the code can be sent again. Only present while the flow waits for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 12)]
    pub resend_in: Option<u64>,
    /// Number of attempts that are left. Only present while the flow waits for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false, example = 4)]
    pub attempts_left: Option<u32>,
    /// Act whose right code was not enough. Only present with the step `prove_account`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ActName, required = false)]
    pub act: Option<&'static str>,
    /// Error code of the last right code, which was not enough. Only present with the step `prove_account`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = QuestionName, required = false)]
    pub reason: Option<&'static str>,
    /// `true` if the person can start a new account with the ticket. Only present with the step `prove_account`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false, example = true)]
    pub start_anew: Option<bool>,
    /// Seconds until a held act can be done, or a refused act can be requested again. Only present with these reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 86_400)]
    pub retry_after: Option<u64>,
}
