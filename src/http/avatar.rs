//! `POST /v1/me/avatar`: permits for avatar uploads.

use super::dto::avatar::{AvatarUpload, UploadPermit};
use super::endpoint::{Endpoint, post};
use super::error::{Code, Problem};
use super::extract::{Bearer, Json};
use super::form::Form;
use super::response::Reply;
use crate::domain::avatar::{AvatarSize, AvatarType};
use crate::flows::{Service, avatar};
use actix_web::web;

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/v1/me/avatar", permit)
            .operation("me.permitAvatar", "Create an upload permit.")
            .description(
                "The app uploads the image directly to the operator's storage, as the permit says. The permit is valid \
                 for this name, type and size only. The profile is unchanged until `PATCH /v1/me` sets `avatar_url` to \
                 `public_url`.",
            )
            .success("Permit for one upload")
            .errors(&[Code::AvatarUploadsDisabled, Code::TooManyRequests]),
    ]
}

async fn permit(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<AvatarUpload>,
) -> Result<Reply<UploadPermit>, Problem> {
    let (kind, size) = body.0.parse(&service)?;
    let user = bearer.caller(&service).await?.user.id;
    Ok(Reply::new(avatar::permit(&service, user, kind, size).await?))
}

impl AvatarUpload {
    fn parse(&self, service: &Service) -> Result<(AvatarType, AvatarSize), Problem> {
        let mut form = Form::default();
        let kind = form.field("content_type", AvatarType::parse(&self.content_type));
        let max_bytes = service.policy().avatar.max_bytes;
        let size = form.field("content_length", AvatarSize::new(self.content_length, max_bytes));
        form.finish(|| kind.zip(size))
    }
}
