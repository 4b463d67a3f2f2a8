//! What the fakes of all providers have in common: how they behave when they are told to, and what they have taken.

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

/// What it does with a request that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Accept,
    /// Refuses with this code of the provider's, and repeats phone and code in the text as a careless provider might.
    Refuse(&'static str),
    /// Takes the request and never answers.
    Hang,
    /// Answers the status of success with something that is no JSON.
    Garbage,
    /// Answers 500, though with the words of success.
    ServerError,
    /// Answers 500 with this code of a refusal.
    Crash(&'static str),
    /// Answers success, after a megabyte of white space.
    Huge,
    /// Sends the caller elsewhere.
    Redirect,
    /// Closes the connection instead of answering.
    Drop,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// As the provider writes it.
    pub to: String,
    /// Of providers with templates.
    pub template: String,
    pub signature: String,
    pub values: Vec<(String, String)>,
    /// Of providers with free text.
    pub text: String,
    pub id: String,
}

/// What a fake has seen, and how it is to behave.
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

    /// From the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    /// How many requests came, whatever became of them.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Whether a request's time is within the provider's tolerance.
    pub fn is_now(&self, time: DateTime<Utc>, tolerance: TimeDelta) -> bool {
        (self.now() - time).abs() <= tolerance
    }

    /// Whether this id comes for the first time.
    pub fn is_new(&self, id: &str) -> bool {
        self.ids.lock().unwrap().insert(id.to_owned())
    }

    pub fn take(&self, message: Taken) {
        self.taken.lock().unwrap().push(message);
    }

    /// Counts a request. A test that waits for the count may then change the behaviour for the next.
    pub fn enter(&self) -> Behaviour {
        let behaviour = *self.behaviour.lock().unwrap();
        self.requests.fetch_add(1, Ordering::SeqCst);
        behaviour
    }
}

/// How one provider says yes and no.
pub struct Tongue {
    pub status: StatusCode,
    /// An answer of success.
    pub success: &'static str,
    pub refuse: fn(&str, &str) -> HttpResponse,
}

impl Tongue {
    /// Answers a request that is right.
    pub async fn answer(
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
            Behaviour::Crash(code) => crashed((self.refuse)(code, "")),
            Behaviour::Huge => HttpResponse::build(status).body(format!("{}{}", " ".repeat(1_000_000), self.success)),
            Behaviour::Redirect => {
                HttpResponse::TemporaryRedirect().insert_header(("Location", request.uri().to_string())).finish()
            }
            Behaviour::Drop => HttpResponse::Ok().body(Torn),
        }
    }
}

/// The same words as 500.
pub fn crashed(mut refusal: HttpResponse) -> HttpResponse {
    *refusal.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    refusal
}

/// A header's value, or nothing.
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

/// One to ten digits: a code, or its minutes.
pub fn digits(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a value is a number with its middle hidden, like `+86138****8000`.
pub fn masked(value: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = value.strip_prefix('+').unwrap_or(value).split_once("****");
    parts.is_some_and(|(head, tail)| digits(head) && digits(tail) && !tail.is_empty())
}

/// A number as E.164 writes it.
pub fn e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|rest| {
        (8..=15).contains(&rest.len()) && !rest.starts_with('0') && rest.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A body that breaks off before its first byte: the server closes the connection.
pub struct Torn;

impl MessageBody for Torn {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(100)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())))
    }
}
