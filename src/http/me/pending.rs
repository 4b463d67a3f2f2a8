//! `/v1/me/pending`: acts that are held until the user decides, or until their time comes.

use crate::domain::pending::PendingId;
use crate::flows::Service;
use crate::flows::ownership::pending;
use crate::http::contract::{Contract, Input, PathParameter};
use crate::http::dto::ownership::PendingActs;
use crate::http::endpoint::{Endpoint, get, post};
use crate::http::error::{Code, Problem};
use crate::http::extract::Bearer;
use crate::http::response::{NoContent, Reply};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Ready, ready};
use uuid::Uuid;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/me/pending", list)
            .operation("pending.list", "List the held acts.")
            .description(
                "Acts on the account that somebody asked for with a code, and that are held. Show them to the user: \
                 each can be approved or refused. After `ready_at` it can be done without a decision.",
            )
            .success("Held acts of the user"),
        post("/v1/me/pending/{id}/approve", approve)
            .harmless()
            .operation("pending.approve", "Approve a held act.")
            .description(
                "The person who asked for it can do it at once, within an hour. The device of this session must have \
                 been known for the time that acts are held (`device_too_new`), and the device that asked for an act \
                 cannot approve it (`not_found`).",
            )
            .success("Approved")
            .errors(&[Code::NotFound, Code::DeviceTooNew]),
        post("/v1/me/pending/{id}/refuse", refuse)
            .harmless()
            .operation("pending.refuse", "Refuse a held act.")
            .description(
                "It cannot be asked for again for a week. The device that asked for it, and a device that has been \
                 known for less time than acts are held, only cancel it: it can be asked for again at once.",
            )
            .success("Refused")
            .errors(&[Code::NotFound]),
    ]
}

async fn list(service: web::Data<Service>, bearer: Bearer) -> Result<Reply<PendingActs>, Problem> {
    let caller = bearer.caller(&service).await?;
    let acts = pending::list(&service, &caller).await?;
    Ok(Reply::new(PendingActs::new(acts, &caller)))
}

async fn approve(service: web::Data<Service>, bearer: Bearer, act: ActInPath) -> Result<NoContent, Problem> {
    pending::approve(&service, &bearer.caller(&service).await?, act.0).await?;
    Ok(NoContent)
}

async fn refuse(service: web::Data<Service>, bearer: Bearer, act: ActInPath) -> Result<NoContent, Problem> {
    pending::refuse(&service, &bearer.caller(&service).await?, act.0).await?;
    Ok(NoContent)
}

/// Act that the path names. Text that is no id gets the response of an unknown act.
struct ActInPath(PendingId);

impl FromRequest for ActInPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get("id").and_then(|text| Uuid::try_parse(text).ok());
        ready(id.map(|id| Self(PendingId(id))).ok_or_else(|| Problem::new(Code::NotFound)))
    }
}

impl Input for ActInPath {
    fn describe(contract: &mut Contract) {
        let description = "Id of the act, from `GET /v1/me/pending`";
        contract.path_parameter = Some(PathParameter { name: "id", description });
    }
}
