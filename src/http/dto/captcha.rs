//! Bodies of `POST /v1/captchas`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Options of a new captcha.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "image", "theme": "light"}))]
pub struct CreateCaptcha {
    /// `captcha_id` of an earlier captcha, which is discarded.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub replaces: Option<String>,
    /// Kind of captcha: an image (the default), or a recording of six digits in the language of `Accept-Language`. A
    /// service without audio captchas rejects `audio` as `not_allowed`.
    #[schema(value_type = Option<KindName>, example = "image")]
    pub kind: Option<String>,
    /// Theme of the app around the image. The default is the choice of the operator.
    #[schema(value_type = Option<ThemeName>, example = "dark")]
    pub theme: Option<String>,
    /// Solution for the `proof_of_work` of an error. Send the first request without it.
    pub proof_of_work: Option<ProofOfWork>,
}

/// Options of a new captcha whose image is the response.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"theme": "light"}))]
pub struct CreateImage {
    /// Id of an earlier captcha, which is discarded.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub replaces: Option<String>,
    /// Theme of the app around the image. The default is the choice of the operator.
    #[schema(value_type = Option<ThemeName>, example = "dark")]
    pub theme: Option<String>,
    /// Solution for the `proof_of_work` of an error. Send the first request without it.
    pub proof_of_work: Option<ProofOfWork>,
}

/// Options of a new captcha whose recording is the response.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct CreateAudio {
    /// Id of an earlier captcha, which is discarded.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub replaces: Option<String>,
    /// Solution for the `proof_of_work` of an error. Send the first request without it.
    pub proof_of_work: Option<ProofOfWork>,
}

/// Kind of captcha.
#[derive(ToSchema)]
#[schema(as = CaptchaKind, rename_all = "snake_case")]
pub enum KindName {
    Image,
    Audio,
}

/// Theme: dark characters on light (`light`), or light characters on dark (`dark`).
#[derive(ToSchema)]
#[schema(as = CaptchaTheme, rename_all = "snake_case")]
pub enum ThemeName {
    Light,
    Dark,
}

/// Solved proof of work. A challenge is valid for one captcha.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofOfWork {
    /// Challenge from the error, unchanged.
    #[schema(pattern = "^[A-Za-z0-9_-]{56}$", example = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk")]
    pub challenge: String,
    /// Decimal digits. The SHA-256 hash of the challenge, a colon and these digits, as ASCII, begins with `bits` zero
    /// bits.
    #[schema(pattern = "^[0-9]{1,20}$", example = "183402")]
    pub nonce: String,
}

/// Captcha. It allows one attempt.
#[derive(Serialize, ToSchema)]
pub struct Captcha {
    /// Id of the captcha. Send it together with the answer.
    #[schema(example = "3q2-7wAAESIzRFVmd4iZqg")]
    pub captcha_id: String,
    /// Image as a data URI (RFC 2397). Absent if `kind` was `audio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "data:image/png;base64,iVBORw0KGgo=")]
    pub image: Option<Box<RawValue>>,
    /// Recording as a data URI: a WAV of 8 seconds and 128 kB. Present only if `kind` was `audio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub audio: Option<Box<RawValue>>,
    /// Media type of the file.
    #[schema(example = "image/png", extensions(("x-extensible-enum" = json!(["image/png", "audio/wav"]))))]
    pub media_type: &'static str,
    /// Sentence that asks the user for the answer, in the language of `Accept-Language`.
    #[schema(example = "Type the 6 characters in the picture, the upper line first.")]
    pub prompt: String,
    /// Number of characters of the answer. Absent if it varies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 6)]
    pub length: Option<usize>,
    /// Keyboard to show.
    #[schema(example = "text", extensions(("x-extensible-enum" = json!(["text", "digits"]))))]
    pub input: &'static str,
    /// Seconds until the captcha expires.
    #[schema(example = 300)]
    pub expires_in: u64,
}
