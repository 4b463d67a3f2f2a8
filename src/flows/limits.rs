//! Who may send how many, and what the whole service may spend. The phone's own limits are reserved together with its
//! flow (see [`crate::ports::Staging::open_flow`]); these are the others.

use super::{Failure, Refusal, Service};
use crate::domain::user::UserId;
use crate::ports::{Counted, Counter};
use std::net::{IpAddr, Ipv6Addr};

/// Counts a request for a captcha.
pub(super) async fn count_captcha(service: &Service, client: IpAddr) -> Result<(), Refusal> {
    let counter =
        Counter { scope: "captchas-ip", subject: address_block(client), quota: service.policy.captchas_per_ip };
    count(service, counter).await
}

/// Counts a permit to upload an avatar.
pub(super) async fn count_avatar_permit(service: &Service, owner: UserId) -> Result<(), Refusal> {
    let quota = service.policy.avatar.permits;
    count(service, Counter { scope: "avatars-user", subject: owner.0.to_string(), quota }).await
}

/// Counts a code to a number that the user wants to have, whether or not one is sent: it tells who has an account.
pub(super) async fn count_phone_change(service: &Service, user: UserId) -> Result<(), Refusal> {
    let quota = service.policy.phone_changes;
    count(service, Counter { scope: "phone-changes-user", subject: user.0.to_string(), quota }).await
}

async fn count(service: &Service, counter: Counter) -> Result<(), Refusal> {
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

    /// What the database says, or, if it fails, everything back.
    pub(super) async fn or_give_back<T>(&self, service: &Service, answer: Result<T, Failure>) -> Result<T, Refusal> {
        if answer.is_err() {
            self.give_back(service).await;
        }
        Ok(answer?)
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

/// A count that cannot be given back expires by itself: worth a line, not a refusal.
pub(super) fn log_failure(result: Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::warn!(%failure, "a reservation could not be given back");
    }
}

/// What one client is counted by: an IPv4 address, or the /64 that an IPv6 customer gets at least (RFC 6177).
pub(super) fn address_block(address: IpAddr) -> String {
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
