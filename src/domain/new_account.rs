//! Ids of the account that a sign-up creates.

use super::session::SessionId;
use super::user::UserId;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Ids of a new user and of their first session. A flow keeps them, so that every attempt of a sign-up creates the same
/// account and the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewAccount {
    pub user: UserId,
    pub session: SessionId,
}

impl NewAccount {
    #[must_use]
    pub fn new(now: DateTime<Utc>, random: impl Fn() -> [u8; 10]) -> Self {
        Self { user: UserId::new(now, random()), session: SessionId::new(now, random()) }
    }

    /// Text form for staging.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {}", self.user.0, self.session.0)
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let (user, session) = text.split_once(' ')?;
        let id = |text| Uuid::parse_str(text).ok();
        Some(Self { user: UserId(id(user)?), session: SessionId(id(session)?) })
    }
}
