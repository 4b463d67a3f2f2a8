//! What the program writes, at its most talkative: everything happens once, and then the log is searched.

mod scenario;

use crate::doorstep::Folder;
use crate::support::postgres::OwnPostgres;
use crate::support::redis::{self, OwnRedis};
use chrono::DateTime;
use deadpool_redis::redis::cmd;
use scenario::{BYPASS, REDIS_PASSWORD, STORAGE_SETTINGS, Scenario};
use serde_json::Value;

/// Everything that was written, and what must not be in it.
struct Written {
    lines: Vec<String>,
    scenario: Scenario,
}

async fn live_through(format: &str) -> Written {
    let (folder, mut redis, postgres) = (Folder::new(), OwnRedis::new(), OwnPostgres::start_new());
    let set = cmd("CONFIG")
        .arg("SET")
        .arg("requirepass")
        .arg(REDIS_PASSWORD)
        .query::<()>(&mut redis::connection(&redis.url()));
    set.unwrap();
    let redis_url = redis.url().replace("redis://", &format!("redis://:{REDIS_PASSWORD}@"));
    let database_url = postgres.url("postgres");
    let [jwt_keys, secret_key] =
        [&["keygen"][..], &["keygen", "--secret-key"]].map(|arguments| folder.run(arguments, &[]).out);
    let scenario = Scenario::new(&redis_url, &[&jwt_keys, &secret_key]);
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
            // Long enough to be found in nothing by chance.
            ("CAPTCHA_LENGTH", "8"),
        ],
    ]
    .concat();
    let (mut doorstep, client) = folder.serve(&vars).await;
    let mut scenario = scenario.with(client, &doorstep.url());
    scenario.people_sign_up().await;
    scenario.people_use_their_accounts().await;
    scenario.requests_come_twice().await;
    scenario.the_provider_fails().await;
    scenario.clients_send_nonsense().await;
    scenario.clients_speak_no_http();
    postgres.kill();
    scenario.the_database_is_down().await;
    redis.kill();
    scenario.redis_is_down().await;
    doorstep.stop("TERM");
    Written { lines: doorstep.output(), scenario }
}

impl Written {
    fn assert_discreet(&self) {
        let mut leaks: Vec<String> = Vec::new();
        for line in &self.lines {
            let line = without_times(line).to_lowercase();
            let found = self.scenario.secrets.iter().filter(|secret| secret.is_in(&line));
            leaks.extend(found.map(|secret| format!("{} {:?} in {line}", secret.what, secret.text)));
        }
        assert!(self.scenario.secrets.len() > 100);
        assert!(leaks.is_empty(), "{} leaks in {} lines:\n{}", leaks.len(), self.lines.len(), leaks.join("\n"));
    }
}

/// Six digits of a time may be anybody's code.
fn without_times(line: &str) -> String {
    let mut words: Vec<&str> = line.split_inclusive([',', ' ']).collect();
    words.retain(|word| !word.starts_with("{\"timestamp\"") && !word.contains("took_us") && !is_time(word));
    words.concat()
}

fn is_time(word: &str) -> bool {
    DateTime::parse_from_rfc3339(word.trim()).is_ok()
}

#[actix_web::test]
async fn json_lines_hold_no_secret_and_tell_whose_request_they_are_about() {
    let written = live_through("json").await;
    written.assert_discreet();
    let lines: Vec<Value> = written.lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        assert!(DateTime::parse_from_rfc3339(line["timestamp"].as_str().unwrap()).is_ok(), "{line}");
        assert!(line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    let about = |id: &str, message: &str| {
        lines.iter().filter(|line| line["span"]["id"] == id && line["message"] == message).count()
    };
    for answer in &written.scenario.answers {
        assert_eq!(about(&answer.request_id, "request completed"), 1, "{answer:?}");
        let handed_over = match answer.body["code"].as_str() {
            Some("sms_delivery_failed") => false,
            None if answer.body["ticket"].is_string() => true,
            _ => continue,
        };
        let of_message = |line: &&Value| line["span"]["id"] == answer.request_id.as_str() && line["message"] == "sms";
        let of_message: Vec<_> = lines.iter().filter(of_message).collect();
        let [line] = of_message[..] else { panic!("{of_message:?} for {answer:?}") };
        assert_eq!(line["outcome"] == "accepted", handed_over, "{line}");
        assert!(line["region"] == "CN" && line["purpose"].is_string() && line["took_ms"].is_u64(), "{line}");
        assert!(!line.to_string().contains("****"), "not even masked: {line}");
    }
    for message in [
        "refresh token replayed",
        "refresh token reuse detected: session revoked",
        "password changed",
        "password reset",
        "phone number changed",
        "phone change notice failed",
        "account deleted",
    ] {
        assert!(lines.iter().any(|line| line["message"] == message), "{message}");
    }
    let masked = |line: &&Value| line["phone"].as_str().is_some_and(|phone| phone.contains("****"));
    assert!(lines.iter().any(|line| masked(&line)), "nobody would find a person's messages");
}

#[actix_web::test]
async fn text_lines_hold_no_secret_and_nothing_that_a_client_forged() {
    let written = live_through("text").await;
    written.assert_discreet();
    for line in &written.lines {
        assert!(is_time(line.split(' ').next().unwrap()), "{line}");
        assert!(!line.contains(char::is_control) && !line.contains("forged"), "{line:?}");
    }
    for answer in &written.scenario.answers {
        let about = |line: &&String| line.contains(&answer.request_id) && line.contains(" request completed ");
        assert_eq!(written.lines.iter().filter(about).count(), 1, "{answer:?}");
    }
}
