//! Password attempts: counted before each check of a password, and limited.

use super::count;
use crate::domain::ip_block::IpBlock;
use crate::domain::limits::{Counter, Limit, Refund};
use crate::domain::phone::Phone;
use crate::domain::ticket::PhoneHash;
use crate::domain::user::UserId;
use crate::flows::error::Error;
use crate::flows::known_device::NamedDevice;
use crate::flows::refund::{log_refund_error, refund};
use crate::flows::service::Service;

/// Password that is about to be compared. It is counted first, as if it were wrong, so that concurrent attempts are
/// limited like sequential ones.
pub(in crate::flows) struct PasswordAttempt(Vec<Counter>);

impl PasswordAttempt {
    /// Counts an attempt to sign in. The first wrong passwords need no captcha. Beyond all limits, sign-in with the
    /// password is denied; sign-in with a code is not.
    pub(in crate::flows) async fn for_login(
        service: &Service,
        phone: &Phone,
        client: &IpBlock,
        captcha_solved: bool,
    ) -> Result<Self, Error> {
        let (limits, phone) = (&service.policy.limits, phone_key(service, phone));
        let mut counters =
            vec![limits.counter(Limit::PasswordAttempts, &*phone), limits.counter(Limit::WrongPasswords, &*phone)];
        counters.extend(limits.ip_counters(Limit::IpWrongPasswords, client));
        if !captcha_solved {
            counters.push(limits.counter(Limit::WrongPasswordsFree, phone));
            counters.extend(limits.ip_counters(Limit::IpWrongPasswordsFree, client));
            counters.push(limits.counter(Limit::ServiceWrongPasswordsFree, ""));
        }
        count(service, &counters).await?;
        Ok(Self(counters))
    }

    /// Counts an attempt to sign in on a device that the account may know; `None` if the device counts like any other
    /// client.
    pub(in crate::flows) async fn for_device(service: &Service, device: &NamedDevice) -> Result<Option<Self>, Error> {
        Ok(device.count(service, &[Limit::DeviceAttempts, Limit::DeviceWrongPasswords]).await?.map(Self))
    }

    /// Refunds the wrong password of a device that the account does not know: the attempt counts on other limits.
    pub(in crate::flows) async fn move_to_other_limits(self, service: &Service) {
        refund(service, &self.0, Refund::PasswordRight).await;
    }

    /// Counts an attempt of a signed-in user to confirm an action with their password.
    pub(in crate::flows) async fn for_user(service: &Service, user: UserId) -> Result<Self, Error> {
        let limits = [Limit::UserPasswordAttempts, Limit::UserWrongPasswords];
        let counters = limits.map(|limit| service.policy.limits.counter(limit, user.0.to_string()));
        count(service, &counters).await?;
        Ok(Self(counters.into()))
    }

    /// Refunds by the outcome. A wrong password stays counted. A right one stays counted as an attempt, and not as a
    /// wrong password. After a failure of a dependency everything is refunded: the retries of an app must not use up
    /// the attempts of its user.
    pub(in crate::flows) async fn record<T>(self, service: &Service, outcome: Result<T, Error>) -> Result<T, Error> {
        let refunded = match outcome {
            Err(Error::CredentialsInvalid | Error::PasswordWrong) => return outcome,
            Err(Error::Dependency(_)) => Refund::NothingDone,
            _ => Refund::PasswordRight,
        };
        refund(service, &self.0, refunded).await;
        outcome
    }
}

/// Resets the wrong passwords of an account that has a new password: those for its phone, and those of its user. One
/// operation.
pub(in crate::flows) async fn reset_wrong_passwords(service: &Service, user: UserId, phone: Option<&Phone>) {
    let limits = &service.policy.limits;
    let mut counters = vec![limits.counter(Limit::UserWrongPasswords, user.0.to_string())];
    if let Some(phone) = phone {
        let phone = phone_key(service, phone);
        counters.extend([Limit::WrongPasswords, Limit::WrongPasswordsFree].map(|limit| limits.counter(limit, &*phone)));
    }
    log_refund_error(service.ports.staging.reset(&counters).await);
}

fn phone_key(service: &Service, phone: &Phone) -> String {
    PhoneHash::of(phone, &service.keys.phone_hash).encoded()
}
