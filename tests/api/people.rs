//! People with an account, and what they do once they are signed in.

use crate::test_server::{Answer, BYPASS, PASSWORD, TestServer, fresh_phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Somebody who signed up more than an hour ago, and is signed in on one device.
pub struct Person {
    pub phone: String,
    pub access: String,
    pub refresh: String,
    pub user: Value,
}

impl TestServer {
    /// A person whose limits of the hour are all fresh.
    pub async fn person(&self) -> Person {
        let mut people = self.people(1).await;
        people.remove(0)
    }

    pub async fn people(&self, count: usize) -> Vec<Person> {
        let mut phones = Vec::new();
        for _ in 0..count {
            let phone = fresh_phone();
            self.sign_up(&phone).await;
            phones.push(phone);
        }
        self.advance(Duration::from_secs(3_600));
        let mut people = Vec::new();
        for phone in phones {
            people.push(self.signed_in(&phone).await);
        }
        people
    }

    /// One more device of somebody who has an account.
    pub async fn signed_in(&self, phone: &str) -> Person {
        let answer = self.log_in(phone, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        Person {
            phone: phone.to_owned(),
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
            user: answer.body["user"].clone(),
        }
    }

    pub async fn log_in(&self, phone: &str, password: &str) -> Answer {
        self.post("/v1/login", json!({"phone_number": phone, "password": password})).await
    }

    /// With a solved captcha.
    pub async fn log_in_with_captcha(&self, phone: &str, password: &str) -> Answer {
        let captcha = self.captcha().await;
        let body = json!({
            "phone_number": phone, "password": password, "captcha_id": captcha, "captcha_answer": BYPASS,
        });
        self.post("/v1/login", body).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/token/refresh", json!({"refresh_token": token})).await
    }

    /// As the bearer of a token; `null` is no body.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        self.call_at(method, path, path, token, body).await
    }

    /// The same for a path with something in it that the contract names otherwise.
    pub async fn call_at(&self, method: Method, path: &str, template: &str, token: &str, body: Value) -> Answer {
        let request = self.request(method, path).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        self.send(request, template).await
    }

    pub async fn me(&self, token: &str) -> Answer {
        self.call(Method::GET, "/v1/me", token, Value::Null).await
    }

    /// Asks for a code after a captcha, for sign-up, sign-in, reset or deletion.
    pub async fn send_code_for(&self, flow: &str, phone: &str) -> Answer {
        let body = json!({"phone_number": phone, "captcha_id": self.captcha().await, "captcha_answer": BYPASS});
        self.post(&format!("/v1/{flow}/send-code"), body).await
    }

    /// A ticket of one of these flows, and the code that went out for it.
    pub async fn ticket_for(&self, flow: &str, phone: &str) -> (String, String) {
        let before = self.sms.messages_for(phone).len();
        let sent = self.send_code_for(flow, phone).await;
        assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
        (sent.text("ticket"), self.next_code(phone, before).await)
    }

    /// The code of the message that comes after the first so many.
    pub async fn next_code(&self, phone: &str, before: usize) -> String {
        until("a message", || self.sms.messages_for(phone).len() > before).await;
        self.sms.code_for(phone).unwrap()
    }
}

impl Answer {
    /// Is this success.
    #[track_caller]
    pub fn assert_done(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
    }
}

/// Returns once this is so.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "no {what}");
        tokio::task::yield_now().await;
    }
}

/// All at once.
pub async fn at_once<T>(work: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut work: Vec<_> = work.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = work.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (place, work) in done.iter_mut().zip(&mut work) {
            if place.is_none()
                && let Poll::Ready(value) = work.as_mut().poll(context)
            {
                *place = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
        } else {
            Poll::Pending
        }
    })
    .await
}
