//! Question of a flow: why its right code was not enough. Staging keeps it for a client that was stopped meanwhile.

use super::pending::ActKind;
use chrono::{DateTime, Utc};

/// Act whose right code was not enough, and how the person can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenQuestion {
    pub act: ActKind,
    pub doubt: Doubt,
    /// The person can start anew.
    pub start_anew: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The account was neither used nor proven for a long time.
    Dormant,
    /// The act can be done then, unless the owner refuses it.
    Held { until: DateTime<Utc> },
    /// The owner has refused the act. It can be asked for again then.
    Refused { until: DateTime<Utc> },
}

impl OpenQuestion {
    /// Text form for staging.
    #[must_use]
    pub fn text(&self) -> String {
        let (act, next) = (self.act.as_str(), if self.start_anew { "anew" } else { "wait" });
        match self.doubt {
            Doubt::Dormant => format!("{act} {next} dormant"),
            Doubt::Held { until } => format!("{act} {next} held {}", until.timestamp_micros()),
            Doubt::Refused { until } => format!("{act} {next} refused {}", until.timestamp_micros()),
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(' ').collect();
        let [act, next, ref doubt @ ..] = parts[..] else { return None };
        let until = |micros: &str| DateTime::from_timestamp_micros(micros.parse().ok()?);
        let doubt = match *doubt {
            ["dormant"] => Doubt::Dormant,
            ["held", micros] => Doubt::Held { until: until(micros)? },
            ["refused", micros] => Doubt::Refused { until: until(micros)? },
            _ => return None,
        };
        let start_anew = match next {
            "anew" => true,
            "wait" => false,
            _ => return None,
        };
        Some(Self { act: ActKind::parse(act)?, doubt, start_anew })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_read_back_from_its_text_form() {
        let until = "2026-11-20T12:00:00.123456Z".parse().unwrap();
        for doubt in [Doubt::Dormant, Doubt::Held { until }, Doubt::Refused { until }] {
            for start_anew in [true, false] {
                let question = OpenQuestion { act: ActKind::PhoneChange, doubt, start_anew };
                assert_eq!(OpenQuestion::from_stored(&question.text()), Some(question));
            }
        }
        for text in ["", "sign_in", "sign_in wait", "sign_in wait held", "sign_in x dormant", "x wait dormant"] {
            assert_eq!(OpenQuestion::from_stored(text), None, "{text}");
        }
    }
}
