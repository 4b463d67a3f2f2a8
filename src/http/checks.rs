//! Checks of request fields, all by the constructors of the domain: validators for the request types, and parsers that
//! return a domain value or the error of the field.

use super::error::{Code, FieldError, Problem};
use crate::domain::Invalid;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId, Kind, Theme};
use crate::domain::phone::{Phone, PhoneError};
use crate::domain::ticket::Ticket;
use crate::domain::{
    otp::OneTimeCode,
    password::{NewPassword, Password},
    user,
};
use crate::flows::Service;
use validator::ValidationError;

/// Turns the result of a domain constructor into the result of a validator.
fn checked<T>(parsed: Result<T, Invalid>) -> Result<(), ValidationError> {
    parsed.map(drop).map_err(|invalid| ValidationError::new(invalid.code()))
}

pub(super) fn ticket(text: &str) -> Result<(), ValidationError> {
    checked(Ticket::parse(text))
}

pub(super) fn captcha_id(text: &str) -> Result<(), ValidationError> {
    checked(CaptchaId::parse(text))
}

pub(super) fn captcha_answer(text: &str) -> Result<(), ValidationError> {
    checked(CaptchaAnswer::parse(text))
}

pub(super) fn captcha_theme(text: &str) -> Result<(), ValidationError> {
    checked(Theme::parse(text))
}

pub(super) fn captcha_kind(text: &str) -> Result<(), ValidationError> {
    checked(Kind::parse(text))
}

pub(super) fn code(text: &str) -> Result<(), ValidationError> {
    checked(OneTimeCode::parse(text))
}

pub(super) fn password(text: &str) -> Result<(), ValidationError> {
    checked(Password::parse(text))
}

pub(super) fn new_password(text: &str) -> Result<(), ValidationError> {
    checked(NewPassword::parse(text))
}

pub(super) fn nickname(text: &str) -> Result<(), ValidationError> {
    checked(user::Nickname::parse(text))
}

pub(super) fn gender(text: &str) -> Result<(), ValidationError> {
    checked(user::Gender::parse(text))
}

/// Returns the domain value, or the problem of the field.
pub(super) fn field<T>(name: &str, parsed: Result<T, Invalid>) -> Result<T, Problem> {
    parsed.map_err(|invalid| Problem::field(name, invalid))
}

/// Parses a field that may be absent or null.
pub(super) fn optional<T>(
    name: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<Option<T>, Problem> {
    text.map(parse).transpose().map_err(|invalid| Problem::field(name, invalid))
}

/// Parses the phone number of an account that may exist: a number of any region.
pub(super) fn phone_of_account(text: &str, service: &Service) -> Result<Phone, Problem> {
    service.policy().phone_of_account(text, service.now()).map_err(|invalid| Problem::field("phone_number", invalid))
}

/// Parses a phone number of a supported region, to which the service sends messages.
pub(super) fn phone(text: &str, service: &Service) -> Result<Phone, Problem> {
    service.policy().phone(text, service.now()).map_err(|error| match error {
        PhoneError::Invalid(invalid) => Problem::field("phone_number", invalid),
        PhoneError::RegionNotSupported => {
            let errors = vec![FieldError { field: "phone_number".to_owned(), code: Invalid::NotAllowed.code() }];
            Problem { errors, ..Problem::new(Code::RegionNotSupported) }
        }
    })
}
