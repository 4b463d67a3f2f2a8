//! The requests of an app with an account: sign-in, refresh, profile.

use crate::accounts::{PASSWORD, phone};
use crate::client::Client;
use crate::sign_up_requests::{Unexpected, expect};

/// Tokens of a signed-in device.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

/// Signs in with the account of this number.
pub async fn log_in(client: &mut Client, number: u32) -> Result<Tokens, Unexpected> {
    tokens(client, "/v1/login", &log_in_body(&phone(number), PASSWORD)).await
}

pub fn log_in_body(phone: &str, password: &str) -> String {
    format!(r#"{{"phone_number":"{phone}","password":"{password}","device_name":"iPhone 15"}}"#)
}

pub async fn refresh(client: &mut Client, token: &str) -> Result<Tokens, Unexpected> {
    tokens(client, "/v1/token/refresh", &refresh_body(token)).await
}

pub fn refresh_body(token: &str) -> String {
    format!(r#"{{"refresh_token":"{token}"}}"#)
}

pub async fn me(client: &mut Client, token: &str) -> Result<(), Unexpected> {
    expect("me", 200, client.get_as(token, "/v1/me").await).map(drop)
}

/// Sends a request that returns a pair of tokens.
pub async fn tokens(client: &mut Client, path: &str, body: &str) -> Result<Tokens, Unexpected> {
    let response = expect(path, 200, client.post(path, body).await)?;
    let tokens = response.field("access_token").zip(response.field("refresh_token"));
    tokens.map(|(access, refresh)| Tokens { access, refresh }).ok_or_else(|| format!("{path}: no tokens"))
}
