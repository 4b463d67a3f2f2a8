//! The requests whose cost is measured one kind at a time. Everything that a request needs is prepared before.

use crate::back_ends::BackEnds;
use crate::client::Client;
use crate::concurrent;
use crate::session_requests;
use crate::sessions;
use crate::sign_up_requests::{self, Unexpected, expect};
use std::sync::Arc;

/// Number of sessions whose access tokens the requests for `GET /v1/me` present in turn.
const SIGNED_IN: u32 = 64;
/// Connections that prepare requests.
const CONNECTIONS: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Captcha,
    SendCode,
    VerifyCode,
    Refresh,
    Me,
    /// A send-code with a phone that is no number.
    InvalidPhone,
}

/// One request, which is sent once.
pub struct Prepared {
    path: &'static str,
    /// Expected status of the response.
    status: u16,
    content: Content,
}

enum Content {
    Body(String),
    /// A GET request with this access token.
    AccessToken(String),
}

impl Operation {
    pub const ALL: [Self; 6] =
        [Self::Captcha, Self::SendCode, Self::VerifyCode, Self::Refresh, Self::Me, Self::InvalidPhone];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Captcha => "captcha",
            Self::SendCode => "send-code",
            Self::VerifyCode => "verify-code",
            Self::Refresh => "refresh",
            Self::Me => "me",
            Self::InvalidPhone => "invalid phone",
        }
    }

    /// Prepares this number of requests to a service on Redis and PostgreSQL, which listens on `port`.
    pub async fn prepare(self, back_ends: &Arc<BackEnds>, port: u16, count: u32) -> Vec<Prepared> {
        let nothing = || vec![(); count as usize];
        match self {
            Self::Captcha => {
                let request = |()| Prepared::post("/v1/captchas", 201, "{}".to_owned());
                nothing().into_iter().map(request).collect()
            }
            Self::SendCode => {
                concurrent::run_all(port, CONNECTIONS, nothing(), async |client: &mut Client, ()| {
                    let captcha = sign_up_requests::captcha(client).await?;
                    let body = sign_up_requests::send_body(&sign_up_requests::fresh_phone(), &captcha);
                    Ok(Prepared::post("/v1/register/send-code", 200, body))
                })
                .await
            }
            Self::VerifyCode => {
                let back_ends = Arc::clone(back_ends);
                concurrent::run_all(port, CONNECTIONS, nothing(), async move |client: &mut Client, ()| {
                    let phone = sign_up_requests::fresh_phone();
                    let captcha = sign_up_requests::captcha(client).await?;
                    let ticket = sign_up_requests::send_code(client, &phone, &captcha).await?;
                    let code = back_ends.code_for(&phone).await;
                    let body = sign_up_requests::verify_body(&ticket, &code);
                    Ok(Prepared::post("/v1/register/verify-code", 200, body))
                })
                .await
            }
            Self::Refresh => {
                let tokens = sessions::insert(back_ends, count).await;
                tokens.iter().map(|token| Prepared::refresh(token)).collect()
            }
            Self::Me => {
                let tokens = sessions::insert(back_ends, SIGNED_IN).await;
                let refresh =
                    async |client: &mut Client, token: String| session_requests::refresh(client, &token).await;
                let signed_in = concurrent::run_all(port, CONNECTIONS, tokens, refresh).await;
                let tokens = signed_in.iter().map(|tokens| tokens.access.clone()).cycle();
                tokens.take(count as usize).map(|token| Prepared::get("/v1/me", token)).collect()
            }
            Self::InvalidPhone => {
                let body = sign_up_requests::send_body("+8613800", "0123456789012345678901");
                let request = |()| Prepared::post("/v1/register/send-code", 422, body.clone());
                nothing().into_iter().map(request).collect()
            }
        }
    }
}

impl Prepared {
    const fn post(path: &'static str, status: u16, body: String) -> Self {
        Self { path, status, content: Content::Body(body) }
    }

    pub const fn get(path: &'static str, token: String) -> Self {
        Self { path, status: 200, content: Content::AccessToken(token) }
    }

    pub fn refresh(token: &str) -> Self {
        Self::post("/v1/token/refresh", 200, session_requests::refresh_body(token))
    }

    pub async fn send(self, client: &mut Client) -> Result<(), Unexpected> {
        let response = match self.content {
            Content::Body(body) => client.post(self.path, &body).await,
            Content::AccessToken(token) => client.get_as(&token, self.path).await,
        };
        expect(self.path, self.status, response).map(drop)
    }
}
