//! For load balancers and orchestrators.

use super::error::{Code, Problem};
use super::response::json;
use crate::flows::Service;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

pub(super) const READY: &[Code] = &[Code::DependencyUnavailable, Code::InternalError, Code::Overloaded];

#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// The process lives.
#[utoipa::path(
    get, path = "/healthz", operation_id = "health.live", tag = "health",
    responses((status = 200, description = "The process lives", body = Health))
)]
pub(super) async fn healthz() -> HttpResponse {
    json(StatusCode::OK, &Health { status: "ok" })
}

/// The process can serve: warmed up, staging and the database answer.
#[utoipa::path(
    get, path = "/readyz", operation_id = "health.ready", tag = "health",
    responses((status = 200, description = "Requests find what they need", body = Health))
)]
pub(super) async fn readyz(service: web::Data<Service>) -> Result<HttpResponse, Problem> {
    let warming_up = Problem {
        retry_after: Some(Duration::from_secs(1)),
        cause: Some("warming up".to_owned()),
        ..Problem::new(Code::DependencyUnavailable)
    };
    service.ready().await.ok_or(warming_up)??;
    Ok(json(StatusCode::OK, &Health { status: "ready" }))
}
