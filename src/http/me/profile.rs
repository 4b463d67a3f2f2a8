//! `GET /v1/me` and `PATCH /v1/me`: the account and its profile.

use crate::domain::Invalid;
use crate::domain::user::{AvatarUrl, Birthday, Gender, Nickname, ProfileChange};
use crate::flows::Service;
use crate::flows::account::profile;
use crate::http::dto::account::{ChangeProfile, User};
use crate::http::endpoint::{Endpoint, get, patch};
use crate::http::error::Problem;
use crate::http::extract::{Bearer, Json};
use crate::http::form::Form;
use crate::http::response::Reply;
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/me", read).operation("me.read", "Get the account.").success("Account of the signed-in user"),
        patch("/v1/me", update)
            .operation("me.update", "Update the profile.")
            .description(
                "The body is a JSON merge patch (RFC 7396): an absent field stays unchanged, and `null` clears a \
                 field. The nickname cannot be cleared (`validation_failed` with `not_allowed`).",
            )
            .success("Updated account"),
    ]
}

async fn read(service: web::Data<Service>, bearer: Bearer) -> Result<Reply<User>, Problem> {
    Ok(Reply::new(User::new(bearer.caller(&service).await?.user, &service)))
}

async fn update(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<ChangeProfile>,
) -> Result<Reply<User>, Problem> {
    let change = body.0.parse(&service)?;
    let user = profile::change(&service, bearer.caller(&service).await?, &change).await?;
    Ok(Reply::new(User::new(user, &service)))
}

impl ChangeProfile {
    fn parse(&self, service: &Service) -> Result<ProfileChange, Problem> {
        let (mut form, base, now) = (Form::default(), service.policy().avatar_base.as_ref(), service.now());
        let nickname = match &self.nickname {
            Some(None) => form.field("nickname", Err(Invalid::NotAllowed)),
            nickname => form.optional("nickname", nickname.as_ref().and_then(Option::as_deref), Nickname::parse),
        };
        let avatar_url = change(&mut form, "avatar_url", &self.avatar_url, |text| AvatarUrl::parse(text, base));
        let gender = change(&mut form, "gender", &self.gender, Gender::parse);
        let birthday = change(&mut form, "birthday", &self.birthday, |text| Birthday::parse(text, now));
        form.finish(|| Some(ProfileChange { nickname, avatar_url, gender, birthday }))
    }
}

/// Parses a field of a merge patch: absent, null or a text.
fn change<T>(
    form: &mut Form,
    name: &'static str,
    field: &Option<Option<String>>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Option<Option<T>> {
    field.as_ref().map(|text| form.optional(name, text.as_deref(), parse))
}
