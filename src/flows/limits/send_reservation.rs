//! Send reservations: one message, counted on its limits before it is sent.

use super::{Answered, admit_after, denied, redeem_captcha};
use crate::domain::flow::{BudgetClass, Purpose};
use crate::domain::ip_block::IpBlock;
use crate::domain::limits::{Counter, Limit, Limits, Refund, ReservedShare, Rule, Scope};
use crate::domain::phone::{Phone, Region};
use crate::domain::ticket::{PhoneHash, Subject};
use crate::flows::deferred_refunds::defer;
use crate::flows::error::Error;
use crate::flows::refund::{refund, refundable};
use crate::flows::service::Service;
use crate::flows::{Client, abuse_signal, sms_regions, test_number};
use crate::ports::{Admission, Counts, DependencyError, Event, Route, Verified};

/// Permission to send one message. For a test number it reserves nothing.
pub(in crate::flows) struct SendReservation {
    flow: PhoneHash,
    reserved: Option<Reserved>,
}

struct Reserved {
    ip_block: String,
    counters: Vec<Counter>,
    provider: Option<&'static str>,
    may_be_refused: bool,
}

impl SendReservation {
    /// Reserves one message, or denies and reserves nothing. One atomic operation counts on all limits except those of
    /// the phone, which are counted together with the flow. For a test number, nothing is counted. The same operation
    /// uses up the captcha, if there is one; a wrong answer reserves nothing.
    pub(in crate::flows) async fn reserve(
        service: &Service,
        purpose: Purpose,
        client: Client,
        phone: &Phone,
        captcha: Option<&Answered>,
    ) -> Result<Self, Error> {
        let flow = PhoneHash::of(phone, &service.keys.phone_hash);
        Self::reserve_for(service, purpose, client, phone, flow, captcha).await
    }

    /// Reserves one message like [`SendReservation::reserve`], for a flow with the limits of `flow`.
    pub(in crate::flows) async fn reserve_for(
        service: &Service,
        purpose: Purpose,
        client: Client,
        phone: &Phone,
        flow: PhoneHash,
        captcha: Option<&Answered>,
    ) -> Result<Self, Error> {
        if let Some(test) = service.test_phone(phone) {
            if let Some(captcha) = captcha {
                redeem_captcha(service, captcha).await?;
            }
            test_number::log_use(test, "send");
            return Ok(Self { flow: PhoneHash::of(phone, service.keys.test_phone.first()), reserved: None });
        }
        let (region, ip_block) = (phone.region(), service.ip_block(client.address));
        let mut counters = counters(service, class_of(purpose, flow), phone, &ip_block);
        let Route { first: provider, refusals } = service.ports.sms.route(phone);
        counters.extend(refusals);
        match admit_after(service, captcha, &counters).await? {
            Admission::Allowed(counts) => {
                warn_at_80_percent(service.policy.limits.reserved, &counters, &counts, region);
                abuse_signal::update(service, region, &counters, &counts).await;
                let (ip_block, may_be_refused) = (ip_block.text(), counts.any(Limit::PhoneAtProvider));
                Ok(Self { flow, reserved: Some(Reserved { ip_block, counters, provider, may_be_refused }) })
            }
            Admission::Limited(reached) => {
                abuse_signal::extend_on_denial(service, reached.limit).await;
                record_denial(service, reached.limit, region);
                Err(denied(service, &reached))
            }
        }
    }

    /// Tells whether the phone is a test number: no message is sent to it.
    pub(in crate::flows) const fn is_test_number(&self) -> bool {
        self.reserved.is_none()
    }

    /// Hash by which the flow of the message counts, for its ticket.
    pub(in crate::flows) const fn flow(&self) -> PhoneHash {
        self.flow
    }

    /// Limits of the phone itself, or of the device.
    pub(in crate::flows) fn phone_limits(&self, limits: &Limits) -> Vec<Counter> {
        if self.is_test_number() { limits.test_number(self.flow) } else { limits.phone(self.flow) }
    }

    /// IP blocks of the client, as a flow stores them; empty if nothing is counted.
    pub(in crate::flows) fn ip_block(&self) -> &str {
        self.reserved.as_ref().map_or("", |reserved| &reserved.ip_block)
    }

    /// Provider that will probably send the message.
    pub(in crate::flows) fn provider(&self) -> Option<&'static str> {
        self.reserved.as_ref().and_then(|reserved| reserved.provider)
    }

    /// Tells whether a provider refused the phone when the message was reserved.
    pub(in crate::flows) fn may_be_refused(&self) -> bool {
        self.reserved.as_ref().is_some_and(|reserved| reserved.may_be_refused)
    }

    /// Returns the result of a dependency; refunds everything if it failed.
    pub(in crate::flows) async fn refund_on_error<T>(
        &self,
        service: &Service,
        result: Result<T, DependencyError>,
    ) -> Result<T, Error> {
        if result.is_err() {
            self.refund(service, Refund::NothingDone).await;
        }
        Ok(result?)
    }

    pub(in crate::flows) async fn refund(&self, service: &Service, outcome: Refund) {
        if let Some(reserved) = &self.reserved {
            refund(service, &reserved.counters, outcome).await;
        }
    }
}

/// Budget class of a message. Only a known device has a class of its own.
const fn class_of(purpose: Purpose, flow: PhoneHash) -> BudgetClass {
    match flow.subject() {
        Subject::KnownDevice => BudgetClass::KnownDevices,
        Subject::Phone | Subject::NewDevice => purpose.budget_class(),
    }
}

/// Limits of a message, except those of its phone or device. A known device counts on the totals only: strangers can
/// use up the limits of its IP block, and the unverified codes of its region.
fn counters(service: &Service, class: BudgetClass, phone: &Phone, ip_block: &IpBlock) -> Vec<Counter> {
    let (limits, region) = (&service.policy.limits, phone.region());
    let mut counters = vec![sms_regions::block_counter(Some(region)), sms_regions::block_counter(None)];
    if let Some(unverified) = Limit::region_unverified(class) {
        let phone = PhoneHash::of(phone, &service.keys.phone_hash).encoded();
        counters.extend(limits.ip_class_counters(Limit::IpSends, class, ip_block));
        counters.extend(limits.ip_distinct(Limit::IpPhones, class, ip_block, &phone));
        counters.extend(limits.ip_class_counters(Limit::IpUnverified, class, ip_block));
        counters.push(limits.region_counter(unverified, class, region));
    }
    counters.extend([
        limits.region_counter(Limit::RegionHour, class, region),
        limits.class_counter(Limit::ServiceHour, class, ""),
        limits.class_counter(Limit::ServiceDay, class, ""),
        abuse_signal::probe(),
    ]);
    counters
}

/// Refunds the unverified codes of all messages of a flow whose code was verified. The response does not wait for it.
pub(in crate::flows) fn refund_verified(service: &Service, purpose: Purpose, flow: PhoneHash, verified: &Verified) {
    let (limits, region, class) = (&service.policy.limits, verified.proven.phone.region(), class_of(purpose, flow));
    // A message for a known device was not counted as unverified.
    let Some(unverified) = Limit::region_unverified(class) else { return };
    let of_message = |ip_block: &String| {
        let block = IpBlock::from_stored(ip_block);
        let mut counters = limits.ip_class_counters(Limit::IpUnverified, class, &block);
        counters.push(limits.region_counter(unverified, class, region));
        counters
    };
    // A send without an IP block counted nothing: no message was sent.
    let counters: Vec<_> = verified.ip_blocks.iter().filter(|block| !block.is_empty()).flat_map(of_message).collect();
    defer(service, refundable(&counters, Refund::CodeVerified));
}

fn record_denial(service: &Service, limit: Limit, region: Region) {
    let (entry, limit) = (limit.entry(), limit.name());
    service.ports.telemetry.record(Event::SmsDenied { limit, region });
    match entry.scope {
        Scope::Region => tracing::warn!(limit, %region, "sms region budget exhausted"),
        Scope::Service => tracing::warn!(limit, "sms budget exhausted"),
        _ => {}
    }
}

/// Logs one line when a class has nearly exhausted its part of a budget, while an operator can still act.
fn warn_at_80_percent(reserved: ReservedShare, counters: &[Counter], counts: &Counts, region: Region) {
    for Counter { limit, rule, .. } in counters {
        let (entry, count) = (limit.entry(), counts.get(*limit));
        let (max, class) = match rule {
            Rule::Count(quota) => (quota.max, None),
            Rule::Shared { quota, class, .. } => (reserved.most(quota.max), Some(class.name())),
            _ => continue,
        };
        if entry.is_budget() && u64::from(count) == (u64::from(max) * 4).div_ceil(5) {
            let region = (entry.scope == Scope::Region).then(|| tracing::field::display(region));
            tracing::warn!(limit = entry.name, region, class, count, max, "sms quota 80 % used");
        }
    }
}
