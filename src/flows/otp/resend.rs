//! The same code once more: the message did not arrive.

use super::CodeSent;
use super::delivery::{Delivery, Order, deliver};
use super::expected::used;
use crate::domain::flow::{Flow, Purpose, State};
use crate::domain::test_phone::TestPhone;
use crate::domain::ticket::Ticket;
use crate::flows::limits::{Grant, log_refund_error};
use crate::flows::{Client, Error, Service};
use crate::ports::{Cancel, Resend, Reservation};
use std::sync::Arc;

/// Sends the same code once more.
pub(in crate::flows) async fn resend(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
    conceal: bool,
) -> Result<CodeSent, Error> {
    let resend = reserve_and_resend(Arc::clone(service), purpose, ticket, client, conceal);
    service.background.run_to_completion(resend).await
}

/// The code of [`super::send_to_newcomer`], once more.
pub async fn resend_to_newcomer(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    resend(service, purpose, ticket, client, service.policy.conceal_taken_phone).await
}

/// The code of [`super::send_to_account`], once more.
pub async fn resend_to_account(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    resend(service, purpose, ticket, client, true).await
}

async fn reserve_and_resend(
    service: Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    client: Client,
    conceal: bool,
) -> Result<CodeSent, Error> {
    let key = ticket.flow_key();
    let staging = &service.ports.staging;
    if let Some(test) = service.test_phone_of(&ticket) {
        return look(&service, purpose, ticket, test).await;
    }
    let (policy, limits) = (&service.policy.code, &service.policy.phone);
    let granted = staging.reserve_resend(&key, purpose, policy, limits).await?;
    let reservation = match granted {
        Resend::Yes(reservation) => reservation,
        Resend::No(error) => return Err(error.into()),
        Resend::WrongStep(step) => return Err(Error::WrongStep(step)),
        Resend::Gone => return Err(Error::TicketExpired),
    };
    let grant = match Grant::reserve(&service, purpose, client, &reservation.phone).await {
        Ok(grant) => grant,
        Err(error) => {
            log_refund_error(staging.cancel_send(&key, Cancel { refund: true, end: false }).await);
            return Err(error);
        }
    };
    let sent = CodeSent {
        ticket,
        phone: reservation.phone,
        expires_in: reservation.expires_in,
        resend_in: reservation.resend_in,
        attempts_left: reservation.attempts_left,
    };
    let Reservation { send, decoy, client: app, .. } = reservation;
    let order = Order { purpose, send, decoy, language: client.language, app };
    deliver(&service, Delivery::of(&service, &sent, &order, grant), conceal).await?;
    Ok(sent)
}

/// Nothing goes to a test number, so nothing is reserved: the answer is where the flow stands.
async fn look(service: &Service, purpose: Purpose, ticket: Ticket, test: &TestPhone) -> Result<CodeSent, Error> {
    let flow = service.ports.staging.read_flow(&ticket.flow_key(), purpose, &service.policy.code).await?;
    let Flow { phone, state, expires_in } = flow.ok_or(Error::TicketExpired)?;
    let State::CodeSent { attempts_left, resend_in } = state else { return Err(Error::WrongStep(state.step())) };
    used(test, "send");
    Ok(CodeSent { ticket, phone, expires_in, resend_in, attempts_left })
}
