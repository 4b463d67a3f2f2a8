//! Valid and invalid uses of an account, from sign-in to deletion.

use super::{COUNTRY, OTHER_PHONE, PASSWORD, PHONE, Scenario, Secret};
use crate::doorstep::DEADLINE;
use crate::support::cloopen::Behaviour;
use crate::support::redis;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const WRONG_PASSWORD: &str = "wr0ng & mistaken donkey";
const CHANGED_PASSWORD: &str = "changed zebra battery";
const RESET_PASSWORD: &str = "forgotten and reset otter";
pub(super) const PASSWORDS: [&str; 3] = [WRONG_PASSWORD, CHANGED_PASSWORD, RESET_PASSWORD];

impl Scenario {
    pub async fn use_accounts(&mut self) {
        self.sign_in().await;
        self.sign_in_by_code().await;
        self.refresh().await;
        self.change_password().await;
        self.change_number(PHONE, OTHER_PHONE, Behaviour::Accept).await;
        self.change_number(OTHER_PHONE, PHONE, Behaviour::Refuse("160032")).await;
        self.sms.behave(Behaviour::Accept);
        self.reset_password().await;
        self.delete_by_code().await;
        self.sign_up_again().await;
        self.delete_by_password().await;
        self.sign_up_again().await;
        self.delete_signed_out().await;
        self.advance_an_hour();
    }

    fn advance_an_hour(&self) {
        redis::advance(&self.redis_url, Duration::from_secs(3_600));
    }

    /// Makes devices and held acts two days older.
    fn age_devices_and_acts(&self) {
        let mut database = PgConnection::establish(&self.database_url).unwrap();
        let older = "UPDATE sessions SET device_since = device_since - interval '2 days'; \
                     UPDATE pending_acts SET ready_at = ready_at - interval '2 days'";
        database.batch_execute(older).unwrap();
    }

    async fn sign_in(&mut self) {
        let body = |phone: &str, password: &str| json!({"phone_number": phone, "password": password});
        self.post("/v1/login", body(PHONE, WRONG_PASSWORD), 401).await;
        self.post("/v1/login", body(OTHER_PHONE, WRONG_PASSWORD), 401).await;
        let (id, answer) = self.captcha().await;
        let mut with_captcha = body(&PHONE[COUNTRY..], WRONG_PASSWORD);
        with_captcha["captcha_id"] = id.into();
        with_captcha["captcha_answer"] = answer.into();
        self.post("/v1/login", with_captcha.clone(), 401).await;
        self.post("/v1/login", with_captcha, 422).await;
        self.log_in(PASSWORD).await;
    }

    /// Returns the access token and the refresh token.
    async fn log_in(&mut self, password: &str) -> [String; 2] {
        let body = json!({"phone_number": PHONE, "password": password, "device_name": "iPhone 17"});
        let signed_in = self.post("/v1/login", body, 200).await;
        self.try_tokens(&signed_in).await;
        self.try_device_token(signed_in["device_token"].as_str().unwrap()).await;
        ["access_token", "refresh_token"].map(|name| signed_in[name].as_str().unwrap().to_owned())
    }

    /// Sends a device token for another number, and wrong ones.
    async fn try_device_token(&mut self, token: &str) {
        self.add_secret("device token", token);
        let body = json!({"phone_number": PHONE, "password": WRONG_PASSWORD, "device_token": token});
        self.post("/v1/login", body, 401).await;
        for phone in [PHONE, OTHER_PHONE] {
            let code = json!({"phone_number": phone, "device_token": &token[1..]});
            self.post("/v1/login/send-code", code, 422).await;
        }
        self.post("/v1/login", json!({"phone_number": PHONE, "device_token": [token]}), 400).await;
    }

    async fn sign_in_by_code(&mut self) {
        let [ticket, code, wrong] = self.ticket_for("login").await;
        self.post("/v1/login/resend-code", json!({"ticket": ticket}), 429).await;
        self.post("/v1/login/verify-code", json!({"ticket": ticket, "code": wrong}), 422).await;
        let signed_in = self.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code}), 200).await;
        self.try_tokens(&signed_in).await;
        self.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code}), 410).await;
    }

    /// Refreshes with a retry after a lost response, then with a stolen token and with invalid tokens.
    async fn refresh(&mut self) {
        let [_, first] = self.log_in(PASSWORD).await;
        let path = "/v1/token/refresh";
        let body = |token: &str| json!({"refresh_token": token});
        let second = self.post(path, body(&first), 200).await;
        self.try_tokens(&second).await;
        let retry = self.post(path, body(&first), 200).await;
        self.try_tokens(&retry).await;
        let third = self.post(path, body(second["refresh_token"].as_str().unwrap()), 200).await;
        self.try_tokens(&third).await;
        self.post(path, body(&first), 401).await;
        self.post(path, body(third["refresh_token"].as_str().unwrap()), 401).await;
        self.post(path, body(&first[1..]), 401).await;
        self.post(path, body(PASSWORD), 401).await;
        self.post(path, json!({"refresh_token": [first]}), 400).await;
    }

    async fn change_password(&mut self) {
        let [access, _] = self.log_in(PASSWORD).await;
        let put = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        for (body, status) in [
            (put(WRONG_PASSWORD, CHANGED_PASSWORD), 422),
            (put(PASSWORD, &PHONE[COUNTRY..]), 422),
            (put(PASSWORD, &CHANGED_PASSWORD.repeat(10)), 422),
            (json!({"current_password": PASSWORD, "newpassword": CHANGED_PASSWORD}), 400),
            (put(PASSWORD, CHANGED_PASSWORD), 200),
        ] {
            self.call(Method::PUT, "/v1/me/password", &access, body, status).await;
        }
        self.call(Method::GET, "/v1/sessions", &access, Value::Null, 200).await;
        let renamed = json!({"nickname": "Zoë", "birthday": "2001-09-30"});
        self.call(Method::PATCH, "/v1/me", &access, renamed, 200).await;
        self.call(Method::POST, "/v1/logout", &access, json!({"everywhere": true}), 204).await;
    }

    /// Changes the number. `notice` is the behaviour of the provider for the message to the old number.
    async fn change_number(&mut self, from: &str, to: &str, notice: Behaviour) {
        self.advance_an_hour();
        let body = json!({"phone_number": from, "password": CHANGED_PASSWORD});
        let signed_in = self.post("/v1/login", body, 200).await;
        self.try_tokens(&signed_in).await;
        let access = signed_in["access_token"].as_str().unwrap();
        let path = |step: &str| format!("/v1/me/phone/{step}");
        let request = |password: &str| json!({"phone_number": to, "current_password": password});
        self.call(Method::POST, &path("send-code"), access, request(WRONG_PASSWORD), 422).await;
        let before = self.sms.messages_for(to).len();
        let sent = self.call(Method::POST, &path("send-code"), access, request(CHANGED_PASSWORD), 200).await;
        let [ticket, code, wrong] = self.ticket_and_codes(&sent, to, before).await;
        self.call(Method::POST, &path("resend-code"), access, json!({"ticket": ticket}), 429).await;
        self.call(Method::POST, &path("verify-code"), access, json!({"ticket": ticket, "code": wrong}), 422).await;
        self.sms.behave(notice);
        let requests = self.sms.requests();
        let right = json!({"ticket": ticket, "code": code});
        self.call(Method::POST, &path("verify-code"), access, right.clone(), 409).await;
        let pending = self.call(Method::GET, "/v1/me/pending", access, Value::Null, 200).await;
        let act = format!("/v1/me/pending/{}", pending["pending"][0]["id"].as_str().unwrap());
        self.call(Method::POST, &format!("{act}/approve"), access, Value::Null, 409).await;
        self.call(Method::POST, &format!("{act}/refuse"), access, Value::Null, 204).await;
        self.age_devices_and_acts();
        self.call(Method::POST, &path("verify-code"), access, right, 200).await;
        self.wait_until(|scenario| scenario.sms.requests() > requests).await;
    }

    async fn reset_password(&mut self) {
        let [ticket, code, wrong] = self.ticket_for("password-reset").await;
        let path = |step: &str| format!("/v1/password-reset/{step}");
        self.post(&path("verify-code"), json!({"ticket": ticket, "code": wrong}), 422).await;
        self.post(&path("verify-code"), json!({"ticket": ticket, "code": code}), 200).await;
        let password = |password: &str| json!({"ticket": ticket, "password": password});
        self.post(&path("set-password"), password(&PHONE[COUNTRY..]), 422).await;
        self.post(&path("set-password"), password(RESET_PASSWORD), 204).await;
        self.post(&path("set-password"), password(WRONG_PASSWORD), 410).await;
    }

    async fn delete_by_code(&mut self) {
        self.advance_an_hour();
        let [access, _] = self.log_in(RESET_PASSWORD).await;
        let before = self.sms.messages_for(PHONE).len();
        let sent = self.call(Method::POST, "/v1/me/deletion/send-code", &access, Value::Null, 200).await;
        let [ticket, code, wrong] = self.ticket_and_codes(&sent, PHONE, before).await;
        self.call(Method::POST, "/v1/me/deletion/resend-code", &access, json!({"ticket": ticket}), 429).await;
        for (body, status) in [
            (json!({"ticket": ticket, "code": wrong}), 422),
            (json!({"ticket": ticket, "code": code, "password": RESET_PASSWORD}), 422),
            (json!({"ticket": ticket, "code": code}), 409),
        ] {
            self.call(Method::DELETE, "/v1/me", &access, body, status).await;
        }
        self.age_devices_and_acts();
        self.call(Method::DELETE, "/v1/me", &access, json!({"ticket": ticket, "code": code}), 204).await;
    }

    async fn delete_by_password(&mut self) {
        let [access, _] = self.log_in(PASSWORD).await;
        for (password, status) in [(WRONG_PASSWORD, 422), (PASSWORD, 204)] {
            self.call(Method::DELETE, "/v1/me", &access, json!({"password": password}), status).await;
        }
        self.call(Method::DELETE, "/v1/me", &access, json!({"password": PASSWORD}), 401).await;
    }

    async fn delete_signed_out(&mut self) {
        let [ticket, code, wrong] = self.ticket_for("account-deletion").await;
        let path = "/v1/account-deletion/verify-code";
        self.post(path, json!({"ticket": ticket, "code": wrong}), 422).await;
        self.post(path, json!({"ticket": ticket, "code": code}), 409).await;
        self.age_devices_and_acts();
        self.post(path, json!({"ticket": ticket, "code": code}), 204).await;
    }

    async fn sign_up_again(&mut self) {
        let [ticket, code, _] = self.ticket_for("register").await;
        let path = |step: &str| format!("/v1/register/{step}");
        self.post(&path("verify-code"), json!({"ticket": ticket, "code": code}), 200).await;
        self.post(&path("set-password"), json!({"ticket": ticket, "password": PASSWORD}), 200).await;
        let signed_in = self.post(&path("submit-profile"), json!({"ticket": ticket, "nickname": "小明"}), 201).await;
        self.try_tokens(&signed_in).await;
    }

    /// Sends a request with an access token. `Value::Null` means no body.
    async fn call(&mut self, method: Method, path: &str, token: &str, body: Value, status: u16) -> Value {
        let request = self.client.request(method, path).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        self.send(request, status).await
    }

    /// Begins a flow after an hour, when no hourly limit denies it. Returns a ticket, its code and a wrong code.
    async fn ticket_for(&mut self, flow: &str) -> [String; 3] {
        self.advance_an_hour();
        let before = self.sms.messages_for(PHONE).len();
        let (id, answer) = self.captcha().await;
        let body = json!({"phone_number": PHONE, "captcha_id": id, "captcha_answer": answer});
        let sent = self.post(&format!("/v1/{flow}/send-code"), body, 200).await;
        self.ticket_and_codes(&sent, PHONE, before).await
    }

    /// Returns the ticket of a response, its code and a wrong code. The message may arrive after the response; it is
    /// the first one after `before` messages.
    async fn ticket_and_codes(&mut self, sent: &Value, phone: &str, before: usize) -> [String; 3] {
        let ticket = sent["ticket"].as_str().unwrap().to_owned();
        self.add_secret("ticket", &ticket);
        self.add_secret("secret half of a ticket", &ticket[22..]);
        self.wait_until(|scenario| scenario.sms.messages_for(phone).len() > before).await;
        let code = self.sms.code_for(phone).unwrap();
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        for (name, code) in [("code", &code), ("wrong code", &wrong)] {
            self.secrets.push(Secret { name, text: code.clone(), whole_word: true });
        }
        [ticket, code, wrong]
    }

    async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !condition(self) {
            assert!(Instant::now() < deadline, "no message was sent in time");
            tokio::task::yield_now().await;
        }
    }
}
