//! `GET /v1/me` and `PATCH /v1/me`: the account and its profile.

use super::bodies::ChangeProfile;
use crate::domain::Invalid;
use crate::domain::user::{AvatarUrl, Birthday, Gender, Nickname, ProfileChange};
use crate::flows::Service;
use crate::flows::account::profile;
use crate::http::checks::optional;
use crate::http::error::Problem;
use crate::http::extract::{Bearer, Json};
use crate::http::response::json;
use crate::http::schemas::User;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

/// Get the account.
#[utoipa::path(
    get, path = "/v1/me", operation_id = "me.read", tag = "me", security(("access_token" = [])),
    responses((status = 200, description = "Account of the signed-in user", body = User))
)]
pub(in crate::http) async fn read(service: web::Data<Service>, bearer: Bearer) -> Result<HttpResponse, Problem> {
    Ok(json(StatusCode::OK, &User::from(bearer.caller(&service).await?.user)))
}

/// Update the profile.
///
/// The body is a JSON merge patch (RFC 7396): an absent field stays unchanged, and `null` clears a field. The nickname
/// cannot be cleared (`validation_failed` with `not_allowed`).
#[utoipa::path(
    patch, path = "/v1/me", operation_id = "me.update", tag = "me", security(("access_token" = [])),
    request_body(content((ChangeProfile = "application/json"), (ChangeProfile = "application/merge-patch+json"))),
    responses((status = 200, description = "Updated account", body = User))
)]
pub(in crate::http) async fn update(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<ChangeProfile>,
) -> Result<HttpResponse, Problem> {
    let (body, base) = (body.0, service.policy().avatar_base.as_ref());
    let change = ProfileChange {
        nickname: match body.nickname {
            Some(None) => return Err(Problem::field("nickname", Invalid::NotAllowed)),
            nickname => optional("nickname", nickname.flatten().as_deref(), Nickname::parse)?,
        },
        avatar_url: parse_change("avatar_url", body.avatar_url, |text| AvatarUrl::parse(text, base))?,
        gender: parse_change("gender", body.gender, Gender::parse)?,
        birthday: parse_change("birthday", body.birthday, |text| Birthday::parse(text, service.now()))?,
    };
    let user = profile::change(&service, bearer.caller(&service).await?, &change).await?;
    Ok(json(StatusCode::OK, &User::from(user)))
}

/// Parses a field of a merge patch: absent, null or a text.
fn parse_change<T>(
    name: &str,
    field: Option<Option<String>>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<Option<Option<T>>, Problem> {
    field.map(|text| optional(name, text.as_deref(), parse)).transpose()
}
