//! Users with an account, and their requests.

use crate::test_server::{BYPASS, PASSWORD, Response, TestServer, fresh_phone};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::task::Poll;
use std::time::{Duration, Instant};

/// User with an account, and one session.
pub struct TestUser {
    pub phone: String,
    pub access_token: String,
    pub refresh_token: String,
    /// The user as the API returns it.
    pub profile: Value,
}

impl TestServer {
    /// Creates one user; see [`TestServer::create_users`].
    pub async fn create_user(&self) -> TestUser {
        let mut users = self.create_users(1).await;
        users.remove(0)
    }

    /// Creates users who signed up an hour ago, so that their hourly counters are empty.
    pub async fn create_users(&self, count: usize) -> Vec<TestUser> {
        let mut phones = Vec::new();
        for _ in 0..count {
            let phone = fresh_phone();
            self.sign_up(&phone).await;
            phones.push(phone);
        }
        self.advance(Duration::from_secs(3_600));
        let mut users = Vec::new();
        for phone in phones {
            users.push(self.new_session(&phone).await);
        }
        users
    }

    /// Creates a user without a password who signed up an hour ago.
    pub async fn create_user_without_password(&self) -> TestUser {
        let phone = fresh_phone();
        let ticket = self.verified_ticket(&phone).await;
        let created = self.submit_profile(&ticket).await;
        assert_eq!(created.status, StatusCode::CREATED, "{created:?}");
        self.advance(Duration::from_secs(3_600));
        let tokens = self.refresh(&created.text("refresh_token")).await;
        TestUser {
            phone,
            access_token: tokens.text("access_token"),
            refresh_token: tokens.text("refresh_token"),
            profile: created.body["user"].clone(),
        }
    }

    /// Creates a user whose device has been known for a day.
    pub async fn create_owner(&self) -> TestUser {
        self.create_owners(1).await.remove(0)
    }

    /// Creates users whose devices have been known for a day, so that they can change the number.
    pub async fn create_owners(&self, count: usize) -> Vec<TestUser> {
        let mut users = self.create_users(count).await;
        self.advance(Duration::from_secs(86_400));
        for user in &mut users {
            self.renew(user).await;
        }
        users
    }

    /// Refreshes the tokens of a user.
    pub async fn renew(&self, user: &mut TestUser) {
        let tokens = self.refresh(&user.refresh_token).await;
        tokens.assert_status(200);
        user.access_token = tokens.text("access_token");
        user.refresh_token = tokens.text("refresh_token");
    }

    /// Signs in with the password, as on one more device.
    pub async fn new_session(&self, phone: &str) -> TestUser {
        let response = self.log_in(phone, PASSWORD).await;
        assert_eq!(response.status, StatusCode::OK, "{response:?}");
        TestUser {
            phone: phone.to_owned(),
            access_token: response.text("access_token"),
            refresh_token: response.text("refresh_token"),
            profile: response.body["user"].clone(),
        }
    }

    pub async fn log_in(&self, phone: &str, password: &str) -> Response {
        self.post("/v1/login", json!({"phone_number": phone, "password": password})).await
    }

    /// Signs in with the password and a solved captcha.
    pub async fn log_in_with_captcha(&self, phone: &str, password: &str) -> Response {
        let captcha = self.captcha().await;
        let body = json!({
            "phone_number": phone, "password": password, "captcha_id": captcha, "captcha_answer": BYPASS,
        });
        self.post("/v1/login", body).await
    }

    pub async fn refresh(&self, token: &str) -> Response {
        self.post("/v1/token/refresh", json!({"refresh_token": token})).await
    }

    /// Sends a request with an access token. A body of `null` means no body.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: Value) -> Response {
        self.call_path(method, path, path, token, body).await
    }

    /// Sends a request to a path with parameters; `template` is the path in the OpenAPI document.
    pub async fn call_path(&self, method: Method, path: &str, template: &str, token: &str, body: Value) -> Response {
        let request = self.request(method, path).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        self.send(request, template).await
    }

    pub async fn me(&self, token: &str) -> Response {
        self.call(Method::GET, "/v1/me", token, Value::Null).await
    }

    /// Requests a code with a solved captcha, for sign-up, login, password reset or account deletion.
    pub async fn send_code_for(&self, flow: &str, phone: &str) -> Response {
        let body = json!({"phone_number": phone, "captcha_id": self.captcha().await, "captcha_answer": BYPASS});
        self.post(&format!("/v1/{flow}/send-code"), body).await
    }

    /// Starts one of these flows and returns the ticket and the sent code.
    pub async fn ticket_and_code(&self, flow: &str, phone: &str) -> (String, String) {
        let before = self.sms.messages_for(phone).len();
        let sent = self.send_code_for(flow, phone).await;
        assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
        (sent.text("ticket"), self.next_code(phone, before).await)
    }

    /// Waits for a message after the first `before` messages, and returns its code.
    pub async fn next_code(&self, phone: &str, before: usize) -> String {
        wait_until("message", || self.sms.messages_for(phone).len() > before).await;
        self.sms.code_for(phone).unwrap()
    }
}

/// Waits until the condition is true.
pub async fn wait_until(description: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "timed out: no {description}");
        tokio::task::yield_now().await;
    }
}

/// Runs all futures at the same time and returns their results in order.
pub async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (result, future) in results.iter_mut().zip(&mut futures) {
            if result.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *result = Some(value);
            }
        }
        if results.iter().all(Option::is_some) {
            Poll::Ready(results.iter_mut().filter_map(Option::take).collect())
        } else {
            Poll::Pending
        }
    })
    .await
}
