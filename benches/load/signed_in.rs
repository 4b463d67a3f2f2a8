//! What an app does once there is an account: signing in, getting new tokens, asking who it is.

use crate::accounts::{PASSWORD, phone};
use crate::client::Client;
use crate::sign_up::{Surprise, expect};

/// What a signed-in device keeps.
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

/// As the account with this number.
pub async fn log_in(client: &mut Client, number: u32) -> Result<Tokens, Surprise> {
    tokens(client, "/v1/login", &log_in_body(&phone(number), PASSWORD)).await
}

pub fn log_in_body(phone: &str, password: &str) -> String {
    format!(r#"{{"phone_number":"{phone}","password":"{password}","device_name":"iPhone 15"}}"#)
}

pub async fn refresh(client: &mut Client, token: &str) -> Result<Tokens, Surprise> {
    tokens(client, "/v1/token/refresh", &format!(r#"{{"refresh_token":"{token}"}}"#)).await
}

pub async fn me(client: &mut Client, token: &str) -> Result<(), Surprise> {
    expect("me", 200, client.get_as(token, "/v1/me").await).map(drop)
}

/// Asks for a pair of tokens.
pub async fn tokens(client: &mut Client, path: &str, body: &str) -> Result<Tokens, Surprise> {
    let answer = expect(path, 200, client.post(path, body).await)?;
    let tokens = answer.field("access_token").zip(answer.field("refresh_token"));
    tokens.map(|(access, refresh)| Tokens { access, refresh }).ok_or_else(|| format!("{path}: no tokens"))
}
