//! Idempotency in the OpenAPI document: the parameter of every POST and PUT, and the headers of a replay.

use super::stored_response::may_be_replayed;
use crate::domain::idempotency::IdempotencyKey;
use crate::http::openapi::headers::{parameter, parameter_reference, response_header};
use utoipa::Modify;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::{ObjectBuilder, OpenApi, RefOr, Type};

/// Paths of the POSTs that the route table marks as harmless to repeat. The tests of every POST compare both.
pub const HARMLESS: [&str; 4] = ["/v1/captchas", "/v1/register/status", "/v1/token/refresh", "/v1/logout"];

/// Component of the parameter, and whether it is for requests that are harmless to repeat.
const PARAMETERS: [(&str, bool); 2] = [("IdempotencyKey", false), ("IgnoredIdempotencyKey", true)];

/// Header of a replayed response.
pub const REPLAYED: &str = "Idempotency-Replayed";

/// Adds idempotency to the document. It runs after the modifier that adds the error responses, and extends these.
pub struct Idempotency;

impl Modify for Idempotency {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, harmless) in PARAMETERS {
            components.parameters.insert(name.to_owned(), key_parameter(harmless));
        }
        for (path, item) in &mut document.paths.paths {
            let harmless = HARMLESS.contains(&path.as_str());
            for operation in [&mut item.post, &mut item.put].into_iter().flatten() {
                let names = PARAMETERS.into_iter().filter(|(_, of_harmless)| *of_harmless == harmless);
                let references = names.map(|(name, _)| parameter_reference(name));
                operation.parameters.get_or_insert_default().extend(references);
                if !harmless {
                    add_replay_headers(operation);
                }
            }
        }
    }
}

fn key_parameter(harmless: bool) -> RefOr<Parameter> {
    let text = ObjectBuilder::new()
        .min_length(Some(1))
        .max_length(Some(IdempotencyKey::LONGEST + 2))
        .examples(["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""]);
    let stored = "Random key of this request, for example a UUID. A retry with the same key and the same body \
                  changes nothing: it gets the stored response of the first request, for up to 24 hours. Use a new key \
                  for each user action, and the same key for each retry. A Structured Field String of 1 to 255 \
                  characters; the quotes are optional.";
    let ignored = "Ignored: the request is harmless to repeat, and no response is stored. A client may send a key with \
                   every POST.";
    let description = if harmless { ignored } else { stored };
    parameter("Idempotency-Key", description, text)
}

fn add_replay_headers(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let status: u16 = status.parse().unwrap_or_default();
        if let RefOr::T(response) = response
            && (status < 300 || may_be_replayed(status))
        {
            let replayed = "`true` if this is the stored response of an earlier request with the same key";
            response.headers.insert(REPLAYED.to_owned(), response_header(Type::Boolean, replayed));
            let age = "Seconds since a replayed response was created";
            response.headers.insert("Age".to_owned(), response_header(Type::Integer, age));
        }
    }
}
