//! A doorstep of one's own for each test, and what a client does with it.

pub use crate::answer::Answer;

use crate::answer::assert_documented;
use crate::people::until;
use crate::support::cloopen::{ACCOUNT_SID, APP_ID, AUTH_TOKEN, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID};
use crate::support::{postgres, redis};
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis::cmd;
use diesel::{Connection, PgConnection};
use doorstep::app::{App, Runtime};
use doorstep::config::Config;
use doorstep::domain::captcha::{Puzzle, SPOKEN_DIGITS, spoken_digits};
use doorstep::domain::policy::CaptchaPolicy;
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

/// An answer that the tests' captchas always accept.
pub const BYPASS: &str = "letmein";
pub const PASSWORD: &str = "correct horse battery";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackEnds {
    /// Memory and SQLite.
    Embedded,
    /// Redis and PostgreSQL.
    Real,
}

/// A clock that moves when it is told to.
pub struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Real randomness that remembers the words it gave, so that a test can compose the same captcha.
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
    _folder: TempDir,
}

impl TestServer {
    pub async fn new(back_ends: BackEnds) -> Self {
        Self::with(back_ends, &[]).await
    }

    /// With settings of the test's own.
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
            ("SMS_PROVIDERS", "cloopen".to_owned()),
            ("SMS_CLOOPEN_BASE_URL", sms.base_url.to_string()),
            ("SMS_CLOOPEN_ACCOUNT_SID", ACCOUNT_SID.to_owned()),
            ("SMS_CLOOPEN_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
            ("SMS_CLOOPEN_APP_ID", APP_ID.to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_CODE", "1".to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", DELETION_TEMPLATE_ID.to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE_ID.to_owned()),
            ("CAPTCHA_BYPASS_ANSWER", BYPASS.to_owned()),
            // Tests draw many captchas from one address.
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
            _folder: folder,
        };
        server.url = server.serve().await;
        server
    }

    /// Starts a server over this house's back ends: the first, or one more replica. Returns its address.
    pub async fn serve(&self) -> String {
        let runtime = Runtime { clock: Arc::clone(&self.clock) as _, random: Arc::clone(&self.random) as _ };
        let config = Config::from_vars(self.vars.clone()).unwrap();
        let app = App::build_in(runtime, config).await.unwrap();
        let url = format!("http://127.0.0.1:{}", app.port());
        let metrics = app.metrics_address().map(|address| format!("http://{address}/metrics"));
        drop(self.metrics.set(metrics.unwrap_or_default()));
        actix_web::rt::spawn(async move { app.run_until_stopped().await.unwrap() });
        url
    }

    /// How far this metric of the first server is, over all that have these labels; 0 while nothing was counted.
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

    /// Returns once `/readyz` says yes.
    pub async fn wait_until_ready(&self) {
        while self.http.get(format!("{}/readyz", self.url)).send().await.unwrap().status() != StatusCode::OK {
            tokio::task::yield_now().await;
        }
    }

    /// Moves time, here and in the staging store.
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

    /// A connection of the test's own to this house's PostgreSQL.
    pub fn database(&self) -> PgConnection {
        let (_, url) = self.vars.iter().find(|(name, _)| name == "DATABASE_URL").unwrap();
        PgConnection::establish(url).unwrap()
    }

    /// Returns once a message is reserved in the service's budget, or none is any more.
    pub async fn wait_for_budget(&self, reserved: bool) {
        let mut redis = redis::connection(self.redis_url().unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut get = cmd("GET");
        get.arg("limit:{shared}:sms-hour:");
        while get.query::<Option<u32>>(&mut redis).unwrap().is_some() != reserved {
            assert!(Instant::now() < deadline, "reserved: {}", !reserved);
            tokio::task::yield_now().await;
        }
    }

    /// Returns once somebody does what a right code is for.
    pub async fn wait_for_claim(&self) {
        let mut redis = redis::connection(self.redis_url().unwrap());
        let deadline = Instant::now() + Duration::from_secs(20);
        while cmd("KEYS").arg("claim:*").query::<Vec<String>>(&mut redis).unwrap().is_empty() {
            assert!(Instant::now() < deadline, "no claim");
            tokio::task::yield_now().await;
        }
    }

    /// Sends a request on a socket of its own and does not wait for the answer.
    pub async fn send_raw(&self, path: &str, body: &Value) -> TcpStream {
        self.send_raw_with("X-Nothing: special", path, body).await
    }

    /// The same with one more line in its head.
    pub async fn send_raw_with(&self, header: &str, path: &str, body: &Value) -> TcpStream {
        let body = body.to_string();
        let head = format!("POST {path} HTTP/1.1\r\nHost: doorstep\r\nContent-Type: application/json\r\n{header}");
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let mut socket = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    /// Promises a body, sends only its beginning, and waits for the answer.
    pub async fn stalled_body(&self, path: &str, announced: usize) -> Answer {
        let mut socket = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: doorstep\r\nContent-Type: application/json");
        socket.write_all(format!("{head}\r\nContent-Length: {announced}\r\n\r\n{{").as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        let answer = Answer { status, headers: lines.map(header).collect(), body: serde_json::from_str(body).unwrap() };
        answer.assert_envelope();
        assert_documented("post", path, &answer);
        answer
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body), path).await
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sends, and holds the answer against the contract: a refusal has the envelope, and its code is documented.
    pub async fn send(&self, request: RequestBuilder, path: &str) -> Answer {
        let request = request.build().unwrap();
        let method = request.method().as_str().to_ascii_lowercase();
        let response = self.http.execute(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let answer = Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        assert!(answer.headers.contains_key("x-request-id"), "{answer:?}");
        if status.is_client_error() || status.is_server_error() {
            answer.assert_envelope();
            assert_documented(&method, path, &answer);
        }
        answer
    }

    /// A captcha that is still to be tried.
    pub async fn captcha(&self) -> String {
        let answer = self.post("/v1/captchas", json!({})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.text("captcha_id")
    }

    /// The answer to the last captcha that was drawn, when nothing else was drawn meanwhile.
    pub fn captcha_answer(&self) -> String {
        self.answer_to(&CaptchaPolicy::default().puzzle, 6)
    }

    /// The digits of the captcha that was spoken last, and the seed of how they sound.
    pub fn spoken(&self) -> (String, u64) {
        let words = self.random.0.lock().unwrap();
        let (digits, seed) = words[words.len() - SPOKEN_DIGITS - 1..].split_at(SPOKEN_DIGITS);
        let mut digits = digits.iter().copied();
        (spoken_digits(|| digits.next().unwrap()).0, seed[0])
    }

    /// The same of the arithmetic kind: the text has three digits.
    pub fn arithmetic_answer(&self) -> String {
        self.answer_to(&Puzzle::Arithmetic, 3)
    }

    fn answer_to(&self, puzzle: &Puzzle, drawn: usize) -> String {
        let words = self.random.0.lock().unwrap();
        // The last word seeds the picture; the ones before compose the text.
        let mut words = words[words.len() - drawn - 1..].iter().copied();
        puzzle.compose(|| words.next().unwrap()).1.expose().to_owned()
    }

    /// Returns once the provider has taken so many messages.
    pub async fn wait_for_messages(&self, count: usize) {
        until("further message", || self.sms.accepted() >= count).await;
    }

    pub async fn send_code(&self, phone: &str) -> Answer {
        let captcha = self.captcha().await;
        let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
        self.post("/v1/register/send-code", body).await
    }

    /// A ticket whose code is on its way.
    pub async fn ticket(&self, phone: &str) -> String {
        let answer = self.send_code(phone).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.text("ticket")
    }

    pub async fn verify(&self, ticket: &str, code: &str) -> Answer {
        self.post("/v1/register/verify-code", json!({"ticket": ticket, "code": code})).await
    }

    pub async fn set_password(&self, ticket: &str) -> Answer {
        self.post("/v1/register/set-password", json!({"ticket": ticket, "password": PASSWORD})).await
    }

    pub async fn submit(&self, ticket: &str) -> Answer {
        self.post("/v1/register/submit-profile", json!({"ticket": ticket, "nickname": "小明"})).await
    }

    /// A ticket whose phone is verified.
    pub async fn verified(&self, phone: &str) -> String {
        let ticket = self.ticket(phone).await;
        let code = self.sms.code_for(phone).unwrap();
        let answer = self.verify(&ticket, &code).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        ticket
    }

    /// A ticket that lacks only the profile.
    pub async fn with_password(&self, phone: &str) -> String {
        let ticket = self.verified(phone).await;
        let answer = self.set_password(&ticket).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        ticket
    }

    /// The whole way.
    pub async fn sign_up(&self, phone: &str) -> Answer {
        let ticket = self.with_password(phone).await;
        let answer = self.submit(&ticket).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer
    }
}

/// A phone that no other call got.
pub fn fresh_phone() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+86138{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A code that is not this one.
pub fn other_than(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}
