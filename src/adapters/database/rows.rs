//! Conversions between domain values and rows. Ids are text, and times are UTC without a time zone, because both
//! engines must be able to store them.

use super::schema::{consents, sessions, users};
use crate::domain::client_id::ClientId;
use crate::domain::consent::{Consent, LegalDocument};
use crate::domain::device::{DeviceId, KnownDevice};
use crate::domain::dpop::Thumbprint;
use crate::domain::phone::Phone;
use crate::domain::session::{Authority, NewSession, Session, SessionId};
use crate::domain::user::{AvatarUrl, Birthday, Gender, NewUser, ProfileChange, User, UserId};
use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use diesel::dsl::IsNotNull;
use diesel::{AsChangeset, ExpressionMethods, Insertable, Queryable, Selectable};
use std::time::Duration;
use uuid::Uuid;

/// Returns the time as it is stored: UTC, cut off to microseconds, the precision of PostgreSQL (SQLite has a higher
/// one).
pub(super) fn stored(time: DateTime<Utc>) -> NaiveDateTime {
    time.trunc_subsecs(6).naive_utc()
}

/// Returns `time - span`, but not earlier than the start of 1970, which is before every row.
pub(super) fn before(time: NaiveDateTime, span: Duration) -> NaiveDateTime {
    let earlier = TimeDelta::from_std(span).ok().and_then(|span| time.checked_sub_signed(span));
    // The default is the start of 1970.
    earlier.unwrap_or_default().max(NaiveDateTime::default())
}

/// Returns the id as it is stored.
pub(super) fn text(id: Uuid) -> String {
    id.hyphenated().to_string()
}

/// Parses the id of the app that signed in. The error is the name of the column.
pub(super) fn client_id(text: Option<&str>) -> Result<Option<ClientId>, &'static str> {
    text.map(ClientId::parse).transpose().map_err(|_| "sessions.client_id")
}

/// Parses an id from this column. The error is the name of the column.
pub(super) fn id(text: &str, column: &'static str) -> Result<Uuid, &'static str> {
    Uuid::try_parse(text).map_err(|_| column)
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    pub id: String,
    phone: Option<String>,
    #[diesel(select_expression = users::password_hash.is_not_null())]
    #[diesel(select_expression_type = IsNotNull<users::password_hash>)]
    has_password: bool,
    nickname: String,
    avatar_url: Option<String>,
    gender: Option<String>,
    birthday: Option<NaiveDate>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    password_changed_at: NaiveDateTime,
    password_reset_at: Option<NaiveDateTime>,
    phone_proven_at: NaiveDateTime,
    credentials_version: i64,
    pub accepted_documents: String,
}

impl TryFrom<UserRow> for User {
    /// Name of the column with a value that this program never writes.
    type Error = &'static str;

    fn try_from(row: UserRow) -> Result<Self, Self::Error> {
        let gender = row.gender.map(|text| Gender::parse(&text)).transpose();
        Ok(Self {
            id: UserId(id(&row.id, "users.id")?),
            phone: row.phone.map(|phone| Phone::from_stored(phone).ok_or("users.phone")).transpose()?,
            has_password: row.has_password,
            nickname: row.nickname,
            avatar_url: row.avatar_url,
            gender: gender.map_err(|_| "users.gender")?,
            birthday: row.birthday,
            accepted: LegalDocument::list_from_stored(&row.accepted_documents).ok_or("users.accepted_documents")?,
            created_at: row.created_at.and_utc(),
            updated_at: row.updated_at.and_utc(),
            password_changed_at: row.password_changed_at.and_utc(),
            password_reset_at: row.password_reset_at.map(|time| time.and_utc()),
            phone_proven_at: row.phone_proven_at.and_utc(),
            credentials_version: row.credentials_version,
        })
    }
}

// `None` is written as NULL. The alternative in diesel is `DEFAULT`, which SQLite does not support.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct NewUserRow {
    pub id: String,
    pub phone: String,
    password_hash: Option<String>,
    nickname: String,
    avatar_url: Option<String>,
    gender: Option<&'static str>,
    birthday: Option<NaiveDate>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    last_login_at: Option<NaiveDateTime>,
    password_changed_at: NaiveDateTime,
    phone_proven_at: NaiveDateTime,
    accepted_documents: String,
}

impl From<&NewUser> for NewUserRow {
    fn from(user: &NewUser) -> Self {
        let created_at = stored(user.created_at);
        let accepted = user.consent.as_ref().map_or(&[][..], |consent| &consent.documents);
        Self {
            id: text(user.id.0),
            phone: user.phone.e164().to_owned(),
            password_hash: user.password_hash.as_ref().map(|hash| hash.expose().to_owned()),
            nickname: user.profile.nickname.as_str().to_owned(),
            avatar_url: user.profile.avatar_url.as_ref().map(|url| url.as_str().to_owned()),
            gender: user.profile.gender.map(Gender::as_str),
            birthday: user.profile.birthday.map(Birthday::date),
            created_at,
            updated_at: created_at,
            // Sign-up creates the first session.
            last_login_at: Some(created_at),
            password_changed_at: created_at,
            phone_proven_at: created_at,
            accepted_documents: LegalDocument::list_text(accepted),
        }
    }
}

/// Version of a document that a user has accepted.
#[derive(Insertable)]
#[diesel(table_name = consents, treat_none_as_default_value = false)]
pub(super) struct ConsentRow {
    user_id: String,
    document: String,
    version: String,
    accepted_at: NaiveDateTime,
    ip_block: String,
}

impl ConsentRow {
    /// Returns a row for each document of the consent.
    pub fn all(user_id: &str, consent: &Consent) -> Vec<Self> {
        let row = |document: &LegalDocument| Self {
            user_id: user_id.to_owned(),
            document: document.name().to_owned(),
            version: document.version().to_owned(),
            accepted_at: stored(consent.at),
            ip_block: consent.ip_block.clone(),
        };
        consent.documents.iter().map(row).collect()
    }
}

/// Columns to change: `None` leaves a column unchanged, `Some(None)` sets it to NULL.
#[derive(AsChangeset)]
#[diesel(table_name = users)]
pub(super) struct ProfileRow {
    nickname: Option<String>,
    avatar_url: Option<Option<String>>,
    gender: Option<Option<&'static str>>,
    birthday: Option<Option<NaiveDate>>,
    updated_at: NaiveDateTime,
}

impl ProfileRow {
    pub fn new(change: &ProfileChange, now: DateTime<Utc>) -> Self {
        let url = |url: &AvatarUrl| url.as_str().to_owned();
        Self {
            nickname: change.nickname.as_ref().map(|name| name.as_str().to_owned()),
            avatar_url: change.avatar_url.as_ref().map(|new| new.as_ref().map(url)),
            gender: change.gender.map(|new| new.map(Gender::as_str)),
            birthday: change.birthday.map(|new| new.map(Birthday::date)),
            updated_at: stored(now),
        }
    }
}

/// Authority as the statements compare it.
#[derive(Clone)]
pub(super) struct AuthorityRow {
    pub session: String,
    pub user: String,
    pub credentials: i64,
}

impl From<&Authority> for AuthorityRow {
    fn from(by: &Authority) -> Self {
        let Authority { session, account } = by;
        Self { session: text(session.0), user: text(account.user.0), credentials: account.credentials }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(super) struct SessionRow {
    id: String,
    device_name: Option<String>,
    created_at: NaiveDateTime,
    last_used_at: NaiveDateTime,
    expires_at: NaiveDateTime,
}

impl SessionRow {
    /// Returns the session, on this device of an account that knows these devices. The error is the name of the column
    /// with a value that this program never writes.
    pub fn with_device(self, device: &DeviceRow, known: &[KnownDevice]) -> Result<Session, &'static str> {
        let device = device.device()?;
        let known = device.and_then(|device| known.iter().find(|known| known.id == device.id));
        Ok(Session {
            id: SessionId(id(&self.id, "sessions.id")?),
            device_name: self.device_name,
            created_at: self.created_at.and_utc(),
            last_used_at: self.last_used_at.and_utc(),
            expires_at: self.expires_at.and_utc(),
            known_since: known.map(|known| known.since),
        })
    }
}

/// Device of a session.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(super) struct DeviceRow {
    device_id: Option<String>,
    device_since: Option<NaiveDateTime>,
    pub last_used_at: NaiveDateTime,
    jkt: Option<String>,
}

impl DeviceRow {
    /// Returns the device of the session; `None`: it was forgotten. The error is the name of the column with a value
    /// that this program never writes.
    pub fn device(&self) -> Result<Option<KnownDevice>, &'static str> {
        let Some((device, since)) = self.device_id.as_deref().zip(self.device_since) else { return Ok(None) };
        Ok(Some(KnownDevice {
            id: DeviceId(id(device, "sessions.device_id")?),
            since: since.and_utc(),
            used_at: self.last_used_at.and_utc(),
            key: self.jkt.clone().map(|key| Thumbprint::from_stored(key).ok_or("sessions.jkt")).transpose()?,
        }))
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = sessions, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct NewSessionRow {
    pub id: String,
    pub user_id: String,
    generation: i64,
    replays: i32,
    device_name: Option<String>,
    pub created_at: NaiveDateTime,
    last_used_at: NaiveDateTime,
    expires_at: NaiveDateTime,
    jkt: Option<String>,
    client_id: Option<String>,
    pub device_id: String,
    device_since: NaiveDateTime,
}

impl From<&NewSession> for NewSessionRow {
    fn from(session: &NewSession) -> Self {
        let created_at = stored(session.created_at);
        let (device, since) = session.device_since();
        Self {
            id: text(session.id.0),
            user_id: text(session.user_id.0),
            generation: 0,
            replays: 0,
            device_name: session.device.name.as_ref().map(|name| name.as_str().to_owned()),
            created_at,
            last_used_at: created_at,
            expires_at: stored(session.expires_at),
            jkt: session.device.key.as_ref().map(|key| key.as_str().to_owned()),
            client_id: session.device.client_id.as_ref().map(|id| id.as_str().to_owned()),
            device_id: text(device.0),
            device_since: stored(since),
        }
    }
}
