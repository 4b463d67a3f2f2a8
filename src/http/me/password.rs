//! `PUT /v1/me/password`: password change of the signed-in user.

use super::bodies::ChangePassword;
use crate::domain::password::Password;
use crate::flows::Service;
use crate::flows::account::password;
use crate::http::checks::field;
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json};
use actix_web::{HttpResponse, web};

pub(in crate::http) const CHANGE: &[Code] =
    &[Code::PasswordWrong, Code::PasswordTooWeak, Code::TooManyRequests, Code::Overloaded];

/// Change the password.
///
/// Ends all other sessions of the account; this session stays. After ten wrong current passwords (`password_wrong`) in
/// an hour, the error is `too_many_requests`.
#[utoipa::path(
    put, path = "/v1/me/password", operation_id = "me.changePassword", tag = "me", security(("access_token" = [])),
    request_body = ChangePassword, responses((status = 204, description = "Password changed"))
)]
pub(in crate::http) async fn change(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<ChangePassword>,
) -> Result<HttpResponse, Problem> {
    let current = field("current_password", Password::parse(&body.0.current_password))?;
    let new = field("new_password", Password::parse(&body.0.new_password))?;
    password::change(&service, bearer.0, current, new).await?;
    Ok(HttpResponse::NoContent().finish())
}
