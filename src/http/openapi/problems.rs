//! Error responses in the OpenAPI document. Each one, and each example, is stored once in `components`.

use super::parameters::{replay_headers, response_header};
use super::schemas::set_known_values;
use crate::domain::consent::LegalDocument;
use crate::domain::flow::Step;
use crate::domain::language::Language;
use crate::domain::password_mode::PasswordMode;
use crate::domain::pending::ActKind;
use crate::domain::proof::Challenge;
use crate::domain::question::Reason;
use crate::flows::InQuestion;
use crate::http::contract::schema;
use crate::http::dto::problem;
use crate::http::error::{Code, Problem, StartedFlow};
use crate::http::field_codes::{FIELD_CODES, FieldError};
use crate::http::middleware::problem_body;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Type};

const EXAMPLE_CHALLENGE: &str = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk";

const EXAMPLE_TICKET: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ";

/// Adds the schema of the body. The codes come from the tables.
pub(super) fn add_schema(components: &mut Components) {
    schema::<problem::Problem>(components);
    let codes = Code::all().map(|code| code.row().name).collect();
    set_known_values(components, "Problem", "code", codes);
    set_known_values(components, "FieldProblem", "code", FIELD_CODES.iter().map(|row| row.name).collect());
}

/// Returns one response per status, with one example per error code.
pub(super) fn responses(
    codes: &BTreeSet<Code>,
    is_replayable: bool,
    components: &mut Components,
) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.row().status).or_default().push(*code);
    }
    let shared = |(status, mut codes): (u16, Vec<Code>)| {
        codes.sort_unstable_by_key(|code| code.row().name);
        let can_be_replay = is_replayable && codes.iter().any(|code| code.row().replayable);
        // Responses with the same name are equal.
        let names = codes.iter().map(|code| code.row().name).chain(can_be_replay.then_some("replayed"));
        let name = [&*status.to_string()].into_iter().chain(names).collect::<Vec<_>>().join(".");
        let reference = RefOr::Ref(Ref::from_response_name(&name));
        let response = response(&codes, can_be_replay, components);
        components.responses.insert(name, RefOr::T(response));
        (status.to_string(), reference)
    };
    by_status.into_iter().map(shared).collect()
}

fn response(codes: &[Code], can_be_replay: bool, components: &mut Components) -> Response {
    let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.row().name)).collect();
    let examples = codes.iter().map(|code| (code.row().name, share_example(*code, components)));
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples);
    let mut response = ResponseBuilder::new()
        .description(names.join(", "))
        .content("application/problem+json", content.build())
        .build();
    if codes.iter().any(|code| has_retry_after(*code)) {
        let seconds = response_header(Type::Integer, "Seconds until the client may retry");
        response.headers.insert("Retry-After".to_owned(), seconds);
    }
    if codes.contains(&Code::UseDpopNonce) {
        let nonce = response_header(Type::String, "With `use_dpop_nonce`: the claim `nonce` of the next proof");
        response.headers.insert("DPoP-Nonce".to_owned(), nonce);
    }
    if can_be_replay {
        response.headers.extend(replay_headers());
    }
    response
}

/// Adds the example of a code, and returns the reference to it.
fn share_example(code: Code, components: &mut Components) -> RefOr<utoipa::openapi::example::Example> {
    let example = ExampleBuilder::new().summary(code.row().en[0]).value(Some(example_problem(code))).build();
    components.examples.insert(code.row().name.to_owned(), RefOr::T(example));
    RefOr::Ref(Ref::new(format!("#/components/examples/{}", code.row().name)))
}

/// Returns a problem with this code, with all members that it can have.
pub(in crate::http) fn example_problem(code: Code) -> Value {
    let id = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d";
    let text = problem_body(&example(code), Language::English, id, PasswordMode::default());
    serde_json::from_str(&text).unwrap_or_default()
}

/// Tells whether errors with this code have a `Retry-After` header.
fn has_retry_after(code: Code) -> bool {
    use Code::{ActHeld, ActRefused, DeviceTooNew, PasswordTooNew, RequestInProgress};
    matches!(code, RequestInProgress | ActHeld | ActRefused | DeviceTooNew | PasswordTooNew)
        || [429, 503].contains(&code.row().status)
}

fn example_question(reason: Reason<Duration>) -> Problem {
    let expires_in = Some(Duration::from_secs(900));
    InQuestion { act: ActKind::SignIn, reason, start_anew: true, expires_in }.into()
}

/// Returns a problem with the fields that its code has.
fn example(code: Code) -> Problem {
    let plain = Problem::new(code);
    let error = |field: &str, code| vec![FieldError { field: field.to_owned(), code }];
    match code {
        Code::MalformedRequest => Problem { errors: error("captcha_id", "required"), ..plain },
        Code::ValidationFailed => Problem { errors: error("ticket", "invalid_format"), ..plain },
        Code::ConsentRequired => {
            let documents = ["terms@2026-11-01", "privacy@2026-11-01"].into_iter().flat_map(LegalDocument::parse);
            Problem { documents: documents.collect(), ..plain }
        }
        Code::RegionNotSupported => Problem { errors: error("phone_number", "not_allowed"), ..plain },
        Code::CodeWrong => Problem { attempts_left: Some(3), ..plain },
        Code::CodeExhausted => Problem { attempts_left: Some(0), ..plain },
        Code::NewDevice => {
            let flow = StartedFlow { ticket: EXAMPLE_TICKET.to_owned(), expires_in: 300, resend_in: 60 };
            Problem { flow: Some(Box::new(flow)), attempts_left: Some(5), ..plain }
        }
        Code::WrongStep => Problem { step: Some(Step::PhoneVerified), ..plain },
        Code::ProofOfWorkRequired | Code::ProofOfWorkInvalid => {
            Problem { proof_of_work: Challenge::parse(EXAMPLE_CHALLENGE).ok().map(Box::new), ..plain }
        }
        Code::AccountDormant => example_question(Reason::Dormant),
        Code::ActHeld => example_question(Reason::Held(Duration::from_secs(86_400))),
        Code::ActRefused => example_question(Reason::Refused(Duration::from_secs(86_400))),
        Code::ResendCooldown => Problem { retry_after: Some(Duration::from_secs(42)), ..plain },
        _ if has_retry_after(code) => Problem { retry_after: Some(Duration::from_secs(1)), ..plain },
        _ => plain,
    }
}
