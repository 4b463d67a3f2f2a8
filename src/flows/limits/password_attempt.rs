//! Password attempts: how often a password may be tried.

use super::count;
use crate::domain::ip_block::IpBlock;
use crate::domain::limits::{Counter, Limit, Refund};
use crate::domain::phone::Phone;
use crate::domain::ticket::PhoneHash;
use crate::domain::user::UserId;
use crate::flows::error::Error;
use crate::flows::refund::{log_refund_error, refund};
use crate::flows::service::Service;

/// Password that is about to be compared. It is counted first, as if it were wrong, so that concurrent attempts are
/// limited like sequential ones.
pub(in crate::flows) struct PasswordAttempt(Vec<Counter>);

impl PasswordAttempt {
    /// Counts an attempt to sign in. Some wrong passwords need no captcha. Beyond all limits the password has to wait,
    /// and sign-in by code does not.
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

    /// Counts an attempt of a signed-in person to confirm with their password.
    pub(in crate::flows) async fn for_user(service: &Service, user: UserId) -> Result<Self, Error> {
        let limits = [Limit::UserPasswordAttempts, Limit::UserWrongPasswords];
        let counters = limits.map(|limit| service.policy.limits.counter(limit, user.0.to_string()));
        count(service, &counters).await?;
        Ok(Self(counters.into()))
    }

    /// Refunds by the outcome. A wrong password stays counted, a right one stays counted as an attempt. After a failure
    /// all is refunded: the retry of an app must not use up the attempts of its owner.
    pub(in crate::flows) async fn record<T>(self, service: &Service, outcome: Result<T, Error>) -> Result<T, Error> {
        let right = match outcome {
            Err(Error::CredentialsInvalid | Error::PasswordWrong) => return outcome,
            Err(Error::Dependency(_)) => Refund::NothingDone,
            _ => Refund::PasswordRight,
        };
        refund(service, &self.0, right).await;
        outcome
    }

    /// Forgets the wrong passwords for a phone, which has a new password.
    pub(in crate::flows) async fn reset(service: &Service, phone: &Phone) {
        let phone = phone_key(service, phone);
        let limits = [Limit::WrongPasswords, Limit::WrongPasswordsFree];
        let counters = limits.map(|limit| service.policy.limits.counter(limit, &*phone));
        log_refund_error(service.ports.staging.reset(&counters).await);
    }
}

fn phone_key(service: &Service, phone: &Phone) -> String {
    PhoneHash::of(phone, &service.keys.phone_hash).encoded()
}
