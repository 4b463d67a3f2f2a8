//! Who may send how many, and what the whole service may spend: every limit that is not a phone's own. Those are reserved together
//! with its flow (see [`crate::ports::Staging::open_flow`]).

use super::otp::used;
use super::{Client, DependencyError, Error, Service, proof_of_work};
use crate::domain::flow::{BudgetClass, Purpose};
use crate::domain::phone::{Phone, Region};
use crate::domain::policy::{PhoneLimits, Quota, SmsLimits};
use crate::domain::ticket::PhoneHash;
use crate::domain::user::UserId;
use crate::ports::{Admission, Counter, Event, Rule, Verified};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Counts a permit to upload an avatar.
pub(super) async fn count_avatar_permit(service: &Service, owner: UserId) -> Result<(), Error> {
    count(service, Counter::count("avatars-user", owner.0.to_string(), service.policy.avatar.permits)).await
}

/// Counts a code to a number that the user wants to have, whether or not one is sent: it tells who has an account.
pub(super) async fn count_phone_change(service: &Service, user: UserId) -> Result<(), Error> {
    count(service, Counter::count("phone-changes-user", user.0.to_string(), service.policy.phone_changes)).await
}

async fn count(service: &Service, counter: Counter) -> Result<(), Error> {
    match service.ports.staging.count(&[counter]).await? {
        Admission::Allowed(_) => Ok(()),
        Admission::Limited { retry_after, .. } => Err(Error::TooManyRequests { retry_after }),
    }
}

/// What is counted for each message, as logs, metrics and staging call it.
const BLOCK: &str = "sms-block";
const UNVERIFIED_NEWCOMERS: &str = "sms-unverified-region";
const UNVERIFIED_ACCOUNTS: &str = "sms-unverified-accounts";
const REGION_HOUR: &str = "sms-region-hour";
const HOUR: &str = "sms-hour";
const DAY: &str = "sms-day";

/// Leave to send one message: granted to an address and taken from the budgets, or, for a test number, out of nothing.
pub(super) struct Grant(Option<Reserved>);

/// What was counted.
struct Reserved {
    origin: String,
    /// What the address has tried.
    tries: [Counter; 2],
    /// Codes on their way, of the address and of the region, until they come back.
    unverified: [Counter; 2],
    /// What is spent: of the region, of the hour, of the day.
    spent: [Counter; 3],
    /// Codes of the region that were asked for and not entered, whether or not they went out: pressure is for everybody to see, and
    /// must not tell who has an account.
    asked: [Counter; 1],
}

impl Grant {
    /// Reserves one message, or refuses and reserves nothing: one atomic operation over all limits. A test number is looked for
    /// first.
    pub(super) async fn reserve(
        service: &Service,
        purpose: Purpose,
        client: Client,
        phone: &Phone,
    ) -> Result<Self, Error> {
        if let Some(test) = service.test_phone(phone) {
            used(test, "send");
            return Ok(Self(None));
        }
        let (limits, origin, region) = (&service.policy.sms, ip_block(client.address), phone.region());
        let member = PhoneHash::of(phone, &service.keys.subject).encoded();
        let phones = Rule::Distinct { member, quota: limits.phones_per_ip };
        let reserved = Reserved {
            tries: [
                Counter::count("sends-ip", &*origin, limits.per_ip),
                Counter { scope: "phones-ip", subject: origin.clone(), rule: phones },
            ],
            unverified: [
                unverified_of_address(limits, &origin),
                unverified_of_region(limits, region, purpose.budget_class()),
            ],
            spent: [hour_of_region(limits, region), hour(limits), day(limits)],
            asked: [proof_of_work::asked(limits, region, purpose.budget_class())],
            origin,
        };
        let (blocks, pressure) = ([block(Some(region)), block(None)], [proof_of_work::looked_at()]);
        let counters =
            [&blocks[..], &reserved.tries, &reserved.unverified, &reserved.spent, &reserved.asked, &pressure].concat();
        match service.ports.staging.count(&counters).await? {
            Admission::Allowed(counts) => {
                warn_of_four_fifths(&counters, &counts, region);
                proof_of_work::feel(service, region, &counters, &counts).await;
                Ok(Self(Some(reserved)))
            }
            Admission::Limited { index, retry_after } => {
                let limit = counters.get(index).map_or("", |counter| counter.scope);
                proof_of_work::feel_refusal(service, limit).await;
                Err(denied(service, limit, region, retry_after))
            }
        }
    }

    /// Nothing goes out: whoever may have the code has it already.
    pub(super) const fn is_test(&self) -> bool {
        self.0.is_none()
    }

    /// What the phone itself is held to.
    pub(super) fn phone_limits<'a>(&self, service: &'a Service) -> Cow<'a, PhoneLimits> {
        let limits = &service.policy.phone;
        if self.is_test() { Cow::Owned(limits.of_test_phone()) } else { Cow::Borrowed(limits) }
    }

    /// What the address of the client is counted by; empty when it is not counted.
    pub(super) fn origin(&self) -> &str {
        self.0.as_ref().map_or("", |reserved| &reserved.origin)
    }

    /// What the database says, or, if it fails, everything back.
    pub(super) async fn or_give_back<T>(
        &self,
        service: &Service,
        answer: Result<T, DependencyError>,
    ) -> Result<T, Error> {
        if answer.is_err() {
            self.give_back(service).await;
        }
        Ok(answer?)
    }

    /// Nothing was sent: gives all back.
    pub(super) async fn give_back(&self, service: &Service) {
        self.refund(service, |reserved| {
            [&reserved.tries[..], &reserved.unverified, &reserved.spent, &reserved.asked].concat()
        })
        .await;
    }

    /// Nothing was sent, but something was told: the address has used its try.
    pub(super) async fn give_back_budgets(&self, service: &Service) {
        self.refund(service, |reserved| [&reserved.unverified[..], &reserved.spent, &reserved.asked].concat()).await;
    }

    /// Nothing was sent, and the client must not learn it: what the address has used stays used, codes on their way included. Or
    /// whoever has one left could ask for a code to somebody's number and then see, by asking for another, whether one went out.
    pub(super) async fn give_back_unseen(&self, service: &Service) {
        self.refund(service, |reserved| [&reserved.unverified[1..], &reserved.spent].concat()).await;
    }

    /// The same where a code has come meanwhile and given back what was on its way.
    pub(super) async fn give_back_spent(&self, service: &Service) {
        self.refund(service, |reserved| reserved.spent.to_vec()).await;
    }

    async fn refund(&self, service: &Service, which: impl FnOnce(&Reserved) -> Vec<Counter> + Send) {
        if let Some(reserved) = &self.0 {
            log_refund_error(service.ports.staging.refund(&which(reserved)).await);
        }
    }
}

/// A code came back: all messages of its flow were for a person.
pub(super) async fn give_back_verified(service: &Service, purpose: Purpose, verified: &Verified) {
    let region = verified.proven.phone.region();
    let limits = &service.policy.sms;
    let of_region = unverified_of_region(limits, region, purpose.budget_class());
    let asked = proof_of_work::asked(limits, region, purpose.budget_class());
    let of_flow = |origin: &String| [unverified_of_address(limits, origin), of_region.clone(), asked.clone()];
    // Nothing was counted for a send of no origin: no message went out.
    let ip_blocks = verified.ip_blocks.iter().filter(|origin| !origin.is_empty());
    let counters: Vec<_> = ip_blocks.flat_map(of_flow).collect();
    if !counters.is_empty() {
        log_refund_error(service.ports.staging.refund(&counters).await);
    }
}

pub(super) fn unverified_of_address(limits: &SmsLimits, origin: &str) -> Counter {
    Counter::count("sms-unverified-ip", origin, limits.unverified_per_ip)
}

pub(super) fn unverified_of_region(limits: &SmsLimits, region: Region, budget_class: BudgetClass) -> Counter {
    let scope = match budget_class {
        BudgetClass::NewNumbers => UNVERIFIED_NEWCOMERS,
        BudgetClass::ExistingAccounts => UNVERIFIED_ACCOUNTS,
    };
    Counter::count(scope, region.to_string(), limits.unverified_per_region.of(region))
}

pub(super) fn hour_of_region(limits: &SmsLimits, region: Region) -> Counter {
    Counter::count(REGION_HOUR, region.to_string(), limits.per_region.of(region))
}

pub(super) fn hour(limits: &SmsLimits) -> Counter {
    Counter::count(HOUR, "", limits.hourly)
}

pub(super) fn day(limits: &SmsLimits) -> Counter {
    Counter::count(DAY, "", limits.daily)
}

/// Raised while the operator lets no code go out to this region, or to any (see [`super::switch`]).
pub(super) fn block(region: Option<Region>) -> Counter {
    let subject = region.map_or_else(|| "all".to_owned(), |region| region.to_string());
    Counter { scope: BLOCK, subject, rule: Rule::Threshold(1) }
}

/// Whether this is a budget of one region.
pub(super) fn is_of_region(limit: &str) -> bool {
    matches!(limit, UNVERIFIED_NEWCOMERS | UNVERIFIED_ACCOUNTS | REGION_HOUR)
}

/// 5 minutes.
const ASK_AGAIN: Duration = Duration::from_secs(300);

fn denied(service: &Service, limit: &'static str, region: Region, retry_after: Duration) -> Error {
    service.ports.telemetry.record(Event::SmsDenied { limit, region });
    match limit {
        limit if limit == BLOCK || is_of_region(limit) => {
            tracing::warn!(limit, %region, "sms region budget exhausted");
            // The operator may lift a block at any time: worth asking again before it ends by itself.
            let wait = if limit == BLOCK { retry_after.min(ASK_AGAIN) } else { retry_after };
            Error::RegionSuspended { retry_after: wait }
        }
        HOUR | DAY => {
            tracing::warn!(limit, "sms budget exhausted");
            Error::SmsBudgetExhausted { retry_after }
        }
        _ => Error::TooManyRequests { retry_after },
    }
}

/// One line when a budget is nearly spent: while there is still time to do something.
fn warn_of_four_fifths(counters: &[Counter], counts: &[u32], region: Region) {
    for (counter, &count) in counters.iter().zip(counts) {
        let Rule::Count(Quota { max, .. }) = counter.rule else { continue };
        let region = match counter.scope {
            HOUR | DAY => None,
            limit if is_of_region(limit) => Some(tracing::field::display(region)),
            _ => continue,
        };
        if u64::from(count) == (u64::from(max) * 4).div_ceil(5) {
            tracing::warn!(limit = counter.scope, region, count, max, "sms quota 80 % used");
        }
    }
}

/// A count that cannot be given back expires by itself: worth a line, not a refusal.
pub(super) fn log_refund_error(result: Result<(), DependencyError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "refund failed");
    }
}

/// What one client is counted by: an IPv4 address, or the /64 that an IPv6 customer gets at least (RFC 6177).
pub(super) fn ip_block(address: IpAddr) -> String {
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
        let block = |text: &str| ip_block(text.parse().unwrap());
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), block("2001:db8:1:2:ffff::1"));
        assert_ne!(block("2001:db8:1:2::1"), block("2001:db8:1:3::1"));
        assert_eq!(block("192.0.2.1"), "192.0.2.1");
        assert_eq!(block("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
