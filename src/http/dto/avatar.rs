//! Bodies of `POST /v1/me/avatar`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Image to upload.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AvatarUpload {
    /// Media type of the image.
    #[schema(value_type = AvatarMediaType, example = "image/jpeg")]
    pub content_type: String,
    /// Exact size of the image in bytes. The limit of a service can be lower than the maximum here: 2 MiB by default.
    #[schema(minimum = 1, maximum = 20_971_520, example = 183_402)]
    pub content_length: i64,
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
    pub method: UploadMethod,
    /// URL of the upload. Use it unchanged, with its query.
    #[schema(
        format = "uri",
        example = "https://pictures.s3.example.com/019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d/q83vEjRWeJCrze8SNFZ4kA.jpg?X-Amz-Signature=9f86d081884c"
    )]
    pub url: String,
    /// Headers of a `PUT`: send exactly these values, and the image as the body. Empty for `POST`.
    #[schema(example = json!({"Content-Type": "image/jpeg", "Content-Length": "183402"}))]
    pub headers: BTreeMap<&'static str, String>,
    /// Fields of a `POST` with a `multipart/form-data` body. Add the image as the last field, named `file`, with a file
    /// name. Empty for `PUT`.
    #[schema(example = json!({}))]
    pub form: BTreeMap<&'static str, String>,
    /// Public URL of the image. Set it as `avatar_url` with `PATCH /v1/me` after the upload.
    #[schema(
        format = "uri",
        example = "https://cdn.example.com/019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d/q83vEjRWeJCrze8SNFZ4kA.jpg"
    )]
    pub public_url: String,
    /// Seconds until the permit expires.
    #[schema(example = 600)]
    pub expires_in: u64,
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
