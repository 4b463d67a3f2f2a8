//! Form: parses the fields of a body, and reports all invalid ones at once.

use super::error::{Code, Problem};
use super::field_codes::FieldError;
use crate::domain::Invalid;
use crate::domain::phone::PhoneError;
use std::borrow::Cow;
use validator::{ValidationError, ValidationErrors};

/// Errors of the fields so far.
#[derive(Default)]
pub(super) struct Form {
    errors: ValidationErrors,
    unsupported_region: bool,
}

impl Form {
    /// Returns the value of a field; `None` if it is invalid.
    pub fn field<T>(&mut self, name: &'static str, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.error(name, invalid.code())).ok()
    }

    /// Returns the value of a field that may be absent or null; `None` also if it is invalid.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        text.and_then(|text| self.field(name, parse(text)))
    }

    /// Returns a phone number to which the service sends messages.
    pub fn phone<T>(&mut self, name: &'static str, parsed: Result<T, PhoneError>) -> Option<T> {
        let invalid = match parsed {
            Ok(phone) => return Some(phone),
            Err(PhoneError::Invalid(invalid)) => invalid,
            Err(PhoneError::RegionNotSupported) => {
                self.unsupported_region = true;
                Invalid::NotAllowed
            }
        };
        self.error(name, invalid.code());
        None
    }

    /// Adds an error to a field that the other fields of the body exclude.
    pub fn excluded(&mut self, name: &'static str) {
        self.error(name, Invalid::NotAllowed.code());
    }

    /// Adds an error to a field that the other fields of the body require.
    pub fn missing(&mut self, name: &'static str) {
        self.error(name, "required");
    }

    /// Returns what `build` makes of the values, or the errors of all fields. `build` returns `None` only for an
    /// invalid field.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Problem> {
        let value = if self.errors.is_empty() { build() } else { None };
        value.ok_or_else(|| self.problem())
    }

    fn error(&mut self, name: &'static str, code: &'static str) {
        self.errors.add(name, ValidationError::new(code));
    }

    fn problem(&self) -> Problem {
        let by_field = self.errors.field_errors().into_iter();
        let mut errors: Vec<FieldError> = by_field
            .flat_map(|(name, errors)| {
                errors.iter().map(move |error| FieldError { field: name.to_string(), code: code_of(error) })
            })
            .collect();
        errors.sort_by(|a, b| a.field.cmp(&b.field));
        let code = if self.unsupported_region && errors.len() == 1 {
            Code::RegionNotSupported
        } else {
            Code::ValidationFailed
        };
        Problem { errors, ..Problem::new(code) }
    }
}

fn code_of(error: &ValidationError) -> &'static str {
    match error.code {
        Cow::Borrowed(code) => code,
        // `Form::error` adds only static codes.
        Cow::Owned(_) => Invalid::Format.code(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsupported_region_has_its_own_code_unless_other_fields_are_invalid() {
        let problem = |other: Result<(), Invalid>| {
            let mut form = Form::default();
            form.phone::<()>("phone_number", Err(PhoneError::RegionNotSupported));
            form.field("captcha_id", other);
            form.finish(|| Some(())).unwrap_err()
        };
        let alone = problem(Ok(()));
        assert_eq!(alone.code, Code::RegionNotSupported);
        assert_eq!(alone.errors, [FieldError { field: "phone_number".to_owned(), code: "not_allowed" }]);
        let with_another = problem(Err(Invalid::Format));
        assert_eq!(with_another.code, Code::ValidationFailed);
        assert_eq!(with_another.errors.len(), 2);
    }
}
