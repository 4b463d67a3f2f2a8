//! Lockout by strangers: they use up every limit of a number, of an IP block and of the service. The owner signs in on
//! a known device at the first attempt. Messages that the carrier itself refuses are not covered.

use crate::known_device_codes::{ticket_and_code_on, verify};
use crate::limits::BEHIND_A_PROXY;
use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone, wrong_code};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

server_tests!(
    start: std::future::ready;
    the_owner_signs_in_on_a_known_device_at_the_first_attempt,
);

const WRONG: &str = "wrong horse battery";
/// Limits that a few hundred attempts reach. The others have their defaults.
const SETTINGS: [(&str, &str); 8] = [
    BEHIND_A_PROXY,
    ("LIMIT_IP_CAPTCHAS", "1000000"),
    ("LIMIT_IP_WRONG_PASSWORDS_HOUR", "10"),
    ("LOGIN_IP_CAPTCHA_AFTER", "5"),
    ("LOGIN_SERVICE_CAPTCHA_AFTER", "20"),
    ("LIMIT_IP_UNVERIFIED_HOUR", "10"),
    ("SMS_BUDGET_HOUR", "50"),
    ("LIMIT_PHONE_DAY", "8"),
];
/// IP address of the owner. Strangers behind the same carrier NAT use it, too.
const OWN_ADDRESS: &str = "192.0.2.1";

struct Attack<'a> {
    server: &'a TestServer,
    phone: &'a str,
    responses: BTreeMap<(&'static str, u16, String), usize>,
}

impl Attack<'_> {
    /// IP address of the `n`-th attempt: every fifth comes from the address of the owner.
    fn address(n: usize) -> String {
        if n.is_multiple_of(5) { OWN_ADDRESS.to_owned() } else { format!("10.{}.{}.1", n / 250 % 250, n % 250) }
    }

    fn record(&mut self, kind: &'static str, response: &Response) {
        let code = if response.status == 200 { "ok" } else { response.code() };
        *self.responses.entry((kind, response.status.as_u16(), code.to_owned())).or_default() += 1;
    }

    /// Tries 35 wrong codes in seven flows, which are an hour apart.
    async fn guess_codes(&mut self) {
        for n in 0..7 {
            let sent = post_from(self.server, &Self::address(n), "/v1/login/send-code", self.phone, true, None).await;
            self.record("code", &sent);
            if sent.status == 200 {
                let before = self.server.sms.messages_for(self.phone).len();
                let code = self.server.next_code(self.phone, before.saturating_sub(1)).await;
                for _ in 0..5 {
                    let wrong = verify(self.server, "login", &sent.text("ticket"), &wrong_code(&code)).await;
                    self.record("wrong code", &wrong);
                }
            }
            self.server.advance(Duration::from_secs(3_600));
        }
    }

    /// Makes attempts of every other kind in turn.
    async fn run(&mut self, attempts: usize) {
        for n in 0..attempts {
            let (address, other) = (Self::address(n / 7), format!("+86139{n:08}"));
            let (kind, path, phone, password) = match n % 7 {
                0 => ("wrong password", "/v1/login", self.phone, Some(WRONG)),
                1 => ("wrong password for another number", "/v1/login", &*other, Some(WRONG)),
                2 => ("wrong password without a captcha", "/v1/login", &*other, Some(WRONG)),
                3 => ("code", "/v1/login/send-code", self.phone, None),
                4 => ("reset", "/v1/password-reset/send-code", self.phone, None),
                5 => ("sign-up of another number", "/v1/register/send-code", &*other, None),
                _ => ("code for another number", "/v1/login/send-code", &*other, None),
            };
            let response = post_from(self.server, &address, path, phone, n % 7 != 2, password).await;
            self.record(kind, &response);
        }
    }
}

/// Sends a phone number from this address, with a solved captcha and a password if they are given.
async fn post_from(
    server: &TestServer,
    address: &str,
    path: &str,
    phone: &str,
    captcha: bool,
    password: Option<&str>,
) -> Response {
    let post =
        |path: &str, body: &Value| server.request(Method::POST, path).header("x-forwarded-for", address).json(body);
    let mut body = json!({"phone_number": phone});
    if captcha {
        let solved = server.send(post("/v1/captchas", &json!({})), "/v1/captchas").await;
        body["captcha_id"] = json!(solved.text("captcha_id"));
        body["captcha_answer"] = json!(BYPASS);
    }
    if let Some(password) = password {
        body["password"] = json!(password);
    }
    server.send(post(path, &body), path).await
}

#[expect(clippy::print_stderr, reason = "the figures of docs/attack.md")]
fn print(responses: &BTreeMap<(&'static str, u16, String), usize>, took: Duration) {
    eprintln!("{} hostile attempts in {} s:", responses.values().sum::<usize>(), took.as_secs());
    for ((kind, status, code), count) in responses {
        eprintln!("| {kind} | {status} `{code}` | {count} |");
    }
}

/// Runs the attack against the number of an owner, who then signs in on a known device.
async fn attack_and_sign_in(back_ends: BackEnds, attempts: usize) {
    let server = TestServer::with(back_ends, &SETTINGS).await;
    let phone = server.create_user().await.phone;
    let token = server.log_in(&phone, PASSWORD).await.text("device_token");
    server.advance(Duration::from_secs(86_400));
    let mut attack = Attack { server: &server, phone: &phone, responses: BTreeMap::new() };
    let started = Instant::now();
    attack.guess_codes().await;
    attack.run(attempts).await;
    print(&attack.responses, started.elapsed());
    assert_every_limit_is_reached(&server, &phone).await;

    // The owner, from an address that the strangers have used up.
    let body = json!({"phone_number": phone, "password": PASSWORD, "device_token": token});
    let request = server.request(Method::POST, "/v1/login").header("x-forwarded-for", OWN_ADDRESS).json(&body);
    server.send(request, "/v1/login").await.assert_status(200);
    let (ticket, code) = ticket_and_code_on(&server, "login", &token, &phone).await;
    verify(&server, "login", &ticket, &code).await.assert_status(200);
}

/// Asserts that the owner cannot sign in without the token, and that every kind of limit is the reason of a denial.
async fn assert_every_limit_is_reached(server: &TestServer, phone: &str) {
    let own = async |path, phone: &str, captcha, password| {
        post_from(server, OWN_ADDRESS, path, phone, captcha, password).await
    };
    let fresh = "203.0.113.9";
    // The number: wrong passwords, messages, wrong codes.
    own("/v1/login", phone, true, Some(PASSWORD)).await.assert_error(429, "phone_limit_reached");
    for path in ["/v1/login/send-code", "/v1/password-reset/send-code"] {
        let denied = post_from(server, fresh, path, phone, true, None).await;
        assert_ne!(denied.status, 200, "{denied:?}");
    }
    // The IP block: wrong passwords, codes.
    own("/v1/login", &fresh_phone(), true, Some(WRONG)).await.assert_error(429, "too_many_requests");
    own("/v1/login/send-code", &fresh_phone(), true, None).await.assert_error(429, "too_many_requests");
    // The service: wrong passwords without a captcha, messages to new numbers and to accounts.
    let denied = post_from(server, fresh, "/v1/login", &fresh_phone(), false, Some(WRONG)).await;
    denied.assert_error(422, "captcha_required");
    for path in ["/v1/login/send-code", "/v1/register/send-code"] {
        let denied = post_from(server, fresh, path, &fresh_phone(), true, None).await;
        denied.assert_error(503, "sms_budget_exhausted");
    }
}

async fn the_owner_signs_in_on_a_known_device_at_the_first_attempt(back_ends: BackEnds) {
    attack_and_sign_in(back_ends, 420).await;
}

/// Takes some minutes. docs/attack.md has the figures.
#[actix_web::test]
#[ignore = "10,000 requests"]
async fn the_owner_signs_in_after_10_000_hostile_attempts() {
    attack_and_sign_in(BackEnds::Real, 10_000).await;
}
