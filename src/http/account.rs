//! `/v1/me`, and the keys that access tokens are verified with.

use super::error::{Code, Problem};
use super::extract::Bearer;
use super::json;
use crate::domain::user;
use crate::flows::Service;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) const ME: &[Code] = &[Code::TokenMissing, Code::TokenInvalid, Code::TokenExpired, Code::Overloaded];

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
pub struct User {
    /// A UUIDv7.
    #[schema(format = "uuid", example = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d")]
    id: String,
    /// E.164.
    #[schema(example = "+8613800138000")]
    phone_number: String,
    #[schema(example = "小明")]
    nickname: String,
    #[schema(format = "uri", example = json!(null))]
    avatar_url: Option<String>,
    #[schema(value_type = Option<super::register::bodies::GenderName>, example = "female")]
    gender: Option<&'static str>,
    #[schema(format = Date, example = "2001-09-30")]
    birthday: Option<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    created_at: String,
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    updated_at: String,
}

impl From<user::User> for User {
    fn from(user: user::User) -> Self {
        Self {
            id: user.id.0.to_string(),
            phone_number: user.phone.e164().to_owned(),
            nickname: user.nickname,
            avatar_url: user.avatar_url,
            gender: user.gender.map(user::Gender::as_str),
            birthday: user.birthday.map(|date| date.to_string()),
            created_at: user.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            updated_at: user.updated_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        }
    }
}

/// Who am I?
#[utoipa::path(
    get, path = "/v1/me", operation_id = "me.read", tag = "me", security(("access_token" = [])),
    responses((status = 200, description = "The account of the access token", body = User))
)]
pub(super) async fn me(bearer: Bearer) -> Result<HttpResponse, Problem> {
    Ok(json(StatusCode::OK, &User::from(bearer.0)))
}

/// A JSON Web Key Set.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the token adapter writes")]
pub struct KeySet {
    /// Every key whose tokens are accepted.
    keys: Vec<PublicKey>,
}

/// A JSON Web Key (RFC 8037).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the token adapter writes")]
pub struct PublicKey {
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// What the header of a token calls this key.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    #[schema(example = "sig")]
    r#use: String,
    #[schema(example = "EdDSA")]
    alg: String,
}

/// The public keys of access tokens (RFC 7517).
///
/// Another service verifies access tokens with these alone. May be cached for five minutes; fetch it again when a token
/// names an unknown `kid`.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "keys.list", tag = "keys",
    responses((status = 200, description = "A JSON Web Key Set", body = KeySet))
)]
pub(super) async fn jwks(service: web::Data<Service>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(service.jwks().to_owned())
}
