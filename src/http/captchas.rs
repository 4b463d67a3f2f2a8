//! `POST /v1/captchas`.

use super::checks::{captcha_id, optional};
use super::client::Asking;
use super::envelope::seconds;
use super::error::{Code, Problem};
use super::extract::Json;
use super::json;
use crate::domain::captcha::CaptchaId;
use crate::flows::{Service, captcha};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

pub(super) const CREATE: &[Code] = &[Code::TooManyRequests, Code::Overloaded];

/// Ask for a picture puzzle.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCaptcha {
    /// The `captcha_id` of an earlier captcha, which is discarded.
    #[validate(custom(function = "captcha_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$", example = "3q2-7wAAESIzRFVmd4iZqg")]
    replaces: Option<String>,
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
/// The answer is the characters in the picture, in any case, or, for the arithmetic kind, the sum. A captcha is used up by
/// the first try, right or wrong. With `Accept: image/png` the answer is the raw picture, its id in the header `Captcha-Id`
/// and its life in `Captcha-Expires-In`.
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
    let picture = captcha::create(&service, client.0.address, replaces.as_ref()).await?;
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
