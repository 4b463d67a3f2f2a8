//! Bodies of the probes.

use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok", extensions(("x-extensible-enum" = json!(["ok"]))))]
    pub status: &'static str,
}
