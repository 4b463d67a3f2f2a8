//! Conversions between the words of a script and values.

use crate::domain::client_id::ClientId;
use crate::domain::completion::Completion;
use crate::domain::flow::{Proven, Step};
use crate::domain::limits::{Counter, Reached};
use crate::domain::new_account::NewAccount;
use crate::domain::phone::Phone;
use crate::domain::question::OpenQuestion;
use crate::domain::user::AccountVersion;
use crate::ports::{Dependency, DependencyError};
use std::str::FromStr;
use std::time::Duration;

pub(super) const fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// Whole milliseconds, from one to a century. Redis deletes a key at zero and refuses an overflow; within a script,
/// either could leave a key without its expiry.
pub(super) fn millis(ttl: Duration) -> u64 {
    const CENTURY: u64 = 100 * 366 * 86_400_000;
    u64::try_from(ttl.as_millis()).unwrap_or(CENTURY).clamp(1, CENTURY)
}

pub(super) fn words(reply: &[String]) -> Vec<&str> {
    reply.iter().map(String::as_str).collect()
}

pub(super) fn done(reply: &[String]) -> Result<(), DependencyError> {
    if reply == ["done"] { Ok(()) } else { Err(broken()) }
}

/// Reads whether a claim was still held.
pub(super) fn held(reply: &[String]) -> Result<bool, DependencyError> {
    match words(reply)[..] {
        ["done"] => Ok(true),
        ["lost"] => Ok(false),
        _ => Err(broken()),
    }
}

/// Reached limits among `counters`, from pairs of index and wait.
pub(super) fn reached(counters: &[Counter], pairs: &[&str]) -> Result<Reached, DependencyError> {
    let pair = |pair: &[&str]| {
        let [place, wait] = pair else { return Err(broken()) };
        let counter = counters.get(number::<usize>(place)?).ok_or_else(broken)?;
        Ok((counter.limit, duration(wait)?))
    };
    let waits = pairs.chunks(2).map(pair).collect::<Result<_, _>>()?;
    Reached::new(waits).ok_or_else(broken)
}

pub(super) fn number<T: FromStr>(text: &str) -> Result<T, DependencyError> {
    text.parse().map_err(|_| broken())
}

pub(super) fn numbers(words: &[&str]) -> Result<Vec<u32>, DependencyError> {
    words.iter().map(|word| number(word)).collect()
}

pub(super) fn duration(millis: &str) -> Result<Duration, DependencyError> {
    number(millis).map(Duration::from_millis)
}

pub(super) fn step(text: &str) -> Result<Step, DependencyError> {
    Step::parse(text).ok_or_else(broken)
}

pub(super) fn proven(phone: &str, account: &str, password: &str) -> Result<Proven, DependencyError> {
    let account = present(account).map(|text| AccountVersion::from_stored(text).ok_or_else(broken)).transpose()?;
    Ok(Proven { phone: stored_phone(phone)?, account, password_proven: password == flag(true) })
}

pub(super) fn stored_account(text: &str) -> Result<Option<NewAccount>, DependencyError> {
    present(text).map(|text| NewAccount::from_stored(text).ok_or_else(broken)).transpose()
}

pub(super) fn stored_completion(text: &str) -> Result<Option<Completion>, DependencyError> {
    present(text).map(|text| Completion::from_stored(text).ok_or_else(broken)).transpose()
}

pub(super) fn stored_question(text: &str) -> Result<Option<OpenQuestion>, DependencyError> {
    present(text).map(|text| OpenQuestion::from_stored(text).ok_or_else(broken)).transpose()
}

pub(super) fn client(text: &str) -> Result<Option<ClientId>, DependencyError> {
    present(text).map(ClientId::parse).transpose().map_err(|_| broken())
}

pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Empty text stands for a missing value.
pub(super) fn present(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

pub(super) fn stored_phone(text: &str) -> Result<Phone, DependencyError> {
    Phone::from_stored(text.to_owned()).ok_or_else(broken)
}

/// Error of an entry in an unknown format: another program, or another version of this service, writes into this Redis.
pub(super) fn broken() -> DependencyError {
    DependencyError::Broken { dependency: Dependency::Staging, reason: "an entry has an unknown format".to_owned() }
}
