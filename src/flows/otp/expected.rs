//! The code that a flow waits for.

use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::test_phone::TestPhone;
use crate::domain::ticket::Ticket;
use crate::flows::Service;
use crate::ports::CodeCheck;

/// The fixed one of a test number while it lives, else the one that follows from the ticket.
pub(super) struct Expected<'a> {
    pub code: OneTimeCode,
    test: Option<&'a TestPhone>,
}

impl<'a> Expected<'a> {
    pub(super) fn of(service: &'a Service, purpose: Purpose, ticket: &Ticket) -> Self {
        let test = service.test_phone_of(ticket);
        let derive = || OneTimeCode::derive(&service.keys.code, purpose, ticket);
        Self { code: test.map_or_else(derive, |test| test.code.clone()), test }
    }

    /// Each try at the code of a test number is a line in the log.
    pub(super) fn note(&self, checked: &CodeCheck) {
        let Some(test) = self.test else { return };
        let act = match checked {
            CodeCheck::Right(_) => "right code",
            CodeCheck::Wrong { .. } | CodeCheck::Exhausted => "wrong code",
            // Nothing was compared.
            _ => return,
        };
        used(test, act);
    }
}

/// Whoever has the code of a test number has its account: the operator sees each use.
pub(in crate::flows) fn used(test: &TestPhone, act: &str) {
    tracing::info!(phone = test.phone.masked(), act, "test number used");
}
