//! `/metrics`, on its own address, which the internet must not reach.

use crate::adapters::telemetry::{NoopTelemetry, Prometheus};
use crate::config::MetricsSettings;
use crate::ports::Telemetry;
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// Telemetry, and the server of its metrics.
pub(super) struct MetricsServer {
    pub telemetry: Arc<dyn Telemetry>,
    /// Address and handle. `None`: metrics are off or disabled.
    pub server: Option<(SocketAddr, ServerHandle)>,
}

/// OpenMetrics 1.0, which Prometheus requests and reads.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Starts the server. Must run on the runtime of the process. The handle stops the server.
pub(super) fn start(settings: &MetricsSettings) -> io::Result<MetricsServer> {
    let Some(bind) = settings.bind else { return Ok(without_server()) };
    let telemetry = Arc::new(Prometheus::new());
    let served = web::Data::from(Arc::clone(&telemetry));
    let app = move || App::new().app_data(served.clone()).route("/metrics", web::get().to(metrics));
    let server = match HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(1).bind(bind) {
        Ok(server) => server,
        // The default address is not available to a second service on a developer's machine.
        Err(error) if !settings.explicit => {
            tracing::warn!(%bind, %error, "metrics disabled: METRICS_BIND is not available");
            return Ok(without_server());
        }
        Err(error) => return Err(io::Error::new(error.kind(), format!("METRICS_BIND {bind}: {error}"))),
    };
    let address = server.addrs().first().copied().unwrap_or(bind);
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(MetricsServer { telemetry, server: Some((address, handle)) })
}

fn without_server() -> MetricsServer {
    MetricsServer { telemetry: Arc::new(NoopTelemetry), server: None }
}

async fn metrics(telemetry: web::Data<Prometheus>) -> HttpResponse {
    HttpResponse::Ok().content_type(CONTENT_TYPE).body(telemetry.text())
}
