//! `Idempotency-Key` on every POST: a request that comes twice happens once (draft-ietf-httpapi-idempotency-key-header).

pub mod document;
mod stored_response;

use super::captchas;
use super::error::{Code, Problem};
use super::extract::{self, PreAuthenticated};
use crate::domain::Invalid;
use crate::domain::captcha::Kind;
use crate::domain::idempotency::{IdempotencyKey, NamedRequest, Scope};
use crate::domain::policy::Policy;
use crate::flows::Service;
use crate::flows::idempotency::{self, Turn};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError};
use std::sync::Arc;
use std::time::Duration;
use stored_response::StoredResponse;
use tracing::Instrument;

pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What every POST can be refused for because of its key.
pub(super) const PROBLEMS: &[Code] = &[Code::RequestInProgress, Code::IdempotencyKeyReused];

/// Whose the answers of an endpoint are, and for how long they are worth something.
#[derive(Clone, Copy)]
pub(super) struct ReplayPolicy {
    pub to: ReplayScope,
    pub life: fn(&Policy) -> Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplayScope {
    /// A replay needs the key and the body, which holds whatever secret the first request needed. A token is not looked at: apps
    /// attach stale ones everywhere.
    Anybody,
    /// A replay needs a living session of the same person as well.
    Bearer,
}

impl Default for ReplayPolicy {
    fn default() -> Self {
        Self { to: ReplayScope::Anybody, life: |_| idempotency::LIFE }
    }
}

/// Wraps a route. Without the header it does nothing.
pub(super) async fn idempotent(
    replay: ReplayPolicy,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    if !request.headers().contains_key(KEY) {
        return next.call(request).await;
    }
    let (request, payload) = request.into_parts();
    let asked = match ask(replay, &request, payload).await {
        Ok(asked) => asked,
        Err(problem) => return Ok(refuse(request, &problem)),
    };
    // In a task of its own, which goes on when the client hangs up: that is the client who will come again.
    let work = asked.take_turn(request.clone(), next);
    match actix_web::rt::spawn(work.in_current_span()).await {
        Ok(answer) => answer,
        Err(_) => Ok(refuse(request, &broken("a handler panicked"))),
    }
}

/// A request that may begin.
struct Asked {
    service: Arc<Service>,
    named: NamedRequest,
    body: Bytes,
    life: Duration,
}

/// Reads what names the request: the key, the caller, the body.
async fn ask(replay: ReplayPolicy, request: &HttpRequest, payload: Payload) -> Result<Asked, Problem> {
    let service = request.app_data::<web::Data<Service>>().ok_or_else(|| broken("no service"))?.clone().into_inner();
    let key = key_of(request.headers())?;
    let caller = match replay.to {
        ReplayScope::Anybody => None,
        ReplayScope::Bearer => Some(extract::authenticate(request).await?),
    };
    let scope = caller.as_ref().map_or(Scope::Anybody, |caller| Scope::User(caller.user.id));
    request.extensions_mut().insert(PreAuthenticated(caller));
    let body = extract::bytes(request, payload).await?;
    // In which form the answer comes belongs to the request; in which language does not.
    let form = [Kind::Image, Kind::Audio].map(|kind| u8::from(captchas::wants_raw(request, kind)));
    // The route, for a path has many spellings.
    let route = request.match_pattern().unwrap_or_else(|| request.path().to_owned());
    let named = idempotency::name(&service, scope, &route, &key, &[&body, &form]);
    let life = (replay.life)(service.policy());
    // The buffer is still wiped when it is let go of.
    Ok(Asked { service, named, body: Bytes::from_owner(body), life })
}

/// One line with one key.
fn key_of(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let mut lines = headers.get_all(KEY);
    let line = lines.next().and_then(|value| value.to_str().ok()).filter(|_| lines.next().is_none());
    let key = line.ok_or(Invalid::Format).and_then(|line| IdempotencyKey::parse(line.trim()));
    key.map_err(|why| extract::malformed("Idempotency-Key", why.code()))
}

impl Asked {
    async fn take_turn(self, request: HttpRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
        let Self { service, named, body, life } = self;
        let claim = match idempotency::begin(Arc::clone(&service), named).await {
            Ok(Turn::First(claim)) => claim,
            Ok(Turn::Answered(kept)) => return Ok(replay(request, &service, &kept)),
            Err(error) => return Ok(refuse(request, &error.into())),
        };
        let response = next.call(ServiceRequest::from_parts(request, Payload::from(body))).await?;
        let (response, kept) = StoredResponse::of(response);
        match kept.and_then(|kept| kept.into_bytes(service.now())) {
            Some(kept) => claim.keep(&kept, life).await,
            None => claim.give_back().await,
        }
        Ok(response)
    }
}

fn replay(request: HttpRequest, service: &Service, kept: &[u8]) -> ServiceResponse {
    let Some(mut response) = StoredResponse::replay(kept, service.now()) else {
        return refuse(request, &broken("a kept answer that this version cannot read"));
    };
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    ServiceResponse::new(request, response)
}

fn refuse(request: HttpRequest, problem: &Problem) -> ServiceResponse {
    ServiceResponse::new(request, problem.error_response())
}

fn broken(cause: &str) -> Problem {
    Problem { cause: Some(cause.to_owned()), ..Problem::new(Code::InternalError) }
}
