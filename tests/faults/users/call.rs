//! Requests as a correct app sends them: repeated with the same key and body until they are answered.

use super::{Step, Stopped, User};
use crate::tally::Tally;
use reqwest::Method;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Longest wait of a client for a response.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait before a repetition, so that a scenario stays short and sees the end of a fault. `Retry-After` can be
/// longer.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

pub struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub body: Value,
    /// The user is signed in.
    pub is_signed_in: bool,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub code: String,
    pub body: Value,
    /// An earlier attempt of the same request got no response that a client understands as final.
    pub is_repetition: bool,
}

/// Reason why a request must be repeated.
enum Retry {
    Status(String),
    /// No response. A load balancer would choose the other replica for the next attempt.
    Broken(&'static str),
}

impl Reply {
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }
}

/// Client of all users of a scenario. It cannot be used after the end of its runtime.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().unwrap()
}

impl User {
    pub async fn post(&mut self, path: &str, body: Value) -> Step<Reply> {
        self.call(&Request { method: Method::POST, path, body, is_signed_in: false }).await
    }

    /// Sends a request with the access token.
    pub async fn signed_in(&mut self, method: Method, path: &str, body: Value) -> Step<Reply> {
        self.call(&Request { method, path, body, is_signed_in: true }).await
    }

    /// Sends a request until it succeeds, or until an error says that a repetition is useless.
    pub async fn call(&mut self, request: &Request<'_>) -> Step<Reply> {
        let (begun, key) = (Instant::now(), self.next_key());
        let mut is_repetition = false;
        loop {
            let retry = match self.attempt(request, &key).await {
                Ok(mut reply) => {
                    reply.is_repetition = is_repetition;
                    let mut counts = self.tally.lock();
                    counts.success(self.number);
                    counts.longest = counts.longest.max(begun.elapsed());
                    return Ok(reply);
                }
                Err(retry) => retry,
            };
            is_repetition = true;
            match retry {
                Retry::Status(kind) => self.count_failure(&kind, request.path),
                Retry::Broken(kind) => {
                    self.replica = (self.replica + 1) % self.urls.len();
                    self.count_failure(kind, request.path);
                }
            }
            if self.tally.is_over() {
                return Err(Stopped);
            }
            sleep(LONGEST_WAIT).await;
        }
    }

    pub fn count_failure(&self, kind: &str, path: &str) {
        self.tally.lock().failure(&format!("{kind} at {path}"));
    }

    async fn attempt(&self, request: &Request<'_>, key: &str) -> Result<Reply, Retry> {
        let url = format!("{}{}", self.urls[self.replica], request.path);
        let mut sent = self.http.request(request.method.clone(), url).json(&request.body);
        sent = sent.header("X-Forwarded-For", &self.address);
        if matches!(request.method, Method::POST | Method::PUT) {
            sent = sent.header("Idempotency-Key", key);
        }
        if request.is_signed_in {
            sent = sent.bearer_auth(&self.tokens.access);
        }
        let response = sent.send().await.map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| broken(&error))?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let code = body["code"].as_str().unwrap_or_default().to_owned();
        check(&self.tally, status, request.path, &body);
        match (status, &*code) {
            (502, "sms_delivery_failed") => Ok(Reply { status, code, body, is_repetition: false }),
            (408 | 500.., _) | (409, "request_in_progress") => Err(Retry::Status(format!("{status} {code}"))),
            _ => Ok(Reply { status, code, body, is_repetition: false }),
        }
    }
}

fn broken(error: &reqwest::Error) -> Retry {
    Retry::Broken(if error.is_timeout() { "timeout" } else { "broken connection" })
}

/// Checks what holds for every response.
fn check(tally: &Tally, status: u16, path: &str, body: &Value) {
    let is_temporary = status == 503 || (status == 409 && body["code"] == "request_in_progress");
    if status == 500 {
        tally.violation(format!("500 at {path}"));
    } else if is_temporary && !body["retry_after"].is_number() {
        tally.violation(format!("{status} without retry_after at {path}: {body}"));
    }
}
