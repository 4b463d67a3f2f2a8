//! Operation in the OpenAPI document, from the row of its endpoint.

use super::parameters::{self, replay_headers, response_header};
use super::schemas::{self, RequestSchemas};
use super::{examples, problems};
use crate::http::contract::{Body, HeaderType, PathParameter, Schema, Success};
use crate::http::endpoint::Endpoint;
use crate::http::error::Code;
use crate::http::{dpop, idempotency};
use actix_web::http::Method;
use std::collections::BTreeSet;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, HttpMethod, KnownFormat, ObjectBuilder, RefOr, Required, Response, ResponseBuilder,
    SchemaFormat, Type,
};

/// Name of the access token among the security schemes.
const ACCESS_TOKEN: &str = "access_token";

/// Errors of every endpoint with a JSON body, before its flow starts.
const BODY: &[Code] = &[
    Code::MalformedJson,
    Code::MalformedRequest,
    Code::RequestTimeout,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationFailed,
];

/// Errors of every endpoint for signed-in users.
const BEARER: &[Code] = &[Code::TokenMissing, Code::TokenInvalid, Code::TokenExpired, Code::Overloaded];

/// Errors of every endpoint that can fail: all use staging or the database.
const DEPENDENCY: &[Code] = &[Code::InternalError, Code::DependencyUnavailable];

/// Adds the access token to the document.
pub(super) fn add_security_scheme(components: &mut Components) {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme(ACCESS_TOKEN, SecurityScheme::Http(scheme));
}

/// Adds the schemas of all bodies to the document. Returns the names of those of requests.
pub(super) fn add_schemas(endpoints: &[Endpoint], components: &mut Components) -> RequestSchemas {
    let mut bodies = RequestSchemas::default();
    for endpoint in endpoints {
        for (_, schema) in &endpoint.contract.success.content {
            schema.map(|schema| schema(components));
        }
        let Some(body) = &endpoint.contract.body else { continue };
        let name = schemas::name_of(&(body.schema)(components)).to_owned();
        if endpoint.method == Method::PATCH {
            bodies.patches.insert(name.clone());
        }
        bodies.requests.insert(name);
    }
    bodies
}

/// Returns the method and the operation. Adds its responses to `components`.
pub(super) fn describe(endpoint: &Endpoint, components: &mut Components) -> (HttpMethod, Operation) {
    let contract = &endpoint.contract;
    let is_replayable = endpoint.replay().is_some();
    let success = success(&contract.success, endpoint.success, is_replayable, components);
    let mut operation = OperationBuilder::new()
        .tag(endpoint.tag())
        .operation_id(Some(endpoint.operation))
        .summary(Some(endpoint.summary))
        .description(Some(endpoint.description).filter(|text| !text.is_empty()))
        .request_body(contract.body.as_ref().map(|body| request_body(body, &endpoint.method, components)))
        .response(contract.success.status.to_string(), success)
        .build();
    for (status, response) in problems::responses(&codes(endpoint), is_replayable, components) {
        operation.responses.responses.insert(status, response);
    }
    if operation.responses.responses.keys().all(|status| !status.starts_with('4')) {
        let not_http = ResponseBuilder::new().description("Bytes that are not a valid HTTP request; without a body");
        operation.responses.responses.insert("4XX".to_owned(), RefOr::T(not_http.build()));
    }
    let parameters = parameters(endpoint);
    operation.parameters = (!parameters.is_empty()).then_some(parameters);
    // An empty list says that the operation is public.
    operation.security =
        Some(contract.bearer.then(|| SecurityRequirement::new(ACCESS_TOKEN, [""; 0])).into_iter().collect());
    (method(&endpoint.method), operation)
}

fn codes(endpoint: &Endpoint) -> BTreeSet<Code> {
    let contract = &endpoint.contract;
    let lists = [
        (contract.body.is_some(), BODY),
        (contract.bearer, BEARER),
        (contract.fallible, DEPENDENCY),
        (contract.proof, dpop::PROBLEMS),
        (endpoint.replay().is_some(), idempotency::PROBLEMS),
    ];
    let common = lists.into_iter().filter(|(applies, _)| *applies).flat_map(|(_, codes)| codes);
    endpoint.errors.iter().chain(common).copied().collect()
}

fn parameters(endpoint: &Endpoint) -> Vec<RefOr<Parameter>> {
    let accepts_key = [Method::POST, Method::PUT].contains(&endpoint.method);
    let key = if endpoint.harmless { parameters::IGNORED_KEY } else { parameters::KEY };
    let references = [(endpoint.contract.proof, parameters::PROOF), (accepts_key, key)];
    let references = references.into_iter().filter(|(applies, _)| *applies);
    let in_path = endpoint.contract.path_parameter.iter().map(|parameter| RefOr::T(path_parameter(parameter)));
    in_path.chain(references.map(|(_, component)| parameters::reference(component))).collect()
}

fn path_parameter(parameter: &PathParameter) -> Parameter {
    let uuid = ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".to_owned())));
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(parameter.description))
        .schema(Some(uuid))
        .build()
}

fn request_body(body: &Body, method: &Method, components: &mut Components) -> RequestBody {
    let reference = RefOr::Ref((body.schema)(components));
    let required = if body.required { Required::True } else { Required::False };
    let mut content = Content::new(Some(reference.clone()));
    content.example = examples::request(&reference, components);
    let mut request = RequestBodyBuilder::new().content("application/json", content.clone()).required(Some(required));
    if *method == Method::PATCH {
        request = request.content("application/merge-patch+json", content);
    }
    request.build()
}

fn success(success: &Success, description: &str, is_replayable: bool, components: &mut Components) -> Response {
    let mut response = ResponseBuilder::new().description(description).build();
    for (media_type, schema) in &success.content {
        response.content.insert((*media_type).to_owned(), RefOr::T(content(*schema, components)));
    }
    for (name, kind, description) in success.headers {
        let kind = match kind {
            HeaderType::Text => Type::String,
            HeaderType::Number => Type::Integer,
        };
        response.headers.insert((*name).to_owned(), response_header(kind, description));
    }
    if is_replayable {
        response.headers.extend(replay_headers());
    }
    response
}

fn content(schema: Option<Schema>, components: &mut Components) -> Content {
    let Some(schema) = schema else {
        let file = ObjectBuilder::new().schema_type(Type::String);
        return Content::new(Some(file.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))));
    };
    let reference = RefOr::Ref(schema(components));
    let mut content = Content::new(Some(reference.clone()));
    content.example = examples::response(&reference, components);
    content
}

fn method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}
