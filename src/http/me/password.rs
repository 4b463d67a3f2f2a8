//! `PUT /v1/me/password`: password change of the signed-in user.

use crate::domain::password::{NewPassword, Password};
use crate::flows::Service;
use crate::flows::account::password;
use crate::http::client::ClientContext;
use crate::http::dto::account::ChangePassword;
use crate::http::dto::session::Tokens;
use crate::http::endpoint::{Endpoint, put};
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json};
use crate::http::form::Form;
use crate::http::response::Reply;
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        put("/v1/me/password", change)
            .operation("me.changePassword", "Change the password.")
            .description(
                "Ends all other sessions of the account, and renews this one: the response has new tokens, and the \
                 refresh token that the app had before is invalid (`refresh_invalid`). Send an `Idempotency-Key`: if \
                 the response is lost, a retry with the same key and body gets the same tokens until the new refresh \
                 token is used, and then `response_gone`. A session that is bound to a key stays bound to it. The \
                 number of wrong current passwords (`password_wrong`) in an hour is limited (`too_many_requests`).",
            )
            .success("New tokens of this session")
            .errors(&[
                Code::ResponseGone,
                Code::PasswordWrong,
                Code::PasswordTooWeak,
                Code::TooManyRequests,
                Code::Overloaded,
            ]),
    ]
}

async fn change(
    service: web::Data<Service>,
    client: ClientContext,
    bearer: Bearer,
    body: Json<ChangePassword>,
) -> Result<Reply<Tokens>, Problem> {
    let (current, new) = body.0.parse()?;
    let caller = bearer.caller(&service).await?;
    let tokens = password::change(&service, caller, current, new, client.0.text_language).await?;
    let issued = tokens.generation;
    Ok(Reply::with_tokens(tokens, issued))
}

impl ChangePassword {
    fn parse(&self) -> Result<(Password, NewPassword), Problem> {
        let mut form = Form::default();
        let current = form.field("current_password", Password::parse(&self.current_password));
        let new = form.field("new_password", NewPassword::parse(&self.new_password));
        form.finish(|| current.zip(new))
    }
}
