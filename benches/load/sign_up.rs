//! What an app does: the steps of a sign-up.

use crate::client::{Answer, Client};
use crate::support::cloopen::FakeCloopen;
use std::sync::atomic::{AtomicU32, Ordering};

/// An answer that every captcha accepts in development.
pub const BYPASS: &str = "letmein";

/// What came instead of the expected answer: step, status and body.
pub type Surprise = String;

/// A phone that no other call of this run got.
pub fn fresh_phone() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+86138{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// All steps.
pub async fn sign_up(client: &mut Client, sms: &FakeCloopen) -> Result<(), Surprise> {
    let phone = fresh_phone();
    let captcha = captcha(client).await?;
    let ticket = send_code(client, &phone, &captcha).await?;
    let code = sms.code_for(&phone).ok_or("no message came")?;
    step(client, "verify-code", 200, &verify_body(&ticket, &code)).await?;
    step(client, "set-password", 200, &password_body(&ticket)).await?;
    step(client, "submit-profile", 201, &profile_body(&ticket)).await
}

pub async fn captcha(client: &mut Client) -> Result<String, Surprise> {
    let answer = client.post("/v1/captchas", "{}").await;
    field("captchas", 201, answer, "captcha_id")
}

pub async fn send_code(client: &mut Client, phone: &str, captcha: &str) -> Result<String, Surprise> {
    let answer = client.post("/v1/register/send-code", &send_body(phone, captcha)).await;
    field("send-code", 200, answer, "ticket")
}

pub fn send_body(phone: &str, captcha: &str) -> String {
    format!(r#"{{"phone_number":"{phone}","captcha_id":"{captcha}","captcha_answer":"{BYPASS}"}}"#)
}

pub fn verify_body(ticket: &str, code: &str) -> String {
    format!(r#"{{"ticket":"{ticket}","code":"{code}"}}"#)
}

pub fn password_body(ticket: &str) -> String {
    // Another one for everybody, as in life.
    let own = &ticket[56..];
    format!(r#"{{"ticket":"{ticket}","password":"harbour {own}","password_confirm":"harbour {own}"}}"#)
}

pub fn profile_body(ticket: &str) -> String {
    format!(r#"{{"ticket":"{ticket}","nickname":"小明","gender":"male","device_name":"iPhone 15"}}"#)
}

pub async fn step(client: &mut Client, step: &str, expected: u16, body: &str) -> Result<(), Surprise> {
    let answer = client.post(&format!("/v1/register/{step}"), body).await;
    expect(step, expected, answer).map(drop)
}

pub fn expect<'a>(step: &str, status: u16, answer: std::io::Result<Answer<'a>>) -> Result<Answer<'a>, Surprise> {
    match answer {
        Ok(answer) if answer.status == status => Ok(answer),
        Ok(answer) => Err(format!("{step}: {} {}", answer.status, answer.field("code").unwrap_or_default())),
        Err(error) => Err(format!("{step}: {error}")),
    }
}

pub fn field(step: &str, status: u16, answer: std::io::Result<Answer<'_>>, name: &str) -> Result<String, Surprise> {
    expect(step, status, answer)?.field(name).ok_or_else(|| format!("{step}: no {name}"))
}
