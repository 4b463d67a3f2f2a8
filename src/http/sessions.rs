//! Tokens and sessions: `POST /v1/token/refresh`, `POST /v1/logout`, `/v1/sessions`.

use super::client::ClientContext;
use super::dpop::DeviceKey;
use super::error::{Code, Problem};
use super::extract::{Bearer, Json, OptionalJson};
use super::response::json;
use super::schemas::Tokens;
use crate::domain::session::{self as domain, SessionId};
use crate::flows::session::{self, devices};
use crate::flows::{self, Service};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

pub(super) const REFRESH: &[Code] =
    &[Code::RefreshInvalid, Code::RefreshReused, Code::RefreshKeyMismatch, Code::Overloaded];
pub(super) const END: &[Code] = &[Code::NotFound];

/// Refresh token of the last sign-in or refresh.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshTokens {
    #[schema(example = "AZMn9d2ccQO2F1y4m3pLFA.0.uBqQ9vQ0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4y")]
    refresh_token: String,
}

/// Options of a sign-out.
#[derive(Deserialize, Default, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogOut {
    /// Sign out all devices of the user, not only this one.
    #[schema(example = false)]
    everywhere: Option<bool>,
}

/// Devices on which the user is signed in.
#[derive(Serialize, ToSchema)]
pub struct Sessions {
    /// Sessions, most recently used first.
    sessions: Vec<Session>,
}

/// Session of one device.
#[derive(Serialize, ToSchema)]
pub struct Session {
    /// UUIDv7.
    #[schema(format = "uuid", example = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d")]
    id: String,
    /// Name of the device, if the app has sent one at the sign-in.
    #[schema(example = "iPhone 17")]
    device_name: Option<String>,
    /// Whether this is the session of the request.
    #[schema(example = true)]
    current: bool,
    /// Time of the sign-in. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    created_at: String,
    /// Time of the last refresh, to the hour. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2026-11-21T09:00:00.000Z")]
    last_used_at: String,
    /// Time when the session ends in any case. RFC 3339, UTC.
    #[schema(format = DateTime, example = "2027-05-19T12:00:00.000Z")]
    expires_at: String,
}

impl Session {
    fn new(session: domain::Session, current: SessionId) -> Self {
        let text = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
        Self {
            id: session.id.0.to_string(),
            device_name: session.device_name,
            current: session.id == current,
            created_at: text(session.created_at),
            last_used_at: text(session.last_used_at),
            expires_at: text(session.expires_at),
        }
    }
}

/// Refresh the tokens.
///
/// Each refresh token has one successor. If the response is lost, send the same token again: the response has the same
/// successor. An older token is a copy, and ends the session (`refresh_reused`).
///
/// A session that is bound to a key needs a `DPoP` proof of this key, and keeps its refresh token. Any other request
/// gets `refresh_key_mismatch`, and the session lives on.
#[utoipa::path(
    post, path = "/v1/token/refresh", operation_id = "tokens.refresh", tag = "tokens", request_body = RefreshTokens,
    responses((status = 200, description = "New tokens", body = Tokens))
)]
pub(super) async fn refresh(
    service: web::Data<Service>,
    client: ClientContext,
    key: DeviceKey,
    body: Json<RefreshTokens>,
) -> Result<HttpResponse, Problem> {
    let request = session::RefreshTokens { token: &body.0.refresh_token, key: key.0, client: client.0.address };
    Ok(json(StatusCode::OK, &Tokens::from(session::refresh(&service, request).await?)))
}

/// Sign out.
///
/// Ends the session of this device, or all sessions of the user with `"everywhere": true`. This service rejects the
/// access token at once. Services that verify tokens by the JWK set alone accept it until it expires.
#[utoipa::path(
    post, path = "/v1/logout", operation_id = "sessions.logOut", tag = "sessions", security(("access_token" = [])),
    request_body = LogOut, responses((status = 204, description = "Signed out"))
)]
pub(super) async fn log_out(
    service: web::Data<Service>,
    bearer: Bearer,
    body: OptionalJson<LogOut>,
) -> Result<HttpResponse, Problem> {
    let caller = bearer.caller(&service).await?;
    match body.0.everywhere {
        Some(true) => devices::log_out_everywhere(&service, &caller).await?,
        _ => devices::log_out(&service, &caller).await?,
    }
    Ok(HttpResponse::NoContent().finish())
}

/// List the sessions.
///
/// Returns the devices on which the user is signed in, at most 100, most recently used first.
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "sessions.list", tag = "sessions", security(("access_token" = [])),
    responses((status = 200, description = "Sessions of the user", body = Sessions))
)]
pub(super) async fn list(service: web::Data<Service>, bearer: Bearer) -> Result<HttpResponse, Problem> {
    let caller = bearer.caller(&service).await?;
    let sessions = devices::list(&service, &caller).await?;
    let sessions = sessions.into_iter().map(|session| Session::new(session, caller.session)).collect();
    Ok(json(StatusCode::OK, &Sessions { sessions }))
}

/// End a session.
///
/// Signs one device of the user out. `not_found` means that the session has already ended.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", operation_id = "sessions.end", tag = "sessions",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "Id of the session, from `GET /v1/sessions`")),
    responses((status = 204, description = "Signed out"))
)]
pub(super) async fn end(
    service: web::Data<Service>,
    bearer: Bearer,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = Uuid::try_parse(&id).map_err(|_| flows::Error::SessionNotFound)?;
    devices::end(&service, &bearer.caller(&service).await?, SessionId(id)).await?;
    Ok(HttpResponse::NoContent().finish())
}
