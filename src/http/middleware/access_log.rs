//! Access log: one line and one measurement for each request.

use super::problem_json::problem_of;
use crate::flows::Service;
use crate::http::client::Proxies;
use crate::http::error::Problem;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Middleware that logs and measures requests.
pub async fn access_log<B: MessageBody + 'static>(
    service: web::Data<Service>,
    proxies: web::Data<Proxies>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = Instant::now();
    let client = proxies.client(&request);
    let method = request.method().clone();
    let response = next.call(request).await?;
    let duration = started.elapsed();
    let problem = problem_of(&response);
    let route = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    service.record_request(standard_method(&method), &route, response.status().as_u16(), duration);
    log(&method, &route, response.status(), problem.as_ref(), client, duration);
    Ok(response)
}

/// Writes one log line per request. It has the route pattern instead of the path, so that no text of the client gets
/// into the log.
fn log(
    method: &Method,
    route: &str,
    status: StatusCode,
    problem: Option<&Problem>,
    client: IpAddr,
    duration: Duration,
) {
    let (status, took_us) = (status.as_u16(), u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    let code = problem.map(|problem| problem.code.row().name);
    let cause = problem.and_then(|problem| problem.cause.as_deref());
    let method = standard_method(method);
    if status == 500 {
        tracing::error!(method, route, status, code, took_us, %client, cause, "request completed");
    } else if cause.is_some() {
        tracing::warn!(method, route, status, code, took_us, %client, cause, "request completed");
    } else {
        tracing::info!(method, route, status, code, took_us, %client, "request completed");
    }
}

/// Returns a method of RFC 9110 or RFC 5789, or `-` for a method that the client has invented.
fn standard_method(method: &Method) -> &str {
    match method.as_str() {
        standard @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "TRACE" | "CONNECT") => standard,
        _ => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_method_does_not_get_into_the_log() {
        assert_eq!(standard_method(&Method::GET), "GET");
        assert_eq!(standard_method(&Method::from_bytes(b"ANYTHING-AT-ALL").unwrap()), "-");
    }
}
