//! Rotation of `SECRET_KEY`: two replicas under load go through the steps of docs/operations.md, one after the other.

mod load;
mod replicas;

use crate::client::Response;
use crate::device_key::DeviceKey;
use crate::doorstep::Folder;
use doorstep::adapters::system::SystemClock;
use doorstep::ports::Clock;
use load::Load;
use replicas::{PUBLIC_URL, Replicas, To};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const REFRESH: &str = "/v1/token/refresh";

fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn new_phone() -> String {
    format!("+8613{:09}", next())
}

/// Address of a client of its own.
fn new_address() -> String {
    let [_, _, high, low] = next().to_be_bytes();
    format!("198.18.{high}.{low}")
}

/// Session of a device, which may be bound to a key.
struct Session {
    token: String,
    device_token: String,
    key: Option<DeviceKey>,
}

fn session_of(signed_in: &Response) -> Session {
    assert!([200, 201].contains(&signed_in.status), "{signed_in:?}");
    Session { token: signed_in.field("refresh_token"), device_token: signed_in.field("device_token"), key: None }
}

fn proof(key: &DeviceKey, path: &str) -> String {
    key.proof(&format!("{PUBLIC_URL}{path}"), SystemClock.now().timestamp())
}

impl Session {
    async fn try_refresh(&self, replicas: &Replicas, to: To) -> Response {
        let proof = self.key.as_ref().map(|key| proof(key, REFRESH));
        let headers: Vec<_> = proof.iter().map(|proof| ("dpop", proof.as_str())).collect();
        replicas.post(to, "198.51.100.1", REFRESH, &headers, &json!({"refresh_token": self.token})).await
    }

    async fn refresh(&mut self, replicas: &Replicas, to: To) {
        let tokens = self.try_refresh(replicas, to).await;
        assert_eq!(tokens.status, 200, "{tokens:?}");
        self.token = tokens.field("refresh_token");
    }
}

/// Flow of a sign-up or a sign-in whose code was sent.
struct Flow {
    act: &'static str,
    phone: String,
    address: String,
    ticket: String,
    /// Request that has sent the code, with its idempotency key.
    request: Value,
    /// Messages to the phone before this flow.
    earlier: usize,
}

impl Flow {
    async fn begin(replicas: &Replicas, at: usize, act: &'static str, phone: String) -> Self {
        let (address, earlier) = (new_address(), replicas.codes_so_far(&phone).len());
        let request = replicas.send_code_body(To::Replica(at), &address, &phone).await;
        let mut flow = Self { act, phone, address, ticket: String::new(), request, earlier };
        flow.ticket = flow.send(replicas, at).await.field("ticket");
        replicas.codes(&flow.phone, flow.earlier + 1).await;
        flow
    }

    /// Sends the first request, or repeats it.
    async fn send(&self, replicas: &Replicas, at: usize) -> Response {
        let captcha = self.request["captcha_id"].as_str().unwrap();
        self.post(replicas, at, "send-code", &[("idempotency-key", captcha)], &self.request).await
    }

    async fn post(
        &self,
        replicas: &Replicas,
        at: usize,
        step: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        replicas.post(To::Replica(at), &self.address, &format!("/v1/{}/{step}", self.act), headers, body).await
    }

    /// Signs up with the first message.
    async fn sign_up_now(self, replicas: &Replicas) -> Session {
        let code = replicas.codes(&self.phone, 1).await.remove(0);
        let verified = self.post(replicas, 1, "verify-code", &[], &json!({"ticket": self.ticket, "code": code})).await;
        assert_eq!(verified.status, 200, "{verified:?}");
        let profile = json!({"ticket": self.ticket, "nickname": "小明"});
        session_of(&self.post(replicas, 1, "submit-profile", &[], &profile).await)
    }

    /// Repeats the first request at both replicas, and sends the code of a sign-up again.
    async fn repeat(&self, replicas: &Replicas, at: usize) -> String {
        for at in [at, 1 - at] {
            let repeated = self.send(replicas, at).await;
            assert_eq!((repeated.status, repeated.field("ticket")), (200, self.ticket.clone()), "{repeated:?}");
        }
        let messages = if self.act == "register" {
            let resent = self.post(replicas, at, "resend-code", &[], &json!({"ticket": self.ticket})).await;
            assert_eq!(resent.status, 200, "{resent:?}");
            2
        } else {
            1
        };
        let codes = replicas.codes(&self.phone, self.earlier + messages).await.split_off(self.earlier);
        assert!(
            codes.len() == messages && codes.iter().all(|code| *code == codes[0]),
            "one code for a flow: {codes:?}"
        );
        codes[0].clone()
    }

    /// Completes a sign-up, after a wrong code at the other replica.
    async fn sign_up(self, replicas: &Replicas, at: usize, key: Option<DeviceKey>) -> Session {
        let code = self.repeat(replicas, at).await;
        let body = |code: &str| json!({"ticket": self.ticket, "code": code});
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = self.post(replicas, 1 - at, "verify-code", &[], &body(wrong)).await;
        assert_eq!((&refused.body["code"], &refused.body["attempts_left"]), (&json!("code_wrong"), &json!(4)));
        let verified = self.post(replicas, at, "verify-code", &[], &body(&code)).await;
        assert_eq!(verified.status, 200, "{verified:?}");
        let proof = key.as_ref().map(|key| proof(key, "/v1/register/submit-profile"));
        let headers: Vec<_> = proof.iter().map(|proof| ("dpop", proof.as_str())).collect();
        let profile = json!({"ticket": self.ticket, "nickname": "小明"});
        let signed_in = self.post(replicas, 1 - at, "submit-profile", &headers, &profile).await;
        Session { key, ..session_of(&signed_in) }
    }

    /// Completes a sign-in on a known device, which stays known.
    async fn sign_in(self, replicas: &Replicas, at: usize, device_token: &str) -> Session {
        let code = self.repeat(replicas, at).await;
        let body = json!({"ticket": self.ticket, "code": code, "device_token": device_token});
        let session = session_of(&self.post(replicas, at, "verify-code", &[], &body).await);
        let id = |token: &str| token.split('.').next().unwrap().to_owned();
        assert_eq!(id(&session.device_token), id(device_token), "the device is known");
        session
    }
}

/// Limits that were reached under the old key: the wrong codes of a phone, and the phones of an IP block.
struct Limited {
    phone: String,
    address: String,
}

impl Limited {
    async fn reach(replicas: &Replicas) -> Self {
        let limited = Self { phone: new_phone(), address: new_address() };
        let flow = Flow::begin(replicas, 0, "register", limited.phone.clone()).await;
        let code = replicas.codes(&limited.phone, 1).await.remove(0);
        for n in 1..=3 {
            let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + n) % 1_000_000);
            let refused =
                flow.post(replicas, 0, "verify-code", &[], &json!({"ticket": flow.ticket, "code": wrong})).await;
            assert_eq!(refused.body["code"], "code_wrong", "{refused:?}");
        }
        for at in [0, 1] {
            assert_eq!(send_code(replicas, at, &limited.address, &new_phone()).await, "sent");
        }
        limited
    }

    /// Both limits are reached at each replica, until the old key has left its list.
    async fn check(&self, replicas: &Replicas, step: usize, restarted: usize) {
        let is_without_old = |at: usize| step == 2 && at <= restarted;
        for at in [restarted, 1 - restarted] {
            let expected = match (is_without_old(at), at == restarted) {
                (false, _) => ["phone_limit_reached", "too_many_requests"],
                (true, true) => ["sent"; 2],
                (true, false) => continue,
            };
            let of_phone = send_code(replicas, at, &new_address(), &self.phone).await;
            let of_address = send_code(replicas, at, &self.address, &new_phone()).await;
            assert_eq!([of_phone, of_address], expected, "step {step}, replica {at}");
        }
    }
}

/// Sends a code for a sign-up; returns the code of the error, or "sent".
async fn send_code(replicas: &Replicas, at: usize, address: &str, phone: &str) -> String {
    let body = replicas.send_code_body(To::Replica(at), address, phone).await;
    let sent = replicas.post(To::Replica(at), address, "/v1/register/send-code", &[], &body).await;
    if sent.status == 200 { "sent".to_owned() } else { sent.field("code") }
}

#[actix_web::test]
async fn a_rotation_of_the_secret_key_signs_nobody_out_and_begins_no_limit_anew() {
    let folder = Folder::new();
    let [old, new] = [(); 2].map(|()| folder.run(&["keygen", "--secret-key"], &[]).stdout.trim().to_owned());
    let replicas = Arc::new(Replicas::start(folder, &old).await);
    let load = Load::start(&replicas);

    let limited = Limited::reach(&replicas).await;
    let never_refreshed = Flow::begin(&replicas, 0, "register", new_phone()).await.sign_up_now(&replicas).await;
    let known_phone = new_phone();
    let mut known = Flow::begin(&replicas, 0, "register", known_phone.clone()).await.sign_up_now(&replicas).await;
    let mut sessions = Vec::new();
    replicas.advance(Duration::from_secs(61)).await;

    for (step, list) in [format!("{old},{new}"), format!("{new}\n{old}\n"), new].iter().enumerate() {
        for at in [0, 1] {
            let sign_up = Flow::begin(&replicas, at, "register", new_phone()).await;
            let sign_in = Flow::begin(&replicas, at, "login", known_phone.clone()).await;
            replicas.restart(at, list).await;
            // The cooldowns are over.
            replicas.advance(Duration::from_secs(61)).await;
            limited.check(&replicas, step, at).await;

            let key = (sessions.len() % 2 == 0).then(DeviceKey::new);
            sessions.push(sign_up.sign_up(&replicas, at, key).await);
            known = sign_in.sign_in(&replicas, 1 - at, &known.device_token).await;
            for session in sessions.iter_mut().chain([&mut known]) {
                session.refresh(&replicas, To::Replica(at)).await;
                session.refresh(&replicas, To::Replica(1 - at)).await;
            }
            load.wait_for_journeys(2).await;
        }
    }
    load.end().await;
    // The old key was removed before this session was refreshed.
    let refused = never_refreshed.try_refresh(&replicas, To::Any).await;
    assert_eq!((refused.status, &refused.body["code"]), (401, &json!("refresh_invalid")));
}
