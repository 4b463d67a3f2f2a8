//! The requests of a sign-up.

use crate::client::{Client, Response};
use crate::support::cloopen::FakeCloopen;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Answer that every captcha accepts in development.
pub const BYPASS: &str = "letmein";

/// Time for which captchas are requested before a measurement: by then the service has drawn the letters of all later
/// ones, which takes a tenth of a core for 2.6 s.
pub const LETTERS: Duration = Duration::from_secs(4);

/// Description of an unexpected response: step, status and error code, or the I/O error.
pub type Unexpected = String;

/// Returns a phone that is new in this run.
pub fn fresh_phone() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("+86138{:08}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Sends all requests of a sign-up.
pub async fn sign_up(client: &mut Client, sms: &FakeCloopen) -> Result<(), Unexpected> {
    let phone = fresh_phone();
    let captcha = captcha(client).await?;
    let ticket = send_code(client, &phone, &captcha).await?;
    let code = sms.code_for(&phone).ok_or("no message was sent")?;
    step(client, "verify-code", 200, &verify_body(&ticket, &code)).await?;
    step(client, "set-password", 200, &password_body(&ticket)).await?;
    step(client, "submit-profile", 201, &profile_body(&ticket)).await
}

pub async fn captcha(client: &mut Client) -> Result<String, Unexpected> {
    let response = client.post("/v1/captchas", "{}").await;
    field("captchas", 201, response, "captcha_id")
}

/// Requests captchas for this time, one after the other.
pub async fn captchas_for(port: u16, time: Duration) {
    let (mut client, started) = (Client::connect(port).await.unwrap(), Instant::now());
    while started.elapsed() < time {
        captcha(&mut client).await.unwrap();
    }
}

pub async fn send_code(client: &mut Client, phone: &str, captcha: &str) -> Result<String, Unexpected> {
    let response = client.post("/v1/register/send-code", &send_body(phone, captcha)).await;
    field("send-code", 200, response, "ticket")
}

pub fn send_body(phone: &str, captcha: &str) -> String {
    format!(r#"{{"phone_number":"{phone}","captcha_id":"{captcha}","captcha_answer":"{BYPASS}"}}"#)
}

pub fn verify_body(ticket: &str, code: &str) -> String {
    format!(r#"{{"ticket":"{ticket}","code":"{code}"}}"#)
}

pub fn password_body(ticket: &str) -> String {
    // Each user has another password, as in production.
    let random = &ticket[56..];
    format!(r#"{{"ticket":"{ticket}","password":"harbour {random}","password_confirm":"harbour {random}"}}"#)
}

pub fn profile_body(ticket: &str) -> String {
    format!(r#"{{"ticket":"{ticket}","nickname":"小明","gender":"male","device_name":"iPhone 15"}}"#)
}

pub async fn step(client: &mut Client, step: &str, expected: u16, body: &str) -> Result<(), Unexpected> {
    let response = client.post(&format!("/v1/register/{step}"), body).await;
    expect(step, expected, response).map(drop)
}

pub fn expect<'a>(
    step: &str,
    status: u16,
    response: std::io::Result<Response<'a>>,
) -> Result<Response<'a>, Unexpected> {
    match response {
        Ok(response) if response.status == status => Ok(response),
        Ok(response) => Err(format!("{step}: {} {}", response.status, response.field("code").unwrap_or_default())),
        Err(error) => Err(format!("{step}: {error}")),
    }
}

pub fn field(
    step: &str,
    status: u16,
    response: std::io::Result<Response<'_>>,
    name: &str,
) -> Result<String, Unexpected> {
    expect(step, status, response)?.field(name).ok_or_else(|| format!("{step}: no {name}"))
}
