//! Sign-in, refresh and sign-out.

use super::call::Reply;
use super::codes::Start;
use super::{Step, Uncertain, User};
use crate::support::client::BYPASS;
use reqwest::Method;
use serde_json::json;

impl User {
    pub fn keep_tokens(&mut self, reply: &Reply) {
        self.tokens.access = reply.text("access_token");
        self.tokens.refresh = reply.text("refresh_token");
        // A refresh and a password change return no device token.
        if let Some(device) = reply.body["device_token"].as_str() {
            self.tokens.device = device.to_owned();
        }
    }

    /// Sends the password; with a captcha if the service requires one.
    pub async fn log_in(&mut self, phone: &str, password: &str) -> Step<Reply> {
        let mut body = json!({"phone_number": phone, "password": password});
        if !self.tokens.device.is_empty() {
            body["device_token"] = json!(self.tokens.device);
        }
        loop {
            let reply = self.post("/v1/login", body.clone()).await?;
            if !matches!(&*reply.code, "captcha_required" | "captcha_expired" | "captcha_wrong") {
                return Ok(reply);
            }
            self.tally.detour("captcha at sign-in");
            body["captcha_id"] = json!(self.post("/v1/captchas", json!({})).await?.text("captcha_id"));
            body["captcha_answer"] = json!(BYPASS);
        }
    }

    pub async fn sign_in(&mut self) -> Step<()> {
        let (phone, password) = (self.account().phone.clone(), self.account().password.clone());
        let reply = self.log_in(&phone, &password).await?;
        match (reply.status, &*reply.code) {
            (200, _) => self.keep_tokens(&reply),
            // The tokens of the lost response are used or gone: the next action signs in again.
            (_, "response_gone") => self.tally.detour("sign-in again"),
            _ => self.unexpected("sign-in with the right password", &reply),
        }
        Ok(())
    }

    pub async fn sign_in_with_code(&mut self) -> Step<()> {
        let phone = self.account().phone.clone();
        loop {
            let flow = match self.request_code("/v1/login/send-code", &phone).await? {
                Start::Code(flow) => flow,
                Start::Refused(reply) => {
                    self.unexpected("login/send-code", &reply);
                    return Ok(());
                }
            };
            let body = json!({"ticket": flow.ticket, "code": flow.code, "device_token": self.tokens.device});
            let reply = self.post("/v1/login/verify-code", body).await?;
            match (reply.status, &*reply.code) {
                (200, _) => {
                    self.keep_tokens(&reply);
                    return Ok(());
                }
                (_, "code_wrong" | "ticket_expired" | "response_gone") => self.tally.detour("code requested again"),
                _ => {
                    self.unexpected("login/verify-code", &reply);
                    return Ok(());
                }
            }
        }
    }

    /// Refreshes the tokens. Returns false if the session has ended: nobody did anything to end it.
    pub async fn refresh(&mut self) -> Step<bool> {
        let body = json!({"refresh_token": self.tokens.refresh});
        let reply = self.post("/v1/token/refresh", body).await?;
        if reply.status == 200 {
            self.keep_tokens(&reply);
            return Ok(true);
        }
        self.tally.violation(format!("signed out: {} at a refresh", reply.code));
        self.sign_in().await.map(|()| false)
    }

    pub async fn sign_out(&mut self) -> Step<()> {
        let reply = self.signed_in(Method::POST, "/v1/logout", json!({})).await?;
        match (reply.status, &*reply.code) {
            (204, _) => {}
            (401, "token_invalid") if reply.is_repetition => {}
            _ => self.unexpected("sign-out", &reply),
        }
        self.sign_in().await
    }

    /// Finds out whether an action without a confirmation is done, by a sign-in.
    pub async fn find_outcome(&mut self, uncertain: Uncertain) -> Step<()> {
        self.tally.detour("outcome found by a sign-in");
        self.account().uncertain = Some(uncertain.clone());
        let account = self.account().clone();
        let (phone, password) = match &uncertain {
            Uncertain::Phone(phone) => (phone, &account.password),
            Uncertain::Password(password) => (&account.phone, password),
            Uncertain::Deletion => (&account.phone, &account.password),
        };
        let reply = self.log_in(phone, password).await?;
        self.account().uncertain = None;
        match (reply.status, &*reply.code, uncertain) {
            (200, _, uncertain) => {
                self.keep_tokens(&reply);
                self.account().confirm(uncertain);
            }
            (401, "credentials_invalid", Uncertain::Deletion) => self.account().is_deleted = true,
            (401, "credentials_invalid", _) => return self.sign_in().await,
            _ => self.unexpected("sign-in to find the outcome", &reply),
        }
        Ok(())
    }
}
