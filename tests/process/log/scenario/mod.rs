//! Drives a server with every kind of request and failure, and puts secrets into every field that takes one.

mod account;

use crate::client::{Client, Response};
use crate::doorstep::{DEADLINE, Var};
use crate::support::cloopen::{
    ACCOUNT_SID, APP_ID, AUTH_TOKEN, Behaviour, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID,
};
use crate::support::redis;
use deadpool_redis::redis::cmd;
use doorstep::adapters::system::SystemClock;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

pub const BYPASS: &str = "opensaysme99";
pub const REDIS_PASSWORD: &str = "hush-redis-password";
const STORAGE_SECRET: &str = "hush-storage-secret";
/// Settings of a storage that gets no requests: the service issues upload permits without it.
pub const STORAGE_SETTINGS: [Var<'static>; 7] = [
    ("AVATAR_STORAGE", "s3"),
    ("AVATAR_BASE_URL", "https://cdn.example.com/avatars/"),
    ("AVATAR_S3_ENDPOINT", "https://s3.example.com"),
    ("AVATAR_S3_REGION", "nowhere-1"),
    ("AVATAR_S3_BUCKET", "pictures"),
    ("AVATAR_S3_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AVATAR_S3_SECRET_ACCESS_KEY", STORAGE_SECRET),
];
const PASSWORD: &str = "correct horse battery";
const OTHER_PASSWORD: &str = "tr0ubador & 3 friends";
const LONG_PASSWORD: &str = "swordfish";
/// Phone number in E.164 format. The national number begins after `COUNTRY` characters.
const PHONE: &str = "+8613800138000";
const OTHER_PHONE: &str = "+8613900139000";
const THIRD_PHONE: &str = "+8613700137000";
const COUNTRY: usize = 3;
const IDEMPOTENCY_KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

/// Text that no log line may contain.
pub struct Secret {
    pub name: &'static str,
    pub text: String,
    /// True if only a whole word counts: six digits appear inside longer numbers by chance.
    whole_word: bool,
}

impl Secret {
    /// Tells whether the line contains the secret. Both are in lower case.
    pub fn is_in(&self, line: &str) -> bool {
        let outside = |c: Option<char>| !self.whole_word || c.is_none_or(|c| !c.is_alphanumeric());
        line.match_indices(&self.text).any(|(at, text)| {
            outside(line[..at].chars().next_back()) && outside(line[at + text.len()..].chars().next())
        })
    }
}

pub struct Scenario {
    pub secrets: Vec<Secret>,
    /// Response to each request that is well-formed HTTP.
    pub responses: Vec<Response>,
    sms: FakeCloopen,
    redis_url: String,
    database_url: String,
    client: Client,
    address: String,
}

impl Scenario {
    pub fn new(redis_url: &str, database_url: &str, keys: &[&str]) -> Self {
        let mut scenario = Self {
            secrets: Vec::new(),
            responses: Vec::new(),
            sms: FakeCloopen::start(Arc::new(SystemClock)),
            redis_url: redis_url.to_owned(),
            database_url: database_url.to_owned(),
            client: Client::new(""),
            address: String::new(),
        };
        for line in keys.iter().flat_map(|key| key.lines()).filter(|line| !line.starts_with("-----")) {
            scenario.add_secret("key", line);
        }
        for phone in [PHONE, OTHER_PHONE] {
            scenario.add_secret("phone", &phone[COUNTRY..]);
            scenario.add_secret("phone with spaces", &format!("{} {} {}", &phone[3..6], &phone[6..10], &phone[10..]));
        }
        for (name, text) in [
            ("password", PASSWORD),
            ("password", OTHER_PASSWORD),
            ("password", LONG_PASSWORD),
            ("password hash", "$argon2"),
            ("password of Redis", REDIS_PASSWORD),
            ("password of PostgreSQL", "open-sesame"),
            ("captcha bypass", BYPASS),
            ("token of the provider", AUTH_TOKEN),
            ("account of the provider", ACCOUNT_SID),
            ("secret of the storage", STORAGE_SECRET),
            ("upload permit", "x-amz-"),
            ("signature", "sig="),
        ] {
            scenario.add_secret(name, text);
        }
        for password in account::PASSWORDS {
            scenario.add_secret("password", password);
        }
        scenario
    }

    pub fn provider_settings(&self) -> [Var<'_>; 10] {
        [
            ("SMS_PROVIDERS", "cloopen"),
            ("SMS_CLOOPEN_BASE_URL", self.sms.base_url.as_str()),
            ("SMS_CLOOPEN_ACCOUNT_SID", ACCOUNT_SID),
            ("SMS_CLOOPEN_AUTH_TOKEN", AUTH_TOKEN),
            ("SMS_CLOOPEN_APP_ID", APP_ID),
            ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
            ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", DELETION_TEMPLATE_ID),
            ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE_ID),
            ("SMS_NOTICES", "off"),
            ("SMS_TIMEOUT_SECONDS", "1"),
        ]
    }

    pub fn with_server(mut self, client: Client, url: &str) -> Self {
        self.client = client;
        self.address = url.trim_start_matches("http://").to_owned();
        self
    }

    fn add_secret(&mut self, name: &'static str, text: &str) {
        assert!(text.len() > 3, "{name}");
        self.secrets.push(Secret { name, text: text.to_lowercase(), whole_word: false });
    }

    async fn send(&mut self, request: RequestBuilder, status: u16) -> Value {
        let response = self.client.send(request).await;
        assert_eq!(response.status, status, "{response:?}");
        let body = response.body.clone();
        self.responses.push(response);
        body
    }

    async fn post(&mut self, path: &str, body: Value, status: u16) -> Value {
        let request = self.client.request(Method::POST, path).json(&body);
        self.send(request, status).await
    }

    /// Requests a captcha. Returns its id and its answer, read from Redis.
    async fn captcha(&mut self) -> (String, String) {
        let id = self.post("/v1/captchas", json!({}), 201).await["captcha_id"].as_str().unwrap().to_owned();
        let mut redis = redis::connection(&self.redis_url);
        let answer: String = cmd("GET").arg(format!("captcha:{{shared}}:{id}")).query(&mut redis).unwrap();
        self.add_secret("captcha answer", &answer);
        (id, answer)
    }

    async fn send_code(&mut self, phone: &str, status: u16) -> Value {
        let (id, answer) = self.captcha().await;
        let body = json!({"phone_number": phone, "captcha_id": id, "captcha_answer": answer});
        self.post("/v1/register/send-code", body, status).await
    }

    /// Requests a code. Returns the ticket and the code.
    async fn ticket(&mut self, phone: &str) -> (String, String) {
        let sent = self.send_code(phone, 200).await;
        let ticket = sent["ticket"].as_str().unwrap().to_owned();
        self.add_secret("ticket", &ticket);
        self.add_secret("secret half of a ticket", &ticket[22..]);
        let code = self.sms.code_for(PHONE).unwrap();
        self.secrets.push(Secret { name: "code", text: code.clone(), whole_word: true });
        (ticket, code)
    }

    /// Signs up, with an invalid request at every step, and tries to sign up again.
    pub async fn sign_up(&mut self) {
        let (ticket, code) = self.ticket("138 0013 8000").await;
        let step = |name: &str| format!("/v1/register/{name}");
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        self.secrets.push(Secret { name: "wrong code", text: wrong.clone(), whole_word: true });
        self.post(&step("verify-code"), json!({"ticket": ticket, "code": wrong}), 422).await;
        self.post(&step("resend-code"), json!({"ticket": ticket}), 429).await;
        self.post(&step("status"), json!({"ticket": ticket}), 200).await;
        self.post(&step("verify-code"), json!({"ticket": ticket, "code": code}), 200).await;
        self.post(&step("verify-code"), json!({"ticket": ticket, "code": code}), 409).await;
        let password = |password: &str| json!({"ticket": ticket, "password": password});
        self.post(&step("set-password"), password(&PHONE[COUNTRY..]), 422).await;
        self.post(&step("set-password"), password(&LONG_PASSWORD.repeat(20)), 422).await;
        let mismatch = json!({"ticket": ticket, "password": PASSWORD, "password_confirm": OTHER_PASSWORD});
        self.post(&step("set-password"), mismatch, 422).await;
        self.post(&step("set-password"), password(PASSWORD), 200).await;
        let profile = json!({"ticket": ticket, "nickname": "小明\u{202e}\u{1b}[31mforged"});
        self.post(&step("submit-profile"), profile, 422).await;
        let profile = json!({"ticket": ticket, "nickname": "小明"});
        let signed_in = self.post(&step("submit-profile"), profile, 201).await;
        self.try_tokens(&signed_in).await;
        self.send_code(PHONE, 409).await;
    }

    /// Sends requests with the tokens of a response, also damaged ones, and gets an upload permit.
    async fn try_tokens(&mut self, signed_in: &Value) {
        let [access, refresh] =
            ["access_token", "refresh_token"].map(|name| signed_in[name].as_str().unwrap().to_owned());
        self.add_secret("access token", &access);
        self.add_secret("signature of an access token", access.rsplit('.').next().unwrap());
        self.add_secret("refresh token", &refresh);
        self.add_secret("signature of a refresh token", refresh.rsplit('.').next().unwrap());
        for (token, status) in [(access.as_str(), 200), (&access[..access.len() - 9], 401), (&refresh, 401)] {
            let me = self.client.request(Method::GET, "/v1/me").bearer_auth(token);
            self.send(me, status).await;
        }
        let image = json!({"content_type": "image/png", "content_length": 1});
        let avatar = self.client.request(Method::POST, "/v1/me/avatar").bearer_auth(&access).json(&image);
        let permit = self.send(avatar, 200).await;
        let signature = permit["url"].as_str().unwrap().rsplit("X-Amz-Signature=").next().unwrap().to_owned();
        self.add_secret("signature of a permit", &signature);
    }

    async fn post_with_key(&mut self, key: &str, path: &str, body: Value, status: u16) -> Value {
        let request = self.client.request(Method::POST, path).header("Idempotency-Key", key).json(&body);
        self.send(request, status).await
    }

    /// Sends requests with an `Idempotency-Key`: first requests, retries, other bodies, and invalid keys.
    pub async fn retry_with_idempotency_keys(&mut self) {
        self.add_secret("idempotency key", IDEMPOTENCY_KEY);
        self.add_secret("phone", &THIRD_PHONE[COUNTRY..]);
        let wrong = json!({"phone_number": THIRD_PHONE, "password": OTHER_PASSWORD});
        self.post_with_key(IDEMPOTENCY_KEY, "/v1/login", wrong.clone(), 401).await;
        self.post_with_key(&format!("\"{IDEMPOTENCY_KEY}\""), "/v1/login", wrong, 401).await;
        self.post_with_key(IDEMPOTENCY_KEY, "/v1/login", json!({"another": PASSWORD}), 422).await;
        self.post_with_key(&format!("{IDEMPOTENCY_KEY} forged"), "/v1/captchas", json!({}), 201).await;
        self.post_with_key(&format!("\"{IDEMPOTENCY_KEY}"), "/v1/login", json!({}), 400).await;
    }

    /// Lets the provider fail: it refuses with the phone and the code in its text, sends garbage, closes the
    /// connection, or hangs.
    pub async fn let_the_provider_fail(&mut self) {
        for behaviour in [Behaviour::Refuse("160032"), Behaviour::Garbage, Behaviour::Drop, Behaviour::Hang] {
            self.sms.behave(behaviour);
            self.send_code(OTHER_PHONE, 502).await;
        }
        self.sms.behave(Behaviour::Accept);
    }

    /// Sends secrets in fields and headers where they are invalid.
    pub async fn send_invalid_requests(&mut self) {
        let phone = &PHONE[COUNTRY..];
        let number: u64 = phone.parse().unwrap();
        for (path, body, status) in [
            ("send-code", json!({"phone_number": number, "captcha_id": "x", "captcha_answer": BYPASS}), 400),
            ("send-code", json!({"phone_number": PHONE, PHONE: PASSWORD}), 400),
            ("send-code", json!({"phone_number": PHONE, "captcha_id": BYPASS, "captcha_answer": BYPASS}), 422),
            ("send-code", json!({"phone_number": [PHONE], "captcha_id": [], "captcha_answer": BYPASS}), 400),
            ("verify-code", json!({"ticket": PASSWORD, "code": PASSWORD}), 422),
            ("verify-code", json!({"ticket": {"a": PASSWORD}, "code": 123_456}), 400),
            ("set-password", json!({"ticket": 1, "password": PASSWORD}), 400),
            ("set-password", json!({"password": [PASSWORD]}), 400),
            ("set-password", json!({"ticket": "A".repeat(64), "password": PASSWORD, PASSWORD: 1}), 400),
            ("submit-profile", json!({"ticket": "x", "nickname": PASSWORD.repeat(1_000)}), 413),
            ("submit-profile", json!({"ticket": PHONE, "nickname": PHONE, "birthday": PHONE, "gender": PHONE}), 422),
            ("status", json!(PHONE), 400),
            (phone, json!({}), 404),
        ] {
            self.post(&format!("/v1/register/{path}"), body, status).await;
        }
        let truncated = format!("{{\"phone_number\":\"{PHONE}\",\"{PASSWORD}");
        for (content_type, status) in [("application/json", 400), (PHONE, 415)] {
            let request = self.client.request(Method::POST, "/v1/register/send-code");
            self.send(request.header("Content-Type", content_type).body(truncated.clone()), status).await;
        }
        for (name, value) in [
            ("Authorization", format!("Bearer {PASSWORD}")),
            ("Authorization", format!("Basic {PASSWORD}")),
            ("Authorization", format!("Bearer {}", "A".repeat(5_000))),
            ("Cookie", format!("session={PASSWORD}")),
        ] {
            let me = self.client.request(Method::GET, &format!("/v1/me?phone={PHONE}")).header(name, value);
            self.send(me, 401).await;
        }
        let request = self.client.request(Method::from_bytes(phone.as_bytes()).unwrap(), "/v1/me");
        let headers = [("X-Request-Id", PHONE), ("X-Forwarded-For", PHONE), ("User-Agent", PHONE), ("Referer", PHONE)];
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.header("Accept-Language", PASSWORD), 405).await;
    }

    /// Sends bytes that are not valid HTTP.
    pub fn send_invalid_http(&self) {
        let phone = &PHONE[COUNTRY..];
        for bytes in [
            format!(
                "GET /%0d%0a2026-01-01T00:00:00Z%20INFO%20forged HTTP/1.1\r\nHost: {phone}\r\nConnection: close\r\n\r\n"
            ),
            format!("GET /\x1b[31mforged{phone} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            format!("GET http://{phone}:{PASSWORD}@x/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            format!("GET /v1/me HTTP/1.1\r\nHost: x\r\n{phone}\x01: forged\r\nConnection: close\r\n\r\n"),
            format!("GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \x1b{phone}\r\nConnection: close\r\n\r\n"),
            format!("POST /v1/captchas HTTP/1.1\r\nHost: x\r\nContent-Length: {phone}x\r\nConnection: close\r\n\r\n"),
            format!("POST /v1/captchas HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {phone}\r\nConnection: close\r\n\r\n"),
            format!("{phone} {PASSWORD} forged\r\n\r\n"),
            format!("{phone} /v1/captchas HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            format!("GET / HTTP/{phone}\r\n\r\n"),
        ] {
            self.send_bytes(bytes.as_bytes());
        }
        self.send_bytes(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03forged\r\n\r\n");
        let long = format!("GET /v1/me HTTP/1.1\r\nX-Long: {}\r\n\r\n", phone.repeat(20_000));
        self.send_bytes(long.as_bytes());
    }

    /// Sends bytes and reads until the server closes the connection.
    fn send_bytes(&self, bytes: &[u8]) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        // The server may close the connection early.
        stream.write_all(bytes).ok();
        stream.shutdown(std::net::Shutdown::Write).ok();
        stream.read_to_end(&mut Vec::new()).ok();
    }

    pub async fn send_code_without_database(&mut self) {
        self.send_code(OTHER_PHONE, 503).await;
    }

    pub async fn send_requests_without_redis(&mut self) {
        self.post("/v1/captchas", json!({}), 503).await;
        self.post_with_key(IDEMPOTENCY_KEY, "/v1/login", json!({"phone_number": PASSWORD}), 503).await;
        let ready = self.client.request(Method::GET, "/readyz");
        self.send(ready, 200).await;
    }
}
