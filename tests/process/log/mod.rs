//! Searches the log of the program for secrets. A scenario does everything once, at the log level `trace`.

mod scenario;

use crate::doorstep::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::{self, OwnRedis};
use chrono::DateTime;
use deadpool_redis::redis::cmd;
use scenario::{BYPASS, REDIS_PASSWORD, STORAGE_SETTINGS, Scenario};
use serde_json::Value;

/// Complete log of a scenario, and the secrets that it must not contain.
struct Log {
    lines: Vec<String>,
    scenario: Scenario,
}

async fn run_scenario(format: &str) -> Log {
    let (folder, mut redis, postgres) = (Folder::new(), OwnRedis::new(), OwnPostgres::start_new());
    let set = cmd("CONFIG")
        .arg("SET")
        .arg("requirepass")
        .arg(REDIS_PASSWORD)
        .query::<()>(&mut redis::connection(&redis.url()));
    set.unwrap();
    let redis_url = redis.url().replace("redis://", &format!("redis://:{REDIS_PASSWORD}@"));
    let database_url = postgres.url("postgres");
    let [jwt_keys, secret_key] = folder.keygen();
    let scenario = Scenario::new(&redis_url, &database_url, &[&jwt_keys, &secret_key]);
    let vars = [
        &scenario.provider_settings()[..],
        &STORAGE_SETTINGS,
        &[
            ("LOG", "trace"),
            ("LOG_FORMAT", format),
            ("REDIS_URL", &redis_url),
            ("DATABASE_URL", &database_url),
            ("MIGRATE_ON_START", "true"),
            ("JWT_KEYS", &jwt_keys),
            ("SECRET_KEY", &secret_key),
            ("CAPTCHA_BYPASS_ANSWER", BYPASS),
            // Eight characters do not appear in other text by chance.
            ("CAPTCHA_LENGTH", "8"),
        ],
    ]
    .concat();
    let (mut doorstep, client) = folder.serve(&vars).await;
    let mut scenario = scenario.with_server(client, &doorstep.url());
    scenario.sign_up().await;
    scenario.use_accounts().await;
    scenario.retry_with_idempotency_keys().await;
    scenario.let_the_provider_fail().await;
    scenario.send_invalid_requests().await;
    scenario.send_invalid_http();
    postgres.kill();
    scenario.send_code_without_database().await;
    redis.kill();
    scenario.send_requests_without_redis().await;
    doorstep.stop("TERM");
    Log { lines: doorstep.output(), scenario }
}

impl Log {
    fn assert_no_secrets(&self) {
        let mut leaks: Vec<String> = Vec::new();
        for line in &self.lines {
            let line = without_times(line).to_lowercase();
            let found = self.scenario.secrets.iter().filter(|secret| secret.is_in(&line));
            leaks.extend(found.map(|secret| format!("{} {:?} in {line}", secret.name, secret.text)));
        }
        assert!(self.scenario.secrets.len() > 100);
        assert!(leaks.is_empty(), "{} leaks in {} lines:\n{}", leaks.len(), self.lines.len(), leaks.join("\n"));
    }
}

/// Removes times from a line: six digits of a time can equal a code.
fn without_times(line: &str) -> String {
    let mut words: Vec<&str> = line.split_inclusive([',', ' ']).collect();
    words.retain(|word| !word.starts_with("{\"timestamp\"") && !word.contains("took_us") && !is_time(word));
    words.concat()
}

fn is_time(word: &str) -> bool {
    DateTime::parse_from_rfc3339(word.trim()).is_ok()
}

#[actix_web::test]
async fn json_lines_contain_no_secret_and_name_their_request() {
    let log = run_scenario("json").await;
    log.assert_no_secrets();
    let lines: Vec<Value> = log.lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        assert!(DateTime::parse_from_rfc3339(line["timestamp"].as_str().unwrap()).is_ok(), "{line}");
        assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    let count = |id: &str, message: &str| {
        lines.iter().filter(|line| line["span"]["id"] == id && line["message"] == message).count()
    };
    for response in &log.scenario.responses {
        assert_eq!(count(&response.request_id, "request completed"), 1, "{response:?}");
        let accepted = match response.body["code"].as_str() {
            Some("sms_delivery_failed") => false,
            None if response.body["ticket"].is_string() => true,
            _ => continue,
        };
        let is_delivery = |line: &&Value| {
            line["span"]["id"] == response.request_id.as_str() && line["message"] == "sms delivery finished"
        };
        let deliveries: Vec<_> = lines.iter().filter(is_delivery).collect();
        let [line] = deliveries[..] else { panic!("{deliveries:?} for {response:?}") };
        assert_eq!(line["outcome"] == "accepted", accepted, "{line}");
        assert!(line["region"] == "CN" && line["purpose"].is_string() && line["took_ms"].is_u64(), "{line}");
        assert!(!line.to_string().contains("****"), "a phone number, even if masked: {line}");
    }
    for message in [
        "refresh token replayed",
        "refresh token reuse detected: session revoked",
        "password changed",
        "password reset",
        "phone number changed",
        "sms notice failed",
        "account deleted",
        "act held",
        "pending act resolved",
    ] {
        assert!(lines.iter().any(|line| line["message"] == message), "{message}");
    }
    let masked = |line: &&Value| line["phone"].as_str().is_some_and(|phone| phone.contains("****"));
    assert!(lines.iter().any(|line| masked(&line)), "no line has a masked phone number");
}

#[actix_web::test]
async fn text_lines_contain_no_secret_and_no_forged_text() {
    let log = run_scenario("text").await;
    log.assert_no_secrets();
    for line in &log.lines {
        assert!(is_time(line.split(' ').next().unwrap()), "{line}");
        assert!(!line.contains(char::is_control) && !line.contains("forged"), "{line:?}");
    }
    for response in &log.scenario.responses {
        let is_response = |line: &&String| line.contains(&response.request_id) && line.contains(" request completed ");
        assert_eq!(log.lines.iter().filter(is_response).count(), 1, "{response:?}");
    }
}
