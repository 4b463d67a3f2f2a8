//! `POST /v1/me/avatar`: permits for avatar uploads.

use super::checks;
use super::error::{Code, Problem};
use super::extract::{Bearer, Json};
use super::response::{json, seconds};
use crate::domain::avatar::{AvatarSize, AvatarType, Permit};
use crate::flows::{Service, avatar};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use validator::Validate;

pub(super) const PERMIT: &[Code] = &[Code::AvatarUploadsDisabled, Code::TooManyRequests];

/// Image to upload.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AvatarUpload {
    /// Media type of the image.
    #[schema(value_type = AvatarMediaType, example = "image/jpeg")]
    content_type: String,
    /// Exact size of the image in bytes. The limit of a service can be lower than the maximum here: 2 MiB by default.
    #[schema(minimum = 1, maximum = 20_971_520, example = 183_402)]
    content_length: i64,
}

/// Supported media types.
#[derive(ToSchema)]
pub enum AvatarMediaType {
    #[schema(rename = "image/jpeg")]
    Jpeg,
    #[schema(rename = "image/png")]
    Png,
    #[schema(rename = "image/webp")]
    Webp,
}

/// Permit for one upload of this image. It is a secret until it expires: keep it in memory.
#[derive(Serialize, ToSchema)]
pub struct UploadPermit {
    method: UploadMethod,
    /// URL of the upload. Use it unchanged, with its query.
    #[schema(
        format = "uri",
        example = "https://pictures.s3.example.com/019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d/q83vEjRWeJCrze8SNFZ4kA.jpg?X-Amz-…"
    )]
    url: String,
    /// Headers of a `PUT`: send exactly these values, and the image as the body. Empty for `POST`.
    #[schema(example = json!({"Content-Type": "image/jpeg", "Content-Length": "183402"}))]
    headers: BTreeMap<&'static str, String>,
    /// Fields of a `POST` with a `multipart/form-data` body. Add the image as the last field, named `file`, with a file
    /// name. Empty for `PUT`.
    #[schema(example = json!({}))]
    form: BTreeMap<&'static str, String>,
    /// Public URL of the image. Set it as `avatar_url` with `PATCH /v1/me` after the upload.
    #[schema(
        format = "uri",
        example = "https://cdn.example.com/019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d/q83vEjRWeJCrze8SNFZ4kA.jpg"
    )]
    public_url: String,
    /// Seconds until the permit expires.
    #[schema(example = 600)]
    expires_in: u64,
}

/// Method of the upload.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum UploadMethod {
    /// The image is the body.
    Put,
    /// The image is a field of a form.
    Post,
}

impl From<avatar::Granted> for UploadPermit {
    fn from(granted: avatar::Granted) -> Self {
        let (method, url, headers, form) = match granted.permit {
            Permit::Put { url, headers } => (UploadMethod::Put, url, headers, Vec::new()),
            Permit::Form { url, fields } => (UploadMethod::Post, url, Vec::new(), fields),
        };
        Self {
            method,
            url: url.into(),
            headers: headers.into_iter().collect(),
            form: form.into_iter().collect(),
            public_url: granted.public_url.as_str().to_owned(),
            expires_in: seconds(granted.expires_in),
        }
    }
}

/// Create an upload permit.
///
/// The app uploads the image directly to the operator's storage, as the permit says. The permit is valid for this name,
/// type and size only. The profile is unchanged until `PATCH /v1/me` sets `avatar_url` to `public_url`.
#[utoipa::path(
    post, path = "/v1/me/avatar", operation_id = "me.permitAvatar", tag = "me", security(("access_token" = [])),
    request_body = AvatarUpload, responses((status = 200, description = "Permit for one upload", body = UploadPermit))
)]
pub(super) async fn permit(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<AvatarUpload>,
) -> Result<HttpResponse, Problem> {
    let kind = checks::field("content_type", AvatarType::parse(&body.0.content_type));
    let size = AvatarSize::new(body.0.content_length, service.policy().avatar.max_bytes);
    let (kind, size) = both(kind, checks::field("content_length", size))?;
    let granted = avatar::permit(&service, bearer.caller(&service).await?.user.id, kind, size).await?;
    Ok(json(StatusCode::OK, &UploadPermit::from(granted)))
}

/// Returns both values, or the errors of both.
fn both<A, B>(a: Result<A, Problem>, b: Result<B, Problem>) -> Result<(A, B), Problem> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut a), Err(b)) => {
            a.errors.extend(b.errors);
            Err(a)
        }
        (Err(problem), _) | (_, Err(problem)) => Err(problem),
    }
}
