//! `POST /v1/captchas`: image and audio captchas.

use super::checks::{captcha_id, captcha_kind, captcha_theme, field, optional};
use super::client::ClientContext;
use super::error::{Code, Problem};
use super::extract::Json;
use super::response::{json, seconds};
use crate::domain::captcha::{CaptchaId, Kind, Theme};
use crate::domain::proof::{Challenge, Nonce, Proof};
use crate::flows::Service;
use crate::flows::captcha::{self, CaptchaParams, Created};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_LANGUAGE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Errors of `create`, apart from the common ones.
pub(super) const CREATE: &[Code] =
    &[Code::ProofOfWorkRequired, Code::ProofOfWorkInvalid, Code::TooManyRequests, Code::Overloaded];

/// Options of a new captcha.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCaptcha {
    /// `captcha_id` of an earlier captcha, which is discarded.
    #[validate(custom(function = "captcha_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    replaces: Option<String>,
    /// Kind of captcha: an image (the default), or a recording of six digits in the language of `Accept-Language`. A
    /// service without audio captchas rejects `audio` as `not_allowed`.
    #[validate(custom(function = "captcha_kind"))]
    #[schema(value_type = Option<KindName>, example = "image")]
    kind: Option<String>,
    /// Theme of the app around the image. The default is the choice of the operator.
    #[validate(custom(function = "captcha_theme"))]
    #[schema(value_type = Option<ThemeName>, example = "dark")]
    theme: Option<String>,
    /// Solution for the `proof_of_work` of an error. Send the first request without it.
    #[schema(example = json!(null))]
    proof_of_work: Option<ProofOfWork>,
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
    challenge: String,
    /// Decimal digits. The SHA-256 hash of the challenge, a colon and these digits, as ASCII, begins with `bits` zero
    /// bits.
    #[schema(pattern = "^[0-9]{1,20}$", example = "183402")]
    nonce: String,
}

impl ProofOfWork {
    fn parse(&self) -> Result<Proof, Problem> {
        Ok(Proof {
            challenge: field("proof_of_work.challenge", Challenge::parse(&self.challenge))?,
            nonce: field("proof_of_work.nonce", Nonce::parse(&self.nonce))?,
        })
    }
}

/// Captcha. It allows one attempt.
#[derive(Serialize, ToSchema)]
pub struct Captcha {
    /// Id of the captcha. Send it together with the answer.
    #[schema(example = "3q2-7wAAESIzRFVmd4iZqg")]
    captcha_id: String,
    /// Image as a data URI (RFC 2397). Absent if `kind` was `audio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "data:image/png;base64,iVBORw0KGgo=")]
    image: Option<String>,
    /// Recording as a data URI: a WAV of 8 seconds and 128 kB. Present only if `kind` was `audio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    audio: Option<String>,
    /// Media type of the file: `image/png` or `audio/wav`.
    #[schema(example = "image/png")]
    media_type: &'static str,
    /// Seconds until the captcha expires.
    #[schema(example = 300)]
    expires_in: u64,
}

/// Create a captcha.
///
/// The answer to an image is its characters (upper line first, in upper or lower case), or the result of its sum. The
/// answer to an audio captcha (`"kind": "audio"`), for users who cannot read the image, is the spoken digits. A captcha
/// allows one attempt, right or wrong.
///
/// The response is JSON. With `Accept: image/png` or `Accept: audio/wav`, whichever fits the kind, it is the file
/// itself, with the headers `Captcha-Id` and `Captcha-Expires-In` (seconds).
///
/// Send the first request without a proof of work. After `proof_of_work_required`, find digits with this property: the
/// SHA-256 hash of `challenge`, a colon and the digits begins with `bits` zero bits. Send the request again with the
/// challenge and the digits. `proof_of_work_invalid` carries the next challenge.
#[utoipa::path(
    post, path = "/v1/captchas", operation_id = "captchas.create", tag = "captchas", request_body = CreateCaptcha,
    responses((status = 201, description = "New captcha", content(
        (Captcha = "application/json"), (String = "image/png"), (String = "audio/wav"),
    ), headers(
        ("Captcha-Id" = String, description = "Id of the captcha, if the response is the file"),
        ("Captcha-Expires-In" = u64, description = "Seconds until the captcha expires, if the response is the file"),
        ("Content-Language" = String, description = "Language of the recording"),
    )))
)]
pub(super) async fn create(
    service: web::Data<Service>,
    client: ClientContext,
    request: HttpRequest,
    body: Json<CreateCaptcha>,
) -> Result<HttpResponse, Problem> {
    let replaces = optional("replaces", body.0.replaces.as_deref(), CaptchaId::parse)?;
    let proof = body.0.proof_of_work.as_ref().map(ProofOfWork::parse).transpose()?;
    let theme = optional("theme", body.0.theme.as_deref(), Theme::parse)?;
    let allowed = |text: &str| service.policy().captcha.kind(text);
    let kind = optional("kind", body.0.kind.as_deref(), allowed)?.unwrap_or_default();
    let params = CaptchaParams { kind, theme, proof: proof.as_ref(), replaces: replaces.as_ref() };
    let created = captcha::create(&service, client.0, params).await?;
    let mut response = response(&request, kind, created);
    if kind == Kind::Audio {
        response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(client.0.language.tag()));
    }
    Ok(response)
}

const fn media_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "image/png",
        Kind::Audio => "audio/wav",
    }
}

/// Returns JSON, or the file itself if the client wants it.
fn response(request: &HttpRequest, kind: Kind, created: Created) -> HttpResponse {
    let (media_type, expires_in) = (media_type(kind), seconds(created.expires_in));
    if wants_raw(request, kind) {
        let mut response = HttpResponse::Created();
        response.content_type(media_type).insert_header(("Captcha-Id", created.id.as_str()));
        return response.insert_header(("Captcha-Expires-In", expires_in)).body(created.file);
    }
    let file = Some(format!("data:{media_type};base64,{}", BASE64_STANDARD.encode(&created.file)));
    let (image, audio) = match kind {
        Kind::Image => (file, None),
        Kind::Audio => (None, file),
    };
    let captcha_id = created.id.as_str().to_owned();
    json(StatusCode::CREATED, &Captcha { captcha_id, image, audio, media_type, expires_in })
}

/// Tells whether the response is the file itself: `Accept` names the media type of this kind and not JSON. A client
/// that requests an audio captcha and accepts only images gets JSON.
fn wants_raw(request: &HttpRequest, kind: Kind) -> bool {
    let accepted = request.headers().get(ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    let accepted = String::from_utf8_lossy(accepted).to_ascii_lowercase();
    accepted.contains(media_type(kind)) && !accepted.contains("application/json")
}
