//! Tokens and sessions: `POST /v1/token/refresh`, `POST /v1/logout`, `/v1/sessions`.

use super::client::ClientContext;
use super::contract::{Contract, Input, PathParameter};
use super::dpop::DeviceKey;
use super::dto::session::{LogOut, RefreshTokens, Sessions, Tokens};
use super::endpoint::{Endpoint, delete, get, post};
use super::error::{Code, Problem};
use super::extract::{Bearer, Json, OptionalJson};
use super::response::{NoContent, Reply};
use crate::domain::session::SessionId;
use crate::flows::Service;
use crate::flows::session::{self, devices};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Ready, ready};
use uuid::Uuid;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/token/refresh", refresh)
            .harmless()
            .operation("tokens.refresh", "Refresh the tokens.")
            .description(
                "Each refresh token has one successor. If the response is lost, send the same token again: the \
                 response has the same successor. An older token is a copy, and ends the session \
                 (`refresh_reused`).\n\n\
                 A session that is bound to a key needs a `DPoP` proof of this key, and keeps its refresh token. Any \
                 other request gets `refresh_key_mismatch`, and the session lives on.",
            )
            .success("New tokens")
            .errors(&[Code::RefreshInvalid, Code::RefreshReused, Code::RefreshKeyMismatch, Code::Overloaded]),
        post("/v1/logout", log_out)
            .harmless()
            .operation("sessions.logOut", "Sign out.")
            .description(
                "Ends the session of this device, or all sessions of the user with `\"everywhere\": true`. This \
                 service rejects the access token at once. Services that verify tokens by the JWK set alone accept it \
                 until it expires.\n\n\
                 The device stays known, so that the next sign-in with its `device_token` is easy. \
                 `\"forget_device\": true` forgets it, and `\"everywhere\": true` forgets all devices.",
            )
            .success("Signed out"),
        get("/v1/sessions", list)
            .operation("sessions.list", "List the sessions.")
            .description("Returns the devices on which the user is signed in, at most 100, most recently used first.")
            .success("Sessions of the user"),
        delete("/v1/sessions/{id}", end)
            .operation("sessions.end", "End a session.")
            .description(
                "Signs one device of the user out and forgets it, unless it is this one. `not_found` means that the \
                 session has already ended.",
            )
            .success("Signed out")
            .errors(&[Code::NotFound]),
    ]
}

async fn refresh(
    service: web::Data<Service>,
    client: ClientContext,
    key: DeviceKey,
    body: Json<RefreshTokens>,
) -> Result<Reply<Tokens>, Problem> {
    let request = session::RefreshTokens { token: &body.0.refresh_token, key: key.0, client: client.0.address };
    Ok(Reply::new(session::refresh(&service, request).await?))
}

async fn log_out(
    service: web::Data<Service>,
    bearer: Bearer,
    body: OptionalJson<LogOut>,
) -> Result<NoContent, Problem> {
    let caller = bearer.caller(&service).await?;
    match body.0.everywhere {
        Some(true) => devices::log_out_everywhere(&service, &caller).await?,
        _ => devices::log_out(&service, &caller, body.0.forget_device == Some(true)).await?,
    }
    Ok(NoContent)
}

async fn list(service: web::Data<Service>, bearer: Bearer) -> Result<Reply<Sessions>, Problem> {
    let caller = bearer.caller(&service).await?;
    let sessions = devices::list(&service, &caller).await?;
    Ok(Reply::new(Sessions::new(sessions, &caller)))
}

async fn end(service: web::Data<Service>, bearer: Bearer, session: SessionInPath) -> Result<NoContent, Problem> {
    devices::end(&service, &bearer.caller(&service).await?, session.0).await?;
    Ok(NoContent)
}

/// Session that the path names. Text that is no id gets the response of an unknown session.
struct SessionInPath(SessionId);

impl FromRequest for SessionInPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|text| Uuid::try_parse(text).ok());
        ready(id.map(|id| Self(SessionId(id))).ok_or_else(|| Problem::new(Code::NotFound)))
    }
}

impl Input for SessionInPath {
    fn describe(contract: &mut Contract) {
        let description = "Id of the session, from `GET /v1/sessions`";
        contract.path_parameter = Some(PathParameter { name: "id", description });
    }
}
