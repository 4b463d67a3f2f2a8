//! Ownership: recycled numbers, stolen SIMs, held acts, detached accounts.

mod held;
mod recycled;
mod rule;
mod stolen_sim;
mod swapped;

use crate::test_server::{BYPASS, PASSWORD, Response, TestServer};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const NEW_PASSWORD: &str = "staple battery horse";

impl TestServer {
    /// Creates a user whose account is dormant now.
    pub async fn dormant_user(&self) -> TestUser {
        let user = self.create_user().await;
        self.advance(91 * DAY);
        user
    }

    /// Submits the code of a flow without a session.
    pub async fn verify(&self, flow: &str, ticket: &str, code: &str) -> Response {
        self.post(&format!("/v1/{flow}/verify-code"), json!({"ticket": ticket, "code": code})).await
    }

    /// Requests a code, and submits it.
    pub async fn enter_by_code(&self, flow: &str, phone: &str) -> (String, Response) {
        let (ticket, code) = self.ticket_and_code(flow, phone).await;
        let response = self.verify(flow, &ticket, &code).await;
        (ticket, response)
    }

    pub async fn start_anew(&self, flow: &str, ticket: &str) -> Response {
        self.post(&format!("/v1/{flow}/start-anew"), json!({"ticket": ticket})).await
    }

    /// Sign-up of the person who has the number of an account in question now.
    pub async fn sign_up_anew(&self, phone: &str) -> Response {
        let (ticket, response) = self.enter_by_code("login", phone).await;
        assert!(["account_dormant", "act_held", "act_refused"].contains(&response.code()), "{response:?}");
        self.start_anew("login", &ticket).await.assert_status(200);
        let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
        self.post("/v1/register/set-password", body).await.assert_status(200);
        let created = self.submit_profile(&ticket).await;
        created.assert_status(201);
        created
    }

    /// Number that a dormant account had, and that another account has now.
    pub async fn detached_phone(&self) -> String {
        let user = self.dormant_user().await;
        self.sign_up_anew(&user.phone).await;
        user.phone
    }

    pub async fn reclaim_body(&self, former: &str, new: &str) -> Value {
        json!({
            "former_phone_number": former, "password": PASSWORD, "phone_number": new,
            "captcha_id": self.captcha().await, "captcha_answer": BYPASS,
        })
    }

    /// Reclaims a detached account with its password. Returns the response to the code.
    pub async fn reclaim(&self, former: &str, new: &str) -> Response {
        let before = self.sms.messages_for(new).len();
        let sent = self.post("/v1/reclaim/send-code", self.reclaim_body(former, new).await).await;
        sent.assert_status(200);
        let code = self.next_code(new, before).await;
        self.verify("reclaim", &sent.text("ticket"), &code).await
    }

    /// Change of number: a code to the new number, and its verification.
    pub async fn change_number(&self, access: &str, new: &str, password: &str) -> Response {
        let before = self.sms.messages_for(new).len();
        let body = json!({"phone_number": new, "current_password": password});
        let sent = self.call(Method::POST, "/v1/me/phone/send-code", access, body).await;
        sent.assert_status(200);
        let code = self.next_code(new, before).await;
        let body = json!({"ticket": sent.text("ticket"), "code": code});
        self.call(Method::POST, "/v1/me/phone/verify-code", access, body).await
    }

    pub async fn pending(&self, access: &str) -> Vec<Value> {
        let listed = self.call(Method::GET, "/v1/me/pending", access, Value::Null).await;
        listed.assert_status(200);
        listed.body["pending"].as_array().unwrap().clone()
    }

    pub async fn resolve(&self, access: &str, act: &Value, decision: &str) -> Response {
        let path = format!("/v1/me/pending/{}/{decision}", act["id"].as_str().unwrap());
        let template = format!("/v1/me/pending/{{id}}/{decision}");
        self.call_path(Method::POST, &path, &template, access, Value::Null).await
    }
}
