//! Test numbers: phone numbers with a fixed code, for app-store review and QA. The service never sends a message to
//! them.

use super::otp::OneTimeCode;
use super::phone::{Phone, Regions};
use super::ring::Ring;
use super::ticket::PhoneHash;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// Phone number with a fixed code.
#[derive(Debug, Clone)]
pub struct TestPhone {
    pub phone: Phone,
    pub code: OneTimeCode,
    /// Last day, in UTC, on which it is a test number. Afterwards it is like every other number. `None`: no last day.
    pub last_day: Option<NaiveDate>,
}

/// All test numbers, each number once. Never prints a code.
#[derive(Debug, Clone, Default)]
pub struct TestPhones(Vec<TestPhone>);

/// Reason why a text is not a list of test numbers. It names the position in the list, never the entry: that may be a
/// code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TestPhonesError {
    #[error("expected at most {} entries", TestPhones::MAX_ENTRIES)]
    TooMany,
    #[error("entry {0}: expected a number, a code and a last day, like +8613800138000=123456@2027-01-31")]
    Format(usize),
    #[error("entry {0}: expected a number in E.164, like +8613800138000")]
    Phone(usize),
    #[error("entry {0}: expected a code of six digits")]
    Code(usize),
    #[error("entry {0}: expected a last day, like 2027-01-31")]
    Day(usize),
    #[error("entry {0}: expected each number only once")]
    Duplicate(usize),
}

impl TestPhone {
    fn is_active(&self, now: DateTime<Utc>) -> bool {
        self.last_day.is_none_or(|last| now.date_naive() <= last)
    }

    /// Reads `+8613800138000=123456@2027-01-31`. The last day is optional.
    fn parse(text: &str, position: usize) -> Result<Self, TestPhonesError> {
        let (phone, rest) = text.split_once('=').ok_or(TestPhonesError::Format(position))?;
        let (code, day) = rest.split_once('@').map_or((rest, None), |(code, day)| (code, Some(day)));
        let phone = Some(phone.trim()).filter(|phone| !phone.starts_with("+0"));
        let phone = phone.and_then(|phone| Phone::from_stored(phone.to_owned()));
        let day = day.map(|day| NaiveDate::parse_from_str(day.trim(), "%Y-%m-%d"));
        Ok(Self {
            phone: phone.ok_or(TestPhonesError::Phone(position))?,
            code: OneTimeCode::parse(code.trim()).map_err(|_| TestPhonesError::Code(position))?,
            last_day: day.transpose().map_err(|_| TestPhonesError::Day(position))?,
        })
    }
}

impl TestPhones {
    /// Maximum number of entries. An operator cannot keep track of more.
    pub const MAX_ENTRIES: usize = 100;
    /// Longest time until the last day: a year. A later day is no real end.
    const MAX_LIFETIME: TimeDelta = TimeDelta::days(366);

    /// Reads a comma-separated list.
    pub fn parse(text: &str) -> Result<Self, TestPhonesError> {
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.len() > Self::MAX_ENTRIES {
            return Err(TestPhonesError::TooMany);
        }
        let mut all: Vec<TestPhone> = Vec::with_capacity(items.len());
        for (item, position) in items.into_iter().zip(1..) {
            let entry = TestPhone::parse(item, position)?;
            if all.iter().any(|earlier| earlier.phone == entry.phone) {
                return Err(TestPhonesError::Duplicate(position));
            }
            all.push(entry);
        }
        Ok(Self(all))
    }

    /// Returns the active test number with this phone number.
    #[must_use]
    pub fn of(&self, phone: &Phone, now: DateTime<Utc>) -> Option<&TestPhone> {
        self.0.iter().find(|entry| entry.phone == *phone && entry.is_active(now))
    }

    /// Returns the active test number with this phone hash. Computes one HMAC for each entry, at most 100, and key.
    #[must_use]
    pub fn by_phone_hash(&self, phone_hash: PhoneHash, keys: &Ring, now: DateTime<Utc>) -> Option<&TestPhone> {
        let has_hash = |phone: &Phone| keys.iter().any(|key| PhoneHash::of(phone, key) == phone_hash);
        self.0.iter().find(|entry| entry.is_active(now) && has_hash(&entry.phone))
    }

    /// Returns the active test number that a text contains. The number need not be one that can exist.
    pub(super) fn named(&self, text: &str, regions: &Regions, now: DateTime<Utc>) -> Option<Phone> {
        if self.0.is_empty() {
            return None;
        }
        let phone = Phone::parse_unchecked(text, regions)?;
        self.of(&phone, now).map(|entry| entry.phone.clone())
    }

    /// Returns the numbers whose last day is in the past.
    pub fn expired(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Phone> + '_ {
        self.0.iter().filter(move |entry| !entry.is_active(now)).map(|entry| &entry.phone)
    }

    /// Tells whether all numbers have a last day.
    #[must_use]
    pub fn all_have_last_day(&self) -> bool {
        self.0.iter().all(|entry| entry.last_day.is_some())
    }

    /// Tells whether a last day is more than a year from now.
    #[must_use]
    pub fn any_lasts_over_a_year(&self, now: DateTime<Utc>) -> bool {
        let latest = now.date_naive() + Self::MAX_LIFETIME;
        self.0.iter().any(|entry| entry.last_day.is_some_and(|last| last > latest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::keys::Keys;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn list() -> TestPhones {
        TestPhones::parse("+8613800138000=123456@2027-01-31, +15550100001=000000").unwrap()
    }

    #[test]
    fn a_test_number_expires_after_its_last_day() {
        let (list, regions) = (list(), Regions::default());
        let named = |text: &str, now: &str| list.named(text, &regions, at(now)).map(|phone| phone.e164().to_owned());
        for text in ["+8613800138000", "+86 138-0013-8000", "13800138000", "008613800138000"] {
            assert_eq!(named(text, "2027-01-31T23:59:59Z").as_deref(), Some("+8613800138000"), "{text}");
            assert_eq!(named(text, "2027-02-01T00:00:00Z"), None, "{text}");
        }
        // This number cannot exist. Its national form is not accepted, because it is not of the default region.
        assert_eq!(named("+1 555 010 0001", "2099-01-01T00:00:00Z").as_deref(), Some("+15550100001"));
        for text in ["5550100001", "+1555010000", "+155501000011", "+8613800138001", "", "+", "+86138x"] {
            assert_eq!(named(text, "2027-01-01T00:00:00Z"), None, "{text}");
        }
        let expired = |now: &str| list.expired(at(now)).count();
        assert_eq!((expired("2027-01-31T00:00:00Z"), expired("2027-02-01T00:00:00Z")), (0, 1));
    }

    #[test]
    fn a_test_number_is_found_by_its_phone_hash() {
        let (list, keys, now) = (list(), Keys::derive(&[1; 32]).test_phone, at("2027-01-01T00:00:00Z"));
        let code = |text: &str| {
            let phone = Phone::from_stored(text.to_owned()).unwrap();
            let hash = PhoneHash::of(&phone, keys.first());
            list.by_phone_hash(hash, &keys, now).map(|entry| entry.code.expose().to_owned())
        };
        assert_eq!(code("+8613800138000").as_deref(), Some("123456"));
        assert_eq!(code("+15550100001").as_deref(), Some("000000"));
        assert_eq!(code("+8613800138001"), None);
    }

    #[test]
    fn an_error_names_the_position_of_the_entry() {
        let error = |text: &str| TestPhones::parse(text).unwrap_err();
        assert_eq!(error("+8613800138000"), TestPhonesError::Format(1));
        assert_eq!(error("+8613800138000=123456,13800138001=123456"), TestPhonesError::Phone(2));
        for phone in ["+", "+123", "+0123456", "+86 138", "+1234567890123456", "+8613800x"] {
            assert_eq!(error(&format!("{phone}=123456")), TestPhonesError::Phone(1), "{phone}");
        }
        for code in ["12345", "1234567", "12345a", "一二三四五六", ""] {
            assert_eq!(error(&format!("+8613800138000={code}")), TestPhonesError::Code(1), "{code}");
        }
        for day in ["", "soon", "2027-02-30", "31.01.2027", "2027-01-31T00:00:00Z"] {
            assert_eq!(error(&format!("+8613800138000=123456@{day}")), TestPhonesError::Day(1), "{day}");
        }
        assert_eq!(error("+8613800138000=123456,+8613800138000=654321"), TestPhonesError::Duplicate(2));
        let many = |n: usize| (0..n).map(|n| format!("+1555010{n:04}=123456")).collect::<Vec<_>>().join(",");
        assert!(TestPhones::parse(&many(100)).is_ok());
        assert_eq!(error(&many(101)), TestPhonesError::TooMany);
    }

    #[test]
    fn missing_and_late_last_days_are_found() {
        let check = |text: &str| {
            let list = TestPhones::parse(text).unwrap();
            (list.all_have_last_day(), list.any_lasts_over_a_year(at("2026-11-21T12:00:00Z")))
        };
        assert_eq!(check("+8613800138000=123456"), (false, false));
        assert_eq!(check("+8613800138000=123456@2027-11-22"), (true, false));
        assert_eq!(check("+8613800138000=123456@2027-11-23"), (true, true));
        assert_eq!(check("+8613800138000=123456@2001-01-01"), (true, false));
    }

    #[test]
    fn no_code_is_printed() {
        let printed = format!("{:?}", list());
        assert!(printed.contains("+86138****8000") && !printed.contains("123456"), "{printed}");
    }
}
