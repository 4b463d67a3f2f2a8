//! Who may send how many, what the whole service may spend, and who may guess how often. The phone's own limits are reserved together with its
//! flow (see [`crate::ports::Staging::open_flow`]); these are the others.

use super::{Failure, Refusal, Service};
use crate::domain::phone::Phone;
use crate::domain::policy::Quota;
use crate::domain::ticket::Subject;
use crate::domain::user::UserId;
use crate::ports::{Counted, Counter};
use std::net::{IpAddr, Ipv6Addr};

/// Counts a request for a captcha.
pub(super) async fn count_captcha(service: &Service, client: IpAddr) -> Result<(), Refusal> {
    let counter =
        Counter { scope: "captchas-ip", subject: address_block(client), quota: service.policy.captchas_per_ip };
    match service.ports.staging.count(&[counter]).await? {
        Counted::Yes => Ok(()),
        Counted::Full { retry_after, .. } => Err(Refusal::TooManyRequests { retry_after }),
    }
}

/// A message that was granted to an address and taken from the budget.
pub(super) struct Grant {
    address: Counter,
    budget: [Counter; 2],
}

impl Grant {
    /// Reserves one message, or refuses and reserves nothing.
    pub(super) async fn reserve(service: &Service, client: IpAddr) -> Result<Self, Refusal> {
        let policy = &service.policy;
        let whole = |scope, quota| Counter { scope, subject: String::new(), quota };
        let grant = Self {
            address: Counter { scope: "sends-ip", subject: address_block(client), quota: policy.sends_per_ip },
            budget: [whole("sms-hour", policy.sms_hourly), whole("sms-day", policy.sms_daily)],
        };
        match service.ports.staging.count(&grant.all()).await? {
            Counted::Yes => Ok(grant),
            Counted::Full { index: 0, retry_after } => Err(Refusal::TooManyRequests { retry_after }),
            Counted::Full { retry_after, .. } => {
                tracing::warn!("the SMS budget is spent: no code is sent");
                Err(Refusal::SmsBudgetExhausted { retry_after })
            }
        }
    }

    /// Reserves one message, and tells whether the phone has an account.
    pub(super) async fn reserve_and_look(
        service: &Service,
        phone: &Phone,
        client: IpAddr,
    ) -> Result<(Self, bool), Refusal> {
        let grant = Self::reserve(service, client).await?;
        match service.ports.users.phone_is_taken(phone).await {
            Ok(taken) => Ok((grant, taken)),
            Err(failure) => {
                grant.give_back(service).await;
                Err(failure.into())
            }
        }
    }

    /// Nothing was sent: gives all back.
    pub(super) async fn give_back(&self, service: &Service) {
        log_failure(service.ports.staging.uncount(&self.all()).await);
    }

    /// Nothing was sent, but something was learnt: the address has used its try.
    pub(super) async fn give_back_budget(&self, service: &Service) {
        log_failure(service.ports.staging.uncount(&self.budget).await);
    }

    fn all(&self) -> [Counter; 3] {
        let [hour, day] = self.budget.clone();
        [self.address.clone(), hour, day]
    }
}

/// A password that is about to be looked at. It is counted first, as if it were wrong, so that of a thousand guesses at once
/// no more are looked at than of a thousand in a row.
pub(super) struct Guess {
    /// Of wrong passwords.
    wrong: Vec<Counter>,
}

impl Guess {
    /// Without a captcha only so many wrong ones are free. Beyond all limits the password has to wait; a code by SMS does
    /// not, so that nobody can lock a stranger out.
    pub(super) async fn at_login(
        service: &Service,
        phone: &Phone,
        client: IpAddr,
        captcha_solved: bool,
    ) -> Result<Self, Refusal> {
        let policy = &service.policy.login;
        let address = address_block(client);
        let of_address = |scope, quota| Counter { scope, subject: address.clone(), quota };
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
            Counted::Yes => Ok(Self { wrong: counters.split_off(1) }),
            Counted::Full { index: 0 | 1, retry_after } => Err(Refusal::PhoneLimitReached { retry_after }),
            Counted::Full { index: 2, retry_after } => Err(Refusal::TooManyRequests { retry_after }),
            Counted::Full { .. } => Err(Refusal::CaptchaRequired),
        }
    }

    /// A signed-in person confirms with her password.
    pub(super) async fn by_user(service: &Service, user: UserId) -> Result<Self, Refusal> {
        let (policy, subject) = (&service.policy.login, user.0.to_string());
        let wrong = Counter { scope: "wrong-passwords-user", subject: subject.clone(), quota: policy.per_user };
        match service.ports.staging.count(&[Self::tries(subject, policy.tries), wrong.clone()]).await? {
            Counted::Yes => Ok(Self { wrong: vec![wrong] }),
            Counted::Full { retry_after, .. } => Err(Refusal::TooManyRequests { retry_after }),
        }
    }

    /// Right or wrong: each costs a hash.
    fn tries(subject: String, quota: Quota) -> Counter {
        Counter { scope: "passwords", subject, quota }
    }

    /// A wrong password stays counted; whatever else came out of the look at it is taken back.
    pub(super) async fn settle<T>(self, service: &Service, outcome: Result<T, Refusal>) -> Result<T, Refusal> {
        if !matches!(outcome, Err(Refusal::CredentialsInvalid | Refusal::PasswordWrong)) {
            log_failure(service.ports.staging.uncount(&self.wrong).await);
        }
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
    Counter { scope: "wrong-passwords", subject, quota: service.policy.login.per_phone }
}

fn wrong_passwords_without_captcha(service: &Service, phone: &Phone) -> Counter {
    let quota = service.policy.login.free_per_phone;
    Counter { scope: "wrong-passwords-free", quota, ..wrong_passwords(service, phone) }
}

/// A count that cannot be given back expires by itself: worth a line, not a refusal.
pub(super) fn log_failure(result: Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::warn!(%failure, "a reservation could not be given back");
    }
}

/// What one client is counted by: an IPv4 address, or the /64 that an IPv6 customer gets at least (RFC 6177).
fn address_block(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let block = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{block}/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_counts_by_its_64() {
        let block = |text: &str| address_block(text.parse().unwrap());
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), block("2001:db8:1:2:ffff::1"));
        assert_ne!(block("2001:db8:1:2::1"), block("2001:db8:1:3::1"));
        assert_eq!(block("192.0.2.1"), "192.0.2.1");
        assert_eq!(block("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
