//! `DPoP` header (RFC 9449): the proof that the client has the key to which its session is bound.

use super::contract::{Contract, Input};
use super::error::{Code, Problem};
use crate::domain::dpop::Thumbprint;
use crate::flows::{Service, dpop};
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, ResponseError, web};
use std::future::{Ready, ready};

pub(super) const PROOF: HeaderName = HeaderName::from_static("dpop");
pub(super) const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Errors of every endpoint that accepts a proof.
pub(super) const PROBLEMS: &[Code] = &[Code::InvalidDpopProof, Code::UseDpopNonce];

/// Key of the client's proof; `None` without a proof.
#[derive(Debug, Clone)]
pub(super) struct DeviceKey(pub Option<Thumbprint>);

/// Middleware around the route of a POST that accepts a proof. It runs first: before a stored response is replayed, and
/// before a captcha, a code or a counter is used.
pub(super) async fn check_proof(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    match key_of(request.request()) {
        Ok(key) => {
            request.extensions_mut().insert(DeviceKey(key));
            next.call(request).await
        }
        Err(problem) => Ok(request.into_response(problem.error_response())),
    }
}

/// Requires at most one header. Without `PUBLIC_URLS`, proofs are ignored.
fn key_of(request: &HttpRequest) -> Result<Option<Thumbprint>, Problem> {
    let service = request.app_data::<web::Data<Service>>().ok_or_else(|| Problem::internal("no service"))?;
    let mut proofs = request.headers().get_all(PROOF);
    let Some(proof) = proofs.next().filter(|_| dpop::is_enabled(service)) else { return Ok(None) };
    if proofs.next().is_some() {
        return Err(Problem::new(Code::InvalidDpopProof));
    }
    // The route pattern: a path has many spellings. These routes have no parameters.
    let route = request.match_pattern().unwrap_or_default();
    let proof = HeaderValue::to_str(proof).map_err(|_| Problem::new(Code::InvalidDpopProof))?;
    Ok(Some(dpop::check(service, &route, proof)?))
}

impl FromRequest for DeviceKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let checked = request.extensions().get::<Self>().cloned();
        ready(checked.map_or_else(|| key_of(request).map(Self), Ok))
    }
}

impl Input for DeviceKey {
    fn describe(contract: &mut Contract) {
        contract.proof = true;
    }
}

/// Returns the part of a request's content that a retry must have in common: the key, not the proof, which is a new one
/// for each retry.
pub(super) fn key_content(request: &HttpRequest) -> Vec<u8> {
    let key = request.extensions().get::<DeviceKey>().and_then(|key| key.0.clone());
    key.map(|key| key.as_str().as_bytes().to_vec()).unwrap_or_default()
}
