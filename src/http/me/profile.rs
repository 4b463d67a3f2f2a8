//! `GET`, `PATCH` and `POST /v1/me`: the account and its profile.

use crate::domain::Invalid;
use crate::domain::user::{AvatarUrl, Birthday, Gender, Nickname, ProfileChange};
use crate::flows::Service;
use crate::flows::account::profile;
use crate::http::dto::account::{ChangeProfile, PatchProfile, User};
use crate::http::endpoint::{Endpoint, get, patch, post};
use crate::http::error::Problem;
use crate::http::extract::{Bearer, Json};
use crate::http::form::Form;
use crate::http::response::Reply;
use actix_web::web;

pub(in crate::http) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/v1/me", read)
            .operation("me.read", "Get the account.")
            .description(
                "Read it after a sign-in and at each start of the app: `consent_due`, `phone_confirm_due` and a \
                 `phone_number` of `null` each ask for an action of the user.",
            )
            .success("Account of the signed-in user"),
        patch("/v1/me", update)
            .operation("me.update", "Update the profile.")
            .description(
                "The body is a JSON merge patch (RFC 7396): an absent field stays unchanged, and `null` clears a \
                 field. The nickname cannot be cleared (`validation_failed` with `not_allowed`). A client that cannot \
                 send `null` names the fields in `clear`.",
            )
            .success("Updated account"),
        post("/v1/me", change)
            .harmless()
            .operation("me.change", "Update the profile with a POST.")
            .description(
                "The same as `PATCH /v1/me`, for clients that cannot send a PATCH, such as mini-programs: an absent \
                 field stays unchanged, and `clear` names the fields to clear.",
            )
            .success("Updated account"),
    ]
}

async fn read(service: web::Data<Service>, bearer: Bearer) -> Result<Reply<User>, Problem> {
    Ok(Reply::new(User::new(bearer.caller(&service).await?.user, &service)))
}

async fn update(service: web::Data<Service>, bearer: Bearer, body: Json<PatchProfile>) -> Updated {
    let change = body.0.parse(&service)?;
    let user = profile::change(&service, bearer.caller(&service).await?, &change).await?;
    Ok(Reply::new(User::new(user, &service)))
}

async fn change(service: web::Data<Service>, bearer: Bearer, body: Json<ChangeProfile>) -> Updated {
    update(service, bearer, Json(body.0.into())).await
}

type Updated = Result<Reply<User>, Problem>;

impl From<ChangeProfile> for PatchProfile {
    fn from(body: ChangeProfile) -> Self {
        let ChangeProfile { nickname, avatar_url, gender, birthday, clear } = body;
        Self {
            nickname: nickname.map(Some),
            avatar_url: avatar_url.map(Some),
            gender: gender.map(Some),
            birthday: birthday.map(Some),
            clear,
        }
    }
}

impl PatchProfile {
    fn parse(mut self, service: &Service) -> Result<ProfileChange, Problem> {
        let (mut form, base, now) = (Form::default(), service.policy().avatar_base.as_ref(), service.now());
        self.apply_clear(&mut form);
        let nickname = match &self.nickname {
            Some(None) => form.field("nickname", Err(Invalid::NotAllowed)),
            nickname => form.optional("nickname", nickname.as_ref().and_then(Option::as_deref), Nickname::parse),
        };
        let avatar_url = field(&mut form, "avatar_url", &self.avatar_url, |text| AvatarUrl::parse(text, base));
        let gender = field(&mut form, "gender", &self.gender, Gender::parse);
        let birthday = field(&mut form, "birthday", &self.birthday, |text| Birthday::parse(text, now));
        form.finish(|| Some(ProfileChange { nickname, avatar_url, gender, birthday }))
    }

    /// Sets the fields in `clear` to null. A field that has a value as well is an error.
    fn apply_clear(&mut self, form: &mut Form) {
        for name in self.clear.take().unwrap_or_default() {
            let field = match name.as_str() {
                "avatar_url" => &mut self.avatar_url,
                "gender" => &mut self.gender,
                "birthday" => &mut self.birthday,
                _ => return form.excluded("clear"),
            };
            if field.replace(None).flatten().is_some() {
                return form.excluded("clear");
            }
        }
    }
}

/// Parses a field of a merge patch: absent, null or a text.
fn field<T>(
    form: &mut Form,
    name: &'static str,
    value: &Option<Option<String>>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Option<Option<T>> {
    value.as_ref().map(|text| form.optional(name, text.as_deref(), parse))
}
