//! Bodies of the probes.

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok", extensions(("x-extensible-enum" = json!(["ok"]))))]
    pub status: &'static str,
}

/// Readiness of a process.
#[derive(Serialize, ToSchema)]
pub struct ReadinessStatus {
    /// `degraded`: a store that all processes share does not work. Requests that need it fail with
    /// `dependency_unavailable`, in every process alike.
    #[schema(example = "ready", extensions(("x-extensible-enum" = json!(["ready", "degraded"]))))]
    pub status: &'static str,
    /// Sentence that names the store, if the status is `degraded`. The log contains the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "Staging is unavailable.")]
    pub reason: Option<&'static str>,
}
