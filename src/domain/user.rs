//! User accounts, and the parts of a profile.

use super::consent::{Consent, LegalDocument};
use super::{Invalid, id::uuid_v7, password::PasswordHash, phone::Phone, text};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use url::Url;
use uuid::Uuid;

/// A UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserId(pub Uuid);

impl UserId {
    #[must_use]
    pub fn new(now: DateTime<Utc>, random: [u8; 10]) -> Self {
        Self(uuid_v7(now, random))
    }
}

/// Name that others see: 1 to 32 characters in their visible form (NFC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nickname(String);

impl Nickname {
    pub const LONGEST: usize = 32;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::name(text, Self::LONGEST).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    Female,
    Male,
    Other,
}

impl Gender {
    pub const ALL: [Self; 3] = [Self::Female, Self::Male, Self::Other];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
        }
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|gender| gender.as_str() == text).ok_or(Invalid::NotAllowed)
    }
}

/// Day from 1900-01-01 to today, in the time zone where the date is latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birthday(NaiveDate);

impl Birthday {
    /// Reads a full-date of RFC 3339 (`2001-09-30`).
    pub fn parse(text: &str, now: DateTime<Utc>) -> Result<Self, Invalid> {
        let has_form = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = text.parse::<NaiveDate>().ok().filter(|_| has_form).ok_or(Invalid::Format)?;
        // Kiribati is 14 hours ahead of UTC.
        let tomorrow = now.date_naive() + Days::new(1);
        if date.year() < 1900 || date > tomorrow { Err(Invalid::OutOfRange) } else { Ok(Self(date)) }
    }

    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.0
    }
}

/// URL of an avatar below the operator's public base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarUrl(String);

impl AvatarUrl {
    pub const LONGEST: usize = 512;

    /// Accepts only URLs below `base`: the service must not distribute links to other servers.
    pub fn parse(text: &str, base: Option<&Url>) -> Result<Self, Invalid> {
        if text.len() > Self::LONGEST {
            return Err(Invalid::TooLong);
        }
        // `Url` resolves `..` and `%2e%2e`, so that the prefix of the result can be trusted.
        let url = Url::parse(text).map_err(|_| Invalid::Format)?;
        let base = base.ok_or(Invalid::NotAllowed)?.as_str();
        let name = url.as_str().strip_prefix(base.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
        // A query, a fragment or an escape is rejected, because storages and caches interpret them in different ways.
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
        if name.is_some_and(|name| !name.is_empty() && is_plain(name)) {
            Ok(Self(url.into()))
        } else {
            Err(Invalid::NotAllowed)
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Profile that a user submits in the last step of sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub nickname: Nickname,
    pub avatar_url: Option<AvatarUrl>,
    pub gender: Option<Gender>,
    pub birthday: Option<Birthday>,
}

/// Changes to a profile. `None` does not change a field; the inner `None` deletes its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    pub nickname: Option<Nickname>,
    pub avatar_url: Option<Option<AvatarUrl>>,
    pub gender: Option<Option<Gender>>,
    pub birthday: Option<Option<Birthday>>,
}

/// Account to create.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub phone: Phone,
    /// `None`: an account without a password.
    pub password_hash: Option<PasswordHash>,
    pub profile: Profile,
    /// `None`: the operator required no consent when the sign-up began.
    pub consent: Option<Consent>,
    pub created_at: DateTime<Utc>,
}

/// Account as its owner sees it. Stored values are not validated again.
#[derive(Debug, Clone)]
pub struct User {
    pub id: UserId,
    /// `None`: the account is detached, because another person has signed up with its number.
    pub phone: Option<Phone>,
    pub has_password: bool,
    pub nickname: String,
    pub avatar_url: Option<String>,
    pub gender: Option<Gender>,
    pub birthday: Option<NaiveDate>,
    /// Every version of a legal document that the user has accepted.
    pub accepted: Vec<LegalDocument>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Last change or reset of the password; the sign-up without one.
    pub password_changed_at: DateTime<Utc>,
    /// Last time when a password was set with a code alone.
    pub password_reset_at: Option<DateTime<Utc>>,
    /// Last time when the user proved the phone with a code.
    pub phone_proven_at: DateTime<Utc>,
    /// Grows with each change of the credentials (see [`AccountVersion`]).
    pub credentials_version: i64,
}

/// Account with its credentials at one moment. The version grows when the password is changed or reset, when the number
/// changes, and with a sign-out everywhere. A flow that began for an earlier version, for example with a code, is then
/// invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountVersion {
    pub user: UserId,
    pub credentials: i64,
}

impl AccountVersion {
    #[must_use]
    pub const fn of(user: &User) -> Self {
        Self { user: user.id, credentials: user.credentials_version }
    }

    /// Text form for staging.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}@{}", self.user.0, self.credentials)
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let (user, credentials) = text.split_once('@')?;
        Some(Self { user: UserId(Uuid::parse_str(user).ok()?), credentials: credentials.parse().ok()? })
    }
}

impl From<NewUser> for User {
    fn from(new: NewUser) -> Self {
        Self {
            id: new.id,
            phone: Some(new.phone),
            has_password: new.password_hash.is_some(),
            nickname: new.profile.nickname.0,
            avatar_url: new.profile.avatar_url.map(|url| url.0),
            gender: new.profile.gender,
            birthday: new.profile.birthday.map(|birthday| birthday.0),
            accepted: new.consent.map(|consent| consent.documents).unwrap_or_default(),
            created_at: new.created_at,
            updated_at: new.created_at,
            password_changed_at: new.created_at,
            password_reset_at: None,
            phone_proven_at: new.created_at,
            credentials_version: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_back_from_its_text_form() {
        let id = UserId::new("2026-11-20T12:00:00Z".parse().unwrap(), [7; 10]);
        let version = AccountVersion { user: id, credentials: 7 };
        assert_eq!(AccountVersion::from_stored(&version.text()), Some(version));
        for text in ["", "@", "x@1", "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d", "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d@"] {
            assert_eq!(AccountVersion::from_stored(text), None, "{text}");
        }
    }

    #[test]
    fn a_birthday_is_a_date_from_1900_to_today() {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        for text in ["2001-09-30", "1900-01-01", "2026-11-21", "2024-02-29"] {
            assert!(Birthday::parse(text, now).is_ok(), "{text}");
        }
        for text in
            ["2023-02-29", "01-09-2001", "2001-9-30", "+200-01-01", "", "2001-09-30T00:00:00Z", "２００１-０９-３０"]
        {
            assert_eq!(Birthday::parse(text, now), Err(Invalid::Format), "{text}");
        }
        for text in ["1899-12-31", "2026-11-22", "9999-12-31"] {
            assert_eq!(Birthday::parse(text, now), Err(Invalid::OutOfRange), "{text}");
        }
    }

    #[test]
    fn avatar_urls_are_below_the_base_url() {
        for base in ["https://cdn.example.com/avatars/", "https://cdn.example.com/avatars"] {
            let base = Url::parse(base).unwrap();
            assert!(AvatarUrl::parse("https://cdn.example.com/avatars/a.png", Some(&base)).is_ok());
            for text in [
                "https://cdn.example.com/avatars/../other/a.png",
                "https://cdn.example.com/avatars/%2e%2e/other/a.png",
                "https://cdn.example.com/avatars",
                "https://cdn.example.com/avatars/",
                "https://cdn.example.com/avatarsx/a.png",
                "https://cdn.example.com.evil.example/avatars/a.png",
                "https://user@cdn.example.com/avatars/a.png",
                "http://cdn.example.com/avatars/a.png",
                "javascript:alert(1)",
                "https://cdn.example.com/avatars/%2e%2e%2fother/a.png",
                "https://cdn.example.com/avatars/a.png?x=1",
                "https://cdn.example.com/avatars/a.png#x",
            ] {
                assert_eq!(AvatarUrl::parse(text, Some(&base)), Err(Invalid::NotAllowed), "{text} below {base}");
            }
        }
        assert_eq!(AvatarUrl::parse("https://cdn.example.com/a.png", None), Err(Invalid::NotAllowed));
        assert_eq!(AvatarUrl::parse("no url", None), Err(Invalid::Format));
    }
}
