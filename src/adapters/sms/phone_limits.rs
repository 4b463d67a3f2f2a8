//! Limits of the providers for one phone: while a provider refuses a phone, the router does not call it for this phone.

use crate::domain::limits::{Counter, Limit, Rule};
use crate::domain::phone::Phone;
use crate::domain::ticket::PhoneHash;
use crate::ports::Counters;
use aws_lc_rs::hmac;
use std::sync::Arc;
use std::time::Duration;

/// Wait after a limit of half a minute.
pub(super) const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// Wait after a limit of a minute.
pub(super) const MINUTE: Duration = Duration::from_secs(60);
/// Wait after a limit of an hour or a day: an hour. The providers do not tell when a day began for them. A refused
/// message costs nothing, so one attempt an hour may find out.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// Providers that refuse a phone now, remembered in staging for all replicas.
pub struct PhoneLimits {
    counters: Arc<dyn Counters>,
    phone_hash: hmac::Key,
}

impl PhoneLimits {
    #[must_use]
    pub fn new(counters: Arc<dyn Counters>, phone_hash: hmac::Key) -> Self {
        Self { counters, phone_hash }
    }

    /// Counters that are set while a provider refuses the phone, to be read with others.
    pub(super) fn refusals<'a>(&self, phone: &Phone, providers: impl Iterator<Item = &'a str>) -> Vec<Counter> {
        let refusal = |provider| Counter { rule: Rule::Threshold(u32::MAX), ..self.counter(phone, provider) };
        providers.map(refusal).collect()
    }

    /// Returns for each provider how long it still refuses the phone; zero if it does not. Without an answer of the
    /// store every provider may try.
    pub(super) async fn waits(&self, phone: &Phone, providers: &[&'static str]) -> Vec<Duration> {
        let counters: Vec<_> = providers.iter().map(|provider| self.counter(phone, provider)).collect();
        match self.counters.usage(&counters).await {
            Ok(usage) => usage.iter().map(|usage| usage.expires_in).collect(),
            Err(error) => {
                tracing::warn!(%error, "sms phone limits unknown");
                vec![Duration::ZERO; providers.len()]
            }
        }
    }

    /// Remembers that a provider refuses the phone for this time.
    pub(super) async fn remember(&self, phone: &Phone, provider: &'static str, wait: Duration) {
        if let Err(error) = self.counters.set(&self.counter(phone, provider), wait).await {
            tracing::warn!(%error, "sms phone limit not stored");
        }
    }

    fn counter(&self, phone: &Phone, provider: &str) -> Counter {
        let key = format!("{provider}:{}", PhoneHash::of(phone, &self.phone_hash).encoded());
        Counter { limit: Limit::PhoneAtProvider, key, rule: Rule::Threshold(1) }
    }
}
