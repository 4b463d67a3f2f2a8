//! Shared parts of the fake SMS providers: configurable behaviour and accepted messages.

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::{digest, hmac};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::ports::Clock;
use std::collections::HashSet;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// Behaviour of a fake provider after a valid request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Accept,
    /// Refuses with this error code. The text repeats phone and code, which a careless provider can do.
    Refuse(&'static str),
    /// Accepts the request and never responds.
    Hang,
    /// Responds with the status of success and a body that is not JSON.
    Garbage,
    /// Responds with status 500 and the body of success.
    ServerError,
    /// Responds with status 500 and this error code.
    Crash(&'static str),
    /// Responds with success after a megabyte of white space.
    Huge,
    /// Redirects the client.
    Redirect,
    /// Closes the connection without a response.
    Drop,
}

/// Accepted message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Phone number in the format of the provider.
    pub to: String,
    /// Template, for providers with templates.
    pub template: String,
    pub signature: String,
    pub values: Vec<(String, String)>,
    /// Text, for providers with free text.
    pub text: String,
    pub id: String,
}

/// State of a fake provider: requests, accepted messages, and the behaviour for the next request.
pub struct Stage {
    clock: Arc<dyn Clock>,
    behaviour: Mutex<Behaviour>,
    requests: AtomicUsize,
    ids: Mutex<HashSet<String>>,
    taken: Mutex<Vec<Taken>>,
}

impl Stage {
    pub fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            behaviour: Mutex::new(Behaviour::Accept),
            requests: AtomicUsize::new(0),
            ids: Mutex::default(),
            taken: Mutex::default(),
        })
    }

    /// Sets the behaviour from the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// Number of all requests, with any result.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Codes of the accepted messages to a number, oldest first.
    pub fn codes_for(&self, phone: &str) -> Vec<String> {
        let code = |taken: &Taken| taken.values.iter().find(|(name, _)| name == "code").map(|(_, code)| code.clone());
        self.taken.lock().unwrap().iter().filter(|taken| taken.to == phone).filter_map(code).collect()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Returns true if the time of a request is within the tolerance of the provider.
    pub fn is_now(&self, time: DateTime<Utc>, tolerance: TimeDelta) -> bool {
        (self.now() - time).abs() <= tolerance
    }

    /// Returns true if this id is new.
    pub fn is_new(&self, id: &str) -> bool {
        self.ids.lock().unwrap().insert(id.to_owned())
    }

    pub fn take(&self, message: Taken) {
        self.taken.lock().unwrap().push(message);
    }

    /// Counts a request and returns its behaviour. A test that waits for the count can then change the behaviour of the
    /// next request.
    pub fn enter(&self) -> Behaviour {
        let behaviour = *self.behaviour.lock().unwrap();
        self.requests.fetch_add(1, Ordering::SeqCst);
        behaviour
    }
}

/// Format of the responses of one provider.
pub struct ResponseFormat {
    pub status: StatusCode,
    /// Body of a success.
    pub success: &'static str,
    /// Makes a refusal of an error code and a text.
    pub refuse: fn(&str, &str) -> HttpResponse,
}

impl ResponseFormat {
    /// Responds to a valid request.
    pub async fn respond(
        &self,
        behaviour: Behaviour,
        request: &HttpRequest,
        message: Taken,
        stage: &Stage,
    ) -> HttpResponse {
        let status = self.status;
        match behaviour {
            Behaviour::Accept => {
                stage.take(message);
                HttpResponse::build(status).content_type("application/json").body(self.success)
            }
            Behaviour::Refuse(code) => (self.refuse)(code, &format!("【短信】{message:?} {}", request.uri())),
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Garbage => HttpResponse::build(status).content_type("text/html").body("<html>运营商劫持</html>"),
            Behaviour::ServerError => HttpResponse::InternalServerError().body(self.success),
            Behaviour::Crash(code) => with_status_500((self.refuse)(code, "")),
            Behaviour::Huge => HttpResponse::build(status).body(format!("{}{}", " ".repeat(1_000_000), self.success)),
            Behaviour::Redirect => {
                HttpResponse::TemporaryRedirect().insert_header(("Location", request.uri().to_string())).finish()
            }
            Behaviour::Drop => HttpResponse::Ok().body(BrokenBody),
        }
    }
}

/// Changes the status of a refusal to 500.
pub fn with_status_500(mut refusal: HttpResponse) -> HttpResponse {
    *refusal.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    refusal
}

/// Value of a header, or an empty string.
pub fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

pub fn sha256_hex(data: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, data).as_ref())
}

pub fn hmac_sha256(key: &[u8], data: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data.as_bytes()).as_ref().to_vec()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns true for one to ten digits, as in a code or its minutes.
pub fn digits(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns true for a masked phone number, such as `+86138****8000`.
pub fn masked(value: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = value.strip_prefix('+').unwrap_or(value).split_once("****");
    parts.is_some_and(|(head, tail)| digits(head) && digits(tail) && !tail.is_empty())
}

/// Returns true for a phone number in E.164 format.
pub fn e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|rest| {
        (8..=15).contains(&rest.len()) && !rest.starts_with('0') && rest.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Body that fails before its first byte, so that the server closes the connection.
pub struct BrokenBody;

impl MessageBody for BrokenBody {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(100)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
