//! Probes for load balancers and orchestrators.

use super::dto::health::{Health, ReadinessStatus};
use super::endpoint::{Endpoint, get};
use super::error::{Code, Problem};
use super::response::Reply;
use crate::flows::{Dependency, Readiness, Service};
use actix_web::web;
use std::borrow::Cow;
use std::time::Duration;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/healthz", healthz)
            .operation("health.live", "Check that the process runs.")
            .description("The probe does not check staging or the database.")
            .success("The process runs"),
        get("/readyz", readyz)
            .operation("health.ready", "Check that the service is ready.")
            .description(
                "A process is ready as soon as it has warmed up, and staging and the database accept writes. Afterwards \
                 it stays ready if one of them fails (`degraded`), because every other process has the same fault. It \
                 is not ready any more when it is about to stop.",
            )
            .success("The process should get requests"),
    ]
}

async fn healthz() -> Reply<Health> {
    Reply::new(Health { status: "ok" })
}

async fn readyz(service: web::Data<Service>) -> Result<Reply<ReadinessStatus>, Problem> {
    let (status, reason) = match service.readiness().await {
        Readiness::Ready => ("ready", None),
        Readiness::Degraded(Dependency::Database) => ("degraded", Some("The database is unavailable.")),
        Readiness::Degraded(_) => ("degraded", Some("Staging is unavailable.")),
        Readiness::Starting(cause) => return Err(not_ready(cause)),
        Readiness::Draining => return Err(not_ready("draining".into())),
    };
    Ok(Reply::new(ReadinessStatus { status, reason }))
}

fn not_ready(cause: Cow<'static, str>) -> Problem {
    let retry_after = Some(Duration::from_secs(1));
    Problem { retry_after, cause: Some(cause.into()), ..Problem::new(Code::DependencyUnavailable) }
}
