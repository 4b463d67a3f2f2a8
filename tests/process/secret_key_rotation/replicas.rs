//! Two replicas on one PostgreSQL database and one Redis, each with its own `SECRET_KEY`.

use crate::client::{BYPASS, Client, Response};
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use crate::support::{postgres, redis};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{RwLock, RwLockReadGuard};

/// Public URL of both replicas, for DPoP proofs.
pub const PUBLIC_URL: &str = "https://api.example.com";

pub struct Replicas {
    folder: Folder,
    redis_url: String,
    database_url: String,
    jwt_keys: String,
    both: [RwLock<Replica>; 2],
    next: AtomicUsize,
}

struct Replica {
    doorstep: Doorstep,
    client: Client,
}

/// A replica, or any that runs.
#[derive(Clone, Copy)]
pub enum To {
    Replica(usize),
    Any,
}

impl Replicas {
    pub async fn start(folder: Folder, secret_key: &str) -> Self {
        let (redis_url, database_url) = (redis::url(), postgres::url());
        let jwt_keys = folder.run(&["keygen"], &[]).stdout;
        let start = async || replica(&folder, &[&redis_url, &database_url, &jwt_keys, secret_key]).await;
        let both = [RwLock::new(start().await), RwLock::new(start().await)];
        Self { folder, redis_url, database_url, jwt_keys, both, next: AtomicUsize::new(0) }
    }

    /// Starts a replica anew with another `SECRET_KEY`. Its requests are completed, and others go to the other replica.
    pub async fn restart(&self, at: usize, secret_key: &str) {
        let mut stopped = self.both[at].write().await;
        stopped.doorstep.stop("TERM");
        *stopped = replica(&self.folder, &[&self.redis_url, &self.database_url, &self.jwt_keys, secret_key]).await;
    }

    /// Moves the time of Redis forward, between requests: the claims of a request must not expire while it runs.
    pub async fn advance(&self, by: Duration) {
        let _between_requests = (self.both[0].write().await, self.both[1].write().await);
        redis::advance(&self.redis_url, by);
    }

    /// Sends a request of a client with this IP address.
    pub async fn post(&self, to: To, address: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Response {
        let replica = self.replica(to).await;
        let mut request = replica.client.request(Method::POST, path).header("x-forwarded-for", address).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        replica.client.send(request).await
    }

    async fn replica(&self, to: To) -> RwLockReadGuard<'_, Replica> {
        let at = match to {
            To::Replica(at) => at,
            To::Any => self.next.fetch_add(1, Ordering::Relaxed) % 2,
        };
        match (to, self.both[at].try_read()) {
            (_, Ok(replica)) => replica,
            (To::Replica(_), Err(_)) => self.both[at].read().await,
            (To::Any, Err(_)) => self.both[1 - at].read().await,
        }
    }

    /// Creates a captcha, and returns the body of a request for a code.
    pub async fn send_code_body(&self, to: To, address: &str, phone: &str) -> Value {
        let captcha = self.post(to, address, "/v1/captchas", &[], &json!({})).await;
        assert_eq!(captcha.status, 201, "{captcha:?}");
        json!({"phone_number": phone, "captcha_id": captcha.field("captcha_id"), "captcha_answer": BYPASS})
    }

    /// Waits for this number of messages to the phone, and returns the codes of all.
    pub async fn codes(&self, phone: &str, count: usize) -> Vec<String> {
        let start = Instant::now();
        loop {
            let codes = self.codes_so_far(phone);
            if codes.len() >= count {
                return codes;
            }
            assert!(start.elapsed() < DEADLINE, "{count} messages to {phone}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn codes_so_far(&self, phone: &str) -> Vec<String> {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        let outbox = self.folder.read("data/outbox.log");
        let messages = outbox.lines().filter(|line| line.starts_with(&format!("SMS to {phone}:")));
        messages.map(|line| line.split([' ', ',']).find(is_code).unwrap().to_owned()).collect()
    }
}

async fn replica(folder: &Folder, [redis_url, database_url, jwt_keys, secret_key]: &[&str; 4]) -> Replica {
    let (doorstep, client) = folder
        .serve(&[
            ("REDIS_URL", redis_url),
            ("DATABASE_URL", database_url),
            ("JWT_KEYS", jwt_keys),
            ("SECRET_KEY", secret_key),
            ("PASSWORD_MODE", "none"),
            ("PUBLIC_URLS", PUBLIC_URL),
            ("TRUSTED_PROXIES", "127.0.0.0/8"),
            ("CAPTCHA_BYPASS_ANSWER", BYPASS),
            ("PROOF_OF_WORK", "off"),
            ("LIMIT_IP_PHONES_HOUR", "2"),
            ("LIMIT_WRONG_CODES_DAY", "3"),
            ("LIMIT_PHONE_HOUR", "100"),
            ("LIMIT_PHONE_DAY", "100"),
            ("COOLDOWN_SECONDS", "60"),
            ("SMS_BUDGET_HOUR", "100000"),
            ("SMS_BUDGET_DAY", "1000000"),
            ("SMS_BUDGET_REGION_HOUR", "100000"),
            ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "100000"),
            ("WORKERS", "2"),
        ])
        .await;
    Replica { doorstep, client }
}
