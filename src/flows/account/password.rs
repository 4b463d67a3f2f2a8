//! Password change, first password of an account without one, and confirmation of an important change with the current
//! password.

use super::notice::{self, Notice};
use super::own_number;
use crate::domain::client_id::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::message::Content;
use crate::domain::otp::OneTimeCode;
use crate::domain::password::{NewPassword, Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::domain::session::Generation;
use crate::domain::texts::TextLanguage;
use crate::domain::ticket::Ticket;
use crate::domain::user::{AccountVersion, User};
use crate::flows::limits::{PasswordAttempt, reset_wrong_passwords};
use crate::flows::otp::CodeSent;
use crate::flows::session::{self, Caller, Tokens};
use crate::flows::{Client, Error, Service};
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
    let attempt = PasswordAttempt::for_user(&service, caller.user.id).await?;
    let handle = service.clone();
    let replaced = async {
        let hash = compare(&handle, &caller, current).await?;
        store(handle, caller, Proof::Password(hash), new, language).await
    };
    match replaced.await {
        // The wrong passwords are reset, and this attempt with them.
        Ok(tokens) => Ok(tokens),
        failed => attempt.record(&service, failed).await,
    }
}

/// Sends a code to the own number of a user without a password.
pub async fn send_code(
    service: &Service,
    caller: &Caller,
    client: Client,
    app: Option<ClientId>,
) -> Result<CodeSent, Error> {
    require_no_password(caller)?;
    own_number::send_code(service, Purpose::SetPassword(caller.user.id), caller, client, app).await
}

pub async fn resend_code(
    service: &Service,
    caller: &Caller,
    ticket: Ticket,
    client: Client,
) -> Result<CodeSent, Error> {
    own_number::resend_code(service, Purpose::SetPassword(caller.user.id), caller, ticket, client).await
}

/// Sets the first password with a code. It does not replace a password: a person with the SIM and an unlocked phone
/// must not take over the account. After a password that is too weak, the code is still valid.
pub async fn set_first(
    service: &Service,
    caller: Caller,
    ticket: Ticket,
    given: OneTimeCode,
    new: NewPassword,
    language: TextLanguage,
) -> Result<Tokens, Error> {
    require_no_password(&caller)?;
    let set = move |service, caller: Caller, phone: Phone| {
        let proof = Proof::of_code(phone, AccountVersion::of(&caller.user));
        store(service, caller, proof, new, language)
    };
    own_number::redeem(service, Purpose::SetPassword(caller.user.id), caller, ticket, given, set).await
}

fn require_no_password(caller: &Caller) -> Result<(), Error> {
    if caller.user.has_password { Err(Error::PasswordAlreadySet) } else { Ok(()) }
}

/// Stores the new password, and renews the session.
async fn store(
    service: Service,
    caller: Caller,
    proof: Proof,
    new: NewPassword,
    language: TextLanguage,
) -> Result<Tokens, Error> {
    let hash = match service.ports.hasher.hash(new, caller.user.phone.as_ref()).await? {
        Hashed::Hash(hash) => hash,
        Hashed::TooWeak => return Err(Error::PasswordTooWeak),
    };
    let renewed = service.ports.users.change_password(&caller.authority(), &proof, &hash, service.now()).await?;
    // `None`: a concurrent change was faster, or the session has ended.
    let Renewed { number, expires_at, bound, client_id } = renewed.ok_or(Error::TokenInvalid)?;
    let User { id: user, phone, .. } = caller.user;
    tracing::info!(user = %user.0, "password changed");
    // Wrong passwords of strangers must not lock out the new password.
    reset_wrong_passwords(&service, user, phone.as_ref()).await;
    if let Some(to) = phone {
        notice::send(&service, Notice { user, to, content: Content::PasswordChanged, language });
    }
    let generation = Generation { session: caller.session, number };
    session::renew(&service, user, generation, expires_at, bound, client_id.as_ref())
}

/// Checks the current password of a signed-in user: a person who finds an unlocked phone must not take over the
/// account.
pub(super) async fn confirm(service: &Service, caller: &Caller, given: Password) -> Result<Proof, Error> {
    let attempt = PasswordAttempt::for_user(service, caller.user.id).await?;
    let hash = attempt.record(service, compare(service, caller, given).await).await?;
    Ok(Proof::Password(hash))
}

async fn compare(service: &Service, caller: &Caller, given: Password) -> Result<PasswordHash, Error> {
    if !service.policy.has_password(&caller.user) {
        return Err(Error::PasswordWrong);
    }
    let hash = service.ports.users.password_hash(caller.user.id).await?.ok_or(Error::TokenInvalid)?;
    match service.ports.hasher.verify(given, Some(hash.clone())).await? {
        Verdict::Right { .. } => Ok(hash),
        Verdict::Wrong => Err(Error::PasswordWrong),
    }
}
