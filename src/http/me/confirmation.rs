//! Confirmation of an important change: the current password, or a new code with its ticket.

use crate::domain::otp::OneTimeCode;
use crate::domain::password::Password;
use crate::domain::ticket::Ticket;
use crate::http::form::Form;
use zeroize::Zeroizing;

pub(super) enum Confirmation {
    Password(Password),
    Code(Ticket, OneTimeCode),
}

/// Fields of a body that contain the confirmation.
pub(super) struct Fields<'a> {
    /// Name of the field with the password.
    pub name: &'static str,
    pub password: Option<&'a Zeroizing<String>>,
    pub ticket: Option<&'a str>,
    pub code: Option<&'a str>,
}

impl Fields<'_> {
    /// Parses the password or the code. A body must not have both.
    pub(super) fn parse(&self, form: &mut Form) -> Option<Confirmation> {
        let alone = self.password.filter(|_| self.ticket.is_none() && self.code.is_none());
        let password = form.optional(self.name, alone.map(|text| text.as_str()), Password::parse);
        let ticket = form.optional("ticket", self.ticket, Ticket::parse);
        let code = form.optional("code", self.code, OneTimeCode::parse);
        match (self.password, self.ticket, self.code) {
            (None, None, None) => form.missing(self.name),
            (None, None, Some(_)) => form.missing("ticket"),
            (None, Some(_), None) => form.missing("code"),
            (Some(_), None, None) | (None, Some(_), Some(_)) => {}
            (Some(_), _, _) => form.excluded(self.name),
        }
        let by_code = ticket.zip(code).map(|(ticket, code)| Confirmation::Code(ticket, code));
        password.map(Confirmation::Password).or(by_code)
    }
}
