//! From the words of a script to values, and back.

use crate::domain::client_app::ClientId;
use crate::domain::flow::{Proven, Step};
use crate::domain::phone::Phone;
use crate::domain::user::AccountVersion;
use crate::ports::{Dependency, DependencyError, SendDenial};
use std::str::FromStr;
use std::time::Duration;

pub(super) const fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// Whole milliseconds, from one to a century: Redis deletes at zero and refuses what overflows, and either in the
/// middle of a script would leave a key without its expiry.
pub(super) fn millis(life: Duration) -> u64 {
    const CENTURY: u64 = 100 * 366 * 86_400_000;
    u64::try_from(life.as_millis()).unwrap_or(CENTURY).clamp(1, CENTURY)
}

pub(super) fn words(reply: &[String]) -> Vec<&str> {
    reply.iter().map(String::as_str).collect()
}

pub(super) fn done(reply: &[String]) -> Result<(), DependencyError> {
    if reply == ["done"] { Ok(()) } else { Err(broken()) }
}

pub(super) fn refused(refusal: &str, wait: &str) -> Result<SendDenial, DependencyError> {
    let retry_after = duration(wait)?;
    match refusal {
        "cooldown" => Ok(SendDenial::Cooldown { retry_after }),
        "limit" => Ok(SendDenial::LimitReached { retry_after }),
        _ => Err(broken()),
    }
}

pub(super) fn number<T: FromStr>(text: &str) -> Result<T, DependencyError> {
    text.parse().map_err(|_| broken())
}

pub(super) fn duration(millis: &str) -> Result<Duration, DependencyError> {
    number(millis).map(Duration::from_millis)
}

pub(super) fn step(text: &str) -> Result<Step, DependencyError> {
    Step::parse(text).ok_or_else(broken)
}

pub(super) fn proven(phone: &str, account: &str) -> Result<Proven, DependencyError> {
    let account = Some(account).filter(|text| !text.is_empty());
    let account = account.map(|text| AccountVersion::from_stored(text).ok_or_else(broken)).transpose()?;
    Ok(Proven { phone: stored_phone(phone)?, account })
}

pub(super) fn client(text: &str) -> Result<Option<ClientId>, DependencyError> {
    Some(text).filter(|text| !text.is_empty()).map(ClientId::parse).transpose().map_err(|_| broken())
}

pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn stored_phone(text: &str) -> Result<Phone, DependencyError> {
    Phone::from_stored(text.to_owned()).ok_or_else(broken)
}

/// Somebody else writes into this database, or another version of this service does.
pub(super) fn broken() -> DependencyError {
    DependencyError::Broken { dependency: Dependency::Staging, reason: "an entry is not what was stored".to_owned() }
}
