//! Question of a flow: why its right code was not enough. Staging keeps it for a client that was stopped meanwhile.

use super::pending::ActKind;
use chrono::{DateTime, Utc};

/// Act whose right code was not enough, and how the person can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenQuestion {
    pub act: ActKind,
    pub reason: Reason<DateTime<Utc>>,
    /// The person can start anew.
    pub start_anew: bool,
}

/// Reason why a right code was not enough. `T` is the time from which the act can be done or asked for: an instant in
/// staging, and a duration for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason<T> {
    /// The account was neither used nor proven for a long time.
    Dormant,
    /// The act can be done later, unless the owner refuses it.
    Held(T),
    /// The owner has refused the act. It can be asked for again later.
    Refused(T),
}

impl<T> Reason<T> {
    /// Converts the time.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Reason<U> {
        match self {
            Self::Dormant => Reason::Dormant,
            Self::Held(time) => Reason::Held(convert(time)),
            Self::Refused(time) => Reason::Refused(convert(time)),
        }
    }

    #[must_use]
    pub fn time(self) -> Option<T> {
        match self {
            Self::Dormant => None,
            Self::Held(time) | Self::Refused(time) => Some(time),
        }
    }
}

impl OpenQuestion {
    /// Text form for staging.
    #[must_use]
    pub fn text(&self) -> String {
        let (act, next) = (self.act.as_str(), if self.start_anew { "anew" } else { "wait" });
        match self.reason {
            Reason::Dormant => format!("{act} {next} dormant"),
            Reason::Held(until) => format!("{act} {next} held {}", until.timestamp_micros()),
            Reason::Refused(until) => format!("{act} {next} refused {}", until.timestamp_micros()),
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(' ').collect();
        let [act, next, ref reason @ ..] = parts[..] else { return None };
        let until = |micros: &str| DateTime::from_timestamp_micros(micros.parse().ok()?);
        let reason = match *reason {
            ["dormant"] => Reason::Dormant,
            ["held", micros] => Reason::Held(until(micros)?),
            ["refused", micros] => Reason::Refused(until(micros)?),
            _ => return None,
        };
        let start_anew = match next {
            "anew" => true,
            "wait" => false,
            _ => return None,
        };
        Some(Self { act: ActKind::parse(act)?, reason, start_anew })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_back_from_its_text_form() {
        let until = "2026-11-20T12:00:00.123456Z".parse().unwrap();
        for reason in [Reason::Dormant, Reason::Held(until), Reason::Refused(until)] {
            for start_anew in [true, false] {
                let question = OpenQuestion { act: ActKind::PhoneChange, reason, start_anew };
                assert_eq!(OpenQuestion::from_stored(&question.text()), Some(question));
            }
        }
        for text in ["", "sign_in", "sign_in wait", "sign_in wait held", "sign_in x dormant", "x wait dormant"] {
            assert_eq!(OpenQuestion::from_stored(text), None, "{text}");
        }
    }
}
