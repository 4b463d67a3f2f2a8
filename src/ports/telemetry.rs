//! Port of metrics.

use super::Dependency;
use crate::domain::message::Topic;
use crate::domain::phone::Region;
use std::time::Duration;

/// Counts events for the operator's monitoring. Never fails and never blocks.
pub trait Telemetry: Send + Sync {
    fn record(&self, event: Event<'_>);
}

#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A message was passed to one provider.
    SmsAttempt { provider: &'static str, region: Region, topic: Topic, outcome: Outcome, took: Duration },
    /// The delivery of a message finished. If no provider accepted it, the outcome is `NoAnswer` if a provider did not
    /// answer, else that of the last provider.
    Sms { region: Region, topic: Topic, outcome: Outcome },
    /// The circuit breaker of a provider opened or closed.
    SmsCircuit { provider: &'static str, open: bool },
    /// A code was verified. `provider` delivered the last message of the flow.
    CodeVerified { provider: &'a str, region: Region, topic: Topic },
    /// A message was not sent because this limit is reached.
    SmsDenied { limit: &'static str, region: Region },
    /// A request was completed. Method and route come from the service's own list, never from the client.
    RequestCompleted { method: &'a str, route: &'a str, status: u16, took: Duration },
    /// A shared dependency was probed.
    Dependency { dependency: Dependency, up: bool },
    /// A refresh token was presented again after it was replaced.
    RefreshReplayed { revoked: bool },
}

/// Result of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Refused,
    Unreachable,
    /// It is unknown whether the message was sent.
    NoAnswer,
}

impl Outcome {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no_answer",
        }
    }
}
