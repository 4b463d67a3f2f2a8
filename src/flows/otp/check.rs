//! A code that somebody typed.

use super::expected::Expected;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::otp::OneTimeCode;
use crate::domain::ticket::Ticket;
use crate::flows::limits::{give_back_verified, log_refund_error};
use crate::flows::{Error, Service};
use crate::ports::{CodeCheck, Event, Verified};
use std::future::Future;
use std::sync::Arc;

/// Checks a code that somebody typed, and moves its flow on. The expected one follows from the ticket, so one staging
/// operation decides.
pub(in crate::flows) async fn check(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    given: &OneTimeCode,
) -> Result<(), Error> {
    let expected = Expected::of(service, purpose, ticket);
    let right = expected.code.matches(given);
    let (policy, limits) = (&service.policy.code, &service.policy.phone);
    let checked = service.ports.staging.check_code(&ticket.flow_key(), purpose, right, policy, limits).await?;
    expected.note(&checked);
    on_verified(service, purpose, &verified(checked)?).await;
    Ok(())
}

/// Checks the code of a flow that has no further step, and does at once what it is for. If that fails for a moment, the code
/// can be entered again; else the flow ends.
pub(in crate::flows) async fn redeem<T, Done>(
    service: &Arc<Service>,
    purpose: Purpose,
    ticket: Ticket,
    given: OneTimeCode,
    act: impl FnOnce(Arc<Service>, Proven) -> Done + Send + 'static,
) -> Result<T, Error>
where
    T: Send + 'static,
    Done: Future<Output = Result<T, Error>> + Send,
{
    let background = &service.background;
    let service = Arc::clone(service);
    let work = async move {
        let expected = Expected::of(&service, purpose, &ticket);
        let right = expected.code.matches(&given);
        let (policy, limits) = (&service.policy.code, &service.policy.phone);
        let (staging, key) = (&service.ports.staging, ticket.flow_key());
        let checked = staging.claim_code(&key, purpose, right, policy, limits).await?;
        expected.note(&checked);
        let verified = verified(checked)?;
        let done = act(Arc::clone(&service), verified.proven.clone()).await;
        if let Err(Error::Dependency(_)) = done {
            log_refund_error(staging.release_code(&key).await);
        } else if end(&service, &ticket).await {
            // Two may have had the code, one after the other: one of them has ended the flow.
            on_verified(&service, purpose, &verified).await;
        }
        done
    };
    background.run_to_completion(work).await
}

/// The messages of the flow were for a person. A test number has had none.
async fn on_verified(service: &Service, purpose: Purpose, verified: &Verified) {
    if verified.ip_blocks.iter().all(String::is_empty) {
        return;
    }
    let (provider, region) = (verified.provider.as_deref().unwrap_or("unknown"), verified.proven.phone.region());
    service.ports.telemetry.record(Event::CodeVerified { provider, region, topic: purpose.into() });
    give_back_verified(service, purpose, verified).await;
}

fn verified(checked: CodeCheck) -> Result<Verified, Error> {
    match checked {
        CodeCheck::Right(verified) => Ok(verified),
        CodeCheck::Busy { retry_after } => Err(Error::InProgress { retry_after }),
        CodeCheck::Wrong { attempts_left } => Err(Error::CodeWrong { attempts_left }),
        CodeCheck::Exhausted => Err(Error::CodeExhausted),
        CodeCheck::LimitReached { retry_after } => Err(Error::PhoneLimitReached { retry_after }),
        CodeCheck::WrongStep(step) => Err(Error::WrongStep(step)),
        CodeCheck::Gone => Err(Error::TicketExpired),
    }
}

/// Removes a flow that has done what it was for; whether it was there. One that cannot be removed now expires by itself.
pub(in crate::flows) async fn end(service: &Service, ticket: &Ticket) -> bool {
    let ended = service.ports.staging.end_flow(&ticket.flow_key()).await;
    ended.unwrap_or_else(|error| {
        tracing::warn!(%error, "flow deletion failed");
        false
    })
}
