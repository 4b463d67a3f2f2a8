//! What of an answer is kept, and which answers are.

use crate::http::envelope::problem_of;
use crate::http::error::{Code, Problem};
use actix_web::body::MessageBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{AGE, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, ResponseError};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One line of JSON; below it the body, byte for byte.
pub(super) struct StoredResponse {
    form: Form,
    body: Bytes,
}

#[derive(Serialize, Deserialize)]
struct Head {
    /// Unix time in seconds: a replay says how old it is.
    at: i64,
    form: Form,
}

#[derive(Serialize, Deserialize)]
enum Form {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
    },
    /// By its parts, so that it is told in the language of whoever asks again. Those that are kept have no others.
    Problem {
        code: String,
        attempts_left: Option<u32>,
    },
}

/// Bytes of a body that is kept: 20 KiB, more than the largest picture has as JSON. What is larger is a spoken captcha, of 130 or 170 kB: a
/// stranger with a key for each request would fill staging with them. Done again, the request has another captcha for an answer.
const LARGEST: usize = 20 * 1024;

impl StoredResponse {
    /// The response, and what is to be kept of it: nothing if the same request may have another answer later.
    pub fn of(response: ServiceResponse) -> (ServiceResponse, Option<Self>) {
        if let Some(problem) = problem_of(&response) {
            let Problem { code, attempts_left, .. } = problem;
            let kept = || Form::Problem { code: code.row().name.to_owned(), attempts_left };
            return (response, replayable(code).then(|| Self { form: kept(), body: Bytes::new() }));
        }
        let (request, response) = response.into_parts();
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let headers = response.headers().iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?)));
        let form = Form::Answer { status: response.status().as_u16(), headers: headers.collect() };
        let (response, body) = response.into_parts();
        // Whatever our handlers answer is whole; a stream would pass, and not be kept.
        match body.try_into_bytes() {
            Ok(body) => {
                let response = response.set_body(body.clone()).map_into_boxed_body();
                let kept = (body.len() <= LARGEST).then_some(Self { form, body });
                (ServiceResponse::new(request, response), kept)
            }
            Err(stream) => (ServiceResponse::new(request, response.set_body(stream)), None),
        }
    }

    pub fn into_bytes(self, now: DateTime<Utc>) -> Option<Vec<u8>> {
        let mut bytes = serde_json::to_vec(&Head { at: now.timestamp(), form: self.form }).ok()?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        Some(bytes)
    }

    /// The answer once more, as it was, with its age (RFC 9111, 5.1): what it says of seconds was true then.
    pub fn replay(kept: &[u8], now: DateTime<Utc>) -> Option<HttpResponse> {
        let (head, body) = kept.split_at_checked(kept.iter().position(|&byte| byte == b'\n')?)?;
        let Head { at, form } = serde_json::from_slice(head).ok()?;
        let mut response = match form {
            Form::Answer { status, headers } => answer(status, &headers, &body[1..])?,
            Form::Problem { code, attempts_left } => {
                let code = Code::ALL.into_iter().find(|known| known.row().name == code)?;
                Problem { attempts_left, ..Problem::new(code) }.error_response()
            }
        };
        let age = u64::try_from(now.timestamp().saturating_sub(at)).unwrap_or_default();
        response.headers_mut().insert(AGE, HeaderValue::from(age));
        Some(response)
    }
}

fn answer(status: u16, headers: &[(String, String)], body: &[u8]) -> Option<HttpResponse> {
    let mut response = HttpResponse::new(StatusCode::from_u16(status).ok()?);
    for (name, value) in headers {
        response.headers_mut().append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(response.set_body(Bytes::copy_from_slice(body)).map_into_boxed_body())
}

/// Whether a refusal is the answer to its request for good. It is, if the request cost or changed something: done again it would
/// cost that again. It is not, if the request left everything as it was: it may be granted later, and what anybody can
/// provoke at will must not fill staging for a day.
const fn replayable(code: Code) -> bool {
    match code {
        // A message may have gone out, or will be paid for: an HTTP library that repeats a 502 by itself sends no second one. Who
        // presses the button again makes a new key.
        Code::SmsDeliveryFailed
        // A guess was counted.
        | Code::CodeWrong | Code::CodeExhausted | Code::CredentialsInvalid | Code::PasswordWrong
        // A captcha was used up; at the end of a sign-up, the flow.
        | Code::CaptchaWrong | Code::PhoneAlreadyRegistered
        // One of the ticket's passwords was used up.
        | Code::PasswordTooWeak
        // The session was ended: done again, the answer would be another.
        | Code::RefreshReused => true,
        // The request has not the form of one.
        Code::MalformedJson | Code::MalformedRequest | Code::ValidationFailed | Code::RegionNotSupported
        | Code::PayloadTooLarge | Code::UnsupportedMediaType | Code::RequestTimeout
        | Code::NotFound | Code::MethodNotAllowed | Code::AvatarUploadsDisabled
        // Looked up, and nothing was there, or something else was.
        | Code::TokenMissing | Code::TokenInvalid | Code::TokenExpired | Code::RefreshInvalid
        | Code::TicketExpired | Code::WrongStep | Code::CaptchaExpired | Code::CaptchaRequired
        // Asked for, or not accepted: the next challenge is another.
        | Code::ProofOfWorkRequired | Code::ProofOfWorkInvalid
        // The same request may pass in a while.
        | Code::ResendCooldown | Code::PhoneLimitReached | Code::TooManyRequests
        | Code::SmsBudgetExhausted | Code::SmsRegionSuspended | Code::Overloaded | Code::DependencyUnavailable
        // A defect, and it may be mended before the retry comes.
        | Code::InternalError
        // These two are answered before there is a claim.
        | Code::RequestInProgress | Code::IdempotencyKeyReused => false,
    }
}

/// Of these the contract says that they may be replayed.
pub(super) fn may_be_replayed(status: u16) -> bool {
    Code::ALL.into_iter().any(|code| code.row().status == status && replayable(code))
}
