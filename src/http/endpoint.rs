//! One path with its methods; every other method is told which ones there are (RFC 9110, 15.5.6).

use super::error::{Code, Problem};
use super::idempotency::{ReplayPolicy, ReplayScope, idempotent};
use crate::domain::policy::Policy;
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, Resource, Responder, ResponseError, Route, web};
use std::time::Duration;

pub(super) struct Endpoint {
    resource: Resource,
    post: Option<Route>,
    replay: ReplayPolicy,
    allow: Vec<&'static str>,
}

pub(super) fn at(path: &str) -> Endpoint {
    Endpoint { resource: web::resource(path), post: None, replay: ReplayPolicy::default(), allow: Vec::new() }
}

impl Endpoint {
    /// A POST to this endpoint is for signed-in people, and so is the answer to it that is kept. (A handler that asks for a
    /// bearer and stands in the table without this refuses every idempotency key.)
    pub fn for_bearer(mut self) -> Self {
        self.replay.to = ReplayScope::Bearer;
        self
    }

    /// The answer to a POST is worth nothing after this, and need not be kept for a day.
    pub fn replays_for(mut self, life: fn(&Policy) -> Duration) -> Self {
        self.replay.life = life;
        self
    }

    /// GET, and HEAD with it.
    pub fn get<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.on(guard::Any(guard::Get()).or(guard::Head()), &["GET", "HEAD"], handler)
    }

    /// Takes an `Idempotency-Key`.
    pub fn post<F: Handler<A>, A: FromRequest + 'static>(mut self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.allow.push("POST");
        self.post = Some(web::route().guard(guard::Post()).to(handler));
        self
    }

    pub fn put<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.on(guard::Put(), &["PUT"], handler)
    }

    pub fn patch<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.on(guard::Patch(), &["PATCH"], handler)
    }

    pub fn delete<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.on(guard::Delete(), &["DELETE"], handler)
    }

    fn on<F: Handler<A>, A: FromRequest + 'static>(
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
        let refuse = move |_: Method| {
            let mut error = Problem::new(Code::MethodNotAllowed).error_response();
            if let Ok(allow) = HeaderValue::from_str(&allow) {
                error.headers_mut().insert(ALLOW, allow);
            }
            std::future::ready(error)
        };
        let replay = self.replay;
        let resource = match self.post {
            Some(post) => {
                let once = from_fn(move |request, next| idempotent(replay, request, next));
                self.resource.route(post.wrap(once))
            }
            None => self.resource,
        };
        resource.default_service(web::to(refuse)).register(config);
    }
}
