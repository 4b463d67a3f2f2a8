//! The current password, to confirm what matters or to be replaced.

use crate::domain::password::{Password, PasswordHash};
use crate::flows::limits::log_refund_error;
use crate::flows::password_attempt::PasswordAttempt;
use crate::flows::session::Caller;
use crate::flows::{Error, Service};
use crate::ports::{Hashed, Proof, Verdict};
use std::sync::Arc;

/// Replaces the password and ends the person's other sessions.
pub async fn change(service: &Arc<Service>, caller: Caller, current: Password, new: Password) -> Result<(), Error> {
    service.background.run_to_completion(replace(Arc::clone(service), caller, current, new)).await
}

async fn replace(service: Arc<Service>, caller: Caller, current: Password, new: Password) -> Result<(), Error> {
    let proof = confirm(&service, &caller, current).await?;
    let hash = match service.ports.hasher.hash(new, &caller.user.phone).await? {
        Hashed::Hash(hash) => hash,
        Hashed::TooWeak => return Err(Error::PasswordTooWeak),
    };
    let keep = Some(caller.session);
    let done = service.ports.users.set_password(caller.user.id, &proof, &hash, keep, service.now()).await?;
    if !done {
        // Another change was faster.
        return Err(Error::PasswordWrong);
    }
    // What strangers guessed must not keep her from her new password.
    log_refund_error(PasswordAttempt::forget(&service, &caller.user.phone).await);
    tracing::info!(user = %caller.user.id.0, "password changed");
    Ok(())
}

/// Asks a signed-in person for her password once more: who found an unlocked phone must not take the account.
pub(super) async fn confirm(service: &Service, caller: &Caller, given: Password) -> Result<Proof, Error> {
    let guess = PasswordAttempt::for_user(service, caller.user.id).await?;
    let hash = guess.record(service, check(service, caller, given).await).await?;
    Ok(Proof::Password(hash))
}

async fn check(service: &Service, caller: &Caller, given: Password) -> Result<PasswordHash, Error> {
    let hash = service.ports.users.password_hash(caller.user.id).await?.ok_or(Error::TokenInvalid)?;
    match service.ports.hasher.verify(given, Some(hash.clone())).await? {
        Verdict::Right { .. } => Ok(hash),
        Verdict::Wrong => Err(Error::PasswordWrong),
    }
}
