//! A client that tries to use each captcha twice, and to get more messages than its limit.

use crate::support::client::BYPASS;
use crate::users::Place;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::sleep;

/// Messages and captchas that the client has used.
#[derive(Debug, Default, Clone, Copy)]
pub struct Spent {
    /// Messages.
    pub sent: usize,
    /// Captchas that were accepted twice.
    pub twice: usize,
}

struct Probe(Place);

/// Runs until the scenario is over.
pub async fn run(place: Place) -> Spent {
    let (tally, mut spent) = (Arc::clone(&place.tally), Spent::default());
    let probe = Probe(place);
    while !tally.is_over() {
        sleep(Duration::from_millis(100)).await;
        let Some((201, captcha)) = probe.post(0, "/v1/captchas", json!({})).await else { continue };
        let captcha = &captcha["captcha_id"];
        let (first, second) = tokio::join!(probe.send_code(0, captcha), probe.send_code(1, captcha));
        spent.sent += usize::from(first) + usize::from(second);
        spent.twice += usize::from(first && second);
    }
    spent
}

impl Probe {
    async fn send_code(&self, replica: usize, captcha: &Value) -> bool {
        let phone = format!("+8615{:09}", self.0.next_phone.fetch_add(1, Ordering::Relaxed));
        let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
        matches!(self.post(replica, "/v1/register/send-code", body).await, Some((200, _)))
    }

    /// Sends a request once. Returns `None` if there is no response.
    async fn post(&self, replica: usize, path: &str, body: Value) -> Option<(u16, Value)> {
        let url = format!("{}{path}", self.0.urls[replica]);
        let response = self.0.http.post(url).header("X-Forwarded-For", "10.9.9.9").json(&body).send().await.ok()?;
        let status = response.status().as_u16();
        if status == 500 {
            self.0.tally.violation(format!("500 at {path}"));
        }
        Some((status, response.json().await.ok()?))
    }
}
