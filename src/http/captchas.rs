//! `POST /v1/captchas`.

use super::checks::{captcha_id, captcha_theme, field, optional};
use super::client::Asking;
use super::envelope::seconds;
use super::error::{Code, Problem};
use super::extract::Json;
use super::json;
use crate::domain::captcha::{CaptchaId, Theme};
use crate::domain::proof::{Challenge, Nonce, Proof};
use crate::flows::Service;
use crate::flows::captcha::{self, Order};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

pub(super) const CREATE: &[Code] =
    &[Code::ProofOfWorkRequired, Code::ProofOfWorkInvalid, Code::TooManyRequests, Code::Overloaded];

/// As an example.
pub(super) const CHALLENGE: &str = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk";

/// Ask for a picture puzzle.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCaptcha {
    /// The `captcha_id` of an earlier captcha, which is discarded.
    #[validate(custom(function = "captcha_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    replaces: Option<String>,
    /// For the background that the picture will stand on. The operator has chosen one for those who do not.
    #[validate(custom(function = "captcha_theme"))]
    #[schema(value_type = Option<ThemeName>, example = "dark")]
    theme: Option<String>,
    /// What was found for the `proof_of_work` of a refusal. Ask without it first.
    #[schema(example = json!(null))]
    proof_of_work: Option<ProofOfWork>,
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

/// Work to be done.
#[derive(Serialize, ToSchema)]
#[schema(as = Work)]
pub struct Work {
    #[schema(example = "sha-256")]
    algorithm: &'static str,
    /// To be hashed as it stands here: ASCII.
    #[schema(example = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk")]
    challenge: String,
    /// Zero bits that the hash has to begin with: 2 to the power of this hashes on average.
    #[schema(example = 18)]
    bits: u8,
    /// Seconds until the challenge is worthless.
    #[schema(example = 120)]
    expires_in: u64,
}

impl From<&Challenge> for Work {
    fn from(challenge: &Challenge) -> Self {
        let expires_in = seconds(Challenge::LIFE);
        Self { algorithm: "sha-256", challenge: challenge.text(), bits: challenge.bits(), expires_in }
    }
}

impl ProofOfWork {
    fn parse(&self) -> Result<Proof, Problem> {
        Ok(Proof {
            challenge: field("proof_of_work.challenge", Challenge::parse(&self.challenge))?,
            nonce: field("proof_of_work.nonce", Nonce::parse(&self.nonce))?,
        })
    }
}

/// A picture puzzle. It can be tried once.
#[derive(Serialize, ToSchema)]
pub struct Captcha {
    /// Goes back with the answer.
    #[schema(example = "3q2-7wAAESIzRFVmd4iZqg")]
    captcha_id: String,
    /// The picture as a data URI (RFC 2397).
    #[schema(example = "data:image/png;base64,iVBORw0KGgo=")]
    image: String,
    #[schema(example = "image/png")]
    media_type: &'static str,
    /// Seconds until it is worthless.
    #[schema(example = 300)]
    expires_in: u64,
}

/// Draw a captcha.
///
/// The answer is the characters in the picture, the upper line first, in any case, or, for a sum, what it comes to. A captcha is
/// used up by the first try, right or wrong. With `Accept: image/png` the answer is the raw picture, its id in the header `Captcha-Id`
/// and its life in `Captcha-Expires-In`.
///
/// Ask plainly first. When `proof_of_work_required` is the answer, look for digits such that SHA-256 over `challenge`, a colon and
/// the digits begins with `bits` zero bits, and ask again with both. A proof that is not accepted brings the next challenge along.
#[utoipa::path(
    post, path = "/v1/captchas", operation_id = "captchas.create", tag = "captchas", request_body = CreateCaptcha,
    responses((status = 201, description = "A new captcha", content(
        (Captcha = "application/json"), (String = "image/png"),
    ), headers(
        ("Captcha-Id" = String, description = "The captcha's id, when the picture is raw"),
        ("Captcha-Expires-In" = u64, description = "Seconds until it is worthless, when the picture is raw"),
    )))
)]
pub(super) async fn create(
    service: web::Data<Service>,
    client: Asking,
    request: HttpRequest,
    body: Json<CreateCaptcha>,
) -> Result<HttpResponse, Problem> {
    let replaces = optional("replaces", body.0.replaces.as_deref(), CaptchaId::parse)?;
    let proof = body.0.proof_of_work.as_ref().map(ProofOfWork::parse).transpose()?;
    let theme = optional("theme", body.0.theme.as_deref(), Theme::parse)?;
    let order = Order { theme, proof: proof.as_ref(), replaces: replaces.as_ref() };
    let picture = captcha::create(&service, client.0.address, order).await?;
    let expires_in = seconds(picture.expires_in);
    if wants_png(&request) {
        let mut response = HttpResponse::Created();
        response.content_type("image/png").insert_header(("Captcha-Id", picture.id.as_str()));
        return Ok(response.insert_header(("Captcha-Expires-In", expires_in)).body(picture.png));
    }
    let image = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&picture.png));
    let captcha_id = picture.id.as_str().to_owned();
    Ok(json(StatusCode::CREATED, &Captcha { captcha_id, image, media_type: "image/png", expires_in }))
}

/// Only a client that names PNG and not JSON gets the raw picture.
pub(super) fn wants_png(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    let accepted = String::from_utf8_lossy(accepted).to_ascii_lowercase();
    accepted.contains("image/png") && !accepted.contains("application/json")
}
