//! What people do with an account, right and wrong, until its end.

use super::{COUNTRY, OTHER_PHONE, PASSWORD, PHONE, Scenario, Secret};
use crate::doorstep::DEADLINE;
use crate::support::cloopen::Behaviour;
use crate::support::redis;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const WRONG_PASSWORD: &str = "wr0ng & mistaken donkey";
const CHANGED_PASSWORD: &str = "changed zebra battery";
const RESET_PASSWORD: &str = "forgotten and reset otter";
pub(super) const PASSWORDS: [&str; 3] = [WRONG_PASSWORD, CHANGED_PASSWORD, RESET_PASSWORD];

impl Scenario {
    pub async fn people_use_their_accounts(&mut self) {
        self.sign_in().await;
        self.sign_in_by_code().await;
        self.refresh().await;
        self.change_password().await;
        self.change_number(PHONE, OTHER_PHONE, Behaviour::Accept).await;
        self.change_number(OTHER_PHONE, PHONE, Behaviour::Refuse("160040")).await;
        self.sms.behave(Behaviour::Accept);
        self.reset_password().await;
        self.delete_by_code().await;
        self.sign_up_anew().await;
        self.delete_by_password().await;
        self.sign_up_anew().await;
        self.delete_without_the_app().await;
        self.an_hour_later();
    }

    fn an_hour_later(&self) {
        redis::advance(&self.redis_url, Duration::from_secs(3_600));
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

    /// The tokens.
    async fn log_in(&mut self, password: &str) -> [String; 2] {
        let body = json!({"phone_number": PHONE, "password": password, "device_name": "iPhone 17"});
        let signed_in = self.post("/v1/login", body, 200).await;
        self.tokens(&signed_in).await;
        ["access_token", "refresh_token"].map(|name| signed_in[name].as_str().unwrap().to_owned())
    }

    async fn sign_in_by_code(&mut self) {
        let [ticket, code, wrong] = self.ticket_for("login").await;
        self.post("/v1/login/resend-code", json!({"ticket": ticket}), 429).await;
        self.post("/v1/login/verify-code", json!({"ticket": ticket, "code": wrong}), 422).await;
        let signed_in = self.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code}), 200).await;
        self.tokens(&signed_in).await;
        self.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code}), 410).await;
    }

    /// A lost answer, and a thief.
    async fn refresh(&mut self) {
        let [_, first] = self.log_in(PASSWORD).await;
        let path = "/v1/token/refresh";
        let body = |token: &str| json!({"refresh_token": token});
        let second = self.post(path, body(&first), 200).await;
        self.tokens(&second).await;
        let again = self.post(path, body(&first), 200).await;
        self.tokens(&again).await;
        let third = self.post(path, body(second["refresh_token"].as_str().unwrap()), 200).await;
        self.tokens(&third).await;
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
            (put(PASSWORD, CHANGED_PASSWORD), 204),
        ] {
            self.call(Method::PUT, "/v1/me/password", &access, body, status).await;
        }
        self.call(Method::GET, "/v1/sessions", &access, Value::Null, 200).await;
        let renamed = json!({"nickname": "Zoë", "birthday": "2001-09-30"});
        self.call(Method::PATCH, "/v1/me", &access, renamed, 200).await;
        self.call(Method::POST, "/v1/logout", &access, json!({"everywhere": true}), 204).await;
    }

    /// `notice` is what the provider does with the message to the earlier number.
    async fn change_number(&mut self, from: &str, to: &str, notice: Behaviour) {
        self.an_hour_later();
        let body = json!({"phone_number": from, "password": CHANGED_PASSWORD});
        let signed_in = self.post("/v1/login", body, 200).await;
        self.tokens(&signed_in).await;
        let access = signed_in["access_token"].as_str().unwrap();
        let path = |step: &str| format!("/v1/me/phone/{step}");
        let wanted = |password: &str| json!({"phone_number": to, "current_password": password});
        self.call(Method::POST, &path("send-code"), access, wanted(WRONG_PASSWORD), 422).await;
        let before = self.sms.messages_for(to).len();
        let sent = self.call(Method::POST, &path("send-code"), access, wanted(CHANGED_PASSWORD), 200).await;
        let [ticket, code, wrong] = self.sent(&sent, to, before).await;
        self.call(Method::POST, &path("resend-code"), access, json!({"ticket": ticket}), 429).await;
        self.call(Method::POST, &path("verify-code"), access, json!({"ticket": ticket, "code": wrong}), 422).await;
        self.sms.behave(notice);
        let requests = self.sms.requests();
        self.call(Method::POST, &path("verify-code"), access, json!({"ticket": ticket, "code": code}), 200).await;
        self.until(|scenario| scenario.sms.requests() > requests).await;
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
        self.an_hour_later();
        let [access, _] = self.log_in(RESET_PASSWORD).await;
        let before = self.sms.messages_for(PHONE).len();
        let sent = self.call(Method::POST, "/v1/me/deletion/send-code", &access, Value::Null, 200).await;
        let [ticket, code, wrong] = self.sent(&sent, PHONE, before).await;
        self.call(Method::POST, "/v1/me/deletion/resend-code", &access, json!({"ticket": ticket}), 429).await;
        for (body, status) in [
            (json!({"ticket": ticket, "code": wrong}), 422),
            (json!({"ticket": ticket, "code": code, "password": RESET_PASSWORD}), 422),
            (json!({"ticket": ticket, "code": code}), 204),
        ] {
            self.call(Method::DELETE, "/v1/me", &access, body, status).await;
        }
    }

    async fn delete_by_password(&mut self) {
        let [access, _] = self.log_in(PASSWORD).await;
        for (password, status) in [(WRONG_PASSWORD, 422), (PASSWORD, 204)] {
            self.call(Method::DELETE, "/v1/me", &access, json!({"password": password}), status).await;
        }
        self.call(Method::DELETE, "/v1/me", &access, json!({"password": PASSWORD}), 401).await;
    }

    async fn delete_without_the_app(&mut self) {
        let [ticket, code, wrong] = self.ticket_for("account-deletion").await;
        let path = "/v1/account-deletion/verify-code";
        self.post(path, json!({"ticket": ticket, "code": wrong}), 422).await;
        self.post(path, json!({"ticket": ticket, "code": code}), 204).await;
    }

    async fn sign_up_anew(&mut self) {
        let [ticket, code, _] = self.ticket_for("register").await;
        let path = |step: &str| format!("/v1/register/{step}");
        self.post(&path("verify-code"), json!({"ticket": ticket, "code": code}), 200).await;
        self.post(&path("set-password"), json!({"ticket": ticket, "password": PASSWORD}), 200).await;
        let signed_in = self.post(&path("submit-profile"), json!({"ticket": ticket, "nickname": "小明"}), 201).await;
        self.tokens(&signed_in).await;
    }

    /// As the bearer of a token; `null` is no body.
    async fn call(&mut self, method: Method, path: &str, token: &str, body: Value, status: u16) -> Value {
        let request = self.client.request(method, path).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        self.send(request, status).await
    }

    /// A ticket, its code and a wrong one, when no limit of the hour is in the way.
    async fn ticket_for(&mut self, flow: &str) -> [String; 3] {
        self.an_hour_later();
        let before = self.sms.messages_for(PHONE).len();
        let (id, answer) = self.captcha().await;
        let body = json!({"phone_number": PHONE, "captcha_id": id, "captcha_answer": answer});
        let sent = self.post(&format!("/v1/{flow}/send-code"), body, 200).await;
        self.sent(&sent, PHONE, before).await
    }

    /// The message may come after the answer; it is the first one beyond `before`.
    async fn sent(&mut self, sent: &Value, phone: &str, before: usize) -> [String; 3] {
        let ticket = sent["ticket"].as_str().unwrap().to_owned();
        self.hide("ticket", &ticket);
        self.hide("secret half of a ticket", &ticket[22..]);
        self.until(|scenario| scenario.sms.messages_for(phone).len() > before).await;
        let code = self.sms.code_for(phone).unwrap();
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        for (what, code) in [("code", &code), ("wrong code", &wrong)] {
            self.secrets.push(Secret { what, text: code.clone(), word: true });
        }
        [ticket, code, wrong]
    }

    async fn until(&self, come: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !come(self) {
            assert!(Instant::now() < deadline, "nothing came");
            tokio::task::yield_now().await;
        }
    }
}
