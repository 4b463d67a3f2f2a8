//! Password reset: a code, then a new password. It does not sign the user in.

use super::account::notice::{self, Notice};
use super::error::Error;
use super::known_device::NamedDevice;
use super::limits::reset_wrong_passwords;
use super::new_password::{self, Advanced};
use super::otp::{self, StepDone};
use super::ownership::{self, Question};
use super::service::Service;
use crate::domain::completion::Completion;
use crate::domain::flow::{Proven, Purpose};
use crate::domain::message::Content;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::{NewPassword, PasswordHash};
use crate::domain::pending::ActKind;
use crate::domain::texts::TextLanguage;
use crate::domain::ticket::Ticket;
use crate::ports::{Proof, Whose};

/// Checks the code.
///
/// The code alone may not be enough: then the client can repeat it with a known device, or after the owner has approved
/// the reset.
pub async fn verify_code(
    service: &Service,
    ticket: Ticket,
    given: OneTimeCode,
    device: Option<NamedDevice>,
) -> Result<StepDone, Error> {
    let ask = move |service, proven| ask(service, proven, device);
    otp::accept(service, Purpose::ResetPassword, ticket, given, ask).await
}

async fn ask(service: Service, proven: Proven, device: Option<NamedDevice>) -> Result<Option<Completion>, Error> {
    let (whose, account) = (Whose::Phone(proven.phone), proven.account.ok_or(Error::TicketExpired)?);
    let question = Question { device, ..Question::default() };
    let entered = ownership::ask(&service, ActKind::PasswordReset, whose, account, question).await?.entered()?;
    Ok(entered.uses.map(Completion::Use))
}

/// Replaces the password, ends every session, and deletes the flow. If the database fails, the flow stays.
pub async fn set_password(
    service: &Service,
    ticket: Ticket,
    password: NewPassword,
    language: TextLanguage,
) -> Result<(), Error> {
    let (flow, hash) = new_password::hash(service, Purpose::ResetPassword, &ticket, password).await?;
    service.background.run_to_completion(replace_or_refund(service.clone(), ticket, flow, hash, language)).await
}

/// Replaces the password. If a dependency fails, refunds the password hash of the flow.
async fn replace_or_refund(
    service: Service,
    ticket: Ticket,
    flow: Advanced,
    hash: PasswordHash,
    language: TextLanguage,
) -> Result<(), Error> {
    let done = replace(&service, &ticket, flow, hash, language).await;
    if let Err(Error::Dependency(_)) = done {
        new_password::refund(&service, &ticket).await;
    }
    done
}

async fn replace(
    service: &Service,
    ticket: &Ticket,
    flow: Advanced,
    hash: PasswordHash,
    language: TextLanguage,
) -> Result<(), Error> {
    let Advanced { proven: Proven { phone, account, .. }, completion, .. } = flow;
    let account = account.ok_or(Error::TicketExpired)?;
    let uses = match completion {
        Some(Completion::Use(act)) => Some(act),
        _ => None,
    };
    let proof = Proof::of_code(phone.clone(), account).using(uses);
    let done = service.ports.users.reset_password(account.user, &proof, &hash, service.now()).await?;
    otp::delete_flow(service, ticket).await;
    if !done {
        // Since the code was sent, the account was deleted, or got another phone or a new password.
        return Err(Error::TicketExpired);
    }
    // The owner has proven the phone: wrong passwords of strangers must not lock out the new password.
    reset_wrong_passwords(service, account.user, Some(&phone)).await;
    tracing::info!(phone = phone.masked(), "password reset");
    let notice = Notice { user: account.user, to: phone, content: Content::PasswordReset, language };
    notice::send(service, notice);
    Ok(())
}
