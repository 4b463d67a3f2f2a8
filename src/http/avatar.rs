//! `POST /v1/me/avatar`: leave to upload a picture.

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

/// The picture that is to be uploaded.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AvatarUpload {
    /// What the picture is.
    #[schema(value_type = AvatarMediaType, example = "image/jpeg")]
    content_type: String,
    /// Its exact size in bytes. A service may allow less than the maximum, 2 MiB unless its operator chose otherwise.
    #[schema(minimum = 1, maximum = 20_971_520, example = 183_402)]
    content_length: i64,
}

/// What a picture may be.
#[derive(ToSchema)]
pub enum AvatarMediaType {
    #[schema(rename = "image/jpeg")]
    Jpeg,
    #[schema(rename = "image/png")]
    Png,
    #[schema(rename = "image/webp")]
    Webp,
}

/// One upload, for this picture only. A secret until it expires: keep it in memory.
#[derive(Serialize, ToSchema)]
pub struct UploadPermit {
    method: UploadMethod,
    /// Where the picture goes: as it is, with its query.
    #[schema(
        format = "uri",
        example = "https://pictures.s3.example.com/019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d/q83vEjRWeJCrze8SNFZ4kA.jpg?X-Amz-…"
    )]
    url: String,
    /// For `PUT`: headers to send, exactly these values; the body is the picture. Empty for `POST`.
    #[schema(example = json!({"Content-Type": "image/jpeg", "Content-Length": "183402"}))]
    headers: BTreeMap<&'static str, String>,
    /// For `POST`: fields of a `multipart/form-data` body, to be followed by the picture as a field `file`, with a file name.
    /// Empty for `PUT`.
    #[schema(example = json!({}))]
    form: BTreeMap<&'static str, String>,
    /// Where the picture will be seen: what `PATCH /v1/me` takes as `avatar_url` once the upload is done.
    #[schema(
        format = "uri",
        example = "https://cdn.example.com/019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d/q83vEjRWeJCrze8SNFZ4kA.jpg"
    )]
    public_url: String,
    /// Seconds until the upload must be done.
    #[schema(example = 600)]
    expires_in: u64,
}

/// How the picture is sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum UploadMethod {
    /// The picture is the body.
    Put,
    /// The picture is a part of a form.
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

/// Ask for leave to upload an avatar.
///
/// The picture goes straight from the app to the operator's storage, in the way that the answer says. Its name, type and
/// size are bound: no other upload is accepted. The profile changes when `PATCH /v1/me` sets `avatar_url` to `public_url`.
#[utoipa::path(
    post, path = "/v1/me/avatar", operation_id = "me.permitAvatar", tag = "me", security(("access_token" = [])),
    request_body = AvatarUpload, responses((status = 200, description = "The upload may be made", body = UploadPermit))
)]
pub(super) async fn permit(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<AvatarUpload>,
) -> Result<HttpResponse, Problem> {
    let kind = checks::field("content_type", AvatarType::parse(&body.0.content_type));
    let size = AvatarSize::new(body.0.content_length, service.policy().avatar.max_bytes);
    let (kind, size) = both(kind, checks::field("content_length", size))?;
    let granted = avatar::permit(&service, bearer.0.user.id, kind, size).await?;
    Ok(json(StatusCode::OK, &UploadPermit::from(granted)))
}

/// Both values, or what is wrong with either.
fn both<A, B>(a: Result<A, Problem>, b: Result<B, Problem>) -> Result<(A, B), Problem> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut a), Err(b)) => {
            a.errors.extend(b.errors);
            Err(a)
        }
        (Err(one), _) | (_, Err(one)) => Err(one),
    }
}
