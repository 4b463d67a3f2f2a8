//! Who may send how many, and what the whole service may spend: every limit that is not a phone's own. Those are reserved together
//! with its flow (see [`crate::ports::Staging::open_flow`]).

use super::{Client, Failure, Refusal, Service, proof_of_work};
use crate::domain::phone::{Phone, Region};
use crate::domain::policy::Quota;
use crate::domain::ticket::Subject;
use crate::domain::user::UserId;
use crate::ports::{Counted, Counter, Event, Rule, Verified};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Counts a permit to upload an avatar.
pub(super) async fn count_avatar_permit(service: &Service, owner: UserId) -> Result<(), Refusal> {
    count(service, Counter::calls("avatars-user", owner.0.to_string(), service.policy.avatar.permits)).await
}

/// Counts a code to a number that the user wants to have, whether or not one is sent: it tells who has an account.
pub(super) async fn count_phone_change(service: &Service, user: UserId) -> Result<(), Refusal> {
    count(service, Counter::calls("phone-changes-user", user.0.to_string(), service.policy.phone_changes)).await
}

async fn count(service: &Service, counter: Counter) -> Result<(), Refusal> {
    match service.ports.staging.count(&[counter]).await? {
        Counted::Yes(_) => Ok(()),
        Counted::Full { retry_after, .. } => Err(Refusal::TooManyRequests { retry_after }),
    }
}

/// A message that was granted to an address and taken from the budgets.
pub(super) struct Grant {
    origin: String,
    /// What the address has tried.
    tries: [Counter; 2],
    /// Codes on their way, of the address and of the region, until they come back.
    unverified: [Counter; 2],
    /// What is spent: of the region, of the hour, of the day.
    spent: [Counter; 3],
}

impl Grant {
    /// Reserves one message, or refuses and reserves nothing: one atomic operation over all limits.
    pub(super) async fn reserve(service: &Service, client: Client, phone: &Phone) -> Result<Self, Refusal> {
        let (limits, origin, region) = (&service.policy.sms, address_block(client.address), phone.region());
        let member = Subject::of(phone, &service.keys.subject).encoded();
        let phones = Rule::Members { member, quota: limits.phones_per_ip };
        let grant = Self {
            tries: [
                Counter::calls("sends-ip", &*origin, limits.per_ip),
                Counter { scope: "phones-ip", subject: origin.clone(), rule: phones },
            ],
            unverified: [unverified_of_address(service, &origin), unverified_of_region(service, region)],
            spent: [
                Counter::calls("sms-region-hour", region.to_string(), limits.per_region.of(region)),
                Counter::calls("sms-hour", "", limits.hourly),
                Counter::calls("sms-day", "", limits.daily),
            ],
            origin,
        };
        let blocks = [block(Some(region)), block(None)];
        let pressure = [proof_of_work::looked_at()];
        let counters = [&blocks[..], &grant.tries, &grant.unverified, &grant.spent, &pressure].concat();
        match service.ports.staging.count(&counters).await? {
            Counted::Yes(counts) => {
                warn_of_four_fifths(&counters, &counts, region);
                proof_of_work::feel(service, region, &counters, &counts).await;
                Ok(grant)
            }
            Counted::Full { index, retry_after } => {
                let limit = counters.get(index).map_or("", |counter| counter.scope);
                proof_of_work::feel_refusal(service, limit).await;
                Err(denied(service, limit, region, retry_after))
            }
        }
    }

    /// What the address of the client is counted by.
    pub(super) fn origin(&self) -> &str {
        &self.origin
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
        let all = [&self.tries[..], &self.unverified, &self.spent].concat();
        log_failure(service.ports.staging.uncount(&all).await);
    }

    /// Nothing was sent, but something was learnt: the address has used its try.
    pub(super) async fn give_back_budgets(&self, service: &Service) {
        let budgets = [&self.unverified[..], &self.spent].concat();
        log_failure(service.ports.staging.uncount(&budgets).await);
    }

    /// Nothing was sent, and the flow that it was for goes on: it gives back what is unverified when its code comes.
    pub(super) async fn give_back_spent(&self, service: &Service) {
        log_failure(service.ports.staging.uncount(&self.spent).await);
    }
}

/// A code came back: all messages of its flow were for a person.
pub(super) async fn give_back_verified(service: &Service, verified: &Verified) {
    let region = verified.proven.phone.region();
    // Nothing was counted for a send of no origin: no message went out.
    let origins = verified.origins.iter().filter(|origin| !origin.is_empty());
    let of_flow = |origin: &String| [unverified_of_address(service, origin), unverified_of_region(service, region)];
    let counters: Vec<_> = origins.flat_map(of_flow).collect();
    if !counters.is_empty() {
        log_failure(service.ports.staging.uncount(&counters).await);
    }
}

pub(super) fn unverified_of_address(service: &Service, origin: &str) -> Counter {
    Counter::calls("sms-unverified-ip", origin, service.policy.sms.unverified_per_ip)
}

fn unverified_of_region(service: &Service, region: Region) -> Counter {
    Counter::calls("sms-unverified-region", region.to_string(), service.policy.sms.unverified_per_region.of(region))
}

/// Raised while the operator lets nothing go out to this region, or to any.
pub(super) fn block(region: Option<Region>) -> Counter {
    let subject = region.map_or_else(|| "all".to_owned(), |region| region.to_string());
    Counter { scope: "sms-block", subject, rule: Rule::Below(1) }
}

/// 5 minutes.
const ASK_AGAIN: Duration = Duration::from_secs(300);

fn denied(service: &Service, limit: &'static str, region: Region, retry_after: Duration) -> Refusal {
    service.ports.telemetry.record(Event::SmsDenied { limit, region });
    match limit {
        "sms-block" | "sms-unverified-region" | "sms-region-hour" => {
            tracing::warn!(limit, %region, "no code is sent to this region");
            // A block lasts until the operator lifts it: worth asking again before it ends by itself.
            let wait = if limit == "sms-block" { retry_after.min(ASK_AGAIN) } else { retry_after };
            Refusal::RegionSuspended { retry_after: wait }
        }
        "sms-hour" | "sms-day" => {
            tracing::warn!(limit, "the SMS budget is spent: no code is sent");
            Refusal::SmsBudgetExhausted { retry_after }
        }
        _ => Refusal::TooManyRequests { retry_after },
    }
}

/// One line when a budget is nearly spent: while there is still time to do something.
fn warn_of_four_fifths(counters: &[Counter], counts: &[u32], region: Region) {
    for (counter, &count) in counters.iter().zip(counts) {
        let Rule::Calls(Quota { max, .. }) = counter.rule else { continue };
        let ours = matches!(counter.scope, "sms-unverified-region" | "sms-region-hour" | "sms-hour" | "sms-day");
        if ours && u64::from(count) == (u64::from(max) * 4).div_ceil(5) {
            tracing::warn!(limit = counter.scope, %region, count, max, "an SMS budget is spent to four fifths");
        }
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
