//! `/metrics`, on its own address, which the internet must not reach.

use crate::adapters::prometheus_text;
use crate::adapters::stdout::STDOUT;
use crate::adapters::telemetry::{NoopTelemetry, Prometheus};
use crate::config::MetricsSettings;
use crate::ports::Telemetry;
use actix_web::dev::ServerHandle;
use actix_web::http::header::{ACCEPT, Accept, Quality, VARY};
use actix_web::{App, HttpResponse, HttpServer, Route, guard, web};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// Telemetry, and the server of its metrics.
pub(super) struct MetricsServer {
    pub telemetry: Arc<dyn Telemetry>,
    /// Address and handle. `None`: metrics are off or disabled.
    pub server: Option<(SocketAddr, ServerHandle)>,
}

/// OpenMetrics 1.0, for readers that accept it, such as Prometheus.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Prometheus text format, for all others.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Starts the server. Must run on the runtime of the process. The handle stops the server.
pub(super) fn start(settings: &MetricsSettings) -> io::Result<MetricsServer> {
    let Some(bind) = settings.bind else { return Ok(without_server()) };
    let telemetry = Arc::new(Prometheus::new(STDOUT.lost()));
    let served = web::Data::from(Arc::clone(&telemetry));
    let app = move || App::new().app_data(served.clone()).route("/metrics", get_or_head().to(metrics));
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

fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn metrics(telemetry: web::Data<Prometheus>, accept: Option<web::Header<Accept>>) -> HttpResponse {
    let text = telemetry.text();
    let (content_type, text) = match accept {
        Some(accept) if prefers_open_metrics(&accept) => (OPEN_METRICS, text),
        _ => (PROMETHEUS_TEXT, prometheus_text::from_open_metrics(&text)),
    };
    HttpResponse::Ok().content_type(content_type).insert_header((VARY, ACCEPT.as_str())).body(text)
}

/// Tells whether a client names OpenMetrics, and does not prefer text.
fn prefers_open_metrics(accept: &Accept) -> bool {
    let quality =
        |name: &str| accept.iter().filter(|item| item.item.essence_str() == name).map(|item| item.quality).max();
    let text = quality("text/plain").unwrap_or(Quality::ZERO);
    quality("application/openmetrics-text").is_some_and(|one| one > Quality::ZERO && one >= text)
}
