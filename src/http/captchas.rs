//! `POST /v1/captchas`.

use super::checks::{captcha_id, captcha_kind, captcha_theme, field, optional};
use super::client::ClientContext;
use super::error::{Code, Problem};
use super::extract::Json;
use super::response::{json, seconds};
use crate::domain::captcha::{CaptchaId, Kind, Theme};
use crate::domain::proof::{Challenge, Nonce, Proof};
use crate::flows::Service;
use crate::flows::captcha::{self, Created, Order};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_LANGUAGE, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

pub(super) const CREATE: &[Code] =
    &[Code::ProofOfWorkRequired, Code::ProofOfWorkInvalid, Code::TooManyRequests, Code::Overloaded];

/// Ask for a puzzle.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCaptcha {
    /// The `captcha_id` of an earlier captcha, which is discarded.
    #[validate(custom(function = "captcha_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    replaces: Option<String>,
    /// To be seen, which it is without this, or to be heard: six digits, in the language of `Accept-Language`. Where the operator has
    /// no captchas to be heard, `audio` is refused as `not_allowed`.
    #[validate(custom(function = "captcha_kind"))]
    #[schema(value_type = Option<KindName>, example = "image")]
    kind: Option<String>,
    /// For the background that the picture will stand on. The operator has chosen one for those who do not.
    #[validate(custom(function = "captcha_theme"))]
    #[schema(value_type = Option<ThemeName>, example = "dark")]
    theme: Option<String>,
    /// What was found for the `proof_of_work` of a refusal. Ask without it first.
    #[schema(example = json!(null))]
    proof_of_work: Option<ProofOfWork>,
}

/// For the eye or the ear.
#[derive(ToSchema)]
#[schema(as = CaptchaKind, rename_all = "snake_case")]
pub enum KindName {
    Image,
    Audio,
}

/// Dark on light, or light on dark.
#[derive(ToSchema)]
#[schema(as = CaptchaTheme, rename_all = "snake_case")]
pub enum ThemeName {
    Light,
    Dark,
}

/// Work that was done. A challenge is taken once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofOfWork {
    #[schema(pattern = "^[A-Za-z0-9_-]{56}$", example = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk")]
    challenge: String,
    /// Decimal digits, such that SHA-256 over the challenge, a colon and these digits, as ASCII, begins with `bits` zero bits.
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

/// A puzzle. It can be tried once.
#[derive(Serialize, ToSchema)]
pub struct Captcha {
    /// Goes back with the answer.
    #[schema(example = "3q2-7wAAESIzRFVmd4iZqg")]
    captcha_id: String,
    /// The picture as a data URI (RFC 2397). Not there when `kind` was `audio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "data:image/png;base64,iVBORw0KGgo=")]
    image: Option<String>,
    /// The sound as a data URI: a WAV of 8 seconds, 128 kB. There when `kind` was `audio`, and only then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    audio: Option<String>,
    /// Of the picture, `image/png`, or of the sound, `audio/wav`.
    #[schema(example = "image/png")]
    media_type: &'static str,
    /// Seconds until it is worthless.
    #[schema(example = 300)]
    expires_in: u64,
}

/// Draw or speak a captcha.
///
/// The answer is the characters in the picture, the upper line first, in any case, or, for a sum, what it comes to; or, for people who
/// cannot read it, the digits that are heard (`"kind": "audio"`). A captcha is used up by the first try, right or wrong. With
/// `Accept: image/png` or `audio/wav`, the type of what was asked for, the answer is the raw file, its id in the header `Captcha-Id`
/// and its life in `Captcha-Expires-In`.
///
/// Ask plainly first. When `proof_of_work_required` is the answer, look for digits such that SHA-256 over `challenge`, a colon and
/// the digits begins with `bits` zero bits, and ask again with both. A proof that is not accepted brings the next challenge along.
#[utoipa::path(
    post, path = "/v1/captchas", operation_id = "captchas.create", tag = "captchas", request_body = CreateCaptcha,
    responses((status = 201, description = "A new captcha", content(
        (Captcha = "application/json"), (String = "image/png"), (String = "audio/wav"),
    ), headers(
        ("Captcha-Id" = String, description = "The captcha's id, when the file is raw"),
        ("Captcha-Expires-In" = u64, description = "Seconds until it is worthless, when the file is raw"),
        ("Content-Language" = String, description = "The language of what is heard"),
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
    let served = |text: &str| service.policy().captcha.kind(text);
    let kind = optional("kind", body.0.kind.as_deref(), served)?.unwrap_or_default();
    let order = Order { kind, theme, proof: proof.as_ref(), replaces: replaces.as_ref() };
    let created = captcha::create(&service, client.0, order).await?;
    let mut response = answer(&request, kind, created);
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

/// JSON, unless the file itself is wanted.
fn answer(request: &HttpRequest, kind: Kind, created: Created) -> HttpResponse {
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

/// Only a client that names the type of the file and not JSON gets it raw: whoever wants a sound and says that it takes pictures is
/// understood best in JSON.
pub(super) fn wants_raw(request: &HttpRequest, kind: Kind) -> bool {
    let accepted = request.headers().get(ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    let accepted = String::from_utf8_lossy(accepted).to_ascii_lowercase();
    accepted.contains(media_type(kind)) && !accepted.contains("application/json")
}
