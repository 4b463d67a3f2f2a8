//! Captchas and codes.

use super::call::{Reply, Request};
use super::{Step, User};
use crate::support::client::BYPASS;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Longest wait for a message before the user requests another one.
const MESSAGE: Duration = Duration::from_secs(3);

/// Flow whose code has arrived.
pub struct Flow {
    pub ticket: String,
    pub code: String,
}

/// Beginning of a flow.
pub enum Start {
    Code(Flow),
    /// The flow is not possible: the error says why.
    Refused(Reply),
}

impl User {
    /// Requests a code with a captcha, again and again until one arrives.
    pub async fn request_code(&mut self, path: &str, phone: &str) -> Step<Start> {
        loop {
            let captcha = self.post("/v1/captchas", json!({})).await?.text("captcha_id");
            let body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
            if let Some(start) = self.send_code(path, phone, body, false).await? {
                return Ok(start);
            }
        }
    }

    /// Requests one code. Returns `None` if the user must try again.
    pub async fn send_code(&mut self, path: &str, phone: &str, body: Value, is_signed_in: bool) -> Step<Option<Start>> {
        let before = self.sms.codes_for(phone).len();
        let reply = self.call(&Request { method: Method::POST, path, body, is_signed_in }).await?;
        match (reply.status, &*reply.code) {
            (200, _) => {
                let ticket = reply.text("ticket");
                let code = self.wait_for_message(path, phone, before).await;
                Ok(code.map(|code| Start::Code(Flow { ticket, code })))
            }
            (_, "captcha_wrong" | "captcha_expired") => {
                self.tally.detour("captcha used up");
                Ok(None)
            }
            (_, "resend_cooldown") => {
                self.tally.detour("cooldown");
                self.wait(&reply).await;
                Ok(None)
            }
            (_, "sms_delivery_failed") => {
                self.count_failure("502 sms_delivery_failed", path);
                sleep(Duration::from_millis(500)).await;
                Ok(None)
            }
            _ => Ok(Some(Start::Refused(reply))),
        }
    }

    /// Waits for a message. Its code can belong to an earlier flow of the same user, whose message was late.
    async fn wait_for_message(&self, path: &str, phone: &str, before: usize) -> Option<String> {
        let begun = Instant::now();
        while begun.elapsed() < MESSAGE {
            if let Some(code) = self.sms.codes_for(phone).get(before..).and_then(<[String]>::last) {
                return Some(code.clone());
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.count_failure("no message", path);
        None
    }

    pub async fn wait(&self, reply: &Reply) {
        sleep(Duration::from_secs(reply.body["retry_after"].as_u64().unwrap_or(1).min(2))).await;
    }
}
