//! Changes of the account, and its deletion.

use super::codes::Start;
use super::{Account, Step, Uncertain, User};
use reqwest::Method;
use serde_json::json;

impl Account {
    /// The action is done.
    pub fn confirm(&mut self, done: Uncertain) {
        self.uncertain = None;
        match done {
            Uncertain::Phone(phone) => self.phone = phone,
            Uncertain::Password(password) => self.password = password,
            // A sign-in has succeeded: the account is not deleted.
            Uncertain::Deletion => {}
        }
    }
}

impl User {
    pub async fn change_profile(&mut self) -> Step<()> {
        let nickname = format!("小明{}", self.keys);
        let reply = self.signed_in(Method::PATCH, "/v1/me", json!({"nickname": nickname})).await?;
        if reply.status != 200 || reply.body["nickname"] != json!(nickname) {
            self.unexpected("a change of the profile", &reply);
        }
        Ok(())
    }

    pub async fn change_password(&mut self) -> Step<()> {
        let (old, new) = (self.account().password.clone(), format!("correct horse battery {}", self.keys));
        let body = json!({"current_password": old, "new_password": new});
        let outcome = Uncertain::Password(new);
        self.account().uncertain = Some(outcome.clone());
        let reply = self.signed_in(Method::PUT, "/v1/me/password", body).await?;
        self.account().uncertain = None;
        match (reply.status, &*reply.code) {
            (200, _) => {
                self.keep_tokens(&reply);
                self.account().confirm(outcome);
            }
            (_, "password_wrong" | "response_gone" | "token_invalid") if reply.is_repetition => {
                return self.find_outcome(outcome).await;
            }
            _ => self.unexpected("a change of the password", &reply),
        }
        Ok(())
    }

    pub async fn change_number(&mut self) -> Step<()> {
        let (new, password) = (self.fresh_phone(), self.account().password.clone());
        let body = json!({"phone_number": new, "current_password": password});
        let flow = match self.send_code("/v1/me/phone/send-code", &new, body, true).await? {
            Some(Start::Code(flow)) => flow,
            // The user gives up: five changes a day, or no message.
            Some(Start::Refused(reply)) if reply.code == "too_many_requests" => return Ok(()),
            None => return Ok(()),
            Some(Start::Refused(reply)) => {
                self.unexpected("me/phone/send-code", &reply);
                return Ok(());
            }
        };
        let outcome = Uncertain::Phone(new.clone());
        self.account().uncertain = Some(outcome.clone());
        let body = json!({"ticket": flow.ticket, "code": flow.code});
        let reply = self.signed_in(Method::POST, "/v1/me/phone/verify-code", body).await?;
        self.account().uncertain = None;
        match (reply.status, &*reply.code) {
            (200, _) if reply.body["phone_number"] == json!(new) => self.account().confirm(outcome),
            (_, "ticket_expired" | "code_wrong") => return self.find_outcome(outcome).await,
            _ => self.unexpected("me/phone/verify-code", &reply),
        }
        Ok(())
    }

    pub async fn delete(&mut self) -> Step<()> {
        let body = json!({"password": self.account().password});
        self.account().uncertain = Some(Uncertain::Deletion);
        let reply = self.signed_in(Method::DELETE, "/v1/me", body).await?;
        self.account().uncertain = None;
        match (reply.status, &*reply.code) {
            (204, _) => self.account().is_deleted = true,
            (401, "token_invalid") if reply.is_repetition => return self.find_outcome(Uncertain::Deletion).await,
            _ => self.unexpected("the deletion", &reply),
        }
        Ok(())
    }
}
