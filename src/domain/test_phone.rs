//! Numbers with a fixed code, for the people of an app store who review an app, and for QA: no message ever goes to them.

use super::otp::OneTimeCode;
use super::phone::{Phone, Regions};
use super::ticket::PhoneHash;
use aws_lc_rs::hmac;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// A number with a fixed code.
#[derive(Debug, Clone)]
pub struct TestPhone {
    pub phone: Phone,
    pub code: OneTimeCode,
    /// The last day, in UTC, on which it is a test number; afterwards it is like every other. None: it has no end.
    pub last_day: Option<NaiveDate>,
}

/// All of them, each number once. Never prints a code.
#[derive(Debug, Clone, Default)]
pub struct TestPhones(Vec<TestPhone>);

/// Why a text is no list of test numbers. It names the place in the list, never what stands there: that may be a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TestPhonesError {
    #[error("more than {} entries", TestPhones::MOST)]
    TooMany,
    #[error("entry {0} is not of the form +8613800138000=123456@2027-01-31")]
    Form(usize),
    #[error("entry {0}: expected a number in E.164, like +8613800138000")]
    Phone(usize),
    #[error("entry {0}: expected a code of six digits")]
    Code(usize),
    #[error("entry {0}: expected a last day, like 2027-01-31")]
    Day(usize),
    #[error("entry {0} has the number of an earlier one")]
    Twice(usize),
}

impl TestPhone {
    fn lives(&self, now: DateTime<Utc>) -> bool {
        self.last_day.is_none_or(|last| now.date_naive() <= last)
    }

    /// `+8613800138000=123456@2027-01-31`; the last day may be left out.
    fn parse(text: &str, place: usize) -> Result<Self, TestPhonesError> {
        let (phone, rest) = text.split_once('=').ok_or(TestPhonesError::Form(place))?;
        let (code, day) = rest.split_once('@').map_or((rest, None), |(code, day)| (code, Some(day)));
        let phone = Some(phone.trim()).filter(|phone| !phone.starts_with("+0"));
        let phone = phone.and_then(|phone| Phone::from_stored(phone.to_owned()));
        let day = day.map(|day| NaiveDate::parse_from_str(day.trim(), "%Y-%m-%d"));
        Ok(Self {
            phone: phone.ok_or(TestPhonesError::Phone(place))?,
            code: OneTimeCode::parse(code.trim()).map_err(|_| TestPhonesError::Code(place))?,
            last_day: day.transpose().map_err(|_| TestPhonesError::Day(place))?,
        })
    }
}

impl TestPhones {
    /// More are no list that somebody keeps an eye on.
    pub const MOST: usize = 100;
    /// An end that is farther away is none: a year.
    const FARTHEST: TimeDelta = TimeDelta::days(366);

    /// A comma-separated list.
    pub fn parse(text: &str) -> Result<Self, TestPhonesError> {
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        if items.len() > Self::MOST {
            return Err(TestPhonesError::TooMany);
        }
        let mut all: Vec<TestPhone> = Vec::with_capacity(items.len());
        for (item, place) in items.into_iter().zip(1..) {
            let entry = TestPhone::parse(item, place)?;
            if all.iter().any(|earlier| earlier.phone == entry.phone) {
                return Err(TestPhonesError::Twice(place));
            }
            all.push(entry);
        }
        Ok(Self(all))
    }

    /// The living one that this number is.
    #[must_use]
    pub fn of(&self, phone: &Phone, now: DateTime<Utc>) -> Option<&TestPhone> {
        self.0.iter().find(|entry| entry.phone == *phone && entry.lives(now))
    }

    /// The living one that this is the subject of. One HMAC each, 100 at most.
    #[must_use]
    pub fn by_phone_hash(&self, subject: PhoneHash, key: &hmac::Key, now: DateTime<Utc>) -> Option<&TestPhone> {
        self.0.iter().find(|entry| entry.lives(now) && PhoneHash::of(&entry.phone, key) == subject)
    }

    /// The number of the living one that this text names. It need not be one that anybody can have.
    pub(super) fn named(&self, text: &str, regions: &Regions, now: DateTime<Utc>) -> Option<Phone> {
        if self.0.is_empty() {
            return None;
        }
        let phone = Phone::named(text, regions)?;
        self.of(&phone, now).map(|entry| entry.phone.clone())
    }

    /// Those whose last day is past.
    pub fn dead(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Phone> + '_ {
        self.0.iter().filter(move |entry| !entry.lives(now)).map(|entry| &entry.phone)
    }

    /// Whether all have a last day.
    #[must_use]
    pub fn all_end(&self) -> bool {
        self.0.iter().all(|entry| entry.last_day.is_some())
    }

    /// Whether one lives for more than a year from now.
    #[must_use]
    pub fn one_is_endless(&self, now: DateTime<Utc>) -> bool {
        let farthest = now.date_naive() + Self::FARTHEST;
        self.0.iter().any(|entry| entry.last_day.is_some_and(|last| last > farthest))
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
    fn a_test_number_ends_with_its_last_day() {
        let (list, regions) = (list(), Regions::default());
        let named = |text: &str, now: &str| list.named(text, &regions, at(now)).map(|phone| phone.e164().to_owned());
        for text in ["+8613800138000", "+86 138-0013-8000", "13800138000", "008613800138000"] {
            assert_eq!(named(text, "2027-01-31T23:59:59Z").as_deref(), Some("+8613800138000"), "{text}");
            assert_eq!(named(text, "2027-02-01T00:00:00Z"), None, "{text}");
        }
        // Nobody can have this one, and no other region's form of it is meant.
        assert_eq!(named("+1 555 010 0001", "2099-01-01T00:00:00Z").as_deref(), Some("+15550100001"));
        for text in ["5550100001", "+1555010000", "+155501000011", "+8613800138001", "", "+", "+86138x"] {
            assert_eq!(named(text, "2027-01-01T00:00:00Z"), None, "{text}");
        }
        let dead = |now: &str| list.dead(at(now)).count();
        assert_eq!((dead("2027-01-31T00:00:00Z"), dead("2027-02-01T00:00:00Z")), (0, 1));
    }

    #[test]
    fn a_ticket_leads_to_its_test_number() {
        let (list, key, now) = (list(), Keys::derive(&[1; 32]).subject, at("2027-01-01T00:00:00Z"));
        let of = |text: &str| {
            let phone = Phone::from_stored(text.to_owned()).unwrap();
            list.by_phone_hash(PhoneHash::of(&phone, &key), &key, now).map(|entry| entry.code.expose().to_owned())
        };
        assert_eq!(of("+8613800138000").as_deref(), Some("123456"));
        assert_eq!(of("+15550100001").as_deref(), Some("000000"));
        assert_eq!(of("+8613800138001"), None);
    }

    #[test]
    fn a_list_that_is_none_is_told_by_its_place() {
        let error = |text: &str| TestPhones::parse(text).unwrap_err();
        assert_eq!(error("+8613800138000"), TestPhonesError::Form(1));
        assert_eq!(error("+8613800138000=123456,13800138001=123456"), TestPhonesError::Phone(2));
        for phone in ["+", "+123", "+0123456", "+86 138", "+1234567890123456", "+8613800x"] {
            assert_eq!(error(&format!("{phone}=123456")), TestPhonesError::Phone(1), "{phone}");
        }
        for code in ["12345", "1234567", "12345a", "１２３４５６", ""] {
            assert_eq!(error(&format!("+8613800138000={code}")), TestPhonesError::Code(1), "{code}");
        }
        for day in ["", "soon", "2027-02-30", "31.01.2027", "2027-01-31T00:00:00Z"] {
            assert_eq!(error(&format!("+8613800138000=123456@{day}")), TestPhonesError::Day(1), "{day}");
        }
        assert_eq!(error("+8613800138000=123456,+8613800138000=654321"), TestPhonesError::Twice(2));
        let many = |n: usize| (0..n).map(|n| format!("+1555010{n:04}=123456")).collect::<Vec<_>>().join(",");
        assert!(TestPhones::parse(&many(100)).is_ok());
        assert_eq!(error(&many(101)), TestPhonesError::TooMany);
    }

    #[test]
    fn ends_are_judged() {
        let judged = |text: &str| {
            let list = TestPhones::parse(text).unwrap();
            (list.all_end(), list.one_is_endless(at("2026-11-21T12:00:00Z")))
        };
        assert_eq!(judged("+8613800138000=123456"), (false, false));
        assert_eq!(judged("+8613800138000=123456@2027-11-22"), (true, false));
        assert_eq!(judged("+8613800138000=123456@2027-11-23"), (true, true));
        assert_eq!(judged("+8613800138000=123456@2001-01-01"), (true, false));
    }

    #[test]
    fn no_code_is_printed() {
        let printed = format!("{:?}", list());
        assert!(printed.contains("+86138****8000") && !printed.contains("123456"), "{printed}");
    }
}
