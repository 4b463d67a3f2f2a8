//! `PUT /v1/me/password`: password change of the signed-in user.

use super::bodies::ChangePassword;
use crate::domain::password::{NewPassword, Password};
use crate::flows::Service;
use crate::flows::account::password;
use crate::http::checks::field;
use crate::http::error::{Code, Problem};
use crate::http::extract::{Bearer, Json};
use crate::http::response::json_with_tokens;
use crate::http::schemas::Tokens;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

pub(in crate::http) const CHANGE: &[Code] =
    &[Code::ResponseGone, Code::PasswordWrong, Code::PasswordTooWeak, Code::TooManyRequests, Code::Overloaded];

/// Change the password.
///
/// Ends all other sessions of the account, and renews this one: the response has new tokens, and the refresh token that
/// the app had before is invalid (`refresh_invalid`). Send an `Idempotency-Key`: if the response is lost, a retry with
/// the same key and body gets the same tokens until the new refresh token is used, and then `response_gone`. A session
/// that is bound to a key stays bound to it. After ten wrong current passwords (`password_wrong`) in an hour, the error
/// is `too_many_requests`.
#[utoipa::path(
    put, path = "/v1/me/password", operation_id = "me.changePassword", tag = "me", security(("access_token" = [])),
    request_body = ChangePassword, responses((status = 200, description = "New tokens of this session", body = Tokens))
)]
pub(in crate::http) async fn change(
    service: web::Data<Service>,
    bearer: Bearer,
    body: Json<ChangePassword>,
) -> Result<HttpResponse, Problem> {
    let current = field("current_password", Password::parse(&body.0.current_password))?;
    let new = field("new_password", NewPassword::parse(&body.0.new_password))?;
    let tokens = password::change(&service, bearer.caller(&service).await?, current, new).await?;
    let issued = tokens.generation;
    Ok(json_with_tokens(StatusCode::OK, &Tokens::from(tokens), issued))
}
