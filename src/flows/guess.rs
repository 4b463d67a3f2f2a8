//! Who may guess a password how often.

use super::limits::{address_block, log_failure};
use super::{Failure, Refusal, Service};
use crate::domain::phone::Phone;
use crate::domain::policy::Quota;
use crate::domain::ticket::Subject;
use crate::domain::user::UserId;
use crate::ports::{Counted, Counter};
use std::net::IpAddr;

/// A password that is about to be looked at. It is counted first, as if it were wrong, so that of a thousand guesses at once
/// no more are looked at than of a thousand in a row.
pub(super) struct Guess {
    /// Of passwords that are looked at, right or wrong: each costs a hash.
    tries: Counter,
    /// Of wrong passwords.
    wrong: Vec<Counter>,
}

impl Guess {
    /// Without a captcha only so many wrong ones are free. Beyond all limits the password has to wait, and a code by SMS
    /// does not.
    pub(super) async fn at_login(
        service: &Service,
        phone: &Phone,
        client: IpAddr,
        captcha_solved: bool,
    ) -> Result<Self, Refusal> {
        let policy = &service.policy.login;
        let address = address_block(client);
        let of_address = |scope, quota| Counter::calls(scope, &*address, quota);
        let mut counters = vec![
            Self::tries(Subject::of(phone, &service.keys.subject).encoded(), policy.tries),
            wrong_passwords(service, phone),
            of_address("wrong-passwords-ip", policy.per_ip),
        ];
        if !captcha_solved {
            counters.push(wrong_passwords_without_captcha(service, phone));
            counters.push(of_address("wrong-passwords-ip-free", policy.free_per_ip));
        }
        match service.ports.staging.count(&counters).await? {
            Counted::Yes(_) => Ok(Self { wrong: counters.split_off(1), tries: counters.remove(0) }),
            Counted::Full { index: 0 | 1, retry_after } => Err(Refusal::PhoneLimitReached { retry_after }),
            Counted::Full { index: 2, retry_after } => Err(Refusal::TooManyRequests { retry_after }),
            Counted::Full { .. } => Err(Refusal::CaptchaRequired),
        }
    }

    /// A signed-in person confirms with her password.
    pub(super) async fn by_user(service: &Service, user: UserId) -> Result<Self, Refusal> {
        let (policy, subject) = (&service.policy.login, user.0.to_string());
        let wrong = Counter::calls("wrong-passwords-user", &*subject, policy.per_user);
        let tries = Self::tries(subject, policy.tries);
        match service.ports.staging.count(&[tries.clone(), wrong.clone()]).await? {
            Counted::Yes(_) => Ok(Self { tries, wrong: vec![wrong] }),
            Counted::Full { retry_after, .. } => Err(Refusal::TooManyRequests { retry_after }),
        }
    }

    fn tries(subject: String, quota: Quota) -> Counter {
        Counter::calls("passwords", subject, quota)
    }

    /// A wrong password stays counted. A right one stays counted as a try. When something failed all is taken back: an app
    /// that comes again as it is told to must not use its owner's tries up.
    pub(super) async fn settle<T>(self, service: &Service, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        let mut back = self.wrong;
        match outcome {
            Err(Refusal::CredentialsInvalid | Refusal::PasswordWrong) => return outcome,
            Err(Refusal::Failed(_)) => back.push(self.tries),
            _ => {}
        }
        log_failure(service.ports.staging.uncount(&back).await);
        outcome
    }

    /// What was guessed at a phone's password is no longer of interest: it has a new one.
    pub(super) async fn forget(service: &Service, phone: &Phone) -> Result<(), Failure> {
        let counters = [wrong_passwords(service, phone), wrong_passwords_without_captcha(service, phone)];
        service.ports.staging.forget(&counters).await
    }
}

fn wrong_passwords(service: &Service, phone: &Phone) -> Counter {
    let subject = Subject::of(phone, &service.keys.subject).encoded();
    Counter::calls("wrong-passwords", subject, service.policy.login.per_phone)
}

fn wrong_passwords_without_captcha(service: &Service, phone: &Phone) -> Counter {
    let subject = Subject::of(phone, &service.keys.subject).encoded();
    Counter::calls("wrong-passwords-free", subject, service.policy.login.free_per_phone)
}
