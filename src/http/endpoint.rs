//! Endpoint: one row with everything that routing and the OpenAPI document need to know.

use super::contract::{Contract, Inputs, Output};
use super::dpop::check_proof;
use super::error::{Code, Problem};
use super::idempotency::{Replay, idempotent};
use super::passwords::check_passwords;
use actix_web::guard;
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::{Handler, HttpResponse, ResponseError, Route, web};

/// Method, path, handler and documentation.
///
/// Each POST and PUT accepts an `Idempotency-Key`, unless it is [`harmless`](Endpoint::harmless). The types of the
/// handler say the rest: see [`Contract`].
pub(super) struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    /// `tag.verb`, the name in SDKs.
    pub operation: &'static str,
    pub summary: &'static str,
    pub description: &'static str,
    /// Description of the response to a request that succeeds.
    pub success: &'static str,
    /// Error codes, apart from those that every endpoint with such a contract has.
    pub errors: Vec<Code>,
    pub harmless: bool,
    /// The endpoint is disabled where passwords are.
    requires_passwords: bool,
    pub contract: Contract,
    route: Route,
}

/// Starts the row of a GET, which also answers HEAD.
pub(super) fn get<A: Inputs>(path: &'static str, handler: impl Handler<A, Output: Output>) -> Endpoint {
    Endpoint::new(Method::GET, path, handler)
}

pub(super) fn post<A: Inputs>(path: &'static str, handler: impl Handler<A, Output: Output>) -> Endpoint {
    Endpoint::new(Method::POST, path, handler)
}

pub(super) fn put<A: Inputs>(path: &'static str, handler: impl Handler<A, Output: Output>) -> Endpoint {
    Endpoint::new(Method::PUT, path, handler)
}

pub(super) fn patch<A: Inputs>(path: &'static str, handler: impl Handler<A, Output: Output>) -> Endpoint {
    Endpoint::new(Method::PATCH, path, handler)
}

pub(super) fn delete<A: Inputs>(path: &'static str, handler: impl Handler<A, Output: Output>) -> Endpoint {
    Endpoint::new(Method::DELETE, path, handler)
}

impl Endpoint {
    fn new<A: Inputs, H: Handler<A, Output: Output>>(method: Method, path: &'static str, handler: H) -> Self {
        let mut contract = Contract::default();
        A::describe(&mut contract);
        H::Output::describe(&mut contract);
        Self {
            route: route(&method).to(handler),
            method,
            path,
            operation: "",
            summary: "",
            description: "",
            success: "",
            errors: Vec::new(),
            harmless: false,
            requires_passwords: false,
            contract,
        }
    }

    /// Sets the name in SDKs, and the summary.
    pub fn operation(self, operation: &'static str, summary: &'static str) -> Self {
        Self { operation, summary, ..self }
    }

    pub fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// First part of the operation id.
    pub fn tag(&self) -> &'static str {
        self.operation.split('.').next().unwrap_or_default()
    }

    /// Describes the response to a request that succeeds.
    pub fn success(self, success: &'static str) -> Self {
        Self { success, ..self }
    }

    /// Adds error codes.
    pub fn errors(mut self, codes: &[Code]) -> Self {
        self.errors.extend(codes);
        self
    }

    /// Marks a POST as harmless to repeat: its `Idempotency-Key` is ignored, and no response is stored.
    pub fn harmless(self) -> Self {
        Self { harmless: true, ..self }
    }

    /// Disables the endpoint where passwords are disabled (`passwords_disabled`).
    pub fn requires_passwords(self) -> Self {
        Self { requires_passwords: true, ..self }.errors(&[Code::PasswordsDisabled])
    }

    /// Returns who gets a stored response; `None` if no response is stored.
    pub fn replay(&self) -> Option<Replay> {
        let is_keyed = !self.harmless && [Method::POST, Method::PUT].contains(&self.method);
        is_keyed.then_some(if self.contract.bearer { Replay::Bearer } else { Replay::Public })
    }

    fn into_route(self) -> Route {
        let (replay, requires_passwords) = (self.replay(), self.requires_passwords);
        let route = match replay {
            Some(replay) => self.route.wrap(from_fn(move |request, next| idempotent(replay, request, next))),
            None => self.route,
        };
        // The last wrapper runs first.
        let route = if self.contract.proof { route.wrap(from_fn(check_proof)) } else { route };
        if requires_passwords { route.wrap(from_fn(check_passwords)) } else { route }
    }
}

/// Registers the endpoints. Any other method of their paths gets `method_not_allowed` and an `Allow` header (RFC 9110,
/// 15.5.6).
pub(super) fn register(app: &mut web::ServiceConfig, endpoints: Vec<Endpoint>) {
    // In the order of the rows: the router compares a path with one after the other.
    let mut by_path: Vec<(&str, Vec<Endpoint>)> = Vec::new();
    for endpoint in endpoints {
        match by_path.iter_mut().find(|(path, _)| *path == endpoint.path) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => by_path.push((endpoint.path, vec![endpoint])),
        }
    }
    for (path, endpoints) in by_path {
        let allow = allowed(&endpoints);
        let resource =
            endpoints.into_iter().fold(web::resource(path), |resource, row| resource.route(row.into_route()));
        app.service(resource.default_service(web::to(move || std::future::ready(method_not_allowed(&allow)))));
    }
}

/// Returns a route of the method; GET also answers HEAD.
fn route(method: &Method) -> Route {
    let route = web::route();
    if method == Method::GET {
        return route.guard(guard::Any(guard::Get()).or(guard::Head()));
    }
    route.method(method.clone())
}

fn allowed(endpoints: &[Endpoint]) -> String {
    let names = endpoints.iter().map(|endpoint| match endpoint.method.as_str() {
        "GET" => "GET, HEAD",
        other => other,
    });
    names.collect::<Vec<_>>().join(", ")
}

fn method_not_allowed(allow: &str) -> HttpResponse {
    let mut response = Problem::new(Code::MethodNotAllowed).error_response();
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
