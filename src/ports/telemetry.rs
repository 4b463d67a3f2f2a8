//! What happened, in numbers.

use crate::domain::message::Topic;
use crate::domain::phone::Region;
use std::time::Duration;

/// Counts what happens, for whoever watches the service. Never fails, never waits.
pub trait Telemetry: Send + Sync {
    fn record(&self, event: Event<'_>);
}

#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// One provider was asked to carry a message.
    SmsAttempt { provider: &'static str, region: Region, topic: Topic, outcome: Outcome, took: Duration },
    /// A message was handed over, to whichever provider, or was not.
    Sms { region: Region, topic: Topic, outcome: Outcome },
    /// A provider that failed too often in a row rests from now on, or works again.
    SmsCircuit { provider: &'static str, open: bool },
    /// A code came back right. The provider is the one that carried its last message.
    CodeVerified { provider: &'a str, region: Region, topic: Topic },
    /// No message went out, because this limit is reached.
    SmsDenied { limit: &'static str, region: Region },
    /// A request was answered. Method and route are the service's own words, never a client's.
    Answered { method: &'a str, route: &'a str, status: u16, took: Duration },
    /// An old refresh token came once more.
    RefreshReplayed { revoked: bool },
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Refused,
    Unreachable,
    /// It may or may not have gone out.
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
