//! Expected code of a flow.

use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::test_phone::TestPhone;
use crate::domain::ticket::Ticket;
use crate::flows::service::Service;
use crate::flows::test_number;
use crate::ports::CodeCheck;

/// Fixed code of an active test number, else the code that is derived from the ticket.
pub(super) struct Expected<'a> {
    pub code: OneTimeCode,
    test: Option<&'a TestPhone>,
}

impl<'a> Expected<'a> {
    pub(super) fn new(service: &'a Service, purpose: Purpose, ticket: &Ticket) -> Self {
        let test = service.test_phone_of(ticket);
        let derive = || OneTimeCode::derive(&service.keys.flow(ticket).code, purpose, ticket);
        Self { code: test.map_or_else(derive, |test| test.code.clone()), test }
    }

    /// Logs each attempt at the code of a test number.
    pub(super) fn log_attempt(&self, checked: &CodeCheck) {
        let Some(test) = self.test else { return };
        match checked {
            CodeCheck::Right(_) => test_number::log_use(test, "right code"),
            CodeCheck::Wrong { .. } | CodeCheck::Exhausted => test_number::log_use(test, "wrong code"),
            // Nothing was compared.
            _ => {}
        }
    }
}
