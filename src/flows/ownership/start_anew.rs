//! Start anew: a person whose number belonged to an earlier account goes on as in a sign-up.

use super::ask::state_of;
use crate::domain::completion::Completion;
use crate::domain::consent::LegalDocument;
use crate::domain::flow::{Flow, Purpose, State, Step, Transition};
use crate::domain::new_account::NewAccount;
use crate::domain::phone::Phone;
use crate::domain::ticket::Ticket;
use crate::domain::user::AccountVersion;
use crate::flows::otp::StepDone;
use crate::flows::{Client, Error, Service, consent, new_password};
use crate::ports::Change;

/// Makes the flow a sign-up whose phone is verified. Its last step detaches the earlier account, unless the owner has
/// proven the number or signed in meanwhile. Nothing has changed before.
pub async fn start_anew(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    accepted: &[LegalDocument],
    client: Client,
) -> Result<StepDone, Error> {
    let consent = consent::of_client(service, accepted, client.address)?;
    let flow = service.ports.staging.read_flow(&ticket.flow_key(), purpose).await?;
    let Flow { phone, state, account, .. } = flow.ok_or(Error::TicketExpired)?;
    let State::AccountUnclear = state else { return Err(Error::WrongStep(state.step())) };
    if !may_sign_up(service, &phone) {
        return Err(Error::RegionNotSupported);
    }
    let completion = completion(service, phone, account.ok_or(Error::TicketExpired)?).await?;
    let new_account = NewAccount::new(service.now(), || service.random());
    let (transition, change) = (Transition::START_ANEW, Change::StartAnew { completion, consent, new_account });
    let advanced = new_password::advance(service, purpose, ticket, &transition, &change).await?;
    Ok(StepDone { step: transition.to.unwrap_or(Step::FIRST), expires_in: advanced.expires_in })
}

/// An account with a current proof keeps its number.
async fn completion(service: &Service, phone: Phone, account: AccountVersion) -> Result<Completion, Error> {
    let as_of = service.now();
    let (state, _) = state_of(service, phone, account).await?;
    if !state.can_start_anew() {
        return Err(Error::StartAnewUnavailable);
    }
    Ok(Completion::Detach { account, as_of })
}

fn may_sign_up(service: &Service, phone: &Phone) -> bool {
    let region = phone.region();
    service.policy.regions.iter().any(|open| open == region) || service.test_phone(phone).is_some()
}
