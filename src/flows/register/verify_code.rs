//! Step 2: the code proves the phone.

use crate::domain::flow::Purpose;
use crate::domain::otp::OneTimeCode;
use crate::domain::ownership::AccountState;
use crate::domain::pending::ActKind;
use crate::domain::question::Reason;
use crate::domain::ticket::Ticket;
use crate::flows::otp::{self, StepDone};
use crate::flows::{Error, InQuestion, Service, ownership};

pub async fn verify_code(service: &Service, ticket: &Ticket, given: &OneTimeCode) -> Result<StepDone, Error> {
    let (done, proven) = otp::verify(service, Purpose::Register, ticket, given).await?;
    // The phone had an account when the code was sent, and the policy conceals it.
    let Some(account) = proven.account else { return Ok(done) };
    let state = ownership::state_of(service, proven.phone, account).await;
    let (act, reason) = (ActKind::SignIn, Reason::Dormant);
    let question = InQuestion { act, reason, start_anew: true, expires_in: None };
    match state {
        Ok((AccountState::Dormant, _)) => {
            return Err(otp::question_account(service, Purpose::Register, ticket, question).await);
        }
        // The code is used up: the client goes on with `start_anew`, which asks again.
        Err(error @ Error::Dependency(_)) => {
            drop(otp::question_account(service, Purpose::Register, ticket, question).await);
            return Err(error);
        }
        Ok(_) | Err(_) => {}
    }
    otp::delete_flow(service, ticket).await;
    Err(Error::PhoneTaken)
}
