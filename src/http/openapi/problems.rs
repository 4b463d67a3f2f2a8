//! Error responses in the OpenAPI document.

use super::error_codes::BY_OPERATION;
use crate::domain::flow::Step;
use crate::domain::language::Language;
use crate::domain::proof::Challenge;
use crate::http::error::{Code, FieldError, Problem};
use crate::http::{envelope, idempotency, schemas};
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Type,
};
use utoipa::{Modify, ToSchema};

const EXAMPLE_CHALLENGE: &str = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk";

/// Error (RFC 9457). Handle it by its `code`; `title` and `detail` are for people, in the language of
/// `Accept-Language`.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes the body that the envelope writes")]
pub(super) struct ProblemSchema {
    /// URI of the error code.
    #[schema(format = "uri")]
    r#type: String,
    title: String,
    status: u16,
    /// Stable error code. Later versions may add codes.
    code: String,
    detail: String,
    /// Same id as in the header `X-Request-Id`.
    request_id: String,
    /// Invalid fields.
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
    /// Number of attempts that are left for the code.
    #[schema(required = false)]
    attempts_left: u32,
    /// Next step of the flow, if the request was for another step.
    #[schema(required = false)]
    step: schemas::NextStep,
    /// Proof of work that the client must do, if one is required.
    #[schema(required = false)]
    proof_of_work: schemas::Work,
    /// Seconds until the code can be sent again.
    #[schema(required = false)]
    resend_in: u64,
    /// Seconds until the client may retry, as in the header `Retry-After`.
    #[schema(required = false)]
    retry_after: u64,
}

/// Invalid field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body that the envelope writes")]
struct FieldProblem {
    /// Path of the field; empty for the body itself.
    field: String,
    /// Stable field code.
    code: String,
    detail: String,
}

/// Adds the error responses to every operation.
pub(super) struct Problems;

impl Modify for Problems {
    fn modify(&self, document: &mut OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let harmless = idempotency::document::HARMLESS.contains(&path.as_str());
            for operation in [&mut item.post, &mut item.put].into_iter().flatten() {
                add_problems(operation, if harmless { &[] } else { idempotency::PROBLEMS });
            }
            for operation in [&mut item.get, &mut item.patch, &mut item.delete].into_iter().flatten() {
                add_problems(operation, &[]);
            }
        }
    }
}

/// Adds one response per status, with one example per error code.
fn add_problems(operation: &mut Operation, more: &[Code]) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let codes =
        BY_OPERATION.iter().filter(|(name, _)| *name == id).flat_map(|(_, lists)| lists.iter().copied().flatten());
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes.chain(more) {
        by_status.entry(code.row().status).or_default().push(*code);
    }
    for (status, mut codes) in by_status {
        codes.sort_unstable_by_key(|code| code.row().name);
        codes.dedup();
        operation.responses.responses.insert(status.to_string(), RefOr::T(response(&codes)));
    }
}

fn response(codes: &[Code]) -> Response {
    let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.row().name)).collect();
    let examples = codes.iter().map(|code| {
        let text = envelope::problem_body(&example(*code), Language::English, "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d");
        let value = serde_json::from_str(&text).ok();
        (code.row().name, ExampleBuilder::new().summary(code.row().en[0]).value(value).build())
    });
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build();
    let response = ResponseBuilder::new().description(names.join(", ")).content("application/problem+json", content);
    if !codes.iter().any(|code| has_retry_after(*code)) {
        return response.build();
    }
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build();
    let header =
        HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds until the client may retry")).build();
    response.header("Retry-After", header).build()
}

/// Tells whether errors with this code have a `Retry-After` header.
fn has_retry_after(code: Code) -> bool {
    code == Code::RequestInProgress || [429, 503].contains(&code.row().status)
}

/// Returns a problem with the fields that its code has.
fn example(code: Code) -> Problem {
    let plain = Problem::new(code);
    let error = |field: &str, code| vec![FieldError { field: field.to_owned(), code }];
    match code {
        Code::MalformedRequest => Problem { errors: error("captcha_id", "required"), ..plain },
        Code::ValidationFailed => Problem { errors: error("ticket", "invalid_format"), ..plain },
        Code::RegionNotSupported => Problem { errors: error("phone_number", "not_allowed"), ..plain },
        Code::CodeWrong => Problem { attempts_left: Some(3), ..plain },
        Code::CodeExhausted => Problem { attempts_left: Some(0), ..plain },
        Code::WrongStep => Problem { step: Some(Step::PhoneVerified), ..plain },
        Code::ProofOfWorkRequired | Code::ProofOfWorkInvalid => {
            Problem { proof_of_work: Challenge::parse(EXAMPLE_CHALLENGE).ok(), ..plain }
        }
        Code::ResendCooldown => Problem { retry_after: Some(Duration::from_secs(42)), ..plain },
        _ if has_retry_after(code) => Problem { retry_after: Some(Duration::from_secs(1)), ..plain },
        _ => plain,
    }
}
