//! Requests of one flow, each to the release that a pattern names.

use crate::releases::{DOCUMENT, Releases};
use crate::support::client::{BYPASS, Client, PASSWORD, Response};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time for what happens by itself.
const DEADLINE: Duration = Duration::from_secs(30);

/// One run of a flow. Bit k of the pattern is the release of request k.
pub struct Steps {
    pub releases: Arc<Releases>,
    pattern: usize,
    count: usize,
    next: Cell<usize>,
}

/// Account of a user, and a session.
pub struct User {
    pub id: String,
    pub phone: String,
    pub access: String,
    pub refresh: String,
    pub device: String,
}

/// Patterns that run at the same time.
const BATCH: usize = 4;

/// Runs a flow once for each pattern of its first `count` requests. Further requests repeat the pattern.
pub async fn in_every_pattern<F: Future<Output = ()> + 'static>(count: usize, flow: impl Fn(Steps) -> F) {
    let releases = Releases::start().await;
    for first in (0..1 << count).step_by(BATCH) {
        let runs: Vec<_> = (first..first + BATCH)
            .map(|pattern| {
                let steps = Steps { releases: Arc::clone(&releases), pattern, count, next: Cell::new(0) };
                (pattern, actix_web::rt::spawn(flow(steps)))
            })
            .collect();
        for (pattern, run) in runs {
            let ended = run.await;
            assert!(ended.is_ok(), "pattern {pattern:0count$b} (the first request is the last digit; 1: this release)");
        }
    }
}

impl Steps {
    /// Client of the release of the next request.
    pub fn client(&self) -> &Client {
        let step = self.next.replace(self.next.get() + 1);
        &self.releases.clients[(self.pattern >> (step % self.count)) & 1]
    }

    /// Sends a request, again while the service is unavailable: a busy machine is no failure of a release.
    pub async fn send(&self, request: RequestBuilder, status: u16) -> Response {
        let begun = Instant::now();
        loop {
            let response = self.releases.clients[0].send(request.try_clone().unwrap()).await;
            if response.status != 503 || begun.elapsed() > DEADLINE {
                assert_eq!(response.status, status, "{response:?}");
                return response;
            }
        }
    }

    /// Sends a request to the next release and asserts the status.
    pub async fn post(&self, path: &str, body: Value, status: u16) -> Response {
        self.send(self.client().request(Method::POST, path).json(&body), status).await
    }

    /// Sends a request with an access token. A body of `null` means no body.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: Value, status: u16) -> Response {
        let request = self.client().request(method, path).bearer_auth(token);
        self.send(if body.is_null() { request } else { request.json(&body) }, status).await
    }

    pub async fn captcha(&self) -> String {
        self.post("/v1/captchas", json!({}), 201).await.field("captcha_id")
    }

    /// Sends these request bodies until the cooldown after an earlier message is over. Returns the ticket and the code.
    pub async fn code(
        &self,
        path: &str,
        token: Option<&str>,
        phone: &str,
        body: impl AsyncFn() -> Value,
    ) -> [String; 2] {
        let (client, begun) = (self.client(), Instant::now());
        let before = self.releases.sms.stage.codes_for(phone).len();
        loop {
            let mut request = client.request(Method::POST, path).json(&body().await);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let sent = client.send(request).await;
            if sent.status == 200 {
                return [sent.field("ticket"), self.next_code(phone, before).await];
            }
            let may_repeat = sent.body["code"] == "resend_cooldown" || sent.status == 503;
            assert!(may_repeat && begun.elapsed() < DEADLINE, "{sent:?}");
            self.releases.end_cooldowns();
        }
    }

    /// Waits for a message after the first `before` ones.
    async fn next_code(&self, phone: &str, before: usize) -> String {
        let begun = Instant::now();
        loop {
            if let Some(code) = self.releases.sms.stage.codes_for(phone).get(before) {
                return code.clone();
            }
            assert!(begun.elapsed() < DEADLINE, "no message");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Requests a code with a captcha of the next release.
    pub async fn code_with_captcha(&self, flow: &str, phone: &str) -> [String; 2] {
        let captchas = self.client();
        let body = async || {
            let captcha = captchas.captcha().await;
            let mut body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
            if flow == "register" {
                body["accepted"] = json!([DOCUMENT]);
            }
            body
        };
        self.code(&format!("/v1/{flow}/send-code"), None, phone, body).await
    }

    /// Signs up with six requests.
    pub async fn sign_up(&self) -> User {
        let phone = self.releases.fresh_phone();
        let [ticket, code] = self.code_with_captcha("register", &phone).await;
        self.post("/v1/register/verify-code", json!({"ticket": ticket, "code": code}), 200).await;
        self.post("/v1/register/set-password", json!({"ticket": ticket, "password": PASSWORD}), 200).await;
        let profile = json!({"ticket": ticket, "nickname": "小明"});
        let signed_up = self.post("/v1/register/submit-profile", profile, 201).await;
        User::of(&signed_up)
    }

    pub async fn sign_in(&self, phone: &str, password: &str, status: u16) -> Response {
        self.post("/v1/login", json!({"phone_number": phone, "password": password}), status).await
    }

    pub async fn me(&self, user: &User) -> Value {
        self.call(Method::GET, "/v1/me", &user.access, Value::Null, 200).await.body
    }
}

impl User {
    pub fn of(signed_in: &Response) -> Self {
        let text = |name: &str| signed_in.body["user"][name].as_str().unwrap().to_owned();
        Self {
            id: text("id"),
            phone: text("phone_number"),
            access: signed_in.field("access_token"),
            refresh: signed_in.field("refresh_token"),
            device: signed_in.field("device_token"),
        }
    }
}
