//! Who may guess a password how often.

use super::limits::{ip_block, log_refund_error};
use super::{DependencyError, Error, Service};
use crate::domain::phone::Phone;
use crate::domain::policy::Quota;
use crate::domain::ticket::PhoneHash;
use crate::domain::user::UserId;
use crate::ports::{Admission, Counter};
use std::net::IpAddr;

/// A password that is about to be looked at. It is counted first, as if it were wrong, so that of a thousand guesses at once
/// no more are looked at than of a thousand in a row.
pub(super) struct PasswordAttempt {
    /// Of passwords that are looked at, right or wrong: each costs a hash.
    tries: Counter,
    /// Of wrong passwords.
    wrong: Vec<Counter>,
}

impl PasswordAttempt {
    /// Without a captcha only so many wrong ones are free. Beyond all limits the password has to wait, and a code by SMS
    /// does not.
    pub(super) async fn for_login(
        service: &Service,
        phone: &Phone,
        client: IpAddr,
        captcha_solved: bool,
    ) -> Result<Self, Error> {
        let policy = &service.policy.login;
        let address = ip_block(client);
        let of_address = |scope, quota| Counter::count(scope, &*address, quota);
        let mut counters = vec![
            Self::tries(PhoneHash::of(phone, &service.keys.subject).encoded(), policy.tries),
            wrong_passwords(service, phone),
            of_address("wrong-passwords-ip", policy.per_ip),
        ];
        if !captcha_solved {
            counters.push(wrong_passwords_without_captcha(service, phone));
            counters.push(of_address("wrong-passwords-ip-free", policy.free_per_ip));
        }
        match service.ports.staging.count(&counters).await? {
            Admission::Allowed(_) => Ok(Self { wrong: counters.split_off(1), tries: counters.remove(0) }),
            Admission::Limited { index: 0 | 1, retry_after } => Err(Error::PhoneLimitReached { retry_after }),
            Admission::Limited { index: 2, retry_after } => Err(Error::TooManyRequests { retry_after }),
            Admission::Limited { .. } => Err(Error::CaptchaRequired),
        }
    }

    /// A signed-in person confirms with her password.
    pub(super) async fn for_user(service: &Service, user: UserId) -> Result<Self, Error> {
        let (policy, subject) = (&service.policy.login, user.0.to_string());
        let wrong = Counter::count("wrong-passwords-user", &*subject, policy.per_user);
        let tries = Self::tries(subject, policy.tries);
        match service.ports.staging.count(&[tries.clone(), wrong.clone()]).await? {
            Admission::Allowed(_) => Ok(Self { tries, wrong: vec![wrong] }),
            Admission::Limited { retry_after, .. } => Err(Error::TooManyRequests { retry_after }),
        }
    }

    fn tries(subject: String, quota: Quota) -> Counter {
        Counter::count("passwords", subject, quota)
    }

    /// A wrong password stays counted. A right one stays counted as a try. When something failed all is taken back: an app
    /// that comes again as it is told to must not use its owner's tries up.
    pub(super) async fn record<T>(self, service: &Service, outcome: Result<T, Error>) -> Result<T, Error> {
        let mut back = self.wrong;
        match outcome {
            Err(Error::CredentialsInvalid | Error::PasswordWrong) => return outcome,
            Err(Error::Dependency(_)) => back.push(self.tries),
            _ => {}
        }
        log_refund_error(service.ports.staging.refund(&back).await);
        outcome
    }

    /// What was guessed at a phone's password is no longer of interest: it has a new one.
    pub(super) async fn forget(service: &Service, phone: &Phone) -> Result<(), DependencyError> {
        let counters = [wrong_passwords(service, phone), wrong_passwords_without_captcha(service, phone)];
        service.ports.staging.reset(&counters).await
    }
}

fn wrong_passwords(service: &Service, phone: &Phone) -> Counter {
    let subject = PhoneHash::of(phone, &service.keys.subject).encoded();
    Counter::count("wrong-passwords", subject, service.policy.login.per_phone)
}

fn wrong_passwords_without_captcha(service: &Service, phone: &Phone) -> Counter {
    let subject = PhoneHash::of(phone, &service.keys.subject).encoded();
    Counter::count("wrong-passwords-free", subject, service.policy.login.free_per_phone)
}
