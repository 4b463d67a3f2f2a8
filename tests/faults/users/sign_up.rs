//! Sign-up in five requests.

use super::codes::{Flow, Start};
use super::{Account, Step, User};
use crate::support::client::PASSWORD;
use serde_json::json;

impl User {
    pub async fn sign_up(&mut self) -> Step<()> {
        let phone = self.fresh_phone();
        loop {
            let flow = match self.request_code("/v1/register/send-code", &phone).await? {
                Start::Code(flow) => flow,
                Start::Refused(reply) if reply.code == "phone_already_registered" => return self.find(&phone).await,
                Start::Refused(reply) => {
                    self.unexpected("register/send-code", &reply);
                    return Ok(());
                }
            };
            if self.finish_sign_up(&phone, flow).await? {
                return Ok(());
            }
        }
    }

    /// Returns false if the flow has ended and the user starts again.
    async fn finish_sign_up(&mut self, phone: &str, flow: Flow) -> Step<bool> {
        let Flow { ticket, code } = flow;
        let steps = [
            ("/v1/register/verify-code", json!({"ticket": ticket, "code": code})),
            ("/v1/register/set-password", json!({"ticket": ticket, "password": PASSWORD})),
            ("/v1/register/submit-profile", json!({"ticket": ticket, "nickname": "小明"})),
        ];
        for (path, body) in steps {
            let reply = self.post(path, body).await?;
            match (reply.status, &*reply.code) {
                (200, _) => {}
                (201, _) => {
                    self.keep_tokens(&reply);
                    self.own(reply.body["user"]["id"].as_str().unwrap(), phone);
                    return Ok(true);
                }
                // An attempt without a response has done this step.
                (_, "wrong_step") if reply.is_repetition => self.tally.detour("step done before"),
                (_, "code_wrong" | "ticket_expired" | "wrong_step") => {
                    self.tally.detour("sign-up started again");
                    return Ok(false);
                }
                (_, "response_gone") => return self.find(phone).await.map(|()| true),
                (_, "phone_already_registered") => {
                    self.tally.violation("a sign-up that was done is refused with phone_already_registered");
                    return self.find(phone).await.map(|()| true);
                }
                _ => {
                    self.unexpected(path, &reply);
                    return Ok(true);
                }
            }
        }
        Ok(true)
    }

    fn own(&mut self, id: &str, phone: &str) {
        let (id, phone) = (id.to_owned(), phone.to_owned());
        let password = PASSWORD.to_owned();
        self.accounts.push(Account { id, phone, password, uncertain: None, is_deleted: false });
    }

    /// The account exists, but its confirmation was lost: the user signs in.
    async fn find(&mut self, phone: &str) -> Step<()> {
        self.tally.detour("account found by a sign-in");
        let reply = self.log_in(phone, PASSWORD).await?;
        if reply.status == 200 {
            self.keep_tokens(&reply);
            self.own(reply.body["user"]["id"].as_str().unwrap(), phone);
        } else {
            self.unexpected("sign-in after a lost confirmation", &reply);
        }
        Ok(())
    }
}
