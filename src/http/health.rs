//! Probes for load balancers and orchestrators.

use super::dto::health::Health;
use super::endpoint::{Endpoint, get};
use super::error::{Code, Problem};
use super::response::Reply;
use crate::flows::Service;
use actix_web::web;
use std::time::Duration;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/healthz", healthz)
            .operation("health.live", "Check that the process runs.")
            .description("The probe does not check staging or the database.")
            .success("The process runs"),
        get("/readyz", readyz)
            .operation("health.ready", "Check that the service is ready.")
            .description("The service is ready when it has warmed up, and when staging and the database respond.")
            .success("The service is ready")
            .errors(&[Code::Overloaded]),
    ]
}

async fn healthz() -> Reply<Health> {
    Reply::new(Health { status: "ok" })
}

async fn readyz(service: web::Data<Service>) -> Result<Reply<Health>, Problem> {
    let warming_up = Problem {
        retry_after: Some(Duration::from_secs(1)),
        cause: Some("warming up".into()),
        ..Problem::new(Code::DependencyUnavailable)
    };
    service.ready().await.ok_or(warming_up)??;
    Ok(Reply::new(Health { status: "ready" }))
}
