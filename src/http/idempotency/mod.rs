//! `Idempotency-Key` on every POST and PUT: a duplicate request gets the stored response of the first one
//! (draft-ietf-httpapi-idempotency-key-header).

mod stored_response;

use super::client::ClientContext;
use super::dpop;
use super::error::{Code, Problem};
use super::extract::{self, PreAuthenticated};
use crate::domain::Invalid;
use crate::domain::idempotency::{IdempotencyKey, NamedRequest, Scope};
use crate::flows::idempotency::{self, Owner, Turn};
use crate::flows::{Service, fairness, session};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError};
use stored_response::StoredResponse;
use tracing::Instrument;

pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Errors of a POST or PUT with a key, unless it is harmless to repeat.
pub(super) const PROBLEMS: &[Code] = &[Code::RequestInProgress, Code::IdempotencyKeyReused];

/// Clients who may get a stored response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replay {
    /// A replay requires the key and the body. The body contains every secret that the first request needed. An access
    /// token is ignored: apps attach stale ones everywhere.
    Public,
    /// A replay also requires an active session of the same user.
    Bearer,
}

/// Middleware around the route of a POST or PUT. It does nothing for a request without a key.
pub(super) async fn idempotent(
    replay: Replay,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    if !request.headers().contains_key(KEY) {
        return next.call(request).await;
    }
    let (request, payload) = request.into_parts();
    let keyed = match read_request(replay, &request, payload).await {
        Ok(keyed) => keyed,
        Err(problem) => return Ok(error_response(request, &problem)),
    };
    // A separate task continues when the client disconnects: this client is the one that retries.
    let task = keyed.run_or_replay(request.clone(), next);
    match actix_web::rt::spawn(fairness::carry(task.in_current_span())).await {
        Ok(response) => response,
        Err(_) => Ok(error_response(request, &Problem::internal("handler panicked"))),
    }
}

/// Request with a key. The claim on the key comes next.
struct KeyedRequest {
    service: Service,
    named: NamedRequest,
    body: Bytes,
    owner: Owner,
}

/// Reads the parts that identify the request: the key, the caller and the body.
async fn read_request(replay: Replay, request: &HttpRequest, payload: Payload) -> Result<KeyedRequest, Problem> {
    let service = request.app_data::<web::Data<Service>>().ok_or_else(|| Problem::internal("no service"))?;
    let service = Service::clone(service);
    let key = key_of(request.headers())?;
    let claims = match replay {
        Replay::Public => None,
        Replay::Bearer => Some(extract::claims(request)?),
    };
    let (scope, owner) = match &claims {
        Some(claims) => (Scope::User(claims.user_id), Owner::User(claims.user_id)),
        None => (Scope::Anybody, Owner::Client(ClientContext::of(request).0.address)),
    };
    let body = extract::bytes(request, payload).await?;
    if let Some(claims) = &claims {
        let caller = session::authenticate(&service, claims).await?;
        request.extensions_mut().insert(PreAuthenticated(caller));
    }
    // The route pattern: a path has many spellings.
    let route = request.match_pattern().unwrap_or_else(|| request.path().to_owned());
    let named = idempotency::name(&service, scope, &route, &key, &[&body, &dpop::key_content(request)]);
    // The buffer is still overwritten with zeros when it is dropped.
    Ok(KeyedRequest { service, named, body: Bytes::from_owner(body), owner })
}

/// Requires exactly one header with one key.
fn key_of(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let mut values = headers.get_all(KEY);
    let value = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
    let key = value.ok_or(Invalid::Format).and_then(|value| IdempotencyKey::parse(value.trim()));
    key.map_err(|invalid| extract::malformed("Idempotency-Key", invalid.code()))
}

impl KeyedRequest {
    /// Runs the first request and stores its response, or replays the stored response to a duplicate request.
    async fn run_or_replay(self, request: HttpRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
        let Self { service, named, body, owner } = self;
        let claim = match idempotency::begin(&service, named, owner).await {
            Ok(Turn::First(claim)) => claim,
            Ok(Turn::Completed(stored)) => return Ok(replay(request, &service, &stored).await),
            Err(error) => return Ok(error_response(request, &error.into())),
        };
        let handle = next.call(ServiceRequest::from_parts(request, Payload::from(body)));
        let response = claim.hold(handle).await?;
        let (response, stored) = StoredResponse::capture(response);
        match stored.and_then(|stored| stored.into_bytes(service.now())) {
            Some(stored) => claim.complete(&stored).await,
            None => claim.release().await,
        }
        Ok(response)
    }
}

async fn replay(request: HttpRequest, service: &Service, stored: &[u8]) -> ServiceResponse {
    if let Some(tokens) = StoredResponse::issued_tokens(stored)
        && let Err(error) = session::must_be_unused(service, tokens).await
    {
        return error_response(request, &error.into());
    }
    let Some(mut response) = StoredResponse::replay(stored, service.now()) else {
        return error_response(request, &Problem::internal("this version cannot read the stored response"));
    };
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    ServiceResponse::new(request, response)
}

fn error_response(request: HttpRequest, problem: &Problem) -> ServiceResponse {
    ServiceResponse::new(request, problem.error_response())
}
