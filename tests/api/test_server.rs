//! Runs a separate service for each test, and performs the steps of a client.

pub use crate::response::Response;

use crate::response::assert_documented;
use crate::support::cloopen::{ACCOUNT_SID, APP_ID, AUTH_TOKEN, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID};
use crate::support::{postgres, redis};
use crate::users::wait_until;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis::cmd;
use diesel::{Connection, PgConnection};
use doorstep::app::{App, Runtime};
use doorstep::config::Config;
use doorstep::domain::captcha::{Puzzle, SPOKEN_DIGITS, spoken_digits};
use doorstep::domain::policy::CaptchaPolicy;
use doorstep::flows::Service;
use doorstep::flows::deferred_refunds::flush;
use doorstep::ports::{Clock, Random};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Answer that every captcha of the tests accepts (`CAPTCHA_BYPASS_ANSWER`).
pub const BYPASS: &str = "letmein";
pub const PASSWORD: &str = "correct horse battery";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackEnds {
    /// Memory and SQLite.
    Embedded,
    /// Redis and PostgreSQL.
    Real,
}

/// Clock that moves only when a test advances it.
pub struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Real random numbers, recorded so that a test can compose the same captcha.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<u64>>);

impl Random for Recorder {
    fn fill(&self, bytes: &mut [u8]) {
        doorstep::adapters::system::OsRandom.fill(bytes);
        if let Ok(word) = <[u8; 8]>::try_from(&*bytes) {
            self.0.lock().unwrap().push(u64::from_le_bytes(word));
        }
    }
}

pub struct TestServer {
    pub url: String,
    pub clock: Arc<ManualClock>,
    pub random: Arc<Recorder>,
    pub sms: FakeCloopen,
    pub http: reqwest::Client,
    pub vars: Vec<(String, String)>,
    redis: Option<String>,
    metrics: OnceLock<String>,
    service: OnceLock<Service>,
    _folder: TempDir,
}

impl TestServer {
    pub async fn new(back_ends: BackEnds) -> Self {
        Self::with(back_ends, &[]).await
    }

    /// Starts a service with these settings in addition to the defaults of the tests.
    pub async fn with(back_ends: BackEnds, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let redis = (back_ends == BackEnds::Real).then(redis::url);
        let clock = Arc::new(ManualClock(AtomicI64::new(1_795_000_000_000)));
        let sms = FakeCloopen::start(Arc::clone(&clock) as _);
        let mut vars = vec![
            ("DATA_DIR", folder.path().display().to_string()),
            ("BIND", "127.0.0.1:0".to_owned()),
            ("WORKERS", "2".to_owned()),
            ("METRICS_BIND", "127.0.0.1:0".to_owned()),
            // The provider is a fake.
            ("ALLOW_INSECURE_DEVELOPMENT", "true".to_owned()),
            ("SMS_PROVIDERS", "cloopen".to_owned()),
            ("SMS_CLOOPEN_BASE_URL", sms.base_url.to_string()),
            ("SMS_CLOOPEN_ACCOUNT_SID", ACCOUNT_SID.to_owned()),
            ("SMS_CLOOPEN_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
            ("SMS_CLOOPEN_APP_ID", APP_ID.to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_CODE", "1".to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", DELETION_TEMPLATE_ID.to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE_ID.to_owned()),
            ("SMS_NOTICES", "off".to_owned()),
            ("CAPTCHA_BYPASS_ANSWER", BYPASS.to_owned()),
            // The tests request many captchas from one IP block.
            ("PROOF_OF_WORK", "off".to_owned()),
        ];
        if let Some(redis) = &redis {
            vars.push(("REDIS_URL", redis.clone()));
            vars.push(("DATABASE_URL", postgres::url()));
        }
        vars.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let redis = vars.iter().rev().find(|(name, _)| *name == "REDIS_URL").map(|(_, url)| url.clone());
        let vars: Vec<_> = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let random = Arc::new(Recorder::default());
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        let mut server = Self {
            url: String::new(),
            clock,
            random,
            sms,
            http,
            vars,
            redis,
            metrics: OnceLock::new(),
            service: OnceLock::new(),
            _folder: folder,
        };
        server.url = server.serve().await;
        server
    }

    /// Starts a replica on the back ends of this server. Returns its URL.
    pub async fn serve(&self) -> String {
        let runtime = Runtime { clock: Arc::clone(&self.clock) as _, rng: Arc::clone(&self.random) as _ };
        let mut config = Config::from_vars(self.vars.clone()).unwrap();
        // The settings do not allow a hash that is so cheap. At their default, hashes take a third of the tests' time.
        if !self.vars.iter().any(|(name, _)| name.starts_with("HASH_")) {
            (config.hashing.memory_kib, config.hashing.passes) = (64, 1);
        }
        let app = App::build_in(runtime, config).await.unwrap();
        let url = format!("http://127.0.0.1:{}", app.port());
        let metrics = app.metrics_address().map(|address| format!("http://{address}/metrics"));
        drop(self.metrics.set(metrics.unwrap_or_default()));
        drop(self.service.set(app.service().clone()));
        actix_web::rt::spawn(async move { app.run_until_stopped().await.unwrap() });
        url
    }

    /// Returns the sum of this metric over all series with these labels, for the first replica; 0 if there is none.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let text = self.http.get(self.metrics.get().unwrap()).send().await.unwrap().text().await.unwrap();
        let line = |line: &str| {
            let (found, value) = line.rsplit_once(' ')?;
            let (found, rest) = found.split_once('{').unwrap_or((found, ""));
            let has = |label: &str| rest.trim_end_matches('}').split(',').any(|one| one == label);
            let right = found == name && labels.split(',').filter(|label| !label.is_empty()).all(has);
            right.then(|| value.parse::<f64>().unwrap())
        };
        text.lines().filter(|line| !line.starts_with('#')).filter_map(line).sum()
    }

    /// Waits until `/readyz` returns the status `ready`.
    pub async fn wait_until_ready(&self) {
        let is_ready = async || {
            let response = self.http.get(format!("{}/readyz", self.url)).send().await.unwrap();
            response.json::<Value>().await.unwrap()["status"] == "ready"
        };
        while !is_ready().await {
            tokio::task::yield_now().await;
        }
    }

    /// Advances the time of the service and of the staging store.
    pub fn advance(&self, by: Duration) {
        let millis = TimeDelta::from_std(by).unwrap().num_milliseconds();
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
        if let Some(url) = &self.redis {
            redis::advance(url, by);
        }
    }

    pub fn back_ends(&self) -> BackEnds {
        if self.redis.is_some() { BackEnds::Real } else { BackEnds::Embedded }
    }

    pub fn redis_url(&self) -> Option<&str> {
        self.redis.as_deref()
    }

    /// Opens a separate connection to the PostgreSQL database of this server.
    pub fn database(&self) -> PgConnection {
        let (_, url) = self.vars.iter().find(|(name, _)| name == "DATABASE_URL").unwrap();
        PgConnection::establish(url).unwrap()
    }

    /// Waits until the hourly budget of the service contains a reservation, or contains none.
    pub async fn wait_for_budget(&self, reserved: bool) {
        let mut redis = redis::connection(self.redis_url().unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut exists = cmd("EXISTS");
        exists.arg("limit:{shared}:sms-hour:");
        while exists.query::<bool>(&mut redis).unwrap() != reserved {
            assert!(Instant::now() < deadline, "reserved: {}", !reserved);
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a request holds the claim of a correct code.
    pub async fn wait_for_claim(&self) {
        let mut redis = redis::connection(self.redis_url().unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        while cmd("KEYS").arg("claim:*").query::<Vec<String>>(&mut redis).unwrap().is_empty() {
            assert!(Instant::now() < deadline, "no claim");
            tokio::task::yield_now().await;
        }
    }

    /// Sends a request on a separate socket and does not wait for the response.
    pub async fn send_raw(&self, path: &str, body: &Value) -> TcpStream {
        self.send_raw_with_header("X-Nothing: special", path, body).await
    }

    /// Sends a request with one more header on a separate socket and does not wait for the response.
    pub async fn send_raw_with_header(&self, header: &str, path: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        let head = format!("POST {path} HTTP/1.1\r\nHost: doorstep\r\nContent-Type: application/json\r\n{header}");
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut socket = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    /// Announces a body of this length, sends only its first byte, and waits for the response.
    pub async fn stalled_body(&self, path: &str, announced: usize) -> Response {
        let mut socket = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: doorstep\r\nContent-Type: application/json");
        socket.write_all(format!("{head}\r\nContent-Length: {announced}\r\n\r\n{{").as_bytes()).await.unwrap();
        let mut text = String::new();
        socket.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let response =
            Response { status, headers: lines.map(header).collect(), body: serde_json::from_str(body).unwrap() };
        response.assert_problem();
        assert_documented("post", path, &response);
        response
    }

    pub async fn post(&self, path: &str, body: Value) -> Response {
        self.send(self.request(Method::POST, path).json(&body), path).await
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request and checks the response: an error has the problem format and a documented code.
    pub async fn send(&self, request: RequestBuilder, path: &str) -> Response {
        let request = request.build().unwrap();
        let method = request.method().as_str().to_ascii_lowercase();
        let received = self.http.execute(request).await.unwrap();
        let (status, headers) = (received.status(), received.headers().clone());
        let bytes = received.bytes().await.unwrap();
        let response = Response { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        assert!(response.headers.contains_key("x-request-id"), "{response:?}");
        if status.is_client_error() || status.is_server_error() {
            response.assert_problem();
            assert_documented(&method, path, &response);
        }
        // After a jump of the clock, deferred refunds would fall into another window.
        flush(self.service.get().unwrap()).await;
        response
    }

    /// Requests a captcha and returns its id.
    pub async fn captcha(&self) -> String {
        let response = self.post("/v1/captchas", json!({})).await;
        assert_eq!(response.status, StatusCode::CREATED, "{response:?}");
        response.text("captcha_id")
    }

    /// Answer of the last image captcha. The service must not have drawn other random numbers since then.
    pub fn captcha_answer(&self) -> String {
        self.answer_to(&CaptchaPolicy::default().puzzle, 6)
    }

    /// Digits of the last audio captcha, and the seed of its sound.
    pub fn last_audio_captcha(&self) -> (String, u64) {
        let numbers = self.random.0.lock().unwrap();
        let (digits, seed) = numbers[numbers.len() - SPOKEN_DIGITS - 1..].split_at(SPOKEN_DIGITS);
        let mut digits = digits.iter().copied();
        (spoken_digits(|| digits.next().unwrap()).0, seed[0])
    }

    /// Answer of the last arithmetic captcha, whose text takes three random numbers.
    pub fn arithmetic_answer(&self) -> String {
        self.answer_to(&Puzzle::Arithmetic, 3)
    }

    fn answer_to(&self, puzzle: &Puzzle, count: usize) -> String {
        let numbers = self.random.0.lock().unwrap();
        // The last number is the seed of the image; the numbers before it compose the text.
        let mut numbers = numbers[numbers.len() - count - 1..].iter().copied();
        puzzle.compose(|| numbers.next().unwrap()).1.expose().to_owned()
    }

    /// Waits until the provider has accepted this number of messages.
    pub async fn wait_for_messages(&self, count: usize) {
        wait_until("further message", || self.sms.accepted() >= count).await;
    }

    /// Requests a sign-up code with a solved captcha.
    pub async fn send_code(&self, phone: &str) -> Response {
        let captcha = self.captcha().await;
        let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
        self.post("/v1/register/send-code", body).await
    }

    /// Starts a sign-up and returns the ticket. The code is sent.
    pub async fn new_ticket(&self, phone: &str) -> String {
        let response = self.send_code(phone).await;
        assert_eq!(response.status, StatusCode::OK, "{response:?}");
        response.text("ticket")
    }

    pub async fn verify_code(&self, ticket: &str, code: &str) -> Response {
        self.post("/v1/register/verify-code", json!({"ticket": ticket, "code": code})).await
    }

    pub async fn set_password(&self, ticket: &str) -> Response {
        self.post("/v1/register/set-password", json!({"ticket": ticket, "password": PASSWORD})).await
    }

    pub async fn submit_profile(&self, ticket: &str) -> Response {
        self.post("/v1/register/submit-profile", json!({"ticket": ticket, "nickname": "小明"})).await
    }

    /// Returns a ticket with a verified phone.
    pub async fn verified_ticket(&self, phone: &str) -> String {
        let ticket = self.new_ticket(phone).await;
        let code = self.sms.code_for(phone).unwrap();
        let response = self.verify_code(&ticket, &code).await;
        assert_eq!(response.status, StatusCode::OK, "{response:?}");
        ticket
    }

    /// Returns a ticket with a verified phone and a password.
    pub async fn ticket_with_password(&self, phone: &str) -> String {
        let ticket = self.verified_ticket(phone).await;
        let response = self.set_password(&ticket).await;
        assert_eq!(response.status, StatusCode::OK, "{response:?}");
        ticket
    }

    /// Performs all steps of a sign-up and returns the last response.
    pub async fn sign_up(&self, phone: &str) -> Response {
        let ticket = self.ticket_with_password(phone).await;
        let response = self.submit_profile(&ticket).await;
        assert_eq!(response.status, StatusCode::CREATED, "{response:?}");
        response
    }
}

/// Returns a phone number that no other call returns.
pub fn fresh_phone() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+86138{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns a code that differs from the correct one.
pub fn wrong_code(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}
