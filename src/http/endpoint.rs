//! Endpoint: one path with its methods. Any other method gets `method_not_allowed` and an `Allow` header
//! (RFC 9110, 15.5.6).

use super::dpop::check_proof;
use super::error::{Code, Problem};
use super::idempotency::{Replay, idempotent};
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, Resource, Responder, ResponseError, Route, web};

/// Path, its methods, and how a POST or PUT to it is replayed.
pub(super) struct Endpoint {
    resource: Resource,
    /// Routes that accept an `Idempotency-Key`.
    keyed: Vec<Route>,
    replay: Replay,
    accepts_proof: bool,
    allow: Vec<&'static str>,
}

/// Starts an endpoint without methods.
pub(super) fn at(path: &str) -> Endpoint {
    let (resource, replay) = (web::resource(path), Replay::Public);
    Endpoint { resource, keyed: Vec::new(), replay, accepts_proof: false, allow: Vec::new() }
}

impl Endpoint {
    /// Marks POST as an endpoint for signed-in users: a stored response is replayed to the same user only. A handler
    /// with a `Bearer` parameter needs this mark; without it, every request with an idempotency key is an
    /// `internal_error`.
    pub fn for_bearer(mut self) -> Self {
        self.replay = Replay::Bearer;
        self
    }

    /// Marks POST as harmless to repeat: its `Idempotency-Key` is ignored, and no response is stored.
    pub fn harmless(mut self) -> Self {
        self.replay = Replay::None;
        self
    }

    /// Marks POST as an endpoint whose `DPoP` proof is checked first. A handler with a `DeviceKey` parameter needs this
    /// mark.
    pub fn accepts_proof(mut self) -> Self {
        self.accepts_proof = true;
        self
    }

    /// Adds GET and HEAD.
    pub fn get<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.add_route(guard::Any(guard::Get()).or(guard::Head()), &["GET", "HEAD"], handler)
    }

    /// Adds POST, which accepts an `Idempotency-Key`.
    pub fn post<F: Handler<A>, A: FromRequest + 'static>(mut self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.allow.push("POST");
        self.keyed.push(web::route().guard(guard::Post()).to(handler));
        self
    }

    /// Adds PUT, which accepts an `Idempotency-Key`.
    pub fn put<F: Handler<A>, A: FromRequest + 'static>(mut self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.allow.push("PUT");
        self.keyed.push(web::route().guard(guard::Put()).to(handler));
        self
    }

    pub fn patch<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.add_route(guard::Patch(), &["PATCH"], handler)
    }

    pub fn delete<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.add_route(guard::Delete(), &["DELETE"], handler)
    }

    fn add_route<F: Handler<A>, A: FromRequest + 'static>(
        mut self,
        guard: impl Guard + 'static,
        methods: &[&'static str],
        handler: F,
    ) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.allow.extend(methods);
        self.resource = self.resource.route(web::route().guard(guard).to(handler));
        self
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(self, config: &mut AppService) {
        let allow = self.allow.join(", ");
        let reject = move |_: Method| {
            let mut response = Problem::new(Code::MethodNotAllowed).error_response();
            if let Ok(allow) = HeaderValue::from_str(&allow) {
                response.headers_mut().insert(ALLOW, allow);
            }
            std::future::ready(response)
        };
        let (replay, accepts_proof) = (self.replay, self.accepts_proof);
        let resource = self.keyed.into_iter().fold(self.resource, |resource, route| {
            let route = route.wrap(from_fn(move |request, next| idempotent(replay, request, next)));
            // The last wrapper runs first.
            resource.route(if accepts_proof { route.wrap(from_fn(check_proof)) } else { route })
        });
        resource.default_service(web::to(reject)).register(config);
    }
}
