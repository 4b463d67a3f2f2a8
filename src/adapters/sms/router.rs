//! Chooses the provider for a message: tries the providers of its region in order, each at most once.

use super::Provider;
use super::circuit_breaker::{CircuitBreaker, Transition};
use super::phone_limits::PhoneLimits;
use crate::domain::message::Topic;
use crate::domain::phone::{Phone, Region};
use crate::ports::{Clock, Event, Message, Outcome, Route, Sent, Sms, SmsError, Telemetry};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Providers for each region, in order. The names are those of [`Provider::name`].
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// Providers for every region without an entry in `own`.
    pub each: Vec<&'static str>,
    pub own: BTreeMap<Region, Vec<&'static str>>,
}

impl Routes {
    fn for_region(&self, region: Region) -> &[&'static str] {
        self.own.get(&region).unwrap_or(&self.each)
    }
}

/// Sends a message through the first provider that accepts it. The router tries the next provider only if the one
/// before certainly did not send the message. With `after_no_answer` it also tries the next one if the outcome is
/// unknown: a user may then get the same code twice, but does not miss it. It does not call a provider that has refused
/// this phone for some time, until this time is over.
pub struct Router {
    providers: Vec<GuardedProvider>,
    routes: Routes,
    after_no_answer: bool,
    phone_limits: PhoneLimits,
    clock: Arc<dyn Clock>,
    telemetry: Arc<dyn Telemetry>,
}

struct GuardedProvider {
    provider: Arc<dyn Provider>,
    breaker: CircuitBreaker,
}

/// Fields of the log line that is written for each message.
struct LogLine<'a> {
    id: &'a str,
    region: Region,
    topic: Topic,
    started: Instant,
}

impl Router {
    #[must_use]
    pub fn new(
        providers: Vec<Arc<dyn Provider>>,
        routes: Routes,
        after_no_answer: bool,
        phone_limits: PhoneLimits,
        clock: Arc<dyn Clock>,
        telemetry: Arc<dyn Telemetry>,
    ) -> Self {
        let guarded = |provider| GuardedProvider { provider, breaker: CircuitBreaker::default() };
        let providers = providers.into_iter().map(guarded).collect();
        Self { providers, routes, after_no_answer, phone_limits, clock, telemetry }
    }

    /// Providers of a region, in order.
    fn providers(&self, region: Region) -> impl Iterator<Item = &GuardedProvider> {
        let named = |name: &&'static str| self.providers.iter().find(|guarded| guarded.provider.name() == *name);
        self.routes.for_region(region).iter().filter_map(named)
    }

    fn names(&self, region: Region) -> impl Iterator<Item = &'static str> {
        self.providers(region).map(|guarded| guarded.provider.name())
    }

    /// Tries one provider, and records the outcome.
    async fn attempt(
        &self,
        guarded: &GuardedProvider,
        message: &Message,
        line: &LogLine<'_>,
    ) -> Result<Sent, SmsError> {
        let (provider, started) = (guarded.provider.name(), Instant::now());
        let sent = guarded.provider.send(message).await;
        let outcome = outcome(&sent);
        let took = started.elapsed();
        self.telemetry.record(Event::SmsAttempt { provider, region: line.region, topic: line.topic, outcome, took });
        let responded = matches!(outcome, Outcome::Accepted | Outcome::Refused);
        match guarded.breaker.record(responded, self.clock.now()) {
            Transition::None => {}
            Transition::Opened => {
                tracing::error!(provider, "sms circuit breaker opened");
                self.telemetry.record(Event::SmsCircuit { provider, open: true });
            }
            Transition::Closed => {
                tracing::info!(provider, "sms circuit breaker closed");
                self.telemetry.record(Event::SmsCircuit { provider, open: false });
            }
        }
        sent.map(|()| Sent { provider })
    }

    async fn try_providers(&self, message: &Message, line: &LogLine<'_>) -> Result<Sent, SmsError> {
        let names: Vec<_> = self.names(line.region).collect();
        let waits = match message.may_be_refused {
            true => self.phone_limits.waits(&message.to, &names).await,
            false => vec![Duration::ZERO; names.len()],
        };
        let mut failures = Failures::default();
        for (guarded, wait) in self.providers(line.region).zip(waits) {
            let name = guarded.provider.name();
            if !wait.is_zero() {
                let reason = format!("{name} has refused this phone before");
                failures.add(SmsError::PhoneLimited { reason, retry_after: wait });
                continue;
            }
            if !guarded.breaker.try_acquire(self.clock.now()) {
                failures.not_tried = true;
                continue;
            }
            let error = match self.attempt(guarded, message, line).await {
                Ok(sent) => return Ok(sent),
                Err(error) => error,
            };
            tracing::warn!(sms_id = line.id, provider = name, %error, "sms provider failed");
            match &error {
                SmsError::NoAnswer(_) if !self.after_no_answer => return Err(error),
                SmsError::PhoneLimited { retry_after, .. } => {
                    self.phone_limits.remember(&message.to, name, *retry_after).await;
                }
                _ => {}
            }
            failures.add(error);
        }
        Err(failures.into_error())
    }
}

/// Failures of the providers of a route.
#[derive(Default)]
struct Failures {
    /// A later refusal does not prove that an earlier provider did not send the message.
    unknown_outcome: Option<SmsError>,
    last: Option<SmsError>,
    /// The one that ends first.
    phone_limited: Option<(Duration, SmsError)>,
    /// A circuit breaker was open.
    not_tried: bool,
}

impl Failures {
    fn add(&mut self, error: SmsError) {
        match error {
            SmsError::NoAnswer(_) => self.unknown_outcome = Some(error),
            SmsError::PhoneLimited { retry_after, .. } => {
                if self.phone_limited.as_ref().is_none_or(|(earliest, _)| retry_after < *earliest) {
                    self.phone_limited = Some((retry_after, error));
                }
            }
            _ => self.last = Some(error),
        }
    }

    /// A limit of the phone is the error only if every provider has one: with any other, a retry may succeed at once.
    fn into_error(self) -> SmsError {
        let unavailable = || SmsError::Unreachable("no provider is available".to_owned());
        let limited = self.phone_limited.map(|(_, error)| error).filter(|_| !self.not_tried);
        self.unknown_outcome.or(self.last).or(limited).unwrap_or_else(unavailable)
    }
}

#[async_trait]
impl Sms for Router {
    fn route(&self, phone: &Phone) -> Route {
        let names = || self.names(phone.region());
        Route { first: names().next(), refusals: self.phone_limits.refusals(phone, names()) }
    }

    async fn send(&self, message: &Message) -> Result<Sent, SmsError> {
        let (region, topic) = (message.to.region(), message.content.topic());
        let line = LogLine { id: &message.id, region, topic, started: Instant::now() };
        let sent = self.try_providers(message, &line).await;
        let outcome = outcome(&sent);
        self.telemetry.record(Event::Sms { region, topic, outcome });
        line.write(sent.as_ref().map_or("-", |sent| sent.provider), outcome);
        sent
    }
}

impl LogLine<'_> {
    /// Writes the line. It contains no phone number and no code.
    fn write(&self, provider: &str, outcome: Outcome) {
        let (id, region, purpose, outcome) = (self.id, self.region, self.topic.name(), outcome.name());
        let took_ms = millis(self.started.elapsed());
        if outcome == Outcome::Accepted.name() {
            tracing::info!(sms_id = id, provider, %region, purpose, outcome, took_ms, "sms delivery finished");
        } else {
            tracing::warn!(sms_id = id, provider, %region, purpose, outcome, took_ms, "sms delivery finished");
        }
    }
}

fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

const fn outcome<T>(sent: &Result<T, SmsError>) -> Outcome {
    match sent {
        Ok(_) => Outcome::Accepted,
        Err(SmsError::Refused(_) | SmsError::PhoneLimited { .. }) => Outcome::Refused,
        Err(SmsError::Unreachable(_)) => Outcome::Unreachable,
        Err(SmsError::NoAnswer(_)) => Outcome::NoAnswer,
    }
}
