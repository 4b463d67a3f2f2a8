//! `GET` and `PATCH /v1/me`: the profile.

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

/// Who am I?
#[utoipa::path(
    get, path = "/v1/me", operation_id = "me.read", tag = "me", security(("access_token" = [])),
    responses((status = 200, description = "The account of the access token", body = User))
)]
pub(in crate::http) async fn read(bearer: Bearer) -> Result<HttpResponse, Problem> {
    Ok(json(StatusCode::OK, &User::from(bearer.0.user)))
}

/// Change the profile.
///
/// A JSON merge patch (RFC 7396): a member that is absent leaves its field alone, `null` clears it. The nickname cannot be
/// cleared.
#[utoipa::path(
    patch, path = "/v1/me", operation_id = "me.update", tag = "me", security(("access_token" = [])),
    request_body(content((ChangeProfile = "application/json"), (ChangeProfile = "application/merge-patch+json"))),
    responses((status = 200, description = "The account as it is now", body = User))
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
        avatar_url: change("avatar_url", body.avatar_url, |text| AvatarUrl::parse(text, base))?,
        gender: change("gender", body.gender, Gender::parse)?,
        birthday: change("birthday", body.birthday, |text| Birthday::parse(text, service.now()))?,
    };
    let user = profile::change(&service, bearer.0, &change).await?;
    Ok(json(StatusCode::OK, &User::from(user)))
}

/// A member of a merge patch: absent, null, or a text to be parsed.
fn change<T>(
    name: &str,
    member: Option<Option<String>>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<Option<Option<T>>, Problem> {
    member.map(|text| optional(name, text.as_deref(), parse)).transpose()
}
