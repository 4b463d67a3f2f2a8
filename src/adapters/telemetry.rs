//! Metrics for Prometheus, in the OpenMetrics text format.
//!
//! A label has a few hundred values at most, and a client can add none: providers, regions, purposes, limits, routes.

use crate::ports::{Event, Telemetry};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::hash::Hash;

/// Telemetry that discards every event.
pub struct NoopTelemetry;

impl Telemetry for NoopTelemetry {
    fn record(&self, _: Event<'_>) {}
}

/// Telemetry that counts in memory and returns the metrics as text.
pub struct Prometheus {
    registry: Registry,
    attempts: Family<Attempt, Counter>,
    attempt_seconds: Family<Delivery, Histogram, Buckets>,
    messages: Family<Message, Counter>,
    verified: Family<Delivery, Counter>,
    denied: Family<Denied, Counter>,
    circuit_open: Family<Provider, Gauge>,
    dependency_up: Family<Dependency, Gauge>,
    replays: Family<Replay, Counter>,
    requests: Family<Request, Counter>,
    request_seconds: Family<Route, Histogram, Buckets>,
    log_lines_lost: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Attempt {
    provider: &'static str,
    region: String,
    purpose: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Delivery {
    provider: String,
    region: String,
    purpose: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Message {
    region: String,
    purpose: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Denied {
    limit: &'static str,
    region: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Provider {
    provider: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Dependency {
    dependency: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Replay {
    revoked: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: String,
    route: String,
}

/// Upper bounds of a histogram's buckets, in seconds.
#[derive(Clone)]
struct Buckets(&'static [f64]);

/// Providers respond within about 100 ms; the longest timeout is 30 s.
const PROVIDER_BUCKETS: Buckets = Buckets(&[0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0]);
/// Requests range from a read of a counter in memory to a wait for providers.
const REQUEST_BUCKETS: Buckets =
    Buckets(&[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl Prometheus {
    /// `log_lines_lost` counts the lines that standard output has lost.
    #[must_use]
    pub fn new(log_lines_lost: Counter) -> Self {
        let mut telemetry = Self {
            registry: Registry::with_prefix("doorstep"),
            attempts: Family::default(),
            attempt_seconds: Family::new_with_constructor(PROVIDER_BUCKETS),
            messages: Family::default(),
            verified: Family::default(),
            denied: Family::default(),
            circuit_open: Family::default(),
            dependency_up: Family::default(),
            replays: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(REQUEST_BUCKETS),
            log_lines_lost,
        };
        telemetry.register();
        telemetry
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("sms_attempts", "Messages passed to a provider, by outcome", self.attempts.clone());
        let attempt_seconds = self.attempt_seconds.clone();
        registry.register_with_unit("sms_attempt", "Response time of a provider", Unit::Seconds, attempt_seconds);
        registry.register("sms_messages", "Messages, by outcome at the last provider", self.messages.clone());
        registry.register("codes_verified", "Flows whose code was verified", self.verified.clone());
        registry.register("sms_denied", "Codes not sent because of a limit", self.denied.clone());
        let circuit_open = self.circuit_open.clone();
        registry.register("sms_circuit_open", "1 while the circuit breaker of a provider is open", circuit_open);
        let dependency_up = self.dependency_up.clone();
        registry.register("dependency_up", "1 while a shared dependency responds to probes", dependency_up);
        registry.register("refresh_replays", "Replayed refresh tokens", self.replays.clone());
        registry.register("http_requests", "Completed HTTP requests", self.requests.clone());
        let request_seconds = self.request_seconds.clone();
        registry.register_with_unit("http_request", "Duration of HTTP requests", Unit::Seconds, request_seconds);
        let log_lines_lost = self.log_lines_lost.clone();
        registry.register("log_lines_lost", "Log lines that standard output did not accept", log_lines_lost);
    }

    /// Returns all metrics as text. Writing to a `String` does not fail; if it did, the text would be empty.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        match text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

impl Telemetry for Prometheus {
    fn record(&self, event: Event<'_>) {
        match event {
            Event::SmsAttempt { provider, region, topic, outcome, took } => {
                let (region, purpose, outcome) = (region.to_string(), topic.name(), outcome.name());
                let delivery = Delivery { provider: provider.to_owned(), region: region.clone(), purpose };
                self.attempt_seconds.get_or_create(&delivery).observe(took.as_secs_f64());
                self.attempts.get_or_create(&Attempt { provider, region, purpose, outcome }).inc();
            }
            Event::Sms { region, topic, outcome } => {
                let (purpose, outcome) = (topic.name(), outcome.name());
                self.messages.get_or_create(&Message { region: region.to_string(), purpose, outcome }).inc();
            }
            Event::SmsCircuit { provider, open } => {
                self.circuit_open.get_or_create(&Provider { provider }).set(open.into());
            }
            Event::Dependency { dependency, up } => {
                let dependency = dependency.to_string();
                self.dependency_up.get_or_create(&Dependency { dependency }).set(up.into());
            }
            Event::CodeVerified { provider, region, topic } => {
                let (provider, region) = (provider.to_owned(), region.to_string());
                self.verified.get_or_create(&Delivery { provider, region, purpose: topic.name() }).inc();
            }
            Event::SmsDenied { limit, region } => {
                self.denied.get_or_create(&Denied { limit, region: region.to_string() }).inc();
            }
            Event::RefreshReplayed { revoked } => {
                self.replays.get_or_create(&Replay { revoked: if revoked { "yes" } else { "no" } }).inc();
            }
            Event::RequestCompleted { method, route, status, took } => {
                let (method, route) = (method.to_owned(), route.to_owned());
                let labels = Route { method: method.clone(), route: route.clone() };
                self.request_seconds.get_or_create(&labels).observe(took.as_secs_f64());
                self.requests.get_or_create(&Request { method, route, status }).inc();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::Topic;
    use crate::domain::phone::Region;
    use crate::ports::Outcome;
    use std::time::Duration;

    #[test]
    fn recorded_events_are_in_the_text() {
        let telemetry = Prometheus::new(Counter::default());
        let (region, topic) = (Region::CN, Topic::Login);
        for (outcome, millis) in [(Outcome::Accepted, 120), (Outcome::Accepted, 40), (Outcome::NoAnswer, 5_000)] {
            let took = Duration::from_millis(millis);
            telemetry.record(Event::SmsAttempt { provider: "aliyun", region, topic, outcome, took });
        }
        telemetry.record(Event::CodeVerified { provider: "aliyun", region, topic });
        telemetry.record(Event::SmsCircuit { provider: "aliyun", open: true });
        telemetry.record(Event::Dependency { dependency: crate::ports::Dependency::Staging, up: false });
        telemetry.record(Event::RefreshReplayed { revoked: true });
        let text = telemetry.text();
        let labels = "provider=\"aliyun\",region=\"CN\",purpose=\"login\"";
        for line in [
            format!("doorstep_sms_attempts_total{{{labels},outcome=\"accepted\"}} 2"),
            format!("doorstep_sms_attempts_total{{{labels},outcome=\"no_answer\"}} 1"),
            format!("doorstep_sms_attempt_seconds_bucket{{le=\"0.2\",{labels}}} 2"),
            format!("doorstep_sms_attempt_seconds_count{{{labels}}} 3"),
            format!("doorstep_codes_verified_total{{{labels}}} 1"),
            "doorstep_sms_circuit_open{provider=\"aliyun\"} 1".to_owned(),
            "doorstep_dependency_up{dependency=\"staging\"} 0".to_owned(),
            "doorstep_refresh_replays_total{revoked=\"yes\"} 1".to_owned(),
        ] {
            assert!(text.lines().any(|other| other == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
