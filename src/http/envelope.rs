//! Common parts of every response: a request id, one log line and, for an error, a problem+json body in the language of
//! the client. Errors of the HTTP framework get such a body too.

use super::client::Proxies;
use super::dpop::NONCE;
use super::error::{Code, FieldError, Problem, Row};
use super::language::negotiate;
use super::response::seconds;
use super::schemas::{NextStep, Work};
use super::transport::Connection;
use crate::domain::language::Language;
use crate::flows::dpop::new_nonce;
use crate::flows::{Service, fairness};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use serde::Serialize;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Body of an error (RFC 9457).
#[derive(Serialize)]
struct ProblemBody<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<NextStep>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof_of_work: Option<Work>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resend_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

#[derive(Serialize)]
struct FieldBody<'a> {
    field: &'a str,
    code: &'a str,
    detail: &'a str,
}

/// Middleware around every request.
pub async fn envelope(
    service: web::Data<Service>,
    proxies: web::Data<Proxies>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let id = request_id(&service, &proxies, &request);
    let language = negotiate(request.headers());
    let client = proxies.client(&request);
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %id);
    // Handlers and extractors turn their errors into responses; nothing else fails there.
    let connection = request.conn_data::<Rc<Connection>>().cloned();
    let _active = connection.as_ref().map(Connection::begin);
    if let Some(connection) = &connection {
        connection.writable().await;
    }
    let work = next.call(request).instrument(span.clone());
    let response = fairness::for_client(client, &service.policy().nat64, work).await?.map_into_boxed_body();
    let problem = problem_of(&response);
    let route = response.request().match_pattern().unwrap_or_else(|| "-".to_owned());
    let mut response = match &problem {
        Some(problem) => render(response, problem, language, &id),
        None => response,
    };
    if problem.as_ref().is_some_and(|problem| problem.code == Code::UseDpopNonce)
        && let Ok(nonce) = HeaderValue::from_str(new_nonce(&service).as_str())
    {
        response.headers_mut().insert(NONCE, nonce);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    // Responses contain tickets and tokens (RFC 6749, 5.1). A response that may be cached sets the header itself.
    if !response.headers().contains_key(CACHE_CONTROL) {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let duration = started.elapsed();
    service.record_request(standard_method(&method), &route, response.status().as_u16(), duration);
    span.in_scope(|| log(&method, &route, response.status(), problem.as_ref(), client, duration));
    Ok(response)
}

/// Returns the id that a trusted proxy has set, or a new one.
fn request_id(service: &Service, proxies: &Proxies, request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID).filter(|_| proxies.trusts_peer(request));
    let given = given.and_then(|value| value.to_str().ok()).filter(|id| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    given.map_or_else(|| service.new_id().to_string(), str::to_owned)
}

/// Returns the problem of an error response: our own, or one by the status that the framework has set.
pub(super) fn problem_of(response: &ServiceResponse) -> Option<Problem> {
    if let Some(problem) = response.response().extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let code = match response.status() {
        status if status.as_u16() < 400 => return None,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_server_error() => Code::InternalError,
        _ => Code::MalformedRequest,
    };
    Some(Problem::new(code))
}

fn render(response: ServiceResponse, problem: &Problem, language: Language, id: &str) -> ServiceResponse {
    let body = problem_body(problem, language, id);
    let mut response = response.map_body(|_, _| BoxBody::new(body));
    *response.response_mut().status_mut() = problem.code.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    if let Some(wait) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    }
    if problem.code.row().status == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(www_authenticate(problem.code)));
    }
    response
}

/// Returns the value of `WWW-Authenticate` (RFC 6750, section 3).
const fn www_authenticate(code: Code) -> &'static str {
    match code {
        Code::TokenInvalid | Code::TokenExpired => "Bearer error=\"invalid_token\"",
        _ => "Bearer",
    }
}

/// Returns the body of a problem, as JSON text.
pub(super) fn problem_body(problem: &Problem, language: Language, id: &str) -> String {
    let Row { status, name, en, zh } = problem.code.row();
    let [title, detail] = match language {
        Language::English => en,
        Language::Chinese => zh,
    };
    let retry_after = problem.retry_after.map(seconds);
    let field = |error: &'_ FieldError| field_detail(error.code, language);
    let errors = problem.errors.iter();
    let errors = errors.map(|error| FieldBody { field: &error.field, code: error.code, detail: field(error) });
    let body = ProblemBody {
        r#type: format!("urn:problem-type:doorstep:{name}"),
        title,
        status,
        code: name,
        detail,
        request_id: id,
        errors: errors.collect(),
        attempts_left: problem.attempts_left,
        step: problem.step.map(NextStep::from),
        proof_of_work: problem.proof_of_work.as_ref().map(Work::from),
        resend_in: retry_after.filter(|_| problem.code == Code::ResendCooldown),
        retry_after,
    };
    serde_json::to_string(&body).unwrap_or_default()
}

/// Returns the sentence of a field code.
fn field_detail(code: &str, language: Language) -> &'static str {
    let (en, zh) = match code {
        "required" => ("This field is required.", "该字段必填。"),
        "unknown_field" => ("This field is unknown.", "未知字段。"),
        "duplicate_field" => ("This field appears twice.", "字段重复。"),
        "invalid_type" => ("The value has the wrong type.", "类型错误。"),
        "too_short" => ("The value is too short.", "太短。"),
        "too_long" => ("The value is too long.", "太长。"),
        "invalid_characters" => ("The value contains characters that are not allowed.", "包含不允许的字符。"),
        "out_of_range" => ("The value is outside the allowed range.", "超出允许范围。"),
        "not_allowed" => ("This value is not allowed.", "不允许的值。"),
        "mismatch" => ("The value differs from the field that it must repeat.", "两次输入不一致。"),
        _ => ("The format is invalid.", "格式不正确。"),
    };
    match language {
        Language::English => en,
        Language::Chinese => zh,
    }
}

/// Writes one log line per request. It has the route pattern instead of the path, so that no text of the client gets
/// into the log.
fn log(
    method: &Method,
    route: &str,
    status: StatusCode,
    problem: Option<&Problem>,
    client: std::net::IpAddr,
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
