//! Password change, and confirmation of an important change with the current password.

use super::notice::{self, Notice};
use crate::domain::message::Content;
use crate::domain::password::{NewPassword, Password, PasswordHash};
use crate::domain::session::Generation;
use crate::domain::texts::TextLanguage;
use crate::domain::user::User;
use crate::flows::limits::PasswordAttempt;
use crate::flows::session::{self, Caller, Tokens};
use crate::flows::{Error, Service};
use crate::ports::{Hashed, Proof, Renewed, Verdict};

/// Replaces the password, renews this session and ends the user's other sessions. The refresh tokens that this session
/// had before are invalid: a copy of one does not survive the change. A session that is bound to a key stays bound, and
/// its earlier tokens are as useful to a thief as before: not at all.
pub async fn change(
    service: &Service,
    caller: Caller,
    current: Password,
    new: NewPassword,
    language: TextLanguage,
) -> Result<Tokens, Error> {
    service.background.run_to_completion(replace(service.clone(), caller, current, new, language)).await
}

async fn replace(
    service: Service,
    caller: Caller,
    current: Password,
    new: NewPassword,
    language: TextLanguage,
) -> Result<Tokens, Error> {
    let proof = confirm(&service, &caller, current).await?;
    let hash = match service.ports.hasher.hash(new, caller.user.phone.as_ref()).await? {
        Hashed::Hash(hash) => hash,
        Hashed::TooWeak => return Err(Error::PasswordTooWeak),
    };
    let renewed = service.ports.users.change_password(&caller.authority(), &proof, &hash, service.now()).await?;
    // `None`: a concurrent change was faster, or the session has ended.
    let Renewed { number, expires_at, bound } = renewed.ok_or(Error::TokenInvalid)?;
    let User { id: user, phone, .. } = caller.user;
    tracing::info!(user = %user.0, "password changed");
    if let Some(to) = phone {
        // Wrong passwords of strangers must not lock out the new password.
        PasswordAttempt::reset(&service, &to).await;
        notice::send(&service, Notice { user, to, content: Content::PasswordChanged, language });
    }
    session::renew(&service, user, Generation { session: caller.session, number }, expires_at, bound)
}

/// Checks the current password of a signed-in user: a person who finds an unlocked phone must not take over the
/// account.
pub(super) async fn confirm(service: &Service, caller: &Caller, given: Password) -> Result<Proof, Error> {
    let attempt = PasswordAttempt::for_user(service, caller.user.id).await?;
    let hash = attempt.record(service, compare(service, caller, given).await).await?;
    Ok(Proof::Password(hash))
}

async fn compare(service: &Service, caller: &Caller, given: Password) -> Result<PasswordHash, Error> {
    let hash = service.ports.users.password_hash(caller.user.id).await?.ok_or(Error::TokenInvalid)?;
    match service.ports.hasher.verify(given, Some(hash.clone())).await? {
        Verdict::Right { .. } => Ok(hash),
        Verdict::Wrong => Err(Error::PasswordWrong),
    }
}
