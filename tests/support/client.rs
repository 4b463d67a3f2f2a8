//! An HTTP client that acts as an app.

use super::doorstep::{DEADLINE, Folder};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::time::Instant;

/// Answer that every captcha accepts in development.
pub const BYPASS: &str = "letmein";
pub const PASSWORD: &str = "correct horse battery";

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub request_id: String,
    /// Seconds of `Retry-After`.
    pub retry_after: Option<u64>,
    pub body: Value,
}

impl Client {
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
        Self { http, url: url.to_owned() }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub async fn send(&self, request: RequestBuilder) -> Response {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Response { status, request_id, retry_after, body }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    /// Returns the status, or `None` if the server closes the connection.
    pub async fn try_get(&self, path: &str) -> Option<u16> {
        let response = self.request(Method::GET, path).send().await;
        response.ok().map(|response| response.status().as_u16())
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn me(&self, token: &str) -> Response {
        self.send(self.request(Method::GET, "/v1/me").bearer_auth(token)).await
    }

    pub async fn rename(&self, token: &str) -> Response {
        let change = json!({"nickname": "小红"});
        self.send(self.request(Method::PATCH, "/v1/me").bearer_auth(token).json(&change)).await
    }

    /// Waits until `/readyz` responds with this status: `ready` or `degraded`, or 503.
    pub async fn wait_for_readiness(&self, status: impl Into<Value>) -> Response {
        let (deadline, status) = (Instant::now() + DEADLINE, status.into());
        loop {
            let response = self.get("/readyz").await;
            if response.body["status"] == status {
                return response;
            }
            assert!(Instant::now() < deadline, "{response:?}");
        }
    }

    /// Waits until a server that is about to bind its port is ready.
    pub async fn wait_for_start(&self) {
        let deadline = Instant::now() + DEADLINE;
        while self.try_get("/readyz").await != Some(200) {
            assert!(Instant::now() < deadline, "{} does not start", self.url);
        }
    }

    pub async fn captcha(&self) -> String {
        self.post("/v1/captchas", json!({})).await.field("captcha_id")
    }

    pub async fn send_code(&self, phone: &str) -> Response {
        let captcha = self.captcha().await;
        let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
        self.post("/v1/register/send-code", body).await
    }

    /// Completes the sign-up after send-code. Returns the response with the user and the tokens.
    pub async fn finish_sign_up(&self, ticket: &str, code: &str) -> Response {
        let verified = self.post("/v1/register/verify-code", json!({"ticket": ticket, "code": code})).await;
        assert_eq!(verified.status, 200, "{verified:?}");
        let set = self.post("/v1/register/set-password", json!({"ticket": ticket, "password": PASSWORD})).await;
        assert_eq!(set.status, 200, "{set:?}");
        let profile = json!({"ticket": ticket, "nickname": "小明"});
        let signed_in = self.post("/v1/register/submit-profile", profile).await;
        assert_eq!(signed_in.status, 201, "{signed_in:?}");
        signed_in
    }

    /// Signs up, with the code from the outbox of development.
    pub async fn sign_up(&self, folder: &Folder, phone: &str) -> Response {
        let sent = self.send_code(phone).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        self.finish_sign_up(&sent.field("ticket"), &folder.last_code()).await
    }
}

impl Response {
    pub fn field(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {self:?}")).to_owned()
    }
}

impl Folder {
    /// Reads the code of the last message from the outbox in this folder.
    pub fn last_code(&self) -> String {
        let outbox = self.read("data/outbox.log");
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        outbox.lines().last().unwrap().split([' ', ',']).find(is_code).unwrap().to_owned()
    }
}
