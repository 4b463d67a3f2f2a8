//! Chooses the provider for a message: tries the providers of its region in order, each at most once.

use super::Provider;
use super::circuit_breaker::{CircuitBreaker, Transition};
use crate::domain::message::Topic;
use crate::domain::phone::Region;
use crate::ports::{Clock, Event, Message, Outcome, Sent, Sms, SmsError, Telemetry};
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
/// before certainly did not send the message. With `after_no_answer` it also does so if the outcome is unknown: a user
/// may then get the same code twice, but does not miss it.
pub struct Router {
    providers: Vec<GuardedProvider>,
    routes: Routes,
    after_no_answer: bool,
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
        clock: Arc<dyn Clock>,
        telemetry: Arc<dyn Telemetry>,
    ) -> Self {
        let guarded = |provider| GuardedProvider { provider, breaker: CircuitBreaker::default() };
        Self { providers: providers.into_iter().map(guarded).collect(), routes, after_no_answer, clock, telemetry }
    }

    fn route(&self, region: Region) -> impl Iterator<Item = &GuardedProvider> {
        let named = |name: &&'static str| self.providers.iter().find(|guarded| guarded.provider.name() == *name);
        self.routes.for_region(region).iter().filter_map(named)
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
        let mut last = SmsError::Unreachable("no provider is available".to_owned());
        // A later refusal does not prove that an earlier provider did not send the message.
        let mut unknown_outcome = None;
        for guarded in self.route(line.region) {
            if !guarded.breaker.try_acquire(self.clock.now()) {
                continue;
            }
            match self.attempt(guarded, message, line).await {
                Ok(sent) => return Ok(sent),
                Err(error) => {
                    let name = guarded.provider.name();
                    tracing::warn!(sms_id = line.id, provider = name, %error, "sms provider failed");
                    if matches!(error, SmsError::NoAnswer(_)) {
                        if !self.after_no_answer {
                            return Err(error);
                        }
                        unknown_outcome = Some(error);
                    } else {
                        last = error;
                    }
                }
            }
        }
        Err(unknown_outcome.unwrap_or(last))
    }
}

#[async_trait]
impl Sms for Router {
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
        Err(SmsError::Refused(_)) => Outcome::Refused,
        Err(SmsError::Unreachable(_)) => Outcome::Unreachable,
        Err(SmsError::NoAnswer(_)) => Outcome::NoAnswer,
    }
}
