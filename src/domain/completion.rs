//! Completion of a flow whose code was right: what its last step does besides.

use super::pending::PendingId;
use super::user::AccountVersion;
use chrono::{DateTime, Utc};
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// Uses up a pending act.
    Use(PendingId),
    /// Detaches the earlier account of the phone, unless it was used or proven by its owner after this time.
    Detach { account: AccountVersion, as_of: DateTime<Utc> },
}

impl Completion {
    /// Text form for staging.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Use(id) => format!("use {}", id.0),
            Self::Detach { account, as_of } => {
                format!("detach {} {}", account.text(), as_of.timestamp_micros())
            }
        }
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(' ').collect();
        match parts[..] {
            ["use", id] => Some(Self::Use(PendingId(Uuid::try_parse(id).ok()?))),
            ["detach", account, as_of] => Some(Self::Detach {
                account: AccountVersion::from_stored(account)?,
                as_of: DateTime::from_timestamp_micros(as_of.parse().ok()?)?,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::UserId;

    #[test]
    fn a_completion_is_read_back_from_its_text_form() {
        let id = Uuid::from_u128(7);
        let account = AccountVersion { user: UserId(id), credentials: 3 };
        let as_of = "2026-11-20T12:00:00.123456Z".parse().unwrap();
        for completion in [Completion::Use(PendingId(id)), Completion::Detach { account, as_of }] {
            assert_eq!(Completion::from_stored(&completion.text()), Some(completion));
        }
        for text in ["", "use", "use x", "detach", "detach x 1", "other 1"] {
            assert_eq!(Completion::from_stored(text), None, "{text}");
        }
    }
}
