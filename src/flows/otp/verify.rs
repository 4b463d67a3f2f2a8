//! Check of a code that a client entered.

use super::expected::Expected;
use crate::domain::completion::Completion;
use crate::domain::flow::{Proven, Purpose, Step, Transition};
use crate::domain::otp::OneTimeCode;
use crate::domain::ticket::{FlowKey, Ticket};
use crate::flows::claim::hold;
use crate::flows::error::{Error, InQuestion};
use crate::flows::limits::{denied, refund_verified};
use crate::flows::new_password;
use crate::flows::refund::{log_refund_error, now_or_when_available, when_available};
use crate::flows::service::Service;
use crate::ports::{Change, CodeAttempt, CodeCheck, DependencyError, Event, OnRight, Verified};
use std::future::Future;
use std::time::Duration;
use uuid::Uuid;

/// Step that a flow has completed, and its remaining lifetime.
#[derive(Debug)]
pub struct StepDone {
    pub step: Step,
    pub expires_in: Duration,
}

/// Checks a code, and moves its flow to the next step. The expected code is derived from the ticket, so one staging
/// operation decides.
pub(in crate::flows) async fn verify(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    given: &OneTimeCode,
) -> Result<(StepDone, Proven), Error> {
    let (transition, expires_in) = (Transition::VERIFY_CODE, service.policy.flow.verified_ttl);
    let verified = check(service, purpose, ticket, given, OnRight::Advance { transition, ttl: expires_in }).await?;
    on_verified(service, purpose, ticket, &verified);
    Ok((StepDone { step: transition.to.unwrap_or(Step::FIRST), expires_in }, verified.proven))
}

/// Checks the code of a flow without further steps, and performs the action of the flow at once. If a dependency fails,
/// or the new password is too weak, the code can be entered again. If the code is not enough, the flow is kept.
/// Otherwise the flow is deleted.
pub(in crate::flows) async fn redeem<T, Done>(
    service: &Service,
    purpose: Purpose,
    ticket: Ticket,
    given: OneTimeCode,
    act: impl FnOnce(Service, Proven) -> Done + Send + 'static,
) -> Result<T, Error>
where
    T: Send + 'static,
    Done: Future<Output = Result<T, Error>> + Send,
{
    let handle = service.clone();
    let work = async move {
        let service = handle;
        let (verified, _, done) = claim(&service, purpose, &ticket, &given, act).await?;
        if done.as_ref().is_err_and(Error::keeps_flow) {
            return done;
        }
        // Two callers may have claimed the code, one after the other. Only the one that deletes the flow refunds.
        if delete_flow(&service, &ticket).await {
            on_verified(&service, purpose, &ticket, &verified);
        }
        done
    };
    service.background.run_to_completion(work).await
}

/// Checks the code of an account, asks whether it is enough, and moves the flow to the next step with the completion.
pub(in crate::flows) async fn accept<Done>(
    service: &Service,
    purpose: Purpose,
    ticket: Ticket,
    given: OneTimeCode,
    ask: impl FnOnce(Service, Proven) -> Done + Send + 'static,
) -> Result<StepDone, Error>
where
    Done: Future<Output = Result<Option<Completion>, Error>> + Send,
{
    let handle = service.clone();
    let work = async move {
        let service = handle;
        let (verified, owner, asked) = claim(&service, purpose, &ticket, &given, ask).await?;
        let transition = Transition::ACCEPT_CODE;
        let moved = match asked {
            Ok(completion) => {
                let change = Change::Refunded(completion);
                advance(&service, purpose, &ticket, &transition, &change).await
            }
            Err(error) if error.keeps_flow() => return Err(error),
            Err(error) => {
                if delete_flow(&service, &ticket).await {
                    on_verified(&service, purpose, &ticket, &verified);
                }
                return Err(error);
            }
        };
        release(&service, &ticket, owner).await;
        let expires_in = moved?;
        on_verified(&service, purpose, &ticket, &verified);
        Ok(StepDone { step: transition.to.unwrap_or(Step::FIRST), expires_in })
    };
    service.background.run_to_completion(work).await
}

/// Checks the code, and claims it while `act` runs. After an error that keeps the flow, the code can be entered again;
/// if it was not enough, the flow has the step of an account in question.
async fn claim<T, Done>(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    given: &OneTimeCode,
    act: impl FnOnce(Service, Proven) -> Done,
) -> Result<(Verified, Uuid, Result<T, Error>), Error>
where
    Done: Future<Output = Result<T, Error>>,
{
    let (key, owner, ttl) = (ticket.flow_key(), service.new_id(), service.policy.flow.claim_ttl);
    let on_right = OnRight::Claim { transition: Transition::REDEEM_CODE, owner, ttl };
    let checked = check(service, purpose, ticket, given, on_right).await;
    if let Err(Error::Dependency(DependencyError::Unavailable { may_be_done: true, .. })) = checked {
        // The code may be claimed: perhaps only the response was lost.
        when_available(service, move |service| release_once(service, key, owner));
    }
    let verified = checked?;
    let act = act(service.clone(), verified.proven.clone());
    let mut done = hold(ttl, act, |ttl| service.ports.staging.renew_code(&key, owner, ttl)).await;
    if let Err(Error::InQuestion(question)) = done {
        let kept = question_account(service, purpose, ticket, question).await;
        if let Error::InQuestion(_) = kept {
            on_verified(service, purpose, ticket, &verified);
        }
        done = Err(kept);
    }
    if done.as_ref().is_err_and(Error::keeps_flow) {
        release(service, ticket, owner).await;
    }
    Ok((verified, owner, done))
}

/// Keeps a flow whose code was right, and not enough. Its unverified codes are refunded once. Returns the error for the
/// client.
pub(in crate::flows) async fn question_account(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    question: InQuestion,
) -> Error {
    let change = Change::Question(question.open(service.now()));
    match advance(service, purpose, ticket, &Transition::QUESTION_ACCOUNT, &change).await {
        Ok(expires_in) => Error::InQuestion(InQuestion { expires_in: Some(expires_in), ..question }),
        Err(error) => error,
    }
}

/// Makes a transition after which the unverified codes of the flow count as refunded. Returns the remaining lifetime.
async fn advance(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    transition: &Transition,
    change: &Change,
) -> Result<Duration, Error> {
    new_password::advance(service, purpose, ticket, transition, change).await.map(|flow| flow.expires_in)
}

async fn release(service: &Service, ticket: &Ticket, owner: Uuid) {
    let key = ticket.flow_key();
    log_refund_error(now_or_when_available(service, move |service| release_once(service, key, owner)).await);
}

async fn release_once(service: Service, key: FlowKey, owner: Uuid) -> Result<(), DependencyError> {
    service.ports.staging.release_code(&key, owner).await
}

async fn check(
    service: &Service,
    purpose: Purpose,
    ticket: &Ticket,
    given: &OneTimeCode,
    on_right: OnRight,
) -> Result<Verified, Error> {
    let expected = Expected::new(service, purpose, ticket);
    let wrong_codes = service.policy.limits.wrong_codes(ticket.phone_hash());
    let attempt = CodeAttempt { purpose, right: expected.code.matches(given), wrong_codes, on_right };
    let checked = service.ports.staging.verify_code(&ticket.flow_key(), &attempt).await?;
    expected.log_attempt(&checked);
    match checked {
        CodeCheck::Right(verified) => Ok(verified),
        CodeCheck::Busy { retry_after } => Err(Error::CodeBusy { retry_after }),
        CodeCheck::Wrong { attempts_left } => Err(Error::CodeWrong { attempts_left }),
        CodeCheck::Exhausted => Err(Error::CodeExhausted),
        CodeCheck::Limited(reached) => Err(denied(service, &reached)),
        CodeCheck::WrongStep(step) => Err(Error::WrongStep(step)),
        CodeCheck::Gone => Err(Error::TicketExpired),
    }
}

/// Records the verified code, and refunds the unverified codes of the flow's messages. Does nothing for a test number,
/// which gets no message.
fn on_verified(service: &Service, purpose: Purpose, ticket: &Ticket, verified: &Verified) {
    if verified.ip_blocks.iter().all(String::is_empty) {
        return;
    }
    let (provider, region) = (verified.provider.as_deref().unwrap_or("unknown"), verified.proven.phone.region());
    service.ports.telemetry.record(Event::CodeVerified { provider, region, topic: purpose.into() });
    refund_verified(service, purpose, ticket.phone_hash(), verified);
}

/// Deletes a finished flow; returns whether it existed. A flow that cannot be deleted now expires by itself.
pub(in crate::flows) async fn delete_flow(service: &Service, ticket: &Ticket) -> bool {
    let deleted = service.ports.staging.delete_flow(&ticket.flow_key()).await;
    deleted.unwrap_or_else(|error| {
        tracing::warn!(%error, "flow deletion failed");
        false
    })
}
