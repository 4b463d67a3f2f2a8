//! One path with its methods; every other method is told which ones there are (RFC 9110, 15.5.6).

use super::error::{Code, Problem};
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::guard::{self, Guard};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{FromRequest, Handler, Resource, Responder, ResponseError, web};

pub(super) struct Endpoint {
    resource: Resource,
    allow: Vec<&'static str>,
}

pub(super) fn at(path: &str) -> Endpoint {
    Endpoint { resource: web::resource(path), allow: Vec::new() }
}

impl Endpoint {
    /// GET, and HEAD with it.
    pub fn get<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.on(guard::Any(guard::Get()).or(guard::Head()), &["GET", "HEAD"], handler)
    }

    pub fn post<F: Handler<A>, A: FromRequest + 'static>(self, handler: F) -> Self
    where
        F::Output: Responder + 'static,
    {
        self.on(guard::Post(), &["POST"], handler)
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
        Self { resource: self.resource.route(web::route().guard(guard).to(handler)), allow: self.allow }
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(self, config: &mut AppService) {
        let allow = self.allow.join(", ");
        let refuse = move |_: Method| {
            let mut refusal = Problem::new(Code::MethodNotAllowed).error_response();
            if let Ok(allow) = HeaderValue::from_str(&allow) {
                refusal.headers_mut().insert(ALLOW, allow);
            }
            std::future::ready(refusal)
        };
        self.resource.default_service(web::to(refuse)).register(config);
    }
}
