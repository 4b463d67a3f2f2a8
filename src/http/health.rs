//! Probes for load balancers and orchestrators.

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

/// Check that the process runs.
///
/// The probe does not check staging or the database.
#[utoipa::path(
    get, path = "/healthz", operation_id = "health.live", tag = "health",
    responses((status = 200, description = "The process runs", body = Health))
)]
pub(super) async fn healthz() -> HttpResponse {
    json(StatusCode::OK, &Health { status: "ok" })
}

/// Check that the service is ready.
///
/// The service is ready when it has warmed up, and when staging and the database respond.
#[utoipa::path(
    get, path = "/readyz", operation_id = "health.ready", tag = "health",
    responses((status = 200, description = "The service is ready", body = Health))
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
