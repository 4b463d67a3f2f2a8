//! Step 2: the code proves the phone.

use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::ownership::AccountState;
use crate::domain::pending::ActKind;
use crate::domain::ticket::Ticket;
use crate::flows::otp::{self, StepDone};
use crate::flows::{Error, InQuestion, Reason, Service, ownership};

pub async fn verify_code(service: &Service, ticket: &Ticket, given: &OneTimeCode) -> Result<StepDone, Error> {
    let (done, proven) = otp::verify(service, Purpose::Register, ticket, given).await?;
    // The phone had an account when the code was sent, and the policy conceals it.
    let Some(account) = proven.account else { return Ok(done) };
    let (state, _) = ownership::state_of(service, proven.phone, account).await?;
    if state == AccountState::Dormant {
        let (act, reason) = (ActKind::SignIn, Reason::Dormant);
        let question = InQuestion { act, reason, start_anew: true, expires_in: None };
        return Err(otp::question_account(service, Purpose::Register, ticket, question).await);
    }
    otp::delete_flow(service, ticket).await;
    Err(Error::PhoneTaken)
}
