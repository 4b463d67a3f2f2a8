//! `ports::Telemetry`: numbers for Prometheus, in the OpenMetrics text form.
//!
//! No label takes more than a few hundred values, and none is written by a client: providers, regions, purposes, limits, routes.

use crate::ports::{Event, Telemetry};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::hash::Hash;

/// Nobody watches.
pub struct NoopTelemetry;

impl Telemetry for NoopTelemetry {
    fn record(&self, _: Event<'_>) {}
}

/// Counts in memory, until somebody asks.
pub struct Prometheus {
    registry: Registry,
    attempts: Family<Attempt, Counter>,
    attempt_seconds: Family<Carried, Histogram, Buckets>,
    messages: Family<Message, Counter>,
    verified: Family<Carried, Counter>,
    denied: Family<Denied, Counter>,
    circuit_open: Family<Provider, Gauge>,
    replays: Family<Replay, Counter>,
    requests: Family<Request, Counter>,
    request_seconds: Family<Route, Histogram, Buckets>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Attempt {
    provider: &'static str,
    region: String,
    purpose: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Carried {
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

/// Upper bounds of a histogram, seconds.
#[derive(Clone)]
struct Buckets(&'static [f64]);

/// Providers answer within some 100 ms, and are given up after 30 s at most.
const OF_PROVIDERS: Buckets = Buckets(&[0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0]);
/// From a counter in memory to a request that waits for providers.
const OF_REQUESTS: Buckets = Buckets(&[0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl Prometheus {
    #[must_use]
    pub fn new() -> Self {
        let mut watched = Self {
            registry: Registry::with_prefix("doorstep"),
            attempts: Family::default(),
            attempt_seconds: Family::new_with_constructor(OF_PROVIDERS),
            messages: Family::default(),
            verified: Family::default(),
            denied: Family::default(),
            circuit_open: Family::default(),
            replays: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(OF_REQUESTS),
        };
        watched.register();
        watched
    }

    fn register(&mut self) {
        let all = &mut self.registry;
        all.register("sms_attempts", "Messages that a provider was asked to carry", self.attempts.clone());
        all.register_with_unit(
            "sms_attempt",
            "How long a provider took to answer",
            Unit::Seconds,
            self.attempt_seconds.clone(),
        );
        all.register("sms_messages", "Messages that were handed over, or were not", self.messages.clone());
        all.register("codes_verified", "Flows whose code came back right", self.verified.clone());
        all.register("sms_denied", "Codes that were not sent, because of a limit", self.denied.clone());
        all.register(
            "sms_circuit_open",
            "1 while a provider that failed too often is left alone",
            self.circuit_open.clone(),
        );
        all.register("refresh_replays", "Old refresh tokens that came once more", self.replays.clone());
        all.register("http_requests", "Answers", self.requests.clone());
        let request_seconds = self.request_seconds.clone();
        all.register_with_unit("http_request", "How long answers took", Unit::Seconds, request_seconds);
    }

    /// Everything so far. Empty if it could not be written, which a `String` always can.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        match text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}

impl Default for Prometheus {
    fn default() -> Self {
        Self::new()
    }
}

impl Telemetry for Prometheus {
    fn record(&self, event: Event<'_>) {
        match event {
            Event::SmsAttempt { provider, region, topic, outcome, took } => {
                let (region, purpose, outcome) = (region.to_string(), topic.name(), outcome.name());
                let carried = Carried { provider: provider.to_owned(), region: region.clone(), purpose };
                self.attempt_seconds.get_or_create(&carried).observe(took.as_secs_f64());
                self.attempts.get_or_create(&Attempt { provider, region, purpose, outcome }).inc();
            }
            Event::Sms { region, topic, outcome } => {
                let (purpose, outcome) = (topic.name(), outcome.name());
                self.messages.get_or_create(&Message { region: region.to_string(), purpose, outcome }).inc();
            }
            Event::SmsCircuit { provider, open } => {
                self.circuit_open.get_or_create(&Provider { provider }).set(open.into());
            }
            Event::CodeVerified { provider, region, topic } => {
                let (provider, region) = (provider.to_owned(), region.to_string());
                self.verified.get_or_create(&Carried { provider, region, purpose: topic.name() }).inc();
            }
            Event::SmsDenied { limit, region } => {
                self.denied.get_or_create(&Denied { limit, region: region.to_string() }).inc();
            }
            Event::RefreshReplayed { revoked } => {
                self.replays.get_or_create(&Replay { revoked: if revoked { "yes" } else { "no" } }).inc();
            }
            Event::Answered { method, route, status, took } => {
                let (method, route) = (method.to_owned(), route.to_owned());
                let of_route = Route { method: method.clone(), route: route.clone() };
                self.request_seconds.get_or_create(&of_route).observe(took.as_secs_f64());
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
    fn what_happened_can_be_read() {
        let watched = Prometheus::new();
        let (region, topic) = (Region::CN, Topic::Login);
        for (outcome, millis) in [(Outcome::Accepted, 120), (Outcome::Accepted, 40), (Outcome::NoAnswer, 5_000)] {
            let took = Duration::from_millis(millis);
            watched.record(Event::SmsAttempt { provider: "aliyun", region, topic, outcome, took });
        }
        watched.record(Event::CodeVerified { provider: "aliyun", region, topic });
        watched.record(Event::SmsCircuit { provider: "aliyun", open: true });
        watched.record(Event::RefreshReplayed { revoked: true });
        let text = watched.text();
        let of = "provider=\"aliyun\",region=\"CN\",purpose=\"login\"";
        for line in [
            format!("doorstep_sms_attempts_total{{{of},outcome=\"accepted\"}} 2"),
            format!("doorstep_sms_attempts_total{{{of},outcome=\"no_answer\"}} 1"),
            format!("doorstep_sms_attempt_seconds_bucket{{le=\"0.2\",{of}}} 2"),
            format!("doorstep_sms_attempt_seconds_count{{{of}}} 3"),
            format!("doorstep_codes_verified_total{{{of}}} 1"),
            "doorstep_sms_circuit_open{provider=\"aliyun\"} 1".to_owned(),
            "doorstep_refresh_replays_total{revoked=\"yes\"} 1".to_owned(),
        ] {
            assert!(text.lines().any(|known| known == line), "{line} in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
