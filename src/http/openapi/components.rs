//! Error responses that many operations repeat, and their examples: each is stored once in `components`, and the
//! operations refer to it.

use crate::http::dpop::document::NONCE;
use crate::http::idempotency::document::REPLAYED;
use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, OpenApi, Ref, RefOr, Response};

/// Moves the error responses of all operations. Runs after the modifiers that change these.
pub(super) struct SharedProblems;

impl Modify for SharedProblems {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        for item in document.paths.paths.values_mut() {
            let methods = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in methods.into_iter().flatten() {
                share_problems(operation, components);
            }
        }
    }
}

fn share_problems(operation: &mut Operation, components: &mut Components) {
    for (status, slot) in &mut operation.responses.responses {
        let RefOr::T(response) = slot else { continue };
        let Some(RefOr::T(content)) = response.content.get_mut("application/problem+json") else { continue };
        let codes: Vec<String> = content.examples.keys().cloned().collect();
        for (code, example) in &mut content.examples {
            let reference = RefOr::Ref(Ref::new(format!("#/components/examples/{code}")));
            components.examples.insert(code.clone(), std::mem::replace(example, reference));
        }
        let name = name(status, &codes, response);
        let reference = RefOr::Ref(Ref::from_response_name(&name));
        components.responses.insert(name, std::mem::replace(slot, reference));
    }
}

/// Name of a response: its status, its error codes, whether it can be a replay, and whether it has a nonce. Responses
/// with the same name are equal.
fn name(status: &str, codes: &[String], response: &Response) -> String {
    let has = |header, word| response.headers.contains_key(header).then_some(word);
    let headers = has(REPLAYED, "replayed").into_iter().chain(has(NONCE, "nonce"));
    let parts = [status].into_iter().chain(codes.iter().map(String::as_str)).chain(headers);
    parts.collect::<Vec<_>>().join(".")
}
