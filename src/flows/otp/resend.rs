//! Sends the same code again, if the message did not arrive.

use super::delivery::{Delivery, SendParams, cancel, deliver};
use super::sent::CodeSent;
use crate::domain::flow::{Flow, Purpose, State};
use crate::domain::limits::{Limit, Refund};
use crate::domain::test_phone::TestPhone;
use crate::domain::ticket::{Subject, Ticket};
use crate::flows::client::Client;
use crate::flows::error::Error;
use crate::flows::limits::{SendReservation, denied};
use crate::flows::service::Service;
use crate::flows::test_number;
use crate::ports::{CancelledSend, Resend, ReservedResend};

/// Sends the code of a flow again.
pub(in crate::flows) async fn resend(
    service: &Service,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
    conceal: bool,
) -> Result<CodeSent, Error> {
    let resend = reserve_and_resend(service.clone(), purpose, ticket, client, conceal);
    service.background.run_to_completion(resend).await
}

/// Sends the code of [`super::send_to_new_number`] again.
pub async fn resend_to_new_number(
    service: &Service,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    resend(service, purpose, ticket, client, service.policy.conceal_taken_phone).await
}

/// Sends the code of [`super::send_to_account`] again.
pub async fn resend_to_account(
    service: &Service,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    resend(service, purpose, ticket, client, true).await
}

async fn reserve_and_resend(
    service: Service,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
    conceal: bool,
) -> Result<CodeSent, Error> {
    if let Some(test) = service.test_phone_of(&ticket) {
        return resend_to_test_number(&service, purpose, ticket, test).await;
    }
    let (key, limits, flow) = (ticket.flow_key(), &service.policy.limits, ticket.phone_hash());
    // A device gets a ticket for an account only, and knows that it exists.
    let conceal = conceal && flow.subject() == Subject::Phone;
    let phone_limits = limits.phone(flow);
    let id = service.new_id();
    let resend = CancelledSend::Resend(id);
    let reserved = match service.ports.staging.reserve_resend(&key, purpose, id, &phone_limits).await {
        Ok(Resend::Reserved(reserved)) => reserved,
        Ok(Resend::Limited(reached)) => return Err(denied(&service, &reached)),
        Ok(Resend::WrongStep(step)) => return Err(Error::WrongStep(step)),
        Ok(Resend::Gone) => return Err(Error::TicketExpired),
        Err(error) => {
            // It may be reserved: perhaps only the response was lost.
            cancel(&service, &key, resend, &phone_limits, Refund::NothingDone).await;
            return Err(error.into());
        }
    };
    let reservation = match SendReservation::reserve_for(&service, purpose, client, &reserved.phone, flow, None).await {
        Ok(reservation) => reservation,
        Err(error) => {
            cancel(&service, &key, resend, &phone_limits, Refund::NothingDone).await;
            return Err(error);
        }
    };
    let ReservedResend { phone, decoy, client: app, send, attempts_left, expires_in, counts } = reserved;
    let resend_in = limits.cooldowns.after(counts.get(Limit::PhoneCooldown));
    let sent = CodeSent { ticket, phone, expires_in, resend_in, attempts_left };
    let params = SendParams { purpose, send, reserved: resend, decoy, language: client.text_language, app };
    deliver(&service, Delivery::new(&service, &sent, &params, reservation), conceal).await?;
    Ok(sent)
}

/// Sends nothing and reserves nothing. The response is the state of the flow.
async fn resend_to_test_number(
    service: &Service,
    purpose: Purpose,
    ticket: Ticket,
    test: &TestPhone,
) -> Result<CodeSent, Error> {
    let flow = service.ports.staging.read_flow(&ticket.flow_key(), purpose).await?;
    let Flow { phone, state, expires_in, .. } = flow.ok_or(Error::TicketExpired)?;
    let State::CodeSent { attempts_left, resend_in } = state else { return Err(Error::WrongStep(state.step())) };
    test_number::log_use(test, "send");
    Ok(CodeSent { ticket, phone, expires_in, resend_in, attempts_left })
}
