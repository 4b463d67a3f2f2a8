//! Stored responses: which responses are stored for replays, and their format.

use crate::domain::session::{Generation, SessionId};
use crate::http::error::{Code, Problem, StartedFlow};
use crate::http::middleware::problem_of;
use crate::http::response::IssuedTokens;
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{AGE, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, ResponseError};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Format: one line of JSON, then the body, byte for byte.
pub(super) struct StoredResponse {
    form: Form,
    tokens: Option<Generation>,
    body: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Head {
    /// Unix time in seconds, for the `Age` of a replay.
    at: i64,
    form: Form,
    /// Session and generation of the tokens in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tokens: Option<(String, u32)>,
}

#[derive(Serialize, Deserialize)]
enum Form {
    /// Status and headers of a success. The body follows the line.
    Answer { status: u16, headers: Vec<(String, String)> },
    /// Parts of a problem, so that a replay is in the language of the retry. Stored problems have no other parts.
    Problem {
        code: String,
        attempts_left: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flow: Option<Box<StartedFlow>>,
    },
}

/// Maximum size of a stored body: 4 KiB. The largest, a profile with tokens and a long avatar URL, has less than 3 KiB.
/// The limits on stored responses count responses, so this bounds their bytes.
const MAX_BODY: usize = 4 * 1024;

impl StoredResponse {
    /// Returns the response, and its stored form; none if a retry may get another response.
    pub fn capture(response: ServiceResponse) -> (ServiceResponse, Option<Self>) {
        if let Some(problem) = problem_of(&response) {
            let Problem { code, attempts_left, flow, .. } = problem;
            let form = || Form::Problem { code: code.row().name.to_owned(), attempts_left, flow };
            return (response, code.row().replayable.then(|| Self { form: form(), tokens: None, body: Bytes::new() }));
        }
        let tokens = response.response().extensions().get().map(|IssuedTokens(generation)| *generation);
        let (request, response) = response.into_parts();
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let headers = response.headers().iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?)));
        let form = Form::Answer { status: response.status().as_u16(), headers: headers.collect() };
        let (response, body) = response.into_parts();
        // Our handlers return complete bodies; a stream would pass through and not be stored.
        match body.try_into_bytes() {
            Ok(body) => {
                let response = response.set_body(body.clone()).map_into_boxed_body();
                let stored = (body.len() <= MAX_BODY).then_some(Self { form, tokens, body });
                (ServiceResponse::new(request, response), stored)
            }
            Err(stream) => (ServiceResponse::new(request, response.set_body(stream)), None),
        }
    }

    /// Serializes the response with its time.
    pub fn into_bytes(self, now: DateTime<Utc>) -> Option<Vec<u8>> {
        let tokens = self.tokens.map(|generation| (generation.session.0.to_string(), generation.number));
        let mut bytes = serde_json::to_vec(&Head { at: now.timestamp(), form: self.form, tokens }).ok()?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        Some(bytes)
    }

    /// Returns the generation whose tokens the stored response contains.
    pub fn issued_tokens(stored: &[u8]) -> Option<Generation> {
        let head = stored.split(|&byte| byte == b'\n').next()?;
        let (session, number) = serde_json::from_slice::<Head>(head).ok()?.tokens?;
        Some(Generation { session: SessionId(Uuid::try_parse(&session).ok()?), number })
    }

    /// Returns the stored response unchanged, with its `Age` (RFC 9111, 5.1): durations in the body count from its
    /// creation.
    pub fn replay(stored: &[u8], now: DateTime<Utc>) -> Option<HttpResponse> {
        let (head, body) = stored.split_at_checked(stored.iter().position(|&byte| byte == b'\n')?)?;
        let Head { at, form, .. } = serde_json::from_slice(head).ok()?;
        let mut response = match form {
            Form::Answer { status, headers } => rebuild(status, &headers, &body[1..])?,
            Form::Problem { code, attempts_left, flow } => {
                let code = Code::all().find(|candidate| candidate.row().name == code)?;
                Problem { attempts_left, flow, ..Problem::new(code) }.error_response()
            }
        };
        let age = u64::try_from(now.timestamp().saturating_sub(at)).unwrap_or_default();
        response.headers_mut().insert(AGE, HeaderValue::from(age));
        Some(response)
    }
}

fn rebuild(status: u16, headers: &[(String, String)], body: &[u8]) -> Option<HttpResponse> {
    let mut response = HttpResponse::new(StatusCode::from_u16(status).ok()?);
    for (name, value) in headers {
        response.headers_mut().append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(response.set_body(Bytes::copy_from_slice(body)).map_into_boxed_body())
}
